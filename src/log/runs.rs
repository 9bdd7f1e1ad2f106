//! Reading: which runs there are, their events from any place on, and documents about them.
//! Nothing here writes.

use super::index::Walk;
use super::labels::Label;
use super::model::{Ended, StoredChunk, StoredState};
use super::position::last_chunk;
use super::verdicts::Newest;
use super::{keys, value};
use crate::documents::outcome::{Exit, outcome};
use crate::fold::RunMeta;
use crate::names::{RunId, TestName};
use crate::store::{Store, StoreError};
use loadgate_documents::{Digits, ObjectiveState, Outcome, RunState, Summary, ThresholdRow, to_json};
use serde::{Serialize, de::DeserializeOwned};
use std::collections::BTreeSet;
use thiserror::Error;

/// Runs whose items are read at once.
const ITEM_PAGE: usize = 32;

/// Chunks asked for at once, and bytes of events after which a page ends.
const CHUNK_PAGE: u64 = 32;
const PAGE_BYTES: usize = 256 * 1024;

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ReadError {
    /// The run does not exist, or was deleted.
    #[error("there is no run {0}")]
    NoSuchRun(RunId),
    /// The run exists, and nothing of it was folded yet.
    #[error("the run {0} has no data yet")]
    Empty(RunId),
    /// The store could not be asked.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A place in a run's event log: the next chunk, and the next id.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Cursor {
    pub chunk: u64,
    pub id: u64,
}

/// An event on its way to a client; state has no id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageEvent {
    pub id: Option<u64>,
    pub kind: String,
    pub data: String,
}

/// The next events of a run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Page {
    pub events: Vec<PageEvent>,
    pub cursor: Cursor,
    /// There is nothing newer now.
    pub current: bool,
    /// The run has ended, and the client has everything with this page.
    pub ended: bool,
}

/// One run, as lists show it. Times in Unix ms.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Item {
    pub id: String,
    pub test: String,
    pub number: u64,
    pub name: Option<String>,
    pub state: RunState,
    pub start: u64,
    pub end: Option<u64>,
    #[serde(flatten)]
    pub label: Label,
    /// The test's runs are compared with this one.
    pub baseline: bool,
    /// How it ended, where that is known; with the figures or alone, in every detail.
    pub outcome: Option<Outcome>,
    /// What the gate's newest verdict on it is; none before it has ended.
    pub verdict: Option<ObjectiveState>,
    #[serde(flatten)]
    pub figures: Option<Figures>,
    #[serde(skip)]
    pub run: RunId,
    /// The first ticket behind a run that has ended.
    #[serde(skip)]
    pub end_ticket: Option<u64>,
}

/// The figures that lists and trends show of a run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Figures {
    pub figures: MainFigures,
    /// As in the summary document.
    pub thresholds: Vec<ThresholdRow>,
    #[serde(rename = "thresholdsKnown")]
    pub thresholds_known: bool,
}

/// Over the whole run; `None` where nothing was measured. Durations in ms, shares as ratios.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MainFigures {
    pub requests: Option<f64>,
    pub rate: Option<f64>,
    pub p95: Option<f64>,
    pub failed: Option<f64>,
    pub checks: Option<f64>,
    /// The highest number of them.
    pub vus: Option<f64>,
    pub iterations: Option<f64>,
}

/// The newest run, of a test or of all, that was not deleted.
pub async fn newest<S: Store>(store: &S, test: Option<&TestName>) -> Result<Option<RunId>, StoreError> {
    Ok(list(store, test, None, 1).await?.pop().map(|item| item.run))
}

/// Runs, newest first, from behind `before` on.
pub async fn list<S: Store>(
    store: &S,
    test: Option<&TestName>,
    before: Option<&RunId>,
    limit: usize,
) -> Result<Vec<Item>, StoreError> {
    let mut items = Vec::new();
    let mut known = BTreeSet::new();
    let mut behind = before.is_none();
    let mut walk = Walk::begin(store, test).await?;
    while items.len() < limit
        && let Some(block) = walk.next(store).await?
    {
        let mut wanted = Vec::new();
        for (_, run) in block.entries {
            if !known.insert(run.clone()) {
                continue;
            }
            if behind {
                wanted.push(run);
            } else {
                behind = before == Some(&run);
            }
        }
        if block.gone_to.is_some() {
            continue;
        }
        let mut wanted = wanted.as_slice();
        while items.len() < limit && !wanted.is_empty() {
            let (page, rest) = wanted.split_at(wanted.len().min(ITEM_PAGE).min(limit - items.len()));
            items.extend(self::items(store, page).await?.into_iter().flatten());
            wanted = rest;
        }
    }
    Ok(items)
}

