//! A sparse log-linear histogram that keeps every finite value.
//!
//! A bucket is a value's sign, exponent and the top ten bits of its mantissa, so it is at most
//! 2⁻¹⁰ (0.1 %) of its lower bound wide, from the smallest double to the largest, negative values
//! and zero included. Buckets are numbered in the order of the values they hold.

use super::packed::Packed;
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Bits of an IEEE 754 double that do not take part in its bucket.
const DROPPED_BITS: u32 = 52 - 10;

/// The number of the bucket that holds a finite value. Negative zero counts as zero.
#[inline]
pub fn bucket_of(value: f64) -> u32 {
    // Adding zero turns −0 into +0. Flipping makes the order of bits that of values.
    let bits = (value + 0.0).to_bits();
    let ordered = if bits >> 63 == 0 { bits | (1 << 63) } else { !bits };
    (ordered >> DROPPED_BITS) as u32
}

/// The middle of a bucket; the bucket of zero stands for zero itself.
pub fn value_of(bucket: u32) -> f64 {
    if bucket == bucket_of(0.0) {
        return 0.0;
    }
    let ordered = (u64::from(bucket) << DROPPED_BITS) | (1 << (DROPPED_BITS - 1));
    f64::from_bits(if ordered >> 63 == 1 { ordered & !(1 << 63) } else { !ordered })
}

/// Counts per bucket, sorted by bucket, none zero.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sketch {
    entries: Vec<(u32, u64)>,
    /// Their sum, kept because every percentile needs it.
    count: u64,
}

/// An addend this many times smaller than what it is added to is looked up bucket by bucket; at
/// closer sizes one pass over both is cheaper. A binary search costs about log2 of the larger.
const LOOKUP_RATIO: usize = 8;

impl Sketch {
    /// Whether it has no bucket.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Values counted.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Buckets and their counts, in ascending order.
    pub fn entries(&self) -> &[(u32, u64)] {
        &self.entries
    }

    /// Adds another's counts.
    pub fn merge(&mut self, other: &Sketch) {
        self.merge_entries(other.entries.iter().copied(), other.entries.len());
    }

    /// Adds a stored sketch's counts.
    pub fn merge_packed(&mut self, other: &Packed) {
        self.merge_entries(other.entries(), other.most());
    }

    fn merge_entries(&mut self, other: impl Iterator<Item = (u32, u64)>, most: usize) {
        let mut added = 0_u64;
        let other = other.inspect(|&(_, n)| added = added.saturating_add(n));
        if self.is_empty() {
            self.entries.reserve(most);
            self.entries.extend(other);
        } else if self.entries.len() / LOOKUP_RATIO >= most {
            self.merge_few(other, most);
        } else {
            self.merge_many(other, most);
        }
        self.count = self.count.saturating_add(added);
    }

    /// Adds to buckets that exist in place, and makes room for the rest in one pass from the back.
    fn merge_few(&mut self, other: impl Iterator<Item = (u32, u64)>, most: usize) {
        // With where each belongs.
        let mut missing: Vec<(usize, (u32, u64))> = Vec::new();
        // The next is looked for where it is if they are spread evenly, and ever further on.
        let stride = self.entries.len() / most.max(1);
        let mut from = 0;
        for (bucket, n) in other {
            let mut step = stride;
            while let Some(&(passed, _)) = self.entries.get(from + step)
                && passed < bucket
            {
                from += step + 1;
                step *= 2;
            }
            let until = self.entries.len().min(from + step + 1);
            match self.entries[from..until].binary_search_by_key(&bucket, |&(b, _)| b) {
                Ok(at) => {
                    from += at;
                    let count = &mut self.entries[from].1;
                    *count = count.saturating_add(n);
                }
                Err(at) => {
                    from += at;
                    missing.push((from, (bucket, n)));
                }
            }
        }
        let mut end = self.entries.len();
        self.entries.resize(end + missing.len(), (0, 0));
        for (before, &(at, entry)) in missing.iter().enumerate().rev() {
            self.entries.copy_within(at..end, at + before + 1);
            self.entries[at + before] = entry;
            end = at;
        }
    }

    fn merge_many(&mut self, other: impl Iterator<Item = (u32, u64)>, most: usize) {
        let mut merged = Vec::with_capacity(self.entries.len() + most);
        let mut left = self.entries.as_slice();
        for (bucket, n) in other {
            while let Some((&entry, rest)) = left.split_first()
                && entry.0 < bucket
            {
                merged.push(entry);
                left = rest;
            }
            match left.split_first() {
                Some((&(same, m), rest)) if same == bucket => {
                    merged.push((bucket, m.saturating_add(n)));
                    left = rest;
                }
                _ => merged.push((bucket, n)),
            }
        }
        merged.extend_from_slice(left);
        self.entries = merged;
    }

