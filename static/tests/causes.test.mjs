import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { causesOf } from "../scripts/model/causes.js";

/** The report's are held by the same. */
const vectors = JSON.parse(await readFile(new URL("cause-vectors.json", import.meta.url), "utf8"));

test("a cause is what several requests died of alike, the most frequent first, and none is lost", () => {
  const causes = causesOf(vectors.rows);
  assert.deepEqual(
    causes.map(({ key, count, requests }) => [...key, count, requests]),
    vectors.causes,
  );
});
