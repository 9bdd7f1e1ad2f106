/** A chart in its card: title, drawing, a legend that holds values, and the table behind it. */

import { createChart } from "../charts/chart.js";
import { inTurn } from "../charts/turns.js";
import { clock, format, span } from "../model/format.js";
import { html, useEffect, useLayoutEffect, useMemo, useRef, useState } from "../html.js";
import { chartDrawn } from "../measure.js";
import { useWindows } from "../data/merged.js";
import { useLook } from "../data/page-state.js";
import { courseOf } from "../model/course.js";
import { hasMetric, newest, wholeRun } from "../model/run.js";
import { placesIn } from "../model/part.js";
import { limitsFor } from "../model/thresholds.js";
import { drawnColumn } from "../model/windows.js";
import { Legend } from "./legend.js";
import { Card } from "./parts.js";

/** @import { Column, Panel, Props, Run, Zoom } from "../types.js" */

/** More rows than anybody reads. */
const TABLE_ROWS = 500;
/** How far outside the window, in pixels, a chart is kept ready. */
const MARGIN = 80;
const KEYS =
  "Arrow keys move the cursor, with Shift they select, Enter shows all figures of the selection, Escape goes back.";

/**
 * `panel` as `panels.js` resolves it; `zoom` is `{from, to}` in seconds or null.
 *
 * @param {Props<"run" | "panel" | "zoom" | "onZoom">} props
 */
export function ChartCard({ run, panel, zoom, onZoom, caption }) {
  const host = useRef(null);
  const chart = useRef(null);
  const drawn = useRef(/** @type {{ revision: any, zoom?: Zoom | null }} */ ({ revision: -1 }));
  const callbacks = useRef(null);
  const destroy = useRef(() => {});
  const cursorListener = useRef(/** @type {(index: number | null) => void} */ (() => {}));
  const [hiding, setHiding] = useLook(`hide.${panel.id}`);
  const [table, setTable] = useLook(`table.${panel.id}`);
  const hidden = useMemo(() => new Set((hiding ?? "").split(".").filter(Boolean).map(Number)), [hiding]);
  const asTable = table !== null;
  const [announced, setAnnounced] = useState("");
  const known = panel.series.some((s) => !s.right && hasMetric(run, s.metric));
  const { visible, seen } = useVisible(host, known);
  // What nobody sees is neither read nor drawn.
  const { windows, problem } = useWindows(run, panel.series, zoom, seen && known);
  const { times } = windows;
  const columns =
    seen && known
      ? panel.series.map((s) => within(times, zoom, drawnColumn(run, windows, s.metric, s.aggregate)))
      : null;

  callbacks.current = {
    onZoom,
    cursor(index, byKey) {
      cursorListener.current(index);
      setAnnounced(byKey && index !== null ? describePoint(times, panel, columns, index) : "");
    },
  };

  /** What the drawing has to show, as of the newest rendering. */
  const draw = useRef(() => {});
  draw.current = () => {
    const last = drawn.current;
    if (
      !isOf(chart.current, panel, run) ||
      !visible ||
      (last.revision === run.revision && last.zoom === zoom)
    )
      return;
    drawn.current = { revision: run.revision, zoom };
    chart.current.made.set(times, columns, limitsFor(run, panel.series), zoom);
    if (run.current || run.stop !== null) chartDrawn(run);
  };
  const hideLines = useRef(() => {});
  hideLines.current = () => {
    if (!isOf(chart.current, panel, run)) return;
    panel.series.forEach((_, i) => chart.current.made.show(i, !hidden.has(i)));
  };

  useLayoutEffect(() => {
    if (!known || !seen) return undefined;
    // Making one takes longer than drawing it; a choice of percentiles makes all of a page anew.
    return inTurn(() => {
      // The former one stands until there is another.
      destroy.current();
      const made = createChart(host.current, panel, {
        cursor: (index, byKey) => callbacks.current.cursor(index, byKey),
        zoom: (from, to) => callbacks.current.onZoom({ from, to }),
        reset: () => callbacks.current.onZoom(null),
      });
      chart.current = { made, panel, run };
      const repaint = () => made.repaint();
      addEventListener("themechange", repaint);
      const dark = matchMedia("(prefers-color-scheme: dark)");
      dark.addEventListener("change", repaint);
      destroy.current = () => {
        removeEventListener("themechange", repaint);
        dark.removeEventListener("change", repaint);
        made.destroy();
        chart.current = null;
        destroy.current = () => {};
      };
      drawn.current = { revision: -1 };
      draw.current();
      hideLines.current();
    });
  }, [panel, known, run, seen]);
  useLayoutEffect(() => () => destroy.current(), [known]);

  // Before the frame is painted, so that figures and lines change together.
  useLayoutEffect(() => draw.current());

  useLayoutEffect(() => {
    if (seen) hideLines.current();
  }, [hidden, panel, known, run, seen]);

  const hide = (next) => setHiding(next.size > 0 ? [...next].sort((a, b) => a - b).join(".") : null);

  const name = `${panel.title}${panel.caption ? ", " + panel.caption : ""}`;
  return html`<${Card}
    id=${chartAnchor(panel)}
    title=${html`<bdi title=${panel.title}>${panel.title}</bdi>`}
    caption=${caption ?? panel.caption}
    actions=${
      known &&
      html`<button
        type="button"
        class="button button-quiet"
        aria-pressed=${asTable}
        aria-label=${`${panel.title} as a table`}
        onClick=${() => setTable(asTable ? null : "1")}
      >
        Table
      </button>`
    }
  >
    ${
      known
        ? html`<div
              class="chart"
              ref=${host}
              role="application"
              aria-roledescription="chart"
              tabindex="0"
              hidden=${asTable}
              aria-label=${`Chart: ${name}. ${columns ? describe(run, panel, columns) : ""}`}
              aria-description=${KEYS}
            ></div>
            <p class="unseen" aria-live="polite">${announced}</p>
            ${
              asTable &&
              columns &&
              html`<${ChartTable} times=${times} panel=${panel} columns=${columns} zoom=${zoom} />`
            }
            ${problem && html`<p class="bad" role="alert">Percentiles of ${span(windows.width * 1000)} could not be loaded: ${problem}</p>`}
            <${Legend}
              run=${run}
              times=${times}
              panel=${panel}
              columns=${columns}
              cursorListener=${cursorListener}
              hidden=${hidden}
              onHidden=${hide}
            />`
        : html`<div class="chart chart-empty">
            <p class="nothing">No data for <bdi>${panel.series[0].metric}</bdi>.</p>
          </div>`
    }
  <//>`;
}

