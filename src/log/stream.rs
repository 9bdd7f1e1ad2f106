//! Reading the events of a run from any place on, and the state behind the newest. Nothing here writes.

use super::model::{StoredChunk, StoredState};
use super::position::last_chunk;
use super::{keys, value};
use crate::names::RunId;
use crate::store::{Store, StoreError};

/// Chunks asked for at once, and bytes of events after which a page ends.
const CHUNK_PAGE: u64 = 32;
const PAGE_BYTES: usize = 256 * 1024;

/// A place in a run's event log: the next chunk, and the next id.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Cursor {
    /// From 0.
    pub chunk: u64,
    /// From 1.
    pub id: u64,
}

/// An event on its way to a client; state has no id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageEvent {
    /// For `Last-Event-ID`.
    pub id: Option<u64>,
    /// `snapshot`, `cumulative`, …; see `docs/events.md`.
    pub kind: String,
    /// One line of JSON.
    pub data: String,
}

/// The next events of a run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Page {
    /// In the order in which they are sent.
    pub events: Vec<PageEvent>,
    /// Where the next page begins.
    pub cursor: Cursor,
    /// There is nothing newer now.
    pub current: bool,
    /// The run has ended, and the client has everything with this page.
    pub ended: bool,
}

/// Where a client goes on that has everything up to the id `after`.
///
/// # Errors
///
/// What the store refuses.
pub async fn seek<S: Store>(store: &S, run: &RunId, after: Option<u64>) -> Result<Cursor, StoreError> {
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
///
/// # Errors
///
/// What the store refuses.
pub async fn read<S: Store>(store: &S, run: &RunId, cursor: Cursor) -> Result<Page, StoreError> {
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

/// The newest chunk of a run with its state; none before the first.
pub(crate) async fn newest_state<S: Store>(
    store: &S,
    run: &RunId,
) -> Result<Option<(StoredChunk, Option<StoredState>)>, StoreError> {
    let Some(mut last) = last_chunk(store, run).await? else { return Ok(None) };
    loop {
        let Some(stored) = chunk(store, run, last).await? else { return Ok(None) };
        let state = value::get(store, &keys::state(run, last)).await?;
        if state.is_some() || chunk(store, run, last + 1).await?.is_none() {
            return Ok(Some((stored, state)));
        }
        last += 1;
    }
}
