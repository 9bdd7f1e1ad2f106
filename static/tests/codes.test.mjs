import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { classOf, isError, errorText } from "../scripts/model/codes.js";

test("an error is a status from 400, no response, or an error code whatever the status", () => {
  assert.deepEqual(
    [
      ["200", ""],
      ["302", ""],
      ["404", ""],
      ["503", "1503"],
      ["0", ""],
      ["200", "1701"],
      ["", ""],
    ].map(([status, code]) => isError(status, code)),
    [false, false, true, true, true, true, false],
  );
});

test("errors mean what they mean in the report", () => {
  const vectors = JSON.parse(readFileSync(new URL("code-vectors.json", import.meta.url)));
  for (const [status, code, words] of vectors) {
    if (words === "") assert.ok(!isError(status, code), `${status} ${code}`);
    else assert.equal(errorText(status, code), words, `${status} ${code}`);
  }
});

test("statuses have a class, whatever stands in their tag", () => {
  assert.deepEqual(["200", "399", "404", "503", "0", "", "99999", "constructor"].map(classOf), [
    "2xx",
    "3xx",
    "4xx",
    "5xx",
    "0",
    "other",
    "other",
    "other",
  ]);
});
