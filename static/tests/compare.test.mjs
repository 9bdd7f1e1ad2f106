import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import {
  commonTimes,
  defaultOther,
  figureOf,
  figuresOf,
  figureTitle,
  isNews,
  overlay,
  resample,
  SAYS,
  tallyFigures,
  thresholdRows,
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

const SAYS_VECTORS = JSON.parse(await readFile(new URL("says-vectors.json", import.meta.url), "utf8"));

/** A figure of a comparison. */
const figure = (change) => ({
  table: "requests",
  key: ["GET", "a"],
  metric: "http_req_duration",
  figure: "p(95)",
  unit: "time",
  says: "none",
  ...change,
});

test("what the server says looks as in the report", () => {
  const looks = Object.entries(SAYS).map(([says, { state, word }]) => [says, [state, word]]);
  assert.deepEqual(Object.fromEntries(looks), SAYS_VECTORS);
});

test("news is what differs, or what nobody can tell, and no figure that is only shown", () => {
  const news = Object.keys(SAYS).filter((says) => isNews(figure({ says })));
  assert.deepEqual(news, ["worse", "better", "differs", "unknown", "added", "gone"]);
  const counts = tallyFigures(["worse", "worse", "better", "none"].map((says) => figure({ says })));
  assert.deepEqual(counts, { worse: 2, better: 1, rest: 1 });
});

test("what only one of the runs has is one row for all of its figures", () => {
  const figures = [
    figure({ says: "added", figure: "med" }),
    figure({ says: "added", figure: "p(95)" }),
    figure({ key: ["GET", "b"], says: "worse", figure: "med" }),
    figure({ key: ["GET", "b"], says: "worse" }),
    figure({ table: "checks", key: ["", "ok"], metric: "checks", figure: "rate" }),
  ];
  const found = figuresOf({ figures }, ["requests"]).map((row) => [row.key[1], row.figure]);
  assert.deepEqual(found, [
    ["a", "med"],
    ["b", "med"],
    ["b", "p(95)"],
  ]);
});

test("figures are headed as in other tables", () => {
  const titles = [
    figure({ figure: "med" }),
    figure({}),
    figure({ metric: "http_req_failed", figure: "rate", unit: "ratio" }),
    figure({ table: "run", key: undefined, metric: "http_reqs", figure: "rate", unit: "rate" }),
    figure({ table: "run", key: undefined, metric: "http_req_failed", figure: "rate", unit: "ratio" }),
    figure({ table: "checks", metric: "checks", figure: "rate", unit: "ratio" }),
  ].map(figureTitle);
  assert.deepEqual(titles, ["Median", "p95", "Failed", "Per second", "Share", "Passed"]);
});

test("a tile finds the run's own figure and no row's", () => {
  const own = figure({ table: "run", key: undefined, says: "worse" });
  const comparison = { figures: [figure({}), own] };
  assert.equal(figureOf(comparison, "http_req_duration", "p(95)"), own);
  assert.equal(figureOf(comparison, "http_req_duration", "p(99)"), null);
  assert.equal(figureOf(null, "http_req_duration", "p(95)"), null);
});

test("nothing that limits say is green in a comparison where some of either run may be missing", () => {
  const kept = { metric: "a", expression: "p(95)<400", observed: 100, passes: true };
  const compared = {
    thresholds: [{ ...kept, value: 100, other: 500, passes: true, passed: false, turn: "holds" }],
  };
  const at = (list, thresholdsKnown) =>
    ended(40, [1, 0, 1, 1], { thresholds: list, health: { thresholdsKnown } });
  const before = { ...kept, observed: 500, passes: false };
  const row = (known, knownBefore, more = []) =>
    thresholdRows(compared, at([kept, ...more], known), at([before], knownBefore))[0];
  assert.deepEqual([row(true, true).outcome.state, row(true, true).was.state], ["good", "bad"]);
  assert.equal(row(true, true).complete, true);
  assert.equal(row(false, true).outcome.state, "open");
  assert.deepEqual([row(true, false).outcome.state, row(true, false).complete], ["good", false]);
  const untyped = { metric: "b", expression: "rate<1", observed: null, passes: null, unknown: ["rate"] };
  assert.equal(row(true, true, [untyped]).outcome.state, "open");
  const gone = thresholdRows(compared, at([], true), at([before], true))[0];
  assert.deepEqual([gone.outcome, gone.was.state], [null, "bad"]);
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
    [ended(40, [100, 0, 1, 1]), ended(30, [200, 0, 1, 1])],
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
