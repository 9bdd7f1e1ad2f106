//! Findings over a store: read from what was kept of a run's course, and muted for a test.

use crate::support::{Server, block_on};
use loadgate::ingest::Refusal;
use serde_json::{Value, json};

/// A minute of one more user each second. What they send is no more than `most` requests a second, and takes
/// the longer (Little's law; 250 ms to think).
fn ramp(server: &Server, most: u64) -> String {
    for vus in 1..=60_u64 {
        server.pass(1_000);
        let at = server.hands_ms();
        let requests = (vus * 4).min(most);
        let ms = (vus * 1_000 / requests).saturating_sub(230).max(20);
        let mut lines = format!("vus value={vus} {at}\n");
        for _ in 0..requests {
            lines += &format!(
                "http_req_duration,method=GET,name=pay value={ms} {at}\n\
                 http_reqs,method=GET,name=pay value=1 {at}\n"
            );
        }
        let outcome = server.post_as(|_| {}, lines.as_bytes(), true).expect("it is taken");
        assert_eq!(outcome.receipt.refused, 0, "{:?}", outcome.receipt.errors);
        server.fold("t");
    }
    server.finish("t")
}

fn findings(server: &Server, run: &str) -> Value {
    serde_json::from_str(&block_on(server.service.findings(run)).expect("findings")).expect("JSON")
}

fn kinds(found: &Value) -> Vec<&str> {
    found.as_array().expect("a list").iter().filter_map(|finding| finding["kind"].as_str()).collect()
}

#[test]
fn a_system_at_its_limit_is_noticed_and_one_that_keeps_up_is_not() {
    let server = Server::new();
    let run = ramp(&server, 100);
    let found = findings(&server, &run);
    assert_eq!(kinds(&found["findings"]), ["throughput-stalls", "latency-rises"], "{found:#}");
    let evidence = found["findings"][0]["evidence"][0].as_str().expect("a sentence");
    assert!(evidence.contains("100/s") || evidence.contains("101/s"), "{evidence}");
    assert_eq!(found["test"], "t");

    let server = Server::new();
    let run = ramp(&server, 1_000);
    assert_eq!(kinds(&findings(&server, &run)["findings"]), Vec::<&str>::new());
}

#[test]
fn what_a_test_has_muted_stays_muted_for_its_runs_and_can_be_heard_again() {
    let server = Server::new();
    let first = ramp(&server, 100);
    let mute = |kinds: Value| {
        block_on(server.service.set_muted("t", json!({ "muted": kinds }).to_string().as_bytes()))
    };
    mute(json!(["throughput-stalls"])).expect("it is a kind");
    server.pass(20_000);
    let second = ramp(&server, 100);
    assert_ne!(first, second);
    for run in [&first, &second] {
        let found = findings(&server, run);
        assert_eq!(kinds(&found["findings"]), ["latency-rises"], "{run}");
        assert_eq!(kinds(&found["muted"]), ["throughput-stalls"], "{run}");
    }
    mute(json!([])).expect("nothing is muted");
    assert_eq!(findings(&server, &first)["muted"], json!([]));

    let Err(Refusal::Invalid(sentence)) = mute(json!(["noise"])) else { panic!("that is no kind") };
    assert!(sentence.contains("\"noise\", which is not one of ended-early, "), "{sentence}");
}

#[test]
fn a_run_without_anything_to_look_at_has_no_findings() {
    let server = Server::new();
    server.pass(1_000);
    let at = server.hands_ms();
    server.post_as(|_| {}, format!("vus value=1 {at}\n").as_bytes(), true).expect("it is taken");
    let run = server.finish("t");
    assert_eq!(findings(&server, &run)["findings"], json!([]));
    assert!(matches!(block_on(server.service.findings("t.77")), Err(Refusal::NotFound(_))));
}
