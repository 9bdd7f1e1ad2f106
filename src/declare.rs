//! What is declared about a test: metric types and units, thresholds, scenarios, planned duration.
//!
//! Declarations come in k6's `Metric` lines, in the output of `k6 inspect
//! --execution-requirements` and from our own clients. A writer merges what is new into the set of
//! its test, stores the set under its hash and names that hash in its record.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MetricType {
    Counter,
    Gauge,
    Rate,
    Trend,
}

/// What a metric's values are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Contains {
    #[default]
    Default,
    /// Milliseconds.
    Time,
    /// Bytes.
    Data,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct MetricKind {
    #[serde(rename = "type")]
    pub metric_type: MetricType,
    #[serde(default)]
    pub contains: Contains,
}

/// The declarations of a test. Equal sets have equal bytes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Declarations {
    /// Custom metrics; k6's own are known ([`builtin`]).
    pub metrics: BTreeMap<String, MetricKind>,
    /// By metric or submetric name as k6 writes it; expressions as written, in k6's order.
    pub thresholds: BTreeMap<String, Vec<String>>,
    /// Thresholds came from k6's options: there are no others. Until then it is not known whether
    /// the test has any.
    pub thresholds_known: bool,
    pub scenarios: Vec<String>,
    /// Planned duration with graceful stops, ms (`totalDuration`).
    pub duration_ms: Option<u64>,
    pub max_vus: Option<u64>,
    /// A window is at least this long.
    pub period_ms: Option<u64>,
}
