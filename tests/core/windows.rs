//! Parts of a run: their figures are those of a run that had nothing else, whoever is asked.

use crate::recorded;
use crate::support::{Server, declarations, text};
use loadgate::ingest::Wire;
use loadgate::service::Window;
use serde_json::Value;

const TEST: &str = "shop";
const RUN: &str = "shop.1";

fn between(from_s: u64, to_s: u64) -> Window {
    Window::Between { from: from_s * 1_000, to: Some(to_s * 1_000) }
}

/// Every figure of a summary, by its path; without the rates per second, which are over another time.
fn figures(summary: &Value) -> Vec<(String, Value)> {
    fn walk(path: &str, value: &Value, found: &mut Vec<(String, Value)>) {
        match value {
            Value::Object(map) => {
                let of_rate =
                    map.get("expression").is_some_and(|text| text.as_str().unwrap().starts_with("rate"));
                let per_second = |name: &str| match name {
                    "rate" => map.get("passes").is_none(),
                    "observed" | "passes" => of_rate,
                    name => name.starts_with("rate"),
                };
                for (name, value) in map.iter().filter(|(name, _)| !per_second(name)) {
                    walk(&format!("{path}/{name}"), value, found);
                }
            }
            Value::Array(rows) => {
                for (at, value) in rows.iter().enumerate() {
                    walk(&format!("{path}/{at}"), value, found);
                }
            }
            value => found.push((path.to_owned(), value.clone())),
        }
    }
    let mut found = Vec::new();
    for part in ["metrics", "requests", "statuses", "checks", "groups", "scenarios", "thresholds"] {
        walk(part, &summary[part], &mut found);
    }
    found
}

/// Sums are added up in another order.
fn same(one: &Value, other: &Value) -> bool {
    match (one.as_f64(), other.as_f64()) {
        (Some(one), Some(other)) => (one - other).abs() <= 1e-9 * one.abs().max(1.0),
        _ => one == other,
    }
}

#[track_caller]
fn assert_same_figures(one: &Value, other: &Value) {
    let (one, other) = (figures(one), figures(other));
    for ((path, one), (other_path, other)) in one.iter().zip(&other) {
        assert_eq!(path, other_path);
        assert!(same(one, other), "{path}: {one} and {other}");
    }
    assert_eq!(one.len(), other.len());
}

#[test]
fn the_window_of_all_of_a_run_has_the_figures_of_the_run() {
    for name in recorded::ALL {
        for wire in recorded::WIRES {
            let server = recorded::sent(wire, name);
            let run = recorded::run(name);
            let whole = server.summary(&run);
            let window = server.summary_of(&run, Window::Between { from: 0, to: None });
            assert_eq!(window["window"]["start"], whole["start"]);
            assert_same_figures(&whole, &window);
        }
    }
}

/// The recorded shop, and of it alone what lies between two times of the run.
fn shop(kept: impl Fn(i64) -> bool) -> Server {
    let lines = text("k6/shop/k6.json.gz");
    let server = Server::new();
    recorded::declare(&server, TEST);
    server.post(Wire::K6Json, TEST, "k6", declarations(&lines).as_bytes());
    let second = |line: &str| -> Option<i64> {
        let clock = line.split_once("\"time\":\"")?.1.get(11..19)?;
        clock.split(':').try_fold(0, |sum, part| Some(sum * 60 + part.parse::<i64>().ok()?))
    };
    let points = || lines.lines().filter_map(|line| Some((second(line)?, line)));
    let begin = points().map(|(second, _)| second).min().expect("there are points");
    let body: String =
        points().filter(|(second, _)| kept(second - begin)).map(|(_, line)| format!("{line}\n")).collect();
    let outcome = server.post(Wire::K6Json, TEST, "k6", body.as_bytes());
    assert_eq!((outcome.receipt.refused, outcome.failure), (0, None));
    assert_eq!(server.finish(TEST), RUN);
    server
}

#[test]
fn a_window_has_the_figures_of_a_run_that_had_nothing_else() {
    let whole = shop(|_| true);
    for (from, to) in [(0, 2), (2, 4), (4, 20), (10, 12), (6, 30)] {
        let alone = shop(|second| (from as i64..to as i64).contains(&second));
        let (window, alone) = (whole.summary_of(RUN, between(from, to)), alone.summary(RUN));
        // What had no samples stands in a summary of all of a run, as k6 has it, where a threshold names it.
        for part in ["requests", "statuses", "checks", "scenarios"] {
            let (one, other) = (figures(&only(&window, part)), figures(&only(&alone, part)));
            assert_eq!(one.len(), other.len(), "{part} of {from} to {to}");
            for ((path, one), (_, other)) in one.iter().zip(&other) {
                assert!(same(one, other), "{from} to {to}: {path}: {one} and {other}");
            }
        }
        let metrics = alone["metrics"].as_object().expect("metrics");
        for (name, metric) in metrics.iter().filter(|(name, _)| !name.starts_with("vus")) {
            let (one, other) = (&window["metrics"][name]["values"], &metric["values"]);
            let (one, other) = (figures(&only_metric(one)), figures(&only_metric(other)));
            for ((path, one), (_, other)) in one.iter().zip(&other) {
                assert!(same(one, other), "{from} to {to}: {name} {path}: {one} and {other}");
            }
        }
        let (one, other) = (figures(&only(&window, "thresholds")), figures(&only(&alone, "thresholds")));
        for ((path, one), (_, other)) in
            one.iter().zip(&other).filter(|((path, _), _)| path.ends_with("passes"))
        {
            assert_eq!(one, other, "{from} to {to}: {path}");
        }
    }
}

fn only(summary: &Value, part: &str) -> Value {
    serde_json::json!({ part: summary[part] })
}

fn only_metric(values: &Value) -> Value {
    serde_json::json!({ "metrics": { "it": values } })
}

#[test]
fn every_instance_says_the_same_of_a_window_and_rates_are_over_it() {
    let server = recorded::sent(Wire::K6Json, TEST);
    let window = server.summary_of(RUN, between(10, 20));
    assert_eq!(
        Server::on(server.memory.clone(), server.hands.clone()).summary_of(RUN, between(10, 20)),
        window
    );
    let span = &window["window"];
    assert_eq!(span["end"].as_i64().unwrap() - span["start"].as_i64().unwrap(), 10_000);
    let requests = &window["metrics"]["http_reqs"]["values"];
    assert_eq!(requests["rate"].as_f64(), requests["count"].as_f64().map(|count| count / 10.0));
}
