//! The gate over a store: what finishes a run, what its verdict is made of, and that it stays.

use crate::support::{Server, block_on};
use loadgate::ingest::Refusal;
use loadgate::service::gate::{Lifecycle, News};
use serde_json::Value;

const OPTIONS: &[u8] = br#"{"thresholds": {"http_req_failed": ["rate<0.1"]}}"#;

/// Every second one request of so many ms by name.
fn send(server: &Server, seconds: u64, name: &str, ms: u32) {
    for _ in 0..seconds {
        server.pass(1_000);
        let at = server.hands_ms();
        let lines = format!(
            "http_req_duration,method=GET,name={name},expected_response=true value={ms} {at}\n\
             http_reqs,method=GET,name={name},expected_response=true value=1 {at}\n\
             http_req_failed,method=GET,name={name},expected_response=true value=0 {at}\n"
        );
        let outcome = server.post_as(|_| {}, lines.as_bytes(), true).expect("it is taken");
        assert_eq!(outcome.receipt.refused, 0, "{:?}", outcome.receipt.errors);
        server.fold("t");
    }
}

fn put(server: &Server, objectives: &str) {
    block_on(server.service.set_objectives("t", objectives.as_bytes())).expect("the objectives are fine");
}

fn verdict(server: &Server, run: &str) -> Value {
    serde_json::from_str(&block_on(server.service.verdict(run)).expect("a verdict")).expect("JSON")
}

fn again(server: &Server, run: &str) -> Value {
    serde_json::from_str(&block_on(server.service.judge_again(run)).expect("a verdict")).expect("JSON")
}

/// A server whose test has told its options, so that all its thresholds are known.
fn server() -> Server {
    let server = Server::new();
    block_on(server.service.declare("t", OPTIONS)).expect("the options are fine");
    server
}

fn finished(run: Option<&str>) -> News {
    News {
        run: run.map(str::to_owned),
        test: Some("t".to_owned()),
        aliases: vec!["build 17".to_owned()],
        state: Lifecycle::Finished,
        ..News::default()
    }
}

fn tell(server: &Server, news: News) -> Option<String> {
    block_on(server.service.take_news(news)).expect("it is taken").0.map(|run| run.to_string())
}

const LOGIN: &str =
    "objectives:\n- { name: Login, expression: 'http_req_duration{name:login} p(75)', pass: '< 200ms' }\n";

#[test]
fn what_objectives_name_is_measured_and_decides() {
    for (ms, state) in [(100, "pass"), (300, "fail")] {
        let server = server();
        put(&server, LOGIN);
        send(&server, 5, "login", ms);
        send(&server, 5, "other", 500);
        let run = server.finish("t");
        let verdict = verdict(&server, &run);
        assert_eq!(verdict["state"], state, "{verdict:#}");
        let login = &verdict["objectives"][1];
        assert_eq!((&login["name"], login["observed"].as_f64()), (&"Login".into(), Some(f64::from(ms))));
        assert_eq!(verdict["objectives"][0]["origin"], "threshold", "k6's own count too");
    }
}

