/**
 * What decides for runs that speak something else than HTTP: which figures stand on top, and which sections of the
 * dashboard come forward. Pure.
 */

/** @import { DashboardSection } from "../documents.js" */
/** @import { Run, Tab } from "../types.js" */

const stat = (id, title, ...series) => ({
  id,
  kind: "stat",
  title,
  series: series.map(([metric, aggregate]) => ({ metric, aggregate })),
});

/** By the beginning of their metrics' names, the figures that decide, and whose absence says nothing. */
const PROTOCOLS = {
  ws_: [
    stat("ws-sessions-total", "WebSocket sessions", ["ws_sessions", "count"], ["ws_sessions", "rate"]),
    stat("ws-session-p95", "Session duration p95", ["ws_session_duration", "p(95)"]),
    stat("ws-connecting-p95", "Connecting p95", ["ws_connecting", "p(95)"]),
    stat("ws-received", "Messages received", ["ws_msgs_received", "count"], ["ws_msgs_received", "rate"]),
    stat("ws-sent", "Messages sent", ["ws_msgs_sent", "count"], ["ws_msgs_sent", "rate"]),
  ],
  grpc_: [
    stat("grpc-p95", "gRPC duration p95", ["grpc_req_duration", "p(95)"]),
    stat("grpc-streams-total", "Streams", ["grpc_streams", "count"], ["grpc_streams", "rate"]),
    stat(
      "grpc-received",
      "Messages received",
      ["grpc_streams_msgs_received", "count"],
      ["grpc_streams_msgs_received", "rate"],
    ),
  ],
  browser_: [
    stat("lcp-p95", "LCP p95", ["browser_web_vital_lcp", "p(95)"]),
    stat("inp-p95", "INP p95", ["browser_web_vital_inp", "p(95)"]),
    stat("cls-p95", "CLS p95", ["browser_web_vital_cls", "p(95)"]),
    stat("browser-p95", "Browser requests p95", ["browser_http_req_duration", "p(95)"]),
    stat("browser-failed", "Browser requests failed", ["browser_http_req_failed", "rate"]),
  ],
};

const metricsOf = (panel) => (panel.series ?? []).map(({ metric }) => metric);

/** The bands that the dashboard gives to the charts of metrics. */
function bandsOf(tabs) {
  const panels = tabs.flatMap((tab) => (tab.sections ?? []).flatMap((section) => section.panels));
  return new Map(panels.flatMap((panel) => (panel.bands ? [[metricsOf(panel)[0], panel.bands]] : [])));
}

/**
 * The first tab's sections, for a run without HTTP requests and with another protocol: what there is of its own, that
 * protocol's figures on top, and its sections out of the other tabs behind. Else the sections as they are.
 *
 * @param {Run} run
 * @param {Tab} tab
 * @param {Tab[]} tabs
 * @returns {{ sections: any[], adapted: boolean }}
 */
export function adaptedSections(run, tab, tabs) {
  const sections = /** @type {any[]} */ (tab.sections ?? []);
  const spoken = Object.keys(PROTOCOLS).filter((begin) =>
    [...run.metrics.keys()].some((name) => name.startsWith(begin)),
  );
  const isHttp = sections.some(({ panels }) =>
    panels.some((panel) => metricsOf(panel).includes("http_reqs")),
  );
  const known = run.current || run.stop !== null;
  if (!known || !isHttp || spoken.length === 0 || run.metrics.has("http_reqs"))
    return { sections, adapted: false };
  const speaks = (panel) =>
    metricsOf(panel).some((metric) => spoken.some((begin) => metric.startsWith(begin)));
  const [head, ...rest] = sections;
  const bands = bandsOf(tabs);
  const decisive = spoken.flatMap((begin) => PROTOCOLS[begin]);
  const figures = {
    ...head,
    panels: [
      ...decisive.map((panel) => ({ ...panel, bands: bands.get(metricsOf(panel)[0]) })),
      ...head.panels,
    ],
  };
  const others = tabs
    .filter((other) => other !== tab)
    .flatMap((other) => /** @type {any[]} */ (other.sections ?? []))
    .filter(({ panels }) => panels.some(speaks));
  const own = rest.map((section) => ({
    // What is left of it is no performance of HTTP.
    title: /http/i.test(section.title ?? "") ? "Load" : section.title,
    panels: section.panels.filter(({ kind }) => kind !== "requests" || run.tables.requests.length > 0),
  }));
  return { sections: [figures, ...others, ...own], adapted: true };
}