/// A run as lists show it; `None` when it does not exist or was deleted.
pub async fn item<S: Store>(store: &S, run: &RunId) -> Result<Option<Item>, StoreError> {
    Ok(items(store, std::slice::from_ref(run)).await?.pop().flatten())
}

/// What is kept of each run beside its events.
const FACTS: usize = 6;

/// The same for several runs, read at once.
pub(crate) async fn items<S: Store>(store: &S, runs: &[RunId]) -> Result<Vec<Option<Item>>, StoreError> {
    let tests: BTreeSet<&TestName> = runs.iter().map(|run| &run.log.test).collect();
    let facts = |run| {
        let fact = [keys::meta, keys::ended, keys::deleted, keys::label, keys::outcome, keys::newest_verdict];
        fact.map(|key| key(run))
    };
    let mut asked: Vec<String> = runs.iter().flat_map(facts).collect();
    asked.extend(tests.iter().map(|test| keys::baseline(test)));
    let found = store.get_many(&asked).await?;
    let (facts, pins) = found.split_at(runs.len() * FACTS);
    // A baseline that cannot be read is none.
    let pinned: BTreeSet<String> = pins
        .iter()
        .zip(&asked[facts.len()..])
        .filter_map(|(pin, key)| value::decode::<String>(key, pin.as_ref()?).ok())
        .collect();
    Ok(runs
        .iter()
        .zip(asked.chunks(FACTS).zip(facts.chunks(FACTS)))
        .map(|(run, (keys, facts))| {
            let (Some(_), None) = (&facts[0], &facts[2]) else { return None };
            let mut item = parse_item(run, keys, facts).unwrap_or_else(|_| unreadable_item(run));
            item.baseline = pinned.contains(&item.id);
            Some(item)
        })
        .collect())
}

/// Fails where something of it is damaged.
fn parse_item(run: &RunId, keys: &[String], facts: &[Option<Vec<u8>>]) -> Result<Item, StoreError> {
    fn parse<T: DeserializeOwned>(key: &str, fact: &Option<Vec<u8>>) -> Result<Option<T>, StoreError> {
        fact.as_ref().map(|fact| value::decode(key, fact)).transpose()
    }
    let meta = parse::<RunMeta>(&keys[0], &facts[0])?;
    let ended = parse::<Ended>(&keys[1], &facts[1])?;
    let label = parse::<Label>(&keys[3], &facts[3])?;
    let exit = parse::<Exit>(&keys[4], &facts[4])?;
    let verdict = parse::<Newest>(&keys[5], &facts[5])?;
    Ok(Item {
        state: if ended.is_some() { RunState::Ended } else { RunState::Live },
        start: meta.map_or(0, |meta| meta.start_ms),
        end_ticket: ended.as_ref().map(|ended| ended.end.ticket),
        end: ended.map(|ended| ended.end.end_ms),
        label: label.unwrap_or_default(),
        outcome: exit.and_then(|exit| outcome(Some(exit.code), None)),
        verdict: verdict.map(|verdict| verdict.state),
        ..unreadable_item(run)
    })
}

/// All that is known of a run of which something is damaged.
fn unreadable_item(run: &RunId) -> Item {
    Item {
        id: run.to_string(),
        test: run.log.test.to_string(),
        number: run.number,
        name: run.log.name.clone(),
        state: RunState::Unreadable,
        start: 0,
        end: None,
        label: Label::default(),
        baseline: false,
        outcome: None,
        verdict: None,
        figures: None,
        run: run.clone(),
        end_ticket: None,
    }
}

impl Item {
    /// Says how the run ended with what its summary knows of that.
    fn tell_outcome(&mut self, summary: Option<&Summary>) {
        let exit = self.outcome.as_ref().and_then(|outcome| outcome.exit);
        self.outcome = outcome(exit, summary);
    }
}

