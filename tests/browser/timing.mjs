/**
 * How fast the dashboard is, by its own marks: `node timing.mjs URL RUN ROUNDS` opens a run that has
 * ended, with `live` behind it one that lives, with `slow` an ended one over 10 Mbit/s with a round trip of 80 ms, with
 * `tasks` an ended one in which a person does one thing after the other.
 *
 * Prints JSON. Ended: `{"first": [MS]}`, from the start of each navigation until the charts were
 * drawn, each in a browser that knows nothing of the pages. Live: it says `ready` when the page shows the run, and after ROUNDS updates
 * `{"updates": [MS]}`, the scripting of each. Tasks: `{"tasks": {"WHAT": MS}}`, of each thing done the task of the page's main
 * thread that took most of its processor time: how long others had the processor says nothing of the page.
 */

import { launch, open } from "./common.mjs";
import { slowLine } from "./slow-line.mjs";

const [server, run, rounds, how] = process.argv.slice(2);
const line = how === "slow" ? await slowLine(server, { mbit: 10, rtt: 80 }) : null;
const url = line?.url ?? server;
const browser = await launch();
try {
  const measure = { live: updates, tasks }[how] ?? loads;
  console.log(JSON.stringify(await measure()));
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

async function tasks() {
  const page = await shown();
  await page.waitForTimeout(1000);
  const tab = (title) => page.locator("nav.tabs a", { hasText: title }).click();
  const percentile = (at) => page.locator(".percentiles button, .percentiles input").nth(at).click();
  const things = {
    "a percentile": () => percentile(0),
    "and back": () => percentile(0),
    theme: () => page.getByRole("button", { name: /Theme/ }).click(),
    narrower: () => page.setViewportSize({ width: 900, height: 900 }),
    wider: () => page.setViewportSize({ width: 1600, height: 900 }),
    Timings: () => tab("Timings"),
    Requests: () => tab("Requests"),
    sorted: () => page.locator("thead button").nth(1).click(),
    "sorted by another": () => page.locator("thead button").nth(2).click(),
    Errors: () => tab("Errors"),
    Summary: () => tab("Summary"),
    Compare: () => tab("Compare"),
    Overview: () => tab("Overview"),
  };
  const longest = {};
  for (const [what, act] of Object.entries(things)) {
    await browser.startTracing(page, { categories: ["toplevel"] });
    await act();
    await page.waitForTimeout(1000);
    const { traceEvents } = JSON.parse((await browser.stopTracing()).toString());
    const thread = ({ pid, tid }) => `${pid}.${tid}`;
    const mains = new Set(
      traceEvents
        .filter(({ name, args }) => name === "thread_name" && args.name === "CrRendererMain")
        .map(thread),
    );
    const times = traceEvents
      .filter((event) => event.tdur && mains.has(thread(event)))
      .map(({ tdur }) => tdur / 1e3);
    longest[what] = Math.max(0, ...times);
  }
  return { tasks: longest };
}
