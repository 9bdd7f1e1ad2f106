/**
 * Rows of a run with more names than rows: `node rows.mjs URL RUN PICTURES`.
 *
 * Rows say how many names they stand for and what they may lack, a notice says that names were
 * shortened, and the Errors page leaves setup and teardown out. Leaves pictures in both themes.
 */

import assert from "node:assert/strict";
import { join } from "node:path";
import { axe, closeAfter, fits, launch, open, run as runFlows } from "./common.mjs";

const [url, run, pictures] = process.argv.slice(2);
const browser = await launch();
closeAfter(() => browser.close());
for (const theme of ["light", "dark"]) {
  runFlows(await open(browser, url, { colorScheme: theme }), {
    [`requests, ${theme}`]: (page) => marks(page, theme),
    [`errors, ${theme}`]: (page) => errors(page, theme),
  });
}

async function marks(page, theme) {
  await page.goto(`${url}/ui/?run=${encodeURIComponent(run)}&tab=requests`);
  await page.getByText("Request names had too many numbers, ids or values").waitFor();
  await page.getByText("Too many request names").waitFor();
  const short = page.getByRole("row").filter({ hasText: "https://x.io/users/{id}/orders" });
  assert.match(await short.innerText(), /about \d+\snames/);
  const late = page.getByText(/^up to \d+ more in \(other\)$/);
  await late.first().waitFor();
  await late.first().scrollIntoViewIfNeeded();
  await page.screenshot({ path: join(pictures, `rows-late-${theme}.png`) });
  await page.evaluate(() => window.scrollTo(0, 0));
  await page.screenshot({ path: join(pictures, `rows-requests-${theme}.png`) });
  assert.deepEqual(await axe(page), [], `requests, ${theme}`);
  for (const width of [360, 1280]) {
    await page.setViewportSize({ width, height: 900 });
    await fits(page, `requests at ${width} px`);
  }
}

async function errors(page, theme) {
  await page.goto(`${url}/ui/?run=${encodeURIComponent(run)}&tab=errors`);
  const login = page.getByRole("row").filter({ hasText: "login" });
  await login.waitFor();
  const verdict = page.locator(".verdict");
  const count = async () =>
    Number(/(\d[\d,.\s]*)\serrors?/.exec(await verdict.innerText())[1].replaceAll(/\D/g, ""));
  const all = await count();
  const setup = page.getByRole("checkbox", { name: "Setup and teardown" });
  await setup.uncheck();
  await login.waitFor({ state: "detached" });
  assert.equal(await count(), all - 40, "the verdict is of the load alone");
  await page.getByText("setup and teardown too").first().waitFor();
  await page.screenshot({ path: join(pictures, `rows-errors-${theme}.png`) });
  await page.getByRole("button", { name: "All statuses" }).click();
  await page.getByRole("row").filter({ hasText: "checkout" }).waitFor();
  assert.equal(await login.count(), 0, "one choice does not undo the other");
  await page.reload();
  await page.getByRole("row").filter({ hasText: "checkout" }).waitFor();
  assert.equal(await login.count(), 0, "the address keeps both");
  await setup.check();
  await login.waitFor();
}
