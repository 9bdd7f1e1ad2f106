//! One shop by every wire, beside each other: the table of `docs/wires.md`. `cargo xtask test side_by_side` makes it
//! anew, as `target/wires.md`.

use super::jmeter;
use crate::harness::server::Options;
use crate::harness::{Server, assert_close, root, target};
use crate::k6::Scene;
use serde_json::Value;
use std::fmt::Write as _;
use std::fs;

const LOOPS: u64 = 100;
/// Two in each round: a page that takes 40 ms, and one that is missing.
const REQUESTS: u64 = 2 * LOOPS * jmeter::USERS;

/// The users of `tests/jmeter/shop.jmx`, as k6 has them.
const SCRIPT: &str = r#"
import http from 'k6/http';
import { check, group, sleep } from 'k6';

export const options = {
  scenarios: { shop: { executor: 'per-vu-iterations', vus: 3, iterations: 100 } },
  summaryTrendStats: ['avg', 'min', 'med', 'max', 'p(90)', 'p(95)', 'p(99)', 'count'],
};

export default function () {
  group('buy', () => {
    const answer = http.get(`${__ENV.TARGET}/slow`, { tags: { name: 'slow' } });
    check(answer, { 'is ok': (r) => r.status === 200 });
  });
  sleep(0.025);
  http.get(`${__ENV.TARGET}/missing`, { tags: { name: 'missing' } });
  sleep(0.025);
}
"#;

/// How close the 95th percentile is to that of the tool itself.
#[derive(Clone, Copy)]
enum Percentile {
    /// As our sketch, and what lies between two samples.
    Exact,
    /// Within a bucket that is so wide, as a share.
    Bucket(f64),
    /// Within OpenTelemetry's default buckets: both are in one of them.
    Coarse,
    /// The wire has none.
    Unknown,
}

/// What a wire ought to bring, and the run that it brought.
struct Wire<'a> {
    name: &'a str,
    run: String,
    own: Own,
    percentile: Percentile,
    /// Whether times are told at all, checks, and virtual users.
    times: bool,
    checks: bool,
    vus: bool,
}

/// What a tool says of its own run; ms.
#[derive(Clone, Copy)]
struct Own {
    avg: f64,
    p95: f64,
}

#[track_caller]
fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("no number: {value}"))
}

/// Runs k6 with outputs and the variables that they want.
fn k6(scene: &Scene, outputs: &[&str], set: &[(&str, String)]) -> Own {
    fs::write(scene.path("shop.js"), SCRIPT).expect("the folder is ours");
    let mut k6 = scene.k6("");
    k6.args(["run", "--quiet", "--summary-export", "summary.json"]);
    for output in outputs {
        k6.args(["-o", output]);
    }
    let done = k6.arg("shop.js").env("TZ", "UTC").envs(set.iter().cloned()).output().expect("k6 starts");
    let said = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success() && !said.contains("level=error"), "{said}");
    let times = &scene.summary()["metrics"]["http_req_duration"];
    Own { avg: number(&times["avg"]), p95: number(&times["p(95)"]) }
}

/// Unix ms of `2026-11-26T19:41:54.123456Z` ("days from civil", Howard Hinnant).
fn unix_ms(time: &str) -> i64 {
    assert!(time.ends_with('Z'), "{time}");
    let part = |range: std::ops::Range<usize>| time[range].parse::<i64>().expect("digits");
    let (year, month, day) = (part(0..4), part(5..7), part(8..10));
    let year = if month <= 2 { year - 1 } else { year };
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let days = year * 365 + year / 4 - year / 100 + year / 400 + of_year - 719_468;
    let fraction: String =
        time[19..].chars().filter(char::is_ascii_digit).chain("000".chars()).take(3).collect();
    let seconds = days * 86_400 + part(11..13) * 3_600 + part(14..16) * 60 + part(17..19);
    seconds * 1_000 + fraction.parse::<i64>().expect("digits")
}

/// k6's samples as its Dynatrace output writes them: `tests/fixtures/dynatrace` has each of a run's samples as one such
/// line. That output is no part of k6 2.
fn as_dynatrace(json: &str) -> String {
    let mut lines = String::new();
    for line in json.lines() {
        let line: Value = serde_json::from_str(line).expect("k6 writes JSON");
        if line["type"] != "Point" {
            continue;
        }
        let text = |value: &Value| value.as_str().expect("text").to_owned();
        write!(lines, "k6.{}", text(&line["metric"])).expect("it is a string");
        for (key, value) in line["data"]["tags"].as_object().into_iter().flatten() {
            if value != "" {
                write!(lines, ",{key}=\"{}\"", text(value)).expect("it is a string");
            }
        }
        let at = unix_ms(&text(&line["data"]["time"]));
        writeln!(lines, "  {} {at}", line["data"]["value"]).expect("it is a string");
    }
    lines
}

