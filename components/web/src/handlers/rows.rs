//! `/runs/ID/rows`: the figures of one row of a breakdown, window by window.

use crate::background;
use crate::bindings::loadgate::dashboard::runs::{RowSeries, Table, rows};
use crate::bindings::loadgate::dashboard::types::Failure;
use crate::call::Call;
use crate::reply::{self, Reply};
use serde::Serialize;
use spin_sdk::time::sleep;
use std::collections::BTreeMap;
use std::time::Duration;

/// Lists are parallel: `times` to `seconds`, those of a series to its `at`, which are places in `times`.
#[derive(Serialize)]
struct Document<'a> {
    run: &'a str,
    times: Vec<i64>,
    seconds: Vec<f64>,
    series: Vec<Series>,
}

#[derive(Default, Serialize)]
struct Series {
    key: Vec<String>,
    metric: String,
    at: Vec<usize>,
    count: Vec<u64>,
    nonzero: Vec<u64>,
    sum: Vec<f64>,
    #[serde(flatten)]
    percentiles: Option<Percentiles>,
}

#[derive(Default, Serialize)]
struct Percentiles {
    p50: Vec<f32>,
    p95: Vec<f32>,
    p99: Vec<f32>,
    max: Vec<f32>,
}

/// What a table is called in paths.
pub(crate) fn table(name: &str) -> Result<Table, Failure> {
    Ok(match name {
        "metrics" => Table::Metrics,
        "requests" => Table::Requests,
        "statuses" => Table::Statuses,
        "checks" => Table::Checks,
        "groups" => Table::Groups,
        "scenarios" => Table::Scenarios,
        _ => {
            return Err(Failure::Invalid(
                "table is one of metrics, requests, statuses, checks, groups and scenarios".to_owned(),
            ));
        }
    })
}

/// A row's key: a JSON array of text.
pub(crate) fn key(text: &str) -> Result<Vec<String>, Failure> {
    serde_json::from_str(text).map_err(|error| {
        Failure::Invalid(format!("key is a JSON array of text, like [\"GET\",\"/\"]: {error}"))
    })
}

pub(crate) async fn answer(call: &Call, run: &str) -> Reply {
    let document = async {
        let table = table(call.param("table").unwrap_or("statuses"))?;
        let key = call.param("key").map(key).transpose()?;
        let after = call.param("after").map(str::parse).transpose();
        let after = after.map_err(|_| Failure::Invalid("after is a time in Unix ms".to_owned()))?;
        background::catch_up(run).await?;
        gather(run, table, key.as_deref(), after).await
    };
    reply::large_document(call, document.await)
}

/// Gathers all pages; between two, the instance's other requests have their turn.
async fn gather(
    run: &str,
    table: Table,
    key: Option<&[String]>,
    after: Option<i64>,
) -> Result<String, Failure> {
    let mut document = Document { run, times: Vec::new(), seconds: Vec::new(), series: Vec::new() };
    let mut found = BTreeMap::new();
    let mut from = 0;
    loop {
        let page = rows(run, table, key, after, from)?;
        let first = document.times.len();
        for (end, seconds) in page.windows {
            document.times.push(end);
            document.seconds.push(seconds);
        }
        for series in page.series {
            take(&mut found, &document.times[first..], first, series);
        }
        match page.next {
            Some(next) => from = next,
            None => break,
        }
        sleep(Duration::ZERO).await;
    }
    document.series = found.into_values().collect();
    serde_json::to_string(&document).map_err(|error| Failure::Unavailable(error.to_string()))
}

/// `times` are those of the page, the first of them at `first`.
fn take(found: &mut BTreeMap<(Vec<String>, String), Series>, times: &[i64], first: usize, page: RowSeries) {
    let series = found.entry((page.key.clone(), page.metric.clone())).or_insert_with(|| Series {
        key: page.key,
        metric: page.metric,
        ..Series::default()
    });
    series.at.extend(page.ends.iter().map(|end| first + times.partition_point(|time| time < end)));
    series.count.extend(page.counts);
    series.nonzero.extend(page.nonzero);
    series.sum.extend(page.sums);
    if !page.percentiles.is_empty() {
        let columns = series.percentiles.get_or_insert_default();
        for [p50, p95, p99, max] in page.percentiles.as_chunks::<4>().0 {
            columns.p50.push(*p50);
            columns.p95.push(*p95);
            columns.p99.push(*p99);
            columns.max.push(*max);
        }
    }
}
