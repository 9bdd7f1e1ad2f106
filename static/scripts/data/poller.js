/** Asks again when there is something new: never twice at once, and not more often than somebody can read. */

import { useEffect, useRef, useState } from "../html.js";

/**
 * Calls `load(previous)` once for every new `stamp` that `request` is given, at most every `wait` ms; what
 * comes meanwhile is one. `changed` is called after each answer. A failure keeps the previous value
 * and is reported in `state.problem`; the next stamp tries again.
 */
export function createPoller(load, changed, { wait = 2000, now = Date.now, later = setTimeout } = {}) {
  const state = { value: null, problem: null };
  let requested;
  let answered;
  let busy = false;
  let closed = false;
  let last = -Infinity;

  async function ask() {
    if (closed) return;
    const stamp = requested;
    last = now();
    try {
      const value = await load(state.value);
      state.value = value;
      state.problem = null;
    } catch (error) {
      state.problem = error.message;
    }
    busy = false;
    answered = stamp;
    if (closed) return;
    changed();
    if (requested !== answered) begin();
  }

  function begin() {
    busy = true;
    const rest = last + wait - now();
    if (rest > 0) later(ask, rest);
    else ask();
  }

  return {
    state,
    request(stamp) {
      requested = stamp;
      if (!busy && requested !== answered) begin();
    },
    retry() {
      answered = undefined;
      if (!busy) begin();
    },
    close() {
      closed = true;
    },
  };
}

/**
 * A poller as long as the component lives: `{value, problem, retry}`. What is asked for is fixed at
 * the first drawing; a component that changes it is to be given a `key`.
 */
export function usePolled(load, stamp, wait) {
  const [, redraw] = useState(0);
  const poller = useRef(null);
  poller.current ??= createPoller(load, () => redraw((n) => n + 1), { wait });
  useEffect(() => () => poller.current.close(), []);
  useEffect(() => poller.current.request(stamp), [stamp]);
  return { ...poller.current.state, retry: poller.current.retry };
}
