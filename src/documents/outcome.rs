//! How a run ended, where that is known: k6's exit code, and whether it came before its planned end.

use loadgate_documents::{Outcome, RunState, Summary, clock};
use serde::{Deserialize, Serialize};

/// What a client tells of a run's end (`PUT /runs/ID/outcome`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exit {
    /// k6's exit code, or 128 and a signal's number.
    /// The code.
    #[serde(rename = "exit")]
    pub code: u8,
}

/// Samples end a little before the test does.
const EARLY_MS: f64 = 1_500.0;

impl Exit {
    /// Reads `{"exit": 99}`.
    ///
    /// # Errors
    ///
    /// A sentence for whoever sent it.
    pub fn parse(document: &[u8]) -> Result<Self, String> {
        let wrong =
            |reason: String| format!("an outcome is {{\"exit\": k6's exit code, 0 to 255}}: {reason}");
        if !document.trim_ascii_start().starts_with(b"{") {
            return Err(wrong("this is no object".to_owned()));
        }
        serde_json::from_slice(document).map_err(|error| wrong(error.to_string()))
    }
}

/// What an exit code of k6 means, and whether it cuts the test short
/// (<https://github.com/grafana/k6>, `errext/exitcodes`).
fn meaning(exit: u8) -> (&'static str, bool) {
    match exit {
        0 => ("ended as planned", false),
        97 => ("the cloud test failed", false),
        98 => ("the cloud's progress could not be read", false),
        99 => ("thresholds crossed", false),
        100 => ("setup timed out", true),
        101 => ("teardown timed out", false),
        102 => ("timed out", true),
        103 => ("stopped through k6's API", true),
        104 => ("invalid configuration", true),
        105 => ("stopped by Ctrl-C or a signal", true),
        106 => ("k6's API could not start", true),
        107 => ("exception in the script", true),
        108 => ("aborted by the script", true),
        109 => ("k6 crashed", true),
        110 => ("marked as failed by the script", false),
        129..=165 => ("k6 was killed", true),
        _ => ("k6 failed", true),
    }
}

/// How an ended run ended; `None` where nothing is known but that it did.
pub(crate) fn outcome(exit: Option<u8>, summary: Option<&Summary>) -> Option<Outcome> {
    let over = summary.filter(|summary| summary.state == RunState::Ended);
    let elapsed = over.map_or(0.0, |summary| (summary.end - summary.start) as f64);
    let planned = over.and_then(|summary| summary.planned).map(|ms| ms as f64);
    let early = planned.is_some_and(|planned| elapsed + EARLY_MS < planned);
    let crossed = over.is_some_and(|summary| {
        summary.thresholds.iter().any(|threshold| threshold.aborts && threshold.passes == Some(false))
    });
    let by_threshold = crossed && matches!(exit, None | Some(99)) && (early || planned.is_none());
    let (said, aborted) = match exit {
        _ if by_threshold => ("aborted by a threshold", true),
        Some(exit) => meaning(exit),
        None => return None,
    };
    let mut text = said.to_owned();
    if aborted {
        if !said.contains("aborted") && early {
            text.push_str(", aborted");
        }
        if over.is_some() {
            text.push_str(&format!(" at {}", clock(elapsed)));
        }
        if let Some(planned) = planned.filter(|_| early) {
            text.push_str(&format!(" of {} planned", clock(planned)));
        }
    }
    Some(Outcome { exit, aborted, bad: exit != Some(0), text })
}

#[cfg(test)]
mod tests {
    use super::*;
    use loadgate_documents::ThresholdRow;

    fn summary(seconds: i64, planned: Option<u64>, passes: bool) -> Summary {
        let row = |passes, aborts| ThresholdRow { passes, aborts, ..ThresholdRow::default() };
        Summary {
            state: RunState::Ended,
            start: 1_000,
            end: 1_000 + seconds * 1_000,
            planned,
            thresholds: vec![row(Some(passes), true), row(None, false)],
            ..Summary::default()
        }
    }

    fn said(exit: Option<u8>, summary: &Summary) -> Option<String> {
        outcome(exit, Some(summary)).map(|outcome| outcome.text)
    }

    #[test]
    fn an_early_end_is_told_with_its_cause_and_its_moment() {
        let early = summary(6, Some(60_000), false);
        let by_threshold = "aborted by a threshold at 0:06 of 1:00 planned";
        assert_eq!(said(Some(99), &early).as_deref(), Some(by_threshold));
        assert_eq!(said(None, &early).as_deref(), Some(by_threshold), "the options suffice");
        let stopped = "stopped by Ctrl-C or a signal, aborted at 0:06 of 1:00 planned";
        assert_eq!(said(Some(105), &early).as_deref(), Some(stopped));
        assert_eq!(
            said(Some(107), &summary(6, None, true)).as_deref(),
            Some("exception in the script at 0:06")
        );
    }

    #[test]
    fn a_whole_run_was_not_aborted() {
        let whole = summary(59, Some(60_000), false);
        let crossed = outcome(Some(99), Some(&whole)).unwrap();
        assert_eq!(
            (crossed.text.as_str(), crossed.aborted, crossed.bad),
            ("thresholds crossed", false, true)
        );
        assert_eq!(said(None, &whole), None);
        assert_eq!(said(None, &summary(6, Some(60_000), true)), None, "who knows why");
        assert_eq!(said(Some(0), &whole).as_deref(), Some("ended as planned"));
    }

    #[test]
    fn an_outcome_is_an_exit_code() {
        assert_eq!(Exit::parse(br#"{"exit":99}"#), Ok(Exit { code: 99 }));
        for wrong in ["", "[99]", "{}", r#"{"exit":256}"#, r#"{"exit":1,"more":2}"#] {
            assert!(Exit::parse(wrong.as_bytes()).unwrap_err().contains("exit code"), "{wrong}");
        }
    }
}
