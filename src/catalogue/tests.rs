//! Which tests there are, and how the newest runs of each went. Nothing here writes.
//!
//! A test stands where its newest run stands in the index of all runs: so the tests that ran last come first, a page
//! needs no list of tests of its own, and who asks for the next one says no more than how far the last one came.

use super::facts::{self, Facts};
use super::runs::{self, Kept};
use crate::log::index::{self, Walk};
use crate::log::{keys, value};
use crate::names::{RunId, TestName};
use crate::store::{Store, StoreError};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// Blocks of the index of all runs that one page looks through, some 4,000 runs: it may be shorter than it was to
/// be, or empty, and still have a next one.
const LOOKED_THROUGH: usize = 64;

/// Runs of a test that its trend is made of.
const TREND: usize = 20;

/// Blocks of a test's own index in which its runs are counted.
const COUNTED: usize = 3;

/// A page of tests, JSON.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Page {
    /// Those that ran last come first.
    pub tests: Vec<Entry>,
    /// What to ask for next, as `after`; none: that was all.
    pub next: Option<u64>,
}

/// One test.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Entry {
    /// Its name.
    pub test: TestName,
    /// Its runs that are not deleted.
    pub runs: usize,
    /// There may be others: these are of the newest 128 or more.
    #[serde(rename = "moreRuns")]
    pub more_runs: bool,
    /// The newest of them.
    pub last: runs::Item,
    /// The run that others are compared with.
    pub baseline: Option<String>,
    /// The newest of them that have ended, the oldest first.
    pub trend: Vec<Point>,
}

/// A run of a trend. What was not measured is absent, and all of it of runs that nobody has judged yet.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Point {
    /// Its id.
    pub run: String,
    /// The 95th percentile of HTTP requests' durations, ms.
    pub p95: Option<f64>,
    /// The share of them that failed.
    pub failed: Option<f64>,
}

/// Tests whose names hold `search`, whatever its case, from behind `after` on.
///
/// # Errors
///
/// What the store refuses.
pub async fn page<S: Store>(
    store: &S,
    search: &str,
    after: Option<u64>,
    limit: usize,
) -> Result<Page, StoreError> {
    let search = search.to_lowercase();
    let mut found: Vec<(u64, RunId)> = Vec::new();
    let mut newest = Newest::default();
    let mut walk = match after {
        Some(number) => Walk::below(None, number),
        None => Walk::begin(store, None).await?,
    };
    let mut next = None;
    for _ in 0..LOOKED_THROUGH {
        let Some(block) = walk.next(store).await? else {
            next = None;
            break;
        };
        if block.gone_to.is_some() {
            continue;
        }
        let behind = |number| after.is_none_or(|after| number < after);
        let fits = |run: &RunId| run.log.test.as_str().to_lowercase().contains(&search);
        next = block.entries.last().map(|&(number, _)| number).or(next);
        let entries = block.entries.into_iter().filter(|(number, run)| behind(*number) && fits(run));
        let entries: Vec<(u64, RunId)> = entries.collect();
        newest.learn(store, entries.iter().map(|(_, run)| &run.log.test)).await?;
        found.extend(entries.into_iter().filter(|(_, run)| newest.take(run)));
        if found.len() >= limit {
            found.truncate(limit);
            next = found.last().map(|&(number, _)| number);
            break;
        }
    }
    let last: Vec<RunId> = found.into_iter().map(|(_, run)| run).collect();
    Ok(Page { tests: entries(store, &last).await?, next })
}

/// The newest run of each test that was met, until it is taken.
#[derive(Default)]
struct Newest(BTreeMap<TestName, Option<RunId>>);

