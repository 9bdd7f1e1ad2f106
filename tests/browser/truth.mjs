/**
 * What is shown is true at a glance: `node truth.mjs URL PICTURES`.
 *
 * The end of a run is no cliff; nothing is zero, not a gap; a long run has windows of one length; what is still being told
 * says so; a connection that died is opened again, and is no silence of the test; seven tabs share one, and eight of other runs leave room.
 */

import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { closeAfter, launch, open, PATIENCE } from "./common.mjs";
import { proxy } from "./proxy.mjs";

const [url, pictures] = process.argv.slice(2);
const browser = await launch();
closeAfter(() => browser.close());

const START = 1_795_000_000;
const NUMBER = /[\d,.]+/;

/** InfluxDB's lines, at seconds of the run. */
const at = (seconds, start = START) => `${Math.round((start + seconds) * 1000)}000000`;
const request = (seconds, { failed = 0, ms = 50, start } = {}) =>
  [
    `http_reqs,name=home,method=GET,status=${failed ? 500 : 200} value=1 ${at(seconds, start)}`,
    `http_req_duration,name=home,method=GET,status=200 value=${ms} ${at(seconds, start)}`,
    `http_req_failed,name=home,method=GET,status=200 value=${failed} ${at(seconds, start)}`,
  ].join("\n");
const vus = (seconds, count, start) => `vus value=${count} ${at(seconds, start)}`;

async function send(name, lines) {
  const answer = await fetch(`${url}/write?db=${name}`, { method: "POST", body: lines.join("\n") });
  assert.equal(answer.status, 204, await answer.text());
}

async function ended(name, lines) {
  await send(name, lines);
  await fetch(`${url}/runs/${name}.1/finish`, { method: "POST" });
}

async function shown(run, more = "", at = url) {
  const { page, complaints } = await open(browser, at);
  await page.goto(`${at}/ui/?run=${run}${more}`);
  return { page, complaints };
}

const legend = (page, chart, label) =>
  page
    .locator(`section:has(#chart-${chart}) .legend-item`, { hasText: label })
    .locator("b")
    .first()
    .innerText();
const figure = (page, title) =>
  page
    .locator(".tile", { has: page.getByRole("heading", { name: title, exact: true }) })
    .locator(".figure")
    .innerText();

/** The rows of a chart's table, each a list of texts. */
async function rowsOf(page, chart, title) {
  await page
    .getByRole("button", { name: `${title} as a table` })
    .first()
    .click();
  const rows = page.locator(`section:has(#chart-${chart}) tbody tr`);
  await rows.first().waitFor();
  return rows.evaluateAll((all) => all.map((row) => [...row.children].map((cell) => cell.textContent)));
}

const parse = (text) => Number(NUMBER.exec(text.replaceAll(",", ""))?.[0]);

test("the end of a run is no cliff, and figures at rest are those of the whole run", async () => {
  const lines = [];
  for (let n = 0; n < 80; n += 1) lines.push(request(n / 10), ...(n % 10 === 0 ? [vus(n / 10, 50)] : []));
  // The last third of a second: few requests, one of them failed, and the users go.
  lines.push(request(8.1), request(8.2, { failed: 1 }), vus(8.3, 3));
  await ended("cliff", lines);
  const { page, complaints } = await shown("cliff.1");
  await page.getByText("ended", { exact: true }).first().waitFor();
  // What is at rest says so, and what of.
  await page.locator("section:has(#chart-request-rate) .legend", { hasText: "whole run" }).waitFor();
  const tile = page.locator(".tile", { has: page.getByRole("heading", { name: "Requests", exact: true }) });
  assert.equal(
    await legend(page, "request-rate", "request rate"),
    await tile.locator(".caption").innerText(),
  );
  assert.equal(await legend(page, "virtual-users", "active VUs"), "50");
  assert.equal(await figure(page, "Active VUs"), "50");
  const rows = await rowsOf(page, "virtual-users", "Virtual users");
  assert.equal(rows.length, 4, "the sliver is part of the window before it");
  assert.equal(rows.at(-1)[1], "50");
  await page.screenshot({ path: join(pictures, "truth-cliff.png"), fullPage: true });
  assert.deepEqual(complaints, []);

  // The report says the same before and after its script has drawn it again.
  const still = await browser.newPage({ javaScriptEnabled: false });
  await still.goto(`${url}/report?run=cliff.1`);
  const keys = await still.locator(".key-item b").allInnerTexts();
  await page.goto(`${url}/report?run=cliff.1`);
  for (const chart of await page.locator(".panel").all()) {
    await chart.scrollIntoViewIfNeeded();
    await chart.locator(".legend-item").first().waitFor();
  }
  assert.deepEqual(await page.locator(".legend-item b").allInnerTexts(), keys);
});

