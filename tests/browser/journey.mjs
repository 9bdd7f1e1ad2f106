/**
 * Uses every page as people do: `node journey.mjs URL FIRST SECOND`, two runs of the shop that ended.
 *
 * By keyboard where a keyboard can do it. What it leaves behind on the server (label, baseline, a
 * deleted first run) is for the caller to see.
 */

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { closeAfter, launch, open, run } from "./common.mjs";

const [url, first, second] = process.argv.slice(2);
const browser = await launch();
closeAfter(() => browser.close());
const opened = await open(browser, url, { acceptDownloads: true });
await opened.page.context().grantPermissions(["clipboard-read", "clipboard-write"], { origin: url });
run(opened, { charts, requests, errors, checks, summary, runs, compare, remove });

async function show(page, tab, more = "") {
  await page.goto(`${url}/ui/?run=${encodeURIComponent(second)}&tab=${tab}${more}`);
  await page.getByText("ended", { exact: true }).first().waitFor();
}

/** Presses Enter on a control, as one who has no pointer. */
async function press(locator, key = "Enter") {
  await locator.focus();
  await locator.page().keyboard.press(key);
}

async function summaryOf(run) {
  return (await fetch(`${url}/runs/${encodeURIComponent(run)}/summary`)).json();
}

/** Drag to zoom: in the address, for all charts; double click shows all again. */
async function charts(page) {
  await show(page, "overview");
  const chart = page.locator(".u-over").first();
  const box = await chart.boundingBox();
  await page.mouse.move(box.x + box.width * 0.3, box.y + box.height / 2);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * 0.6, box.y + box.height / 2, {
    steps: 5,
  });
  await page.mouse.up();
  await page.waitForURL(/from=[\d.]+s&to=[\d.]+s/);
  await page.reload();
  await page.getByRole("button", { name: "Whole run" }).waitFor();
  await page.locator(".u-over").first().dblclick();
  await page.waitForURL((address) => !/from=/.test(address.search));

  // One cursor for all charts in view.
  const again = await page.locator(".u-over").first().boundingBox();
  await page.mouse.move(again.x + again.width / 2, again.y + again.height / 2);
  const at = page.locator(".legend-time", { hasText: /^at \d+:\d\d$/ });
  await at.nth(2).waitFor();
  assert.equal(new Set(await at.allInnerTexts()).size, 1, "all at the same time");

  // Legends hide a series, and show one alone.
  const durations = page.locator(".card", { has: page.locator("#chart-request-duration") });
  const pressed = () =>
    durations
      .locator(".legend-item")
      .evaluateAll((items) => items.map((item) => item.getAttribute("aria-pressed") === "true"));
  assert.deepEqual(await pressed(), [true, true, true]);
  await press(durations.locator(".legend-item").nth(1), "Shift+Enter");
  assert.deepEqual(await pressed(), [false, true, false]);
  await press(durations.locator(".legend-item").nth(0));
  assert.deepEqual(await pressed(), [true, true, false]);

  // The choice of percentiles is one for all charts of trends, and stays in the address.
  await press(page.getByRole("button", { name: "p90", exact: true }));
  await page.waitForURL(/shown=/);
  await durations.locator(".legend-item", { hasText: "p90" }).waitFor();
}

async function requests(page) {
  await show(page, "requests");
  const table = page.getByRole("table").first();
  const names = () => table.locator("tbody tr .request-name").allInnerTexts();
  await table.locator("tbody tr").first().waitFor();
  const { requests: truth } = await summaryOf(second);
  assert.equal((await names()).length, truth.length);

  await press(table.getByRole("button", { name: /^p95/ }));
  const byP95 = [...truth].sort((a, b) => b.p95 - a.p95).map((row) => row.key[1]);
  assert.match((await names())[0], new RegExp(escape(byP95[0])));

  await page
    .getByRole("searchbox", { name: /filter/i })
    .first()
    .fill("check");
  await page.waitForURL(/filter=check/);
  assert.deepEqual((await names()).length, truth.filter((row) => row.key.join(" ").includes("check")).length);

  // A row opens its charts and its distribution, and the address holds it.
  await press(table.locator('[aria-expanded="false"]').first());
  await page.waitForURL(/row=/);
  await page
    .getByText(/distribution/i)
    .first()
    .waitFor();
  await page.locator("main canvas").first().waitFor();
  await page.reload();
  await page.locator('[aria-expanded="true"]').first().waitFor();
  await page
    .getByText(/distribution/i)
    .first()
    .waitFor();
}

