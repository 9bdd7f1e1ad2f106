/** Sessions over WebSocket: `SERVER=host:port`. */

import ws from "k6/ws";

export const options = { vus: 2, iterations: 10 };

export default function () {
  ws.connect(`ws://${__ENV.SERVER}/`, (socket) => {
    let heard = 0;
    socket.on("open", () => {
      socket.ping();
      for (const text of ["one", "two", "three"]) socket.send(text);
    });
    socket.on("message", () => {
      heard += 1;
      if (heard === 3) socket.close();
    });
  });
}
