//! Lists: tests with how their newest runs went, and runs by what is looked for.

use crate::support::{Server, block_on};
use loadgate::record::Sent;
use loadgate::service::List;
use serde_json::{Value, json};

/// A run of a test that has ended: ten requests of so many ms, one in ten of them failed.
fn ended_run(server: &Server, test: &str, ms: u32) -> String {
    send(server, test, ms);
    let run = block_on(server.service.finish_run(test, Sent::All)).expect("it is live");
    server.fold(test);
    // Data that follows at once would be late for this run.
    server.pass(60_000);
    run.to_string()
}

fn send(server: &Server, test: &str, ms: u32) {
    let line = |at: u64| {
        let time = server.hands_ms() + at;
        let failed = u64::from(at == 0);
        format!(
            "http_reqs value=1 {time}\nhttp_req_duration value={ms} {time}\nhttp_req_failed value={failed} {time}\n"
        )
    };
    let body: String = (0..10).map(line).collect();
    let outcome = server.post_as(|request| request.test = Some(test.to_owned()), body.as_bytes(), true);
    assert!(outcome.expect("it is taken").failure.is_none());
    server.fold(test);
}

fn tests(server: &Server, search: &str, after: Option<u64>, limit: u32) -> Value {
    let page = block_on(server.service.tests(Some(search), after, limit)).expect("a page");
    serde_json::from_str(&page).expect("JSON")
}

fn names(page: &Value) -> Vec<String> {
    let tests = page["tests"].as_array().expect("tests");
    tests.iter().map(|test| test["test"].as_str().expect("a name").to_owned()).collect()
}

fn found(server: &Server, asked: &List) -> Vec<String> {
    let list: Value =
        serde_json::from_str(&block_on(server.service.list(asked)).expect("a list")).expect("JSON");
    list.as_array().expect("runs").iter().map(|run| run["id"].as_str().expect("an id").to_owned()).collect()
}

