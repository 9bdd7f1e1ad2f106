//! Keptn's files, re-typed from its public specification and manual.

use crate::support::{one, run, verdict};
use loadgate_documents::Aggregate;
use loadgate_documents::ObjectiveState::{Error, Fail, Info, Pass, Warning};
use loadgate_gate::{Baseline, BaselineChoice, Objectives, Score, Verdicts};

/// The example of the specification of SLOs.
const EXAMPLE: &str = r#"
spec_version: '1.0'
filter:
  mz_id: "4711"
  svc_id: "a14b-cd87-0d51"
comparison:
  compare_with: "several_results"
  include_result_with_score: "pass"
  number_of_comparison_results: 3
  aggregate_function: avg
objectives:
  - sli: response_time_p95
    pass:
      - criteria:
          - "<=+10%"
          - "<1000"
    warning:
      - criteria:
          - "<=800"
total_score:
  pass: "90%"
  warning: "75%"
"#;

/// As the manual's, with every key that an objective has.
const WHOLE: &str = r#"
spec_version: "1.0"
comparison:
  compare_with: "single_result"
  include_result_with_score: "pass_or_warn"
  number_of_comparison_results: 7
  aggregate_function: "p95"
objectives:
  - sli: "response_time_p95"
    displayName: "Response time P95"
    key_sli: true
    pass:
      - criteria:
          - "<300"
      - criteria:
          - "<=+10%"
    weight: 2
  - sli: "error_rate"
    pass:
      - criteria:
          - "<=1"
  - sli: "throughput"
  - sli: "process_memory"
    pass:
      - criteria:
          - "<100"
total_score:
  pass: "90%"
  warning: "50%"
"#;

fn read(text: &str) -> Objectives {
    Objectives::read(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

#[test]
fn the_example_of_the_specification_is_read_as_it_is() {
    let read = read(EXAMPLE);
    let baseline = BaselineChoice::Last { count: 3, verdicts: Verdicts::Passed, aggregate: Aggregate::Avg };
    assert_eq!((read.baseline.clone(), read.score), (baseline, Some(Score { pass: 0.9, warn: 0.75 })));
    let objective = &read.objectives[0];
    assert_eq!(objective.name, "response_time_p95");
    assert_eq!(objective.expression.to_string(), "http_req_duration p(95)");
    assert_eq!(objective.pass.to_string(), "<=+10% and <1000");
    assert_eq!(objective.warn.to_string(), "<=800");
    let base = run("shop.1", 800.0);
    for (p95, wanted) in [(700.0, Pass), (880.0, Pass), (881.0, Fail), (1_000.0, Fail)] {
        let result = one(&run("shop.2", p95), &read, &Baseline::Runs(vec![&base]));
        assert_eq!(result.state, wanted, "{p95}: {}", result.reason);
    }
    assert_eq!(
        one(&run("shop.2", 700.0), &read, &Baseline::Runs(vec![&run("shop.1", 500.0)])).state,
        Warning
    );
    assert_eq!(one(&run("shop.2", 700.0), &read, &Baseline::None).state, Info);
}

#[test]
fn every_key_is_read_and_unknown_indicators_are_errors() {
    let read = read(WHOLE);
    // A single result is one, whatever the number says.
    let baseline = BaselineChoice::Last {
        count: 1,
        verdicts: Verdicts::PassedOrWarned,
        aggregate: Aggregate::Percentile(95.0),
    };
    assert_eq!(read.baseline, baseline);
    let [time, errors, throughput, memory] = read.objectives.as_slice() else { panic!("four") };
    assert_eq!((time.name.as_str(), time.weight, time.key), ("Response time P95", 2.0, true));
    assert_eq!(time.pass.to_string(), "<300, or <=+10%");
    assert_eq!(errors.expression.to_string(), "http_req_failed rate");
    assert_eq!(throughput.expression.to_string(), "http_reqs rate");
    assert_eq!(memory.expression.to_string(), "process_memory");

    // 1 % of requests failed, which is just within the percent that the file means.
    let verdict = verdict(&run("shop.2", 200.0), &read);
    let states: Vec<_> = verdict.objectives.iter().map(|objective| objective.state).collect();
    assert_eq!(states, [Pass, Pass, Info, Error]);
    assert_eq!(verdict.objectives[3].reason, "process_memory is no indicator that Loadgate knows.");
    assert_eq!(verdict.state, Error, "its score would do");
    // One of two lists is enough.
    let base = run("shop.1", 400.0);
    assert_eq!(
        loadgate_gate::judge(&run("shop.2", 430.0), &read, &Baseline::Runs(vec![&base])).objectives[0].state,
        Pass
    );
}

#[test]
fn indicators_of_keptns_examples_have_their_expressions() {
    for (sli, expression) in [
        ("response_time_p50", "http_req_duration p(50)"),
        ("response_time_p90", "http_req_duration p(90)"),
        ("response_time_p99", "http_req_duration p(99)"),
        ("response_time_avg", "http_req_duration avg"),
        ("request_latency_p95", "http_req_duration p(95)"),
        ("error_rate", "http_req_failed rate"),
        ("throughput", "http_reqs rate"),
        ("response_time_p101", "response_time_p101"),
        ("response_time_p", "response_time_p"),
        ("cpu_time", "cpu_time"),
    ] {
        let text = format!("spec_version: '1.0'\nobjectives: [{{sli: {sli}}}]");
        assert_eq!(read(&text).objectives[0].expression.to_string(), expression);
    }
}

#[test]
fn the_same_indicator_may_stand_there_twice() {
    let read = read("spec_version: '1.0'\nobjectives: [{sli: throughput}, {sli: throughput}]");
    let names: Vec<&str> = read.objectives.iter().map(|objective| objective.name.as_str()).collect();
    assert_eq!(names, ["throughput", "throughput (2)"]);
    let all = BaselineChoice::Last { count: 1, verdicts: Verdicts::All, aggregate: Aggregate::Avg };
    assert_eq!(read.baseline, all, "Keptn compares with the last result, whatever it was");
}

#[test]
fn what_is_wrong_is_said_with_its_place() {
    for (text, message) in [
        (
            "spec_version: '0.1.1'\nobjectives: []",
            "line 1, column 15: spec_version \"0.1.1\" of Keptn's slo.yaml is not known: 1.0 is",
        ),
        (
            "spec_version: '1.0'\nobjective: []",
            "line 2, column 1: \"objective\" is not known here: there are spec_version, filter, comparison, \
             objectives, total_score",
        ),
        (
            "spec_version: '1.0'\nobjectives: [{sli: x, pass: [{criteria: ['<oops']}]}]",
            "line 2, column 42: \"oops\" is no number that a figure could be compared with: 500, 500ms, 1.5s, 1%, \
             20/s or 5MB/s are",
        ),
        (
            "spec_version: '1.0'\nobjectives: [{sli: x, pass: [{criteria: []}]}]",
            "line 2, column 20: one of its lists of criteria is empty",
        ),
        (
            "spec_version: '1.0'\ncomparison: {compare_with: best}\nobjectives: []",
            "line 2, column 28: \"best\" is none of single_result, several_results",
        ),
        (
            "spec_version: '1.0'\ncomparison: {aggregate_function: best}\nobjectives: []",
            "line 2, column 34: \"best\" makes no value of several: avg, median, min, max and p(0 to 100) do",
        ),
        (
            "spec_version: '1.0'\ntotal_score: {pass: '50%', warning: '75%'}\nobjectives: []",
            "line 2, column 14: the score that warns is above the one that passes",
        ),
    ] {
        assert_eq!(Objectives::read(text).unwrap_err().to_string(), message);
    }
}
