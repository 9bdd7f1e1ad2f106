/** gRPC's calls among the rows of requests, and those of them that failed. Pure. */

/**
 * `rows` are those with failures, each with how many as `failures`; `failed` and `count` are sums over all calls. A
 * call's name is its method's path, and its "method" the last part of that.
 *
 * @template {{ key: string[], count: number, failed: number | null }} Row
 * @param {Row[]} requests
 */
export function failedCalls(requests) {
  const calls = requests.filter(
    ({ key: [method, name] }) => name?.startsWith("/") && name.endsWith(`/${method}`),
  );
  const rows = calls
    .map((row) => ({ ...row, failures: Math.round(row.count * (row.failed ?? 0)) }))
    .filter(({ failures }) => failures > 0);
  const sum = (/** @type {number[]} */ figures) => figures.reduce((all, one) => all + one, 0);
  return {
    rows,
    failed: sum(rows.map(({ failures }) => failures)),
    count: sum(calls.map(({ count }) => count)),
  };
}
