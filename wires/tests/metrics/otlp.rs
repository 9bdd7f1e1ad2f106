//! k6's OpenTelemetry output.

use crate::support::{Expected, Figures, Totals, expected, percentile, read, requests, same};
use loadgate_documents::MetricType;
use loadgate_wires::otlp::{Encoding, Reader};
use loadgate_wires::{Summed, Value};

fn totals(recording: &str) -> Totals {
    let mut totals = Totals::default();
    for request in requests(recording) {
        let seen = read(Reader::new(Encoding::Protobuf), &request.body(), 4_096).expect("a request");
        assert!(seen.refused.is_empty() && seen.warned.is_empty(), "{:?}", seen.refused);
        totals.add(seen);
    }
    totals
}

/// Everything that is told without a distribution.
fn check(what: &str, metric_type: MetricType, sum: &Summed, figures: &Figures) {
    assert!(same(sum.sum, figures.sum), "{what}: sum {} {}", sum.sum, figures.sum);
    match metric_type {
        MetricType::Rate => {
            assert_eq!((sum.count, sum.nonzero), (figures.count, figures.sum as u64), "{what}");
        }
        MetricType::Trend => {
            assert_eq!(sum.count, figures.count, "{what}");
            assert!(sum.min.is_some_and(|min| same(min, figures.min)), "{what}: {:?}", sum.min);
            assert!(sum.max.is_some_and(|max| same(max, figures.max)), "{what}: {:?}", sum.max);
        }
        MetricType::Counter | MetricType::Gauge => {}
    }
}

/// What a run is shown to have been, whatever the wire; `width` says how wide a bucket around a value may be.
fn check_run(totals: &Totals, expected: &Expected, width: fn(f64) -> f64) {
    for (metric, figures) in &expected.metrics {
        let kind = totals.points.iter().find(|point| point.metric == *metric).and_then(|point| point.kind);
        let kind = kind.unwrap_or_else(|| panic!("{metric} is missing"));
        assert_eq!(Some(kind.metric_type.word()), figures.metric_type.as_deref(), "{metric}");
        assert_eq!(
            kind.contains.word().unwrap_or("default"),
            figures.contains.as_deref().unwrap(),
            "{metric}"
        );
        assert_eq!(Some(totals.tag_sets(metric)), figures.series, "{metric}");
        if kind.metric_type == MetricType::Gauge {
            assert!(figures.last.is_none_or(|last| totals.gauges[metric] == last), "{metric}");
            continue;
        }
        let sum = totals.of(metric, None);
        check(metric, kind.metric_type, &sum, figures);
        if kind.metric_type == MetricType::Trend {
            check_percentiles(metric, &sum, figures, width);
        }
    }
    assert!(totals.points.iter().all(|point| expected.metrics.contains_key(&point.metric)));
    for (metric, rows) in &expected.by_name {
        let key = if metric == "checks" { "check" } else { "name" };
        let metric_type = loadgate_documents::builtin(metric).expect("k6's").metric_type;
        for (row, figures) in rows {
            let sum = totals.of(metric, Some((key, row)));
            check(&format!("{metric} of {row}"), metric_type, &sum, figures);
            if metric_type == MetricType::Trend {
                check_percentiles(row, &sum, figures, width);
            }
        }
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

#[test]
fn cumulative_histograms_come_to_the_figures_of_the_run() {
    let totals = totals("opentelemetry/capture.ndjson");
    // k6's bounds: the next one of 5, 10, 25, 50, 75, 100, 250, ….
    check_run(&totals, &expected("opentelemetry/expected.json"), |value| match value {
        value if value <= 10.0 => 5.0,
        value if value <= 25.0 => 15.0,
        value if value <= 100.0 => 25.0,
        value if value <= 250.0 => 150.0,
        _ => 250.0,
    });
    // Six requests, one start.
    let starts = totals.points.iter().filter_map(|point| match point.value {
        Value::SinceStart { start_ns, .. } => Some(start_ns.expect("k6 tells it")),
        _ => None,
    });
    assert!(starts.clone().count() > 500 && starts.clone().min() > Some(1_795_000_000_000_000_000));
}

#[test]
fn exponential_histograms_of_intervals_come_to_the_figures_of_the_run() {
    let totals = totals("opentelemetry/delta.ndjson");
    // Scale 4 is the coarsest: 2^(1/16).
    check_run(&totals, &expected("opentelemetry/delta.expected.json"), |value| value.abs() * 0.045);
    let lengths = totals.points.iter().filter_map(|point| match point.value {
        Value::Interval { length_ns, .. } => Some(length_ns),
        _ => None,
    });
    assert!(lengths.clone().all(|length| (1..3_000_000_000).contains(&length)));
    assert!(lengths.count() > 400);
}

#[test]
fn the_two_series_of_a_rate_stay_apart() {
    let totals = totals("opentelemetry/capture.ndjson");
    let accepted =
        totals.points.iter().filter(|point| point.tags.iter().any(|(_, value)| value == "order accepted"));
    let series: std::collections::BTreeSet<_> = accepted.clone().map(|point| point.series).collect();
    assert_eq!(series.len(), 2);
    for point in accepted {
        assert!(point.metric == "checks" && point.tags.iter().all(|(key, _)| key != "condition"));
    }
}

#[test]
fn a_body_is_read_the_same_however_its_bytes_come() {
    for request in requests("opentelemetry/capture.ndjson") {
        let body = request.body();
        let whole = read(Reader::new(Encoding::Protobuf), &body, body.len());
        assert!(whole.as_ref().is_ok_and(|seen| seen.accepted.len() > 60));
        for size in [1, 7, 1_000] {
            assert_eq!(read(Reader::new(Encoding::Protobuf), &body, size), whole);
        }
    }
}