    /// The value at quantile `q` (0 to 1); see [`Sketch::quantiles`].
    pub fn quantile(&self, q: f64, min: f64, max: f64) -> Option<f64> {
        self.quantiles([q], min, max).map(|[value]| value)
    }

    /// The values at quantiles (0 to 1, ascending) as k6 computes them: rank `q·(n−1)`,
    /// interpolated between its neighbours. `min` and `max` are the exact extremes. Nothing
    /// counted: `None`.
    pub fn quantiles<const N: usize>(&self, quantiles: [f64; N], min: f64, max: f64) -> Option<[f64; N]> {
        let last = self.count.checked_sub(1)?;
        // Ranks come in ascending order, but for a step back by one between two quantiles that
        // share neighbours; so one walk over the entries that remembers the one before answers all.
        let mut entries = self.entries.iter();
        let clamped = |bucket: Option<u32>| bucket.map_or(min, |bucket| value_of(bucket).max(min).min(max));
        let (mut before, mut before_bucket) = (0_u64, None);
        let (mut seen, mut current) = (0_u64, None);
        let mut at = |rank: u64| {
            if rank == 0 {
                return min;
            }
            if rank >= last {
                return max;
            }
            while seen <= rank {
                let Some(&(bucket, n)) = entries.next() else { return max };
                (before, before_bucket) = (seen, current);
                (seen, current) = (seen.saturating_add(n), Some(bucket));
            }
            clamped(if rank < before { before_bucket } else { current })
        };
        Some(quantiles.map(|q| {
            let rank = q.clamp(0.0, 1.0) * last as f64;
            let (low, fraction) = (rank.floor(), rank.fract());
            let lower = at(low as u64);
            if fraction > 0.0 {
                let upper = at(low as u64 + 1);
                let between = lower + (upper - lower) * fraction;
                // The distance between two extremes can overflow.
                if between.is_finite() { between } else { lower * (1.0 - fraction) + upper * fraction }
            } else {
                lower
            }
        }))
    }
}

/// Stored packed.
impl Serialize for Sketch {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Packed::from_entries(&self.entries).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Sketch {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let broken = || D::Error::custom("a sketch is cut off or out of range");
        let entries = Packed::deserialize(deserializer)?.unpack().ok_or_else(broken)?;
        let count = entries.iter().try_fold(0_u64, |sum, &(_, n)| sum.checked_add(n)).ok_or_else(broken)?;
        Ok(Sketch { entries, count })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sketch(values: &[f64]) -> Sketch {
        let mut buckets: Vec<u32> = values.iter().map(|&value| bucket_of(value)).collect();
        buckets.sort_unstable();
        let mut sketch = Sketch::default();
        sketch.merge_packed(&Packed::from_sorted(&buckets));
        sketch
    }

    /// k6's own: rank `q·(n−1)` of the sorted values, interpolated. Also the larger neighbour.
    fn exact(sorted: &[f64], q: f64) -> (f64, f64) {
        let rank = q * (sorted.len() - 1) as f64;
        let (low, high) = (sorted[rank.floor() as usize], sorted[rank.ceil() as usize]);
        // Weighted: the distance of extremes overflows.
        (low * (1.0 - rank.fract()) + high * rank.fract(), low.abs().max(high.abs()))
    }

