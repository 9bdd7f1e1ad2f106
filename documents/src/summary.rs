//! The summary of a run, `GET /runs/ID/summary`: every figure, and what thresholds made of them. The report
//! and the lists of runs are made of it.
//!
//! Times are Unix ms, durations of trends ms, shares ratios of 0 to 1, rates per second.

use crate::stream::{Health, is_false};
use crate::time::clock;
use crate::{Aggregate, Contains, MetricType};
use serde::de::{MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::collections::BTreeMap;
use std::fmt;

/// The whole document.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// The run's id.
    pub run: String,
    /// Its test.
    pub test: String,
    /// Whether samples may still come.
    pub state: RunState,
    /// The run's origin.
    pub start: i64,
    /// Its newest sample.
    pub end: i64,
    /// How long it was to last, ms, where the options tell.
    pub planned: Option<u64>,
    /// The tags that every sample of the run has, with the values that its generators gave.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<String, Vec<String>>,
    /// How many of them there are beyond those.
    #[serde(default, rename = "moreTags", skip_serializing_if = "is_zero")]
    pub more_tags: u64,
    /// The part of the run that the figures are of; the whole run where it is absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window: Option<Span>,
    /// Every metric and submetric by name, and those that thresholds name and that had no data.
    pub metrics: BTreeMap<String, Metric>,
    /// What came of requests, checks and groups.
    #[serde(flatten)]
    pub tables: Tables,
    /// Every threshold in force.
    pub thresholds: Vec<ThresholdRow>,
    /// What to think of the figures.
    pub health: Health,
    /// How the run ended, where that is known.
    #[serde(default)]
    pub outcome: Option<Outcome>,
    /// What people call the run …
    #[serde(default)]
    pub label: Option<String>,
    /// … and what they noted beside it.
    #[serde(default)]
    pub note: Option<String>,
}

/// From when to when, Unix ms.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    /// Its begin.
    pub start: i64,
    /// Its end.
    pub end: i64,
}

/// Whether a run goes on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RunState {
    /// Samples may come.
    Live,
    /// None comes any more.
    #[default]
    Ended,
    /// What is stored of the run is damaged.
    Unreadable,
}

/// A metric or submetric over the whole run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Metric {
    /// What it makes of its samples; a guess where `unknown` is there.
    #[serde(rename = "type")]
    pub metric_type: MetricType,
    /// What its values are.
    #[serde(default, skip_serializing_if = "Contains::is_default")]
    pub contains: Contains,
    /// The types that are possible, where nobody told which.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unknown: Option<Vec<MetricType>>,
    /// A submetric that was not asked for when the run began misses what came before.
    #[serde(default, skip_serializing_if = "is_false")]
    pub partial: bool,
    /// In the part of the run that the figures are of it had no samples: then zeros say nothing. Counters that had none
    /// counted nothing, and that is a figure.
    #[serde(default, skip_serializing_if = "is_false")]
    pub silent: bool,
    /// Its figures.
    pub values: Values,
    /// As in k6's own summary: what became of its thresholds, by expression.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub thresholds: BTreeMap<String, Verdict>,
}

impl Metric {
    /// Figures of a metric of which all is known, and that has no thresholds.
    #[must_use]
    pub fn of(metric_type: MetricType, contains: Contains, values: Values) -> Self {
        Metric {
            metric_type,
            contains,
            unknown: None,
            partial: false,
            silent: false,
            values,
            thresholds: BTreeMap::new(),
        }
    }
}

/// What k6's summary says of a threshold.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Verdict {
    /// As k6 has it, true without data; null where the metric's type or the figure is not known.
    pub ok: Option<bool>,
    /// What was compared.
    pub observed: Option<f64>,
}

/// The figures of a metric, by its type.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Values {
    /// A distribution. Tried first: it has a counter's `count` too.
    Trend(TrendValues),
    /// The sum and the sum per second.
    Counter {
        /// The sum.
        count: f64,
        /// Per second.
        rate: f64,
    },
    /// A share.
    Rate {
        /// Of 0 to 1.
        rate: f64,
        /// Values that are not zero …
        passes: u64,
        /// … and those that are.
        fails: u64,
    },
    /// A value that holds.
    Gauge {
        /// The last.
        value: f64,
        /// The least.
        min: f64,
        /// The greatest.
        max: f64,
    },
}

