//! Reading the breakdowns' figures window by window. Nothing here writes.

use super::position::last_chunk;
use super::{keys, value};
use crate::fold::{DEFINED_EVERY, Rows};
use crate::names::RunId;
use crate::record::{Dimension, SeriesKey};
use crate::store::{Store, StoreError};
use lru::LruCache;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::num::NonZeroUsize;

/// Chunks asked for at once, and bytes of them after which a page ends.
const CHUNK_PAGE: u64 = DEFINED_EVERY;
const PAGE_BYTES: usize = 1024 * 1024;

/// The part of a status' key that says the status.
const STATUS_PART: usize = 2;

/// Which figures are wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    /// The breakdown.
    pub table: Dimension,
    /// The row; without one, all statuses, summed by status alone.
    pub key: Option<Vec<String>>,
    /// Only windows that end after this, in Unix ms.
    pub after_ms: Option<i64>,
}

/// One series in one window.
#[derive(Debug, Clone, PartialEq)]
pub struct Point {
    /// The window's end, in Unix ms.
    pub end_ms: i64,
    /// Samples.
    pub count: u64,
    /// Samples that are not 0: the failures of `http_req_failed`, the passes of `checks`.
    pub nonzero: u64,
    /// Of their values, in the metric's unit.
    pub sum: f64,
    /// p50, p95, p99 and max of a trend.
    pub percentiles: Option<[f32; 4]>,
}

/// Figures in the order of their windows.
#[derive(Debug, Clone, PartialEq)]
pub struct RowSeries {
    /// The row, by the values of its dimension.
    pub key: Vec<String>,
    /// What is measured.
    pub metric: String,
    /// Windows without a sample are left out.
    pub points: Vec<Point>,
}

/// The next windows of a run.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Page {
    /// The windows' ends, in Unix ms, and their lengths in seconds.
    pub windows: Vec<(i64, f64)>,
    /// What the row has in them, one for each metric.
    pub series: Vec<RowSeries>,
    /// Where the next page begins; none: this is all there is now.
    pub next: Option<u64>,
}

/// Runs whose breakdown series an instance remembers, some 100 bytes for each.
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

/// The figures from chunk `from` on, a page of them.
pub(crate) async fn read<S: Store>(
    store: &S,
    cache: &Cache,
    run: &RunId,
    query: &Query,
    from: u64,
) -> Result<Page, StoreError> {
    let mut known = cache.0.borrow_mut().pop(run).unwrap_or_default();
    let page = page(store, &mut known, run, query, from).await;
    cache.0.borrow_mut().put(run.clone(), known);
    page
}

async fn page<S: Store>(
    store: &S,
    known: &mut Known,
    run: &RunId,
    query: &Query,
    from: u64,
) -> Result<Page, StoreError> {
    let mut page = Page::default();
    let Some(last) = last_chunk(store, run).await? else { return Ok(page) };
    let after_ms = query.after_ms.unwrap_or(i64::MIN);
    let unread = known.ends.len() as u64;
    let wanted = from.max(known.ends.partition_point(|&end| end <= after_ms) as u64);
    // Chunks before are read for their definitions and ends alone.
    let (mut chunk, mut series) = match std::mem::take(&mut known.series) {
        (read, series) if read == unread && wanted >= unread => (read, series),
        _ => (wanted.min(unread) / DEFINED_EVERY * DEFINED_EVERY, BTreeMap::new()),
    };
    let mut found = BTreeMap::new();
    let mut bytes = 0;
    while chunk <= last && bytes < PAGE_BYTES {
        let asked: Vec<String> =
            (chunk..=last).take(CHUNK_PAGE as usize).map(|index| keys::rows(run, index)).collect();
        for (key, head) in asked.iter().zip(store.get_many(&asked).await?) {
            // A chunk in which nothing was divided has no rows.
            let stored = match head {
                Some(head) => value::resolve::<_, Vec<u8>>(store, key, &head).await?.unwrap_or_default(),
                None => Vec::new(),
            };
            bytes += stored.len();
            let rows = Rows::parse(&stored).ok_or_else(|| StoreError::damaged(key, "these are no rows"))?;
            series.extend(rows.defined.iter().cloned());
            if chunk == known.ends.len() as u64 {
                let before = known.ends.last().copied().unwrap_or(i64::MIN);
                known.ends.push(rows.windows.last().map_or(before, |window| window.end_ms));
            }
            if chunk >= from {
                take(&mut page, &mut found, &series, query, after_ms, rows);
            }
            chunk += 1;
        }
    }
    known.series = (chunk, series);
    page.series =
        found.into_iter().map(|((key, metric), points)| RowSeries { key, metric, points }).collect();
    page.next = (chunk <= last).then_some(chunk.max(from));
    Ok(page)
}

fn take(
    page: &mut Page,
    found: &mut BTreeMap<(Vec<String>, String), Vec<Point>>,
    series: &BTreeMap<u32, SeriesKey>,
    query: &Query,
    after_ms: i64,
    rows: Rows,
) {
    for window in rows.windows {
        if window.end_ms <= after_ms {
            continue;
        }
        page.windows.push((window.end_ms, window.seconds));
        for figures in window.figures {
            let Some(series) = series.get(&figures.series) else { continue };
            if series.dimension != query.table {
                continue;
            }
            let key = match &query.key {
                Some(key) if *key == series.key => key.clone(),
                Some(_) => continue,
                None => series.key.get(STATUS_PART).or(series.key.first()).cloned().into_iter().collect(),
            };
            let point = Point {
                end_ms: window.end_ms,
                count: figures.count,
                nonzero: figures.nonzero,
                sum: figures.sum,
                percentiles: figures.percentiles,
            };
            let points = found.entry((key, series.metric.clone())).or_default();
            match points.last_mut().filter(|last| last.end_ms == point.end_ms) {
                Some(last) => {
                    last.count += point.count;
                    last.nonzero += point.nonzero;
                    last.sum += point.sum;
                }
                None => points.push(point),
            }
        }
    }
}