    /// Numbers from a seed, each from 0 to 1.
    fn random(seed: u64) -> impl FnMut() -> f64 {
        let mut state = seed | 1;
        move || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 11) as f64 / (1_u64 << 53) as f64
        }
    }

    const QUANTILES: [f64; 8] = [0.0, 0.1, 0.5, 0.9, 0.95, 0.99, 0.999, 1.0];

    fn check(mut values: Vec<f64>) {
        let sketch = sketch(&values);
        values.sort_by(f64::total_cmp);
        let (min, max) = (values[0], values[values.len() - 1]);
        let found = sketch.quantiles(QUANTILES, min, max).expect("there are values");
        for (q, found) in QUANTILES.into_iter().zip(found) {
            let (exact, larger) = exact(&values, q);
            assert!((found - exact).abs() <= larger * 1e-3, "{found} for {exact} at {q} of {}", values.len());
            assert_eq!(sketch.quantile(q, min, max), Some(found), "one by one as together");
        }
    }

    #[test]
    fn percentiles_are_within_a_thousandth_of_exact_ones_for_values_of_any_size_and_sign() {
        let mut random = random(7);
        for n in [1, 2, 3, 4, 5, 19, 20, 21, 100, 1_000, 5_000] {
            for _ in 0..20 {
                check((0..n).map(|_| random() * 1_000.0).collect());
                check((0..n).map(|_| (random() - 0.5) * 1e-12).collect());
                check((0..n).map(|_| (random() * 1_400.0 - 700.0).exp()).collect());
                check((0..n).map(|_| (random() * 4.0).floor() - 1.0).collect());
                check((0..n).map(|_| if random() < 0.5 { f64::MAX } else { f64::MIN }).collect());
            }
        }
        check(vec![0.0, -0.0, f64::MIN_POSITIVE, 5e-324, -5e-324]);
    }

    #[test]
    fn percentiles_agree_with_hdrhistogram() {
        let mut random = random(3);
        let mut oracle = hdrhistogram::Histogram::<u64>::new_with_max(1_000_000_000, 4).unwrap();
        let values: Vec<f64> = (0..100_000).map(|_| (random() * 20.0).exp().ceil()).collect();
        for &value in &values {
            oracle.record(value as u64).unwrap();
        }
        let (min, max) = values.iter().fold((f64::MAX, 0.0_f64), |(a, b), &v| (a.min(v), b.max(v)));
        for q in [0.5, 0.9, 0.95, 0.99, 0.999] {
            let (found, expected) =
                (sketch(&values).quantile(q, min, max).unwrap(), oracle.value_at_quantile(q) as f64);
            // The oracle does not interpolate: neighbours of so many values lie close together.
            assert!((found - expected).abs() <= expected * 2e-3, "{found} for {expected} at {q}");
        }
    }

    #[test]
    fn however_values_are_divided_the_merged_sketch_is_the_same() {
        let mut random = random(11);
        for parts in [1, 2, 7, 40] {
            for n in [1, 10, 300, 4_000] {
                let values: Vec<f64> = (0..n).map(|_| (random() * 12.0 - 6.0).exp() - 1.0).collect();
                let (mut merged, mut packed) = (Sketch::default(), Sketch::default());
                for part in values.chunks(values.len().div_ceil(parts)) {
                    merged.merge(&sketch(part));
                    packed.merge_packed(&Packed::from_entries(sketch(part).entries()));
                }
                assert_eq!(merged, sketch(&values));
                assert_eq!(packed, merged);
                assert_eq!(merged.count(), n as u64);
            }
        }
        // A few into many, all of them new, before, between and after.
        let mut many = sketch(&(0..100).map(|n| 1.5_f64.powi(n)).collect::<Vec<_>>());
        many.merge(&sketch(&[-1.0, 2.0, 1e30, 1.0]));
        assert!(many.entries().is_sorted_by_key(|&(bucket, _)| bucket));
        assert_eq!(many.count(), 104);
        assert_eq!(many.entries().iter().map(|&(_, count)| count).sum::<u64>(), 104);
    }

    #[test]
    fn buckets_are_ordered_like_their_values_and_a_thousandth_wide() {
        let mut random = random(5);
        let mut values: Vec<f64> =
            (0..20_000).map(|_| ((random() - 0.5) * 1_400.0).exp().copysign(random() - 0.5)).collect();
        values.extend([0.0, f64::MAX, f64::MIN, f64::MIN_POSITIVE]);
        values.sort_by(f64::total_cmp);
        assert!(values.is_sorted_by_key(|&value| bucket_of(value)));
        for value in values {
            assert!((value_of(bucket_of(value)) - value).abs() <= value.abs() / 1_024.0, "{value:e}");
        }
        assert_eq!(bucket_of(-0.0), bucket_of(0.0));
    }

    #[test]
    fn a_stored_sketch_reads_back_and_a_damaged_one_is_an_error() {
        let sketch = sketch(&[-5.0, 0.0, 0.0, 1e-300, 7.25, 1e300]);
        let bytes = postcard::to_allocvec(&sketch).unwrap();
        assert_eq!(postcard::from_bytes::<Sketch>(&bytes).unwrap(), sketch);
        // A length, then bytes that end within a number, or run beyond the last bucket.
        for damaged in [&[1, 0x80][..], &[1, 1], &[6, 0xff, 0xff, 0xff, 0xff, 0x3f, 1]] {
            assert!(postcard::from_bytes::<Sketch>(damaged).is_err(), "{damaged:?}");
        }
    }
}
