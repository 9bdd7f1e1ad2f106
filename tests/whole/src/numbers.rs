//! Right numbers: every figure of the summary is k6's own, however the samples came.

use crate::harness::fixtures::{self, bytes, ingest, json, metric_lines, play, unpacked};
use crate::harness::server::loadgate;
use crate::harness::{Server, assert_close, wait_for};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// Sums are added in another order than k6 adds them.
const EXACT: f64 = 1e-9;

/// Percentiles come from a histogram; see `record::sketch`.
const SKETCHED: f64 = 1e-3;

/// Metrics whose figures k6 gives per process, while we add up generators.
const PER_PROCESS: [&str; 2] = ["vus", "vus_max"];

#[track_caller]
fn object<'a>(what: &str, value: &'a Value) -> &'a Map<String, Value> {
    value.as_object().unwrap_or_else(|| panic!("{what} is no object: {value}"))
}

#[track_caller]
fn number(what: &str, value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{what} is no number: {value}"))
}

/// Compares one metric with what k6 says of it. k6's keys are ours, but that a rate's and a gauge's
/// figure is its `value`; per-second rates of counters depend on k6's own notion of elapsed time.
#[track_caller]
fn assert_metric(name: &str, ours: &Value, theirs: &Map<String, Value>) {
    let values = object(name, &ours["values"]);
    let kind = ours["type"].as_str().unwrap_or_default();
    let mut compared = 0;
    for (figure, theirs) in theirs {
        let Some(theirs) = theirs.as_f64() else { continue };
        let key = match (kind, figure.as_str()) {
            ("counter", "rate") => continue,
            ("rate", "value") => "rate",
            (_, figure) => figure,
        };
        let what = format!("{key} of {name}");
        let ours = values.get(key).unwrap_or_else(|| panic!("{what} is missing in {ours}"));
        let share = if key.starts_with("p(") || key == "med" { SKETCHED } else { EXACT };
        assert_close(&what, number(&what, ours), theirs, share);
        compared += 1;
    }
    assert!(compared > 0, "nothing of {name} was compared");
}

/// Compares a summary with k6's `--summary-export`.
#[track_caller]
pub fn assert_summary(summary: &Value, theirs: &Value) {
    let metrics = object("metrics", &summary["metrics"]);
    for (name, theirs) in object("k6's metrics", &theirs["metrics"]) {
        let theirs = object(name, theirs);
        let ours =
            metrics.get(name).unwrap_or_else(|| panic!("{name} is missing; there are {:?}", metrics.keys()));
        assert_metric(name, ours, theirs);
        for (expression, crossed) in theirs.get("thresholds").and_then(Value::as_object).into_iter().flatten()
        {
            let ours = &ours["thresholds"][expression]["ok"];
            // k6 lets a threshold without data pass; we say that there was none.
            if theirs.get("count") == Some(&Value::from(0)) {
                assert!(*ours != Value::Bool(false), "{expression} of {name}, which has no data: {ours}");
            } else {
                assert_eq!(
                    ours.as_bool(),
                    crossed.as_bool().map(|crossed| !crossed),
                    "{expression} of {name}"
                );
            }
        }
    }
    let mut expected = BTreeMap::new();
    collect_checks(&theirs["root_group"], &mut expected);
    let rows = summary["checks"].as_array().expect("a table");
    let checks: BTreeMap<(String, String), (u64, u64)> = rows
        .iter()
        .map(|row| {
            let part = |at: usize| row["key"][at].as_str().unwrap_or_default().to_owned();
            let count = |name: &str| row[name].as_u64().unwrap_or_default();
            ((part(0), part(1)), (count("passes"), count("fails")))
        })
        .collect();
    assert_eq!(checks, expected);
}

/// k6 nests groups; the table has their paths.
fn collect_checks(group: &Value, into: &mut BTreeMap<(String, String), (u64, u64)>) {
    let path = group["path"].as_str().unwrap_or_default();
    for (name, check) in group["checks"].as_object().into_iter().flatten() {
        let count = |what: &str| check[what].as_u64().unwrap_or_default();
        into.insert((path.to_owned(), name.clone()), (count("passes"), count("fails")));
    }
    for (_, inner) in group["groups"].as_object().into_iter().flatten() {
        collect_checks(inner, into);
    }
}

