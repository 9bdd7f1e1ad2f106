//! What a plain native, single-threaded loop does with the same bytes: read a line, and put its value
//! into a histogram of its metric. No tags, no time, no store.

use crate::input::{Batch, Wire};
use hdrhistogram::Histogram;
use serde::Deserialize;
use std::collections::HashMap;

/// Microseconds to an hour, in milliseconds and three digits.
const PER_UNIT: f64 = 1e3;
const HIGHEST: u64 = 3_600_000_000;

#[derive(Default)]
struct Histograms {
    by_metric: HashMap<String, Histogram<u64>>,
    counted: usize,
}

impl Histograms {
    fn record(&mut self, metric: &str, value: f64) {
        self.counted += 1;
        let histogram = match self.by_metric.get_mut(metric) {
            Some(histogram) => histogram,
            None => {
                let empty = Histogram::new_with_bounds(1, HIGHEST, 3).expect("the bounds are sound");
                self.by_metric.entry(metric.to_owned()).or_insert(empty)
            }
        };
        histogram.saturating_record((value * PER_UNIT) as u64);
    }
}

/// Samples that were counted.
pub fn run(wire: Wire, batches: &[Batch]) -> usize {
    let mut histograms = Histograms::default();
    for Batch { body } in batches {
        let mut rest = body.as_slice();
        while let Some(end) = memchr::memchr(b'\n', rest) {
            let line = &rest[..end];
            rest = &rest[end + 1..];
            match wire {
                Wire::Json => json(line, &mut histograms),
                Wire::Influx => influx(line, &mut histograms),
            }
        }
    }
    std::hint::black_box(&histograms.by_metric);
    histograms.counted
}

#[derive(Deserialize)]
struct Line<'a> {
    metric: &'a str,
    #[serde(rename = "type")]
    kind: &'a str,
    #[serde(borrow)]
    data: Data<'a>,
}

#[derive(Deserialize)]
struct Data<'a> {
    #[serde(borrow)]
    time: Option<&'a str>,
    value: Option<f64>,
}

fn json(line: &[u8], histograms: &mut Histograms) {
    let Ok(line) = serde_json::from_slice::<Line>(line) else { return };
    if let (true, Some(value)) = (line.kind == "Point", line.data.value) {
        std::hint::black_box(line.data.time);
        histograms.record(line.metric, value);
    }
}

fn influx(line: &[u8], histograms: &mut Histograms) {
    let Some(end) = memchr::memchr2(b',', b' ', line) else { return };
    let Some(time) = memchr::memrchr(b' ', line) else { return };
    // The value is the last field that k6 writes.
    let Some(at) = memchr::memrchr(b'=', &line[..time]) else { return };
    let Ok(value) = fast_float2::parse::<f64, _>(&line[at + 1..time]) else { return };
    if let Ok(metric) = std::str::from_utf8(&line[..end]) {
        histograms.record(metric, value);
    }
}
