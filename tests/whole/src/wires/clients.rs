//! Clients that are no load generators: OpenTelemetry's JavaScript SDK, Prometheus's own remote write, and Micrometer,
//! which speaks Dynatrace's metric protocol.

use crate::harness::server::Options;
use crate::harness::{Server, assert_close, built, root, target};
use serde_json::{Value, json};
use std::process::{Command, Stdio};

/// Runs a client to its end; gives the JSON that it prints.
fn said(command: &mut Command, server: &Server) -> Value {
    let output = command.env("LOADGATE", server.url()).stdin(Stdio::null()).output().expect("it starts");
    let complaints = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && complaints.is_empty(), "{complaints}");
    serde_json::from_slice(&output.stdout).expect("JSON")
}

#[track_caller]
fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("no number: {value}"))
}

/// The summary of a test's only run, once it is over.
fn summary_of(server: &Server, test: &str) -> Value {
    let [run] = &server.runs(test)[..] else { panic!("one run of {test}: {:?}", server.runs(test)) };
    server.finish(run);
    server.summary(run)
}

#[test]
fn opentelemetrys_javascript_sdk_has_what_it_counted() {
    let server = Server::with(Options { settings: &[("idle", "10m")], ..Options::default() });
    let mut node = Command::new("node");
    node.arg(root().join("tests/opentelemetry/send.mjs"))
        .env("TARGET", format!("http://{}", target::start()));
    let counted = said(&mut node, &server);
    let (good, missing) = (number(&counted["requests"]["200"]), number(&counted["requests"]["404"]));
    let payments: Vec<f64> = counted["payments_ms"].as_array().expect("a list").iter().map(number).collect();
    for test in ["js-json", "js-protobuf", "js-delta"] {
        let summary = summary_of(&server, test);
        let value = |metric: &str, figure: &str| number(&summary["metrics"][metric]["values"][figure]);
        assert_eq!(value("http_reqs", "count"), good + missing, "{test}");
        assert_eq!(value("http_req_failed", "passes"), missing, "{test}");
        assert_eq!(value("orders", "count"), number(&counted["orders"]), "{test}");
        // The program's own watch runs a little longer than what is measured inside.
        let (inside, outside) = (value("http_req_duration", "sum"), number(&counted["elapsed_ms"]));
        assert!(inside <= outside && inside >= outside * 0.6, "{test}: {inside} ms, {outside} ms outside");
        assert_eq!(value("payment_time", "count"), payments.len() as f64, "{test}");
        let close = |figure: &str, wanted: f64, share: f64| {
            assert_close(&format!("{test} {figure}"), value("payment_time", figure), wanted, share);
        };
        close("sum", payments.iter().sum(), 1e-9);
        close("min", payments[0], 1e-9);
        close("max", payments[payments.len() - 1], 1e-9);
        // They ascend; between two neighbours the rank may fall to either, and a bucket is some percent wide.
        let rank = 0.9 * (payments.len() - 1) as f64;
        let found = value("payment_time", "p(90)");
        let (low, high) = (payments[rank.floor() as usize] * 0.95, payments[rank.ceil() as usize] * 1.05);
        assert!((low..=high).contains(&found), "{test}: {found} is not in {low}..{high}");
    }
}

#[test]
fn prometheus_itself_writes_what_was_measured_by_both_versions() {
    let server = Server::with(Options { settings: &[("idle", "10m")], ..Options::default() });
    let measured = said(&mut Command::new(built("LOADGATE_REMOTE_WRITE", "target/remote-write")), &server);
    for (version, test) in [("one", "rw-one"), ("two", "rw-two")] {
        // What it took from the answers: 2.0 holds samples and histograms against what it sent.
        for bad in [
            "samples_failed",
            "histograms_failed",
            "samples_retried",
            "histograms_retried",
            "samples_dropped",
        ] {
            assert_eq!(
                measured["sender"][format!("{version} {bad}_total")],
                0.0,
                "{version} {bad}: {measured}"
            );
        }
        let summary = summary_of(&server, test);
        let orders = ["orders", "orders_total"].iter().find_map(|name| summary["metrics"].get(name));
        let orders = orders.unwrap_or_else(|| panic!("{test}: {:?}", summary["metrics"]));
        assert_eq!(orders["type"], "counter", "{test}");
        assert_eq!(number(&orders["values"]["count"]), number(&measured["orders"]), "{test}");
        for metric in ["payment", "basket"] {
            let (ours, wanted) = (&summary["metrics"][metric]["values"], &measured[metric]);
            assert_eq!(number(&ours["count"]), number(&wanted["count"]), "{test} {metric}");
            assert_close(&format!("{test} {metric}"), number(&ours["sum"]), number(&wanted["sum"]), 1e-9);
        }
        // Native buckets are a tenth wide; classic ones tell no more than their bounds.
        let greatest = number(&summary["metrics"]["payment"]["values"]["max"]);
        assert_close(&format!("{test} payment max"), greatest, number(&measured["payment"]["max"]), 0.1);
        // Without the metadata of a scrape nothing tells that it is a gauge.
        let queue = &summary["metrics"]["queue_count"];
        assert_eq!(number(&queue["values"]["max"]), number(&measured["queue"]), "{test}");
        assert!(queue["unknown"].is_array(), "{test}: {queue}");
    }
}

#[test]
fn micrometers_dynatrace_registry_has_what_it_recorded() {
    let server = Server::with(Options { settings: &[("idle", "10m")], ..Options::default() });
    let mut java = Command::new("java");
    java.arg("-cp")
        .arg(built("LOADGATE_MICROMETER", "target/micrometer").join("lib/*"))
        .arg(root().join("tests/micrometer/Send.java"));
    let recorded = said(&mut java, &server);
    let summary = summary_of(&server, "micrometer");
    let metric = |name: &str| &summary["metrics"][name];
    let value = |name: &str, figure: &str| number(&metric(name)["values"][figure]);
    assert_eq!(summary["health"]["refused"], 0, "{}", summary["health"]);
    for (name, kind, contains) in [
        ("orders", "counter", json!(null)),
        ("queue_length", "gauge", json!(null)),
        ("payment_time", "trend", json!("time")),
        ("basket_size", "trend", json!("data")),
    ] {
        assert_eq!((&metric(name)["type"], &metric(name)["contains"]), (&json!(kind), &contains), "{name}");
    }
    assert_eq!(value("orders", "count"), number(&recorded["orders"]));
    assert_eq!(value("queue_length", "value"), number(&recorded["queue"]));
    for (name, list) in [("payment_time", "payments_ms"), ("basket_size", "baskets")] {
        let all: Vec<f64> = recorded[list].as_array().expect("a list").iter().map(number).collect();
        let sum: f64 = all.iter().sum();
        for (figure, wanted) in [
            ("count", all.len() as f64),
            ("sum", sum),
            ("avg", sum / all.len() as f64),
            ("min", all.iter().copied().fold(f64::INFINITY, f64::min)),
            ("max", all.iter().copied().fold(f64::NEG_INFINITY, f64::max)),
        ] {
            assert_close(&format!("{name} {figure}"), value(name, figure), wanted, 1e-12);
        }
        // It sums up what it sends: of percentiles nothing is told.
        for figure in ["med", "p(95)"] {
            assert!(metric(name)["values"][figure].is_null(), "{name}: {}", metric(name));
        }
    }
}
