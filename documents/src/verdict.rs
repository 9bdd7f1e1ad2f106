//! What the gate says of a run, `GET /runs/ID/verdict`: every objective with its figures and a reason, and
//! what they come to together.
//!
//! How states follow from figures, and what they mean, is described in `docs/gate.md`.

use crate::Span;
use crate::format::Unit;
use crate::stream::is_false;
use crate::time::clock;
use serde::{Deserialize, Serialize};
use std::fmt;

/// What became of an objective, or of all of them together. Later ones are worse: a failure is certain
/// whatever the figures would say that an error lacks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ObjectiveState {
    /// It has no criteria, or none that can be judged before there is a baseline.
    #[default]
    Info,
    /// What is wanted holds.
    Pass,
    /// It does not, but what still counts as a warning does; or the evidence is not complete.
    Warning,
    /// Nobody can tell.
    Error,
    /// It does not hold.
    Fail,
}

impl ObjectiveState {
    /// All of them, the worst last.
    pub const ALL: [ObjectiveState; 5] = [
        ObjectiveState::Info,
        ObjectiveState::Pass,
        ObjectiveState::Warning,
        ObjectiveState::Error,
        ObjectiveState::Fail,
    ];

    /// As documents write it.
    pub fn word(self) -> &'static str {
        match self {
            ObjectiveState::Info => "info",
            ObjectiveState::Pass => "pass",
            ObjectiveState::Warning => "warning",
            ObjectiveState::Error => "error",
            ObjectiveState::Fail => "fail",
        }
    }
}

impl fmt::Display for ObjectiveState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

/// The whole document.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct GateVerdict {
    /// The run's id.
    pub run: String,
    /// Its test.
    pub test: String,
    /// What the objectives come to together.
    pub state: ObjectiveState,
    /// The run goes on: it may still change.
    #[serde(default, skip_serializing_if = "is_false")]
    pub provisional: bool,
    /// Why, in a sentence.
    pub reason: String,
    /// The part of the run that was judged, where an event asked for one; Unix ms.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window: Option<Span>,
    /// The run's begin, Unix ms, where a window of it was judged: what windows are told by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start: Option<i64>,
    /// The file says that the script's thresholds do not count, so that none of them are missed.
    #[serde(default, rename = "thresholdsIgnored", skip_serializing_if = "is_false")]
    pub thresholds_ignored: bool,
    /// The weighted share of what holds, 0 to 100; a warning counts half. `None`: nothing that counts.
    pub score: Option<f64>,
    /// What is not known or not complete; each a sentence. With any, the state is a warning or worse.
    pub missing: Vec<String>,
    /// k6's thresholds, then those of the file, in its order.
    pub objectives: Vec<ObjectiveResult>,
}

/// What became of one objective.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ObjectiveResult {
    /// What people call it.
    pub name: String,
    /// Who wanted it.
    pub origin: Origin,
    /// What was looked at: `http_req_duration{name:login} p(95)`.
    pub expression: String,
    /// The part of the run that decided, where it looks at one of its own; Unix ms.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window: Option<Span>,
    /// What became of it.
    pub state: ObjectiveState,
    /// Why, in a sentence.
    pub reason: String,
    /// What was compared; durations in ms, shares of 0 to 1.
    pub observed: Option<f64>,
    /// What it is measured in.
    pub unit: Unit,
    /// What passes, as its author wrote it; empty: nothing was asked.
    pub criterion: String,
    /// What still counts as a warning.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warn: Option<String>,
    /// The bound that decided, in the unit of the observed value.
    pub limit: Option<f64>,
    /// How far the observed value is on the good side of it, as a share of it; negative on the other side.
    pub margin: Option<f64>,
    /// The figure of the runs that this one is compared with.
    pub baseline: Option<BaselineFigure>,
    /// How much it counts in the score.
    pub weight: f64,
    /// Its failure fails the whole, whatever the score.
    #[serde(default, skip_serializing_if = "is_false")]
    pub key: bool,
    /// The test is to be stopped where it fails, after so many ms of the run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub abort: Option<u64>,
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Where to read on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub links: Vec<Link>,
}

/// Who wanted an objective.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Origin {
    /// A threshold of the k6 script.
    Threshold,
    /// The test's file of objectives.
    #[default]
    File,
}

/// What a figure is compared with.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct BaselineFigure {
    /// In the unit of the observed value.
    pub value: f64,
    /// Ids of the runs that it is of.
    pub runs: Vec<String>,
    /// How one value was made of several, as `med`; `None` of one run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub aggregate: Option<String>,
    /// By how much the observed value is above it, as a share of it; `None` where it is 0.
    pub change: Option<f64>,
}

/// Where to read on.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// What stands there.
    pub title: String,
    /// Its address, `https` or `http`.
    pub url: String,
}

impl GateVerdict {
    /// Objectives in a state.
    pub fn count(&self, state: ObjectiveState) -> usize {
        self.objectives.iter().filter(|objective| objective.state == state).count()
    }

    /// A window of the run by the times since its begin: `from 1:00 to 10:00`.
    pub fn place(&self, window: Option<Span>) -> Option<String> {
        let (Span { start, end }, begin) = window.zip(self.start)?;
        let at = |ms: i64| clock(ms.saturating_sub(begin) as f64);
        Some(format!("from {} to {}", at(start), at(end)))
    }
}

impl ObjectiveResult {
    /// Whether the test is to be stopped for it, so many ms after its begin.
    pub fn stops(&self, elapsed: u64) -> bool {
        self.state == ObjectiveState::Fail && self.abort.is_some_and(|delay| elapsed >= delay)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Digits, to_json};

    #[test]
    fn states_have_one_word_each_and_a_failure_is_the_worst() {
        for state in ObjectiveState::ALL {
            assert_eq!(to_json(&state, Digits::All), format!("\"{state}\""));
        }
        assert!(ObjectiveState::ALL.is_sorted());
        assert_eq!(ObjectiveState::ALL.into_iter().max(), Some(ObjectiveState::Fail));
    }

    #[test]
    fn a_verdict_reads_back_as_it_was_written() {
        let objective = ObjectiveResult {
            name: "Login".to_owned(),
            state: ObjectiveState::Fail,
            observed: Some(612.5),
            unit: Unit::DataRate,
            baseline: Some(BaselineFigure { value: 500.0, change: Some(0.225), ..BaselineFigure::default() }),
            weight: 1.0,
            abort: Some(30_000),
            links: vec![Link { title: "Runbook".to_owned(), url: "https://example.com".to_owned() }],
            ..ObjectiveResult::default()
        };
        let verdict = GateVerdict { objectives: vec![objective], score: Some(0.0), ..GateVerdict::default() };
        let text = to_json(&verdict, Digits::All);
        assert!(text.contains(r#""unit":"data/s""#), "{text}");
        assert_eq!(serde_json::from_str::<GateVerdict>(&text).unwrap(), verdict);
        assert_eq!(verdict.count(ObjectiveState::Fail), 1);
        assert_eq!([29_999, 30_000].map(|elapsed| verdict.objectives[0].stops(elapsed)), [false, true]);
    }
}
