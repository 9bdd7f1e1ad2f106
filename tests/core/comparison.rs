//! The comparison, held against recorded pairs of equal runs and of truly slower ones: false alarms and misses.

use crate::support::{Server, block_on, text};
use loadgate::ingest::Wire;
use loadgate::service::Window;
use loadgate_documents::{ComparedFigure, ComparedTable, Comparison, Says};

const TEST: &str = "shop";

/// Recordings one after the other, as runs 1, 2, … of a test.
fn recorded(names: &[&str]) -> Server {
    let server = Server::new();
    for name in names {
        let lines = text(&format!("pairs/{name}.json.gz"));
        let outcome = server.post(Wire::K6Json, TEST, "k6", lines.as_bytes());
        assert_eq!((outcome.receipt.refused, outcome.failure), (0, None));
        server.finish(TEST);
        server.pass(60_000);
    }
    server
}

fn compared(server: &Server, run: &str, with: &str, window: Window) -> Comparison {
    let document = block_on(server.service.comparison(run, Some(with), window)).expect("a comparison");
    serde_json::from_str(&document).expect("the document's own type")
}

/// What of a pair is called another than it was.
fn called(comparison: &Comparison) -> Vec<&ComparedFigure> {
    let called = |figure: &&ComparedFigure| {
        matches!(figure.says, Says::Worse | Says::Better | Says::Differs | Says::Added | Says::Gone)
    };
    comparison.figures.iter().filter(called).collect()
}

/// What is said of a recording against the first of the equal ones.
fn of_pair(name: &str) -> Comparison {
    compared(&recorded(&["same-1", name]), "shop.2", "shop.1", Window::Whole)
}

fn is_of_run(figure: &ComparedFigure) -> bool {
    figure.table == ComparedTable::Run
}

/// Whether a figure is of one request, under whichever name: its row, or a submetric or group that has it alone.
fn is_of(figure: &ComparedFigure, request: &str, names: &[&str]) -> bool {
    figure.key.iter().any(|part| part == request) || names.iter().any(|name| figure.metric.contains(name))
}

fn lines(figures: &[&ComparedFigure]) -> String {
    let line = |one: &&ComparedFigure| {
        format!("{:?} {:?} {} {} {}", one.says, one.key, one.metric, one.figure, one.text)
    };
    figures.iter().map(line).collect::<Vec<_>>().join("\n")
}

#[test]
fn of_equal_runs_nothing_is_called_worse_or_better() {
    let comparison = of_pair("same-2");
    assert_eq!(called(&comparison).len(), 0, "{}", lines(&called(&comparison)));
    assert_eq!(comparison.says, Says::None);
    assert!(comparison.sentence.starts_with("Nothing got worse or better than shop.1"));
    assert!(comparison.notes.is_empty() && comparison.conditions.iter().all(|one| !one.differs));
    // The other way round, too.
    let back = compared(&recorded(&["same-1", "same-2"]), "shop.1", "shop.2", Window::Whole);
    assert_eq!(called(&back).len(), 0, "{}", lines(&called(&back)));
}

#[test]
fn a_checkout_that_is_15_percent_slower_is_called_worse_and_nothing_else() {
    let comparison = of_pair("checkout-15");
    let called = called(&comparison);
    let row = |one: &&&ComparedFigure| one.table == ComparedTable::Requests && one.says == Says::Worse;
    assert!(called.iter().any(|one| row(&one) && one.key == ["POST", "checkout"]), "{}", lines(&called));
    let others: Vec<_> = called
        .iter()
        .copied()
        .filter(|one| !is_of(one, "checkout", &["name:checkout", "cart and pay::pay"]))
        .collect();
    assert!(others.is_empty(), "{}", lines(&others));
    assert_eq!(comparison.says, Says::Worse);
    assert!(comparison.sentence.starts_with("Worse than shop.1: POST checkout"), "{}", comparison.sentence);
}

#[test]
fn a_search_that_takes_twice_as_long_is_called_worse_and_the_whole_with_it() {
    let comparison = of_pair("search-100");
    let called = called(&comparison);
    assert!(called.iter().all(|one| one.says == Says::Worse), "{}", lines(&called));
    for (metric, key) in [("http_req_duration", &[][..]), ("http_req_duration", &["GET", "search"])] {
        assert!(called.iter().any(|one| one.metric == metric && one.key == key), "{metric} {key:?}");
    }
    // What has searches in it is slower in truth: iterations, all requests that were answered, the check that a
    // search is quick.
    let with_searches = ["iteration_duration", "expected_response:true", "scenario:browse", "::find"];
    let others: Vec<_> = called
        .iter()
        .copied()
        .filter(|one| !is_of_run(one) && !is_of(one, "search", &with_searches) && !is_of(one, "::find", &[]))
        .collect();
    assert!(others.is_empty(), "{}", lines(&others));
}

