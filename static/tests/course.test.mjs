import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { courseOf } from "../scripts/model/course.js";

const { cases } = JSON.parse(readFileSync(new URL("course-vectors.json", import.meta.url), "utf8"));

test("how a line went is said as in the report", () => {
  assert.ok(cases.length > 10);
  for (const { values, course } of cases) assert.deepEqual(courseOf(values), course, String(values));
});