test("a window without requests is one of none a second", async () => {
  const lines = [];
  for (let second = 0; second <= 60; second += 1) lines.push(vus(second, 1));
  for (let second = 1; second <= 60; second += 10) lines.push(request(second));
  await ended("sparse", lines);
  const { page } = await shown("sparse.1");
  await page.getByText("ended", { exact: true }).first().waitFor();
  const rates = (await rowsOf(page, "request-rate", "HTTP requests")).map((row) => row[1]);
  assert.ok(!rates.includes("–"), `${rates}`);
  assert.ok(rates.filter((rate) => rate === "0/s").length > 20, `${rates}`);
  assert.ok(rates.includes("0.500/s"));
  const durations = (await rowsOf(page, "request-duration", "Request duration")).map((row) => row[1]);
  assert.ok(durations.includes("–"), "a duration of nothing is a gap");
});

/** 35 minutes: windows of 2 s, then of 10 s. */
async function long() {
  const lines = [];
  for (let second = 0; second < 2100; second += 1) {
    lines.push(
      vus(second, 10),
      request(second, { ms: 40 + (second % 20) }),
      request(second + 0.5, { ms: 90 }),
    );
  }
  for (let from = 0; from < lines.length; from += 3000) await send("long", lines.slice(from, from + 3000));
  await fetch(`${url}/runs/long.1/finish`, { method: "POST" });
}

test("a long run has windows of one length, with percentiles that were merged and not guessed", async () => {
  await long();
  const { page, complaints } = await shown("long.1");
  await page.getByText("ended", { exact: true }).first().waitFor();
  const seconds = (clock) => clock.split(":").reduce((sum, part) => sum * 60 + Number(part), 0);
  const rows = await rowsOf(page, "request-duration", "Request duration");
  await page.waitForFunction(
    () =>
      ![...document.querySelectorAll("section:has(#chart-request-duration) tbody td")].some(
        (cell) => cell.textContent === "–",
      ),
  );
  const times = rows.map(([time]) => seconds(time));
  const lengths = new Set(times.slice(1, -1).map((time, i) => time - times[i]));
  assert.deepEqual([...lengths], [10], `${[...lengths]}`);
  const merged = await (
    await fetch(`${url}/runs/long.1/series?step=10s&metrics=["http_req_duration"]`)
  ).json();
  assert.equal(merged.series[0].values.length, rows.length);
  assert.deepEqual(complaints, []);
  await page.screenshot({ path: join(pictures, "truth-long.png"), fullPage: true });

  // Where its windows are short, and nothing else is in view, they are drawn.
  await page.goto(`${url}/ui/?run=long.1&from=0&to=600`);
  await page.getByText("ended", { exact: true }).first().waitFor();
  const early = (await rowsOf(page, "request-duration", "Request duration")).map(([time]) => seconds(time));
  assert.equal(early[1] - early[0], 2);

  await page.goto(`${url}/report?run=long.1`);
  const points = await page.locator(".still-chart path[fill=none]").first().getAttribute("d");
  assert.ok(points.split(" ").length < 450, "the report, too");
});

test("what is still being told says loading, with how far it is", async () => {
  const between = await proxy(url);
  try {
    // Some of the stream comes, and then no more for a while.
    between.holdBehind(3_000);
    const { page } = await shown("long.1", "", between.url);
    await page
      .getByText(/^loading [1-9]\d*\s%$/)
      .first()
      .waitFor();
    await page.getByRole("progressbar", { name: "Loading" }).waitFor();
    assert.equal(await page.getByText("ended", { exact: true }).count(), 0);
    assert.equal(
      await page.locator(".tile .caption", { hasText: "loading" }).count(),
      await page.locator(".tile").count(),
    );
    await page.screenshot({ path: join(pictures, "truth-loading.png") });
    between.release();
    await page.getByText("ended", { exact: true }).first().waitFor();
    assert.equal(await page.getByText(/^loading/).count(), 0);
  } finally {
    between.close();
  }
});

