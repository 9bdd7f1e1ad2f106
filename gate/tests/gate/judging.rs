//! What becomes of figures, criteria and evidence.

use crate::support::{asks, counter, durations, file, one, run, share, verdict};
use loadgate_documents::ObjectiveState::{self, Error, Fail, Info, Pass, Warning};
use loadgate_documents::format::Unit;
use loadgate_documents::{
    Contains, Generator, Metric, MetricType, Origin, Outcome, RunState, Span, Summary, ThresholdRow, Values,
    WantedLoad,
};
use loadgate_gate::{Baseline, Evidence, Expression, Objectives, Part, Window, judge};

fn state(summary: &Summary, expression: &str, pass: &str) -> ObjectiveState {
    one(summary, &asks(expression, pass), &Baseline::None).state
}

fn against(p95: f64, base: &[&Summary], lines: &str) -> loadgate_documents::ObjectiveResult {
    let runs = base.iter().map(|run| *run as &dyn Evidence).collect();
    one(&run("shop.9", p95), &file(lines), &Baseline::Runs(runs))
}

const P95: &str = "    expression: http_req_duration p(95)\n";

#[test]
fn every_form_of_a_criterion_holds_on_its_side_and_not_on_the_other() {
    for (pass, good, bad) in [
        ("< 500", 499.9, 500.0),
        ("<= 500ms", 500.0, 500.1),
        ("> 0.5s", 500.1, 500.0),
        (">= 500", 500.0, 499.9),
        ("== 500", 500.0, 499.0),
        ("= 500", 500.0, 501.0),
        ("!= 500", 499.0, 500.0),
        ("200..500ms", 200.0, 199.9),
        ("0.2s .. 0.5s", 500.0, 500.1),
        ("< 0.5 s", 400.0, 600.0),
        ("< 500000us", 400.0, 600.0),
        ("< 0.01m", 500.0, 700.0),
    ] {
        for (value, wanted) in [(good, Pass), (bad, Fail)] {
            assert_eq!(
                state(&run("shop.1", value), "http_req_duration p(95)", pass),
                wanted,
                "{value} {pass}"
            );
        }
    }
}

#[test]
fn every_kind_of_figure_is_found_with_its_unit() {
    let mut summary = run("shop.1", 400.0);
    let data = Values::Counter { count: 5e6, rate: 5e4 };
    summary.metrics.insert("data_sent".to_owned(), Metric::of(MetricType::Counter, Contains::Data, data));
    let gauge = Values::Gauge { value: 1.0, min: 0.0, max: 50.0 };
    summary.metrics.insert("vus".to_owned(), Metric::of(MetricType::Gauge, Contains::Default, gauge));
    summary.health.late = 10;
    summary.health.wanted =
        vec![WantedLoad { wanted: 1_000.0, reached: Some(900.0), ..WantedLoad::default() }];
    for (expression, pass, value, unit) in [
        ("http_req_duration p(95)", "< 1s", 400.0, Unit::Time),
        ("http_req_duration p(50)", "< 1s", 160.0, Unit::Time),
        ("http_req_duration count", "> 0", 10_000.0, Unit::Count),
        ("http_req_duration{name:login} p(95)", "< 1s", 400.0, Unit::Time),
        ("checks rate", ">= 99%", 0.99, Unit::Ratio),
        ("checks fails", "<= 10", 10.0, Unit::Count),
        ("checks passes", "== 990", 990.0, Unit::Count),
        ("http_reqs rate", ">= 100/s", 100.0, Unit::Rate),
        ("http_reqs count", ">= 10000", 10_000.0, Unit::Count),
        ("data_sent count", "< 10MB", 5e6, Unit::Data),
        ("data_sent rate", "< 60kB/s", 5e4, Unit::DataRate),
        ("vus max", "== 50", 50.0, Unit::Count),
        ("request GET login p(95)", "< 500ms", 400.0, Unit::Time),
        ("request GET login failed", "< 1.1%", 0.01, Unit::Ratio),
        ("request GET login rate", "> 10/s", 50.0, Unit::Rate),
        ("request GET login count", "== 5000", 5_000.0, Unit::Count),
        ("health late count", "<= 10", 10.0, Unit::Count),
        ("health late share", "< 1%", 0.0001, Unit::Ratio),
        ("health refused count", "== 0", 0.0, Unit::Count),
        ("health reached share", ">= 90%", 0.9, Unit::Ratio),
        ("health generators count", "== 1", 1.0, Unit::Count),
        ("health samples count", "> 1e4", 100_000.0, Unit::Count),
    ] {
        let result = one(&summary, &asks(expression, pass), &Baseline::None);
        let found = (result.state, result.observed, result.unit);
        assert_eq!(found, (Pass, Some(value), unit), "{expression} {pass}: {}", result.reason);
    }
}

