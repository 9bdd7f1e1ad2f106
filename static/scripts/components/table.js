/** A table of figures: sorted, filtered, and steady while somebody points at it. */

import { html, useRef, useState } from "../html.js";

/**
 * `columns` are `{id, title, cell(row), sort(row), text(row), left, width}`; without `sort` a column
 * cannot be sorted by. `rowKey(row)` tells rows apart. `initial` is `{by, down}`.
 */
export function DataTable({ columns, rows, rowKey, initial, label, filter = "" }) {
  const [order, setOrder] = useState(initial ?? null);
  const pointed = useRef(false);
  const lastOrder = useRef([]);

  const wanted = filter.trim().toLowerCase();
  const visible = wanted ? rows.filter((row) => matches(row, columns, wanted)) : rows;
  const sorted = order ? sortRows(visible, columns, order) : visible;
  const shown = pointed.current ? keepOrder(sorted, lastOrder.current, rowKey) : sorted;
  lastOrder.current = shown.map(rowKey);

  function sortBy(column) {
    const down = order?.by === column.id ? !order.down : column.left !== true;
    lastOrder.current = [];
    setOrder({ by: column.id, down });
  }

  return html`<div
    class="table-scroll"
    tabindex="0"
    role="region"
    aria-label=${label}
    onPointerEnter=${(event) => (pointed.current = event.pointerType === "mouse")}
    onPointerLeave=${() => (pointed.current = false)}
  >
    <table>
      <thead>
        <tr>
          ${columns.map(
            (column) =>
              html`<th
                key=${column.id}
                scope="col"
                class=${column.left ? "left" : ""}
                aria-sort=${order?.by === column.id ? (order.down ? "descending" : "ascending") : undefined}
              >
                ${
                  column.sort
                    ? html`<button type="button" class="sort" onClick=${() => sortBy(column)}>
                        ${column.title}<span aria-hidden="true"
                          >${order?.by === column.id ? (order.down ? " ▾" : " ▴") : ""}</span
                        >
                      </button>`
                    : column.title
                }
              </th>`,
          )}
        </tr>
      </thead>
      <tbody>
        ${shown.map(
          (row) =>
            html`<tr key=${rowKey(row)}>
              ${columns.map((column, i) =>
                i === 0
                  ? html`<th scope="row" class="left">${column.cell(row)}</th>`
                  : html`<td class=${column.left ? "left" : ""}>${column.cell(row)}</td>`,
              )}
            </tr>`,
        )}
      </tbody>
    </table>
    ${shown.length === 0 ? html`<p class="nothing">${wanted ? "Nothing matches." : "No data yet."}</p>` : null}
  </div>`;
}

function matches(row, columns, wanted) {
  return columns.some((column) => column.text?.(row).toLowerCase().includes(wanted));
}

/** Rows without a figure stand last, whichever way. */
function sortRows(rows, columns, { by, down }) {
  const value = columns.find((column) => column.id === by)?.sort;
  if (!value) return rows;
  return [...rows].sort((a, b) => {
    const x = value(a);
    const y = value(b);
    if (x === null || y === null) return (x === null) - (y === null);
    const direction = x < y ? -1 : x > y ? 1 : 0;
    return down ? -direction : direction;
  });
}

/** Rows in the order they were shown in, new ones behind. */
function keepOrder(rows, keys, rowKey) {
  const place = new Map(keys.map((key, i) => [key, i]));
  const at = (row) => place.get(rowKey(row)) ?? Infinity;
  return rows
    .map((row, i) => [at(row), i, row])
    .sort((a, b) => (a[0] === b[0] ? a[1] - b[1] : a[0] - b[0]))
    .map((entry) => entry[2]);
}
