/** What the runs of a test say together: verdicts, trends, thresholds × runs. Pure; items of `GET /runs?figures=1`. */

import { format, unitOf } from "./format.js";
import {
  allKnown,
  formatExpression,
  metaOf,
  outcomeOf,
  parseExpression,
  tally,
  verdict,
} from "./thresholds.js";

/** @import { Column, HeatRow, Run, RunItem, Unit } from "../types.js" */

/** The figures that are followed over runs, colours as in the other charts. */
export const TRENDS = [
  { figure: "p95", title: "Request duration p95", unit: "time", color: "--series-2" },
  { figure: "rate", title: "Requests per second", unit: "rate", color: "--series-1" },
  { figure: "failed", title: "Failed requests", unit: "ratio", color: "--bad" },
  { figure: "checks", title: "Checks passed", unit: "ratio", color: "--series-3" },
];

/**
 * What distinguishes a run from others of its test: its label, `run 14`, or its name.
 *
 * @param {RunItem} item
 */
export function runLabel({ id, test, label, name, number }) {
  if (label) return label;
  if (name) return name;
  if (number !== null && number !== undefined) return `run ${format(number, "count")}`;
  return id.slice(test.length + 1);
}

/**
 * What two runs' tags do not have alike, `{key, own, other}`, values as words; nothing of what is not known.
 *
 * @param {RunItem["tags"]} own
 * @param {RunItem["tags"]} other
 */
export function tagDifferences(own, other) {
  if (!own || !other) return [];
  const words = (values) => values?.join(", ") ?? "none";
  return [...new Set([...Object.keys(own), ...Object.keys(other)])]
    .sort()
    .map((key) => ({ key, own: words(own[key]), other: words(other[key]) }))
    .filter((tag) => tag.own !== tag.other);
}

/**
 * `{state, text}` of a run's thresholds; `state` as of a chip.
 *
 * @param {RunItem} item
 */
export function verdictOf(item) {
  const known = item.thresholdsKnown ?? true;
  const result = verdict(item.thresholds ?? [], known);
  if (!known || tally(item.thresholds ?? []).unknown > 0) return result;
  // In a column of thresholds there is no need to say so.
  return { ...result, text: result.state === "good" ? "pass" : result.text.replace(/ thresholds?(?= )/, "") };
}

/**
 * Worst first, for sorting: share of failing thresholds, then of those without data.
 *
 * @param {RunItem} item
 */
export function verdictRank(item) {
  const { fail, noData, unknown, untold, total } = tally(item.thresholds ?? []);
  return total === 0 ? null : fail + (noData + unknown + untold) / (total + 1);
}

/**
 * Of a list that is newest first; runs that began together keep their order.
 *
 * @param {RunItem[]} items
 */
export function oldestFirst(items) {
  return [...items].reverse().sort((a, b) => a.start - b.start);
}

/**
 * A newer list taken into the one that is known, newest first.
 *
 * @param {RunItem[]} known
 * @param {RunItem[]} list
 */
export function mergeRuns(known, list) {
  const fresh = new Set(list.map((item) => item.id));
  return [...list, ...known.filter((item) => !fresh.has(item.id))].sort((a, b) => b.start - a.start);
}

/**
 * A figure of every item, null where it has none.
 *
 * @param {RunItem[]} items
 */
export function figuresOf(items, figure) {
  return items.map((item) => item.figures?.[figure] ?? null);
}

/**
 * Rows `{metric, expression, cells}`; `cells` are parallel to `items`: the item's threshold, or null
 * where the run did not have it. In the order of the metrics' names.
 *
 * @param {RunItem[]} items
 */
export function thresholdsByRun(items) {
  const rows = new Map();
  items.forEach((item, i) => {
    for (const threshold of item.thresholds ?? []) {
      const { metric, expression } = threshold;
      const key = JSON.stringify([metric, expression]);
      if (!rows.has(key)) rows.set(key, { key, metric, expression, cells: items.map(() => null) });
      rows.get(key).cells[i] = threshold;
    }
  });
  return [...rows.values()].sort((a, b) => (a.metric < b.metric ? -1 : a.metric > b.metric ? 1 : 0));
}

/**
 * The same as `Heatmap` takes rows; `run` has the units.
 *
 * @param {Run} run
 * @param {RunItem[]} items
 * @returns {HeatRow[]}
 */
export function thresholdHeat(run, items) {
  const complete = items.map((item) => allKnown(item.thresholds ?? [], item.thresholdsKnown ?? false));
  return thresholdsByRun(items).map(({ key, metric, expression, cells }) => {
    const meta = metaOf(run, metric);
    const limit = formatExpression(expression, meta);
    const unit = unitOf(meta, parseExpression(expression)?.aggregate);
    return {
      key,
      name: metric,
      limit,
      hint: `${metric} ${expression}`,
      cells: cells.map((cell, i) => {
        if (cell === null) return null;
        const { state, word } = outcomeOf(cell, complete[i]);
        return {
          state,
          word: state === "open" ? `${word}, but limits of this run may be missing` : word,
          note: `${format(cell.observed, unit)} for ${limit}`,
        };
      }),
    };
  });
}

/**
 * The range of a trend's axis, `[low, high]`, and round steps inside it. From zero, but for shares
 * that are all high, whose differences would vanish.
 *
 * @param {Column} values
 * @param {Unit} unit
 */
export function trendAxis(values, unit) {
  const known = values.filter((value) => value !== null);
  const max = Math.max(...known, 0);
  const min = Math.min(...known);
  if (unit === "ratio" && known.length > 0 && min > 0.5) {
    const low = Math.min(0.9, Math.floor((2 * min - 1) * 10) / 10);
    return { low, high: 1, steps: [low, (1 + low) / 2, 1] };
  }
  if (max === 0) return { low: 0, high: 1, steps: [0] };
  const power = 10 ** Math.floor(Math.log10(max / 2));
  const step = ([1, 2, 2.5, 5].find((factor) => factor * power * 2 >= max) ?? 10) * power;
  return { low: 0, high: step * 2, steps: [0, step, step * 2] };
}
