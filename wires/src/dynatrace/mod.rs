//! Dynatrace's metric ingestion protocol, as its clients speak it: k6's output, JMeter's listener, anything else.
//!
//! The protocol's own rules are kept ("Metric ingestion protocol" of Dynatrace's documentation); what real
//! clients send against them counts all the same, with a warning. k6's output sends each sample as a plain
//! gauge called `k6.METRIC`: the metric has its true kind here. What becomes of the rest stands in
//! `docs/wires.md`, "Dynatrace metrics".

mod answer;
mod jmeter;
mod line;
#[cfg(test)]
mod tests;

pub use answer::{Counted, answer, refusal};

use crate::naming::metric_name;
use crate::{LineReader, Out, Point, Summed, Value, Wrong};
use jmeter::Listener;
use line::{Dimension, Line, Payload, Quirk};
use loadgate_documents::{Contains, MetricKind, MetricType, builtin};
use std::collections::{BTreeMap, BTreeSet};

/// How far a timestamp may lie in the past and in the future, ms.
const PAST_MS: i64 = 3_600_000;
const FUTURE_MS: i64 = 600_000;

/// What stands before the name of a metric of k6's output, and of JMeter's listener.
const K6: &str = "k6.";
const JMETER: &str = "jmeter.usermetrics.";

/// Metrics of one body of which something is remembered.
const KNOWN: usize = 1_000;

/// Reads one body, line by line.
#[derive(Debug, Default)]
pub struct Reader {
    now_ms: Option<i64>,
    /// Of metrics that are not k6's nor JMeter's.
    kinds: BTreeMap<String, Known>,
    listener: Listener,
    /// Quirks that were told.
    told: BTreeSet<Quirk>,
}

/// What the body said of a metric so far.
#[derive(Debug, Default)]
struct Known {
    /// Metadata tell `gauge` of a single value as of a summary of many: samples show which.
    metric_type: Option<MetricType>,
    contains: Contains,
}

impl LineReader for Reader {
    fn set_clock(&mut self, now_ms: u64) {
        self.now_ms = i64::try_from(now_ms).ok();
    }

    fn line(&mut self, number: u64, line: &[u8], out: &mut dyn Out) -> Result<(), Wrong> {
        let mut quirks = Vec::new();
        match self.read(line, &mut quirks, out) {
            Ok(points) => {
                for quirk in quirks {
                    // Once: an output that does it does it on every line.
                    if self.told.insert(quirk) {
                        out.warn(number, Wrong::new(quirk.sentence()));
                    }
                }
                out.accept(number, points);
            }
            Err(wrong) => out.refuse(number, wrong),
        }
        Ok(())
    }
}

impl Reader {
    fn read(&mut self, line: &[u8], quirks: &mut Vec<Quirk>, out: &mut dyn Out) -> Result<Vec<Point>, Wrong> {
        let text = std::str::from_utf8(line).map_err(|_| Wrong::quoting("the line is not UTF-8", line))?;
        if let Some(metadata) = text.strip_prefix('#') {
            self.metadata(line::metadata(metadata)?, out)?;
            return Ok(Vec::new());
        }
        // Where a transaction had no samples it has no mean either.
        if text.starts_with(JMETER) && text.contains(" gauge,NaN") {
            quirks.push(Quirk::NotANumber);
            return Ok(Vec::new());
        }
        let Line { key, dimensions, payload, time_ms } = Line::parse(text, quirks)?;
        if let Some((time, now)) = time_ms.zip(self.now_ms) {
            if time < now - PAST_MS {
                return Err(Wrong::with("timestamp too old: more than an hour", time.to_string()));
            }
            if time > now + FUTURE_MS {
                return Err(Wrong::with(
                    "timestamp in the future: by more than ten minutes",
                    time.to_string(),
                ));
            }
        }
        let time_ns = time_ms.map(|ms| ms.saturating_mul(1_000_000));
        if let Some(name) = key.strip_prefix(JMETER) {
            return Ok(self.listener.read(name, &dimensions, &payload, time_ns, quirks));
        }
        let metric = metric_name(key.strip_prefix(K6).unwrap_or(key))?;
        let kind = match key.strip_prefix(K6) {
            Some(_) => builtin(&metric),
            None => Some(self.kind(&metric, &payload)),
        };
        let value = match payload {
            Payload::Value(value) => Value::Sample(value),
            Payload::Count(delta) => Value::Sample(delta),
            Payload::Gauge { min, max, sum, count } => Value::Interval {
                length_ns: 0,
                sum: Summed {
                    count,
                    nonzero: count,
                    sum,
                    min: Some(min),
                    max: Some(max),
                    ..Summed::default()
                },
            },
        };
        Ok(vec![Point::new(metric, kind, tags(dimensions), time_ns, value)])
    }

    /// What the first line of a metric shows, and metadata tell.
    fn kind(&mut self, metric: &str, payload: &Payload) -> MetricKind {
        let shown = match payload {
            Payload::Count(_) => MetricType::Counter,
            Payload::Value(_) => MetricType::Gauge,
            // Of many values: a client's timer or summary.
            Payload::Gauge { .. } => MetricType::Trend,
        };
        if let Some(known) = self.kinds.get_mut(metric) {
            let metric_type = *known.metric_type.get_or_insert(shown);
            return MetricKind { metric_type, contains: known.contains };
        }
        if self.kinds.len() < KNOWN {
            let known = Known { metric_type: Some(shown), contains: Contains::Default };
            self.kinds.insert(metric.to_owned(), known);
        }
        MetricKind { metric_type: shown, contains: Contains::Default }
    }

    fn metadata(&mut self, metadata: line::Metadata, out: &mut dyn Out) -> Result<(), Wrong> {
        let name = metadata.key.strip_prefix(K6).unwrap_or(&metadata.key);
        let metric = metric_name(name)?;
        let own = metadata.key.starts_with(K6) || metadata.key.starts_with(JMETER);
        if !own && (self.kinds.len() < KNOWN || self.kinds.contains_key(&metric)) {
            let known = self.kinds.entry(metric.clone()).or_default();
            known.contains = metadata.contains;
            if metadata.is_count {
                known.metric_type.get_or_insert(MetricType::Counter);
            }
            if let Some(metric_type) = known.metric_type {
                out.declare(&metric, MetricKind { metric_type, contains: known.contains });
            }
        }
        Ok(())
    }
}

/// Of two dimensions with one key the first holds.
fn tags(dimensions: Vec<Dimension>) -> Vec<(String, String)> {
    let mut tags: Vec<(String, String)> = Vec::with_capacity(dimensions.len());
    for Dimension { key, value } in dimensions {
        if !tags.iter().any(|(known, _)| *known == key) {
            tags.push((key, value));
        }
    }
    tags
}
