/**
 * How fast the dashboard is, by its own marks: `node timing.mjs URL RUN ROUNDS` opens a run that has
 * ended, with `live` behind it one that lives, with `slow` an ended one over 10 Mbit/s with a round trip of 80 ms.
 *
 * Prints JSON. Ended: `{"first": [MS]}`, from the start of each navigation until the charts were
 * drawn, each in a browser that knows nothing of the pages. Live: it says `ready` when the page shows the run, and after ROUNDS updates
 * `{"updates": [MS]}`, the scripting of each.
 */

import { launch, open } from "./common.mjs";
import { slowLine } from "./slow-line.mjs";

const [server, run, rounds, how] = process.argv.slice(2);
const line = how === "slow" ? await slowLine(server, { mbit: 10, rtt: 80 }) : null;
const url = line?.url ?? server;
const browser = await launch();
try {
  console.log(JSON.stringify(how === "live" ? await updates() : await loads()));
} finally {
  await browser.close();
  line?.close();
}

function measures(page, name) {
  return page.evaluate(
    (measure) => performance.getEntriesByName(measure).map((entry) => entry.startTime + entry.duration),
    name,
  );
}

async function shown() {
  const { page } = await open(browser, url);
  await page.goto(`${url}/ui/?run=${encodeURIComponent(run)}`);
  await page.waitForFunction(() => performance.getEntriesByName("loadgate:first-charts").length > 0);
  return page;
}

async function loads() {
  const first = [];
  for (let round = 0; round < Number(rounds); round += 1) {
    const page = await shown();
    first.push((await measures(page, "loadgate:first-charts"))[0]);
    await page.close();
  }
  return { first };
}

async function updates() {
  const page = await shown();
  // What poured in before is no update.
  await page.waitForTimeout(1000);
  await page.evaluate(() => performance.clearMeasures("loadgate:update"));
  console.log("ready");
  await page.waitForFunction(
    (wanted) => performance.getEntriesByName("loadgate:update").length >= wanted,
    Number(rounds),
  );
  const durations = await page.evaluate(() =>
    performance.getEntriesByName("loadgate:update").map((entry) => entry.duration),
  );
  return { updates: durations };
}