#[test]
fn a_verdict_is_given_once_and_is_the_same_from_every_instance() {
    let server = server();
    put(&server, LOGIN);
    send(&server, 5, "login", 100);
    let run = server.finish("t");
    let first = verdict(&server, &run);
    assert_eq!((first["number"].as_u64(), first["provisional"].is_null()), (Some(1), true));
    server.pass(60_000);
    let other = Server::on(server.memory.clone(), server.hands.clone());
    for instance in [&server, &other] {
        assert_eq!(verdict(instance, &run), first);
        assert_eq!(again(instance, &run), first, "judged by the same, it is the same");
    }
    assert_eq!(first["judgements"].as_array().map(Vec::len), Some(1));
    let list = other.list(Some("t"), 10, false);
    assert!(list.contains(r#""verdict":"pass""#), "{list}");
}

#[test]
fn every_run_is_judged_when_it_ends_though_nobody_asks_and_the_next_has_begun() {
    let server = server();
    for _ in 0..3 {
        send(&server, 5, "login", 100);
        block_on(server.service.new_run("t", None)).expect("it ends");
        server.pass(3_000);
    }
    send(&server, 5, "login", 100);
    let list = server.list(Some("t"), 10, false);
    let list: Value = serde_json::from_str(&list).expect("JSON");
    let verdicts: Vec<&Value> = list.as_array().expect("runs").iter().map(|run| &run["verdict"]).collect();
    assert_eq!(verdicts, [&Value::Null, &"pass".into(), &"pass".into(), &"pass".into()], "{list:#}");
    assert!(server.memory.keys().iter().all(|key| !key.ends_with("/verdicts/2")), "and once");
}

#[test]
fn other_objectives_make_another_verdict_beside_the_old_one() {
    let server = server();
    put(&server, LOGIN);
    send(&server, 5, "login", 100);
    let run = server.finish("t");
    assert_eq!(verdict(&server, &run)["state"], "pass");
    put(&server, &LOGIN.replace("200ms", "50ms"));
    assert_eq!(verdict(&server, &run)["state"], "pass", "nobody asked to judge again");
    server.pass(1_000);
    let second = again(&server, &run);
    assert_eq!((second["state"].as_str(), second["number"].as_u64()), (Some("fail"), Some(2)));
    let states = second["judgements"].as_array().expect("a list").iter().map(|one| one["state"].clone());
    assert_eq!(states.collect::<Vec<_>>(), ["pass", "fail"]);
    assert_eq!(verdict(&server, &run), second, "the newest is told");
}

#[test]
fn who_judges_by_the_first_objectives_again_gets_what_they_come_to() {
    let server = server();
    put(&server, LOGIN);
    send(&server, 5, "login", 100);
    let run = server.finish("t");
    verdict(&server, &run);
    for (limit, state, number) in [("50ms", "fail", 2), ("200ms", "pass", 3)] {
        put(&server, &LOGIN.replace("200ms", limit));
        let judged = again(&server, &run);
        assert_eq!((judged["state"].as_str(), judged["number"].as_u64()), (Some(state), Some(number)));
        assert_eq!(verdict(&server, &run), judged);
    }
}

#[test]
fn while_a_run_goes_on_its_verdict_is_provisional_and_not_kept() {
    let server = server();
    put(&server, LOGIN);
    send(&server, 10, "login", 100);
    let live = verdict(&server, "t.1");
    assert_eq!((&live["provisional"], &live["number"]), (&true.into(), &Value::Null));
    assert!(server.memory.keys().iter().all(|key| !key.contains("verdict")));
}

#[test]
fn without_a_file_k6s_thresholds_decide_and_what_has_no_data_is_an_error() {
    let server = Server::new();
    let options = br#"{"thresholds": {"http_req_failed": ["rate<0.1"], "orders": ["count>1"]}}"#;
    block_on(server.service.declare("t", options)).expect("the options are fine");
    send(&server, 5, "login", 100);
    let run = server.finish("t");
    let verdict = verdict(&server, &run);
    assert_eq!(verdict["state"], "error", "{verdict:#}");
    let states: Vec<&str> =
        verdict["objectives"].as_array().unwrap().iter().filter_map(|one| one["state"].as_str()).collect();
    assert_eq!(states, ["pass", "error"]);
}

#[test]
fn without_options_nobody_knows_whether_there_are_thresholds() {
    let server = Server::new();
    send(&server, 5, "login", 100);
    let run = server.finish("t");
    assert_eq!(verdict(&server, &run)["state"], "error");
}

#[test]
fn a_finish_told_in_the_teardown_waits_for_the_last_samples() {
    let server = server();
    send(&server, 5, "login", 100);
    assert_eq!(tell(&server, finished(None)).as_deref(), Some("t.1"));
    // k6 goes on with its last flushes.
    send(&server, 4, "login", 100);
    assert_eq!(verdict(&server, "t.1")["provisional"], true);
    server.pass(4_900);
    server.fold("t");
    assert_eq!(verdict(&server, "t.1")["provisional"], true, "4.9 s without samples");
    server.pass(200);
    server.fold("t");
    let verdict = verdict(&server, "t.1");
    assert_eq!((&verdict["provisional"], &verdict["state"]), (&Value::Null, &"pass".into()), "{verdict:#}");
    assert_eq!(server.summary("t.1")["metrics"]["http_reqs"]["values"]["count"], 9, "all of them count");
    let known = block_on(server.service.run_by_alias("build 17")).expect("the event named it so");
    assert_eq!(known.to_string(), "t.1");
}

#[test]
fn a_generator_that_never_stops_does_not_hold_the_verdict_up() {
    let server = server();
    send(&server, 5, "login", 100);
    tell(&server, finished(None));
    send(&server, 19, "login", 100);
    assert_eq!(verdict(&server, "t.1")["provisional"], true);
    send(&server, 2, "login", 100);
    assert_eq!(verdict(&server, "t.1")["provisional"], Value::Null, "20 s after the finish");
}

#[test]
fn an_event_finishes_the_run_that_it_names_and_no_other() {
    let server = server();
    send(&server, 3, "login", 100);
    let at = server.hands_ms();
    let line = format!("http_reqs value=1 {at}\n");
    let named = |request: &mut loadgate::ingest::Request| request.run = Some("nightly".to_owned());
    server.post_as(named, line.as_bytes(), true).expect("it is taken");
    server.fold("t.nightly");
    assert_eq!(tell(&server, finished(Some("nightly"))).as_deref(), Some("t.nightly"));
    assert_eq!(tell(&server, finished(Some("t.1"))).as_deref(), Some("t.1"));
    let stranger = News { test: Some("nobody".to_owned()), ..finished(None) };
    assert_eq!(tell(&server, stranger), None);
}

/// A run of 30 s: 20 fast requests, then 10 slow ones.
fn slow_at_the_end(server: &Server) {
    send(server, 20, "login", 100);
    send(server, 10, "login", 400);
}

/// Tells a finish with a window of its own, in ms after the run's first sample.
fn finish_with_window(server: &Server, from_ms: i64, to_ms: i64) {
    let first = server.hands_ms() as i64 - 29_000;
    let mut news = finished(None);
    news.finished.start_ms = Some(first + from_ms);
    news.finished.end_ms = Some(first + to_ms);
    tell(server, news);
    server.pass(6_000);
    server.fold("t");
}

#[test]
fn the_window_that_an_event_tells_is_what_is_judged() {
    let of = |from_ms, to_ms| {
        let server = server();
        put(&server, LOGIN);
        slow_at_the_end(&server);
        finish_with_window(&server, from_ms, to_ms);
        verdict(&server, "t.1")
    };
    let (fast, slow) = (of(4_000, 18_000), of(22_000, 29_000));
    assert_eq!((&fast["state"], &slow["state"]), (&"pass".into(), &"fail".into()), "{fast:#}");
    assert_eq!(fast["objectives"][1]["observed"], 100.0);
    let span = &fast["window"];
    assert_eq!(span["end"].as_i64().unwrap() - span["start"].as_i64().unwrap(), 14_000);
}

#[test]
fn a_window_that_nobody_can_judge_is_no_silent_pass() {
    let server = server();
    slow_at_the_end(&server);
    finish_with_window(&server, 10_000, 10_500);
    let verdict = verdict(&server, "t.1");
    assert_eq!(verdict["state"], "warning");
    let missing = verdict["missing"][0].as_str().unwrap();
    assert!(missing.contains("window of its own") && missing.contains("No window of t.1"), "{missing}");
}

#[test]
fn objectives_look_at_windows_and_at_the_worst_stretch() {
    let server = server();
    let objective = |name: &str, more: &str| {
        format!("- {{ name: {name}, expression: 'http_req_duration p(75)', pass: '< 200ms', {more} }}\n")
    };
    let lines = [
        objective("begin", "window: { to: 20s }"),
        objective("end", "window: { from: 20s }"),
        objective("stretch", "for: 4s"),
        objective("gone", "window: { from: 10m }"),
        objective("steady", "window: steady"),
        "- { name: row, expression: 'request GET login p(95)', pass: '< 200ms', window: { to: 10s } }\n"
            .to_owned(),
    ];
    put(&server, &format!("objectives:\n{}", lines.concat()));
    slow_at_the_end(&server);
    server.finish("t");
    let verdict = verdict(&server, "t.1");
    let of = |name: &str| {
        let all = verdict["objectives"].as_array().unwrap();
        all.iter().find(|objective| objective["name"] == name).expect("it is judged").clone()
    };
    let state = |name| of(name)["state"].as_str().unwrap().to_owned();
    let states = ["begin", "end", "stretch", "gone", "steady", "row"].map(state);
    assert_eq!(states, ["pass", "fail", "fail", "error", "error", "pass"], "{verdict:#}");
    let reason = |name| of(name)["reason"].as_str().unwrap().to_owned();
    assert!(reason("end").starts_with("From 0:20 to 0:29: 400\u{a0}ms"), "{}", reason("end"));
    assert!(
        reason("stretch").starts_with("In the worst stretch of 4\u{a0}s, from 0:20 to 0:24"),
        "{}",
        reason("stretch")
    );
    assert!(reason("gone").contains("No window of t.1 lies between"), "{}", reason("gone"));
    assert!(reason("steady").contains("no VUs"), "{}", reason("steady"));
}

#[test]
fn what_is_steady_is_found_by_the_vus() {
    let server = server();
    put(
        &server,
        "objectives:\n- { name: N, expression: http_req_duration max, pass: '< 200ms', window: steady }\n",
    );
    for second in 0..40_u32 {
        // Up for 10 s, 20 s of 10 VUs, then down; slow but for that time.
        let (vus, ms) = match second {
            0..10 => (second, 400),
            10..30 => (10, 100),
            _ => (40 - second, 400),
        };
        send(&server, 1, "login", ms);
        let at = server.hands_ms();
        server.post_as(|_| {}, format!("vus value={vus} {at}\n").as_bytes(), true).expect("it is taken");
    }
    server.finish("t");
    let verdict = verdict(&server, "t.1");
    assert_eq!(verdict["state"], "pass", "{verdict:#}");
    let reason = verdict["objectives"][1]["reason"].as_str().unwrap();
    assert!(reason.starts_with("From 0:10 to 0:3"), "{reason}");
}

#[test]
fn what_is_told_later_is_judged_again_and_erased_with_the_run() {
    let server = server();
    send(&server, 5, "login", 100);
    let run = server.finish("t");
    assert_eq!(verdict(&server, &run)["state"], "pass");
    block_on(server.service.set_outcome(&run, br#"{"exit": 107}"#)).expect("it is noted");
    let second = verdict(&server, &run);
    assert_eq!(
        (second["number"].as_u64(), second["state"].as_str()),
        (Some(2), Some("warning")),
        "{second:#}"
    );
    block_on(server.service.delete_run(&run)).expect("it has ended");
    server.pass(3_600_000);
    while block_on(server.service.sweep("t", 7)).expect("it sweeps") {}
    let left: Vec<String> = server.memory.keys().into_iter().filter(|key| key.contains("verdict")).collect();
    assert_eq!(left, [""; 0]);
}

#[test]
fn objectives_that_cannot_be_read_are_refused_with_their_place() {
    let server = server();
    let refused = block_on(server.service.set_objectives("t", b"objectives:\n- name: A\n  pas: '< 1'\n"));
    let Err(Refusal::Invalid(sentence)) = refused else { panic!("{refused:?}") };
    assert!(sentence.starts_with("line 3, column 3:"), "{sentence}");
    assert!(matches!(block_on(server.service.objectives("t")), Err(Refusal::NotFound(_))));
}
