//! What becomes of data points, as bodies in JSON: the encoding in which a case can be read.

use super::{Encoding, Reader};
use crate::seen::Seen;
use crate::{Bucket, Point, Reader as _, Summed, Value, Wrong};
use loadgate_documents::{Contains, MetricType};
use serde_json::{Value as Json, json};

fn read(body: &str) -> Result<Seen, Wrong> {
    let (mut reader, mut seen) = (Reader::new(Encoding::Json), Seen::default());
    reader.feed(body.as_bytes(), &mut seen)?;
    reader.finish(&mut seen)?;
    Ok(seen)
}

/// Metrics of a service.
fn of_service(service: &str, metrics: &Json) -> Seen {
    let resource = json!({"attributes": [{"key": "service.name", "value": {"stringValue": service}}]});
    let scope = json!({"scope": {"name": "shop"}, "metrics": metrics});
    let body = json!({"resourceMetrics": [{"resource": resource, "scopeMetrics": [scope]}]});
    read(&body.to_string()).expect("a body")
}

/// The points of one metric.
fn of(metric: Json) -> Vec<Point> {
    let seen = of_service("shop", &json!([metric]));
    assert_eq!(seen.refused, []);
    seen.accepted.into_iter().flat_map(|(_, points)| points).collect()
}

/// Why the only point of a metric is refused.
fn refusal(metric: Json) -> String {
    let mut seen = of_service("shop", &json!([metric]));
    assert!(seen.accepted.is_empty());
    let (unit, wrong) = seen.refused.pop().expect("a refusal");
    assert_eq!(unit, 1);
    wrong.reason.into_owned()
}

fn names(seen: &Seen) -> Vec<&str> {
    seen.accepted.iter().flat_map(|(_, points)| points).map(|point| point.metric.as_str()).collect()
}

fn gauge(name: &str, value: f64) -> Json {
    json!({"name": name, "gauge": {"dataPoints": [{"asDouble": value}]}})
}

#[test]
fn k6s_prefix_comes_off_all_its_names_and_off_nobody_elses() {
    let metrics = json!([gauge("load_vus", 1.0), gauge("load_vus_max", 2.0), gauge("load_orders", 3.0)]);
    assert_eq!(names(&of_service("k6", &metrics)), ["vus", "vus_max", "orders"]);
    assert_eq!(names(&of_service("shop", &metrics)), ["load_vus", "load_vus_max", "load_orders"]);
}

#[test]
fn names_are_made_such_that_a_metric_can_have_them() {
    assert_eq!(of(gauge("jvm.gc-pause", 1.0))[0].metric, "jvm_gc_pause");
    assert!(refusal(gauge("", 1.0)).contains("between 1 and 128 characters"));
}

#[test]
fn units_become_milliseconds_and_bytes() {
    let unit = |unit: &str| {
        let mut metric = gauge("x", 2.0);
        metric["unit"] = json!(unit);
        let point = of(metric).remove(0);
        let contains = point.kind.expect("a kind").contains;
        (contains, point.value)
    };
    assert_eq!(unit("s"), (Contains::Time, Value::Sample(2_000.0)));
    assert_eq!(unit("ms"), (Contains::Time, Value::Sample(2.0)));
    assert_eq!(unit("us"), (Contains::Time, Value::Sample(0.002)));
    assert_eq!(unit("KiBy"), (Contains::Data, Value::Sample(2_048.0)));
    assert_eq!(unit("{request}"), (Contains::Default, Value::Sample(2.0)));
}

fn sum(temporality: &Json, monotonic: bool) -> Json {
    let points = json!([{"asInt": "7", "startTimeUnixNano": "1000", "timeUnixNano": "3000"}]);
    json!({"name": "x", "sum":
        {"dataPoints": points, "aggregationTemporality": temporality, "isMonotonic": monotonic}})
}

#[test]
fn sums_are_counters_or_gauges_by_whether_they_can_fall() {
    let seven = Summed { count: 1, nonzero: 1, sum: 7.0, ..Summed::default() };
    let said = |metric| {
        let point = of(metric).remove(0);
        assert_eq!(point.time_ns, Some(3_000));
        (point.kind.expect("a kind").metric_type, point.value)
    };
    let interval = Value::Interval { length_ns: 2_000, sum: seven.clone() };
    for delta in [json!(1), json!("1"), json!("AGGREGATION_TEMPORALITY_DELTA")] {
        assert_eq!(said(sum(&delta, true)), (MetricType::Counter, interval.clone()));
    }
    let since = Value::SinceStart { start_ns: Some(1_000), sum: seven };
    assert_eq!(said(sum(&json!(2), true)), (MetricType::Counter, since));
    assert_eq!(said(sum(&json!(2), false)), (MetricType::Gauge, Value::Sample(7.0)));
    assert!(refusal(sum(&json!(1), false)).contains("make its temporality cumulative"));
    assert!(refusal(sum(&json!(0), true)).contains("must tell its aggregation temporality"));
}

