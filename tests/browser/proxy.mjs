/**
 * A proxy between a page and the server, as bad as networks are: streams can be held back, or die without a word, and
 * it says which are open. Other requests pass.
 */

import { createServer, request } from "node:http";

/** Listens on a port of its own; `{url, open(), slow(bytes), freeze(), thaw(), close()}`. */
export async function proxy(server, { prefix = "" } = {}) {
  const upstream = new URL(server);
  /** Streams that are open, each `{answer, frozen}`. */
  const streams = new Set();
  let most = Infinity;
  const listener = createServer((asked, answer) => {
    if (!asked.url.startsWith(prefix)) {
      answer.writeHead(404).end();
      return;
    }
    const path = asked.url.slice(prefix.length) || "/";
    const isStream = /^\/(events|runs\/[^/]+\/events)\?/.test(path);
    const stream = { frozen: false, told: 0 };
    const passed = request(
      { host: upstream.hostname, port: upstream.port, path, method: asked.method, headers: asked.headers },
      (got) => {
        answer.writeHead(got.statusCode, got.headers);
        if (!isStream) {
          got.pipe(answer);
          return;
        }
        streams.add(stream);
        got.on("data", (bytes) => {
          const passing = stream.frozen ? 0 : Math.min(bytes.length, Math.max(0, most - stream.told));
          stream.told += bytes.length;
          if (passing > 0) answer.write(bytes.subarray(0, passing));
          if (passing < bytes.length) stream.held = [...(stream.held ?? []), bytes.subarray(passing)];
        });
        got.on("end", () => {
          stream.ended = true;
          if (!stream.held?.length) answer.end();
        });
        stream.release = () => {
          for (const bytes of stream.held ?? []) answer.write(bytes);
          stream.held = [];
          if (stream.ended) answer.end();
        };
      },
    );
    passed.on("error", () => answer.destroy());
    answer.on("close", () => {
      streams.delete(stream);
      passed.destroy();
    });
    asked.pipe(passed);
  });
  await new Promise((listening) => listener.listen(0, "127.0.0.1", listening));
  return {
    url: `http://127.0.0.1:${listener.address().port}${prefix}`,
    /** How many streams are open. */
    open: () => streams.size,
    /** Of each stream, so many bytes pass and no more. */
    holdBehind: (bytes) => (most = bytes),
    release() {
      most = Infinity;
      for (const stream of streams) stream.release?.();
    },
    /** The streams that are open now stay open, and nothing comes by them any more. */
    freeze() {
      for (const stream of streams) stream.frozen = true;
    },
    close() {
      listener.close();
      listener.closeAllConnections();
    },
  };
}
