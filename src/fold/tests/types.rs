//! Types, declarations, thresholds.

use super::*;
use loadgate_documents::{Contains, MetricKind, MetricType};

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
fn changed_declarations_are_told_at_once_with_the_whole_param() {
    let mut state = unnamed();
    let mut steps = fold(&mut state, &[sample(0, 1.0), sample(4, 1.0)]);
    let set = declared(&[], &[("custom", "count<2")]);
    steps.push(state.step(&under("a", record(0, Body::Declared)), Some(&set)));
    steps.push(state.step(&under("a", sample(8, 1.0)), Some(&set)));
    let last = &steps[2].chunks[0];
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

fn under_set(second: i64, values: &[f64], set: &Declarations) -> Record {
    let samples: Vec<(i64, &str, f64)> =
        values.iter().map(|&value| ((T + second) * 1_000, "custom", value)).collect();
    under(&set.hash(), data(((T + second) * 1_000) as u64, &samples))
}

/// An ended run of these samples, four seconds apart, under this set.
fn ended(values: &[f64], set: &Declarations) -> (LogState, Vec<Step>) {
    let mut state = unnamed();
    let mut steps = Vec::new();
    for (at, &value) in values.iter().enumerate() {
        steps.push(state.step(&under_set(at as i64, &[value], set), Some(set)));
    }
    steps.push(state.step(&record(0, Body::NewRun), None));
    (state, steps)
}

/// What options declare: through the same merge as on a server.
fn told_by_options(thresholds: &[(&str, &str)]) -> Declarations {
    let mut set = Declarations::default();
    set.merge(&declared(&[], thresholds));
    set
}

#[test]
fn a_threshold_on_a_metric_of_unknown_type_never_passes() {
    // A rate of three trues is 1, which fails; a counter of three in 40 s is 0.075, which would pass.
    let set = told_by_options(&[("custom", "rate<0.1")]);
    let (state, steps) = ended(&[1.0; 3], &set);
    let threshold = told(&state, "thresholds")[0].clone();
    assert_eq!(threshold["passes"], serde_json::Value::Null);
    assert_eq!(threshold["observed"], serde_json::Value::Null);
    assert_eq!(threshold["unknown"], serde_json::json!(["counter", "rate"]));
    let metric = summary(&state)["metrics"]["custom"].clone();
    assert_eq!(metric["unknown"], serde_json::json!(["counter", "rate"]));
    assert_eq!(metric["thresholds"]["rate<0.1"]["ok"], serde_json::Value::Null);
    let said = events(&steps, "metric");
    assert!(said.iter().any(|metric| metric["custom"]["unknown"].is_array()), "{said:?}");

    let mut known = set.clone();
    known.merge(&declared(&[("custom", MetricType::Rate)], &[("custom", "rate<0.1")]));
    let (state, _) = ended(&[1.0; 3], &known);
    assert_eq!(told(&state, "thresholds")[0]["passes"], false);
    assert_eq!(told(&state, "thresholds")[0]["unknown"], serde_json::Value::Null);
}

#[test]
fn an_aggregate_that_only_one_type_has_tells_the_type() {
    let (state, _) = ended(&[5.0; 20], &told_by_options(&[("custom", "count<50")]));
    let threshold = told(&state, "thresholds")[0].clone();
    assert_eq!((&threshold["observed"], &threshold["passes"]), (&100.into(), &false.into()));
    assert_eq!(summary(&state)["metrics"]["custom"]["values"]["count"], 100);
    for (expression, observed) in [("value<5", 2.0), ("avg<5", 5.0), ("max<5", 9.0)] {
        let (state, _) = ended(&[4.0, 9.0, 2.0], &told_by_options(&[("custom", expression)]));
        assert_eq!(told(&state, "thresholds")[0]["observed"], observed, "{expression}");
    }
}

#[test]
fn what_a_threshold_told_of_a_type_stands_in_later_runs_without_it() {
    let mut set = told_by_options(&[("custom", "count<50")]);
    set.merge(&declared(&[], &[]));
    assert!(set.thresholds.is_empty());
    let (state, _) = ended(&[5.0; 4], &set);
    let metric = summary(&state)["metrics"]["custom"].clone();
    assert_eq!((&metric["type"], &metric["values"]["count"]), (&"counter".into(), &20.into()));
    assert_eq!(metric["unknown"], serde_json::Value::Null);
}

#[test]
fn a_guess_does_not_contradict_the_thresholds() {
    let (state, _) = ended(&[5.0; 4], &told_by_options(&[("custom", "rate<50")]));
    let metric = summary(&state)["metrics"]["custom"].clone();
    assert_eq!((&metric["type"], &metric["values"]["count"]), (&"counter".into(), &20.into()));
    assert_eq!(metric["unknown"], serde_json::json!(["counter", "rate"]));
}

#[test]
fn a_declaration_in_mid_run_ends_the_doubt() {
    let guess = told_by_options(&[("custom", "rate<0.1")]);
    let mut known = guess.clone();
    known.merge(&Declarations::from_metrics(br#"{"custom":"counter"}"#).unwrap());
    let mut state = unnamed();
    let mut steps = vec![state.step(&under_set(0, &[1.0], &guess), Some(&guess))];
    steps.push(state.step(&under_set(8, &[1.0], &guess), Some(&guess)));
    assert!(told(&state, "thresholds")[0]["unknown"].is_array());
    steps.push(state.step(&under_set(16, &[1.0], &known), Some(&known)));
    steps.push(state.step(&record(0, Body::NewRun), None));
    let threshold = told(&state, "thresholds")[0].clone();
    assert_eq!((&threshold["unknown"], &threshold["passes"]), (&serde_json::Value::Null, &false.into()));
    let said: Vec<bool> = events(&steps, "metric")
        .iter()
        .filter_map(|metric| metric.get("custom"))
        .map(|metric| metric["unknown"].is_array())
        .collect();
    assert_eq!(said.last(), Some(&false), "the stream takes it back");
}

#[test]
fn wanted_iterations_stand_against_those_that_were_reached_and_dropped() {
    let options = br#"{"scenarios":{"buy":{"executor":"constant-arrival-rate","rate":10,"timeUnit":"1s","duration":"10s"}}}"#;
    let set = Declarations::from_k6_options(options).unwrap();
    let of_scenario = |second: i64, values: &[(&str, f64)]| {
        let time = (T + second) * 1_000;
        let samples: Vec<(i64, &str, f64)> =
            values.iter().map(|&(name, value)| (time, name, value)).collect();
        let mut batch = batch(&samples);
        let whole = batch.seconds[0].cells.clone();
        for (at, cell) in whole {
            let metric = batch.series[at as usize].metric.clone();
            batch.series.push(key(Dimension::Scenario, &["buy"], &metric));
            batch.seconds[0].cells.push((batch.series.len() as u32 - 1, cell));
        }
        under(&set.hash(), record(time as u64, Body::Data(Box::new(batch))))
    };
    let run = |records: &[Record], set: Option<&Declarations>| {
        let mut state = unnamed();
        for record in records {
            state.step(record, set);
        }
        state.step(&record(0, Body::NewRun), None);
        summary(&state)["health"]["wanted"].clone()
    };
    let short = [
        of_scenario(0, &[("iterations", 1.0)]),
        of_scenario(10, &[("iterations", 59.0), ("dropped_iterations", 40.0)]),
    ];
    let wanted = serde_json::json!([
        {"scenario": "buy", "wanted": 100, "reached": 60, "dropped": 40, "seconds": 10, "short": true}
    ]);
    assert_eq!(run(&short, Some(&set)), wanted);
    // Without the options: what was dropped had been wanted.
    assert_eq!(run(&short, None), wanted);
    // One of two hundred is told, and is no shortfall; one of a hundred is.
    for (dropped, is_short) in [(0.5, false), (1.0, true)] {
        let records = [
            of_scenario(0, &[("iterations", 1.0)]),
            of_scenario(10, &[("iterations", 98.0), ("dropped_iterations", dropped)]),
        ];
        for set in [Some(&set), None] {
            let row = run(&records, set)[0].clone();
            assert_eq!((row["dropped"].as_f64(), &row["short"]), (Some(dropped), &is_short.into()), "{row}");
        }
    }
    let reached = [of_scenario(0, &[("iterations", 1.0)]), of_scenario(10, &[("iterations", 98.0)])];
    assert_eq!(run(&reached, Some(&set))[0]["short"], false);
    assert_eq!(run(&reached, None), serde_json::json!([]));
}