#[test]
fn without_data_nobody_can_tell_unless_the_file_says_what_that_means() {
    let mut summary = run("shop.1", 400.0);
    summary.metrics.insert("nothing".to_owned(), share(0, 0));
    summary.metrics.insert("silent".to_owned(), counter(0.0));
    for (expression, reason) in [
        ("nothing rate", "There is no data of nothing."),
        ("silent count", "There is no data of silent."),
        ("missing p(95)", "There is no data of missing."),
        ("request GET nowhere p(95)", "There is no request GET nowhere."),
        ("health dropped count", "No scenario of the test asks for a rate of arrivals."),
    ] {
        for (word, wanted) in [("error", Error), ("fail", Fail), ("pass", Pass)] {
            let lines = format!("    expression: {expression}\n    pass: < 1\n    without-data: {word}");
            let result = one(&summary, &file(&lines), &Baseline::None);
            assert_eq!((result.state, result.observed), (wanted, None), "{expression}");
            assert!(result.reason.starts_with(reason), "{}", result.reason);
        }
        assert_eq!(state(&summary, expression, "< 1"), Error);
        let asked_nothing = file(&format!("    expression: {expression}"));
        assert_eq!(one(&summary, &asked_nothing, &Baseline::None).state, Info);
    }
}

#[test]
fn what_cannot_be_told_is_an_error_even_where_no_data_would_pass() {
    let mut summary = run("shop.1", 400.0);
    let mut untyped = share(5, 5);
    untyped.unknown = Some(vec![MetricType::Counter, MetricType::Rate]);
    summary.metrics.insert("errors".to_owned(), untyped);
    summary
        .metrics
        .insert("score".to_owned(), Metric::of(MetricType::Trend, Contains::Default, durations(5.0).values));
    summary.tables.requests[0].key = vec!["(other)".to_owned()];
    for (expression, pass, reason) in [
        ("errors rate", "< 1", "The type of errors is not known: counter or rate."),
        ("http_req_duration p(97)", "< 1", "The summary has no p(97) of http_req_duration."),
        ("score rate", "< 1", "score is a trend and has no rate."),
        ("score p(95)", "< 5ms", "\"< 5ms\" is in time, but the figure is in plain numbers."),
        ("request GET login p(95)", "< 1", "GET login has no row of its own, and may be among the others."),
    ] {
        let lines = format!("    expression: {expression}\n    pass: {pass}\n    without-data: pass");
        let result = one(&summary, &file(&lines), &Baseline::None);
        assert_eq!((result.state, result.reason.as_str()), (Error, reason));
    }
}

#[test]
fn a_result_says_what_it_saw_what_was_asked_and_by_how_much() {
    let result = one(&run("shop.1", 612.0), &file(&format!("{P95}    pass: < 500ms")), &Baseline::None);
    assert_eq!(result.reason, "612\u{a0}ms does not meet < 500ms.");
    assert_eq!(
        (result.observed, result.limit, result.criterion.as_str()),
        (Some(612.0), Some(500.0), "< 500ms")
    );
    assert!((result.margin.unwrap() + 0.224).abs() < 1e-9);
    assert_eq!((result.weight, result.key, result.origin), (1.0, false, Origin::File));

    let warned = file(&format!("{P95}    pass: < 500ms\n    warn: < 800ms"));
    let result = one(&run("shop.1", 612.0), &warned, &Baseline::None);
    assert_eq!(result.state, Warning);
    assert_eq!(result.reason, "612\u{a0}ms does not meet < 500ms, but < 800ms, which is a warning.");
    let result = one(&run("shop.1", 900.0), &warned, &Baseline::None);
    assert_eq!((result.state, result.limit), (Fail, Some(800.0)));
    assert_eq!(result.reason, "900\u{a0}ms does not meet < 500ms, nor < 800ms.");

    // Of several that hold, the nearest bound counts.
    let both = file(&format!("{P95}    pass: [< 500ms, '> 100ms']"));
    let result = one(&run("shop.1", 400.0), &both, &Baseline::None);
    assert_eq!(result.reason, "400\u{a0}ms meets < 500ms and > 100ms.");
    assert_eq!((result.state, result.limit), (Pass, Some(500.0)));
    let result = one(&run("shop.1", 90.0), &both, &Baseline::None);
    assert_eq!((result.state, result.reason.as_str()), (Fail, "90.0\u{a0}ms does not meet > 100ms."));
}

