import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import {
  baselineLabel,
  byOrigin,
  chipOf,
  keptRank,
  keptVerdict,
  linksOf,
  marksOf,
  objectiveOutcome,
  objectivesByRun,
  otherJudgements,
  placeOf,
  rankOf,
  sharedBaseline,
} from "../scripts/model/gate.js";
import { signed } from "../scripts/model/format.js";
import { SIGNS } from "../scripts/model/thresholds.js";

const STATES = ["info", "pass", "warning", "error", "fail"];
const verdict = (state, more = {}) => ({ state, missing: [], objectives: [], ...more });
const objective = (name, state, more = {}) => ({
  name,
  state,
  origin: "file",
  expression: "http_req_duration p(95)",
  criterion: "< 500ms",
  observed: 612,
  unit: "time",
  weight: 1,
  ...more,
});
const plain = (text) => text.replaceAll("\u00a0", " ");

test("every state has a word and a sign of its own", () => {
  const chips = STATES.map((state) => chipOf(verdict(state)));
  assert.deepEqual(
    chips.map(({ text }) => text),
    ["Info", "Go", "Warning", "Not known", "No-go"],
  );
  const signs = chips.map(({ state }) => SIGNS[state]);
  assert.ok(signs.every(Boolean));
  assert.equal(new Set(signs).size, STATES.length);
});

test("a part of the run is told by the times since its begin", () => {
  const window = { start: 61_000, end: 601_000 };
  assert.equal(placeOf({ start: 1000 }, window), "from 1:00 to 10:00");
  assert.equal(placeOf({ start: 1000 }, undefined), null);
  assert.equal(placeOf({}, window), null);
});

test("only a last word on complete evidence is green", () => {
  for (const state of STATES) {
    for (const open of [{ provisional: true }, { missing: ["3 samples could not be read."] }]) {
      const given = verdict(state, open);
      assert.notEqual(chipOf(given).state, "good", state);
      assert.notEqual(objectiveOutcome(objective("a", state), given).state, "good", state);
    }
  }
  assert.equal(chipOf(verdict("pass")).state, "good");
  assert.equal(objectiveOutcome(objective("a", "pass"), verdict("fail")).state, "good");
});

test("while the run goes on, the verdict is one so far", () => {
  assert.deepEqual(chipOf(verdict("pass", { provisional: true })), { state: "open", text: "Go so far" });
  assert.deepEqual(chipOf(verdict("fail", { provisional: true })), { state: "bad", text: "No-go so far" });
});

test("a state that the page does not know is none to rely on", () => {
  for (const state of ["splendid", "constructor"]) {
    assert.deepEqual(chipOf(verdict(state)), { state: "unknown", text: "Not known" });
    assert.equal(rankOf(state), rankOf("error"));
  }
});

test("the worst stands first, and what has no verdict nowhere", () => {
  const sorted = [...STATES].sort((a, b) => rankOf(a) - rankOf(b));
  assert.deepEqual(sorted, ["fail", "error", "warning", "pass", "info"]);
  assert.equal(rankOf(null), null);
  assert.equal(rankOf(undefined), null);
  assert.equal(keptVerdict({ verdict: null }), null);
  assert.deepEqual(keptVerdict({ verdict: "fail" }), { state: "bad", text: "No-go" });
});

test("a run that nobody gave objectives is no failure of the gate in lists", () => {
  const none = { verdict: "error", objectives: 0 };
  assert.deepEqual(keptVerdict(none), { state: "none", text: "No objectives" });
  assert.equal(keptRank(none), null);
  assert.equal(keptVerdict({ verdict: "error", objectives: 2 }).state, "unknown");
  assert.equal(keptVerdict({ verdict: null, objectives: 0 }), null);
  assert.equal(keptRank({ verdict: "fail", objectives: 1 }), rankOf("fail"));
});

test("thresholds of k6 and objectives of the file are told apart, in their order", () => {
  const all = [
    objective("t", "pass", { origin: "threshold" }),
    objective("b", "pass"),
    objective("a", "fail"),
  ];
  const { file, thresholds } = byOrigin(all);
  assert.deepEqual(
    [file, thresholds].map((list) => list.map(({ name }) => name)),
    [["b", "a"], ["t"]],
  );
});

