//! What was acknowledged is kept, listed and counted once, whatever uploads, people and instances do.

use crate::support::{Server, block_on};
use serde_json::Value;

/// Lines of requests, one every 10 ms from `from_ms` on.
fn lines(from_ms: u64, count: u64) -> String {
    (0..count).map(|at| format!("http_reqs,name=x value=1 {}\n", from_ms + at * 10)).collect()
}

fn requests(server: &Server, run: &str) -> Value {
    server.summary(run)["metrics"]["http_reqs"]["values"]["count"].clone()
}

fn list(server: &Server) -> Vec<Value> {
    let list = server.list(None, 500, false);
    serde_json::from_str(&list).expect("JSON")
}

#[test]
fn a_numbered_upload_that_is_cut_and_sent_again_counts_whole() {
    let server = Server::new();
    let body = lines(server.hands_ms(), 100);
    let cut = server.post_as(|request| request.sequence = Some(1), &body.as_bytes()[..body.len() / 2], false);
    assert_eq!(cut.expect("it is taken").receipt.accepted, 0);
    let again = server.post_as(|request| request.sequence = Some(1), body.as_bytes(), true);
    assert_eq!(again.expect("it is taken").receipt.accepted, 100);
    let run = server.finish("t");
    assert_eq!(requests(&server, &run), 100);
}

#[test]
fn pieces_without_a_sample_shift_no_others_of_a_retried_upload() {
    let server = Server::new();
    // More than a piece of lines that are refused, or not, by when they come.
    let far = server.hands_ms() + 3_600_000;
    let many = u64::from(loadgate::limits::RECORD_LINES as u32);
    let first = lines(server.hands_ms(), 1);
    server.post_as(|_| {}, first.as_bytes(), true).expect("it is taken");
    server.fold("t");
    let body = lines(far, many).replace("name=x", "name=y") + &lines(server.hands_ms(), 7);
    let numbered = |server: &Server| {
        server.post_as(|request| request.sequence = Some(1), body.as_bytes(), true).expect("it is taken")
    };
    assert_eq!(numbered(&server).receipt.accepted, 7);
    // An instance that knows nothing refuses nothing.
    let other = Server::on(server.memory.clone(), server.hands.clone());
    numbered(&other);
    let run = server.finish("t");
    let rows = server.summary(&run)["requests"].clone();
    let row = |name: &str| {
        let rows = rows.as_array().expect("rows");
        rows.iter().find(|row| row.to_string().contains(&format!("\"{name}\""))).cloned()
    };
    assert_eq!(row("x").map(|row| row["count"].clone()), Some(8.into()), "{rows}");
}

