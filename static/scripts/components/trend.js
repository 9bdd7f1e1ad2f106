/** A figure over the runs of a test, oldest to newest: each point leads to its run. */

import { format, NOTHING, plural } from "../model/format.js";
import { html, useLayoutEffect, useRef, useState } from "../html.js";
import { onPaper, PAPER_WIDTH, redrawForPaper } from "../charts/paper.js";
import { keptVerdict } from "../model/gate.js";
import { trendAxis } from "../model/runs.js";
import { onPlainClick } from "./link.js";
import { Card } from "./parts.js";

/** @import { Props } from "../types.js" */

const HEIGHT = 166;
const TOP = 16;
const BOTTOM = 24;
/** From the drawing's foot to the middle of the verdicts' marks, and how large these are at the most. */
const MARKS = 8;
const MARK = 4.5;
const LEFT = 56;
const RIGHT = 10;
/** With more points, large ones would run together. */
const MANY = 60;

/**
 * `items` are oldest first, `values` parallel to them. `nameOf(item)`, `hrefOf(item)` and `go(item)`
 * say what a point is called and where it leads; `shown` is the id of the run that is shown.
 *
 * @param {Props<"items">} props
 */
export function Trend({ trend, items, values, shown, nameOf, hrefOf, go }) {
  const { title, unit, color, figure } = trend;
  const [pointed, setPointed] = useState(null);
  const [asTable, setAsTable] = useState(false);
  const host = useRef(null);
  const width = useWidth(host);

  const current = items.findIndex((item) => item.id === shown);
  const rest = current >= 0 ? current : items.length - 1;
  const at = pointed !== null && pointed < items.length ? pointed : rest;
  const baseline = items.findIndex((item) => item.baseline);
  const known = values.some((value) => value !== null);
  const verdicts = items.map(keptVerdict);
  const judged = (i) => (verdicts[i] ? `, verdict: ${verdicts[i].text}` : "");

  function onKeyDown(event) {
    const moves = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: items.length - 1 };
    if (!Object.hasOwn(moves, event.key)) return;
    event.preventDefault();
    const next = Math.max(0, Math.min(items.length - 1, moves[event.key]));
    host.current.querySelectorAll("a")[next].focus();
  }

  return html`<${Card}
    id=${`trend-${figure}`}
    title=${title}
    caption=${plural(items.length, "run")}
    actions=${
      known &&
      html`<button
        type="button"
        class="button button-quiet"
        aria-pressed=${asTable}
        aria-label=${`Table: ${title} of every run`}
        onClick=${() => setAsTable(!asTable)}
      >
        Table
      </button>`
    }
  >
    <div class="trend" ref=${host} hidden=${asTable || !known} onKeyDown=${onKeyDown}>
      ${
        known &&
        html`<${Drawing}
          width=${width}
          values=${values}
          axis=${trendAxis(values, unit)}
          unit=${unit}
          color=${color}
          at=${at}
          current=${current}
          baseline=${baseline >= 0 ? values[baseline] : null}
          label=${`${title}, from the oldest run to the newest; arrow keys move from run to run`}
          links=${items.map((item, i) => ({
            label: `${nameOf(item)}: ${format(values[i], unit)}${judged(i)}`,
            state: verdicts[i]?.state ?? null,
            href: hrefOf(item),
            go: () => go(item),
          }))}
          setPointed=${setPointed}
        />`
      }
    </div>
    ${!known && html`<p class="nothing">No run has this figure yet.</p>`}
    ${
      asTable &&
      html`<${TrendTable}
        title=${title}
        items=${items}
        values=${values}
        verdicts=${verdicts}
        unit=${unit}
        nameOf=${nameOf}
      />`
    }
    ${
      known &&
      html`<p class="legend trend-legend" hidden=${asTable}>
        <span class="swatch" style=${{ color: `var(${color})` }}></span>
        <bdi title=${nameOf(items[at])}>${nameOf(items[at])}</bdi>
        <b>${format(values[at], unit)}</b>
        ${verdicts[at] && html`<span>${verdicts[at].text}</span>`}
        <span class="legend-time"
          >${baseline >= 0 ? `★ baseline ${format(values[baseline], unit)}` : ""}</span
        >
      </p>`
    }
  <//>`;
}

