//! Files of objectives: what is read, what is refused with which words, and the schema beside both.

use jsonschema::Validator;
use loadgate_documents::{Aggregate, Link, ObjectiveState};
use loadgate_gate::{
    BaselineChoice, MAX_BYTES, Objectives, ObjectivesError, Part, SCHEMA, Score, Verdicts, Window,
    WithoutData,
};
use serde_json::{Value, json};

/// One of everything.
pub const WHOLE: &str = r#"
baseline: { passed: 5, aggregate: median }
score: { pass: 90%, warn: 0.75 }
thresholds: ignore
objectives:
  - name: Login is fast
    description: |
      What the shop promises.
      To everybody.
    expression: http_req_duration{name:login, method:GET} p(95)
    pass: [< 500ms, <= +10% surely]
    warn: < 0.8s
    weight: 2.5
    key: true
    without-data: fail
    for: 10s
    window: { from: 30s, to: 5m }
    links: { Runbook: "https://example.com/runbook#login" }
    abort: { delay: 30s }
  - name: Checks
    expression: checks rate
    pass: ">= 99%"
    window: steady
"#;

fn read(text: &str) -> Objectives {
    Objectives::read(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

fn refused(text: &str) -> String {
    Objectives::read(text).expect_err(text).to_string()
}

/// A file whose first objective ends in these lines, which begin on line 4.
fn with(lines: &str) -> String {
    format!("objectives:\n  - name: Login\n    expression: http_req_duration p(95)\n{lines}")
}

fn of_expression(expression: &str) -> String {
    format!("objectives:\n  - name: It\n    expression: {expression}\n")
}

#[test]
fn everything_that_a_file_can_say_is_read() {
    let read = read(WHOLE);
    let last = BaselineChoice::Last { count: 5, verdicts: Verdicts::Passed, aggregate: Aggregate::Med };
    assert_eq!(read.baseline, last);
    assert_eq!(read.score, Some(Score { pass: 0.9, warn: 0.75 }));
    assert!(read.ignore_thresholds && read.needs_baseline());
    let [login, checks] = read.objectives.as_slice() else { panic!("two objectives") };
    assert_eq!(login.expression.to_string(), "http_req_duration{name:login, method:GET} p(95)");
    assert_eq!(login.pass.to_string(), "< 500ms and <= +10% surely");
    assert_eq!(login.warn.to_string(), "< 0.8s");
    assert_eq!((login.weight, login.key, login.without_data), (2.5, true, WithoutData::Fail));
    let window = Window::Between { from: 30_000, to: Some(300_000) };
    assert_eq!(login.part, Part { window, stretch: Some(10_000) });
    let url = "https://example.com/runbook#login".to_owned();
    assert_eq!(login.links, [Link { title: "Runbook".to_owned(), url }]);
    assert_eq!(login.description.as_deref(), Some("What the shop promises.\nTo everybody."));
    assert_eq!(login.abort, Some(30_000));
    assert_eq!(checks.part, Part { window: Window::Steady, stretch: None });
    assert_eq!((checks.weight, checks.key, checks.without_data), (1.0, false, WithoutData::Error));
    let wanted: Vec<_> = read.wants().collect();
    assert_eq!(wanted[0], ("http_req_duration{name:login, method:GET}", Some(Aggregate::Percentile(95.0))));
    assert_eq!(wanted[1], ("checks", Some(Aggregate::Rate)));
}

#[test]
fn json_is_read_as_yaml_is() {
    let value: Value = json!({
        "baseline": {"run": "shop.12"},
        "objectives": [{"name": "It \u{2028}\"x\"", "expression": "checks rate", "pass": [">= 99%"], "weight": 2}],
    });
    let read = read(&value.to_string());
    assert_eq!(read.baseline, BaselineChoice::Run("shop.12".to_owned()));
    assert_eq!(read.objectives[0].weight, 2.0);
    assert_eq!(read.objectives[0].name, "It \u{2028}\"x\"");
}

#[test]
fn every_form_of_a_baseline_is_read() {
    let choice = |text: &str| read(&format!("baseline: {text}\nobjectives: []")).baseline;
    let last = |count, verdicts, aggregate| BaselineChoice::Last { count, verdicts, aggregate };
    assert_eq!(choice("pinned"), BaselineChoice::Pinned);
    assert_eq!(read("objectives: []").baseline, BaselineChoice::Pinned);
    assert_eq!(choice("{run: shop.3}"), BaselineChoice::Run("shop.3".to_owned()));
    assert_eq!(choice("{passed: 3}"), last(3, Verdicts::Passed, Aggregate::Avg));
    let warned = last(20, Verdicts::PassedOrWarned, Aggregate::Percentile(90.0));
    assert_eq!(choice("{passed-or-warned: 20, aggregate: p(90)}"), warned);
    assert_eq!(choice("{all: 1, aggregate: max}"), last(1, Verdicts::All, Aggregate::Max));
}

#[test]
fn a_first_run_that_could_only_inform_can_be_a_baseline() {
    let taken = |verdicts: Verdicts| ObjectiveState::ALL.map(|state| verdicts.take(state));
    assert_eq!(taken(Verdicts::Passed), [true, true, false, false, false]);
    assert_eq!(taken(Verdicts::PassedOrWarned), [true, true, true, false, false]);
    assert_eq!(taken(Verdicts::All), [true; 5]);
}

#[test]
fn every_form_of_an_expression_is_read() {
    for expression in [
        "checks rate",
        "checks passes",
        "http_req_failed fails",
        "http_reqs count",
        "http_req_duration p(99.9)",
        "http_req_duration{group:::cart and pay::pay} med",
        "'http_req_duration{url:http://x/{id}, a: b c}   p( 95 )'",
        "vus max",
        "my_metric value",
        "request GET login p(95)",
        "request POST /a path/with spaces failed",
        "request GET http://x/ rate",
        "request count",
        "health value",
        "health late share",
        "health misdated count",
        "health refused count",
        "health dropped share",
        "health reached share",
        "health generators count",
        "health samples count",
    ] {
        read(&of_expression(expression));
    }
    for (expression, reason) in [
        (
            "checks",
            "line 3, column 17: \"checks\" is no expression: it is a metric and its figure, as \
                    `http_req_duration p(95)` or `checks rate`, a request's, as `request GET login p(95)`, or a \
                    finding, as `health refused count`",
        ),
        ("9lives rate", "line 3, column 17: \"9lives rate\" is no expression: it is a metric"),
        ("checks{a:b rate", "line 3, column 17: \"checks{a:b rate\" is no expression"),
        ("checks{} rate", "line 3, column 17: \"checks{} rate\" is no expression"),
        ("request login p(95)", "line 3, column 17: \"request login p(95)\" is no expression"),
        ("checks{a:b}", "line 3, column 17: \"checks{a:b}\" is no expression"),
        (
            "mine p95",
            "line 3, column 17: \"p95\" is no figure: there are count, rate, value, avg, min, med, max, \
                      p(0 to 100), passes and fails",
        ),
        (
            "request GET login p(97)",
            "line 3, column 17: \"p(97)\" is no figure of a request: there are count, rate, \
                                     failed, avg, min, med, max, p(90), p(95) and p(99)",
        ),
        ("request GET login passes", "line 3, column 17: \"passes\" is no figure of a request"),
        ("checks p(95)", "line 3, column 17: a rate has no p(95)"),
        ("http_req_duration{a:b} rate", "line 3, column 17: a trend has no rate"),
        ("http_reqs fails", "line 3, column 17: a counter has no fails"),
        (
            "health sun count",
            "line 3, column 17: \"sun count\" is no finding: there are late, misdated, refused and \
                              dropped, each with count or share, reached share, generators count and samples count",
        ),
        ("health reached count", "line 3, column 17: \"reached count\" is no finding"),
        ("health late p(95)", "line 3, column 17: \"late p(95)\" is no finding"),
    ] {
        let found = refused(&of_expression(expression));
        assert!(found.starts_with(reason), "{expression}: {found}");
    }
}

/// Lines from line 4 on, and the whole message.
const REFUSED: [(&str, &str); 53] = [
    (
        "    pas: < 500",
        "line 4, column 5: \"pas\" is not known here: there are name, expression, pass, warn, weight, \
                        key, without-data, for, window, links, description, abort",
    ),
    (
        "    pass: > 500",
        "line 4, column 11: while scanning a block scalar, did not find expected comment or line \
                         break; a criterion that begins with > or ! stands in quotes",
    ),
    (
        "    pass: [< 1, != 500]",
        "line 4, column 20: \"500\" is no criterion: it is one of < <= > >= == != and a \
                                 number, as `< 500ms`, a range, as `200..500`, or relative to the baseline, as \
                                 `<= +10%`",
    ),
    (
        "    pass: != 500",
        "line 4, column 14: \"500\" is no criterion: it is one of < <= > >= == != and a number, as \
                          `< 500ms`, a range, as `200..500`, or relative to the baseline, as `<= +10%`; a criterion \
                          that begins with > or ! stands in quotes",
    ),
    (
        "    pass: 500",
        "line 4, column 11: \"500\" is no criterion: it is one of < <= > >= == != and a number, as \
                       `< 500ms`, a range, as `200..500`, or relative to the baseline, as `<= +10%`",
    ),
    (
        "    pass: -1.5",
        "line 4, column 11: \"-1.5\" is no criterion: it is one of < <= > >= == != and a number, as \
                        `< 500ms`, a range, as `200..500`, or relative to the baseline, as `<= +10%`",
    ),
    (
        "    pass: <> 500",
        "line 4, column 11: \"<> 500\" is no criterion: it is one of < <= > >= == != and a number, \
                          as `< 500ms`, a range, as `200..500`, or relative to the baseline, as `<= +10%`",
    ),
    (
        "    pass: < 5x",
        "line 4, column 11: \"5x\" is no number that a figure could be compared with: 500, 500ms, \
                        1.5s, 1%, 20/s or 5MB/s are",
    ),
    (
        "    pass: < 1e999ms",
        "line 4, column 11: \"1e999ms\" is no number that a figure could be compared with: 500, \
                             500ms, 1.5s, 1%, 20/s or 5MB/s are",
    ),
    (
        "    pass: [< 5, <= oops]",
        "line 4, column 17: \"oops\" is no number that a figure could be compared with: \
                                  500, 500ms, 1.5s, 1%, 20/s or 5MB/s are",
    ),
    ("    pass: 500..200", "line 4, column 11: \"500..200\" is a range that ends before it begins"),
    (
        "    pass: 1..+2",
        "line 4, column 11: \"1..+2\" is no criterion: it is one of < <= > >= == != and a number, as \
                         `< 500ms`, a range, as `200..500`, or relative to the baseline, as `<= +10%`",
    ),
    (
        "    pass: < 500 surely",
        "line 4, column 11: \"< 500 surely\" is a fixed bound: only a criterion relative to \
                                the baseline, as `<= +10%`, may end in surely",
    ),
    ("    pass: < 5%", "line 4, column 11: \"< 5%\" is in percent, but the figure is in time"),
    ("    pass: <= +5MB", "line 4, column 11: \"<= +5MB\" is in bytes, but the figure is in time"),
    ("    pass: < 5/s", "line 4, column 11: \"< 5/s\" is in per second, but the figure is in time"),
    ("    pass: {a: b}", "line 4, column 11: expected a criterion, as `< 500ms`, or a list of them, not map"),
    ("    pass: []", "line 4, column 11: a list has 1 to 10 criteria"),
    ("    pass: [[< 5]]", "line 4, column 12: expected text"),
    (
        "    pass: ~",
        "line 4, column 11: \"\" is no criterion: it is one of < <= > >= == != and a number, as `< 500ms`, a range, as \
         `200..500`, or relative to the baseline, as `<= +10%`",
    ),
    ("    warn: < 5", "line 4, column 11: what warns needs what passes beside it"),
    ("    weight: heavy", "line 4, column 13: expected a number"),
    ("    weight: -1", "line 4, column 13: a weight is 0 to 1000"),
    ("    weight: .nan", "line 4, column 13: a weight is 0 to 1000"),
    ("    key: yes", "line 4, column 10: expected true or false"),
    ("    without-data: maybe", "line 4, column 19: \"maybe\" is none of error, fail, pass"),
    ("    for: soon", "line 4, column 10: \"soon\" is no time, as 30s, 1.5m or 500ms"),
    ("    for: 10", "line 4, column 10: \"10\" is no time, as 30s, 1.5m or 500ms"),
    ("    for: -1s", "line 4, column 10: \"-1s\" is no time, as 30s, 1.5m or 500ms"),
    ("    for: 0s", "line 4, column 10: a stretch is longer than 0"),
    (
        "    window: often",
        "line 4, column 13: a window is steady, or has from, to, or both, as {from: 30s, to: 5m}",
    ),
    (
        "    window: {}",
        "line 4, column 13: a window is steady, or has from, to, or both, as {from: 30s, to: 5m}",
    ),
    ("    window: {from: 10s, to: 5s}", "line 4, column 13: the window ends before it begins"),
    ("    window: {form: 10s}", "line 4, column 14: \"form\" is not known here: there are from, to"),
    (
        "    links: {a: 'javascript:1'}",
        "line 4, column 16: a link is an address that begins with https:// or http://",
    ),
    (
        "    links: {a: 'https://x/ y'}",
        "line 4, column 16: a link is an address that begins with https:// or http://",
    ),
    ("    links: [https://x]", "line 4, column 12: expected a map of keys and values"),
    ("    description: ''", "line 4, column 18: the text has 1 to 2000 bytes"),
    ("    description: \"a\\eb\"", "line 4, column 18: the text has a control character"),
    ("    abort: {delay: x}", "line 4, column 20: \"x\" is no time, as 30s, 1.5m or 500ms"),
    ("    abort: true", "line 4, column 12: expected a map of keys and values"),
    ("    name: Login", "line 4, column 5: \"name\" is there twice"),
    ("    <<: {a: b}", "line 4, column 5: << is not taken"),
    (
        "  - name: Login\n    expression: checks rate",
        "line 4, column 11: there is an objective \"Login\" already",
    ),
    ("  - name: Other", "line 4, column 5: expression is missing"),
    (
        "    pass: < 5\n   warn: < 6",
        "line 5, column 4: while parsing a block collection, did not find expected '-' \
                                     indicator",
    ),
    ("score: {pass: 90%, warn: 95%}", "line 4, column 8: the score that warns is above the one that passes"),
    ("score: {pass: lots, warn: 5%}", "line 4, column 15: \"lots\" is no share, as 90%"),
    ("score: {pass: 90%}", "line 4, column 9: warn is missing"),
    ("baseline: {passed: 100}", "line 4, column 11: a baseline is made of 1 to 20 runs"),
    (
        "baseline: {passed: 5, aggregate: sum}",
        "line 4, column 34: \"sum\" makes no value of several: avg, median, \
                                               min, max and p(0 to 100) do",
    ),
    (
        "baseline: {passed: 5, run: x}",
        "line 4, column 11: a baseline is pinned, a run, as {run: shop.12}, or the \
                                       last runs, as {passed: 5, aggregate: median}; instead of passed there are \
                                       passed-or-warned and all",
    ),
    ("thresholds: perhaps", "line 4, column 13: \"perhaps\" is none of count, ignore"),
];

#[test]
fn what_is_wrong_is_said_with_its_place() {
    for (lines, message) in REFUSED {
        assert_eq!(refused(&with(lines)), message, "{lines}");
    }
    for (text, message) in [
        ("", "line 1, column 1: there is nothing in it"),
        ("objectives:", "line 1, column 11: expected a list"),
        ("objectives: [1]", "line 1, column 14: expected a map of keys and values"),
        ("objectives: &a [*a]", "line 1, column 17: an alias stands within what it is of"),
        ("[1,2", "line 1, column 1: unclosed bracket '['"),
        ("objectives: []\n---\nobjectives: []", "line 2, column 1: there is more than one document"),
        (
            r#"{"objectives": [{"name": "x", "expression": "checks rate", "pass": "> 0.9x"}]}"#,
            "line 1, column 68: \"0.9x\" is no number that a figure could be compared with: 500, 500ms, 1.5s, 1%, \
             20/s or 5MB/s are",
        ),
    ] {
        assert_eq!(refused(text), message, "{text}");
    }
}

#[test]
fn no_file_takes_more_than_its_share() {
    assert_eq!(Objectives::read(&" ".repeat(MAX_BYTES + 1)), Err(ObjectivesError::TooLarge));
    let many = |count: usize| {
        let list: Vec<String> =
            (0..count).map(|at| format!("{{\"name\":\"{at}\",\"expression\":\"checks rate\"}}")).collect();
        format!("{{\"objectives\":[{}]}}", list.join(","))
    };
    assert_eq!(read(&many(200)).objectives.len(), 200);
    assert_eq!(refused(&many(201)), "line 1, column 15: there are more than 200 objectives");
    let deep = format!("objectives: {}{}", "[".repeat(1_000), "]".repeat(1_000));
    assert!(refused(&deep).contains("line 1, column"), "{}", refused(&deep));
    let mut laughs = String::from("a0: &a0 [x, x]\n");
    for level in 1..30 {
        laughs.push_str(&format!("a{level}: &a{level} [*a{0}, *a{0}, *a{0}, *a{0}]\n", level - 1));
    }
    laughs.push_str("objectives: *a29");
    refused(&laughs);
    // Where unknown keys are looked past, as when Keptn's mark is searched for.
    refused(&format!("{laughs}\nspec_version: '1.0'"));
    let long = refused(&format!("{}: 1", "k".repeat(900)));
    assert!(long.len() < 400, "{long}");
    refused(&with(&format!("    description: {}", "x".repeat(2_001))));
    refused(&format!("objectives:\n  - name: {}\n    expression: checks rate", "x".repeat(201)));
}

fn schema() -> Validator {
    let schema: Value = serde_json::from_str(SCHEMA).expect("the schema is JSON");
    jsonschema::validator_for(&schema).expect("the schema is one")
}

/// As JSON; what is no document of JSON's kinds has none.
fn as_json(text: &str) -> Option<Value> {
    let options = serde_saphyr::options! { strict_booleans: true };
    serde_saphyr::from_str_with_options(text, options).ok()
}

#[test]
fn the_schema_takes_what_is_read() {
    let mut files = vec![WHOLE.to_owned(), "objectives: []".to_owned()];
    for criterion in [
        "< 5",
        "<= 5ms",
        "'> 1.5s'",
        "'>= 1e3'",
        "== 0",
        "'!= 3'",
        "200..500",
        "0.2..0.5s",
        "-5..5",
        "<= +10%",
        "'>= -5%'",
        "<= +50ms",
        "'>= -5'",
        "<= +10% surely",
        "<500ms",
        "'  < 500 µs '",
        "= 5",
    ] {
        files.push(with(&format!("    pass: {criterion}")));
        files.push(with(&format!("    pass: [{criterion}]\n    warn: {criterion}")));
    }
    for choice in
        ["pinned", "{run: shop.1}", "{passed: 5, aggregate: p(90)}", "{all: 1}", "{passed-or-warned: 20}"]
    {
        files.push(format!("baseline: {choice}\nobjectives: []"));
    }
    for line in ["abort: {}", "window: {to: 1m}", "for: 1.5m", "thresholds: count", "weight: 0"] {
        let place = if line.starts_with("thresholds") { "" } else { "    " };
        files.push(with(&format!("{place}{line}")));
    }
    let schema = schema();
    for text in files {
        read(&text);
        let value = as_json(&text).expect("a document");
        let wrong: Vec<String> = schema.iter_errors(&value).map(|error| error.to_string()).collect();
        assert!(wrong.is_empty(), "{wrong:?}: {text}");
    }
}

#[test]
fn the_schema_refuses_what_is_refused_for_its_form() {
    let schema = schema();
    // What no schema says: relations between values, sizes in bytes, and what YAML alone has.
    let beyond = [
        "500..200",
        "< 500 surely",
        "< 5%",
        "+5MB",
        "< 5/s",
        "5x",
        "1e999ms",
        "1..+2",
        "for: 0s",
        "to: 5s",
        "warn: 95%",
        "name: Login",
        "{a: 'https://x/ y'}",
        "a\\eb",
        ".nan",
        "<<",
        "   warn: < 6",
        "pass: > 500",
    ];
    for (lines, _) in REFUSED.iter().filter(|(lines, _)| !beyond.iter().any(|part| lines.contains(part))) {
        let value = as_json(&with(lines)).unwrap_or_else(|| panic!("no document: {lines}"));
        assert!(!schema.is_valid(&value), "{lines}");
    }
}

#[test]
fn the_schema_has_the_words_of_the_reader() {
    let schema: Value = serde_json::from_str(SCHEMA).unwrap();
    let words = |place: &str| {
        let properties = schema.pointer(place).and_then(Value::as_object).expect(place);
        let mut words: Vec<String> = properties.keys().cloned().collect();
        words.sort();
        words
    };
    for (place, document) in [
        ("/properties", "nosuch: 1".to_owned()),
        ("/properties/score/properties", "score: {nosuch: 1}\nobjectives: []".to_owned()),
        ("/$defs/objective/properties", with("    nosuch: 1")),
        ("/$defs/objective/properties/abort/properties", with("    abort: {nosuch: 1}")),
        ("/$defs/window/oneOf/1/properties", with("    window: {nosuch: 1}")),
        ("/$defs/baseline/oneOf/1/properties", "baseline: {nosuch: 1}\nobjectives: []".to_owned()),
    ] {
        let message = refused(&document);
        let list = message.split_once("there are ").map_or(message.as_str(), |(_, list)| list);
        let mut said: Vec<String> = list.split(", ").map(str::to_owned).collect();
        said.sort();
        assert_eq!(said, words(place), "{message}");
    }
}

#[test]
fn the_files_in_the_manual_are_read_and_of_the_schema() {
    let manual = include_str!("../../../docs/gate.md");
    let files: Vec<&str> =
        manual.split("```yaml\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    let [own, keptn] = files.as_slice() else { panic!("{} files", files.len()) };
    assert_eq!(read(own).objectives.len(), 6);
    assert!(schema().is_valid(&as_json(own).expect("a document")));
    assert_eq!(read(keptn).objectives.len(), 3);
    let document =
        manual.split("```json\n").nth(1).and_then(|rest| rest.split("```").next()).expect("a verdict");
    let verdict: loadgate_documents::GateVerdict = serde_json::from_str(document).expect("it is one");
    assert_eq!(verdict.objectives.len(), 1);
}
