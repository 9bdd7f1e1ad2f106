//! Making room: what lists, hellos and sweeps cost, what is left of a run, and what one damaged log or a store
//! that went back does to the others.

use crate::support::{Server, block_on};
use loadgate::ingest::Refusal;
use loadgate::record::Sent;
use loadgate::store::Store;
use serde_json::Value;

/// Sends some lines of a run; gives why they were refused.
fn post(server: &Server, test: &str, name: Option<&str>) -> Option<Refusal> {
    let body: String =
        (0..5).map(|at| format!("http_reqs,name=x value=1 {}\n", server.hands_ms() + at)).collect();
    let named = |request: &mut loadgate::ingest::Request| {
        (request.test, request.run) = (Some(test.to_owned()), name.map(str::to_owned));
    };
    server.post_as(named, body.as_bytes(), true).expect("it is answered").failure
}

/// A run of a name of its own, ended.
fn named_run(server: &Server, number: u32) {
    let name = format!("n{number}");
    assert_eq!(post(server, "t", Some(&name)), None);
    let log = format!("t.{name}");
    server.fold(&log);
    block_on(server.service.finish_run(&log, Sent::All)).expect("it is live");
    server.fold(&log);
    server.pass(1_000);
}

fn list(server: &Server, test: Option<&str>) -> Vec<Value> {
    let list = server.list(test, 500, false);
    serde_json::from_str(&list).expect("JSON")
}

/// What one call costs in operations of the store.
fn cost<T>(server: &Server, call: impl FnOnce() -> T) -> (u64, T) {
    let before = server.memory.operations();
    let result = call();
    (server.memory.operations() - before, result)
}

/// Sweeps to the end; gives what the most expensive call cost.
fn sweep(server: &Server, test: &str) -> u64 {
    let mut most = 0;
    for _ in 0..100_000 {
        let (cost, more) = cost(server, || block_on(server.service.sweep(test, 1)).expect("it sweeps"));
        most = most.max(cost);
        if !more {
            return most;
        }
    }
    panic!("sweeping does not come to an end");
}

