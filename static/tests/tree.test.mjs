import assert from "node:assert/strict";
import { test } from "node:test";
import { treeOf } from "../scripts/model/tree.js";

const rows = (...paths) => paths.map((path) => ({ key: [path] }));
const drawn = (lines) =>
  lines.map(({ row, depth, inner }) => `${"  ".repeat(depth)}${row.key[0]}${inner ? " +" : ""}`);

test("rows stand below those that they are in, siblings in the order that they came in", () => {
  const list = rows("::b::y", "::ab", "::b", "::a", "::b::x::deep", "::b::x", "::a::c");
  assert.deepEqual(drawn(treeOf(list, new Set())), [
    "::ab",
    "::b +",
    "  ::b::y",
    "  ::b::x +",
    "    ::b::x::deep",
    "::a +",
    "  ::a::c",
  ]);
});

test("what is in a closed row is left out, however deep, and the row stays", () => {
  const list = rows("::a", "::a::b", "::a::b::c", "::d");
  assert.deepEqual(drawn(treeOf(list, new Set(["::a"]))), ["::a +", "::d"]);
  assert.deepEqual(drawn(treeOf(list, new Set(["::a::b"]))), ["::a +", "  ::a::b +", "::d"]);
});

test("a row whose parent is missing stands below the next that is there, and none is lost", () => {
  const list = rows("::a", "::a::b::c", "::x::y", "(other)");
  assert.deepEqual(drawn(treeOf(list, new Set())), ["::a +", "  ::a::b::c", "::x::y", "(other)"]);
});