/** A live run that goes on for as long as `stop` is not called. */
function live(name) {
  let requests = 0;
  const beat = () => {
    requests += 1;
    return send(name, [request(Date.now() / 1000, { start: 0 }), vus(Date.now() / 1000, 5, 0)]);
  };
  const timer = setInterval(() => beat().catch(() => {}), 500);
  return { ready: beat(), stop: () => clearInterval(timer), requests: () => requests };
}

test("a connection that died without a word is opened again, and is no silence of the test", async () => {
  const between = await proxy(url);
  const test = live("dead");
  try {
    await test.ready;
    const { page } = await shown("dead.1", "", between.url);
    await page.locator(".chip.live").waitFor();
    await page.locator(".legend-item b").first().waitFor();
    between.freeze();
    const before = parse(await figure(page, "Requests"));
    let offered = false;
    const looking = setInterval(async () => {
      offered ||=
        (await page
          .getByRole("button", { name: "Finish" })
          .count()
          .catch(() => 0)) > 0;
    }, 500);
    await page.waitForFunction(
      (before) =>
        Number(document.querySelector(".tile .figure").textContent.replace(/[^\d.]/g, "")) > before + 40,
      before,
    );
    clearInterval(looking);
    assert.ok(!offered, "data came all the time: there was nothing to finish");
    assert.equal(between.open(), 1);
  } finally {
    test.stop();
    between.close();
  }
});

test("seven tabs share one stream, and each shows the run", async () => {
  const between = await proxy(url);
  const running = live("tabs");
  const context = await browser.newContext();
  try {
    await running.ready;
    const pages = [];
    for (let n = 0; n < 7; n += 1) {
      const page = await context.newPage();
      page.setDefaultTimeout(PATIENCE / 2);
      await page.goto(`${between.url}/ui/?run=tabs.1`);
      await page.locator(".chip.live").waitFor();
      pages.push(page);
    }
    assert.equal(between.open(), 1);
    // Until its first window a run has no figures.
    for (const page of pages) await page.locator(".tile .figure", { hasText: /\d/ }).first().waitFor();
    const counts = () => Promise.all(pages.map((page) => figure(page, "Requests").then(parse)));
    const before = await counts();
    for (const [n, page] of pages.entries()) {
      await page.waitForFunction(
        (before) =>
          Number(document.querySelector(".tile .figure").textContent.replace(/[^\d.]/g, "")) > before,
        before[n],
      );
    }
    // Something else is answered, too.
    await pages[6].getByRole("link", { name: "Verdict" }).first().click();
    assert.equal((await pages[6].request.get(`${between.url}/runs`)).status(), 200);
    assert.equal(await pages[6].evaluate(async () => (await fetch("../runs")).status), 200);
    // Who opened it goes; the others go on.
    await pages[0].close();
    const after = await figure(pages[3], "Requests").then(parse);
    await pages[3].waitForFunction(
      (after) => Number(document.querySelector(".tile .figure").textContent.replace(/[^\d.]/g, "")) > after,
      after,
    );
    for (const page of pages.slice(1)) await page.close();
  } finally {
    running.stop();
    await context.close();
    between.close();
  }
});

test("as many tabs as one likes show runs of their own, and the server is there for more", async () => {
  const between = await proxy(url);
  const names = [1, 2, 3, 4, 5, 6, 7, 8].map((n) => `own-${n}`);
  const running = names.map((name) => live(name));
  const context = await browser.newContext();
  try {
    await Promise.all(running.map(({ ready }) => ready));
    for (const name of names) {
      const page = await context.newPage();
      page.setDefaultTimeout(PATIENCE / 2);
      await page.goto(`${between.url}/ui/?run=${name}.1`);
      await page.locator(".chip.live").waitFor();
      await page.locator("main canvas").first().waitFor();
      assert.equal(await page.evaluate(async () => (await fetch("../runs")).status), 200);
    }
    // Browsers have six connections.
    assert.ok(between.open() < 6, `${between.open()} streams`);
  } finally {
    running.forEach((one) => one.stop());
    await context.close();
    between.close();
  }
});