#[test]
fn lists_hellos_and_sweeps_cost_no_more_with_all_runs_ever_made() {
    let server = Server::new();
    let mut costs = Vec::new();
    for number in 1..=6_000 {
        named_run(&server, number);
        if number == 1 {
            block_on(server.service.set_baseline("t", Some(br#"{"run":"t.n1"}"#))).expect("it is there");
        }
        if number == 1_600 || number == 6_000 {
            let mut swept = 0;
            for _ in 0..3 {
                swept = sweep(&server, "t").max(swept);
                server.pass(700_000);
            }
            let (of_test, items) = cost(&server, || list(&server, Some("t")));
            let (of_all, all) = cost(&server, || list(&server, None));
            let (hello, ()) =
                cost(&server, || block_on(server.service.hello(Some("t"), "s")).expect("it is heard"));
            assert_eq!((items.len(), all.len()), (100, 100), "with the baseline");
            assert_eq!(items[99]["id"], "t.n1");
            costs.push([of_test, of_all, hello, swept]);
        }
    }
    println!("operations of a list of the test, of all, a hello, a sweep call: {costs:?}");
    for cost in &costs {
        // The most of a sweep are marks, one write each, and batches of 25 of what is deleted.
        assert!(cost[0] <= 60 && cost[1] <= 60 && cost[2] <= 2 && cost[3] <= 80, "{costs:?}");
    }
    assert!(costs[1].iter().zip(costs[0]).all(|(later, sooner)| *later <= sooner + 8), "{costs:?}");
}

#[test]
fn a_second_sweeper_stays_away_until_the_first_is_gone() {
    let server = Server::new();
    for number in 0..300 {
        named_run(&server, number);
    }
    assert!(block_on(server.service.sweep("t", 1)).expect("it sweeps"));
    assert!(!block_on(server.service.sweep("t", 2)).expect("it is told"), "the first is at it");
    server.pass(20_000);
    assert!(block_on(server.service.sweep("t", 2)).expect("it sweeps"), "the first is gone");
}

#[test]
fn an_erasure_that_breaks_off_anywhere_is_finished_by_another_and_leaves_nothing() {
    for steps in 0..14 {
        let server = Server::new();
        for second in 0..80 {
            assert_eq!(post(&server, "t", None), None, "{second}");
            server.pass(2_000);
            server.fold("t");
        }
        let run = server.finish("t");
        block_on(server.service.delete_run(&run)).expect("it has ended");
        server.pass(700_000);
        for _ in 0..steps {
            block_on(server.service.sweep("t", 1)).expect("it sweeps");
        }
        // Whoever swept is gone, and with it all that it noted.
        block_on(server.memory.delete_many(&["test/t/sweep".to_owned()])).expect("it deletes");
        sweep(&server, "t");
        let of_run = |key: &String| key.starts_with("run/") || key.contains("/record/");
        let mut left: Vec<String> = server.memory.keys().into_iter().filter(of_run).collect();
        left.retain(|key| !key.starts_with("run/t.1/checkpoint/"));
        // That it was deleted, and where the log's next run begins.
        assert_eq!(left, ["run/t.1/deleted", "run/t.1/ended"], "after {steps} steps");
    }
}

/// One request to each of so many addresses: its record, its run's state and its checkpoint are in parts.
fn post_large(server: &Server, addresses: u32) {
    let name = "x".repeat(200);
    let body: String = (0..addresses)
        .map(|at| format!("http_reqs,name={name}{at},method=GET value=1 {}\n", server.hands_ms()))
        .collect();
    let named = |request: &mut loadgate::ingest::Request| request.test = Some("t".to_owned());
    let outcome = server.post_as(named, body.as_bytes(), true).expect("it is answered");
    assert_eq!((outcome.failure, outcome.receipt.accepted), (None, u64::from(addresses)));
}

fn in_parts(server: &Server, stem: &str) -> bool {
    server.memory.keys().iter().any(|key| {
        key.strip_prefix(stem).is_some_and(|rest| rest.split('/').count() == 2 && rest.ends_with("/1"))
    })
}

#[test]
fn a_large_record_is_there_for_the_next_folder_though_runs_before_it_ended_in_the_same_page() {
    let server = Server::new();
    for _ in 0..4 {
        assert_eq!(post(&server, "t", None), None);
        server.pass(40_000);
    }
    post_large(&server, 3_000);
    assert!(in_parts(&server, "log/t/record/"), "{:?}", server.memory.keys());
    server.fold("t");
    let other = Server::on(server.memory.clone(), server.hands.clone());
    for _ in 0..20 {
        if !block_on(other.service.advance("t")).expect("it folds").more {
            break;
        }
    }
    assert_eq!(post(&other, "t", None), None);
    let run = other.finish("t");
    assert_eq!(run, "t.5");
    assert_eq!(other.summary(&run)["metrics"]["http_reqs"]["values"]["count"], 3_005);
}

#[test]
fn a_run_in_many_parts_is_deleted_whole() {
    let server = Server::new();
    for _ in 0..20 {
        post_large(&server, 3_000);
        server.pass(2_000);
        server.fold("t");
    }
    let run = server.finish("t");
    for stem in ["log/t/record/", "run/t.1/state/", "run/t.1/checkpoint/"] {
        assert!(in_parts(&server, stem), "{stem} {:?}", server.memory.keys());
    }
    block_on(server.service.delete_run(&run)).expect("it has ended");
    server.pass(700_000);
    sweep(&server, "t");
    let of_run = |key: &String| key.starts_with("run/") || key.contains("/record/");
    let left: Vec<String> = server.memory.keys().into_iter().filter(of_run).collect();
    // What the log's next run begins from is one value again.
    let last = left.iter().find(|key| key.starts_with("run/t.1/checkpoint/")).expect("it is needed");
    assert_eq!(left, [last, "run/t.1/deleted", "run/t.1/ended"]);
}

#[test]
fn a_damaged_fact_of_one_run_hides_no_other() {
    for fact in ["meta", "ended", "label"] {
        let server = Server::new();
        named_run(&server, 1);
        named_run(&server, 2);
        block_on(server.memory.set(&format!("run/t.n1/{fact}"), &[9, 9, 9])).expect("it is set");
        let other = Server::on(server.memory.clone(), server.hands.clone());
        let states: Vec<String> = list(&other, None).iter().map(|item| item["state"].to_string()).collect();
        assert_eq!(states, [r#""ended""#, r#""unreadable""#], "{fact}");
        let refused = block_on(other.service.summary("t.n1")).expect_err("it is damaged");
        assert!(refused.to_string().contains("t.n1` is damaged"), "{refused}");
    }
}

#[test]
fn a_damaged_record_stops_its_own_log_alone_until_it_is_mended() {
    let server = Server::new();
    assert_eq!(post(&server, "bad", None), None);
    server.fold("bad");
    assert_eq!(post(&server, "bad", None), None);
    let key = "log/bad/record/2";
    let good = block_on(server.memory.get(key)).expect("it reads").expect("it is there");
    block_on(server.memory.set(key, &[2, 255, 255])).expect("it is set");
    let other = Server::on(server.memory.clone(), server.hands.clone());
    let refused = block_on(other.service.advance("bad")).and_then(|_| block_on(other.service.advance("bad")));
    let refused = refused.expect_err("it cannot be folded").to_string();
    assert!(refused.contains("the log bad cannot be read: its record 2 is damaged"), "{refused}");
    assert!(matches!(post(&other, "bad", None), Some(Refusal::Unavailable(_))), "its writers are told");
    assert_eq!(post(&other, "good", None), None);
    let states: Vec<String> = list(&other, None).iter().map(|item| item["state"].to_string()).collect();
    assert_eq!(states, [r#""live""#, r#""unreadable""#]);
    block_on(other.memory.set(key, &good)).expect("it is set");
    assert_eq!(post(&other, "bad", None), None, "it was mended");
    let run = other.finish("bad");
    assert_eq!(other.summary(&run)["metrics"]["http_reqs"]["values"]["count"], 15);
}

#[test]
fn a_record_that_lost_a_part_stops_its_log_with_a_sentence() {
    let server = Server::new();
    post_large(&server, 3_000);
    block_on(server.memory.delete_many(&["log/t/record/1/1".to_owned()])).expect("it deletes");
    let refused = block_on(server.service.advance("t")).expect_err("it cannot be folded").to_string();
    assert!(refused.contains("its record 1 is damaged"), "{refused}");
    assert!(matches!(post(&server, "t", None), Some(Refusal::Unavailable(_))), "its writers are told");
}

#[test]
fn an_instance_notices_that_a_store_went_back_though_as_much_was_written_since() {
    for back in 1..=8 {
        for since in back..back + 3 {
            let server = Server::new();
            let writer = Server::on(server.memory.clone(), server.hands.clone());
            let mut copies = Vec::new();
            for _ in 0..8 {
                copies.push(server.memory.copy());
                assert_eq!(post(&writer, "t", None), None);
                server.pass(1_000);
                server.fold("t");
            }
            server.memory.restore(&copies[8 - back]);
            for _ in 0..since {
                assert_eq!(post(&writer, "t", None), None);
                server.pass(1_000);
            }
            let run = server.finish("t");
            let count = server.summary(&run)["metrics"]["http_reqs"]["values"]["count"].clone();
            assert_eq!(count, 5 * (8 - back + since), "{back} back, {since} since");
            let fresh = Server::on(server.memory.clone(), server.hands.clone());
            assert_eq!(fresh.events(&run, None), server.events(&run, None));
        }
    }
}

#[test]
fn instances_go_on_with_what_a_store_has_that_went_back() {
    // However far it goes back, and whether who folds also writes.
    for back in 1..12 {
        for writes in [true, false] {
            let server = Server::new();
            let other = Server::on(server.memory.clone(), server.hands.clone());
            let writer = if writes { &server } else { &other };
            let mut copies = Vec::new();
            for _ in 0..12 {
                copies.push(server.memory.copy());
                assert_eq!(post(writer, "t", None), None);
                server.pass(1_000);
                server.fold("t");
            }
            server.memory.restore(&copies[12 - back]);
            server.fold("t");
            for _ in 0..3 {
                assert_eq!(post(writer, "t", None), None);
                server.pass(1_000);
                server.fold("t");
            }
            let run = server.finish("t");
            let kept = 5 * (12 - back + 3);
            let count = server.summary(&run)["metrics"]["http_reqs"]["values"]["count"].clone();
            assert_eq!(count, kept, "{back} back, {writes}");
            let fresh = Server::on(server.memory.clone(), server.hands.clone());
            assert_eq!(fresh.events(&run, None), server.events(&run, None));
        }
    }
}
