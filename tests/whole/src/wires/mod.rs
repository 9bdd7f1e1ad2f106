//! Real programs on every wire, against what they say of the same run themselves: here k6 on its other outputs.

mod clients;
mod hostile;
mod jmeter;
mod side_by_side;

use crate::harness::server::Options;
use crate::harness::{Server, root};
use crate::k6::Scene;
use serde_json::Value;
use std::fs;
use std::time::{Duration, SystemTime};

/// Outputs push when they end; nobody finishes the run.
const SETTINGS: &[(&str, &str)] = &[("idle", "6s")];

/// Runs k6 with an output, and gives Loadgate's summary and k6's.
fn run(output: &str, set: impl Fn(&Server) -> Vec<(&'static str, String)>) -> (Value, Value) {
    let server = Server::with(Options { settings: SETTINGS, ..Options::default() });
    let scene = Scene::new();
    let mut k6 = scene.k6("4s");
    k6.args(["run", "--quiet", "--summary-export", "summary.json", "-o", output, "buy.js"])
        .envs(set(&server));
    let output = k6.output().expect("k6 starts");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        !said.contains("level=error msg=\"Failed") && !said.contains("level=warning msg=\"Can"),
        "{said}"
    );
    let [run] = &server.runs("k6")[..] else { panic!("one run: {:?}; {said}", server.runs("k6")) };
    server.wait_ended(run);
    (server.summary(run), scene.summary())
}

/// Counts and sums that both have must be the same, whatever a wire makes of distributions.
fn assert_totals(ours: &Value, k6s: &Value, rates: &[&str]) {
    let near = |name: &str, figure: &str, ours: &Value, k6s: &Value| {
        let (Some(ours), Some(k6s)) = (ours.as_f64(), k6s.as_f64()) else {
            panic!("{name} {figure}: {ours}, k6 has {k6s}")
        };
        assert!((ours - k6s).abs() <= 1e-6 * k6s.abs().max(1.0), "{name} {figure}: {ours}, k6 has {k6s}");
    };
    for name in ["http_reqs", "iterations", "data_sent", "data_received", "orders"] {
        let ours = &ours["metrics"][name]["values"];
        near(name, "count", &ours["count"], &k6s["metrics"][name]["count"]);
    }
    for name in rates {
        let (ours, k6s) = (&ours["metrics"][name]["values"], &k6s["metrics"][name]);
        near(name, "passes", &ours["passes"], &k6s["passes"]);
        near(name, "fails", &ours["fails"], &k6s["fails"]);
    }
    for name in ["http_req_duration", "iteration_duration", "waited"] {
        let (ours, k6s) = (&ours["metrics"][name]["values"], &k6s["metrics"][name]);
        for figure in ["count", "avg", "min", "max"] {
            near(name, figure, &ours[figure], &k6s[figure]);
        }
    }
}

#[test]
fn k6s_opentelemetry_output_has_its_own_totals_and_percentiles_within_their_buckets() {
    let (ours, k6s) = run("opentelemetry", |server| {
        vec![
            ("K6_OTEL_EXPORTER_PROTOCOL", "http/protobuf".to_owned()),
            ("K6_OTEL_HTTP_EXPORTER_INSECURE", "true".to_owned()),
            ("K6_OTEL_HTTP_EXPORTER_ENDPOINT", server.url().trim_start_matches("http://").to_owned()),
            ("K6_OTEL_EXPORT_INTERVAL", "1s".to_owned()),
        ]
    });
    assert_totals(&ours, &k6s, &["checks", "http_req_failed"]);
    let p95 = |summary: &Value| summary["p(95)"].as_f64().expect("a percentile");
    let (ours, k6s) =
        (p95(&ours["metrics"]["http_req_duration"]["values"]), p95(&k6s["metrics"]["http_req_duration"]));
    assert!(ours <= 250.0 && k6s <= 250.0 || (ours - k6s).abs() <= k6s, "{ours}, k6 has {k6s}");
}