#[test]
fn a_test_tells_its_newest_run_its_trend_and_its_baseline() {
    let server = Server::new();
    for ms in [100, 200, 300] {
        ended_run(&server, "shop", ms);
    }
    block_on(server.service.set_baseline("shop", Some(br#"{"run":"shop.1"}"#))).expect("it is there");
    send(&server, "shop", 400);
    let page = tests(&server, "", None, 10);
    let shop = &page["tests"][0];
    assert_eq!((&shop["test"], &shop["runs"], &shop["moreRuns"]), (&json!("shop"), &json!(4), &json!(false)));
    assert_eq!((&shop["last"]["id"], &shop["last"]["state"]), (&json!("shop.4"), &json!("live")));
    assert_eq!(shop["baseline"], "shop.1");
    let trend = shop["trend"].as_array().expect("points");
    let runs: Vec<&Value> = trend.iter().map(|point| &point["run"]).collect();
    assert_eq!(runs, ["shop.1", "shop.2", "shop.3"]);
    assert!(trend.iter().all(|point| point["failed"] == 0.1), "{shop:#}");
    for (point, ms) in trend.iter().zip([100.0, 200.0, 300.0]) {
        let p95 = point["p95"].as_f64().expect("a time");
        assert!((p95 - ms).abs() <= ms * 0.02, "{p95} for {ms}");
    }
    assert_eq!(page["next"], Value::Null);
}

#[test]
fn tests_stand_by_their_newest_run_once_each_whatever_the_size_of_pages() {
    let server = Server::new();
    for round in 0..3 {
        for test in 0..70 {
            // Some tests ran in the first round alone.
            if round == 0 || test % 3 == 0 {
                ended_run(&server, &format!("t{test:02}"), 100);
            }
        }
    }
    let all = names(&tests(&server, "", None, 100));
    let again = (0..70).rev().filter(|test| test % 3 == 0);
    let once = (0..70).rev().filter(|test| test % 3 != 0);
    let expected: Vec<String> = again.chain(once).map(|test| format!("t{test:02}")).collect();
    assert_eq!(all, expected);
    for size in [1, 7, 64] {
        let (mut paged, mut after) = (Vec::new(), None);
        loop {
            let page = tests(&server, "", after, size);
            paged.extend(names(&page));
            after = page["next"].as_u64();
            if after.is_none() {
                break;
            }
        }
        assert_eq!(paged, expected, "pages of {size}");
    }
    assert_eq!(names(&tests(&server, "T6", None, 100)).len(), 10, "a part of the name, in any case");
}

#[test]
fn a_test_whose_newest_run_is_deleted_is_listed_by_the_one_before() {
    let server = Server::new();
    ended_run(&server, "kept", 100);
    ended_run(&server, "gone", 100);
    ended_run(&server, "kept", 100);
    for run in ["kept.2", "gone.1"] {
        block_on(server.service.delete_run(run)).expect("it has ended");
    }
    let page = tests(&server, "", None, 10);
    assert_eq!(names(&page), ["kept"]);
    assert_eq!((&page["tests"][0]["last"]["id"], &page["tests"][0]["runs"]), (&json!("kept.1"), &json!(1)));
}

#[test]
fn a_page_of_tests_costs_the_same_among_thousands() {
    let server = Server::new();
    let mut costs = Vec::new();
    for test in 0..1_200 {
        ended_run(&server, &format!("t{test}"), 100);
        if test == 199 || test == 1_199 {
            let before = server.memory.operations();
            assert_eq!(names(&tests(&server, "", None, 50)).len(), 50);
            costs.push(server.memory.operations() - before);
        }
    }
    assert_eq!(costs[0], costs[1], "store operations");
    assert!(costs[0] <= 50 * 6 + 20, "{costs:?}");
}

#[test]
fn a_run_that_nobody_gave_objectives_says_so_in_lists() {
    let server = Server::new();
    let run = ended_run(&server, "bare", 100);
    let list: Value = serde_json::from_str(&server.list(None, 10, false)).expect("JSON");
    assert_eq!((&list[0]["id"], &list[0]["objectives"]), (&json!(run), &json!(0)));
    let file = b"objectives:\n- { name: Fast, expression: 'http_req_duration p(95)', pass: '< 1s' }\n";
    block_on(server.service.set_objectives("bare", file)).expect("they are fine");
    ended_run(&server, "bare", 100);
    let list: Value = serde_json::from_str(&server.list(None, 10, false)).expect("JSON");
    assert_eq!(list[0]["objectives"], 1);
}

#[test]
fn runs_are_found_by_test_number_label_and_day() {
    let server = Server::new();
    for _ in 0..3 {
        ended_run(&server, "shop", 100);
        ended_run(&server, "login", 100);
    }
    block_on(server.service.set_label("shop.2", br#"{"label":"Release 4.2 candidate"}"#))
        .expect("it is there");
    let by = |search: &str| found(&server, &List { search: Some(search), limit: 10, ..List::default() });
    assert_eq!(by("SHOP"), ["shop.3", "shop.2", "shop.1"]);
    assert_eq!(by("login run 2"), ["login.2"]);
    assert_eq!(by("candidate release"), ["shop.2"]);
    assert_eq!(by("2026-11"), by(""), "the day on which they began");
    assert_eq!(by("2025-11"), Vec::<String>::new());
    let labelled =
        |label, test| found(&server, &List { label: Some(label), test, limit: 10, ..List::default() });
    assert_eq!(labelled("release 4", None), ["shop.2"]);
    assert_eq!(labelled("shop", None), Vec::<String>::new(), "no other text than the label's");
    assert_eq!(labelled("release", Some("login")), Vec::<String>::new());
    let paged = List { search: Some("shop"), before: Some("shop.3"), limit: 1, ..List::default() };
    assert_eq!(found(&server, &paged), ["shop.2"]);
}
