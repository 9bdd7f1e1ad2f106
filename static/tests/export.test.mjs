import assert from "node:assert/strict";
import { test } from "node:test";
import { csvCell, markdownText, toCsv, toMarkdown } from "../scripts/model/export.js";

const START = 1_795_221_970_000;

function summary(change = {}) {
  return {
    run: "shop.1",
    test: "shop",
    state: "ended",
    start: START,
    end: START + 38_984,
    metrics: {
      http_req_duration: {
        type: "trend",
        contains: "time",
        values: { count: 3511, avg: 54.48467254087155, "p(95)": 120.46875 },
        thresholds: { "p(95)<400": { ok: true, observed: 120.46875 } },
      },
      "http_req_duration{name:a|b}": { type: "trend", contains: "time", values: { avg: 1 } },
      http_reqs: { type: "counter", values: { count: 3511, rate: 91.79233122302675 } },
      vus: { type: "gauge", values: { value: 3, min: 1, max: 10 } },
    },
    requests: [
      {
        key: ["GET", "search"],
        count: 2,
        rate: 0.5,
        failed: 0.5,
        avg: 1,
        min: 1,
        med: 1,
        max: 1,
        p90: 1,
        p95: 1,
        p99: 1,
        time: 2,
      },
    ],
    statuses: [{ key: ["GET", "search", "500", "1500"], count: 1, first: START, last: START }],
    checks: [{ key: ["::cart", "is 200"], passes: 3, fails: 1, lastFailed: null }],
    groups: [{ key: ["::cart"], metrics: { http_reqs: { count: 2, rate: 0.05 } } }],
    scenarios: [],
    thresholds: [
      {
        metric: "http_req_duration",
        expression: "p(95)<400",
        observed: 120.46875,
        passes: true,
        firstFailed: null,
      },
      { metric: "gone", expression: "rate<1", observed: null, passes: null, firstFailed: null },
    ],
    health: {},
    ...change,
  };
}

test("markup, HTML and cell borders in a name stay text in Markdown", () => {
  assert.equal(markdownText("a|b"), "a\\|b");
  assert.equal(markdownText("`x` *y* [z](w) ~~n~~ \\"), "\\`x\\` \\*y\\* \\[z\\](w) \\~\\~n\\~\\~ \\\\");
  assert.equal(
    markdownText("<img src=x onerror=alert(1)> &amp;"),
    "&lt;img src=x onerror=alert(1)&gt; &amp;amp;",
  );
});

test("underscores stay readable inside words and are escaped where they would emphasise", () => {
  assert.equal(markdownText("http_req_duration"), "http_req_duration");
  assert.equal(markdownText("_a_ b"), "\\_a\\_ b");
});

test("a name with line breaks, controls or text direction marks stays one line in its cell", () => {
  assert.equal(markdownText("a\r\nb\u2028c\u0000d"), "a b c d");
  assert.equal(markdownText("\u202eevil\u2066"), "evil");
});

test("a long name is cut in Markdown without splitting a character", () => {
  const text = markdownText("🚀".repeat(10_000));
  assert.equal([...text].length, 201);
  assert.ok(text.endsWith("🚀…"));
});

test("every row of a Markdown table has the cells of its head", () => {
  const tables = toMarkdown(summary())
    .split("\n\n")
    .filter((part) => part.startsWith("|"));
  assert.equal(tables.length, 6);
  for (const table of tables) {
    const widths = table
      .trim()
      .split("\n")
      .map((line) => line.replaceAll("\\|", "").split("|").length);
    assert.deepEqual(new Set(widths).size, 1, table);
  }
});

