import assert from "node:assert/strict";
import { test } from "node:test";
import { figuresOf, METRIC_TABLES } from "../scripts/model/metric-tables.js";
import { apply, column, elapsed, latest, newRun, peak, splitName, total } from "../scripts/model/run.js";
import {
  limitsFor,
  margin,
  parseExpression,
  formatExpression,
  tally,
  thresholdsKnown,
} from "../scripts/model/thresholds.js";
import { changeRoute, formatRoute, parseRoute } from "../scripts/router.js";

const START = 1_795_221_970_000;

/** A run of `http_reqs` and `time`, fed from the first event on. */
function begun() {
  const run = newRun();
  apply(run, "config", {}, 0);
  apply(run, "param", { run: "shop.1", period: 2000, thresholds: {}, endOffset: 40_000 }, 1);
  apply(run, "metric", { time: { type: "gauge", contains: "time" } }, 2);
  apply(run, "start", [[START]], 3);
  apply(run, "metric", { http_reqs: { type: "counter" } }, 4);
  return run;
}

test("a snapshot's arrays are read by the names known when it came", () => {
  const run = begun();
  apply(run, "snapshot", [[10, 5], [START + 2000]], 5);
  apply(run, "metric", { checks: { type: "rate" } }, 6);
  apply(run, "snapshot", [[0.5], [12, 6], [START + 4000]], 7);
  assert.deepEqual(run.times, [2, 4]);
  assert.deepEqual(column(run, "http_reqs", "rate"), [5, 6]);
  assert.deepEqual(column(run, "checks", "rate"), [null, 0.5]);
});

test("columns grow in place, and a window without requests is one of none a second", () => {
  const run = begun();
  apply(run, "snapshot", [[10, 5], [START + 2000]], 5);
  const before = column(run, "http_reqs", "rate");
  apply(run, "snapshot", [[], [START + 4000]], 6);
  assert.equal(column(run, "http_reqs", "rate"), before);
  assert.deepEqual(before, [5, 0]);
  assert.equal(latest(run, "http_reqs", "rate"), 0);
  assert.equal(latest(run, "absent", "rate"), null);
  assert.equal(peak(run, "http_reqs", "rate"), 5);
});

test("a replay after a reconnection changes nothing, and what follows is not lost", () => {
  const run = begun();
  apply(run, "snapshot", [[10, 5], [START + 2000]], 5);
  const { revision } = run;
  assert.equal(apply(run, "snapshot", [[10, 5], [START + 2000]], 5), false);
  assert.equal(apply(run, "start", [[START]], 3), false);
  assert.equal(run.revision, revision);
  assert.equal(apply(run, "snapshot", [[11, 6], [START + 4000]], 6), true);
  assert.deepEqual(run.times, [2, 4]);
});

test("state has no id: the newest stands, even under the id of an event before it", () => {
  const run = begun();
  assert.equal(run.current, false);
  apply(run, "health", { samples: 1 }, 4);
  apply(run, "health", { samples: 2 }, 4);
  assert.equal(run.health.samples, 2);
  assert.equal(run.current, true);
  apply(run, "cumulative", [[22, 5.5], [START + 4000]], 4);
  assert.equal(total(run, "http_reqs", "count"), 22);
});

test("a type that is learnt later does not change what came before", () => {
  const run = begun();
  apply(run, "metric", { orders: { type: "trend" } }, 5);
  apply(run, "snapshot", [[10, 5], [1, 2, 3, 4, 5, 6, 7], [START + 2000]], 6);
  apply(run, "metric", { orders: { type: "counter" } }, 7);
  apply(run, "snapshot", [[10, 5], [9, 4.5], [START + 4000]], 8);
  assert.deepEqual(column(run, "orders", "count"), [null, 9]);
  assert.deepEqual(column(run, "orders", "avg"), [1, null]);
});

test("names stand in byte order, beyond the first plane too", () => {
  const run = begun();
  apply(
    run,
    "metric",
    { "m{a:😀}": { type: "gauge" }, "m{a:ﬁ}": { type: "gauge" }, __proto__x: { type: "gauge" } },
    5,
  );
  assert.deepEqual(run.layout.names, ["__proto__x", "http_reqs", "m{a:ﬁ}", "m{a:😀}", "time"]);
});

test("kinds that are not known, and names of the language's own, change nothing", () => {
  const run = begun();
  assert.equal(apply(run, "later", {}, 5), false);
  assert.equal(apply(run, "constructor", {}, 6), false);
  assert.equal(run.lastEvent, 4);
});

test("only stop ends a run", () => {
  const run = begun();
  assert.equal(elapsed(run), 0);
  apply(run, "snapshot", [[10, 5], [START + 2000]], 5);
  assert.equal(run.stop, null);
  assert.equal(elapsed(run), 2000);
  apply(run, "stop", [[], [START + 3500]], 6);
  assert.equal(elapsed(run), 3500);
});

test("a submetric's name falls into metric and selector", () => {
  assert.deepEqual(splitName("checks{a:{b}}"), { metric: "checks", selector: "a:{b}" });
  assert.deepEqual(splitName("checks"), { metric: "checks", selector: null });
});

test("expressions are read as k6 writes them", () => {
  assert.deepEqual(parseExpression("p(99.9) <= 1e3"), { aggregate: "p(99.9)", operator: "<=", limit: 1000 });
  assert.equal(parseExpression("rate is low"), null);
  assert.equal(formatExpression("rate<0.01", { type: "rate" }), "rate < 1\u00a0%");
  assert.equal(formatExpression("nonsense", undefined), "nonsense");
});

