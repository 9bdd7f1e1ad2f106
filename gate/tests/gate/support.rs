//! Runs to judge.

use loadgate_documents::{
    Contains, GateVerdict, Generator, Health, Metric, MetricType, ObjectiveResult, RequestRow, RunState,
    Summary, Tables, TrendValues, Values,
};
use loadgate_gate::{Baseline, Objectives, judge};

/// Durations whose p(95) is `p95`, ten thousand of them.
pub fn durations(p95: f64) -> Metric {
    let trend = TrendValues {
        count: Some(10_000),
        avg: Some(p95 * 0.5),
        min: Some(p95 * 0.1),
        med: Some(p95 * 0.4),
        max: Some(p95 * 2.0),
        percentiles: vec![(90.0, Some(p95 * 0.9)), (95.0, Some(p95)), (99.0, Some(p95 * 1.3))],
        sum: Some(p95 * 5_000.0),
    };
    Metric::of(MetricType::Trend, Contains::Time, Values::Trend(trend))
}

pub fn share(passes: u64, fails: u64) -> Metric {
    let rate = passes as f64 / (passes + fails).max(1) as f64;
    Metric::of(MetricType::Rate, Contains::Default, Values::Rate { rate, passes, fails })
}

pub fn counter(count: f64) -> Metric {
    Metric::of(MetricType::Counter, Contains::Default, Values::Counter { count, rate: count / 100.0 })
}

/// A whole and healthy run of 100 s with a p(95) of so many ms.
pub fn run(id: &str, p95: f64) -> Summary {
    let mut summary = Summary {
        run: id.to_owned(),
        test: "shop".to_owned(),
        state: RunState::Ended,
        start: 1_795_222_000_000,
        end: 1_795_222_100_000,
        health: Health {
            samples: 100_000,
            thresholds_known: true,
            generators: vec![Generator { source: "k6-1".to_owned(), vus: 0.0, last_seen: 1_795_222_099_000 }],
            ..Health::default()
        },
        tables: Tables {
            requests: ["login", "cart"]
                .map(|name| RequestRow {
                    key: vec!["GET".to_owned(), name.to_owned()],
                    count: 5_000.0,
                    rate: 50.0,
                    failed: Some(0.01),
                    avg: Some(p95 * 0.5),
                    min: Some(p95 * 0.1),
                    med: Some(p95 * 0.4),
                    max: Some(p95 * 2.0),
                    p90: Some(p95 * 0.9),
                    p95: Some(p95),
                    p99: Some(p95 * 1.3),
                    time: p95 * 2_500.0,
                    ..RequestRow::default()
                })
                .to_vec(),
            ..Tables::default()
        },
        ..Summary::default()
    };
    for (name, metric) in [
        ("http_req_duration", durations(p95)),
        ("http_req_duration{name:login}", durations(p95)),
        ("http_req_failed", share(100, 9_900)),
        ("checks", share(990, 10)),
        ("http_reqs", counter(10_000.0)),
    ] {
        summary.metrics.insert(name.to_owned(), metric);
    }
    summary
}

/// A file with one objective of these lines.
pub fn file(lines: &str) -> Objectives {
    let text =
        format!("objectives:\n  - name: It\n{}", lines.replace("\n        ", "\n").replace('\t', "    "));
    Objectives::read(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// One objective on an expression, with a criterion.
pub fn asks(expression: &str, pass: &str) -> Objectives {
    file(&format!("    expression: {expression:?}\n    pass: {pass:?}"))
}

/// The whole, without a baseline.
pub fn verdict(summary: &Summary, objectives: &Objectives) -> GateVerdict {
    judge(summary, objectives, &Baseline::None)
}

/// The last objective.
pub fn one(summary: &Summary, objectives: &Objectives, baseline: &Baseline) -> ObjectiveResult {
    judge(summary, objectives, baseline).objectives.pop().expect("an objective")
}
