/**
 * What an expert would notice: `node findings.mjs URL RUN LATER CALM PICTURES`.
 *
 * RUN and LATER are runs of one test whose system is at its limit; CALM is one of which there is nothing to say.
 */

import assert from "node:assert/strict";
import { axe, closeAfter, launch, open, run as runFlows } from "./common.mjs";

const [url, run, later, calm, pictures] = process.argv.slice(2);
const STALLS = "Throughput does not follow the virtual users.";
const browser = await launch();
closeAfter(() => browser.close());

const card = (page) => page.getByRole("region", { name: "Findings" });
const show = (page, id) => page.goto(`${url}/ui/?run=${id}`);

runFlows(await open(browser, url), {
  async "findings stand above the tiles with their evidence"(page) {
    await show(page, run);
    await card(page).getByText(STALLS).waitFor();
    const texts = await card(page).locator(".finding-text").allInnerTexts();
    assert.equal(texts.length, 2, texts.join("\n"));
    assert.match(texts[0], /VUs made .*\/s, .* VUs .*\/s\./);
    assert.match(texts[1], /^Response times rise with the load, from 0:\d\d on\. The 95th percentile was /);
    const top = (await card(page).boundingBox())?.y ?? NaN;
    const tiles = (await page.locator(".tiles").first().boundingBox())?.y ?? NaN;
    assert.ok(top < tiles, `${top} before ${tiles}`);
    for (const [width, colors] of /** @type {const} */ ([
      [1280, "light"],
      [390, "dark"],
    ])) {
      await page.emulateMedia({ colorScheme: colors });
      await page.setViewportSize({ width, height: 900 });
      await page.screenshot({ path: `${pictures}/findings-${colors}-${width}.png` });
      assert.deepEqual(await axe(page), []);
    }
    await page.setViewportSize({ width: 1280, height: 900 });
  },
  async "a finding leads to its chart"(page) {
    await card(page).getByRole("link", { name: "Show the chart" }).first().click();
    const anchor = new URL(page.url()).hash.slice(1);
    const box = await page.locator(`[id="${anchor}"]`).boundingBox();
    assert.ok(box && box.y >= 0 && box.y < 900, JSON.stringify(box));
    assert.match(page.url(), new RegExp(`run=${run}`));
  },
  async "what is muted stays so in other runs of the test, and can be heard again"(page) {
    await card(page)
      .getByRole("button", { name: `Mute: ${STALLS}` })
      .click();
    await card(page).getByText(STALLS).waitFor({ state: "detached" });
    await show(page, later);
    await card(page).getByText("Response times rise").waitFor();
    assert.equal(await card(page).getByText(STALLS).count(), 0);
    await card(page).getByRole("button", { name: "1 muted finding" }).click();
    await card(page)
      .getByRole("button", { name: `Unmute: ${STALLS}` })
      .click();
    await card(page)
      .getByRole("button", { name: `Mute: ${STALLS}` })
      .waitFor();
  },
  async "where nothing was found, nothing is said"(page) {
    const asked = page.waitForResponse((response) => response.url().endsWith("/findings"));
    await show(page, calm);
    await asked;
    await page.locator(".tiles").first().waitFor();
    assert.equal(await card(page).count(), 0);
  },
});