#[test]
fn relative_criteria_compare_with_the_baseline() {
    let base = run("shop.1", 500.0);
    for (pass, good, bad) in [
        ("<= +10%", 550.0, 551.0),
        (">= -10%", 450.0, 449.0),
        ("<= +50ms", 550.0, 551.0),
        ("<= +0.05s", 550.0, 551.0),
        ("<= +50", 550.0, 551.0),
        ("<= -10%", 450.0, 451.0),
        ("< +0%", 499.0, 500.0),
    ] {
        for (value, wanted) in [(good, Pass), (bad, Fail)] {
            let result = against(value, &[&base], &format!("{P95}    pass: {pass:?}"));
            assert_eq!(result.state, wanted, "{value} {pass}: {}", result.reason);
        }
    }
    let result = against(560.0, &[&base], &format!("{P95}    pass: <= +10%"));
    assert_eq!(
        result.reason,
        "560\u{a0}ms does not meet <= +10% (the bound is 550\u{a0}ms, the baseline 500\u{a0}ms)."
    );
    let figure = result.baseline.unwrap();
    assert_eq!(
        (figure.value, figure.runs.as_slice(), figure.aggregate),
        (500.0, &["shop.1".to_owned()][..], None)
    );
    assert!((figure.change.unwrap() - 0.12).abs() < 1e-9);
    // Also where nothing is asked of it.
    assert!(against(560.0, &[&base], P95).baseline.is_some());
}

#[test]
fn a_baseline_of_several_runs_is_one_value_of_theirs() {
    let runs = [100.0, 200.0, 400.0, 300.0, 1_000.0].map(|p95| run("shop.x", p95));
    let runs: Vec<&Summary> = runs.iter().collect();
    for (aggregate, value) in
        [("avg", 400.0), ("median", 300.0), ("min", 100.0), ("max", 1_000.0), ("p(90)", 760.0)]
    {
        let text = format!(
            "baseline: {{passed: 5, aggregate: {aggregate}}}\nobjectives:\n  - name: It\n{P95}    pass: <= +10%"
        );
        let objectives = Objectives::read(&text).unwrap();
        let evidence = runs.iter().map(|run| *run as &dyn Evidence).collect();
        let figure = one(&run("shop.9", 100.0), &objectives, &Baseline::Runs(evidence)).baseline.unwrap();
        assert!((figure.value - value).abs() < 1e-9, "{aggregate}: {}", figure.value);
        assert_eq!(figure.runs.len(), 5);
        assert_eq!(figure.aggregate.as_deref(), Some(if aggregate == "median" { "med" } else { aggregate }));
    }
}

#[test]
fn before_there_is_a_baseline_relative_criteria_only_inform_but_fixed_ones_count() {
    let relative = format!("{P95}    pass: [< 500ms, <= +10%]\n    warn: <= +20%");
    let result = one(&run("shop.1", 400.0), &file(&relative), &Baseline::None);
    assert_eq!(result.state, Info);
    assert_eq!(result.reason, "There is no baseline yet to hold <= +10% against.");
    assert_eq!(one(&run("shop.1", 600.0), &file(&relative), &Baseline::None).state, Warning);
    let fixed = format!("{P95}    pass: [< 500ms, <= +10%]");
    assert_eq!(one(&run("shop.1", 600.0), &file(&fixed), &Baseline::None).state, Fail);
    // A run that did not measure it yet is none.
    let mut older = run("shop.1", 500.0);
    older.metrics.clear();
    assert_eq!(against(400.0, &[&older], &fixed).state, Info);
    // The one that was asked for and is not there is another matter.
    let gone = Baseline::Unavailable("The run shop.7 is not there any more.".to_owned());
    let result = one(&run("shop.1", 400.0), &file(&fixed), &gone);
    assert_eq!((result.state, result.reason.as_str()), (Error, "The run shop.7 is not there any more."));
    assert_eq!(one(&run("shop.1", 400.0), &file(&format!("{P95}    pass: < 500ms")), &gone).state, Pass);
    // Nor is one whose figures nobody can tell.
    let mut untyped = run("shop.1", 500.0);
    untyped.metrics.get_mut("http_req_duration").unwrap().unknown = Some(vec![MetricType::Trend]);
    let result = against(400.0, &[&untyped], &fixed);
    assert_eq!(result.reason, "In the baseline shop.1: The type of http_req_duration is not known: trend.");
    assert_eq!(result.state, Error);
}

