/**
 * Walks through every page of a run: `node pages.mjs URL RUN PICTURES [live]`.
 *
 * In both themes and at several widths: nothing scrolls sideways, axe-core finds nothing, no control
 * is without a name, and the page complains of nothing. Leaves a picture of each.
 */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { launch, open } from "./common.mjs";

const AXE = readFileSync(
  createRequire(import.meta.url).resolve("axe-core/axe.min.js"),
  "utf8",
);
const WIDTHS = [360, 1280, 3840];

const [url, run, pictures, live] = process.argv.slice(2);
const browser = await launch();
try {
  for (const colorScheme of ["light", "dark"]) {
    const { page, complaints } = await open(browser, url, { colorScheme });
    await walk(page, colorScheme);
    assert.deepEqual(complaints, []);
    await page.close();
  }
} finally {
  await browser.close();
}

async function walk(page, theme) {
  await page.goto(`${url}/ui/?run=${encodeURIComponent(run)}`);
  const tabs = page
    .getByRole("navigation", { name: "Views" })
    .getByRole("link");
  await tabs.first().waitFor();
  if (!live) await page.getByText("ended", { exact: true }).first().waitFor();
  const titles = await tabs.allInnerTexts();
  assert.ok(titles.length >= 8, `tabs: ${titles}`);
  for (const title of titles) {
    const tab = page
      .getByRole("navigation", { name: "Views" })
      .getByRole("link", { name: title, exact: true });
    // By keyboard, as by pointer.
    await tab.focus();
    await page.keyboard.press("Enter");
    await page
      .locator(`nav a[aria-current="page"]`, { hasText: title })
      .waitFor();
    await page.locator("main section, main .card, main .nothing").first().waitFor();
    await page.waitForTimeout(300);
    for (const width of WIDTHS) {
      await page.setViewportSize({ width, height: 900 });
      await page.waitForTimeout(150);
      const beyond = await page.evaluate(
        () =>
          document.documentElement.scrollWidth -
          document.documentElement.clientWidth,
      );
      assert.ok(
        beyond <= 0,
        `${title} at ${width} px scrolls sideways by ${beyond} px`,
      );
      const name = `${live ? "live" : "ended"}-${slug(title)}-${theme}-${width}.png`;
      await page.screenshot({
        path: join(pictures, name),
        fullPage: width < 2000,
      });
    }
    await page.setViewportSize({ width: 1280, height: 900 });
    await accessible(page, `${title}, ${theme}`);
    assert.doesNotMatch(await page.title(), /pwned/, "no name is run as code");
  }
}

async function accessible(page, where) {
  // Its own world: the page's policy allows no foreign script.
  const session = await page.context().newCDPSession(page);
  const { frameTree } = await session.send("Page.getFrameTree");
  const { executionContextId: contextId } = await session.send(
    "Page.createIsolatedWorld",
    {
      frameId: frameTree.frame.id,
    },
  );
  const evaluate = async (expression, awaitPromise = false) => {
    const { result, exceptionDetails } = await session.send(
      "Runtime.evaluate",
      {
        expression,
        contextId,
        awaitPromise,
        returnByValue: true,
      },
    );
    assert.equal(
      exceptionDetails,
      undefined,
      exceptionDetails?.exception?.description,
    );
    return result.value;
  };
  await evaluate(AXE);
  const violations = await evaluate(
    `axe.run(document, { resultTypes: ["violations"] }).then(({ violations }) =>
      violations.map(({ id, help, nodes }) => ({ id, help, nodes: nodes.slice(0, 3).map((n) => n.html.slice(0, 200)) })))`,
    true,
  );
  assert.deepEqual(violations, [], where);
  await session.detach();
}

function slug(title) {
  return title.toLowerCase().replace(/[^a-z]+/g, "-");
}
