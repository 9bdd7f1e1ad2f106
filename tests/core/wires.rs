//! Other tools' wires, from their recorded traffic to the summary.

use crate::support::{Server, json, text};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use loadgate::ingest::{Encoding, Wire};
use loadgate_wires::{otlp, prometheus};
use serde_json::Value;
use std::collections::BTreeMap;

/// The bounds of the bucket that a value is in.
type Bucket = fn(f64) -> (f64, f64);

/// A recording, and what was computed from the samples of the k6 that made it.
struct Recording {
    wire: Wire,
    encoding: Encoding,
    capture: &'static str,
    expected: &'static str,
    /// The samples themselves, and where those of a value's bucket lie; `None`: the wire has no distributions.
    distribution: Option<(&'static str, Bucket)>,
}

const PLAIN: Encoding = Encoding::Identity;

/// The bounds of OpenTelemetry's Go SDK, of which k6 has no other.
fn explicit(value: f64) -> (f64, f64) {
    let bounds = [
        0.0, 5.0, 10.0, 25.0, 50.0, 75.0, 100.0, 250.0, 500.0, 750.0, 1_000.0, 2_500.0, 5_000.0, 7_500.0,
        10_000.0,
    ];
    let at = bounds.partition_point(|bound| *bound < value);
    let low = at.checked_sub(1).map_or(f64::NEG_INFINITY, |at| bounds[at]);
    (low, bounds.get(at).copied().unwrap_or(f64::INFINITY))
}

/// Buckets that are so wide.
fn around(value: f64, width: f64) -> (f64, f64) {
    let off = value.abs() * width;
    (value - off, value + off)
}

const RECORDINGS: [Recording; 5] = [
    Recording {
        wire: Wire::Dynatrace,
        encoding: PLAIN,
        capture: "dynatrace/capture.ndjson",
        expected: "dynatrace/expected.json",
        distribution: Some(("dynatrace/samples.json.gz", |value| around(value, 0.001))),
    },
    Recording {
        wire: Wire::Otlp(otlp::Encoding::Protobuf),
        encoding: PLAIN,
        capture: "opentelemetry/capture.ndjson",
        expected: "opentelemetry/expected.json",
        distribution: Some(("opentelemetry/samples.json.gz", explicit)),
    },
    Recording {
        wire: Wire::Otlp(otlp::Encoding::Protobuf),
        encoding: Encoding::Gzip,
        capture: "opentelemetry/delta.ndjson",
        expected: "opentelemetry/delta.expected.json",
        distribution: Some(("opentelemetry/delta.samples.json.gz", |value| around(value, 0.05))),
    },
    Recording {
        wire: Wire::Prometheus(prometheus::Version::One),
        encoding: PLAIN,
        capture: "prometheus/native.ndjson",
        expected: "prometheus/native.expected.json",
        distribution: Some(("prometheus/native.samples.json.gz", |value| around(value, 0.1))),
    },
    Recording {
        wire: Wire::Prometheus(prometheus::Version::One),
        encoding: PLAIN,
        capture: "prometheus/stats.ndjson",
        expected: "prometheus/stats.expected.json",
        distribution: None,
    },
];

impl Recording {
    /// The values of each metric, in ascending order.
    fn samples(&self) -> BTreeMap<String, Vec<f64>> {
        let mut samples: BTreeMap<String, Vec<f64>> = BTreeMap::new();
        for line in self.distribution.map(|(path, _)| text(path)).unwrap_or_default().lines() {
            let line: Value = serde_json::from_str(line).expect("a line of k6's JSON");
            if let (Some(metric), Some(value)) = (line["metric"].as_str(), line["data"]["value"].as_f64()) {
                samples.entry(metric.to_owned()).or_default().push(value);
            }
        }
        samples.values_mut().for_each(|values| values.sort_by(f64::total_cmp));
        samples
    }

