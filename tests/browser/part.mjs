/**
 * A part of a run, everywhere: `node part.mjs URL PICTURES`.
 *
 * A run of two halves that differ in every figure: whatever is shown of the wrong part is wrong. Figures are compared with
 * those computed from the samples themselves. The part is chosen by fields, pointer, keys, finger and one click; it stands in
 * the address; what is being loaded is dimmed and named; what had no samples says so.
 */

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { axe, closeAfter, fits, launch, open } from "./common.mjs";
import { figuresOf, lines, requests, sendHalves } from "./halves.mjs";

const [url, pictures] = process.argv.slice(2);
const browser = await launch();
closeAfter(() => browser.close());

const SECONDS = 120;
const list = await sendHalves(url, "halves", { seconds: SECONDS });
const swapped = await sendHalves(url, "other", { seconds: SECONDS, swapped: true });
const [early, late] = [figuresOf(list, 0, 60), figuresOf(list, 60, SECONDS)];

async function shown(more = "", options = {}) {
  const opened = await open(browser, url, options);
  await opened.page.goto(`${url}/ui/?run=halves.1${more}`);
  await opened.page.getByText("ended", { exact: true }).first().waitFor();
  return opened;
}

const range = (page) => page.getByRole("region", { name: "Part of the run" });
const words = (page) => range(page).locator(".range-words");
const tile = (page, title) =>
  page.locator(".tile", { has: page.getByRole("heading", { name: title, exact: true }) });
const figure = async (page, title) => (await tile(page, title).locator(".figure").innerText()).trim();
const tab = (page, name) =>
  page.getByRole("navigation", { name: "Views" }).getByRole("link", { name, exact: true }).click();
const parse = (text) => Number(/[\d,.]+/.exec(text.replaceAll(",", ""))?.[0]);

/** What is shown has three digits, and sketches are exact to 0.1 %. */
const near = (shownText, wanted, what) =>
  assert.ok(Math.abs(parse(shownText) - wanted) <= 0.006 * wanted, `${what}: ${shownText}, not ${wanted}`);

/** Waits for the part's figures, and compares all tiles with the samples. */
async function assertTiles(page, wanted) {
  await page.waitForFunction(
    (count) => document.querySelector(".tile .figure")?.textContent.replaceAll(",", "").trim() === count,
    String(wanted.count),
  );
  await page.locator(".figures:not(.figures-former)").waitFor();
  near(await figure(page, "Request duration p95"), wanted.p95, "p95");
  assert.equal(parse(await figure(page, "Failed requests")), Number((wanted.failed * 100).toPrecision(3)));
  near(await tile(page, "Requests").locator(".tile-foot .caption").innerText(), wanted.rate, "rate");
  near(await figure(page, "Checks passed"), 100 * (1 - wanted.checkFails / wanted.count), "checks");
}

/** The part that the address names, in seconds. */
function partIn(page) {
  const query = new URL(page.url()).searchParams;
  const seconds = (name) => (query.get(name) ? Number(query.get(name).replace(/s$/, "")) : null);
  return { from: seconds("from") ?? 0, to: seconds("to") ?? SECONDS };
}

const figuresIn = (page) => {
  const { from, to } = partIn(page);
  return figuresOf(list, from, to);
};

async function choose(page, from, to) {
  const button = range(page).getByRole("button", { name: /Choose a part|Change/ });
  if ((await button.getAttribute("aria-expanded")) !== "true") await button.click();
  await page.getByLabel("From", { exact: true }).fill(from);
  await page.getByLabel("To", { exact: true }).fill(to);
  await range(page).getByRole("button", { name: "Show", exact: true }).click();
}

