//! What is derived from a run's totals when somebody asks: the state events, the summary, and how the
//! values of a trend are distributed. Their types are those of [`loadgate_documents`].

pub mod distribution;
pub mod outcome;
pub(crate) mod part;
mod request_tags;
pub mod requests;
pub(crate) mod series;
mod tables;

use crate::events::Event;
use crate::fold::{Detail, LogState, Run, Tally, View};
use loadgate_documents::Submetric;
use loadgate_documents::{
    Aggregate, Digits, Generator, Health, Metric, Refusal, RunState, Summary, Threshold, ThresholdRow,
    to_json,
};
use serde::Serialize;
use std::collections::BTreeMap;

/// What is derived of a log's newest run: its state events and its summary. None before there is a run.
pub fn derive(log: &LogState) -> Option<(Vec<Event>, Summary)> {
    let (run, summary) = (log.run()?, summary(log)?);
    let events = vec![
        event("cumulative", &run.cumulative()),
        event("thresholds", &summary.thresholds),
        event("tables", &tables::tables(run, Detail::Stream)),
        Event::new("health", to_json(&summary.health, Digits::All)),
    ];
    Some((events, summary))
}

/// The state events of a log's newest run: `cumulative`, `thresholds`, `tables`, `health`; see
/// `docs/events.md`. None before there is a run.
pub fn state(log: &LogState) -> Vec<Event> {
    derive(log).map(|(events, _)| events).unwrap_or_default()
}

fn event<T: Serialize>(kind: &str, data: &T) -> Event {
    Event::new(kind, to_json(data, Digits::Five))
}

/// The summary of a log's newest run, but for what people wrote beside it and how it ended.
pub fn summary(log: &LogState) -> Option<Summary> {
    let run = log.run()?;
    let thresholds: Vec<ThresholdRow> = run.thresholds().collect();
    Some(Summary {
        run: run.id.to_string(),
        test: run.id.log.test.to_string(),
        state: if run.live { RunState::Live } else { RunState::Ended },
        start: run.start_ms() as i64,
        end: run.newest_ms() as i64,
        planned: run.planned_ms(),
        tags: run.tags(),
        more_tags: run.more_tags(),
        metrics: metrics(run, &thresholds),
        tables: tables::tables(run, Detail::All(&[])),
        thresholds,
        health: health(run),
        window: None,
        outcome: None,
        label: None,
        note: None,
    })
}

/// Every metric and submetric, and those that thresholds name and that had no data (all zeros, as
/// k6 has them).
fn metrics(run: &Run, thresholds: &[ThresholdRow]) -> BTreeMap<String, Metric> {
    let nothing = Tally::default();
    let mut found: BTreeMap<String, (String, &Tally)> = run
        .shown()
        .filter_map(|(name, series)| {
            let series = series?;
            Some((name.to_owned(), (run.series(series).metric.clone(), run.tally(series))))
        })
        .collect();
    for name in run.declared_names() {
        found.entry(name.clone()).or_insert_with(|| {
            let metric = Submetric::parse(name).map_or_else(|| name.clone(), |parsed| parsed.metric);
            (metric, &nothing)
        });
    }
    let mut limits: BTreeMap<&str, Vec<&ThresholdRow>> = BTreeMap::new();
    for row in thresholds {
        limits.entry(&row.metric).or_default().push(row);
    }
    found
        .into_iter()
        .map(|(name, (metric, tally))| {
            let own = limits.get(name.as_str()).map(Vec::as_slice).unwrap_or_default();
            let document = one_metric(run, &name, &metric, tally, own);
            (name, document)
        })
        .collect()
}

fn one_metric(run: &Run, name: &str, metric: &str, tally: &Tally, own: &[&ThresholdRow]) -> Metric {
    let kind = run.kind(metric);
    let by_limits = own.iter().filter_map(|row| Some(Threshold::parse(&row.expression).ok()?.aggregate));
    let by_objectives = run.percentiles(name).filter_map(|asked| Aggregate::parse(asked));
    let percentiles: Vec<f64> = by_limits
        .chain(by_objectives)
        .filter_map(|aggregate| match aggregate {
            Aggregate::Percentile(percentile) => Some(percentile),
            _ => None,
        })
        .collect();
    Metric {
        silent: false,
        metric_type: kind.metric_type,
        contains: kind.contains,
        unknown: run.possible_types(metric).filter(|_| tally.has_data()).map(<[_]>::to_vec),
        partial: run.is_partial(name),
        values: View { tally, metric_type: kind.metric_type, seconds: run.seconds() }
            .values(Detail::All(&percentiles)),
        thresholds: own.iter().map(|row| (row.expression.clone(), row.verdict())).collect(),
    }
}

fn health(run: &Run) -> Health {
    let counts = run.counts();
    Health {
        samples: counts.samples,
        late: counts.late,
        misdated: counts.misdated,
        refused: counts.refused,
        refusals: refusals(&counts.refusals),
        thresholds_known: run.thresholds_known(),
        records: counts.records,
        received: run.received_ms(),
        idle: run.idle_ms(),
        generators: run
            .generators_seen()
            .map(|seen| Generator {
                source: seen.source.to_owned(),
                vus: seen.vus,
                last_seen: seen.last_seen,
            })
            .collect(),
        wanted: run.wanted(),
    }
}

/// The refusals of a run, the most frequent first.
fn refusals(refusals: &BTreeMap<String, u64>) -> Vec<Refusal> {
    let mut list: Vec<Refusal> = refusals.iter().map(|(reason, count)| (reason.clone(), *count)).collect();
    list.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    list
}
