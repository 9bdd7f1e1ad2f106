/**
 * A part of a run that somebody chose: which it is, in words and in addresses, and a run whose figures are those of the
 * part. Pure. The figures are the server's (`GET /runs/ID/summary?from=&to=`), which merges what it kept of each
 * window: what a browser has of a percentile cannot be merged.
 */

import { clock, NOTHING } from "./format.js";
import { elapsed } from "./run.js";

/** @import { Metric, Part, Run, Summary, Zoom } from "../types.js" */

/** Windows end at whole milliseconds. */
const INSTANT = 5e-4;

const UNITS = { ms: 1e-3, s: 1, m: 60, min: 60, h: 3600 };

/**
 * A time since a run's begin in seconds, or null: `90`, `90s`, `1m30s`, `1:30`, `1:02:03`.
 *
 * @param {string | null} text
 */
export function parseTime(text) {
  const plain = (text ?? "").trim().toLowerCase().replace(/\s+/g, "");
  if (/^\d+(\.\d+)?$/.test(plain)) return Number(plain);
  const clocked = /^(?:(\d+):)?(\d{1,3}):(\d{2}(?:\.\d+)?)$/.exec(plain);
  if (clocked) {
    const [hours, minutes, seconds] = clocked.slice(1).map((part) => Number(part ?? 0));
    return seconds < 60 && (clocked[1] === undefined || minutes < 60)
      ? hours * 3600 + minutes * 60 + seconds
      : null;
  }
  if (!/^(\d+(\.\d+)?(ms|s|min|m|h))+$/.test(plain)) return null;
  return [...plain.matchAll(/(\d+(?:\.\d+)?)(ms|s|min|m|h)/g)].reduce(
    (sum, [, number, unit]) => sum + Number(number) * UNITS[unit],
    0,
  );
}

/** Seconds as an address has them, to the millisecond: `90s`. The server reads the same. */
export const addressOf = (seconds) => `${Number(seconds.toFixed(3))}s`;

/**
 * What a query string says of a part; null: the whole run. `to` is null where it goes on with the run.
 *
 * @param {string | null} from
 * @param {string | null} to
 * @returns {Zoom | null}
 */
export function readPart(from, to) {
  const [begin, end] = [parseTime(from) ?? 0, parseTime(to)];
  if ((begin === 0 && end === null) || (end !== null && end <= begin)) return null;
  return { from: begin, to: end };
}

/**
 * The same for a query string: `{from, to}` as text, without what need not be said.
 *
 * @param {Zoom | null} zoom
 * @returns {Record<string, string>}
 */
export function partQuery(zoom) {
  if (!zoom) return {};
  return {
    ...(zoom.from > 0 && { from: addressOf(zoom.from) }),
    ...(zoom.to !== null && { to: addressOf(zoom.to) }),
  };
}

/** A moment of a run as fields and words have it: `0:30`, and where windows do not end at seconds `0:30.500`. */
export function moment(seconds) {
  const ms = Math.round(seconds * 1000);
  const rest = ms % 1000;
  return clock(ms) + (rest > 0 ? `.${String(rest).padStart(3, "0")}` : "");
}

/** How long, as people say it: `1h 2m`, `1m 30s`, `45s`, `0.5s`. */
export function length(seconds) {
  const whole = Math.round(seconds);
  if (seconds < 10 && Math.abs(seconds - whole) > 0.05) return `${Number(seconds.toFixed(1))}s`;
  /** @type {[number, string][]} */
  const parts = [
    [Math.floor(whole / 3600), "h"],
    [Math.floor(whole / 60) % 60, "m"],
    [whole % 60, "s"],
  ];
  return (
    parts
      .filter(([number]) => number > 0)
      .map(([number, unit]) => `${number}${unit}`)
      .join(" ") || "0s"
  );
}

/**
 * A part in words: `0:30 to 2:00`, `from 0:30 on`.
 *
 * @param {Zoom} zoom
 */
