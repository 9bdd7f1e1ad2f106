//! Figures as text, by the same rules as the pages' `static/scripts/model/format.js`.
//!
//! Both are held to `static/tests/format-vectors.json`.

use crate::{Aggregate, Contains, MetricType};
use serde::{Deserialize, Serialize};

/// Stands where there is no figure.
pub const NOTHING: &str = "–";

const MINUS: char = '−';
const SPACE: char = '\u{a0}';
const SUPERSCRIPTS: [char; 10] = ['⁰', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹'];

/// Steps of a unit, each with how many of the base unit (ms, byte) it holds, smallest first.
type Steps = [(f64, &'static str)];

const TIME: &Steps = &[(1e-6, "ns"), (1e-3, "µs"), (1.0, "ms"), (1e3, "s"), (6e4, "min"), (36e5, "h")];
const DATA: &Steps = &[(1.0, "B"), (1e3, "kB"), (1e6, "MB"), (1e9, "GB"), (1e12, "TB"), (1e15, "PB")];

/// What a figure is measured in; in documents by its name.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "&'static str")]
pub enum Unit {
    /// Milliseconds.
    Time,
    /// Bytes.
    Data,
    /// Bytes per second.
    DataRate,
    /// Shown as a percentage.
    Ratio,
    /// Per second.
    Rate,
    /// Whole numbers exactly.
    Count,
    /// Any other.
    #[default]
    Number,
}

impl From<Unit> for &'static str {
    fn from(unit: Unit) -> Self {
        unit.name()
    }
}

impl TryFrom<String> for Unit {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        Unit::named(&name).ok_or_else(|| format!("{:?} is no unit", crate::shorten(&name)))
    }
}

/// A figure as text. With `trim`, zeros at the end go: for limits, which stand still.
pub fn format(value: Option<f64>, unit: Unit, trim: bool) -> String {
    let Some(value) = value.filter(|v| v.is_finite()) else { return NOTHING.to_owned() };
    let text = magnitude(value.abs(), unit, trim);
    if value < 0.0 && text.contains(|c: char| ('1'..='9').contains(&c)) {
        format!("{MINUS}{text}")
    } else {
        text
    }
}

impl Unit {
    /// The unit of a metric's aggregate, by the metric's type and what it contains, where they are known.
    pub fn of(kind: Option<(MetricType, Contains)>, aggregate: Aggregate) -> Self {
        let own = kind.and_then(|(_, contains)| match contains {
            Contains::Data => Some(Unit::Data),
            Contains::Time => Some(Unit::Time),
            Contains::Default => None,
        });
        match (kind.map(|(metric, _)| metric), aggregate) {
            (Some(MetricType::Counter), Aggregate::Rate) if own == Some(Unit::Data) => Unit::DataRate,
            (Some(MetricType::Counter), Aggregate::Rate) => Unit::Rate,
            (Some(MetricType::Counter | MetricType::Gauge), _) => own.unwrap_or(Unit::Count),
            (Some(MetricType::Rate), _) => Unit::Ratio,
            (_, Aggregate::Count) => Unit::Count,
            _ => own.unwrap_or(Unit::Number),
        }
    }

    /// The unit of that name in a dashboard document.
    pub fn named(name: &str) -> Option<Self> {
        Some(match name {
            "time" => Unit::Time,
            "data" => Unit::Data,
            "data/s" => Unit::DataRate,
            "ratio" => Unit::Ratio,
            "rate" => Unit::Rate,
            "count" => Unit::Count,
            "number" => Unit::Number,
            _ => return None,
        })
    }

    /// Its name in a dashboard document.
    pub fn name(self) -> &'static str {
        match self {
            Unit::Time => "time",
            Unit::Data => "data",
            Unit::DataRate => "data/s",
            Unit::Ratio => "ratio",
            Unit::Rate => "rate",
            Unit::Count => "count",
            Unit::Number => "number",
        }
    }
}

/// One unit for a whole axis: what to divide its values by, and what to write behind the topmost.
pub fn axis_unit(unit: Unit, max: f64) -> (f64, String) {
    let pick = |steps: &Steps, suffix: &str| {
        let (size, name) = steps.iter().rev().find(|(size, _)| max >= *size).unwrap_or(&steps[0]);
        (*size, format!("{SPACE}{name}{suffix}"))
    };
    match unit {
        Unit::Time if max > 0.0 => pick(TIME, ""),
        Unit::Time => (1.0, format!("{SPACE}ms")),
        Unit::Data => pick(DATA, ""),
        Unit::DataRate => pick(DATA, "/s"),
        Unit::Ratio => (0.01, format!("{SPACE}%")),
        Unit::Rate => (1.0, "/s".to_owned()),
        Unit::Count | Unit::Number => (1.0, String::new()),
    }
}

