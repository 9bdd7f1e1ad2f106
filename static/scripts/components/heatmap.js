/** Thresholds × runs as a table whose cells are tinted by their verdict. */

import { format, unitOf } from "../model/format.js";
import { html, useLayoutEffect, useRef } from "../html.js";
import {
  allKnown,
  metaOf,
  outcomeOf,
  parseExpression,
  formatExpression,
  SIGNS,
} from "../model/thresholds.js";

/** @import { Props } from "../types.js" */

/**
 * `rows` as of `thresholdsByRun(items)`; `run` has the units; `headOf(item)` is a column's head.
 *
 * @param {Props<"run" | "items">} props
 */
export function Heatmap({ run, items, rows, shown, nameOf, headOf }) {
  const scroll = useRef(null);
  const complete = items.map((item) => allKnown(item.thresholds ?? [], item.thresholdsKnown ?? false));
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
    aria-label="Thresholds by run, table"
    ref=${scroll}
  >
    <table>
      <thead>
        <tr>
          <th scope="col" class="left">Threshold</th>
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
        ${rows.map((row) => {
          const meta = metaOf(run, row.metric);
          const limitText = formatExpression(row.expression, meta);
          const unit = unitOf(meta, parseExpression(row.expression)?.aggregate);
          return html`<tr key=${row.key}>
            <th scope="row" class="left" title=${`${row.metric} ${row.expression}`}>
              <bdi class="heat-metric">${row.metric}</bdi> <code class="caption">${limitText}</code>
            </th>
            ${row.cells.map((cell, i) => {
              if (cell === null)
                return html`<td key=${items[i].id}><span class="unseen">not asked</span></td>`;
              const { state, word: outcome } = outcomeOf(cell, complete[i]);
              const word = state === "open" ? `${outcome}, but limits of this run may be missing` : outcome;
              return html`<td
                key=${items[i].id}
                class=${`heat heat-${state}${items[i].id === shown ? " heat-shown" : ""}`}
                title=${`${nameOf(items[i])}: ${word}, ${format(cell.observed, unit)} for ${limitText}`}
              >
                <span aria-hidden="true">${SIGNS[state]}</span><span class="unseen">${word}</span>
              </td>`;
            })}
            <td class="heat-rest"></td>
          </tr>`;
        })}
      </tbody>
    </table>
  </div>`;
}
