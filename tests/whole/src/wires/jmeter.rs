//! Apache JMeter itself, built from its published artifacts: its listener and its files against its own dashboard.

use crate::harness::server::{Options, loadgate};
use crate::harness::{Server, assert_close, built, proxy, root, target};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use tempfile::TempDir;

/// Of `tests/jmeter/shop.jmx`: users, and what each does so often.
pub const USERS: u64 = 3;

/// The listener says when its run is over; nobody else ends it.
pub const SETTINGS: &[(&str, &str)] = &[("idle", "10m")];

/// JMeter has run its plan.
pub struct Done {
    folder: TempDir,
}

impl Done {
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

/// Runs the plan against a shop, with its listener at the server, and lets it write its dashboard.
pub fn run(server: &Server, test: &str, shop: &str, loops: u64) -> Done {
    let dashboard = ["-e", "-o", "dashboard", "-Jjmeter.reportgenerator.apdex_satisfied_threshold=20"];
    run_with(&format!("{}/write?db={test}", server.url()), shop, loops, &dashboard)
}

fn run_with(listener: &str, shop: &str, loops: u64, arguments: &[&str]) -> Done {
    let folder = TempDir::new().expect("a folder");
    let (host, port) = shop.split_once(':').expect("an address");
    let output = Command::new("java")
        .args(["-Xmx256m", "-jar"])
        .arg(built("LOADGATE_JMETER", "target/jmeter").join("bin/ApacheJMeter.jar"))
        .args(["-n", "-l", "results.jtl", "-j", "jmeter.log", "-t"])
        .arg(root().join("tests/jmeter/shop.jmx"))
        .arg(format!("-Jhost={host}"))
        .arg(format!("-Jport={port}"))
        .arg(format!("-Jloops={loops}"))
        .arg(format!("-Jinflux={listener}"))
        .arg(format!("-Jxml={}", folder.path().join("results.xml").display()))
        .args(arguments)
        .current_dir(folder.path())
        .stdin(Stdio::null())
        .output()
        .expect("java starts");
    let log = fs::read_to_string(folder.path().join("jmeter.log")).unwrap_or_default();
    assert!(output.status.success() && !log.contains(" ERROR "), "{log}");
    Done { folder }
}

/// Imports a file into a run of its own, which it gives.
pub fn import(server: &Server, test: &str, file: &Path) -> String {
    let mut command = loadgate();
    command.args(["import", "--test", test, "--server", &server.url()]).arg(file);
    let import = command.output().expect("loadgate starts");
    let said = String::from_utf8_lossy(&import.stdout).into_owned();
    assert!(import.status.success(), "{said} {}", String::from_utf8_lossy(&import.stderr));
    let run = server.runs(test).pop().unwrap_or_else(|| panic!("no run: {said}"));
    server.wait_ended(&run);
    run
}

#[track_caller]
fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("no number: {value}"))
}

/// `elapsed` of each label, in ascending order. No column before them has quotes.
fn elapsed(file: &Path) -> BTreeMap<String, Vec<f64>> {
    let mut labels: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    for line in fs::read_to_string(file).expect("JMeter wrote its results").lines().skip(1) {
        let columns: Vec<&str> = line.split(',').collect();
        labels.entry(columns[2].to_owned()).or_default().push(columns[1].parse().expect("ms"));
    }
    labels.values_mut().for_each(|values| values.sort_by(f64::total_cmp));
    labels
}

/// Between two samples at a place that is counted from 1.
fn at(sorted: &[f64], place: f64) -> f64 {
    let place = place.clamp(1.0, sorted.len() as f64);
    let below = sorted[place.floor() as usize - 1];
    below + (sorted[place.ceil() as usize - 1] - below) * place.fract()
}

