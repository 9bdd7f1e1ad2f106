//! Reading the breakdowns' figures window by window. Nothing here writes.

use super::windows;
use crate::fold::{Partial, Window};
use crate::names::RunId;
use crate::record::{Dimension, SeriesKey};
use crate::store::{Store, StoreError};
use std::collections::BTreeMap;

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

/// The figures from chunk `from` on, a page of them.
pub(crate) async fn read<S: Store>(
    store: &S,
    cache: &windows::Cache,
    run: &RunId,
    query: &Query,
    from: u64,
) -> Result<Page, StoreError> {
    let mut page = Page::default();
    let mut found = BTreeMap::new();
    let after_ms = query.after_ms.unwrap_or(i64::MIN);
    let read = windows::page(store, cache, run, from, after_ms, |series, _, window| {
        take(&mut page, &mut found, series, query, &window);
    })
    .await?;
    page.next = read.next;
    page.series =
        found.into_iter().map(|((key, metric), points)| RowSeries { key, metric, points }).collect();
    Ok(page)
}

fn take(
    page: &mut Page,
    found: &mut BTreeMap<(Vec<String>, String), Vec<Point>>,
    series: &BTreeMap<u32, SeriesKey>,
    query: &Query,
    window: &Window,
) {
    let divided = |partial: &Partial| {
        let key = series.get(&partial.series)?;
        (!matches!(key.dimension, Dimension::Metric | Dimension::Submetric)).then_some(key)
    };
    // A window in which nothing was divided has no rows.
    if window.partials.iter().all(|partial| divided(partial).is_none()) {
        return;
    }
    page.windows.push((window.end_ms, window.seconds));
    for partial in &window.partials {
        let Some(series) = divided(partial).filter(|series| series.dimension == query.table) else {
            continue;
        };
        let key = match &query.key {
            Some(key) if *key == series.key => key.clone(),
            Some(_) => continue,
            None => series.key.get(STATUS_PART).or(series.key.first()).cloned().into_iter().collect(),
        };
        let tally = partial.tally(window.start_ms);
        let percentiles = tally.quantiles([0.5, 0.95, 0.99, 1.0]);
        let point = Point {
            end_ms: window.end_ms,
            count: partial.count,
            nonzero: partial.nonzero,
            sum: partial.sum,
            percentiles: percentiles.map(|values| values.map(|value| value as f32)),
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
