import assert from "node:assert/strict";
import { bandOf } from "../scripts/model/bands.js";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { apply, newRun } from "../scripts/model/run.js";
import { documentOf, sectionsOf, tabOf, tabsOf } from "../scripts/model/panels.js";

const TREND = { type: "trend", contains: "time" };

/** A run with these metrics, and this document (or the default). */
function runWith(metrics, config = {}) {
  const run = newRun();
  apply(run, "config", { dashboard: config }, 0);
  apply(run, "metric", { time: { type: "gauge", contains: "time" }, ...metrics }, 1);
  return run;
}

const one = (panel) => ({ tabs: [{ id: "a", title: "A", sections: [{ panels: [panel] }] }] });
const chart = (series, more = {}) => ({ id: "c", kind: "chart", title: "C", series, ...more });
const resolved = (run, id, chosen) => sectionsOf(run, tabOf(run, id), chosen);

test("the default document has the Overview and Timings, and every view", () => {
  const ids = tabsOf(newRun()).map((tab) => tab.id);
  assert.deepEqual(ids, [
    "overview",
    "timings",
    "requests",
    "errors",
    "checks",
    "summary",
    "verdict",
    "runs",
    "compare",
  ]);
});

test("a test's own tabs come first, Verdict, Runs and Compare last, no id twice", () => {
  const tab = (id) => ({ id, title: id, sections: [] });
  const run = runWith({}, { tabs: [tab("mine"), tab("mine"), tab("runs"), tab("other")] });
  assert.deepEqual(
    tabsOf(run).map((t) => t.id),
    ["mine", "other", "verdict", "runs", "compare"],
  );
  assert.equal(tabOf(run, "runs").view, "runs");
});

test("a tab that is not known is the first", () => {
  const run = runWith({});
  assert.equal(tabOf(run, "nonsense").id, "overview");
  assert.equal(tabOf(run, null).id, "overview");
});

test("the newest document counts", () => {
  const run = runWith({}, one(chart([])));
  assert.equal(tabsOf(run)[0].id, "a");
  apply(run, "config", {}, 2);
  assert.equal(tabsOf(run)[0].id, "overview");
  assert.equal(documentOf(null).tabs[0].id, "overview");
});

test("the first tab says that a panel has no data; others leave it out, and sections without panels too", () => {
  const run = runWith({ http_req_blocked: TREND });
  const [, http] = resolved(run, "overview");
  assert.ok(http.panels.every((panel) => panel.empty));
  assert.deepEqual(
    resolved(run, "timings").map((s) => [s.title, s.panels.map((p) => p.id)]),
    [["HTTP phases", ["http-req-blocked"]]],
  );
});

test("series without data are left out of a panel that has some", () => {
  const run = runWith({ vus: { type: "gauge" } });
  const panel = resolved(run, "overview")[1].panels.find((p) => p.id === "virtual-users");
  assert.deepEqual(
    panel.series.map((s) => s.label),
    ["active VUs"],
  );
});

test("units come from the metrics, an axis on the right has its own", () => {
  const run = runWith({ vus: { type: "gauge" }, http_reqs: { type: "counter" } });
  const panel = resolved(run, "overview")[1].panels.find((p) => p.id === "virtual-users");
  assert.equal(panel.unit, "count");
  assert.equal(panel.rightUnit, "rate");
  assert.deepEqual(
    panel.series.map((s) => [s.right, s.unit]),
    [
      [false, "count"],
      [true, "rate"],
    ],
  );
});

test("an axis on the right alone is the left one", () => {
  const run = runWith(
    { http_reqs: { type: "counter" } },
    one(chart([{ metric: "http_reqs", aggregate: "rate", axis: "right" }])),
  );
  const [{ panels }] = resolved(run, "a");
  assert.equal(panels[0].series[0].right, false);
  assert.equal(panels[0].unit, "rate");
});

test("labels say what tells series apart", () => {
  const metrics = { a: TREND, b: TREND };
  const labels = (series) =>
    resolved(runWith(metrics, one(chart(series))), "a")[0].panels[0].series.map((s) => s.label);
  assert.deepEqual(
    labels([
      { metric: "a", aggregate: "p(95)" },
      { metric: "a", aggregate: "med" },
    ]),
    ["p95", "median"],
  );
  assert.deepEqual(
    labels([
      { metric: "a", aggregate: "avg" },
      { metric: "b", aggregate: "avg" },
      { metric: "b", aggregate: "p(99.9)" },
    ]),
    ["a", "b average", "b p99.9"],
  );
});

test("colours are as given, else by meaning, else in fixed order, and differ", () => {
  const series = [
    { metric: "a", aggregate: "p(95)" },
    { metric: "b", aggregate: "p(95)" },
    { metric: "b", aggregate: "med", color: "series-2" },
    { metric: "b", aggregate: "avg", color: "url(x)" },
  ];
  const [{ panels }] = resolved(runWith({ a: TREND, b: TREND }, one(chart(series))), "a");
  assert.deepEqual(
    panels[0].series.map((s) => s.color),
    ["--series-1", "--series-3", "--series-2", "--series-4"],
  );
});

