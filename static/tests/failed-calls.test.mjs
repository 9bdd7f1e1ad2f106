import assert from "node:assert/strict";
import { test } from "node:test";
import { failedCalls } from "../scripts/model/failed-calls.js";

test("failed calls are those of gRPC, and HTTP's failures are none of them", () => {
  const row = (key, count, failed) => ({ key, count, failed });
  const nothing = row(["SayNothing", "/hello.Hello/SayNothing", "UNAVAILABLE"], 10, 1);
  const found = failedCalls([
    row(["SayHello", "/hello.Hello/SayHello"], 30, 0),
    nothing,
    row(["GET", "/pay"], 7, 1),
    row(["(other)"], 7, 1),
  ]);
  assert.deepEqual(found, { rows: [{ ...nothing, failures: 10 }], failed: 10, count: 40 });
});
