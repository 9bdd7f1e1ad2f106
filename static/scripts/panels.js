/** What the pages draw: tiles and charts as data, colours fixed by meaning so that they read without a legend. */

const MEDIAN = "--series-1";
const P95 = "--series-2";
const P99 = "--series-6";
const VUS = "--series-4";
const FAILED = "--bad";
const CHECKS = "--series-3";
const ITERATIONS = "--series-5";
const QUIET = "--series-8";

/** `figure` and `aside` are aggregates over the whole run; `trend` is drawn small. */
export const TILES = [
  { title: "Requests", metric: "http_reqs", figure: "count", aside: "rate", trend: "rate", color: MEDIAN },
  { title: "Request duration p95", metric: "http_req_duration", figure: "p(95)", trend: "p(95)", color: P95 },
  { title: "Failed requests", metric: "http_req_failed", figure: "rate", trend: "rate", color: FAILED },
  { title: "Checks passed", metric: "checks", figure: "rate", trend: "rate", color: CHECKS },
  { title: "Active VUs", metric: "vus", figure: "value", now: true, trend: "value", color: VUS },
  {
    title: "Iterations",
    metric: "iterations",
    figure: "count",
    aside: "rate",
    trend: "rate",
    color: ITERATIONS,
  },
];

export const OVERVIEW = [
  {
    id: "request-rate",
    title: "HTTP requests",
    caption: "per second",
    unit: "rate",
    series: [{ label: "request rate", metric: "http_reqs", aggregate: "rate", color: MEDIAN, fill: true }],
  },
  {
    id: "request-duration",
    title: "Request duration",
    caption: "all requests",
    unit: "time",
    series: percentiles("http_req_duration"),
  },
  {
    id: "failed",
    title: "Failed requests",
    caption: "share of requests",
    unit: "ratio",
    series: [{ label: "failed", metric: "http_req_failed", aggregate: "rate", color: FAILED, fill: true }],
  },
  {
    id: "vus",
    title: "Virtual users",
    caption: "",
    unit: "count",
    series: [
      { label: "active VUs", metric: "vus", aggregate: "value", color: VUS, fill: true },
      { label: "max", metric: "vus_max", aggregate: "value", color: QUIET, dash: true },
    ],
  },
  {
    id: "transfer",
    title: "Transfer",
    caption: "per second",
    unit: "data/s",
    series: [
      { label: "received", metric: "data_received", aggregate: "rate", color: ITERATIONS, fill: true },
      { label: "sent", metric: "data_sent", aggregate: "rate", color: P95 },
    ],
  },
  {
    id: "iteration-duration",
    title: "Iteration duration",
    caption: "all scenarios",
    unit: "time",
    series: percentiles("iteration_duration"),
  },
];

function percentiles(metric) {
  return [
    { label: "p99", metric, aggregate: "p(99)", color: P99 },
    { label: "p95", metric, aggregate: "p(95)", color: P95 },
    { label: "median", metric, aggregate: "med", color: MEDIAN },
  ];
}
