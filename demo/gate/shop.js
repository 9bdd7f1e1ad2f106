// A load test of three steps, whose end starts the gate.
//
//   k6 run -o influxdb=http://localhost:5660/shop -e TARGET=http://localhost:8080 shop.js
//
// TARGET    what is tested
// LOADGATE  where "finished" is posted; without it, nowhere
// TEST      the test's name in Loadgate
// RUN       the run's, where several may be under way; give k6 the same: --tag testid=$RUN
// TOKEN     Loadgate's write token, if it has one
// CONTEXT   whatever the pipeline wants to ask for the verdict by

import http from "k6/http";
import { check, sleep } from "k6";
import { step } from "./step.js";

const target = __ENV.TARGET || "http://localhost:8080";
const test = __ENV.TEST || "shop";
const json = { headers: { "content-type": "application/json" } };

export const options = {
  vus: Number(__ENV.VUS || 5),
  duration: __ENV.DURATION || "1m",
  thresholds: { http_req_failed: ["rate<0.01"] },
};

export function setup() {
  return { start: Date.now() };
}

export default function () {
  const login = http.post(`${target}/login`, JSON.stringify({ user: "k6" }), step("Login", json));
  check(login, { "is logged in": (answer) => answer.status === 200 });
  http.get(`${target}/cart`, step("Cart"));
  http.post(`${target}/orders`, "{}", step("Order", json));
  sleep(Number(__ENV.PAUSE || 1));
}

export function teardown({ start }) {
  if (!__ENV.LOADGATE) return;
  const event = {
    "event.kind": "SDLC_EVENT",
    "event.provider": "k6",
    "event.type": "test",
    "event.category": "task",
    "event.status": "finished",
    "task.name": test,
    start_time: new Date(start).toISOString(),
    end_time: new Date().toISOString(),
  };
  if (__ENV.RUN) event["task.id"] = __ENV.RUN;
  if (__ENV.CONTEXT) event.execution_context = __ENV.CONTEXT;
  const headers = { ...json.headers };
  if (__ENV.TOKEN) headers.authorization = `Bearer ${__ENV.TOKEN}`;
  // Not a request of the test's: its own name keeps it out of the steps.
  const tags = { name: "finished" };
  const answer = http.post(`${__ENV.LOADGATE}/platform/ingest/v1/events.sdlc`, JSON.stringify(event), {
    headers,
    tags,
  });
  if (answer.status !== 202) console.error(`the end was not told: ${answer.status} ${answer.body}`);
}
