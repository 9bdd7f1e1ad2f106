//! Results as their readers read them, and figures of that.

use crate::common;
pub use crate::common::{Seen, tag};
use loadgate_wires::{Point, Reader, Summed, Value, Wrong};
use serde_json::Value as Json;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Reads a file in pieces.
pub fn read(mut reader: impl Reader, file: &[u8], size: usize) -> (Seen, Result<(), Wrong>) {
    common::read(&mut reader, file, size)
}

/// Reads a file that is read to its end.
pub fn read_well(reader: impl Reader, file: &[u8], size: usize) -> Seen {
    let (seen, end) = read(reader, file, size);
    assert_eq!(end, Ok(()));
    seen
}

pub fn fixture(name: &str) -> Vec<u8> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures").join(name);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

pub fn expected() -> Json {
    serde_json::from_slice(&fixture("jmeter/expected.json")).expect("JSON")
}

/// Of a metric's samples, by a tag.
#[derive(Debug, Default)]
pub struct Figures {
    pub values: Vec<f64>,
    pub sum: f64,
    pub count: u64,
}

pub fn figures(points: &[Point], metric: &str, key: &str) -> BTreeMap<String, Figures> {
    let mut found: BTreeMap<String, Figures> = BTreeMap::new();
    for point in points.iter().filter(|point| point.metric == metric) {
        let figures = found.entry(tag(point, key).to_owned()).or_default();
        match &point.value {
            Value::Sample(value) => {
                figures.values.push(*value);
                figures.sum += value;
                figures.count += 1;
            }
            Value::Interval { sum: Summed { count, sum, .. }, .. } => {
                figures.sum += sum;
                figures.count += count;
            }
            Value::SinceStart { .. } => panic!("{point:?} is a total"),
        }
    }
    for figures in found.values_mut() {
        figures.values.sort_by(f64::total_cmp);
    }
    found
}

impl Figures {
    /// By nearest rank.
    pub fn percentile(&self, percent: usize) -> f64 {
        self.values[(self.values.len() * percent).div_ceil(100) - 1]
    }

    pub fn average(&self) -> f64 {
        (self.sum / self.count as f64 * 1_000.0).round() / 1_000.0
    }
}

/// The figures of durations, failures and bytes, against those of a label.
pub fn assert_figures(label: &Json, times: &Figures, failed: f64) {
    assert_eq!(times.count, label["count"]);
    assert_eq!(failed, label["errors"].as_f64().expect("a number"));
    assert_eq!(times.average(), label["avg"].as_f64().expect("a number"));
    assert_eq!(times.values[0], label["min"].as_f64().expect("a number"));
    assert_eq!(times.percentile(100), label["max"].as_f64().expect("a number"));
    for percent in [90, 95, 99] {
        let known = label[format!("p{percent}")].as_f64().expect("a number");
        assert_eq!(times.percentile(percent), known, "p{percent}");
    }
}

/// Numbers that look random and are the same every time.
pub struct Seeded(pub u64);

impl Seeded {
    pub fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % bound.max(1)
    }

    /// Cuts, doubles, and overwrites.
    pub fn mutated(&mut self, text: &[u8], alphabet: &[u8]) -> Vec<u8> {
        let mut text = text.to_vec();
        for _ in 0..1 + self.below(8) {
            let at = self.below(text.len());
            match self.below(5) {
                0 => text.truncate(at.max(1)),
                1 => {
                    let end = (at + self.below(200)).min(text.len());
                    text.drain(at..end);
                }
                2 => {
                    let end = (at + self.below(200)).min(text.len());
                    let copy = text[at..end].to_vec();
                    text.splice(at..at, copy);
                }
                3 if at < text.len() => text[at] = self.below(256) as u8,
                _ => text.insert(at, alphabet[self.below(alphabet.len())]),
            }
            if text.is_empty() {
                text.push(b'x');
            }
        }
        text
    }
}

/// What no reader may say, whatever it reads.
pub fn assert_sound(seen: &Seen) {
    for point in &seen.points {
        match &point.value {
            Value::Sample(value) => assert!(value.is_finite(), "{point:?}"),
            Value::Interval { sum, .. } | Value::SinceStart { sum, .. } => {
                assert!(sum.sum.is_finite() && sum.nonzero <= sum.count, "{point:?}");
            }
        }
        let mut keys: Vec<&str> = point.tags.iter().map(|(key, _)| &**key).collect();
        assert!(point.tags.iter().all(|(key, value)| !key.is_empty() && !value.is_empty()), "{point:?}");
        keys.sort_unstable();
        keys.dedup();
        assert_eq!(keys.len(), point.tags.len(), "{point:?}");
    }
}
