//! A sparse log-linear histogram that keeps every finite value.
//!
//! A bucket is a value's sign, exponent and the top ten bits of its mantissa, so it is at most
//! 2⁻¹⁰ (0.1 %) of its lower bound wide, from the smallest double to the largest, negative values
//! and zero included. Buckets are numbered in the order of the values they hold.

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
}

impl Sketch {
    /// Counts buckets in any order; the buffer is left empty for the next use.
    pub fn from_buckets(buckets: &mut Vec<u32>) -> Self {
        buckets.sort_unstable();
        let sketch = Sketch::from_sorted(buckets);
        buckets.clear();
        sketch
    }

    /// Counts buckets that stand in ascending order.
    pub fn from_sorted(buckets: &[u32]) -> Self {
        let mut entries: Vec<(u32, u64)> = Vec::with_capacity(buckets.len());
        for &bucket in buckets {
            match entries.last_mut() {
                Some((last, count)) if *last == bucket => *count += 1,
                _ => entries.push((bucket, 1)),
            }
        }
        Sketch { entries }
    }

    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Values counted.
    pub fn count(&self) -> u64 {
        self.entries.iter().map(|(_, count)| count).sum()
    }

    /// Buckets and their counts, in ascending order.
    pub fn entries(&self) -> &[(u32, u64)] {
        &self.entries
    }

    /// Adds another's counts.
    pub fn merge(&mut self, other: &Sketch) {
        if other.is_empty() {
            return;
        }
        if self.is_empty() {
            self.entries.clone_from(&other.entries);
            return;
        }
        let mut merged = Vec::with_capacity(self.entries.len() + other.entries.len());
        let (mut left, mut right) = (self.entries.iter().peekable(), other.entries.iter().peekable());
        while let (Some(&&(a, m)), Some(&&(b, n))) = (left.peek(), right.peek()) {
            if a <= b {
                left.next();
            }
            if b <= a {
                right.next();
            }
            merged.push((a.min(b), if a <= b { m } else { 0 } + if b <= a { n } else { 0 }));
        }
        merged.extend(left.chain(right));
        self.entries = merged;
    }

    /// The value at quantile `q` (0 to 1) as k6 computes it: rank `q·(n−1)`, interpolated between
    /// its neighbours. `min` and `max` are the exact extremes. Nothing counted: `None`.
    pub fn quantile(&self, q: f64, min: f64, max: f64) -> Option<f64> {
        let count = self.count();
        if count == 0 {
            return None;
        }
        let rank = q.clamp(0.0, 1.0) * (count - 1) as f64;
        let (low, fraction) = (rank.floor() as u64, rank.fract());
        let at = |rank: u64| {
            if rank == 0 {
                return min;
            }
            if rank >= count - 1 {
                return max;
            }
            let mut seen = 0;
            for &(bucket, n) in &self.entries {
                seen += n;
                if rank < seen {
                    return value_of(bucket).clamp(min, max);
                }
            }
            max
        };
        let lower = at(low);
        Some(if fraction > 0.0 { lower + (at(low + 1) - lower) * fraction } else { lower })
    }
}

/// Stored as the bytes of alternating LEB128 numbers: distance to the previous bucket, count.
impl Serialize for Sketch {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut bytes = Vec::with_capacity(self.entries.len() * 3);
        let mut previous = 0;
        for &(bucket, count) in &self.entries {
            write_leb128(&mut bytes, u64::from(bucket - previous));
            write_leb128(&mut bytes, count);
            previous = bucket;
        }
        serializer.serialize_bytes(&bytes)
    }
}

impl<'de> Deserialize<'de> for Sketch {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;

        impl serde::de::Visitor<'_> for Visitor {
            type Value = Sketch;

            fn expecting(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
                f.write_str("the bytes of a sketch")
            }

            fn visit_bytes<E: serde::de::Error>(self, mut bytes: &[u8]) -> Result<Sketch, E> {
                let broken = || E::custom("a sketch is cut off or out of range");
                let mut entries = Vec::with_capacity(bytes.len() / 2);
                let mut previous = 0_u64;
                while !bytes.is_empty() {
                    let distance = read_leb128(&mut bytes).ok_or_else(broken)?;
                    let count = read_leb128(&mut bytes).ok_or_else(broken)?;
                    previous = previous.checked_add(distance).ok_or_else(broken)?;
                    entries.push((u32::try_from(previous).map_err(|_| broken())?, count));
                }
                Ok(Sketch { entries })
            }
        }

        deserializer.deserialize_bytes(Visitor)
    }
}

fn write_leb128(bytes: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

fn read_leb128(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let (&byte, rest) = bytes.split_first()?;
        *bytes = rest;
        number |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some(number);
        }
    }
    None
}
