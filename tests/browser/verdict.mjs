/**
 * Go or no-go, in the frame and on its page: `node verdict.mjs URL FIRST RUN PICTURES`.
 *
 * RUN is an ended run of the shop that its objectives and thresholds fail; FIRST, the one before it, is its baseline.
 * Other tests are made here: one whose live run ends with a "Go", and one without a file of objectives.
 */

import assert from "node:assert/strict";
import { join } from "node:path";
import { axe, closeAfter, fits, launch, open, run as runFlows } from "./common.mjs";

const WIDTHS = [390, 768, 1280];
/** As often as a stream tells the verdict of a live run, in ms. */
const RHYTHM = 4500;

const [url, first, run, pictures] = process.argv.slice(2);
const browser = await launch();
closeAfter(() => browser.close());
// All before the first flow: the last one closes the browser.
const [light, dark, alone] = await Promise.all(
  ["light", "dark", "light"].map((colorScheme) => open(browser, url, { colorScheme })),
);
runFlows(light, themed("light"));
runFlows(dark, themed("dark"));
runFlows(alone, { live, again, withoutFile });

function themed(theme) {
  return {
    [`a no-go, ${theme}`]: (page) => noGo(page, theme),
    [`runs, ${theme}`]: (page) => runs(page, theme),
  };
}

const fast = (limit) => `
thresholds: ignore
objectives:
  - name: Requests are fast
    expression: http_req_duration max
    pass: < ${limit}ms
`;

async function send(method, path, body) {
  const answer = await fetch(`${url}${path}`, { method, body });
  assert.ok(answer.ok, `${method} ${path}: ${answer.status} ${await answer.text()}`);
}

/** Samples of the last seconds; the later ones close the window of those before. */
async function samples(test) {
  const now = Math.floor(Date.now() / 1000);
  const at = (ago) =>
    `http_reqs,name=a value=1 ${now - ago}000000000\nhttp_req_duration,name=a value=12 ${now - ago}000000000\n`;
  await send("POST", `/write?db=${test}`, [12, 11, 10, 9].map(at).join(""));
  await send("POST", `/write?db=${test}`, [3, 2].map(at).join(""));
}

async function show(page, id, tab = "verdict") {
  await page.goto(`${url}/ui/?run=${encodeURIComponent(id)}&tab=${tab}`);
  await page.locator("header .verdict-chip").waitFor();
}

/** At every width a picture, and nothing that scrolls sideways but tables in themselves. */
async function look(page, name) {
  for (const width of WIDTHS) {
    await page.setViewportSize({ width, height: 900 });
    await fits(page, `${name} at ${width} px`);
    await page.screenshot({ path: join(pictures, `verdict-${name}-${width}.png`), fullPage: true });
  }
  await page.setViewportSize({ width: 1280, height: 900 });
  assert.deepEqual(await axe(page), [], name);
}

const card = (page, id) => page.locator("section", { has: page.locator(`h2#${id}`) });
const row = (page, text) => card(page, "objectives").locator("tbody tr", { hasText: text });
const chip = (page, hasText) => page.locator("header .verdict-chip .chip", { hasText });

async function noGo(page, theme) {
  await show(page, run, "overview");
  await chip(page, /✗ .*No-go$/).click();
  await page.waitForURL(/tab=verdict/);
  const headline = page.getByRole("heading", { name: "Verdict: No-go" });
  await headline.waitFor();

  // The worst first: what fails, what nobody can tell, what passes, what asks for nothing.
  const states = await card(page, "objectives").locator("tbody td:nth-child(2)").allInnerTexts();
  assert.deepEqual(
    states.map((text) => text.replace(/\s+/g, " ").trim().slice(0, 1)),
    ["✗", "?", await passSign(page), "i"],
  );
  const login = row(page, "<b>Login</b> is fast");
  assert.equal(await login.locator("b").count(), 0, "names are text");
  for (const text of ["http_req_duration{name:login} p(95)", "key", "weight 2", "< 1ms", "does not meet"]) {
    await login.getByText(text).first().waitFor();
  }
  assert.match(await login.locator("td").nth(1).innerText(), /^\d[\d.]*\sms$/);
  assert.match(await login.locator("td").nth(3).innerText(), /^−[\d,.]+\s%$/);
  const pages = row(page, "Pages are fast");
  assert.match(await pages.locator("td").nth(4).innerText(), /ms \(0\s%\)/);
  await pages.getByText("What visitors wait for.").waitFor();
  assert.equal(
    await pages.getByRole("link", { name: "Runbook" }).getAttribute("href"),
    "https://example.com/runbook",
  );

  const thresholds = card(page, "judged-thresholds");
  assert.ok((await thresholds.locator("tbody tr").count()) > 10);
  assert.match(await thresholds.locator("tbody td").first().innerText(), /✗\sfail/);
  await look(page, `no-go-${theme}`);

  // All compare with one run, which is named once.
  const baseline = card(page, "objectives").getByRole("link", { name: "first" });
  assert.equal(await baseline.count(), 1);
  await baseline.click();
  await page.waitForURL((address) => address.searchParams.get("run") === first);
  assert.equal(new URL(page.url()).searchParams.get("tab"), "verdict");
}

