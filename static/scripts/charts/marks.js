/** What stands on a chart beside its series: limits with their expressions, and bands of good and poor. */

import { clock } from "../model/format.js";

/** @import { Limit } from "../types.js" */

/**
 * Dotted lines with their expressions, and a mark where each was first crossed; limits beyond the axis
 * are named at its end. `limits` as `limitsFor` gives them.
 *
 * @param {Limit[]} limits
 */
export function drawLimits(u, limits, theme) {
  const { ctx, bbox } = u;
  const ratio = devicePixelRatio;
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top - 16 * ratio, bbox.width, bbox.height + 16 * ratio);
  ctx.clip();
  ctx.font = font(theme, ratio);
  ctx.textAlign = "right";
  ctx.textBaseline = "bottom";
  const right = bbox.left + bbox.width;
  const color = (fails) => (fails ? theme.bad : theme.caption);
  const beyond = limits.filter(({ value }) => value > u.scales.y.max);
  if (beyond.length > 0) {
    const text = beyond.map((limit) => `${limit.label} ↑`).join(", ");
    const fails = beyond.some((limit) => limit.fails);
    write(ctx, text, right - 4 * ratio, bbox.top - 3 * ratio, color(fails), theme, ratio);
  }
  let lastLabel = beyond.length > 0 ? bbox.top : -Infinity;
  // From the topmost down: the label of one that is close below another goes below its line.
  for (const limit of limits.filter((l) => !beyond.includes(l)).sort((a, b) => b.value - a.value)) {
    const y = Math.round(u.valToPos(limit.value, "y", true));
    ctx.strokeStyle = color(limit.fails);
    ctx.lineWidth = 1.25 * ratio;
    ctx.setLineDash([1.5 * ratio, 3 * ratio]);
    ctx.beginPath();
    ctx.moveTo(bbox.left, y);
    ctx.lineTo(right, y);
    ctx.stroke();
    ctx.setLineDash([]);
    const since =
      limit.fails && limit.crossed !== null ? ` · first failed at ${clock(limit.crossed * 1000)}` : "";
    const below = y - lastLabel < 16 * ratio;
    lastLabel = below ? y + 16 * ratio : y;
    write(
      ctx,
      limit.label + since,
      right - 4 * ratio,
      below ? y + 16 * ratio : y - 3 * ratio,
      color(limit.fails),
      theme,
      ratio,
    );
    if (limit.crossed !== null) markCrossing(u, limit.crossed, y, color(limit.fails), theme, ratio);
  }
  ctx.restore();
}

/**
 * Quiet zones behind the series: up to `bands.good` is good, above `bands.poor` is poor, between needs
 * improvement.
 */
export function drawBands(u, bands, theme) {
  const { ctx, bbox } = u;
  for (const { state, top, bottom } of zones(u, bands)) {
    ctx.fillStyle = theme[`${state}Zone`];
    ctx.fillRect(bbox.left, top, bbox.width, bottom - top);
  }
}

/** What the zones mean, on top of the series: colours alone do not say it. */
export function drawBandWords(u, bands, theme) {
  const { ctx, bbox } = u;
  const ratio = devicePixelRatio;
  ctx.save();
  ctx.font = font(theme, ratio);
  ctx.textAlign = "left";
  ctx.textBaseline = "top";
  for (const { word, state, top, bottom } of zones(u, bands)) {
    if (bottom - top < 15 * ratio) continue;
    write(ctx, word, bbox.left + 6 * ratio, top + 3 * ratio, theme[state], theme, ratio);
  }
  ctx.restore();
}

/** The zones that are in view, in pixels of the canvas. */
function zones(u, { good, poor }) {
  const { min, max } = u.scales.y;
  return [
    { from: min, to: good, word: "good", state: "good" },
    { from: good, to: poor, word: "needs improvement", state: "warning" },
    { from: poor, to: max, word: "poor", state: "bad" },
  ]
    .filter(({ from, to }) => from < max && to > min)
    .map((zone) => ({
      ...zone,
      top: u.valToPos(Math.min(zone.to, max), "y", true),
      bottom: u.valToPos(Math.max(zone.from, min), "y", true),
    }));
}

function font(theme, ratio) {
  return `600 ${11 * ratio}px ${theme.font.replace(/^11px /, "")}`;
}

/** Words with the surface's colour around them, to stay legible on lines. */
function write(ctx, text, x, y, color, theme, ratio) {
  ctx.lineWidth = 4 * ratio;
  ctx.lineJoin = "round";
  ctx.strokeStyle = theme.surface;
  ctx.strokeText(text, x, y);
  ctx.fillStyle = color;
  ctx.fillText(text, x, y);
}

function markCrossing(u, seconds, y, color, theme, ratio) {
  const { ctx } = u;
  const x = u.valToPos(seconds, "x", true);
  ctx.beginPath();
  ctx.arc(x, y, 4 * ratio, 0, 2 * Math.PI);
  ctx.fillStyle = color;
  ctx.fill();
  ctx.lineWidth = 1.5 * ratio;
  ctx.strokeStyle = theme.surface;
  ctx.stroke();
}
