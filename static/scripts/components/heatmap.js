/** What was asked × runs as a table whose cells are tinted by what became of it. */

import { html, useLayoutEffect, useRef } from "../html.js";
import { SIGNS } from "../model/thresholds.js";

/** @import { HeatRow, Props } from "../types.js" */

/**
 * `rows` are of `HeatRow`, their cells parallel to `items`; `title` says what the rows are, one of them `nameTitle`;
 * `headOf(item)` is a column's head.
 *
 * @param {Props<"items"> & { rows: HeatRow[] }} props
 */
export function Heatmap({ title, nameTitle, items, rows, shown, nameOf, headOf }) {
  const scroll = useRef(null);
  const seen = useRef(/** @type {{ newest?: string, width: number }} */ ({ width: 0 }));
  const oldest = items[0]?.id;
  const newest = items.at(-1)?.id;
  // The newest runs are at the right; older ones that come later push nothing away.
  useLayoutEffect(() => {
    const element = scroll.current;
    const same = seen.current.newest === newest;
    element.scrollLeft = same
      ? element.scrollLeft + element.scrollWidth - seen.current.width
      : element.scrollWidth;
    seen.current = { newest, width: element.scrollWidth };
  }, [oldest, newest]);
  return html`<div
    class="table-scroll heatmap"
    tabindex="0"
    role="region"
    aria-label=${`${title}, table`}
    ref=${scroll}
  >
    <table>
      <thead>
        <tr>
          <th scope="col" class="left">${nameTitle}</th>
          ${items.map(
            (item) =>
              html`<th
                key=${item.id}
                scope="col"
                class=${item.id === shown ? "heat-shown" : ""}
                aria-current=${item.id === shown ? "true" : undefined}
              >
                ${headOf(item)}
              </th>`,
          )}
          <td class="heat-rest"></td>
        </tr>
      </thead>
      <tbody>
        ${rows.map(
          (row) =>
            html`<tr key=${row.key}>
              <th scope="row" class="left" title=${row.hint || undefined}>
                <bdi class="heat-metric">${row.name}</bdi> <code class="caption">${row.limit}</code>
              </th>
              ${row.cells.map((cell, i) => {
                if (cell === null)
                  return html`<td key=${items[i].id}><span class="unseen">not asked</span></td>`;
                const { state, word, note } = cell;
                return html`<td
                  key=${items[i].id}
                  class=${`heat heat-${state}${items[i].id === shown ? " heat-shown" : ""}`}
                  title=${`${nameOf(items[i])}: ${[word, note].filter(Boolean).join(", ")}`}
                >
                  <span aria-hidden="true">${SIGNS[state]}</span><span class="unseen">${word}</span>
                </td>`;
              })}
              <td class="heat-rest"></td>
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}
