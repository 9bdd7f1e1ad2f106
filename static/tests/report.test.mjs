import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { before, after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const HERE = fileURLToPath(new URL("..", import.meta.url));
let out;
let page;

before(async () => {
  out = await mkdtemp(join(tmpdir(), "loadgate-report-"));
  await promisify(execFile)(process.execPath, [join(HERE, "build.mjs"), out]);
  page = await readFile(join(out, "report.html"), "utf8");
});
after(() => rm(out, { recursive: true }));

const between = (start, end) => page.split(start)[1].split(end)[0];
const hashOf = (text) => `'sha256-${createHash("sha256").update(text).digest("base64")}'`;

test("the report's policy allows its own script and style and nothing else", () => {
  const policy = between('http-equiv="Content-Security-Policy" content="', '"');
  assert.match(policy, /^default-src 'none'; /);
  assert.ok(policy.includes(`script-src ${hashOf(between('<script type="module">', "</script>"))};`));
  assert.ok(policy.includes(`style-src ${hashOf(between("<style>", "</style>"))};`));
  assert.doesNotMatch(policy, /unsafe|https?:/);
});

test("the report's template has every place once, in order, and refers to nothing outside", () => {
  const places = [...page.matchAll(/<!--loadgate:(\w+)-->/g)].map(([, name]) => name);
  assert.deepEqual(places, ["title", "head", "body", "data"]);
  assert.doesNotMatch(page, /<(link|img|iframe|script[^>]* src)\b/);
  assert.doesNotMatch(page.split("<style>")[0] + page.split("</style>")[1].split("<script")[0], /style=/);
});

test("the report's style sheet knows every colour that a chart can have", async () => {
  const colours = await readFile(join(HERE, "../report/src/panels.rs"), "utf8");
  // `Color::Series1` is the word `series-1`.
  const names = [...colours.matchAll(/\(Color::(\w+), "#/g)].map(([, name]) =>
    name.toLowerCase().replace(/(\d)$/, "-$1"),
  );
  assert.equal(names.length, 11);
  const style = between("<style>", "</style>");
  for (const name of names) {
    assert.ok(style.includes(`.report g.${name}`) || new RegExp(`\\.${name}{`).test(style), name);
  }
});
