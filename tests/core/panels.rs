//! A test's own dashboard: from the request into the stream of its runs, and of no other's.

use crate::support::{Server, block_on};
use loadgate::ingest::{Encoding, Precision, Refusal, Request, Wire};
use loadgate_documents::dashboard::{DEFAULT, SCHEMA};
use serde_json::{Value, json};

fn one(title: &str) -> Value {
    let series = json!([{"metric": "http_req_duration{group:::checkout}", "aggregate": "p(95)"}]);
    let panel = json!({"id": "p", "kind": "chart", "title": title, "series": series});
    json!({"tabs": [{"id": "t", "title": "T", "sections": [{"panels": [panel]}]}]})
}

fn put(server: &Server, test: &str, document: &Value) {
    block_on(server.service.set_dashboard(test, document.to_string().as_bytes())).expect("it is good");
}

fn get(server: &Server, test: &str) -> Value {
    let text = block_on(server.service.dashboard(test)).expect("there is always one");
    serde_json::from_str(&text).expect("JSON")
}

fn default() -> Value {
    serde_json::from_str(DEFAULT).expect("JSON")
}

/// A sample in the group `checkout`, now.
fn line(server: &Server) -> String {
    let ns = server.hands_ms() * 1_000_000;
    format!("http_req_duration,group=::checkout value=250 {ns}\n")
}

fn sample(server: &Server, test: &str) {
    server.post(Wire::InfluxLines, test, "k6", line(server).as_bytes());
}

/// Samples for some seconds, so that windows close.
fn go_on(server: &Server, test: &str) {
    for _ in 0..6 {
        server.pass(1_000);
        sample(server, test);
    }
    server.fold(test);
}

fn configs(server: &Server, run: &str) -> Vec<Value> {
    let events = server.events(run, None);
    assert_eq!(events[0].kind, "config");
    let configs = events.iter().filter(|event| event.kind == "config");
    configs
        .map(|event| serde_json::from_str::<Value>(&event.data).expect("JSON")["dashboard"].take())
        .collect()
}

#[test]
fn a_run_begins_with_the_dashboard_of_its_test_and_the_others_keep_the_default() {
    let server = Server::new();
    put(&server, "shop", &one("A"));
    for test in ["shop", "bank"] {
        go_on(&server, test);
    }
    assert_eq!(configs(&server, "shop.1"), [one("A")]);
    assert_eq!(configs(&server, "bank.1"), [default()]);
    assert_eq!((get(&server, "shop"), get(&server, "bank")), (one("A"), default()));
}

#[test]
fn a_change_reaches_a_live_run_as_another_config_and_nothing_else_is_repeated() {
    let server = Server::new();
    go_on(&server, "shop");
    let mut told = vec![default()];
    for next in [Some(one("A")), Some(one("B")), None] {
        match &next {
            Some(document) => put(&server, "shop", document),
            None => drop(block_on(server.service.remove_dashboard("shop")).expect("it goes")),
        }
        go_on(&server, "shop");
        told.push(next.unwrap_or_else(default));
        assert_eq!(configs(&server, "shop.1"), told);
        assert_eq!(get(&server, "shop"), told[told.len() - 1]);
    }
    let events = server.events("shop.1", None);
    assert_eq!(events.iter().filter(|event| event.kind == "param").count(), 1);
    // The same once more is no change.
    block_on(server.service.remove_dashboard("shop")).expect("it may be gone already");
    go_on(&server, "shop");
    assert_eq!(configs(&server, "shop.1"), told);

    server.finish("shop");
    put(&server, "shop", &one("C"));
    // Past the time in which stragglers are refused.
    server.pass(20_000);
    go_on(&server, "shop");
    assert_eq!(configs(&server, "shop.1"), told, "a run that has ended keeps what it was");
    assert_eq!(configs(&server, "shop.2"), [one("C")]);
}

