/**
 * Walks through every page of a run: `node pages.mjs URL RUN PICTURES [live]`.
 *
 * In both themes and at several widths: nothing scrolls sideways, axe-core finds nothing, no control
 * is without a name, and the page complains of nothing. Leaves a picture of each.
 */

import assert from "node:assert/strict";
import { join } from "node:path";
import { axe, closeAfter, fits, launch, open, outline, run as runFlows, sound } from "./common.mjs";

const WIDTHS = [360, 1280, 3840];

const [url, run, pictures, live] = process.argv.slice(2);
const browser = await launch();
closeAfter(() => browser.close());
for (const theme of ["light", "dark"]) {
  const opened = await open(browser, url, { colorScheme: theme });
  const titles = await titlesOf(opened.page);
  assert.ok(titles.length >= 8, `tabs: ${titles}`);
  runFlows(
    opened,
    Object.fromEntries(
      titles.map((title) => [`${slug(title)}, ${theme}`, (page) => look(page, title, theme)]),
    ),
  );
}

/** The titles of the tabs, as soon as they are there. */
async function titlesOf(page) {
  await page.goto(`${url}/ui/?run=${encodeURIComponent(run)}`);
  const tabs = page.getByRole("navigation", { name: "Views" }).getByRole("link");
  await tabs.first().waitFor();
  if (!live) await page.getByText("ended", { exact: true }).first().waitFor();
  return tabs.allInnerTexts();
}

async function look(page, title, theme) {
  const tab = page.getByRole("navigation", { name: "Views" }).getByRole("link", { name: title, exact: true });
  // By keyboard, as by pointer.
  await tab.focus();
  await page.keyboard.press("Enter");
  await page.locator(`nav a[aria-current="page"]`, { hasText: title }).waitFor();
  await page.locator("main section, main .card, main .nothing").first().waitFor();
  await page.waitForTimeout(300);
  for (const width of WIDTHS) {
    await page.setViewportSize({ width, height: 900 });
    await page.waitForTimeout(150);
    await fits(page, `${title} at ${width} px`);
    await sound(page, `${title} at ${width} px`);
    const name = `${slug(run)}-${slug(title)}-${theme}-${width}.png`;
    await page.screenshot({
      path: join(pictures, name),
      fullPage: width < 2000,
    });
  }
  await page.setViewportSize({ width: 1280, height: 900 });
  assert.deepEqual(await axe(page), [], `${title}, ${theme}`);
  await outline(page);
  for (const chart of await page.locator(`[role="application"]`).all()) {
    const said = await chart.getAttribute("aria-label");
    // What was never in view is not read.
    assert.match(said, /^Chart: .+\. $|: .+, from .+ to /s, "least and greatest");
  }
  assert.doesNotMatch(await page.title(), /pwned/, "no name is run as code");
}

function slug(title) {
  return title.toLowerCase().replace(/[^a-z0-9]+/g, "-");
}
