import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { causesOf } from "../scripts/model/causes.js";

const vectors = JSON.parse(readFileSync(new URL("cause-vectors.json", import.meta.url), "utf8"));

test("a cause is what several requests died of alike, the most frequent first, as in the report", () => {
  assert.deepEqual(causesOf(vectors.rows), vectors.causes);
});

test("rows beyond those that are kept apart have a cause of their own, so that none is lost", () => {
  const other = { key: ["(other)"], count: 9, first: 0, last: 0 };
  assert.deepEqual(
    causesOf([...vectors.rows, other]).map(({ count }) => count),
    [9, ...vectors.causes.map(({ count }) => count)],
  );
});
