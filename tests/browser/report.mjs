/**
 * Looks at a report where it has to live: `node report.mjs FILE PICTURES`.
 *
 * From disk and offline; without JavaScript; below Jenkins' default policy, which forbids scripts and
 * inline styles; on paper. Everything is there each time.
 */

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { readFileSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { test } from "node:test";
import { axe, closeAfter, fits, launch, outline, PATIENCE } from "./common.mjs";

const JENKINS = "sandbox; default-src 'none'; img-src 'self'; style-src 'self';";

const [file, pictures] = process.argv.slice(2);
const html = readFileSync(file);
const name = basename(file, ".html");
const browser = await launch();
const archive = createServer((_, response) => {
  response.setHeader("content-type", "text/html; charset=utf-8");
  response.setHeader("content-security-policy", JENKINS);
  response.end(html);
});
await new Promise((listening) => archive.listen(0, "127.0.0.1", listening));
closeAfter(
  () => archive.close(),
  () => browser.close(),
);
const local = pathToFileURL(resolve(file)).href;
const stored = `http://127.0.0.1:${archive.address().port}/`;
test("without JavaScript", async () => {
  const still = await facts("still", local, { javaScriptEnabled: false });
  assert.ok(still.charts > 0 && still.tables > 3, JSON.stringify(still));
});
test("below Jenkins' policy", async () => {
  assert.deepEqual(
    await facts("jenkins", stored, {}),
    await facts("still", local, { javaScriptEnabled: false }),
  );
});
for (const theme of ["light", "dark"]) test(`with JavaScript, ${theme}`, () => living(local, theme));
test("on paper", () => paper(local));

/** What a page without scripts holds; scripts cannot be asked, so locators are. */
async function facts(kind, address, options) {
  const context = await browser.newContext({
    viewport: { width: 1280, height: 900 },
    ...options,
  });
  const page = await context.newPage();
  page.setDefaultTimeout(PATIENCE);
  const asked = [];
  page.on("request", (request) => asked.push(request.url()));
  await page.goto(address);
  // Without styles a long name makes the page as wide as itself: a picture of all of it takes a minute.
  const { height } = await page.locator("html").boundingBox();
  await page.screenshot({
    path: join(pictures, `${name}-${kind}.png`),
    clip: { x: 0, y: 0, width: 1280, height: Math.min(10_000, height) },
    fullPage: true,
  });
  const found = {
    charts: await page.locator("svg[role=img], svg.still-chart").count(),
    tables: await page.locator("table").count(),
    rows: await page.locator("tbody tr").count(),
  };
  // A drawing without size shows nothing.
  const box = await page.locator("svg.still-chart").first().boundingBox();
  assert.ok(box.width > 200 && box.height > 80, JSON.stringify(box));
  assert.deepEqual(
    asked.filter((one) => one !== address && !one.startsWith("data:") && !one.endsWith("/favicon.ico")),
    [],
  );
  await context.close();
  return found;
}

/** With JavaScript: charts that zoom, no complaint, nothing for axe. */
async function living(address, colorScheme) {
  const context = await browser.newContext({
    viewport: { width: 390, height: 900 },
    colorScheme,
    offline: true,
  });
  const page = await context.newPage();
  const complaints = [];
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("console", (message) => message.type() === "error" && complaints.push(message.text()));
  await page.goto(address);
  // A living chart takes a still one's place when that comes into view, or was in view from the start.
  await page.locator("[data-panel]").first().scrollIntoViewIfNeeded();
  await page.locator(".u-over").first().waitFor();
  await fits(page);
  assert.deepEqual(await axe(page), [], colorScheme);
  await outline(page);
  assert.deepEqual(complaints, []);
  await page.screenshot({
    path: join(pictures, `${name}-${colorScheme}-390.png`),
  });
  await context.close();
}

async function paper(address) {
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(address);
  const pdf = await page.pdf({
    format: "A4",
    path: join(pictures, `${name}.pdf`),
  });
  assert.ok(pdf.length > 10_000);
  const pages = pdf.toString("latin1").match(/\/Type \/Page\b/g)?.length ?? 0;
  // The recorded run of the shop: 18 charts, 11 requests, 5 groups. The wide one has more requests than rows.
  if (/^report-(shop|wide)/.test(name)) assert.ok(pages <= 4, `${pages} pages`);
  await context.close();
}
