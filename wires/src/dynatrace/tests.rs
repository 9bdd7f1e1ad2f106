//! The protocol case by case, k6's recorded lines against its own samples, and hostile ones.

use super::*;
use crate::{ByLine, Reader as _};
use serde_json::Value as Json;
use std::collections::BTreeMap;
use std::io::Read;

#[derive(Default)]
struct Seen {
    points: Vec<Point>,
    good: u64,
    errors: Vec<(u64, String)>,
    warnings: Vec<(u64, String)>,
    declared: Vec<(String, MetricKind)>,
}

impl Out for Seen {
    fn accept(&mut self, _: u64, points: Vec<Point>) {
        self.good += 1;
        self.points.extend(points);
    }
    fn refuse(&mut self, unit: u64, wrong: Wrong) {
        self.errors.push((unit, wrong.to_string()));
    }
    fn warn(&mut self, unit: u64, warning: Wrong) {
        self.warnings.push((unit, warning.to_string()));
    }
    fn declare(&mut self, metric: &str, kind: MetricKind) {
        self.declared.push((metric.to_owned(), kind));
    }
}

fn read(body: &[u8], size: usize, now_ms: Option<u64>) -> Seen {
    let (mut seen, mut reader) = (Seen::default(), ByLine::new(Reader::default()));
    if let Some(now_ms) = now_ms {
        reader.set_clock(now_ms);
    }
    for part in body.chunks(size) {
        reader.feed(part, &mut seen).expect("lines are read one by one");
    }
    reader.finish(&mut seen).expect("lines are read one by one");
    seen
}

