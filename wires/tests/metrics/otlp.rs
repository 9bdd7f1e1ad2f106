//! k6's OpenTelemetry output.

use crate::figures::{Carried, check_run, check_subtractable, expected, same};
use crate::support::{Seen, Totals, fixture, read, requests};
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
    assert!(check_subtractable(&totals.points) > 300);
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
    let recorded = ["capture", "delta"].map(|name| requests(&format!("opentelemetry/{name}.ndjson")));
    for request in recorded.iter().flatten() {
        let body = request.body();
        let whole = read(Reader::new(Encoding::Protobuf), &body, body.len());
        assert!(whole.as_ref().is_ok_and(|seen| seen.accepted.len() > 60));
        for size in [1, 7, 1_000] {
            assert_eq!(read(Reader::new(Encoding::Protobuf), &body, size), whole);
        }
    }
}

/// The JavaScript SDK's requests in one encoding, one temporality after the other.
fn javascript(encoding: Encoding) -> Vec<Seen> {
    let of = requests("opentelemetry/javascript.ndjson")
        .into_iter()
        .filter(|request| Encoding::of(&request.headers["content-type"]) == Some(encoding));
    of.map(|request| read(Reader::new(encoding), &request.body(), 100).expect("a request")).collect()
}

#[test]
fn json_and_protobuf_say_the_same() {
    let timeless = |seen: Seen| {
        assert_eq!((seen.refused.len(), seen.accepted.len()), (0, 7));
        let mut points: Vec<_> = seen.accepted.into_iter().flat_map(|(_, points)| points).collect();
        for point in &mut points {
            point.time_ns = None;
        }
        points
    };
    let mut json = javascript(Encoding::Json).into_iter().step_by(2);
    for protobuf in javascript(Encoding::Protobuf) {
        assert_eq!(timeless(protobuf), timeless(json.next().expect("a pair")));
    }
}

#[test]
fn another_exporters_metrics_come_to_what_was_measured() {
    let expected: serde_json::Value =
        serde_json::from_str(&fixture("opentelemetry/javascript.expected.json")).expect("figures");
    let (mut cumulative, mut delta) = (Totals::default(), Totals::default());
    for (at, seen) in javascript(Encoding::Json).into_iter().enumerate() {
        if at % 2 == 0 { cumulative.add(seen) } else { delta.add(seen) }
    }
    // Among them an exponential histogram whose scale changes.
    assert_eq!(check_subtractable(&cumulative.points), 4);
    for totals in [cumulative, delta] {
        for (metric, key) in [("payment_time", "payment"), ("basket", "basket")] {
            let (sum, figures) = (totals.of(metric, None), &expected[key]);
            assert_eq!(Some(sum.count), figures["count"].as_u64());
            assert!(same(sum.sum, figures["sum"].as_f64().expect("a sum")));
            assert!(same(sum.min.expect("a least"), figures["min"].as_f64().expect("a least")));
            assert!(same(sum.max.expect("a greatest"), figures["max"].as_f64().expect("a greatest")));
        }
        assert!(same(totals.of("orders", None).sum, expected["orders"].as_f64().expect("a sum")));
        for gauge in ["queue_length", "load"] {
            let key = gauge.trim_end_matches("_length");
            assert!(same(totals.gauges[gauge], expected[key].as_f64().expect("a value")));
        }
        for (status, figures) in expected["requests"].as_object().expect("rows") {
            let of = |metric: &str| totals.of(metric, Some(("status", status)));
            let (requests, failed, durations) =
                (of("http_reqs"), of("http_req_failed"), of("http_req_duration"));
            let count = figures["count"].as_u64().expect("a count");
            assert_eq!((requests.sum, failed.count, durations.count), (count as f64, count, count));
            assert_eq!(failed.nonzero, if status == "404" { count } else { 0 });
            let about = figures["about_ms"].as_f64().expect("a sum");
            assert!((about * 0.5..about).contains(&durations.sum), "{about} {}", durations.sum);
        }
    }
}

#[test]
fn points_say_to_which_test_and_instance_they_belong() {
    let seen = javascript(Encoding::Json).remove(0);
    for point in seen.accepted.iter().flat_map(|(_, points)| points) {
        let tag =
            |wanted: &str| point.tags.iter().find(|(key, _)| key == wanted).map(|(_, value)| value.as_str());
        assert_eq!(tag("testid"), Some("nightly-7"));
        assert_eq!(tag("service_name"), Some("shop-load"));
        assert_eq!(tag("instance_id"), Some("one"));
        if point.metric.starts_with("http_req") {
            assert_eq!(
                (tag("method"), tag("name"), tag("proto")),
                (Some("GET"), Some("127.0.0.1"), Some("HTTP/1.1"))
            );
            assert_eq!(
                tag("expected_response"),
                Some(if tag("status") == Some("200") { "true" } else { "false" })
            );
        }
    }
}