#[test]
fn surely_fails_only_what_can_hardly_be_chance() {
    let checks = |passes, fails| {
        let mut summary = run("shop.1", 400.0);
        summary.metrics.insert("checks".to_owned(), share(passes, fails));
        summary
    };
    let judged = |own: &Summary, base: &Summary| {
        let objectives = asks("checks rate", ">= -1% surely");
        one(own, &objectives, &Baseline::Runs(vec![base as &dyn Evidence]))
    };
    // Two of a hundred may be chance, two of each hundred of a hundred thousand may not.
    let few = judged(&checks(97, 3), &checks(99, 1));
    assert_eq!(few.state, Pass, "{}", few.reason);
    assert!(few.reason.contains("so it may be chance"), "{}", few.reason);
    let many = judged(&checks(97_000, 3_000), &checks(99_000, 1_000));
    assert_eq!(many.state, Fail, "{}", many.reason);
    assert!(many.reason.contains("so it is sure"), "{}", many.reason);
    assert_eq!(judged(&checks(99, 1), &checks(97, 3)).state, Pass);

    let lines =
        |figure: &str| format!("    expression: http_req_duration {figure}\n    pass: <= +10% surely");
    let base = run("shop.1", 500.0);
    assert_eq!(against(555.0, &[&base], &lines("p(95)")).state, Pass, "within what chance does");
    assert_eq!(against(700.0, &[&base], &lines("p(95)")).state, Fail);
    // A mean's interval takes a variance, which a summary has not: the plain comparison decides, and says so.
    let mean = against(555.0, &[&base], &lines("avg"));
    assert_eq!(mean.state, Fail);
    assert!(mean.reason.contains("the summary does not tell how far that may be chance"), "{}", mean.reason);
}

#[test]
fn k6s_thresholds_count_without_any_file_and_are_never_green_without_data() {
    let row = |expression: &str, observed, passes, unknown| ThresholdRow {
        metric: "http_req_duration".to_owned(),
        expression: expression.to_owned(),
        observed,
        passes,
        unknown,
        ..ThresholdRow::default()
    };
    for (row, wanted, reason) in [
        (row("p(95)<500", Some(400.0), Some(true), None), Pass, "400\u{a0}ms meets < 500\u{a0}ms."),
        (row("p(95)<300", Some(400.0), Some(false), None), Fail, "400\u{a0}ms does not meet < 300\u{a0}ms."),
        (row("p(95)<300", None, None, None), Error, "There is no data of http_req_duration."),
        (row("p(95)<300", None, Some(true), None), Error, "There is no data of http_req_duration."),
        (
            row("count>1", None, None, Some(vec![MetricType::Counter])),
            Error,
            "The type of http_req_duration is not known: counter.",
        ),
    ] {
        let mut summary = run("shop.2", 400.0);
        summary.thresholds = vec![row];
        let base = run("shop.1", 500.0);
        let verdict = judge(&summary, &Objectives::default(), &Baseline::Runs(vec![&base]));
        let result = &verdict.objectives[0];
        assert_eq!((verdict.state, result.state, result.reason.as_str()), (wanted, wanted, reason));
        assert_eq!((result.origin, result.key), (Origin::Threshold, true));
        if wanted == Pass {
            assert_eq!(
                (result.name.as_str(), result.expression.as_str(), result.criterion.as_str()),
                ("http_req_duration: p(95)<500", "http_req_duration p(95)", "< 500\u{a0}ms")
            );
            assert_eq!(result.baseline.as_ref().unwrap().change, Some(-0.2));
        }
        let ignored = Objectives::read("thresholds: ignore\nobjectives: []").unwrap();
        assert_eq!(judge(&summary, &ignored, &Baseline::None).objectives, []);
    }
}

