//! No run passes while something that would decide it is not known.

use crate::support::{Server, block_on, json, text};
use loadgate::ingest::Wire;
use serde_json::{Value, json};

fn options(server: &Server, test: &str, document: &Value) {
    block_on(server.service.declare(test, document.to_string().as_bytes())).expect("the options are fine");
}

/// A run with one sample each four seconds on the InfluxDB wire, which tells no types.
fn run_of(server: &Server, metric: &str, values: &[f64]) -> String {
    for value in values {
        let ns = server.hands_ms() * 1_000_000;
        let line = format!("{metric} value={value} {ns}\n");
        let outcome = server.post(Wire::InfluxLines, "shop", "k6", line.as_bytes());
        assert_eq!(outcome.receipt.refused, 0, "{:?}", outcome.receipt.errors);
        server.pass(4_000);
    }
    let run = server.finish("shop");
    server.pass(60_000);
    run
}

fn threshold(server: &Server, run: &str) -> Value {
    server.summary(run)["thresholds"][0].clone()
}

#[test]
fn a_rate_or_counter_that_nobody_declared_never_passes_until_somebody_does() {
    let server = Server::new();
    options(&server, "shop", &json!({"thresholds": {"errors": ["rate<0.1"]}}));
    let run = run_of(&server, "errors", &[1.0; 3]);
    let found = threshold(&server, &run);
    assert_eq!((&found["passes"], &found["observed"]), (&Value::Null, &Value::Null));
    assert_eq!(found["unknown"], json!(["counter", "rate"]));

    block_on(server.service.declare_metrics("shop", br#"{"errors":"rate"}"#)).expect("it is one");
    let run = run_of(&server, "errors", &[1.0; 3]);
    let found = threshold(&server, &run);
    assert_eq!((&found["passes"], &found["observed"]), (&json!(false), &json!(1)));

    // Learnt once, for the runs after it, too.
    let run = run_of(&server, "errors", &[0.0; 3]);
    assert_eq!(threshold(&server, &run)["passes"], true);
    assert_eq!(server.summary(&run)["metrics"]["errors"]["unknown"], Value::Null);
}

#[test]
fn a_limit_on_a_count_adds_values_up() {
    let server = Server::new();
    options(&server, "shop", &json!({"thresholds": {"orders": ["count<50"]}}));
    let run = run_of(&server, "orders", &[5.0; 20]);
    let found = threshold(&server, &run);
    assert_eq!((&found["observed"], &found["passes"]), (&json!(100), &json!(false)));

    // The limit goes; that it was a counter stays known.
    options(&server, "shop", &json!({"thresholds": {}}));
    let run = run_of(&server, "orders", &[5.0; 3]);
    let metric = server.summary(&run)["metrics"]["orders"].clone();
    assert_eq!((&metric["values"]["count"], &metric["unknown"]), (&json!(15), &Value::Null));
}

#[test]
fn a_declaration_that_cannot_stand_names_its_place() {
    let server = Server::new();
    for (document, part) in [(r#"{"orders":"conter"}"#, "orders: \"conter\""), ("[]", "no object")] {
        let refused = block_on(server.service.declare_metrics("shop", document.as_bytes())).unwrap_err();
        assert!(refused.to_string().contains(part), "{refused}");
    }
}

#[test]
fn a_type_that_is_told_after_the_end_makes_totals_and_verdict_right() {
    let server = Server::new();
    options(&server, "shop", &json!({"thresholds": {"errors": ["rate<0.1"], "bytes": ["rate>1"]}}));
    for value in [1.0, 1.0, 1.0] {
        let ns = server.hands_ms() * 1_000_000;
        let lines = format!("errors value={value} {ns}\nbytes value=500 {ns}\n");
        server.post(Wire::InfluxLines, "shop", "k6", lines.as_bytes());
        server.pass(4_000);
    }
    let run = server.finish("shop");
    let tell = |document: &str| {
        block_on(server.service.declare_metrics("shop", document.as_bytes())).expect("it is one");
        let summary = server.summary(&run);
        (summary["thresholds"].clone(), summary["metrics"].clone())
    };
    let (thresholds, metrics) = tell(r#"{"errors":"rate"}"#);
    assert_eq!((&thresholds[0]["metric"], &thresholds[0]["passes"]), (&json!("bytes"), &Value::Null));
    assert_eq!((&thresholds[1]["observed"], &thresholds[1]["passes"]), (&json!(1), &json!(false)));
    assert_eq!(metrics["bytes"]["unknown"], json!(["counter", "rate"]), "nobody told of this one");
    // Another, and a correction of the first: three in 8 s.
    let (thresholds, metrics) = tell(r#"{"errors":"counter","bytes":{"type":"counter","contains":"data"}}"#);
    assert_eq!((&thresholds[1]["observed"], &thresholds[1]["passes"]), (&json!(0.375), &json!(false)));
    assert_eq!(
        (&metrics["bytes"]["values"]["count"], &thresholds[0]["passes"]),
        (&json!(1500), &json!(true))
    );
    // A page is told the type before the totals that it needs it for.
    let events = server.events(&run, None);
    let state: Vec<&str> =
        events.iter().filter(|event| event.id.is_none()).map(|event| event.kind.as_str()).collect();
    assert_eq!(state, ["metric", "cumulative", "thresholds", "tables", "health"]);
    assert!(events.iter().rev().any(|event| event.kind == "stop"));
}

#[test]
fn what_is_declared_reaches_every_live_run_of_the_test_without_another_upload() {
    let server = Server::new();
    let post = |run: Option<&str>| {
        let line = format!("errors value=1 {}\n", server.hands_ms());
        let change = |request: &mut loadgate::ingest::Request| request.run = run.map(str::to_owned);
        server.post_as(change, line.as_bytes(), true).expect("it is taken");
    };
    let runs = [None, Some("a"), Some("b")];
    for run in runs {
        post(run);
    }
    server.pass(4_000);
    for run in runs {
        post(run);
    }
    let logs = ["t", "t.a", "t.b"];
    logs.iter().for_each(|log| server.fold(log));
    // `b` is being read by a page, and nothing more is sent.
    let mut cursor = block_on(server.service.seek("t.b", None)).expect("it exists");
    server.news("t.b", &mut cursor);
    let told = block_on(server.service.declare("t", br#"{"thresholds":{"errors":["rate<0.1"]}}"#));
    let told: Vec<String> = told.expect("fine").iter().map(ToString::to_string).collect();
    assert_eq!(told, logs);
    block_on(server.service.declare_metrics("t", br#"{"errors":"rate"}"#)).expect("it is one");
    block_on(server.service.set_dashboard("t", br#"{"tabs":[{"title":"Mine","view":"checks"}]}"#))
        .expect("it is good");
    logs.iter().for_each(|log| server.fold(log));
    for run in ["t.1", "t.a", "t.b"] {
        let found = threshold(&server, run);
        assert_eq!((&found["observed"], &found["passes"]), (&json!(1), &json!(false)), "{run}");
    }
    let kinds: Vec<String> = server.news("t.b", &mut cursor).into_iter().map(|event| event.kind).collect();
    for kind in ["param", "metric", "config", "thresholds"] {
        assert!(kinds.iter().any(|found| found == kind), "{kind} is not among {kinds:?}");
    }
}

#[test]
fn an_upload_that_lasts_as_long_as_the_run_heeds_what_is_declared_meanwhile() {
    let server = Server::new();
    let request = loadgate::ingest::Request {
        wire: Wire::InfluxLines,
        encoding: loadgate::ingest::Encoding::Identity,
        precision: loadgate::ingest::Precision::Milliseconds,
        test: Some("shop".to_owned()),
        run: None,
        source: "k6".to_owned(),
        peer: String::new(),
        sequence: None,
        import: false,
    };
    let mut session = block_on(server.service.open(request)).expect("it is fine");
    for second in 0..6 {
        if second == 2 {
            options(&server, "shop", &json!({"thresholds": {"http_reqs{name:a}": ["count>100"]}}));
        }
        let line = format!("http_reqs,name=a value=1 {}\n", server.hands_ms());
        block_on(session.push(&server.service, line.as_bytes())).expect("it is taken");
        block_on(session.flush(&server.service)).expect("it is stored");
        server.pass(2_000);
    }
    block_on(session.finish(&server.service, true));
    let run = server.finish("shop");
    let found = threshold(&server, &run);
    assert_eq!((&found["passes"], &found["observed"]), (&json!(false), &json!(4)), "{found}");
}

/// k6 aborted this run because `http_req_failed{name:missing}` was crossed; its JSON does not say so.
fn import_aborted(server: &Server) -> String {
    let lines = text("k6/aborted/k6.json.gz");
    let outcome = server.post(Wire::K6Json, "aborted", "k6", lines.as_bytes());
    assert_eq!(outcome.receipt.refused, 0, "{:?}", outcome.receipt.errors);
    server.finish("aborted")
}

#[test]
fn k6s_samples_alone_leave_limits_unknown_and_its_options_tell_them() {
    let server = Server::new();
    let run = import_aborted(&server);
    let summary = server.summary(&run);
    assert_eq!(summary["thresholds"].as_array().map(Vec::len), Some(1), "k6's samples name one limit");
    assert_eq!(summary["thresholds"][0]["passes"], true);
    assert_eq!(summary["health"]["thresholdsKnown"], false);
    assert_eq!(summary["outcome"], Value::Null);

    let server = Server::new();
    options(&server, "aborted", &json("k6/aborted/options.json"));
    let run = import_aborted(&server);
    let summary = server.summary(&run);
    assert_eq!(summary["health"]["thresholdsKnown"], true);
    let crossed = &summary["thresholds"][1];
    assert_eq!((&crossed["passes"], &crossed["aborts"]), (&json!(false), &json!(true)), "{crossed}");
    assert_eq!(summary["outcome"]["text"], "aborted by a threshold at 0:06 of 1:00 planned");
}

#[test]
fn an_exit_code_stands_in_the_run_in_lists_and_in_the_summary() {
    let server = Server::new();
    options(&server, "aborted", &json("k6/aborted/options.json"));
    let run = import_aborted(&server);
    block_on(server.service.set_outcome(&run, br#"{"exit":105}"#)).expect("it is one");
    let said = "stopped by Ctrl-C or a signal, aborted at 0:06 of 1:00 planned";
    let read = |document: String| serde_json::from_str::<Value>(&document).expect("JSON");
    let get = read(block_on(server.service.get(&run)).expect("it exists"));
    let list = read(server.list(None, 10, true));
    for outcome in [&get["outcome"], &list[0]["outcome"], &server.summary(&run)["outcome"]] {
        assert_eq!((&outcome["exit"], &outcome["text"]), (&json!(105), &json!(said)));
        assert_eq!((&outcome["aborted"], &outcome["state"]), (&json!(true), &json!("bad")));
    }
    assert_eq!(list[0]["thresholdsKnown"], true);
    for (run, document) in [(run.as_str(), "{}"), ("aborted.9", r#"{"exit":0}"#)] {
        assert!(block_on(server.service.set_outcome(run, document.as_bytes())).is_err());
    }
}

#[test]
fn k6s_automatic_submetric_is_there_on_the_influx_wire() {
    let server = Server::new();
    server.replay("shop", &text("k6/shop/influx.ndjson.gz"));
    let run = server.finish("shop");
    let metrics = &server.summary(&run)["metrics"];
    let ours = &metrics["http_req_duration{expected_response:true}"];
    let theirs = &json("k6/shop/summary.json")["metrics"]["http_req_duration{expected_response:true}"];
    for aggregate in ["avg", "min", "med", "max", "p(95)"] {
        let (a, b) = (ours["values"][aggregate].as_f64(), theirs[aggregate].as_f64());
        let (a, b) = (a.expect("we have it"), b.expect("k6 has it"));
        assert!((a - b).abs() <= 0.001 * b.abs(), "{aggregate}: {a} for {b}");
    }
    assert_eq!(ours["partial"], Value::Null);
}
