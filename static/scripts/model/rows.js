/**
 * The windows of a table's rows (`GET /runs/ID/rows`), kept while a run goes on, and drawn as if each
 * row were a run of its own. Pure; `data/rows.js` asks for them.
 */

import { elapsed, newRun } from "./run.js";

/** @import { Column, KeptSeries, Metric, RowFigure, RowKey, RowSeries, Rows, RowsDocument, Run, TableName } from "../types.js" */

/** @type {RowFigure[]} */
const FIGURES = ["count", "nonzero", "sum", "p50", "p95", "p99", "max"];

/** `times` are Unix ms, `seconds` the windows' lengths; a series' `at` are places in both. */
export function newRows() {
  return { revision: 0, times: [], seconds: [], series: new Map() };
}

/**
 * Takes the windows of a document that are not known yet, in place.
 *
 * @param {Rows} rows
 * @param {RowsDocument} document
 */
export function appendRows(rows, document) {
  const newest = rows.times.at(-1) ?? -Infinity;
  const first = document.times.findIndex((time) => time > newest);
  if (first < 0) return rows;
  const shift = rows.times.length - first;
  rows.times.push(...document.times.slice(first));
  rows.seconds.push(...document.seconds.slice(first));
  for (const added of document.series) {
    const id = idOf(added.key, added.metric);
    const known = rows.series.get(id) ?? newSeries(added);
    rows.series.set(id, known);
    added.at.forEach((at, i) => {
      if (at < first) return;
      known.at.push(at + shift);
      for (const name of FIGURES) known[name].push(added[name]?.[i] ?? null);
    });
  }
  rows.revision += 1;
  return rows;
}

/**
 * @param {RowSeries} added
 * @returns {KeptSeries}
 */
function newSeries({ key, metric, p50 }) {
  const figures = /** @type {any} */ (Object.fromEntries(FIGURES.map((name) => [name, []])));
  return { key, metric, type: p50 ? "trend" : null, at: [], ...figures };
}

/**
 * @param {RowKey} key
 * @param {string} metric
 */
function idOf(key, metric) {
  return JSON.stringify([metric, ...key]);
}

/**
 * @param {Rows} rows
 * @param {RowKey} key
 * @param {string} metric
 */
export function seriesOf(rows, key, metric) {
  return rows.series.get(idOf(key, metric)) ?? null;
}

/**
 * A series' windows as a column parallel to `rows.times`: `figure(i, at)` of its i-th window, and
 * `empty` where it has none.
 *
 * @param {Rows} rows
 * @param {KeptSeries | null} series
 */
export function fill(rows, series, figure, empty = /** @type {any} */ (null)) {
  const values = new Array(rows.times.length).fill(empty);
  series?.at.forEach((at, i) => (values[at] = figure(i, at)));
  return values;
}

/**
 * Samples per second; a window without any is zero.
 *
 * @param {Rows} rows
 * @param {KeptSeries | null} series
 */
export function ratePerSecond(rows, series, of = (i) => series?.count[i]) {
  return fill(rows, series, (i, at) => of(i) / rows.seconds[at], 0);
}

/**
 * The columns' sum; of none, zeros.
 *
 * @param {Rows} rows
 */
export function sumOf(rows, columns) {
  return rows.times.map((_, i) => columns.reduce((sum, values) => sum + values[i], 0));
}

/** A run to draw charts from: what `column` finds in it is what `setColumn` put there. */
export function newRowRun() {
  return newRun();
}

/**
 * @param {Run} drawn
 * @param {string} metric
 * @param {string} aggregate
 * @param {Column} values
 * @param {any} meta
 */
export function setColumn(drawn, metric, aggregate, values, meta) {
  drawn.metrics.set(metric, meta);
  drawn.columns.set(`${aggregate} ${metric}`, values);
}

/**
 * Puts the windows' places on the run's axis.
 *
 * @param {Run} drawn
 * @param {Rows} rows
 * @param {Run} run
 */
export function setTimes(drawn, rows, run) {
  const start = run.start ?? rows.times[0] ?? 0;
  drawn.start = start;
  drawn.times = rows.times.map((time) => (time - start) / 1000);
  // Windows have the lengths of the run's, and are over with it.
  Object.assign(drawn, { param: run.param, current: run.current, stop: run.stop });
}

const DURATIONS = [
  ["p50", "med"],
  ["p95", "p(95)"],
  ["p99", "p(99)"],
];

/**
 * Brings a row's run up to date: counters per second; shares, and passes and fails per second;
 * percentiles of trends.
 *
 * @param {Run} drawn
 * @param {Rows} rows
 * @param {Run} run
 * @param {RowKey} key
 */
