//! What holds of every verdict, whatever the run and the file; seeded, so that a failure comes again.

use crate::support::{counter, durations, run, share, verdict};
use loadgate_documents::ObjectiveState::{Error, Pass, Warning};
use loadgate_documents::{MetricType, ObjectiveState, Summary, ThresholdRow};
use loadgate_gate::{Baseline, Evidence, Objectives, ObjectivesError, judge};

struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 ^ (self.0 >> 33)) >> 7
    }

    fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    fn one_in(&mut self, count: u64) -> bool {
        self.below(count) == 0
    }

    fn of<T: Copy>(&mut self, list: &[T]) -> T {
        list[self.below(list.len() as u64) as usize]
    }
}

fn any_run(random: &mut Random) -> Summary {
    let mut summary = run("shop.1", 1.0 + random.below(1_000) as f64);
    if random.one_in(3) {
        summary.metrics.insert("http_req_duration".to_owned(), durations(random.below(1_000) as f64));
    }
    let (passes, fails) = (random.below(100), random.below(5));
    summary.metrics.insert("checks".to_owned(), share(passes, fails));
    summary.metrics.insert("http_reqs".to_owned(), counter(random.below(3) as f64 * 1_000.0));
    if random.one_in(5) {
        summary.metrics.get_mut("checks").unwrap().unknown =
            Some(vec![MetricType::Rate, MetricType::Counter]);
    }
    if random.one_in(3) {
        let passes = random.of(&[Some(true), Some(false), None]);
        summary.thresholds.push(ThresholdRow {
            metric: "http_req_duration".to_owned(),
            expression: random.of(&["p(95)<500", "avg<1", "nonsense"]).to_owned(),
            observed: passes.map(|_| random.below(1_000) as f64),
            passes,
            ..ThresholdRow::default()
        });
    }
    let health = &mut summary.health;
    health.samples = if random.one_in(6) { 0 } else { 1_000 };
    health.refused = if random.one_in(6) { 1 } else { 0 };
    health.thresholds_known = !random.one_in(6);
    summary
}

fn any_file(random: &mut Random) -> String {
    let mut text = String::new();
    if random.one_in(3) {
        text.push_str("score: {pass: 90%, warn: 50%}\n");
    }
    if random.one_in(4) {
        text.push_str("thresholds: ignore\n");
    }
    text.push_str("objectives:\n");
    let count = random.below(4);
    for at in 0..count {
        let expression =
            random.of(&["http_req_duration p(95)", "checks rate", "http_reqs count", "health refused count"]);
        let pass =
            random.of(&["< 500", "\">= 0.9\"", "<= +10%", "\">= -10% surely\"", "0..100", "[< 900, <= +5%]"]);
        text.push_str(&format!("  - name: n{at}\n    expression: {expression}\n    pass: {pass}\n"));
        for line in ["warn: < 800", "key: true", "weight: 3", "without-data: pass", "window: steady"] {
            if random.one_in(4) {
                text.push_str(&format!("    {line}\n"));
            }
        }
    }
    if count == 0 {
        text = text.replace("objectives:\n", "objectives: []\n");
    }
    text
}

