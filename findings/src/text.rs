//! Figures in the sentences of findings.

use loadgate_documents::format::{Unit, format};

pub(crate) fn time(ms: f64) -> String {
    of(ms, Unit::Time)
}

/// Of whole things.
pub(crate) fn count(number: f64) -> String {
    of(number.round(), Unit::Count)
}

pub(crate) fn rate(per_second: f64) -> String {
    of(per_second, Unit::Rate)
}

pub(crate) fn share(ratio: f64) -> String {
    of(ratio, Unit::Ratio)
}

fn of(value: f64, unit: Unit) -> String {
    format(Some(value), unit, true)
}