#[test]
fn a_rate_of_k6s_is_two_series_of_one_metric() {
    let condition = |word: &str| json!([{"key": "condition", "value": {"stringValue": word}}]);
    let points = json!([
        {"asInt": 5, "attributes": condition("nonzero")},
        {"asInt": "3", "attributes": condition("zero")},
    ]);
    let metric = json!({"name": "checks.total", "sum":
        {"dataPoints": points, "aggregationTemporality": 2, "isMonotonic": true}});
    let points = of(metric);
    let said = |point: &Point| {
        assert_eq!((point.metric.as_str(), point.tags.len()), ("checks", 1));
        match &point.value {
            Value::SinceStart { sum, .. } => (sum.count, sum.nonzero, sum.sum),
            value => panic!("{value:?}"),
        }
    };
    assert_eq!((said(&points[0]), said(&points[1])), ((5, 5, 5.0), (3, 0, 0.0)));
    assert_eq!(points[0].tags, points[1].tags);
    assert_ne!(points[0].series, points[1].series);
    // Another's counter that has such an attribute, too.
    let points = json!([{"asInt": 5, "attributes": condition("zero")}]);
    let metric = json!({"name": "tanks", "sum":
        {"dataPoints": points, "aggregationTemporality": 2, "isMonotonic": true}});
    assert_eq!(of(metric)[0].tags[0], ("condition".to_owned(), "zero".to_owned()));
}

fn histogram(temporality: u64) -> Json {
    json!({"name": "x", "unit": "s", "histogram": {"aggregationTemporality": temporality, "dataPoints": [
        {"count": "4", "sum": 6.5, "min": 0.5, "max": 3, "bucketCounts": ["1", "0", 3], "explicitBounds": [1, 2]}]}})
}

fn buckets(point: &Point) -> &[Bucket] {
    match &point.value {
        Value::Interval { sum, .. } | Value::SinceStart { sum, .. } => {
            sum.buckets.as_deref().expect("buckets")
        }
        value => panic!("{value:?}"),
    }
}

#[test]
fn an_intervals_buckets_end_where_its_samples_do_and_totals_keep_their_bounds() {
    let bucket = |low, high, count| Bucket { low, high, count };
    assert_eq!(buckets(&of(histogram(1))[0]), [bucket(500.0, 1e3, 1), bucket(2e3, 3e3, 3)]);
    let whole = [bucket(f64::NEG_INFINITY, 1e3, 1), bucket(2e3, f64::INFINITY, 3)];
    assert_eq!(buckets(&of(histogram(2))[0]), whole);
}

#[test]
fn exponential_buckets_lie_between_powers() {
    let point = json!({"count": 6, "sum": 1, "scale": "-1", "zeroCount": 1, "min": -7, "max": 15,
        "positive": {"offset": 0, "bucketCounts": ["2", 2]}, "negative": {"offset": 1, "bucketCounts": [1]}});
    let metric = json!({"name": "x", "exponentialHistogram":
        {"dataPoints": [point], "aggregationTemporality": 1}});
    let bucket = |low, high, count| Bucket { low, high, count };
    // base 4
    let expected = [bucket(-7.0, -4.0, 1), bucket(0.0, 0.0, 1), bucket(1.0, 4.0, 2), bucket(4.0, 15.0, 2)];
    assert_eq!(buckets(&of(metric)[0]), expected);
}

#[test]
fn a_summary_has_a_count_and_a_sum_and_no_distribution() {
    let point = json!({"count": 3, "sum": 9, "quantileValues": [{"quantile": 0.5, "value": 3}]});
    let points = of(json!({"name": "x", "unit": "ms", "summary": {"dataPoints": [point]}}));
    let sum = Summed { count: 3, nonzero: 3, sum: 9.0, ..Summed::default() };
    assert_eq!(points[0].value, Value::SinceStart { start_ns: None, sum });
}

#[test]
fn what_cannot_be_counted_is_refused_by_its_number_and_the_rest_counts() {
    let points = json!([
        {"asDouble": 1}, {"asDouble": "NaN"}, {"asDouble": "-Infinity"}, {}, {"asInt": "x"}, {"flags": 1},
        {"asDouble": 2}
    ]);
    let seen = of_service("shop", &json!([{"name": "x", "gauge": {"dataPoints": points}}]));
    let accepted: Vec<_> = seen.accepted.iter().map(|(unit, points)| (*unit, points.len())).collect();
    assert_eq!(accepted, [(1, 1), (6, 0), (7, 1)]);
    let refused: Vec<_> = seen.refused.iter().map(|(unit, wrong)| (*unit, &*wrong.reason)).collect();
    let number = "a value must be a finite number";
    let json = "this is not the JSON that it should be";
    assert_eq!(refused, [(2, number), (3, number), (4, "a data point has no value"), (5, json)]);
}

