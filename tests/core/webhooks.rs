//! Verdicts are told once, whoever is there to tell them, and by whom it takes.

use crate::support::{Hands, Memory, Server, block_on};
use loadgate::ingest::Refusal;
use loadgate::service::Service;
use loadgate::service::deliveries::{Answer, Attempt};
use loadgate::settings::Settings;
use loadgate::store::{Store, StoreError};
use loadgate_lifecycle::webhook::{Secret, signature};
use serde_json::Value;
use std::cell::Cell;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

const SECRET: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";

const OPTIONS: &[u8] = br#"{"thresholds": {"http_req_failed": ["rate<0.1"]}}"#;

/// Who claimed an attempt is gone after this.
const LEASE_MS: u64 = 30_000;

/// A retry's delay, with what it is longer by at the most.
fn retry_ms(seconds: u64) -> u64 {
    seconds * 1_100 + 1
}

fn hook(rest: &str) -> String {
    format!(
        r#"[{{"url": "https://hooks.example/secret/path", "format": "json", "secret": "{SECRET}"{rest}}}]"#
    )
}

fn put(server: &Server, webhooks: &str) {
    let done = server.service.set_webhooks("t", webhooks.as_bytes(), "https://gate.example");
    block_on(done).expect("the webhooks are fine");
}

fn server(webhooks: &str) -> Server {
    let server = Server::new();
    block_on(server.service.declare("t", OPTIONS)).expect("the options are fine");
    put(&server, webhooks);
    server
}

fn other(server: &Server) -> Server {
    Server::on(server.memory.clone(), server.hands.clone())
}

/// A run of some seconds, which is judged at its end.
fn run(server: &Server) -> String {
    // Not late for the one before.
    server.pass(20_000);
    for _ in 0..3 {
        server.pass(1_000);
        let line = format!("http_req_failed value=0 {}\n", server.hands_ms());
        server.post_as(|_| {}, line.as_bytes(), true).expect("it is taken");
    }
    server.finish("t")
}

/// What a server would send now.
fn due(server: &Server) -> Vec<Attempt> {
    block_on(server.service.due(8)).expect("the store answers").attempts
}

fn one(server: &Server) -> Attempt {
    let mut attempts = due(server);
    assert_eq!(attempts.len(), 1, "{attempts:?}");
    attempts.remove(0)
}

fn answered(server: &Server, attempt: &Attempt, code: u16) {
    let answer = Answer::Status { code, retry_after_s: None };
    let run = attempt.run.to_string();
    block_on(server.service.attempted(&run, attempt.number, attempt.claim, answer)).expect("it is kept");
}

fn log(server: &Server, run: &str) -> Value {
    serde_json::from_str(&block_on(server.service.deliveries(run)).expect("a log")).expect("JSON")
}

fn header<'a>(attempt: &'a Attempt, name: &str) -> &'a str {
    let found = attempt.headers.iter().find(|(have, _)| *have == name);
    found.map(|(_, value)| value.as_str()).unwrap_or_else(|| panic!("no {name}"))
}

#[test]
fn a_verdict_is_told_once_signed_and_with_what_it_says() {
    let server = server(&hook(""));
    let run = run(&server);
    let attempt = one(&server);
    assert_eq!(attempt.url, "https://hooks.example/secret/path");
    let body: Value = serde_json::from_str(&attempt.body).expect("JSON");
    assert_eq!(
        (&body["type"], &body["data"]["verdict"]["run"]),
        (&"loadgate.verdict".into(), &run.clone().into())
    );
    assert_eq!(body["data"]["page"], format!("https://gate.example/ui/?run={run}"));
    let told: Value =
        serde_json::from_str(&block_on(server.service.verdict(&run)).expect("one")).expect("JSON");
    assert_eq!(body["data"]["verdict"], told, "the document that others read");
    let (id, at) = (header(&attempt, "webhook-id"), header(&attempt, "webhook-timestamp"));
    let signed = signature(
        &[Secret::parse(SECRET).expect("one")],
        id,
        at.parse().expect("a number"),
        attempt.body.as_bytes(),
    );
    assert_eq!(header(&attempt, "webhook-signature"), signed);

    answered(&server, &attempt, 204);
    let told = log(&server, &run);
    assert_eq!((&told[0]["state"], &told[0]["attempts"][0]["status"]), (&"delivered".into(), &204.into()));
    assert_eq!((&told[0]["to"], &told[0]["id"]), (&"https://hooks.example".into(), &id.into()));
    for _ in 0..20 {
        server.pass(LEASE_MS);
        assert_eq!((due(&server), due(&other(&server))), (vec![], vec![]));
    }
}

