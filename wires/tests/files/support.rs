//! Files as their readers read them, and figures of that.

use crate::common::read;
pub use crate::common::{Seen, tag};
use loadgate_wires::files::{Format, detect, reader};
use loadgate_wires::{Point, Summed, Told, Value, Wrong};
use std::path::PathBuf;

/// Reads a file in pieces.
pub fn in_pieces(format: Format, file: &[u8], size: usize) -> (Seen, Result<(), Wrong>) {
    let mut reader = reader(format, None).expect("a format of this module's");
    read(reader.as_mut(), file, size)
}

/// Reads a file that is wholly good, as which it shows, the same in all pieces.
pub fn good(format: Format, file: &[u8]) -> Seen {
    assert_eq!(detect(file), Ok(format));
    let (seen, end) = in_pieces(format, file, file.len());
    assert_eq!((end, &seen.refused[..]), (Ok(()), &[][..]));
    for size in [1, 97, 4_096] {
        assert_eq!(in_pieces(format, file, size).0, seen, "in pieces of {size}");
    }
    assert_sound(&seen);
    seen
}

pub fn fixture(name: &str) -> Vec<u8> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures/files").join(name);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

pub fn json(name: &str) -> serde_json::Value {
    serde_json::from_slice(&fixture(name)).expect("JSON")
}

/// Of all points of a metric that carry tags.
#[derive(Debug, Default, PartialEq)]
pub struct Figures {
    pub count: u64,
    pub nonzero: u64,
    pub sum: f64,
    pub min: Option<f64>,
    pub max: Option<f64>,
    /// Of single samples.
    pub last: Option<f64>,
}

pub fn figures(points: &[Point], metric: &str, tags: &[(&str, &str)]) -> Figures {
    let mut figures = Figures::default();
    let has =
        |point: &&Point| point.metric == metric && tags.iter().all(|(key, value)| tag(point, key) == *value);
    for point in points.iter().filter(has) {
        let one;
        let sum = match &point.value {
            Value::Sample(value) => {
                figures.last = Some(*value);
                let nonzero = u64::from(*value != 0.0);
                one = Summed {
                    count: 1,
                    nonzero,
                    sum: *value,
                    min: Some(*value),
                    max: Some(*value),
                    ..Summed::default()
                };
                &one
            }
            Value::Interval { sum, .. } => sum,
            Value::SinceStart { .. } => panic!("no file has totals"),
        };
        figures.count += sum.count;
        figures.nonzero += sum.nonzero;
        figures.sum += sum.sum;
        figures.min = [figures.min, sum.min].into_iter().flatten().reduce(f64::min);
        figures.max = [figures.max, sum.max].into_iter().flatten().reduce(f64::max);
    }
    figures
}

/// What a file tells of a trend beside its sum.
pub fn told(points: &[Point], metric: &str) -> Told {
    let of_run = |point: &&Point| point.metric == metric && point.tags.is_empty();
    points
        .iter()
        .filter(of_run)
        .find_map(|point| match &point.value {
            Value::Interval { sum, .. } => sum.told.clone(),
            _ => None,
        })
        .unwrap_or_default()
}

/// What it tells of the trend's percentiles.
pub fn percentiles(points: &[Point], metric: &str) -> Vec<(f64, f64)> {
    told(points, metric).percentiles
}

/// That two numbers agree to so much.
#[track_caller]
pub fn assert_near(found: f64, known: f64, error: f64) {
    assert!((found - known).abs() <= error, "{found} is not {known}");
}

/// What no reader may say, whatever it reads.
pub fn assert_sound(seen: &Seen) {
    for point in &seen.points {
        match &point.value {
            Value::Sample(value) => assert!(value.is_finite(), "{point:?}"),
            Value::Interval { length_ns, sum } => {
                assert!(*length_ns >= 0 && sum.sum.is_finite() && sum.nonzero <= sum.count, "{point:?}");
                let of = |buckets: &Vec<_>| {
                    buckets.iter().map(|bucket: &loadgate_wires::Bucket| bucket.count).sum::<u64>()
                };
                assert!(sum.buckets.as_ref().is_none_or(|buckets| sum.count == of(buckets)), "{point:?}");
            }
            Value::SinceStart { .. } => panic!("no file has totals"),
        }
        let mut keys: Vec<&str> = point.tags.iter().map(|(key, _)| &**key).collect();
        assert!(point.tags.iter().all(|(key, value)| !key.is_empty() && !value.is_empty()), "{point:?}");
        keys.sort_unstable();
        keys.dedup();
        assert_eq!(keys.len(), point.tags.len(), "{point:?}");
        let submetric = loadgate_documents::Submetric::parse(&point.metric);
        let metric = submetric.as_ref().map_or(&point.metric, |submetric| &submetric.metric);
        assert!(loadgate_documents::is_metric_name(metric), "{point:?}");
        assert!(submetric.is_none() || point.tags.is_empty(), "{point:?}");
    }
}
