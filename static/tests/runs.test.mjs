import assert from "node:assert/strict";
import { test } from "node:test";
import {
  figuresOf,
  mergeRuns,
  oldestFirst,
  tagDifferences,
  thresholdsByRun,
  trendAxis,
  verdictOf,
  verdictRank,
} from "../scripts/model/runs.js";

const item = (id, start, change = {}) => ({ id, start, thresholds: [], ...change });
const threshold = (metric, passes, expression = "rate<1") => ({ metric, expression, observed: 0, passes });

test("a run's verdict is its worst threshold's, and none without thresholds", () => {
  const of = (...passes) => verdictOf(item("a", 1, { thresholds: passes.map((p) => threshold("m", p)) }));
  assert.deepEqual(of(true, false, null), { state: "bad", text: "1 of 3 fail" });
  assert.deepEqual(of(true, null), { state: "warning", text: "1 of 2 pass" });
  assert.deepEqual(of(true, true), { state: "good", text: "pass" });
  assert.deepEqual(of(), { state: "none", text: "no thresholds" });
  assert.deepEqual(verdictOf({ id: "a" }), { state: "none", text: "no thresholds" });
});

test("failing thresholds weigh more than those without data", () => {
  const rank = (...passes) => verdictRank({ thresholds: passes.map((p) => threshold("m", p)) });
  assert.ok(rank(true, true, false) > rank(null, null, null));
  assert.ok(rank(true, null) > rank(true, true));
  assert.equal(rank(), null);
});

test("runs that began together keep the server's order, newest last", () => {
  const list = [item("c", 2), item("b", 1), item("a", 1)];
  assert.deepEqual(
    oldestFirst(list).map(({ id }) => id),
    ["a", "b", "c"],
  );
});

test("a newer list replaces what it knows and keeps the older pages", () => {
  const merged = mergeRuns(
    [item("b", 2, { label: "old" }), item("a", 1)],
    [item("c", 3), item("b", 2, { label: "new" })],
  );
  assert.deepEqual(
    merged.map(({ id, label }) => [id, label]),
    [
      ["c", undefined],
      ["b", "new"],
      ["a", undefined],
    ],
  );
});

test("a run without figures leaves a gap", () => {
  assert.deepEqual(figuresOf([item("a", 1, { figures: { p95: 0 } }), item("b", 2)], "p95"), [0, null]);
});

test("thresholds are a row each, with a hole where a run did not have them", () => {
  const rows = thresholdsByRun([
    item("a", 1, { thresholds: [threshold("z", true), threshold("b", false)] }),
    item("b", 2, { thresholds: [threshold("b", null), threshold("b", true, "rate<2")] }),
  ]);
  assert.deepEqual(
    rows.map(({ metric, expression, cells }) => [
      metric,
      expression,
      cells.map((cell) => cell && cell.passes),
    ]),
    [
      ["b", "rate<1", [false, null]],
      ["b", "rate<2", [null, true]],
      ["z", "rate<1", [true, null]],
    ],
  );
  assert.equal(rows[0].cells[1].passes, null);
  assert.equal(rows[1].cells[0], null);
});

test("a trend's axis holds every value on round steps, shares that are high from below", () => {
  for (const max of [0.0031, 0.9, 1, 7, 99, 120.5, 1999, 2001]) {
    const { low, high, steps } = trendAxis([null, max], "time");
    assert.equal(low, 0);
    assert.ok(high >= max && high <= max * 2.5, `${max}: ${high}`);
    assert.equal(steps.at(-1), high);
  }
  assert.deepEqual(trendAxis([0, 0], "ratio").steps, [0]);
  assert.deepEqual(trendAxis([null], "time").steps, [0]);
  const { low, high } = trendAxis([0.98, 1], "ratio");
  assert.deepEqual([low, high], [0.9, 1]);
});

test("what two runs have different of their tags is told where both are known", () => {
  const own = { build: ["42"], env: ["staging"], zone: ["a", "b"] };
  assert.deepEqual(tagDifferences(own, own), []);
  assert.deepEqual(tagDifferences(own, undefined), []);
  assert.deepEqual(tagDifferences(own, { build: ["41"], env: ["staging"], team: ["x"] }), [
    { key: "build", own: "42", other: "41" },
    { key: "team", own: "none", other: "x" },
    { key: "zone", own: "a, b", other: "none" },
  ]);
});
