//! Drafts of a file.

use crate::support::{run, verdict};
use loadgate_documents::{ObjectiveState, Summary};
use loadgate_gate::{Baseline, Evidence, Objectives, judge, suggest};

#[test]
fn a_draft_is_a_file_that_says_what_it_is_made_of_and_that_its_own_runs_pass() {
    let runs = [run("shop.3", 187.3), run("shop.4", 201.0)];
    let text = suggest(&runs);
    assert_eq!(
        text.lines().take(11).collect::<Vec<_>>(),
        [
            "# A draft by Loadgate: read it, and change what your users would not agree with.",
            "# Made of shop.3, shop.4.",
            "baseline: { passed: 5, aggregate: median }",
            "objectives:",
            "  - name: \"Responses are fast\"",
            "    expression: \"http_req_duration p(95)\"",
            "    # was 187.3ms, 201ms",
            "    pass: [\"< 250ms\", \"<= +20% surely\"]",
            "    warn: \"< 310ms\"",
            "  - name: \"Requests succeed\"",
            "    expression: \"http_req_failed rate\"",
        ]
    );
    let objectives = Objectives::read(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
    let names: Vec<&str> = objectives.objectives.iter().map(|objective| objective.name.as_str()).collect();
    let wanted =
        ["Responses are fast", "Requests succeed", "Checks hold", "GET login is fast", "GET cart is fast"];
    assert_eq!(names, wanted);
    for own in &runs {
        let base = Baseline::Runs(runs.iter().map(|run| run as &dyn Evidence).collect());
        assert_eq!(judge(own, &objectives, &base).state, ObjectiveState::Pass, "{text}");
    }
}

#[test]
fn names_of_a_test_cannot_break_a_draft() {
    let mut own = run("shop\n- x", 5.0);
    own.tables.requests[0].key[1] = "a: \"b\" #c\n  - {d} \u{2028}".to_owned();
    let text = suggest(&[own]);
    Objectives::read(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
}

#[test]
fn nothing_is_drafted_of_nothing() {
    for runs in [vec![], vec![Summary::default()]] {
        let text = suggest(&runs);
        let objectives = Objectives::read(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
        assert_eq!(objectives.objectives, []);
        assert_eq!(verdict(&run("shop.1", 5.0), &objectives).state, ObjectiveState::Info);
    }
}