/// Fails unless the run exists and can be read.
pub async fn require<S: Store>(store: &S, run: &RunId) -> Result<Item, ReadError> {
    let item = item(store, run).await?.ok_or_else(|| ReadError::NoSuchRun(run.clone()))?;
    if item.state == RunState::Unreadable {
        return Err(
            StoreError::damaged(format!("the run {run}"), "what is stored of it cannot be read").into()
        );
    }
    Ok(item)
}

/// Where a client goes on that has everything up to the id `after`.
pub async fn seek<S: Store>(store: &S, run: &RunId, after: Option<u64>) -> Result<Cursor, ReadError> {
    let Some(after) = after else { return Ok(Cursor::default()) };
    let Some(last) = last_chunk(store, run).await? else { return Ok(Cursor::default()) };
    let id = after.saturating_add(1);
    // The last chunk that begins at or before the id.
    let (mut low, mut high) = (0, last);
    while low < high {
        let middle = low + (high - low).div_ceil(2);
        match chunk(store, run, middle).await? {
            Some(stored) if stored.chunk.first_id <= id => low = middle,
            _ => high = middle - 1,
        }
    }
    Ok(Cursor { chunk: low, id })
}

async fn chunk<S: Store>(store: &S, run: &RunId, index: u64) -> Result<Option<StoredChunk>, StoreError> {
    value::get(store, &keys::events(run, index)).await
}

/// The next events. When nothing newer is there, the state that follows the newest chunk stands
/// among its events, where `docs/events.md` says.
pub async fn read<S: Store>(store: &S, run: &RunId, cursor: Cursor) -> Result<Page, ReadError> {
    let mut page = Page { cursor, ..Page::default() };
    let mut bytes = 0;
    loop {
        let first = page.cursor.chunk;
        let asked: Vec<String> = (first..first + CHUNK_PAGE).map(|index| keys::events(run, index)).collect();
        let heads = store.get_leading(&asked, 0).await?;
        let mut newest: Option<(StoredChunk, usize)> = None;
        let mut at_end = false;
        for (key, head) in asked.iter().zip(heads) {
            let stored = match head {
                Some(head) => value::resolve::<_, StoredChunk>(store, key, &head).await?,
                None => None,
            };
            let Some(stored) = stored else {
                at_end = true;
                break;
            };
            // A page ends where another chunk is known to follow: with the newest chunk goes its state.
            if bytes >= PAGE_BYTES {
                return Ok(page);
            }
            let place = page.events.len();
            bytes += push_events(&mut page, &stored);
            page.cursor.chunk += 1;
            page.ended = stored.ended.is_some();
            newest = Some((stored, place));
            if page.ended {
                at_end = true;
                break;
            }
        }
        if !at_end {
            continue;
        }
        let Some((newest, place)) = newest else {
            page.current = true;
            if first > 0 && page.events.is_empty() {
                page.ended = store.get(&keys::ended(run)).await?.is_some();
            }
            return Ok(page);
        };
        let state: Option<StoredState> = value::get(store, &keys::state(run, newest.chunk.index)).await?;
        match state {
            Some(state) => {
                insert_state(&mut page, &newest, place, state);
                page.current = true;
                return Ok(page);
            }
            // Deleted, since there is a newer chunk; or not derived yet.
            None if page.ended || chunk(store, run, page.cursor.chunk).await?.is_none() => {
                page.current = true;
                return Ok(page);
            }
            None => {}
        }
    }
}

fn push_events(page: &mut Page, stored: &StoredChunk) -> usize {
    let mut bytes = 0;
    for (id, event) in (stored.chunk.first_id..).zip(&stored.chunk.events) {
        if id >= page.cursor.id {
            bytes += event.data.len();
            page.events.push(PageEvent { id: Some(id), kind: event.kind.clone(), data: event.data.clone() });
            page.cursor.id = id + 1;
        }
    }
    bytes
}

