//! A verdict as those want it who asked: a pull request, a build server, a terminal, a badge.
//!
//! Each is a function of the verdict alone. What comes from a test, as names and criteria, is escaped by the
//! rules of where it goes, and never has characters that steer a terminal or turn text around.

mod badge;
mod github;
mod junit;
mod markdown;
mod text;

pub use badge::badge;
pub use github::github;
pub use junit::junit;
pub use markdown::markdown;
pub use text::text;

use loadgate_documents::format::{NOTHING, Unit, format};
use loadgate_documents::{GateVerdict, ObjectiveResult, ObjectiveState};

/// The exit code of a command that ends with a verdict; with `strict`, a warning is none of success.
///
/// 99 is k6's own code for thresholds that were crossed, so that a pipeline which knows k6 knows this. The
/// others are none of k6's (97 to 110), nor 1 and 2, with which a command ends that failed itself or was
/// called wrongly: who reads 3 or 4 knows that there was a verdict.
pub fn exit_code(state: ObjectiveState, strict: bool) -> u8 {
    match state {
        ObjectiveState::Info | ObjectiveState::Pass => 0,
        ObjectiveState::Warning => {
            if strict {
                4
            } else {
                0
            }
        }
        ObjectiveState::Error => 3,
        ObjectiveState::Fail => 99,
    }
}

/// Text on one line, without characters that steer a terminal or turn text around.
fn clean(text: &str) -> String {
    let steers = |c: char| {
        c.is_control()
            || matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
    };
    text.chars().map(|c| if steers(c) { ' ' } else { c }).collect()
}

fn figure(value: Option<f64>, unit: Unit) -> String {
    format(value, unit, false)
}

/// A share with its sign: `+11 %`.
fn signed(share: Option<f64>) -> String {
    let text = format(share, Unit::Ratio, true);
    if share.is_some_and(|share| share > 0.0) { format!("+{text}") } else { text }
}

/// What was asked, as one reads it: `< 500ms; a warning up to < 800ms`.
fn wanted(objective: &ObjectiveResult) -> String {
    match &objective.warn {
        _ if objective.criterion.is_empty() => NOTHING.to_owned(),
        Some(warn) => format!("{}; else a warning: {warn}", objective.criterion),
        None => objective.criterion.clone(),
    }
}

/// Which part of the run was judged, where it was not all of it: `Judged from 1:00 to 10:00 of the run.`
fn judged(verdict: &GateVerdict) -> Option<String> {
    verdict.place(verdict.window).map(|place| format!("Judged {place} of the run."))
}

/// The baseline and how far from it: `550 ms of shop.11 (+11 %)`.
fn compared(objective: &ObjectiveResult) -> Option<String> {
    let baseline = objective.baseline.as_ref()?;
    let of = match (&baseline.aggregate, baseline.runs.as_slice()) {
        (Some(aggregate), runs) => format!("{aggregate} of {} runs", runs.len()),
        (None, [run]) => run.clone(),
        (None, runs) => runs.join(", "),
    };
    let value = figure(Some(baseline.value), objective.unit);
    Some(format!("{value} of {of} ({})", signed(baseline.change)))
}