#[test]
fn histograms_that_contradict_themselves_are_refused() {
    let with = |key: &str, value: Json| {
        let mut metric = histogram(1);
        metric["histogram"]["dataPoints"][0][key] = value;
        refusal(metric)
    };
    assert!(with("count", json!(5)).contains("do not add up"));
    assert!(with("count", json!("18446744073709551615")).contains("too large"));
    assert!(with("explicitBounds", json!([2, 1])).contains("ascending order"));
    assert!(with("explicitBounds", json!([1])).contains("one bucket more than bounds"));
    assert!(with("sum", Json::Null).contains("without a sum"));
    assert!(with("sum", json!("NaN")).contains("finite"));
}

#[test]
fn what_is_too_large_is_refused_with_its_limit() {
    let attribute = |n: usize| json!({"key": format!("k{n}"), "value": {"intValue": n}});
    let attributes: Vec<_> = (0..=super::ATTRIBUTES).map(attribute).collect();
    let many = json!({"name": "x", "gauge": {"dataPoints": [{"asInt": 1, "attributes": attributes}]}});
    assert!(refusal(many).contains("more than 100 attributes"));
    let long = json!([{"key": "k", "value": {"stringValue": "x".repeat(super::ELEMENT_BYTES)}}]);
    let long = json!({"name": "x", "gauge": {"dataPoints": [{"asInt": 1, "attributes": long}]}});
    assert!(refusal(long).contains("longer than 64 KiB"));
}

#[test]
fn json_is_read_in_any_order_with_fields_that_are_unknown() {
    let body = r#"{"new": [{}], "resourceMetrics": [{"scopeMetrics": [
        {"metrics": [{"gauge": {"dataPoints": [{"asInt": 1, "new": {}}], "new": 1}, "name": "x"}], "scope": null},
        {"metrics": null}], "resource": {"attributes": [{"key": "testid", "value": {"stringValue": "t"}}]}}]}"#;
    let seen = read(body).expect("a body");
    assert_eq!(seen.accepted[0].1[0].tags, [("testid".to_owned(), "t".to_owned())]);
    assert!(read("{}").is_ok_and(|seen| seen.accepted.is_empty()));
    for bad in ["", "[]", "{", r#"{"resourceMetrics": 1}"#, r#"{"resourceMetrics": [1]}"#] {
        assert!(read(bad).is_err(), "{bad}");
    }
}

#[test]
fn a_series_that_stands_for_those_that_had_no_room_is_warned_of() {
    let overflow = json!([{"key": "otel.metric.overflow", "value": {"boolValue": true}}]);
    let metric = json!({"name": "x", "gauge": {"dataPoints": [{"asInt": 1, "attributes": overflow}]}});
    let seen = of_service("shop", &json!([metric]));
    assert_eq!((seen.accepted.len(), seen.warned[0].0), (1, 1));
}

#[test]
fn request_durations_of_the_convention_are_k6s_metrics() {
    let attribute = |key: &str, value: &str| json!({"key": key, "value": {"stringValue": value}});
    let mut metric = histogram(1);
    metric["name"] = json!("http.client.request.duration");
    metric["histogram"]["dataPoints"][0]["attributes"] = json!([
        attribute("http.request.method", "GET"),
        attribute("http.response.status_code", "503"),
        attribute("error.type", "503"),
        attribute("url.template", "/orders/{id}"),
        attribute("server.address", "shop"),
        attribute("server.port", "443"),
        attribute("network.protocol.version", "2"),
    ]);
    let points = of(metric);
    let said: Vec<_> = points.iter().map(|point| (point.metric.as_str(), &point.value)).collect();
    let counting = |nonzero: u64| {
        let sum = Summed { count: 4, nonzero, sum: nonzero as f64, ..Summed::default() };
        Value::Interval { length_ns: 0, sum }
    };
    assert_eq!(said[..2], [("http_reqs", &counting(4)), ("http_req_failed", &counting(4))]);
    assert_eq!(said[2].0, "http_req_duration");
    assert_eq!(points[2].kind.map(|kind| kind.contains), Some(Contains::Time));
    let tags: Vec<_> = points[0].tags.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
    let expected = [
        ("method", "GET"),
        ("status", "503"),
        ("name", "/orders/{id}"),
        ("proto", "HTTP/2"),
        ("expected_response", "false"),
        ("server.address", "shop"),
        ("server.port", "443"),
        ("service_name", "shop"),
    ];
    assert_eq!(tags, expected);
}
