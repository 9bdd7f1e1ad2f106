/** A column drawn small, without axes: its shape, not its figures. */

import { html } from "../html.js";

const WIDTH = 76;
const HEIGHT = 24;
const POINTS = 38;

export function Sparkline({ values, color }) {
  const points = condense(values.filter((v) => v !== null));
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

/** At most `POINTS` values, each the mean of its share. */
function condense(values) {
  if (values.length <= POINTS) return values;
  return Array.from({ length: POINTS }, (_, i) => {
    const part = values.slice(
      Math.floor((i * values.length) / POINTS),
      Math.floor(((i + 1) * values.length) / POINTS),
    );
    return part.reduce((sum, v) => sum + v, 0) / part.length;
  });
}
