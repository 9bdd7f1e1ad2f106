//! What is said of figures, whichever the method: directions, loads, and what cannot be told.

use loadgate_comparison::{Block, Blocks, Series, Side, compare};
use loadgate_documents::{
    ComparedFigure, Comparison, Contains, Metric, MetricType, Says, Span, Summary, ThresholdRow, TrendValues,
    Turn, Values,
};
use std::collections::BTreeMap;

/// A run of 40 s whose blocks are all like the one that is given.
#[derive(Default)]
struct Run {
    summary: Summary,
    series: BTreeMap<Series, Blocks>,
}

fn run() -> Run {
    let mut run = Run::default();
    run.summary.window = Some(Span { start: 0, end: 40_000 });
    run
}

impl Run {
    fn with(mut self, name: &str, kind: (MetricType, Contains), values: Values, block: Block) -> Self {
        self.summary.metrics.insert(name.to_owned(), Metric::of(kind.0, kind.1, values));
        let blocks = (0..20).map(|at| (at, block.clone())).collect();
        self.series.insert(Series::Metric(name.to_owned()), blocks);
        self
    }

    fn counter(self, name: &str, per_block: f64) -> Self {
        let values = Values::Counter { count: per_block * 20.0, rate: per_block / 2.0 };
        let block = Block { count: per_block, nonzero: per_block, sum: per_block, values: Vec::new() };
        self.with(name, (MetricType::Counter, Contains::Default), values, block)
    }

    /// A trend of which a wire tells no more than count and sum.
    fn mean(self, name: &str, contains: Contains, avg: f64) -> Self {
        let values =
            Values::Trend(TrendValues { count: Some(2_000), avg: Some(avg), ..TrendValues::default() });
        let block = Block { count: 100.0, nonzero: 100.0, sum: avg * 100.0, values: Vec::new() };
        self.with(name, (MetricType::Trend, contains), values, block)
    }

    fn vus(self, most: f64) -> Self {
        let values = Values::Gauge { value: 0.0, min: 0.0, max: most };
        self.with("vus", (MetricType::Gauge, Contains::Default), values, Block::default())
    }

    fn threshold(mut self, metric: &str, expression: &str, passes: Option<bool>) -> Self {
        let (metric, expression) = (metric.to_owned(), expression.to_owned());
        self.summary.thresholds.push(ThresholdRow { metric, expression, passes, ..ThresholdRow::default() });
        self
    }
}

fn compared(run: &Run, other: &Run) -> Comparison {
    let [run, other] = [(run, "now"), (other, "before")].map(|(Run { summary, series }, name)| Side {
        summary,
        series,
        name,
    });
    compare(run, other)
}

#[track_caller]
fn says(comparison: &Comparison, metric: &str, figure: &str) -> Says {
    found(comparison, metric, figure).says
}

#[track_caller]
fn found<'a>(comparison: &'a Comparison, metric: &str, figure: &str) -> &'a ComparedFigure {
    comparison.of_run(metric, figure).expect("the figure")
}

#[test]
fn which_way_is_worse_is_what_the_metric_says_else_what_thresholds_say_else_nobody() {
    let before = run().counter("http_reqs", 100.0).counter("orders", 100.0).counter("logins", 100.0);
    let before = before.mean("http_req_duration", Contains::Time, 100.0);
    let now = run().counter("http_reqs", 80.0).counter("orders", 80.0).counter("logins", 80.0);
    let now = now.mean("http_req_duration", Contains::Time, 80.0).threshold("orders", "count>10", Some(true));
    let comparison = compared(&now, &before);
    assert_eq!(says(&comparison, "http_reqs", "rate"), Says::Worse);
    assert_eq!(says(&comparison, "http_req_duration", "avg"), Says::Better);
    assert_eq!(says(&comparison, "orders", "rate"), Says::Worse);
    assert_eq!(says(&comparison, "logins", "rate"), Says::Differs);
    assert_eq!(comparison.says, Says::Worse, "one that is worse outweighs what is better");
    assert!(comparison.sentence.contains("Better: "), "{}", comparison.sentence);
}

