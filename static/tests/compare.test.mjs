import assert from "node:assert/strict";
import { test } from "node:test";
import {
  commonTimes,
  compareChecks,
  compareMetrics,
  compareRequests,
  compareThresholds,
  conditions,
  defaultOther,
  difference,
  direction,
  overlay,
  resample,
  tallyRows,
} from "../scripts/model/compare.js";
import { apply, newRun } from "../scripts/model/run.js";

const START = 1_795_221_970_000;

/** A run that ended after `seconds`, with totals `[p95, failed, requests, VUs]`. */
function ended(seconds, [p95, failed, requests, vus], change = {}) {
  const run = newRun();
  apply(run, "param", { run: "shop.1", aggregates: { trend: ["p(95)"] }, scenarios: ["browse"] }, 0);
  apply(
    run,
    "metric",
    {
      http_req_duration: { type: "trend", contains: "time" },
      http_req_failed: { type: "rate" },
      http_reqs: { type: "counter" },
      time: { type: "gauge", contains: "time" },
      vus: { type: "gauge" },
    },
    1,
  );
  apply(run, "start", [[START]], 2);
  const row = [[p95], [failed], [requests, requests / seconds], [START + seconds * 1000], [vus]];
  apply(run, "snapshot", row, 3);
  apply(run, "cumulative", row);
  apply(run, "stop", [[], [], [], [START + seconds * 1000], []], 4);
  Object.assign(run, change);
  return run;
}

test("a longer duration is worse, a higher rate better, an unknown figure only higher", () => {
  assert.equal(difference(120, 100, -1).verdict, "worse");
  assert.equal(difference(80, 100, -1).verdict, "better");
  assert.equal(difference(120, 100, 1).verdict, "better");
  assert.equal(difference(120, 100, 0).verdict, "higher");
  assert.equal(difference(80, 100, 0).verdict, "lower");
});

test("less than one per cent is the same", () => {
  assert.equal(difference(100.99, 100, -1).verdict, "same");
  assert.equal(difference(101, 100, -1).verdict, "worse");
  assert.equal(difference(0, 0, -1).verdict, "same");
});

test("from nothing there is no percentage, but a verdict", () => {
  const found = difference(0.02, 0, -1);
  assert.equal(found.share, null);
  assert.equal(found.verdict, "worse");
  assert.ok(found.score > difference(1e6, 1, -1).score);
});

test("what only one of the runs has is added or gone", () => {
  assert.equal(difference(1, null, -1).verdict, "added");
  assert.equal(difference(undefined, 1, -1).verdict, "gone");
  assert.equal(difference(null, NaN, -1).verdict, null);
});

test("the direction comes from k6's meaning, from time, and else from a threshold", () => {
  const trend = { type: "trend", contains: "time" };
  assert.equal(direction("http_req_blocked", trend, "p(95)"), -1);
  assert.equal(direction("http_req_duration{name:a}", trend, "med"), -1);
  assert.equal(direction("http_req_duration", trend, "count"), 0);
  assert.equal(direction("checks{team:payment}", { type: "rate" }, "rate"), 1);
  assert.equal(direction("http_req_failed", { type: "rate" }, "rate"), -1);
  assert.equal(direction("iterations", { type: "counter" }, "rate"), 1);
  assert.equal(direction("dropped_iterations", { type: "counter" }, "count"), -1);
  assert.equal(direction("vus", { type: "gauge" }, "value"), 0);
  const thresholds = [{ metric: "in_stock{shop:a}", expression: "rate>0.99" }];
  assert.equal(direction("in_stock", { type: "rate" }, "rate"), 0);
  assert.equal(direction("in_stock", { type: "rate" }, "rate", thresholds), 1);
});

test("thresholds that wish opposite ways say nothing of the direction", () => {
  const thresholds = [
    { metric: "load", expression: "value>1" },
    { metric: "load", expression: "value<9" },
  ];
  assert.equal(direction("load", { type: "gauge" }, "value", thresholds), 0);
});

test("metrics are compared per aggregate, the worst first", () => {
  const rows = compareMetrics(ended(40, [150, 0.01, 4000, 10]), ended(40, [100, 0.02, 4000, 10]));
  assert.deepEqual(
    rows.map((row) => [row.name, row.figure, row.verdict]),
    [
      ["http_req_duration", "p95", "worse"],
      ["http_reqs", "Count", "same"],
      ["http_reqs", "Per second", "same"],
      ["vus", "Latest", "same"],
      ["http_req_failed", "Share", "better"],
    ],
  );
  assert.deepEqual(tallyRows(rows), { worse: 1, better: 1, same: 3, rest: 0 });
});

test("counts of runs of different length are neither better nor worse", () => {
  const rows = compareMetrics(ended(80, [100, 0, 8000, 10]), ended(40, [100, 0, 4000, 10]));
  const count = rows.find((row) => row.name === "http_reqs" && row.figure === "Count");
  assert.equal(count.verdict, "higher");
});

test("what only one run has is one row for the whole, with its p95 where it has one", () => {
  const run = ended(40, [100, 0.01, 4000, 10]);
  apply(run, "metric", { pay: { type: "trend", contains: "time" } }, 5);
  run.param.aggregates.trend = ["avg", "p(95)"];
  const other = ended(40, [100, 0.01, 4000, 10]);
  const names = ["http_req_duration", "http_req_failed", "http_reqs", "pay", "time", "vus"];
  const row = { pay: [70, 80], http_req_duration: [50, 100], http_reqs: [1, 1] };
  apply(
    run,
    "cumulative",
    names.map((name) => row[name] ?? [1]),
  );
  const rows = compareMetrics(run, other).filter((found) => found.name === "pay");
  assert.deepEqual(
    rows.map(({ figure, value, verdict }) => [figure, value, verdict]),
    [["p95", 80, "added"]],
  );
});