test("what sets an objective apart is marked, and that a threshold is key is not", () => {
  const words = (more) => marksOf(objective("a", "pass", more)).map(({ word }) => word);
  assert.deepEqual(words({}), []);
  assert.deepEqual(words({ key: true, weight: 2.5, abort: 0 }), ["key", "weight 2.5", "stops"]);
  assert.deepEqual(words({ origin: "threshold", key: true }), []);
  const [stops] = marksOf(objective("a", "pass", { abort: 30_000 }));
  assert.match(plain(stops.title), /after 30 s$/);
});

test("links lead to pages and run no code", () => {
  const urls = ["https://a", "HTTP://b", "javascript:alert(1)", " https://c", "data:text/html,x", "/d"];
  const links = linksOf({ links: urls.map((url) => ({ title: "t", url })) });
  assert.deepEqual(
    links.map(({ url }) => url),
    ["https://a", "HTTP://b"],
  );
  assert.deepEqual(linksOf({}), []);
});

test("a run of the baseline is called as in the list, or by its id", () => {
  const runs = [{ id: "shop.2", test: "shop", label: "release 7" }];
  assert.equal(baselineLabel("shop.2", "shop", runs), "release 7");
  assert.equal(baselineLabel("shop.3", "shop", runs), "3");
  assert.equal(baselineLabel("other.3", "shop", runs), "other.3");
});

test("a baseline that objectives share is told once, and none where they differ", () => {
  const compared = (runs, aggregate) =>
    objective("a", "pass", { baseline: { value: 1, runs, aggregate, change: 0 } });
  const without = objective("b", "pass", { baseline: null });
  assert.deepEqual(sharedBaseline([compared(["s.1"]), without, compared(["s.1"], null)]).runs, ["s.1"]);
  assert.equal(sharedBaseline([compared(["s.1"]), compared(["s.2"])]), null);
  assert.equal(sharedBaseline([compared(["s.1", "s.2"], "med"), compared(["s.1", "s.2"], "max")]), null);
  assert.equal(sharedBaseline([without]), null);
});

test("verdicts beside the shown one stand with the newest first", () => {
  const judgements = [1, 2, 3].map((number) => ({ number, judged: number, state: "pass" }));
  const others = (number) => otherJudgements({ number, judgements }).map((one) => one.number);
  assert.deepEqual(others(3), [2, 1]);
  assert.deepEqual(others(1), [3, 2]);
  assert.deepEqual(otherJudgements({ number: null }), []);
});

test("objectives by run begin with the whole verdicts, and have holes where a run was not asked", () => {
  const items = [
    { id: "a", verdict: "pass" },
    { id: "b", verdict: "fail" },
    { id: "c", verdict: null },
  ];
  const threshold = objective("t", "pass", { origin: "threshold" });
  const verdicts = new Map([
    ["a", verdict("pass", { objectives: [threshold, objective("Old", "pass")] })],
    ["b", verdict("fail", { objectives: [objective("New", "fail"), objective("Old", "pass")] })],
  ]);
  const rows = objectivesByRun(items, verdicts);
  assert.deepEqual(
    rows.map(({ name, cells }) => [name, cells.map((cell) => cell?.state ?? null)]),
    [
      ["Verdict", ["good", "bad", null]],
      ["New", [null, "bad", null]],
      ["Old", ["good", "good", null]],
    ],
  );
  assert.equal(plain(rows[1].cells[1].note), "612 ms for < 500ms");
  verdicts.forEach((one) => (one.objectives = [threshold]));
  assert.deepEqual(objectivesByRun(items, verdicts), []);
});

test("a difference says which way", () => {
  assert.deepEqual(
    [0.11, -0.11, 0, null].map((value) => plain(signed(value, "ratio"))),
    ["+11.0 %", "−11.0 %", "0 %", "–"],
  );
});

test("verdicts are told as in the report", () => {
  const vectors = JSON.parse(readFileSync(new URL("gate-vectors.json", import.meta.url)));
  for (const { chip, text, ...verdict } of vectors.whole) {
    assert.deepEqual(chipOf(verdict), { state: chip, text });
  }
  for (const { state, chip, word, ...verdict } of vectors.objective) {
    assert.deepEqual(objectiveOutcome({ state }, verdict), { state: chip, word });
  }
});