/// The figures of a trend.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TrendValues {
    /// Samples; this and what follows is null where the wire did not tell.
    pub count: Option<u64>,
    /// Their arithmetic mean.
    pub avg: Option<f64>,
    /// The least.
    pub min: Option<f64>,
    /// The median.
    pub med: Option<f64>,
    /// The greatest.
    pub max: Option<f64>,
    /// Percentiles, 0 to 100, and their values, as `p(95)`.
    pub percentiles: Vec<(f64, Option<f64>)>,
    /// The sum; in the event stream it is left out.
    pub sum: Option<f64>,
}

/// The breakdowns; the state event `tables` alone.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Tables {
    /// By method and name.
    pub requests: Vec<RequestRow>,
    /// By method, name, status and error code.
    pub statuses: Vec<StatusRow>,
    /// By group and check.
    pub checks: Vec<CheckRow>,
    /// By group.
    pub groups: Vec<GroupRow>,
    /// By scenario.
    pub scenarios: Vec<GroupRow>,
    /// The tags that requests can be grouped and filtered by besides, each with the values that came.
    #[serde(default, rename = "requestTags", skip_serializing_if = "BTreeMap::is_empty")]
    pub request_tags: BTreeMap<String, Vec<String>>,
}

fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// One request.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct RequestRow {
    /// Method and name, then `setup` or `teardown` where it is of one; or `(other)` alone.
    pub key: Vec<String>,
    /// How often it was sent.
    pub count: f64,
    /// Per second.
    pub rate: f64,
    /// The share that failed.
    pub failed: Option<f64>,
    /// Mean duration; this and what follows is null where the wire did not tell.
    pub avg: Option<f64>,
    /// Least duration.
    pub min: Option<f64>,
    /// Median.
    pub med: Option<f64>,
    /// Greatest duration.
    pub max: Option<f64>,
    /// 90th percentile.
    pub p90: Option<f64>,
    /// 95th percentile.
    pub p95: Option<f64>,
    /// 99th percentile.
    pub p99: Option<f64>,
    /// All durations added up.
    pub time: f64,
    /// The row was too light to have one at first: at most so many of its earlier samples, of each metric,
    /// are in `(other)`.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub missed: u64,
    /// Its name was shortened (`/users/{id}`): about so many names are in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub names: Option<u64>,
}

/// What requests were answered with.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct StatusRow {
    /// Method, name, status, error code, then `setup` or `teardown`; or `(other)` alone.
    pub key: Vec<String>,
    /// How often.
    pub count: f64,
    /// When first …
    pub first: i64,
    /// … and last.
    pub last: i64,
    /// Of failures, what the first that came was said to have died of, and …
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// … what it had asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// The row was too light to have one at first: at most so many of its earlier samples, of each metric,
    /// are in `(other)`.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub missed: u64,
}

/// One check.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct CheckRow {
    /// Group and check; or `(other)` alone.
    pub key: Vec<String>,
    /// How often it held …
    pub passes: u64,
    /// … and how often it did not.
    pub fails: u64,
    /// When it last failed.
    #[serde(rename = "lastFailed")]
    pub last_failed: Option<i64>,
    /// The row was too light to have one at first: at most so many of its earlier samples, of each metric,
    /// are in `(other)`.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub missed: u64,
}

/// One group or scenario.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct GroupRow {
    /// Its name; or `(other)`.
    pub key: Vec<String>,
    /// Its own figures, by metric.
    pub metrics: BTreeMap<String, Values>,
    /// Those with all groups in it, where there are any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub whole: Option<BTreeMap<String, Values>>,
    /// The row was too light to have one at first: at most so many of its earlier samples, of each metric,
    /// are in `(other)`.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub missed: u64,
}

