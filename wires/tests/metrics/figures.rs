//! The figures that a recorded run must come to, as far as its wire carries them.

use crate::support::{Totals, fixture};
use loadgate_documents::MetricType;
use loadgate_wires::{Bucket, Point, Summed, Value};
use serde::Deserialize;
use std::collections::BTreeMap;

/// What of a run is on a wire, besides sums, counts and last values.
#[derive(Debug, Clone, Copy)]
pub struct Carried {
    /// Least and greatest.
    pub extremes: bool,
    /// Distributions: how wide a bucket around a value may be.
    pub width: Option<fn(f64) -> f64>,
    /// Rates besides that of failed requests.
    pub rates: bool,
}

/// What a run's own samples say.
#[derive(Debug, Deserialize)]
pub struct Expected {
    pub metrics: BTreeMap<String, Figures>,
    /// By metric, then by request name or check.
    pub by_name: BTreeMap<String, BTreeMap<String, Figures>>,
}

/// Of one metric or row.
#[derive(Debug, Deserialize)]
pub struct Figures {
    #[serde(rename = "type")]
    pub metric_type: Option<String>,
    pub contains: Option<String>,
    pub count: u64,
    pub sum: f64,
    pub min: f64,
    pub max: f64,
    pub p90: f64,
    pub p95: f64,
    pub p99: f64,
    pub last: Option<f64>,
    pub series: Option<usize>,
}

/// Reads the figures that a run must come to.
pub fn expected(name: &str) -> Expected {
    serde_json::from_str(&fixture(name)).expect("figures")
}

/// Checks that totals can be subtracted: each bucket lies within one of the series' next total, which has no fewer in it.
/// How many pairs of totals with buckets there were.
pub fn check_subtractable(points: &[Point]) -> usize {
    let mut before: BTreeMap<u64, &[Bucket]> = BTreeMap::new();
    let mut pairs = 0;
    for point in points {
        let Value::SinceStart { sum: Summed { buckets: Some(later), .. }, .. } = &point.value else {
            continue;
        };
        let Some(earlier) = before.insert(point.series, later) else { continue };
        pairs += 1;
        let mut rest: Vec<_> = later.iter().map(|bucket| bucket.count).collect();
        for bucket in earlier {
            let around = later.iter().position(|b| b.low <= bucket.low && bucket.high <= b.high);
            let around = around.unwrap_or_else(|| panic!("{}: {bucket:?} in {later:?}", point.metric));
            rest[around] = rest[around].checked_sub(bucket.count).expect("no fewer");
        }
    }
    pairs
}

/// Checks all metrics and rows of a run.
pub fn check_run(totals: &Totals, expected: &Expected, carried: Carried) {
    // Nothing is invented: besides the run's metrics there are only single figures of them.
    for metric in totals.points.iter().map(|point| &point.metric) {
        let of = metric.rsplit_once('_').map_or("", |(of, _)| of);
        let is_figure = || totals.gauges.contains_key(metric) && expected.metrics.contains_key(of);
        assert!(expected.metrics.contains_key(metric) || is_figure(), "{metric}");
    }
    for (metric, figures) in &expected.metrics {
        let kind = totals.points.iter().find(|point| point.metric == *metric).and_then(|point| point.kind);
        if !carried.rates && figures.metric_type.as_deref() == Some("rate") && metric != "http_req_failed" {
            assert_eq!(kind, None, "{metric}");
            continue;
        }
        let kind = kind.unwrap_or_else(|| panic!("{metric} is missing"));
        assert_eq!(Some(kind.metric_type.word()), figures.metric_type.as_deref(), "{metric}");
        assert_eq!(kind.contains.word().or(Some("default")), figures.contains.as_deref(), "{metric}");
        assert_eq!(Some(totals.tag_sets(metric)), figures.series, "{metric}");
        if kind.metric_type == MetricType::Gauge {
            assert!(figures.last.is_none_or(|last| totals.gauges[metric] == last), "{metric}");
            continue;
        }
        check(metric, kind.metric_type, &totals.of(metric, None), figures, carried);
    }
    for (metric, rows) in &expected.by_name {
        let key = if metric == "checks" { "check" } else { "name" };
        let metric_type = loadgate_documents::builtin(metric).expect("k6's").metric_type;
        if !carried.rates && metric == "checks" {
            continue;
        }
        for (row, figures) in rows {
            let sum = totals.of(metric, Some((key, row)));
            check(&format!("{metric} of {row}"), metric_type, &sum, figures, carried);
        }
    }
}

fn check(what: &str, metric_type: MetricType, sum: &Summed, figures: &Figures, carried: Carried) {
    assert!(same(sum.sum, figures.sum), "{what}: sum {} {}", sum.sum, figures.sum);
    match metric_type {
        MetricType::Rate => {
            assert_eq!((sum.count, sum.nonzero), (figures.count, figures.sum as u64), "{what}");
        }
        MetricType::Trend => {
            assert_eq!(sum.count, figures.count, "{what}");
            if carried.extremes {
                assert!(sum.min.is_some_and(|min| same(min, figures.min)), "{what}: {:?}", sum.min);
                assert!(sum.max.is_some_and(|max| same(max, figures.max)), "{what}: {:?}", sum.max);
            } else {
                assert_eq!((sum.min, sum.max), (None, None), "{what}");
            }
            match carried.width {
                Some(width) => check_percentiles(what, sum, figures, width),
                None => assert_eq!(sum.buckets, None, "{what}"),
            }
        }
        MetricType::Counter | MetricType::Gauge => {}
    }
}

fn check_percentiles(what: &str, sum: &Summed, figures: &Figures, width: fn(f64) -> f64) {
    let buckets = sum.buckets.as_ref().unwrap_or_else(|| panic!("{what}: no buckets"));
    for (percent, value) in [(90.0, figures.p90), (95.0, figures.p95), (99.0, figures.p99)] {
        let bucket = percentile(buckets, percent);
        let (low, high) = (bucket.low.max(figures.min), bucket.high.min(figures.max));
        let width = width(value);
        assert!(high - low <= width + 1e-9, "{what}: p{percent} {bucket:?}");
        // Buckets of several series may overlap, so that the value may lie in the one beside.
        assert!(
            low - width - 1e-9 <= value && value <= high + width + 1e-9,
            "{what}: p{percent} {bucket:?} {value}"
        );
    }
}

/// The bucket in which a percentile lies, of buckets that may overlap: they are walked by their upper bounds.
fn percentile(buckets: &[Bucket], percent: f64) -> Bucket {
    let mut sorted = buckets.to_vec();
    sorted.sort_by(|a, b| a.high.total_cmp(&b.high));
    let count: u64 = sorted.iter().map(|bucket| bucket.count).sum();
    let mut rank = ((percent / 100.0 * count as f64).ceil() as u64).max(1);
    for bucket in &sorted {
        if rank <= bucket.count {
            return *bucket;
        }
        rank -= bucket.count;
    }
    panic!("no samples")
}

/// Whether two figures are the same but for the order in which they were added up.
pub fn same(one: f64, other: f64) -> bool {
    (one - other).abs() <= 1e-9 * one.abs().max(other.abs()).max(1e-3)
}
