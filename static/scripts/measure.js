/**
 * What the page costs, as performance measures that a browser's tools and `cargo xtask bench` read:
 *
 * - `loadgate:first-charts`: from the page's navigation (or the choice of another run) until the charts
 *   in view are drawn with all that had happened before.
 * - `loadgate:update`: the scripting that one frame's new windows cost: reading their events, the model,
 *   rendering, drawing. It ends when the drawing does; idle time between the parts is not in it.
 */

import { options } from "preact";
import { afterTurns } from "./charts/turns.js";

/** @import { Run } from "./types.js" */

/** Measures are kept for those who look, not for ever. */
const MOST = 1000;

let spent = 0;
let windows = 0;
let measures = 0;

/** Does `work`, which belongs to the next update, and gives its result. */
export function timed(work) {
  const from = performance.now();
  try {
    return work();
  } finally {
    spent += performance.now() - from;
  }
}

/**
 * A run's model was made: `first-charts` counts from here, for the page's first from its navigation.
 *
 * @param {Run} run
 */
export function runOpened(run, first) {
  run.opened = { at: first ? 0 : performance.now() };
}

/** A new window came, not a replayed one. */
export function windowCame() {
  windows += 1;
}

/**
 * A chart of the run was drawn while the run was up to date.
 *
 * @param {Run} run
 */
export function chartDrawn(run) {
  const { opened } = run;
  if (!opened || opened.at === null) return;
  // By then the others of this rendering have their turns.
  queueMicrotask(() => afterTurns(() => firstDrawn(opened)));
}

function firstDrawn(opened) {
  if (opened.at !== null)
    performance.measure("loadgate:first-charts", { start: opened.at, end: performance.now() });
  opened.at = null;
}

function flushed() {
  const end = performance.now();
  if (windows > 0) {
    performance.measure("loadgate:update", { start: end - spent, end });
    measures += 1;
    if (measures % MOST === 0) performance.clearMeasures("loadgate:update");
  }
  windows = 0;
  spent = 0;
}

/** Rendering happens in one place, once for all that changed; layout effects draw the charts within. */
export function measureRendering() {
  options.debounceRendering = (render) =>
    queueMicrotask(() => {
      timed(render);
      flushed();
    });
}
