import assert from "node:assert/strict";
import { test } from "node:test";
import {
  addressOf,
  checkFields,
  createShown,
  describePart,
  length,
  nameOf,
  parseTime,
  partOf,
  partQuery,
  placesIn,
  readPart,
  snap,
  unknownPart,
} from "../scripts/model/part.js";
import { apply, newRun, total, wholeRun } from "../scripts/model/run.js";
import { partTotals } from "../scripts/model/rows.js";
import { stampOf } from "../scripts/data/part.js";
import { formatRoute, parseRoute } from "../scripts/router.js";

const START = 1_795_221_970_000;

/** A run of windows of two seconds; `gauge` has samples in the first of them only. */
function run(windows = 10, { over = true } = {}) {
  const made = newRun("shop.1");
  const metrics = {
    gauge: { type: "gauge" },
    http_reqs: { type: "counter" },
    time: { type: "gauge" },
    vus: { type: "gauge" },
  };
  apply(made, "metric", metrics, 0);
  apply(made, "start", [[START]], 1);
  for (let i = 1; i <= windows; i += 1) {
    apply(made, "snapshot", [i === 1 ? [7] : [], [10, 5], [START + i * 2000], [3]], i + 1);
  }
  if (over) apply(made, "stop", [[], [], [START + windows * 2000], []], windows + 2);
  return made;
}

test("times are read as people write them, and nothing else is one", () => {
  const read = {
    90: 90,
    "0:30": 30,
    "1:02:03": 3723,
    "90s": 90,
    "1m30s": 90,
    " 1m 30s ": 90,
    "500ms": 0.5,
    "1h": 3600,
    "0:30.500": 30.5,
  };
  for (const [text, seconds] of Object.entries(read)) assert.equal(parseTime(text), seconds, text);
  for (const text of ["", "soon", "1:99", "-5", "1:60:00", "5 parsecs", "1m-2s", "1e3", null]) {
    assert.equal(parseTime(text), null, String(text));
  }
});

test("an address holds a part, an open one too, and comes back as it was", () => {
  for (const zoom of [
    { from: 30, to: 120 },
    { from: 0, to: 8 },
    { from: 30.5, to: null },
    { from: 0, to: 119.953 },
  ]) {
    const route = { ...parseRoute("?run=shop.1"), zoom };
    assert.deepEqual(parseRoute(formatRoute(route)).zoom, zoom, formatRoute(route));
  }
  assert.deepEqual(partQuery({ from: 30, to: null }), { from: "30s" });
  assert.deepEqual(readPart("30", "1:30"), { from: 30, to: 90 });
  for (const [from, to] of [
    [null, null],
    ["0", null],
    ["20s", "10s"],
    ["x", "y"],
  ]) {
    assert.equal(readPart(from, to), null);
  }
  assert.equal(addressOf(1 / 3), "0.333s");
});

test("what fields hold is taken, or refused with a sentence that says what is allowed", () => {
  assert.deepEqual(checkFields({ from: "0:30", to: "2:00" }, 300), { zoom: { from: 30, to: 120 } });
  assert.deepEqual(checkFields({ from: "", to: "1m" }, 300), { zoom: { from: 0, to: 60 } });
  assert.deepEqual(checkFields({ from: "30", to: "" }, 300), { zoom: { from: 30, to: null } });
  assert.deepEqual(checkFields({ from: "", to: "" }, 300), { zoom: null });
  // A run of 5:00.4 shows its end as 5:00, and that is inside.
  assert.deepEqual(checkFields({ from: "1:00", to: "5:00" }, 300.4), { zoom: { from: 60, to: 300 } });
  for (const [fields, field, said] of [
    [{ from: "soon", to: "" }, "from", "like 0:30, 90s or 1m30s; “soon” is none"],
    [{ from: "0", to: "later" }, "to", "“later” is none"],
    [{ from: "5:00", to: "" }, "from", "The run has 5:00"],
    [{ from: "0:30", to: "9:00" }, "to", "ends by then, or with an empty field goes on to the end"],
    [{ from: "2:00", to: "0:30" }, "to", "A part ends after it begins: later than 2:00, not at 0:30"],
    [{ from: "2:00", to: "2:00" }, "to", "A part ends after it begins"],
  ]) {
    const checked = checkFields(fields, 300);
    assert.equal(checked.field, field, JSON.stringify(fields));
    assert.ok(checked.problem.includes(said), checked.problem);
  }
});

test("a part ends where windows do, and all of a run that is over is the run", () => {
  const ended = run();
  assert.deepEqual(snap(ended, { from: 3.4, to: 8.9 }), { from: 4, to: 8 });
  assert.deepEqual(snap(ended, { from: 5.1, to: 5.2 }), { from: 6, to: 8 }, "one window at least");
  assert.deepEqual(snap(ended, { from: 19.5, to: 20 }), { from: 18, to: 20 });
  assert.deepEqual(snap(ended, { from: 6.9, to: null }), { from: 6, to: null });
  assert.equal(snap(ended, { from: 0.2, to: 19.6 }), null);
  assert.deepEqual(snap(run(10, { over: false }), { from: 0, to: 20 }), { from: 0, to: 20 });
});

test("windows lie in a part whole", () => {
  const times = [2, 4, 6, 8];
  assert.deepEqual(placesIn(times, { from: 2, to: 6 }), [1, 3]);
  assert.deepEqual(placesIn(times, { from: 4, to: null }), [2, 4]);
  assert.deepEqual(placesIn(times, { from: 9, to: 12 }), [4, 4]);
  assert.deepEqual(placesIn(times, null), [0, 4]);
});