export function drawRow(drawn, rows, run, key) {
  if (drawn.revision === rows.revision) return;
  setTimes(drawn, rows, run);
  const wanted = JSON.stringify(key);
  for (const series of rows.series.values()) {
    if (JSON.stringify(series.key) !== wanted) continue;
    const { metric, count, nonzero, sum } = series;
    const meta = run.metrics.get(metric) ?? { type: series.type };
    const set = (aggregate, values) => setColumn(drawn, metric, aggregate, values, meta);
    if (meta.type === "trend") {
      for (const [figure, aggregate] of DURATIONS) {
        set(
          aggregate,
          fill(rows, series, (i) => series[figure][i]),
        );
      }
    } else if (meta.type === "counter") {
      set(
        "rate",
        ratePerSecond(rows, series, (i) => sum[i]),
      );
    } else if (meta.type === "rate") {
      set(
        "rate",
        fill(rows, series, (i) => (count[i] > 0 ? nonzero[i] / count[i] : null)),
      );
      set(
        "passes",
        ratePerSecond(rows, series, (i) => nonzero[i]),
      );
      set(
        "fails",
        ratePerSecond(rows, series, (i) => count[i] - nonzero[i]),
      );
    }
  }
  drawn.revision = rows.revision;
}

/** A row's tags as submetrics write them: `{name:search}` and the like, beside its table. */
const TAGS = { requests: "name", groups: "group", scenarios: "scenario" };

/**
 * Thresholds of submetrics that are this row, under the names of the row's own metrics.
 *
 * @param {Run} run
 * @param {TableName} table
 * @param {RowKey} key
 */
export function thresholdsOf(run, table, key) {
  const tag = `{${TAGS[table]}:${table === "requests" ? (key[1] ?? key[0]) : key[0]}}`;
  return run.thresholds
    .filter((threshold) => threshold.metric.endsWith(tag))
    .map((threshold) => ({ ...threshold, metric: threshold.metric.slice(0, -tag.length) }));
}

/**
 * Figures of a row over the whole run, or the part that is shown, as `wholeRun` reads them.
 *
 * @param {Rows} rows
 * @param {Run} run
 * @param {TableName} table
 * @param {RowKey} key
 */
export function rowTotals(rows, run, table, key) {
  if (run.part) return partTotals(run, run.part.seconds, table, key);
  const totals = new Map();
  if (run.stop === null) return totals;
  const seconds = Math.max(1, elapsed(run) / 1000);
  const wanted = JSON.stringify(key);
  const add = (values) => values.reduce((sum, value) => sum + value, 0);
  const rowsOfTable = /** @type {any[]} */ (run.tables[table]);
  const shown = rowsOfTable.find((row) => JSON.stringify(row.key) === wanted);
  for (const series of rows.series.values()) {
    if (JSON.stringify(series.key) !== wanted) continue;
    const { metric } = series;
    const type = run.metrics.get(metric)?.type ?? series.type;
    const [count, nonzero] = [add(series.count), add(series.nonzero)];
    if (type === "counter") totals.set(`rate ${metric}`, add(series.sum) / seconds);
    if (type === "rate") {
      totals.set(`rate ${metric}`, count > 0 ? nonzero / count : null);
      totals.set(`passes ${metric}`, nonzero / seconds);
      totals.set(`fails ${metric}`, (count - nonzero) / seconds);
    }
    if (type !== "trend") continue;
    const figures = table === "requests" && ROW_DURATIONS.includes(metric) ? shown : shown?.metrics?.[metric];
    for (const [short, aggregate] of [
      ["med", "med"],
      ["p95", "p(95)"],
      ["p99", "p(99)"],
    ]) {
      const value = figures?.[aggregate] ?? figures?.[short];
      if (value !== undefined) totals.set(`${aggregate} ${metric}`, value);
    }
  }
  return totals;
}

/** What a row of requests has the durations of: of HTTP, or of gRPC's calls. */
export const ROW_DURATIONS = ["http_req_duration", "grpc_req_duration"];

/** What short columns of rows are called among aggregates. */
const LONG = { p90: "p(90)", p95: "p(95)", p99: "p(99)" };

/**
 * The same of a part: what the server says of the row, for nobody else can.
 *
 * @param {Run} run
 * @param {number} seconds
 * @param {TableName} table
 * @param {RowKey} key
 */
export function partTotals(run, seconds, table, key) {
  const totals = new Map();
  const rowsOfTable = /** @type {any[]} */ (run.tables[table]);
  const wanted = JSON.stringify(key);
  const row = rowsOfTable.find((other) => JSON.stringify(other.key) === wanted);
  if (!row) return totals;
  const perSecond = (count) => count / Math.max(1, seconds);
  if (table === "requests") {
    totals.set("rate http_reqs", row.rate).set("rate http_req_failed", row.failed);
    for (const [name, value] of Object.entries(row)) {
      for (const metric of ROW_DURATIONS) totals.set(`${LONG[name] ?? name} ${metric}`, value);
    }
  } else if (table === "statuses") {
    totals.set("rate http_reqs", perSecond(row.count));
  } else if (table === "checks") {
    totals.set("rate checks", row.passes / (row.passes + row.fails));
    totals.set("passes checks", perSecond(row.passes)).set("fails checks", perSecond(row.fails));
  } else {
    for (const [metric, values] of Object.entries(row.metrics)) {
      for (const [aggregate, value] of Object.entries(values)) totals.set(`${aggregate} ${metric}`, value);
    }
  }
  return totals;
}