/** What passes is green where nothing is missing, and else open. */
async function passSign(page) {
  return (await page.getByText("What is missing").count()) > 0 ? "○" : "✓";
}

async function runs(page, theme) {
  await show(page, run, "runs");
  const verdicts = card(page, "runs").locator("tbody td:nth-child(2)");
  await verdicts.getByText("No-go").first().waitFor();
  assert.equal(await verdicts.getByText("No-go").count(), 2);
  const heatmap = card(page, "objectives-by-run");
  await heatmap.locator("tbody tr", { hasText: "Login" }).locator("td.heat-bad").nth(1).waitFor();
  assert.equal(await heatmap.locator("thead a").count(), 2);
  assert.equal(await heatmap.locator("tbody tr").count(), 5, "the verdict, and four objectives");
  // Trends have a mark for each verdict, and say it.
  const trend = card(page, "trend-p95");
  assert.equal(await trend.locator(".trend-mark-bad").count(), 2);
  assert.match(await trend.locator("a.trend-point").last().getAttribute("aria-label"), /, verdict: No-go$/);
  await look(page, `runs-${theme}`);
}

/** What holds so far is no "Go" yet; the end makes it one, in the page that is open. */
async function live(page) {
  const asked = [];
  page.on("request", (request) => {
    if (request.url().endsWith("/verdict")) asked.push(Date.now());
  });
  await send("PUT", "/tests/calm/objectives", fast(100));
  await samples("calm");
  await show(page, "calm.1");
  assert.match(await chip(page, /○ .*Go so far$/).getAttribute("class"), /chip-open/);
  await page.getByText("if the run ended now").waitFor();
  assert.equal(await page.getByRole("button", { name: "Judge again" }).count(), 0);
  // The stream tells what it comes to by now; nobody asks.
  for (const [limit, word] of [
    [10, /✗ .*No-go so far$/],
    [100, /○ .*Go so far$/],
  ]) {
    await page.waitForTimeout(RHYTHM);
    await send("PUT", "/tests/calm/objectives", fast(limit));
    await samples("calm");
    await chip(page, word).waitFor();
  }
  assert.ok(asked.length <= 1, `asked ${asked.length} times though the stream tells`);
  await look(page, "live");

  await send("POST", "/runs/calm.1/finish");
  assert.match(await chip(page, /✓ .*Go$/).getAttribute("class"), /chip-good/);
  const last = asked.length;
  await page.waitForTimeout(2 * RHYTHM);
  assert.equal(asked.length, last, "of a run that is over nobody asks again");
  await look(page, "go");
}

/** Objectives that have changed judge an old run anew, and what was said before stays. */
async function again(page) {
  await show(page, "calm.1");
  const button = page.getByRole("button", { name: "Judge again" });
  await button.click();
  await page.getByText("Nothing has changed; the verdict stands.").waitFor();
  await send("PUT", "/tests/calm/objectives", fast(10));
  await button.click();
  await page.getByText("Judged anew.").waitFor();
  await chip(page, /No-go$/).waitFor();
  const others = card(page, "judgements").getByRole("listitem");
  assert.equal(await others.count(), 1);
  assert.match(await others.innerText(), /1\s+✓\sGo\s+\d{4}-\d\d-\d\d \d\d:\d\d:\d\d/);
  await look(page, "again");
}

async function withoutFile(page) {
  await samples("plain");
  await send("POST", "/runs/plain.1/finish");
  await show(page, "plain.1");
  await page.getByRole("heading", { name: "Verdict: Not known" }).waitFor();
  assert.match(await card(page, "verdict").locator("li").first().innerText(), /which thresholds/);
  for (const command of ["suggest plain > plain.yaml", "put plain.yaml"]) {
    await page.getByText(`loadgate objectives ${command}`).waitFor();
  }
  await look(page, "no-file");
}
