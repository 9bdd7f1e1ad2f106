/** How values are distributed: bins joined for drawing, the percentile curve, places on an axis. Pure. */

/**
 * A scale from values to shares of an axis' width, 0 to 1: logarithmic where all values are above
 * zero, or linear. `ticks` are round values inside.
 */
export function scaleOf(low, high) {
  if (low > 0) {
    const from = Math.log(low);
    const range = Math.log(high) - from || 1;
    return {
      low,
      high,
      place: (value) => (Math.log(Math.max(value, low)) - from) / range,
      value: (share) => Math.exp(from + share * range),
      ticks: high / low >= 2.5 ? logTicks(low, high) : linearTicks(low, high),
    };
  }
  const range = high - low || 1;
  return {
    low,
    high,
    place: (value) => (value - low) / range,
    value: (share) => low + share * range,
    ticks: linearTicks(low, high),
  };
}

/** Round factors of powers of ten, fewer the wider the range. */
function logTicks(low, high) {
  const factors = high / low > 2000 ? [1] : high / low > 20 ? [1, 2, 5] : [1, 2, 3, 5, 7];
  const found = [];
  for (let power = Math.floor(Math.log10(low)); 10 ** power <= high; power += 1) {
    for (const factor of factors) {
      const value = Number(`${factor}e${power}`);
      if (value >= low && value <= high) found.push(value);
    }
  }
  return found;
}

export function linearTicks(low, high) {
  if (!(high > low)) return [low];
  const rough = (high - low) / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = ([1, 2, 5].find((factor) => factor * power >= rough) ?? 10) * power;
  const found = [];
  for (let i = Math.ceil(low / step - 1e-9); i * step <= high + step * 1e-9; i += 1) {
    found.push(Number((i * step).toPrecision(12)));
  }
  return found;
}

/**
 * What a histogram draws of a document: `{scale, zero, bars}`. `zero` counts values that a logarithmic
 * axis has no place for; bars are `{from, to, count}`, `most` of them, equally wide on the scale. A bin
 * that crosses a bar's edge is shared by width.
 */
export function histogram({ min, max, bins }, most = 48) {
  const negative = min < 0;
  const zeros = negative ? [] : bins.filter((bin) => bin.from <= 0);
  const rest = negative ? bins : bins.filter((bin) => bin.from > 0);
  const zero = zeros.reduce((sum, bin) => sum + bin.count, 0);
  if (rest.length === 0) return { scale: null, zero, bars: [] };
  let low = negative ? min : Math.max(rest[0].from, min);
  let high = Math.min(rest[rest.length - 1].to, max);
  // Of one value, or of values as close as one: room on both sides.
  if (!(high > low * 1.02) && low > 0) [low, high] = [low * 0.98, Math.max(high, low) * 1.02];
  if (!(high > low)) [low, high] = [low - 1, high + 1];
  const scale = scaleOf(low, high);
  const counts = new Array(most).fill(0);
  for (const bin of rest) {
    const from = clamp(scale.place(bin.from)) * most;
    const to = clamp(scale.place(bin.to)) * most;
    const first = Math.min(most - 1, Math.floor(from));
    const last = Math.min(most - 1, Math.max(first, Math.ceil(to) - 1));
    for (let i = first; i <= last; i += 1) {
      const part =
        to > from ? (Math.min(to, i + 1) - Math.max(from, i)) / (to - from) : 1 / (last - first + 1);
      counts[i] += bin.count * Math.max(0, part);
    }
  }
  const bars = counts.map((count, i) => ({
    from: scale.value(i / most),
    to: scale.value((i + 1) / most),
    count,
  }));
  return { scale, zero, bars };
}

function clamp(share) {
  return Math.min(1, Math.max(0, share));
}

/**
 * Where a percentile stands on an axis that gives the slow end room: every further nine takes the
 * same width, up to `deepest`. 0 to 1.
 */
export function percentilePlace(percentile, deepest) {
  return Math.log(1 - Math.min(percentile, deepest) / 100) / Math.log(1 - deepest / 100);
}

/** The curve's points, `{percentile, value}`, those that so many values can tell apart. */
export function curve({ percentiles, count }) {
  return percentiles
    .filter(([percentile]) => percentile < 100 && (percentile <= 90 || count * (1 - percentile / 100) >= 1))
    .map(([percentile, value]) => ({ percentile, value }));
}
