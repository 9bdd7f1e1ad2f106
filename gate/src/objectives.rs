//! The objectives of a test: what has to hold, in which part of a run, and compared with what.

use crate::criterion::Criterion;
use crate::expression::Expression;
use crate::{keptn, read, yaml};
use loadgate_documents::{Aggregate, Link, ObjectiveState};
use std::fmt;
use thiserror::Error;

/// The JSON Schema of a file of objectives.
pub const SCHEMA: &str = include_str!("../objectives.schema.json");

/// The longest file.
pub const MAX_BYTES: usize = 64 * 1024;

/// The most objectives in it.
pub const MAX_OBJECTIVES: usize = 200;

/// The most runs that a baseline is made of.
pub const MAX_BASELINE: usize = 20;

/// A file that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ObjectivesError {
    /// Longer than [`MAX_BYTES`].
    #[error("the objectives are longer than the limit of {MAX_BYTES} bytes")]
    TooLarge,
    /// What is wrong, and where.
    #[error("line {line}, column {column}: {reason}")]
    Wrong {
        /// From 1.
        line: u64,
        /// From 1, in characters.
        column: u64,
        /// A sentence without its full stop.
        reason: String,
    },
}

/// A file of objectives.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Objectives {
    /// What relative criteria compare with.
    pub baseline: BaselineChoice,
    /// The score decides instead of the worst.
    pub score: Option<Score>,
    /// Thresholds of the k6 script do not count, and there need not be any that are known.
    pub ignore_thresholds: bool,
    /// In the order of the file.
    pub objectives: Vec<Objective>,
}

/// What relative criteria compare with.
#[derive(Debug, Clone, Default, PartialEq)]
pub enum BaselineChoice {
    /// The run that is pinned as the test's baseline.
    #[default]
    Pinned,
    /// A run, by its id.
    Run(String),
    /// The last ones before this.
    Last {
        /// At most so many, 1 to [`MAX_BASELINE`].
        count: usize,
        /// Of those with such a verdict.
        verdicts: Verdicts,
        /// How one value is made of several: `avg`, `min`, `med`, `max` or a percentile.
        aggregate: Aggregate,
    },
}

/// Which runs a baseline is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdicts {
    /// That passed, or were for information: a first run, before there is a baseline, is one.
    Passed,
    /// Those, or that ended with a warning.
    PassedOrWarned,
    /// All of them.
    All,
}

impl Verdicts {
    /// Whether runs with that verdict are among them.
    pub fn take(self, state: ObjectiveState) -> bool {
        match self {
            Verdicts::Passed => state <= ObjectiveState::Pass,
            Verdicts::PassedOrWarned => state <= ObjectiveState::Warning,
            Verdicts::All => true,
        }
    }
}

/// From which weighted share of objectives the whole passes, or still is a warning; 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Score {
    /// It passes.
    pub pass: f64,
    /// It is a warning, and below a failure.
    pub warn: f64,
}

/// One objective.
#[derive(Debug, Clone, PartialEq)]
pub struct Objective {
    /// What people call it; no two of a file have the same.
    pub name: String,
    /// What is looked at.
    pub expression: Expression,
    /// What passes.
    pub pass: Criteria,
    /// What still counts as a warning.
    pub warn: Criteria,
    /// How much it counts in the score.
    pub weight: f64,
    /// Its failure fails the whole, whatever the score.
    pub key: bool,
    /// What it comes to without data.
    pub without_data: WithoutData,
    /// What is looked at instead of the whole run.
    pub part: Part,
    /// Where to read on.
    pub links: Vec<Link>,
    /// What it is for.
    pub description: Option<String>,
    /// The test is to be stopped where it fails, after so many ms.
    pub abort: Option<u64>,
}

/// Lists of criteria, of which one has to hold as a whole.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Criteria(pub Vec<Vec<Criterion>>);

/// What an objective comes to without data.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum WithoutData {
    /// Nobody can tell.
    #[default]
    Error,
    /// It does not hold.
    Fail,
    /// It holds: what never happened was never too slow.
    Pass,
}

/// A part of a run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Part {
    /// From when to when.
    pub window: Window,
    /// Each stretch of so many ms is looked at alone, and the worst decides.
    pub stretch: Option<u64>,
}

/// From when to when.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Window {
    /// All of the run.
    #[default]
    Whole,
    /// Without the beginning and end, where the load changes.
    Steady,
    /// Between two times of the run, ms.
    Between {
        /// From here …
        from: u64,
        /// … to here, or to the end.
        to: Option<u64>,
    },
}

impl Objectives {
    /// Reads a file, YAML or JSON; Keptn's `slo.yaml` is recognised by its `spec_version`.
    ///
    /// # Errors
    ///
    /// It cannot be read as one; the error says where and why.
    pub fn read(text: &str) -> Result<Self, ObjectivesError> {
        if text.len() > MAX_BYTES {
            return Err(ObjectivesError::TooLarge);
        }
        let read = if yaml::has_key(text, keptn::MARK) { keptn::read } else { read::read };
        read(text).map_err(|error| yaml::hint(text, error))
    }

    /// The metrics and submetrics that have to be measured for it, each with the aggregate that the summary
    /// has to have beside those of its type.
    pub fn wants(&self) -> impl Iterator<Item = (&str, Option<Aggregate>)> {
        self.objectives.iter().filter_map(|objective| objective.expression.wants())
    }

    /// Whether anything is compared with a baseline.
    pub fn needs_baseline(&self) -> bool {
        self.objectives.iter().any(|objective| objective.pass.is_relative() || objective.warn.is_relative())
    }
}

impl Criteria {
    /// Whether nothing is asked.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether one of them needs a baseline.
    pub fn is_relative(&self) -> bool {
        self.all().any(Criterion::is_relative)
    }

    /// All of all lists.
    pub fn all(&self) -> impl Iterator<Item = &Criterion> {
        self.0.iter().flatten()
    }
}

impl fmt::Display for Criteria {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, list) in self.0.iter().enumerate() {
            for (within, criterion) in list.iter().enumerate() {
                let joint = match (at, within) {
                    (0, 0) => "",
                    (_, 0) => ", or ",
                    _ => " and ",
                };
                write!(f, "{joint}{criterion}")?;
            }
        }
        Ok(())
    }
}
