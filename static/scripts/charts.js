/**
 * Draws time series: the only file that touches the chart library.
 *
 * All charts of a page share one cursor and one zoom. Values come as columns parallel to a common
 * axis of seconds since the run's start; null is a gap.
 */

import uPlot from "uplot";
import { axisUnit, clock, formatTick } from "./format.js";

const HEIGHT = 190;
const CURSOR = "run";
/** A limit further than this above the data is drawn at the edge rather than flattening the data. */
const REACH = 2.5;

/**
 * Makes a chart inside `element`.
 *
 * `spec` is `{unit, series: [{label, color, dash, fill}]}`, colours named after custom properties
 * (`--series-1`). `on` is `{cursor(index or null), zoom(from, to), reset()}`.
 */
export function createChart(element, spec, on) {
  let limits = [];
  let wantedZoom = null;
  let scheduled = 0;
  let pending = null;
  let axis = { divisor: 1, suffix: "" };
  let tops = [];
  let theme = readTheme(element, spec);

  const options = {
    width: widthOf(element),
    height: HEIGHT,
    padding: [12, 8, 0, 0],
    legend: { show: false },
    cursor: {
      y: false,
      sync: {
        key: CURSOR,
        scales: ["x", null],
        // Positions travel, selections do not: zooming goes through the page's address.
        filters: { pub: (type) => type === "mousemove" || type === "mouseleave" },
      },
      drag: { x: true, y: false, setScale: false },
      points: { size: 6, width: 0, fill: (u, i) => theme.series[i - 1].stroke },
      bind: {
        dblclick: () => () => {
          on.reset();
          return null;
        },
      },
    },
    scales: {
      x: { time: false, range: (u, min, max) => xRange(u, wantedZoom, min, max) },
      y: { range: (u, min, max) => yRange(min, max) },
    },
    axes: [
      {
        stroke: () => theme.caption,
        font: theme.font,
        grid: { show: false },
        ticks: { show: false },
        size: 26,
        gap: 6,
        splits: (u, i, min, max) =>
          steps(min, max, clockStep((max - min) / Math.max(2, u.bbox.width / devicePixelRatio / 90))),
        values: (u, splits) => splits.map((s) => clock(s * 1000)),
      },
      {
        stroke: () => theme.caption,
        font: theme.font,
        grid: { stroke: () => theme.grid, width: 1 },
        ticks: { show: false },
        gap: 6,
        size: (u, values) => (values ? Math.max(34, ...values.map((v) => 14 + 6.4 * (v?.length ?? 0))) : 34),
        splits: (u, i, min, max) => steps(min, max, niceStep((max - min) / 4, axis.divisor)),
        values: (u, splits) =>
          splits.map((s, i) => formatTick(s / axis.divisor) + (i === splits.length - 1 ? axis.suffix : "")),
      },
    ],
    series: [{}, ...spec.series.map((s, i) => seriesOptions(s, i, () => theme))],
    hooks: {
      setCursor: [(u) => on.cursor(u.cursor.left >= 0 ? (u.cursor.idx ?? null) : null)],
      setSelect: [
        (u) => {
          if (u.select.width < 4) return;
          const from = u.posToVal(u.select.left, "x");
          const to = u.posToVal(u.select.left + u.select.width, "x");
          u.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false);
          on.zoom(Math.max(0, from), to);
        },
      ],
      draw: [(u) => drawLimits(u, limits, theme)],
    },
  };

  function yRange(min, max) {
    if (min === null || max === null) return [0, 1 * axis.divisor];
    const near = limits.filter((l) => l.value <= Math.max(max * REACH, 0));
    tops = [max, ...near.map((l) => l.value * 1.06)];
    const high = Math.max(0, ...tops);
    const low = Math.min(0, min, ...near.map((l) => l.value));
    axis = axisUnit(spec.unit, Math.max(high, -low));
    const step = niceStep((high - low || axis.divisor) / 4, axis.divisor);
    const whole = spec.unit === "count" ? Math.max(1, step) : step;
    // Room above, so that the line does not run along the edge.
    return [Math.floor(low / whole) * whole, Math.ceil((high * 1.02 || whole * 4) / whole) * whole];
  }

  const plot = new uPlot(options, [[], ...spec.series.map(() => [])], element);

  const observer = new ResizeObserver(() => {
    const width = widthOf(element);
    if (width !== plot.width) plot.setSize({ width, height: HEIGHT });
  });
  observer.observe(element);

  function draw() {
    scheduled = 0;
    plot.setData(pending, true);
  }

  return {
    /** Columns and limits to show, at the next frame. The columns may be the same arrays, grown. */
    set(times, columns, newLimits, zoom) {
      pending = [times, ...columns];
      limits = newLimits;
      wantedZoom = zoom;
      scheduled ||= requestAnimationFrame(draw);
    },
    show(index, visible) {
      plot.setSeries(index + 1, { show: visible });
    },
    /** To be called when the page's colours have changed. */
    repaint() {
      theme = readTheme(element, spec);
      plot.redraw(false, true);
    },
    destroy() {
      cancelAnimationFrame(scheduled);
      observer.disconnect();
      plot.destroy();
    },
  };
}

