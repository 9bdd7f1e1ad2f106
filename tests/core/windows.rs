//! Parts of a run: their figures are those of a run that had nothing else, whoever is asked.

use crate::recorded;
use crate::support::{Server, block_on, declarations, text};
use loadgate::ingest::Wire;
use loadgate::record::Dimension;
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
                // That a metric is silent is said of parts alone.
                let figures = map.iter().filter(|(name, _)| !per_second(name) && *name != "silent");
                for (name, value) in figures {
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

#[test]
fn the_distribution_of_a_window_is_that_of_a_run_that_had_nothing_else() {
    let whole = shop(|_| true);
    let ask = |server: &Server, (name, table): (&str, Dimension), key: &[String], window: Window| {
        let metric = "http_req_duration";
        block_on(server.service.distribution(RUN, (name, table), key, metric, window))
            .map(|text| serde_json::from_str::<Value>(&text).expect("JSON"))
    };
    let metrics = ("metrics", Dimension::Metric);
    let login = ["POST".to_owned(), "login".to_owned()];
    for (from, to) in [(4, 20), (10, 12)] {
        let alone = shop(|second| (from as i64..to as i64).contains(&second));
        for (table, key) in [(metrics, &[][..]), (("requests", Dimension::Request), &login[..])] {
            let (one, other) = (
                ask(&whole, table, key, between(from, to)).expect("of the window"),
                ask(&alone, table, key, Window::Whole).expect("of the run"),
            );
            assert!(one["count"].as_u64().unwrap() > 0);
            for field in ["count", "min", "max", "bins", "percentiles"] {
                assert_eq!(one[field], other[field], "{field} of {key:?}, {from} to {to}");
            }
        }
    }
    let nowhere = ask(&whole, metrics, &[], between(3_000, 4_000)).expect_err("there is no such window");
    assert!(nowhere.to_string().contains("No window of shop.1 lies between"), "{nowhere}");
}

#[test]
fn what_is_planned_to_be_steady_is_taken_before_what_vus_tell() {
    let server = Server::new();
    let options = br#"{"scenarios":{"a":{"executor":"ramping-arrival-rate","startRate":0,"timeUnit":"1s",
        "stages":[{"duration":"10s","target":5},{"duration":"16s","target":5},{"duration":"4s","target":0}]}}}"#;
    block_on(server.service.declare(TEST, options)).expect("k6's options");
    // The VUs say otherwise: they are at their most from the beginning.
    let lines: String = (0..30_000)
        .step_by(500)
        .map(|ms| {
            let at = (server.hands_ms() + ms) * 1_000_000;
            format!("vus value=3 {at}\niterations,scenario=a value=1 {at}\nhttp_reqs value=1 {at}\n")
        })
        .collect();
    server.post(Wire::InfluxLines, TEST, "k6", lines.as_bytes());
    server.finish(TEST);
    let steady = server.summary_of(RUN, Window::Steady);
    assert_eq!(steady["window"]["start"].as_i64().unwrap() - steady["start"].as_i64().unwrap(), 10_000);
    assert_eq!(steady["window"]["end"].as_i64().unwrap() - steady["start"].as_i64().unwrap(), 26_000);
    assert_eq!(steady["metrics"]["http_reqs"]["values"]["count"], 32);
}

/// Whoever stays longer than planned is in graceful stop. But a plan that setup put off is no longer true.
#[test]
fn planned_stages_of_vus_are_steady_where_the_vus_came_as_planned() {
    let steady = |late_s: u64| {
        let server = Server::new();
        let options = br#"{"scenarios":{"a":{"executor":"ramping-vus","startVUs":0,
            "stages":[{"duration":"9s","target":9},{"duration":"17s","target":9},{"duration":"4s","target":0}]}}}"#;
        block_on(server.service.declare(TEST, options)).expect("k6's options");
        let lines: String = (0..36 + late_s)
            .map(|second| {
                let at = (server.hands_ms() + second * 1_000) * 1_000_000;
                let vus = match second.saturating_sub(late_s) {
                    n @ ..9 => n,
                    9..31 => 9,
                    n => 40_u64.saturating_sub(n),
                };
                format!("vus value={vus} {at}\nhttp_reqs value=1 {at}\n")
            })
            .collect();
        server.post(Wire::InfluxLines, TEST, "k6", lines.as_bytes());
        server.finish(TEST);
        let steady = server.summary_of(RUN, Window::Steady);
        let at = |end: &str| steady["window"][end].as_i64().unwrap() - steady["start"].as_i64().unwrap();
        (at("start"), at("end"))
    };
    assert_eq!(steady(0), (10_000, 26_000));
    assert_eq!(steady(6), (16_000, 38_000));
}

#[test]
fn where_nothing_was_steady_it_is_said_why() {
    let server = recorded::sent(Wire::K6Json, TEST);
    let why = block_on(server.service.summary_of(RUN, Window::Steady)).expect_err("it goes up and down");
    assert!(why.to_string().contains("shop.1 was never steady"), "{why}");
}

#[test]
fn what_had_no_samples_in_a_window_says_so_and_no_threshold_on_it_passes() {
    let server = Server::new();
    let options = br#"{"thresholds":{"size":["value<100"],"wait":["p(95)<100"],"orders":["count<100"]}}"#;
    block_on(server.service.declare(TEST, options)).expect("k6's options");
    let lines: String = (0..20)
        .map(|second| {
            let at = (server.hands_ms() + second * 1_000) * 1_000_000;
            let early = format!("size value=7 {at}\nwait value=9 {at}\norders value=1 {at}\n");
            format!("http_reqs value=1 {at}\n{}", if second < 10 { &early } else { "" })
        })
        .collect();
    server.post(Wire::InfluxLines, TEST, "k6", lines.as_bytes());
    server.finish(TEST);
    let silent = |window: &Value| -> Vec<String> {
        let metrics = window["metrics"].as_object().expect("metrics");
        let silent = metrics.iter().filter(|(_, metric)| metric["silent"] == true);
        silent.map(|(name, _)| name.clone()).collect()
    };
    assert_eq!(silent(&server.summary_of(RUN, between(0, 10))), [""; 0]);
    let late = server.summary_of(RUN, between(10, 20));
    assert_eq!(silent(&late), ["size", "wait"], "a counter that counted nothing has its zero");
    for row in late["thresholds"].as_array().expect("thresholds") {
        if row["metric"] != "orders" {
            assert_eq!((&row["passes"], &row["observed"]), (&Value::Null, &Value::Null), "{row}");
        }
    }
}