#[test]
fn what_never_came_before_is_found_though_no_share_of_nothing_can_be_told() {
    let (before, now) = (run().counter("dropped_iterations", 0.0), run().counter("dropped_iterations", 9.0));
    let comparison = compared(&now, &before);
    let dropped = found(&comparison, "dropped_iterations", "rate");
    assert_eq!((dropped.says, dropped.change, dropped.interval), (Says::Worse, None, None));
    assert_eq!(dropped.text, "+4.50/s");
    assert_eq!(says(&compared(&before, &before), "dropped_iterations", "rate"), Says::None);
}

#[test]
fn a_trend_without_distribution_is_judged_by_its_mean_and_one_run_without_says_so() {
    let (before, now) =
        (run().mean("wait", Contains::Time, 100.0), run().mean("wait", Contains::Time, 150.0));
    let comparison = compared(&now, &before);
    let wait: Vec<_> = comparison.figures.iter().map(|one| (one.figure.as_str(), one.says)).collect();
    assert_eq!(wait, [("avg", Says::Worse)], "no row of what nobody knows");
    let mut with = run().mean("wait", Contains::Time, 100.0);
    if let Some(Values::Trend(trend)) = with.summary.metrics.get_mut("wait").map(|metric| &mut metric.values)
    {
        trend.med = Some(90.0);
    }
    let comparison = compared(&now, &with);
    assert_eq!(says(&comparison, "wait", "med"), Says::Unknown);
    assert!(comparison.notes.iter().any(|note| note.contains("no distribution")), "{:?}", comparison.notes);
}

#[test]
fn rates_under_another_load_are_not_compared_and_durations_are_with_a_note() {
    let of = |vus: f64, rate: f64, avg: f64| {
        run().vus(vus).counter("http_reqs", rate).mean("http_req_duration", Contains::Time, avg)
    };
    let comparison = compared(&of(20.0, 200.0, 150.0), &of(10.0, 100.0, 100.0));
    assert_eq!(says(&comparison, "http_reqs", "rate"), Says::Unlike);
    assert_eq!(says(&comparison, "http_req_duration", "avg"), Says::Worse);
    assert!(comparison.notes[0].contains("percentiles may differ because of the load"));
    assert!(comparison.conditions.iter().any(|one| one.differs && one.title == "most VUs"));
    assert_eq!(
        says(&compared(&of(10.0, 80.0, 1.0), &of(10.0, 100.0, 1.0)), "http_reqs", "rate"),
        Says::Worse
    );
}

#[test]
fn nothing_kept_over_time_is_chance_that_cannot_be_told() {
    let imported = Run { series: BTreeMap::new(), ..run().mean("http_req_duration", Contains::Time, 150.0) };
    let comparison = compared(&imported, &run().mean("http_req_duration", Contains::Time, 100.0));
    let duration = found(&comparison, "http_req_duration", "avg");
    assert_eq!(
        (duration.says, duration.interval, duration.text.as_str()),
        (Says::Unknown, None, "+50\u{a0}%")
    );
    assert_eq!(comparison.says, Says::Unknown);
    assert!(comparison.notes.iter().any(|note| note.contains("chance cannot be told")));
}

#[test]
fn a_threshold_that_turned_stands_first_and_in_the_sentence() {
    let before = run().threshold("a", "p(95)<1", Some(true)).threshold("b", "p(95)<1", Some(true));
    let now = run().threshold("a", "p(95)<1", Some(true)).threshold("b", "p(95)<1", Some(false));
    let comparison = compared(&now, &before);
    assert_eq!((comparison.thresholds[0].metric.as_str(), comparison.thresholds[0].turn), ("b", Turn::Fails));
    assert!(
        comparison.sentence.ends_with("A threshold that held fails now, on b."),
        "{}",
        comparison.sentence
    );
}
