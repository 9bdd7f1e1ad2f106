//! What clients read: the stream, the list, and the documents of one run.

use super::{LIST_LIMIT, LOGS_LOOKED_AT, Service, Window, known_run, known_test};
use crate::catalogue::runs;
use crate::documents::distribution::{self, Of};
use crate::ingest::Refusal;
use crate::log::{self, fresh, lease, rows, stream};
use crate::names::{LogName, RunId, TestName};
use crate::record::{Dimension, SeriesKey};
use crate::store::{Clock, Store};
use loadgate_documents::{Digits, RunState, to_json};
use std::collections::BTreeSet;

impl<S: Store, C: Clock> Service<S, C> {
    /// The run that began last, of a test or of all.
    ///
    /// # Errors
    ///
    /// [`Refusal::NotFound`] where that is no test's name; what the store refuses.
    pub async fn newest(&self, test: Option<&str>) -> Result<Option<RunId>, Refusal> {
        let test = test.map(known_test).transpose()?;
        Ok(runs::newest(&self.store, test.as_ref()).await?)
    }

    /// Where to read on behind an event's id, or from the beginning.
    ///
    /// # Errors
    ///
    /// [`Refusal::NotFound`] where there is no such run; what the store refuses.
    pub async fn seek(&self, run: &str, after: Option<u64>) -> Result<stream::Cursor, Refusal> {
        let run = self.run(run).await?;
        Ok(stream::seek(&self.store, &run, after).await?)
    }

    /// The next page of events; nothing where there is no more yet.
    ///
    /// # Errors
    ///
    /// [`Refusal::NotFound`] where there is no such run; what the store refuses.
    pub async fn read(&self, run: &str, cursor: stream::Cursor) -> Result<stream::Page, Refusal> {
        Ok(stream::read(&self.store, &known_run(run)?, cursor).await?)
    }

    /// The log of a run, or of a test's unnamed runs. The run need not exist: what was acknowledged
    /// a moment ago may still have to be folded.
    ///
    /// # Errors
    ///
    /// [`Refusal::NotFound`] where that is neither a run's id nor a test's name.
    pub fn log_of(&self, target: &str) -> Result<LogName, Refusal> {
        let run = RunId::parse(target).map(|run| run.log);
        run.or_else(|| TestName::parse(target).map(LogName::unnamed))
            .ok_or_else(|| Refusal::NotFound(format!("there is no run {target}")))
    }

    /// The record of a run's log that is folded next, as far as that is noted.
    ///
    /// # Errors
    ///
    /// [`Refusal::NotFound`] where that is no run's id; what the store refuses.
    pub async fn progress(&self, run: &str) -> Result<u64, Refusal> {
        Ok(lease::progress(&self.store, &self.log_of(run)?).await?)
    }

    /// Runs that the index calls live and that nobody folds in the background are brought up to date first:
    /// some may have ended since. A page asks for the list every few seconds, and whoever folds keeps the
    /// run in memory.
    ///
    /// # Errors
    ///
    /// [`Refusal::NotFound`] where `test` or `before` is no such name; what the store refuses. One run that is
    /// damaged is no error.
    pub async fn list(
        &self,
        test: Option<&str>,
        before: Option<&str>,
        limit: u32,
        figures: bool,
    ) -> Result<String, Refusal> {
        let test = test.map(known_test).transpose()?;
        let before = before.map(known_run).transpose()?;
        let limit = limit.clamp(1, LIST_LIMIT) as usize;
        if before.is_none() {
            // What was acknowledged is listed, though nobody has folded it yet.
            for log in fresh::unfolded(&self.store).await? {
                if test.as_ref().is_none_or(|test| *test == log.test) {
                    // One that cannot be folded has no run to list.
                    _ = self.catch_up(&log).await;
                }
            }
        }
        let mut items = runs::list(&self.store, test.as_ref(), before.as_ref(), limit).await?;
        if before.is_none() && self.catch_up_ended(&items).await? {
            items = runs::list(&self.store, test.as_ref(), None, limit).await?;
        }
        for item in items.iter_mut().filter(|item| item.state == RunState::Live) {
            let log = &item.run.log;
            if lease::is_held(&self.store, &self.clock, log).await? {
                if log::is_unreadable(&self.store, log).await? {
                    item.state = RunState::Unreadable;
                }
                continue;
            }
            let caught_up = self.catch_up(log).await;
            // Where the store fails altogether, this does too.
            if let Some(fresh) = runs::item(&self.store, &item.run).await? {
                *item = fresh;
            }
            if caught_up.is_err() {
                item.state = RunState::Unreadable;
            }
        }
        if figures {
            for item in &mut items {
                // One that cannot be read must not hide the others.
                if runs::add_figures(&self.store, item).await.is_err() {
                    item.state = RunState::Unreadable;
                }
            }
        }
        Ok(to_json(&items, Digits::All))
    }

