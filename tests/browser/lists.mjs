/**
 * Tests and runs are found among many: `node lists.mjs URL PICTURES`.
 *
 * There are the tests `t01` to `t60` with a run each, and `shop`, which ran before them, with three, of which `shop.2`
 * is labelled "Release 4.2" and `shop.1` is the baseline.
 */

import assert from "node:assert/strict";
import { join } from "node:path";
import { axe, closeAfter, fits, launch, open, run } from "./common.mjs";

const [url, pictures] = process.argv.slice(2);
const browser = await launch();
closeAfter(() => browser.close());

for (const theme of ["light", "dark"]) {
  run(await open(browser, url, { colorScheme: theme }), {
    async [`the tests fit, ${theme}`](page) {
      await page.goto(`${url}/ui/?page=tests`);
      await page.getByRole("row").nth(50).waitFor();
      for (const width of [390, 1280, 1920]) {
        await page.setViewportSize({ width, height: 900 });
        await fits(page, `the list at ${width} px`);
        await page.screenshot({
          path: join(pictures, `tests-${theme}-${width}.png`),
        });
      }
      await page.setViewportSize({ width: 1280, height: 900 });
      assert.deepEqual(await axe(page), []);
    },
    async [`the choice of runs fits, ${theme}`](page) {
      await page.goto(`${url}/ui/?run=shop.3`);
      for (const width of [390, 1280, 1920]) {
        await page.setViewportSize({ width, height: 900 });
        await openSelector(page);
        const box = await page.locator(".selector .menu").boundingBox();
        assert.ok(box && box.x >= 0 && box.x + box.width <= width, `at ${width} px: ${JSON.stringify(box)}`);
        await page.screenshot({
          path: join(pictures, `selector-${theme}-${width}.png`),
        });
        if (width === 1280) assert.deepEqual(await axe(page), []);
        await page.keyboard.press("Escape");
      }
    },
  });
}