test("two fields choose a part for every page, and the address keeps it", async () => {
  const { page, complaints } = await shown();
  await assertTiles(page, figuresOf(list, 0, SECONDS));
  await choose(page, "1:00", "");
  await page.waitForURL(/[?&]from=60s(&|$)/);
  await assertTiles(page, late);
  await words(page).getByText("1:00 to 1:59").waitFor();
  await words(page).getByText("of 1:59 · 1m").waitFor();
  await page.reload();
  await assertTiles(page, late);
  const legend = page.locator("section:has(#chart-request-duration) .legend");
  assert.match(await legend.innerText(), /1:00 to 1:59/);

  await tab(page, "Requests");
  await page.waitForURL(/from=60s/);
  const cells = (name) => page.locator("tbody tr", { hasText: name }).first().locator("td").allInnerTexts();
  await page.locator("tbody tr", { hasText: "cart" }).first().waitFor();
  assert.equal(await page.locator("tbody tr", { hasText: "pay" }).count(), 0, "pay is of the first half");
  assert.equal(parse((await cells("cart"))[0]), late.named("cart").length);
  await page.locator("tbody .opener").first().click();
  await page
    .getByText(`${late.named("cart").length} values · 1:00 to 1:59`)
    .first()
    .waitFor();

  await tab(page, "Errors");
  const errors = page.locator("main p.verdict");
  await errors.getByText("no errors").waitFor();
  await choose(page, "", "1:00");
  await errors.getByText(`${Math.round(early.failed * early.count)} errors`).waitFor();
  await tab(page, "Checks & thresholds");
  await page.getByText(/in this part: 1\sof\s3\sthresholds passes, 2\sfail/).waitFor();
  const fails = await page.locator("tbody tr", { hasText: "is quick" }).locator("td").allInnerTexts();
  assert.equal(parse(fails[2]), early.checkFails);

  await tab(page, "Summary");
  const p95 = page.locator("tbody tr", { hasText: "http_req_duration" }).first();
  near((await p95.locator('td[data-title="p95"]').innerText()) ?? "", early.p95, "summary p95");
  // On what is of whole runs, it is said.
  await tab(page, "Verdict");
  await page.getByText("The verdict is of the whole run.").waitFor();
  await range(page).getByRole("button", { name: "Whole run" }).click();
  await page.waitForURL((address) => !/from=|to=/.test(address.search));
  await tab(page, "Overview");
  await assertTiles(page, figuresOf(list, 0, SECONDS));
  assert.deepEqual(complaints, []);
  await page.close();
});

test("what the fields do not take is refused with a sentence that says what is allowed", async () => {
  const { page } = await shown();
  for (const [from, to, said, wrong] of [
    ["soon", "", /like 0:30, 90s or 1m30s; “soon” is none/, "From"],
    ["1:00", "0:30", /A part ends after it begins: later than 1:00/, "To"],
    ["5:00", "", /The run has 1:59/, "From"],
    ["0:10", "9m", /The run has 1:59/, "To"],
  ]) {
    await choose(page, from, to);
    await page.getByRole("alert").getByText(said).waitFor();
    const field = page.getByLabel(wrong, { exact: true });
    assert.equal(await field.getAttribute("aria-invalid"), "true");
    assert.ok(await field.evaluate((input) => input === document.activeElement), `${wrong} has the focus`);
    assert.ok(!/from=|to=/.test(page.url()), "nothing was chosen");
  }
  await page.keyboard.press("Escape");
  assert.equal(await page.getByLabel("From", { exact: true }).count(), 0);
  await page.close();
});

test("a pointer chooses on a chart, and a double click gives it up", async () => {
  const { page, complaints } = await shown();
  const plot = page.locator("section:has(#chart-request-rate) .u-over");
  const box = await plot.boundingBox();
  await page.mouse.move(box.x + box.width * 0.1, box.y + 60);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * 0.4, box.y + 60, { steps: 6 });
  await page.mouse.up();
  await page.waitForURL(/from=.*to=/);
  const { from, to } = partIn(page);
  assert.ok(from >= 8 && from <= 16 && to >= 44 && to <= 52 && from % 2 === 0 && to % 2 === 0, page.url());
  await assertTiles(page, figuresIn(page));
  // Nothing of another part is drawn: the fast half would be at the bottom of the axis.
  const axis = await page.locator("section:has(#chart-request-duration) .chart").getAttribute("aria-label");
  assert.match(axis, /0:\d\d to 0:\d\d/);
  const again = await plot.boundingBox();
  await page.mouse.dblclick(again.x + again.width / 2, again.y + 60);
  await page.waitForURL((address) => !/from=|to=/.test(address.search));
  await assertTiles(page, figuresOf(list, 0, SECONDS));
  assert.deepEqual(complaints, []);
  await page.close();
});

test("keys choose on a chart, and Escape gives it up", async () => {
  const { page } = await shown();
  const chart = page.locator("section:has(#chart-request-rate) .chart");
  await chart.focus();
  await page.keyboard.press("Home");
  for (let n = 0; n < 4; n += 1) await page.keyboard.press("Shift+ArrowRight");
  await page.keyboard.press("Enter");
  await page.waitForURL(/to=10s/);
  await assertTiles(page, figuresOf(list, 0, 10));
  await chart.focus();
  await page.keyboard.press("Escape");
  await page.waitForURL((address) => !/from=|to=/.test(address.search));
  await page.close();
});

