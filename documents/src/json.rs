//! JSON as it goes into events and documents: so many digits and no more, and never a line break.

use serde::Serialize;
use serde_json::Serializer;
use serde_json::ser::{CharEscape, Formatter};
use std::fmt::Write as _;
use std::io;

/// How many digits a number carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Digits {
    /// Five significant ones, whole numbers and those from 10,000 on whole: the event stream.
    Five,
    /// All that tell it from its neighbours: documents.
    All,
}

/// A value as one line of JSON.
///
/// Numbers that are not finite have to be made so before, by [`finite`]: JSON cannot say them, and they
/// become `null`.
pub fn to_json<T: Serialize + ?Sized>(value: &T, digits: Digits) -> String {
    let mut out = Vec::with_capacity(128);
    let written = value.serialize(&mut Serializer::with_formatter(&mut out, Line { digits }));
    debug_assert!(written.is_ok(), "maps have text as keys, and memory takes every byte");
    String::from_utf8(out).unwrap_or_default()
}

/// The nearest number that JSON can say: the greatest of its sign for what is not finite, 0 for NaN.
pub fn finite(number: f64) -> f64 {
    if number.is_nan() { 0.0 } else { number.clamp(f64::MIN, f64::MAX) }
}

/// Writes numbers with so many digits, and no character that ends a line for some reader.
struct Line {
    digits: Digits,
}

impl Formatter for Line {
    fn write_f64<W: ?Sized + io::Write>(&mut self, writer: &mut W, value: f64) -> io::Result<()> {
        let mut text = String::with_capacity(24);
        write_number(&mut text, value, self.digits);
        writer.write_all(text.as_bytes())
    }

    fn write_string_fragment<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
        mut fragment: &str,
    ) -> io::Result<()> {
        while let Some((at, c)) = fragment.char_indices().find(|(_, c)| ends_line(*c)) {
            writer.write_all(&fragment.as_bytes()[..at])?;
            write!(writer, "\\u{:04x}", u32::from(c))?;
            fragment = &fragment[at + c.len_utf8()..];
        }
        writer.write_all(fragment.as_bytes())
    }

    fn write_char_escape<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
        escape: CharEscape,
    ) -> io::Result<()> {
        let code = match escape {
            CharEscape::Quote => return writer.write_all(b"\\\""),
            CharEscape::ReverseSolidus => return writer.write_all(b"\\\\"),
            CharEscape::Solidus => b'/',
            CharEscape::Backspace => 0x8,
            CharEscape::FormFeed => 0xc,
            CharEscape::LineFeed => b'\n',
            CharEscape::CarriageReturn => b'\r',
            CharEscape::Tab => b'\t',
            CharEscape::AsciiControl(code) => code,
        };
        write!(writer, "\\u{code:04x}")
    }
}

/// Beside those that JSON escapes anyhow.
fn ends_line(c: char) -> bool {
    c.is_control() || c == '\u{2028}' || c == '\u{2029}'
}

/// Whole numbers up to here are exact in every JSON reader.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// Writes a number without an exponent between 1e-6 and 1e15.
fn write_number(out: &mut String, number: f64, digits: Digits) {
    let number = finite(number) + 0.0 /* no −0 */;
    let size = number.abs();
    // Writing into a String cannot fail.
    let _ = if size < EXACT && number.trunc() == number {
        write!(out, "{}", number as i64)
    } else if digits == Digits::Five && (10_000.0..1e15).contains(&size) {
        write!(out, "{}", number.round() as i64)
    } else if digits == Digits::Five && (1e-6..1e15).contains(&size) {
        write_five(out, number)
    } else if digits == Digits::Five {
        // The largest doubles would round to infinity.
        let rounded = format!("{number:.4e}").parse().ok().filter(|n: &f64| n.is_finite()).unwrap_or(number);
        write!(out, "{rounded:e}")
    } else if (1e-6..1e15).contains(&size) {
        write!(out, "{number}")
    } else {
        write!(out, "{number:e}")
    };
}