run(await open(browser, url), {
  async "a test that ran long ago is reached by more, and by its name"(page) {
    await page.goto(`${url}/ui/?run=t01.1`);
    await page.getByRole("link", { name: "Tests", exact: true }).click();
    const rows = page.getByRole("rowheader");
    await rows.nth(49).waitFor();
    assert.equal(await page.title(), "Tests · Loadgate");
    assert.deepEqual((await rows.allInnerTexts()).slice(0, 2), ["t60", "t59"], "who ran last is first");
    assert.equal(await rows.count(), 50);
    await page.getByRole("button", { name: "More tests" }).click();
    await page.getByRole("rowheader", { name: "shop" }).waitFor();
    assert.equal(await rows.count(), 61);
    await page.getByRole("searchbox", { name: "Search tests" }).fill("SHO");
    await page.getByRole("rowheader", { name: "t60" }).waitFor({ state: "detached" });
    assert.deepEqual(await rows.allInnerTexts(), ["shop"]);
    assert.equal(new URL(page.url()).search, "?page=tests&filter=SHO", "a link shows the same");
    const cells = await page.getByRole("row").nth(1).getByRole("cell").allInnerTexts();
    assert.equal(cells.at(-1), "3", "its runs");
    assert.match(cells[0], /Go|No-go|Warning|Not known|No objectives/, "the verdict of the newest");
    assert.match(cells[1], /ms|s$/, "the newest p95");
    assert.equal(await page.locator("tbody .sparkline polyline").count(), 2, "and the course to it");
  },
  async "a test leads to its runs, and back leads to the search"(page) {
    await page.getByRole("rowheader", { name: "shop" }).getByRole("link").click();
    await page.locator('nav a[aria-current="page"]', { hasText: "Runs" }).waitFor();
    await page.getByRole("table").first().getByText("★ baseline").waitFor();
    await page.goBack();
    assert.equal(await page.getByRole("searchbox", { name: "Search tests" }).inputValue(), "SHO");
    await page.getByRole("rowheader", { name: "shop" }).waitFor();
  },
  async "what no test is called is said, and a list comes back when nothing is looked for"(page) {
    const search = page.getByRole("searchbox", { name: "Search tests" });
    await search.fill("nobody");
    await page.getByText("No test has “nobody” in its name.").waitFor();
    await search.fill("");
    await page.getByRole("rowheader", { name: "t60" }).waitFor();
  },
  async "a run nobody gave objectives says so, and is no failure"(page) {
    const row = page.getByRole("row", { name: /^t60/ });
    await row.getByText("No objectives").waitFor();
    assert.equal(await row.locator(".chip-bad, .chip-unknown").count(), 0);
  },
  async "a run is found by its label, by keyboard alone"(page) {
    await page.goto(`${url}/ui/?run=t01.1`);
    await openSelector(page);
    const field = page.getByRole("combobox", { name: "Search runs" });
    assert.ok(await field.evaluate((element) => element === document.activeElement), "it has the focus");
    await page.keyboard.type("release 4");
    const found = page.getByRole("listbox", { name: "Runs" }).getByRole("option");
    await page.getByRole("option", { name: /Release 4.2/ }).waitFor();
    await page.getByRole("option", { name: /run 1/ }).waitFor({ state: "detached" });
    assert.equal(await found.count(), 1);
    await page.keyboard.press("ArrowDown");
    const active = await field.getAttribute("aria-activedescendant");
    assert.equal(active, await found.first().getAttribute("id"), "the field says which is meant");
    await page.keyboard.press("Enter");
    await page.waitForURL(/run=shop\.2/);
    assert.ok(!(await field.isVisible()), "it has closed");
  },
  async "a run is found by test, number and day"(page) {
    await openSelector(page);
    const field = page.getByRole("combobox", { name: "Search runs" });
    const found = page.getByRole("listbox", { name: "Runs" }).getByRole("option");
    const day = new Date().toISOString().slice(0, 10);
    for (const [text, wanted] of [
      ["shop", 3],
      ["shop 3", 1],
      [`shop ${day}`, 3],
      ["shop 1999-01-01", 0],
    ]) {
      await field.fill(text);
      await until(`${wanted} for ${text}`, async () => (await found.count()) === wanted);
    }
    await page.getByText("No run for “shop 1999-01-01”").waitFor();
    // Escape takes the text away first, then the list.
    await page.keyboard.press("Escape");
    assert.equal(await field.inputValue(), "");
    await page.keyboard.press("Escape");
    await field.waitFor({ state: "detached" });
  },
  async "the runs of a test are filtered by their labels, and a link shows the same"(page) {
    await page.goto(`${url}/ui/?run=shop.3&tab=runs`);
    const runs = page.getByRole("table").first().getByRole("rowheader");
    await until("all runs", async () => (await runs.count()) === 3);
    const field = page.getByRole("searchbox", { name: /^Search runs/ });
    await field.fill("release 4");
    await until("one run", async () => (await runs.count()) === 1);
    assert.match(await runs.first().innerText(), /Release 4\.2/);
    await page.goto(page.url());
    await until("one run again", async () => (await runs.count()) === 1);
    await field.fill("nothing of the kind");
    await page.getByText("No run of this test for “nothing of the kind”").waitFor();
    await field.fill("");
    await until("all runs again", async () => (await runs.count()) === 3);
  },
  async "the runs of a test are filtered by a tag, typed or clicked on, and a link shows the same"(page) {
    await page.goto(`${url}/ui/?run=shop.3&tab=runs`);
    const runs = page.getByRole("table").first().getByRole("rowheader");
    await until("all runs", async () => (await runs.count()) === 3);
    assert.equal(await page.getByRole("link", { name: "env staging" }).count(), 2, "two of them have it");
    await runs.first().getByRole("link", { name: "env staging" }).click();
    await until("two runs", async () => (await runs.count()) === 2);
    assert.equal(new URL(page.url()).searchParams.get("filter"), "env:staging");
    await page.getByRole("searchbox", { name: /^Search runs/ }).fill("zone:b");
    await until("one run", async () => (await runs.count()) === 1);
    await runs
      .first()
      .getByRole("link", { name: "run 2" })
      .or(page.getByRole("link", { name: /Release/ }))
      .first()
      .waitFor();
    await page.goto(page.url());
    await until("one run again", async () => (await runs.count()) === 1);
    await page.goto(`${url}/ui/?run=shop.3&tab=summary`);
    await page
      .getByRole("group", { name: "Tags of the run" })
      .getByRole("link", { name: "env staging" })
      .click();
    await until("the runs that have it", async () => (await runs.count()) === 2);
  },
  async "older runs come from the server, and the keyboard reaches them"(page) {
    await openSelector(page);
    const found = page.getByRole("listbox", { name: "Runs" }).getByRole("option");
    await until("a page", async () => (await found.count()) === 50);
    // Until the server has answered, the list is what the page knew.
    await page.locator('#runs-found[aria-busy="false"]').waitFor();
    await page.keyboard.press("ArrowUp");
    await page.keyboard.press("ArrowDown");
    await until("all runs", async () => (await found.count()) === 63);
    await page.getByRole("link", { name: "All tests" }).click();
    await page.getByRole("rowheader", { name: "t60" }).waitFor();
  },
});

async function openSelector(page) {
  const summary = page.locator(".selector summary");
  await summary.click();
  await page.getByRole("combobox", { name: "Search runs" }).waitFor();
}

async function until(what, holds) {
  for (let tries = 0; tries < 200; tries += 1) {
    if (await holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  assert.fail(`${what} did not come`);
}
