/**
 * Looks at a live run while its server goes away and comes back: `node lost.mjs URL RUN`.
 *
 * Says `shown` when the page shows the run, `lost` when it says that the connection is, and ends when
 * the run does: with every point of the stream once, in order; it says how many.
 */

import assert from "node:assert/strict";
import { launch, open } from "./common.mjs";

const [url, run] = process.argv.slice(2);
const browser = await launch();
try {
  const { page } = await open(browser, url);
  await page.goto(`${url}/ui/?run=${encodeURIComponent(run)}`);
  await page.locator(".chip.live").waitFor();
  await page.getByRole("button", { name: "HTTP requests as a table" }).click();
  const points = page.locator(".chart-table tbody th");
  await points.first().waitFor();
  console.log("shown");
  await page.getByText(/Connection lost/).waitFor();
  console.log("lost");
  await page.getByText("ended", { exact: true }).first().waitFor();
  await page.getByText(/Connection lost/).waitFor({ state: "detached" });
  const shown = await points.allInnerTexts();
  assert.deepEqual(shown, [...new Set(shown)], "no point stands twice");

  const events = await (await fetch(`${url}/runs/${encodeURIComponent(run)}/events`)).text();
  const snapshots = events.split("\n").filter((line) => line === "event: snapshot").length;
  assert.equal(shown.length, snapshots, "no point is missing");
  console.log(`${shown.length} points`);
} finally {
  await browser.close();
}
