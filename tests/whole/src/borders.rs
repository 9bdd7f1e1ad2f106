//! Which samples are one run: a stock k6, started and ended as people do, on the InfluxDB wire.

use crate::harness::server::Options;
use crate::harness::{Server, wait_for};
use crate::k6::Scene;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Nothing but what k6 does may end a run.
fn server() -> Server {
    Server::with(Options { settings: &[("idle", "10m")], ..Options::default() })
}

/// A k6 of a test for so long.
fn k6(scene: &Scene, server: &Server, test: &str, arguments: &[&str]) -> Command {
    let mut command = scene.k6("60s");
    command
        .args(["run", "--quiet", "--summary-mode=disabled", "-o"])
        .arg(format!("influxdb={}/{test}", server.url()))
        .args(arguments)
        .arg("buy.js")
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command
}

fn runs_to_its_end(mut k6: Command) {
    k6.status().expect("k6 starts");
}

fn started(mut k6: Command) -> Child {
    k6.spawn().expect("k6 starts")
}

/// Ctrl-C.
fn interrupt(k6: &Child) {
    let sent = Command::new("kill").args(["-INT", &k6.id().to_string()]).status();
    assert!(sent.expect("kill is there").success());
}

/// The second before somebody does the next thing is what the scene is about.
fn pass(time: Duration) {
    let until = Instant::now() + time;
    while let Some(left) = until.checked_duration_since(Instant::now()) {
        std::thread::sleep(left);
    }
}

fn assert_runs(server: &Server, test: &str, wanted: &[&str]) {
    wait_for("the runs", || (server.runs(test).len() >= wanted.len()).then_some(()));
    // Whatever waits to be told apart is told within seconds.
    pass(Duration::from_secs(3));
    assert_eq!(server.runs(test), wanted);
}

#[test]
fn a_loop_of_short_tests_is_a_run_each() {
    let (server, scene) = (server(), Scene::new());
    for _ in 0..3 {
        runs_to_its_end(k6(&scene, &server, "t", &["--iterations=5", "--vus=1"]));
    }
    assert_runs(&server, "t", &["t.3", "t.2", "t.1"]);
}

#[test]
fn a_name_that_is_used_again_is_another_run() {
    let (server, scene) = (server(), Scene::new());
    for _ in 0..2 {
        runs_to_its_end(k6(&scene, &server, "t", &["--duration=3s", "--tag", "testid=x"]));
    }
    assert_runs(&server, "t", &["t.x.2", "t.x"]);
}

#[test]
fn interrupted_and_started_again_are_two_runs() {
    let (server, scene) = (server(), Scene::new());
    let mut first = started(k6(&scene, &server, "t", &[]));
    wait_for("the first run", || server.runs("t").pop());
    interrupt(&first);
    first.wait().expect("k6 ends");
    runs_to_its_end(k6(&scene, &server, "t", &["--duration=3s"]));
    assert_runs(&server, "t", &["t.2", "t.1"]);
}

#[test]
fn a_second_generator_joins_however_seldom_they_post() {
    let (server, scene) = (server(), Scene::new());
    let quiet = || {
        let mut k6 = k6(&scene, &server, "t", &["--duration=14s"]);
        k6.env("K6_INFLUXDB_PUSH_INTERVAL", "10s");
        started(k6)
    };
    let mut first = quiet();
    pass(Duration::from_secs(5));
    let mut second = quiet();
    first.wait().and_then(|_| second.wait()).expect("k6 ends");
    assert_runs(&server, "t", &["t.1"]);
}

#[test]
fn generators_that_start_apart_or_end_apart_are_one_run() {
    let (server, scene) = (server(), Scene::new());
    let generator = |seconds: &str| {
        started(k6(&scene, &server, "t", &[&format!("--duration={seconds}"), "--tag", "testid=pods"]))
    };
    let mut all = vec![generator("4s"), generator("14s")];
    pass(Duration::from_secs(8));
    all.push(generator("10s"));
    for mut k6 in all {
        k6.wait().expect("k6 ends");
    }
    assert_runs(&server, "t", &["t.pods"]);
}

#[test]
fn a_finish_of_an_ended_run_ends_no_other() {
    let server = server();
    let line = |n: u32| {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970");
        format!("http_reqs value={n} {}\n", now.as_nanos())
    };
    let post = |n| assert_eq!(server.post("/write?db=t", line(n).as_bytes()).status, 204);
    post(1);
    wait_for("the run", || server.runs("t").pop());
    assert_eq!(server.post("/runs/t.1/finish?settled=true", b"").status, 200);
    wait_for("its end, at once", || (server.state("t.1") == "ended").then_some(()));
    assert_eq!(server.post("/tests/t/new-run", b"").status, 200);
    post(2);
    wait_for("the next run", || (server.runs("t").len() == 2).then_some(()));
    assert_eq!(server.post("/runs/t.1/finish?settled=true", b"").document()["run"], "t.1");
    post(3);
    assert_eq!(server.state("t.2"), "live");
    assert_eq!(server.post("/runs/t/finish", b"").document()["run"], "t.2", "a test means what is live");
    wait_for("its end", || (server.state("t.2") == "ended").then_some(()));
    assert_eq!(server.post("/runs/t/finish", b"").status, 404, "nothing is live any more");
}

#[test]
fn documents_asked_for_right_after_a_finish_are_whole() {
    let server = server();
    for test in ["summary", "report"] {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970");
        let lines: String =
            (0..50).map(|at| format!("http_reqs value=1 {}\n", now.as_nanos() + at)).collect();
        assert_eq!(server.post(&format!("/write?db={test}"), lines.as_bytes()).status, 204);
        assert_eq!(server.post(&format!("/runs/{test}.1/finish"), b"").status, 200);
        if test == "summary" {
            let summary = server.get("/runs/summary.1/summary").document();
            assert_eq!(summary["state"], "ended", "{summary}");
            assert_eq!(summary["metrics"]["http_reqs"]["values"]["count"], 50);
        } else {
            let report = server.get("/report?run=report.1");
            assert_eq!(report.status, 200);
            assert_eq!(server.state("report.1"), "ended", "the report waited for the end");
        }
    }
}
