/**
 * Requests filtered and grouped, and groups as a tree: `node facets.mjs URL RUN PICTURES TRUTH`, TRUTH being how many
 * requests k6 made of some kinds. Leaves pictures in both themes.
 */

import assert from "node:assert/strict";
import { join } from "node:path";
import { axe, closeAfter, fits, launch, open, PATIENCE, run as runFlows } from "./common.mjs";

const [url, run, pictures, told] = process.argv.slice(2);
const truth = JSON.parse(told);
const address = (rest, of = run) => `${url}/ui/?run=${encodeURIComponent(of)}&tab=requests${rest}`;
const card = (page) => page.locator('[aria-labelledby="requests"]');
const names = (page) => card(page).locator("tbody tr:not(.row-detail) th");
const number = (count) => count.toLocaleString("en-US").replaceAll(",", "[,\\s]?");

const browser = await launch();
closeAfter(() => browser.close());
runFlows(await open(browser, url), {
  filters,
  groupings,
  tags,
  nothing,
  setup,
  part,
  tree,
  live,
  errors,
});
for (const theme of ["light", "dark"]) {
  runFlows(await open(browser, url, { colorScheme: theme }), {
    [`looks, ${theme}`]: (page) => looks(page, theme),
  });
}

/** The caption says how many match, and of what. */
async function saysOf(page, count, words) {
  await card(page)
    .getByText(new RegExp(`${number(count)}\\srequests? of ${words}`))
    .waitFor();
}

async function filters(page) {
  await page.goto(address(""));
  await names(page).filter({ hasText: "list" }).waitFor();
  await page.getByLabel("Scenario", { exact: true }).selectOption("buy");
  await saysOf(page, truth.buy, "scenario buy");
  assert.equal(await names(page).filter({ hasText: "list" }).count(), 0, "no request of the other scenario");
  assert.match(page.url(), /only\.scenario=buy/);
  await card(page).getByRole("button", { name: /^Name/ }).click();
  assert.match((await names(page).allInnerTexts())[0], /home/, "what is filtered is sorted, too");
  await page.reload();
  await saysOf(page, truth.buy, "scenario buy");
  assert.match((await names(page).allInnerTexts())[0], /home/, "the address keeps both");
  await names(page).getByRole("button", { name: "pay" }).click();
  await page.getByText("All of this request, whatever is filtered by:").waitFor();
  await page.locator(".row-detail canvas").first().waitFor();
  await page.getByRole("button", { name: "Clear filters" }).click();
  await names(page).filter({ hasText: "list" }).waitFor();
  assert.doesNotMatch(page.url(), /only\./);
}

async function groupings(page) {
  await page.goto(address(""));
  await page.getByLabel("Group by", { exact: true }).selectOption("status");
  await names(page).getByRole("link", { name: "404 Not Found" }).waitFor();
  assert.equal(await names(page).count(), 4, "200, 404, 500 and no answer");
  await names(page).getByRole("link", { name: "404 Not Found" }).click();
  await saysOf(page, truth.missing, "status 404");
  await names(page).filter({ hasText: "picture" }).waitFor();
  assert.equal(
    await page.getByLabel("Group by", { exact: true }).inputValue(),
    "name",
    "a row leads to its requests",
  );
  await page.getByLabel("Group by", { exact: true }).selectOption("expected");
  await names(page).getByRole("link", { name: "not expected" }).waitFor();
  await page.getByLabel("Group by", { exact: true }).selectOption("scenario");
  await names(page).getByRole("link", { name: "no scenario" }).waitFor();
}