#[test]
fn k6s_prometheus_output_with_native_histograms_has_its_own_totals() {
    let (ours, k6s) = run("experimental-prometheus-rw", |server| {
        vec![
            ("K6_PROMETHEUS_RW_SERVER_URL", format!("{}/api/v1/write", server.url())),
            ("K6_PROMETHEUS_RW_TREND_AS_NATIVE_HISTOGRAM", "true".to_owned()),
            ("K6_PROMETHEUS_RW_PUSH_INTERVAL", "1s".to_owned()),
        ]
    });
    // A native histogram tells no extremes; the shares of checks tell no counts.
    for name in ["http_reqs", "iterations", "data_sent", "data_received", "orders"] {
        assert_eq!(ours["metrics"][name]["values"]["count"], k6s["metrics"][name]["count"], "{name}");
    }
    let (ours, k6s) = (&ours["metrics"]["http_req_duration"]["values"], &k6s["metrics"]["http_req_duration"]);
    assert_eq!(ours["count"], k6s["count"]);
    for figure in ["avg", "med", "p(90)", "p(95)", "p(99)"] {
        let (ours, k6s) = (ours[figure].as_f64().expect("a figure"), k6s[figure].as_f64().expect("a figure"));
        assert!((ours - k6s).abs() <= k6s * 0.1, "{figure}: {ours}, k6 has {k6s}");
    }
}

#[test]
fn k6s_csv_file_is_imported_with_its_own_figures() {
    let server = Server::start();
    let scene = Scene::new();
    let mut k6 = scene.k6("3s");
    k6.args(["run", "--quiet", "--summary-export", "summary.json", "-o", "csv=results.csv", "buy.js"]);
    let output = k6.output().expect("k6 starts");
    // A threshold of the script is crossed.
    assert_eq!(output.status.code(), Some(99), "{}", String::from_utf8_lossy(&output.stderr));
    let import = crate::harness::server::loadgate()
        .args(["import", "--test", "csv", "--server", &server.url()])
        .arg(scene.path("results.csv"))
        .output()
        .expect("loadgate starts");
    let said = String::from_utf8_lossy(&import.stdout).into_owned();
    assert!(import.status.success(), "{said} {}", String::from_utf8_lossy(&import.stderr));
    let [run] = &server.runs("csv")[..] else { panic!("one run: {said}") };
    server.wait_ended(run);
    let (ours, k6s) = (server.summary(run), scene.summary());
    for name in ["http_reqs", "iterations", "data_sent", "data_received"] {
        assert_eq!(ours["metrics"][name]["values"]["count"], k6s["metrics"][name]["count"], "{name}");
    }
    let (ours, k6s) = (&ours["metrics"]["http_req_duration"]["values"], &k6s["metrics"]["http_req_duration"]);
    for figure in ["count", "avg", "med", "p(95)", "max"] {
        let (ours, k6s) = (ours[figure].as_f64().expect("a figure"), k6s[figure].as_f64().expect("a figure"));
        assert!((ours - k6s).abs() <= k6s * 1e-3, "{figure}: {ours}, k6 has {k6s}");
    }
}

/// It tells times since the start, and no date.
#[test]
fn ohas_rows_are_as_old_as_their_file() {
    let server = Server::start();
    let folder = tempfile::TempDir::new().expect("a folder");
    let file = folder.path().join("oha.csv");
    fs::copy(root().join("tests/fixtures/files/oha.csv"), &file).expect("a copy");
    let written = SystemTime::UNIX_EPOCH + Duration::from_secs(1_790_000_000);
    fs::File::options()
        .append(true)
        .open(&file)
        .and_then(|file| file.set_modified(written))
        .expect("it is ours");
    let run = jmeter::import(&server, "oha", &file);
    let summary = server.summary(&run);
    assert_eq!(summary["metrics"]["http_reqs"]["values"]["count"], 78);
    let item = server.get(&format!("/runs/{run}")).document();
    let [start, end] = ["start", "end"].map(|moment| item[moment].as_i64().expect("Unix ms"));
    assert!((end - 1_790_000_000_000).abs() <= 1 && (end - 2_000..end).contains(&start), "{item}");
}
