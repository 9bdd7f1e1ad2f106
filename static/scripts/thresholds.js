/** Reads thresholds: their expressions, margins, and what they say together. Pure. */

import { format, unitOf } from "./format.js";
import { splitName } from "./model.js";

/**
 * An expression's parts, `{aggregate, operator, limit}`, or null for what is not a comparison with a
 * number. Syntax: https://grafana.com/docs/k6/latest/using-k6/thresholds/
 */
export function parseExpression(expression) {
  const match = /^\s*(.+?)\s*(<=|>=|===|==|!=|<|>)\s*([-+]?[\d.]+(?:[eE][-+]?\d+)?)\s*$/.exec(expression);
  if (!match) return null;
  const limit = Number(match[3]);
  return Number.isFinite(limit) ? { aggregate: match[1], operator: match[2], limit } : null;
}

/** An expression for people, its limit in the metric's unit: `p(95) < 400 ms`. */
export function sayExpression(expression, meta) {
  const parsed = parseExpression(expression);
  if (!parsed) return expression;
  const { aggregate, operator, limit } = parsed;
  return `${aggregate} ${operator} ${format(limit, unitOf(meta, aggregate), { trim: true })}`;
}

/** How far the observed value is on the good side, as a share of the limit; null where that means nothing. */
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

/** What a submetric's type and unit are: its own, or else its metric's. */
export function metaOf(run, name) {
  return run.metrics.get(name) ?? run.metrics.get(splitName(name).metric);
}

/** `{pass, fail, noData, total}`. */
export function tally(thresholds) {
  const fail = thresholds.filter((t) => t.passes === false).length;
  const noData = thresholds.filter((t) => t.passes === null).length;
  return { fail, noData, pass: thresholds.length - fail - noData, total: thresholds.length };
}

/** Whether the server knows which thresholds the test has. */
export function thresholdsKnown(run) {
  if (run.thresholds.length > 0) return true;
  return run.health?.thresholdsKnown ?? run.param.thresholdsKnown ?? false;
}

/**
 * Limits that a chart of these series draws: one for every threshold of one of its metrics whose
 * aggregate it shows, on the left axis: beside two axes a limit would not say whose it is. Seconds since the run's start for `crossed`.
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
        label: sayExpression(threshold.expression, metaOf(run, threshold.metric)),
        fails: threshold.passes === false,
        side: sideOf(parsed.operator),
        crossed:
          threshold.firstFailed === null || run.start === null
            ? null
            : (threshold.firstFailed - run.start) / 1000,
      },
    ];
  });
}
