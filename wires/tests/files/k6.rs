//! k6's summaries and the recordings of its dashboard.

use crate::support::{assert_near, figures, fixture, good, json, percentiles, told};
use loadgate_documents::{Contains, MetricKind, MetricType};
use loadgate_wires::Value;
use loadgate_wires::files::{Format, k6_summary};

/// What the script of the recorded summaries did, in iterations.
struct Run {
    file: &'static str,
    iterations: u64,
    /// Of `http_req_duration`, from the run's samples.
    sum: f64,
    /// Whether the summary counts the samples of every trend.
    counts: bool,
    /// `None`: this form does not tell.
    thresholds: Option<usize>,
}

const RUNS: [Run; 4] = [
    Run { file: "k6-export.json", iterations: 50, sum: 6_129.543006, counts: false, thresholds: Some(4) },
    Run { file: "k6-handle.json", iterations: 48, sum: 6_001.999293, counts: true, thresholds: Some(4) },
    Run {
        file: "k6-machine-readable.json",
        iterations: 47,
        sum: 6_184.883092,
        counts: false,
        thresholds: None,
    },
    Run {
        file: "k6-machine-readable-handle.json",
        iterations: 48,
        sum: 6_010.045036,
        counts: false,
        thresholds: None,
    },
];

#[test]
fn every_form_of_the_summary_gives_the_runs_totals() {
    for Run { file, iterations, sum, counts, thresholds } in RUNS {
        let points = good(Format::K6Summary, &fixture(file)).points;
        let of = |metric: &str| figures(&points, metric, &[]);
        let requests = 2 * iterations;
        assert_eq!((of("http_reqs").count, of("http_reqs").sum), (requests, requests as f64), "{file}");
        assert_eq!(
            (of("http_req_failed").count, of("http_req_failed").nonzero),
            (requests, iterations),
            "{file}"
        );
        let times = of("http_req_duration");
        assert_eq!(times.count, requests, "{file}");
        assert_near(times.sum, sum, 1e-3);
        assert_eq!(of("iteration_duration").count, iterations, "{file}");
        assert_eq!(of("sold_items").sum, requests as f64, "{file}");
        assert_eq!(of("paid").count, iterations, "{file}");
        assert_eq!(
            (of("stock").max, of("stock").min, of("stock").last),
            (Some(40.0), of("stock").last, of("stock").min)
        );

        for (check, passes) in [("found", iterations), ("there", 0)] {
            let check = figures(&points, "checks", &[("check", check)]);
            assert_eq!((check.count, check.nonzero), (iterations, passes), "{file}");
        }
        assert_eq!(of("checks").count, requests, "{file}: checks are not counted twice");

        let cart = of("cart_value");
        if counts {
            assert_eq!((cart.count, cart.min, cart.max), (requests, Some(-2.0), Some(12.5)), "{file}");
        } else {
            assert_eq!(cart.count, 0, "{file}: how many there were is not told");
            let cart = told(&points, "cart_value");
            assert_eq!((cart.mean, cart.min, cart.max), (Some(5.25), Some(-2.0), Some(12.5)), "{file}");
        }
        let told = percentiles(&points, "http_req_duration");
        let of_rank = |rank: f64| told.iter().find(|(known, _)| *known == rank).map(|(_, value)| *value);
        assert!(of_rank(95.0) > of_rank(90.0), "{file}: {told:?}");
        assert!(of_rank(50.0) > Some(0.0) && of_rank(50.0) < of_rank(90.0), "{file}: {told:?}");
        let gauge = |point: &&loadgate_wires::Point| point.metric.starts_with("http_req_duration_");
        assert_eq!(points.iter().find(gauge), None, "{file}");
        let part = percentiles(&points, "http_req_duration{name:search}");
        assert!(part.len() >= 3 && part != told, "{file}: {part:?}");
        assert_eq!(
            k6_summary::read(&fixture(file)).expect("a summary").thresholds.map(|all| all.len()),
            thresholds,
            "{file}"
        );
    }
}