test("every custom metric gets a chart once, by its type, unless a panel shows it", () => {
  const run = runWith(
    {
      orders: { type: "counter", custom: true },
      pay_time: { ...TREND, custom: true },
      shown: { type: "gauge", custom: true },
      "pay_time{group:::x}": { ...TREND, custom: true },
      http_reqs: { type: "counter" },
    },
    {
      tabs: [
        { id: "a", title: "A", sections: [{ panels: [{ id: "more", kind: "custom", title: "More" }] }] },
        { id: "b", title: "B", sections: [{ panels: [chart([{ metric: "shown", aggregate: "value" }])] }] },
      ],
    },
  );
  const [{ panels }] = resolved(run, "a");
  assert.deepEqual(
    panels.map((p) => [p.title, p.unit, p.series.map((s) => s.label)]),
    [
      ["pay_time", "time", ["p99", "p95", "median"]],
      ["orders", "rate", ["orders"]],
    ],
  );
});

test("chosen percentiles replace those of charts of one trend, and of no other", () => {
  const run = runWith({ http_req_duration: TREND, http_reqs: { type: "counter" } });
  const labels = (id) =>
    resolved(run, "overview", ["p50", "max"])[1]
      .panels.find((p) => p.id === id)
      .series.map((s) => s.label);
  assert.deepEqual(labels("request-duration"), ["max", "median"]);
  assert.deepEqual(labels("request-rate"), ["request rate"]);
});

test("a panel that did not change is the same object, though others came", () => {
  const run = runWith({ http_reqs: { type: "counter" } });
  const find = () => resolved(run, "overview")[1].panels.find((p) => p.id === "request-rate");
  const before = find();
  apply(run, "metric", { vus: { type: "gauge" } }, 2);
  assert.equal(find(), before);
  assert.equal(resolved(run, "overview"), resolved(run, "overview"));
});

test("two panels of one id keep apart", () => {
  const panel = chart([{ metric: "a", aggregate: "avg" }]);
  const run = runWith(
    { a: TREND },
    { tabs: [{ id: "a", title: "A", sections: [{ panels: [panel, panel] }] }] },
  );
  const [{ panels }] = resolved(run, "a");
  assert.deepEqual(
    panels.map((p) => p.id),
    ["c", "c-2"],
  );
});

test("panels are resolved as in the report", () => {
  const vectors = JSON.parse(readFileSync(new URL("panel-vectors.json", import.meta.url)));
  for (const { name, metrics, panel, resolved: expected } of vectors) {
    // The first tab says of its panels that there is no data; of others they are left out.
    const tabs = [{ id: "first", title: "First", sections: [] }, ...one(panel).tabs];
    const [section] = resolved(runWith(metrics, { tabs }), "a");
    if (expected === null) {
      assert.equal(section, undefined, name);
      continue;
    }
    const { kind, title, caption, unit, rightUnit, bands, series } = section.panels[0];
    assert.deepEqual({ kind, title, caption, unit, rightUnit, bands, series }, expected, name);
  }
});

test("a run of WebSockets has its own figures and charts in the Overview, and nothing dead", () => {
  const run = newRun();
  const trend = { type: "trend", contains: "time" };
  const metrics = {
    ws_sessions: { type: "counter" },
    ws_msgs_received: { type: "counter" },
    ws_session_duration: trend,
    vus: { type: "gauge" },
    iterations: { type: "counter" },
  };
  apply(run, "metric", metrics, 0);
  const titles = () =>
    sectionsOf(run, tabsOf(run)[0]).map(({ title, panels }) => [title, panels.map((panel) => panel.title)]);
  assert.ok(titles()[0][1].includes("Requests"), "while it is being told, nothing moves");
  apply(run, "health", { samples: 1 });
  const [figures, ...charts] = titles();
  assert.deepEqual(figures[1].slice(0, 3), [
    "WebSocket sessions",
    "Session duration p95",
    "Messages received",
  ]);
  assert.ok(!figures[1].includes("Requests") && figures[1].includes("Active VUs"));
  assert.equal(charts[0][0], "WebSocket");
  assert.ok(!charts.flat(2).some((title) => /HTTP|Request/.test(title)), `${charts.flat(2)}`);
  assert.ok(sectionsOf(run, tabsOf(run)[0]).every(({ panels }) => panels.every((panel) => !panel.empty)));
  // One request, and it is a run of HTTP too.
  apply(run, "metric", { http_reqs: { type: "counter" } }, 1);
  assert.ok(titles()[0][1].includes("Requests"));
});

test("a figure of the web vitals stands in one band, its borders in the better", () => {
  const words = [2500, 2501, 4000, 4001].map((figure) => bandOf({ good: 2500, poor: 4000 }, figure).word);
  assert.deepEqual(words, ["good", "needs improvement", "needs improvement", "poor"]);
});
