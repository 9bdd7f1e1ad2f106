//! Whether the test itself was as it should be.

use loadgate_documents::{Finding, FindingKind, Summary, Values, View};

/// Fewer failed checks than this share are what tests live with.
const CHECKS_FAIL: f64 = 0.01;

/// A run that came to its end before its plan did: its figures are of less load than was meant.
pub(crate) fn ended_early(summary: &Summary) -> Option<Finding> {
    let outcome = summary.outcome.as_ref().filter(|outcome| outcome.aborted)?;
    Some(Finding {
        kind: FindingKind::EndedEarly,
        title: "The run ended before its plan did.".to_owned(),
        evidence: vec![sentence(&outcome.text)],
        view: View::Overview,
        metrics: Vec::new(),
        at: None,
    })
}

/// Checks fail, and whoever looks at the thresholds alone sees nothing of it.
pub(crate) fn checks_fail_unseen(summary: &Summary) -> Option<Finding> {
    let Values::Rate { passes, fails, .. } = summary.metrics.get("checks")?.values else { return None };
    let all = passes + fails;
    let looked_at = summary.thresholds.iter().any(|row| row.metric.split('{').next() == Some("checks"));
    let green =
        !summary.thresholds.is_empty() && summary.thresholds.iter().all(|row| row.passes == Some(true));
    if looked_at || !green || (fails as f64) < CHECKS_FAIL * all as f64 || fails == 0 {
        return None;
    }
    let worst = summary.tables.checks.iter().filter(|row| row.fails > 0).max_by_key(|row| row.fails)?;
    let name = worst.key.last().map_or("(other)", String::as_str);
    Some(Finding {
        kind: FindingKind::ChecksFailUnseen,
        title: "Checks fail, though every threshold passes.".to_owned(),
        evidence: vec![
            format!("{fails} of {all} checks failed; no threshold looks at `checks`."),
            format!("Most often “{name}”: {} of {}.", worst.fails, worst.passes + worst.fails),
        ],
        view: View::Checks,
        metrics: vec!["checks".to_owned()],
        at: None,
    })
}

/// With a capital and a full stop.
fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().into_iter().flat_map(char::to_uppercase);
    first.chain(letters).chain(['.']).collect()
}
