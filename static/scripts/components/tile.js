/** One of the six figures that decide: the figure, whether it passes, its limit, its shape. */

import { format, NOTHING, unitOf } from "../format.js";
import { html } from "../html.js";
import { column, latest, peak, total } from "../model.js";
import { parseExpression } from "../thresholds.js";
import { Sign } from "./parts.js";
import { Sparkline } from "./sparkline.js";

export function Tile({ run, tile }) {
  const meta = run.metrics.get(tile.metric);
  const value = tile.now ? latest(run, tile.metric, tile.figure) : total(run, tile.metric, tile.figure);
  const limits = run.thresholds
    .filter((t) => t.metric === tile.metric)
    .map((t) => ({ ...t, parsed: parseExpression(t.expression) }))
    .filter((t) => t.parsed && (t.parsed.aggregate === tile.figure || t.parsed.aggregate === tile.aside));
  const decisive = limits.find((t) => t.passes === false) ?? limits[0];
  return html`<div class="tile card">
    <div class="tile-head">
      <h3>${tile.title}</h3>
      ${decisive && html`<${Verdict} limit=${decisive} />`}
    </div>
    <p class="figure">${format(value, unitOf(meta, tile.figure))}</p>
    <div class="tile-foot">
      <span class="caption">${meta ? aside(run, tile, meta, decisive) : "no data"}</span>
      <${Sparkline} values=${column(run, tile.metric, tile.trend)} color=${tile.color} />
    </div>
  </div>`;
}

function Verdict({ limit }) {
  if (limit.passes === null) return html`<${Sign} state="none">no data<//>`;
  if (limit.passes) return html`<${Sign} state="good"><span class="unseen">passes</span><//>`;
  return html`<${Sign} state="bad">${limit.parsed.operator.startsWith(">") ? "under" : "over"}<//>`;
}

function aside(run, tile, meta, decisive) {
  if (tile.aside) return format(total(run, tile.metric, tile.aside), unitOf(meta, tile.aside));
  if (tile.now) return `peak ${format(peak(run, tile.metric, tile.trend), unitOf(meta, tile.figure))}`;
  if (decisive) {
    return `limit ${format(decisive.parsed.limit, unitOf(meta, decisive.parsed.aggregate), { trim: true })}`;
  }
  const now = latest(run, tile.metric, tile.trend);
  return now === null ? NOTHING : `now ${format(now, unitOf(meta, tile.trend))}`;
}
