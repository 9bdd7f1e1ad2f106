import assert from "node:assert/strict";
import { test } from "node:test";
import { classOf, isError, sayError } from "../scripts/codes.js";

test("an error is a status from 400, no response, or an error code whatever the status", () => {
  assert.deepEqual(
    [
      ["200", ""],
      ["302", ""],
      ["404", ""],
      ["503", "1503"],
      ["0", ""],
      ["200", "1701"],
      ["", ""],
    ].map(([status, code]) => isError(status, code)),
    [false, false, true, true, true, true, false],
  );
});

test("codes of HTTP statuses are said as their status, unknown statuses by their class", () => {
  assert.equal(sayError("404", "1404"), "Not found");
  assert.equal(sayError("503", ""), "Service unavailable");
  assert.equal(sayError("499", "1499"), "The server found fault with the request");
  assert.equal(sayError("599", "1599"), "The server failed");
});

test("codes of HTTP/2 say their kind and the error's own number", () => {
  assert.equal(sayError("0", "1610"), "HTTP/2: the server ended the connection");
  assert.equal(sayError("0", "1611"), "HTTP/2: the server ended the connection (no error given)");
  assert.equal(sayError("0", "1639"), "HTTP/2: the stream failed (stream cancelled)");
  assert.equal(sayError("0", "1664"), "HTTP/2: the connection failed (HTTP/1.1 is required)");
});

test("a code that is not known is said by its range, or by the status", () => {
  assert.equal(sayError("0", "1299"), "The TCP connection failed");
  assert.equal(sayError("0", "1999"), "No response");
  assert.equal(sayError("0", "1e3"), "No response");
  assert.equal(sayError("0", "toString"), "No response");
});

test("statuses have a class, whatever stands in their tag", () => {
  assert.deepEqual(["200", "399", "404", "503", "0", "", "99999", "constructor"].map(classOf), [
    "2xx",
    "3xx",
    "4xx",
    "5xx",
    "0",
    "other",
    "other",
    "other",
  ]);
});
