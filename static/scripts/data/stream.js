/**
 * One event stream, kept open: it resumes where it was, and notices when its connection died without a word.
 *
 * The browser comes back by itself where a connection ends; where it gives up (an answer that is no stream), and where
 * a connection only seems to live (sleep, a lost route), this opens another.
 */

import { KINDS } from "../model/run.js";

/** The server is never without an event for longer (`docs/events.md`). */
const HEARTBEAT_MS = 15_000;
/** Two of them missed, and what a slow line may hold one back. */
export const DEAD_AFTER_MS = 2 * HEARTBEAT_MS + 5_000;
/** Timers stand still while a computer sleeps: how often is looked, not when. */
const LOOK_MS = 2_500;

/**
 * Follows the stream at `url`. `on` is `{events(list), open(), lost()}`; of an event the list has `[kind, data, id]`,
 * data as it came, id a number or null. Behind `after`, the id of the newest event that is known, or -1.
 */
export function openStream(url, on, after = -1) {
  /** @type {EventSource} */
  let source;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  let wait = 1000;
  let newest = after;
  let heard = Date.now();

  function open() {
    heard = Date.now();
    const address = new URL(url);
    if (newest >= 0) address.searchParams.set("lastEventId", String(newest));
    source = new EventSource(address);
    source.onopen = () => {
      wait = 1000;
      heard = Date.now();
      on.open();
    };
    source.onerror = () => {
      on.lost();
      if (source.readyState === EventSource.CLOSED) again();
      // The browser waits by itself: that is no silence of the server's.
      heard = Date.now();
    };
    for (const kind of [...KINDS, "heartbeat"])
      source.addEventListener(kind, (message) => took(kind, message));
  }

  function took(kind, { data, lastEventId }) {
    heard = Date.now();
    const id = lastEventId === "" ? null : Number(lastEventId);
    // State has no id of its own: the browser names the last one before it.
    if (id !== null && id > newest) newest = id;
    on.events([[kind, data, id]]);
  }

  function again() {
    clearTimeout(timer);
    timer = setTimeout(open, wait);
    wait = Math.min(15_000, wait * 2);
  }

  const watchdog = setInterval(() => {
    if (source.readyState !== EventSource.OPEN || Date.now() - heard < DEAD_AFTER_MS) return;
    source.close();
    on.lost();
    open();
  }, LOOK_MS);

  open();
  return {
    close() {
      clearInterval(watchdog);
      clearTimeout(timer);
      source.close();
    },
  };
}
