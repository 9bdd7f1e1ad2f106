//! k6's end-of-test summaries, from what k6 wrote to what the run's summary says.

use crate::support::{Server, block_on, json, text};
use loadgate::ingest::{Request, Wire};
use loadgate::service::Outcome;
use serde_json::Value;

/// Says that a body is a file, of an import of this name.
fn import(name: &str) -> impl FnOnce(&mut Request) {
    move |request| (request.wire, request.import, request.run) = (Wire::File, true, Some(name.to_owned()))
}

fn post(server: &Server, name: &str, file: &str) -> Outcome {
    let outcome = server.post_as(import(name), text(file).as_bytes(), true).expect("the request is fine");
    assert_eq!(outcome.receipt.refused, 0, "{file}: {:?}", outcome.receipt.errors);
    outcome
}

/// What a run comes to that one file makes.
fn imported(server: &Server, name: &str, file: &str) -> Value {
    post(server, name, file);
    server.summary(&server.finish(&format!("t.{name}")))
}

fn object(value: &Value) -> &serde_json::Map<String, Value> {
    value.as_object().expect("an object")
}

/// Whether k6 wrote nothing but zeros, as of what had no sample.
fn is_silent(metric: &Value) -> bool {
    let mut numbers = object(metric).values().filter_map(Value::as_f64);
    numbers.all(|number| number == 0.0)
}

#[track_caller]
fn assert_near(what: &str, found: &Value, told: &Value) {
    let (found, told) = (found.as_f64(), told.as_f64().expect("a number"));
    let near = found.is_some_and(|found| (found - told).abs() <= 1e-9 * told.abs());
    assert!(near, "{what}: {found:?}, not {told}");
}

/// What it does not tell nobody knows: it is null, and no threshold on it passes.
#[test]
fn figures_and_verdicts_are_those_of_the_summary_also_of_submetrics() {
    for (folder, unknown) in [("shop", 1), ("submetrics", 6)] {
        let file = format!("k6/{folder}/summary.json");
        let (summary, told) = (imported(&Server::new(), "sum", &file), json(&file));
        for (name, k6s) in object(&told["metrics"]).iter().filter(|(_, k6s)| !is_silent(k6s)) {
            let metric = &summary["metrics"][name];
            let (what, values) = (format!("{file} {name}"), &metric["values"]);
            assert_eq!(metric["partial"], Value::Null, "{what}");
            // Of VUs the peak stands for the run.
            if name.starts_with("vus") {
                assert_near(&what, &values["value"], &k6s["max"]);
                continue;
            }
            for (figure, number) in object(k6s).iter().filter(|(_, number)| number.is_number()) {
                match figure.as_str() {
                    // What it is over is known to the second.
                    "rate" => assert_eq!(metric["type"], "counter", "{what}"),
                    "value" if metric["type"] == "rate" => assert_near(&what, &values["rate"], number),
                    _ => assert_near(&format!("{what} {figure}"), &values[figure], number),
                }
            }
            for (figure, number) in object(values).iter().filter(|(figure, _)| figure.starts_with("p(")) {
                assert_eq!(number.is_null(), k6s[figure].is_null(), "{what} {figure}");
            }
        }
        let thresholds = summary["thresholds"].as_array().expect("a list");
        let mut nobody_knows = 0;
        for threshold in thresholds {
            let (name, expression) = (&threshold["metric"], &threshold["expression"]);
            let (name, expression) = (name.as_str().expect("a name"), expression.as_str().expect("text"));
            let k6s = &told["metrics"][name];
            let crossed = k6s["thresholds"][expression].as_bool().expect("true or false");
            let rank = expression.split_once('<').map_or("", |(rank, _)| rank);
            let untold = rank.starts_with("p(") && k6s[rank].is_null();
            if untold || is_silent(k6s) {
                assert_eq!(threshold["passes"], Value::Null, "{file} {threshold}");
                assert_eq!(threshold["untold"].as_bool(), untold.then_some(true), "{file} {threshold}");
                let ok = &summary["metrics"][name]["thresholds"][expression]["ok"];
                assert_eq!(ok.is_null(), untold, "{file} {threshold}: without samples none is crossed");
                nobody_knows += 1;
            } else {
                assert_eq!(threshold["passes"], !crossed, "{file} {threshold}");
            }
        }
        assert!(thresholds.len() > 10, "{file}");
        assert_eq!(nobody_knows, unknown, "{file}");
    }
}

