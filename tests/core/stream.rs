//! The event stream of a run: gapless, the same bytes for everybody, and k6's own in its kinds.

use crate::figures::close;
use crate::support::{Server, block_on, text};
use loadgate::ingest::Wire;
use loadgate::log::runs::PageEvent;
use serde_json::Value;

fn shop() -> (Server, String) {
    let server = Server::new();
    let options = text("k6/shop/options.json");
    block_on(server.service.declare("shop", options.as_bytes())).expect("k6's options");
    server.post(Wire::K6Json, "shop", "k6", text("k6/shop/k6.json.gz").as_bytes());
    let run = server.finish("shop");
    (server, run)
}

fn parsed(event: &PageEvent) -> Value {
    serde_json::from_str(&event.data).expect("data is JSON")
}

#[test]
fn ids_have_no_gaps_and_stop_is_last() {
    let (server, run) = shop();
    let events = server.events(&run, None);
    let ids: Vec<u64> = events.iter().filter_map(|event| event.id).collect();
    assert_eq!(ids, (0..ids.len() as u64).collect::<Vec<_>>());
    assert_eq!(events.last().map(|event| event.kind.as_str()), Some("stop"));
    assert_eq!(events.iter().filter(|event| event.kind == "stop").count(), 1);
}

#[test]
fn whoever_resumes_at_any_id_gets_the_same_rest() {
    let (server, run) = shop();
    let all = server.events(&run, None);
    let last = all.iter().filter_map(|event| event.id).max().expect("there are events");
    for after in 0..last {
        let expected: Vec<_> = all.iter().filter(|event| event.id.is_some_and(|id| id > after)).collect();
        let rest = server.events(&run, Some(after));
        let got: Vec<_> = rest.iter().filter(|event| event.id.is_some()).collect();
        assert_eq!(got, expected, "after {after}");
        let state = |events: &[PageEvent]| -> Vec<PageEvent> {
            events.iter().filter(|event| event.id.is_none()).cloned().collect()
        };
        assert_eq!(state(&rest), state(&all), "after {after}");
    }
    assert!(server.events(&run, Some(last)).is_empty());
}

#[test]
fn instances_that_fold_the_same_records_say_the_same() {
    let (server, run) = shop();
    let all = server.events(&run, None);
    // A second instance that knows nothing, on the same store.
    let other = Server::on(server.memory.clone(), server.hands.clone());
    other.fold("shop");
    assert_eq!(other.events(&run, None), all);
    assert_eq!(other.summary(&run), server.summary(&run));
    // And one that folded the same traffic in other pages, on a store of its own.
    let slow = Server::new();
    let options = text("k6/shop/options.json");
    block_on(slow.service.declare("shop", options.as_bytes())).expect("k6's options");
    let lines = text("k6/shop/k6.json.gz");
    let outcome = slow.post(Wire::K6Json, "shop", "k6", lines.as_bytes());
    assert_eq!(outcome.receipt.accepted, lines.lines().count() as u64);
    while block_on(slow.service.advance("shop")).expect("it folds").more {
        // Forgets everything after each page.
        let fresh = Server::on(slow.memory.clone(), slow.hands.clone());
        if !block_on(fresh.service.advance("shop")).expect("it folds").more {
            break;
        }
    }
    assert_eq!(slow.finish("shop"), run);
    assert_eq!(slow.events(&run, None), all);
}

#[test]
fn an_instance_that_comes_later_gets_past_records_that_close_no_window() {
    let server = Server::new();
    server.replay("shop", &text("k6/shop/influx.ndjson.gz"));
    let lines = text("k6/shop/k6.json.gz");
    let old: String = lines.split_inclusive('\n').take(200).collect();
    for _ in 0..60 {
        server.post(Wire::K6Json, "shop", "k6", old.as_bytes());
    }
    server.fold("shop");
    let other = Server::on(server.memory.clone(), server.hands.clone());
    let pages =
        (0..100).take_while(|_| block_on(other.service.advance("shop")).expect("it folds").more).count();
    assert!(pages < 100, "it folds the same records again and again");
}

