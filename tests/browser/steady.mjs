/**
 * Watches a live upload that never pauses, as k6's JSON output writes: `node steady.mjs URL SECONDS`. By hand,
 * for it takes minutes.
 *
 * A line of each kind goes out every 0.2 s within one request. The page must move with every window, of
 * two seconds; in the end there is one run with every sample. Prints what it saw.
 */

import assert from "node:assert/strict";
import { request } from "node:http";
import { launch, open } from "./common.mjs";

const [url, seconds = "120"] = process.argv.slice(2);
const EVERY_MS = 200;
const PER_WRITE = 20;
const METRICS = {
  http_reqs: "counter",
  http_req_duration: "trend",
  http_req_failed: "rate",
  iterations: "counter",
  vus: "gauge",
};
/** Windows are two seconds long, and each may come up to 1.05 s after its last sample: an upload is stored every
 * 0.5 s, news are folded within 0.3 s, and streams look every 0.25 s. */
const WINDOW_MS = 2000;
const LONGEST_MS = WINDOW_MS + 1050 + 200;

const browser = await launch();
try {
  const { page, complaints } = await open(browser, url);
  const upload = request(`${url}/ingest?test=steady`, { method: "POST" });
  const answer = new Promise((resolve, reject) => upload.on("response", resolve).on("error", reject));
  for (const [name, type] of Object.entries(METRICS)) {
    const data = { name, type, contains: type === "trend" ? "time" : "default", thresholds: [] };
    write({ metric: name, type: "Metric", data: { ...data, submetrics: null } });
  }
  await page.goto(`${url}/ui/?test=steady`);
  const end = Date.now() + Number(seconds) * 1000;
  let sent = 0;
  const moved = [];
  let shown = null;
  const watch = setInterval(async () => {
    const now = await page.evaluate(() =>
      [...document.querySelectorAll(".figure")].map((figure) => figure.textContent).join("|"),
    );
    if (now && now !== shown) moved.push(Date.now());
    shown = now || shown;
  }, 100);
  while (Date.now() < end) {
    const next = Date.now() + EVERY_MS;
    for (let i = 0; i < PER_WRITE; i += 1) {
      point("http_reqs", 1);
      point("http_req_duration", 20 + (sent % 50));
      point("http_req_failed", 0);
      point("iterations", 1);
      sent += 1;
    }
    if (sent % (PER_WRITE * 5) === 0) point("vus", 10);
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, next - Date.now())));
  }
  clearInterval(watch);
  upload.end();
  const { statusCode } = await answer;
  const runs = await (await fetch(`${url}/runs?test=steady`)).json();
  const gaps = moved.slice(1).map((at, i) => at - moved[i]);
  console.log(
    JSON.stringify({
      seconds: Number(seconds),
      status: statusCode,
      moves: moved.length,
      gapsOver2500Ms: gaps.filter((gap) => gap > 2500).length,
      longestGapMs: Math.max(...gaps),
      meanGapMs: Math.round(gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length),
      runs: runs.map(({ id, state }) => `${id} ${state}`),
    }),
  );
  assert.equal(runs.length, 1);
  await fetch(`${url}/runs/${runs[0].id}/finish?settled=true`, { method: "POST" });
  await page.getByText("ended", { exact: true }).first().waitFor();
  const summary = await (await fetch(`${url}/runs/${runs[0].id}/summary`)).json();
  console.log(`sent ${sent} requests, in the summary ${summary.metrics.http_reqs.values.count}`);
  assert.equal(summary.metrics.http_reqs.values.count, sent);
  assert.equal(summary.metrics.http_req_duration.values.count, sent);
  assert.ok(Math.max(...gaps) <= LONGEST_MS, `the page stood still for ${Math.max(...gaps)} ms`);
  assert.deepEqual(complaints, []);

  function write(line) {
    upload.write(JSON.stringify(line) + "\n");
  }

  function point(metric, value) {
    const tags = metric === "vus" ? {} : { method: "GET", name: "home", status: "200", scenario: "default" };
    write({ metric, type: "Point", data: { time: new Date().toISOString(), value, tags } });
  }
} finally {
  await browser.close();
}
