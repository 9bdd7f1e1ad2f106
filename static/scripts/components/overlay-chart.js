/** A figure of two runs by elapsed time: solid the one that is shown, dashed the other. */

import { createChart } from "../charts.js";
import { clock, format } from "../format.js";
import { html, useEffect, useLayoutEffect, useMemo, useRef, useState } from "../html.js";
import { newest } from "../model.js";
import { Card } from "./parts.js";

/** More rows than anybody reads. */
const TABLE_ROWS = 500;

/**
 * `panel` is `{id, title, caption, unit, color}`; `times` and `columns` as of `overlay` in compare.js,
 * `names` parallel to the columns; `limits` as of `limitsFor`. `revision` changes with the columns.
 */
export function OverlayChart({ panel, times, columns, names, limits, revision, zoom, onZoom }) {
  const host = useRef(null);
  const chart = useRef(null);
  const callbacks = useRef({});
  const [cursor, setCursor] = useState(null);
  const [hidden, setHidden] = useState(() => new Set());
  const [asTable, setAsTable] = useState(false);

  callbacks.current = { onZoom, setCursor };
  const known = columns.some((values) => values.some((value) => value !== null));
  const series = useMemo(
    () => [
      { label: "shown run", color: panel.color, fill: true },
      { label: "other run", color: "--series-8", dash: true },
    ],
    [panel],
  );

  useLayoutEffect(() => {
    if (!known) return undefined;
    const made = createChart(
      host.current,
      { unit: panel.unit, series },
      {
        cursor: (index) => callbacks.current.setCursor(index),
        zoom: (from, to) => callbacks.current.onZoom({ from, to }),
        reset: () => callbacks.current.onZoom(null),
      },
    );
    chart.current = made;
    const repaint = () => made.repaint();
    addEventListener("themechange", repaint);
    const dark = matchMedia("(prefers-color-scheme: dark)");
    dark.addEventListener("change", repaint);
    hidden.forEach((index) => made.show(index, false));
    return () => {
      removeEventListener("themechange", repaint);
      dark.removeEventListener("change", repaint);
      made.destroy();
    };
  }, [panel, known]);

  useEffect(() => {
    if (known) chart.current.set(times, columns, limits, zoom);
  }, [panel, known, revision, zoom]);

  function toggle(index) {
    const next = new Set(hidden);
    if (!next.delete(index)) next.add(index);
    chart.current.show(index, !next.has(index));
    setHidden(next);
  }

  const at = cursor !== null && cursor < times.length ? cursor : null;
  const said = columns.map((values) => format(at === null ? newest(values) : values[at], panel.unit));
  return html`<${Card}
    id=${`overlay-${panel.id}`}
    title=${panel.title}
    caption=${panel.caption}
    actions=${
      known &&
      html`<button
        type="button"
        class="button button-quiet"
        aria-pressed=${asTable}
        aria-label=${`Table: ${panel.title} of both runs`}
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
              aria-label=${`Chart: ${panel.title} of both runs. Latest: ${names.map((name, i) => `${name} ${said[i]}`).join(", ")}.`}
            ></div>
            ${asTable && html`<${OverlayTable} panel=${panel} times=${times} columns=${columns} names=${names} zoom=${zoom} />`}
            <div class="legend overlay-legend">
              ${series.map(
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
                    <bdi title=${names[i]}>${names[i]}</bdi> <b>${said[i]}</b>
                  </button>`,
              )}
              <span class="legend-time">${at !== null ? `at ${clock(times[at] * 1000)}` : ""}</span>
            </div>`
        : html`<div class="chart chart-empty"><p class="nothing">Neither run has data for this.</p></div>`
    }
  <//>`;
}

function OverlayTable({ panel, times, columns, names, zoom }) {
  const inside = times.flatMap((t, i) => (!zoom || (t >= zoom.from && t <= zoom.to) ? [i] : []));
  const rows = inside.slice(-TABLE_ROWS);
  return html`<div
    class="table-scroll chart-table"
    tabindex="0"
    role="region"
    aria-label=${`${panel.title} of both runs, data`}
  >
    <table>
      <thead>
        <tr>
          <th scope="col" class="left">Time</th>
          ${names.map((name, i) => html`<th scope="col" key=${i}><bdi class="metric-name" title=${name}>${name}</bdi></th>`)}
        </tr>
      </thead>
      <tbody>
        ${rows.map(
          (i) =>
            html`<tr key=${i}>
              <th scope="row" class="left">${clock(times[i] * 1000)}</th>
              ${columns.map((values) => html`<td>${format(values[i], panel.unit)}</td>`)}
            </tr>`,
        )}
      </tbody>
    </table>
    ${inside.length > rows.length && html`<p class="nothing">The newest ${rows.length} of ${inside.length} windows.</p>`}
  </div>`;
}
