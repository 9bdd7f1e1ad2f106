/** A Chromium, pages that keep a list of everything that goes wrong in them, and flows through these. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { after, test } from "node:test";
import { chromium } from "playwright-core";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** Longer than a window and the server's patience take, also on a busy machine. */
export const PATIENCE = Number(process.env.PATIENCE ?? 60_000);
export const CHROMIUM = process.env.CHROMIUM ?? "/usr/bin/chromium";

export function launch() {
  return chromium.launch({
    executablePath: CHROMIUM,
    args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
  });
}

/** A page, and what it should not have said: errors, breaches of its policy, requests elsewhere. */
export async function open(browser, url, options = {}) {
  const page = await browser.newPage({
    viewport: { width: 1280, height: 900 },
    ...options,
  });
  page.setDefaultTimeout(PATIENCE);
  const complaints = [];
  page.on("pageerror", (error) => complaints.push(`error: ${error.message}`));
  page.on("console", (message) => {
    // Violations of the Content-Security-Policy come here, too.
    if (message.type() === "error") complaints.push(`console: ${message.text()}`);
  });
  page.on("request", (request) => {
    if (!request.url().startsWith(url) && !/^(data|blob):/.test(request.url())) {
      complaints.push(`asks elsewhere: ${request.url()}`);
    }
  });
  return { page, complaints };
}

/**
 * Runs flows one after the other, each a subtest of its own by its name: one that fails does not keep the next from
 * being tried. `flows` are functions of the page; what the page complains of fails the flow that it was in.
 */
export function run({ page, complaints }, flows) {
  for (const [name, flow] of Object.entries(flows)) {
    test(name, async () => {
      try {
        await flow(page);
        assert.deepEqual(complaints, []);
      } finally {
        // What one flow is blamed for is not the next one's fault.
        complaints.length = 0;
      }
    });
  }
}

/** Closes the browser, and whatever else, after the last flow. */
export function closeAfter(...closing) {
  after(async () => {
    for (const close of closing) await close();
  });
}

/** What axe-core finds wrong in a page. */
export async function axe(page) {
  // Its own world: the page's policy allows no foreign script.
  const session = await page.context().newCDPSession(page);
  const { frameTree } = await session.send("Page.getFrameTree");
  const { executionContextId: contextId } = await session.send("Page.createIsolatedWorld", {
    frameId: frameTree.frame.id,
  });
  const evaluate = async (expression, awaitPromise = false) => {
    const { result, exceptionDetails } = await session.send("Runtime.evaluate", {
      expression,
      contextId,
      awaitPromise,
      returnByValue: true,
    });
    assert.equal(exceptionDetails, undefined, exceptionDetails?.exception?.description);
    return result.value;
  };
  await evaluate(AXE);
  const violations = await evaluate(
    `axe.run(document, { resultTypes: ["violations"] }).then(({ violations }) =>
      violations.map(({ id, help, nodes }) => ({ id, help, nodes: nodes.slice(0, 3).map((n) => n.html.slice(0, 200)) })))`,
    true,
  );
  await session.detach();
  return violations;
}

/**
 * Fails where headings do not make an outline: one of the first level, none without words, none more than a level below
 * the one before it. Gives their levels.
 */
export async function outline(page) {
  const headings = await page
    .locator("h1, h2, h3, h4, h5, h6")
    .evaluateAll((all) =>
      all.map((one) => ({ level: Number(one.tagName.slice(1)), text: one.textContent.trim() })),
    );
  assert.equal(headings.filter(({ level }) => level === 1).length, 1, JSON.stringify(headings));
  assert.equal(headings[0].level, 1, "the first heading is the page's");
  for (const [i, { level, text }] of headings.entries()) {
    assert.notEqual(text, "", `heading ${i} after ${JSON.stringify(headings[i - 1])}`);
    if (i > 0)
      assert.ok(level <= headings[i - 1].level + 1, `${text}: ${level} after ${headings[i - 1].level}`);
  }
  return headings.map(({ level }) => level);
}

/** How many canvases of a selector show anything; runs in the page, and so stands alone. */
export function paintedAt(selector) {
  return [...document.querySelectorAll(selector)].filter((canvas) => {
    if (!canvas.width || !canvas.height) return false;
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    return data.some((value) => value !== 0);
  }).length;
}

/**
 * Fails where a control is too small to hit (WCAG 2.2, 2.5.8: 24 px, links in sentences and tables apart), or where text is
 * cut without dots and the whole of it on hover.
 */
export async function sound(page, what = "the page") {
  const found = await page.evaluate(() => {
    const wrong = [];
    for (const one of document.querySelectorAll("body *")) {
      const { left, width, height } = one.getBoundingClientRect();
      // What only readers of screens are to find has a pixel, or lies beyond the edge.
      const seen = one.checkVisibility({ opacityProperty: true, visibilityProperty: true });
      if (!seen || width < 2 || height < 2 || left + width < 0) continue;
      const said = `${one.outerHTML.slice(0, 120)} in ${one.parentElement?.className}`;
      const control = one.matches(
        "button, a[href], select, summary, input:not([type=checkbox], [type=radio])",
      );
      if (control && !one.closest("p, li, td, th, dd, .caption") && Math.min(width, height) < 24)
        wrong.push(`${Math.round(width)}x${Math.round(height)} px: ${said}`);
      const style = getComputedStyle(one);
      const hasText = [...one.childNodes].some(
        (node) => node.nodeType === Node.TEXT_NODE && node.data.trim(),
      );
      const isCut = one.scrollWidth > one.clientWidth + 1 && ["hidden", "clip"].includes(style.overflowX);
      if (hasText && isCut && (style.textOverflow !== "ellipsis" || !one.closest("[title]")))
        wrong.push(`cut: ${said}`);
    }
    return wrong;
  });
  assert.deepEqual(found, [], what);
}

/** Fails where the page scrolls sideways; charts follow a change of width some frames later. */
export async function fits(page, what = "the page") {
  const until = Date.now() + 2_000;
  let beyond;
  do {
    beyond = await page.evaluate(
      () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
    );
    if (beyond <= 0) return;
    await new Promise((soon) => setTimeout(soon, 50));
  } while (Date.now() < until);
  assert.fail(`${what} scrolls sideways by ${beyond} px`);
}