/// An axis label: a value in the unit that [`axis_unit`] gave, with no more digits than its step needs.
pub fn tick(value: f64) -> String {
    // Sums of steps differ from the decimal that is meant in their last digits.
    let value = format!("{value:.11e}").parse().unwrap_or(value);
    format(Some(value), Unit::Count, true)
}

fn magnitude(value: f64, unit: Unit, trim: bool) -> String {
    match unit {
        Unit::Time => stepped(value, TIME, 2, "", trim),
        Unit::Data => stepped(value, DATA, 0, "", trim),
        Unit::DataRate => stepped(value, DATA, 0, "/s", trim),
        Unit::Ratio => format!("{}{SPACE}%", percent(value * 100.0, trim)),
        Unit::Rate => format!("{}/s", significant(value, trim)),
        Unit::Count if value.fract() == 0.0 && value < 1e15 => group(&format!("{value:.0}")),
        Unit::Count | Unit::Number => significant(value, trim),
    }
}

/// Chooses the step by the rounded value, so that 999.9 ms is 1.00 s and never 1000 ms.
fn stepped(value: f64, steps: &Steps, base: usize, suffix: &str, trim: bool) -> String {
    if value == 0.0 {
        return format!("0{SPACE}{}{suffix}", steps[base].1);
    }
    let mut i = 0;
    while i + 1 < steps.len() && rounded(value / steps[i].0) * steps[i].0 >= steps[i + 1].0 {
        i += 1;
    }
    let (size, name) = steps[i];
    let whole = name == "B" && value.fract() == 0.0;
    // 59.96 s rounds up into minutes, of which it is a little less than one.
    let scaled = if i > 0 { (value / size).max(1.0) } else { value / size };
    let digits = if whole { format!("{value:.0}") } else { significant(scaled, trim) };
    format!("{digits}{SPACE}{name}{suffix}")
}

/// Nothing but zero is `0`, and nothing but all is `100`: a single failure is never rounded away.
fn percent(value: f64, trim: bool) -> String {
    if value > 0.0 && value < 0.01 {
        "<0.01".to_owned()
    } else if value < 100.0 && rounded(value) >= 100.0 {
        "99.9".to_owned()
    } else {
        significant(value, trim || value == 100.0)
    }
}

/// Three significant digits as an integer of 100 to 999, and the exponent of the first digit. Halves
/// round up, as JavaScript's `toPrecision` does; Rust's own formatting rounds them to even.
fn three_digits(value: f64) -> (u32, i32) {
    // Exact to far more digits than two different f64 can share.
    let text = format!("{value:.40e}");
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let mut digits = mantissa.bytes().filter(u8::is_ascii_digit).map(|b| u32::from(b - b'0'));
    let three = digits.by_ref().take(3).fold(0, |sum, digit| sum * 10 + digit);
    let up = u32::from(digits.next().unwrap_or(0) >= 5);
    let exponent = exponent.parse().unwrap_or(0);
    if three + up == 1000 { (100, exponent + 1) } else { (three + up, exponent) }
}

fn rounded(value: f64) -> f64 {
    if value == 0.0 {
        return 0.0;
    }
    let (digits, exponent) = three_digits(value);
    // Through text: the nearest f64 of the decimal, which a product need not be.
    format!("{digits}e{}", exponent - 2).parse().unwrap_or(value)
}

fn significant(value: f64, trim: bool) -> String {
    if value == 0.0 {
        return "0".to_owned();
    }
    let (digits, exponent) = three_digits(value);
    if !(-6..15).contains(&exponent) {
        return scientific(digits, exponent);
    }
    if exponent >= 3 {
        return group(&format!("{:.0}", (value + 0.5).floor()));
    }
    let decimals = usize::try_from(2 - exponent).unwrap_or(0);
    let text = format!("{:.decimals$}", rounded(value));
    if trim && decimals > 0 { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

fn scientific(digits: u32, exponent: i32) -> String {
    let raised: String =
        exponent.unsigned_abs().to_string().bytes().map(|b| SUPERSCRIPTS[usize::from(b - b'0')]).collect();
    let sign = if exponent < 0 { "⁻" } else { "" };
    format!("{}.{:02}×10{sign}{raised}", digits / 100, digits % 100)
}

fn group(digits: &str) -> String {
    let mut text = String::with_capacity(digits.len() * 4 / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Deserialize)]
    struct Vector {
        value: Option<f64>,
        unit: String,
        #[serde(default)]
        trim: bool,
        text: String,
    }

    #[test]
    fn figures_read_as_on_the_pages() {
        let vectors: Vec<Vector> =
            serde_json::from_str(include_str!("../../static/tests/format-vectors.json")).unwrap();
        assert!(vectors.len() > 40);
        for Vector { value, unit, trim, text } in vectors {
            let named = Unit::named(&unit).unwrap();
            assert_eq!(named.name(), unit);
            let unit = named;
            assert_eq!(format(value, unit, trim), text, "{value:?} {unit:?}");
        }
    }
}