/// One threshold; the state event `thresholds` is a list of them.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ThresholdRow {
    /// The metric or submetric.
    pub metric: String,
    /// As k6 writes it.
    pub expression: String,
    /// What was compared.
    pub observed: Option<f64>,
    /// Null: there is no data, or the metric's type or the figure is not known.
    pub passes: Option<bool>,
    /// The end of the window in which it first failed.
    #[serde(rename = "firstFailed")]
    pub first_failed: Option<i64>,
    /// The types that are possible, where that is why nobody can say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unknown: Option<Vec<MetricType>>,
    /// There are samples, and nobody told what is to be compared of them.
    #[serde(default, skip_serializing_if = "is_false")]
    pub untold: bool,
    /// k6 ends the test where it fails.
    #[serde(default, skip_serializing_if = "is_false")]
    pub aborts: bool,
}

impl ThresholdRow {
    /// As k6's own summary has it: without data, no threshold is crossed.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        let known = self.unknown.is_none() && !self.untold;
        Verdict { ok: known.then_some(self.passes != Some(false)), observed: self.observed }
    }
}

/// A load generator, as `health` lists it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Generator {
    /// What it calls itself, or its address.
    pub source: String,
    /// Its latest number of virtual users.
    pub vus: f64,
    /// When it was last heard.
    #[serde(rename = "lastSeen")]
    pub last_seen: i64,
}

/// How a run ended, for people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// k6's exit code.
    pub exit: Option<u8>,
    /// The test did not come to its planned end.
    pub aborted: bool,
    /// It is no success.
    #[serde(rename = "state", with = "bad")]
    pub bad: bool,
    /// `aborted by a threshold at 0:06 of 1:00 planned`.
    pub text: String,
}

/// `bad` or `none`, as of the pages' chips.
mod bad {
    use super::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(bad: &bool, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(if *bad { "bad" } else { "none" })
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
        Ok(String::deserialize(deserializer)? == "bad")
    }
}

impl Summary {
    /// A metric's type and unit; a submetric's are its own, or else its metric's.
    pub fn kind(&self, name: &str) -> Option<(MetricType, Contains)> {
        let base = name.split('{').next().unwrap_or_default();
        let metric = self.metrics.get(name).or_else(|| self.metrics.get(base))?;
        Some((metric.metric_type, metric.contains))
    }

    /// The part of the run that the figures are of, in seconds since its start.
    pub fn part_seconds(&self) -> Option<(f64, f64)> {
        let since = |ms: i64| (ms.saturating_sub(self.start)) as f64 / 1e3;
        self.window.map(|Span { start, end }| (since(start), since(end)))
    }

    /// The same by the clock: `0:30 to 2:00`.
    pub fn place(&self) -> Option<String> {
        self.part_seconds().map(|(from, to)| format!("{} to {}", clock(from * 1e3), clock(to * 1e3)))
    }

    /// Whether limits may be missing: then nothing is green.
    pub fn limits_may_be_missing(&self) -> bool {
        !self.health.thresholds_known
    }
}

impl Values {
    /// The value of an aggregate, where figures of that type have it.
    pub fn of(&self, aggregate: Aggregate) -> Option<f64> {
        match (self, aggregate) {
            (Values::Counter { count, .. }, Aggregate::Count) => Some(*count),
            (Values::Counter { rate, .. } | Values::Rate { rate, .. }, Aggregate::Rate) => Some(*rate),
            (Values::Gauge { value, .. }, Aggregate::Value) => Some(*value),
            (Values::Gauge { min, .. }, Aggregate::Min) => Some(*min),
            (Values::Gauge { max, .. }, Aggregate::Max) => Some(*max),
            (Values::Trend(trend), _) => trend.of(aggregate),
            _ => None,
        }
    }

