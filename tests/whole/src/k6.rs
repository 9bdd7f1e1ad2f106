//! A real k6, as people start it.

use crate::harness::server::{Options, loadgate};
use crate::harness::{Server, built, target, wait_for};
use crate::numbers::assert_summary;
use serde_json::Value;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use tempfile::TempDir;

/// Ends a run when k6 has been gone for some seconds; nobody finishes it.
const SETTINGS: &[(&str, &str)] = &[("idle", "4s")];

/// What k6 exits with when a threshold was crossed.
const CROSSED: i32 = 99;

const SCRIPT: &str = r#"
import http from 'k6/http';
import { check, group, sleep } from 'k6';
import { Counter, Trend } from 'k6/metrics';

const orders = new Counter('orders');
const waited = new Trend('waited', true);

export const options = {
  vus: 3,
  duration: __ENV.DURATION,
  summaryTrendStats: ['avg', 'min', 'med', 'max', 'p(90)', 'p(95)', 'p(99)', 'count'],
  thresholds: {
    http_req_failed: ['rate<0.01'],
    'http_req_duration{name:slow}': ['p(95)<5000'],
  },
};

export default function () {
  group('buy', () => {
    const answer = http.get(`${__ENV.TARGET}/slow`, { tags: { name: 'slow' } });
    check(answer, { 'is ok': (r) => r.status === 200 });
    waited.add(answer.timings.waiting);
    orders.add(1);
  });
  http.get(`${__ENV.TARGET}/missing`, { tags: { name: 'missing' } });
  sleep(0.05);
}
"#;

/// A script in a folder, and the server that it loads.
pub struct Scene {
    folder: TempDir,
    target: String,
}

impl Scene {
    pub fn new() -> Self {
        let folder = TempDir::new().expect("a folder");
        fs::write(folder.path().join("buy.js"), SCRIPT).expect("the folder is ours");
        Scene { folder, target: format!("http://{}", target::start()) }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// k6 with its script, and what the script wants to know.
    pub fn k6(&self, duration: &str) -> Command {
        let mut command = Command::new(built("LOADGATE_K6", "target/k6"));
        self.prepare(&mut command, duration);
        command
    }

    fn prepare(&self, command: &mut Command, duration: &str) {
        command
            .current_dir(self.folder.path())
            .env("TARGET", &self.target)
            .env("DURATION", duration)
            .env("K6_NO_USAGE_REPORT", "true")
            .stdin(Stdio::null());
    }

    /// As [`Scene::summary`], for a run whose thresholds nobody told.
    pub fn summary_without_thresholds(&self) -> Value {
        let mut summary = self.summary();
        let metrics = summary["metrics"].as_object_mut().expect("an object");
        metrics.retain(|name, _| !name.contains('{'));
        for metric in metrics.values_mut() {
            metric.as_object_mut().expect("an object").remove("thresholds");
        }
        summary
    }

    /// What k6 exported of its summary.
    pub fn summary(&self) -> Value {
        let text = fs::read(self.path("summary.json")).expect("k6 exported its summary");
        serde_json::from_slice(&text).expect("a summary is JSON")
    }
}

/// What k6 says of metrics that the wire tells nothing of is left out: types of custom metrics.
pub fn without_what_the_influx_wire_lacks(mut summary: Value) -> Value {
    let metrics = summary["metrics"].as_object_mut().expect("an object");
    for name in ["orders", "waited"] {
        metrics.remove(name);
    }
    summary
}

#[test]
fn stock_k6_on_the_influx_wire_sees_its_own_totals() {
    let server = Server::with(Options { settings: SETTINGS, ..Options::default() });
    let scene = Scene::new();
    let inspected =
        scene.k6("3s").args(["inspect", "--execution-requirements", "buy.js"]).output().expect("k6 starts");
    server.declare("buy", &inspected.stdout);
    let output = scene
        .k6("3s")
        .args(["run", "--quiet", "--summary-export", "summary.json", "-o"])
        .arg(format!("influxdb={}/buy", server.url()))
        .arg("buy.js")
        .output()
        .expect("k6 starts");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(CROSSED), "{said}");
    assert!(!said.contains("level=error msg=\"Couldn't"), "k6 has nothing to complain of: {said}");
    server.wait_ended("buy.1");
    assert_summary(&server.summary("buy.1"), &without_what_the_influx_wire_lacks(scene.summary()));
}

