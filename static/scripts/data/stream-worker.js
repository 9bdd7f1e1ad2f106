/**
 * One stream of a run for all tabs that show it: browsers have six connections to a server without HTTP/2, and the
 * seventh tab would wait for ever, with everything else that it asks for.
 *
 * A shared worker. It keeps what came of each stream, so that another tab has it without asking the server again;
 * where nobody follows a run any more, it forgets it. Messages are those of `shared-stream.js`.
 */

import { openStream } from "./stream.js";

/** A page that has not been heard of for so long is gone; one that a browser froze says so when it wakes. */
const GONE_MS = 180_000;
/** Of state, only the newest counts, and it goes before the newest of these. */
const BEFORE = new Set(["snapshot", "stop"]);

/** @typedef {{ port: MessagePort, id: number, after: number }} Reader */

/** @type {Map<string, ReturnType<typeof share>>} */
const shared = new Map();
/** @type {Map<MessagePort, number>} */
const heard = new Map();

/** @param {string} url */
function share(url) {
  /** @type {Set<Reader>} */
  const readers = new Set();
  /** Events with an id, in order. */
  const log = [];
  const state = new Map();
  let open = false;
  const tell = (message) => readers.forEach(({ port, id }) => port.postMessage({ id, ...message }));

  const stream = openStream(url, {
    events(list) {
      for (const event of list) keep(event);
      tell({ events: list });
      // All has been told: the connection is free for others.
      if (list.some(([kind]) => kind === "stop")) stream.close();
    },
    open() {
      open = true;
      tell({ open: true });
    },
    lost() {
      open = false;
      tell({ lost: true });
    },
  });

  let newest = -1;
  function keep(event) {
    const [kind, , id] = event;
    // It says nothing to who comes later.
    if (kind === "heartbeat") return;
    if (STATE.has(kind)) state.set(kind, event);
    else if (id === null || id > newest) log.push(event);
    if (id !== null && id > newest) newest = id;
  }

  return {
    url,
    readers,
    close: () => stream.close(),
    /** @param {Reader} reader */
    add(reader) {
      readers.add(reader);
      const { port, id, after } = reader;
      if (open) port.postMessage({ id, open: true });
      const known = log.filter(([, , number]) => number === null || number > after);
      const last = known.length > 0 && BEFORE.has(known[known.length - 1][0]) ? [known.pop()] : [];
      const events = [...known, ...state.values(), ...last];
      if (events.length > 0) port.postMessage({ id, events });
    },
  };
}

/** Kinds without an id of their own. */
const STATE = new Set(["cumulative", "thresholds", "tables", "health"]);

function leave(port, id = null) {
  for (const stream of shared.values()) {
    for (const reader of stream.readers) {
      if (reader.port === port && (id === null || reader.id === id)) stream.readers.delete(reader);
    }
    if (stream.readers.size > 0) continue;
    stream.close();
    shared.delete(stream.url);
  }
}

/** @param {MessagePort} port */
function serve(port) {
  heard.set(port, Date.now());
  port.onmessage = ({ data }) => {
    if (!heard.has(port)) {
      // It was taken for gone.
      heard.set(port, Date.now());
      port.postMessage({ forgotten: true });
      return;
    }
    heard.set(port, Date.now());
    if (data.follow) {
      const stream = shared.get(data.follow) ?? share(data.follow);
      shared.set(data.follow, stream);
      stream.add({ port, id: data.id, after: data.after });
    } else if (data.leave) {
      leave(port, data.id ?? null);
    }
    if (data.bye) heard.delete(port);
  };
}

setInterval(() => {
  for (const [port, at] of heard) {
    if (Date.now() - at < GONE_MS) continue;
    heard.delete(port);
    leave(port);
  }
}, 30_000);

/** @type {any} */ (globalThis).onconnect = ({ ports }) => serve(ports[0]);
