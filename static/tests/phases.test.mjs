import assert from "node:assert/strict";
import { test } from "node:test";
import { ALL, withChoice, chooseRows, hasChoice, LOAD, phaseOf } from "../scripts/model/phases.js";

test("setup and teardown are told by a request's key and by a group's name", () => {
  assert.equal(phaseOf("requests", ["GET", "/", "setup"]), "setup");
  assert.equal(phaseOf("requests", ["GET", "setup"]), null);
  assert.equal(phaseOf("statuses", ["GET", "/", "200", "", "teardown"]), "teardown");
  assert.equal(phaseOf("statuses", ["GET", "/", "200", ""]), null);
  assert.equal(phaseOf("groups", ["::setup::login"]), "setup");
  assert.equal(phaseOf("groups", ["::setups"]), null);
  assert.equal(phaseOf("checks", ["::teardown", "gone"]), "teardown");
  assert.equal(phaseOf("checks", ["(other)"]), null);
  assert.equal(phaseOf("scenarios", ["::setup"]), null);
});

test("there is a choice only where something can be left out", () => {
  const load = { key: ["GET", "/"] };
  const setup = { key: ["POST", "/login", "setup"] };
  assert.deepEqual(chooseRows("requests", [load, setup], null), { shown: [load, setup], choice: true });
  assert.deepEqual(chooseRows("requests", [load, setup], "load"), { shown: [load], choice: true });
  assert.deepEqual(chooseRows("requests", [load], "load"), { shown: [load], choice: false });
});

test("an address holds several choices of rows, and each is taken back alone", () => {
  const both = withChoice(withChoice(null, LOAD, true), ALL, true);
  assert.equal(both, "all-load");
  assert.ok(hasChoice(both, LOAD) && hasChoice(both, ALL));
  assert.equal(withChoice(both, LOAD, false), "all");
  assert.equal(withChoice("all", ALL, false), null);
  assert.equal(withChoice("load", LOAD, true), "load");
  const setup = { key: ["POST", "/login", "200", "", "setup"] };
  assert.deepEqual(chooseRows("statuses", [setup], both).shown, []);
});
