//! Verdicts as others read them.

use loadgate_documents::format::Unit;
use loadgate_documents::{BaselineFigure, GateVerdict, Link, ObjectiveResult, ObjectiveState, Span};
use loadgate_gate::render::{badge, exit_code, github, junit, markdown, text};
use quick_xml::Reader;
use quick_xml::events::Event;
use std::collections::BTreeMap;

fn result(name: &str, state: ObjectiveState, reason: &str) -> ObjectiveResult {
    ObjectiveResult {
        name: name.to_owned(),
        state,
        reason: reason.to_owned(),
        expression: "http_req_duration p(95)".to_owned(),
        observed: Some(612.0),
        unit: Unit::Time,
        criterion: "< 500ms".to_owned(),
        weight: 1.0,
        ..ObjectiveResult::default()
    }
}

/// One objective of every state.
fn whole() -> GateVerdict {
    let mut failed = result("Login is fast", ObjectiveState::Fail, "612\u{a0}ms does not meet < 500ms.");
    failed.margin = Some(-0.224);
    failed.key = true;
    failed.warn = Some("< 600ms".to_owned());
    failed.baseline = Some(BaselineFigure {
        value: 550.0,
        runs: vec!["shop.11".to_owned()],
        aggregate: None,
        change: Some(0.1127),
    });
    failed.links =
        vec![Link { title: "Runbook".to_owned(), url: "https://example.com/a?b=1&c=2".to_owned() }];
    GateVerdict {
        run: "shop.12".to_owned(),
        test: "shop".to_owned(),
        state: ObjectiveState::Fail,
        provisional: false,
        reason: "1 of 5 objectives failed: Login is fast.".to_owned(),
        window: None,
        start: None,
        thresholds_ignored: false,
        score: Some(37.5),
        missing: vec!["3 samples could not be read.".to_owned()],
        objectives: vec![
            result("Cart", ObjectiveState::Pass, "It is well."),
            failed,
            result("Search", ObjectiveState::Warning, "It is so so."),
            result("Errors", ObjectiveState::Error, "There is no data of errors."),
            result("Load", ObjectiveState::Info, "Nothing is asked of it."),
        ],
    }
}

const HOSTILE: &str =
    "<b>]]>&amp;\"'|`*_[x](y)\u{1b}[31m\u{0}\u{202e}\u{ffff}\r\n::error::x @all #1 https://x.y %0A";

fn hostile() -> GateVerdict {
    let mut verdict = whole();
    for text in [&mut verdict.run, &mut verdict.test, &mut verdict.reason] {
        *text = HOSTILE.to_owned();
    }
    verdict.missing = vec![HOSTILE.to_owned()];
    for objective in &mut verdict.objectives {
        for text in
            [&mut objective.name, &mut objective.reason, &mut objective.expression, &mut objective.criterion]
        {
            *text = HOSTILE.to_owned();
        }
        objective.warn = Some(HOSTILE.to_owned());
        objective.description = Some(HOSTILE.to_owned());
        objective.links = vec![Link { title: HOSTILE.to_owned(), url: "https://x/a|b".to_owned() }];
    }
    verdict
}

#[test]
fn a_terminal_gets_lines_and_nothing_that_steers_it() {
    assert_eq!(
        text(&whole()).replace('\u{a0}', " "),
        "shop.12: fail. 1 of 5 objectives failed: Login is fast.\n\
         Score: 37.5 %\n\
         \n\
         \x20 pass     Cart           It is well.\n\
         \x20 fail     Login is fast  612 ms does not meet < 500ms. Baseline: 550 ms of shop.11 (+11.3 %).\n\
         \x20 warning  Search         It is so so.\n\
         \x20 error    Errors         There is no data of errors.\n\
         \x20 info     Load           Nothing is asked of it.\n\
         \n\
         Missing:\n\
         \x20 3 samples could not be read.\n"
    );
    let said = text(&hostile());
    assert!(!said.chars().any(|c| (c.is_control() && c != '\n') || c == '\u{202e}'), "{said:?}");
    assert_eq!(said.lines().count(), text(&whole()).lines().count());
}

