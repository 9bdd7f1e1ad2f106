//! What becomes of requests that are put together here, as nobody was recorded sending them.

use super::series::Sample;
use super::{Reader, Version, unpack};
use crate::body::too_long;
use crate::seen::Seen;
use crate::{Bucket, Point, Reader as _, Summed, Value};
use loadgate_documents::{Contains, MetricType};
use prost::Message;

#[derive(Clone, PartialEq, Message)]
struct Label {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(string, tag = "2")]
    value: String,
}

#[derive(Clone, PartialEq, Message)]
struct TimeSeries {
    #[prost(message, repeated, tag = "1")]
    labels: Vec<Label>,
    #[prost(message, repeated, tag = "2")]
    samples: Vec<Sample>,
}

#[derive(Clone, PartialEq, Message)]
struct Metadata {
    #[prost(int32, tag = "1")]
    told: i32,
    #[prost(string, tag = "2")]
    name: String,
    #[prost(string, tag = "5")]
    unit: String,
}

#[derive(Clone, PartialEq, Message)]
struct WriteRequest {
    #[prost(message, repeated, tag = "1")]
    series: Vec<TimeSeries>,
    #[prost(message, repeated, tag = "3")]
    metadata: Vec<Metadata>,
}

/// A series as it is written in documents: `name{key="value"}`.
fn series(text: &str, values: &[f64]) -> TimeSeries {
    let label = |name: &str, value: &str| Label { name: name.to_owned(), value: value.to_owned() };
    let (name, rest) = text.split_once('{').unwrap_or((text, "}"));
    let mut labels = vec![label("__name__", name)];
    for pair in rest.trim_end_matches('}').split(',').filter(|pair| !pair.is_empty()) {
        let (key, value) = pair.split_once('=').expect("a label");
        labels.push(label(key, value.trim_matches('"')));
    }
    let sample = |(at, value): (usize, &f64)| Sample {
        value: *value,
        timestamp: 1_700_000_000_000 + at as i64,
        ..Sample::default()
    };
    TimeSeries { labels, samples: values.iter().enumerate().map(sample).collect() }
}

fn write(request: &WriteRequest) -> Seen {
    let packed = snap::raw::Encoder::new().compress_vec(&request.encode_to_vec()).expect("snappy");
    let (mut reader, mut seen) = (Reader::new(Version::One), Seen::default());
    reader.feed(&packed, &mut seen).and_then(|()| reader.finish(&mut seen)).expect("a request");
    assert_eq!(seen.warned, []);
    seen
}

fn read(series: Vec<TimeSeries>) -> Seen {
    write(&WriteRequest { series, metadata: Vec::new() })
}

/// All points, in the order of their units.
fn points(mut seen: Seen) -> Vec<Point> {
    assert_eq!(seen.refused, []);
    seen.accepted.sort_by_key(|(unit, _)| *unit);
    seen.accepted.into_iter().flat_map(|(_, points)| points).collect()
}

fn refusals(seen: &Seen) -> Vec<(u64, &str)> {
    seen.refused.iter().map(|(unit, wrong)| (*unit, &*wrong.reason)).collect()
}