test("a run compared with itself has nothing that differs", () => {
  const run = ended(40, [100, 0.01, 4000, 10]);
  assert.ok(compareMetrics(run, run).every((row) => row.verdict === "same"));
  assert.ok(conditions(run, run).every((condition) => !condition.differs));
});

test("requests and checks are matched by key; those of one run alone say so", () => {
  const request = (name, p95) => ({ key: ["GET", name], med: 10, p95, p99: 20, failed: 0, rate: 5 });
  const tables = (requests, checks) => ({
    tables: { requests, checks, statuses: [], groups: [], scenarios: [] },
  });
  const check = (group, passes, fails) => ({ key: [group, "is 200"], passes, fails });
  const run = ended(40, [1, 0, 1, 1], tables([request("a", 30), request("new", 1)], [check("", 9, 1)]));
  const other = ended(40, [1, 0, 1, 1], tables([request("a", 20), request("old", 1)], [check("", 10, 0)]));
  const requests = compareRequests(run, other);
  assert.deepEqual([requests[0].name, requests[0].figure, requests[0].verdict], ["GET a", "p95", "worse"]);
  assert.ok(requests.filter((row) => row.name === "GET new").every((row) => row.verdict === "added"));
  assert.ok(requests.filter((row) => row.name === "GET old").every((row) => row.verdict === "gone"));
  assert.equal(compareChecks(run, other)[0].verdict, "worse");
});

test("a threshold that begins to fail is worse, however small the step, and stands first", () => {
  const threshold = (metric, observed, passes) => ({ metric, expression: "p(95)<400", observed, passes });
  const at = (list) => ended(40, [1, 0, 1, 1], { thresholds: list });
  const rows = compareThresholds(
    at([
      threshold("b", 9000, true),
      threshold("a", 400.5, false),
      threshold("new", 1, true),
      threshold("c", null, null),
    ]),
    at([threshold("b", 1, true), threshold("a", 399.5, true), threshold("c", null, null)]),
  );
  assert.deepEqual(
    rows.map((row) => [row.name, row.verdict]),
    [
      ["a", "worse"],
      ["b", "worse"],
      ["new", "added"],
      ["c", null],
    ],
  );
});

test("nothing that limits say is green in a comparison where some of either run may be missing", () => {
  const kept = { metric: "a", expression: "p(95)<400", observed: 100, passes: true };
  const before = { ...kept, observed: 500, passes: false };
  const at = (list, thresholdsKnown) =>
    ended(40, [1, 0, 1, 1], { thresholds: list, health: { thresholdsKnown } });
  const row = (known, knownBefore, more = []) =>
    compareThresholds(at([kept, ...more], known), at([before], knownBefore)).find(({ name }) => name === "a");
  assert.deepEqual([row(true, true).outcome.state, row(true, true).was.state], ["good", "bad"]);
  assert.equal(row(true, true).complete, true);
  assert.equal(row(false, true).outcome.state, "open");
  assert.deepEqual([row(true, false).outcome.state, row(true, false).complete], ["good", false]);
  const untyped = { metric: "b", expression: "rate<1", observed: null, passes: null, unknown: ["rate"] };
  assert.equal(row(true, true, [untyped]).outcome.state, "open");
  const gone = compareThresholds(at([], true), at([kept], true))[0];
  assert.deepEqual([gone.outcome, gone.was.word], [null, "pass"]);
});

test("conditions name duration and VUs where they differ", () => {
  const found = conditions(ended(80, [1, 0, 1, 20]), ended(40, [1, 0, 1, 10]));
  assert.deepEqual(
    found.filter((condition) => condition.differs).map(({ title, value, other }) => [title, value, other]),
    [
      ["duration", 80_000, 40_000],
      ["most VUs", 20, 10],
    ],
  );
});

test("the common axis holds every window of both once", () => {
  assert.deepEqual(commonTimes([2, 4, 6], [2.0001, 5, 6, 8]), [2, 4, 5, 6, 8]);
  assert.deepEqual(commonTimes([], [1]), [1]);
});

test("a resampled column keeps its own windows, its shape between them and its gaps", () => {
  const times = [2, 4, 6, 8];
  const values = [10, 20, null, 40];
  assert.deepEqual(resample(times, values, times), values);
  assert.deepEqual(resample(times, values, [1, 2, 3, 4, 5, 6, 7, 8, 9]), [
    null,
    10,
    15,
    20,
    null,
    null,
    null,
    40,
    null,
  ]);
  assert.deepEqual(resample([], [], [1, 2]), [null, null]);
});

test("runs with different windows overlay by elapsed time", () => {
  const { times, columns } = overlay(
    ended(40, [100, 0, 1, 1]),
    ended(30, [200, 0, 1, 1]),
    "http_req_duration",
    "p(95)",
  );
  assert.deepEqual(times, [30, 40]);
  assert.deepEqual(columns, [
    [null, 100],
    [200, null],
  ]);
});

test("the baseline is compared with, else the run before, else none", () => {
  const item = (id, start, baseline = false) => ({ id, test: id.split(".")[0], start, baseline });
  const runs = [
    item("shop.4", 4),
    item("shop.3", 3),
    item("other.1", 2.5),
    item("shop.2", 2),
    item("shop.1", 1),
  ];
  assert.equal(defaultOther(runs, runs[1]).id, "shop.2");
  assert.equal(defaultOther([...runs.slice(0, 4), item("shop.1", 1, true)], runs[1]).id, "shop.1");
  assert.equal(
    defaultOther([item("shop.3", 3, true), ...runs.slice(3)], item("shop.3", 3, true)).id,
    "shop.2",
  );
  assert.equal(defaultOther([runs[4]], runs[4]), null);
});
