/**
 * A live run in the hands of a person: `node live.mjs URL`. The test is `live`, with refused, late
 * and misdated samples in its first run.
 *
 * Troubles are told; "New run" ends the run after it asked; the next run is offered and followed;
 * silence is counted down, and "Finish" ends it; own panels take the place of the default ones. Data
 * is sent from here, as a generator would.
 */

import assert from "node:assert/strict";
import { closeAfter, launch, open, run } from "./common.mjs";

const [url] = process.argv.slice(2);
const browser = await launch();
closeAfter(() => browser.close());
run(await open(browser, url), {
  async "troubles are shown"(page) {
    await send(line(-30), line(-28), line(-26), "nonsense", line(-24), line(-22));
    await page.goto(`${url}/ui/?test=live`);
    await page.locator(".chip.live").waitFor();
    await page
      .getByText(/refused/i)
      .first()
      .waitFor();
    await page.getByText("The thresholds of this test are not known.").waitFor();
    await page.getByText("k6 inspect --execution-requirements").waitFor();
  },
  async "New run ends the run after it asked"(page) {
    await page.locator("summary", { hasText: "New run" }).click();
    await page.getByRole("button", { name: "End run 1 and begin a new one" }).click();
    await page.getByText("ended", { exact: true }).first().waitFor();
    assert.match(page.url(), /run=live\.1/);
  },
  async "the next run is offered and followed"(page) {
    await put("dashboard", {
      tabs: [
        {
          title: "<b>Mine</b>",
          sections: [
            {
              title: "Pages",
              panels: [
                {
                  title: "Rate of <i>pages</i>",
                  kind: "chart",
                  series: [{ metric: "http_reqs", aggregate: "rate" }],
                },
              ],
            },
          ],
        },
        { title: "Errors", view: "errors" },
      ],
    });
    await send(line(-12), line(-10), line(-8), line(-6));
    await page.getByText(/began\./).waitFor();
    await page.getByRole("button", { name: "Follow" }).click();
    await page.waitForURL(/run=live\.2/);
    await page.locator(".chip.live").waitFor();
  },
  async "the dashboard of the test takes the place of the default"(page) {
    // The dashboard of the test, with its own tab first, as text.
    const tabs = page.getByRole("navigation", { name: "Views" }).getByRole("link");
    await page.getByRole("link", { name: "<b>Mine</b>" }).waitFor();
    assert.deepEqual(
      (await tabs.allInnerTexts()).map((title) => title.replace(/\s+\d+$/, "")),
      ["<b>Mine</b>", "Errors", "Verdict", "Runs", "Compare"],
    );
    await page.getByText("Rate of <i>pages</i>").waitFor();
    await page.locator("main canvas").first().waitFor();
  },
  async "silence is counted down, and Finish ends it"(page) {
    await page.getByText(/No data for \d+\s+s, ends in/).waitFor();
    await page.getByRole("button", { name: "Finish" }).click();
    await page.getByText("ended", { exact: true }).first().waitFor();
    const report = await (await fetch(`${url}/report?run=live.2`)).text();
    assert.ok(
      report.includes("Rate of &lt;i&gt;pages&lt;/i&gt;"),
      "the report is drawn from the same panels",
    );
    assert.ok(!report.includes("<i>pages</i>"));
  },
});

/** A sample, so many seconds from now. */
function line(seconds) {
  return `http_reqs,name=a,method=GET,status=200 value=1 ${Math.round(Date.now() / 1000) + seconds}000000000`;
}

async function send(...lines) {
  await fetch(`${url}/write?db=live`, { method: "POST", body: lines.join("\n") });
}

async function put(what, document) {
  const answer = await fetch(`${url}/tests/live/${what}`, { method: "PUT", body: JSON.stringify(document) });
  assert.equal(answer.status, 204, await answer.text());
}
