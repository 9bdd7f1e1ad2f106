/**
 * Writes a run's summary document (`GET /runs/ID/summary`) as Markdown and as CSV. Pure.
 *
 * Markdown is for people and holds formatted figures; CSV is for programs and holds every figure as
 * the server sent it. Names come from tests: in either they are text and nothing else.
 */

import { clock, format, moment, unitOf } from "./format.js";
import { figuresOf, metricRows, METRIC_TABLES, titleOf } from "./metric-tables.js";
import { allKnown, margin, outcomeOf, parseExpression, formatExpression, SIGNS } from "./thresholds.js";

/** @import { RowKey, Summary } from "../types.js" */

/** Longer names are cut in Markdown, where a row is one line. */
const NAME_LENGTH = 200;

/** What turns text around: it would reach beyond its cell. */
const TURNING = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/**
 * Text as a cell of a GitHub table (https://github.github.com/gfm/): no markup, no HTML, one line.
 * Underscores inside words are no markup there and stay readable.
 */
export function markdownText(text) {
  // eslint-disable-next-line no-control-regex -- control characters would end the row
  const line = String(text).replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g, " ");
  const plain = line.replace(TURNING, "").trim();
  const cut = [...plain];
  const short = cut.length > NAME_LENGTH ? cut.slice(0, NAME_LENGTH).join("") + "…" : plain;
  return short
    .replace(/&/g, "&amp;")
    .replace(/</g, "&lt;")
    .replace(/>/g, "&gt;")
    .replace(/[\\`*[\]|~]/g, "\\$&")
    .replace(/(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])/g, "\\_");
}

/** `columns` are `{title, left}`, `rows` arrays of text that is escaped already. */
function markdownTable(columns, rows) {
  const line = (cells) => `| ${cells.join(" | ")} |`;
  return [
    line(columns.map((column) => column.title)),
    line(columns.map((column) => (column.left ? ":--" : "--:"))),
    ...rows.map(line),
  ].join("\n");
}

const left = (title) => ({ title, left: true });
const right = (title) => ({ title });

const formatState = ({ state, word }) => `${SIGNS[state]} ${word}`;

/**
 * The summary as Markdown. `name` is what people call the run; its id where there is none.
 *
 * @param {Summary} summary
 * @param {string} [name]
 */
export function toMarkdown(summary, name = summary.run) {
  const parts = [`# ${markdownText(name)}`, facts(summary, name)];
  const complete = allKnown(summary.thresholds, summary.health?.thresholdsKnown ?? true);
  const add = (title, columns, rows) => {
    if (rows.length > 0) parts.push(`## ${title}`, markdownTable(columns, rows));
  };
  add(
    "Thresholds",
    [left("Metric"), left("Limit"), right("Observed"), right("Margin"), left("Outcome")],
    summary.thresholds.map((threshold) => {
      const meta = summary.metrics[threshold.metric];
      const aggregate = parseExpression(threshold.expression)?.aggregate;
      return [
        markdownText(threshold.metric),
        markdownText(formatExpression(threshold.expression, meta)),
        format(threshold.observed, unitOf(meta, aggregate)),
        format(margin(threshold.expression, threshold.observed), "ratio"),
        formatState(outcomeOf(threshold, complete)),
      ];
    }),
  );
  for (const table of METRIC_TABLES) {
    const { type, title } = table;
    const rows = metricRows(Object.entries(summary.metrics), type);
    const figures = figuresOf(
      table,
      rows.map(({ meta }) => meta.values),
    );
    const aggregates = figures.filter((a) => rows.some((row) => row.meta.values[a] !== undefined));
    add(
      title,
      [left("Metric"), ...aggregates.map((a) => right(titleOf(type, a)))],
      rows.map(({ name: metric, meta }) => [
        markdownText(metric),
        ...aggregates.map((a) => format(said(meta)[a], unitOf(meta, a))),
      ]),
    );
  }
  add(
    "Requests",
    ["Request", "Count", "Rate", "Failed", "Median", "p95", "p99", "Max"].map((title, i) =>
      i === 0 ? left(title) : right(title),
    ),
    summary.requests.map((row) => [
      markdownText(row.key.join(" ")),
      format(row.count, "count"),
      format(row.rate, "rate"),
      format(row.failed, "ratio"),
      ...["med", "p95", "p99", "max"].map((figure) => format(row[figure], "time")),
    ]),
  );
  add(
    "Checks",
    [left("Check"), right("Passed"), right("Passes"), right("Fails")],
    summary.checks.map((row) => [
      markdownText(checkName(row.key)),
      format(row.passes / (row.passes + row.fails), "ratio"),
      format(row.passes, "count"),
      format(row.fails, "count"),
    ]),
  );
  return parts.join("\n\n") + "\n";
}

/**
 * @param {Summary} summary
 * @param {string} name
 */
function facts(summary, name) {
  const length = clock((summary.end ?? NaN) - summary.start);
  const run = name === summary.run ? "" : `Run ${markdownText(summary.run)}, `;
  const began = `${run ? "began" : "Began"} ${moment(summary.start)}`;
  const whole = `${run}${began}, ${summary.state === "live" ? "still running" : `lasted ${length}`}.`;
  const { window } = summary;
  if (!window) return whole;
  const at = (ms) => clock(ms - summary.start);
  return `${whole} Figures of ${at(window.start)} to ${at(window.end)} alone.`;
}

/**
 * A check with its group, where it has one.
 *
 * @param {RowKey} key
 */
export function checkName([group, name]) {
  return name === undefined ? group : group ? `${group.replace(/^::/, "")} › ${name}` : name;
}

/** Of a metric without samples in the part, that there were none, and nothing else. */
function said({ silent, values }) {
  if (!silent) return values;
  return Object.fromEntries(Object.entries(values).filter(([name]) => COUNTS.has(name)));
}

const COUNTS = new Set(["count", "passes", "fails"]);

/** A cell of a formula begins so in spreadsheets; CSV injection, https://owasp.org/www-community/attacks/CSV_Injection. */
const FORMULA = /^[=+\-@\t\r]/;

/** A cell after RFC 4180. Text that a spreadsheet would take for a formula gets a `'` in front. */
export function csvCell(value) {
  if (value === null || value === undefined) return "";
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  const text = FORMULA.test(value) ? "'" + value : value;
  return /[",\r\n]/.test(text) ? `"${text.replace(/"/g, '""')}"` : text;
}

/** What every row has, whatever it is of. */
const HEAD = ["table", "name", "detail", "type", "unit"];

/** Figures in the order of their columns; further ones, percentiles that a threshold asks for, stand behind. */
const FIGURES = [
  ...["count", "rate", "failed", "passes", "fails", "value", "sum", "time", "avg", "min", "med", "max"],
  ...["p(90)", "p(95)", "p(99)", "p(99.9)"],
  ...["observed", "ok", "first", "last", "firstFailed", "lastFailed", "missed", "names"],
];

/** Requests say it shorter than metrics do. */
const LONG_NAMES = { p90: "p(90)", p95: "p(95)", p99: "p(99)" };

const UNITS = { time: "ms", data: "bytes" };

/**
 * The summary as CSV: a row for each metric, request, status, check, threshold, and for each metric of a group or
 * scenario; a column for each figure. `detail` is the request's method (and `setup` or `teardown`), the status and error code, the check's
 * group, the threshold's expression or the metric of a group or scenario; `unit` that of values and percentiles, of which rates are
 * per second. Moments are Unix ms.
 *
 * @param {Summary} summary
 */
export function toCsv(summary) {
  /** @type {Record<string, any>[]} */
  const rows = [];
  const add = (table, name, detail, { type = "", unit = "" }, figures) => {
    const named = Object.entries(figures).filter(
      ([figure, value]) => figure !== "key" && typeof value !== "object",
    );
    const row = { table, name, detail, type, unit };
    for (const [figure, value] of named) row[LONG_NAMES[figure] ?? figure] = value;
    rows.push(row);
  };
  const metric = (table, owner, name, /** @type {any} */ { type, contains, ...meta }) =>
    add(table, owner ?? name, owner === null ? "" : name, { type, unit: UNITS[contains] }, said(meta));
  for (const [name, meta] of Object.entries(summary.metrics)) metric("metrics", null, name, meta);
  for (const { metric: name, expression, observed, passes, firstFailed } of summary.thresholds) {
    const unit = UNITS[summary.metrics[name]?.contains ?? ""];
    const { type } = summary.metrics[name] ?? {};
    add("thresholds", name, expression, { type, unit }, { observed, ok: passes, firstFailed });
  }
  for (const row of summary.requests) {
    const [method, name, ...phase] = row.key.length > 1 ? row.key : ["", row.key[0]];
    add("requests", name, [method, ...phase].join(" "), { unit: "ms" }, row);
  }
  for (const row of summary.statuses) {
    add("statuses", row.key.slice(0, 2).join(" "), row.key.slice(2).join(" "), {}, row);
  }
  for (const row of summary.checks) add("checks", row.key.at(-1), row.key.slice(0, -1).join(" "), {}, row);
  for (const table of ["groups", "scenarios"]) {
    for (const row of summary[table]) {
      for (const [name, values] of Object.entries(row.metrics)) {
        const { type, contains } = summary.metrics[name] ?? {};
        metric(table, row.key[0], name, { type, contains, values });
      }
    }
  }
  const there = new Set(rows.flatMap((row) => Object.keys(row)));
  const further = [...there].filter((name) => !HEAD.includes(name) && !FIGURES.includes(name)).sort();
  const columns = [...HEAD, ...FIGURES.filter((name) => there.has(name)), ...further];
  const lines = [columns, ...rows.map((row) => columns.map((column) => row[column]))];
  return lines.map((cells) => cells.map(csvCell).join(",")).join("\r\n") + "\r\n";
}