#[test]
fn every_verdict_is_the_same_twice_no_better_than_its_worst_and_never_green_without_knowing() {
    let mut random = Random(12);
    let mut seen = std::collections::BTreeSet::new();
    for round in 0..5_000 {
        let (summary, base, text) = (any_run(&mut random), any_run(&mut random), any_file(&mut random));
        let objectives = Objectives::read(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
        let runs = || -> Baseline {
            if round % 3 == 0 { Baseline::None } else { Baseline::Runs(vec![&base as &dyn Evidence]) }
        };
        let verdict = judge(&summary, &objectives, &runs());
        assert_eq!(verdict, judge(&summary, &objectives, &runs()));
        seen.insert(verdict.state);

        let worst = verdict.objectives.iter().map(|objective| objective.state).max().unwrap_or_default();
        if objectives.score.is_none() {
            assert!(verdict.state >= worst, "{verdict:?}");
            if verdict.missing.is_empty() {
                assert_eq!(verdict.state, worst);
            }
        }
        let cannot_pass = worst == Error
            || summary.health.samples == 0
            || (!summary.health.thresholds_known && !objectives.ignore_thresholds);
        assert!(!cannot_pass || verdict.state >= Error, "{verdict:?}");
        assert!(summary.health.refused == 0 || verdict.state >= Warning, "{verdict:?}");
        for objective in &verdict.objectives {
            let known = objective.observed.is_some() || objective.reason.ends_with("That passes here.");
            assert!(objective.state != Pass || known, "{objective:?}");
            assert!(objective.reason.ends_with('.') && !objective.reason.is_empty(), "{objective:?}");
        }
        assert!(verdict.score.is_none_or(|score| (0.0..=100.0).contains(&score)));
    }
    assert_eq!(seen.len(), ObjectiveState::ALL.len(), "every state came up");
}

#[test]
fn an_empty_run_never_passes() {
    let mut random = Random(7);
    for _ in 0..500 {
        let text = any_file(&mut random);
        let verdict = verdict(&Summary::default(), &Objectives::read(&text).unwrap());
        assert!(verdict.state >= Error, "{text}");
    }
}

/// A rise that is allowed of a value is the fall that is allowed of its negative.
#[test]
fn relative_criteria_are_symmetrical() {
    let mut random = Random(3);
    let judged = |value: f64, base: f64, pass: &str| {
        let of = |value: f64| {
            let mut summary = run("shop.1", 100.0);
            let mut metric = durations(100.0);
            if let loadgate_documents::Values::Trend(trend) = &mut metric.values {
                trend.avg = Some(value);
            }
            summary.metrics.insert("mine".to_owned(), metric);
            summary
        };
        let text = format!("objectives:\n  - name: It\n    expression: mine avg\n    pass: {pass:?}");
        let (own, base) = (of(value), of(base));
        let objectives = Objectives::read(&text).unwrap();
        judge(&own, &objectives, &Baseline::Runs(vec![&base as &dyn Evidence])).objectives.remove(0)
    };
    for _ in 0..1_000 {
        let [value, base] = [0, 1].map(|_| random.below(400) as f64 - 200.0);
        let by = random.of(&["5%", "50%", "20", "0%"]);
        for (up, down) in [("<= +", ">= -"), ("< +", "> -")] {
            let rises = judged(value, base, &format!("{up}{by}"));
            let falls = judged(-value, -base, &format!("{down}{by}"));
            assert_eq!((rises.state, rises.margin), (falls.state, falls.margin), "{value} {base} {up}{by}");
            assert_eq!(rises.limit, falls.limit.map(|limit| -limit + 0.0));
        }
    }
}

/// Whatever stands in a file, there is an answer, and its place is in the file.
#[test]
fn a_damaged_file_is_read_or_refused_at_a_place_in_it() {
    let mut random = Random(5);
    let parts = [
        "<", ">", "!", "&a ", "*a", "{", "]", ": ", "- ", "\n", "\t", "'", "\"", "%", "..", "surely", "é",
        "\u{feff}", "1e9", "~", "|",
    ];
    let (mut read, mut refused) = (0, 0);
    for _ in 0..5_000 {
        let mut text = crate::reading::WHOLE.to_owned();
        for _ in 0..=random.below(3) {
            let at = text.floor_char_boundary(random.below(text.len() as u64) as usize);
            let end = text.floor_char_boundary((at + random.below(8) as usize).min(text.len()));
            text.replace_range(at..end, random.of(&parts));
        }
        match Objectives::read(&text) {
            Ok(objectives) => {
                read += 1;
                verdict(&run("shop.1", 400.0), &objectives);
            }
            Err(ObjectivesError::Wrong { line, column, reason }) => {
                refused += 1;
                assert!((1..=text.lines().count() as u64 + 1).contains(&line), "{line}: {text}");
                assert!(column >= 1 && !reason.is_empty(), "{reason}: {text}");
                assert!(!reason.contains(char::is_control), "{reason:?}");
            }
            Err(error) => panic!("{error}"),
        }
    }
    assert!(read > 100 && refused > 1_000, "{read} and {refused}");
}