#[test]
fn a_threshold_of_a_metric_that_was_asked_for_late_is_incomplete_once() {
    let mut summary = run("shop.1", 400.0);
    summary.metrics.get_mut("http_req_duration").unwrap().partial = true;
    let row = |expression: &str| ThresholdRow {
        metric: "http_req_duration".to_owned(),
        expression: expression.to_owned(),
        observed: Some(400.0),
        passes: Some(true),
        ..ThresholdRow::default()
    };
    summary.thresholds = vec![row("p(95)<500"), row("p(95)<600")];
    let verdict = verdict(&summary, &Objectives::default());
    assert_eq!((verdict.state, verdict.missing.len()), (Warning, 1));
}

#[test]
fn what_is_missing_is_said_and_keeps_the_verdict_from_passing() {
    let passing = asks("http_req_duration p(95)", "< 500ms");
    assert_eq!(verdict(&run("shop.1", 400.0), &passing).state, Pass);
    type Change = fn(&mut Summary);
    let cases: [(ObjectiveState, &str, Change); 11] = [
        (Error, "The run has no samples.", |run| run.health.samples = 0),
        (Error, "What is stored of the run is damaged.", |run| run.state = RunState::Unreadable),
        (Error, "It is not known which thresholds the test has", |run| run.health.thresholds_known = false),
        (Warning, "3 samples could not be read.", |run| run.health.refused = 3),
        (Warning, "2 samples had a time that cannot be", |run| run.health.misdated = 2),
        (Warning, "The load generator k6-2 vanished: nothing came after 0:20.", |run| {
            let last_seen = run.start + 20_000;
            run.health.generators.push(Generator { source: "k6-2".to_owned(), vus: 5.0, last_seen });
        }),
        (Warning, "peak did not reach the load that was asked for: 100 of 1,000 iterations", |run| {
            let scenario = "peak".to_owned();
            let load = WantedLoad {
                scenario,
                wanted: 1_000.0,
                dropped: 100.0,
                short: true,
                ..WantedLoad::default()
            };
            run.health.wanted = vec![load];
        }),
        (Warning, "The test did not end well: aborted by the script.", |run| {
            let text = "aborted by the script".to_owned();
            run.outcome = Some(Outcome { exit: Some(108), aborted: true, bad: true, text });
        }),
        (Warning, "The test did not end well: stopped by an exception.", |run| {
            let text = "stopped by an exception".to_owned();
            run.outcome = Some(Outcome { exit: Some(107), aborted: false, bad: true, text });
        }),
        (Warning, "http_req_duration was asked for after the run had begun", |run| {
            run.metrics.get_mut("http_req_duration").unwrap().partial = true;
        }),
        (Pass, "", |run| {
            // Crossed thresholds speak for themselves; late samples count in totals.
            run.outcome = Some(Outcome { exit: Some(99), aborted: false, bad: true, text: String::new() });
            run.health.late = 5;
        }),
    ];
    for (wanted, sentence, change) in cases {
        let mut summary = run("shop.1", 400.0);
        change(&mut summary);
        let verdict = verdict(&summary, &passing);
        assert_eq!(verdict.state, wanted, "{sentence}");
        assert_eq!(verdict.objectives[0].state, Pass, "{sentence}");
        assert_eq!(verdict.missing.is_empty(), wanted == Pass);
        assert!(verdict.missing.iter().all(|missing| missing.starts_with(sentence)), "{:?}", verdict.missing);
        assert_eq!(
            verdict.reason.contains("But the evidence is not complete: "),
            wanted != Pass,
            "{}",
            verdict.reason
        );
    }
    let mut unknown = run("shop.1", 400.0);
    unknown.health.thresholds_known = false;
    let ignore =
        Objectives::read(&format!("thresholds: ignore\nobjectives:\n  - name: It\n{P95}    pass: < 500ms"));
    assert_eq!(verdict(&unknown, &ignore.unwrap()).state, Pass, "a test of another tool has none");
}

#[test]
fn a_row_that_came_late_into_its_table_is_incomplete() {
    let mut summary = run("shop.1", 400.0);
    summary.tables.requests[0].missed = 7;
    let verdict = verdict(&summary, &asks("request GET login p(95)", "< 500ms"));
    assert_eq!(verdict.state, Warning);
    assert_eq!(verdict.missing, ["Up to 7 earlier samples of GET login are among the others."]);
}

