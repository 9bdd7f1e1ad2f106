// One call for a request of a step: its header tells the server under test who asks, its tag tells Loadgate.
//
//   import { step } from './step.js';
//   http.get(`${target}/login`, step('Login'));

import exec from "k6/execution";

/** A value of the header: its separators would end it. */
function value(text) {
  return String(text).replace(/[;=\r\n]/g, " ");
}

/**
 * The parameters of a request that belongs to a step: `params` with the header `x-dynatrace-test` and the tag
 * `name`, which is the row that the step has in Loadgate.
 *
 * @param {string} name The test step (TSN).
 * @param {object} [params] What the request has anyway: headers, tags, timeout …
 * @param {string} [page] The page that the step is of (PC).
 */
export function step(name, params = {}, page = name) {
  // Setup and teardown have no VU of the scenario's.
  const scenario = exec.vu.idInTest > 0 ? exec.scenario.name : "";
  const fields = {
    VU: exec.vu.idInTest,
    SI: "k6",
    TSN: name,
    LSN: __ENV.LSN || scenario || "script",
    LTN: __ENV.LTN || "k6",
    PC: page,
  };
  const header = Object.entries(fields).map(([key, text]) => `${key}=${value(text)};`);
  return {
    ...params,
    headers: { ...params.headers, "x-dynatrace-test": header.join("") },
    tags: { ...params.tags, name },
  };
}