impl Newest {
    /// Looks those up that were not met before: three questions to the store for all whose newest run is there.
    async fn learn<S: Store>(
        &mut self,
        store: &S,
        tests: impl Iterator<Item = &TestName>,
    ) -> Result<(), StoreError> {
        let tests: BTreeSet<&TestName> = tests.filter(|test| !self.0.contains_key(test)).collect();
        let tests: Vec<&TestName> = tests.into_iter().collect();
        let hints: Vec<u64> = decoded(store, tests.iter().map(|test| keys::index_hint(Some(test))))
            .await?
            .into_iter()
            .map(|hint| hint.unwrap_or(0))
            .collect();
        let hinted = tests.iter().zip(&hints).map(|(test, &hint)| keys::index_entry(Some(test), hint));
        let hinted: Vec<Option<RunId>> = decoded(store, hinted).await?;
        let known = facts::of(store, hinted.iter().flatten().cloned().collect()).await?;
        let known: BTreeSet<RunId> =
            known.into_iter().filter(Facts::is_there).map(|facts| facts.run).collect();
        for (test, hinted) in tests.into_iter().zip(hinted) {
            let newest = match hinted.filter(|run| known.contains(run)) {
                Some(run) => Some(run),
                None => runs::newest(store, Some(test)).await?,
            };
            self.0.insert(test.clone(), newest);
        }
        Ok(())
    }

    /// Whether that is the newest run of its test, at its first mention.
    fn take(&mut self, run: &RunId) -> bool {
        self.0.get_mut(&run.log.test).is_some_and(|newest| newest.take_if(|newest| newest == run).is_some())
    }
}

/// What stands at these keys; what is damaged is not there.
async fn decoded<S: Store, T: serde::de::DeserializeOwned>(
    store: &S,
    keys: impl Iterator<Item = String>,
) -> Result<Vec<Option<T>>, StoreError> {
    let keys: Vec<String> = keys.collect();
    let found = store.get_many(&keys).await?;
    Ok(keys.iter().zip(found).map(|(key, found)| value::decode(key, &found?).ok()).collect())
}

/// The tests of these runs, which are the newest of theirs.
async fn entries<S: Store>(store: &S, last: &[RunId]) -> Result<Vec<Entry>, StoreError> {
    let items = runs::items(store, last).await?;
    let baselines: Vec<Option<String>> =
        decoded(store, last.iter().map(|run| keys::baseline(&run.log.test))).await?;
    let mut entries = Vec::new();
    for (last, baseline) in items.into_iter().zip(baselines) {
        // One that was deleted a moment ago is found further down, the next time.
        let Some(last) = last else { continue };
        let test = last.run.log.test.clone();
        let History { runs, more, ended } = history(store, &test).await?;
        let kept: Vec<Option<Kept>> = decoded(store, ended.iter().map(keys::figures)).await?;
        let trend = ended.iter().zip(kept).rev().map(|(run, kept)| {
            let figures = kept.map(|kept| kept.figures).unwrap_or_default();
            Point { run: run.to_string(), p95: figures.p95, failed: figures.failed }
        });
        let trend = trend.collect();
        entries.push(Entry { test, runs, more_runs: more, last, baseline, trend });
    }
    Ok(entries)
}

/// The newest runs of a test.
#[derive(Default)]
struct History {
    runs: usize,
    more: bool,
    /// Newest first.
    ended: Vec<RunId>,
}

async fn history<S: Store>(store: &S, test: &TestName) -> Result<History, StoreError> {
    let mut history = History::default();
    let mut met = BTreeSet::new();
    let hint = decoded::<_, u64>(store, std::iter::once(keys::index_hint(Some(test)))).await?;
    // Where a crash left the hint behind, the newest few are not counted yet.
    let Some(Some(hint)) = hint.first() else { return Ok(history) };
    let mut walk = Walk::below(Some(test), index::end_of(index::block_of(*hint)));
    for _ in 0..COUNTED {
        let Some(block) = walk.next(store).await? else { return Ok(history) };
        if block.gone_to.is_some() {
            continue;
        }
        let page = block.entries.into_iter().map(|(_, run)| run).filter(|run| met.insert(run.clone()));
        for facts in facts::of(store, page.collect()).await?.into_iter().filter(Facts::is_there) {
            history.runs += 1;
            if facts.ended && history.ended.len() < TREND {
                history.ended.push(facts.run);
            }
        }
    }
    history.more = walk.next(store).await?.is_some_and(|block| !block.entries.is_empty());
    Ok(history)
}
