import assert from "node:assert/strict";
import { test } from "node:test";
import { choicesOf, filterWords, groupingsOf, likeRequests, queryOf } from "../scripts/model/facets.js";
import { formatRoute, parseRoute } from "../scripts/router.js";

test("without a choice nobody is asked, and whatever is chosen is asked for", () => {
  assert.equal(queryOf("name", {}, null), null);
  assert.equal(queryOf("name", {}, "load"), null);
  assert.deepEqual(queryOf("status", {}, null), [["by", "status"]]);
  assert.deepEqual(queryOf("name", { group: "", status: "5xx" }, "all-load"), [
    ["by", "method,name,phase"],
    ["group", ""],
    ["status", "5xx"],
    ["phase", "load"],
  ]);
});

test("rows by name have the keys of the run's own table", () => {
  const key = (...parts) => likeRequests({ key: parts }).key;
  assert.deepEqual(key("GET", "/", "load"), ["GET", "/"]);
  assert.deepEqual(key("GET", "/", "setup"), ["GET", "/", "setup"]);
  assert.deepEqual(key("(other)"), ["(other)"]);
});

test("what all requests have in common is no choice", () => {
  const rows = (...keys) => keys.map((key) => ({ key }));
  const none = { requests: [], statuses: [], checks: [], groups: [], scenarios: [] };
  const values = (tables) =>
    Object.fromEntries(
      Object.entries(choicesOf({ tables: { ...none, ...tables } })).map(([facet, list]) => [
        facet,
        list.map(([value]) => value),
      ]),
    );
  assert.deepEqual(values({ scenarios: rows(["one"]), statuses: rows(["GET", "/", "200", ""]) }), {
    scenario: [],
    group: [],
    status: [],
    expected: [],
    tag: [],
  });
  assert.deepEqual(
    values({
      requests: [{ key: ["GET", "/"], failed: 0.5 }],
      scenarios: rows(["b"], ["a"], ["(other)"]),
      requestTags: { region: ["", "eu"] },
      groups: rows(["::x::y"], ["::x"]),
      statuses: rows(
        ["GET", "/", "200", ""],
        ["GET", "/", "404", "1404"],
        ["GET", "/", "0", "1212"],
        ["(other)"],
      ),
    }),
    {
      scenario: ["a", "b"],
      group: ["::x", "::x::y", ""],
      status: ["2xx", "4xx", "0", "200", "404"],
      expected: ["true", "false"],
      tag: ["region:", "region:eu"],
    },
  );
});

test("filters are named in words", () => {
  assert.equal(
    filterWords({ scenario: "buy", group: "::cart::pay", status: "4xx", expected: "false" }),
    "scenario buy, group cart › pay, status 4xx, answers that were not expected",
  );
  assert.equal(filterWords({ group: "" }), "outside of groups");
  assert.equal(filterWords({ scenario: "", expected: "" }), "no scenario, answers of which it is not known");
  assert.equal(filterWords({}), "");
});

test("an address keeps what is filtered and grouped by, an empty value too", () => {
  const address = "?run=a.1&tab=requests&by.requests=status&only.group=&only.scenario=buy";
  const route = parseRoute(address);
  assert.deepEqual(route.look, { "by.requests": "status", "only.group": "", "only.scenario": "buy" });
  assert.deepEqual(parseRoute(formatRoute(route)), route);
});

test("a tag that the run keeps, or that the address names, is a grouping, and filters have words", () => {
  const tables = { requests: [], statuses: [], checks: [], groups: [], scenarios: [] };
  assert.deepEqual(groupingsOf({ tables }, "name"), ["name"]);
  assert.deepEqual(groupingsOf({ tables }, "tag:tier"), ["name", "tag:tier"]);
  const kept = { ...tables, requestTags: { region: ["eu"] } };
  assert.deepEqual(groupingsOf({ tables: kept }, "tag:region"), ["name", "tag:region"]);
  assert.deepEqual(queryOf("tag:region", { tag: "region:a:b" }, null), [
    ["by", "tag:region"],
    ["tag", "region:a:b"],
  ]);
  assert.equal(filterWords({ status: "404", tag: "region:a:b" }), "status 404, region: a:b");
  assert.equal(filterWords({ tag: "region:" }), "no region");
});
