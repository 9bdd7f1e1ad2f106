import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { documentTypes, FILE } from "../schema-types.mjs";

test("the types of the server's documents are those of its schemas", async () => {
  assert.equal(await readFile(FILE, "utf8"), await documentTypes(), "run `npm run types`");
});