/// The rows of the dashboard's Apdex table: label and index.
fn apdex(dashboard: &Path) -> BTreeMap<String, f64> {
    let script = fs::read_to_string(dashboard.join("content/js/dashboard.js")).expect("a dashboard");
    let table = script.lines().find_map(|line| line.trim().strip_prefix("createTable($(\"#apdexTable\"), "));
    let table = table.and_then(|rest| rest.split_once(", function")).expect("a table").0;
    let table: Value = serde_json::from_str(table).expect("JSON");
    let items = table["items"].as_array().expect("rows").iter();
    items
        .map(|item| (item["data"][3].as_str().expect("a label").to_owned(), number(&item["data"][0])))
        .collect()
}

/// What Apdex counts as satisfied and tolerated, where all samples that did not fail lie on one side of 20 ms.
fn apdex_of(failed: f64, values: &Value) -> f64 {
    if failed == 1.0 {
        return 0.0;
    }
    let (least, greatest) = (number(&values["min"]), number(&values["max"]));
    assert!(greatest <= 1_500.0 && (least > 20.0 || greatest <= 20.0), "{values}");
    (1.0 - failed) * if greatest <= 20.0 { 1.0 } else { 0.5 }
}

#[test]
fn jmeters_files_have_the_figures_of_its_own_dashboard() {
    const LOOPS: u64 = 30;
    let server = Server::with(Options { settings: SETTINGS, ..Options::default() });
    let done = run(&server, "listener", &target::start().to_string(), LOOPS);
    let dashboard = done.path("dashboard");
    let text = fs::read(dashboard.join("statistics.json")).expect("a dashboard");
    let theirs: Value = serde_json::from_slice(&text).expect("JSON");
    let (samples, apdex) = (elapsed(&done.path("results.jtl")), apdex(&dashboard));
    for file in ["results.jtl", "results.xml"] {
        let test = file.replace('.', "-");
        let run = import(&server, &test, &done.path(file));
        let summary = server.summary(&run);
        let row = |table: &str, at: usize, key: &str| {
            let rows = summary[table].as_array().expect("rows").iter();
            let mut found = rows.filter(|row| row["key"][at] == key);
            found.next().unwrap_or_else(|| panic!("{key} in {}", summary[table])).clone()
        };
        for label in ["slow", "missing"] {
            let (ours, theirs, sorted) = (row("requests", 1, label), &theirs[label], &samples[label]);
            assert_eq!(
                (number(&ours["count"]), sorted.len() as u64),
                (number(&theirs["sampleCount"]), USERS * LOOPS)
            );
            for (ours, theirs, what) in [
                (number(&ours["failed"]) * 100.0, &theirs["errorPct"], "failed"),
                (number(&ours["avg"]), &theirs["meanResTime"], "mean"),
                (number(&ours["min"]), &theirs["minResTime"], "least"),
                (number(&ours["max"]), &theirs["maxResTime"], "greatest"),
            ] {
                assert_close(&format!("{file} {label} {what}"), ours, number(theirs), 1e-9);
            }
            // One distribution, two rules for what lies between two samples: k6's and ours, and JMeter's.
            let n = sorted.len() as f64;
            for (figure, theirs_is, share) in [
                ("med", "medianResTime", 0.5),
                ("p90", "pct1ResTime", 0.9),
                ("p95", "pct2ResTime", 0.95),
                ("p99", "pct3ResTime", 0.99),
            ] {
                let what = format!("{file} {label} {figure}");
                assert_close(&what, number(&theirs[theirs_is]), at(sorted, share * (n + 1.0)), 1e-6);
                assert_close(&what, number(&ours[figure]), at(sorted, share * (n - 1.0) + 1.0), 2e-3);
            }
            assert_close(label, apdex_of(number(&ours["failed"]), &ours), apdex[label], 1e-9);
        }
        let group = row("groups", 0, "::buy")["metrics"].clone();
        let (times, failed) = (&group["group_duration"], &group["jmeter_transaction_failed"]);
        for (figure, theirs_is) in
            [("count", "sampleCount"), ("avg", "meanResTime"), ("min", "minResTime"), ("max", "maxResTime")]
        {
            assert_close(
                &format!("{file} buy {figure}"),
                number(&times[figure]),
                number(&theirs["buy"][theirs_is]),
                1e-9,
            );
        }
        assert_close("buy", apdex_of(number(&failed["rate"]), times), apdex["buy"], 1e-9);
        // Its total is of requests alone, as ours.
        let all = &summary["metrics"]["http_req_duration"]["values"];
        for (figure, theirs_is) in [("count", "sampleCount"), ("avg", "meanResTime"), ("max", "maxResTime")] {
            assert_close(
                &format!("{file} {figure}"),
                number(&all[figure]),
                number(&theirs["Total"][theirs_is]),
                1e-9,
            );
        }
        let failed = &summary["metrics"]["http_req_failed"]["values"]["passes"];
        assert_eq!(number(failed), number(&theirs["Total"]["errorCount"]), "{file}");
    }
}