export function nameOf({ from, to }) {
  return to === null ? `from ${clock(from * 1000)} on` : `${clock(from * 1000)} to ${clock(to * 1000)}`;
}

/**
 * What is wrong with the times that somebody wrote, as a sentence that says what is allowed, or the part: an empty
 * begin is the run's, an empty end goes on with it. `seconds` is how long the run lasted, or has lasted so far.
 *
 * @param {{ from: string, to: string }} fields
 * @param {number} seconds
 * @returns {{ zoom: Zoom | null, field?: undefined, problem?: undefined } | { field: "from" | "to", problem: string, zoom?: undefined }}
 */
export function checkFields({ from, to }, seconds) {
  const begin = from.trim() === "" ? 0 : parseTime(from);
  const end = to.trim() === "" ? null : parseTime(to);
  const like = "Write a time since the run began, like 0:30, 90s or 1m30s";
  const inside = `The run has ${clock(seconds * 1000)}`;
  if (begin === null) return { field: "from", problem: `${like}; “${short(from)}” is none.` };
  if (end === null && to.trim() !== "") return { field: "to", problem: `${like}; “${short(to)}” is none.` };
  if (begin >= seconds) {
    return {
      field: "from",
      problem: `${inside}: a part of it begins before that, and ${moment(begin)} is not.`,
    };
  }
  // The end is shown without its fraction.
  if (end !== null && end >= Math.floor(seconds) + 1) {
    return {
      field: "to",
      problem: `${inside}: a part of it ends by then, or with an empty field goes on to the end.`,
    };
  }
  if (end !== null && end <= begin) {
    return {
      field: "to",
      problem: `A part ends after it begins: later than ${moment(begin)}, not at ${moment(end)}.`,
    };
  }
  return { zoom: begin === 0 && end === null ? null : { from: begin, to: end } };
}

const short = (text) => (text.length > 20 ? `${text.slice(0, 20)}…` : text);

/**
 * A part with its ends where the run's windows end, for figures are kept of whole windows; one of them at least.
 *
 * @param {Run} run
 * @param {{ from: number, to: number | null }} zoom
 * @returns {Zoom | null}
 */
export function snap(run, { from, to }) {
  const borders = [0, ...run.times];
  if (borders.length < 2) return from > 0 || to !== null ? { from, to } : null;
  const begin = Math.min(nearest(borders, from), borders.length - 2);
  if (to === null) return begin === 0 ? null : { from: borders[begin], to };
  const end = Math.max(nearest(borders, to), begin + 1);
  const all = begin === 0 && end === borders.length - 1;
  // All of a run that is over is the run; of one that goes on, what there has been.
  return all && run.stop !== null ? null : { from: borders[begin], to: borders[end] };
}

function nearest(borders, seconds) {
  const after = borders.findIndex((border) => border >= seconds);
  if (after <= 0) return after < 0 ? borders.length - 1 : 0;
  return borders[after] - seconds <= seconds - borders[after - 1] ? after : after - 1;
}

/**
 * The place of the first of these windows' ends that lies in a part, and that of the first behind it: a window lies in
 * it whole.
 *
 * @param {number[]} times
 * @param {Zoom | null} zoom
 * @returns {[number, number]}
 */
export function placesIn(times, zoom) {
  if (!zoom) return [0, times.length];
  const place = (bound) => {
    const at = times.findIndex((time) => time > bound + INSTANT);
    return at < 0 ? times.length : at;
  };
  const from = place(zoom.from);
  return [from, zoom.to === null ? times.length : Math.max(from, place(zoom.to))];
}

/**
 * What pages need of a part: the server's summary of it, and what it is called.
 *
 * @param {Run} run
 * @param {Zoom} zoom as it was asked for
 * @param {Summary} summary
 * @returns {Part}
 */
