//! The events of a run, read for their figures over time.

use super::windows::{Figures, merge_last};
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
    period: Option<f64>,
}

/// Metrics in windows of one length, as the server merges them: `GET /runs/ID/series`.
#[derive(Deserialize)]
struct Merged {
    /// Unix ms.
    times: Vec<f64>,
    series: Vec<MergedSeries>,
}

#[derive(Deserialize)]
struct MergedSeries {
    metric: String,
    #[serde(rename = "type")]
    metric_type: MetricType,
    values: Vec<Vec<Option<f64>>>,
}

pub(crate) struct Recording<'a> {
    events: Vec<Event<'a>>,
    /// By name, in byte order: a snapshot's is the same.
    pub metrics: BTreeMap<String, MetricMeta>,
    aggregates: HashMap<MetricType, Vec<String>>,
    /// The shortest window, in seconds.
    period: f64,
    /// Of a run whose windows grew.
    merged: Option<Merged>,
}

/// Figures over time: each column is parallel to `times`, with gaps where there was nothing.
pub(crate) struct Columns {
    /// Ends of windows, since the run's start.
    pub seconds: Vec<f64>,
    values: HashMap<(String, String), Vec<Option<f64>>>,
}

impl Columns {
    /// The column of a metric's aggregate, if it was asked for.
    pub(crate) fn of(&self, metric: &str, aggregate: Aggregate) -> &[Option<f64>] {
        self.values.get(&(metric.to_owned(), aggregate.to_string())).map_or(&[], Vec::as_slice)
    }

    /// Those of the windows that lie in a part of the run, in seconds since its start.
    pub(crate) fn within(self, from: f64, to: f64) -> Self {
        // Windows end at whole milliseconds.
        let first = self.seconds.partition_point(|end| *end <= from + 5e-4);
        let end = self.seconds.partition_point(|end| *end <= to + 5e-4).max(first);
        let cut = |values: Vec<Option<f64>>| values.get(first..end).unwrap_or_default().to_vec();
        Columns {
            seconds: self.seconds[first..end].to_vec(),
            values: self.values.into_iter().map(|(name, values)| (name, cut(values))).collect(),
        }
    }
}

impl<'a> Recording<'a> {
    /// Reads a JSON array of `{"event", "data"}`. Events whose data has another shape than
    /// `docs/events.md` says are passed over: without them there are tables still.
    ///
    /// `merged` is the document of the run's series where its windows grew: charts are drawn from it alone.
    pub(crate) fn read(events: &'a str, merged: Option<&str>) -> Result<Self, serde_json::Error> {
        let mut recording = Recording {
            events: serde_json::from_str(events)?,
            period: 2.0,
            merged: merged.map(serde_json::from_str).transpose()?,
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
                        recording.period = parameters.period.map_or(2.0, |ms| ms / 1e3);
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

    /// The columns of the wanted pairs of metric and aggregate, as charts draw them: a counter's windows without
    /// samples are zero, and a sliver at the end is part of the window before it. `start` is Unix ms.
    pub(crate) fn columns(&self, wanted: Vec<(String, Aggregate)>, start: f64) -> Columns {
        let mut wanted = wanted;
        // By these shares of failed requests weigh.
        wanted.push(("http_reqs".to_owned(), Aggregate::Count));
        let (times, mut values) = match &self.merged {
            Some(merged) => self.of_merged(merged, &wanted),
            None => self.of_snapshots(&wanted),
        };
        for ((metric, _), column) in wanted.iter().zip(&mut values) {
            let Some(meta) = self.metrics.get(metric) else { continue };
            if meta.metric_type == MetricType::Counter {
                // What came before a submetric was asked for is not known.
                let known = |at: &usize| !meta.partial || column.iter().take(*at).any(Option::is_some);
                let zeros: Vec<usize> = (0..column.len()).filter(known).collect();
                zeros.into_iter().for_each(|at| _ = column[at].get_or_insert(0.0));
            }
        }
        let mut seconds: Vec<f64> = times.iter().map(|time| (time - start) / 1e3).collect();
        let requests = values.last().cloned().unwrap_or_default();
        let mut figures: Vec<Figures> = wanted
            .iter()
            .zip(&mut values)
            .map(|((metric, aggregate), values)| Figures {
                metric,
                kind: self.metrics.get(metric).map(|meta| meta.metric_type),
                aggregate: *aggregate,
                values,
            })
            .collect();
        merge_last(&mut seconds, self.period, &requests, &mut figures);
        let names = wanted.into_iter().map(|(metric, aggregate)| (metric, aggregate.to_string()));
        Columns { seconds, values: names.zip(values).collect() }
    }

    fn of_merged(
        &self,
        merged: &Merged,
        wanted: &[(String, Aggregate)],
    ) -> (Vec<f64>, Vec<Vec<Option<f64>>>) {
        let column = |(metric, aggregate): &(String, Aggregate)| {
            let found = merged.series.iter().find(|series| series.metric == *metric);
            let place = found.and_then(|series| {
                let names = self.aggregates.get(&series.metric_type)?;
                Some((series, names.iter().position(|name| *name == aggregate.to_string())?))
            });
            match place {
                Some((series, at)) => {
                    series.values.iter().map(|row| row.get(at).copied().flatten()).collect()
                }
                None => vec![None; merged.times.len()],
            }
        };
        (merged.times.clone(), wanted.iter().map(column).collect())
    }

    fn of_snapshots(&self, wanted: &[(String, Aggregate)]) -> (Vec<f64>, Vec<Vec<Option<f64>>>) {
        let wanted: Vec<(&str, String)> =
            wanted.iter().map(|(metric, aggregate)| (metric.as_str(), aggregate.to_string())).collect();
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
                            let names = self.aggregates.get(known.get(*metric)?)?;
                            Some((*at.get(metric)?, names.iter().position(|name| name == aggregate)?))
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
        (times, values)
    }
}

fn metrics(event: &Event) -> BTreeMap<String, MetricMeta> {
    serde_json::from_str(event.data.get()).unwrap_or_default()
}
