/**
 * Work that is done piece by piece, so that a page with many charts answers meanwhile: in tasks of its own, each as long as
 * a turn may be. What asked for the work has taken time of its task already.
 */

/** Together with the piece that passes it, this stays below the 50 ms from which a task is a long one. */
const SHORT_MS = 16;

export function createTurns({ now = () => performance.now(), later = nextTask } = {}) {
  /** @type {(() => void)[]} */
  const waiting = [];
  /** @type {(() => void)[]} */
  const afterwards = [];
  let scheduled = false;

  function next() {
    scheduled = false;
    const began = now();
    do waiting.shift()?.();
    while (waiting.length > 0 && now() - began < SHORT_MS);
    if (waiting.length > 0) {
      schedule();
      return;
    }
    for (const work of afterwards.splice(0)) work();
  }

  function schedule() {
    if (scheduled) return;
    scheduled = true;
    later(next);
  }

  /**
   * Does it soon; what is returned takes it back, if it has not been done.
   *
   * @param {() => void} work
   */
  function inTurn(work) {
    waiting.push(work);
    schedule();
    return () => {
      const at = waiting.indexOf(work);
      if (at >= 0) waiting.splice(at, 1);
    };
  }

  /** Does it once nothing waits any more. */
  function afterTurns(work) {
    if (waiting.length === 0) work();
    else afterwards.push(work);
  }

  return { inTurn, afterTurns };
}

/** A task behind what the browser has to do by now; timers are slowed down where they follow each other. */
function nextTask(work) {
  const { port1, port2 } = new MessageChannel();
  port1.onmessage = () => {
    port1.close();
    work();
  };
  port2.postMessage(null);
}

/** Of all charts of a page. */
export const { inTurn, afterTurns } = createTurns();
