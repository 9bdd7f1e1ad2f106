import assert from "node:assert/strict";
import { test } from "node:test";
import { curve, histogram, linearTicks, percentilePlace, scaleOf } from "../scripts/model/distribution.js";

const total = (bars) => bars.reduce((sum, bar) => sum + bar.count, 0);
const near = (a, b) => assert.ok(Math.abs(a - b) < 1e-6 * Math.max(1, Math.abs(b)), `${a} is about ${b}`);

test("bars hold every value that the bins hold, whatever the bins' widths", () => {
  const fine = [];
  for (let from = 1; from < 5000; from *= 1.03) fine.push({ from, to: from * 1.03, count: 7 });
  const last = fine.at(-1);
  const { bars, zero } = histogram({ min: 1, max: last.to, bins: fine });
  near(total(bars), 7 * fine.length);
  assert.equal(zero, 0);
  const coarse = [
    { from: 1, to: 100, count: 3 },
    { from: 100, to: 1000, count: 9 },
  ];
  near(total(histogram({ min: 2, max: 900, bins: coarse }).bars), 12);
});

test("values of zero are counted beside a logarithmic axis", () => {
  const bins = [
    { from: 0, to: 0, count: 4 },
    { from: 10, to: 11, count: 6 },
  ];
  const { zero, bars, scale } = histogram({ min: 0, max: 10.5, bins });
  assert.equal(zero, 4);
  near(total(bars), 6);
  assert.ok(scale.low > 0);
  assert.deepEqual(histogram({ min: 0, max: 0, bins: bins.slice(0, 1) }), { scale: null, zero: 4, bars: [] });
});

test("one value alone, and values below zero, have an axis", () => {
  const one = histogram({ min: 700, max: 700, bins: [{ from: 699, to: 701, count: 1 }] });
  near(total(one.bars), 1);
  const below = histogram({
    min: -5,
    max: 5,
    bins: [
      { from: -5, to: -1, count: 2 },
      { from: 0, to: 5, count: 3 },
    ],
  });
  near(total(below.bars), 5);
  assert.equal(below.zero, 0);
});

test("a scale's places and values are each other's inverse, and its ticks are inside", () => {
  for (const [low, high] of [
    [0.02, 9000],
    [43, 361],
    [700, 702],
    [-5, 5],
  ]) {
    const scale = scaleOf(low, high);
    for (const share of [0, 0.3, 1]) near(scale.place(scale.value(share)), share);
    assert.ok(scale.ticks.length > 1);
    assert.ok(scale.ticks.every((tick) => tick >= low && tick <= high));
  }
  assert.deepEqual(linearTicks(0, 10), [0, 2, 4, 6, 8, 10]);
});

test("every further nine takes the same width", () => {
  near(percentilePlace(0, 99.9), 0);
  near(percentilePlace(90, 99.9), 1 / 3);
  near(percentilePlace(99, 99.9), 2 / 3);
  assert.equal(percentilePlace(100, 99.9), 1);
});

test("the curve ends with the percentile that so many values can tell apart", () => {
  const percentiles = [0, 50, 90, 99, 99.9, 100].map((p) => [p, p]);
  const ends = (count) => curve({ percentiles, count }).at(-1).percentile;
  assert.deepEqual([5, 100, 999, 1001].map(ends), [90, 99, 99, 99.9]);
});
