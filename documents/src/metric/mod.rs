//! What metrics are, k6's own among them, their submetrics, and the thresholds on them.

mod builtin;
mod submetric;
mod threshold;

pub use builtin::builtin;
pub use submetric::Submetric;
pub use threshold::{Aggregate, Evaluation, Observed, Operator, Threshold, ThresholdError, number};

use serde::{Deserialize, Serialize};
use std::sync::LazyLock;

/// The figures of the event stream's arrays by type; the pages read the same file.
#[derive(Debug, Default, Deserialize)]
struct Streamed {
    #[serde(borrow)]
    counter: Vec<&'static str>,
    #[serde(borrow)]
    gauge: Vec<&'static str>,
    #[serde(borrow)]
    rate: Vec<&'static str>,
    #[serde(borrow)]
    trend: Vec<&'static str>,
}

static STREAMED: LazyLock<Streamed> =
    LazyLock::new(|| serde_json::from_str(include_str!("aggregates.json")).expect("a test reads it"));

/// What a metric makes of its samples; k6's four types.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MetricType {
    /// Adds up.
    Counter,
    /// Holds its last value.
    Gauge,
    /// The share of values that are not zero.
    Rate,
    /// A distribution.
    Trend,
}

/// What a metric's values are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Contains {
    /// Numbers without a unit.
    #[default]
    Default,
    /// Milliseconds.
    Time,
    /// Bytes.
    Data,
}

/// A metric's type and unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct MetricKind {
    /// What it makes of its samples.
    #[serde(rename = "type")]
    pub metric_type: MetricType,
    /// What they are.
    #[serde(default)]
    pub contains: Contains,
}

impl MetricType {
    /// All of them.
    pub const ALL: [MetricType; 4] =
        [MetricType::Counter, MetricType::Gauge, MetricType::Rate, MetricType::Trend];

    /// As k6 writes it.
    pub fn word(self) -> &'static str {
        match self {
            MetricType::Counter => "counter",
            MetricType::Gauge => "gauge",
            MetricType::Rate => "rate",
            MetricType::Trend => "trend",
        }
    }

    /// The figures of the event stream's arrays, in their order.
    pub fn streamed(self) -> &'static [&'static str] {
        match self {
            MetricType::Counter => &STREAMED.counter,
            MetricType::Gauge => &STREAMED.gauge,
            MetricType::Rate => &STREAMED.rate,
            MetricType::Trend => &STREAMED.trend,
        }
    }
}

impl Contains {
    /// As k6 writes it, where it says anything.
    pub fn word(self) -> Option<&'static str> {
        match self {
            Contains::Default => None,
            Contains::Time => Some("time"),
            Contains::Data => Some("data"),
        }
    }

    /// Whether there is nothing to say.
    pub fn is_default(&self) -> bool {
        *self == Contains::Default
    }
}

/// What k6 takes for a metric's name, `[A-Za-z_][A-Za-z0-9_]{0,127}`, save `time`, which is the
/// event stream's own.
pub fn is_metric_name(name: &str) -> bool {
    let bytes = name.as_bytes();
    (1..=128).contains(&bytes.len())
        && !bytes[0].is_ascii_digit()
        && bytes.iter().all(|b| b.is_ascii_alphanumeric() || *b == b'_')
        && name != "time"
}

/// Enough of somebody's text to recognise it in a message.
pub fn shorten(text: &str) -> &str {
    &text[..text.floor_char_boundary(60)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dashboard;

    #[test]
    fn every_streamed_figure_is_an_aggregate_and_a_dashboard_can_show_it() {
        let mut all = Vec::new();
        for metric in MetricType::ALL {
            for name in metric.streamed() {
                assert!(Aggregate::parse(name).is_some_and(|aggregate| aggregate.fits(metric)), "{name}");
                if !all.contains(name) {
                    all.push(name);
                }
            }
        }
        let mut shown = dashboard::AGGREGATES.to_vec();
        all.sort_unstable();
        shown.sort_unstable();
        assert_eq!(all, shown);
    }
}
