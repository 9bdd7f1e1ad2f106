/**
 * Compares runs whose truth is known: `node compare.mjs URL BASELINE SAME SLOWER PICTURES`. SAME differs from the
 * baseline by chance, SLOWER in its searches, which take twice as long.
 */

import assert from "node:assert/strict";
import { join } from "node:path";
import { axe, closeAfter, launch, open, run as runFlows } from "./common.mjs";

const WIDTHS = [390, 1280, 1920];

const [url, baseline, same, slower, pictures] = process.argv.slice(2);
const browser = await launch();
closeAfter(() => browser.close());
for (const theme of ["light", "dark"]) {
  const opened = await open(browser, url, { colorScheme: theme });
  runFlows(opened, {
    [`noise, ${theme}`]: (page) => noise(page, theme),
    [`slowdown, ${theme}`]: (page) => slowdown(page, theme),
    [`overview, ${theme}`]: (page) => overview(page, theme),
    [`report, ${theme}`]: (page) => report(page, theme),
  });
}
const opened = await open(browser, url);
runFlows(opened, { several, part });

/** Opens the Compare page, and waits for the answer. */
async function compared(page, run, more = "") {
  await page.setViewportSize({ width: 1280, height: 900 });
  await page.goto(`${url}/ui/?run=${run}&tab=compare&other=${baseline}${more}`);
  const answer = page.locator("#compare-answer");
  await answer.waitFor();
  await page.locator(".both canvas").first().waitFor();
  return answer.innerText();
}

/** What the tables call worse or better. */
const called = (page) =>
  page.locator(".differences .difference-says", {
    hasText: /worse|better|differs/,
  });

/** The picture of a page at each width; nothing scrolls sideways, and no table within the page. */
async function look(page, name) {
  for (const width of WIDTHS) {
    await page.setViewportSize({ width, height: 900 });
    await page.waitForTimeout(150);
    const scrolling = await page.evaluate(() => {
      const beyond = (element) => element.scrollWidth > element.clientWidth + 1;
      const scrolls = (element) =>
        /auto|scroll/.test(getComputedStyle(element).overflow) &&
        (beyond(element) || element.scrollHeight > element.clientHeight + 1);
      const around = [...document.querySelectorAll(".differences")].flatMap((table) => {
        const found = [];
        for (let at = table; at && at !== document.body; at = at.parentElement) found.push(at);
        return found;
      });
      return [
        beyond(document.documentElement) && "the page",
        ...around.filter(scrolls).map((element) => element.className),
      ].filter(Boolean);
    });
    assert.deepEqual(scrolling, [], `${name} at ${width} px`);
    await page.screenshot({
      path: join(pictures, `noise-${name}-${width}.png`),
      fullPage: true,
    });
  }
  await page.setViewportSize({ width: 1280, height: 900 });
}

async function noise(page, theme) {
  const answer = await compared(page, same);
  assert.match(answer, /Nothing got worse or better/);
  assert.match(answer, /all requests p95 .+\s%/);
  assert.equal(await called(page).count(), 0);
  assert.match(await page.locator(".conditions").innerText(), /Same conditions/);
  await look(page, `noise-${theme}`);
  assert.deepEqual(await axe(page), []);
}

async function slowdown(page, theme) {
  const answer = await compared(page, slower);
  assert.match(answer, /Worse than the baseline .+: all requests p90 \+30/);
  const requests = page.locator("section.card", {
    has: page.locator("#compare-requests"),
  });
  const names = await requests.locator("tbody tr", { hasText: "worse" }).allInnerTexts();
  assert.ok(names.length > 0 && names.every((text) => text.includes("search")), names.join("\n"));
  // All figures are there for who asks, and what they say.
  await requests.getByRole("checkbox").check();
  await requests.getByText("no difference shown").first().waitFor();
  await requests.getByText("not judged").or(requests.getByText("too little data")).first().waitFor();
  await requests.getByRole("searchbox").fill("checkout p95");
  assert.equal(await requests.locator("tbody tr", { hasText: "search" }).count(), 0);
  await requests.getByRole("searchbox").fill("");
  await look(page, `slowdown-${theme}`);
  assert.deepEqual(await axe(page), []);
}

/** Tiles say what became of their figure since the baseline. */
async function overview(page, theme) {
  await page.goto(`${url}/ui/?run=${slower}`);
  const tile = page.locator(".tile", { hasText: /p95/ }).first();
  await tile.locator(".tile-delta", { hasText: /worse,\s\+25\s%\s\(/ }).waitFor();
  await look(page, `overview-${theme}`);
  assert.deepEqual(await axe(page), []);
}

async function report(page, theme) {
  await page.goto(`${url}/report?run=${slower}`);
  await page.getByText("Against the baseline:").waitFor();
  const table = page.locator("table", { hasText: "search" }).first();
  await table.waitFor();
  await page.locator(".tile-delta", { hasText: "worse, +25" }).first().waitFor();
  await look(page, `report-${theme}`);
}

/** Three runs on the charts, in the address, and one taken off again. */
async function several(page) {
  await compared(page, slower);
  await page.getByLabel("Add a run to the charts").selectOption(same);
  await page.waitForURL(/more=/);
  await page.locator(".both").first().locator(".legend-item").nth(2).waitFor();
  await page.reload();
  await page.locator(".both .legend-item").nth(2).waitFor();
  await page.getByRole("button", { name: /^Remove .+ from the charts$/ }).click();
  await page.waitForURL((address) => !address.search.includes("more="));
}

/** A part of both runs is compared, and the page says which. */
async function part(page) {
  await compared(page, slower, "&from=10&to=30");
  await page.getByText("0:10 to 0:30 of both").waitFor();
  await page.getByRole("button", { name: "Whole runs" }).click();
  await page.getByText("0:10 to 0:30 of both").waitFor({ state: "detached" });
}
