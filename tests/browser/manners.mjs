/**
 * How the pages fit into where they are: `node manners.mjs URL RUN TOKEN PICTURES`; the server wants the token for writes.
 *
 * Below a path of a proxy everything works; what needs the token asks for it; the tab tells the verdict; a link keeps how its
 * sender arranged the page; long names keep their end; a header takes one row, two on a phone; without scripts there are links.
 */

import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { closeAfter, launch, open } from "./common.mjs";
import { proxy } from "./proxy.mjs";

const [url, run, token, pictures] = process.argv.slice(2);
const browser = await launch();
closeAfter(() => browser.close());

async function shown(address, options) {
  const opened = await open(browser, url, options);
  await opened.page.goto(address);
  return opened.page;
}

const page = (more = "") => `${url}/ui/?run=${run}${more}`;

test("below a path of a proxy", async () => {
  const between = await proxy(url, { prefix: "/loadgate" });
  try {
    const below = await browser.newPage();
    // Redirects stay below it, with what the address says.
    await below.goto(`${between.url}/`);
    await below.locator(".tile").first().waitFor();
    assert.ok(below.url().startsWith(`${between.url}/ui/`), below.url());
    await below.goto(`${between.url}/ui/?token=${token}&run=${run}`);
    await below.getByText("ended", { exact: true }).first().waitFor();
    assert.equal(below.url(), `${between.url}/ui/?run=${run}`);
    await below.getByRole("link", { name: "Report" }).click();
    await below.getByText("http_req_duration").first().waitFor();
    await below.goto(`${between.url}/ui/?test=nothing`);
    await below.getByText("No run of").waitFor();
    const commands = await below.locator(".way code").allInnerTexts();
    assert.ok(
      commands.some((command) => command.startsWith(`loadgate k6 run --server ${between.url} `)),
      `${commands}`,
    );
    assert.ok(!commands.some((command) => command.includes("influxdb=")), "k6 cannot send below a path");
    await below.close();
  } finally {
    between.close();
  }
});

test("the token is asked for where a write needs it, and then it is done", async () => {
  const own = await shown(`${url}/ui/?run=${run}&tab=runs`);
  const row = own.locator("main tbody tr", { hasText: run.split(".")[1] }).first();
  await row
    .getByRole("button", { name: /name|note|edit/i })
    .first()
    .click();
  await own.getByLabel("Name", { exact: true }).fill("with a token");
  await own.getByRole("button", { name: "Save" }).click();
  const dialog = own.getByRole("dialog").filter({ hasText: "This needs the token" });
  await dialog.getByLabel("Token").fill("wrong");
  await dialog.getByRole("button", { name: "Go on" }).click();
  await dialog.getByText("This is not a token of this server.").waitFor();
  await dialog.getByLabel("Token").fill(token);
  await dialog.getByRole("button", { name: "Go on" }).click();
  await own.locator("main tbody tr", { hasText: "with a token" }).first().waitFor();
  await own.close();
});