test("a finger chooses on a chart, and everything is large enough for it", async () => {
  const { page } = await shown("", { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true });
  const plot = page.locator("section:has(#chart-request-rate) .u-over");
  await plot.scrollIntoViewIfNeeded();
  const { x, y, width, height } = await plot.boundingBox();
  const session = await page.context().newCDPSession(page);
  const touch = (type, share) =>
    session.send("Input.dispatchTouchEvent", {
      type,
      touchPoints: share === null ? [] : [{ x: x + width * share, y: y + height / 2 }],
    });
  await touch("touchStart", 0.6);
  for (const share of [0.65, 0.7, 0.8, 0.9]) await touch("touchMove", share);
  await touch("touchEnd", null);
  await page.waitForURL(/from=.*to=/);
  await assertTiles(page, figuresIn(page));
  assert.ok(partIn(page).from >= 60);
  await range(page).getByRole("button", { name: "Change" }).click();
  for (const target of await range(page).locator("button, input").all()) {
    const size = await target.boundingBox();
    assert.ok(size.height >= 32 && size.width >= 32, `${await target.innerText()}: ${JSON.stringify(size)}`);
  }
  await fits(page);
  await page.close();
});

test("steady state is one click, and where there is none a sentence says why", async () => {
  const { page } = await shown();
  await range(page).getByRole("button", { name: "Steady state" }).click();
  await page.waitForURL(/from=10s&to=110s/);
  await assertTiles(page, figuresOf(list, 10, 110));
  await page.close();
  const send = await fetch(`${url}/write?db=novus`, {
    method: "POST",
    body: lines(requests(20, 10), 20)
      .filter((line) => !line.startsWith("vus"))
      .join("\n"),
  });
  assert.equal(send.status, 204);
  await fetch(`${url}/runs/novus.1/finish`, { method: "POST" });
  const { page: without } = await open(browser, url);
  await without.goto(`${url}/ui/?run=novus.1`);
  await range(without).getByRole("button", { name: "Steady state" }).click();
  await range(without).getByText("novus.1 has no VUs that tell where it was steady.").waitFor();
  await without.close();
});

test("while a part is loaded the former figures are dimmed, and never under its name", async () => {
  const { page } = await shown("&to=60s");
  await assertTiles(page, early);
  let release = () => {};
  const held = new Promise((resolve) => (release = resolve));
  await page.route(/summary\?from=60s/, async (route) => {
    await held;
    await route.continue();
  });
  await choose(page, "1:00", "");
  await words(page).getByText("Loading from 1:00 on…").waitFor();
  await page.locator(".figures.figures-former[aria-busy=true]").waitFor();
  assert.equal(parse(await figure(page, "Requests")), early.count, "the former figures");
  assert.equal(await words(page).getByText("1:00 to 1:59").count(), 0);
  assert.match(await page.locator(".legend").first().innerText(), /0:00 to 1:00/, "under their own name");
  release();
  await assertTiles(page, late);
  await words(page).getByText("1:00 to 1:59").waitFor();
  // A server that fails is no part without figures.
  await page.route(/summary\?from=20s/, (route) => route.fulfill({ status: 503, body: "" }));
  await choose(page, "0:20", "0:40");
  await range(page).getByRole("alert").getByText("HTTP 503").waitFor();
  assert.equal(await figure(page, "Requests"), "–");
  await page.close();
});

test("what had no samples in a part says so, and nothing of it is green", async () => {
  const { page } = await shown("&from=60s&tab=summary");
  await page.locator("tbody tr", { hasText: "cart_size" }).getByText("no samples in this part").waitFor();
  await tab(page, "Checks & thresholds");
  const row = page.locator("tbody tr", { hasText: "cart_size" });
  await row.getByText("no data").waitFor();
  assert.equal(await row.locator(".chip-good").count(), 0);
  const card = page.locator("section", {
    has: page.getByRole("heading", { name: "Thresholds", exact: true }),
  });
  assert.equal(await card.locator(".card-head .chip-good").count(), 0, "not all of them are known");
  // The header's chips are of the whole run, and say so.
  await page.locator(".top-row").getByText("whole run").waitFor();
  await page.close();
});

test("the comparison is of the same part of both runs", async () => {
  const { page } = await shown();
  const asked = page.waitForResponse((response) => response.url().includes("/comparison?with=other.1"));
  await page.goto(`${page.url()}&from=60s&tab=compare&other=other.1`);
  const legend = page.locator("section:has(#chart-both-http_req_duration-p\\(95\\)) .legend-item b");
  await legend.nth(1).waitFor();
  // Until the part is there, the legend is of the whole run, and says so.
  await page
    .locator("section:has(#chart-both-http_req_duration-p\\(95\\)) .legend-time", { hasText: "1:00 to" })
    .waitFor();
  near(await legend.nth(0).innerText(), late.p95, "p95 of the shown run");
  near(await legend.nth(1).innerText(), figuresOf(swapped, 60, SECONDS).p95, "p95 of the other");
  const { figures } = await (await asked).json();
  const p95 = figures.find(({ table, figure }) => table === "run" && figure === "p(95)");
  near(`${p95.value} ms`, late.p95, "p95 of the shown run, compared");
  near(`${p95.other} ms`, figuresOf(swapped, 60, SECONDS).p95, "p95 of the other, compared");
  await page.close();
});

