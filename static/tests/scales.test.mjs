import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { clock, formatTick } from "../scripts/model/format.js";
import { clockStep, scaleOf, steps } from "../scripts/charts/scales.js";

const vectors = JSON.parse(readFileSync(new URL("axis-vectors.json", import.meta.url)));

test("axes are those of the report", () => {
  for (const { unit, min, max, marks, low, high, labels } of vectors.values) {
    const scale = scaleOf(unit, min, max, marks);
    const all = steps(scale.low, scale.high, scale.step);
    const said = all.map(
      (value, i) => formatTick(value / scale.divisor) + (i === all.length - 1 ? scale.suffix : ""),
    );
    assert.deepEqual([scale.low, scale.high, said], [low, high, labels], `${unit} ${min} ${max} ${marks}`);
  }
  for (const { span, count, labels } of vectors.moments) {
    const moments = steps(0, span, clockStep(span / count));
    assert.deepEqual(
      moments.map((seconds) => clock(seconds * 1000)),
      labels,
    );
  }
});

test("an axis that reaches the next unit is in that unit", () => {
  const scale = scaleOf("time", 0, 950);
  assert.equal(scale.high, 1000);
  assert.equal(scale.suffix, "\u00a0s");
  assert.deepEqual(
    steps(scale.low, scale.high, scale.step).map((v) => v / scale.divisor),
    [0, 0.25, 0.5, 0.75, 1],
  );
  assert.equal(scaleOf("time", 0, 90).suffix, "\u00a0ms");
});

test("a mark that is near is in view, one that is far does not flatten the data", () => {
  assert.ok(scaleOf("time", 0, 300, [400]).high > 400);
  assert.ok(scaleOf("time", 0, 100, [4000]).high < 400);
});

test("counts have whole steps, and nothing has an axis too", () => {
  assert.equal(scaleOf("count", 0, 1).step, 1);
  for (const most of [2, 9, 10, 11, 100, 950]) {
    assert.ok(Number.isInteger(scaleOf("count", 0, most).step), `${most}`);
  }
  const empty = scaleOf("ratio", null, null);
  assert.ok(empty.high > empty.low);
  assert.ok(scaleOf("time", 0, 0).high > 0);
});

test("what is below zero is in view", () => {
  const scale = scaleOf("number", -7, 3);
  assert.ok(scale.low <= -7 && scale.high >= 3);
});

test("shares end at the whole, also beside a limit close to it; what is more than that is in view", () => {
  assert.equal(scaleOf("ratio", 0, 1).high, 1);
  assert.equal(scaleOf("ratio", 0, 0.99, [0.97]).high, 1);
  assert.ok(scaleOf("ratio", 0, 0.3).high < 0.5);
  assert.ok(scaleOf("ratio", 0, 1.2).high > 1.2);
});