test("the tab tells the verdict by its title and its picture", async () => {
  const tab = await shown(page());
  await tab.getByText("ended", { exact: true }).first().waitFor();
  await tab.waitForFunction(() => /^✗ .* · Loadgate$/.test(document.title));
  const picture = await tab.locator('link[rel="icon"]').getAttribute("href");
  assert.match(decodeURIComponent(picture), /^data:image\/svg\+xml,.*#dc3d44/);
  await tab.close();
});

test("a link keeps how its sender arranged the page", async () => {
  const sender = await shown(page());
  await sender.getByText("ended", { exact: true }).first().waitFor();
  await sender.locator("section:has(#chart-request-duration) .legend-item", { hasText: "p99" }).click();
  await sender.getByRole("button", { name: "Virtual users as a table" }).click();
  await sender.locator("section:has(#requests-table) th", { hasText: "p95" }).getByRole("button").click();
  const names = (of) => of.locator("section:has(#requests-table) tbody .request-name").allInnerTexts();
  const sorted = await names(sender);
  const receiver = await shown(sender.url());
  await receiver.locator("section:has(#chart-virtual-users) tbody tr").first().waitFor();
  const hidden = receiver.locator('section:has(#chart-request-duration) .legend-item[aria-pressed="false"]');
  assert.deepEqual(
    (await hidden.allInnerTexts()).map((text) => text.split(/\s/)[0]),
    ["p99"],
  );
  await receiver
    .locator('section:has(#requests-table) th[aria-sort="descending"]', { hasText: "p95" })
    .waitFor();
  assert.deepEqual(await names(receiver), sorted);
  await sender.close();
  await receiver.close();
});

test("long names keep their end, and show whole in the open row", async () => {
  const name = `https://shop.example.com/api/v2/customers/current/orders/of-this-year/${"x".repeat(40)}/invoices.pdf`;
  const at = `${Date.now()}000000`;
  const lines = [1, 2].map(
    (n) =>
      `http_reqs,name=${name}${n},method=GET,status=200 value=1 ${at}\nhttp_req_duration,name=${name}${n},method=GET value=9 ${at}`,
  );
  const headers = { authorization: `Bearer ${token}` };
  await fetch(`${url}/write?db=names`, { method: "POST", body: lines.join("\n"), headers });
  await fetch(`${url}/runs/names.1/finish`, { method: "POST", headers });
  const names = await shown(`${url}/ui/?run=names.1&tab=requests`);
  const ends = names.locator("main .name-end");
  await ends.first().waitFor();
  for (const end of await ends.all()) {
    assert.match(await end.innerText(), /invoices\.pdf[12]$/);
    const { cut, inside } = await end.evaluate((element) => {
      const box = element.getBoundingClientRect();
      return {
        cut: element.scrollWidth > element.clientWidth + 1,
        inside: box.right <= element.closest("th").getBoundingClientRect().right + 1,
      };
    });
    assert.ok(!cut && inside, "the end is seen");
  }
  assert.equal(await names.locator("main .name-long").first().getAttribute("title"), `${name}1`);
  await names.locator("main .opener").first().click();
  await names.locator(".whole-name", { hasText: `${name}1` }).waitFor();
  await names.screenshot({ path: join(pictures, "manners-names.png") });
  await names.close();
});

test("a live run's header takes one row of 1280 px, and two of a phone", async () => {
  const headers = { authorization: `Bearer ${token}` };
  await fetch(`${url}/tests/busy/options`, {
    method: "PUT",
    headers,
    body: JSON.stringify({
      totalDuration: "10m",
      maxVUs: 500,
      thresholds: { http_reqs: ["rate>1000", "count>1"] },
    }),
  });
  const at = (back) => `${Date.now() - back * 1000}000000`;
  const lines = [8, 6, 4, 2, 0].map(
    (back) => `http_reqs,name=a value=1 ${at(back)}\nvus value=500 ${at(back)}`,
  );
  await fetch(`${url}/write?db=busy`, { method: "POST", body: lines.join("\n"), headers });
  for (const [width, rows] of [
    [1280, 1],
    [390, 2],
  ]) {
    const header = await shown(`${url}/ui/?run=busy.1`, { viewport: { width, height: 800 } });
    await header.locator(".chip.live").waitFor();
    await header.getByText("1 of 2").first().waitFor();
    const tops = await header.locator(".top-row > *").evaluateAll((all) => [
      ...new Set(
        all
          .filter(
            (element) => element.getClientRects().length > 0 && element.getBoundingClientRect().width > 2,
          )
          .map((element) => element.getBoundingClientRect())
          .map(({ top, bottom }) => Math.round((top + bottom) / 2 / 12)),
      ),
    ]);
    assert.equal(tops.length, rows, `${width}: ${tops}`);
    if (width === 390) {
      await header.getByRole("button", { name: "Actions" }).click();
      await header.getByRole("link", { name: "Report" }).waitFor();
    }
    await header.screenshot({ path: join(pictures, `manners-header-${width}.png`) });
    await header.close();
  }
});

test("a phone's header takes two rows too where nothing is known yet", async () => {
  const headers = { authorization: `Bearer ${token}` };
  const options = { totalDuration: "10m", thresholds: { "http_req_duration{region:eu}": ["p(95)<500"] } };
  await fetch(`${url}/tests/early/options`, { method: "PUT", headers, body: JSON.stringify(options) });
  await fetch(`${url}/write?db=early`, { method: "POST", body: `vus value=5 ${Date.now()}000000`, headers });
  const header = await shown(`${url}/ui/?run=early.1`, { viewport: { width: 390, height: 800 } });
  await header.getByText("no data for 1").first().waitFor();
  await header.locator(".verdict-chip").waitFor();
  const { height } = await header.locator(".top-row").boundingBox();
  assert.ok(height < 90, `${height} px are more than two rows`);
  await header.close();
});

test("without scripts there are links to the runs and the newest report", async () => {
  const still = await shown(`${url}/ui/`, { javaScriptEnabled: false });
  await still.getByRole("link", { name: /report/ }).click();
  await still.locator(".report-head").waitFor();
  assert.match(still.url(), /\/report$/);
  await still.close();
});

test("times name their zone", async () => {
  const context = await browser.newContext({ timezoneId: "Europe/Vienna", locale: "en-GB" });
  const zoned = await context.newPage();
  await zoned.goto(`${url}/ui/?run=${run}&tab=runs`);
  await zoned.getByRole("button", { name: /^Start, CES?T/ }).waitFor();
  await context.close();
});
