/** Reads thresholds: their expressions, margins, and what they say together. Pure. */

import { format, unitOf } from "./format.js";
import { splitName } from "./run.js";

/** @import { Metric, Run, Series, State, Threshold } from "../types.js" */

/** States always come as sign, word and colour together. */
export const SIGNS = { good: "✓", warning: "!", bad: "✗", none: "∅", open: "○", unknown: "?", info: "i" };

const AGGREGATE = /^(?:count|rate|value|avg|min|med|max|p\(\s*([-+.\deE]+)\s*\))$/;

/**
 * An expression's parts, `{aggregate, operator, limit}`, or null for what is not a comparison of an
 * aggregate with a number. Syntax: https://grafana.com/docs/k6/latest/using-k6/thresholds/
 *
 * @param {string} expression
 */
export function parseExpression(expression) {
  const match = /^\s*(.+?)\s*(<=|>=|===|==|!=|<|>)\s*([-+]?[\d.]+(?:[eE][-+]?\d+)?)\s*$/.exec(expression);
  if (!match) return null;
  const limit = Number(match[3]);
  const aggregate = aggregateOf(match[1]);
  if (aggregate === null || !Number.isFinite(limit)) return null;
  return { aggregate, operator: match[2] === "===" ? "==" : match[2], limit };
}

/** An aggregate as the events write it, or null for what is none: `p( 95.0 )` is `p(95)`. */
function aggregateOf(text) {
  const match = AGGREGATE.exec(text);
  if (!match || match[1] === undefined) return match && text;
  const rank = Number(match[1]);
  return rank >= 0 && rank <= 100 ? `p(${rank})` : null;
}

/**
 * An expression for people, its limit in the metric's unit: `p(95) < 400 ms`.
 *
 * @param {string} expression
 * @param {Metric | undefined} meta
 */
export function formatExpression(expression, meta) {
  const parsed = parseExpression(expression);
  if (!parsed) return expression;
  const { aggregate, operator, limit } = parsed;
  return `${aggregate} ${operator} ${format(limit, unitOf(meta, aggregate), { trim: true })}`;
}

/**
 * How far the observed value is on the good side, as a share of the limit; null where that means nothing.
 *
 * @param {string} expression
 */
export function margin(expression, observed) {
  const parsed = parseExpression(expression);
  if (!parsed || observed === null || parsed.limit === 0) return null;
  const distance = (parsed.limit - observed) / Math.abs(parsed.limit);
  if (parsed.operator.startsWith("<")) return distance;
  return parsed.operator.startsWith(">") ? -distance : null;
}

/** Where values that fail lie: `over` or `under` the limit, or `off` it. */
export function sideOf(operator) {
  if (operator.startsWith("<")) return "over";
  return operator.startsWith(">") ? "under" : "off";
}

/**
 * What a submetric's type and unit are: its own, or else its metric's.
 *
 * @param {Run} run
 * @param {string} name
 */
export function metaOf(run, name) {
  return run.metrics.get(name) ?? run.metrics.get(splitName(name).metric);
}

/**
 * `{pass, fail, unknown, untold, noData, total}`; `unknown` are those on metrics of unknown type, `untold` those on
 * figures that nobody told.
 *
 * @param {Threshold[]} thresholds
 */
export function tally(thresholds) {
  const fail = thresholds.filter((t) => t.passes === false).length;
  const unknown = thresholds.filter((t) => t.unknown).length;
  const untold = thresholds.filter((t) => t.untold).length;
  const noData = thresholds.filter((t) => t.passes === null).length - unknown - untold;
  const total = thresholds.length;
  return { fail, unknown, untold, noData, pass: total - fail - unknown - untold - noData, total };
}

/**
 * What thresholds say together, `{state, text}` as of a chip. Never good while any limit may be
 * missing (`known` is false) or the type of a metric is not known. The report's is in
 * `report/src/limits.rs`; `tests/threshold-vectors.json` holds both to the same.
 *
 * @param {Threshold[]} thresholds
 */