    /// What documents have under a name: an aggregate, `passes` and `fails` of a rate, `sum` of a trend.
    pub fn get(&self, name: &str) -> Option<f64> {
        match (self, name) {
            (Values::Rate { passes, .. }, "passes") => Some(*passes as f64),
            (Values::Rate { fails, .. }, "fails") => Some(*fails as f64),
            (Values::Trend(trend), "sum") => trend.sum,
            _ => self.of(Aggregate::parse(name)?),
        }
    }
}

impl TrendValues {
    /// Whether there were samples, however many.
    pub fn has_data(&self) -> bool {
        self.count != Some(0)
    }

    fn of(&self, aggregate: Aggregate) -> Option<f64> {
        match aggregate {
            Aggregate::Count => self.count.map(|count| count as f64),
            Aggregate::Avg => self.avg,
            Aggregate::Min => self.min,
            Aggregate::Med => self.med,
            Aggregate::Max => self.max,
            Aggregate::Percentile(wanted) => {
                self.percentiles.iter().find(|(rank, _)| *rank == wanted).and_then(|(_, value)| *value)
            }
            Aggregate::Rate | Aggregate::Value => None,
        }
    }
}

fn percentile_name(rank: f64) -> String {
    Aggregate::Percentile(rank).to_string()
}

impl Serialize for TrendValues {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("count", &self.count)?;
        map.serialize_entry("avg", &self.avg)?;
        map.serialize_entry("min", &self.min)?;
        map.serialize_entry("med", &self.med)?;
        map.serialize_entry("max", &self.max)?;
        for (rank, value) in &self.percentiles {
            map.serialize_entry(&percentile_name(*rank), value)?;
        }
        if let Some(sum) = &self.sum {
            map.serialize_entry("sum", sum)?;
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for TrendValues {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(TrendVisitor)
    }
}

struct TrendVisitor;

impl<'de> Visitor<'de> for TrendVisitor {
    type Value = TrendValues;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the figures of a trend")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<TrendValues, A::Error> {
        let mut trend = TrendValues::default();
        let mut has_avg = false;
        while let Some((name, value)) = map.next_entry::<String, Option<f64>>()? {
            match name.as_str() {
                "count" => trend.count = value.map(|count| count as u64),
                "avg" => (trend.avg, has_avg) = (value, true),
                "min" => trend.min = value,
                "med" => trend.med = value,
                "max" => trend.max = value,
                "sum" => trend.sum = value,
                other => {
                    if let Some(Aggregate::Percentile(rank)) = Aggregate::parse(other) {
                        trend.percentiles.push((rank, value));
                    }
                }
            }
        }
        if has_avg { Ok(trend) } else { Err(serde::de::Error::missing_field("avg")) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Digits, to_json};

    #[test]
    fn figures_of_every_type_read_back_as_they_were_written() {
        let trend = TrendValues {
            count: Some(3),
            avg: Some(2.5),
            max: Some(6.0),
            percentiles: vec![(90.0, Some(4.0)), (99.9, None)],
            sum: Some(7.5),
            ..TrendValues::default()
        };
        for values in [
            Values::Trend(trend),
            Values::Counter { count: 812.0, rate: 0.5 },
            Values::Rate { rate: 0.25, passes: 1, fails: 3 },
            Values::Gauge { value: 1.0, min: 0.0, max: 9.0 },
        ] {
            let text = to_json(&values, Digits::All);
            assert_eq!(serde_json::from_str::<Values>(&text).unwrap(), values, "{text}");
        }
    }

    #[test]
    fn aggregates_are_found_by_the_names_that_documents_have() {
        let trend = TrendValues { percentiles: vec![(99.9, Some(5.5))], ..TrendValues::default() };
        assert_eq!(Values::Trend(trend.clone()).of(Aggregate::Percentile(99.9)), Some(5.5));
        assert_eq!(Values::Trend(trend.clone()).of(Aggregate::Rate), None);
        assert_eq!(Values::Trend(trend).get("p(99.9)"), Some(5.5));
        assert_eq!(Values::Rate { rate: 0.25, passes: 1, fails: 3 }.get("fails"), Some(3.0));
        assert_eq!(Values::Counter { count: 1.0, rate: 2.0 }.get("value"), None);
    }
}
