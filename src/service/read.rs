//! What clients read: the stream, the list, and the documents of one run.

use super::{LIST_LIMIT, LOGS_LOOKED_AT, Service, TESTS_LIMIT, Window, known_run, known_test};
use crate::catalogue::{runs, tests};
use crate::documents::distribution::{self, Of};
use crate::ingest::Refusal;
use crate::log::{self, fresh, lease, rows, stream};
use crate::names::{LogName, RunId, TestName};
use crate::record::{Dimension, SeriesKey};
use crate::store::{Clock, Store};
use loadgate_documents::{Digits, RunState, to_json};
use std::collections::BTreeSet;

/// Which runs a list is to have, newest first.
#[derive(Debug, Clone, Default)]
pub struct List<'a> {
    /// Of this test.
    pub test: Option<&'a str>,
    /// From behind this run on.
    pub before: Option<&'a str>,
    /// At most so many, and 500.
    pub limit: u32,
    /// With their figures and thresholds.
    pub figures: bool,
    /// In whose id, label, tags or day of begin (UTC) each of these words stands.
    pub search: Option<&'a str>,
    /// In whose label this stands.
    pub label: Option<&'a str>,
    /// That have each of these tags, `key:value`.
    pub tags: &'a [String],
}

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
    /// [`Refusal::NotFound`] where `test` or `before` is no such name, [`Refusal::Invalid`] where a tag is none; what the
    /// store refuses. One run that is damaged is no error.
    pub async fn list(&self, asked: &List<'_>) -> Result<String, Refusal> {
        let test = asked.test.map(known_test).transpose()?;
        let before = asked.before.map(known_run).transpose()?;
        let wanted = runs::Wanted {
            test: test.as_ref(),
            before: before.as_ref(),
            limit: asked.limit.clamp(1, LIST_LIMIT) as usize,
            search: runs::Search::new(asked.search, asked.label, asked.tags).map_err(Refusal::Invalid)?,
        };
        if before.is_none() {
            self.catch_up_unfolded(test.as_ref()).await?;
        }
        let mut items = runs::list(&self.store, &wanted).await?;
        if before.is_none() && self.catch_up_ended(&items).await? {
            items = runs::list(&self.store, &wanted).await?;
        }
        for item in &mut items {
            self.refresh(item).await?;
        }
        for item in &mut items {
            if asked.figures {
                self.add_figures(item).await;
            } else {
                runs::add_live_tags(&self.store, item).await?;
            }
        }
        Ok(to_json(&items, Digits::All))
    }

    /// Tests with how their newest runs went, those that ran last first; JSON.
    ///
    /// # Errors
    ///
    /// What the store refuses.
    pub async fn tests(
        &self,
        search: Option<&str>,
        after: Option<u64>,
        limit: u32,
    ) -> Result<String, Refusal> {
        if after.is_none() {
            self.catch_up_unfolded(None).await?;
        }
        let limit = limit.clamp(1, TESTS_LIMIT) as usize;
        let mut page = tests::page(&self.store, search.unwrap_or_default(), after, limit).await?;
        for entry in &mut page.tests {
            self.refresh(&mut entry.last).await?;
            // Of those that have ended, the trend has them.
            if entry.last.state == RunState::Live {
                self.add_figures(&mut entry.last).await;
            }
        }
        Ok(to_json(&page, Digits::All))
    }

    /// What was acknowledged is listed, though nobody has folded it yet.
    async fn catch_up_unfolded(&self, test: Option<&TestName>) -> Result<(), Refusal> {
        for log in fresh::unfolded(&self.store).await? {
            if test.is_none_or(|test| *test == log.test) {
                // One that cannot be folded has no run to list.
                _ = self.catch_up(&log).await;
            }
        }
        Ok(())
    }

    /// Brings a live run up to date that nobody folds in the background.
    async fn refresh(&self, item: &mut runs::Item) -> Result<(), Refusal> {
        if item.state != RunState::Live {
            return Ok(());
        }
        let log = item.run.log.clone();
        if lease::is_held(&self.store, &self.clock, &log).await? {
            if log::is_unreadable(&self.store, &log).await? {
                item.state = RunState::Unreadable;
            }
            return Ok(());
        }
        let caught_up = self.catch_up(&log).await;
        // Where the store fails altogether, this does too.
        if let Some(fresh) = runs::item(&self.store, &item.run).await? {
            *item = fresh;
        }
        if caught_up.is_err() {
            item.state = RunState::Unreadable;
        }
        Ok(())
    }

    async fn add_figures(&self, item: &mut runs::Item) {
        // One that cannot be read must not hide the others.
        if runs::add_figures(&self.store, item).await.is_err() {
            item.state = RunState::Unreadable;
        }
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
