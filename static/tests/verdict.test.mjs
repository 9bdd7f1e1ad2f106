import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { verdictOf } from "../scripts/model/runs.js";
import { format, unitOf } from "../scripts/model/format.js";
import {
  allKnown,
  declareCommand,
  margin,
  outcomeOf,
  parseExpression,
  formatExpression,
  untyped,
  verdict,
} from "../scripts/model/thresholds.js";
import { describeWanted } from "../scripts/model/wanted.js";

const vectors = JSON.parse(readFileSync(new URL("threshold-vectors.json", import.meta.url)));

test("no verdict is good while a limit may be missing or a type is not known", () => {
  for (const { thresholds, known, state, text } of vectors.together) {
    assert.deepEqual(verdict(thresholds, known), { state, text });
    assert.equal(verdictOf({ thresholds, thresholdsKnown: known }).state, state);
  }
  const item = { thresholds: [{ passes: true }], thresholdsKnown: false };
  assert.equal(verdictOf(item).text, "thresholds: 1 of ? known");
});

test("a single limit is green only where the verdict over all of them could be", () => {
  for (const { thresholds, known, state } of vectors.together) {
    const complete = allKnown(thresholds, known);
    const green = thresholds.filter((threshold) => outcomeOf(threshold, complete).state === "good");
    if (!known || thresholds.some((threshold) => threshold.unknown)) assert.deepEqual(green, []);
    if (state === "good") assert.equal(green.length, thresholds.length);
  }
  assert.equal(outcomeOf({ passes: true }, false).state, "open");
  assert.equal(outcomeOf({ passes: false }, false).state, "bad");
  assert.equal(outcomeOf({ passes: null, unknown: ["rate"] }, true).state, "warning");
});

test("a threshold says what it says in the report", () => {
  for (const { type, contains, expression, observed, sure, ...said } of vectors.single) {
    const meta = type ? { type, contains } : undefined;
    const unit = unitOf(meta, parseExpression(expression)?.aggregate);
    assert.equal(formatExpression(expression, meta), said.limit);
    if (parseExpression(expression)) assert.equal(format(observed, unit), said.figure, expression);
    assert.equal(format(margin(expression, observed), "ratio"), said.margin, expression);
    assert.deepEqual(outcomeOf(said, sure), { state: said.state, word: said.word }, expression);
  }
});

test("the command that declares metrics names each with the types that it can have", () => {
  const metrics = new Map([
    ["orders", { type: "trend", unknown: ["counter", "gauge", "rate", "trend"] }],
    ["orders{a:b}", { type: "trend", unknown: ["counter", "gauge", "rate", "trend"] }],
    ["errors", { type: "rate", unknown: ["counter", "rate"] }],
    ["http_reqs", { type: "counter" }],
  ]);
  const list = untyped(metrics);
  assert.deepEqual(
    list.map(({ name }) => name),
    ["orders", "errors"],
  );
  assert.equal(
    declareCommand("http://h/", "shop", list),
    `curl -X PUT http://h/tests/shop/metrics -d '{"orders":"counter|gauge|rate|trend","errors":"counter|rate"}'`,
  );
});

test("a shortfall is loud, and a rate that was reached is told quietly", () => {
  const row = { scenario: "buy", wanted: 100, reached: 60, dropped: 40, seconds: 10, short: true };
  const { state, lines } = describeWanted([row]);
  assert.equal(state, "bad");
  assert.deepEqual(
    lines.map(({ scenario, text }) => [scenario, text.replaceAll("\u00a0", " ")]),
    [["buy", "wanted 100 iterations (10.0/s), reached 60 (6.00/s), dropped 40"]],
  );
  assert.equal(describeWanted([{ ...row, reached: 100, dropped: 0, short: false }]).state, "none");
  assert.match(describeWanted([{ ...row, reached: null }]).lines[0].text, /reached not known/);
  assert.deepEqual(describeWanted([]).lines, []);
});
