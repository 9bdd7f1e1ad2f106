/**
 * k6's own dashboard as a client of ours: `node k6-dashboard.mjs URL RUN PAGES`, where PAGES is the
 * folder of its built pages, out of k6's Go module.
 *
 * It has to draw its own panels from our stream, and to complain of nothing.
 */

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { readFile } from "node:fs/promises";
import { extname, join, normalize } from "node:path";
import { Readable } from "node:stream";
import { test } from "node:test";
import { closeAfter, launch, open, paintedAt } from "./common.mjs";

const TYPES = { ".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml" };

const [url, run, pages] = process.argv.slice(2);

/** Its pages below /ui/, and our stream where they look for k6's. */
async function answer(request, response) {
  const { pathname } = new URL(request.url, url);
  if (pathname === "/events") {
    const stream = await fetch(`${url}/events?run=${encodeURIComponent(run)}`);
    response.writeHead(stream.status, { "content-type": stream.headers.get("content-type") });
    Readable.fromWeb(stream.body).pipe(response);
    return;
  }
  const file = normalize(pathname.replace(/^\/ui\//, "/")).replace(/\/$/, "/index.html");
  const body = await readFile(join(pages, file)).catch(() => null);
  response.writeHead(body ? 200 : 404, {
    "content-type": TYPES[extname(file)] ?? "application/octet-stream",
  });
  response.end(body);
}

const server = createServer(answer);
await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
const own = `http://127.0.0.1:${server.address().port}`;
const browser = await launch();
closeAfter(
  () => browser.close(),
  () => server.close(),
  () => server.closeAllConnections(),
);
const { page, complaints } = await open(browser, own);

test("its charts are painted", async () => {
  await page.goto(`${own}/ui/?endpoint=/`);
  await page.locator("canvas").first().waitFor();
  await page.waitForTimeout(1000);
  assert.ok((await page.evaluate(paintedAt, "canvas")) >= 3);
});
test("its overview has its heading", () =>
  page.getByText("HTTP Performance overview", { exact: false }).first().waitFor());
test("it complains of nothing", () => {
  assert.deepEqual(
    complaints.filter((complaint) => !/favicon|404/.test(complaint)),
    [],
  );
});