#[test]
fn a_pull_request_gets_a_table_with_the_differences_to_the_baseline() {
    assert_eq!(
        markdown(&whole()).replace('\u{a0}', " "),
        "### ❌ fail: shop.12\n\
         \n\
         1 of 5 objectives failed&#58; Login is fast.\n\
         \n\
         Score: 37.5 %\n\
         \n\
         **Missing**\n\
         \n\
         - 3 samples could not be read.\n\
         \n\
         | State | Objective | Observed | Wanted | Margin | Baseline | Change |\n\
         |---|---|--:|---|--:|--:|--:|\n\
         | ❌ fail | Login is fast (key) | 612 ms | &#60; 500ms; else a warning&#58; &#60; 600ms | −22.4 % | 550 ms \
         | +11.3 % |\n\
         | ❗ error | Errors | 612 ms | &#60; 500ms | – | – | – |\n\
         | ⚠️ warning | Search | 612 ms | &#60; 500ms | – | – | – |\n\
         | ✅ pass | Cart | 612 ms | &#60; 500ms | – | – | – |\n\
         | ℹ️ info | Load | 612 ms | &#60; 500ms | – | – | – |\n\
         \n\
         - **Login is fast**: 612 ms does not meet &#60; 500ms. Baseline: 550 ms of shop.11 &#40;+11.3 %&#41;. \
         [Runbook](<https://example.com/a?b=1&c=2>)\n\
         - **Errors**: There is no data of errors.\n\
         - **Search**: It is so so.\n\
         - **Load**: Nothing is asked of it.\n"
    );
    let said = markdown(&hostile());
    assert_eq!(said.lines().count(), markdown(&whole()).lines().count(), "no line is broken");
    for row in said.lines().filter(|line| line.starts_with("| ")) {
        assert_eq!(row.matches('|').count(), 8, "{row}");
    }
    for markup in ["<b>", "`", "@all", "#1 ", "](y)", "&amp;"] {
        assert!(!said.contains(markup), "{markup}: {said}");
    }
}

#[test]
fn every_form_says_which_part_of_the_run_was_judged() {
    let mut verdict = whole();
    (verdict.start, verdict.window) = (Some(1_000), Some(Span { start: 61_000, end: 601_000 }));
    verdict.objectives[0].window = Some(Span { start: 31_000, end: 91_000 });
    let (text, markdown, junit) = (text(&verdict), markdown(&verdict), junit(&verdict));
    for form in [&text, &markdown, &junit] {
        assert!(form.contains("Judged from 1:00 to 10:00 of the run."), "{form}");
    }
    assert!(markdown.contains("| Cart, from 0:30 to 1:30 |"), "{markdown}");
    assert!(junit.contains("window: from 0:30 to 1:30"), "{junit}");
}

#[test]
fn a_comment_stays_within_what_a_forge_takes() {
    let mut verdict = hostile();
    verdict.objectives = (0..200).map(|_| verdict.objectives[1].clone()).collect();
    for objective in &mut verdict.objectives {
        objective.name = HOSTILE.repeat(2);
    }
    let said = markdown(&verdict);
    assert!(said.len() < 65_536, "{}", said.len());
    assert!(said.contains("… and "), "it says that there are more");
}

#[test]
fn a_workflow_gets_annotations_that_end_with_their_line() {
    assert_eq!(
        github(&whole()).replace('\u{a0}', " "),
        "::error title=shop.12%3A fail::1 of 5 objectives failed: Login is fast.%0A3 samples could not be read.\n\
         ::error title=shop.12%3A Login is fast::612 ms does not meet < 500ms.\n\
         ::error title=shop.12%3A Errors::There is no data of errors.\n\
         ::warning title=shop.12%3A Search::It is so so.\n"
    );
    let mut passed = whole();
    passed.state = ObjectiveState::Pass;
    passed.objectives.truncate(1);
    assert_eq!(github(&passed), "");
    for line in github(&hostile()).lines() {
        assert!(line.starts_with("::error title=") || line.starts_with("::warning title="), "{line}");
        let (title, message) = line.split_at(2).1.split_once("::").unwrap();
        assert!(!title["error title=".len()..].contains([':', ',']), "{title}");
        assert!(!message.contains('\r') && message.contains("%250A"), "{message}");
    }
}

