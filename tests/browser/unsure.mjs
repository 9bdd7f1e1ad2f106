/**
 * Nothing that limits say is green while some may be missing: `node unsure.mjs URL RUN OTHER GREEN`.
 *
 * RUN and OTHER are runs of k6's samples alone, which leave limits unknown: their single limit that holds is
 * green nowhere, neither on the pages of the run, nor among the runs, nor in a comparison. GREEN is a run of
 * which all is known, so that this can fail.
 */

import assert from "node:assert/strict";
import { launch, open } from "./common.mjs";

const [url, run, other, green] = process.argv.slice(2);
const browser = await launch();
try {
  const { page, complaints } = await open(browser, url);
  const counts = async (id) => {
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
  };
  assert.deepEqual(await counts(run), { heatmap: 0, checks: 0, chip: 0 });
  await page.getByText("thresholds: 1 of ? known").first().waitFor();
  const known = await counts(green);
  assert.ok(known.heatmap > 0 && known.checks > 0, `green where all is known: ${JSON.stringify(known)}`);

  const signs = async (id, against) => {
    await page.goto(`${url}/ui/?run=${id}&tab=compare&other=${against}`);
    const card = page.locator("section.card", { has: page.locator("#compare-thresholds") });
    await card.waitFor();
    const box = card.getByRole("checkbox");
    if ((await box.count()) > 0) await box.check();
    await card.locator("tbody tr").first().waitFor();
    return card.locator("tbody .sign-good").count();
  };
  assert.equal(await signs(run, other), 0);
  assert.ok((await signs(green, green.replace(/second$/, "first"))) > 0);
  assert.deepEqual(complaints, []);
} finally {
  await browser.close();
}