export function verdict(thresholds, known) {
  const { pass, fail, unknown, untold, noData, total } = tally(thresholds);
  const all = `${total} ${total === 1 ? "threshold" : "thresholds"}`;
  const fails = total === 1 ? "fails" : "fail";
  if (total === 0) return { state: "none", text: known ? "no thresholds" : "thresholds not known" };
  if (fail > 0)
    return { state: "bad", text: known ? `${fail} of ${all} ${fails}` : `${fail} of ? thresholds fail` };
  if (!known) return { state: "warning", text: `thresholds: ${total} of ? known` };
  if (unknown > 0) return { state: "warning", text: `type not known for ${unknown} of ${all}` };
  if (untold > 0) return { state: "warning", text: `figure not known for ${untold} of ${all}` };
  if (noData === total) return { state: "none", text: `no data for ${all}` };
  if (noData > 0) return { state: "warning", text: `${pass} of ${all} pass` };
  return { state: "good", text: `${all} ${total === 1 ? "passes" : "pass"}` };
}

/**
 * Whether all limits of a run are known, and the types that they want: until then none of them is green.
 *
 * @param {Threshold[]} thresholds
 */
export function allKnown(thresholds, known) {
  return known && !thresholds.some((t) => t.unknown);
}

/**
 * `allKnown` of a run of the event stream.
 *
 * @param {Run} run
 */
export function isComplete(run) {
  return allKnown(run.thresholds, thresholdsKnown(run));
}

/**
 * What one threshold comes to, `{state, word}` as of a chip; `complete` is `allKnown` of its run. One that
 * holds while others may be missing is `open`.
 *
 * @param {Pick<Threshold, "passes" | "unknown" | "untold">} threshold
 * @returns {{ state: State, word: string }}
 */
export function outcomeOf({ passes, unknown, untold }, complete) {
  if (unknown) return { state: "warning", word: "type not known" };
  if (untold) return { state: "unknown", word: "not known" };
  if (passes === null) return { state: "none", word: "no data" };
  if (!passes) return { state: "bad", word: "fail" };
  return { state: complete ? "good" : "open", word: "pass" };
}

/**
 * Whether the server knows all thresholds of the test, those of submetrics too; of those that do not count by
 * the test's objectives nobody misses any.
 *
 * @param {Run} run
 */
export function thresholdsKnown(run) {
  if (run.verdict?.thresholdsIgnored) return true;
  return run.health?.thresholdsKnown ?? run.param.thresholdsKnown ?? false;
}

/**
 * Metrics that were measured and of unknown type, `{name, types}`; `metrics` are pairs of name
 * and meta. Of submetrics their metric speaks.
 */
export function untyped(metrics) {
  return [...metrics]
    .filter(([name, meta]) => meta.unknown && splitName(name).selector === null)
    .map(([name, meta]) => ({ name, types: meta.unknown }));
}

/**
 * The command that declares them, to be completed: one of the words each has to stay, for the server
 * refuses it as it is. Names of metrics and tests hold nothing that a shell would take apart.
 */
export function declareCommand(root, test, list) {
  const types = Object.fromEntries(list.map(({ name, types: words }) => [name, words.join("|")]));
  return `curl -X PUT ${root}tests/${encodeURIComponent(test)}/metrics -d '${JSON.stringify(types)}'`;
}

/**
 * Limits that a chart of these series draws: one for every threshold of one of its metrics whose
 * aggregate it shows, on the left axis: beside two axes a limit would not say whose it is. Seconds since the run's start for `crossed`.
 *
 * @param {Run} run
 * @param {Series[]} series
 */
export function limitsFor(run, series) {
  return run.thresholds.flatMap((threshold) => {
    const parsed = parseExpression(threshold.expression);
    if (!parsed) return [];
    const drawn = series.find(
      (s) => s.metric === threshold.metric && s.aggregate === parsed.aggregate && !s.right,
    );
    if (!drawn) return [];
    return [
      {
        value: parsed.limit,
        label: formatExpression(threshold.expression, metaOf(run, threshold.metric)),
        fails: threshold.passes === false,
        crossed:
          threshold.firstFailed === null || run.start === null
            ? null
            : (threshold.firstFailed - run.start) / 1000,
      },
    ];
  });
}
