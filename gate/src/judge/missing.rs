//! What makes the evidence of a run incomplete, and how good its verdict can still be.

use super::Evidence;
use loadgate_documents::format::{Unit, format};
use loadgate_documents::{Generator, ObjectiveState, RunState, Summary, clock, shorten};

/// A generator that was silent for so long at the end of the run has vanished, ms.
const VANISHED: i64 = 30_000;

/// k6's exit code where thresholds are crossed: they speak for themselves.
const CROSSED: u8 = 99;

/// Something that is not known.
pub(super) struct Missing {
    /// A sentence.
    pub text: String,
    /// The verdict is this or worse.
    pub floor: ObjectiveState,
}

impl Missing {
    /// The figures are there, but not all of what they should be of.
    pub(super) fn incomplete(text: String) -> Self {
        Missing { text, floor: ObjectiveState::Warning }
    }

    /// Nobody can tell.
    fn unknown(text: &str) -> Self {
        Missing { text: text.to_owned(), floor: ObjectiveState::Error }
    }
}

/// What is missing of a run.
pub(super) fn of(evidence: &dyn Evidence, ignore_thresholds: bool) -> Vec<Missing> {
    let summary = evidence.whole();
    let mut missing = Vec::new();
    if summary.state == RunState::Unreadable {
        missing.push(Missing::unknown("What is stored of the run is damaged."));
    }
    if summary.health.samples == 0 {
        missing.push(Missing::unknown("The run has no samples."));
    }
    if summary.limits_may_be_missing() && !ignore_thresholds {
        missing.push(Missing::unknown(
            "It is not known which thresholds the test has: send its options, or say `thresholds: ignore` in its \
             objectives.",
        ));
    }
    missing.extend(incomplete(summary).into_iter().chain(evidence.missing()).map(Missing::incomplete));
    missing
}

fn incomplete(summary: &Summary) -> Vec<String> {
    let health = &summary.health;
    let count = |count: f64| format(Some(count), Unit::Count, true);
    let mut found = Vec::new();
    for (counted, what) in [
        (health.refused, "could not be read"),
        (health.misdated, "had a time that cannot be, and count nowhere"),
    ] {
        if counted > 0 {
            found.push(format!("{} samples {what}.", count(counted as f64)));
        }
    }
    for row in health.wanted.iter().filter(|row| row.short) {
        let scenario = if row.scenario.is_empty() { "The test" } else { shorten(&row.scenario) };
        found.push(format!(
            "{scenario} did not reach the load that was asked for: {} of {} iterations could not begin.",
            count(row.dropped),
            count(row.wanted)
        ));
    }
    found.extend(vanished(summary));
    if let Some(outcome) = &summary.outcome
        && (outcome.aborted || outcome.exit.is_some_and(|exit| exit != 0 && exit != CROSSED))
    {
        found.push(format!("The test did not end well: {}.", outcome.text));
    }
    found
}

/// Generators that the rest of the run went on without.
fn vanished(summary: &Summary) -> Option<String> {
    let silent = |generator: &&Generator| summary.end.saturating_sub(generator.last_seen) > VANISHED;
    let gone: Vec<&Generator> = summary.health.generators.iter().filter(silent).collect();
    let first = gone.first()?;
    let others = match gone.len() {
        1 => String::new(),
        count => format!(" and {} others", count - 1),
    };
    let since = clock((first.last_seen - summary.start) as f64);
    Some(format!(
        "The load generator {}{others} vanished: nothing came after {since}.",
        shorten(&first.source)
    ))
}
