//! What every wire comes to.

use loadgate_documents::MetricKind;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// What was measured of one metric under one set of tags.
#[derive(Debug, Clone, PartialEq)]
pub struct Point {
    /// k6's name of it where k6 measures the same, else the wire's own. With braces, as k6 writes a submetric
    /// (`http_req_duration{name:login}`), it says of samples that are told with the whole metric, too, what they are
    /// alone: they count in that submetric and nowhere else.
    pub metric: String,
    /// Type and unit, where the wire tells them or the name is one that a tool defines.
    pub kind: Option<MetricKind>,
    /// None of a submetric. By k6's keys where k6 has the same (`name`, `method`, `status`, `error_code`, `check`, `group`, `scenario`, …).
    /// No empty values, no key twice.
    pub tags: Vec<(String, String)>,
    /// Unix ns; of a sum the end of its interval. `None`: when it is received.
    pub time_ns: Option<i64>,
    /// What tells its series from others of the same metric and tags: a hash of all that the wire says of it, the
    /// same in every request, by which totals since the start are subtracted. 0 where the wire has no such totals.
    pub series: u64,
    /// Times in milliseconds and sizes in bytes, as k6 has them.
    pub value: Value,
}

impl Point {
    /// Of a wire without totals since the start.
    pub fn new(
        metric: String,
        kind: Option<MetricKind>,
        tags: Vec<(String, String)>,
        time_ns: Option<i64>,
        value: Value,
    ) -> Self {
        Point { metric, kind, tags, time_ns, series: 0, value }
    }

    /// Of one sample.
    pub fn sample(
        metric: impl Into<String>,
        kind: Option<MetricKind>,
        tags: Vec<(String, String)>,
        time_ns: Option<i64>,
        value: f64,
    ) -> Self {
        Point::new(metric.into(), kind, tags, time_ns, Value::Sample(value))
    }

    /// Of the samples of an interval that ends at `time_ns`; its length is 0 where the wire does not tell.
    pub fn interval(
        metric: impl Into<String>,
        kind: Option<MetricKind>,
        tags: Vec<(String, String)>,
        time_ns: Option<i64>,
        length_ns: i64,
        sum: Summed,
    ) -> Self {
        Point::new(metric.into(), kind, tags, time_ns, Value::Interval { length_ns, sum })
    }
}

/// What a point says.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// One sample. Finite.
    Sample(f64),
    /// The samples of the interval that ends at the point's time.
    Interval {
        /// Its length; 0 where the wire does not tell.
        length_ns: i64,
        /// Of them.
        sum: Summed,
    },
    /// All samples since the series' start: what came since the last such point is the difference.
    SinceStart {
        /// Unix ns; a later one than before says that the series began anew. `None` where the wire does not
        /// tell: then it did where it fell.
        start_ns: Option<i64>,
        /// Of them.
        sum: Summed,
    },
}

/// What is known of many samples. All numbers are finite.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Summed {
    /// How many; of a counter that does not tell, 1 where there were any; of a trend that does not, 0 beside what is
    /// `told`.
    pub count: u64,
    /// Those that are not zero: of a rate the ones that count.
    pub nonzero: u64,
    /// Of a counter what it counts, of a trend its samples' sum.
    pub sum: f64,
    /// The least, where the wire tells.
    pub min: Option<f64>,
    /// The greatest, where the wire tells.
    pub max: Option<f64>,
    /// How they are distributed, in ascending order and disjoint; `None`: not known. Their counts add up to
    /// `count`.
    pub buckets: Option<Vec<Bucket>>,
    /// Figures of these very samples, where a tool tells those and no distribution.
    pub told: Option<Told>,
}

/// What a tool has made of samples. It cannot be added up: it holds of a run that has no others.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Told {
    /// Their mean; like the two that follow where their sum cannot tell it, because nobody says how many they are.
    pub mean: Option<f64>,
    /// The least.
    pub min: Option<f64>,
    /// The greatest.
    pub max: Option<f64>,
    /// Percentiles, 0 to 100, with their values.
    pub percentiles: Vec<(f64, f64)>,
}

impl Told {
    /// All of its figures.
    pub fn figures(&self) -> impl Iterator<Item = f64> {
        let named = [self.mean, self.min, self.max].into_iter().flatten();
        named.chain(self.percentiles.iter().map(|(_, value)| *value))
    }
}

/// Samples between two values.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Bucket {
    /// None is less; equal to `high` where all have the very value. `-INFINITY` where there is no bound.
    pub low: f64,
    /// None is greater; `INFINITY` where there is no bound.
    pub high: f64,
    /// How many. Not 0.
    pub count: u64,
}

/// Why something was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wrong {
    /// A sentence without particulars, under which refusals are counted.
    pub reason: Cow<'static, str>,
    /// The particulars, shortened.
    pub detail: Option<String>,
}

impl std::fmt::Display for Wrong {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.detail {
            Some(detail) => write!(f, "{}: {detail}", self.reason),
            None => f.write_str(&self.reason),
        }
    }
}

impl Wrong {
    /// Of which there is no more to say.
    pub fn new(reason: impl Into<Cow<'static, str>>) -> Self {
        Wrong { reason: reason.into(), detail: None }
    }

    /// Quotes the part that is wrong, as far as it is text and short.
    pub fn quoting(reason: impl Into<Cow<'static, str>>, part: &[u8]) -> Self {
        let text = String::from_utf8_lossy(&part[..part.len().min(200)]);
        let short: String = text.chars().take(60).collect();
        let dots = if short.len() < part.len() { "…" } else { "" };
        Wrong { reason: reason.into(), detail: Some(format!("`{}{dots}`", short.escape_debug())) }
    }

    /// With particulars.
    pub fn with(reason: impl Into<Cow<'static, str>>, detail: String) -> Self {
        Wrong { reason: reason.into(), detail: Some(detail) }
    }
}
