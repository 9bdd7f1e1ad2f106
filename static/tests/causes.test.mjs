import assert from "node:assert/strict";
import { test } from "node:test";
import { causesOf } from "../scripts/model/causes.js";

test("a cause is what several requests died of alike, the most frequent first, and none is lost", () => {
  const row = (name, status, code, count, error) => ({
    key: ["GET", name, status, code],
    count,
    first: 0,
    last: 0,
    ...(error && { error }),
  });
  const rows = [
    row("a", "500", "1500", 3),
    row("b", "0", "1212", 2, "dial: connection refused"),
    row("c", "0", "1212", 4, "dial: connection refused"),
    row("d", "0", "1212", 1, "another"),
    { key: ["(other)"], count: 9, first: 0, last: 0 },
  ];
  const causes = causesOf(rows);
  assert.deepEqual(
    causes.map(({ key, count, requests }) => [...key, count, requests]),
    [
      ["", "", "", 9, 1],
      ["0", "1212", "dial: connection refused", 6, 2],
      ["500", "1500", "", 3, 1],
      ["0", "1212", "another", 1, 1],
    ],
  );
});
