//! What lists and sweeps cost once a test has had thousands of runs, and what damage to one run does to others.

use crate::support::{Server, block_on};
use loadgate::ingest::Refusal;
use loadgate::record::Sent;
use loadgate::store::Store;
use serde_json::Value;

/// One run under a name, over at once.
fn named(server: &Server, test: &str, name: &str) {
    server.pass(1_000);
    let body = format!("http_reqs,name=x value=1 {}\n", server.hands_ms());
    let run = |request: &mut loadgate::ingest::Request| {
        (request.test, request.run) = (Some(test.to_owned()), Some(name.to_owned()));
    };
    assert_eq!(server.post_as(run, body.as_bytes(), true).expect("it is taken").failure, None);
    let log = format!("{test}.{name}");
    server.fold(&log);
    block_on(server.service.finish_run(&log, Sent::All)).expect("it is live");
}

fn list(server: &Server) -> Vec<Value> {
    serde_json::from_str(&block_on(server.service.list(None, None, 20, true)).expect("a list")).expect("JSON")
}

/// Calls until nothing is left to do, and the most operations of one.
fn sweep(server: &Server, test: &str) -> (u32, u64) {
    let (mut calls, mut most) = (0, 0);
    loop {
        let before = server.memory.operations();
        let more = block_on(server.service.sweep(test)).expect("it sweeps");
        calls += 1;
        most = most.max(server.memory.operations() - before);
        assert!(calls < 10_000, "sweeping does not come to an end");
        if !more {
            return (calls, most);
        }
    }
}

fn cost<T>(server: &Server, act: impl FnOnce() -> T) -> u64 {
    let before = server.memory.operations();
    act();
    server.memory.operations() - before
}

#[test]
fn lists_and_sweeps_cost_the_same_after_hundreds_and_after_thousands_of_runs() {
    let server = Server::new();
    let mut costs = Vec::new();
    named(&server, "t", "oldest");
    let pinned = br#"{"run":"t.oldest"}"#;
    block_on(server.service.set_baseline("t", Some(pinned))).expect("it is pinned");
    for number in 1..=3_000 {
        named(&server, "t", &format!("n{number}"));
        if number % 20 == 0 {
            server.pass(700_000);
            let (_, most) = sweep(&server, "t");
            assert!(most < 500, "{most} operations in one call");
        }
        if number % 1_000 == 0 {
            server.pass(700_000);
            sweep(&server, "t");
            let listed = cost(&server, || assert_eq!(list(&server).len(), 20));
            let swept = cost(&server, || sweep(&server, "t"));
            let whole =
                cost(&server, || block_on(server.service.list(Some("t"), None, 500, false)).expect("a list"));
            let newest = cost(&server, || block_on(server.service.newest(None)).expect("a run"));
            costs.push([listed, swept, whole, newest]);
        }
    }
    for (first, last) in costs[0].iter().zip(&costs[2]) {
        assert!(*last <= first + 8, "{costs:?}");
    }
    let all: Vec<Value> =
        serde_json::from_str(&block_on(server.service.list(Some("t"), None, 500, false)).expect("a list"))
            .expect("JSON");
    assert_eq!(all.last().expect("runs")["id"], "t.oldest", "a pinned run stays in the list");
    assert_eq!(all.len(), 101, "the limit, and the pinned one");
}

#[test]
fn a_long_run_is_erased_in_calls_that_are_each_short_and_nothing_stays_of_it() {
    let server = Server::new();
    for _ in 0..3_000 {
        server.pass(2_000);
        let body = format!("http_reqs,name=x value=1 {}\n", server.hands_ms());
        server.post_as(|_| {}, body.as_bytes(), true).expect("it is taken");
        server.fold("t");
    }
    let run = server.finish("t");
    block_on(server.service.delete_run(&run)).expect("it has ended");
    server.pass(700_000);
    let (calls, most) = sweep(&server, "t");
    assert!(calls > 3 && most < 300, "{calls} calls, {most} operations in one");
    let left: Vec<String> = server.memory.keys().into_iter().filter(|key| key.starts_with("run/")).collect();
    assert_eq!(left.len(), 3, "that it was deleted, and where the next begins: {left:?}");
}

#[test]
fn two_do_not_sweep_at_once_and_who_died_at_it_hinders_nobody() {
    let server = Server::new();
    named(&server, "t", "a");
    block_on(server.service.delete_run("t.a")).expect("it has ended");
    server.pass(700_000);
    let mark = server.memory.keys().into_iter().find(|key| key == "test/t/sweeping");
    assert_eq!(mark, None);
    sweep(&server, "t");
    let kept = block_on(server.memory.get("test/t/sweeping")).expect("the store works").expect("a mark");
    assert_eq!(list(&server).len(), 0);
    // Somebody began a moment ago, and died.
    named(&server, "t", "b");
    block_on(server.service.delete_run("t.b")).expect("it has ended");
    server.pass(700_000);
    let mut began = kept[..1].to_vec();
    let mut now = server.hands_ms();
    while now >= 0x80 {
        began.push((now & 0x7f) as u8 | 0x80);
        now >>= 7;
    }
    began.push(now as u8);
    block_on(server.memory.set("test/t/sweeping", &began)).expect("it stores");
    sweep(&server, "t");
    assert!(server.memory.keys().iter().any(|key| key == "run/t.b/meta"), "another is at it");
    server.pass(11_000);
    sweep(&server, "t");
    assert!(!server.memory.keys().iter().any(|key| key == "run/t.b/meta"), "nobody is");
}

#[test]
fn a_damaged_run_is_listed_as_unreadable_among_the_others() {
    let server = Server::new();
    for name in ["a", "b", "c"] {
        named(&server, "t", name);
    }
    let meta = server.memory.keys().into_iter().find(|key| key.contains("t.b") && key.ends_with("/meta"));
    block_on(server.memory.set(&meta.expect("a run"), b"\x03\xff\xff")).expect("it stores");
    let listed = list(&server);
    let states: Vec<&Value> = listed.iter().map(|item| &item["state"]).collect();
    assert_eq!(states, ["ended", "unreadable", "ended"]);
    let id = listed[1]["id"].as_str().expect("an id");
    let refused = block_on(server.service.summary(id)).expect_err("it cannot be read");
    assert!(matches!(&refused, Refusal::Damaged(said) if said.contains("is damaged")), "{refused:?}");
}

#[test]
fn a_damaged_record_stops_its_own_log_and_its_writers_are_told() {
    let server = Server::new();
    let post = |server: &Server, test: &str| {
        let body = format!("http_reqs,name=x value=1 {}\n", server.hands_ms());
        server
            .post_as(|request| request.test = Some(test.to_owned()), body.as_bytes(), true)
            .expect("an answer")
    };
    post(&server, "bad");
    block_on(server.memory.set("log/bad/record/1", b"\x03\xff\xff\xff")).expect("it stores");
    let refused = block_on(server.service.advance("bad")).expect_err("it cannot be folded");
    assert!(matches!(refused, Refusal::Damaged(_)), "{refused:?}");
    let refused = post(&server, "bad").failure.expect("nothing is acknowledged that nobody can fold");
    assert!(matches!(&refused, Refusal::Unavailable(said) if said.contains("damaged")), "{refused:?}");
    assert_eq!(post(&server, "good").failure, None);
    server.fold("good");
    assert_eq!(list(&server).len(), 1);
}