fn histogram(counts: [f64; 3], count: f64) -> Vec<TimeSeries> {
    let bucket = |bound: &str, count| series(&format!(r#"wait_seconds_bucket{{le="{bound}"}}"#), &[count]);
    vec![
        bucket("+Inf", counts[2]),
        bucket("0.5", counts[0]),
        bucket("1", counts[1]),
        series("wait_seconds_count", &[count]),
        series("wait_seconds_sum", &[4.5]),
    ]
}

#[test]
fn classic_histograms_are_put_together_whatever_the_order() {
    let points = points(read(histogram([2.0, 2.0, 5.0], 5.0)));
    let bucket = |low, high, count| Bucket { low, high, count };
    let buckets = vec![bucket(f64::NEG_INFINITY, 500.0, 2), bucket(1_000.0, f64::INFINITY, 3)];
    let sum = Summed { count: 5, nonzero: 5, sum: 4_500.0, buckets: Some(buckets), ..Summed::default() };
    assert_eq!(points.len(), 1);
    assert_eq!((points[0].metric.as_str(), &points[0].tags[..]), ("wait", &[][..]));
    assert_eq!(points[0].value, Value::SinceStart { start_ns: None, sum });
    assert_eq!(points[0].time_ns, Some(1_700_000_000_000_000_000));
}

#[test]
fn a_histogram_that_contradicts_itself_is_refused_with_all_its_samples() {
    for (counts, count, reason) in [
        ([2.0, 1.0, 5.0], 5.0, "a histogram's buckets must not fall"),
        ([2.0, 2.0, 5.0], 6.0, "the counts of the buckets do not add up to the count"),
        ([2.0, 2.5, 5.0], 5.0, "a count must be a whole number"),
    ] {
        let seen = write(&WriteRequest { series: histogram(counts, count), metadata: Vec::new() });
        assert_eq!(refusals(&seen), (1..=5).map(|unit| (unit, reason)).collect::<Vec<_>>());
        assert_eq!(seen.accepted.len(), 0);
    }
    let mut scattered = histogram([2.0, 2.0, 5.0], 5.0);
    scattered.truncate(4);
    assert!(refusals(&read(scattered))[0].1.contains("must be in the same request"));
}

#[test]
fn samples_of_a_series_are_points_of_their_times() {
    let seen = read(vec![series(r#"jobs_total{queue="a"}"#, &[1.0, 3.0, 3.0])]);
    let points = points(seen);
    let times: Vec<_> = points.iter().map(|point| point.time_ns.expect("a time") % 1_000_000_000).collect();
    assert_eq!(times, [0, 1_000_000, 2_000_000]);
    assert!(points.iter().all(|point| point.series == points[0].series && point.metric == "jobs_total"));
    assert!(points.iter().all(|point| point.kind.expect("a kind").metric_type == MetricType::Counter));
}

#[test]
fn a_kind_that_is_not_told_stays_unknown() {
    let of = |metadata: Vec<Metadata>| {
        let series = vec![series("queue", &[2.0])];
        points(write(&WriteRequest { series, metadata })).remove(0)
    };
    assert_eq!((of(Vec::new()).kind, of(Vec::new()).value), (None, Value::Sample(2.0)));
    let told =
        |told, unit: &str| of(vec![Metadata { told, name: "queue".to_owned(), unit: unit.to_owned() }]);
    let gauge = told(2, "seconds");
    assert_eq!(gauge.kind.map(|kind| kind.contains), Some(Contains::Time));
    assert_eq!(gauge.value, Value::Sample(2_000.0));
    assert!(matches!(told(1, "").value, Value::SinceStart { .. }));
}

#[test]
fn ends_of_series_are_passed_over_and_other_numbers_that_are_none_refused() {
    let stale = f64::from_bits(0x7ff0_0000_0000_0002);
    let seen = read(vec![
        series("k6_vus", &[stale]),
        series("k6_http_req_duration_count", &[stale]),
        series("k6_vus", &[f64::NAN, 3.0]),
        series(r#"wait{quantile="0.5"}"#, &[f64::NAN]),
    ]);
    assert_eq!(refusals(&seen), [(3, "a value must be a finite number")]);
    let accepted: Vec<_> = seen.accepted.iter().map(|(unit, points)| (*unit, points.len())).collect();
    assert_eq!(accepted, [(1, 0), (2, 0), (4, 1), (5, 0)]);
}

#[test]
fn labels_must_name_a_series() {
    let unnamed = TimeSeries { labels: Vec::new(), ..series("x", &[1.0, 2.0]) };
    let many: Vec<_> = (0..super::LABELS).map(|n| format!("k{n}=v")).collect();
    let seen = read(vec![
        unnamed,
        series("x{a=1,a=2}", &[1.0]),
        series(&format!("x{{{}}}", many.join(",")), &[1.0]),
        series("x{empty=,a=1}", &[1.0]),
    ]);
    let name = "a series has no label `__name__`";
    let twice = "a series has a label twice";
    assert_eq!(refusals(&seen), [(1, name), (2, name), (3, twice), (4, "a series has more than 100 labels")]);
    assert_eq!(seen.accepted[0].1[0].tags, [("a".to_owned(), "1".to_owned())]);
}

#[test]
fn the_message_is_known_by_its_media_type() {
    assert_eq!(Version::of("application/x-protobuf"), Some(Version::One));
    assert_eq!(Version::of("application/x-protobuf;proto=prometheus.WriteRequest"), Some(Version::One));
    let two = "Application/x-protobuf; proto=\"io.prometheus.write.v2.Request\"";
    assert_eq!(Version::of(two), Some(Version::Two));
    assert_eq!(Version::of("application/x-protobuf;proto=other"), None);
    assert_eq!(Version::of("application/json"), None);
}

#[test]
fn a_body_that_says_to_be_long_is_refused_before_there_is_room_for_it() {
    let mut bomb = vec![0xff, 0xff, 0xff, 0xff, 0x0f];
    bomb.extend([0xfe; 100]);
    assert_eq!(unpack(&bomb), Err(too_long()));
    assert!(unpack(&[0]).is_ok_and(|body| body.is_empty()));
    assert!(unpack(b"").is_err() && unpack(b"plain text").is_err());
}
