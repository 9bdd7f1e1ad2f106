/** A column drawn small, without axes: its shape, not its figures. */

import { html } from "../html.js";

const WIDTH = 76;
const HEIGHT = 24;
const POINTS = 38;

export function Sparkline({ values, color }) {
  const points = condense(values);
  if (points.length < 2)
    return html`<svg class="sparkline" viewBox=${`0 0 ${WIDTH} ${HEIGHT}`} aria-hidden="true"></svg>`;
  const low = Math.min(0, ...points);
  const high = Math.max(...points);
  const range = high - low || 1;
  const line = points
    .map(
      (v, i) =>
        `${((i * WIDTH) / (points.length - 1)).toFixed(1)},${(HEIGHT - 1 - ((v - low) / range) * (HEIGHT - 3)).toFixed(1)}`,
    )
    .join(" ");
  return html`<svg
    class="sparkline"
    viewBox=${`0 0 ${WIDTH} ${HEIGHT}`}
    preserveAspectRatio="none"
    aria-hidden="true"
    style=${{ color: `var(${color})` }}
  >
    <polygon points=${`0,${HEIGHT} ${line} ${WIDTH},${HEIGHT}`} />
    <polyline points=${line} />
  </svg>`;
}

/** At most `POINTS` values, each the mean of its share of the time; shares without any are left out. */
export function condense(values) {
  const means = [];
  const share = Math.max(1, values.length / POINTS);
  for (let from = 0, n = 1; from < values.length; n += 1) {
    const to = Math.min(values.length, Math.round(n * share));
    let sum = 0;
    let count = 0;
    for (let i = from; i < to; i += 1) {
      if (values[i] === null) continue;
      sum += values[i];
      count += 1;
    }
    if (count > 0) means.push(sum / count);
    from = to;
  }
  return means;
}