/// Ends the only run of a test.
fn ended(server: &Server, test: &str) -> String {
    let [run] = &server.runs(test)[..] else { panic!("one run of {test}: {:?}", server.runs(test)) };
    server.finish(run);
    run.clone()
}

fn opentelemetry(server: &Server, test: &str) -> Vec<(&'static str, String)> {
    vec![
        ("K6_OTEL_EXPORTER_PROTOCOL", "http/protobuf".to_owned()),
        ("K6_OTEL_HTTP_EXPORTER_INSECURE", "true".to_owned()),
        ("K6_OTEL_HTTP_EXPORTER_ENDPOINT", server.address.to_string()),
        ("K6_OTEL_HTTP_EXPORTER_URL_PATH", format!("/{test}/v1/metrics")),
        ("K6_OTEL_EXPORT_INTERVAL", "1s".to_owned()),
    ]
}

fn remote_write(server: &Server, test: &str) -> Vec<(&'static str, String)> {
    vec![
        ("K6_PROMETHEUS_RW_SERVER_URL", format!("{}/{test}/api/v1/write", server.url())),
        ("K6_PROMETHEUS_RW_PUSH_INTERVAL", "1s".to_owned()),
    ]
}

/// Everything that one k6 can send at once.
fn first_k6(server: &Server, wires: &mut Vec<Wire>) {
    use Percentile::{Coarse, Exact, Unknown};
    let scene = Scene::new();
    let influx = format!("influxdb={}/influx", server.url());
    let mut set = opentelemetry(server, "cumulative");
    set.extend(remote_write(server, "stats"));
    set.push(("K6_PROMETHEUS_RW_TREND_STATS", "count,sum,min,max,avg,p(95)".to_owned()));
    set.push(("K6_CSV_TIME_FORMAT", "unix_milli".to_owned()));
    let outputs =
        ["json=k6.json", "csv=k6.csv", influx.as_str(), "opentelemetry", "experimental-prometheus-rw"];
    let own = k6(&scene, &outputs, &set);
    let json = fs::read_to_string(scene.path("k6.json")).expect("k6 wrote it");
    let answer = server.post("/dynatrace/api/v2/metrics/ingest", as_dynatrace(&json).as_bytes());
    assert_eq!(answer.status, 202, "{}", answer.text());
    let of_file = |test: &str, name: &str| jmeter::import(server, test, &scene.path(name));
    let all =
        |name, run, percentile| Wire { name, run, own, percentile, times: true, checks: true, vus: true };
    wires.extend([
        all("k6's JSON", of_file("json", "k6.json"), Exact),
        all("InfluxDB lines", ended(server, "influx"), Exact),
        all("k6's CSV", of_file("csv", "k6.csv"), Exact),
        all("Dynatrace lines", ended(server, "dynatrace"), Exact),
        all("OpenTelemetry, since the start", ended(server, "cumulative"), Coarse),
        Wire { checks: false, ..all("remote write, statistics", ended(server, "stats"), Unknown) },
        all("k6's end-of-test summary", of_file("summary", "summary.json"), Exact),
    ]);
}

/// What takes other settings of the same outputs.
fn second_k6(server: &Server, wires: &mut Vec<Wire>) {
    let scene = Scene::new();
    let mut set = opentelemetry(server, "delta");
    for (name, value) in [
        ("OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE", "delta"),
        ("OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION", "base2_exponential_bucket_histogram"),
        ("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip"),
        ("K6_PROMETHEUS_RW_TREND_AS_NATIVE_HISTOGRAM", "true"),
    ] {
        set.push((name, value.to_owned()));
    }
    set.extend(remote_write(server, "native"));
    let own = k6(&scene, &["opentelemetry", "experimental-prometheus-rw"], &set);
    let of = |name, test, percentile, checks| Wire {
        name,
        run: ended(server, test),
        own,
        percentile,
        times: true,
        checks,
        vus: true,
    };
    wires.extend([
        of("OpenTelemetry, delta and exponential", "delta", Percentile::Bucket(0.1), true),
        of("remote write, native histograms", "native", Percentile::Bucket(0.1), false),
    ]);
}

