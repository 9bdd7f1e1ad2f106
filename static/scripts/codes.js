/**
 * What statuses and k6's error codes mean, in words.
 *
 * Codes: https://grafana.com/docs/k6/latest/javascript-api/error-codes/; HTTP statuses: the IANA
 * registry and RFC 9110; errors of HTTP/2: RFC 9113, section 7.
 */

const CODES = {
  1000: "Failed for a reason that has no code of its own",
  1010: "Network failure outside TCP",
  1020: "The URL is not valid",
  1050: "No answer within the request's timeout",
  1100: "Looking up the host name failed",
  1101: "The host name has no address",
  1110: "The address is on k6's blacklist",
  1111: "The host name is blocked in k6's options",
  1200: "The TCP connection failed",
  1201: "The connection was closed while k6 was sending",
  1202: "Network failure with a system error k6 does not know",
  1210: "Could not connect",
  1211: "Connecting took too long",
  1212: "The connection was refused: nothing listens there",
  1213: "Could not connect, with a system error k6 does not know",
  1220: "The other side reset the connection",
  1300: "The TLS handshake failed",
  1310: "The certificate is signed by an unknown authority",
  1311: "The certificate is for another host name",
  1600: "HTTP/2 failed",
  1610: "HTTP/2: the server ended the connection",
  1630: "HTTP/2: the stream failed",
  1650: "HTTP/2: the connection failed",
  1701: "The body could not be decompressed",
};

/** In the order of their numbers, from 0; k6 adds number + 1 to the code of the kind. */
const HTTP2 = [
  "no error given",
  "protocol violated",
  "internal error",
  "flow control violated",
  "settings not acknowledged in time",
  "frame for a closed stream",
  "frame of a wrong size",
  "stream refused",
  "stream cancelled",
  "headers could not be compressed",
  "CONNECT tunnel failed",
  "too many requests: asked to calm down",
  "TLS is not secure enough",
  "HTTP/1.1 is required",
];

const RANGES = [
  [1000, 1099, "Failure of a general kind"],
  [1100, 1199, "Looking up the host name failed"],
  [1200, 1299, "The TCP connection failed"],
  [1300, 1399, "TLS failed"],
  [1600, 1699, "HTTP/2 failed"],
];

const STATUSES = {
  0: "No response",
  100: "Continue",
  101: "Switching protocols",
  103: "Early hints",
  200: "OK",
  201: "Created",
  202: "Accepted",
  203: "Non-authoritative information",
  204: "No content",
  205: "Reset content",
  206: "Partial content",
  207: "Multi-status",
  300: "Multiple choices",
  301: "Moved permanently",
  302: "Found elsewhere",
  303: "See other",
  304: "Not modified",
  307: "Temporary redirect",
  308: "Permanent redirect",
  400: "Bad request",
  401: "Unauthorized",
  402: "Payment required",
  403: "Forbidden",
  404: "Not found",
  405: "Method not allowed",
  406: "Not acceptable",
  407: "Proxy authentication required",
  408: "Request timeout",
  409: "Conflict",
  410: "Gone",
  411: "Length required",
  412: "Precondition failed",
  413: "Content too large",
  414: "URI too long",
  415: "Unsupported media type",
  416: "Range not satisfiable",
  417: "Expectation failed",
  421: "Misdirected request",
  422: "Unprocessable content",
  423: "Locked",
  424: "Failed dependency",
  425: "Too early",
  426: "Upgrade required",
  428: "Precondition required",
  429: "Too many requests",
  431: "Header fields too large",
  451: "Unavailable for legal reasons",
  500: "Internal server error",
  501: "Not implemented",
  502: "Bad gateway",
  503: "Service unavailable",
  504: "Gateway timeout",
  505: "HTTP version not supported",
  507: "Insufficient storage",
  508: "Loop detected",
  511: "Network authentication required",
};

/** Classes of statuses, in the order they are told; colours by meaning. */
export const CLASSES = [
  { id: "2xx", label: "2xx", color: "--series-3" },
  { id: "3xx", label: "3xx", color: "--series-5" },
  { id: "4xx", label: "4xx", color: "--series-2" },
  { id: "5xx", label: "5xx", color: "--bad" },
  { id: "0", label: "no response", color: "--series-4" },
  { id: "other", label: "other", color: "--series-8" },
];

/** The class of a status, as in `CLASSES`. */
export function classOf(status) {
  if (status === "0") return "0";
  return /^[2-5]\d\d$/.test(status) ? `${status[0]}xx` : "other";
}

/** Whether a row of statuses tells of something that failed: by its status, or by an error code. */
export function isError(status, code) {
  return code !== "" || status === "0" || Number(status) >= 400;
}

/** A status in words, or "" for one that has none. */
export function sayStatus(status) {
  return Object.hasOwn(STATUSES, status) ? STATUSES[status] : "";
}

/** What went wrong, in words: by the error code where there is one, or else by the status. */
export function sayError(status, code) {
  return (code && sayCode(code)) || sayStatus(status) || sayClass(status);
}

function sayCode(code) {
  if (!/^1\d{3}$/.test(code)) return "";
  const number = Number(code);
  if (number >= 1400 && number <= 1599) {
    const status = String(number - 1000);
    return sayStatus(status) || sayClass(status);
  }
  if (Object.hasOwn(CODES, number)) return CODES[number];
  for (const kind of [1610, 1630, 1650]) {
    const detail = HTTP2[number - kind - 1];
    if (detail) return `${CODES[kind]} (${detail})`;
  }
  return RANGES.find(([from, to]) => number >= from && number <= to)?.[2] ?? "";
}

function sayClass(status) {
  if (/^4\d\d$/.test(status)) return "The server found fault with the request";
  return /^5\d\d$/.test(status) ? "The server failed" : "";
}
