import assert from "node:assert/strict";
import { test } from "node:test";
import { createTurns } from "../scripts/charts/turns.js";

/** Pieces that take 10 ms each, and tasks that come when they are told to. */
function clockwork() {
  let ms = 0;
  const tasks = [];
  const done = [];
  const { inTurn, afterTurns } = createTurns({ now: () => ms, later: (task) => tasks.push(task) });
  const piece = (name) => inTurn(() => (done.push(name), (ms += 10)));
  const run = () => tasks.splice(0).forEach((task) => task());
  return { done, piece, run, tasks, afterTurns };
}

test("a turn takes what is short together, and leaves the rest to the next ones in order", () => {
  const { done, piece, run } = clockwork();
  for (const name of ["a", "b", "c", "d", "e"]) piece(name);
  assert.deepEqual(done, [], "what asks for it has its own work in the task");
  run();
  assert.deepEqual(done, ["a", "b"]);
  run();
  assert.deepEqual(done, ["a", "b", "c", "d"]);
  run();
  assert.deepEqual(done, ["a", "b", "c", "d", "e"]);
});

test("what is taken back is not done, and later work has its turn again", () => {
  const { done, piece, run, tasks } = clockwork();
  piece("a");
  piece("b");
  const takeBack = piece("c");
  piece("d");
  takeBack();
  run();
  run();
  assert.deepEqual(done, ["a", "b", "d"]);
  while (tasks.length > 0) run();
  piece("e");
  run();
  assert.deepEqual(done, ["a", "b", "d", "e"]);
});

test("what is to come after all pieces waits for the last of them, and for none if there is none", () => {
  const { done, piece, run, afterTurns } = clockwork();
  afterTurns(() => done.push("at once"));
  for (const name of ["a", "b", "c"]) piece(name);
  afterTurns(() => done.push("after"));
  run();
  run();
  assert.deepEqual(done, ["at once", "a", "b", "c", "after"]);
});
