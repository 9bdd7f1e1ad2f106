/**
 * Nothing that limits say is green while some may be missing: `node unsure.mjs URL RUN OTHER GREEN`.
 *
 * RUN and OTHER are runs of k6's samples alone, which leave limits unknown: their single limit that holds is
 * green nowhere, neither on the pages of the run, nor among the runs, nor in a comparison. GREEN is a run of
 * which all is known, so that this can fail.
 */

import assert from "node:assert/strict";
import { closeAfter, launch, open, run as runFlows } from "./common.mjs";

const [url, run, other, green] = process.argv.slice(2);
const browser = await launch();
closeAfter(() => browser.close());
runFlows(await open(browser, url), {
  async "what holds is green nowhere on the pages of the run"(page) {
    assert.deepEqual(await counts(page, run), { heatmap: 0, checks: 0, chip: 0 });
    await page.getByText("thresholds: 1 of ? known").first().waitFor();
  },
  async "where all is known, it is"(page) {
    const known = await counts(page, green);
    assert.ok(known.heatmap > 0 && known.checks > 0, JSON.stringify(known));
  },
  async "nor is it green in a comparison"(page) {
    assert.equal(await signs(page, run, other), 0);
    assert.ok((await signs(page, green, green.replace(/second$/, "first"))) > 0);
  },
});

/** What is green on the pages of a run. */
async function counts(page, id) {
  const found = {};
  await page.goto(`${url}/ui/?run=${id}&tab=runs`);
  await page.locator(".heatmap td.heat").first().waitFor();
  found.heatmap = await page.locator(".heatmap .heat-good").count();
  await page.goto(`${url}/ui/?run=${id}&tab=checks`);
  const card = page.locator("section.card", { has: page.locator("#thresholds") });
  await card.locator("tbody .chip", { hasText: "pass" }).first().waitFor();
  found.checks = await card.locator(".chip-good").count();
  found.chip = await page.locator("header .chip-link .chip-good").count();
  return found;
}

/** How many thresholds are green where a run is compared with another. */
async function signs(page, id, against) {
  await page.goto(`${url}/ui/?run=${id}&tab=compare&other=${against}`);
  const card = page.locator("section.card", { has: page.locator("#compare-thresholds") });
  await card.waitFor();
  const box = card.getByRole("checkbox");
  if ((await box.count()) > 0) await box.check();
  await card.locator("tbody tr").first().waitFor();
  return card.locator("tbody .sign-good").count();
}
