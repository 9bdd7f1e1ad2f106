/** The page's address holds what is shown: run, test, tab and time range. Reading and writing it is pure. */

export const TABS = [
  { id: "overview", title: "Overview" },
  { id: "summary", title: "Summary" },
];

/** `{run, test, tab, zoom}` of a query string; what is missing or wrong gets its default. */
export function parseRoute(search) {
  const query = new URLSearchParams(search);
  const from = Number(query.get("from") ?? NaN);
  const to = Number(query.get("to") ?? NaN);
  return {
    run: query.get("run") || null,
    test: query.get("test") || null,
    tab: TABS.some((tab) => tab.id === query.get("tab")) ? query.get("tab") : TABS[0].id,
    zoom: from >= 0 && to > from && Number.isFinite(to) ? { from, to } : null,
  };
}

/** The query string of a route, `?` included. */
export function formatRoute(route) {
  const query = new URLSearchParams();
  if (route.run) query.set("run", route.run);
  else if (route.test) query.set("test", route.test);
  if (route.tab !== TABS[0].id) query.set("tab", route.tab);
  if (route.zoom) {
    query.set("from", String(Number(route.zoom.from.toFixed(1))));
    query.set("to", String(Number(route.zoom.to.toFixed(1))));
  }
  const text = query.toString();
  return text ? "?" + text : "?";
}
