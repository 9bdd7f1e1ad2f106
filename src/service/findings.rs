//! What an expert would notice in a run, from its figures and its course.

use super::{Service, known_test};
use crate::catalogue::{labels, runs};
use crate::documents::series::Step;
use crate::fold::Tally;
use crate::ingest::Refusal;
use crate::log::stretches;
use crate::record::{Dimension, SeriesKey};
use crate::store::{Clock, Store};
use loadgate_documents::{Digits, Finding, FindingKind, Findings, Span, Summary, to_json};
use loadgate_findings::{Window, find, step_ms};
use std::collections::BTreeMap;

/// The metrics that findings look at over time.
const LOOKED_AT: [&str; 4] = ["http_req_duration", "http_reqs", "iteration_duration", "vus"];

impl<S: Store, C: Clock> Service<S, C> {
    /// Findings as JSON; see `docs/findings.md`.
    ///
    /// # Errors
    ///
    /// [`Refusal::NotFound`] where there is no such run; what the store refuses.
    pub async fn findings(&self, run: &str) -> Result<String, Refusal> {
        let run = self.run(run).await?;
        let whole = runs::summary(&self.store, &run).await?;
        let step_ms = step_ms(whole.end.saturating_sub(whole.start));
        let (kept, grid) = (&self.cache.windows, (whole.start, step_ms));
        let all = Span { start: i64::MIN, end: i64::MAX };
        let steps = stretches::steps(&self.store, kept, &run, grid, all, |key| {
            key.dimension == Dimension::Metric && LOOKED_AT.contains(&key.metric.as_str())
        })
        .await?;
        let muted = labels::muted(&self.store, &run.log.test).await?;
        let (muted, findings): (Vec<Finding>, Vec<Finding>) = find(&whole, &course(&whole, step_ms, &steps))
            .into_iter()
            .partition(|finding| muted.contains(&finding.kind));
        let document = Findings { run: whole.run, test: whole.test, findings, muted };
        Ok(to_json(&document, Digits::All))
    }

    /// Mutes kinds of findings for a test by `{"muted": [KIND, …]}`: these, and no others.
    ///
    /// # Errors
    ///
    /// [`Refusal::NotFound`] where there is no such test, [`Refusal::Invalid`] where the document is none or names
    /// what is no kind; what the store refuses.
    pub async fn set_muted(&self, test: &str, document: &[u8]) -> Result<(), Refusal> {
        #[derive(serde::Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Muted {
            muted: Vec<FindingKind>,
        }
        let test = known_test(test)?;
        let Muted { muted } = serde_json::from_slice(document).map_err(|error| {
            Refusal::Invalid(format!("what is muted is {{\"muted\": [KIND, …]}}: {error}"))
        })?;
        Ok(labels::set_muted(&self.store, &test, &muted).await?)
    }
}

/// The windows in their order. The last one may have been cut short by the run's end: it would look like a
/// load that fell.
fn course(whole: &Summary, step_ms: i64, steps: &BTreeMap<i64, Step>) -> Vec<Window> {
    let nothing = Tally::default();
    steps
        .iter()
        .map(|(number, step)| {
            let start_ms = whole.start + number * step_ms;
            let told = |metric: &str| step.tallies.get(&SeriesKey::named(metric));
            let durations = told("http_req_duration").unwrap_or(&nothing);
            let iterations = told("iteration_duration").unwrap_or(&nothing);
            Window {
                start_ms,
                end_ms: start_ms + step_ms,
                vus: told("vus").map(|vus| vus.last),
                requests: told("http_reqs").unwrap_or(&nothing).sum.get(),
                p95: durations.quantiles([0.95]).map(|[p95]| p95).filter(|_| durations.count > 0),
                request_ms: durations.sum.get(),
                iterations: iterations.count as f64,
                iteration_ms: iterations.sum.get(),
            }
        })
        .filter(|window| window.end_ms <= whole.end)
        .collect()
}