    /// Sends the recording as it came, each request so many times, and ends its run.
    fn sent(&self, times: usize) -> (Server, String) {
        let server = Server::new();
        let (mut before, mut log) = (None, None);
        for line in text(self.capture).lines() {
            let request: Value = serde_json::from_str(line).expect("a line of the capture");
            let at = request["at"].as_u64().expect("a time");
            match before.replace(at) {
                Some(before) => server.pass(at - before),
                None => server.set_back(server.hands_ms() - at),
            }
            let body = match (request["body"].as_str(), request["body_base64"].as_str()) {
                (Some(body), _) => body.as_bytes().to_vec(),
                (None, base64) => STANDARD.decode(base64.expect("a body")).expect("base64"),
            };
            for _ in 0..times {
                let say = |request: &mut loadgate::ingest::Request| {
                    (request.wire, request.encoding) = (self.wire, self.encoding);
                    request.test = None;
                };
                let outcome = server.post_as(say, &body, true).expect("the request is fine");
                let receipt = &outcome.receipt;
                assert_eq!((receipt.refused, &outcome.failure), (0, &None), "{:?}", receipt.errors);
                // Tags of the script name the run.
                let run = outcome.run.expect("a named run");
                server.fold(&run);
                log = Some(run);
            }
        }
        let run = server.finish(&log.expect("there are requests"));
        (server, run)
    }
}

#[test]
fn every_wire_gives_the_counts_and_sums_that_k6_took() {
    for recording in RECORDINGS {
        let (server, run) = recording.sent(1);
        let (summary, expected) = (server.summary(&run), json(recording.expected));
        let file = recording.capture;
        let samples = recording.samples();
        for (name, wanted) in expected["metrics"].as_object().expect("metrics") {
            let (kind, wanted) = (wanted["type"].as_str().expect("a type"), |figure: &str| {
                wanted[figure].as_f64().unwrap_or_else(|| panic!("{name} {figure}"))
            });
            let values = &summary["metrics"][name]["values"];
            if !summary["metrics"][name]["unknown"].is_null() {
                // Lines of Dynatrace tell no types, and those of a script are nowhere else.
                assert_eq!(recording.wire, Wire::Dynatrace, "{file} {name}");
                assert!(values.is_object(), "{file} {name}");
                continue;
            }
            let near = |figure: &str, value: f64| {
                let found = values[figure].as_f64();
                let is = found.is_some_and(|found| (found - value).abs() <= 1e-6 * value.abs().max(1.0));
                assert!(is, "{file} {name} {figure}: {found:?}, not {value}: {}", summary["metrics"][name]);
            };
            match kind {
                "counter" => near("count", wanted("sum")),
                // A share alone cannot be counted.
                "rate" if matches!(recording.wire, Wire::Prometheus(_)) && name != "http_req_failed" => {}
                "rate" => {
                    near("passes", wanted("sum"));
                    near("fails", wanted("count") - wanted("sum"));
                }
                "trend" => {
                    near("count", wanted("count"));
                    near("sum", wanted("sum"));
                    for extreme in ["min", "max"] {
                        match (recording.wire, recording.distribution) {
                            // A native histogram tells in which bucket they are.
                            (Wire::Prometheus(_), Some((_, bucket))) => {
                                let (low, high) = bucket(wanted(extreme));
                                let found = values[extreme].as_f64().expect("a figure");
                                assert!((low..=high).contains(&found), "{file} {name} {extreme}: {found}");
                            }
                            _ => near(extreme, wanted(extreme)),
                        }
                    }
                    for (figure, rank) in [("p(90)", 0.9), ("p(95)", 0.95), ("p(99)", 0.99)] {
                        let Some((_, bucket)) = recording.distribution else {
                            assert!(
                                values[figure].is_null(),
                                "{file} {name}: percentiles cannot be combined"
                            );
                            continue;
                        };
                        let found =
                            values[figure].as_f64().unwrap_or_else(|| panic!("{file} {name} {values}"));
                        let sorted = &samples[name];
                        let rank = rank * (sorted.len() - 1) as f64;
                        let ((low, _), (_, high)) =
                            (bucket(sorted[rank.floor() as usize]), bucket(sorted[rank.ceil() as usize]));
                        let within = (low - 1e-9..=high + 1e-9).contains(&found);
                        assert!(within, "{file} {name} {figure}: {found} is not in {low}..{high}");
                    }
                }
                // What a gauge was at last; `vus` of the end depends on when the output was asked last.
                _ if name.starts_with("vus") => assert!(values["max"].as_f64() > Some(0.0), "{file} {name}"),
                _ => near("value", wanted("last")),
            }
        }
        for (name, wanted) in expected["by_name"]["http_reqs"].as_object().expect("requests") {
            let rows = summary["requests"].as_array().expect("rows");
            let sum: f64 = rows
                .iter()
                .filter(|row| row["key"][1] == *name)
                .map(|row| row["count"].as_f64().expect("a count"))
                .sum();
            assert_eq!(sum, wanted["sum"].as_f64().expect("a sum"), "{file}: {name}");
        }
    }
}

#[test]
fn totals_since_the_start_that_come_again_count_once() {
    for recording in RECORDINGS.iter().filter(|recording| {
        matches!((recording.wire, recording.encoding), (Wire::Otlp(_), PLAIN) | (Wire::Prometheus(_), _))
    }) {
        let count = |times: usize| {
            let (server, run) = recording.sent(times);
            server.summary(&run)["metrics"]["http_reqs"]["values"]["count"].clone()
        };
        assert_eq!(count(3), count(1), "{}", recording.capture);
    }
}

#[test]
fn jmeters_listener_says_where_its_runs_begin_and_end() {
    let server = Server::new();
    for number in 1..=2 {
        let mut before = None;
        for line in text("jmeter/influx.ndjson").lines() {
            let request: Value = serde_json::from_str(line).expect("a line of the capture");
            let at = request["at"].as_u64().expect("a time");
            server.pass(at - before.replace(at).unwrap_or(at));
            let say = |request: &mut loadgate::ingest::Request| {
                request.precision = loadgate::ingest::Precision::Nanoseconds;
                request.peer = "10.0.0.7:40100".to_owned();
            };
            let body = request["body"].as_str().expect("a body");
            let outcome = server.post_as(say, body.as_bytes(), true).expect("the request is fine");
            assert_eq!(outcome.receipt.refused, 0, "{:?}", outcome.receipt.errors);
        }
        server.fold("t");
        let run = format!("t.{number}");
        let summary = server.summary(&run);
        assert_eq!(summary["state"], "ended", "{run}");
        let figure = |metric: &str, figure: &str| summary["metrics"][metric]["values"][figure].as_u64();
        assert_eq!(figure("http_reqs", "count"), Some(991), "{run}");
        assert_eq!(figure("http_req_failed", "passes"), Some(94), "{run}");
        assert_eq!(figure("vus", "max"), Some(5), "{run}");
        // Its times are of the last hundred samples, whenever these were: none of them is the run's.
        assert!(summary["metrics"]["http_req_duration"].is_null(), "{run}");
        assert!(
            summary["requests"].as_array().expect("rows").iter().all(|row| row["p95"].is_null()),
            "{run}"
        );
    }
}

#[test]
fn files_of_other_tools_are_posted_as_they_are() {
    let server = Server::new();
    let import = |name: &'static str| {
        move |request: &mut loadgate::ingest::Request| {
            (request.wire, request.import, request.run) = (Wire::File, true, Some(name.to_owned()));
        }
    };
    let results = text("jmeter/results.jtl");
    let outcome = server.post_as(import("jtl"), results.as_bytes(), true).expect("the request is fine");
    // With its header.
    assert_eq!((outcome.receipt.accepted, outcome.receipt.refused), (1_577, 0));
    let run = server.finish("t.jtl");
    let summary = server.summary(&run);
    let expected = json("jmeter/expected.json");
    let rows = summary["requests"].as_array().expect("rows");
    for (label, wanted) in expected["labels"].as_object().expect("labels") {
        // Transactions are groups, and parts of a redirect are in the request that has them.
        let Some(row) = rows.iter().find(|row| row["key"][1] == *label) else {
            assert!(
                ["Find a product", "Place order"].contains(&label.as_str()) || label.contains("=1-"),
                "{label}"
            );
            continue;
        };
        assert_eq!(row["count"], wanted["count"], "{label}");
        for figure in ["avg", "max"] {
            let (found, wanted) = (row[figure].as_f64(), wanted[figure].as_f64());
            let near = found.zip(wanted).is_some_and(|(found, wanted)| (found - wanted).abs() <= 1e-3);
            assert!(near, "{label} {figure}: {found:?}, not {wanted:?}");
        }
    }
}