#[test]
fn what_a_dashboard_shows_is_counted_and_what_it_shows_later_is_partial() {
    let server = Server::new();
    let name = "http_req_duration{group:::checkout}";
    put(&server, "shop", &one("A"));
    for test in ["shop", "bank"] {
        go_on(&server, test);
    }
    put(&server, "bank", &one("A"));
    go_on(&server, "bank");
    for (run, partial) in [("shop.1", false), ("bank.1", true)] {
        let events = server.events(run, None);
        let metrics = events.iter().filter(|event| event.kind == "metric");
        let mut metrics =
            metrics.map(|event| serde_json::from_str::<Value>(&event.data).expect("JSON")[name].clone());
        let metric = metrics.find(|metric| !metric.is_null()).expect("it is announced");
        assert_eq!(metric["partial"] == true, partial, "{run}");
        assert_eq!(server.summary(run)["metrics"][name]["values"]["p(95)"], 250.0);
        assert_eq!(server.summary(run)["thresholds"], json!([]), "it is no threshold");
    }
}

#[test]
fn an_upload_that_began_before_a_change_does_not_bring_the_old_dashboard_back() {
    let server = Server::new();
    put(&server, "shop", &one("A"));
    let request = Request {
        wire: Wire::K6Json,
        encoding: Encoding::Identity,
        precision: Precision::Nanoseconds,
        test: Some("shop".to_owned()),
        run: None,
        source: "k6".to_owned(),
        peer: String::new(),
        sequence: None,
        import: false,
    };
    let mut session = block_on(server.service.open(request)).expect("the request is fine");
    let mut push = |text: &str| {
        block_on(session.push(&server.service, text.as_bytes())).expect("the body is taken");
        block_on(session.flush(&server.service)).expect("it is stored");
    };
    let point = |server: &Server| {
        let time = "2026-11-21T08:00:00Z";
        let time = time.replace("08:00:00", &format!("08:00:{:02}", server.hands_ms() / 1_000 % 60));
        format!(
            "{{\"type\":\"Point\",\"metric\":\"orders\",\"data\":{{\"time\":\"{time}\",\"value\":1,\"tags\":{{}}}}}}\n"
        )
    };
    push(&point(&server));
    put(&server, "shop", &one("B"));
    for step in 0..8 {
        server.pass(1_000);
        push(&point(&server));
        if step == 3 {
            push(
                "{\"type\":\"Metric\",\"metric\":\"orders\",\"data\":{\"name\":\"orders\",\"type\":\"counter\",\"contains\":\"default\",\"thresholds\":[]}}\n",
            );
        }
    }
    server.fold("shop");
    assert_eq!(get(&server, "shop"), one("B"));
    assert_eq!(configs(&server, "shop.1"), [one("A"), one("B")]);
}

#[test]
fn options_and_dashboard_leave_each_other_alone() {
    let server = Server::new();
    put(&server, "shop", &one("A"));
    let options = br#"{"thresholds":{"http_req_duration":["p(95)<400"]},"scenarios":{"s":{}}}"#;
    block_on(server.service.declare("shop", options)).expect("they are good");
    assert_eq!(get(&server, "shop"), one("A"));
    put(&server, "shop", &one("B"));
    go_on(&server, "shop");
    assert_eq!(configs(&server, "shop.1"), [one("B")]);
    assert_eq!(server.summary("shop.1")["thresholds"].as_array().map(Vec::len), Some(1));
}

#[test]
fn a_refused_document_changes_nothing() {
    let server = Server::new();
    put(&server, "shop", &one("A"));
    let mut wrong = one("B");
    wrong["tabs"][0]["sections"][0]["panels"][0]["series"][0]["aggregate"] = json!("p95");
    match block_on(server.service.set_dashboard("shop", wrong.to_string().as_bytes())) {
        Err(Refusal::Invalid(sentence)) => {
            let place = "tabs[0].sections[0].panels[0].series[0].aggregate is \"p95\", which is not one of";
            assert!(sentence.starts_with(place), "{sentence}");
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(get(&server, "shop"), one("A"));
}

#[test]
fn every_config_is_of_the_schema_of_dashboards() {
    let schema: Value = serde_json::from_str(SCHEMA).expect("the schema is JSON");
    let schema = jsonschema::validator_for(&schema).expect("the schema is one");
    let server = Server::new();
    go_on(&server, "shop");
    put(&server, "shop", &one("A"));
    go_on(&server, "shop");
    let configs = configs(&server, "shop.1");
    assert_eq!(configs.len(), 2);
    assert!(configs.iter().all(|config| schema.is_valid(config)));
}
