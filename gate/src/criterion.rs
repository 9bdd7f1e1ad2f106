//! What a figure has to be: below or above a bound, within a range, or not too far from a baseline.

use crate::interval::{self, Interval};
use crate::observe::Reading;
use loadgate_documents::format::{Unit, format};
use loadgate_documents::{Operator, finite, number, shorten};
use std::fmt;
use thiserror::Error;

/// Text that is no criterion.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum CriterionError {
    /// It has not the form of one.
    #[error(
        "{:?} is no criterion: it is one of < <= > >= == != and a number, as `< 500ms`, a range, as `200..500`, \
         or relative to the baseline, as `<= +10%`",
        shorten(.0)
    )]
    Form(String),
    /// What stands behind the operator.
    #[error(
        "{:?} is no number that a figure could be compared with: 500, 500ms, 1.5s, 1%, 20/s or 5MB/s are",
        shorten(.0)
    )]
    Quantity(String),
    /// The range ends before it begins.
    #[error("{:?} is a range that ends before it begins", shorten(.0))]
    Backwards(String),
    /// Certainty was asked of a fixed bound.
    #[error("{:?} is a fixed bound: only a criterion relative to the baseline, as `<= +10%`, may end in surely", shorten(.0))]
    FixedSurely(String),
    /// What it is written in and what the figure is measured in differ.
    #[error("{:?} is in {written}, but the figure is in {}", shorten(text), words(*unit))]
    Unit {
        /// The criterion.
        text: String,
        /// What it is written in.
        written: &'static str,
        /// What the figure is measured in.
        unit: Unit,
    },
}

/// One criterion.
#[derive(Debug, Clone, PartialEq)]
pub struct Criterion {
    /// As its author wrote it.
    text: String,
    test: Test,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Test {
    Fixed {
        operator: Operator,
        bound: Quantity,
    },
    /// Both ends belong to it.
    Range {
        from: Quantity,
        to: Quantity,
    },
    Relative {
        operator: Operator,
        change: Change,
        surely: bool,
    },
}

/// How far from the baseline.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Change {
    /// As a share of it.
    Share(f64),
    Amount(Quantity),
}

/// A number and what it is written in; in the unit that summaries have.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Quantity {
    value: f64,
    written: Option<Written>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Written {
    Time,
    Data,
    Share,
    Rate,
    DataRate,
}

/// What may stand behind a number, its size in the unit of summaries, and what that is.
type Suffix = (&'static str, f64, Written);

const SUFFIXES: [Suffix; 16] = [
    ("ns", 1e-6, Written::Time),
    ("us", 1e-3, Written::Time),
    ("µs", 1e-3, Written::Time),
    ("ms", 1.0, Written::Time),
    ("s", 1e3, Written::Time),
    ("m", 6e4, Written::Time),
    ("h", 3.6e6, Written::Time),
    ("%", 0.01, Written::Share),
    ("B", 1.0, Written::Data),
    ("kB", 1e3, Written::Data),
    ("MB", 1e6, Written::Data),
    ("GB", 1e9, Written::Data),
    ("/s", 1.0, Written::Rate),
    ("B/s", 1.0, Written::DataRate),
    ("kB/s", 1e3, Written::DataRate),
    ("MB/s", 1e6, Written::DataRate),
];

/// What a criterion is compared with, beside the figure.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Base {
    pub value: f64,
    /// `None`: the summaries have not enough to tell.
    pub interval: Option<Interval>,
}

/// What became of one criterion.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Judged {
    /// `None`: there is no baseline.
    pub holds: Option<bool>,
    /// The bound.
    pub limit: Option<f64>,
    pub margin: Option<f64>,
    /// Why, as the end of a sentence.
    pub why: String,
}

impl Criterion {
    /// Reads one.
    ///
    /// # Errors
    ///
    /// The text has not the form of one.
    pub fn parse(text: &str) -> Result<Self, CriterionError> {
        let text = text.trim();
        Ok(Criterion { text: text.to_owned(), test: test(text)? })
    }

    /// Reads one of a figure whose author counts in percent: `< 1` is `< 1%`.
    pub(crate) fn parse_in_percent(text: &str) -> Result<Self, CriterionError> {
        let mut criterion = Criterion::parse(text)?;
        let percent = |quantity: &mut Quantity| {
            if quantity.written.is_none() {
                quantity.value /= 100.0;
            }
        };
        match &mut criterion.test {
            Test::Fixed { bound, .. } => percent(bound),
            Test::Range { from, to } => {
                percent(from);
                percent(to);
            }
            Test::Relative { change: Change::Amount(amount), .. } => percent(amount),
            Test::Relative { change: Change::Share(_), .. } => {}
        }
        Ok(criterion)
    }

