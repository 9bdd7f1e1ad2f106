//! Every event that anybody is ever sent is of the schema that is served.

use crate::recorded::{self, ALL, WIRES};
use crate::support::Server;
use jsonschema::Validator;
use loadgate::log::runs::{Cursor, PageEvent};
use serde_json::{Value, json};
use std::collections::BTreeSet;

fn schema() -> (Value, Validator) {
    let schema: Value = serde_json::from_str(loadgate::events::SCHEMA).expect("the schema is JSON");
    let validator = jsonschema::validator_for(&schema).expect("the schema is one");
    (schema, validator)
}

fn document(event: &PageEvent) -> Value {
    let data: Value = serde_json::from_str(&event.data).expect("data is JSON");
    json!({ "event": event.kind, "data": data })
}

/// What a client gets that is there from the start, and one that comes when all is over.
fn each_stream(mut check: impl FnMut(&str, &[PageEvent])) {
    for (name, wire) in ALL.into_iter().flat_map(|name| WIRES.map(|wire| (name, wire))) {
        let run = recorded::run(name);
        let mut cursor = Cursor::default();
        let mut live = Vec::new();
        let mut listen = |server: &Server| live.extend(server.news(&run, &mut cursor));
        let server = recorded::live(wire, name, &mut listen);
        listen(&server);
        check(&format!("{name} by {wire:?}"), &live);
        check(&format!("{name} by {wire:?}, later"), &server.events(&run, None));
    }
}

#[test]
fn every_event_is_of_the_served_schema() {
    let (schema, validator) = schema();
    let mut seen = BTreeSet::new();
    each_stream(|which, events| {
        for event in events {
            let document = document(event);
            let wrong: Vec<String> =
                validator.iter_errors(&document).map(|error| error.to_string()).collect();
            assert!(wrong.is_empty(), "{which}: {} {wrong:?}", event.kind);
            seen.insert(event.kind.clone());
        }
    });
    // And the schema knows no kind that never comes. Heartbeats are of the connection, which the core knows nothing of.
    seen.insert("heartbeat".to_owned());
    let known = schema["properties"]["event"]["enum"].as_array().expect("kinds");
    let known = known.iter().map(|kind| kind.as_str().expect("a kind").to_owned());
    assert_eq!(seen, known.collect());
}

#[test]
fn the_schema_refuses_what_is_none_of_its_events() {
    let (_, validator) = schema();
    each_stream(|which, events| {
        for event in events {
            let right = document(event);
            let mut wrong =
                vec![json!({ "event": event.kind }), json!({ "event": "other", "data": right["data"] })];
            wrong.push(json!({ "event": event.kind, "data": null }));
            match &right["data"] {
                Value::Array(items) if !items.is_empty() => {
                    let mut with_null = items.clone();
                    with_null[0] = Value::Null;
                    wrong.push(json!({ "event": event.kind, "data": with_null }));
                }
                Value::Object(fields) => {
                    let mut more = fields.clone();
                    more.insert("other".to_owned(), Value::Null);
                    wrong.push(json!({ "event": event.kind, "data": more }));
                }
                _ => {}
            }
            for wrong in wrong {
                assert!(!validator.is_valid(&wrong), "{which}: {wrong}");
            }
        }
    });
}
