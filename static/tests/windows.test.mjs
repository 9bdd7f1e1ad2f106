import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { apply, column, newRun } from "../scripts/model/run.js";
import {
  drawnColumn,
  drawnWindows,
  stepOf,
  takeMerged,
  unmerged,
  widthAt,
  withoutSliver,
} from "../scripts/model/windows.js";

const vectors = JSON.parse(readFileSync(new URL("window-vectors.json", import.meta.url), "utf8"));
const START = 1_795_221_970_000;

const close = (a, b) => a === b || (a !== null && b !== null && Math.abs(a - b) < 1e-9);

test("windows are as long as the server's", () => {
  for (const [age, period, width] of vectors.widths) assert.equal(widthAt(age, period), width);
});

for (const { name, times, requests, period, columns, merged } of vectors.last) {
  test(name, () => {
    const found = withoutSliver(times, columns, requests, period);
    assert.deepEqual(found.times, merged.times);
    found.columns.forEach((values, i) => {
      const own = Array.isArray(values) ? values : values.values;
      assert.equal(own.length, merged.columns[i].length);
      assert.ok(
        own.every((value, at) => close(value, merged.columns[i][at])),
        `${own} is ${merged.columns[i]}`,
      );
    });
  });
}

/** A run with a window at each end; what is in it by `figures(end)`. */
function run(ends, figures) {
  const made = newRun();
  const metrics = {
    http_reqs: { type: "counter" },
    http_req_duration: { type: "trend" },
    http_req_failed: { type: "rate" },
    vus: { type: "gauge" },
    time: { type: "gauge" },
  };
  apply(made, "metric", metrics, 0);
  apply(made, "start", [[START]], 1);
  ends.forEach((end, i) => {
    const { trend = [], rate = [], reqs = [], vus = [] } = figures(end);
    apply(made, "snapshot", [trend, rate, reqs, [START + end * 1000], vus], i + 2);
  });
  return made;
}

const until = (from, to, step) => Array.from({ length: (to - from) / step }, (_, i) => from + (i + 1) * step);

test("a counter's window without samples is zero, also before its first; trends and shares stay gaps", () => {
  const sparse = run([2, 4, 6, 8], (end) =>
    end === 6 ? { reqs: [1, 0.5], trend: [5, 5, 5, 5, 5, 5, 5], rate: [0] } : {},
  );
  assert.deepEqual(column(sparse, "http_reqs", "rate"), [0, 0, 0.5, 0]);
  assert.deepEqual(column(sparse, "http_reqs", "count"), [0, 0, 1, 0]);
  assert.deepEqual(column(sparse, "http_req_duration", "med"), [null, null, 5, null]);
  assert.deepEqual(column(sparse, "http_req_failed", "rate"), [null, null, 0, null]);
  assert.deepEqual(column(sparse, "vus", "value"), [null, null, null, null]);
});

test("a counter that is announced late is zero before, and a submetric that was asked for late is not known", () => {
  const late = run([2], () => ({}));
  column(late, "orders", "rate");
  apply(
    late,
    "metric",
    { orders: { type: "counter" }, "orders{a:b}": { type: "counter", partial: true } },
    10,
  );
  apply(late, "snapshot", [[], [], [], [3, 1.5], [], [START + 4000], []], 11);
  apply(late, "snapshot", [[], [], [], [3, 1.5], [3, 1.5], [START + 6000], []], 12);
  apply(late, "snapshot", [[], [], [], [], [], [START + 8000], []], 13);
  assert.deepEqual(column(late, "orders", "rate"), [0, 1.5, 1.5, 0]);
  assert.deepEqual(column(late, "orders{a:b}", "rate"), [null, null, 1.5, 0]);
});

const LONG = [...until(0, 1800, 2), ...until(1800, 2100, 10)];
const long = () =>
  run(LONG, (end) => ({
    reqs: end <= 1800 ? [20, 10] : [100, 10],
    trend: [1, end, 3, 0.5, 5, 6, 7],
    rate: [0.5],
    vus: [end],
  }));

test("a chart has windows of one length, the longest in view", () => {
  const made = long();
  const windows = drawnWindows(made);
  assert.equal(windows.width, 10);
  const lengths = new Set(windows.times.map((time, i) => Math.round(time - (windows.times[i - 1] ?? 0))));
  assert.deepEqual([...lengths], [10]);
  assert.equal(drawnWindows(made), windows, "computed once");
  // Before the windows grew, they are the run's own.
  assert.equal(drawnWindows(made, { from: 0, to: 600 }).groups, null);
  assert.equal(drawnWindows(made, { from: 1900, to: 2100 }).groups, null);
});

test("wider windows add up what adds up, and ask the server for the rest", () => {
  const made = long();
  const windows = drawnWindows(made);
  const all = (metric, aggregate) => drawnColumn(made, windows, metric, aggregate);
  assert.ok(all("http_reqs", "count").every((count) => count === 100));
  assert.ok(all("http_reqs", "rate").every((rate) => close(rate, 10)));
  assert.equal(all("vus", "value")[0], 10);
  assert.equal(all("http_req_duration", "max")[0], 10);
  assert.equal(all("http_req_duration", "p(95)")[0], null);
  assert.equal(all("http_req_duration", "p(95)").at(-1), 6);
  const series = [
    { metric: "http_req_duration", aggregate: "p(95)" },
    { metric: "http_req_failed", aggregate: "rate" },
    { metric: "http_reqs", aggregate: "rate" },
  ];
  assert.deepEqual(unmerged(made, windows, series), ["http_req_duration", "http_req_failed"]);
  const values = Array.from({ length: 180 }, () => [2, 9, 4, 1, 6, 8, 9]);
  takeMerged(made, 10, { times: [], series: [{ metric: "http_req_duration", values }] }, [
    "http_req_duration",
  ]);
  assert.equal(all("http_req_duration", "p(95)")[0], 8);
  assert.deepEqual(unmerged(made, windows, series), ["http_req_failed"]);
});

test("a step holds the windows that end in it", () => {
  assert.deepEqual(
    [2, 10, 10.5, 20].map((end) => stepOf(end, 10)),
    [0, 0, 1, 1],
  );
});