#[test]
fn thresholds_and_the_length_of_the_run_are_told() {
    let export = k6_summary::read(&fixture("k6-export.json")).expect("a summary");
    let handle = k6_summary::read(&fixture("k6-handle.json")).expect("a summary");
    for summary in [&export, &handle] {
        let judged = |metric: &str, threshold: &str| {
            let found = summary
                .thresholds
                .iter()
                .flatten()
                .find(|one| one.metric == metric && one.threshold == threshold);
            found.map(|found| found.passed)
        };
        assert_eq!(judged("http_req_duration", "avg<1"), Some(false));
        assert_eq!(judged("http_req_duration", "p(95)<500"), Some(true));
        assert_eq!(judged("http_req_duration{name:search}", "p(99)<300"), Some(true));
    }
    assert_eq!(handle.length_ns, 3_034_542_699);
    assert_near(export.length_ns as f64, 3.123e9, 1e6);
    assert_eq!((export.ended_ns, handle.ended_ns), (None, None));
    let new = k6_summary::read(&fixture("k6-machine-readable.json")).expect("a summary");
    assert_eq!((new.length_ns, new.ended_ns), (3_110_205_006, Some(1_795_708_250_949_159_941)));
}

/// Two forms of two runs of one script, in whose thresholds every kind of metric is divided by tags.
#[test]
fn submetrics_keep_their_names_and_figures_and_those_without_samples_tell_nothing() {
    for file in ["../k6/submetrics/summary.json", "../k6/submetrics/machine-readable.json"] {
        let points = good(Format::K6Summary, &fixture(file)).points;
        let of = |name: &str| figures(&points, name, &[]);
        assert_eq!((of("http_reqs").count, of("http_reqs{region:eu}").count), (80, 40), "{file}");
        assert_eq!((of("sold").sum, of("sold{region:eu}").sum), (160.0, 120.0), "{file}");
        let failed = of("http_req_failed{region:us}");
        assert_eq!((failed.count, failed.nonzero), (40, 40), "{file}");
        assert_eq!((of("paid{region:us}").count, of("paid{region:us}").nonzero), (40, 0), "{file}");
        assert_eq!(of("stock{region:us}").last, Some(3.0), "{file}");
        // As many as requests of these tags, which are counted; of its own trend nobody says how many there were.
        let (times, wait) = (of("http_req_duration{region:eu}"), told(&points, "wait{region:eu}"));
        assert_eq!((times.count, of("wait{region:eu}").count), (40, 0), "{file}");
        // They are the same samples.
        assert_near(times.sum, 40.0 * wait.mean.expect("told"), 1e-9);
        assert_eq!((times.min, times.max), (wait.min, wait.max), "{file}");
        assert_eq!(percentiles(&points, "http_req_duration{region:eu}"), wait.percentiles, "{file}");
        assert_eq!(told(&points, "http_req_duration{region:eu, status:200}").mean, wait.mean, "{file}");
        assert_ne!(told(&points, "wait").mean, wait.mean, "{file}");
        let silent = |point: &&loadgate_wires::Point| point.metric.contains("region:none");
        assert_eq!(points.iter().find(silent), None, "{file}");
    }
}

/// Of k6 0.45.1, against what was computed from the samples of the run.
#[test]
fn an_older_summary_comes_to_the_runs_samples() {
    let expected = json("k6-0.45.expected.json");
    let points = good(Format::K6Summary, &fixture("k6-0.45.json")).points;
    for (metric, known) in expected["metrics"].as_object().expect("metrics") {
        let number = |key: &str| known[key].as_f64().expect("a number");
        let found = figures(&points, metric, &[]);
        match known["type"].as_str().expect("a type") {
            "trend" => {
                assert_eq!(found.count as f64, number("count"), "{metric}");
                assert_near(found.sum, number("sum"), 1e-6);
                assert_eq!(
                    (found.min, found.max),
                    (known["min"].as_f64(), known["max"].as_f64()),
                    "{metric}"
                );
            }
            "rate" => {
                assert_eq!((found.count as f64, found.sum), (number("count"), number("sum")), "{metric}")
            }
            "counter" => assert_near(found.sum, number("sum"), 1e-6),
            _ => {
                assert_eq!(
                    (found.min, found.max),
                    (known["min"].as_f64(), known["max"].as_f64()),
                    "{metric}"
                );
                assert_eq!(found.last, known["last"].as_f64(), "{metric}");
            }
        }
    }
}

#[test]
fn kinds_are_told_or_show() {
    let kind = |file: &str, metric: &str| {
        let points = good(Format::K6Summary, &fixture(file)).points;
        points.iter().find(|point| point.metric == metric).and_then(|point| point.kind)
    };
    let counter = Some(MetricKind { metric_type: MetricType::Counter, contains: Contains::Default });
    let rate = Some(MetricKind { metric_type: MetricType::Rate, contains: Contains::Default });
    let times = Some(MetricKind { metric_type: MetricType::Trend, contains: Contains::Time });
    for Run { file, counts, .. } in RUNS {
        assert_eq!(kind(file, "sold_items"), counter, "{file}");
        assert_eq!(kind(file, "paid"), rate, "{file}");
        assert_eq!(kind(file, "iteration_duration"), times, "{file}");
        if counts {
            assert_eq!(kind(file, "own_wait"), times, "{file}");
        }
    }
}

