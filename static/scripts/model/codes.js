/**
 * What statuses and k6's error codes mean, in words.
 *
 * Codes: https://grafana.com/docs/k6/latest/javascript-api/error-codes/; HTTP statuses: the IANA
 * registry and RFC 9110; errors of HTTP/2: RFC 9113, section 7. The words are in a file that the report
 * reads too: by code and status; errors of HTTP/2 in the order of their numbers, from 0 (k6 adds number + 1 to
 * the code of the kind); ranges for codes that have no words of their own; classes of statuses by digit.
 */

import WORDS from "../../../report/src/codes.json" with { type: "json" };

const { codes: CODES, http2: HTTP2, ranges: RANGES, statuses: STATUSES, classes: CLASS_TEXTS } = WORDS;

/** Classes of statuses, in the order of the chart; colours by meaning. */
export const CLASSES = [
  { id: "2xx", label: "2xx", color: "--series-3" },
  { id: "3xx", label: "3xx", color: "--series-5" },
  { id: "4xx", label: "4xx", color: "--series-2" },
  { id: "5xx", label: "5xx", color: "--bad" },
  { id: "0", label: "no response", color: "--series-4" },
  { id: "other", label: "other", color: "--series-8" },
];

/**
 * The class of a status, as in `CLASSES`.
 *
 * @param {string} status
 */
export function classOf(status) {
  if (status === "0") return "0";
  return /^[2-5]\d\d$/.test(status) ? `${status[0]}xx` : "other";
}

/**
 * Whether a row of statuses stands for something that failed: by its status, or by an error code.
 *
 * @param {string} status
 * @param {string} code
 */
export function isError(status, code) {
  return code !== "" || status === "0" || Number(status) >= 400;
}

/**
 * A status in words, or "" for one that has none.
 *
 * @param {string} status
 */
export function statusText(status) {
  return Object.hasOwn(STATUSES, status) ? STATUSES[status] : "";
}

/**
 * What went wrong, in words: by the error code where there is one, or else by the status.
 *
 * @param {string} status
 * @param {string} code
 */
export function errorText(status, code) {
  return (code && codeText(code)) || statusText(status) || classText(status);
}

/** @param {string} code */
function codeText(code) {
  if (!/^1\d{3}$/.test(code)) return "";
  const number = Number(code);
  if (number >= 1400 && number <= 1599) {
    const status = String(number - 1000);
    return statusText(status) || classText(status);
  }
  if (Object.hasOwn(CODES, number)) return CODES[number];
  for (const kind of [1610, 1630, 1650]) {
    const detail = HTTP2[number - kind - 1];
    if (detail) return `${CODES[kind]} (${detail})`;
  }
  return (
    /** @type {[number, number, string][]} */ (RANGES).find(
      ([from, to]) => number >= from && number <= to,
    )?.[2] ?? ""
  );
}

/** @param {string} status */
function classText(status) {
  return /^[45]\d\d$/.test(status) ? CLASS_TEXTS[status[0]] : "";
}
