/** Written by hand: the part of socket.io-client 4 that static/js/lib uses. */

export interface SocketOptions {
  path?: string;
  transports?: string[];
  auth?: object | ((reply: (auth: object) => void) => void);
  autoConnect?: boolean;
  forceNew?: boolean;
  reconnection?: boolean;
  reconnectionDelay?: number;
  reconnectionDelayMax?: number;
  randomizationFactor?: number;
  timeout?: number;
  ackTimeout?: number;
  retries?: number;
}

export interface Manager {
  on(event: string, listener: (...args: any[]) => void): Manager;
  off(event: string, listener?: (...args: any[]) => void): Manager;
  reconnection(value: boolean): Manager;
  reconnectionDelay(value: number): Manager;
}

export interface Socket {
  readonly id: string | undefined;
  readonly connected: boolean;
  readonly active: boolean;
  readonly io: Manager;
  auth: SocketOptions["auth"];
  connect(): Socket;
  disconnect(): Socket;
  on(event: string, listener: (...args: any[]) => void): Socket;
  once(event: string, listener: (...args: any[]) => void): Socket;
  off(event?: string, listener?: (...args: any[]) => void): Socket;
  emit(event: string, ...args: any[]): Socket;
  emitWithAck(event: string, ...args: any[]): Promise<any>;
  timeout(milliseconds: number): Socket;
}

export function io(address: string, options?: SocketOptions): Socket;
export function io(options?: SocketOptions): Socket;
export default io;