#[test]
fn of_5_percent_nothing_but_the_checkout_may_be_called() {
    let comparison = of_pair("checkout-5");
    let others: Vec<_> = called(&comparison)
        .into_iter()
        .filter(|one| !is_of(one, "checkout", &["name:checkout", "cart and pay::pay"]))
        .collect();
    assert!(others.is_empty(), "{}", lines(&others));
}

#[test]
fn extremes_are_shown_and_never_judged() {
    let comparison = of_pair("search-100");
    let extremes: Vec<_> =
        comparison.figures.iter().filter(|one| one.figure == "max" || one.figure == "min").collect();
    assert!(extremes.len() > 5);
    assert!(extremes.iter().all(|one| one.says == Says::Shown && one.interval.is_none()));
}

#[test]
fn every_instance_says_the_same() {
    let server = recorded(&["same-1", "search-100"]);
    let other = Server::on(server.memory.clone(), server.hands.clone());
    let of = |server: &Server| {
        block_on(server.service.comparison("shop.2", Some("shop.1"), Window::Whole)).expect("a comparison")
    };
    assert_eq!(of(&server), of(&other));
    assert_eq!(of(&server), of(&server), "remembered or not");
}

#[test]
fn the_baseline_is_compared_with_where_nobody_names_another() {
    let server = recorded(&["same-1", "same-2"]);
    let of = |run: &str| block_on(server.service.comparison(run, None, Window::Whole)).expect("a document");
    assert_eq!(of("shop.2"), "null", "there is none");
    block_on(server.service.set_baseline(TEST, Some(br#"{"run":"shop.1"}"#))).expect("it is pinned");
    let comparison: Comparison = serde_json::from_str(&of("shop.2")).expect("a comparison");
    assert_eq!((comparison.other.as_str(), comparison.baseline), ("shop.1", true));
    assert!(comparison.sentence.contains("the baseline shop.1"), "{}", comparison.sentence);
    assert_eq!(of("shop.1"), "null", "it is the run itself");
    assert!(block_on(server.service.comparison("shop.1", Some("shop.1"), Window::Whole)).is_err());
    assert!(block_on(server.service.comparison("shop.2", Some("shop.9"), Window::Whole)).is_err());
}

#[test]
fn parts_of_another_length_have_no_comparable_rates() {
    let server = recorded(&["same-1", "same-2"]);
    let part = Window::Between { from: 10_000, to: Some(30_000) };
    let comparison = compared(&server, "shop.2", "shop.1", part);
    let length = |span: Option<loadgate_documents::Span>| span.map(|span| span.end - span.start);
    assert_eq!((length(comparison.window), length(comparison.other_window)), (Some(20_000), Some(20_000)));
    assert_eq!(called(&comparison).len(), 0, "{}", lines(&called(&comparison)));

    // The second run was cut short.
    let lines_of = text("pairs/same-2.json.gz");
    let kept: String = lines_of.lines().take(9_000).map(|line| format!("{line}\n")).collect();
    let server = recorded(&["same-1"]);
    server.post(Wire::K6Json, TEST, "k6", kept.as_bytes());
    server.finish(TEST);
    let comparison = compared(&server, "shop.2", "shop.1", Window::Whole);
    let rates = comparison.of_run("http_reqs", "rate").expect("requests");
    assert_eq!(rates.says, Says::Unlike);
    assert!(comparison.notes[0].contains("different loads or lengths"), "{:?}", comparison.notes);
    assert!(comparison.conditions.iter().any(|one| one.title == "duration" && one.differs));
}

#[test]
fn where_nothing_is_kept_over_time_or_no_distribution_chance_is_not_told() {
    // All at one moment, as a summary is imported.
    let at_once = |ms: f64| -> String {
        let point = |i: i32| {
            let value = ms * (1.0 + f64::from(i % 10) / 100.0);
            format!("http_req_duration,method=GET,name=a,status=200 value={value} 1795300000000\n")
        };
        (0..500).map(point).collect()
    };
    let server = Server::new();
    for ms in [100.0, 150.0] {
        server.post(
            Wire::InfluxLines,
            "t",
            "k6",
            at_once(ms).replace("1795300000000", &format!("{}000000", server.hands_ms())).as_bytes(),
        );
        server.finish("t");
        server.pass(60_000);
    }
    let comparison = compared(&server, "t.2", "t.1", Window::Whole);
    let p95 = comparison.of_run("http_req_duration", "p(95)").expect("p95");
    assert_eq!((p95.says, p95.interval), (Says::Unknown, None));
    assert!(p95.change.is_some_and(|change| (change - 0.5).abs() < 0.01));
    assert_eq!(comparison.says, Says::Unknown);
    assert!(
        comparison.notes.iter().any(|note| note.contains("chance cannot be told")),
        "{:?}",
        comparison.notes
    );
}
