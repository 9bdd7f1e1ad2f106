//! Differences as people read them.

use loadgate_documents::format::{NOTHING, Unit, format};

const MINUS: char = '−';
const SPACE: char = '\u{a0}';

/// Both halves of an interval count as one where they differ by less than this share of the longer.
const EVEN: f64 = 0.2;

/// `+8 % ± 3 %`; `+8 % (3 … 14 %)` where one side is longer; `+8 %` without an interval. Shares differ in percentage
/// points: per cent of a per cent would mislead.
pub(crate) fn difference(
    difference: Option<f64>,
    change: Option<f64>,
    interval: Option<[Option<f64>; 2]>,
    unit: Unit,
) -> String {
    let Some(difference) = difference else { return NOTHING.to_owned() };
    let (value, name) = match (unit, change) {
        (Unit::Ratio, _) => (difference * 100.0, "pp"),
        (_, Some(change)) => (change * 100.0, "%"),
        (_, None) => return signed(&format(Some(difference), unit, false), difference),
    };
    let ends = interval.map(|ends| ends.map(|end| end.map(|end| end * 100.0)));
    match ends {
        None | Some([None, None]) => format!("{}{SPACE}{name}", number(value, decimals(value.abs()), true)),
        Some([Some(from), Some(to)]) => {
            let (below, above) = (value - from, to - value);
            let half = (to - from) / 2.0;
            let decimals = decimals(half);
            let value_text = number(value, decimals, true);
            if below > 0.0 && above > 0.0 && (above - below).abs() <= EVEN * above.max(below) {
                let half = number(half, decimals, false);
                match unit {
                    // Tiles are narrow.
                    Unit::Ratio => format!("{value_text} ±{SPACE}{half}{SPACE}{name}"),
                    _ => format!("{value_text}{SPACE}{name} ±{SPACE}{half}{SPACE}{name}"),
                }
            } else {
                let (from, to) = (number(from, decimals, false), number(to, decimals, false));
                format!("{value_text}{SPACE}{name} ({from} … {to}{SPACE}{name})")
            }
        }
        Some([from, to]) => {
            let decimals = decimals(value.abs());
            let end = |end: Option<f64>| end.map_or("?".to_owned(), |end| number(end, decimals, false));
            format!(
                "{}{SPACE}{name} ({} … {}{SPACE}{name})",
                number(value, decimals, true),
                end(from),
                end(to)
            )
        }
    }
}

/// As many as the interval leaves meaningful.
fn decimals(size: f64) -> usize {
    match size {
        size if size >= 3.0 => 0,
        size if size >= 0.3 => 1,
        _ => 2,
    }
}

fn number(value: f64, decimals: usize, sign: bool) -> String {
    let digits = format!("{:.decimals$}", value.abs());
    let zero = !digits.contains(|c: char| ('1'..='9').contains(&c));
    let digits = match digits.split_once('.') {
        Some((whole, rest)) => format!("{}.{rest}", grouped(whole)),
        None => grouped(&digits),
    };
    match value {
        _ if zero => digits,
        value if value < 0.0 => format!("{MINUS}{digits}"),
        _ if sign => format!("+{digits}"),
        _ => digits,
    }
}

fn grouped(digits: &str) -> String {
    format(digits.parse().ok(), Unit::Count, false)
}

fn signed(text: &str, value: f64) -> String {
    if value > 0.0 { format!("+{text}") } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_read_as_an_engineer_writes_them() {
        let of = |change: f64, ends: Option<[Option<f64>; 2]>, unit| {
            difference(Some(change), Some(change), ends, unit).replace(SPACE, " ")
        };
        let ends = |from: f64, to: f64| Some([Some(from), Some(to)]);
        assert_eq!(of(0.08, ends(0.05, 0.11), Unit::Time), "+8 % ± 3 %");
        assert_eq!(of(0.08, ends(0.03, 0.14), Unit::Time), "+8 % ± 6 %");
        assert_eq!(of(0.08, ends(0.03, 0.20), Unit::Time), "+8 % (3 … 20 %)");
        assert_eq!(of(-0.004, ends(-0.02, 0.01), Unit::Rate), "−0.4 % ± 1.5 %");
        assert_eq!(of(0.012, ends(-0.03, 0.2), Unit::Ratio), "+1 pp (−3 … 20 pp)");
        assert_eq!(of(0.002, ends(-0.011, 0.015), Unit::Ratio), "+0.2 ± 1.3 pp");
        assert_eq!(of(12.346, None, Unit::Time), "+1,235 %");
        assert_eq!(of(0.3, Some([Some(-0.1), None]), Unit::Time), "+30 % (−10 … ? %)");
        assert_eq!(difference(Some(0.8), None, None, Unit::Time).replace(SPACE, " "), "+800 µs");
        assert_eq!(difference(None, None, None, Unit::Time), "–");
    }
}