fn fixture(name: &str) -> Vec<u8> {
    let path = format!("{}/../tests/fixtures/dynatrace/{name}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn json(name: &str) -> Json {
    serde_json::from_slice(&fixture(name)).expect("JSON")
}

#[test]
fn every_case_of_the_protocol_is_taken_or_refused_for_its_reason() {
    let protocol = json("protocol.json");
    let now_ms = protocol["now"].as_u64();
    for case in protocol["cases"].as_array().expect("cases") {
        let name = case["name"].as_str().expect("a name");
        let line = match case["line"].as_str() {
            Some(line) => line.to_owned(),
            None => {
                let make = &case["make"];
                let part = |key: &str| make[key].as_str().expect("text");
                let times = make["times"].as_u64().expect("a number") as usize;
                format!("{}{}{}", part("prefix"), part("repeat").repeat(times), part("suffix"))
            }
        };
        let seen = read(line.as_bytes(), 4_096, now_ms);
        // What real clients send against the rules counts, with a warning.
        let lenient = case["lenient"].is_object() || name == "capital letter in a dimension's key";
        if case["valid"] == true || lenient {
            assert_eq!((seen.good, seen.errors.len()), (1, 0), "{name}: {:?}", seen.errors);
            assert_eq!(lenient, seen.warnings.iter().any(|(_, text)| !text.contains("one space")), "{name}");
        } else {
            let reason = case["reason"].as_str().expect("a reason");
            assert_eq!((seen.good, seen.errors.len()), (0, 1), "{name}");
            let said = &seen.errors[0].1;
            let same = match reason {
                // Which of the two it is depends on where one begins to look.
                "text after closing quote" | "unterminated quote" => said.contains("quote"),
                _ => said.starts_with(reason),
            };
            assert!(same, "{name}: {said}");
        }
        let dimensions = case["lenient"].get("dimensions").or(case["means"].get("dimensions"));
        if let (Some(Json::Object(dimensions)), [point]) = (dimensions, &seen.points[..]) {
            let tags: BTreeMap<&str, &str> =
                point.tags.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
            let wanted: BTreeMap<&str, &str> =
                dimensions.iter().map(|(key, value)| (key.as_str(), value.as_str().expect("text"))).collect();
            assert_eq!(tags, wanted, "{name}");
        }
        if let (Some(sum), [point]) = (case["means"]["sum"].as_f64(), &seen.points[..]) {
            let found = match &point.value {
                Value::Sample(value) => *value,
                Value::Interval { sum, .. } | Value::SinceStart { sum, .. } => sum.sum,
            };
            assert_eq!(found, sum, "{name}");
            let time_ms = point.time_ns.map(|ns| ns / 1_000_000);
            assert_eq!(time_ms, case["means"]["timestamp"].as_i64(), "{name}");
        }
    }
}

#[test]
fn bodies_get_the_answers_that_clients_wait_for() {
    let protocol = json("protocol.json");
    for case in protocol["bodies"].as_array().expect("bodies") {
        let body = case["body"].as_str().expect("a body");
        let Seen { good, errors, warnings, .. } = read(body.as_bytes(), 7, protocol["now"].as_u64());
        let counted = Counted { good, bad: errors.len() as u64, errors, warnings };
        let mut answer: Json = serde_json::from_str(&answer(&counted)).expect("JSON");
        // How a reason goes on is ours to say.
        let named = answer["error"].get_mut("invalidLines").and_then(Json::as_array_mut);
        for line in named.into_iter().flatten() {
            let reason = line["error"].as_str().expect("text").split(':').next().expect("one").to_owned();
            line["error"] = reason.into();
        }
        assert_eq!(answer, case["answer"], "{}", case["name"]);
    }
}

/// A sample as k6's own JSON output has it: its metric, time in ms, value and tags.
type Sample = (String, i64, u64, Vec<(String, String)>);

#[test]
fn what_k6_sends_are_the_samples_that_it_took() {
    let mut text = String::new();
    flate2::read::GzDecoder::new(&fixture("samples.json.gz")[..]).read_to_string(&mut text).expect("gzip");
    let mut wanted: Vec<Sample> = Vec::new();
    for line in text.lines() {
        let line: Json = serde_json::from_str(line).expect("JSON");
        if line["type"] != "Point" {
            continue;
        }
        let data = &line["data"];
        let time = data["time"].as_str().expect("a time");
        let mut tags: Vec<(String, String)> = data["tags"]
            .as_object()
            .into_iter()
            .flatten()
            .map(|(key, value)| (key.clone(), value.as_str().expect("text").to_owned()))
            .filter(|(_, value)| !value.is_empty())
            .collect();
        tags.sort();
        let value = data["value"].as_f64().expect("a number");
        wanted.push((line["metric"].as_str().expect("a name").to_owned(), ms(time), value.to_bits(), tags));
    }
    for size in [64, 1_000, 1 << 20] {
        let mut found: Vec<Sample> = Vec::new();
        for line in String::from_utf8(fixture("capture.ndjson")).expect("text").lines() {
            let request: Json = serde_json::from_str(line).expect("JSON");
            let seen =
                read(request["body"].as_str().expect("a body").as_bytes(), size, request["at"].as_u64());
            assert_eq!(seen.errors, []);
            assert!(seen.warnings.len() <= 3, "{:?}", seen.warnings);
            for Point { metric, kind, mut tags, time_ns, value, .. } in seen.points {
                assert_eq!(kind, builtin(&metric));
                let Value::Sample(value) = value else { panic!("{metric}: {value:?}") };
                tags.sort();
                found.push((metric, time_ns.expect("a time") / 1_000_000, value.to_bits(), tags));
            }
        }
        found.sort();
        wanted.sort();
        assert_eq!(found.len(), 2_676);
        for (found, wanted) in found.iter().zip(&wanted) {
            assert_eq!(found, wanted);
        }
    }
}

/// Of `2026-11-21T00:00:14.675123+00:00`, all of one day.
fn ms(time: &str) -> i64 {
    let (clock, zone) = time.split_once('T').expect("a time").1.split_at(8);
    let part = |at: usize| clock[at..at + 2].parse::<i64>().expect("digits");
    let seconds = part(0) * 3_600 + part(3) * 60 + part(6);
    let fraction: String = zone.trim_start_matches('.').chars().take_while(char::is_ascii_digit).collect();
    let ms: i64 = format!("{fraction:0<3}")[..3].parse().expect("digits");
    // The day of the recording.
    1_795_219_200_000 / 86_400_000 * 86_400_000 + seconds * 1_000 + ms
}

#[test]
fn figures_of_jmeters_listener_come_together_per_transaction_and_interval() {
    let label = "transaction=\"Find a product\",run=7";
    let lines = [
        "#jmeter.usermetrics.transaction.count gauge dt.meta.unit=count\r\n".to_owned(),
        format!("jmeter.usermetrics.transaction.count,{label} gauge,12.0 1795219200000\r\n"),
        format!("jmeter.usermetrics.transaction.success,{label} gauge,10.0 1795219200000\r\n"),
        format!("jmeter.usermetrics.transaction.error,{label} gauge,2.0 1795219200000\r\n"),
        format!("jmeter.usermetrics.transaction.mintime,{label} gauge,4.0 1795219200000\r\n"),
        format!("jmeter.usermetrics.transaction.maxtime,{label} gauge,80.0 1795219200000\r\n"),
        format!("jmeter.usermetrics.transaction.meantime,{label} gauge,25.5 1795219200000\r\n"),
        "jmeter.usermetrics.transaction.meantime,transaction=none gauge,NaN 1795219200000\r\n".to_owned(),
        "jmeter.usermetrics.meanactivethreads,run=7 gauge,5.0 1795219200000\r\n".to_owned(),
    ];
    let seen = read(lines.concat().as_bytes(), 11, Some(1_795_219_200_000));
    assert_eq!((seen.good, &seen.errors[..]), (9, &[][..]));
    let of = |metric: &str| -> Vec<Summed> {
        let points = seen.points.iter().filter(|point| point.metric == metric);
        points
            .filter_map(|point| match &point.value {
                Value::Interval { length_ns: 60_000_000_000, sum } => Some(sum.clone()),
                _ => None,
            })
            .collect()
    };
    assert_eq!(of("http_reqs").iter().map(|sum| sum.sum).collect::<Vec<_>>(), [12.0]);
    let failed = of("http_req_failed");
    assert_eq!(failed.iter().map(|sum| (sum.count, sum.nonzero)).collect::<Vec<_>>(), [(10, 0), (2, 2)]);
    let durations =
        Summed { count: 12, nonzero: 12, sum: 306.0, min: Some(4.0), max: Some(80.0), ..Summed::default() };
    assert_eq!(of("http_req_duration"), [durations]);
    let named = seen.points.iter().find(|point| point.metric == "http_reqs").expect("one");
    assert!(named.tags.contains(&("name".to_owned(), "Find a product".to_owned())));
    let vus = seen.points.iter().find(|point| point.metric == "vus").expect("threads");
    assert_eq!(vus.value, Value::Sample(5.0));
}

#[test]
fn metadata_tells_types_and_units() {
    let body = "#shop.latency gauge dt.meta.unit=MilliSecond,dt.meta.description=\"Time, \\\"to\\\" answer\"\n\
                shop.latency 3\nshop.orders count,delta=2\n#shop.sent count dt.meta.unit=Byte\n";
    let seen = read(body.as_bytes(), 5, None);
    assert_eq!(seen.errors, []);
    let time = MetricKind { metric_type: MetricType::Gauge, contains: Contains::Time };
    let bytes = MetricKind { metric_type: MetricType::Counter, contains: Contains::Data };
    let count = MetricKind { metric_type: MetricType::Counter, contains: Contains::Default };
    assert_eq!(seen.declared, [("shop_sent".to_owned(), bytes)]);
    let kinds: Vec<_> = seen.points.iter().map(|point| (point.metric.as_str(), point.kind)).collect();
    assert_eq!(kinds, [("shop_latency", Some(time)), ("shop_orders", Some(count))]);
}

#[test]
fn what_micrometer_sends_has_its_text_its_summaries_and_its_units() {
    let seen = read(&fixture("micrometer.txt"), 11, None);
    assert_eq!((&seen.errors[..], &seen.warnings[..]), (&[][..], &[][..]));
    let of = |metric: &str, tag: &str| -> Vec<(&str, Value)> {
        let of = seen.points.iter().filter(|point| point.metric == metric);
        of.map(|point| {
            let found = point.tags.iter().find(|(key, _)| key == tag).expect("a dimension");
            (found.1.as_str(), point.value.clone())
        })
        .collect()
    };
    assert_eq!(of("orders", "kind"), [("online, \"express\"", Value::Sample(21.0))]);
    let paid = |min, max, sum| Value::Interval {
        length_ns: 0,
        sum: Summed { count: 3, nonzero: 3, sum, min: Some(min), max: Some(max), ..Summed::default() },
    };
    let tills = ["till = 0, C:\\ left", "till = 1, C:\\ left"];
    assert_eq!(
        of("payment_time", "till"),
        [(tills[0], paid(451.0, 862.0, 2_050.0)), (tills[1], paid(143.0, 409.0, 833.0))]
    );
    // Metadata come last.
    let kind = |metric_type, contains| MetricKind { metric_type, contains };
    let declared = [
        ("basket_size".to_owned(), kind(MetricType::Trend, Contains::Data)),
        ("payment_time".to_owned(), kind(MetricType::Trend, Contains::Time)),
    ];
    assert_eq!(seen.declared, declared);
    let types = ["payment_time", "basket_size", "orders", "queue_length"].map(|metric| {
        let point = seen.points.iter().find(|point| point.metric == metric).expect("a point");
        point.kind.expect("a kind").metric_type
    });
    assert_eq!(types, [MetricType::Trend, MetricType::Trend, MetricType::Counter, MetricType::Gauge]);
}

#[test]
fn a_backslash_that_escapes_nothing_stands_for_itself() {
    for (line, value) in [
        ("shop.latency,path=C:\\logs 3", "C:\\logs"),
        ("shop.latency,path=C:\\ 3", "C:\\"),
        ("shop.latency,path=a\\ b\\\\ gauge,3", "a b\\"),
    ] {
        let seen = read(line.as_bytes(), 100, None);
        assert_eq!(seen.errors, [], "{line}");
        assert_eq!(seen.points[0].tags[0].1, value, "{line}");
    }
}

#[test]
fn whatever_bytes_come_are_read_or_refused() {
    let capture = String::from_utf8(fixture("capture.ndjson")).expect("text");
    let first: Json = serde_json::from_str(capture.lines().next().expect("a request")).expect("JSON");
    let body = first["body"].as_str().expect("a body").as_bytes();
    let lines: Vec<&[u8]> = body.split(|b| *b == b'\n').filter(|line| !line.is_empty()).take(40).collect();
    let mut state = 7_u64;
    let mut random = move |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % below
    };
    for _ in 0..20_000 {
        let mut line = lines[random(lines.len())].to_vec();
        for _ in 0..=random(4) {
            let at = random(line.len());
            match random(3) {
                0 => line[at] = b"\",= \\#\xffe9-."[random(10)],
                1 => line.truncate(at.max(1)),
                _ => line.insert(at, b"\",= \\\n"[random(6)]),
            }
        }
        let seen = read(&line, 1 + random(50), Some(1_795_219_215_671));
        assert!(seen.points.iter().all(|point| match point.value {
            Value::Sample(value) => value.is_finite(),
            _ => true,
        }));
    }
}
