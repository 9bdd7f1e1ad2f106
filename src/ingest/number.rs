//! JSON numbers to doubles, correctly rounded, without a detour over text.

/// Reads the number at the beginning of `text` as JSON writes it (RFC 8259, section 6), and gives
/// its length. `None`: there is none, or it is too large for a double.
#[inline]
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
