//! What two runs have different, `GET /runs/ID/comparison`: every figure of both, how far the difference may be
//! chance, and what is to be said of it.
//!
//! How that is found out is described in `docs/comparison.md`. Times are Unix ms, durations ms, shares ratios of 0
//! to 1, rates per second.

use crate::Span;
use crate::format::Unit;
use crate::stream::is_false;
use crate::words::words;
use serde::{Deserialize, Serialize};

words! {
    /// What is to be said of a difference.
    #[derive(Default)]
    pub enum Says {
        /// Larger than chance, large enough to matter, and in the wrong direction.
        Worse = "worse",
        /// The same in the right direction.
        Better = "better",
        /// The same of what nobody knows which direction is right.
        Differs = "differs",
        /// It may be chance, or it is too small to matter.
        None = "none",
        /// There are not enough values to tell.
        Little = "little",
        /// Chance cannot be told: there are no windows, or no distribution, of one of the runs.
        Unknown = "unknown",
        /// The loads, or the lengths, differ: a figure like this then says nothing.
        Unlike = "unlike",
        /// Only this run has it.
        Added = "added",
        /// Only the other has it.
        Gone = "gone",
        /// It is shown and never judged, as extremes are.
        #[default]
        Shown = "shown",
    }

    /// What a figure is of.
    #[derive(Default, PartialOrd, Ord)]
    pub enum ComparedTable {
        /// The figures that decide: of the run as a whole.
        #[default]
        Run = "run",
        /// One request.
        Requests = "requests",
        /// One check.
        Checks = "checks",
        /// Any other metric or submetric.
        Metrics = "metrics",
    }

    /// What became of a threshold.
    #[derive(Default)]
    pub enum Turn {
        /// It is as it was.
        #[default]
        Same = "same",
        /// It held, and fails.
        Fails = "fails",
        /// It failed, and holds.
        Holds = "holds",
        /// Only this run has it, or only it has data.
        Added = "added",
        /// Only the other has it, or only that has data.
        Gone = "gone",
    }
}

/// The whole document.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// The run's id.
    pub run: String,
    /// The run that it is compared with.
    pub other: String,
    /// `other` is the test's baseline.
    #[serde(default, skip_serializing_if = "is_false")]
    pub baseline: bool,
    /// One of them goes on: all of this is of now.
    #[serde(default, skip_serializing_if = "is_false")]
    pub provisional: bool,
    /// What all figures come to: `worse` where one is, else `better`, `none`, `little` or `unknown`.
    pub says: Says,
    /// The same in a sentence.
    pub sentence: String,
    /// What must be known to read the figures; each a sentence.
    pub notes: Vec<String>,
    /// The chance that anything at all is called worse, better or different where nothing is.
    pub level: f64,
    /// The part of the run that was compared, where a part was asked for …
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window: Option<Span>,
    /// … and that of the other.
    #[serde(default, rename = "otherWindow", skip_serializing_if = "Option::is_none")]
    pub other_window: Option<Span>,
    /// What should be equal for figures to be comparable.
    pub conditions: Vec<Condition>,
    /// Every threshold of both.
    pub thresholds: Vec<ComparedThreshold>,
    /// Every figure of both: the run's first, then what was asked, then the rest; in each the worst first.
    pub figures: Vec<ComparedFigure>,
}

/// One figure of both runs.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ComparedFigure {
    /// Where it stands.
    pub table: ComparedTable,
    /// The row's key: method and name, or group and check; empty of a metric.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub key: Vec<String>,
    /// The metric or submetric.
    pub metric: String,
    /// As in the summary: `p(95)`, `rate`.
    pub figure: String,
    /// Of both values.
    pub unit: Unit,
    /// The run's.
    pub value: Option<f64>,
    /// The other's.
    pub other: Option<f64>,
    /// Theirs.
    pub difference: Option<f64>,
    /// The difference as a share of the other's; null where that is 0.
    pub change: Option<f64>,
    /// What the difference is within, as a share of the other's value; of shares, as a share itself. A null
    /// bound is one that the values do not tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interval: Option<[Option<f64>; 2]>,
    /// Of the difference.
    pub says: Says,
    /// The difference for people: `+8 % ± 3 %`.
    pub text: String,
}

/// What should be equal.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Condition {
    /// `most VUs`.
    pub title: String,
    /// Of the run, for people.
    pub value: String,
    /// Of the other.
    pub other: String,
    /// They are not.
    pub differs: bool,
}

/// A threshold of both.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ComparedThreshold {
    /// The metric or submetric.
    pub metric: String,
    /// As k6 writes it.
    pub expression: String,
    /// Of both values.
    pub unit: Unit,
    /// What was compared with the limit in this run …
    pub value: Option<f64>,
    /// … and in the other.
    pub other: Option<f64>,
    /// Null: there is no data, or the metric's type is not known.
    pub passes: Option<bool>,
    /// Of the other.
    pub passed: Option<bool>,
    /// What became of it.
    pub turn: Turn,
}

impl Comparison {
    /// A figure of the run as a whole.
    #[must_use]
    pub fn of_run(&self, metric: &str, figure: &str) -> Option<&ComparedFigure> {
        let named =
            |one: &&ComparedFigure| one.metric == metric && one.figure == figure && one.key.is_empty();
        self.figures.iter().find(named)
    }
}
