import assert from "node:assert/strict";
import { test } from "node:test";
import { link } from "../link.mjs";

const run = async (files) => {
  const script = await link(
    "main",
    async (path) => files[path],
    (specifier) => specifier,
  );
  const seen = [];
  new Function("say", script)((word) => seen.push(word));
  return seen;
};

test("imports find exports of every form in use, once, in order", async () => {
  const seen = await run({
    main: `import { a as first, b } from "one"; import two from "two"; import { a } from "again"; say(first + b() + two + a);`,
    one: `say("one"); export const a = "a"; export function b() { return "b"; }`,
    two: `const x = "$&"; export default x;`,
    again: `export { a } from "one";`,
  });
  assert.deepEqual(seen, ["one", "ab$&a"]);
});

test("a form that is not known is refused", async () => {
  await assert.rejects(run({ main: `export * from "one";`, one: "" }), /not linked/);
});
