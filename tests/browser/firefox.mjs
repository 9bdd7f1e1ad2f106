/**
 * The main journey in Firefox: `node firefox.mjs URL ENDED REPORT`, a run of the shop that ended, and its report as a
 * file. Tests `fox` and `fox-1` to `fox-7` are live for as long as this sends.
 *
 * Debian's Firefox, by WebDriver BiDi, which Playwright speaks to its own builds alone.
 */

import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import puppeteer from "puppeteer-core";
import { closeAfter, fits, paintedAt, PATIENCE } from "./common.mjs";

const [url, ended, report] = process.argv.slice(2);
const FIREFOX = process.env.FIREFOX ?? "/usr/bin/firefox-esr";

// It starts in no home but one of the user's own.
const home = mkdtempSync(join(tmpdir(), "firefox-"));
const browser = await puppeteer.launch({
  browser: "firefox",
  executablePath: FIREFOX,
  env: { ...process.env, HOME: home },
});
closeAfter(
  () => browser.close(),
  () => rmSync(home, { recursive: true, force: true }),
);

/** A page, and what it should not have said. */
async function open(width = 1280) {
  const page = await browser.newPage();
  page.setDefaultTimeout(PATIENCE);
  await page.setViewport({ width, height: 900 });
  // What nobody sees is not drawn.
  await page.bringToFront();
  const complaints = [];
  page.on("pageerror", (error) => complaints.push(`error: ${error.message}`));
  page.on("console", (message) => message.type() === "error" && complaints.push(message.text()));
  return { page, complaints };
}

const text = (page, selector) => page.$eval(selector, (element) => element.innerText);
/** Waits until a function of the page gives something. */
const until = (page, condition, ...args) => page.waitForFunction(condition, {}, ...args);
const has = (page, selector, words) =>
  until(
    page,
    (selector, words) =>
      [...document.querySelectorAll(selector)].some((one) => one.innerText.toLowerCase().includes(words)),
    selector,
    words.toLowerCase(),
  );
const painted = (page, selector) => until(page, paintedAt, selector);

/** Now, as one sample of a test. */
async function send(name) {
  const body = `http_reqs,name=a,method=GET,status=200 value=1 ${Date.now()}000000\n`;
  const answer = await fetch(`${url}/write?db=${name}`, { method: "POST", body });
  assert.equal(answer.status, 204);
}

/** Browsers have six connections to a server that speaks HTTP/1.1. */
for (const [title, tests] of [
  ["a live run is watched in seven tabs at once", Array(7).fill("fox")],
  ["seven live runs are watched in as many tabs", [1, 2, 3, 4, 5, 6, 7].map((n) => `fox-${n}`)],
]) {
  test(title, async () => {
    const sending = setInterval(() => tests.forEach((name) => send(name).catch(() => {})), 500);
    try {
      await Promise.all(tests.map(send));
      const tabs = [];
      for (const name of tests) {
        const tab = await open();
        await tab.page.goto(`${url}/ui/?test=${name}`);
        await tab.page.waitForSelector(".chip.live");
        tabs.push(tab);
      }
      for (const { page, complaints } of tabs) {
        await page.bringToFront();
        await painted(page, "main canvas");
        const first = await text(page, ".tile .figure");
        await until(page, (first) => document.querySelector(".tile .figure").innerText !== first, first);
        assert.deepEqual(complaints, []);
      }
      for (const { page } of tabs) await page.close();
    } finally {
      clearInterval(sending);
    }
  });
}

test("an ended run: a part chosen by keyboard is what every figure is of", async () => {
  const { page, complaints } = await open();
  await page.goto(`${url}/ui/?run=${encodeURIComponent(ended)}`);
  await has(page, ".chip", "ended");
  await painted(page, "main canvas");
  const whole = await text(page, ".tile .figure");
  await page.focus('[role="application"]');
  await page.keyboard.press("ArrowRight");
  await page.keyboard.down("Shift");
  for (let i = 0; i < 4; i++) await page.keyboard.press("ArrowRight");
  await page.keyboard.up("Shift");
  await page.keyboard.press("Enter");
  await until(page, () => /to=[\d.]+s/.test(location.search));
  await until(page, (whole) => document.querySelector(".tile .figure").innerText !== whole, whole);
  await page.keyboard.press("Escape");
  await until(page, (whole) => document.querySelector(".tile .figure").innerText === whole, whole);
  assert.deepEqual(complaints, []);
  await page.close();
});

test("every view has what it should, on a desk and on a phone", async () => {
  for (const width of [1280, 390]) {
    const { page, complaints } = await open(width);
    for (const view of [
      "timings",
      "requests",
      "errors",
      "checks-thresholds",
      "summary",
      "verdict",
      "runs",
      "compare",
    ]) {
      await page.goto(`${url}/ui/?run=${encodeURIComponent(ended)}&tab=${view}`);
      await page.waitForSelector("main section, main .card");
      await fits(page, `${view} at ${width} px`);
    }
    await page.goto(`${url}/ui/?run=${encodeURIComponent(ended)}&tab=errors`);
    await has(page, "main", "refused");
    assert.deepEqual(complaints, [], `${width} px`);
    await page.close();
  }
});

test("requests are sorted, filtered and opened", async () => {
  const { page, complaints } = await open();
  await page.goto(`${url}/ui/?run=${encodeURIComponent(ended)}&tab=requests`);
  await page.waitForSelector("tbody .request-name");
  const names = () => page.$$eval("tbody .request-name", (all) => all.map((one) => one.innerText));
  const before = await names();
  await page.type('input[type="search"]', "check");
  await until(page, () => location.search.includes("filter=check"));
  const filtered = await names();
  assert.ok(filtered.length > 0 && filtered.length < before.length, `${filtered.length} of ${before.length}`);
  await page.click('tbody [aria-expanded="false"]');
  await painted(page, "main td canvas, main canvas");
  assert.deepEqual(complaints, []);
  await page.close();
});

test("the report opens from disk, and its charts come to life", async () => {
  const { page, complaints } = await open();
  await page.goto(pathToFileURL(resolve(report)).href);
  await page.$eval("[data-panel]", (panel) => panel.scrollIntoView());
  await page.waitForSelector(".alive .u-over");
  await painted(page, ".alive canvas");
  assert.ok((await page.$$("table")).length > 3);
  assert.deepEqual(complaints, []);
  await page.close();
});
