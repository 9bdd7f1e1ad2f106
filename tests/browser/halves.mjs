/**
 * A run of two halves that differ in every figure, as InfluxDB's lines, and its figures computed from these alone: what is
 * shown of a wrong part is a wrong figure.
 */

export const START = 1_795_000_000;
/**
 * Every request of a run of `seconds`: 5 a second at first, slow and every tenth failed; then 20 a second, fast and well;
 * `half` is when that begins; `swapped` is the other way round.
 */
export function requests(seconds = 120, half = 60, swapped = false) {
  const found = [];
  for (let second = 0; second < seconds; second += 1) {
    const early = second < half !== swapped;
    const rate = early ? 5 : 20;
    for (let n = 0; n < rate; n += 1) {
      const number = found.length;
      found.push({
        at: second + n / rate,
        ms: early ? 400 + ((number * 37) % 200) : 20 + ((number * 13) % 30),
        failed: early && number % 10 === 0,
        name: early ? (number % 3 === 0 ? "pay" : "cart") : number % 3 === 0 ? "home" : "cart",
        checked: !early || number % 4 !== 0,
      });
    }
  }
  return found;
}

/** The VUs: up for ten seconds, 10 of them, and down in the last ten. */
export const vusAt = (second, seconds) => Math.max(1, Math.min(10, second, seconds - second));

/** InfluxDB's lines, second by second: what comes behind its window counts in a later one. */
export function lines(list, seconds, start = START) {
  const ns = (at) => `${Math.round((start + at) * 1000)}000000`;
  const written = [];
  for (let second = 0; second < seconds; second += 1) {
    written.push(`vus value=${vusAt(second, seconds)} ${ns(second)}`);
    written.push(`iterations,scenario=default value=1 ${ns(second)}`);
    // What only the first half has.
    if (second < seconds / 2) written.push(`cart_size value=${second} ${ns(second)}`);
    for (const { at, ms, failed, name, checked } of list.filter(({ at }) => Math.floor(at) === second)) {
      const tags = `name=${name},method=GET,status=${failed ? 503 : 200},scenario=default`;
      written.push(
        `http_reqs,${tags} value=1 ${ns(at)}`,
        `http_req_duration,${tags} value=${ms} ${ns(at)}`,
        `http_req_failed,${tags} value=${failed ? 1 : 0} ${ns(at)}`,
        `checks,check=is\\ quick,scenario=default value=${checked ? 1 : 0} ${ns(at)}`,
      );
    }
  }
  return written;
}

/** What a part comes to: the requests of its windows, counted one by one. */
export function figuresOf(list, from, to) {
  const inside = list.filter(({ at }) => at >= from && at < to);
  const sorted = inside.map(({ ms }) => ms).sort((a, b) => a - b);
  // The nearest rank; sketches are exact to 0.1 %, and values are whole numbers.
  const percentile = (p) => sorted[Math.max(0, Math.ceil((p / 100) * sorted.length) - 1)];
  return {
    count: inside.length,
    rate: inside.length / (to - from),
    failed: inside.filter(({ failed }) => failed).length / inside.length,
    p95: percentile(95),
    med: percentile(50),
    max: sorted.at(-1),
    checkFails: inside.filter(({ checked }) => !checked).length,
    named: (wanted) => inside.filter(({ name }) => name === wanted),
  };
}

/** What k6's options say of it: limits that the first half breaks and the second holds, and one on what only the first has. */
export const OPTIONS = {
  thresholds: {
    http_req_duration: ["p(95)<100"],
    http_req_failed: ["rate<0.05"],
    cart_size: ["value<100"],
  },
  scenarios: { default: { executor: "ramping-vus" } },
};

/** Sends a run of it as `TEST.1`, ended. */
export async function sendHalves(url, test, { seconds = 120, swapped = false } = {}) {
  const list = requests(seconds, seconds / 2, swapped);
  const put = async (path, method, body) => {
    const answer = await fetch(`${url}${path}`, { method, body });
    if (!answer.ok) throw new Error(`${path}: ${await answer.text()}`);
  };
  await put(`/tests/${test}/metrics`, "PUT", JSON.stringify({ cart_size: "gauge" }));
  await put(`/tests/${test}/options`, "PUT", JSON.stringify(OPTIONS));
  await put(`/write?db=${test}`, "POST", lines(list, seconds).join("\n"));
  await put(`/runs/${test}.1/finish`, "POST");
  return list;
}
