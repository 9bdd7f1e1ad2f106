/** How a metric's values are distributed: a histogram, the percentile curve, and the tables behind both. */

import { curve, histogram, linearTicks, percentilePlace } from "../model/distribution.js";
import { format, plural, unitOf } from "../model/format.js";
import { html, useState } from "../html.js";
import { stampOf } from "../data/part.js";
import { usePolled } from "../data/poller.js";
import { Card } from "./parts.js";

/** @import { Props } from "../types.js" */

const WIDTH = 1000;
const HEIGHT = 200;
/** A live run's distribution changes slowly. */
const WAIT_MS = 5000;
const MARKS = [
  [50, "--series-1"],
  [95, "--series-2"],
  [99, "--series-6"],
];
const CURVE_TICKS = [0, 50, 90, 99, 99.9, 99.99];

/**
 * `metrics` are the trends to choose from, the one shown at first in front.
 *
 * @param {Props<"api" | "run">} props
 */
export function Distributions({ api, run, table, row, metrics }) {
  const [chosen, choose] = useState(null);
  const metric = metrics.includes(chosen) ? chosen : metrics[0];
  if (!metric) return null;
  const choice = html`<select
    class="select"
    aria-label="Metric of the distribution"
    value=${metric}
    onChange=${(event) => choose(event.target.value)}
  >
    ${metrics.map((name) => html`<option key=${name} value=${name}>${name}</option>`)}
  </select>`;
  return html`<${Distribution}
    key=${`${metric} ${run.place ?? ""}`}
    api=${api}
    run=${run}
    table=${table}
    row=${row}
    metric=${metric}
    choice=${metrics.length > 1 ? choice : null}
  />`;
}

/** @param {Props<"api" | "run">} props */
function Distribution({ api, run, table, row, metric, choice }) {
  const [asTable, setAsTable] = useState(false);
  const part = run.part?.zoom ?? null;
  const load = () => api.distribution(run.id, { table, key: row, metric, part });
  const stamp = run.stop ?? (run.current ? run.times.length : 0);
  const { value, problem, retry } = usePolled(load, part ? stampOf(run, part) : stamp, WAIT_MS);
  const unit = unitOf({ type: "trend", contains: value?.contains ?? run.metrics.get(metric)?.contains });
  return html`<${Card}
    id="distribution"
    title="Distribution"
    caption=${value ? [plural(value.count, "value"), run.place].filter(Boolean).join(" · ") : ""}
    actions=${html`${choice}
      <button
        type="button"
        class="button button-quiet"
        aria-pressed=${asTable}
        aria-label="Distribution as a table"
        onClick=${() => setAsTable(!asTable)}
      >
        Table
      </button>`}
  >
    ${problem && html`<${Problem} what="distribution" problem=${problem} retry=${retry} />`}
    ${
      value &&
      (value.count === 0
        ? html`<p class="nothing">No values.</p>`
        : asTable
          ? html`<${Tables} value=${value} unit=${unit} />`
          : html`<div class="distribution">
              <${Histogram} value=${value} unit=${unit} />
              <${Curve} value=${value} unit=${unit} />
            </div>`)
    }
    ${!value && !problem && html`<div class="distribution-wait"><p class="nothing">Loading…</p></div>`}
  <//>`;
}

export function Problem({ what, problem, retry }) {
  return html`<p class="problem" role="alert">
    <span><span class="bad">The ${what} did not come:</span> ${problem}</span>
    <button type="button" class="button" onClick=${retry}>Try again</button>
  </p>`;
}

const percent = (share) => `${share * 100}%`;
const span = (bar, unit) =>
  `${format(bar.from, unit, { trim: true })} to ${format(bar.to, unit, { trim: true })}`;

