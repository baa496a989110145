// The client that phones use, as it is served to them: join a forum, vote, send the same again,
// and wait for the turnout. Prints what it saw as JSON.
import { io } from "../../static/vendor/socket.io/socket.io.esm.min.js";

const [url, forum, token, ballot] = process.argv.slice(2);
const vote = JSON.parse(ballot);
const socket = io(url, { transports: ["websocket"], auth: { forum, token } });
const voted = new Promise((resolve) => {
  socket.on("slices", (/** @type {any} */ frame) => {
    const turnout = frame.slices.turnout?.[vote.question];
    if (turnout?.voted === 1) resolve(turnout.voted);
  });
});
socket.on("connect_error", (/** @type {Error} */ error) => {
  console.log(JSON.stringify({ refused: error.message }));
  process.exit(0);
});
socket.on("connect", async () => {
  const hello = await socket.emitWithAck("hello", {});
  const first = await socket.emitWithAck("vote", vote);
  const again = await socket.emitWithAck("vote", vote);
  const unknown = await socket.emitWithAck("votes", vote);
  const seen = { hello: Object.keys(hello.slices).sort(), first, again, unknown };
  console.log(JSON.stringify({ ...seen, turnout: await voted }));
  process.exit(0);
});