/** Whether a chart is the one of this panel: until it is made, the former stands. */
const isOf = (chart, panel, run) => chart !== null && chart.panel === panel && chart.run === run;

/**
 * A column without what lies outside of a part: the window that ends where the part begins is none of it.
 *
 * @param {number[]} times
 * @param {Zoom | null} zoom
 * @param {Column} values
 */
function within(times, zoom, values) {
  if (!zoom) return values;
  const [from, to] = placesIn(times, zoom);
  return values.map((value, at) => (at >= from && at < to ? value : null));
}

/** Whether the element is in view or near it, and whether it ever was. On paper everything is. */
function useVisible(ref, known) {
  const [state, setState] = useState({ visible: false, seen: false });
  // The observer answers some frames later: too late for the first look.
  useLayoutEffect(() => {
    if (!known) return;
    const { top, bottom } = ref.current.getBoundingClientRect();
    if (bottom > -MARGIN && top < innerHeight + MARGIN) setState({ visible: true, seen: true });
  }, [ref, known]);
  useEffect(() => {
    if (!known) return undefined;
    const show = () => setState({ visible: true, seen: true });
    const observer = new IntersectionObserver(
      (entries) => {
        const visible = entries[entries.length - 1].isIntersecting;
        setState((last) => (visible === last.visible ? last : { visible, seen: last.seen || visible }));
      },
      { rootMargin: `${MARGIN}px` },
    );
    observer.observe(ref.current);
    addEventListener("beforeprint", show);
    return () => {
      observer.disconnect();
      removeEventListener("beforeprint", show);
    };
  }, [ref, known]);
  return state;
}

/** @param {Props<"panel" | "zoom"> & { times: number[] }} props */
function ChartTable({ times, panel, columns, zoom }) {
  const [first, end] = placesIn(times, zoom);
  const inside = times.map((_, i) => i).slice(first, end);
  const rows = inside.slice(-TABLE_ROWS);
  return html`<div
    class="table-scroll chart-table"
    tabindex="0"
    role="region"
    aria-label=${`${panel.title}, data`}
  >
    <table>
      <thead>
        <tr>
          <th scope="col" class="left">Time</th>
          ${panel.series.map((s, i) => html`<th scope="col" key=${i}>${s.label}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${rows.map(
          (at) =>
            html`<tr key=${at}>
              <th scope="row" class="left">${clock(times[at] * 1000)}</th>
              ${panel.series.map((s, i) => html`<td key=${i}>${valueAt(panel, columns, i, at)}</td>`)}
            </tr>`,
        )}
      </tbody>
    </table>
    ${inside.length > rows.length && html`<p class="nothing">The newest ${TABLE_ROWS} of ${inside.length} windows.</p>`}
  </div>`;
}

/**
 * @param {Panel} panel
 * @param {number} series
 */
function valueAt(panel, columns, series, at) {
  return format(columns[series][at] ?? null, panel.series[series].unit ?? panel.unit);
}

/**
 * The chart in a sentence, for those who do not see it: of each line its figure, between what it went, and where to.
 *
 * @param {Run} run
 * @param {Panel} panel
 */
function describe(run, panel, columns) {
  const whole = panel.series.map((s) => wholeRun(run, s.metric, s.aggregate));
  const over = whole.every((value) => value !== undefined);
  const values = panel.series.map((s, i) => {
    const say = (value) => format(value, s.unit ?? panel.unit);
    const course = courseOf(columns[i]);
    const went = course ? `, from ${say(course.min)} to ${say(course.max)}` : "";
    const led = course?.trend ? `, ${course.trend}` : "";
    return `${s.label} ${say(over ? whole[i] : newest(columns[i]))}${went}${led}`;
  });
  return `${over ? (run.place ?? "Whole run") : "Latest"}: ${values.join("; ")}.`;
}

/**
 * The values at the cursor, for those who move it by keyboard.
 *
 * @param {number[]} times
 * @param {Panel} panel
 */
function describePoint(times, panel, columns, at) {
  const values = panel.series.map((s, i) => `${s.label} ${valueAt(panel, columns, i, at)}`);
  return `${clock(times[at] * 1000)}: ${values.join(", ")}`;
}

/** By which a chart is linked to. */
export function chartAnchor(panel) {
  return `chart-${panel.id.replace(/\s/g, "-")}`;
}