#[test]
fn what_a_receiver_wants_as_authorization_is_sent_to_it_and_shown_to_nobody() {
    let server = server(&hook(r#", "authorization": "Api-Token abc123""#));
    let run = run(&server);
    assert_eq!(header(&one(&server), "authorization"), "Api-Token abc123");
    let shown = block_on(server.service.webhooks("t")).expect("they are there");
    assert!(shown.contains(r#""authorization":"kept""#), "{shown}");
    assert!(!shown.contains("abc123") && !log(&server, &run).to_string().contains("abc123"));
}

#[test]
fn without_webhooks_nothing_of_them_is_kept() {
    let server = Server::new();
    block_on(server.service.declare("t", OPTIONS)).expect("the options are fine");
    let run = run(&server);
    assert_eq!((due(&server), log(&server, &run)), (vec![], serde_json::json!([])));
    assert!(!server.memory.keys().iter().any(|key| key.contains("deliveries")));
}

#[test]
fn of_two_instances_one_tells_and_the_other_goes_on_when_that_one_dies() {
    let server = server(&hook(""));
    let other = other(&server);
    run(&server);
    let first = one(&server);
    other.pass(LEASE_MS - 5_001);
    assert_eq!(due(&other), [], "the first may still be at it");
    // It never says how it went.
    other.pass(10_000);
    let second = one(&other);
    assert_eq!((header(&second, "webhook-id"), &second.body), (header(&first, "webhook-id"), &first.body));
    answered(&other, &second, 200);
    // It was slow, not dead: its message was taken, too, as the same.
    answered(&server, &first, 500);
    server.pass(10 * LEASE_MS);
    assert_eq!((due(&server), due(&other)), (vec![], vec![]));
    assert_eq!(log(&server, "t.1")[0]["state"], "delivered");
}

#[test]
fn who_judges_and_dies_before_a_word_leaves_it_to_others() {
    let server = server(&hook(""));
    let other = other(&server);
    run(&server);
    drop(server);
    other.pass(2 * LEASE_MS);
    answered(&other, &one(&other), 200);
    assert_eq!(log(&other, "t.1")[0]["state"], "delivered");
}

#[test]
fn however_long_nobody_was_there_it_is_told() {
    let server = server(&hook(""));
    let other = other(&server);
    run(&server);
    other.pass(3 * 86_400_000);
    // Each call looks at so much of the time that passed, and says that there is more.
    let attempt = loop {
        let mut due = block_on(other.service.due(8)).expect("the store answers");
        if let Some(attempt) = due.attempts.pop() {
            break attempt;
        }
        assert_eq!(due.again_ms, Some(0), "it was not found");
    };
    answered(&other, &attempt, 200);
    server.pass(LEASE_MS);
    assert_eq!(due(&server), []);
}

#[test]
fn a_receiver_that_fails_is_asked_ten_times_and_each_time_the_same() {
    let server = server(&hook(""));
    let run = run(&server);
    let first = one(&server);
    answered(&server, &first, 500);
    for seconds in [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400] {
        server.pass(seconds * 1_000 - 1_000);
        assert_eq!(due(&server), [], "too early");
        server.pass(retry_ms(seconds) - seconds * 1_000 + 5_000);
        let attempt = (0..5_000).find_map(|_| due(&server).pop()).expect("it is due");
        assert_eq!(header(&attempt, "webhook-id"), header(&first, "webhook-id"));
        assert_eq!(attempt.body, first.body);
        answered(&server, &attempt, 302);
    }
    server.pass(10 * 86_400_000);
    assert!((0..5_000).all(|_| due(&server).is_empty()), "it was the last");
    let told = log(&server, &run);
    assert_eq!(
        (&told[0]["state"], told[0]["attempts"].as_array().map(Vec::len)),
        (&"failed".into(), Some(10))
    );
    assert_eq!(told[0]["attempts"][1]["error"], "answered 302: redirects are not followed");

    block_on(server.service.replay(&run, 1)).expect("it is there");
    let again = one(&server);
    assert_eq!(header(&again, "webhook-id"), header(&first, "webhook-id"));
    assert!(matches!(block_on(server.service.replay(&run, 1)), Err(Refusal::Conflict(_))), "it is under way");
    answered(&server, &again, 200);
    assert_eq!(log(&server, &run)[0]["state"], "delivered");
    assert!(matches!(block_on(server.service.replay(&run, 2)), Err(Refusal::NotFound(_))));
}

#[test]
fn who_answers_that_it_is_gone_is_left_alone_until_it_is_put_again() {
    let server = server(&hook(""));
    let first = run(&server);
    answered(&server, &one(&server), 410);
    assert_eq!(log(&server, &first)[0]["state"], "disabled");
    let shown = block_on(server.service.webhooks("t")).expect("a list");
    assert!(shown.contains(r#""disabled":true"#) && !shown.contains("whsec_"), "{shown}");
    run(&server);
    server.pass(2 * LEASE_MS);
    assert_eq!(due(&server), []);
    assert!(matches!(block_on(server.service.replay(&first, 1)), Err(Refusal::Conflict(_))));

    put(&server, &hook(""));
    let third = run(&server);
    let attempt = one(&server);
    assert_eq!(attempt.run.to_string(), third);
}

#[test]
fn each_is_told_what_it_wants_in_its_own_words() {
    let server = server(
        r#"[{"name": "chat", "url": "https://a.example/x", "format": "slack", "verdicts": ["fail", "error"]},
            {"name": "broker", "url": "https://b.example/", "format": "cdevents"}]"#,
    );
    run(&server);
    // The case, then the suite; one after the other.
    let case = one(&server);
    assert!(case.url.starts_with("https://b.example") && case.body.contains("testcaserun"), "{}", case.body);
    answered(&server, &case, 200);
    let suite = one(&server);
    assert!(suite.body.contains("testsuiterun"), "{}", suite.body);
    answered(&server, &suite, 500);
    server.pass(retry_ms(5));
    let again = one(&server);
    assert_eq!(
        header(&again, "webhook-id"),
        header(&suite, "webhook-id"),
        "what was taken is not sent again"
    );
    assert_ne!(header(&again, "webhook-id"), header(&case, "webhook-id"));
    answered(&server, &again, 200);
    let told = log(&server, "t.1");
    assert_eq!((told.as_array().map(Vec::len), &told[0]["state"]), (Some(1), &"delivered".into()));
    assert_eq!((&told[0]["number"], &told[0]["taken"]), (&2.into(), &2.into()));
}

#[test]
fn another_verdict_is_told_as_another_and_removed_webhooks_hear_nothing() {
    let server = server(&hook(""));
    let run = run(&server);
    let first = one(&server);
    answered(&server, &first, 200);
    let objectives = "objectives:\n- { name: None, expression: 'http_req_failed rate', pass: '< 0' }\n";
    block_on(server.service.set_objectives("t", objectives.as_bytes())).expect("the objectives are fine");
    block_on(server.service.judge_again(&run)).expect("a verdict");
    let second = one(&server);
    assert_ne!(header(&second, "webhook-id"), header(&first, "webhook-id"));
    answered(&server, &second, 503);
    block_on(server.service.remove_webhooks("t")).expect("they go");
    server.pass(retry_ms(5) + LEASE_MS);
    assert_eq!(due(&server), []);
    let states: Vec<Value> =
        log(&server, &run).as_array().expect("a list").iter().map(|told| told["state"].clone()).collect();
    assert_eq!(states, ["delivered", "removed"]);
}

#[test]
fn verdicts_from_before_a_webhook_wanted_them_are_not_told() {
    for before in ["[]", &hook(r#", "disabled": true"#), &hook(r#", "verdicts": ["fail"]"#)] {
        let server = server(before);
        let old = run(&server);
        server.pass(60_000);
        put(&server, &hook(""));
        block_on(server.service.judge_again(&old)).expect("a verdict");
        server.pass(2 * LEASE_MS);
        assert_eq!((due(&server), log(&server, &old)), (vec![], serde_json::json!([])), "{before}");
    }
}

#[test]
fn more_than_is_sent_at_once_is_told_all_the_same() {
    let hooks: Vec<String> = (0..8)
        .map(|n| format!(r#"{{"name": "{n}", "url": "https://hooks.example/{n}", "format": "json"}}"#))
        .collect();
    let server = server(&format!("[{}]", hooks.join(",")));
    run(&server);
    let mut told = Vec::new();
    for _ in 0..8 {
        let attempts = block_on(server.service.due(3)).expect("the store answers").attempts;
        assert!(attempts.len() <= 3);
        for attempt in &attempts {
            answered(&server, attempt, 200);
            told.push(attempt.url.clone());
        }
    }
    told.sort();
    assert_eq!((told.len(), told.first().map(String::as_str)), (8, Some("https://hooks.example/0")));
    told.dedup();
    assert_eq!(told.len(), 8);
}

#[test]
fn what_leads_inside_is_not_sent_whenever_it_was_put() {
    let server = Server::new();
    let document = r#"[{"url": "http://10.0.0.7/", "format": "json"}]"#;
    let refused = block_on(server.service.set_webhooks("t", document.as_bytes(), "http://gate"));
    assert!(refused.unwrap_err().to_string().contains("private"));
    // It was allowed, and no more.
    let settings = Settings::parse([("webhook_hosts", "10.0.0.7")]).expect("a host");
    let lenient = Service::new(server.memory.clone(), server.hands.clone(), settings);
    block_on(lenient.set_webhooks("t", document.as_bytes(), "http://gate")).expect("it is listed");
    let run = run(&server);
    assert_eq!(due(&server), []);
    let told = log(&server, &run);
    assert!(told[0]["attempts"][0]["error"].as_str().is_some_and(|said| said.contains("private")), "{told}");
    assert_eq!(told[0]["state"], "pending", "as with any failure");
}

#[test]
fn deliveries_go_with_their_run() {
    let server = server(&hook(""));
    let first = run(&server);
    answered(&server, &one(&server), 500);
    run(&server);
    block_on(server.service.delete_run(&first)).expect("it has ended");
    server.pass(700_000);
    while block_on(server.service.sweep("t", 1)).expect("it sweeps") {}
    let left: Vec<String> =
        server.memory.keys().into_iter().filter(|key| key.starts_with("run/t.1/deliveries")).collect();
    assert_eq!(left, [] as [&str; 0]);
    assert!(matches!(block_on(server.service.deliveries(&first)), Err(Refusal::NotFound(_))));
    let told: Vec<String> = due(&server).iter().map(|attempt| attempt.run.to_string()).collect();
    assert_eq!(told, ["t.2"], "nothing of the first is told any more");
}

/// A store at which others have their turn before every operation.
#[derive(Clone)]
struct Shared(Memory);

/// Lets others have their turn.
async fn turn() {
    let mut had = false;
    std::future::poll_fn(|_| if std::mem::replace(&mut had, true) { Poll::Ready(()) } else { Poll::Pending })
        .await;
}

impl Store for Shared {
    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        turn().await;
        self.0.get(key).await
    }

    async fn get_many(&self, keys: &[String]) -> Result<Vec<Option<Vec<u8>>>, StoreError> {
        turn().await;
        self.0.get_many(keys).await
    }

    async fn set(&self, key: &str, value: &[u8]) -> Result<(), StoreError> {
        turn().await;
        self.0.set(key, value).await
    }

    async fn set_many(&self, entries: &[(String, Vec<u8>)]) -> Result<(), StoreError> {
        turn().await;
        self.0.set_many(entries).await
    }

    async fn delete_many(&self, keys: &[String]) -> Result<(), StoreError> {
        turn().await;
        self.0.delete_many(keys).await
    }

    async fn increment(&self, key: &str, delta: i64) -> Result<i64, StoreError> {
        turn().await;
        self.0.increment(key, delta).await
    }
}

type Instance = Service<Shared, Hands>;

/// An instance that tells what is due, and dies after so many messages are out with nothing said of them.
async fn tell(instance: &Instance, sent: &Cell<Vec<String>>, mut survives: u32) {
    for _ in 0..4 {
        let due = instance.due(8).await.expect("the store answers");
        for attempt in due.attempts {
            let mut all = sent.take();
            all.push(header(&attempt, "webhook-id").to_owned());
            sent.set(all);
            if survives == 0 {
                return;
            }
            survives -= 1;
            turn().await;
            let answer = Answer::Status { code: 200, retry_after_s: None };
            let run = attempt.run.to_string();
            instance.attempted(&run, attempt.number, attempt.claim, answer).await.expect("it is kept");
        }
    }
}

/// Polls all in an order that the seed decides, until all are ready.
fn interleave(mut tasks: Vec<Pin<Box<dyn Future<Output = ()> + '_>>>, mut seed: u64) {
    let mut context = Context::from_waker(Waker::noop());
    while !tasks.is_empty() {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let next = (seed >> 33) as usize % tasks.len();
        if tasks[next].as_mut().poll(&mut context).is_ready() {
            drop(tasks.swap_remove(next));
        }
    }
}

#[test]
fn whatever_the_order_a_verdict_has_one_series_and_of_those_who_live_one_sends_it() {
    let begun = server(&hook(""));
    for _ in 0..3 {
        begun.pass(1_000);
        let line = format!("http_req_failed value=0 {}\n", begun.hands_ms());
        begun.post_as(|_| {}, line.as_bytes(), true).expect("it is taken");
    }
    begun.fold("t");
    let finish = begun.service.finish_run("t", loadgate::record::Sent::Perhaps);
    block_on(finish).expect("there is a run");
    begun.pass(10_000);
    let before = begun.memory.copy();
    let mut twice = 0;
    for seed in 0..400 {
        begun.memory.restore(&before);
        let instance =
            || Service::new(Shared(begun.memory.clone()), begun.hands.clone(), Settings::default());
        let instances: [Instance; 3] = [instance(), instance(), instance()];
        let sent = Cell::default();
        // All fold the end and judge it; each third time one dies with its message out.
        let tasks = instances.iter().enumerate().map(|(index, instance)| {
            let survives = if index == 0 && seed % 3 == 0 { 0 } else { u32::MAX };
            let sent = &sent;
            let task = async move {
                while instance.advance("t").await.expect("it folds").more {}
                tell(instance, sent, survives).await;
            };
            Box::pin(task) as Pin<Box<dyn Future<Output = ()>>>
        });
        interleave(tasks.collect(), seed);
        let before_takeover = sent.take();
        assert!(before_takeover.len() <= 1, "seed {seed}: {before_takeover:?}");
        // Whatever happened, others find it; a message may come a second time where its sender died.
        begun.pass(2 * LEASE_MS);
        let late = instance();
        sent.set(before_takeover.clone());
        interleave(vec![Box::pin(tell(&late, &sent, u32::MAX))], seed);
        begun.pass(2 * LEASE_MS);
        interleave(vec![Box::pin(tell(&late, &sent, u32::MAX))], seed);
        let all = sent.take();
        assert!(!all.is_empty() && all.iter().all(|id| *id == all[0]), "seed {seed}: {all:?}");
        assert!(all.len() <= 2 && (all.len() == 1 || seed % 3 == 0), "seed {seed}: {all:?}");
        twice += usize::from(all.len() == 2);
        let told = log(&begun, "t.1");
        assert_eq!(
            (told.as_array().map(Vec::len), &told[0]["state"]),
            (Some(1), &"delivered".into()),
            "seed {seed}"
        );
    }
    assert!(twice > 0, "the test can see a death");
}
