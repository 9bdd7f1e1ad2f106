//! k6's OpenTelemetry output.

use crate::figures::{Carried, check_run, expected};
use crate::support::{Totals, read, requests};
use loadgate_wires::Value;
use loadgate_wires::otlp::{Encoding, Reader};

fn totals(recording: &str) -> Totals {
    let mut totals = Totals::default();
    for request in requests(recording) {
        let seen = read(Reader::new(Encoding::Protobuf), &request.body(), 4_096).expect("a request");
        assert!(seen.refused.is_empty() && seen.warned.is_empty(), "{:?}", seen.refused);
        totals.add(seen);
    }
    totals
}

#[test]
fn cumulative_histograms_come_to_the_figures_of_the_run() {
    let totals = totals("opentelemetry/capture.ndjson");
    // k6's bounds: the next one of 5, 10, 25, 50, 75, 100, 250, ….
    let width = |value: f64| match value {
        value if value <= 10.0 => 5.0,
        value if value <= 25.0 => 15.0,
        value if value <= 100.0 => 25.0,
        value if value <= 250.0 => 150.0,
        _ => 250.0,
    };
    let carried = Carried { extremes: true, width: Some(width), rates: true };
    check_run(&totals, &expected("opentelemetry/expected.json"), carried);
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
    let carried = Carried { extremes: true, width: Some(|value| value.abs() * 0.045), rates: true };
    check_run(&totals, &expected("opentelemetry/delta.expected.json"), carried);
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
