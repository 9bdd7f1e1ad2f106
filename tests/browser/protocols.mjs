/**
 * Runs of a real k6 that speak something else than HTTP: `node protocols.mjs URL PICTURES`, with k6's path in `K6`.
 *
 * k6 calls a server of gRPC (`@grpc/grpc-js`), talks to one of WebSocket (`ws`) and opens a page in its own browser; the
 * Overview of each shows what there is.
 */

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createServer } from "node:http";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import grpc from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";
import { WebSocketServer } from "ws";
import { axe, closeAfter, CHROMIUM, launch, open, run } from "./common.mjs";

const [url, pictures] = process.argv.slice(2);
const scripts = fileURLToPath(new URL("k6", import.meta.url));
const page = createServer((request, response) => {
  response.setHeader("content-type", "text/html");
  response.end(`<!doctype html><h1>Shop</h1><button onclick="this.textContent = 'Bought'">Buy</button>`);
});
const sockets = new WebSocketServer({ host: "127.0.0.1", port: 0 });
sockets.on("connection", (socket) => socket.on("message", (text) => socket.send(String(text))));
const calls = new grpc.Server();
calls.addService(grpc.loadPackageDefinition(loadSync(join(scripts, "hello.proto"))).hello.Hello.service, {
  sayHello: ({ request }, reply) => reply(null, request),
  sayNothing: (_, reply) => reply({ code: grpc.status.UNAVAILABLE, details: "says nothing" }),
  echo(stream) {
    stream.on("data", (greeting) => stream.write(greeting));
    stream.on("end", () => stream.end());
  },
});
const port = await new Promise((resolve, reject) =>
  calls.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, bound) =>
    error ? reject(error) : resolve(bound),
  ),
);
await new Promise((resolve) => page.listen(0, "127.0.0.1", () => resolve(undefined)));

const browser = await launch();
closeAfter(
  () => browser.close(),
  () => calls.forceShutdown(),
  () => sockets.close(),
  () => page.close(),
);
await load("calls", port);
await load("sockets", sockets.address().port);
await load("vitals", page.address().port);

run(await open(browser, url), {
  async "gRPC: calls by method, and by status where they failed"(page) {
    await overview(page, "calls");
    await tile(page, "gRPC duration p95", /ms|µs|s$/);
    await tile(page, "Streams", /^20$/);
    await tile(page, "Messages received", /^40$/);
    await chart(page, "Stream messages");
    const rows = page.getByRole("row").filter({ hasText: "/hello.Hello/" });
    const said = (await rows.allInnerTexts()).map((text) => text.replace(/\s+/g, " "));
    const hello = said.find((text) => text.includes("/SayHello"));
    const nothing = said.find((text) => text.includes("/SayNothing"));
    assert.match(hello ?? "", /^SayHello \/hello\.Hello\/SayHello 20 .* 0 %/, said.join("\n"));
    assert.match(
      nothing ?? "",
      /^SayNothing \/hello\.Hello\/SayNothing UNAVAILABLE 10 .* 100 %/,
      said.join("\n"),
    );
    await look(page, "calls");
    await page.getByRole("link", { name: "/hello.Hello/SayHello" }).click();
    await page.getByRole("heading", { name: "Call duration" }).waitFor();
    await page.getByRole("row").filter({ hasText: "UNAVAILABLE" }).first().waitFor();
  },
  async "WebSocket: sessions, and messages sent and received"(page) {
    await overview(page, "sockets");
    await tile(page, "WebSocket sessions", /^10$/);
    await tile(page, "Messages received", /^30$/);
    await tile(page, "Messages sent", /^30$/);
    await tile(page, "Session duration p95", /ms|µs|s$/);
    for (const title of ["Sessions", "Messages", "Session duration"]) await chart(page, title);
    await look(page, "sockets");
  },
  async "web vitals stand in their bands"(page) {
    await overview(page, "vitals");
    await tile(page, "LCP p95", /ms|s$/);
    const lcp = page.locator(".tile", {
      hasText: "LCP p95",
    });
    await lcp
      .locator(".sign")
      .getByText(/good|needs improvement|poor/)
      .waitFor();
    await chart(page, "Largest contentful paint");
    await look(page, "vitals");
  },
});

/** Runs a script of k6 against a server on a port, to the end. */
async function load(test, at) {
  const k6 = spawn(
    process.env.K6 ?? "k6",
    ["run", "--quiet", "-o", `influxdb=${url}/${test}`, `${test}.js`],
    {
      cwd: scripts,
      env: {
        ...process.env,
        SERVER: `127.0.0.1:${at}`,
        K6_NO_USAGE_REPORT: "true",
        K6_BROWSER_EXECUTABLE_PATH: CHROMIUM,
        K6_BROWSER_ARGS: "no-sandbox,disable-background-networking",
        K6_BROWSER_HEADLESS: "true",
      },
      stdio: ["ignore", "pipe", "pipe"],
    },
  );
  let said = "";
  for (const output of [k6.stdout, k6.stderr]) output.on("data", (piece) => (said += piece));
  const code = await new Promise((resolve) => k6.on("close", resolve));
  assert.equal(code, 0, said);
  const finished = await fetch(`${url}/runs/${test}.1/finish`, {
    method: "POST",
  });
  assert.equal(finished.status, 200, await finished.text());
}

async function overview(page, test) {
  await page.goto(`${url}/ui/?run=${test}.1`);
  await page.getByText("ended", { exact: true }).first().waitFor();
  assert.equal(await page.locator(".tile", { hasText: "no data" }).count(), 0, "a tile without data");
  assert.equal(await page.getByRole("heading", { name: "HTTP", exact: false }).count(), 0, "nothing of HTTP");
}

async function tile(page, title, wanted) {
  const figure = page
    .locator(".tile")
    .filter({ has: page.getByRole("heading", { name: title, exact: true }) });
  const said = await figure.locator(".figure").innerText();
  assert.match(said.replace(/\s/g, " "), wanted, title);
}

async function chart(page, title) {
  const card = page
    .locator("section.card")
    .filter({ has: page.getByRole("heading", { name: title, exact: true }) });
  await card.locator("canvas").first().waitFor();
}

async function look(page, name) {
  for (const theme of ["light", "dark"]) {
    await page.emulateMedia({ colorScheme: theme });
    for (const width of [390, 1280, 1920]) {
      await page.setViewportSize({ width, height: 900 });
      await page.waitForTimeout(200);
      await page.screenshot({
        path: join(pictures, `protocol-${name}-${theme}-${width}.png`),
        fullPage: true,
      });
    }
    assert.deepEqual(await axe(page), [], `${name}, ${theme}`);
  }
  await page.emulateMedia({ colorScheme: "light" });
  await page.setViewportSize({ width: 1280, height: 900 });
}