/// Five significant digits of a number between 1e-6 and 10,000, without trailing zeros.
fn write_five(out: &mut String, number: f64) -> std::fmt::Result {
    // The power of ten that makes it a whole number of five digits; multiplied and rounded alike
    // everywhere, unlike logarithms.
    const POWERS: [(f64, u32); 10] = [
        (1e3, 1),
        (1e2, 2),
        (1e1, 3),
        (1e0, 4),
        (1e-1, 5),
        (1e-2, 6),
        (1e-3, 7),
        (1e-4, 8),
        (1e-5, 9),
        (0.0, 10),
    ];
    let size = number.abs();
    let decimals = POWERS.iter().find(|(from, _)| size >= *from).map_or(10, |&(_, decimals)| decimals);
    let unit = 10_u64.pow(decimals);
    let mut scaled = (size * unit as f64).round() as u64;
    let mut width = decimals as usize;
    while width > 0 && scaled.is_multiple_of(10) {
        scaled /= 10;
        width -= 1;
    }
    let unit = 10_u64.pow(width as u32);
    let sign = if number < 0.0 { "-" } else { "" };
    if width == 0 {
        write!(out, "{sign}{scaled}")
    } else {
        write!(out, "{sign}{}.{:0width$}", scaled / unit, scaled % unit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn five(number: f64) -> String {
        let mut out = String::new();
        write_number(&mut out, number, Digits::Five);
        out
    }

    #[test]
    fn the_stream_carries_five_significant_digits() {
        for (number, text) in [
            (0.0, "0"),
            (-0.0, "0"),
            (1.0, "1"),
            (-3.0, "-3"),
            (2.0 / 3.0, "0.66667"),
            (-0.0055555, "-0.0055555"),
            (0.35, "0.35"),
            (0.1 + 0.2, "0.3"),
            (9.99999, "10"),
            (99.9996, "100"),
            (9_999.96, "10000"),
            (9_999.94, "9999.9"),
            (118_799.6, "118800"),
            (4_546_038.0, "4546038"),
            (1_795_222_008_987.0, "1795222008987"),
            (0.000012345678, "0.000012346"),
            (0.000001, "0.000001"),
            (1.234567e-7, "1.2346e-7"),
            (5e-324, "5e-324"),
            (f64::MAX, "1.7976931348623157e308"),
            (1.234567e300, "1.2346e300"),
            (f64::INFINITY, "1.7976931348623157e308"),
            (f64::NAN, "0"),
        ] {
            assert_eq!(five(number), text, "{number:e}");
        }
    }

    #[test]
    fn every_number_reads_back_within_its_digits() {
        let mut state = 1_u64;
        for _ in 0..200_000 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let number = f64::from_bits(state ^ (state >> 29));
            if !number.is_finite() {
                continue;
            }
            let read: f64 = serde_json::from_str(&five(number)).unwrap();
            assert!((read - number).abs() <= number.abs() * 5.1e-5, "{number:e} became {read:e}");
            let mut out = String::new();
            write_number(&mut out, number, Digits::All);
            assert_eq!(serde_json::from_str::<f64>(&out).unwrap(), number + 0.0);
        }
    }

    #[test]
    fn text_reads_back_and_stays_on_its_line() {
        let text = "a\"b\\c\n\r\t\0\u{7f}\u{85}\u{2028}é😀</script>";
        let out = to_json(text, Digits::All);
        assert_eq!(serde_json::from_str::<String>(&out).unwrap(), text);
        assert!(!out.contains(['\n', '\r', '\u{2028}', '\u{85}']));
    }

    #[test]
    fn numbers_within_documents_have_their_digits() {
        let document =
            std::collections::BTreeMap::from([("a", vec![2.0 / 3.0, 3.0]), ("b", vec![finite(f64::NAN)])]);
        assert_eq!(to_json(&document, Digits::Five), r#"{"a":[0.66667,3],"b":[0]}"#);
        assert_eq!(to_json(&document, Digits::All), r#"{"a":[0.6666666666666666,3],"b":[0]}"#);
    }
}
