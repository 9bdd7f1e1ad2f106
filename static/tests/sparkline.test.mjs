import assert from "node:assert/strict";
import { test } from "node:test";
import { condense } from "../scripts/components/sparkline.js";

test("few values stay as they are, without those that are missing", () => {
  assert.deepEqual(condense([1, null, 3]), [1, 3]);
  assert.deepEqual(condense([]), []);
});

test("many values become means of equal shares, none left out", () => {
  const means = condense(Array.from({ length: 3800 }, (_, i) => Math.floor(i / 100)));
  assert.deepEqual(
    means,
    Array.from({ length: 38 }, (_, i) => i),
  );
});