test("a margin is positive on the good side", () => {
  assert.equal(margin("p(95)<400", 100), 0.75);
  assert.equal(margin("rate>0.5", 0.25), -0.5);
  assert.equal(margin("count>0", 1), null);
  assert.equal(margin("count>1", null), null);
});

test("no data is not a pass, nor is what nobody told", () => {
  const thresholds = [{ passes: true }, { passes: false }, { passes: null }, { passes: null, untold: true }];
  assert.deepEqual(tally(thresholds), { pass: 1, fail: 1, unknown: 0, untold: 1, noData: 1, total: 4 });
});

test("a limit is drawn on the chart of its metric and aggregate only", () => {
  const run = begun();
  apply(run, "metric", { d: { type: "trend", contains: "time" } }, 5);
  apply(run, "thresholds", [
    { metric: "d", expression: "p(95)<400", observed: 500, passes: false, firstFailed: START + 4000 },
    { metric: "d", expression: "avg<100", observed: 1, passes: true, firstFailed: null },
    { metric: "d{name:x}", expression: "p(95)<1", observed: 1, passes: true, firstFailed: null },
  ]);
  const limits = limitsFor(run, [{ metric: "d", aggregate: "p(95)" }]);
  assert.deepEqual(limits, [{ value: 400, label: "p(95) < 400\u00a0ms", fails: true, crossed: 4 }]);
});

test("health's word on whether thresholds are known is the newest", () => {
  const run = begun();
  apply(run, "param", { thresholdsKnown: false }, 5);
  assert.equal(thresholdsKnown(run), false);
  apply(run, "health", { thresholdsKnown: true });
  assert.equal(thresholdsKnown(run), true);
  apply(run, "health", { thresholdsKnown: false });
  apply(run, "verdict", { state: "pass" });
  assert.equal(thresholdsKnown(run), false);
  apply(run, "verdict", { state: "pass", thresholdsIgnored: true });
  assert.equal(thresholdsKnown(run), true, "of those that do not count nobody misses any");
});

test("an address survives being written and read, and nonsense gets defaults", () => {
  const route = {
    page: null,
    run: "shop.a b&c",
    test: null,
    tab: "requests",
    zoom: { from: 1.5, to: 20 },
    filter: "pay & go",
    row: ["requests", "GET", "https://shop/?a=b"],
    rows: "all",
    other: "shop.1",
    more: ["shop.2", "other.1"],
    shown: ["p50", "max"],
    look: {
      "sort.requests": "-p95",
      "closed.groups": "::cart\n::pay",
      "hide.request-duration": "0.2",
      "table.virtual-users": "1",
    },
  };
  assert.deepEqual(parseRoute(formatRoute(route)), route);
  const plain = parseRoute("");
  assert.deepEqual(plain, {
    page: null,
    run: null,
    test: null,
    tab: "overview",
    zoom: null,
    filter: "",
    row: null,
    rows: null,
    other: null,
    more: [],
    shown: null,
    look: {},
  });
  assert.deepEqual(
    parseRoute("?more=a,,b,a,c,d,e").more,
    ["a", "b", "c"],
    "no more than charts have lines for",
  );
  assert.deepEqual(parseRoute("?from=9&to=3&row=[1]"), plain);
  assert.deepEqual(parseRoute("?row={"), plain);
});

test("a page of no run has nothing of a run in its address, and is left by choosing one", () => {
  const run = parseRoute("?run=a.1&tab=errors&filter=x&hide.load=p95");
  const tests = changeRoute(run, { page: "tests" });
  assert.equal(formatRoute(tests), "?page=tests");
  const searched = changeRoute(tests, { filter: "shop" });
  assert.equal(formatRoute(searched), "?page=tests&filter=shop");
  assert.equal(parseRoute("?page=tests&filter=shop").filter, "shop");
  const sorted = changeRoute(searched, { look: { "sort.tests": "-p95" } });
  assert.equal(formatRoute(sorted), "?page=tests&filter=shop&sort.tests=-p95");
  assert.equal(formatRoute(changeRoute(searched, { run: "b.2", tab: "runs" })), "?run=b.2&tab=runs");
  assert.equal(parseRoute("?page=elsewhere").page, null);
});

test("filter and rows stay behind with their tab, the zoom with its run, unless the change names them", () => {
  const route = parseRoute('?run=a.1&tab=errors&filter=x&row=["statuses"]&rows=all&from=1&to=2&other=a.2');
  const tab = changeRoute(route, { tab: "requests", row: ["requests"] });
  assert.deepEqual([tab.filter, tab.row, tab.rows, tab.zoom], ["", ["requests"], null, route.zoom]);
  const run = changeRoute(route, { run: "a.3" });
  assert.deepEqual([run.filter, run.rows, run.zoom, run.other], ["x", "all", null, "a.2"]);
});

test("tables of metrics have at least what k6 prints, and every percentile that was asked for", () => {
  const of = (type, values) =>
    figuresOf(
      METRIC_TABLES.find((table) => table.type === type),
      values,
    );
  assert.deepEqual(of("trend", []), ["count", "avg", "min", "med", "max", "p(90)", "p(95)", "p(99)"]);
  assert.deepEqual(
    of("trend", [
      { avg: 1, "p(75)": 1 },
      { "p(99.9)": 2, sum: 3 },
    ]).slice(5),
    [...["p(75)", "p(90)", "p(95)", "p(99)", "p(99.9)"]],
  );
  assert.deepEqual(of("rate", []), ["rate", "passes", "fails"]);
  assert.deepEqual(of("gauge", []), ["value", "min", "max"]);
});