function Histogram({ value, unit }) {
  const [at, setAt] = useState(null);
  const { scale, zero, bars } = histogram(value);
  if (!scale) return html`<p class="nothing">All ${plural(zero, "value")} are zero.</p>`;
  const top = Math.max(...bars.map((bar) => bar.count));
  const marks = MARKS.map(([percentile, color]) => ({
    percentile,
    color,
    value: value.percentiles.find(([p]) => p === percentile)?.[1] ?? null,
  })).filter((mark) => mark.value !== null);
  const chosen = at === null ? null : bars[Math.min(at, bars.length - 1)];
  const valueText = chosen
    ? `${span(chosen, unit)}: about ${format(Math.round(chosen.count), "count")}, ${format(chosen.count / value.count, "ratio")}`
    : `${format(value.min, unit)} to ${format(value.max, unit)}`;

  return html`<figure class="plot">
    <figcaption class="caption">
      Histogram, logarithmic axis${zero > 0 ? ` · ${format(zero, "count")} of zero` : ""}
    </figcaption>
    <${PlotArea}
      label="Histogram, bar"
      count=${bars.length}
      at=${at}
      setAt=${setAt}
      find=${(share) => Math.floor(share * bars.length)}
      rest=${0}
      valueText=${valueText}
    >
      <svg viewBox=${`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" aria-hidden="true">
        ${bars.map((bar, i) => {
          const height = (bar.count / top) * (HEIGHT - 8);
          return html`<rect
            key=${i}
            class=${bar === chosen ? "histogram-bar chosen" : "histogram-bar"}
            x=${(i * WIDTH) / bars.length + 1}
            width=${WIDTH / bars.length - 2}
            y=${HEIGHT - height}
            height=${bar.count > 0 ? Math.max(2, height) : 0}
          />`;
        })}
      </svg>
      ${marks.map(
        (mark) =>
          html`<span
            key=${mark.percentile}
            class="plot-mark"
            aria-hidden="true"
            style=${{
              left: percent(Math.min(1, Math.max(0, scale.place(mark.value)))),
              color: `var(${mark.color})`,
            }}
          ></span>`,
      )}
    <//>
    <${Axis} ticks=${scale.ticks.map((tick) => [scale.place(tick), format(tick, unit, { trim: true })])} />
    <div class="legend plot-legend">
      ${marks.map(
        (mark) =>
          html`<span key=${mark.percentile} class="legend-fixed">
            <span class="swatch" style=${{ color: `var(${mark.color})` }}></span>p${mark.percentile}${" "}
            <b>${format(mark.value, unit)}</b>
          </span>`,
      )}
      <span class="legend-time">${valueText}</span>
    </div>
  </figure>`;
}

function Curve({ value, unit }) {
  const [at, setAt] = useState(null);
  const points = curve(value);
  if (points.length < 2) return null;
  const low = Math.min(0, points[0].value);
  const high = Math.max(...points.map((point) => point.value)) || 1;
  const top = low + (high - low) * 1.06;
  const deepest = points.at(-1).percentile;
  const x = (point) => percentilePlace(point.percentile, deepest);
  const y = (v) => 1 - (v - low) / (top - low);
  const chosen = at === null ? points.at(-1) : points[Math.min(at, points.length - 1)];
  const line = points
    .map((point) => `${(x(point) * WIDTH).toFixed(1)},${(y(point.value) * HEIGHT).toFixed(1)}`)
    .join(" ");
  const valueText = `${formatPercentile(chosen.percentile)} ${format(chosen.value, unit)}`;
  const levels = linearTicks(low, high);

  const nearest = (share) => {
    const distances = points.map((point) => Math.abs(x(point) - share));
    return distances.indexOf(Math.min(...distances));
  };

  return html`<figure class="plot plot-curve">
    <figcaption class="caption">Percentiles</figcaption>
    <${PlotArea}
      label="Percentile curve, point"
      count=${points.length}
      at=${at}
      setAt=${setAt}
      find=${nearest}
      rest=${points.length - 1}
      valueText=${valueText}
    >
      <svg viewBox=${`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" aria-hidden="true">
        ${levels.map(
          (level) =>
            html`<line
              key=${level}
              class="plot-grid"
              x1="0"
              x2=${WIDTH}
              y1=${y(level) * HEIGHT}
              y2=${y(level) * HEIGHT}
            />`,
        )}
        <polyline class="percentile-curve" points=${line} />
      </svg>
      ${levels.map(
        (level) =>
          html`<span key=${level} class="plot-level" aria-hidden="true" style=${{ top: percent(y(level)) }}
            >${format(level, unit, { trim: true })}</span
          >`,
      )}
      ${points.map(
        (point) =>
          html`<span
            key=${point.percentile}
            class=${point === chosen && at !== null ? "plot-point chosen" : "plot-point"}
            aria-hidden="true"
            style=${{ left: percent(x(point)), top: percent(y(point.value)) }}
          ></span>`,
      )}
    <//>
    <${Axis}
      ticks=${CURVE_TICKS.filter((tick) => tick <= deepest).map((tick) => [percentilePlace(tick, deepest), formatPercentile(tick)])}
    />
    <div class="legend plot-legend"><span class="legend-time">${valueText}</span></div>
  </figure>`;
}

/**
 * A drawing of `count` things, of which the pointer or the keys choose one: `find(share)` says which
 * lies at a share of the width. `rest` is the one that is announced when none is chosen.
 */
function PlotArea({ label, count, at, setAt, find, rest, valueText, children }) {
  const choose = (index) => setAt(Math.min(count - 1, Math.max(0, index)));

  function moved(event) {
    const box = event.currentTarget.getBoundingClientRect();
    choose(find((event.clientX - box.left) / box.width));
  }

  function pressed(event) {
    // At rest the first arrow enters: to the right at `rest`, to the left before it.
    const left = at === null ? (rest - 1 + count) % count : at - 1;
    const right = at === null ? rest : at + 1;
    const next = {
      ArrowLeft: left,
      ArrowDown: left,
      ArrowRight: right,
      ArrowUp: right,
      Home: 0,
      End: count - 1,
    }[event.key];
    if (next === undefined) return;
    event.preventDefault();
    choose(next);
  }

  return html`<div
    class="plot-area"
    role="slider"
    tabindex="0"
    aria-label=${label}
    aria-valuemin="0"
    aria-valuemax=${count - 1}
    aria-valuenow=${at ?? rest}
    aria-valuetext=${valueText}
    onPointerMove=${moved}
    onPointerLeave=${() => setAt(null)}
    onKeyDown=${pressed}
    onBlur=${() => setAt(null)}
  >
    ${children}
  </div>`;
}

/** `ticks` are `[place, text]`; those that would touch the one before are left out. */
function Axis({ ticks }) {
  const shown = [];
  for (const [place, text] of ticks) {
    if (shown.length === 0 || place - shown.at(-1)[0] > (place > 0.95 ? 0.2 : 0.14))
      shown.push([place, text]);
  }
  return html`<div class="plot-axis" aria-hidden="true">
    ${shown.map(
      ([place, text]) =>
        html`<span
          key=${text}
          class=${place > 0.95 ? "at-end" : place < 0.05 ? "at-start" : ""}
          style=${{ left: percent(place) }}
          >${text}</span
        >`,
    )}
  </div>`;
}

function Tables({ value, unit }) {
  const { scale, zero, bars } = histogram(value, 24);
  const rows = scale ? bars.filter((bar) => bar.count >= 0.5) : [];
  return html`<div class="distribution">
    <div class="table-scroll chart-table" tabindex="0" role="region" aria-label="Histogram, data">
      <table>
        <thead>
          <tr>
            <th scope="col" class="left">From</th>
            <th scope="col">To</th>
            <th scope="col">About</th>
            <th scope="col">Share</th>
          </tr>
        </thead>
        <tbody>
          ${
            zero > 0 &&
            html`<tr>
              <th scope="row" class="left">${format(0, unit)}</th>
              <td>${format(0, unit)}</td>
              <td>${format(zero, "count")}</td>
              <td>${format(zero / value.count, "ratio")}</td>
            </tr>`
          }
          ${rows.map(
            (bar) =>
              html`<tr key=${bar.from}>
                <th scope="row" class="left">${format(bar.from, unit)}</th>
                <td>${format(bar.to, unit)}</td>
                <td>${format(Math.round(bar.count), "count")}</td>
                <td>${format(bar.count / value.count, "ratio")}</td>
              </tr>`,
          )}
        </tbody>
      </table>
    </div>
    <div class="table-scroll chart-table" tabindex="0" role="region" aria-label="Percentiles, data">
      <table>
        <thead>
          <tr>
            <th scope="col" class="left">Percentile</th>
            <th scope="col">Value</th>
          </tr>
        </thead>
        <tbody>
          ${value.percentiles.map(
            ([percentile, figure]) =>
              html`<tr key=${percentile}>
                <th scope="row" class="left">${formatPercentile(percentile)}</th>
                <td>${format(figure, unit)}</td>
              </tr>`,
          )}
        </tbody>
      </table>
    </div>
  </div>`;
}

function formatPercentile(percentile) {
  if (percentile === 0) return "min";
  return percentile === 100 ? "max" : `p${percentile}`;
}
