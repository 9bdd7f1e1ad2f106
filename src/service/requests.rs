//! Requests of a run, grouped and filtered.

use super::Service;
use super::Window;
use crate::catalogue::runs;
use crate::documents::part;
use crate::documents::requests::{self, Asked, Found};
use crate::ingest::Refusal;
use crate::log;
use crate::record::Dimension;
use crate::store::{Clock, Store};
use loadgate_documents::Span;
use std::collections::BTreeMap;

impl<S: Store, C: Clock> Service<S, C> {
    /// Requests as they are asked for, in a window of the run; JSON.
    ///
    /// # Errors
    ///
    /// [`Refusal::NotFound`] where there is no such run, or no such window of it; what the store refuses.
    pub async fn requests(&self, run: &str, asked: &Asked, window: Window) -> Result<String, Refusal> {
        let run = self.run(run).await?;
        let read = log::with_run(&self.store, &self.cache, &run, |found| match window {
            Window::Whole => Ok(requests::document(
                asked,
                Found {
                    run: run.to_string(),
                    window: None,
                    seconds: found.seconds(),
                    totals: found.totals(),
                    missed: &|key| found.missed(Dimension::Facets, key),
                },
            )),
            // The rows that there are by now.
            _ => Err(found
                .totals()
                .filter(|(key, tally)| key.dimension == Dimension::Facets && tally.count > 0)
                .map(|(key, _)| (key.key.clone(), found.missed(Dimension::Facets, &key.key)))
                .collect::<BTreeMap<_, _>>()),
        });
        let keys = match read.await? {
            Some(Ok(document)) => return Ok(document),
            Some(Err(keys)) => keys,
            None => BTreeMap::new(),
        };
        let whole = runs::summary(&self.store, &run).await?;
        let stretch =
            self.stretch_within(&run, &whole, window, |key| key.dimension == Dimension::Facets).await?;
        let stretch = stretch.map_err(Refusal::NotFound)?;
        let span = Span { start: stretch.start_ms, end: stretch.end_ms };
        let totals = part::facets(&keys, &stretch.tallies);
        Ok(requests::document(
            asked,
            Found {
                run: run.to_string(),
                window: Some(span),
                seconds: part::seconds(span),
                totals: totals.iter(),
                missed: &|key| keys.get(key).copied().unwrap_or(0),
            },
        ))
    }
}
