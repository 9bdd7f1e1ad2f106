//! Recorded requests, and what their points add up to.

use loadgate_wires::{Out, Point, Reader, Summed, Value, Wrong};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::path::PathBuf;

/// One recorded request.
#[derive(Debug, Deserialize)]
pub struct Request {
    pub headers: BTreeMap<String, String>,
    body_base64: String,
}

impl Request {
    /// The body, unpacked where HTTP packed it.
    pub fn body(&self) -> Vec<u8> {
        let bytes = base64(&self.body_base64);
        if self.headers.get("content-encoding").map(String::as_str) != Some("gzip") {
            return bytes;
        }
        let mut unpacked = Vec::new();
        flate2::read::GzDecoder::new(&bytes[..]).read_to_end(&mut unpacked).expect("gzip");
        unpacked
    }
}

fn base64(text: &str) -> Vec<u8> {
    const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let (mut bytes, mut bits, mut length) = (Vec::new(), 0_u32, 0);
    for digit in text.bytes().filter(|byte| *byte != b'=') {
        let six = DIGITS.iter().position(|known| *known == digit).expect("base64");
        bits = bits << 6 | six as u32;
        length += 6;
        if length >= 8 {
            length -= 8;
            bytes.push((bits >> length) as u8);
        }
    }
    bytes
}

/// A file of the fixtures.
pub fn fixture(name: &str) -> String {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures").join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The requests of a recording.
pub fn requests(name: &str) -> Vec<Request> {
    fixture(name).lines().map(|line| serde_json::from_str(line).expect("a request")).collect()
}

/// All that readers said.
#[derive(Debug, Default, PartialEq)]
pub struct Seen {
    pub accepted: Vec<(u64, Vec<Point>)>,
    /// How many of them are whole histograms.
    pub histograms: u64,
    pub refused: Vec<(u64, Wrong)>,
    pub warned: Vec<(u64, Wrong)>,
}

impl Out for Seen {
    fn accept(&mut self, unit: u64, points: Vec<Point>) {
        self.accepted.push((unit, points));
    }

    fn accept_histogram(&mut self, unit: u64, points: Vec<Point>) {
        self.histograms += 1;
        self.accept(unit, points);
    }

    fn refuse(&mut self, unit: u64, wrong: Wrong) {
        self.refused.push((unit, wrong));
    }

    fn warn(&mut self, unit: u64, warning: Wrong) {
        self.warned.push((unit, warning));
    }
}

/// Feeds a body in pieces.
pub fn read(mut reader: impl Reader, body: &[u8], size: usize) -> Result<Seen, Wrong> {
    let mut seen = Seen::default();
    for piece in body.chunks(size) {
        reader.feed(piece, &mut seen)?;
    }
    reader.finish(&mut seen)?;
    Ok(seen)
}

/// What a run's points add up to, as its receiver would: sums of intervals, and the last total of each series.
#[derive(Debug, Default)]
pub struct Totals {
    totals: BTreeMap<(String, u64), (Point, Summed)>,
    intervals: Vec<(Point, Summed)>,
    pub gauges: BTreeMap<String, f64>,
    pub points: Vec<Point>,
}

impl Totals {
    pub fn add(&mut self, seen: Seen) {
        for point in seen.accepted.into_iter().flat_map(|(_, points)| points) {
            self.points.push(point.clone());
            match point.value.clone() {
                Value::Sample(value) => {
                    self.gauges.insert(point.metric.clone(), value);
                }
                Value::Interval { sum, .. } => self.intervals.push((point, sum)),
                Value::SinceStart { sum, .. } => {
                    assert_ne!(point.series, 0, "{point:?}");
                    self.totals.insert((point.metric.clone(), point.series), (point, sum));
                }
            }
        }
    }

    /// Series of a metric that tags tell apart.
    pub fn tag_sets(&self, metric: &str) -> usize {
        let of = self.points.iter().filter(|point| point.metric == metric);
        let sorted = |point: &Point| {
            let mut tags = point.tags.clone();
            tags.sort();
            tags
        };
        of.map(sorted).collect::<BTreeSet<_>>().len()
    }

    /// Of a metric, all of it or a row of it.
    pub fn of(&self, metric: &str, row: Option<(&str, &str)>) -> Summed {
        let all = self.totals.values().chain(&self.intervals);
        let wanted = all.filter(|(point, _)| {
            let in_row = |(key, value): (&str, &str)| point.tags.iter().any(|(k, v)| k == key && v == value);
            point.metric == metric && row.is_none_or(in_row)
        });
        let mut whole = Summed { buckets: Some(Vec::new()), ..Summed::default() };
        for (_, sum) in wanted {
            whole.count += sum.count;
            whole.nonzero += sum.nonzero;
            whole.sum += sum.sum;
            whole.min = least(whole.min, sum.min, f64::min);
            whole.max = least(whole.max, sum.max, f64::max);
            match (&mut whole.buckets, &sum.buckets) {
                (Some(all), Some(more)) => all.extend(more),
                _ => whole.buckets = None,
            }
        }
        whole
    }
}

fn least(one: Option<f64>, other: Option<f64>, choose: fn(f64, f64) -> f64) -> Option<f64> {
    match (one, other) {
        (Some(one), Some(other)) => Some(choose(one, other)),
        (one, other) => one.or(other),
    }
}
