/**
 * Draws time series: the only file that touches the chart library.
 *
 * All charts of a page share one cursor and one zoom. Values come as columns parallel to a common
 * axis of seconds since the run's start; null is a gap.
 */

import uPlot from "uplot";
import { drawBands, drawBandWords, drawLimits } from "./marks.js";
import { clock, formatTick } from "../model/format.js";
import { onPaper, PAPER_WIDTH, redrawForPaper } from "./paper.js";
import { clockStep, scaleOf, steps } from "./scales.js";
import { selectByTouch } from "./touch.js";

/** @import { Panel, Series, Zoom } from "../types.js" */

const HEIGHT = 190;
const CURSOR = "run";
/** Windows that Page Up and Page Down go over. */
const PAGE = 10;

/**
 * Makes a chart inside `element`.
 *
 * `spec` is `{unit, rightUnit, bands, series: [{label, color, dash, fill, right}]}`, colours named after
 * custom properties (`--series-1`). `on` is `{cursor(index or null, byKey), zoom(from, to), reset()}`.
 *
 * By keyboard: arrows move the cursor, with Shift they select, Enter chooses what is selected, Escape
 * takes back the selection, the choice or the cursor. By touch: a finger that goes sideways selects.
 *
 * @param {Panel} spec
 */
export function createChart(element, spec, on) {
  let limits = [];
  let wantedZoom = null;
  /** @type {number[][]} */
  let data = [[]];
  let byKey = false;
  /** Index at which a selection by keyboard began. */
  let anchor = /** @type {number | null} */ (null);
  const scales = { y: scaleOf(spec.unit, null, null), r: scaleOf(spec.rightUnit, null, null) };
  let theme = readTheme(element, spec);
  const hasRight = spec.series.some((s) => s.right);

  const options = {
    width: widthOf(element),
    height: HEIGHT,
    padding: [16, hasRight ? 0 : 16, 0, 0],
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
      x: { time: false, range: (u, min, max) => xRange(u, wantedZoom, max) },
      y: { range: (u, min, max) => range("y", spec.unit, min, max) },
      ...(hasRight && { r: { range: (u, min, max) => range("r", spec.rightUnit, min, max) } }),
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
      valueAxis("y"),
      ...(hasRight ? [{ ...valueAxis("r"), side: 1, grid: { show: false } }] : []),
    ],
    series: [{}, ...spec.series.map((s, i) => seriesOptions(s, i, () => theme))],
    hooks: {
      setCursor: [(u) => on.cursor(u.cursor.left >= 0 ? (u.cursor.idx ?? null) : null, byKey)],
      setSelect: [
        (u) => {
          if (byKey || u.select.width < 4) return;
          const from = u.posToVal(u.select.left, "x");
          const to = u.posToVal(u.select.left + u.select.width, "x");
          select(0, 0);
          on.zoom(Math.max(0, from), to);
        },
      ],
      drawAxes: [(u) => spec.bands && drawBands(u, spec.bands, theme)],
      draw: [
        (u) => {
          if (spec.bands) drawBandWords(u, spec.bands, theme);
          drawLimits(u, limits, theme);
        },
      ],
    },
  };

  function valueAxis(scale) {
    return {
      scale,
      stroke: () => theme.caption,
      font: theme.font,
      grid: { stroke: () => theme.grid, width: 1 },
      ticks: { show: false },
      gap: 6,
      size: (u, values) => (values ? Math.max(34, ...values.map((v) => 14 + 6.4 * (v?.length ?? 0))) : 34),
      splits: (u, i, min, max) => steps(min, max, scales[scale].step),
      values: (u, splits) => splits.map((s, i) => tick(s, scales[scale], i === splits.length - 1)),
    };
  }

  function range(scale, unit, min, max) {
    const marks = scale === "y" ? limits.map((l) => l.value) : [];
    if (scale === "y" && spec.bands) marks.push(spec.bands.good, spec.bands.poor);
    scales[scale] = scaleOf(unit, min, max, marks);
    return [scales[scale].low, scales[scale].high];
  }

  /**
   * The library's types know neither that a set cursor can be published, nor that it always has a place.
   *
   * @type {any}
   */
  const plot = new uPlot(/** @type {any} */ (options), [[], ...spec.series.map(() => [])], element);

  const observer = new ResizeObserver(() => {
    const width = widthOf(element);
    if (width !== plot.width) plot.setSize({ width, height: HEIGHT });
  });
  observer.observe(element);

  const stopRedrawing = redrawForPaper(() => {
    theme = readTheme(element, spec);
    plot.setSize({ width: widthOf(element), height: HEIGHT });
  });

  function select(from, to) {
    const width = Math.abs(to - from);
    const height = width > 0 ? plot.over.clientHeight : 0;
    plot.setSelect({ left: Math.min(from, to), width, top: 0, height }, false);
  }

  const leftOf = (index) => plot.valToPos(data[0][index], "x");

  function onKey(event) {
    if (data[0].length === 0 || event.ctrlKey || event.metaKey || event.altKey) return;
    byKey = true;
    if (act(event.key, event.shiftKey)) event.preventDefault();
    byKey = false;
  }

  /** What a key does; whether it does anything. */
  function act(key, extend) {
    const [first, last] = plot.series[0].idxs ?? [0, data[0].length - 1];
    const at = plot.cursor.left >= 0 ? plot.cursor.idx : null;
    const moves = {
      ArrowLeft: -1,
      ArrowRight: 1,
      PageUp: -PAGE,
      PageDown: PAGE,
      Home: -Infinity,
      End: Infinity,
    };
    if (key in moves) {
      const to = Math.min(
        last,
        Math.max(first, (at ?? (moves[key] > 0 ? first - 1 : last + 1)) + moves[key]),
      );
      if (extend) anchor ??= at ?? to;
      else anchor = null;
      plot.setCursor({ left: leftOf(to), top: 0 }, true, true);
      select(anchor === null ? 0 : leftOf(anchor), anchor === null ? 0 : leftOf(to));
      return true;
    }
    if (key === "Enter" && anchor !== null && at !== null && at !== anchor) {
      // Times are the ends of windows: the first of those that are selected begins where the one before it ends.
      const from = data[0][Math.min(anchor, at) - 1] ?? 0;
      const to = data[0][Math.max(anchor, at)];
      clear();
      on.zoom(from, to);
      return true;
    }
    if (key === "Escape" && (anchor !== null || at !== null || wantedZoom)) {
      if (anchor === null && wantedZoom) on.reset();
      clear();
      return true;
    }
    return false;
  }

  function clear() {
    anchor = null;
    select(0, 0);
    plot.setCursor({ left: -10, top: -10 }, true, true);
  }

  const stopTouch = selectByTouch(plot, select, on.zoom);
  element.addEventListener("keydown", onKey);
  const onBlur = () => {
    byKey = true;
    if (anchor !== null || plot.cursor.left >= 0) clear();
    byKey = false;
  };
  element.addEventListener("blur", onBlur);

  return {
    /** Columns and limits to show, drawn at once. The columns may be the same arrays, grown. */
    set(times, columns, newLimits, zoom) {
      data = [times, ...columns];
      limits = newLimits;
      wantedZoom = zoom;
      plot.batch(() => plot.setData(/** @type {uPlot.AlignedData} */ (data), true));
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
      observer.disconnect();
      stopRedrawing();
      stopTouch();
      element.removeEventListener("keydown", onKey);
      element.removeEventListener("blur", onBlur);
      plot.destroy();
    },
  };
}

