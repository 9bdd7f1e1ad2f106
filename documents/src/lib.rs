//! What Loadgate writes for others to read: the types of its events and documents, the metrics and
//! thresholds that they speak of, and how numbers and times stand in them.
//!
//! The core makes these documents of its runs, stores them as JSON and hands them out; the report reads
//! them. Shapes, units and sources are described in `docs/events.md`.

#![forbid(unsafe_code)]
#![deny(missing_docs)]
#![warn(clippy::missing_errors_doc)]
// Tests of a module share freely among themselves.
#![cfg_attr(not(test), warn(unreachable_pub))]

mod comparison;
pub mod dashboard;
mod finding;
pub mod format;
mod json;
mod metric;
mod requests;
mod stream;
mod summary;
mod time;
mod verdict;
mod words;

pub use comparison::{ComparedFigure, ComparedTable, ComparedThreshold, Comparison, Condition, Says, Turn};
pub use finding::{Finding, FindingKind, Findings, View};
pub use json::{Digits, finite, to_json};
pub use metric::{
    Aggregate, Contains, Evaluation, MetricKind, MetricType, Observed, Operator, Submetric, Threshold,
    ThresholdError, builtin, is_metric_name, number, shorten,
};
pub use requests::Requests;
pub use stream::{Health, MetricMeta, Param, Refusal, Snapshot, WantedLoad};
pub use summary::{
    CheckRow, Generator, GroupRow, Metric, Outcome, RequestRow, RunState, Span, StatusRow, Summary, Tables,
    ThresholdRow, TrendValues, Values, Verdict,
};
pub use time::{clock, moment};
pub use verdict::{BaselineFigure, GateVerdict, Link, ObjectiveResult, ObjectiveState, Origin};