/// Puts state among the events of the newest chunk, which begin at `place`. A client that has the
/// chunk already has its state.
fn insert_state(page: &mut Page, newest: &StoredChunk, place: usize, state: StoredState) {
    let before = newest.chunk.first_id + newest.chunk.state_at as u64;
    if page.events.len() == place {
        return;
    }
    let at =
        place + page.events[place..].iter().filter(|event| event.id.is_some_and(|id| id < before)).count();
    let events =
        state.events.into_iter().map(|event| PageEvent { id: None, kind: event.kind, data: event.data });
    page.events.splice(at..at, events);
}

/// The newest chunk of a run with its state.
async fn newest_state<S: Store>(
    store: &S,
    run: &RunId,
) -> Result<(StoredChunk, Option<StoredState>), ReadError> {
    let mut last = last_chunk(store, run).await?.ok_or_else(|| ReadError::Empty(run.clone()))?;
    loop {
        let stored = chunk(store, run, last).await?.ok_or_else(|| ReadError::Empty(run.clone()))?;
        let state = value::get(store, &keys::state(run, last)).await?;
        if state.is_some() || chunk(store, run, last + 1).await?.is_none() {
            return Ok((stored, state));
        }
        last += 1;
    }
}

/// The summary as it was stored with a run's newest state.
fn stored_summary(run: &RunId, state: &StoredState) -> Result<Summary, StoreError> {
    serde_json::from_str(&state.summary)
        .map_err(|error| StoreError::damaged(format!("the summary of {run}"), error))
}

/// The document of one run: its item, how its thresholds stand, and how many events it has.
pub async fn get<S: Store>(store: &S, run: &RunId) -> Result<String, ReadError> {
    #[derive(Serialize)]
    struct Document {
        #[serde(flatten)]
        item: Item,
        thresholds: Option<Thresholds>,
        events: u64,
    }
    #[derive(Serialize)]
    struct Thresholds {
        total: usize,
        failed: usize,
        known: bool,
    }
    let mut item = require(store, run).await?;
    let (stored, state) = newest_state(store, run).await?;
    let summary = state.map(|state| stored_summary(run, &state)).transpose()?;
    item.tell_outcome(summary.as_ref());
    let thresholds = summary.map(|summary| Thresholds {
        total: summary.thresholds.len(),
        failed: summary.thresholds.iter().filter(|row| row.passes == Some(false)).count(),
        known: summary.health.thresholds_known,
    });
    let events = stored.chunk.first_id + stored.chunk.events.len() as u64;
    Ok(to_json(&Document { item, thresholds, events }, Digits::All))
}

/// The summary of a run, as of its newest chunk, with its label and note.
pub async fn summary<S: Store>(store: &S, run: &RunId) -> Result<Summary, ReadError> {
    let mut item = require(store, run).await?;
    let (_, state) = newest_state(store, run).await?;
    let mut summary = stored_summary(run, &state.ok_or_else(|| ReadError::Empty(run.clone()))?)?;
    // The fold knows nothing of what people write beside a run.
    item.tell_outcome(Some(&summary));
    (summary.outcome, summary.label, summary.note) = (item.outcome, item.label.label, item.label.note);
    Ok(summary)
}

/// Puts the main figures of a run into its item, as of its newest chunk, and every detail of its end;
/// nothing before the first chunk.
pub async fn add_figures<S: Store>(store: &S, item: &mut Item) -> Result<(), StoreError> {
    let state = match newest_state(store, &item.run).await {
        Ok((_, Some(state))) => state,
        Ok((_, None)) | Err(ReadError::Empty(_) | ReadError::NoSuchRun(_)) => return Ok(()),
        Err(ReadError::Store(error)) => return Err(error),
    };
    let summary = stored_summary(&item.run, &state)?;
    item.tell_outcome(Some(&summary));
    let figure = |metric: &str, value: &str| summary.metrics.get(metric)?.values.get(value);
    let figures = MainFigures {
        requests: figure("http_reqs", "count"),
        rate: figure("http_reqs", "rate"),
        p95: figure("http_req_duration", "p(95)"),
        failed: figure("http_req_failed", "rate"),
        checks: figure("checks", "rate"),
        vus: figure("vus", "max"),
        iterations: figure("iterations", "count"),
    };
    let thresholds_known = summary.health.thresholds_known;
    item.figures = Some(Figures { figures, thresholds: summary.thresholds, thresholds_known });
    Ok(())
}