function widthOf(element) {
  if (onPaper()) return PAPER_WIDTH;
  return Math.max(200, Math.floor(element.clientWidth));
}

function tick(value, { divisor, suffix }, topmost) {
  return formatTick(value / divisor) + (topmost ? suffix : "");
}

/** @param {Series} series */
function seriesOptions(series, index, theme) {
  return {
    label: series.label,
    scale: series.right ? "r" : "y",
    width: 1.5,
    dash: series.dash ? [4, 4] : undefined,
    stroke: () => theme().series[index].stroke,
    fill: series.fill ? () => theme().series[index].fill : undefined,
    spanGaps: false,
    points: {
      // Single windows between gaps have no line: they are dots.
      show: (u) => u.data[0].length < 3,
      filter: (u, i, show, gaps) => (!show && gaps?.length ? isolatedPoints(u.data[i]) : null),
      size: 5,
      width: 0,
      fill: () => theme().series[index].stroke,
    },
  };
}

function isolatedPoints(values) {
  const found = [];
  for (let i = 0; i < values.length; i += 1) {
    if (values[i] !== null && (values[i - 1] ?? null) === null && (values[i + 1] ?? null) === null)
      found.push(i);
  }
  return found;
}

/**
 * Resolved colours: the canvas knows nothing of custom properties.
 *
 * @param {Panel} spec
 */
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
    good: color("--good"),
    warning: color("--warning"),
    bad: color("--bad"),
    surface: color("--surface"),
    font: `11px ${getComputedStyle(element).fontFamily}`,
    series: spec.series.map((s) => {
      const stroke = color(s.color);
      return { stroke, fill: faint(stroke, 0.13) };
    }),
  };
  for (const state of ["good", "warning", "bad"]) theme[`${state}Zone`] = faint(theme[state], 0.07);
  probe.remove();
  return theme;
}

function faint(color, opacity) {
  return color.replace(/^rgb\((.*)\)$/, `rgba($1, ${opacity})`);
}

/** @param {Zoom | null} zoom */
function xRange(u, zoom, max) {
  const last = u.data[0].at(-1) ?? max ?? 10;
  if (zoom) return [zoom.from, zoom.to ?? Math.max(last, zoom.from + 4)];
  return [0, Math.max(last, 4)];
}
