import assert from "node:assert/strict";
import { test } from "node:test";
import { createSession } from "../scripts/data/session.js";

const START = 1_795_221_970_000;
const entry = (id, more = {}) => ({
  id,
  test: id.split(".")[0],
  number: 1,
  name: null,
  state: "ended",
  start: START,
  end: START + 9000,
  ...more,
});

/** A server with these runs; `send` is the stream that is followed. */
function server(listed, known = listed) {
  const api = {
    listed,
    now: () => START,
    runs: async () => api.listed,
    run: async (id) => known.find((run) => run.id === id) ?? null,
    follow(id, on) {
      api.followed = id;
      api.send = (kind, data, number = null) => on.event(kind, data, number);
      return { close() {} };
    },
  };
  return api;
}

/** A session whose frames are drawn at once, and everything that waits for the server done. */
async function shown(api, route) {
  const session = createSession(api, { frame: (draw) => draw() });
  await session.load({ run: null, test: null, ...route });
  await settled();
  return session;
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

function stop(api) {
  api.send("metric", { time: { type: "gauge" } }, 0);
  api.send("start", [[START]], 1);
  api.send("stop", [[START + 9000]], 2);
}

test("a run outside the newest is what the server says it is, never guessed to be live", async () => {
  const api = server([entry("shop.9")], [entry("shop.1", { number: 1 })]);
  const session = createSession(api, { frame: (draw) => draw() });
  const loading = session.load({ run: "shop.1" });
  assert.equal(api.followed, "shop.1");
  assert.equal(session.isLive(), false);
  await loading;
  await settled();
  assert.equal(session.state.info.state, "ended");
  assert.equal(session.isLive(), false);
});

test("a run that there is not is said to be missing", async () => {
  const session = await shown(server([entry("shop.9")]), { run: "shop.1" });
  assert.equal(session.state.phase, "missing");
  assert.equal(session.state.run, null);
});

test("without a run in the address, the newest is shown", async () => {
  const api = server([entry("shop.9", { state: "live", end: null }), entry("shop.8")]);
  const session = await shown(api, {});
  assert.equal(session.state.info.id, "shop.9");
  assert.equal(session.isLive(), true);
  stop(api);
  assert.equal(session.isLive(), false);
  assert.equal(session.state.info.end, START + 9000);
});

test("a run of the test that begins later, and a live one of another test, are told", async () => {
  const api = server([entry("shop.1")]);
  const session = await shown(api, {});
  stop(api);
  api.listed = [
    entry("shop.2", { state: "live", end: null, start: START + 20_000 }),
    entry("cart.1", { state: "live", end: null, start: START + 10_000 }),
    entry("shop.1"),
  ];
  session.tick({ run: "shop.1" });
  await settled();
  assert.equal(session.state.newer.id, "shop.2");
  assert.equal(session.state.elsewhere.id, "cart.1");
  session.show("shop.2");
  assert.equal(session.state.newer, null);
});

test("figures of a run that are known stay when a list comes without them", async () => {
  const api = server([entry("shop.1")]);
  const session = await shown(api, {});
  api.listed = [entry("shop.1", { thresholds: [{ passes: true }] })];
  await session.refreshRuns();
  api.listed = [entry("shop.1")];
  await session.load({ run: "shop.1" });
  assert.equal(session.state.runs[0].thresholds.length, 1);
});
