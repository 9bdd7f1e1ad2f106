import assert from "node:assert/strict";
import { test } from "node:test";
import { createPoller } from "../scripts/data/poller.js";

/** A poller on a clock of its own; `answer` and `fail` settle the question that is open. */
function setUp() {
  const asked = [];
  const timers = [];
  let time = 0;
  let changes = 0;
  const load = (previous) => new Promise((answer, fail) => asked.push({ previous, answer, fail }));
  const poller = createPoller(load, () => (changes += 1), {
    wait: 2000,
    now: () => time,
    later: (run, ms) => timers.push({ run, at: time + ms }),
  });
  const settle = () => new Promise((resolve) => setImmediate(resolve));
  return {
    poller,
    asked,
    changes: () => changes,
    async answer(value) {
      asked.at(-1).answer(value);
      await settle();
    },
    async fail(message) {
      asked.at(-1).fail(new Error(message));
      await settle();
    },
    pass(ms) {
      time += ms;
      for (const timer of timers.filter((t) => t.at <= time)) {
        timers.splice(timers.indexOf(timer), 1);
        timer.run();
      }
    },
  };
}

test("what comes while a question is open is asked once, after the wait", async () => {
  const { poller, asked, answer, pass } = setUp();
  poller.request(1);
  poller.request(2);
  poller.request(3);
  assert.equal(asked.length, 1);
  await answer("first");
  assert.equal(asked.length, 1);
  pass(1999);
  assert.equal(asked.length, 1);
  pass(1);
  assert.equal(asked.length, 2);
  assert.equal(asked[1].previous, "first");
  await answer("second");
  pass(10_000);
  assert.equal(asked.length, 2);
  assert.equal(poller.state.value, "second");
});

test("the same stamp is not asked for again", async () => {
  const { poller, asked, answer, changes, pass } = setUp();
  poller.request(1);
  await answer("value");
  pass(5000);
  poller.request(1);
  assert.equal(asked.length, 1);
  assert.equal(changes(), 1);
});

test("a failure keeps the value and is told until the next answer", async () => {
  const { poller, asked, answer, fail, pass } = setUp();
  poller.request(1);
  await answer("value");
  pass(5000);
  poller.request(2);
  await fail("no route");
  assert.deepEqual(poller.state, { value: "value", problem: "no route" });
  pass(5000);
  poller.retry();
  assert.equal(asked.length, 3);
  await answer("again");
  assert.deepEqual(poller.state, { value: "again", problem: null });
});

test("who has closed hears no more", async () => {
  const { poller, answer, changes, pass, asked } = setUp();
  poller.request(1);
  poller.request(2);
  poller.close();
  await answer("value");
  pass(5000);
  assert.equal(changes(), 0);
  assert.equal(asked.length, 1);
});