#[test]
fn what_the_baseline_lacks_is_incomplete_where_something_is_compared_with_it() {
    let mut base = run("shop.1", 400.0);
    base.metrics.get_mut("http_req_duration").unwrap().partial = true;
    let judged = |pass| {
        judge(&run("shop.2", 400.0), &asks("http_req_duration p(95)", pass), &Baseline::Runs(vec![&base]))
    };
    let said = "In the baseline shop.1: http_req_duration was asked for after the run had begun, and lacks what came \
                before.";
    let relative = judged("<= +10%");
    assert_eq!((relative.state, relative.missing), (Warning, vec![said.to_owned()]));
    assert_eq!(judged("< 500ms").state, Pass);
}

/// A run of which parts are kept.
struct Kept {
    whole: Summary,
    steady: Summary,
    stretches: Vec<Summary>,
}

impl Evidence for Kept {
    fn whole(&self) -> &Summary {
        &self.whole
    }

    fn part(&self, _: &Expression, part: &Part) -> Result<Vec<&Summary>, String> {
        match part {
            Part { window: Window::Steady, stretch: None } => Ok(vec![&self.steady]),
            Part { window: Window::Whole, stretch: Some(10_000) } => Ok(self.stretches.iter().collect()),
            _ => Err("There is none.".to_owned()),
        }
    }

    fn missing(&self) -> Vec<String> {
        vec!["There is a gap of 12 s.".to_owned()]
    }
}

#[test]
fn parts_of_a_run_are_judged_where_their_figures_are_kept_and_are_an_error_elsewhere() {
    for line in ["window: steady", "window: {from: 10s}", "for: 10s"] {
        let objectives = file(&format!("{P95}    pass: < 500ms\n    {line}"));
        let result = one(&run("shop.1", 400.0), &objectives, &Baseline::None);
        assert_eq!(
            (result.state, result.reason.as_str()),
            (Error, "Figures of parts of the run are not kept.")
        );
    }
    let kept = Kept {
        whole: run("shop.1", 400.0),
        steady: Summary {
            window: Some(Span { start: 1_795_222_000_000 + 10_000, end: 1_795_222_000_000 + 70_000 }),
            ..run("shop.1", 450.0)
        },
        stretches: [300.0, 700.0, 600.0].map(|p95| run("shop.1", p95)).to_vec(),
    };
    let steady = file(&format!("{P95}    pass: [< 500ms, <= +1%]\n    window: steady"));
    let verdict = judge(&kept, &steady, &Baseline::Runs(vec![&kept]));
    assert_eq!(verdict.objectives[0].observed, Some(450.0));
    // The part is told as such, too, and the run's begin, by which it is told.
    assert_eq!((verdict.window, verdict.objectives[0].window), (None, kept.steady.window));
    assert_eq!(verdict.place(verdict.objectives[0].window).unwrap(), "from 0:10 to 1:10");
    let reason = &verdict.objectives[0].reason;
    assert!(reason.starts_with("From 0:10 to 1:10: 450\u{a0}ms"), "{reason}");
    assert_eq!(verdict.objectives[0].baseline.as_ref().unwrap().value, 450.0, "of the same window");
    assert_eq!(
        (verdict.state, verdict.missing.as_slice()),
        (Warning, &["There is a gap of 12 s.".to_owned()][..])
    );
    let each = file(&format!("{P95}    pass: < 500ms\n    for: 10s"));
    let result = judge(&kept, &each, &Baseline::None).objectives.remove(0);
    assert_eq!((result.state, result.observed), (Fail, Some(700.0)));
    assert!(result.reason.starts_with("In the worst stretch of 10\u{a0}s: 700\u{a0}ms"), "{}", result.reason);
    // The baseline of a part is that part.
    let plain = run("shop.0", 450.0);
    let result = judge(&kept, &steady, &Baseline::Runs(vec![&plain])).objectives.remove(0);
    let said = "From 0:10 to 1:10: In the baseline shop.0: Figures of parts of the run are not kept.";
    assert_eq!((result.state, result.reason.as_str()), (Error, said));
}

#[test]
fn a_verdict_tells_the_window_that_it_is_of_and_that_thresholds_do_not_count() {
    let window = Some(Span { start: 1_795_222_000_000 + 10_000, end: 1_795_222_000_000 + 70_000 });
    let part = Summary { window, ..run("shop.1", 400.0) };
    let verdict = judge(&part, &asks("http_req_duration p(95)", "< 500ms"), &Baseline::None);
    assert_eq!(verdict.place(verdict.window).unwrap(), "from 0:10 to 1:10");
    assert_eq!((verdict.objectives[0].window, verdict.thresholds_ignored), (None, false));
    let ignoring = Objectives { ignore_thresholds: true, ..Objectives::default() };
    let whole = judge(&run("shop.1", 400.0), &ignoring, &Baseline::None);
    assert_eq!((whole.window, whole.start, whole.thresholds_ignored), (None, None, true));
}

