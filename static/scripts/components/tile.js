/** A figure that decides: the figure, whether it passes, its limit, its shape. */

import { format, NOTHING, unitOf } from "../model/format.js";
import { html } from "../html.js";
import { useWindows } from "../data/merged.js";
import { isReplaying, latest, peak, total, wholeRun } from "../model/run.js";
import { NO_SAMPLES, placesIn } from "../model/part.js";
import { isComplete, outcomeOf, parseExpression, sideOf } from "../model/thresholds.js";
import { bandOf } from "../model/bands.js";
import { figureOf, SAYS } from "../model/compare.js";
import { drawnColumn } from "../model/windows.js";
import { Heading, Sign } from "./parts.js";
import { Sparkline } from "./sparkline.js";

/** @import { Comparison, Props, Run } from "../types.js" */

/**
 * `panel` is a `stat` as `panels.js` resolves it: its first series is the figure, its second the aside.
 * `comparison` is with the baseline, where there is one.
 *
 * @param {Props<"run" | "panel"> & { comparison?: Comparison | null }} props
 */
export function Tile({ run, panel, comparison = null }) {
  const [figure, aside] = panel.series;
  const trend = panel.series[panel.series.length - 1];
  const meta = run.metrics.get(figure.metric);
  const now = meta?.type === "gauge";
  // A part of a run is something whole, too.
  const over = run.stop !== null || Boolean(run.place);
  const read = over
    ? (wholeRun(run, figure.metric, figure.aggregate) ?? null)
    : (now ? latest : total)(run, figure.metric, figure.aggregate);
  const { windows } = useWindows(run, [trend]);
  const [from, to] = placesIn(windows.times, run.part ?? null);
  const limits = run.thresholds
    .filter((t) => t.metric === figure.metric)
    .flatMap((t) => {
      const parsed = parseExpression(t.expression);
      return parsed ? [{ ...t, parsed }] : [];
    })
    .filter((t) => panel.series.some((s) => s.aggregate === t.parsed.aggregate));
  const decisive = limits.find((t) => t.passes === false) ?? limits[0];
  return html`<div class="tile card">
    <div class="tile-head">
      <${Heading} title=${panel.title}><bdi>${panel.title}</bdi><//>
      ${
        decisive
          ? html`<${Verdict} limit=${decisive} complete=${isComplete(run)} />`
          : meta?.unknown
            ? html`<${Sign} state="warning">type not known<//>`
            : panel.bands && read !== null && html`<${Band} bands=${panel.bands} figure=${read} />`
      }
    </div>
    <p class="figure">${format(read, panel.unit)}</p>
    <${Delta}
      row=${
        // Of a sum, its rate is compared.
        figureOf(comparison, figure.metric, figure.aggregate) ?? figureOf(comparison, figure.metric, "rate")
      }
    />
    <div class="tile-foot">
      <span class="caption"
        >${meta ? footText(run, { panel, figure, aside, now, meta, decisive, read }) : isReplaying(run) ? "loading" : "no data"}</span
      >
      <${Sparkline}
        values=${drawnColumn(run, windows, trend.metric, trend.aggregate).slice(from, to)}
        color=${trend.color}
      />
    </div>
  </div>`;
}

/** What a figure of the web vitals is called (<https://web.dev/articles/vitals>), which is meant of the p75. */
function Band({ bands, figure }) {
  const { state, word } = bandOf(bands, figure);
  return html`<span title=${`${word}, by the bands that web.dev gives for the 75th percentile`}
    ><${Sign} state=${state}>${word}<//></span
  >`;
}

/** What became of the figure since the baseline. */
function Delta({ row }) {
  if (row === null || row.says === "shown" || row.difference === null) return null;
  const { state, word } = SAYS[row.says];
  if (row.says === "none") {
    return html`<p class="tile-delta caption" title="against the baseline">
      ≈ baseline<span class="unseen">, ${word}</span>, ${row.text}
    </p>`;
  }
  const said = html`${word}${row.says === "unlike" || row.says === "little" ? "" : `, ${row.text}`}`;
  return html`<p class="tile-delta caption" title="against the baseline">
    ${state ? html`<${Sign} state=${state}>${said}<//>` : said}<span class="unseen">
      against the baseline</span
    >
  </p>`;
}

function Verdict({ limit, complete }) {
  const { state, word } = outcomeOf(limit, complete);
  if (limit.passes) return html`<${Sign} state=${state}><span class="unseen">passes</span><//>`;
  return html`<${Sign} state=${state}>${state === "bad" ? sideOf(limit.parsed.operator) : word}<//>`;
}

/** @param {Run} run */
function footText(run, { panel, figure, aside, now, meta, decisive, read }) {
  if (isReplaying(run)) return "loading";
  const over = run.stop !== null || Boolean(run.place);
  if (run.place && read === null) return NO_SAMPLES;
  if (aside) {
    if (over) return format(wholeRun(run, aside.metric, aside.aggregate) ?? null, aside.unit);
    const asideNow = run.metrics.get(aside.metric)?.type === "gauge";
    return format((asideNow ? latest : total)(run, aside.metric, aside.aggregate), aside.unit);
  }
  if (now && over) return "peak";
  if (now) return `peak ${format(peak(run, figure.metric, figure.aggregate), panel.unit)}`;
  if (decisive) {
    return `limit ${format(decisive.parsed.limit, unitOf(meta, decisive.parsed.aggregate), { trim: true })}`;
  }
  if (over) return run.place ?? "whole run";
  const value = latest(run, figure.metric, figure.aggregate);
  return value === null ? NOTHING : `now ${format(value, panel.unit)}`;
}