/// Posts the JSON of a recorded run as an import, and ends it.
fn import_json(server: &Server, name: &str) -> String {
    server.declare(name, &bytes(&format!("k6/{name}/options.json")));
    let run = server.post(&format!("/tests/{name}/imports"), b"").document()["run"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    let lines = unpacked(&format!("k6/{name}/k6.json.gz"));
    let receipt = ingest(server, &format!("/ingest?test={name}&run={run}&import=1"), "file", &lines);
    let id = receipt["run"].as_str().expect("an import knows its run").to_owned();
    server.finish(&id);
    id
}

/// Replays the InfluxDB capture of a recorded run, types told beforehand, and ends it.
fn replay_lines(server: &Server, name: &str) -> String {
    server.declare(name, &bytes(&format!("k6/{name}/options.json")));
    let declarations = metric_lines(&unpacked(&format!("k6/{name}/k6.json.gz")));
    server.post(&format!("/ingest?test={name}"), &declarations).document();
    assert_eq!(server.runs(name), Vec::<String>::new(), "declarations alone begin no run");
    play(server, &format!("k6/{name}/influx.ndjson.gz"), name);
    let run = wait_for("the run", || server.runs(name).pop());
    server.finish(&run);
    run
}

#[test]
fn an_import_of_k6_json_gives_k6s_own_summary() {
    let server = Server::start();
    for name in ["shop", "short", "aborted"] {
        let run = import_json(&server, name);
        assert_summary(&server.summary(&run), &json(&format!("k6/{name}/summary.json")));
    }
}

#[test]
fn a_replay_of_stock_k6s_influx_lines_gives_k6s_own_summary() {
    let server = Server::start();
    for name in ["shop", "short", "aborted"] {
        let run = replay_lines(&server, name);
        assert_summary(&server.summary(&run), &json(&format!("k6/{name}/summary.json")));
    }
}

#[test]
fn a_batch_that_is_sent_again_counts_once() {
    let server = Server::start();
    let lines = unpacked("k6/short/k6.json.gz");
    let once = ingest(&server, "/ingest?test=again&run=r", "one", &lines);
    let twice = ingest(&server, "/ingest?test=again&run=r", "one", &lines);
    assert_eq!(once["accepted"], twice["accepted"], "a repeat is answered like the first");
    server.finish("again.r");
    let summary = server.summary("again.r");
    assert_metric(
        "http_reqs",
        &summary["metrics"]["http_reqs"],
        object("k6", &json("k6/short/summary.json")["metrics"]["http_reqs"]),
    );
}

/// Compares a run of two processes with what both of them saw together.
#[track_caller]
fn assert_cluster(summary: &Value) {
    let truth = json("k6/cluster/truth.json");
    let metrics = object("metrics", &summary["metrics"]);
    for (name, theirs) in object("truth", &truth) {
        if PER_PROCESS.contains(&name.as_str()) || theirs["count"] == 0 {
            continue;
        }
        let ours = metrics.get(name).unwrap_or_else(|| panic!("{name} is missing"));
        assert_eq!(ours["type"], theirs["type"], "{name}");
        assert_metric(name, ours, object(name, theirs));
    }
    let vus = &summary["metrics"]["vus"]["values"];
    let theirs = &truth["vus"]["sum_of_generators"];
    assert_eq!(vus["value"].as_f64(), theirs["final"].as_f64(), "the sum of the generators' VUs at the end");
    let most = number("max", &vus["max"]) - number("max", &theirs["max"]);
    assert!(most.abs() <= 1.0, "at a second's border a sample may move: {vus} and {theirs}");
}

#[test]
fn two_k6_processes_are_one_run_on_the_influx_wire() {
    let server = Server::start();
    server.declare("cluster", &bytes("k6/shop/options.json"));
    let declarations = metric_lines(&unpacked("k6/cluster/a.k6.json.gz"));
    server.post("/ingest?test=cluster", &declarations).document();
    play(&server, "k6/cluster/influx.ndjson.gz", "cluster");
    server.finish("cluster.cluster-1");
    assert_cluster(&server.summary("cluster.cluster-1"));
    assert_eq!(server.runs("cluster"), ["cluster.cluster-1"]);
}

#[test]
fn files_of_two_k6_processes_are_imported_as_one_run() {
    let server = Server::start();
    server.declare("cluster", &bytes("k6/shop/options.json"));
    let output = loadgate()
        .arg("import")
        .args(["a", "b"].map(|part| fixtures::path(&format!("k6/cluster/{part}.k6.json.gz"))))
        .args(["--test", "cluster", "--run", "both", "--server", &server.url()])
        .output()
        .expect("the program starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let run = server.runs("cluster").pop().expect("a run");
    server.wait_ended(&run);
    assert_cluster(&server.summary(&run));
}

#[test]
fn a_window_of_a_run_is_asked_for_by_times_and_the_windows_add_up_to_the_run() {
    let server = Server::start();
    server.declare("shop", &bytes("k6/shop/options.json"));
    play(&server, "k6/shop/influx.ndjson.gz", "shop");
    server.finish("shop.1");
    let of = |query: &str| server.get(&format!("/runs/shop.1/summary?{query}"));
    let requests = |summary: &Value| number("requests", &summary["metrics"]["http_reqs"]["values"]["count"]);
    let whole = server.summary("shop.1");
    assert!(whole.get("window").is_none());
    let parts = ["to=10s", "from=10s&to=20s", "from=20s"].map(|query| of(query).document());
    assert_eq!(parts.iter().map(requests).sum::<f64>(), requests(&whole));
    let span = &parts[1]["window"];
    assert_eq!(number("its end", &span["end"]) - number("its start", &span["start"]), 10_000.0);
    assert_close(
        "its rate",
        number("rate", &parts[1]["metrics"]["http_reqs"]["values"]["rate"]),
        requests(&parts[1]) / 10.0,
        EXACT,
    );
    for (query, status, said) in [
        ("from=soon", 400, "from=soon is no time since the run's begin, like from=90s or from=1m30s"),
        ("from=20s&to=10s", 400, "the window ends before it begins"),
        ("window=best", 400, "window is `steady`; for another part of the run say from, to or both"),
        ("from=2h", 404, "No window of shop.1 lies between"),
        // They go up and down all the time.
        (
            "window=steady",
            404,
            "shop.1 was never steady: no window of it had at least 95 % of its most VUs, 10, throughout",
        ),
    ] {
        let answer = of(query);
        assert_eq!(answer.status, status, "{query}: {}", answer.text());
        assert!(answer.text().contains(said), "{query}: {}", answer.text());
    }
}
