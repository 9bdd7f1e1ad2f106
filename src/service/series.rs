//! A run's metrics over time, in windows of the length that is asked for: merged from what was kept, and the same
//! from every instance.

use super::Service;
use crate::catalogue::runs;
use crate::documents::series::Course;
use crate::ingest::Refusal;
use crate::log::stretches;
use crate::record::{Dimension, SeriesKey};
use crate::store::{Clock, Store};
use loadgate_documents::{MetricType, Span};
use std::collections::BTreeSet;

/// Steps that one answer has at the most: a day of 10 s windows, and more than a chart has pixels.
const STEPS: i64 = 10_000;

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// The breakdown, with the row; metrics as a whole need none.
    pub table: Dimension,
    /// The row's key.
    pub key: Vec<String>,
    /// Names as in the stream; none: all that there are.
    pub metrics: Vec<String>,
    /// The length of a window, ms.
    pub step_ms: u64,
}

impl Asked {
    fn wants(&self, key: &SeriesKey) -> bool {
        if self.table != Dimension::Metric {
            let named = self.metrics.is_empty() || self.metrics.contains(&key.metric);
            return key.dimension == self.table && key.key == self.key && named;
        }
        match self.metrics.is_empty() {
            true => matches!(key.dimension, Dimension::Metric | Dimension::Submetric),
            false => self.metrics.iter().any(|name| *key == SeriesKey::named(name)),
        }
    }
}

impl<S: Store, C: Clock> Service<S, C> {
    /// Metrics over time as JSON; see `docs/events.md`.
    ///
    /// # Errors
    ///
    /// [`Refusal::NotFound`] where there is no such run; [`Refusal::Invalid`] where the step is no length, or so
    /// short that there would be too many; what the store refuses.
    pub async fn series(&self, run: &str, asked: &Asked) -> Result<String, Refusal> {
        let run = self.run(run).await?;
        let whole = runs::summary(&self.store, &run).await?;
        let step_ms = i64::try_from(asked.step_ms).unwrap_or(i64::MAX);
        if step_ms < 1_000 {
            return Err(Refusal::Invalid("step is one second or more, like step=10s".to_owned()));
        }
        let length = whole.end.saturating_sub(whole.start);
        if length / step_ms > STEPS {
            return Err(Refusal::Invalid(format!(
                "{} would have more than {STEPS} windows of {step_ms} ms; ask for longer ones",
                whole.run
            )));
        }
        let steps = stretches::steps(
            &self.store,
            &self.cache.windows,
            &run,
            (whole.start, step_ms),
            Span { start: i64::MIN, end: i64::MAX },
            |key| asked.wants(key),
        )
        .await?;
        let of: BTreeSet<SeriesKey> = steps.values().flat_map(|step| step.tallies.keys().cloned()).collect();
        let of: Vec<SeriesKey> = of.into_iter().collect();
        let course = Course { run: &whole.run, start_ms: whole.start, end_ms: whole.end, step_ms, steps };
        Ok(course.document(&of, |metric| {
            whole.metrics.get(metric).map_or(MetricType::Trend, |metric| metric.metric_type)
        }))
    }
}