test("Markdown has formatted figures and a table of thresholds", () => {
  const text = toMarkdown(summary());
  assert.match(text, /^# shop\.1\n\nBegan .*, lasted 0:38\.\n\n## Thresholds\n/);
  assert.match(text, /\| http_req_duration \| p\(95\) &lt; 400\u00a0ms \| 120\u00a0ms \| .* \| ✓ pass \|/);
  assert.match(text, /\| gone \| .* \| – \| – \| ∅ no data \|/);
  assert.match(text, /\| http_reqs \| 3,511 \| 91\.8\/s \|/);
});

test("Markdown is headed by the run's name and says the id too", () => {
  assert.match(toMarkdown(summary(), "before *it*"), /^# before \\\*it\\\*\n\nRun shop\.1, began /);
});

test("a live run has no length in Markdown", () => {
  assert.match(toMarkdown(summary({ state: "live", end: null })), /, still running\./);
});

test("CSV quotes what RFC 4180 says", () => {
  assert.equal(csvCell("plain"), "plain");
  assert.equal(csvCell('a "b", c'), '"a ""b"", c"');
  assert.equal(csvCell("two\nlines"), '"two\nlines"');
  assert.equal(csvCell(null), "");
});

test("text that a spreadsheet would run is text in CSV, and numbers stay numbers", () => {
  for (const text of ["=1+1", "+1", "-1", "@SUM(A1)", "\tx"]) assert.equal(csvCell(text), `'${text}`);
  assert.equal(csvCell('=HYPERLINK("x")'), `"'=HYPERLINK(""x"")"`);
  assert.equal(csvCell(-1.5), "-1.5");
});

/** Rows of a CSV whose cells have no commas, by the titles of their columns. */
function rowsOf(text) {
  const [head, ...lines] = text.trimEnd().split("\r\n");
  const titles = head.split(",");
  return lines.map((line) => {
    const cells = line.split(",");
    assert.equal(cells.length, titles.length, line);
    return Object.fromEntries(titles.map((title, i) => [title, cells[i]]));
  });
}

test("CSV has a row for each metric and request, with every figure at full precision in a column of its own", () => {
  const text = toCsv(summary());
  assert.ok(text.startsWith("table,name,detail,type,unit,count,rate,"));
  assert.ok(text.endsWith("\r\n"));
  const rows = rowsOf(text);
  const found = (table, name) => rows.filter((row) => row.table === table && row.name === name);
  for (const [table, name, wanted] of [
    [
      "metrics",
      "http_req_duration",
      { type: "trend", unit: "ms", avg: "54.48467254087155", "p(95)": "120.46875" },
    ],
    ["metrics", "http_reqs", { type: "counter", unit: "", rate: "91.79233122302675", avg: "" }],
    ["metrics", "vus", { type: "gauge", value: "3", max: "10" }],
    [
      "thresholds",
      "http_req_duration",
      { detail: "p(95)<400", ok: "true", observed: "120.46875", unit: "ms" },
    ],
    ["thresholds", "gone", { detail: "rate<1", observed: "", ok: "" }],
    ["requests", "search", { detail: "GET", failed: "0.5", "p(95)": "1", unit: "ms" }],
    ["statuses", "GET search", { detail: "500 1500", count: "1" }],
    ["checks", "is 200", { detail: "::cart", fails: "1" }],
    ["groups", "::cart", { detail: "http_reqs", type: "counter", count: "2" }],
  ]) {
    const [row, ...more] = found(table, name);
    assert.ok(row, `${table} ${name}`);
    assert.equal(more.length, 0, "one row");
    for (const [column, value] of Object.entries(wanted))
      assert.equal(row[column], value, `${name} ${column}`);
  }
});

test("CSV counts samples that a row missed and names that it holds", () => {
  const document = summary();
  Object.assign(document.requests[0], { missed: 3, names: 20 });
  const row = rowsOf(toCsv(document)).find(({ table }) => table === "requests");
  assert.deepEqual([row.missed, row.names], ["3", "20"]);
});

test("what is written of a part says so, and its silent metrics are no zeros", () => {
  const part = summary({ window: { start: START + 30_000, end: START + 36_000 } });
  part.metrics.size = { type: "gauge", silent: true, values: { value: 0, min: 0, max: 0 } };
  part.metrics.wait = { type: "trend", contains: "time", silent: true, values: { count: 0, avg: 0 } };
  const markdown = toMarkdown(part);
  assert.match(markdown, /lasted 0:38\. Figures of 0:30 to 0:36 alone\./);
  assert.match(markdown, /\| size \| – \| – \| – \|/);
  assert.match(markdown, /\| wait \| 0 \| – /);
  const [head, ...rows] = toCsv(part)
    .split("\r\n")
    .map((line) => line.split(","));
  const row = (name) => rows.find((cells) => cells[1] === name);
  assert.equal(row("size")[head.indexOf("value")], "");
  assert.equal(row("wait")[head.indexOf("avg")], "");
  assert.equal(row("wait")[head.indexOf("count")], "0");
  assert.doesNotMatch(toMarkdown(summary()), /alone/);
});