fn several(head: &str, lines: &[(&str, &str)]) -> Objectives {
    let mut text = format!("{head}objectives:\n");
    for (at, (pass, more)) in lines.iter().enumerate() {
        text.push_str(&format!("  - name: n{at}\n{P95}    pass: {pass}\n{more}"));
    }
    if lines.is_empty() {
        text = format!("{head}objectives: []");
    }
    Objectives::read(&text).unwrap()
}

const WARNS: &str = "    warn: < 1s\n";

#[test]
fn without_a_score_the_worst_decides_and_the_share_stands_beside_it() {
    let summary = run("shop.1", 400.0);
    let (good, bad) = ("< 500", "< 300");
    for (lines, wanted, score) in [
        (vec![(good, ""), (good, "")], Pass, Some(100.0)),
        (vec![(good, ""), (bad, WARNS)], Warning, Some(75.0)),
        (vec![(good, "    weight: 3\n"), (bad, "")], Fail, Some(75.0)),
        (vec![(good, ""), (bad, "    weight: 0\n")], Fail, Some(100.0)),
        (vec![(good, ""), ("<= +1%", "")], Pass, Some(100.0)),
        (vec![("<= +1%", "")], Info, None),
        (vec![], Info, None),
        (vec![(good, ""), (bad, ""), (good, "    window: steady\n")], Fail, Some(33.0)),
        (vec![(good, ""), (good, "    window: steady\n")], Error, Some(50.0)),
    ] {
        let verdict = verdict(&summary, &several("", &lines));
        let found = (verdict.state, verdict.score.map(f64::round));
        assert_eq!(found, (wanted, score), "{lines:?}");
    }
}

#[test]
fn a_score_decides_where_it_is_asked_for_except_over_key_objectives_and_errors() {
    let summary = run("shop.1", 400.0);
    let (good, bad) = ("< 500", "< 300");
    let head = "score: {pass: 90%, warn: 75%}\n";
    for (lines, wanted) in [
        (vec![(good, "    weight: 9\n"), (bad, "")], Pass),
        (vec![(good, "    weight: 3\n"), (bad, "")], Warning),
        (vec![(good, ""), (bad, "")], Fail),
        (vec![(good, "    weight: 9\n"), (bad, "    key: true\n")], Fail),
        (vec![(good, "    weight: 9\n"), (bad, "    key: true\n    warn: < 1s\n")], Pass),
        (vec![(good, "    weight: 9\n"), (good, "    window: steady\n")], Error),
        (vec![("<= +1%", "")], Info),
    ] {
        let verdict = verdict(&summary, &several(head, &lines));
        assert_eq!(verdict.state, wanted, "{lines:?}: {}", verdict.reason);
    }
}

#[test]
fn the_reason_of_the_whole_is_a_sentence() {
    let summary = run("shop.1", 400.0);
    let reason = |lines: &[(&str, &str)]| verdict(&summary, &several("", lines)).reason;
    assert_eq!(reason(&[]), "There are no objectives.");
    assert_eq!(reason(&[("< 500", ""), ("< 500", "")]), "2 of 2 objectives passed.");
    assert_eq!(reason(&[("< 300", "")]), "1 of 1 objective failed: n0.");
    assert_eq!(reason(&[("< 300", ""); 5]), "5 of 5 objectives failed: n0, n1, n2 and 2 more.");
    assert_eq!(reason(&[("< 500", ""), ("< 300", WARNS)]), "1 of 2 objectives is a warning: n1.");
    assert_eq!(reason(&[("< 500", "    window: steady\n")]), "1 of 1 objective cannot be judged: n0.");
    let scored = several("score: {pass: 90%, warn: 50%}\n", &[("< 500", ""), ("< 300", "")]);
    assert_eq!(verdict(&summary, &scored).reason, "The score is 50\u{a0}%. 1 of 2 objectives failed: n1.");
    let mut live = summary.clone();
    live.state = RunState::Live;
    assert!(verdict(&live, &scored).provisional);
}
