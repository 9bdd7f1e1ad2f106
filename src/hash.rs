//! Hashes, the same on every machine and in every version: stored names and states hold what it gives. Nothing here
//! depends on its being hard to invert.

/// FNV-1a of 32 bits.
pub(crate) fn fnv32(bytes: impl IntoIterator<Item = u8>) -> u32 {
    bytes.into_iter().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

/// FNV-1a of 64 bits.
pub(crate) fn fnv64(bytes: impl IntoIterator<Item = u8>) -> u64 {
    let step = |hash: u64, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    bytes.into_iter().fold(0xcbf2_9ce4_8422_2325, step)
}

/// Tells long values apart, eight bytes at a step: every record that is folded is digested whole. Values of one
/// length that differ in one step never have the same.
pub(crate) fn digest(bytes: &[u8]) -> u64 {
    let (words, rest) = bytes.as_chunks::<8>();
    let step = |hash: u64, word: u64| {
        let product = (hash ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        product ^ (product >> 32)
    };
    let begin = step(0xcbf2_9ce4_8422_2325, bytes.len() as u64);
    let hash = words.iter().fold(begin, |hash, word| step(hash, u64::from_le_bytes(*word)));
    rest.iter().fold(hash, |hash, byte| step(hash, u64::from(*byte)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_that_differ_anywhere_have_other_digests() {
        let mut seen = std::collections::BTreeSet::new();
        for length in 0..40 {
            let value = vec![7_u8; length];
            assert!(seen.insert(digest(&value)), "{length} bytes");
            for at in 0..length {
                for bit in 0..8 {
                    let mut other = value.clone();
                    other[at] ^= 1 << bit;
                    assert!(seen.insert(digest(&other)), "bit {bit} of byte {at} of {length}");
                }
            }
        }
    }

    #[test]
    fn they_are_the_published_ones() {
        // Landon Curt Noll's test vectors.
        assert_eq!((fnv32(*b""), fnv32(*b"foobar")), (0x811c_9dc5, 0xbf9c_f968));
        assert_eq!((fnv64(*b""), fnv64(*b"foobar")), (0xcbf2_9ce4_8422_2325, 0x8594_4171_f739_67e8));
    }
}