test("exports and the report are of the part", async () => {
  const { page, complaints } = await shown("&to=60s&tab=summary", { acceptDownloads: true });
  const started = page.waitForEvent("download");
  await page.getByRole("button", { name: "Download CSV" }).click();
  const download = await started;
  assert.equal(download.suggestedFilename(), "halves.1 0.00 to 1.00.csv");
  const csv = await readFile(await download.path(), "utf8");
  const [head, ...rows] = csv.split("\r\n").map((line) => line.split(","));
  const requests = rows.find(([table, name]) => table === "metrics" && name === "http_reqs");
  assert.equal(Number(requests[head.indexOf("count")]), early.count);
  const json = await page.getByRole("link", { name: "Download JSON" }).getAttribute("href");
  const document = await (await fetch(json)).json();
  assert.equal(document.metrics.http_reqs.values.count, early.count);
  assert.equal(document.window.end - document.start, 60_000);

  const address = await page.getByRole("link", { name: "Report" }).getAttribute("href");
  assert.match(address, /to=60s/);
  const report = await open(browser, url);
  await report.page.goto(address);
  const text = await report.page.locator("main").innerText();
  assert.match(text, /0:00 to 1:00 of 1:59/);
  assert.match(text, /verdict.* of the whole run/);
  near(await tileOf(report.page, "Request duration p95"), early.p95, "p95 of the report");
  assert.equal(parse(await tileOf(report.page, "Requests")), early.count);
  assert.deepEqual([...complaints, ...report.complaints], []);
  assert.deepEqual(await axe(report.page), []);
  await report.page.screenshot({ path: join(pictures, "part-report.png") });
  await report.page.close();
  await page.close();
});

const tileOf = (page, title) =>
  page.locator(".tile", { hasText: title }).first().locator(".figure").innerText();

test("a part of a live run stays, and an open one follows", async () => {
  const live = requests(40, 20);
  const start = Math.round(Date.now() / 1000) - 40;
  const post = async (from, to) => {
    const body = lines(live, 40, start).filter((line) => {
      const second = Number(line.slice(line.lastIndexOf(" ") + 1)) / 1e9 - start;
      return second >= from && second < to;
    });
    const answer = await fetch(`${url}/write?db=going`, { method: "POST", body: body.join("\n") });
    assert.equal(answer.status, 204, await answer.text());
  };
  await post(0, 24);
  const { page } = await open(browser, url);
  await page.goto(`${url}/ui/?run=going.1&from=4s&to=12s`);
  await assertTiles(page, figuresOf(live, 4, 12));
  const { page: following } = await open(browser, url);
  await following.goto(`${url}/ui/?run=going.1&from=20s`);
  await words(following).getByText("from 0:20 on").waitFor();
  // The newest window may still be open.
  const before = parse(await figure(following, "Requests")) || 0;
  await post(24, 40);
  await following.waitForFunction(
    (count) => Number(document.querySelector(".tile .figure").textContent.replaceAll(",", "")) > count,
    before,
  );
  await assertTiles(page, figuresOf(live, 4, 12));
  await fetch(`${url}/runs/going.1/finish`, { method: "POST" });
  await assertTiles(following, figuresOf(live, 20, 40));
  await words(following).getByText("0:20 to 0:39").waitFor();
  await page.close();
  await following.close();
});

for (const theme of ["light", "dark"]) {
  test(`a part looks as the rest does, ${theme}`, async () => {
    const { page, complaints } = await shown("&from=60s&to=90s", { colorScheme: theme });
    await assertTiles(page, figuresOf(list, 60, 90));
    for (const width of [390, 1280, 1920]) {
      await page.setViewportSize({ width, height: 900 });
      await page.waitForTimeout(200);
      await fits(page, `the part at ${width} px`);
      await page.screenshot({ path: join(pictures, `part-${theme}-${width}.png`) });
    }
    await range(page).getByRole("button", { name: "Change" }).click();
    await page.screenshot({ path: join(pictures, `part-fields-${theme}.png`) });
    assert.deepEqual(await axe(page), []);
    assert.deepEqual(complaints, []);
    await page.close();
  });
}
