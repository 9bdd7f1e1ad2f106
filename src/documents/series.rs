//! Metrics over time, in windows of one length: what charts of a run are drawn from whose own windows grew.

use crate::fold::{Tally, View};
use crate::record::{Dimension, SeriesKey};
use loadgate_documents::{Digits, MetricType, to_json};
use serde::Serialize;
use std::collections::{BTreeMap, HashMap};

/// Windows that were merged: all that end in the same step of the run.
#[derive(Debug, Default)]
pub(crate) struct Step {
    /// The end of the newest of them, Unix ms.
    pub end_ms: i64,
    pub tallies: HashMap<SeriesKey, Tally>,
}

/// What the steps are of.
pub(crate) struct Course<'a> {
    pub run: &'a str,
    /// Unix ms, where the first step begins.
    pub start_ms: i64,
    /// Unix ms, where the run has ended, or has come to.
    pub end_ms: i64,
    pub step_ms: i64,
    /// By their number, from 0; those without samples are absent.
    pub steps: BTreeMap<i64, Step>,
}

#[derive(Serialize)]
struct Document<'a> {
    run: &'a str,
    step: i64,
    times: Vec<i64>,
    series: Vec<Series<'a>>,
}

#[derive(Serialize)]
struct Series<'a> {
    metric: String,
    #[serde(rename = "type")]
    metric_type: MetricType,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    key: &'a [String],
    values: Vec<Vec<Option<f64>>>,
}

impl Course<'_> {
    /// As JSON: `times` are the steps' ends, and all lists of values parallel to them, in the figures of the stream.
    pub(crate) fn document(&self, of: &[SeriesKey], type_of: impl Fn(&str) -> MetricType) -> String {
        let last = self.steps.last_key_value().map_or(-1, |(number, _)| *number);
        let begins = |number: i64| self.start_ms + number * self.step_ms;
        let nothing = Step::default();
        let steps: Vec<(i64, &Step)> =
            (0..=last).map(|number| (number, self.steps.get(&number).unwrap_or(&nothing))).collect();
        let seconds = |number: i64| {
            let end = begins(number + 1).min(self.end_ms);
            ((end - begins(number)) as f64 / 1e3).max(1.0)
        };
        let series = of.iter().map(|key| {
            let (metric, key_shown) = match key.dimension {
                Dimension::Metric => (key.metric.clone(), &[][..]),
                Dimension::Submetric => (format!("{}{{{}}}", key.metric, key.key.concat()), &[][..]),
                _ => (key.metric.clone(), key.key.as_slice()),
            };
            let metric_type = type_of(&key.metric);
            let figures = |&(number, step): &(i64, &Step)| {
                let view = |tally| View { tally, metric_type, seconds: seconds(number) };
                step.tallies.get(key).map(|tally| view(tally).array()).unwrap_or_default()
            };
            Series { metric, metric_type, key: key_shown, values: steps.iter().map(figures).collect() }
        });
        let document = Document {
            run: self.run,
            step: self.step_ms,
            times: steps
                .iter()
                .map(|(number, step)| begins(number + 1).min(step.end_ms.max(self.end_ms)))
                .collect(),
            series: series.collect(),
        };
        to_json(&document, Digits::Five)
    }
}