/// Streams what k6 writes into a named pipe, as it comes.
fn stream(server: &Server, pipe: &Path) -> Value {
    let mut upload = server.connection().chunked("POST", "/ingest?test=piped", &[]);
    let mut output = fs::File::open(pipe).expect("k6 opens the other end");
    let mut bytes = vec![0; 64 * 1024];
    loop {
        match output.read(&mut bytes).expect("a pipe can be read") {
            0 => return upload.finish().document(),
            read => upload.push(&bytes[..read]),
        }
    }
}

#[test]
fn k6s_json_through_a_chunked_upload_gives_its_own_totals() {
    let server = Server::with(Options { settings: SETTINGS, ..Options::default() });
    let scene = Scene::new();
    let pipe = scene.path("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().expect("mkfifo is there").success());
    let mut k6 = scene
        .k6("3s")
        .args(["run", "--quiet", "--summary-export", "summary.json", "--out", "json=pipe", "buy.js"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("k6 starts");
    let receipt = stream(&server, &pipe);
    k6.wait().expect("k6 ends");
    assert_eq!(receipt["refused"], 0, "{receipt}");
    let run = wait_for("the run", || server.runs("piped").pop());
    server.finish(&run);
    // Thresholds of submetrics stand only in the script's options; here nobody sent them.
    let mut theirs = scene.summary();
    theirs["metrics"]["http_req_duration{name:slow}"].as_object_mut().expect("a metric").remove("thresholds");
    assert_summary(&server.summary(&run), &theirs);
}

#[test]
fn one_word_in_front_of_the_usual_command_is_enough() {
    let server = Server::with(Options { settings: &[("idle", "10m")], ..Options::default() });
    let scene = Scene::new();
    let k6 = built("LOADGATE_K6", "target/k6");
    let folder = k6.parent().expect("k6 lies in a folder");
    let path = format!("{}:{}", folder.display(), std::env::var("PATH").unwrap_or_default());
    let mut command = loadgate();
    scene.prepare(&mut command, "3s");
    let output = command
        .env("PATH", path)
        .args(["k6", "--server", &server.url()])
        .args(["run", "--quiet", "--summary-export", "summary.json", "buy.js"])
        .output()
        .expect("the program starts");
    let said =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(CROSSED), "k6's exit code: {said}");
    assert!(said.contains("/ui/?run=buy."), "it prints where the run is: {said}");
    let run = server.runs("buy").pop().expect("a run");
    // It said that the run is over: nobody waits for the idle time.
    server.wait_ended(&run);
    assert_summary(&server.summary(&run), &scene.summary());
    let outcome = server.summary(&run)["outcome"].clone();
    assert_eq!((&outcome["exit"], &outcome["text"]), (&CROSSED.into(), &"thresholds crossed".into()));
}

/// k6 behind our word, with a script of its own, in the scene's folder.
fn ours(scene: &Scene, server: &Server, script: &str) -> Command {
    fs::write(scene.path("own.js"), script).expect("the folder is ours");
    let mut command = loadgate();
    scene.prepare(&mut command, "");
    command
        .env("K6", built("LOADGATE_K6", "target/k6"))
        .args(["k6", "--server", &server.url(), "run", "--quiet", "own.js"])
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command
}

fn outcome_of(server: &Server, run: &str) -> Value {
    wait_for("how it ended", || {
        let outcome = server.get(&format!("/runs/{run}")).document()["outcome"].clone();
        (outcome["exit"].is_number() && server.state(run) == "ended").then_some(outcome)
    })
}

#[test]
fn a_threshold_that_aborts_is_told_with_its_moment() {
    let server = Server::with(Options { settings: &[("idle", "10m")], ..Options::default() });
    let scene = Scene::new();
    let script = r#"
        import { Rate } from 'k6/metrics';
        import { sleep } from 'k6';
        const errors = new Rate('errors');
        export const options = {
          vus: 1, duration: '60s',
          thresholds: { 'errors{kind:bad}': [{ threshold: 'rate<0.5', abortOnFail: true }] },
        };
        export default function () { errors.add(1, { kind: 'bad' }); sleep(0.1); }
    "#;
    let status = ours(&scene, &server, script).status().expect("the program starts");
    assert_eq!(status.code(), Some(CROSSED));
    let run = server.runs("own").pop().expect("a run");
    let outcome = outcome_of(&server, &run);
    let said = outcome["text"].as_str().expect("it is text");
    assert!(
        said.starts_with("aborted by a threshold at 0:0") && said.ends_with(" of 1:00 planned"),
        "{said}"
    );
    assert_eq!((&outcome["exit"], &outcome["aborted"]), (&CROSSED.into(), &true.into()));
    // The page of a run is told the same, and so is its report.
    let report = server.get(&format!("/report?run={run}"));
    let report = report.text();
    assert!(report.contains(said) && report.contains("k6 exit code 99"));
}

#[test]
fn ctrl_c_is_told_as_what_it_was() {
    let server = Server::with(Options { settings: &[("idle", "10m")], ..Options::default() });
    let scene = Scene::new();
    let script = r#"
        import { sleep } from 'k6';
        export const options = { vus: 1, duration: '60s' };
        export default function () { sleep(0.1); }
    "#;
    let mut k6 = ours(&scene, &server, script).spawn().expect("the program starts");
    let run = wait_for("the run", || server.runs("own").pop());
    wait_for("a sample", || (server.summary(&run)["health"]["samples"].as_f64()? > 5.0).then_some(()));
    // As the terminal does it, but to k6 through us: SIGTERM is passed on.
    let asked = Command::new("kill").args(["-TERM", &k6.id().to_string()]).status().expect("kill is there");
    assert!(asked.success());
    assert_eq!(k6.wait().expect("it ends").code(), Some(105));
    let outcome = outcome_of(&server, &run);
    assert_eq!(outcome["exit"], 105);
    assert!(outcome["text"].as_str().is_some_and(|text| text.contains("aborted at 0:0")), "{outcome}");
}

#[test]
fn an_arrival_rate_that_is_not_reached_is_told_against_what_was_wanted() {
    let server = Server::with(Options { settings: &[("idle", "10m")], ..Options::default() });
    let scene = Scene::new();
    let script = r#"
        import { sleep } from 'k6';
        export const options = { scenarios: { buy: {
          executor: 'constant-arrival-rate', rate: 20, duration: '4s', preAllocatedVUs: 1, maxVUs: 1, gracefulStop: '1s',
        } } };
        export default function () { sleep(0.2); }
    "#;
    assert!(ours(&scene, &server, script).status().expect("the program starts").success());
    let run = server.runs("own").pop().expect("a run");
    server.wait_ended(&run);
    let wanted = server.summary(&run)["health"]["wanted"][0].clone();
    let figure = |name: &str| wanted[name].as_f64().expect("a number");
    assert_eq!((&wanted["scenario"], &wanted["short"]), (&"buy".into(), &true.into()), "{wanted}");
    assert!((76.0..=80.0).contains(&figure("wanted")), "{wanted}");
    assert!((15.0..=25.0).contains(&figure("reached")) && figure("dropped") > 50.0, "{wanted}");
    assert!(server.get(&format!("/report?run={run}")).text().contains("was not reached"));
}

#[test]
fn what_samples_do_not_tell_is_imported_beside_them() {
    let store = TempDir::new().expect("a folder");
    let server = Server::with(Options { settings: &[("idle", "10m")], ..Options::default() });
    let file = |name: &str| crate::harness::fixtures::path(&format!("k6/aborted/{name}"));
    let known = |test: &str, more: &[&str]| {
        let output = loadgate()
            .args(["import", "--server", &server.url(), "--test", test])
            .args(more)
            .arg(file("k6.json.gz"))
            .current_dir(store.path())
            .output()
            .expect("the program starts");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let run = server.runs(test).pop().expect("a run");
        server.wait_ended(&run);
        let thresholds = server.get(&format!("/runs/{run}")).document()["thresholds"].clone();
        (thresholds["total"].as_u64(), thresholds["failed"].as_u64(), thresholds["known"].as_bool())
    };
    assert_eq!(known("alone", &[]), (Some(1), Some(0), Some(false)));
    let (options, summary) = (file("options.json"), file("summary.json"));
    let all = (Some(2), Some(1), Some(true));
    assert_eq!(known("options", &["--options", &options.to_string_lossy()]), all);
    assert_eq!(known("summary", &["--summary", &summary.to_string_lossy()]), all);
}

/// Whether it says of how many samples a trend is or not.
#[test]
fn a_summary_that_k6_exports_has_its_own_totals_of_submetrics_too() {
    let (server, scene) = (Server::with(Options { settings: SETTINGS, ..Options::default() }), Scene::new());
    let imported = |test: &str, flags: &[&str]| {
        let mut k6 = scene.k6("3s");
        k6.args(["run", "--quiet", "--summary-export", "summary.json"]).args(flags).arg("buy.js");
        assert_eq!(k6.output().expect("k6 starts").status.code(), Some(CROSSED));
        let mut import = loadgate();
        import.args(["import", "--server", &server.url(), "--test", test]).arg(scene.path("summary.json"));
        let output = import.output().expect("the program starts");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let run = format!("{test}.i1");
        server.wait_ended(&run);
        server.summary(&run)
    };
    for (test, stats) in [("counted", "avg,min,max,p(95),count"), ("uncounted", "avg,min,med,max,p(95)")] {
        let ours = imported(test, &["--summary-trend-stats", stats]);
        let mut theirs = scene.summary();
        // Of VUs the peak stands for the run.
        theirs["metrics"].as_object_mut().expect("an object").remove("vus");
        assert_summary(&ours, &theirs);
        let slow = &ours["metrics"]["http_req_duration{name:slow}"];
        assert_eq!(slow["values"]["count"].is_null(), test == "uncounted", "{slow}");
        assert_eq!(slow["thresholds"]["p(95)<5000"]["ok"], true, "{slow}");
    }
    let ours = imported("new", &["--new-machine-readable-summary"]);
    let theirs = scene.summary();
    let named = |metric: &&Value| metric["name"] == "http_req_duration{name:slow}";
    let slow =
        theirs["results"]["metrics"].as_array().expect("metrics").iter().find(named).expect("that one");
    for (figure, key) in [("avg", "avg"), ("min", "min"), ("med", "med"), ("max", "max"), ("p95", "p(95)")] {
        let values = &ours["metrics"]["http_req_duration{name:slow}"]["values"];
        assert_eq!(values[key], slow["values"][figure], "{figure}");
    }
    assert_eq!(ours["health"]["thresholdsKnown"], false);
}

/// Those of submetrics too; but where options are given beside it, these hold.
#[test]
fn an_imported_summary_is_held_to_the_limits_that_it_tells() {
    let (server, scene) =
        (Server::with(Options { settings: &[("idle", "10m")], ..Options::default() }), Scene::new());
    let file = crate::harness::fixtures::path("k6/shop/summary.json");
    let imported = |test: &str, options: Option<&str>| {
        let mut command = loadgate();
        command.args(["import", "--server", &server.url(), "--test", test]).arg(&file);
        if let Some(options) = options {
            std::fs::write(scene.path("options.json"), options).expect("a file");
            command.arg("--options").arg(scene.path("options.json"));
        }
        let output = command.output().expect("the program starts");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let run = format!("{test}.i1");
        server.wait_ended(&run);
        server.summary(&run)
    };
    let summary = imported("said", None);
    let truth: Value = serde_json::from_slice(&std::fs::read(&file).expect("a fixture")).expect("JSON");
    let (mut of_metrics, mut of_submetrics) = (0, 0);
    for threshold in summary["thresholds"].as_array().expect("a list") {
        let name = threshold["metric"].as_str().expect("a name");
        let expression = threshold["expression"].as_str().expect("an expression");
        let crossed = truth["metrics"][name]["thresholds"][expression].as_bool().expect("true or false");
        if name == "http_req_duration{name:never}" {
            assert_eq!(threshold["passes"], Value::Null, "{threshold}");
            continue;
        }
        assert_eq!(threshold["passes"], !crossed, "{threshold}");
        *(if name.contains('{') { &mut of_submetrics } else { &mut of_metrics }) += 1;
    }
    assert!(of_metrics > 5 && of_submetrics > 3, "{summary}");

    let options =
        r#"{"thresholds": {"http_req_duration{name:login}": ["p(95)<1000"], "http_reqs": ["count<1"]}}"#;
    let held = imported("given", Some(options));
    let rows: Vec<_> = held["thresholds"].as_array().expect("a list").iter().collect();
    let passes: Vec<_> = rows.iter().map(|row| (row["metric"].as_str(), row["passes"].as_bool())).collect();
    assert_eq!(
        passes,
        [(Some("http_req_duration{name:login}"), Some(true)), (Some("http_reqs"), Some(false))]
    );
    assert_eq!(held["health"]["thresholdsKnown"], true);
}

#[test]
fn types_are_read_off_a_script_and_declared() {
    let server = Server::start();
    let scene = Scene::new();
    let output = loadgate()
        .current_dir(scene.folder.path())
        .args(["metrics", "buy.js", "--test", "shop", "--server", &server.url()])
        .output()
        .expect("the program starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let printed: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(printed["orders"], "counter");
    let now = std::time::UNIX_EPOCH.elapsed().expect("after 1970").as_nanos();
    server.post("/write?db=shop", format!("orders value=5 {now}\norders value=5 {now}\n").as_bytes());
    server.finish("shop.1");
    let metric = server.summary("shop.1")["metrics"]["orders"].clone();
    assert_eq!((&metric["type"], &metric["values"]["count"]), (&"counter".into(), &10.into()));
    let refused = server.send("PUT", "/tests/shop/metrics", &[], br#"{"orders":"counter|rate"}"#);
    assert_eq!(refused.status, 400);
    assert!(refused.text().contains("orders:"), "{}", refused.text());
}
