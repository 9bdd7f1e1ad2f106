/** A table of figures: sorted, filtered, and steady while somebody points at it. */

import { Fragment, html, useEffect, useRef, useState } from "../html.js";
import { useLook } from "../data/page-state.js";
import { treeOf } from "../model/tree.js";

/**
 * `columns` are `{id, title, cell(row, {depth}), sort(row), text(row), left, width}`; without `sort` a column
 * cannot be sorted by. `rowKey(row)` tells rows apart. `initial` is `{by, down}`. With `detail(row)`
 * rows open below themselves: `open` is the key of the one that is open, `onOpen(row or null)` the wish.
 * With `tree`, keys are paths, and rows stand below those that they are in, which can be closed.
 */
export function DataTable({
  columns,
  rows,
  rowKey,
  initial,
  label,
  filter = "",
  detail = /** @type {((row: any) => unknown) | null} */ (null),
  open = null,
  onOpen,
  empty = "No data yet.",
  tree = false,
}) {
  const slug = label.toLowerCase().replace(/[^a-z0-9]+/g, "-");
  const [sorted, setSorted] = useLook(`sort.${slug}`);
  const order = sorted === null ? (initial ?? null) : parseOrder(sorted, columns);
  const pointed = useRef(false);
  const focused = useRef(false);
  const lastOrder = useRef([]);

  const wanted = filter.trim().toLowerCase();
  const visible = wanted ? rows.filter((row) => matches(row, columns, wanted)) : rows;
  const inOrder = order ? sortRows(visible, columns, order) : visible;
  const [folded, setFolded] = useLook(tree ? `closed.${slug}` : null);
  const closed = new Set(folded?.split("\n"));
  const still = pointed.current || focused.current || open !== null;
  const shown = still ? keepOrder(inOrder, lastOrder.current, rowKey) : inOrder;
  lastOrder.current = shown.map(rowKey);
  // Whoever looks for a text finds it wherever it is.
  const lines = tree
    ? treeOf(shown, wanted ? new Set() : closed)
    : shown.map((row) => ({ row, depth: 0, inner: false }));

  function sortBy(column) {
    const down = order?.by === column.id ? !order.down : column.left !== true;
    lastOrder.current = [];
    setSorted(`${down ? "-" : ""}${column.id}`);
  }

  function openRow(row) {
    onOpen(rowKey(row) === open ? null : row);
  }

  function fold(path) {
    const next = new Set(closed);
    if (!next.delete(path)) next.add(path);
    setFolded([...next].join("\n") || null);
  }

  function clicked(event, row) {
    // Controls speak for themselves, and whoever marks text wants to read.
    if (event.target.closest("button, a") || !getSelection()?.isCollapsed) return;
    openRow(row);
  }

  return html`<div
    class=${detail ? "table-scroll table-opens" : "table-scroll"}
    tabindex="0"
    role="region"
    aria-label=${`${label}, table`}
    onPointerEnter=${(event) => (pointed.current = event.pointerType === "mouse")}
    onPointerLeave=${() => (pointed.current = false)}
    onFocusIn=${() => (focused.current = true)}
    onFocusOut=${() => (focused.current = false)}
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
        <${Lines}
          lines=${lines}
          order=${`${sorted} ${wanted}`}
          render=${({ row, depth, inner }) => {
            const key = rowKey(row);
            const isOpen = detail !== null && key === open;
            const cell = (column) => column.cell(row, { depth });
            return html`<${Fragment} key=${key}>
              <tr
                class=${isOpen ? "row-open" : ""}
                onClick=${detail ? (event) => clicked(event, row) : undefined}
              >
                ${columns.map((column, i) =>
                  i === 0
                    ? html`<th
                        scope="row"
                        class=${tree ? "left tree" : "left"}
                        style=${tree ? `--depth: ${depth}` : undefined}
                      >
                        ${inner && !wanted && html`<${Fold} path=${row.key[0]} open=${!closed.has(row.key[0])} onFold=${fold} />`}
                        ${
                          detail
                            ? html`<button
                                type="button"
                                class="opener"
                                aria-expanded=${isOpen}
                                onClick=${() => openRow(row)}
                              >
                                ${cell(column)}
                              </button>`
                            : cell(column)
                        }
                      </th>`
                    : html`<td class=${column.left ? "left" : ""} data-title=${column.title}>
                        ${cell(column)}
                      </td>`,
                )}
              </tr>
              ${
                isOpen &&
                html`<tr class="row-detail">
                  <td colspan=${columns.length}><div class="detail">${detail?.(row)}</div></td>
                </tr>`
              }
            <//>`;
          }}
        />
      </tbody>
    </table>
    ${shown.length === 0 ? html`<p class="nothing">${wanted ? "Nothing matches." : empty}</p>` : null}
  </div>`;
}

/** Lines that are made in one task. */
const LINES = 40;

/**
 * Lines by and by: some at once, the others each so many in a task of their own, so that the page answers meanwhile
 * however long the table is. What stood there stands until its turn comes, unless somebody chose another `order`.
 */
function Lines({ lines, order, render }) {
  const made = useRef({
    lines: /** @type {unknown} */ (null),
    order,
    parts: /** @type {ReturnType<typeof html>[]} */ ([]),
    count: 0,
  }).current;
  if (made.order !== order) Object.assign(made, { order, parts: [] });
  const [, again] = useState(0);
  if (made.lines !== lines) Object.assign(made, { lines, count: 0 });
  const next = made.count * LINES;
  if (next < lines.length) {
    const part = lines.slice(next, next + LINES).map(render);
    made.parts[made.count] = html`<${Fragment} key=${made.count}>${part}<//>`;
    made.count += 1;
  }
  made.parts.length = Math.min(made.parts.length, Math.ceil(lines.length / LINES));
  useEffect(() => {
    if (made.count * LINES >= lines.length) return undefined;
    const timer = setTimeout(() => again((times) => times + 1));
    return () => clearTimeout(timer);
  });
  // The same parts once more: the library passes over what has not changed.
  return [...made.parts];
}

/** Shows or hides what is in a row. */
function Fold({ path, open, onFold }) {
  const words = path.replace(/^::/, "").replaceAll("::", " › ");
  return html`<button
    type="button"
    class="fold"
    aria-expanded=${open}
    aria-label=${`Groups in ${words}`}
    onClick=${() => onFold(path)}
  ></button>`;
}

/** `-p95` is by p95, the greatest first. */
function parseOrder(text, columns) {
  const down = text.startsWith("-");
  const by = down ? text.slice(1) : text;
  return columns.some((column) => column.id === by) ? { by, down } : null;
}

function matches(row, columns, wanted) {
  return columns.some((column) => column.text?.(row).toLowerCase().includes(wanted));
}

/** Rows without a figure stand last, whichever way. */
function sortRows(rows, columns, { by, down }) {
  const value = columns.find((column) => column.id === by)?.sort;
  if (!value) return rows;
  return [...rows].sort((a, b) => {
    const x = value(a) ?? null;
    const y = value(b) ?? null;
    if (x === null || y === null) return Number(x === null) - Number(y === null);
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
