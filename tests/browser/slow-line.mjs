/**
 * A line between a page and the server that is as slow as a far one: so many Mbit/s for all of its connections together,
 * and a time that every way there and back takes, the one that opens a connection included.
 */

import { connect, createServer } from "node:net";

/** Listens on a port of its own; `{url, close()}`. */
export async function slowLine(server, { mbit, rtt }) {
  const upstream = new URL(server);
  const bytesPerMs = (mbit * 1e6) / 8 / 1e3;
  /** When the line has room again. */
  let free = 0;
  const sockets = new Set();
  const listener = createServer((near) => {
    const far = connect(Number(upstream.port), upstream.hostname);
    const opened = performance.now() + rtt;
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.setNoDelay(true);
      socket.on("close", () => sockets.delete(socket));
      socket.on("error", () => {
        near.destroy();
        far.destroy();
      });
    }
    near.on("data", (bytes) => {
      const at = Math.max(performance.now(), opened) + rtt / 2;
      later(at, () => far.write(bytes));
    });
    far.on("data", (bytes) => {
      free = Math.max(free, performance.now()) + bytes.length / bytesPerMs;
      // No more than the line holds is taken from the server.
      far.pause();
      later(free, () => far.resume());
      later(free + rtt / 2, () => near.write(bytes));
    });
    near.on("end", () => later(performance.now() + rtt / 2, () => far.end()));
    far.on("end", () => later(Math.max(free, performance.now()) + rtt / 2, () => near.end()));
  });
  await new Promise((listening) => listener.listen(0, "127.0.0.1", () => listening(undefined)));
  return {
    url: `http://127.0.0.1:${listener.address().port}`,
    close() {
      for (const socket of sockets) socket.destroy();
      listener.close();
    },
  };
}

function later(at, work) {
  setTimeout(work, Math.max(0, at - performance.now()));
}
