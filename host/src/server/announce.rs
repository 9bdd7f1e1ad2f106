//! Says on stdout when a run begins and ends.

use super::Front;
use http::Method;
use serde::Deserialize;
use std::collections::HashMap;
use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// Between two looks.
const EVERY: Duration = Duration::from_secs(1);
/// Nobody looks when nothing was written for so long, however live a run calls itself.
const INTEREST: Duration = Duration::from_secs(300);
/// The newest runs, of all tests.
const RUNS: &str = "/runs?limit=30";

#[derive(Deserialize)]
struct Run {
    id: String,
    state: State,
}

#[derive(Deserialize, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
enum State {
    Live,
    Ended,
    Unreadable,
}

/// What was said of which run.
#[derive(Default)]
struct Known(HashMap<String, State>);

#[derive(Debug, PartialEq, Eq)]
enum News {
    Begins(String),
    Ended(String),
}

impl Known {
    /// Runs from before the server began are no news. Where somebody has written by the time of the first
    /// look (`written`), a live one may be theirs.
    fn silently(&mut self, runs: Vec<Run>, written: bool) {
        let old = runs.into_iter().filter(|run| run.state != State::Live || !written);
        self.0.extend(old.map(|run| (run.id, run.state)));
    }

    /// `runs` come newest first; news come in the order of time.
    fn learn(&mut self, runs: Vec<Run>) -> Vec<News> {
        let mut news = Vec::new();
        for run in runs.into_iter().rev() {
            let before = self.0.insert(run.id.clone(), run.state);
            if before.is_none() {
                news.push(News::Begins(run.id.clone()));
            }
            if run.state == State::Ended && before != Some(State::Ended) {
                news.push(News::Ended(run.id));
            }
        }
        news
    }

    fn any_live(&self) -> bool {
        self.0.values().any(|state| *state == State::Live)
    }
}

/// Looks for as long as the server runs, and only while something is written or a run is live.
pub(super) fn spawn(front: Arc<Front>) {
    tokio::spawn(async move {
        // Not waited for: a run that is far behind takes long to list for the first time.
        let mut known = Known::default();
        let first = runs(&front).await;
        known.silently(first, front.last_write.load(Ordering::Relaxed) > 0);
        let mut phase = front.phase.clone();
        loop {
            tokio::select! {
                () = tokio::time::sleep(EVERY) => {}
                _ = phase.changed() => return,
            }
            let last_write = Duration::from_millis(front.last_write.load(Ordering::Relaxed));
            let quiet = front.born.elapsed().saturating_sub(last_write);
            let written = !last_write.is_zero() && quiet < 10 * EVERY;
            if written || (known.any_live() && quiet < INTEREST) {
                for news in known.learn(runs(&front).await) {
                    say(&news, &front);
                }
            }
        }
    });
}

async fn runs(front: &Front) -> Vec<Run> {
    match front.ask(Method::GET, RUNS).await {
        Ok((status, document)) if status.is_success() => {
            serde_json::from_slice(&document).unwrap_or_default()
        }
        // The component says itself what is wrong with it, to whoever asks.
        _ => Vec::new(),
    }
}

fn say(news: &News, front: &Front) {
    let base = &front.url;
    let line = match news {
        News::Begins(run) => format!("Run {run} begins: {base}/ui/?run={run}"),
        News::Ended(run) => format!("Run {run} has ended: {base}/report?run={run}"),
    };
    let mut out = std::io::stdout().lock();
    // A closed stdout is no reason to end.
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(id: &str, state: State) -> Run {
        Run { id: id.to_owned(), state }
    }

    #[test]
    fn every_run_is_announced_once_and_old_ones_never() {
        let mut known = Known::default();
        known.silently(vec![run("shop.1", State::Ended)], false);
        let begins = known.learn(vec![run("shop.2", State::Live), run("shop.1", State::Ended)]);
        assert_eq!(begins, [News::Begins("shop.2".into())]);
        assert!(known.any_live());
        assert_eq!(known.learn(vec![run("shop.2", State::Live)]), []);
        // Two changes between two looks: the older run ended, another came and went.
        let both = known.learn(vec![run("shop.3", State::Ended), run("shop.2", State::Ended)]);
        assert_eq!(
            both,
            [News::Ended("shop.2".into()), News::Begins("shop.3".into()), News::Ended("shop.3".into())]
        );
        assert!(!known.any_live());
    }

    #[test]
    fn a_run_that_begins_before_the_first_look_is_announced_all_the_same() {
        let both = || vec![run("shop.2", State::Live), run("shop.1", State::Ended)];
        for (written, news) in [(true, vec![News::Begins("shop.2".into())]), (false, Vec::new())] {
            let mut known = Known::default();
            known.silently(both(), written);
            assert_eq!(known.learn(both()), news);
        }
    }
}