/// What the schema of Jenkins' xUnit plugin (junit-10.xsd) has an element hold: attributes, those that it must
/// have with an exclamation mark, and elements.
fn junit_schema() -> BTreeMap<&'static str, (&'static [&'static str], &'static [&'static str])> {
    let outcome: (&[&str], &[&str]) = (&["type", "message"], &[]);
    BTreeMap::from([
        ("testsuites", (&["name", "time", "tests", "failures", "errors"][..], &["testsuite"][..])),
        (
            "testsuite",
            (
                &[
                    "name!",
                    "tests!",
                    "failures!",
                    "errors!",
                    "group",
                    "time",
                    "skipped",
                    "timestamp",
                    "hostname",
                    "id",
                    "package",
                    "file",
                    "log",
                    "url",
                ],
                &["testsuite", "properties", "testcase", "system-out", "system-err"],
            ),
        ),
        (
            "testcase",
            (
                &["name!", "time", "classname", "group"],
                &["skipped", "error", "failure", "system-out", "system-err"],
            ),
        ),
        ("failure", outcome),
        ("error", outcome),
        ("skipped", outcome),
        ("system-out", (&[], &[])),
    ])
}

/// The report read back: names of cases with what became of them, and all text.
fn junit_cases(xml: &str) -> Vec<(String, Vec<String>)> {
    let schema = junit_schema();
    let mut reader = Reader::from_str(xml);
    let (mut open, mut cases): (Vec<String>, Vec<(String, Vec<String>)>) = (Vec::new(), Vec::new());
    loop {
        let event = reader.read_event().unwrap_or_else(|error| panic!("{error}: {xml}"));
        match event {
            Event::Eof => break,
            Event::End(_) => {
                open.pop();
            }
            Event::Start(ref start) | Event::Empty(ref start) => {
                let name = start.name().as_ref().to_owned();
                let (attributes, _) = schema[name.as_str()];
                let parent = open.last().map_or("", String::as_str);
                assert!(parent.is_empty() || schema[parent].1.contains(&name.as_str()), "{name} in {parent}");
                let mut given = BTreeMap::new();
                for attribute in start.attributes() {
                    let attribute = attribute.unwrap_or_else(|error| panic!("{error}: {xml}"));
                    let key = attribute.key.as_ref().to_owned();
                    let known = attributes.iter().any(|known| known.trim_end_matches('!') == key);
                    assert!(known, "{key} of {name}");
                    given.insert(
                        key,
                        attribute.normalized_value(quick_xml::XmlVersion::default()).unwrap().into_owned(),
                    );
                }
                let needed = attributes.iter().filter_map(|needed| needed.strip_suffix('!'));
                assert!(needed.clone().all(|needed| given.contains_key(needed)), "{name}");
                match name.as_str() {
                    "testcase" => cases.push((given["name"].clone(), Vec::new())),
                    "failure" | "error" | "skipped" => cases.last_mut().unwrap().1.push(name.clone()),
                    "testsuite" | "testsuites" => {
                        let counted = |word: &str| xml.matches(&format!("<{word} ")).count().to_string();
                        assert_eq!(
                            (&given["tests"], &given["failures"]),
                            (&counted("testcase"), &counted("failure"))
                        );
                        assert_eq!(given["errors"], counted("error"));
                    }
                    _ => {}
                }
                if matches!(event, Event::Start(_)) {
                    open.push(name);
                }
            }
            _ => {}
        }
    }
    assert!(open.is_empty());
    cases
}

#[test]
fn a_build_server_gets_one_case_for_each_objective_and_one_for_the_whole() {
    let cases = junit_cases(&junit(&whole()));
    let said: Vec<(&str, Vec<&str>)> = cases
        .iter()
        .map(|(name, found)| (name.as_str(), found.iter().map(String::as_str).collect()))
        .collect();
    assert_eq!(
        said,
        [
            ("Cart", vec![]),
            ("Login is fast", vec!["failure"]),
            ("Search", vec![]),
            ("Errors", vec!["error"]),
            ("Load", vec!["skipped"]),
            ("verdict", vec!["failure"]),
        ]
    );
    let mut small = whole();
    small.objectives = vec![small.objectives.remove(1)];
    assert_eq!(
        junit(&small).replace('\u{a0}', " "),
        r#"<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="loadgate" tests="2" failures="2" errors="0">
  <testsuite name="shop.12" tests="2" failures="2" errors="0" skipped="0">
    <testcase name="Login is fast" classname="loadgate.shop">
      <failure message="612 ms does not meet &lt; 500ms." type="fail">612 ms does not meet &lt; 500ms.</failure>
      <system-out>fail: 612 ms does not meet &lt; 500ms.
expression: http_req_duration p(95)
observed: 612 ms
wanted: &lt; 500ms; else a warning: &lt; 600ms
margin: −22.4 %
baseline: 550 ms of shop.11 (+11.3 %)
Runbook: https://example.com/a?b=1&amp;c=2</system-out>
    </testcase>
    <testcase name="verdict" classname="loadgate.shop">
      <failure message="1 of 5 objectives failed: Login is fast." type="fail">1 of 5 objectives failed: Login is fast.</failure>
      <system-out>fail: 1 of 5 objectives failed: Login is fast.
3 samples could not be read.</system-out>
    </testcase>
  </testsuite>
</testsuites>
"#
    );
}

#[test]
fn no_text_of_a_test_breaks_a_report() {
    let xml = junit(&hostile());
    let cases = junit_cases(&xml);
    assert_eq!(cases.len(), 6);
    assert!(cases[0].0.contains("<b>]]>&amp;\"'|"), "{}", cases[0].0);
    let allowed = |c: char| c == '\n' || (!c.is_control() && !matches!(c, '\u{fffe}' | '\u{ffff}'));
    assert!(xml.chars().all(allowed));
}

#[test]
fn what_is_missing_is_red_even_where_every_objective_passed() {
    let mut verdict = whole();
    verdict.objectives.truncate(1);
    verdict.state = ObjectiveState::Error;
    let cases = junit_cases(&junit(&verdict));
    assert_eq!(cases[0], ("Cart".to_owned(), vec![]));
    assert_eq!(cases[1], ("verdict".to_owned(), vec!["error".to_owned()]));
}

#[test]
fn a_badge_says_its_state_to_eyes_and_ears() {
    let states = ObjectiveState::ALL.map(Some).into_iter().chain([None]);
    for state in states {
        let svg = badge(state);
        let word = state.map_or("no verdict", ObjectiveState::word);
        assert!(svg.contains(&format!("aria-label=\"load test: {word}\"")), "{svg}");
        assert!(svg.contains(&format!(">{word}</text>")), "{svg}");
        let mut reader = Reader::from_str(&svg);
        while !matches!(reader.read_event().unwrap_or_else(|error| panic!("{error}: {svg}")), Event::Eof) {}
    }
}

#[test]
fn exit_codes_are_none_that_k6_or_a_shell_has_for_something_else() {
    for (state, plain, strict) in [
        (ObjectiveState::Info, 0, 0),
        (ObjectiveState::Pass, 0, 0),
        (ObjectiveState::Warning, 0, 4),
        (ObjectiveState::Error, 3, 3),
        (ObjectiveState::Fail, 99, 99),
    ] {
        assert_eq!((exit_code(state, false), exit_code(state, true)), (plain, strict), "{state}");
    }
}