#[test]
fn kinds_names_and_the_final_cumulative_are_those_of_k6_dashboard() {
    let (server, run) = shop();
    let ours = server.events(&run, None);
    let theirs: Vec<Value> = text("k6/shop/dashboard.ndjson")
        .lines()
        .map(|line| serde_json::from_str(line).expect("a line of the recording"))
        .collect();

    // Names and types, `{group:…}` aside (they are rows of a table) and our submetrics aside.
    let names = |events: &mut dyn Iterator<Item = Value>| {
        let mut names = std::collections::BTreeMap::new();
        for metrics in events {
            for (name, kind) in metrics.as_object().expect("names") {
                if !name.contains('{') {
                    names.insert(name.clone(), (kind["type"].clone(), kind["contains"].clone()));
                }
            }
        }
        names
    };
    let own_names = names(&mut ours.iter().filter(|event| event.kind == "metric").map(parsed));
    let k6_names =
        names(&mut theirs.iter().filter(|event| event["event"] == "metric").map(|e| e["data"].clone()));
    assert_eq!(own_names, k6_names);

    // The order within a window.
    let mut kinds = ours.iter().map(|event| event.kind.as_str()).skip_while(|kind| *kind != "start").skip(1);
    let mut window = Vec::new();
    for kind in kinds.by_ref() {
        window.push(kind);
        if kind == "snapshot" {
            assert!(
                [&["metric", "threshold", "snapshot"][..], &["threshold", "snapshot"], &["snapshot"]]
                    .contains(&window.as_slice())
                    || window.contains(&"param"),
                "{window:?}"
            );
            window.clear();
        }
    }
    assert_eq!(window, ["cumulative", "thresholds", "tables", "health", "threshold", "stop"]);

    // The last cumulative values, counters' rates aside.
    let mut columns: Vec<String> = Vec::new();
    let mut last: Option<Value> = None;
    for event in &theirs {
        match event["event"].as_str() {
            Some("metric") => {
                columns.extend(event["data"].as_object().expect("names").keys().cloned());
                columns.sort();
                columns.dedup();
            }
            Some("cumulative") => last = Some(event["data"].clone()),
            _ => {}
        }
    }
    let mut own_columns: Vec<String> = ours
        .iter()
        .filter(|event| event.kind == "metric")
        .flat_map(|event| parsed(event).as_object().expect("names").keys().cloned().collect::<Vec<_>>())
        .collect();
    own_columns.sort();
    own_columns.dedup();
    let cumulative = ours.iter().rfind(|event| event.kind == "cumulative").map(parsed).expect("a cumulative");
    assert_eq!(cumulative.as_array().map(Vec::len), Some(own_columns.len()));
    let last = last.expect("k6 has one");
    let mut compared = 0;
    for (name, expected) in columns.iter().zip(last.as_array().expect("columns")) {
        if name.contains('{') || name == "time" {
            continue;
        }
        let own = &cumulative[own_columns.binary_search(name).expect("the name is known")];
        let (own, expected) = (own.as_array().expect("a column"), expected.as_array().expect("a column"));
        assert_eq!(own.len(), expected.len(), "{name}");
        let counter = own_names[name].0 == "counter";
        for (position, (own, expected)) in own.iter().zip(expected).enumerate() {
            if counter && position == 1 {
                continue;
            }
            let (own, expected) = (own.as_f64().expect("a number"), expected.as_f64().expect("a number"));
            assert!(
                close(own, expected, 1.1e-3) || (own - expected).abs() < 2e-5,
                "{name}: {own} and {expected}"
            );
            compared += 1;
        }
    }
    assert!(compared > 90, "only {compared} values were compared");
}

#[test]
fn every_event_is_of_the_served_schema() {
    let schema: Value = serde_json::from_str(loadgate::events::SCHEMA).expect("the schema is JSON");
    let validator = jsonschema::validator_for(&schema).expect("the schema is one");
    let (server, run) = shop();
    for event in server.events(&run, None) {
        let document = serde_json::json!({ "event": event.kind, "data": parsed(&event) });
        let wrong: Vec<String> = validator.iter_errors(&document).map(|error| error.to_string()).collect();
        assert!(wrong.is_empty(), "{}: {wrong:?}", event.kind);
    }
    let wrong = serde_json::json!({ "event": "snapshot", "data": [[1], null] });
    assert!(!validator.is_valid(&wrong));
}

#[test]
fn records_are_cleaned_up_behind_checkpoints_and_nothing_is_lost() {
    let server = Server::new();
    let lines = text("k6/shop/k6.json.gz");
    let mut posted = 0.0;
    // Eight runs' worth of windows in one live run: times move on with each repetition.
    for repetition in 0..8_u64 {
        let mut body = String::new();
        for line in lines.lines().filter(|line| line.contains(r#""metric":"http_reqs","type":"Point""#)) {
            let at = line.find(r#""time":""#).expect("a time") + 8;
            let seconds: u64 = line[at + 17..at + 19].parse().expect("seconds");
            let minutes: u64 = line[at + 14..at + 16].parse().expect("minutes");
            let total = minutes * 60 + seconds + repetition * 40;
            let moved = format!("{:02}:{:02}", (total / 60) % 60, total % 60);
            body.push_str(&format!("{}{}{}\n", &line[..at + 14], moved, &line[at + 19..]));
            posted += 1.0;
        }
        for piece in body.lines().collect::<Vec<_>>().chunks(40) {
            server.post(Wire::K6Json, "long", "k6", (piece.join("\n") + "\n").as_bytes());
            server.pass(200);
            server.fold("long");
        }
    }
    let run = server.finish("long");
    assert_eq!(server.summary(&run)["metrics"]["http_reqs"]["values"]["count"], posted);
    let records = server.memory.keys().iter().filter(|key| key.starts_with("log/long/record/")).count();
    assert!(records < 400, "{records} records are left");
    let states = server.memory.keys().iter().filter(|key| key.contains("/state/")).count();
    assert!(states <= 70, "{states} states are left");
    let fresh = Server::on(server.memory.clone(), server.hands.clone());
    fresh.fold("long");
    assert_eq!(fresh.events(&run, None), server.events(&run, None));
}
