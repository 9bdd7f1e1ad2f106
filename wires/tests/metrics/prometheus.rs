//! k6's Prometheus remote-write output, in both of its modes.

use crate::figures::{Carried, check_run, check_subtractable, expected, same};
use crate::support::{Totals, fixture, read, requests};
use loadgate_documents::{Contains, MetricKind, MetricType};
use loadgate_wires::prometheus::{Reader, Version};
use loadgate_wires::{Bucket, Value};

fn version(headers: &std::collections::BTreeMap<String, String>) -> Version {
    Version::of(&headers["content-type"]).expect("a version")
}

fn totals(recording: &str) -> Totals {
    let mut totals = Totals::default();
    for request in requests(recording) {
        let seen = read(Reader::new(version(&request.headers)), &request.body(), 4_096).expect("a request");
        assert!(seen.refused.is_empty() && seen.warned.is_empty(), "{:?}", seen.refused);
        totals.add(seen);
    }
    totals
}

#[test]
fn statistics_of_trends_come_to_the_figures_of_the_run() {
    let totals = totals("prometheus/stats.ndjson");
    let carried = Carried { extremes: true, width: None, rates: false };
    check_run(&totals, &expected("prometheus/stats.expected.json"), carried);
}

#[test]
fn native_histograms_come_to_the_figures_of_the_run() {
    let totals = totals("prometheus/native.ndjson");
    // Schema 3: 2^(1/8).
    let carried = Carried { extremes: false, width: Some(|value| value.abs() * 0.0906), rates: false };
    check_run(&totals, &expected("prometheus/native.expected.json"), carried);
    assert!(check_subtractable(&totals.points) > 200);
    assert!(totals.points.iter().flat_map(|point| &point.tags).all(|(key, _)| !key.contains("feature")));
}

#[test]
fn what_cannot_be_added_up_is_a_value_of_its_own_name() {
    let totals = totals("prometheus/stats.ndjson");
    let figures = expected("prometheus/stats.expected.json");
    // The only series of its metric, so that its percentile is that of the run; k6 interpolates.
    let p99 = totals.points.iter().rfind(|point| point.metric == "clock_drift_p99").expect("a percentile");
    let Value::Sample(value) = p99.value else { panic!("{p99:?}") };
    assert!(same(value, figures.metrics["clock_drift"].p99));
    assert_eq!(p99.kind.map(|kind| kind.contains), Some(Contains::Time));
    assert!((0.0..=1.0).contains(&totals.gauges["checks_rate"]));
    // What makes up a trend does not stand beside it.
    for gone in ["http_req_duration_count", "http_req_duration_max", "http_req_failed_rate"] {
        assert!(!totals.gauges.contains_key(gone), "{gone}");
    }
}

#[test]
fn a_body_is_read_the_same_however_its_bytes_come_and_its_samples_are_counted() {
    for (recording, expected) in
        [("stats", [492, 434, 434, 492, 550, 214]), ("native", [86, 77, 86, 104, 95, 29])]
    {
        for (request, series) in requests(&format!("prometheus/{recording}.ndjson")).into_iter().zip(expected)
        {
            let body = request.body();
            let whole = read(Reader::new(Version::One), &body, body.len()).expect("a request");
            let mut units: Vec<_> = whole.accepted.iter().map(|(unit, _)| *unit).collect();
            units.sort_unstable();
            assert_eq!(units, (1..=series).collect::<Vec<u64>>());
            for size in [1, 7, 1_000] {
                assert_eq!(read(Reader::new(Version::One), &body, size).as_ref(), Ok(&whole));
            }
            assert_eq!(whole.histograms > 0, recording == "native");
            assert!(whole.histograms < series);
        }
    }
}

#[test]
fn version_two_tells_kinds_and_starts_and_comes_to_what_was_measured() {
    let text = fixture("prometheus/version2.expected.json");
    let expected: serde_json::Value = serde_json::from_str(&text).expect("figures");
    let mut totals = Totals::default();
    for request in requests("prometheus/version2.ndjson") {
        assert_eq!(version(&request.headers), Version::Two);
        let seen = read(Reader::new(Version::Two), &request.body(), 50).expect("a request");
        assert!(seen.refused.is_empty(), "{:?}", seen.refused);
        totals.add(seen);
    }
    for (metric, key) in [("payment", Contains::Time), ("basket", Contains::Data), ("wait", Contains::Time)] {
        let (sum, figures) = (totals.of(metric, Some(("job", "shop"))), &expected[metric]);
        assert_eq!(Some(sum.count), figures["count"].as_u64(), "{metric}");
        assert!(same(sum.sum, figures["sum"].as_f64().expect("a sum")), "{metric}");
        let point = totals.points.iter().find(|point| point.metric == metric).expect("a point");
        assert_eq!(point.kind, Some(MetricKind { metric_type: MetricType::Trend, contains: key }));
        assert!(matches!(point.value, Value::SinceStart { start_ns: Some(1_795_000_000_000_000_000..), .. }));
        let Some(buckets) = sum.buckets else { continue };
        assert_ne!(metric, "wait");
        let (first, last) = (buckets.first().expect("a bucket"), buckets.last().expect("a bucket"));
        assert!(first.low < figures["min"].as_f64().expect("a least") + 1e-9);
        assert!(last.high >= figures["max"].as_f64().expect("a greatest"));
    }
    // 0, then ten values up to 100 and twenty-three to 1,000; bounds are inclusive.
    let bucket = |low, high, count| Bucket { low, high, count };
    assert_eq!(
        totals.of("basket", None).buckets.expect("buckets"),
        [
            bucket(f64::NEG_INFINITY, 0.0, 1),
            bucket(0.0, 100.0, 2),
            bucket(100.0, 1_000.0, 23),
            bucket(1_000.0, f64::INFINITY, 4)
        ]
    );
    assert!(same(totals.of("orders_total", Some(("kind", "book"))).sum, 60.0));
    assert!(same(totals.gauges["queue_count"], 14.5));
    assert!((100.0..200.0).contains(&totals.gauges["wait_p50"]), "{:?}", totals.gauges);
    assert!(
        totals.points.iter().flat_map(|point| &point.tags).all(|(key, _)| key != "le" && key != "quantile")
    );
}
