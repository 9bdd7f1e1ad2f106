//! Reading what was kept of a run's windows: one after the other, or merged into stretches. Nothing here writes.

use super::position::last_chunk;
use super::{keys, value};
use crate::documents::series::Step;
use crate::fold::{DEFINED_EVERY, Partial, Tally, Window, Windows};
use crate::names::RunId;
use crate::record::{Dimension, SeriesKey};
use crate::store::{Store, StoreError};
use lru::LruCache;
use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
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

/// Gives a page of the windows that end after `after_ms`, from chunk `from` on, one after the other. Comes to where
/// the next page begins; none: this is all there is now.
pub(super) async fn page<S: Store>(
    store: &S,
    cache: &Cache,
    run: &RunId,
    from: u64,
    after_ms: i64,
    give: impl FnMut(&BTreeMap<u32, SeriesKey>, Window),
) -> Result<Option<u64>, StoreError> {
    let mut known = cache.0.borrow_mut().pop(run).unwrap_or_default();
    let next = known.page(store, run, from, after_ms, give).await;
    cache.0.borrow_mut().put(run.clone(), known);
    next
}

impl Known {
    async fn page<S: Store>(
        &mut self,
        store: &S,
        run: &RunId,
        from: u64,
        after_ms: i64,
        mut give: impl FnMut(&BTreeMap<u32, SeriesKey>, Window),
    ) -> Result<Option<u64>, StoreError> {
        let Some(last) = last_chunk(store, run).await? else { return Ok(None) };
        let unread = self.ends.len() as u64;
        let wanted = from.max(self.ends.partition_point(|&end| end <= after_ms) as u64);
        // Chunks before are read for their definitions and ends alone.
        let (mut chunk, mut series) = match std::mem::take(&mut self.series) {
            (read, series) if read == unread && wanted >= unread => (read, series),
            _ => (wanted.min(unread) / DEFINED_EVERY * DEFINED_EVERY, BTreeMap::new()),
        };
        let mut bytes = 0;
        while chunk <= last && bytes < PAGE_BYTES {
            let asked: Vec<String> =
                (chunk..=last).take(CHUNK_PAGE as usize).map(|index| keys::windows(run, index)).collect();
            for (key, head) in asked.iter().zip(store.get_many(&asked).await?) {
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
                    wanted.for_each(|window| give(&series, window));
                }
                chunk += 1;
            }
        }
        self.series = (chunk, series);
        Ok((chunk <= last).then_some(chunk.max(from)))
    }
}

/// What is asked for: the windows that lie between two times.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Between {
    /// Unix ms.
    pub from_ms: i64,
    pub to_ms: i64,
    /// Cut into stretches of as many windows as fit into this, ms, one at least.
    pub step_ms: Option<i64>,
}

/// Neighbouring windows, merged.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Stretch {
    /// Unix ms.
    pub start_ms: i64,
    pub end_ms: i64,
    pub tallies: HashMap<SeriesKey, Tally>,
}

impl Stretch {
    fn take(
        &mut self,
        series: &BTreeMap<u32, SeriesKey>,
        window: &Window,
        wanted: &impl Fn(&SeriesKey) -> bool,
    ) {
        self.end_ms = window.end_ms;
        merge(&mut self.tallies, series, window, wanted);
    }
}

/// Adds what a window has of the series that are wanted.
fn merge(
    tallies: &mut HashMap<SeriesKey, Tally>,
    series: &BTreeMap<u32, SeriesKey>,
    window: &Window,
    wanted: &impl Fn(&SeriesKey) -> bool,
) {
    for partial in &window.partials {
        let Some(key) = series.get(&partial.series).filter(|key| wanted(key)) else { continue };
        let tally = partial.tally(window.start_ms);
        match tallies.get_mut(key) {
            Some(sum) => sum.merge(&tally, true),
            None => _ = tallies.insert(key.clone(), tally),
        }
    }
}

/// Gives every window that ends after `after_ms`, one after the other, for as long as it is wanted.
async fn each<S: Store>(
    store: &S,
    cache: &Cache,
    run: &RunId,
    after_ms: i64,
    mut give: impl FnMut(&BTreeMap<u32, SeriesKey>, Window) -> bool,
) -> Result<(), StoreError> {
    let (mut next, mut wanted) = (Some(0), true);
    while let Some(from) = next.filter(|_| wanted) {
        next = page(store, cache, run, from, after_ms, |series, window| {
            wanted = wanted && give(series, window);
        })
        .await?;
    }
    Ok(())
}

/// Merges the windows that lie within what is asked for, of the series that are wanted. Windows without any samples
/// are not kept, so a stretch lasts from one with some to another.
pub(crate) async fn stretches<S: Store>(
    store: &S,
    cache: &Cache,
    run: &RunId,
    asked: Between,
    wanted: impl Fn(&SeriesKey) -> bool,
) -> Result<Vec<Stretch>, StoreError> {
    let Between { from_ms, to_ms, step_ms } = asked;
    let mut found: Vec<Stretch> = Vec::new();
    each(store, cache, run, from_ms, |series, window| {
        if window.end_ms > to_ms {
            return false;
        }
        if window.start_ms < from_ms {
            return true;
        }
        let full = |stretch: &Stretch| step_ms.is_some_and(|step| window.end_ms - stretch.start_ms > step);
        if found.last().is_none_or(full) {
            let start_ms = window.start_ms;
            found.push(Stretch { start_ms, end_ms: start_ms, tallies: HashMap::new() });
        }
        if let Some(stretch) = found.last_mut() {
            stretch.take(series, &window, &wanted);
        }
        true
    })
    .await?;
    Ok(found)
}

/// Merges the windows that end in each step of `step_ms` from `origin_ms` on, of the series that are wanted; by the
/// step's number.
pub(crate) async fn steps<S: Store>(
    store: &S,
    cache: &Cache,
    run: &RunId,
    origin_ms: i64,
    step_ms: i64,
    wanted: impl Fn(&SeriesKey) -> bool,
) -> Result<BTreeMap<i64, Step>, StoreError> {
    let mut found: BTreeMap<i64, Step> = BTreeMap::new();
    each(store, cache, run, i64::MIN, |series, window| {
        let number = (window.end_ms - 1 - origin_ms).div_euclid(step_ms).max(0);
        let step = found.entry(number).or_default();
        step.end_ms = window.end_ms;
        merge(&mut step.tallies, series, &window, &wanted);
        true
    })
    .await?;
    Ok(found)
}

/// The VUs of a window: the least and the most.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Vus {
    /// Unix ms.
    pub start_ms: i64,
    pub end_ms: i64,
    pub least: f64,
    pub most: f64,
}

/// The VUs of a run, window by window.
pub(crate) async fn vus<S: Store>(store: &S, cache: &Cache, run: &RunId) -> Result<Vec<Vus>, StoreError> {
    let mut found = Vec::new();
    each(store, cache, run, i64::MIN, |series, window| {
        let is_vus = |partial: &&Partial| {
            let key = series.get(&partial.series);
            key.is_some_and(|key| key.dimension == Dimension::Metric && key.metric == "vus")
        };
        if let Some(partial) = window.partials.iter().find(is_vus) {
            let Tally { min: least, max: most, .. } = partial.tally(window.start_ms);
            found.push(Vus { start_ms: window.start_ms, end_ms: window.end_ms, least, most });
        }
        true
    })
    .await?;
    Ok(found)
}
