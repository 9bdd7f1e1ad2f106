//! What is declared while a test runs, and after it.

use crate::harness::server::{Options, Server};
use crate::harness::sse::Events;
use crate::harness::wait_for;
use serde_json::Value;
use std::time::{Duration, Instant, UNIX_EPOCH};

/// So long a declaration may take to be in force in every live run of its test.
const AT_ONCE: Duration = Duration::from_secs(1);

fn send(server: &Server, run: &str, seconds_ago: u64) {
    let now = UNIX_EPOCH.elapsed().expect("after 1970");
    let ns = (now - Duration::from_secs(seconds_ago)).as_nanos();
    let answer = server.post(&format!("/write?db=t&run={run}"), format!("errors value=1 {ns}\n").as_bytes());
    assert_eq!(answer.status, 204, "{}", answer.text());
}

fn put(server: &Server, what: &str, document: &str) {
    let answer = server.send("PUT", &format!("/tests/t/{what}"), &[], document.as_bytes());
    assert_eq!(answer.status, 204, "{}", answer.text());
}

#[test]
fn a_declaration_is_in_force_in_every_live_run_within_a_second() {
    let server = Server::with(Options { settings: &[("idle", "10m")], ..Options::default() });
    let runs = [("", "t.1"), ("a", "t.a"), ("b", "t.b")];
    for ago in [20, 10] {
        runs.iter().for_each(|(run, _)| send(&server, run, ago));
    }
    for (_, run) in runs {
        wait_for("a window", || (server.get(&format!("/runs/{run}/summary")).status == 200).then_some(()));
    }
    // Nothing more is sent: the streams must bring it all the same.
    let mut streams: Vec<_> =
        runs.iter().map(|(_, run)| Events::open(&server, &format!("/events?run={run}"), None)).collect();
    for stream in &mut streams {
        stream.until("health", |event| event.kind == "health");
    }
    let began = Instant::now();
    put(&server, "options", r#"{"thresholds":{"errors":["rate<0.1"]}}"#);
    put(&server, "metrics", r#"{"errors":"rate"}"#);
    put(&server, "dashboard", r#"{"tabs":[{"title":"Mine","view":"checks"}]}"#);
    for stream in &mut streams {
        stream.until("the dashboard", |event| event.kind == "config" && event.data.contains("Mine"));
        let seen = stream.until("thresholds", |event| event.kind == "thresholds");
        let thresholds = seen.last().expect("they came").json();
        assert_eq!(thresholds[0]["passes"], false, "{thresholds}");
    }
    assert!(began.elapsed() < AT_ONCE, "it took {:?}", began.elapsed());
}

#[test]
fn a_type_that_is_told_after_the_end_is_in_the_run_its_list_and_its_report() {
    let server = Server::with(Options { settings: &[("idle", "10m")], ..Options::default() });
    put(&server, "options", r#"{"thresholds":{"errors":["rate<0.1"]}}"#);
    for ago in [20, 10] {
        send(&server, "", ago);
    }
    server.finish("t.1");
    let passes = || server.summary("t.1")["thresholds"][0]["passes"].clone();
    assert_eq!(passes(), Value::Null);
    assert!(server.get("/report?run=t.1").text().contains("Types of metrics are not known."));
    put(&server, "metrics", r#"{"errors":"rate"}"#);
    assert_eq!(passes(), false);
    let list = server.get("/runs?test=t&figures=1").document();
    assert_eq!(list[0]["thresholds"][0]["observed"], 1);
    let report = server.get("/report?run=t.1");
    assert!(!report.text().contains("Types of metrics are not known.") && report.text().contains("chip-bad"));
}
