/** A chart in its card: title, drawing, a legend that holds values, and the table behind it. */

import { createChart } from "../charts.js";
import { clock, format, NOTHING } from "../format.js";
import { html, useEffect, useLayoutEffect, useRef, useState } from "../html.js";
import { column, hasMetric } from "../model.js";
import { limitsFor } from "../thresholds.js";
import { Card } from "./parts.js";

/** More rows than anybody reads. */
const TABLE_ROWS = 500;

/** `panel` as in `panels.js`; `zoom` is `{from, to}` in seconds or null. */
export function ChartCard({ run, panel, zoom, onZoom, caption }) {
  const host = useRef(null);
  const chart = useRef(null);
  const drawn = useRef({ revision: -1, zoom: undefined });
  const callbacks = useRef({});
  const [cursor, setCursor] = useState(null);
  const [hidden, setHidden] = useState(() => new Set());
  const [asTable, setAsTable] = useState(false);

  callbacks.current = { onZoom, setCursor };
  const known = panel.series.some((s) => hasMetric(run, s.metric));
  const columns = panel.series.map((s) => column(run, s.metric, s.aggregate));

  useLayoutEffect(() => {
    if (!known) return undefined;
    chart.current = createChart(host.current, panel, {
      cursor: (index) => callbacks.current.setCursor(index),
      zoom: (from, to) => callbacks.current.onZoom({ from, to }),
      reset: () => callbacks.current.onZoom(null),
    });
    const made = chart.current;
    const repaint = () => made.repaint();
    addEventListener("themechange", repaint);
    const dark = matchMedia("(prefers-color-scheme: dark)");
    dark.addEventListener("change", repaint);
    drawn.current = { revision: -1, zoom: undefined };
    return () => {
      removeEventListener("themechange", repaint);
      dark.removeEventListener("change", repaint);
      made.destroy();
    };
  }, [panel, known, run]);

  useEffect(() => {
    const last = drawn.current;
    if (!known || (last.revision === run.revision && last.zoom === zoom)) return;
    drawn.current = { revision: run.revision, zoom };
    chart.current.set(run.times, columns, limitsFor(run, panel.series), zoom);
  });

  function toggle(index) {
    const next = new Set(hidden);
    if (!next.delete(index)) next.add(index);
    chart.current.show(index, !next.has(index));
    setHidden(next);
  }

  const at = cursor !== null && cursor < run.times.length ? cursor : run.times.length - 1;
  const name = `${panel.title}${panel.caption ? ", " + panel.caption : ""}`;
  return html`<${Card}
    id=${`chart-${panel.id}`}
    title=${panel.title}
    caption=${caption ?? panel.caption}
    actions=${
      known &&
      html`<button
        type="button"
        class="button button-quiet"
        aria-pressed=${asTable}
        aria-label=${`${panel.title} as a table`}
        onClick=${() => setAsTable(!asTable)}
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
              role="img"
              hidden=${asTable}
              aria-label=${`Chart: ${name}. ${describe(panel, columns)}`}
            ></div>
            ${asTable && html`<${ChartTable} run=${run} panel=${panel} columns=${columns} zoom=${zoom} />`}
            <div class="legend">
              ${panel.series.map(
                (s, i) =>
                  html`<button
                    key=${s.label}
                    type="button"
                    class="legend-item"
                    aria-pressed=${!hidden.has(i)}
                    onClick=${() => toggle(i)}
                  >
                    <span
                      class=${`swatch${s.dash ? " swatch-dash" : ""}`}
                      style=${{ color: `var(${s.color})` }}
                    ></span>
                    ${s.label} <b>${format(columns[i][at] ?? null, panel.unit)}</b>
                  </button>`,
              )}
              <span class="legend-time"
                >${cursor !== null && at >= 0 ? `at ${clock(run.times[at] * 1000)}` : ""}</span
              >
            </div>`
        : html`<div class="chart chart-empty">
            <p class="nothing">No data for ${panel.series[0].metric}.</p>
          </div>`
    }
  <//>`;
}

function ChartTable({ run, panel, columns, zoom }) {
  const inside = run.times.flatMap((t, i) => (!zoom || (t >= zoom.from && t <= zoom.to) ? [i] : []));
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
          ${panel.series.map((s) => html`<th scope="col" key=${s.label}>${s.label}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${rows.map(
          (i) =>
            html`<tr key=${i}>
              <th scope="row" class="left">${clock(run.times[i] * 1000)}</th>
              ${columns.map((values) => html`<td>${format(values[i] ?? null, panel.unit)}</td>`)}
            </tr>`,
        )}
      </tbody>
    </table>
    ${inside.length > rows.length && html`<p class="nothing">The newest ${TABLE_ROWS} of ${inside.length} windows.</p>`}
  </div>`;
}

/** The chart in a sentence, for those who do not see it. */
function describe(panel, columns) {
  const said = panel.series.map((s, i) => {
    const value = columns[i].at(-1) ?? null;
    return `${s.label} ${value === null ? NOTHING : format(value, panel.unit)}`;
  });
  return `Latest: ${said.join(", ")}.`;
}
