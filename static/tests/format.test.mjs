import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import {
  axisUnit,
  clock,
  format,
  formatTick,
  moment,
  wallClock,
  NOTHING,
  plural,
  span,
  unitOf,
} from "../scripts/model/format.js";

const vectors = JSON.parse(readFileSync(new URL("format-vectors.json", import.meta.url)));

test("figures read as in the report", () => {
  assert.ok(vectors.length > 40);
  for (const { value, unit, trim, text } of vectors) {
    assert.equal(format(value, unit, { trim }), text, `${value} ${unit}`);
  }
});

test("what is no finite number is shown as nothing", () => {
  for (const value of [null, undefined, NaN, Infinity]) assert.equal(format(value, "time"), NOTHING);
});

test("clocks, spans and moments are exact at their borders", () => {
  assert.equal(clock(0), "0:00");
  assert.equal(clock(59_999), "0:59");
  assert.equal(clock(3_723_000), "1:02:03");
  assert.equal(clock(null), NOTHING);
  assert.equal(span(12_400), "12\u00a0s");
  assert.equal(span(-5), "0\u00a0s");
  assert.equal(span(150_000), "3\u00a0min");
  const at = new Date(2026, 10, 21, 1, 2, 3).getTime();
  assert.equal(wallClock(at), "2026-11-21 01:02:03");
  assert.match(moment(at), /^2026-11-21 01:02:03 (UTC|GMT|[A-Z]{3,5}|GMT[+-][\d:]+)$/);
  assert.equal(moment(NaN), "–");
  assert.equal(plural(1, "threshold"), "1\u00a0threshold");
  assert.equal(plural(2000, "threshold"), "2,000\u00a0thresholds");
});

test("a unit follows from the metric's type, what it contains, and the aggregate", () => {
  assert.equal(unitOf({ type: "counter", contains: "data" }, "rate"), "data/s");
  assert.equal(unitOf({ type: "counter" }, "rate"), "rate");
  assert.equal(unitOf({ type: "rate" }, "rate"), "ratio");
  assert.equal(unitOf({ type: "rate" }, "fails"), "count");
  assert.equal(unitOf({ type: "trend", contains: "time" }, "p(95)"), "time");
  assert.equal(unitOf({ type: "trend", contains: "time" }, "count"), "count");
  assert.equal(unitOf({ type: "trend" }, "avg"), "number");
  assert.equal(unitOf(undefined, "avg"), "number");
});

test("an axis has one unit, and labels no longer than its step", () => {
  assert.deepEqual(axisUnit("time", 2500), { divisor: 1000, suffix: "\u00a0s" });
  assert.deepEqual(axisUnit("time", 0), { divisor: 1, suffix: "\u00a0ms" });
  assert.deepEqual(axisUnit("data/s", 180_000), { divisor: 1000, suffix: "\u00a0kB/s" });
  assert.equal(formatTick(0.1 + 0.2), "0.3");
  assert.equal(formatTick(2.5), "2.5");
});