fn by_jmeter(server: &Server, wires: &mut Vec<Wire>) {
    let done = jmeter::run(server, "listener", &target::start().to_string(), LOOPS);
    let text = fs::read(done.path("dashboard/statistics.json")).expect("a dashboard");
    let total: Value = serde_json::from_slice::<Value>(&text).expect("JSON")["Total"].clone();
    let own = Own { avg: number(&total["meanResTime"]), p95: number(&total["pct2ResTime"]) };
    let run = server.runs("listener").pop().expect("a run");
    server.wait_ended(&run);
    let of =
        |name, run, percentile, times| Wire { name, run, own, percentile, times, checks: false, vus: true };
    wires.extend([
        of("JMeter's InfluxDB listener", run, Percentile::Unknown, false),
        of(
            "JMeter's results, CSV",
            jmeter::import(server, "jtl", &done.path("results.jtl")),
            Percentile::Exact,
            true,
        ),
        of(
            "JMeter's results, XML",
            jmeter::import(server, "xml", &done.path("results.xml")),
            Percentile::Exact,
            true,
        ),
    ]);
}

impl Wire<'_> {
    /// A row of the table, once the wire brought what it ought to.
    fn row(&self, summary: &Value) -> String {
        let Wire { name, own, .. } = self;
        let value = |metric: &str, figure: &str| summary["metrics"][metric]["values"][figure].as_f64();
        let known = |metric: &str, figure: &str| {
            value(metric, figure).unwrap_or_else(|| panic!("{name}: no {figure} of {metric} in {summary}"))
        };
        assert_eq!(known("http_reqs", "count"), REQUESTS as f64, "{name}");
        assert_eq!(known("http_req_failed", "rate"), 0.5, "{name}");
        let checks = value("checks", "passes").zip(value("checks", "fails"));
        assert_eq!(checks, self.checks.then_some(((REQUESTS / 2) as f64, 0.0)), "{name}");
        assert_eq!(value("vus", "max"), self.vus.then_some(jmeter::USERS as f64), "{name}");
        let (avg, p95) = (value("http_req_duration", "avg"), value("http_req_duration", "p(95)"));
        assert_eq!(avg.is_some(), self.times, "{name}");
        if let Some(avg) = avg {
            assert_close(&format!("{name}: avg"), avg, own.avg, 1e-5);
        }
        let near = |share: f64| {
            let p95 = p95.unwrap_or_else(|| panic!("{name}: no p(95)"));
            assert_close(&format!("{name}: p(95)"), p95, own.p95, share);
        };
        match self.percentile {
            // JMeter's rule for what lies between two samples is another.
            Percentile::Exact => near(if name.starts_with("JMeter") { 0.05 } else { 2e-3 }),
            Percentile::Bucket(share) => near(share),
            Percentile::Coarse => near(0.5),
            Percentile::Unknown => assert_eq!(p95, None, "{name}"),
        }
        let text = |figure: Option<f64>| figure.map_or("–".to_owned(), |figure| format!("{figure:.2}"));
        let checks = checks.map_or("–".to_owned(), |(passes, fails)| format!("{passes} / {fails}"));
        let vus = value("vus", "max").map_or("–".to_owned(), |vus| format!("{vus}"));
        let (requests, failed) = (known("http_reqs", "count"), known("http_req_failed", "rate") * 100.0);
        format!(
            "| {name} | {requests} | {failed} % | {} | {:.2} | {} | {:.2} | {checks} | {vus} |\n",
            text(avg),
            own.avg,
            text(p95),
            own.p95
        )
    }
}

#[test]
fn one_shop_by_every_wire_has_the_same_figures_but_for_what_the_wire_cannot_tell() {
    let server = Server::with(Options { settings: jmeter::SETTINGS, ..Options::default() });
    let mut wires = Vec::new();
    first_k6(&server, &mut wires);
    second_k6(&server, &mut wires);
    by_jmeter(&server, &mut wires);
    let mut table = String::from(
        "| wire | requests | failed | avg, ms | … by the tool | p(95), ms | … by the tool | checks, good / bad | VUs |\n\
         | --- | --- | --- | --- | --- | --- | --- | --- | --- |\n",
    );
    for wire in &wires {
        table.push_str(&wire.row(&server.summary(&wire.run)));
    }
    print!("{table}");
    fs::write(root().join("target/wires.md"), table).expect("the folder of what is built");
}
