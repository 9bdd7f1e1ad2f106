//! The fold by itself: records in, steps out.

mod border;
mod heavy;
mod life;
mod state;
mod sums;
mod time;
mod types;

use super::*;
use crate::names::TestName;
use crate::record::cell::Cell;
use crate::record::packed::Packed;
use crate::record::sketch::bucket_of;
use crate::record::{Dimension, FoldSettings, Second, SeriesKey, VusSample};
use std::collections::BTreeMap;

/// When the runs of these tests begin, Unix seconds.
const T: i64 = 1_700_000_000;
const IDLE_MS: u64 = 30_000;

/// `(Unix ms, metric, value)`.
type Sample<'a> = (i64, &'a str, f64);

fn unnamed() -> LogState {
    LogState::new(LogName::unnamed(TestName::from_foreign("shop")))
}

/// A batch of samples in any order.
fn batch(samples: &[Sample]) -> Batch {
    let settings =
        FoldSettings { period_ms: 0, grace_ms: 2_000, idle_ms: IDLE_MS as u32, keeps_names: false };
    let mut batch = Batch { settings, samples: samples.len() as u64, ..Batch::default() };
    batch.sources.push("here".to_owned());
    let mut samples: Vec<Sample> = samples.to_vec();
    samples.sort_by_key(|&(ms, ..)| ms);
    batch.oldest_ns = samples.first().map_or(0, |&(ms, ..)| ms * 1_000_000);
    batch.newest_ns = samples.last().map_or(0, |&(ms, ..)| ms * 1_000_000);
    let mut seconds: BTreeMap<i64, BTreeMap<u32, (Cell, Vec<u32>)>> = BTreeMap::new();
    for (ms, metric, value) in samples {
        let time_ns = ms * 1_000_000;
        if metric == "vus" || metric == "vus_max" {
            batch.vus.push(VusSample { max: metric == "vus_max", time_ns, value, source: 0, series: 0 });
            continue;
        }
        let key = key(Dimension::Metric, &[], metric);
        let series = batch.series.iter().position(|known| *known == key).unwrap_or_else(|| {
            batch.series.push(key);
            batch.series.len() - 1
        });
        let (cell, buckets) =
            seconds.entry(ms.div_euclid(1_000)).or_default().entry(series as u32).or_default();
        (cell.min, cell.max) =
            if cell.count == 0 { (value, value) } else { (cell.min.min(value), cell.max.max(value)) };
        cell.count += 1;
        cell.nonzero += u64::from(value != 0.0);
        cell.sum += value;
        (cell.last, cell.last_ns) = (value, time_ns);
        buckets.push(bucket_of(value));
    }
    for (second, cells) in seconds {
        let cells = cells.into_iter().map(|(series, (mut cell, mut buckets))| {
            buckets.sort_unstable();
            cell.sketch = Packed::from_sorted(&buckets);
            (series, cell)
        });
        batch.seconds.push(Second { second, cells: cells.collect() });
    }
    batch
}

fn key(dimension: Dimension, key: &[&str], metric: &str) -> SeriesKey {
    SeriesKey { dimension, key: key.iter().map(|&part| part.to_owned()).collect(), metric: metric.to_owned() }
}

fn record(received_ms: u64, body: Body) -> Record {
    Record::new(received_ms, "10.0.0.1", body)
}

fn data(received_ms: u64, samples: &[Sample]) -> Record {
    record(received_ms, Body::Data(Box::new(batch(samples))))
}

/// One request at a second of the run, received at the same time.
fn request_at(second: i64) -> Record {
    data(((T + second) * 1_000) as u64, &[((T + second) * 1_000, "http_reqs", 1.0)])
}

/// Gives records until each is consumed.
fn fold(state: &mut LogState, records: &[Record]) -> Vec<Step> {
    let mut steps = Vec::new();
    for (at, record) in records.iter().enumerate() {
        if state.border(record, records[at + 1..].iter()) == Border::Begins {
            steps.push(state.end_before(record));
        }
        loop {
            let step = state.step(record, None);
            let consumed = step.consumed;
            steps.push(step);
            if consumed {
                break;
            }
        }
    }
    steps
}

/// The events of a kind, parsed.
fn events(steps: &[Step], kind: &str) -> Vec<serde_json::Value> {
    let chunks = steps.iter().flat_map(|step| &step.chunks);
    let events = chunks.flat_map(|chunk| &chunk.events).filter(|event| event.kind == kind);
    events.map(|event| serde_json::from_str(&event.data).expect("events are JSON")).collect()
}

/// The bytes that everybody must agree on.
fn bytes(state: &LogState) -> Vec<u8> {
    postcard::to_allocvec(state).expect("the state serializes")
}

/// What the state says of the newest run, parsed.
fn told(state: &LogState, kind: &str) -> serde_json::Value {
    let events = crate::documents::state(state);
    let event = events.iter().find(|event| event.kind == kind).expect("a run has its state");
    serde_json::from_str(&event.data).expect("events are JSON")
}

fn summary(state: &LogState) -> serde_json::Value {
    serde_json::from_str(&loadgate_documents::to_json(
        &crate::documents::summary(state),
        loadgate_documents::Digits::All,
    ))
    .expect("the summary is JSON")
}