#[test]
fn submetrics_come_to_what_the_samples_of_the_same_run_come_to() {
    let (server, options) = (Server::new(), text("k6/submetrics/options.json"));
    block_on(server.service.declare("t", options.as_bytes())).expect("the options are fine");
    let samples = imported(&server, "samples", "k6/submetrics/k6.json.gz");
    let summary = imported(&server, "sum", "k6/submetrics/summary.json");
    let list = |summary: &Value| summary["thresholds"].as_array().expect("a list").clone();
    let (judged, told) = (list(&samples), list(&summary));
    assert_eq!(judged.len(), told.len());
    for (judged, told) in judged.iter().zip(&told) {
        assert_eq!((&judged["metric"], &judged["expression"]), (&told["metric"], &told["expression"]));
        if !told["passes"].is_null() {
            assert_eq!(judged["passes"], told["passes"], "{told}");
            let (judged, told) = (judged["observed"].as_f64(), told["observed"].as_f64());
            let near = judged.zip(told).is_some_and(|(a, b)| (a - b).abs() <= 1e-3 * b.abs());
            assert!(near, "{judged:?}, not {told:?}");
        }
    }
    for name in ["http_reqs", "http_reqs{region:eu}", "sold", "sold{region:eu}"] {
        let count = |summary: &Value| summary["metrics"][name]["values"]["count"].as_f64();
        assert_eq!(count(&summary), count(&samples), "{name}: samples of a submetric count once");
    }
}

/// Of that form the limits come from the options, whose names are those of the script.
#[test]
fn a_machine_readable_summary_is_held_to_the_options_of_its_test() {
    let file = "k6/submetrics/machine-readable.json";
    let (server, options) = (Server::new(), text("k6/submetrics/options.json"));
    let without = imported(&server, "without", file);
    assert_eq!(
        (&without["thresholds"], &without["health"]["thresholdsKnown"]),
        (&Value::Array(Vec::new()), &Value::Bool(false))
    );
    let figures = &without["metrics"]["http_req_duration{region:eu}"];
    assert_eq!((&figures["partial"], &figures["values"]["count"]), (&Value::Null, &Value::from(40)));

    block_on(server.service.declare("t", options.as_bytes())).expect("the options are fine");
    let with = imported(&server, "with", file);
    assert_eq!(with["health"]["thresholdsKnown"], true);
    let passes = |metric: &str, expression: &str| {
        let thresholds = with["thresholds"].as_array().expect("a list");
        let found = thresholds.iter().find(|row| row["metric"] == metric && row["expression"] == expression);
        found.unwrap_or_else(|| panic!("{metric} {expression}"))["passes"].as_bool()
    };
    assert_eq!(passes("http_req_duration{region:eu}", "p(95)<60"), Some(true));
    assert_eq!(passes("http_req_duration{region:eu}", "avg<1"), Some(false));
    assert_eq!(passes("http_req_duration{region:eu}", "p(99.9)<300"), None);
    assert_eq!(passes("http_req_duration{region:eu, status:200}", "max<500"), Some(true));
    assert_eq!(passes("wait{region:eu}", "avg<30"), Some(true));
    assert_eq!(passes("wait{region:none}", "avg<50"), None);
    assert_eq!(passes("http_req_failed{region:us}", "rate<0.1"), Some(false));
}

/// Nobody knows what percentiles come to together, nor means of numbers that nobody told.
#[test]
fn two_summaries_in_one_run_add_up_what_can_be_added() {
    let server = Server::new();
    let file = "k6/submetrics/summary.json";
    post(&server, "twice", file);
    post(&server, "twice", file);
    let summary = server.summary(&server.finish("t.twice"));
    let values = |name: &str| &summary["metrics"][name]["values"];
    assert_eq!(values("http_reqs{region:eu}")["count"], 80.0);
    assert_eq!(values("http_req_failed{region:us}")["passes"], 80);
    let times = values("http_req_duration{region:eu}");
    assert!(times["count"] == 80 && times["avg"].is_number() && times["p(95)"].is_null(), "{times}");
    assert!(object(values("wait{region:eu}")).values().all(Value::is_null), "{}", values("wait{region:eu}"));
    let on = |row: &&Value| row["metric"] == "wait{region:eu}";
    let mut thresholds = summary["thresholds"].as_array().expect("a list").iter().filter(on);
    assert!(thresholds.all(|row| row["passes"].is_null()));
}

#[test]
fn a_limit_that_is_none_is_refused_and_declares_nothing() {
    let server = Server::new();
    let file = "k6/shop/summary.json";
    let sound = r#""metrics": {"#;
    let wrong = r#""metrics": {"wait": {"avg": 1, "thresholds": {"avg~1": false}},"#;
    assert!(text(file).contains(sound), "the fixture begins otherwise");
    let body = text(file).replacen(sound, wrong, 1);
    let refusal = server.post_as(import("wrong"), body.as_bytes(), true).expect("a body").failure;
    assert!(format!("{refusal:?}").contains("avg~1"), "{refusal:?}");
    let thresholds = imported(&server, "sound", file)["thresholds"].clone();
    assert!(thresholds.as_array().expect("a list").iter().all(|row| row["metric"] != "wait"));
}

/// Figures that were told of so many samples hold once these were counted.
#[test]
fn no_threshold_is_judged_before_the_samples_are_counted() {
    let server = Server::new();
    post(&server, "sum", "k6/submetrics/summary.json");
    server.fold("t.sum");
    let live = server.summary("t.sum");
    for row in live["thresholds"].as_array().expect("a list") {
        assert_eq!(row["passes"].is_null(), row["observed"].is_null(), "{row}");
        assert_ne!(row["observed"], 0, "{row}");
    }
}