function escape(text) {
  return text.replace(/[^\w ]/g, "\\$&");
}

async function errors(page) {
  await show(page, "errors");
  const text = await page.locator("main").innerText();
  // The shop's dead service refuses connections, k6's code 1212.
  assert.match(text, /1212/);
  assert.match(text, /refused/i);
  await page.locator("main canvas").first().waitFor();
}

async function checks(page) {
  await show(page, "checks");
  const { checks: truth, thresholds } = await summaryOf(second);
  const text = await page.locator("main").innerText();
  for (const check of truth) assert.ok(text.includes(check.key.at(-1)), check.key.at(-1));
  const count = (passes) => thresholds.filter((threshold) => threshold.passes === passes).length;
  assert.ok(count(true) > 0 && count(false) > 0 && count(null) > 0, "the shop has all three");
  const chips = (word) => page.locator("main table .chip", { hasText: word }).count();
  assert.equal(await chips(/pass$/), count(true));
  assert.equal(await chips(/fail$/), count(false));
  assert.equal(await chips(/no data$/), count(null), "no data is not a pass");
}

async function summary(page) {
  await show(page, "summary");
  const truth = await summaryOf(second);
  await press(page.getByRole("button", { name: /markdown/i }));
  const copied = await page.waitForFunction(async () => {
    const text = await navigator.clipboard.readText();
    return text.includes("http_req_duration") && text;
  });
  const markdown = await copied.jsonValue();
  assert.match(markdown, /^\|.*\|$/m);
  const download = async (name) => {
    const coming = page.waitForEvent("download");
    await page.getByRole("button", { name }).or(page.getByRole("link", { name })).first().click();
    return readFile(await (await coming).path(), "utf8");
  };
  const csv = await download(/csv/i);
  assert.ok(csv.includes(String(truth.metrics.http_req_duration.values["p(95)"])), "at full precision");
  const json = JSON.parse(await download(/json/i));
  assert.equal(json.metrics.http_reqs.values.count, truth.metrics.http_reqs.values.count);
}

async function item(run) {
  const list = await (await fetch(`${url}/runs?test=shop`)).json();
  return list.find((one) => one.id === run);
}

async function until(what, holds) {
  for (let tries = 0; tries < 200; tries += 1) {
    if (await holds()) return;
    await new Promise((resume) => setTimeout(resume, 50));
  }
  assert.fail(`waited for ${what}`);
}

async function runs(page) {
  await show(page, "runs");
  const row = page.locator("main tbody tr", { hasText: first.split(".")[1] }).first();
  await row.waitFor();
  await press(row.getByRole("button", { name: /pin|baseline/i }).first());
  await until("the baseline", async () => (await item(first)).baseline);
  await press(row.getByRole("button", { name: /name|note|edit/i }).first());
  const dialog = page.getByRole("dialog");
  await dialog.getByRole("textbox").first().fill("before <b>the</b> fix");
  await dialog.getByRole("textbox").last().fill("one\nnote");
  await press(dialog.getByRole("button", { name: /save/i }));
  await until("the label", async () => (await item(first)).label === "before <b>the</b> fix");
  assert.equal((await item(first)).note, "one\nnote");
  await page.getByText("before <b>the</b> fix").first().waitFor();
  assert.ok((await page.locator("main svg").count()) >= 3, "trends over runs");
}

async function compare(page) {
  await show(page, "compare", `&other=${encodeURIComponent(first)}`);
  await page.locator("main canvas").first().waitFor();
  await page.locator("#compare-answer").waitFor();
  // The same recording twice: nothing is better or worse.
  assert.match(await page.locator("#compare-answer").innerText(), /Nothing got worse or better/);
  assert.equal(await page.locator(".difference-says", { hasText: /worse|better|differs/ }).count(), 0);
}

/** Deleting asks first, and names the run. */
async function remove(page) {
  await show(page, "runs");
  const row = page.locator("main tbody tr", { hasText: "before <b>the</b> fix" }).first();
  await press(row.getByRole("button", { name: /delete/i }));
  const dialog = page.getByRole("dialog");
  assert.match(await dialog.innerText(), new RegExp(escape(first)));
  await press(dialog.getByRole("button", { name: /delete/i }));
  await until("the deletion", async () => (await item(first)) === undefined);
}
