//! Reading what was kept of a run's windows, one after the other. Nothing here writes.

use super::position::last_chunk;
use super::{keys, value};
use crate::fold::{DEFINED_EVERY, Window, Windows};
use crate::hash::digest;
use crate::names::RunId;
use crate::record::SeriesKey;
use crate::store::{Store, StoreError};
use lru::LruCache;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::num::NonZeroUsize;

/// Chunks asked for at once, and bytes of them after which a page ends.
const CHUNK_PAGE: u64 = DEFINED_EVERY;
const PAGE_BYTES: usize = 1024 * 1024;

/// Runs of which an instance remembers where which window is, some 100 bytes a series.
const REMEMBERED: NonZeroUsize = NonZeroUsize::new(8).expect("it is not zero");

/// What it remembers of them.
pub(crate) struct Cache(RefCell<LruCache<RunId, Known>>);

impl Default for Cache {
    fn default() -> Self {
        Cache(RefCell::new(LruCache::new(REMEMBERED)))
    }
}

#[derive(Debug, Clone, Default)]
struct Known {
    /// What numbers mean after so many chunks.
    series: (u64, BTreeMap<u32, SeriesKey>),
    /// Of each chunk that was read, from the first on, the end of its newest window.
    ends: Vec<i64>,
}

/// What a page came to.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Read {
    /// Where the next page begins; none: this is all there is now.
    pub next: Option<u64>,
    /// The newest chunk with windows that was read, and what tells it from another.
    pub newest: Option<Proof>,
}

/// A chunk as it was read: a store that went back to an older copy has another there by now, or none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Proof {
    chunk: u64,
    digest: u64,
}

impl Proof {
    pub(super) async fn holds<S: Store>(&self, store: &S, run: &RunId) -> Result<bool, StoreError> {
        let head = store.get(&keys::windows(run, self.chunk)).await?;
        Ok(head.is_some_and(|head| digest(&head) == self.digest))
    }
}

/// Gives a page of the windows that end after `after_ms`, from chunk `from` on, one after the other, each with the
/// chunk that it is in.
pub(super) async fn page<S: Store>(
    store: &S,
    cache: &Cache,
    run: &RunId,
    from: u64,
    after_ms: i64,
    give: impl FnMut(&BTreeMap<u32, SeriesKey>, u64, Window),
) -> Result<Read, StoreError> {
    let mut known = cache.0.borrow_mut().pop(run).unwrap_or_default();
    let read = known.page(store, run, from, after_ms, give).await;
    cache.0.borrow_mut().put(run.clone(), known);
    read
}

impl Known {
    async fn page<S: Store>(
        &mut self,
        store: &S,
        run: &RunId,
        from: u64,
        after_ms: i64,
        mut give: impl FnMut(&BTreeMap<u32, SeriesKey>, u64, Window),
    ) -> Result<Read, StoreError> {
        let Some(last) = last_chunk(store, run).await? else { return Ok(Read::default()) };
        if self.ends.len() as u64 > last + 1 {
            // The store went back behind it.
            *self = Known::default();
        }
        let unread = self.ends.len() as u64;
        let wanted = from.max(self.ends.partition_point(|&end| end <= after_ms) as u64);
        // Chunks before are read for their definitions and ends alone.
        let (mut chunk, mut series) = match std::mem::take(&mut self.series) {
            (read, series) if read == unread && wanted >= unread => (read, series),
            _ => (wanted.min(unread.max(from)) / DEFINED_EVERY * DEFINED_EVERY, BTreeMap::new()),
        };
        let (mut bytes, mut newest) = (0, None);
        while chunk <= last && bytes < PAGE_BYTES {
            let asked: Vec<String> =
                (chunk..=last).take(CHUNK_PAGE as usize).map(|index| keys::windows(run, index)).collect();
            let heads = store.get_many(&asked).await?;
            if let Some((index, head)) =
                heads.iter().enumerate().rev().find_map(|(i, head)| Some((i, head.as_ref()?)))
            {
                newest = Some(Proof { chunk: chunk + index as u64, digest: digest(head) });
            }
            for (key, head) in asked.iter().zip(heads) {
                // A chunk in which no window closed has nothing.
                let stored = match head {
                    Some(head) => value::resolve::<_, Vec<u8>>(store, key, &head).await?.unwrap_or_default(),
                    None => Vec::new(),
                };
                bytes += stored.len();
                let kept = Windows::parse(&stored)
                    .ok_or_else(|| StoreError::damaged(key, "these are no figures of windows"))?;
                series.extend(kept.defined);
                if chunk == self.ends.len() as u64 {
                    let before = self.ends.last().copied().unwrap_or(i64::MIN);
                    self.ends.push(kept.windows.last().map_or(before, |window| window.end_ms));
                }
                if chunk >= from {
                    let wanted = kept.windows.into_iter().filter(|window| window.end_ms > after_ms);
                    wanted.for_each(|window| give(&series, chunk, window));
                }
                chunk += 1;
            }
        }
        self.series = (chunk, series);
        Ok(Read { next: (chunk <= last).then_some(chunk.max(from)), newest })
    }
}
