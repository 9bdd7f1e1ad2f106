//! Events of the stream that have a shape of their own, and `health`. See `docs/events.md`.

use crate::summary::Generator;
use crate::{Contains, MetricType};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// `snapshot`, `stop` and `cumulative`: of each announced name, in byte order, its figures by type; none
/// without samples, and null for what of a trend its wire did not tell.
pub type Snapshot = Vec<Vec<Option<f64>>>;

/// What `metric` announces of a name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MetricMeta {
    /// What it makes of its samples; a guess where `unknown` is there.
    #[serde(rename = "type")]
    pub metric_type: MetricType,
    /// What its values are.
    #[serde(default, skip_serializing_if = "Contains::is_default")]
    pub contains: Contains,
    /// It is none of k6's own.
    #[serde(default, skip_serializing_if = "is_false")]
    pub custom: bool,
    /// The types that are possible, where nobody told which.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unknown: Option<Vec<MetricType>>,
    /// A submetric that was not asked for when the run began misses what came before.
    #[serde(default, skip_serializing_if = "is_false")]
    pub partial: bool,
}

/// `param`: what a reader of the stream has to know of the run.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Param {
    /// Threshold expressions by metric.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub thresholds: BTreeMap<String, Vec<String>>,
    /// The test's scenarios.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub scenarios: Vec<String>,
    /// Planned duration with graceful stops, ms.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end_offset: Option<u64>,
    /// Planned duration without them, ms.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub planned: Option<u64>,
    /// Length of a window, ms.
    pub period: u64,
    /// The figures of each type, in the order of its arrays.
    pub aggregates: BTreeMap<MetricType, Vec<String>>,
    /// Whether there are no other thresholds.
    pub thresholds_known: bool,
    /// The run's id.
    pub run: String,
    /// Its test.
    pub test: String,
}

/// `health`: what to think of the figures.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Health {
    /// Samples that were counted.
    pub samples: u64,
    /// Samples that came after their window had closed; they count in totals alone.
    pub late: u64,
    /// Samples whose time cannot be; they count nowhere.
    pub misdated: u64,
    /// Lines that could not be read.
    pub refused: u64,
    /// Why, and how many; the most frequent first.
    pub refusals: Vec<Refusal>,
    /// Whether there are no other thresholds than those that are listed.
    pub thresholds_known: bool,
    /// Batches.
    pub records: u64,
    /// When the newest came.
    pub received: i64,
    /// A run ends after so long without samples, ms.
    pub idle: u64,
    /// Who sends.
    pub generators: Vec<Generator>,
    /// What scenarios of an arrival rate asked for, and what came of it.
    pub wanted: Vec<WantedLoad>,
}

/// A reason, and how many lines were refused for it.
pub type Refusal = (String, u64);

/// Wanted against achieved, of one scenario.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct WantedLoad {
    /// Empty: the whole test, whose samples do not name their scenarios.
    pub scenario: String,
    /// Iterations that should have begun by now.
    pub wanted: f64,
    /// Iterations that came to their end; null: samples do not tell which scenario they are of.
    pub reached: Option<f64>,
    /// Iterations that could not begin.
    pub dropped: f64,
    /// What rates are over.
    pub seconds: f64,
    /// The load was less than the test asked for: 1 % or more was dropped, or 5 % and more is missing at the end.
    pub short: bool,
}

/// What need not be said.
pub(crate) fn is_false(flag: &bool) -> bool {
    !flag
}