async function tags(page) {
  await page.goto(address(""));
  await page.getByLabel("Tag", { exact: true }).selectOption("region:eu");
  await saysOf(page, truth.eu, "region: eu");
  await page.getByLabel("Scenario", { exact: true }).selectOption("buy");
  await names(page).filter({ hasText: "list" }).waitFor({ state: "detached" });
  assert.match((await names(page).allInnerTexts()).join(), /home/, "both filters hold");
  await page.getByRole("button", { name: "Clear filters" }).click();
  await page.getByLabel("Group by", { exact: true }).selectOption("tag:region");
  await names(page).getByRole("link", { name: "no region" }).waitFor();
  assert.deepEqual((await names(page).allInnerTexts()).sort(), ["eu", "no region", "us"]);
  await page.reload();
  await names(page).getByRole("link", { name: "eu" }).click();
  await saysOf(page, truth.eu, "region: eu");
  // Those of the whole run lead to the runs that have them.
  await page.goto(`${url}/ui/?run=${run}`);
  await page.getByRole("main").getByRole("link", { name: "env staging" }).click();
  await page.getByRole("table").first().getByRole("rowheader").first().waitFor();
  assert.match(page.url(), /tab=runs&filter=env%3Astaging/);
}

async function nothing(page) {
  await page.goto(address("&only.scenario=buy&only.group=::shop"));
  await page.getByText("No request matches: scenario buy, group shop.").waitFor();
  await page.goto(address("&only.status=777"));
  await page.getByText("No request matches: status 777.").waitFor();
  assert.equal(
    await page.getByLabel("Status", { exact: true }).inputValue(),
    "777",
    "what an address names can be seen",
  );
}

async function setup(page) {
  await page.goto(address("&only.status=4xx"));
  await saysOf(page, truth.missing, "status 4xx");
  await names(page).filter({ hasText: "flags" }).waitFor();
  await page.getByRole("checkbox", { name: "Setup and teardown" }).uncheck();
  await names(page).filter({ hasText: "flags" }).waitFor({ state: "detached" });
  await saysOf(page, truth.missingInLoad, "status 4xx");
}

async function part(page) {
  const answer = await page.request.get(`${url}/runs/${run}/requests?scenario=buy&from=2s&to=6s`);
  const { whole } = await answer.json();
  assert.ok(whole.count > 0 && whole.count < truth.buy);
  await page.goto(address("&only.scenario=buy&from=2&to=6"));
  await saysOf(page, whole.count, "scenario buy");
}

async function tree(page) {
  await page.goto(address(`&row=${encodeURIComponent('["groups"]')}`));
  const detail = card(page)
    .locator("tbody tr")
    .filter({ has: page.locator('[title="::shop::detail"]') });
  await detail.waitFor();
  const left = (title) =>
    card(page)
      .locator(`[title="${title}"]`)
      .evaluate((node) => node.getBoundingClientRect().left);
  assert.ok((await left("::shop")) < (await left("::shop::detail")), "what is in a group stands further in");
  assert.ok((await left("::shop::detail")) < (await left("::shop::detail::reviews")));
  assert.equal(await left("::shop"), await left("::cart"));
  const requests = (await detail.locator('td[data-title="Requests"]').innerText()).split(/\s+/).map(Number);
  assert.deepEqual(requests, [truth.detail, truth.detailAlone], "with the groups in it, and without");
  const fold = card(page).getByRole("button", {
    name: "Groups in shop",
    exact: true,
  });
  assert.equal(await fold.getAttribute("aria-expanded"), "true");
  await fold.focus();
  await page.keyboard.press("Enter");
  await detail.waitFor({ state: "detached" });
  assert.equal(await card(page).locator('[title="::shop::detail::reviews"]').count(), 0);
  await card(page).locator('[title="::cart"]').waitFor();
  // A link shows the same.
  await page.reload();
  await fold.waitFor();
  assert.equal(await fold.getAttribute("aria-expanded"), "false");
  await fold.focus();
  await page.keyboard.press("Space");
  await detail.waitFor();
  await fold.click();
  await page.getByLabel("Filter groups").fill("reviews");
  await card(page).locator('[title="::shop::detail::reviews"]').waitFor();
}

