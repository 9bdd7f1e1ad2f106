import assert from "node:assert/strict";
import { test } from "node:test";
import { column, newRun } from "../scripts/model/run.js";
import {
  appendRows,
  drawRow,
  fill,
  newRows,
  ratePerSecond,
  newRowRun,
  seriesOf,
  sumOf,
  thresholdsOf,
} from "../scripts/model/rows.js";

const KEY = ["GET", "front page"];
const whole = {
  run: "shop.1",
  times: [2000, 4000, 6000, 7000],
  seconds: [2, 2, 2, 1],
  series: [
    { key: KEY, metric: "http_reqs", at: [0, 2, 3], count: [4, 6, 5], sum: [4, 6, 5] },
    { key: KEY, metric: "http_req_failed", at: [0, 2], count: [4, 6], nonzero: [1, 0], sum: [1, 0] },
    {
      key: KEY,
      metric: "http_req_duration",
      type: "trend",
      at: [2],
      count: [6],
      p50: [1],
      p95: [2],
      p99: [3],
    },
    { key: ["GET", "late"], metric: "http_reqs", at: [3], count: [1], sum: [1] },
  ],
};

/** What the server gives to somebody who knows everything up to `after`. */
function since(document, after) {
  const first = document.times.findIndex((time) => time > after);
  const series = document.series.flatMap((s) => {
    const kept = s.at.flatMap((at, i) => (at >= first ? [i] : []));
    if (kept.length === 0) return [];
    const figures = Object.entries(s)
      .filter(([name, values]) => Array.isArray(values) && name !== "key")
      .map(([name, values]) => [name, kept.map((i) => values[i] - (name === "at" ? first : 0))]);
    return [{ ...s, ...Object.fromEntries(figures) }];
  });
  return { ...document, times: document.times.slice(first), seconds: document.seconds.slice(first), series };
}

const columnsOf = (rows) =>
  [KEY, ["GET", "late"]].map((key) => ratePerSecond(rows, seriesOf(rows, key, "http_reqs")));

test("windows that come in parts give the columns that they give at once", () => {
  const once = appendRows(newRows(), whole);
  assert.deepEqual(columnsOf(once), [
    [2, 0, 3, 5],
    [0, 0, 0, 1],
  ]);
  for (const after of [2000, 4000, 6000]) {
    const head = { ...whole, times: whole.times.filter((time) => time <= after) };
    head.series = whole.series.map((s) => ({ ...s, at: s.at.filter((at) => at < head.times.length) }));
    const rows = appendRows(appendRows(newRows(), head), since(whole, after));
    assert.deepEqual(rows.times, whole.times);
    assert.deepEqual(columnsOf(rows), columnsOf(once));
  }
});

test("windows that are known already change nothing", () => {
  const rows = appendRows(newRows(), whole);
  const { revision } = rows;
  appendRows(rows, whole);
  appendRows(rows, { times: [], seconds: [], series: [] });
  assert.equal(rows.revision, revision);
  assert.deepEqual(columnsOf(rows)[0], [2, 0, 3, 5]);
  // One new window behind three that overlap.
  appendRows(rows, {
    times: [6000, 7000, 9000],
    seconds: [2, 1, 2],
    series: [{ ...whole.series[0], at: [0, 1, 2], count: [6, 5, 8], sum: [6, 5, 8] }],
  });
  assert.deepEqual(columnsOf(rows)[0], [2, 0, 3, 5, 4]);
});

test("a row is drawn as a run: gaps for durations and shares, zero for what is counted", () => {
  const run = { ...newRun("shop.1"), start: 1000 };
  run.metrics.set("http_reqs", { type: "counter" });
  run.metrics.set("http_req_failed", { type: "rate" });
  const drawn = newRowRun();
  drawRow(drawn, appendRows(newRows(), whole), run, KEY);
  assert.deepEqual(drawn.times, [1, 3, 5, 6]);
  assert.deepEqual(column(drawn, "http_reqs", "rate"), [2, 0, 3, 5]);
  assert.deepEqual(column(drawn, "http_req_failed", "rate"), [0.25, null, 0, null]);
  assert.deepEqual(column(drawn, "http_req_failed", "fails"), [1.5, 0, 3, 0]);
  assert.deepEqual(column(drawn, "http_req_duration", "p(95)"), [null, null, 2, null]);
});

test("of no columns the sum is zero everywhere, and a series that is missing is empty", () => {
  const rows = appendRows(newRows(), whole);
  assert.deepEqual(sumOf(rows, []), [0, 0, 0, 0]);
  assert.deepEqual(sumOf(rows, columnsOf(rows)), [2, 0, 3, 6]);
  assert.deepEqual(
    fill(rows, seriesOf(rows, ["x"], "http_reqs"), () => 1),
    [null, null, null, null],
  );
});

test("a row's thresholds are those of the submetric with its tag alone", () => {
  const run = newRun();
  run.thresholds = [
    { metric: "http_req_duration", expression: "p(95)<1" },
    { metric: "http_req_duration{name:front page}", expression: "p(95)<2" },
    { metric: "http_req_duration{name:front page,method:GET}", expression: "p(95)<3" },
  ];
  assert.deepEqual(thresholdsOf(run, "requests", KEY), [
    { metric: "http_req_duration", expression: "p(95)<2" },
  ]);
});
