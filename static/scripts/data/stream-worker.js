/**
 * One stream of a run for all tabs that show it: browsers have six connections to a server without HTTP/2, and the
 * seventh tab would wait for ever, with everything else that it asks for.
 *
 * A shared worker. It keeps what came of each stream, so that another tab has it without asking the server again;
 * where nobody follows a run any more, it forgets it. Of many runs those are followed whose tabs were seen last; the
 * others go on where they were as soon as they are looked at. Messages are those of `shared-stream.js`.
 */

import { openStream } from "./stream.js";

/** A page that has not been heard of for so long is gone; one that a browser froze says so when it wakes. */
const GONE_MS = 180_000;
/** So many streams are open at once, which leaves a connection for whatever else is asked. */
const MOST_STREAMS = 5;
/** Of state, only the newest counts, and it goes before the newest of these. */
const BEFORE = new Set(["snapshot", "stop"]);

/** @typedef {{ port: MessagePort, id: number, after: number }} Reader */

/** @type {Map<string, ReturnType<typeof share>>} */
const shared = new Map();
/** @type {Map<MessagePort, number>} */
const heard = new Map();

/** Counts looks at tabs. */
let looks = 0;

/** @param {string} url */
function share(url) {
  /** @type {Set<Reader>} */
  const readers = new Set();
  /** Events with an id, in order. */
  const log = [];
  const state = new Map();
  /** @type {ReturnType<typeof openStream> | null} */
  let stream = null;
  let over = false;
  let open = false;
  const tell = (message) => readers.forEach(({ port, id }) => port.postMessage({ id, ...message }));

  const on = {
    events(list) {
      for (const event of list) keep(event);
      tell({ events: list });
      // All has been told: the connection is free for others.
      over ||= list.some(([kind]) => kind === "stop");
      if (over) allot();
    },
    open() {
      open = true;
      tell({ open: true });
    },
    lost() {
      open = false;
      tell({ lost: true });
    },
  };

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
    /** When a tab that shows it was looked at, by `looks`; 0: not yet. */
    seen: 0,
    isOver: () => over,
    resume() {
      stream ??= openStream(url, on, newest);
    },
    close() {
      stream?.close();
      stream = null;
    },
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

/** Gives the connections to the runs that were seen last. */
function allot() {
  const streams = [...shared.values()];
  for (const stream of streams) if (stream.isOver()) stream.close();
  const going = streams.filter((stream) => !stream.isOver()).sort((a, b) => b.seen - a.seen);
  // Room is made before it is taken.
  for (const stream of going.slice(MOST_STREAMS)) stream.close();
  for (const stream of going.slice(0, MOST_STREAMS)) stream.resume();
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
  allot();
}

/** A tab is looked at. */
function look(port) {
  looks += 1;
  for (const stream of shared.values()) {
    if ([...stream.readers].some((reader) => reader.port === port)) stream.seen = looks;
  }
  allot();
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
      if (!data.visible) allot();
    } else if (data.leave) {
      leave(port, data.id ?? null);
    }
    if (data.visible) look(port);
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
