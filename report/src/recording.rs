//! The events of a run, read for their figures over time.

use loadgate_documents::{Aggregate, MetricMeta, MetricType};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};

#[derive(Deserialize)]
struct Event<'a> {
    #[serde(borrow)]
    event: Cow<'a, str>,
    #[serde(borrow)]
    data: &'a RawValue,
}

#[derive(Deserialize)]
struct Parameters {
    #[serde(default)]
    aggregates: HashMap<MetricType, Vec<String>>,
}

pub(crate) struct Recording<'a> {
    events: Vec<Event<'a>>,
    /// By name, in byte order: a snapshot's is the same.
    pub metrics: BTreeMap<String, MetricMeta>,
    aggregates: HashMap<MetricType, Vec<String>>,
}

/// Figures over time: each column is parallel to `times`, with gaps where there was nothing.
pub(crate) struct Columns {
    /// Ends of windows, Unix ms.
    pub times: Vec<f64>,
    values: HashMap<(String, String), Vec<Option<f64>>>,
}

impl Columns {
    /// The column of a metric's aggregate, if it was asked for.
    pub(crate) fn of(&self, metric: &str, aggregate: Aggregate) -> &[Option<f64>] {
        self.values.get(&(metric.to_owned(), aggregate.to_string())).map_or(&[], Vec::as_slice)
    }
}

impl<'a> Recording<'a> {
    /// Reads a JSON array of `{"event", "data"}`. Events whose data has another shape than
    /// `docs/events.md` says are passed over: without them there are tables still.
    pub(crate) fn read(events: &'a str) -> Result<Self, serde_json::Error> {
        let mut recording = Recording {
            events: serde_json::from_str(events)?,
            metrics: BTreeMap::new(),
            aggregates: MetricType::ALL
                .into_iter()
                .map(|metric| (metric, metric.streamed().iter().map(|&name| name.to_owned()).collect()))
                .collect(),
        };
        for event in &recording.events {
            match event.event.as_ref() {
                "metric" => recording.metrics.extend(metrics(event)),
                "param" => {
                    if let Ok(parameters) = serde_json::from_str::<Parameters>(event.data.get()) {
                        recording.aggregates.extend(parameters.aggregates);
                    }
                }
                _ => {}
            }
        }
        Ok(recording)
    }

    /// The newest dashboard document, if the run has one.
    pub(crate) fn dashboard(&self) -> Option<&str> {
        #[derive(Deserialize)]
        struct Config<'a> {
            #[serde(borrow)]
            dashboard: Option<&'a RawValue>,
        }
        let newest = self.events.iter().rev().find(|event| event.event == "config")?;
        serde_json::from_str::<Config>(newest.data.get()).ok()?.dashboard.map(RawValue::get)
    }

    /// The columns of the wanted pairs of metric and aggregate.
    pub(crate) fn columns(&self, wanted: Vec<(String, Aggregate)>) -> Columns {
        let wanted: Vec<(String, String)> =
            wanted.into_iter().map(|(metric, aggregate)| (metric, aggregate.to_string())).collect();
        let mut known: BTreeMap<String, MetricType> = BTreeMap::new();
        let mut values: Vec<Vec<Option<f64>>> = vec![Vec::new(); wanted.len()];
        let mut times = Vec::new();
        // Where the time and the wanted figures stand in a snapshot, until more names come.
        let mut time_at = None;
        let mut places: Vec<Option<(usize, usize)>> = vec![None; wanted.len()];
        for event in &self.events {
            match event.event.as_ref() {
                "metric" => {
                    known.extend(metrics(event).into_iter().map(|(name, meta)| (name, meta.metric_type)));
                    let at: HashMap<&str, usize> =
                        known.keys().enumerate().map(|(i, name)| (name.as_str(), i)).collect();
                    time_at = at.get("time").copied();
                    places = wanted
                        .iter()
                        .map(|(metric, aggregate)| {
                            let names = self.aggregates.get(known.get(metric)?)?;
                            Some((
                                *at.get(metric.as_str())?,
                                names.iter().position(|name| name == aggregate)?,
                            ))
                        })
                        .collect();
                }
                "snapshot" => {
                    let Ok(row) = serde_json::from_str::<Vec<Vec<Option<f64>>>>(event.data.get()) else {
                        continue;
                    };
                    let Some(time) = time_at.and_then(|i| *row.get(i)?.first()?) else { continue };
                    times.push(time);
                    for (column, place) in values.iter_mut().zip(&places) {
                        column.push(place.and_then(|(metric, aggregate)| *row.get(metric)?.get(aggregate)?));
                    }
                }
                _ => {}
            }
        }
        Columns { times, values: wanted.into_iter().zip(values).collect() }
    }
}

fn metrics(event: &Event) -> BTreeMap<String, MetricMeta> {
    serde_json::from_str(event.data.get()).unwrap_or_default()
}
