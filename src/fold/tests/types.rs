//! Types, declarations, thresholds.

use super::*;
use crate::declare::{Contains, MetricKind, MetricType};

fn declared(metrics: &[(&str, MetricType)], thresholds: &[(&str, &str)]) -> Declarations {
    let kind = |metric_type| MetricKind { metric_type, contains: Contains::Default };
    Declarations {
        metrics: metrics.iter().map(|&(name, of)| (name.to_owned(), kind(of))).collect(),
        thresholds: thresholds.iter().map(|&(name, text)| (name.to_owned(), vec![text.to_owned()])).collect(),
        thresholds_known: true,
        ..Declarations::default()
    }
}

fn sample(second: i64, value: f64) -> Record {
    data(((T + second) * 1_000) as u64, &[((T + second) * 1_000, "custom", value)])
}

fn under(hash: &str, record: Record) -> Record {
    Record { declarations: Some(hash.to_owned()), ..record }
}

fn types(steps: &[Step]) -> Vec<String> {
    let said = events(steps, "metric").into_iter().filter_map(|metric| metric.get("custom").cloned());
    said.map(|metric| metric["type"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn an_undeclared_metric_is_shown_as_the_likeliest_type_and_moves_one_way() {
    let values = [1.0, 1.0, 0.0, 1.0, 0.5, 1.0, 1.0];
    let records: Vec<Record> =
        values.iter().enumerate().map(|(at, &value)| sample(at as i64 * 2, value)).collect();
    let mut state = unnamed();
    let mut steps = fold(&mut state, &records);
    steps.push(state.step(&record(0, Body::NewRun), None));
    assert_eq!(types(&steps), ["counter", "rate", "trend"]);
    // The trend knows all values from the first on.
    assert_eq!(summary(&state)["metrics"]["custom"]["values"]["count"], 7);
}

#[test]
fn a_declaration_applies_backwards_and_the_first_stands() {
    let (gauge, counter) =
        (declared(&[("custom", MetricType::Gauge)], &[]), declared(&[("custom", MetricType::Counter)], &[]));
    let mut state = unnamed();
    let mut steps = fold(&mut state, &[sample(0, 1.0), sample(4, 1.0)]);
    steps.push(state.step(&under("a", sample(6, 5.0)), Some(&gauge)));
    steps.push(state.step(&under("b", sample(8, 7.0)), Some(&counter)));
    steps.push(state.step(&record(0, Body::NewRun), None));
    assert_eq!(types(&steps), ["counter", "gauge"]);
    let values = summary(&state)["metrics"]["custom"]["values"].clone();
    assert_eq!(values, serde_json::json!({"value": 7, "min": 1, "max": 7}));
}

#[test]
fn changed_declarations_open_the_next_chunk_with_the_whole_param() {
    let mut state = unnamed();
    let mut steps = fold(&mut state, &[sample(0, 1.0), sample(4, 1.0)]);
    let set = declared(&[], &[("custom", "count<2")]);
    steps.push(state.step(&under("a", record(0, Body::Declared)), Some(&set)));
    steps.push(state.step(&under("a", sample(8, 1.0)), Some(&set)));
    let last = &steps[3].chunks[0];
    assert_eq!(last.events[0].kind, "param");
    let params = events(&steps, "param");
    assert_eq!(params.len(), 2);
    assert_eq!(params[0]["thresholds"], serde_json::Value::Null);
    assert_eq!(params[1]["thresholds"], serde_json::json!({"custom": ["count<2"]}));
    assert_eq!((&params[0]["thresholdsKnown"], &params[1]["thresholdsKnown"]), (&false.into(), &true.into()));
}

#[test]
fn thresholds_are_evaluated_over_the_run_and_remember_their_first_failure() {
    let set =
        declared(&[("custom", MetricType::Trend)], &[("custom", "avg<2"), ("http_reqs{a:b}", "count>0")]);
    let mut state = unnamed();
    let mut steps = Vec::new();
    for (second, value) in [(0, 1.0), (2, 9.0), (4, 0.0), (6, 0.0), (8, 0.0), (10, 0.0)] {
        steps.push(state.step(&under("a", sample(second, value)), Some(&set)));
    }
    assert_eq!(events(&steps, "threshold"), vec![serde_json::json!({"custom": ["avg<2"]}); 3]);
    steps.push(state.step(&record(0, Body::NewRun), None));
    let first = (T + 4) * 1_000;
    let expected = serde_json::json!([
        {"metric": "custom", "expression": "avg<2", "observed": 1.6667, "passes": true, "firstFailed": first},
        {"metric": "http_reqs{a:b}", "expression": "count>0", "observed": null, "passes": null, "firstFailed": null},
    ]);
    assert_eq!(told(&state, "thresholds"), expected);
}

#[test]
fn a_submetric_is_partial_when_the_run_began_without_it() {
    let with = |second: i64| {
        let mut batch = batch(&[((T + second) * 1_000, "http_reqs", 1.0)]);
        batch.series.push(key(Dimension::Submetric, &["a:b"], "http_reqs"));
        let cell = batch.seconds[0].cells[0].1.clone();
        batch.seconds[0].cells.push((1, cell));
        record(((T + second) * 1_000) as u64, Body::Data(Box::new(batch)))
    };
    let (none, one) = (declared(&[], &[]), declared(&[], &[("http_reqs{a:b}", "count>0")]));
    for (first, partial) in [(&one, false), (&none, true)] {
        let mut state = unnamed();
        let mut steps = vec![state.step(&under(&first.hash(), request_at(0)), Some(first))];
        steps.push(state.step(&under(&one.hash(), with(1)), Some(&one)));
        steps.push(state.step(&under(&one.hash(), with(5)), Some(&one)));
        let said = events(&steps, "metric");
        let metric = said.iter().find_map(|metric| metric.get("http_reqs{a:b}")).expect("it had data");
        assert_eq!(metric.get("partial").is_some(), partial, "{metric}");
    }
}