function Drawing({ width, values, axis, unit, color, at, current, baseline, label, links, setPointed }) {
  const { low, high, steps } = axis;
  const inner = Math.max(1, width - LEFT - RIGHT);
  const band = inner / values.length;
  const x = (i) => LEFT + band * (i + 0.5);
  const y = (value) => TOP + (1 - (value - low) / (high - low)) * (HEIGHT - TOP - BOTTOM);
  const radius = values.length > MANY ? 2 : 3.5;
  return html`<svg
    width=${width}
    height=${HEIGHT}
    role="group"
    aria-label=${label}
    style=${{ color: `var(${color})` }}
    onPointerLeave=${() => setPointed(null)}
  >
    <g aria-hidden="true">
      ${steps.map(
        (step) =>
          html`<g key=${step}>
            <line class="trend-grid" x1=${LEFT} x2=${width - RIGHT} y1=${y(step)} y2=${y(step)} />
            <text class="trend-label" x=${LEFT - 8} y=${y(step) + 4} text-anchor="end">
              ${format(step, unit, { trim: true })}
            </text>
          </g>`,
      )}
      ${
        baseline !== null &&
        html`<line
          class="trend-baseline"
          x1=${LEFT}
          x2=${width - RIGHT}
          y1=${y(baseline)}
          y2=${y(baseline)}
        />`
      }
      ${strokes(values).map(
        (run) =>
          html`<polyline
            class="trend-line"
            key=${run[0]}
            points=${run.map((i) => `${x(i).toFixed(1)},${y(values[i]).toFixed(1)}`).join(" ")}
          />`,
      )}
    </g>
    ${links.map(
      (link, i) =>
        html`<a
          key=${link.href}
          class=${`trend-point${i === current ? " trend-shown" : ""}${i === at ? " trend-at" : ""}`}
          href=${link.href}
          tabindex=${i === at ? 0 : -1}
          aria-label=${link.label}
          aria-current=${i === current ? "true" : undefined}
          onClick=${onPlainClick(link.go)}
          onPointerEnter=${() => setPointed(i)}
          onFocus=${() => setPointed(i)}
        >
          <rect class="trend-hit" x=${x(i) - band / 2} y="0" width=${band} height=${HEIGHT} />
          ${
            values[i] !== null &&
            html`<circle
              cx=${x(i)}
              cy=${y(values[i])}
              r=${i === at || i === current ? radius + 1.5 : radius}
            />`
          }
          ${
            link.state &&
            html`<path
              class=${`trend-mark trend-mark-${link.state}`}
              d=${markOf(link.state, x(i), HEIGHT - MARKS, Math.min(MARK, band / 2))}
            />`
          }
        </a>`,
    )}
  </svg>`;
}

/** A verdict's mark: a disc that passed, a cross that did not, a triangle to heed, a diamond that nobody knows. */
function markOf(state, x, y, r) {
  const p = (...points) => points.map(([dx, dy]) => `${(x + dx * r).toFixed(1)},${(y + dy * r).toFixed(1)}`);
  const closed = (...points) => `M${p(...points).join("L")}Z`;
  if (state === "bad") {
    const [a, b, c, d] = p([-0.85, -0.85], [0.85, 0.85], [-0.85, 0.85], [0.85, -0.85]);
    return `M${a}L${b}M${c}L${d}`;
  }
  if (state === "warning") return closed([0, -1], [1, 0.8], [-1, 0.8]);
  if (state === "unknown") return closed([0, -1], [1, 0], [0, 1], [-1, 0]);
  const [left] = p([-0.85, 0]);
  const s = (0.85 * r).toFixed(1);
  const w = (1.7 * r).toFixed(1);
  return `M${left}a${s},${s} 0 1 0 ${w},0a${s},${s} 0 1 0 -${w},0Z`;
}

/** Indexes of neighbours that have a figure: a line each. */
function strokes(values) {
  const found = [];
  values.forEach((value, i) => {
    if (value === null) return;
    if (i > 0 && values[i - 1] !== null) found.at(-1).push(i);
    else found.push([i]);
  });
  return found;
}

/** @param {Props<"items">} props */
function TrendTable({ title, items, values, verdicts, unit, nameOf }) {
  return html`<div class="table-scroll trend-table" tabindex="0" role="region" aria-label=${`${title}, data`}>
    <table>
      <thead>
        <tr>
          <th scope="col" class="left">Run</th>
          <th scope="col">${title}</th>
          <th scope="col" class="left">Verdict</th>
        </tr>
      </thead>
      <tbody>
        ${items.map(
          (item, i) =>
            html`<tr key=${item.id}>
              <th scope="row" class="left">
                <bdi class="metric-name" title=${nameOf(item)}>${nameOf(item)}</bdi
                >${item.baseline ? " ★ baseline" : ""}
              </th>
              <td>${values[i] === null ? NOTHING : format(values[i], unit)}</td>
              <td class="left">${verdicts[i]?.text ?? NOTHING}</td>
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}

function useWidth(element) {
  const [width, setWidth] = useState(300);
  useLayoutEffect(() => {
    const measure = () => {
      if (onPaper()) setWidth(PAPER_WIDTH);
      else if (element.current.clientWidth > 0) setWidth(element.current.clientWidth);
    };
    const observer = new ResizeObserver(measure);
    observer.observe(element.current);
    const stopRedrawing = redrawForPaper(measure);
    measure();
    return () => {
      observer.disconnect();
      stopRedrawing();
    };
  }, [element]);
  return width;
}