/** A filter goes on with a run that does. */
async function live(page) {
  const begin = Date.now() - 20_000;
  const test = `going${begin}`;
  const second = (at) =>
    ["a", "b"]
      .map((scenario) => {
        const tags = `method=GET,name=x,status=200,scenario=${scenario},expected_response=true`;
        const ns = `${begin + at * 1000}000000`;
        return `http_reqs,${tags} value=1 ${ns}\nhttp_req_duration,${tags} value=5 ${ns}\n`;
      })
      .join("");
  const send = async (from, to) => {
    let lines = "";
    for (let at = from; at < to; at += 1) lines += second(at);
    const answer = await fetch(`${url}/write?db=${test}`, {
      method: "POST",
      body: lines,
    });
    assert.ok(answer.ok, await answer.text());
  };
  await send(0, 6);
  await page.goto(address("&only.scenario=a", `${test}.1`));
  const count = () =>
    card(page)
      .locator(".caption")
      .filter({ hasText: /requests? of scenario a/ });
  await count().waitFor();
  const before = Number(/(\d+)\srequest/.exec(await count().innerText())[1]);
  for (let at = 6; at < 18; at += 2) await send(at, at + 2);
  const until = Date.now() + PATIENCE / 2;
  for (;;) {
    const now = Number(/(\d+)\srequest/.exec(await count().innerText())[1]);
    if (now > before) break;
    assert.ok(Date.now() < until, `still ${now} requests`);
    await page.waitForTimeout(200);
  }
}

async function errors(page) {
  await page.goto(`${url}/ui/?run=${encodeURIComponent(run)}&tab=errors`);
  const causes = page.locator('[aria-labelledby="causes"] tbody tr');
  await causes.first().waitFor();
  const counts = (await causes.locator('td[data-title="Count"]').allInnerTexts()).map(Number);
  assert.deepEqual(
    counts,
    [...counts].sort((a, b) => b - a),
    "the most frequent first",
  );
  const missing = causes.filter({ hasText: "1404" });
  assert.equal(Number(await missing.locator('td[data-title="Count"]').innerText()), truth.missing);
  assert.equal(
    await missing.locator('td[data-title="Requests"]').innerText(),
    "2",
    "a picture and the flags",
  );
  const refused = page.locator('[aria-labelledby="errors"] tbody tr').filter({ hasText: "pay" });
  assert.ok((await refused.innerText()).includes(truth.message), "the message stands beside the code");
  await refused.getByRole("button", { name: "pay" }).click();
  await page.locator(".detail").getByText(truth.message).waitFor();
  assert.equal(await page.locator(".detail").getByText("It asked for:").count(), 0, "a name is no URL");
  assert.deepEqual(await axe(page), []);
  const tags = "method=GET,name=user,status=404,error_code=1404,expected_response=false";
  const line = `http_reqs,${tags} url="http://ann:s3cret@x.io/users/7",value=1 ${Date.now()}000000\n`;
  const answer = await fetch(`${url}/write?db=url`, {
    method: "POST",
    body: line,
  });
  assert.ok(answer.ok, await answer.text());
  await page.goto(`${url}/ui/?run=url.1&tab=errors`);
  await page.locator('[aria-labelledby="errors"]').getByRole("button", { name: "user" }).click();
  await page.locator(".detail").getByText("http://x.io/users/7", { exact: true }).waitFor();
}

async function looks(page, theme) {
  for (const [name, rest] of [
    ["facets", "&only.scenario=buy"],
    ["facets-status", "&by.requests=status"],
    ["facets-tag", "&by.requests=tag:region&only.tag=region:eu"],
    ["facets-tree", `&row=${encodeURIComponent('["groups"]')}`],
  ]) {
    for (const width of [390, 1280, 1920]) {
      await page.setViewportSize({ width, height: 900 });
      await page.goto(address(rest));
      await names(page).first().waitFor();
      await page.screenshot({
        path: join(pictures, `${name}-${theme}-${width}.png`),
      });
      await fits(page, `${name} at ${width} px`);
    }
    assert.deepEqual(await axe(page), [], `${name}, ${theme}`);
  }
  for (const width of [390, 1280, 1920]) {
    await page.setViewportSize({ width, height: 900 });
    await page.goto(`${url}/ui/?run=${encodeURIComponent(run)}&tab=errors`);
    await page.locator("#causes").waitFor();
    await page.screenshot({
      path: join(pictures, `facets-errors-${theme}-${width}.png`),
      fullPage: true,
    });
    await fits(page, `errors at ${width} px`);
  }
}