    /// Folds what came behind the newest runs of logs. True: there was something.
    async fn catch_up_ended(&self, items: &[runs::Item]) -> Result<bool, Refusal> {
        let mut seen = BTreeSet::new();
        let mut found = false;
        for item in items {
            let newest = seen.insert(&item.run.log);
            // Named logs seldom have a second run.
            if newest && seen.len() <= LOGS_LOOKED_AT && runs::goes_on(&self.store, item).await? {
                found |= self.catch_up(&item.run.log).await.is_ok();
            }
        }
        Ok(found)
    }

    /// A run as lists have it, with its figures; JSON.
    ///
    /// # Errors
    ///
    /// [`Refusal::NotFound`] where there is no such run; what the store refuses.
    pub async fn get(&self, run: &str) -> Result<String, Refusal> {
        let run = self.run(run).await?;
        Ok(runs::get(&self.store, &run).await?)
    }

    /// A run's figures as of its newest chunk; JSON.
    ///
    /// # Errors
    ///
    /// [`Refusal::NotFound`] where there is no such run; what the store refuses.
    pub async fn summary(&self, run: &str) -> Result<String, Refusal> {
        self.summary_of(run, Window::Whole).await
    }

    /// The figures of a window of a run, as far as it has closed; JSON.
    ///
    /// # Errors
    ///
    /// [`Refusal::NotFound`] where there is no such run, or no such window of it; what the store refuses.
    pub async fn summary_of(&self, run: &str, window: Window) -> Result<String, Refusal> {
        let run = self.run(run).await?;
        let whole = runs::summary(&self.store, &run).await?;
        let summary = match window {
            Window::Whole => whole,
            window => self.summary_within(&run, &whole, window).await?.map_err(Refusal::NotFound)?,
        };
        Ok(to_json(&summary, Digits::All))
    }

    /// A page of a breakdown's figures, window by window.
    ///
    /// # Errors
    ///
    /// [`Refusal::Invalid`] where it is not said which row; [`Refusal::NotFound`] where there is no such run;
    /// what the store refuses.
    pub async fn rows(&self, run: &str, query: &rows::Query, from: u64) -> Result<rows::Page, Refusal> {
        let run = self.run(run).await?;
        if query.key.is_none() && query.table != Dimension::Status {
            return Err(Refusal::Invalid(
                "say which row: key is a JSON array, like [\"GET\",\"https://shop/\"]".to_owned(),
            ));
        }
        Ok(rows::read(&self.store, &self.cache.windows, &run, query, from).await?)
    }

    /// How the values of one trend are distributed in a window of the run; `table` is what the client calls the
    /// dimension.
    ///
    /// # Errors
    ///
    /// [`Refusal::NotFound`] where there is no such run, no such window of it, or no such trend with values in it;
    /// what the store refuses.
    pub async fn distribution(
        &self,
        run: &str,
        (table, dimension): (&str, Dimension),
        key: &[String],
        metric: &str,
        window: Window,
    ) -> Result<String, Refusal> {
        let run = self.run(run).await?;
        let of = Of { run: run.to_string(), table, key, metric };
        let key = SeriesKey { dimension, key: key.to_vec(), metric: metric.to_owned() };
        let document = match window {
            Window::Whole => log::with_run(&self.store, &self.cache, &run, |run| {
                let (_, tally) = run.totals().find(|(series, _)| **series == key)?;
                distribution::document(&of, run.kind(metric), tally)
            })
            .await?
            .flatten(),
            window => self.distribution_within(&run, &of, &key, window).await?.map_err(Refusal::NotFound)?,
        };
        document.ok_or_else(|| {
            Refusal::NotFound(format!("{run} has no trend {metric} with values in this row of {table}"))
        })
    }
}
