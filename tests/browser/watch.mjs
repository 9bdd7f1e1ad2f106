/**
 * Watches a load test as a person does: `node watch.mjs URL PICTURES`.
 *
 * Opens the empty page, prints `ready`, and then expects a run to appear by itself, its points to
 * arrive while it is live, and its end; it says how many points the chart then has. Leaves pictures, light and
 * dark. Anything else fails.
 */

import assert from "node:assert/strict";
import { join } from "node:path";
import { launch, open, paintedAt } from "./common.mjs";

const [url, pictures] = process.argv.slice(2);
const browser = await launch();
try {
  await watch(await open(browser, url, { colorScheme: "light" }));
} finally {
  await browser.close();
}

async function watch({ page, complaints }) {
  const picture = (name, options = {}) => page.screenshot({ path: join(pictures, name), ...options });

  await page.goto(`${url}/ui/`);
  await page.getByRole("heading", { name: "No runs yet" }).waitFor();
  console.log("ready");

  // The page follows by itself.
  await page.locator(".chip.live").waitFor();
  const table = page.getByRole("button", { name: "HTTP requests as a table" });
  const points = page.locator("section:has(#chart-request-rate) tbody tr");
  await table.click();
  const counts = new Set();
  while (counts.size < 3) {
    assert.ok(await page.locator(".chip.live").isVisible(), `live with more than ${[...counts]} points`);
    counts.add(await points.count());
    await page.waitForTimeout(100);
  }
  const growing = [...counts];
  assert.deepEqual(
    growing,
    growing.toSorted((a, b) => a - b),
  );
  await table.click();

  // Charts are drawn, not only there.
  const drawn = await page.evaluate(paintedAt, "section:has(#chart-request-rate) canvas");
  assert.ok(drawn > 0, "the chart is painted");
  await picture("live-light.png");
  await page.emulateMedia({ colorScheme: "dark" });
  await picture("live-dark.png");
  await page.emulateMedia({ colorScheme: "light" });

  await page.getByText("ended", { exact: true }).waitFor();
  await table.click();
  console.log(`${await points.count()} points`);
  await table.click();
  await picture("overview-light.png", { fullPage: true });
  await page.emulateMedia({ colorScheme: "dark" });
  await picture("overview-dark.png", { fullPage: true });
  await page.emulateMedia({ colorScheme: "light" });
  await page
    .getByRole("link", { name: "Summary" })
    .or(page.getByRole("tab", { name: "Summary" }))
    .click();
  await page.getByText("http_req_duration", { exact: true }).first().waitFor();
  await picture("summary-light.png", { fullPage: true });

  await page.getByRole("link", { name: "Report" }).click();
  await page.getByText("http_req_duration").first().waitFor();
  await picture("report.png", { fullPage: true });
  assert.deepEqual(complaints, []);
}
