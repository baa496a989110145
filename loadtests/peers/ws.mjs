// Bare websockets on Node (ws): as much of the protocol as the crowd needs to be let in.
import { createServer } from "node:http";
import { WebSocketServer } from "ws";

const padding = Number(process.argv[2]) - '42["slices",{"pad":""}]'.length;
const http = createServer();
const server = new WebSocketServer({ server: http });
const tally = new Map();

function tell(value) {
  const packet = `42${JSON.stringify(["slices", value])}`;
  for (const visitor of server.clients) visitor.send(packet);
}

server.on("connection", (socket) => {
  socket.send("40");
  socket.on("message", (message) => {
    const packet = message.toString();
    if (!packet.startsWith("42")) return;
    const begins = packet.indexOf("[");
    const [event, data] = JSON.parse(packet.slice(begins));
    let answer = { status: "ok", id: 1 };
    if (event === "vote") {
      tally.set(data.choice, (tally.get(data.choice) ?? 0) + 1);
      answer = { status: "counted", rev: data.rev };
    } else if (event === "ask_state") {
      tell({ pad: "x".repeat(padding) });
    }
    socket.send(`43${packet.slice(2, begins)}${JSON.stringify([answer])}`);
  });
});

http.listen(0, "127.0.0.1", 4096, () => console.log(http.address().port));