#[test]
fn jmeters_listener_has_its_counts_and_ends_its_run() {
    // Longer than its interval of five seconds: a round tells the threads of the one before.
    const LOOPS: u64 = 100;
    let server = Server::with(Options { settings: SETTINGS, ..Options::default() });
    let done = run(&server, "shop", &target::start().to_string(), LOOPS);
    let text = fs::read(done.path("dashboard/statistics.json")).expect("a dashboard");
    let theirs: Value = serde_json::from_slice(&text).expect("JSON");
    let [run] = &server.runs("shop")[..] else { panic!("one run: {:?}", server.runs("shop")) };
    // It said so.
    server.wait_ended(run);
    let summary = server.summary(run);
    let figure = |metric: &str, figure: &str| number(&summary["metrics"][metric]["values"][figure]);
    // Transactions count, and what they contain does not.
    for label in ["buy", "missing"] {
        let mut rows = summary["requests"].as_array().expect("rows").iter();
        let row = rows.find(|row| row["key"][1] == label).expect("a row");
        assert_eq!(number(&row["count"]), number(&theirs[label]["sampleCount"]), "{label}");
        assert_close(label, number(&row["failed"]) * 100.0, number(&theirs[label]["errorPct"]), 1e-9);
        assert!(row["p95"].is_null(), "{label}: of no wire's window comes a run's percentile");
    }
    assert_eq!(figure("http_reqs", "count"), (2 * USERS * LOOPS) as f64);
    assert_eq!(figure("http_req_failed", "passes"), (USERS * LOOPS) as f64);
    assert_eq!(figure("vus", "max"), USERS as f64);
    assert!(summary["metrics"]["http_req_duration"].is_null());
}

#[test]
fn jmeters_that_make_a_connection_for_each_request_end_their_run_and_no_others() {
    // One ends soon after a round of its listener, another goes on for some more.
    const LOOPS: [u64; 2] = [55, 160];
    let server = Server::with(Options { settings: SETTINGS, ..Options::default() });
    let proxy = proxy::start(server.address);
    let shop = target::start().to_string();
    let jmeter = |test: &str, loops| run_with(&format!("http://{proxy}/write?db={test}"), &shop, loops, &[]);
    let requests = |run: &str| number(&server.summary(run)["metrics"]["http_reqs"]["values"]["count"]);
    let only = |test: &str| match &server.runs(test)[..] {
        [run] => run.clone(),
        runs => panic!("one run of {test}: {runs:?}"),
    };
    jmeter("alone", LOOPS[0]);
    server.wait_ended(&only("alone"));
    assert_eq!(requests(&only("alone")), (2 * USERS * LOOPS[0]) as f64);

    std::thread::scope(|scope| {
        let longer = scope.spawn(|| jmeter("both", LOOPS[1]));
        jmeter("both", LOOPS[0]);
        assert!(!longer.is_finished(), "nothing is left for the other");
        assert_eq!(server.state(&only("both")), "live");
    });
    server.wait_ended(&only("both"));
    assert_eq!(requests(&only("both")), (2 * USERS * (LOOPS[0] + LOOPS[1])) as f64);
}
