//! A page asks for the verdict of a live run every few seconds: what that costs does not grow with the run, and what
//! an instance remembers for it changes nothing.

use crate::support::{Server, block_on};
use serde_json::Value;

const OBJECTIVES: &str = "
baseline: { passed: 2 }
objectives:
- { name: Steady, expression: http_req_duration p(95), pass: [< 1s, <= +50%], window: steady }
- { name: Begin, expression: http_reqs count, pass: '> 0', window: { from: 4s, to: 1m } }
- { name: Later, expression: http_req_duration max, pass: < 1s, window: { from: 30s } }
- { name: Bursts, expression: http_req_duration p(95), pass: < 1s, for: 10s }
- { name: Row, expression: request GET home p(95), pass: < 1s, window: steady, for: 4s }
";

/// So many seconds of a run with so many VUs.
fn send(server: &Server, seconds: u64, vus: impl Fn(u64) -> u64) {
    for second in 0..seconds {
        server.pass(1_000);
        let at = server.hands_ms();
        let (ms, vus) = (100 + at / 1_000 % 37, vus(second));
        let lines = format!(
            "http_req_duration,method=GET,name=home,expected_response=true value={ms} {at}\n\
             http_reqs,method=GET,name=home,expected_response=true value=1 {at}\n\
             http_req_failed,method=GET,name=home,expected_response=true value=0 {at}\n\
             vus value={vus} {at}\n"
        );
        let outcome = server.post_as(|_| {}, lines.as_bytes(), true).expect("it is taken");
        assert_eq!(outcome.receipt.refused, 0, "{:?}", outcome.receipt.errors);
        server.fold("t");
    }
}

fn verdict(server: &Server, run: &str) -> Value {
    serde_json::from_str(&block_on(server.service.verdict(run)).expect("a verdict")).expect("JSON")
}

/// A server with two runs that passed.
fn server() -> Server {
    let server = Server::new();
    block_on(server.service.declare("t", br#"{"thresholds": {}}"#)).expect("the options are fine");
    block_on(server.service.set_objectives("t", OBJECTIVES.as_bytes())).expect("the objectives are fine");
    for _ in 0..2 {
        send(&server, 400, |_| 10);
        let run = server.finish("t");
        assert_eq!(verdict(&server, &run)["state"], "pass", "{:#}", verdict(&server, &run));
        server.pass(60_000);
    }
    server
}

/// Operations of a poll, and values that it asks for.
fn cost(server: &Server, run: &str) -> (u64, u64) {
    let before = (server.memory.operations(), server.memory.values_read());
    let verdict = verdict(server, run);
    assert_eq!((&verdict["provisional"], &verdict["state"]), (&true.into(), &"pass".into()), "{verdict:#}");
    (server.memory.operations() - before.0, server.memory.values_read() - before.1)
}

#[test]
fn a_poll_costs_as_much_late_in_a_run_as_early() {
    let server = server();
    let poll = |seconds: u64| {
        send(&server, seconds, |_| 10);
        cost(&server, "t.3");
        send(&server, 5, |_| 10);
        cost(&server, "t.3")
    };
    let (early, late) = (poll(100), poll(1_500));
    println!("operations and values of a poll: {early:?}, later {late:?}");
    assert!(late.0 <= early.0 + 4 && late.1 <= early.1 + 40, "{early:?} became {late:?}");
    assert!(late.1 <= 300, "{late:?}");
}

/// What is missing of a run that had silence of so many seconds, by what it sends of its VUs meanwhile.
fn missing_after(silence: u64, vus_meanwhile: bool) -> (Value, Vec<Value>) {
    let server = Server::new();
    block_on(server.service.declare("t", br#"{"thresholds": {"http_req_failed": ["rate<0.1"]}}"#))
        .expect("the options are fine");
    send(&server, 30, |_| 10);
    for _ in 0..silence {
        server.pass(1_000);
        if vus_meanwhile {
            let line = format!("vus value=10 {}\n", server.hands_ms());
            server.post_as(|_| {}, line.as_bytes(), true).expect("it is taken");
            server.fold("t");
        }
    }
    send(&server, 30, |_| 10);
    let run = server.finish("t");
    let verdict = verdict(&server, &run);
    (verdict["state"].clone(), verdict["missing"].as_array().expect("a list").clone())
}

#[test]
fn what_never_arrived_while_the_run_went_on_is_told_and_a_pause_of_the_script_is_none() {
    let (state, missing) = missing_after(25, false);
    assert_eq!((state, missing.len()), ("warning".into(), 1), "{missing:?}");
    let told = missing[0].as_str().expect("a sentence");
    assert!(told.starts_with("There are no samples of vus from 0:3") && told.contains(" to 0:5"), "{told}");
    assert_eq!(missing_after(25, true), ("pass".into(), vec![]));
    assert_eq!(missing_after(6, false), ("pass".into(), vec![]));
}

#[test]
fn who_has_asked_before_is_told_what_a_stranger_is() {
    let server = server();
    let loads: [fn(u64) -> u64; 6] =
        [|second| 1 + second, |_| 40, |second| 40 + second / 4, |_| 45, |second| 60 - second.min(50), |_| 61];
    for vus in loads {
        for _ in 0..4 {
            send(&server, 7, vus);
            let stranger = Server::on(server.memory.clone(), server.hands.clone());
            assert_eq!(verdict(&server, "t.3"), verdict(&stranger, "t.3"));
        }
    }
    let run = server.finish("t");
    let stranger = Server::on(server.memory.clone(), server.hands.clone());
    let (one, other) =
        (block_on(server.service.judge_again(&run)), block_on(stranger.service.judge_again(&run)));
    assert_eq!(one.expect("a verdict"), other.expect("a verdict"));
}

#[test]
fn what_was_merged_of_a_store_that_went_back_is_forgotten() {
    let server = server();
    send(&server, 20, |_| 10);
    let copy = server.memory.copy();
    send(&server, 40, |_| 10);
    verdict(&server, "t.3");
    server.memory.restore(&copy);
    send(&server, 60, |second| 10 + second / 20);
    let stranger = Server::on(server.memory.clone(), server.hands.clone());
    assert_eq!(verdict(&server, "t.3"), verdict(&stranger, "t.3"));
}
