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

test("CSV has every figure of the document at full precision, one in a row", () => {
  const lines = toCsv(summary()).split("\r\n");
  assert.equal(lines[0], "table,name,detail,type,figure,value,unit");
  assert.equal(lines.at(-1), "");
  for (const line of [
    "metrics,http_req_duration,,trend,avg,54.48467254087155,ms",
    "metrics,http_reqs,,counter,rate,91.79233122302675,1/s",
    "thresholds,http_req_duration,p(95)<400,,passes,true,",
    "thresholds,gone,rate<1,,observed,,",
    "requests,search,GET,,failed,0.5,",
    "requests,search,GET,,p95,1,ms",
    "statuses,GET search,500 1500,,count,1,",
    "checks,is 200,::cart,,fails,1,",
    "groups,::cart,http_reqs,counter,count,2,",
  ]) {
    assert.ok(lines.includes(line), line);
  }
});

test("CSV counts samples that a row missed and names that it holds, and takes neither for a time", () => {
  const document = summary();
  Object.assign(document.requests[0], { missed: 3, names: 20 });
  const lines = toCsv(document).split("\r\n");
  assert.ok(lines.some((line) => line.endsWith(",missed,3,")));
  assert.ok(lines.some((line) => line.endsWith(",names,20,")));
});
