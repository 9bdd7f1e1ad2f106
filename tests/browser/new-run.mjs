/**
 * "New run" ends what it names and nothing else: `node new-run.mjs URL`. Of the test `begin` the run
 * `begin.1` has ended and `begin.2` is live.
 *
 * On the page of the run that has ended, it names the live one; of several it lists all, and ends those that
 * are ticked; where none is live, there is nothing to end.
 */

import assert from "node:assert/strict";
import { closeAfter, launch, open, run } from "./common.mjs";

const [url] = process.argv.slice(2);
const browser = await launch();
closeAfter(() => browser.close());
const opened = await open(browser, url);
const button = opened.page.locator("summary", { hasText: "New run" });
const list = opened.page.getByRole("group", { name: "Live runs" });
run(opened, {
  async "on the page of a run that has ended, the live one is named"(page) {
    await page.goto(`${url}/ui/?run=begin.1`);
    await page.getByText("ended", { exact: true }).first().waitFor();
    await button.click();
    await page.getByText("Live is run 2, not run 1 that you see").waitFor();
    await page.getByRole("button", { name: "End run 2 and begin a new one" }).waitFor();
    await page.getByRole("button", { name: "Cancel" }).click();
    assert.equal(await stateOf("begin.2"), "live", "nothing was confirmed");
  },
  async "of several, those that are ticked end"(page) {
    // A run with a name that ends here, by another hand, between the question and the answer.
    await send("a");
    await send("b");
    await button.click();
    await list.waitFor();
    assert.deepEqual(
      (await list.locator("b").allInnerTexts()).sort(),
      ["a", "b", "run 2"],
      "all that are live are named",
    );
    for (const box of await list.getByRole("checkbox").all()) await box.uncheck();
    assert.ok(await page.getByRole("button", { name: "End nothing and begin a new one" }).isDisabled());
    await list.getByRole("checkbox", { name: /^a / }).check();
    await page.getByRole("button", { name: "End a and begin a new one" }).click();
    await page.getByText("a has ended.").waitFor();
    await until("the end of a", async () => (await stateOf("begin.a")) === "ended");
    assert.deepEqual([await stateOf("begin.2"), await stateOf("begin.b")], ["live", "live"]);
    await page.getByRole("button", { name: "Close" }).click();
    // What comes at once begins the next run of that name.
    assert.equal(await send("a"), 204);
    await until("a.2", async () => (await stateOf("begin.a.2")) === "live");
  },
  async "a run that began between the question and the answer goes on"(page) {
    // What has ended between the question and the answer stays, and so does what is live by then.
    await button.click();
    await list.waitFor();
    for (const box of await list.getByRole("checkbox").all()) await box.uncheck();
    await list.getByRole("checkbox", { name: /^run 2 / }).check();
    await fetch(`${url}/runs/begin.2/finish?settled=true`, { method: "POST" });
    await send();
    await until("run 3", async () => (await stateOf("begin.3")) === "live");
    await page.getByRole("button", { name: "End run 2 and begin a new one" }).click();
    await page.getByText("run 2 has ended.").waitFor();
    assert.equal(await stateOf("begin.3"), "live", "a run that nobody named goes on");
    await page.getByRole("button", { name: "Close" }).click();
  },
  async "where none is live, there is nothing to end"(page) {
    for (const run of ["begin.3", "begin.b", "begin.a.2"]) {
      await fetch(`${url}/runs/${run}/finish?settled=true`, { method: "POST" });
      await until(`the end of ${run}`, async () => (await stateOf(run)) === "ended");
    }
    await button.click();
    await page.getByText("No run of begin is live").waitFor();
    assert.equal(await page.getByRole("button", { name: /^End / }).count(), 0);
  },
});

async function stateOf(run) {
  const answer = await fetch(`${url}/runs/${run}`);
  return answer.ok ? (await answer.json()).state : null;
}

/** A sample of now, of a run of that name or of the unnamed one; the answer's status. */
async function send(run = "") {
  // As k6 does, it says hello first: what follows an end is then no straggler.
  await fetch(`${url}/query?q=CREATE%20DATABASE%20begin`, { method: "POST" });
  const body = `http_reqs,name=a value=1 ${Date.now()}000000`;
  return (await fetch(`${url}/write?db=begin&run=${run}`, { method: "POST", body })).status;
}

async function until(what, holds) {
  const end = Date.now() + 20_000;
  while (!(await holds())) {
    assert.ok(Date.now() < end, `waited for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