#[test]
fn a_metric_that_says_nothing_is_refused_and_the_others_are_read() {
    let file = r#"{"metrics": {"http_reqs": {"count": 3, "rate": 1}, "orders": {"colour": 3}, "http_req_failed": {"value": 0.1},
        "wait": {"type": "trend", "contains": "time", "values": {"avg": null, "max": 1e400}}}}"#;
    let (seen, end) = crate::support::in_pieces(Format::K6Summary, file.as_bytes(), 10);
    assert!(end.is_err(), "1e400 is no number of JSON's");
    assert_eq!(seen.points, []);
    let (seen, end) =
        crate::support::in_pieces(Format::K6Summary, file.replace("1e400", "null").as_bytes(), 10);
    assert_eq!(end, Ok(()));
    assert_eq!(figures(&seen.points, "http_reqs", &[]).count, 3);
    let reasons: Vec<_> = seen.refused.iter().map(|(_, wrong)| wrong.reason.as_ref()).collect();
    assert_eq!(
        reasons,
        ["a metric has none of a kind's values", "a rate does not tell how many samples it is of"]
    );
}

#[test]
fn a_recording_of_the_dashboard_comes_to_the_runs_summary() {
    let summary = json("k6-dashboard.summary.json");
    let metrics = summary["metrics"].as_object().expect("metrics");
    let points = good(Format::K6Recording, &fixture("k6-dashboard.ndjson")).points;
    for (metric, known) in metrics.iter().filter(|(metric, _)| !metric.contains('{')) {
        let known = |key: &str| known[key].as_f64();
        let found = figures(&points, metric, &[]);
        if let (Some(count), Some(_)) = (known("count"), known("rate")) {
            assert_near(found.sum, count, count * 1e-9);
        } else if known("passes").is_some() && metric == "http_req_failed" {
            assert_eq!(Some(found.nonzero as f64), known("passes"), "{metric}");
            assert_eq!(Some(found.count as f64), metrics["http_reqs"]["count"].as_f64(), "{metric}");
        } else if let (Some(avg), true) = (known("avg"), metric.starts_with("http_req_")) {
            // Of five digits, cut.
            assert_near(found.sum / found.count as f64, avg, avg * 1e-4 + 1e-5);
            let (least, most) = (known("min").expect("told"), known("max").expect("told"));
            assert_near(found.min.expect("told"), least, least * 1e-4 + 1e-5);
            assert_near(found.max.expect("told"), most, most * 1e-4 + 1e-5);
            let p95 = figures(&points, &format!("{metric}_p95"), &[]).last.expect("told");
            assert_near(p95, known("p(95)").expect("told"), p95 * 1e-4 + 1e-5);
        }
    }
    let checks = figures(&points, "checks_rate", &[]).last.expect("told");
    assert_near(checks, metrics["checks"]["value"].as_f64().expect("told"), 1e-5);
    let lengths = points.iter().filter_map(|point| match point.value {
        Value::Interval { length_ns, .. } if point.metric == "http_reqs" => Some(length_ns),
        _ => None,
    });
    let lengths: Vec<i64> = lengths.collect();
    assert!(lengths.iter().all(|length| *length < 2_100_000_000), "{lengths:?}");
}

#[test]
fn a_recording_whose_arrays_do_not_fit_its_metrics_is_refused_there() {
    let recording = concat!(
        r#"{"event":"metric","data":{"http_reqs":{"type":"counter"},"time":{"type":"gauge","contains":"time"}}}"#,
        "\n",
        r#"{"event":"snapshot","data":[[3,1],[1795221972720],[4]]}"#,
        "\n",
        r#"{"event":"snapshot","data":[[3,1],[1795221974720]]}"#,
        "\n",
        r#"{"event":"snapshot","data":[[3,1],[]]}"#,
    );
    let (seen, end) = crate::support::in_pieces(Format::K6Recording, recording.as_bytes(), 7);
    assert_eq!((end, figures(&seen.points, "http_reqs", &[]).count), (Ok(()), 3));
    let refused: Vec<_> = seen.refused.iter().map(|(line, wrong)| (*line, wrong.reason.as_ref())).collect();
    assert_eq!(
        refused,
        [(2, "an event must have an array for each metric"), (4, "an event must have its time")]
    );
}