    /// Whether it needs a baseline.
    pub fn is_relative(&self) -> bool {
        matches!(self.test, Test::Relative { .. })
    }

    /// Whether it can be said of a figure that is measured in `unit`.
    ///
    /// # Errors
    ///
    /// It is written in another unit.
    pub fn fits(&self, unit: Unit) -> Result<(), CriterionError> {
        let quantities = match self.test {
            Test::Fixed { bound, .. } => vec![bound],
            Test::Range { from, to } => vec![from, to],
            Test::Relative { change: Change::Amount(amount), .. } => vec![amount],
            Test::Relative { change: Change::Share(_), .. } => Vec::new(),
        };
        match quantities.iter().filter_map(|quantity| quantity.written).find(|written| !written.is(unit)) {
            None => Ok(()),
            Some(written) => {
                Err(CriterionError::Unit { text: self.text.clone(), written: written.words(), unit })
            }
        }
    }

    pub(crate) fn judge(&self, reading: &Reading, base: Option<&Base>) -> Judged {
        let (value, say) = (reading.value, |number: f64| format(Some(number), reading.unit, true));
        match self.test {
            Test::Fixed { operator, bound: Quantity { value: bound, .. } } => Judged {
                holds: Some(operator.holds(value, bound)),
                limit: Some(bound),
                margin: operator.margin(value, bound),
                why: String::new(),
            },
            Test::Range { from: Quantity { value: from, .. }, to: Quantity { value: to, .. } } => {
                let (operator, bound) = if value - from < to - value {
                    (Operator::GreaterOrEqual, from)
                } else {
                    (Operator::LessOrEqual, to)
                };
                Judged {
                    holds: Some((from..=to).contains(&value)),
                    limit: Some(bound),
                    margin: operator.margin(value, bound),
                    why: String::new(),
                }
            }
            Test::Relative { operator, change, surely } => {
                let Some(base) = base else {
                    return Judged { holds: None, limit: None, margin: None, why: String::new() };
                };
                let allowed = match change {
                    Change::Share(share) => base.value.abs() * share,
                    Change::Amount(amount) => amount.value,
                };
                let limit = finite(base.value + allowed);
                let plainly = operator.holds(value, limit);
                let mut why = format!("the bound is {}, the baseline {}", say(limit), say(base.value));
                let mut holds = plainly;
                if surely && !plainly {
                    (holds, why) = beyond(operator, reading, base, allowed, why);
                }
                Judged { holds: Some(holds), limit: Some(limit), margin: operator.margin(value, limit), why }
            }
        }
    }
}

/// Whether a difference beyond what is allowed may still be chance.
fn beyond(operator: Operator, reading: &Reading, base: &Base, allowed: f64, why: String) -> (bool, String) {
    let intervals = interval::of(reading).zip(base.interval);
    let Some((own, others)) = intervals else {
        return (false, format!("{why}; the summary does not tell how far that may be chance"));
    };
    let difference = interval::difference(reading.value, own, base.value, others);
    let sure = match operator {
        Operator::Less | Operator::LessOrEqual => difference.from > allowed,
        Operator::Greater | Operator::GreaterOrEqual => difference.to < allowed,
        Operator::Equal => !(difference.from..=difference.to).contains(&allowed),
        Operator::NotEqual => difference.from == allowed && difference.to == allowed,
    };
    let say = |number| format(Some(number), reading.unit, true);
    let chance = format!("the difference lies between {} and {}", say(difference.from), say(difference.to));
    (!sure, format!("{why}; {chance}, {}", if sure { "so it is sure" } else { "so it may be chance" }))
}

fn test(text: &str) -> Result<Test, CriterionError> {
    let form = || CriterionError::Form(text.to_owned());
    let (body, surely) = match text.strip_suffix("surely") {
        Some(body) if body.ends_with(char::is_whitespace) => (body.trim_end(), true),
        _ => (text, false),
    };
    let end = body.find(|c| !"<>=!".contains(c)).ok_or_else(form)?;
    let found = if end == 0 { range(body).ok_or_else(form)?? } else { compared(body, end, surely)? };
    if surely && !matches!(found, Test::Relative { .. }) {
        return Err(CriterionError::FixedSurely(text.to_owned()));
    }
    Ok(found)
}

