//! Requests of a run, grouped and filtered.

use super::{Service, Window};
use crate::catalogue::runs;
use crate::documents::part;
use crate::documents::requests::{self, Asked, Found};
use crate::fold::Tally;
use crate::ingest::Refusal;
use crate::log;
use crate::record::{Dimension, SeriesKey};
use crate::store::{Clock, Store};
use loadgate_documents::Span;
use std::collections::BTreeMap;

impl<S: Store, C: Clock> Service<S, C> {
    /// Requests as they are asked for, in a window of the run; JSON.
    ///
    /// # Errors
    ///
    /// [`Refusal::NotFound`] where there is no such run, no such window of it, or nothing is kept by a tag; what the
    /// store refuses.
    pub async fn requests(&self, run: &str, asked: &Asked, window: Window) -> Result<String, Refusal> {
        let run = self.run(run).await?;
        let is_facets =
            |(key, tally): &(&SeriesKey, &Tally)| key.dimension == Dimension::Facets && tally.count > 0;
        if window == Window::Whole {
            let document = log::with_run(&self.store, &self.cache, &run, |found| {
                let missed = |key: &[String]| found.missed(Dimension::Facets, key);
                asked.check_tags(found.totals().filter(is_facets).map(|(key, _)| key.key.as_slice()))?;
                let (window, seconds, totals) = (None, found.seconds(), found.totals());
                Ok(requests::document(
                    asked,
                    Found { run: run.to_string(), window, seconds, totals, missed: &missed },
                ))
            });
            let document = document.await?;
            let nothing = || Err(format!("{run} has no samples yet"));
            return document.unwrap_or_else(nothing).map_err(Refusal::NotFound);
        }
        // The rows that there are by now, and what they missed.
        let keys = log::with_run(&self.store, &self.cache, &run, |found| -> BTreeMap<Vec<String>, u64> {
            let keys = found.totals().filter(is_facets);
            keys.map(|(key, _)| (key.key.clone(), found.missed(Dimension::Facets, &key.key))).collect()
        });
        let keys = keys.await?.unwrap_or_default();
        asked.check_tags(keys.keys().map(Vec::as_slice)).map_err(Refusal::NotFound)?;
        let whole = runs::summary(&self.store, &run).await?;
        let of_facets = |key: &SeriesKey| key.dimension == Dimension::Facets;
        let stretch =
            self.stretch_within(&run, &whole, window, of_facets).await?.map_err(Refusal::NotFound)?;
        let span = Span { start: stretch.start_ms, end: stretch.end_ms };
        let totals = part::facets(&keys, &stretch.tallies);
        let found = Found {
            run: run.to_string(),
            window: Some(span),
            seconds: part::seconds(span),
            totals: totals.iter(),
            missed: &|key| keys.get(key).copied().unwrap_or(0),
        };
        Ok(requests::document(asked, found))
    }
}
