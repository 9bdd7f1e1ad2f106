//! Dynatrace's listener for JMeter (`dynatrace-oss/jmeter-dynatrace-plugin`): every figure of an interval is a gauge
//! of its own, `jmeter.usermetrics.transaction.count` and its siblings.

use super::line::{Dimension, Payload, Quirk};
use crate::{Point, Summed, Value};
use loadgate_documents::builtin;
use std::collections::BTreeMap;

/// The listener sends every minute.
const INTERVAL_NS: i64 = 60_000_000_000;

/// Transactions of one body whose figures wait for each other.
const WAITING: usize = 10_000;

/// Brings together what belongs together.
#[derive(Debug, Default)]
pub(super) struct Listener {
    durations: BTreeMap<(String, Option<i64>), Durations>,
}

/// Of the samples of one transaction in one interval.
#[derive(Debug, Default)]
struct Durations {
    count: Option<f64>,
    mean: Option<f64>,
    least: Option<f64>,
    greatest: Option<f64>,
}

impl Listener {
    /// What one line says; `name` is what follows `jmeter.usermetrics.`.
    pub(super) fn read(
        &mut self,
        name: &str,
        dimensions: &[Dimension],
        payload: &Payload,
        time_ns: Option<i64>,
        quirks: &mut Vec<Quirk>,
    ) -> Vec<Point> {
        let value = match *payload {
            Payload::Value(value) | Payload::Count(value) => value,
            Payload::Gauge { sum, count, .. } => sum / count as f64,
        };
        if value < 0.0 {
            quirks.push(Quirk::NotANumber);
            return Vec::new();
        }
        let label = dimensions.iter().find(|dimension| dimension.key == "transaction");
        let tags = || -> Vec<(String, String)> {
            let rest = dimensions.iter().filter(|dimension| dimension.key != "transaction");
            let name = label.map(|label| ("name".to_owned(), label.value.clone()));
            name.into_iter()
                .chain(rest.map(|dimension| (dimension.key.clone(), dimension.value.clone())))
                .collect()
        };
        let point =
            |metric: &str, value| Point::new(metric.to_owned(), builtin(metric), tags(), time_ns, value);
        let summed = |sum: Summed| Value::Interval { length_ns: INTERVAL_NS, sum };
        let counter = |metric: &str| {
            let sum = Summed { count: 1, nonzero: 1, sum: value, ..Summed::default() };
            if value > 0.0 { vec![point(metric, summed(sum))] } else { Vec::new() }
        };
        let outcome = |failed: bool| {
            let (count, nonzero) = (value as u64, if failed { value as u64 } else { 0 });
            let sum = Summed { count, nonzero, sum: nonzero as f64, ..Summed::default() };
            if count > 0 { vec![point("http_req_failed", summed(sum))] } else { Vec::new() }
        };
        let Some(name) = name.strip_prefix("transaction.") else {
            return match name {
                "meanactivethreads" => vec![point("vus", Value::Sample(value))],
                _ => Vec::new(),
            };
        };
        let mut points = match name {
            "count" => counter("http_reqs"),
            "success" => outcome(false),
            "error" => outcome(true),
            "sentbytes" => counter("data_sent"),
            "receivedbytes" => counter("data_received"),
            _ => Vec::new(),
        };
        let transaction = label.map_or("", |label| label.value.as_str());
        if let Some(durations) = self.durations((transaction, time_ns), name, value) {
            points.push(point("http_req_duration", summed(durations)));
        }
        points
    }

    /// The durations of a transaction, once everything is known of them.
    fn durations(
        &mut self,
        (transaction, time_ns): (&str, Option<i64>),
        name: &str,
        value: f64,
    ) -> Option<Summed> {
        if !matches!(name, "count" | "meantime" | "mintime" | "maxtime") || self.durations.len() >= WAITING {
            return None;
        }
        let key = (transaction.to_owned(), time_ns);
        let known = self.durations.entry(key.clone()).or_default();
        match name {
            "count" => known.count = Some(value),
            "meantime" => known.mean = Some(value),
            "mintime" => known.least = Some(value),
            _ => known.greatest = Some(value),
        }
        let (count, mean) = (known.count?, known.mean?);
        let (min, max) = (Some(known.least?), Some(known.greatest?));
        self.durations.remove(&key);
        let sum = Summed {
            count: count as u64,
            nonzero: count as u64,
            sum: count * mean,
            min,
            max,
            ..Summed::default()
        };
        (count >= 1.0).then_some(sum)
    }
}