fn compared(body: &str, end: usize, surely: bool) -> Result<Test, CriterionError> {
    let operator = match &body[..end] {
        // As Keptn has it.
        "=" => Operator::Equal,
        sign => Operator::parse(sign).ok_or_else(|| CriterionError::Form(body.to_owned()))?,
    };
    let rest = body[end..].trim();
    let bound = quantity(rest)?;
    if !rest.starts_with(['+', '-']) {
        return Ok(Test::Fixed { operator, bound });
    }
    let change = match bound.written {
        Some(Written::Share) => Change::Share(bound.value),
        _ => Change::Amount(bound),
    };
    Ok(Test::Relative { operator, change, surely })
}

/// `None`: it is no range.
fn range(body: &str) -> Option<Result<Test, CriterionError>> {
    let (from, to) = body.split_once("..")?;
    // A range is fixed: what is relative are two criteria.
    if to.trim().starts_with('+') {
        return None;
    }
    let both = number_of(from).and_then(|from| Ok((from, number_of(to)?)));
    Some(both.and_then(|((from, unit), (to, last))| {
        // In 200..500ms the unit is of both.
        let ends = [(from, unit.or(last)), (to, last)].map(|(number, unit)| Quantity::of(number, unit));
        let [from, to] = ends;
        if from.value > to.value {
            return Err(CriterionError::Backwards(body.to_owned()));
        }
        Ok(Test::Range { from, to })
    }))
}

/// A number, and what stands behind it.
fn number_of(text: &str) -> Result<(f64, Option<&'static Suffix>), CriterionError> {
    let text = text.trim();
    if let Some(value) = number(text) {
        return Ok((value, None));
    }
    let suffixes = SUFFIXES.iter().filter(|(suffix, ..)| text.ends_with(suffix));
    let suffix = suffixes.max_by_key(|(suffix, ..)| suffix.len());
    let found = suffix.and_then(|suffix| {
        let value = number(text[..text.len() - suffix.0.len()].trim_end())?;
        Quantity::of(value, Some(suffix)).value.is_finite().then_some((value, Some(suffix)))
    });
    found.ok_or_else(|| CriterionError::Quantity(text.to_owned()))
}

fn quantity(text: &str) -> Result<Quantity, CriterionError> {
    number_of(text).map(|(value, suffix)| Quantity::of(value, suffix))
}

impl Quantity {
    fn of(value: f64, suffix: Option<&Suffix>) -> Self {
        match suffix {
            None => Quantity { value, written: None },
            // Divided, so that 1% is the 0.01 that people write.
            Some((_, size, written)) if *size < 1.0 => {
                Quantity { value: value / (1.0 / size).round(), written: Some(*written) }
            }
            Some((_, size, written)) => Quantity { value: value * size, written: Some(*written) },
        }
    }
}

/// A length of time, as `30s`, in ms.
pub(crate) fn duration(text: &str) -> Option<u64> {
    match quantity(text).ok()? {
        Quantity { value, written: Some(Written::Time) } if (0.0..=1e12).contains(&value) => {
            Some(value as u64)
        }
        _ => None,
    }
}

/// A share, as `90%` or `0.9`, 0 to 1.
pub(crate) fn share(text: &str) -> Option<f64> {
    match quantity(text).ok()? {
        Quantity { value, written: None | Some(Written::Share) } if (0.0..=1.0).contains(&value) => {
            Some(value)
        }
        _ => None,
    }
}

impl Written {
    fn is(self, unit: Unit) -> bool {
        match self {
            Written::Time => unit == Unit::Time,
            Written::Data => unit == Unit::Data,
            Written::Share => unit == Unit::Ratio,
            Written::Rate => unit == Unit::Rate,
            Written::DataRate => unit == Unit::DataRate,
        }
    }

    fn words(self) -> &'static str {
        match self {
            Written::Time => "time",
            Written::Data => "bytes",
            Written::Share => "percent",
            Written::Rate => "per second",
            Written::DataRate => "bytes per second",
        }
    }
}

fn words(unit: Unit) -> &'static str {
    match unit {
        Unit::Time => "time",
        Unit::Data => "bytes",
        Unit::DataRate => "bytes per second",
        Unit::Ratio => "percent",
        Unit::Rate => "per second",
        Unit::Count | Unit::Number => "plain numbers",
    }
}

impl fmt::Display for Criterion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}
