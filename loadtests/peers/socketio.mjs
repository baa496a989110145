// Socket.IO on Node with its engine ws, as they come: a counter in memory, and a broadcast.
import { createServer } from "node:http";
import { Server } from "socket.io";

const padding = Number(process.argv[2]) - '42["slices",{"pad":""}]'.length;
const http = createServer();
const io = new Server(http, { transports: ["websocket"] });
const tally = new Map();

io.on("connection", (socket) => {
  socket.join("hall");
  socket.on("hello", (_, answer) => answer({ status: "ok" }));
  socket.on("vote", (data, answer) => {
    tally.set(data.choice, (tally.get(data.choice) ?? 0) + 1);
    answer({ status: "counted", rev: data.rev });
  });
  socket.on("ask", (_, answer) => answer({ status: "ok", id: 1 }));
  socket.on("ask_state", (_, answer) => {
    io.to("hall").emit("slices", { pad: "x".repeat(padding) });
    answer({ status: "ok" });
  });
});

http.listen(0, "127.0.0.1", 4096, () => console.log(http.address().port));