export function partOf(run, zoom, summary) {
  const since = (ms) => (ms - summary.start) / 1000;
  const span = summary.window ?? { start: summary.start, end: summary.end ?? summary.start };
  const own = { from: since(span.start), to: since(span.end) };
  const silent = new Set(
    Object.entries(summary.metrics)
      .filter(([, metric]) => metric.silent)
      .map(([name]) => name),
  );
  const part = {
    zoom,
    ...own,
    seconds: own.to - own.from,
    place: nameOf({ from: own.from, to: zoom.to === null && run.stop === null ? null : own.to }),
    summary,
    silent,
    // What charts show: windows that lie in it whole, and no others.
    drawn: { from: own.from, to: zoom.to === null ? null : own.to },
  };
  return { ...part, totals: totalsOf(part) };
}

/**
 * What tiles and legends say of the part, as `wholeRun` reads it; of a gauge its peak.
 *
 * @param {Pick<Part, "summary" | "silent">} part
 */
function totalsOf({ summary, silent }) {
  const totals = new Map();
  for (const [name, { type, values }] of Object.entries(summary.metrics)) {
    for (const [aggregate, value] of Object.entries(values)) {
      totals.set(`${aggregate} ${name}`, silent.has(name) ? null : value);
    }
    if (type === "gauge") totals.set(`value ${name}`, silent.has(name) ? null : values.max);
  }
  return totals;
}

/**
 * A run as pages show it: the run itself, with the figures of the part that `show` was given, if it was given one. It is
 * one object as long as the run is, so that charts go on; `revision` tells that something is another.
 *
 * @param {Run} run
 */
export function createShown(run) {
  /** @type {Part | null} */
  let part = null;
  let changes = 0;
  const own = (read) => ({ get: read, enumerable: true });
  const shown = /** @type {Run} */ (
    Object.create(run, {
      revision: {
        get: () => run.revision + changes,
        set() {
          changes += 1;
        },
      },
      part: own(() => part),
      place: own(() => part?.place ?? null),
      totals: own(() => part?.totals ?? run.totals),
      tables: own(() => part?.summary ?? run.tables),
      thresholds: own(() => part?.summary.thresholds ?? run.thresholds),
    })
  );
  return {
    shown,
    /** @param {Part | null} next */
    show(next) {
      if (next === part) return;
      part = next;
      changes += 1;
    },
  };
}

/**
 * What the frame says of what is shown: `{name, of}`, `0:30 to 2:00` and `of 5:00 · 1m 30s`.
 *
 * @param {Run} run
 * @param {Part | null} part
 */
export function describePart(run, part) {
  const whole = clock(elapsed(run));
  if (!part) return { name: "Whole run", of: run.times.length > 0 ? whole : NOTHING };
  return { name: part.place, of: `of ${whole} · ${length(part.seconds)}` };
}

/** What stands in the place of a figure of a metric that had no samples. */
export const NO_SAMPLES = "no samples in this part";

/**
 * A part of which the server has no figures: nothing is known, and nothing is green.
 *
 * @param {Run} run
 * @param {Zoom} zoom
 * @returns {Part}
 */
export function unknownPart(run, zoom) {
  const to = zoom.to ?? elapsed(run) / 1000;
  const thresholds = run.thresholds.map((row) => ({
    ...row,
    observed: null,
    passes: null,
    untold: undefined,
    firstFailed: null,
  }));
  const summary = /** @type {Summary} */ ({
    run: run.id,
    test: "",
    state: "live",
    start: run.start,
    end: null,
    metrics: {},
    thresholds,
    ...{ requests: [], statuses: [], checks: [], groups: [], scenarios: [] },
  });
  const seconds = Math.max(0, to - zoom.from);
  const silent = new Set(run.metrics.keys());
  const place = nameOf(zoom);
  return { zoom, drawn: zoom, from: zoom.from, to, seconds, place, summary, silent, totals: new Map() };
}
