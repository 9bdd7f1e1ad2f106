//! Rows of failures have what the first of them said, and what it had asked for.

use crate::recorded;
use crate::support::{Server, text};
use loadgate::ingest::Wire;
use loadgate::service::Window;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// What k6's own samples say of the first request of each row of statuses that failed.
fn first_failures(name: &str) -> BTreeMap<Vec<String>, (String, String)> {
    let mut found = BTreeMap::new();
    for line in text(&format!("k6/{name}/k6.json.gz")).lines() {
        let line: Value = serde_json::from_str(line).expect("JSON");
        if line["type"] != "Point" || line["metric"] != "http_reqs" {
            continue;
        }
        let tag = |name: &str| line["data"]["tags"][name].as_str().unwrap_or_default().to_owned();
        let mut key = ["method", "name", "status", "error_code"].map(tag).to_vec();
        if let phase @ ("::setup" | "::teardown") = tag("group").as_str() {
            key.push(phase.replace("::", ""));
        }
        if tag("expected_response") == "false" {
            found.entry(key).or_insert_with(|| (tag("error"), tag("url")));
        }
    }
    found
}

fn examples(summary: &Value) -> BTreeMap<Vec<String>, (String, String)> {
    let rows = summary["statuses"].as_array().expect("rows");
    let with = rows.iter().filter(|row| row.get("url").is_some() || row.get("error").is_some());
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    with.map(|row| {
        let key = row["key"].as_array().expect("a key").iter().map(text).collect();
        (key, (text(&row["error"]), text(&row["url"])))
    })
    .collect()
}

#[test]
fn every_row_of_failures_has_the_first_that_k6_had_on_both_wires() {
    let mut failures = 0;
    for name in recorded::SINGLE {
        let first = first_failures(name);
        failures += first.len();
        for wire in recorded::WIRES {
            let server = recorded::sent(wire, name);
            let run = recorded::run(name);
            assert_eq!(examples(&server.summary(&run)), first, "{name} {wire:?}");
            let part = server.summary_of(&run, Window::Between { from: 0, to: None });
            assert_eq!(examples(&part), first, "{name} {wire:?}: of a part, too");
        }
    }
    assert!(failures > 1, "the recordings have failures");
}

#[test]
fn the_first_stays_and_names_no_password() {
    let server = Server::new();
    let line = |second: i64, error: &str, url: &str| {
        let ns = (1_795_218_590 + second) * 1_000_000_000;
        format!(
            "http_reqs,method=GET,name=pay,status=0,error_code=1212,error={error} url=\"{url}\",value=1 {ns}\n"
        )
    };
    server.post(Wire::InfluxLines, "t", "k6", line(0, "refused", "http://ann:s3cret@x.io/1").as_bytes());
    server.fold("t");
    server.pass(3_000);
    // Another instance knows nothing of what came before but by the store.
    let other = Server::on(server.memory.clone(), server.hands.clone());
    other.post(Wire::InfluxLines, "t", "k6", line(3, "another", "http://x.io/2").as_bytes());
    let run = other.finish("t");
    let rows = other.summary(&run)["statuses"].clone();
    assert_eq!((&rows[0]["error"], &rows[0]["url"]), (&json!("refused"), &json!("http://x.io/1")));
    assert_eq!(rows[0]["count"], 2);
}

#[test]
fn what_went_well_has_no_example_and_shortened_names_keep_one() {
    let server = Server::new();
    for second in 0..20 {
        let line = |n: u64| {
            let (id, ns) = (second * 40 + n, (1_795_218_590 + second) * 1_000_000_000);
            let url = format!("url=\"http://x.io/users/{id}\",");
            format!(
                "http_reqs,method=GET,name=http://x.io/users/{id},status=404,error_code=1404 {url}value=1 {ns}\n\
                 http_reqs,method=GET,name=fine,status=200 {url}value=1 {ns}\n"
            )
        };
        let body: String = (0..40).map(line).collect();
        server.post(Wire::InfluxLines, "ids", "k6", body.as_bytes());
        server.pass(1_000);
        server.fold("ids");
    }
    let run = server.finish("ids");
    let found = examples(&server.summary(&run));
    let key = ["GET", "http://x.io/users/{id}", "404", "1404"].map(str::to_owned).to_vec();
    assert_eq!(found.keys().collect::<Vec<_>>(), [&key]);
    assert!(found[&key].1.starts_with("http://x.io/users/"), "{found:?}");
}