test("parts have names and lengths", () => {
  assert.equal(nameOf({ from: 30, to: 120 }), "0:30 to 2:00");
  assert.equal(nameOf({ from: 30, to: null }), "from 0:30 on");
  assert.deepEqual([90, 45, 3725, 0.5, 7200].map(length), ["1m 30s", "45s", "1h 2m 5s", "0.5s", "2h"]);
});

/** A summary as the server has it, of the windows from 4 s to 8 s. */
const summary = () => ({
  run: "shop.1",
  test: "shop",
  state: "ended",
  start: START,
  end: START + 20_000,
  window: { start: START + 4000, end: START + 8000 },
  metrics: {
    gauge: { type: "gauge", silent: true, values: { value: 0, min: 0, max: 0 } },
    vus: { type: "gauge", values: { value: 3, min: 1, max: 9 } },
    http_reqs: { type: "counter", values: { count: 12, rate: 3 } },
    wait: { type: "trend", silent: true, values: { count: 0, avg: 0, "p(95)": 0 } },
    checks: { type: "rate", silent: true, values: { rate: 0, passes: 0, fails: 0 } },
  },
  requests: [{ key: ["GET", "home"], count: 12, rate: 3, failed: 0.25, med: 5, p95: 9, p99: 10 }],
  statuses: [{ key: ["GET", "home", "500", "1500"], count: 8, first: START, last: START }],
  checks: [{ key: ["", "ok"], passes: 9, fails: 3, lastFailed: null }],
  groups: [{ key: ["::a"], metrics: { http_req_duration: { "p(95)": 7 } } }],
  scenarios: [],
  thresholds: [{ metric: "http_reqs", expression: "rate>1", observed: 3, passes: true, firstFailed: null }],
});

test("a run shows the figures of its part, and its own again afterwards", () => {
  const made = run();
  apply(made, "cumulative", [[7], [100, 5], [START + 20_000], [3]]);
  const { shown, show } = createShown(made);
  assert.equal(total(shown, "http_reqs", "count"), 100);
  const before = shown.revision;
  const part = partOf(made, { from: 4, to: 8 }, summary());
  show(part);
  assert.notEqual(shown.revision, before, "whoever draws it sees that it is another");
  assert.equal(total(shown, "http_reqs", "count"), 12);
  assert.equal(wholeRun(shown, "http_reqs", "rate"), 3);
  assert.equal(wholeRun(shown, "vus", "value"), 9);
  assert.equal(shown.tables.requests[0].count, 12);
  assert.equal(shown.thresholds[0].observed, 3);
  assert.deepEqual(describePart(made, shown.part), { name: "0:04 to 0:08", of: "of 0:20 · 4s" });
  show(null);
  assert.equal(total(shown, "http_reqs", "count"), 100);
  assert.equal(shown.tables, made.tables);
  assert.deepEqual(describePart(made, null), { name: "Whole run", of: "0:20" });
});

test("a part of a run that goes on has its figures at rest, and grows with its run", () => {
  const made = run(10, { over: false });
  const { shown, show } = createShown(made);
  assert.equal(wholeRun(shown, "http_reqs", "rate"), undefined);
  show(partOf(made, { from: 4, to: null }, summary()));
  assert.equal(wholeRun(shown, "http_reqs", "rate"), 3);
  assert.equal(shown.place, "from 0:04 on");
  const revision = shown.revision;
  apply(made, "snapshot", [[], [10, 5], [START + 22_000], [3]], 99);
  assert.notEqual(shown.revision, revision);
  assert.equal(shown.times.at(-1), 22);
});

test("what had no samples in a part says nothing, and is never a zero", () => {
  const part = partOf(run(), { from: 4, to: 8 }, summary());
  assert.deepEqual([...part.silent].sort(), ["checks", "gauge", "wait"]);
  for (const name of ["value gauge", "p(95) wait", "rate checks"])
    assert.equal(part.totals.get(name), null, name);
  // A counter that did not count did not: that is a figure.
  assert.equal(part.totals.get("count http_reqs"), 12);
  assert.equal(part.totals.get("value vus"), 9, "of a gauge the peak");
});

test("a part that the server does not know has no figures, and nothing of it passes", () => {
  const made = run();
  apply(made, "thresholds", [
    { metric: "http_reqs", expression: "rate>1", observed: 5, passes: true, firstFailed: null },
  ]);
  const part = unknownPart(made, { from: 4, to: 8 });
  assert.equal(part.summary.thresholds[0].passes, null);
  assert.deepEqual(part.summary.requests, []);
  const { shown, show } = createShown(made);
  show(part);
  assert.equal(total(shown, "http_reqs", "count"), null);
  assert.equal(wholeRun(shown, "http_reqs", "count"), null);
});

test("a row's figures of a part are the server's own", () => {
  const shown = { tables: summary() };
  const of = (table, key) => Object.fromEntries(partTotals(shown, 4, table, key));
  const request = of("requests", ["GET", "home"]);
  assert.deepEqual(
    [request["rate http_reqs"], request["rate http_req_failed"], request["p(95) http_req_duration"]],
    [3, 0.25, 9],
  );
  assert.equal(of("statuses", ["GET", "home", "500", "1500"])["rate http_reqs"], 2);
  assert.equal(of("checks", ["", "ok"])["fails checks"], 0.75);
  assert.equal(of("groups", ["::a"])["p(95) http_req_duration"], 7);
  assert.deepEqual(of("requests", ["GET", "gone"]), {});
});

test("what lies in the past is asked for once, an open part again with every window", () => {
  const live = run(10, { over: false });
  assert.equal(stampOf(live, { from: 4, to: 8 }), "complete");
  assert.equal(stampOf(live, { from: 4, to: null }), "20");
  assert.equal(stampOf(live, { from: 4, to: 40 }), "20");
  assert.equal(stampOf(run(), { from: 4, to: null }), "over");
});
