//! The figures of a part of a run: of a window, of what was steady, of stretch after stretch.

use super::Service;
use crate::documents::part;
use crate::ingest::Refusal;
use crate::log::windows::{self, Between, Stretch};
use crate::names::RunId;
use crate::record::{Dimension, SeriesKey};
use crate::store::{Clock, Store};
use loadgate_documents::{Span, Summary, clock};
use loadgate_gate::{Expression, Subject, Window};

/// The load is steady while the VUs are within this share of their most.
const STEADY: f64 = 0.95;

/// A stretch is at least as long as a window: a run of a day has no more of them, and shorter ones nobody can read.
const STRETCHES: usize = 10_000;

/// What is asked for cannot be had: why, as a sentence.
pub(super) type Found<T> = Result<T, String>;

impl<S: Store, C: Clock> Service<S, C> {
    /// The summary of a window of the run that `whole` is of.
    pub(super) async fn summary_within(
        &self,
        run: &RunId,
        whole: &Summary,
        window: Window,
    ) -> Result<Found<Summary>, Refusal> {
        let asked = match self.between(run, whole, window).await? {
            Ok(asked) => asked,
            Err(why) => return Ok(Err(why)),
        };
        let found = windows::stretches(&self.store, &self.cache.windows, run, asked, |_| true).await?;
        Ok(match found.into_iter().next() {
            Some(stretch) => Ok(part::summary(whole, of(stretch))),
            None => Err(nothing(whole, asked)),
        })
    }

    /// What an expression looks at between two times of a run: one summary, or one of each stretch of so many ms.
    pub(super) async fn part(
        &self,
        run: &RunId,
        whole: &Summary,
        expression: &Expression,
        asked: Between,
        stretch: Option<u64>,
    ) -> Result<Found<Vec<Summary>>, Refusal> {
        let step_ms = stretch.and_then(|length| i64::try_from(length).ok());
        let asked = Between { step_ms, ..asked };
        let whole = &only(whole, &expression.subject);
        let wanted = |key: &SeriesKey| looks_at(&expression.subject, key);
        let found = windows::stretches(&self.store, &self.cache.windows, run, asked, wanted).await?;
        if found.is_empty() {
            return Ok(Err(nothing(whole, asked)));
        }
        if found.len() > STRETCHES {
            let sentence = format!("{} has more than {STRETCHES} such stretches.", whole.run);
            return Ok(Err(sentence));
        }
        Ok(Ok(found.into_iter().map(|stretch| part::summary(whole, of(stretch))).collect()))
    }

    /// The times of a window.
    pub(super) async fn between(
        &self,
        run: &RunId,
        whole: &Summary,
        window: Window,
    ) -> Result<Found<Between>, Refusal> {
        let at = |ms: u64| whole.start.saturating_add(i64::try_from(ms).unwrap_or(i64::MAX));
        let (from_ms, to_ms) = match window {
            Window::Whole => (i64::MIN, i64::MAX),
            Window::Between { from, to } => (at(from), to.map_or(i64::MAX, at)),
            Window::Steady => match self.steady(run).await? {
                Some(span) => (span.start, span.end),
                None => return Ok(Err(format!("{} has no VUs that tell where it was steady.", whole.run))),
            },
        };
        Ok(Ok(Between { from_ms, to_ms, step_ms: None }))
    }

    /// The longest stretch of a run in which its VUs were at their most, or near it.
    async fn steady(&self, run: &RunId) -> Result<Option<Span>, Refusal> {
        let vus = windows::vus(&self.store, &self.cache.windows, run).await?;
        let most = vus.iter().map(|window| window.most).fold(0.0, f64::max);
        if most <= 0.0 {
            return Ok(None);
        }
        let stretches = vus.chunk_by(|before, after| {
            before.least >= most * STEADY && after.least >= most * STEADY && before.end_ms == after.start_ms
        });
        let steady = stretches.filter(|stretch| stretch[0].least >= most * STEADY);
        let spans = steady.map(|stretch| Span {
            start: stretch[0].start_ms,
            end: stretch.last().map_or(stretch[0].end_ms, |window| window.end_ms),
        });
        // Of equals the first.
        Ok(spans.reduce(|long, span| if span.end - span.start > long.end - long.start { span } else { long }))
    }
}

fn of(stretch: Stretch) -> part::Part {
    let Stretch { start_ms, end_ms, tallies } = stretch;
    part::Part { span: Span { start: start_ms, end: end_ms }, tallies }
}

fn nothing(whole: &Summary, asked: Between) -> String {
    let at =
        |ms: i64| clock(ms.clamp(whole.start, whole.end.max(whole.start)).saturating_sub(whole.start) as f64);
    format!(
        "No window of {} lies between {} and {}: figures are kept of 2 s at first, of more in long runs.",
        whole.run,
        at(asked.from_ms),
        at(asked.to_ms)
    )
}

/// Whether a subject's figures are of a series.
fn looks_at(subject: &Subject, key: &SeriesKey) -> bool {
    match subject {
        Subject::Metric { name, .. } => *key == SeriesKey::named(name),
        Subject::Request { method, name, .. } => {
            key.dimension == Dimension::Request
                && (key.key.len() == 1 || (key.key.first() == Some(method) && key.key.get(1) == Some(name)))
        }
        Subject::Health { .. } | Subject::Unknown => false,
    }
}

/// A summary without what a subject does not look at: there may be one for each of many stretches.
fn only(whole: &Summary, subject: &Subject) -> Summary {
    let mut summary = whole.clone();
    summary.metrics.retain(|metric, _| matches!(subject, Subject::Metric { name, .. } if name == metric));
    summary.thresholds.clear();
    let requests = std::mem::take(&mut summary.tables).requests;
    if let Subject::Request { method, name, .. } = subject {
        summary.tables.requests = requests
            .into_iter()
            .filter(|row| row.key.len() == 1 || row.key == [method.as_str(), name.as_str()])
            .collect();
    }
    summary
}
