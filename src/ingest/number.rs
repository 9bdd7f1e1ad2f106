//! JSON numbers to doubles, correctly rounded, without a detour over text.

/// Reads the number at the beginning of `text` as JSON writes it (RFC 8259, section 6), and gives
/// its length. `None`: there is none, or it is too large for a double.
#[inline(always)]
pub(crate) fn parse_json_number(text: &[u8]) -> Option<(f64, usize)> {
    let mut at = usize::from(text.first() == Some(&b'-'));
    let start = at;
    let mut mantissa = 0_u64;
    while let Some(digit) = digit(text, at) {
        mantissa = mantissa.wrapping_mul(10).wrapping_add(digit);
        at += 1;
    }
    let whole = at - start;
    if whole == 0 || (whole > 1 && text[start] == b'0') {
        return None;
    }
    let mut fraction = 0;
    if text.get(at) == Some(&b'.') {
        at += 1;
        let point = at;
        while let Some(digit) = digit(text, at) {
            mantissa = mantissa.wrapping_mul(10).wrapping_add(digit);
            at += 1;
        }
        fraction = at - point;
        if fraction == 0 {
            return None;
        }
    }
    let mut plain = true;
    if matches!(text.get(at), Some(b'e' | b'E')) {
        plain = false;
        at += 1;
        at += usize::from(matches!(text.get(at), Some(b'+' | b'-')));
        let exponent = at;
        while digit(text, at).is_some() {
            at += 1;
        }
        if at == exponent {
            return None;
        }
    }
    // Both numbers are exact doubles, so their quotient is rounded once, as it must be.
    if plain && whole + fraction <= 18 && mantissa < 1 << 53 {
        let value = mantissa as f64 / POWERS[fraction];
        return Some((if start == 1 { -value } else { value }, at));
    }
    let value: f64 = fast_float2::parse(&text[..at]).ok()?;
    value.is_finite().then_some((value, at))
}

/// Reads 1 to 19 digits, which always fit; `None`: there are others, or something else among them.
#[inline(always)]
pub(crate) fn parse_digits(text: &[u8]) -> Option<u64> {
    if !(1..=19).contains(&text.len()) {
        return None;
    }
    let (eights, rest) = text.as_chunks::<8>();
    let number =
        eights.iter().try_fold(0_u64, |number, eight| Some(number * 100_000_000 + eight_digits(*eight)?))?;
    (0..rest.len()).try_fold(number, |number, at| Some(number * 10 + digit(rest, at)?))
}

/// All at once: pairs, then fours, then the eight (Lemire, "Quickly parsing eight digits", 2022).
#[inline]
fn eight_digits(text: [u8; 8]) -> Option<u64> {
    let word = u64::from_le_bytes(text);
    let high = |word: u64| word & 0xf0f0_f0f0_f0f0_f0f0;
    // Of the bytes 0x30 to 0x3f, those beyond 0x39 come to 0x40 with 6 more.
    if high(word) != 0x3030_3030_3030_3030 || high(word + 0x0606_0606_0606_0606) != 0x3030_3030_3030_3030 {
        return None;
    }
    let pairs = (word & 0x0f0f_0f0f_0f0f_0f0f).wrapping_mul(10 * 256 + 1) >> 8;
    let fours = (pairs & 0x00ff_00ff_00ff_00ff).wrapping_mul(100 * 65_536 + 1) >> 16;
    Some((fours & 0x0000_ffff_0000_ffff).wrapping_mul(10_000 * (1 << 32) + 1) >> 32)
}

/// 10ⁿ; up to 22 exact as a double.
const POWERS: [f64; 19] =
    [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18];

#[inline]
fn digit(text: &[u8], at: usize) -> Option<u64> {
    let digit = text.get(at)?.wrapping_sub(b'0');
    (digit < 10).then_some(u64::from(digit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_read_as_the_standard_library_reads_them() {
        for text in
            ["0", "7", "12345678", "00000000", "99999999", "1795218590123456789", "9999999999999999999"]
        {
            for end in 1..=text.len() {
                let text = &text[..end];
                assert_eq!(parse_digits(text.as_bytes()), text.parse().ok(), "{text}");
                // One byte of each kind, in each place.
                for at in 0..end {
                    for other in (0..=255_u8).filter(|byte| !byte.is_ascii_digit()) {
                        let mut wrong = text.as_bytes().to_vec();
                        wrong[at] = other;
                        assert_eq!(parse_digits(&wrong), None, "{wrong:?}");
                    }
                }
            }
        }
        assert_eq!(parse_digits(b""), None);
        assert_eq!(parse_digits(b"12345678901234567890"), None);
    }

    #[test]
    fn agrees_with_the_json_parser() {
        for text in [
            "0",
            "-0",
            "1",
            "12.5",
            "0.052746",
            "-3.25e-4",
            "1e22",
            "1E+5",
            "9007199254740993",
            "123456789012345678901234567890",
            "0.1",
            "1.7976931348623157e308",
            "1e309",
            "1e-400",
            "5e-324",
            "01",
            "+1",
            ".5",
            "1.",
            "1e",
            "-",
            "",
            "NaN",
            "Infinity",
            "0x10",
            "1.e5",
            "--1",
            "9223372036854775808",
            "0.1234567890123456789",
            "999999999999999999.9",
        ] {
            let ours = parse_json_number(text.as_bytes()).filter(|(_, length)| *length == text.len());
            let theirs: Option<f64> = serde_json::from_str(text).ok();
            assert_eq!(ours.map(|(v, _)| v.to_bits()), theirs.map(f64::to_bits), "{text:?}");
        }
    }
}
