//! Sketches as they are stored.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The buckets of a sketch and their counts as bytes: LEB128 numbers, of each bucket twice its distance to the
/// previous one, and one more with the count behind it where that is not 1: most buckets of a window hold one value.
/// Records hold sketches like this: each is merged once, and nothing else is done with it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Packed(Vec<u8>);

impl Packed {
    /// Counts buckets that stand in ascending order.
    pub fn from_sorted(buckets: &[u32]) -> Self {
        let mut bytes = Vec::with_capacity(buckets.len() * 3);
        let mut previous = 0;
        for run in buckets.chunk_by(|a, b| a == b) {
            write_entry(&mut bytes, run[0] - previous, run.len() as u64);
            previous = run[0];
        }
        Packed(bytes)
    }

    /// Packs buckets with their counts, in ascending order.
    pub fn from_entries(entries: &[(u32, u64)]) -> Self {
        let mut bytes = Vec::with_capacity(entries.len() * 3);
        let mut previous = 0;
        for &(bucket, count) in entries {
            write_entry(&mut bytes, bucket - previous, count);
            previous = bucket;
        }
        Packed(bytes)
    }

    /// Whether it has no bucket.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Buckets and their counts, in ascending order. Ends where the bytes are damaged.
    pub fn entries(&self) -> Entries<'_> {
        Entries { bytes: &self.0, bucket: 0 }
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    pub(super) fn from_bytes(bytes: &[u8]) -> Self {
        Packed(bytes.to_vec())
    }

    /// At most so many entries.
    pub(super) fn most(&self) -> usize {
        self.0.len()
    }

    /// All entries, unless the bytes are damaged.
    pub(super) fn unpack(&self) -> Option<Vec<(u32, u64)>> {
        let mut entries = self.entries();
        let unpacked = entries.by_ref().collect();
        entries.bytes.is_empty().then_some(unpacked)
    }
}

/// See [`Packed::entries`].
#[derive(Debug, Clone)]
pub struct Entries<'a> {
    bytes: &'a [u8],
    bucket: u32,
}

impl Iterator for Entries<'_> {
    type Item = (u32, u64);

    #[inline]
    fn next(&mut self) -> Option<(u32, u64)> {
        let mut rest = self.bytes;
        let head = read_leb128(&mut rest)?;
        let count = if head & 1 == 0 { 1 } else { read_leb128(&mut rest)? };
        self.bucket = self.bucket.checked_add(u32::try_from(head >> 1).ok()?)?;
        self.bytes = rest;
        Some((self.bucket, count))
    }
}

impl Serialize for Packed {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(&self.0)
    }
}

impl<'de> Deserialize<'de> for Packed {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;

        impl serde::de::Visitor<'_> for Visitor {
            type Value = Packed;

            fn expecting(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
                f.write_str("the bytes of a sketch")
            }

            fn visit_bytes<E: serde::de::Error>(self, bytes: &[u8]) -> Result<Packed, E> {
                Ok(Packed(bytes.to_vec()))
            }
        }

        deserializer.deserialize_bytes(Visitor)
    }
}

#[inline]
fn write_entry(bytes: &mut Vec<u8>, distance: u32, count: u64) {
    write_leb128(bytes, u64::from(distance) << 1 | u64::from(count != 1));
    if count != 1 {
        write_leb128(bytes, count);
    }
}

pub(super) fn write_leb128(bytes: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

#[inline]
pub(super) fn read_leb128(bytes: &mut &[u8]) -> Option<u64> {
    let (&byte, rest) = bytes.split_first()?;
    if byte < 0x80 {
        *bytes = rest;
        return Some(byte.into());
    }
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