#[test]
fn what_people_say_of_a_run_right_after_its_first_answer_finds_it() {
    let fresh = || {
        let server = Server::new();
        server.post_as(|_| {}, lines(server.hands_ms(), 5).as_bytes(), true).expect("it is taken");
        server
    };
    let server = fresh();
    block_on(server.service.set_label("t.1", br#"{"label":"first"}"#)).expect("it is there");
    let server = fresh();
    block_on(server.service.set_baseline("t", Some(br#"{"run":"t.1"}"#))).expect("it is there");
    let server = fresh();
    let refused = block_on(server.service.delete_run("t.1")).expect_err("it is live");
    assert!(refused.to_string().contains("live"), "{refused}");
}

#[test]
fn an_instance_that_folded_long_ago_refuses_no_good_data() {
    let server = Server::new();
    server.post_as(|_| {}, lines(server.hands_ms(), 5).as_bytes(), true).expect("it is taken");
    server.fold("t");
    // Others take and fold what comes in the meantime.
    let other = Server::on(server.memory.clone(), server.hands.clone());
    for _ in 0..50 {
        server.pass(20_000);
        other.post_as(|_| {}, lines(server.hands_ms(), 5).as_bytes(), true).expect("it is taken");
        other.fold("t");
    }
    let late = server.post_as(|_| {}, lines(server.hands_ms(), 5).as_bytes(), true).expect("it is taken");
    assert_eq!((late.receipt.accepted, late.receipt.refused), (5, 0), "{:?}", late.receipt.errors);
    // What really is misdated is still refused.
    let wrong = lines(server.hands_ms() + 1_200_000, 5);
    other.fold("t");
    let wrong = other.post_as(|_| {}, wrong.as_bytes(), true).expect("it is taken");
    assert_eq!(wrong.receipt.accepted, 0);
}

#[test]
fn an_instance_that_folded_an_import_before_refuses_nothing_that_others_led_up_to() {
    let server = Server::new();
    let import = |server: &Server, from_ms| {
        let named = |request: &mut loadgate::ingest::Request| {
            (request.import, request.run) = (true, Some("i1".to_owned()));
        };
        server.post_as(named, lines(from_ms, 5).as_bytes(), true).expect("it is taken").receipt
    };
    let long_ago = server.hands_ms() - 60 * 86_400_000;
    assert_eq!(import(&server, long_ago).refused, 0);
    server.fold("t.i1");
    let other = Server::on(server.memory.clone(), server.hands.clone());
    for hour in 1..200 {
        server.pass(100);
        assert_eq!(import(&other, long_ago + hour * 3_600_000).refused, 0);
        other.fold("t.i1");
    }
    assert_eq!(import(&server, long_ago + 200 * 3_600_000).refused, 0);
    assert_eq!(list(&server).len(), 1);
}

/// A run of its own, ended.
fn run(server: &Server, test: &str) -> String {
    server.pass(60_000);
    let body = lines(server.hands_ms(), 5);
    server
        .post_as(|request| request.test = Some(test.to_owned()), body.as_bytes(), true)
        .expect("it is taken");
    server.finish(test)
}

fn sweep(server: &Server, test: &str) {
    for _ in 0..1_000 {
        if !block_on(server.service.sweep(test, 1)).expect("it sweeps") {
            return;
        }
    }
    panic!("sweeping does not come to an end");
}

#[test]
fn a_log_goes_on_after_its_last_run_was_deleted_whoever_folds_it() {
    for restart in [false, true] {
        let mut server = Server::new();
        for round in 1..5 {
            assert_eq!(run(&server, "t"), format!("t.{round}"));
            block_on(server.service.delete_run(&format!("t.{round}"))).expect("it has ended");
            server.pass(700_000);
            sweep(&server, "t");
            if restart {
                server = Server::on(server.memory.clone(), server.hands.clone());
            }
            server.fold("t");
            assert_eq!(list(&server).len(), 0);
            let left: Vec<String> =
                server.memory.keys().into_iter().filter(|key| key.starts_with("run/")).collect();
            // That it was deleted, and where the next begins.
            assert_eq!(left.len(), round + 2, "{left:?}");
        }
    }
}

#[test]
fn a_log_that_nobody_can_read_is_listed_as_such_and_refuses_data() {
    let server = Server::new();
    run(&server, "good");
    run(&server, "bad");
    server.pass(60_000);
    let body = lines(server.hands_ms(), 5);
    let post = |server: &Server| {
        server.post_as(|request| request.test = Some("bad".to_owned()), body.as_bytes(), true)
    };
    post(&server).expect("it is taken");
    server.fold("bad");
    let gone: Vec<String> =
        server.memory.keys().into_iter().filter(|key| key.starts_with("run/bad.1/checkpoint/")).collect();
    assert!(!gone.is_empty());
    block_on(loadgate::store::Store::delete_many(&server.memory, &gone)).expect("it deletes");
    let other = Server::on(server.memory.clone(), server.hands.clone());
    let states: Vec<String> = list(&other).iter().map(|item| item["state"].to_string()).collect();
    assert_eq!(states, [r#""unreadable""#, r#""ended""#, r#""ended""#]);
    let refused = post(&other).expect("the answer says it").failure.expect("it is refused");
    assert!(matches!(refused, loadgate::ingest::Refusal::Unavailable(_)), "{refused:?}");
}

#[test]
fn a_clock_that_was_set_back_after_an_end_refuses_nothing() {
    let server = Server::new();
    run(&server, "t");
    server.set_back(3_600_000);
    let body = lines(server.hands_ms(), 5);
    let outcome = server.post_as(|_| {}, body.as_bytes(), true).expect("it is taken");
    assert_eq!(outcome.failure, None);
}

#[test]
fn what_was_acknowledged_a_moment_ago_is_listed_though_nobody_folded_it() {
    let server = Server::new();
    let named = |request: &mut loadgate::ingest::Request| request.run = Some("night".to_owned());
    server.post_as(named, lines(server.hands_ms(), 5).as_bytes(), true).expect("it is taken");
    let other = Server::on(server.memory.clone(), server.hands.clone());
    assert_eq!(list(&other).len(), 1);
    // The next run of a log whose last one has ended, too.
    run(&server, "t");
    server.pass(60_000);
    server.post_as(|_| {}, lines(server.hands_ms(), 5).as_bytes(), true).expect("it is taken");
    let other = Server::on(server.memory.clone(), server.hands.clone());
    let ids: Vec<String> = list(&other).iter().map(|item| item["id"].to_string()).collect();
    assert_eq!(ids[0], r#""t.2""#, "{ids:?}");
}

#[test]
fn of_two_who_declare_at_once_both_count() {
    // Every way in which the second can come between the first's steps.
    for lead in 0..40 {
        let server = Server::new();
        let slow = loadgate::service::Service::new(
            Turns(server.memory.clone()),
            server.hands.clone(),
            loadgate::settings::Settings::default(),
        );
        let first = slow.declare("t", br#"{"thresholds":{"a":["count>0"]}}"#);
        let second = async {
            let request = loadgate::ingest::Request {
                wire: loadgate::ingest::Wire::K6Json,
                encoding: loadgate::ingest::Encoding::Identity,
                precision: loadgate::ingest::Precision::Milliseconds,
                test: Some("t".to_owned()),
                run: None,
                source: "s".to_owned(),
                peer: String::new(),
                sequence: None,
                import: false,
            };
            let line = br#"{"type":"Metric","data":{"name":"mine","type":"gauge","contains":"default","thresholds":[],"submetrics":null},"metric":"mine"}
"#;
            let mut session = slow.open(request).await.expect("the request is fine");
            session.push(&slow, line).await.expect("the line is fine");
            assert_eq!(session.finish(&slow, true).await.failure, None);
        };
        let (mut first, mut second) = (std::pin::pin!(first), std::pin::pin!(second));
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        let (mut done, mut step) = ([false; 2], 0);
        while done != [true; 2] {
            if !done[0] && (step < lead || done[1] || step % 2 == 0) {
                done[0] = first.as_mut().poll(&mut context).is_ready();
            } else if !done[1] {
                done[1] = second.as_mut().poll(&mut context).is_ready();
            }
            step += 1;
        }
        let body = lines(server.hands_ms(), 5) + &format!("mine value=2.5 {}\n", server.hands_ms());
        server.post_as(|_| {}, body.as_bytes(), true).expect("it is taken");
        let run = server.finish("t");
        let summary = server.summary(&run);
        let thresholds = summary["thresholds"].as_array().map(Vec::len);
        assert_eq!(
            (thresholds, &summary["metrics"]["mine"]["type"]),
            (Some(1), &"gauge".into()),
            "lead {lead}"
        );
    }
}

/// Gives the turn to others before every operation.
struct Turns(crate::support::Memory);

async fn turn() {
    let mut asked = false;
    std::future::poll_fn(|_| {
        if std::mem::replace(&mut asked, true) {
            std::task::Poll::Ready(())
        } else {
            std::task::Poll::Pending
        }
    })
    .await;
}

impl loadgate::store::Store for Turns {
    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, loadgate::store::StoreError> {
        turn().await;
        self.0.get(key).await
    }

    async fn get_many(&self, keys: &[String]) -> Result<Vec<Option<Vec<u8>>>, loadgate::store::StoreError> {
        turn().await;
        self.0.get_many(keys).await
    }

    async fn set(&self, key: &str, value: &[u8]) -> Result<(), loadgate::store::StoreError> {
        turn().await;
        self.0.set(key, value).await
    }

    async fn set_many(&self, entries: &[(String, Vec<u8>)]) -> Result<(), loadgate::store::StoreError> {
        turn().await;
        self.0.set_many(entries).await
    }

    async fn delete_many(&self, keys: &[String]) -> Result<(), loadgate::store::StoreError> {
        turn().await;
        self.0.delete_many(keys).await
    }

    async fn increment(&self, key: &str, delta: i64) -> Result<i64, loadgate::store::StoreError> {
        turn().await;
        self.0.increment(key, delta).await
    }
}

#[test]
fn a_clock_that_was_set_back_refuses_no_good_data_as_misdated() {
    let server = Server::new();
    let began_ms = server.hands_ms();
    server.post_as(|_| {}, lines(began_ms, 5).as_bytes(), true).expect("it is taken");
    server.fold("t");
    // A quarter of an hour passes, while somebody sets the server's clock back by more.
    server.set_back(1_500_000);
    server.pass(900_000);
    let later = server.post_as(|_| {}, lines(began_ms + 900_000, 5).as_bytes(), true);
    assert_eq!(later.expect("it is taken").receipt.accepted, 5);
}