function widthOf(element) {
  return Math.max(200, Math.floor(element.clientWidth));
}

function seriesOptions(series, index, theme) {
  return {
    label: series.label,
    width: 1.5,
    dash: series.dash ? [4, 4] : undefined,
    stroke: () => theme().series[index].stroke,
    fill: series.fill ? () => theme().series[index].fill : undefined,
    spanGaps: false,
    points: {
      // Single windows between gaps have no line: they are dots.
      show: (u) => u.data[0].length < 3,
      filter: (u, i, show, gaps) => (!show && gaps?.length ? lonely(u.data[i]) : null),
      size: 5,
      width: 0,
      fill: () => theme().series[index].stroke,
    },
  };
}

function lonely(values) {
  const found = [];
  for (let i = 0; i < values.length; i += 1) {
    if (values[i] !== null && (values[i - 1] ?? null) === null && (values[i + 1] ?? null) === null)
      found.push(i);
  }
  return found;
}

/** Resolved colours: the canvas knows nothing of custom properties. */
function readTheme(element, spec) {
  const probe = document.createElement("i");
  element.append(probe);
  const color = (property) => {
    probe.style.color = `var(${property})`;
    return getComputedStyle(probe).color;
  };
  const theme = {
    caption: color("--caption"),
    grid: color("--grid"),
    bad: color("--bad"),
    surface: color("--surface"),
    font: `11px ${getComputedStyle(element).fontFamily}`,
    series: spec.series.map((s) => {
      const stroke = color(s.color);
      return { stroke, fill: stroke.replace(/^rgb\((.*)\)$/, "rgba($1, 0.13)") };
    }),
  };
  probe.remove();
  return theme;
}

function xRange(u, zoom, min, max) {
  if (zoom) return [zoom.from, zoom.to];
  const last = u.data[0].at(-1) ?? max ?? 10;
  return [0, Math.max(last, 4)];
}

/** The next of 1, 2, 2.5 and 5 times a power of ten, in the axis' unit. */
function niceStep(rough, divisor) {
  const scaled = rough / divisor;
  const power = 10 ** Math.floor(Math.log10(scaled));
  const factor = [1, 2, 2.5, 5, 10].find((f) => f * power >= scaled * 0.999) ?? 10;
  return factor * power * divisor;
}

const CLOCK_STEPS = [
  1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 21600, 43200, 86400,
];

function clockStep(rough) {
  return CLOCK_STEPS.find((s) => s >= rough) ?? Math.ceil(rough / 86400) * 86400;
}

function steps(min, max, step) {
  const found = [];
  for (let i = Math.ceil(min / step - 1e-6); i * step <= max + step * 1e-6; i += 1) found.push(i * step);
  return found;
}

/** Dotted lines with their expressions, and a mark where each was first crossed. */
function drawLimits(u, limits, theme) {
  const { ctx, bbox } = u;
  const ratio = devicePixelRatio;
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top - 12 * ratio, bbox.width, bbox.height + 12 * ratio);
  ctx.clip();
  ctx.font = `600 ${11 * ratio}px ${theme.font.replace(/^11px /, "")}`;
  ctx.textAlign = "right";
  ctx.textBaseline = "bottom";
  let lastLabel = -Infinity;
  for (const limit of [...limits].sort((a, b) => a.value - b.value)) {
    const above = limit.value > u.scales.y.max;
    const y = above ? bbox.top : Math.round(u.valToPos(limit.value, "y", true));
    const color = limit.fails ? theme.bad : theme.caption;
    ctx.strokeStyle = color;
    ctx.lineWidth = 1.25 * ratio;
    if (!above) {
      ctx.setLineDash([1.5 * ratio, 3 * ratio]);
      ctx.beginPath();
      ctx.moveTo(bbox.left, y);
      ctx.lineTo(bbox.left + bbox.width, y);
      ctx.stroke();
      ctx.setLineDash([]);
    }
    const label =
      limit.label +
      (above ? " ↑" : "") +
      (limit.fails && limit.crossed !== null ? ` · first over at ${clock(limit.crossed * 1000)}` : "");
    // Labels of limits close to each other would overlap: the next one goes below its line.
    const below = Math.abs(lastLabel - y) < 16 * ratio && !above;
    const baseline = below ? y + 16 * ratio : y - 3 * ratio;
    lastLabel = y;
    ctx.lineWidth = 4 * ratio;
    ctx.lineJoin = "round";
    ctx.strokeStyle = theme.surface;
    ctx.strokeText(label, bbox.left + bbox.width - 4 * ratio, baseline);
    ctx.fillStyle = color;
    ctx.fillText(label, bbox.left + bbox.width - 4 * ratio, baseline);
    if (limit.crossed !== null) markCrossing(u, limit.crossed, y, color, theme, ratio);
  }
  ctx.restore();
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
