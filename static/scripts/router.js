/** The page's address holds what is shown. Reading and writing it is pure. */

import { partQuery, readPart } from "./model/part.js";

/** @import { Route } from "./types.js" */

/** The default document's first tab, which an address need not name. */
const FIRST_TAB = "overview";

/** The pages that are of no run. */
export const TESTS = "tests";

/** What a person arranged: `sort.TABLE`, `closed.TABLE` (groups of its tree), `hide.CHART`, `table.CHART`; `only.FACET` and `by.TABLE` (`model/facets.js`). */
const LOOK = /^(sort|closed|hide|table|only|by)\../;
const MOST_LOOKS = 50;
/** Longer ones are nothing that a person arranged. */
const LONGEST_LOOK = 2000;

/** Beside the shown run and the one that it is compared with. */
export const MOST_MORE = 3;

/**
 * `{page, run, test, tab, zoom, filter, row, rows, other, shown}` of a query string; what is missing or wrong gets
 * its default. `page` is that of no run which is shown instead of one, null where it is a run. `zoom` is the part of the run that all figures are of (`from` and `to`, times since its begin). `tab` is the id of one of the run's tabs (`model/panels.js` knows which there are), `filter`
 * the text above a table, `row` the key of the row that is open (an array of text, the table's name
 * first), `rows` which rows a table shows where that can be chosen, `other` the run that is compared with, `more` up to three others that charts show beside them, `shown` the ids of the percentiles that charts show,
 * null for those of the dashboard, `look` how tables and charts of the tab are arranged (`data/page-state.js`).
 */
export function parseRoute(search) {
  const query = new URLSearchParams(search);
  return {
    page: query.get("page") === TESTS ? TESTS : null,
    run: query.get("run") || null,
    test: query.get("test") || null,
    tab: query.get("tab") || FIRST_TAB,
    zoom: readPart(query.get("from"), query.get("to")),
    filter: query.get("filter") ?? "",
    row: parseRow(query.get("row")),
    rows: query.get("rows") || null,
    other: query.get("other") || null,
    more: parseMore(query.get("more")),
    shown: parseShown(query.get("shown")),
    look: Object.fromEntries(
      [...query]
        .filter(([name, value]) => LOOK.test(name) && value.length < LONGEST_LOOK)
        .slice(0, MOST_LOOKS),
    ),
  };
}

/** No run's id has a comma. */
const parseMore = (text) => [...new Set((text ?? "").split(",").filter(Boolean))].slice(0, MOST_MORE);

function parseShown(text) {
  const ids = (text ?? "").split(".").filter((id) => /^\w+$/.test(id));
  return ids.length > 0 ? ids : null;
}

function parseRow(text) {
  try {
    const row = JSON.parse(text);
    return Array.isArray(row) && row.length > 0 && row.every((part) => typeof part === "string") ? row : null;
  } catch {
    return null;
  }
}

/**
 * The route after `change`. Filter, row, rows and look belong to the tab that is left, the part to the run:
 * they go unless the change names them.
 *
 * @param {Route} route
 * @param {Partial<Route>} change
 */
export function changeRoute(route, change) {
  return {
    ...route,
    ...((change.run !== undefined || change.tab !== undefined) && { page: null }),
    ...((change.tab !== undefined || change.page !== undefined) && {
      filter: "",
      row: null,
      rows: null,
      look: {},
    }),
    ...(change.run !== undefined && { zoom: null }),
    ...change,
  };
}

/** The address of the page after `change`. */
export const hrefOf = (route, change) => formatRoute(changeRoute(route, change));

/**
 * The query string of a route, `?` included.
 *
 * @param {Route} route
 */
export function formatRoute(route) {
  const query = new URLSearchParams();
  if (route.page) return formatPage(route);
  if (route.run) query.set("run", route.run);
  else if (route.test) query.set("test", route.test);
  if (route.tab && route.tab !== FIRST_TAB) query.set("tab", route.tab);
  for (const [name, value] of Object.entries(partQuery(route.zoom))) query.set(name, value);
  if (route.filter) query.set("filter", route.filter);
  if (route.row) query.set("row", JSON.stringify(route.row));
  if (route.rows) query.set("rows", route.rows);
  if (route.other) query.set("other", route.other);
  if (route.more?.length) query.set("more", route.more.join(","));
  if (route.shown) query.set("shown", route.shown.join("."));
  for (const [name, value] of Object.entries(route.look ?? {})) query.set(name, value);
  const text = query.toString();
  return text ? "?" + text : "?";
}

/** Nothing of a run stands in it. */
function formatPage({ page, filter, look }) {
  return "?" + new URLSearchParams({ page, ...(filter && { filter }), ...look });
}