#[test]
fn an_exporter_that_pushes_once_more_at_its_end_is_one_generator() {
    let server = Server::new();
    let began_ms = server.hands_ms();
    for after_ms in [0, 1_000, 2_000, 2_300] {
        let body = serde_json::json!({ "resourceMetrics": [{
            "resource": { "attributes": [{ "key": "service.name", "value": { "stringValue": "k6" } }] },
            "scopeMetrics": [{ "metrics": [{ "name": "vus", "gauge": { "dataPoints": [
                { "timeUnixNano": ((began_ms + after_ms) * 1_000_000).to_string(), "asDouble": 3 },
            ] } }] }],
        }] });
        let say = |request: &mut loadgate::ingest::Request| {
            request.wire = Wire::Otlp(otlp::Encoding::Json);
        };
        let outcome = server.post_as(say, body.to_string().as_bytes(), true).expect("the request is fine");
        assert_eq!((outcome.receipt.accepted, outcome.receipt.refused), (1, 0));
    }
    let run = server.finish("t");
    assert_eq!(server.summary(&run)["metrics"]["vus"]["values"]["max"], 3);
}

#[test]
fn a_unit_that_is_told_behind_the_samples_is_theirs() {
    let server = Server::new();
    let body = "shop.paid,till=one\\ and\\ a\\ half gauge,min=1,max=5,sum=6,count=2\nshop.queue 7\n\
                #shop.paid gauge dt.meta.unit=ms\n#shop.queue gauge dt.meta.unit=Count\n";
    let outcome = server.post(Wire::Dynatrace, "t", "s", body.as_bytes());
    assert_eq!((outcome.receipt.accepted, outcome.receipt.refused), (4, 0), "{:?}", outcome.receipt.errors);
    let run = server.finish("t");
    let summary = server.summary(&run);
    let paid = &summary["metrics"]["shop_paid"];
    assert_eq!((&paid["type"], &paid["contains"]), (&Value::from("trend"), &Value::from("time")));
    let figures = ["count", "sum", "avg", "min", "max"].map(|figure| paid["values"][figure].as_f64());
    assert_eq!(figures, [2.0, 6.0, 3.0, 1.0, 5.0].map(Some));
    assert!(paid["values"]["p(95)"].is_null());
    assert_eq!(summary["metrics"]["shop_queue"]["type"], "gauge");
}
