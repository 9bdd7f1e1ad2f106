//! FNV-1a, the same on every machine and in every version: stored names and states hold what it gives. Nothing here
//! depends on its being hard to invert.

/// Of 32 bits.
pub(crate) fn fnv32(bytes: impl IntoIterator<Item = u8>) -> u32 {
    bytes.into_iter().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

/// Of 64 bits.
pub(crate) fn fnv64(bytes: impl IntoIterator<Item = u8>) -> u64 {
    let step = |hash: u64, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    bytes.into_iter().fold(0xcbf2_9ce4_8422_2325, step)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_are_the_published_ones() {
        // Landon Curt Noll's test vectors.
        assert_eq!((fnv32(*b""), fnv32(*b"foobar")), (0x811c_9dc5, 0xbf9c_f968));
        assert_eq!((fnv64(*b""), fnv64(*b"foobar")), (0xcbf2_9ce4_8422_2325, 0x8594_4171_f739_67e8));
    }
}
