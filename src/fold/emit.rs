//! The events of a run, as they enter its log.

use crate::declare::{Contains, MetricKind, MetricType, Submetric, Threshold, builtin};
use crate::events::write_text;
use crate::fold::rows::{Figures, WindowRows};
use crate::fold::run::{CHUNK_BYTES, Draft, OpenWindow, Run};
use crate::fold::series::stream_name;
use crate::fold::tally::Tally;
use crate::fold::values::{ObjectWriter, View, write_list};
use crate::record::{Dimension, SeriesKey};
use serde::{Deserialize, Serialize};
use std::fmt::Write;

/// The name of the stream's own series.
const TIME: &str = "time";

/// A name that the stream has announced, and as what.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Shown {
    /// `None`: the stream's own `time`.
    pub series: Option<u32>,
    pub kind: MetricKind,
    /// The kind is a guess.
    pub unknown: bool,
}

/// A threshold over the run so far.
pub(crate) struct Evaluated<'a> {
    pub metric: &'a str,
    pub expression: &'a str,
    pub observed: Option<f64>,
    /// `None`: no data, or the metric's type is not known.
    pub passes: Option<bool>,
    /// There is data, and of which types it can be: what it comes to nobody can say.
    pub possible: Option<&'a [MetricType]>,
    /// k6 ends the test where it fails.
    pub aborts: bool,
}

impl Run {
    /// `config`, `param`, `metric` with `time`, `start`.
    pub(super) fn open_stream(&mut self, draft: &mut Draft) {
        draft.push("config", self.config());
        draft.push("param", self.param());
        let kind = MetricKind { metric_type: MetricType::Gauge, contains: Contains::Time };
        self.shown.insert(TIME.to_owned(), Shown { series: None, kind, unknown: false });
        draft.push("metric", r#"{"time":{"type":"gauge","contains":"time"}}"#.to_owned());
        draft.push("start", format!("[[{}]]", self.start_ms()));
        draft.state_at = draft.events.len();
    }

    /// The dashboard in force. It does not stand at the top, where k6's own client would take its tabs
    /// for such as it knows.
    fn config(&self) -> String {
        format!("{{\"dashboard\":{}}}", self.declared.dashboard.line())
    }

    /// What a chunk opens with: `config` and `param`, repeated whole, when declarations have changed.
    pub(super) fn open_chunk(&mut self, draft: &mut Draft) {
        if draft.events.is_empty() {
            if std::mem::take(&mut self.config_due) {
                draft.push("config", self.config());
            }
            if std::mem::take(&mut self.param_due) {
                draft.push("param", self.param());
            }
        }
        self.announce(draft);
    }

    /// The events of a window that has been merged into the totals.
    pub(super) fn tell_window(&mut self, open: &OpenWindow, end_ms: i64, seconds: f64, draft: &mut Draft) {
        draft.state_at = draft.events.len();
        self.tell_thresholds(draft);
        let nothing = Tally::default();
        let mut data = String::with_capacity(self.shown.len() * 24);
        write_list(&mut data, self.shown.values(), |out, shown| match shown.series {
            None => write_time(out, end_ms),
            Some(series) => {
                let tally = open.cells.get(&series).unwrap_or(&nothing);
                View { tally, metric_type: shown.kind.metric_type, seconds }.write_array(out);
            }
        });
        draft.push("snapshot", data);
        self.tell_rows(open, end_ms, seconds, draft);
    }

    /// The last `threshold`, and `stop`.
    pub(super) fn close_stream(&mut self, draft: &mut Draft) {
        draft.state_at = draft.events.len();
        self.tell_thresholds(draft);
        let end_ms = self.newest_ns.div_euclid(1_000_000);
        let mut data = String::new();
        write_list(&mut data, self.shown.values(), |out, shown| match shown.series {
            None => write_time(out, end_ms),
            Some(_) => out.push_str("[]"),
        });
        draft.push("stop", data);
    }

    /// Like `snapshot`, over the whole run.
    pub(crate) fn cumulative(&self) -> String {
        let seconds = self.seconds();
        let mut data = String::with_capacity(self.shown.len() * 32);
        write_list(&mut data, self.shown.values(), |out, shown| match shown.series {
            None => write_time(out, self.closed_ms),
            Some(series) => {
                let tally = &self.totals[series as usize];
                View { tally, metric_type: shown.kind.metric_type, seconds }.write_array(out);
            }
        });
        data
    }

    fn param(&self) -> String {
        let declared = &self.declared;
        let mut data = String::new();
        let mut object = ObjectWriter::new(&mut data, crate::events::Digits::All);
        if declared.thresholds.values().any(|expressions| !expressions.is_empty()) {
            let mut thresholds = ObjectWriter::new(object.field("thresholds"), crate::events::Digits::All);
            for (metric, expressions) in declared.thresholds.iter().filter(|(_, list)| !list.is_empty()) {
                write_list(thresholds.field(metric), expressions, |out, text| write_text(out, text));
            }
            thresholds.end();
        }
        if !declared.scenarios.is_empty() {
            write_list(object.field("scenarios"), &declared.scenarios, |out, name| write_text(out, name));
        }
        if let Some(duration) = declared.duration_ms.filter(|&ms| ms > 0) {
            object.number("endOffset", duration as f64);
        }
        if let Some(planned) = declared.planned_ms.filter(|&ms| ms > 0) {
            object.number("planned", planned as f64);
        }
        object.number("period", (self.period.max(2) * 1_000) as f64);
        object.field("aggregates").push_str(concat!(
            r#"{"counter":["count","rate"],"gauge":["value"],"rate":["rate"],"#,
            r#""trend":["avg","max","med","min","p(90)","p(95)","p(99)"]}"#
        ));
        object.field("thresholdsKnown").push_str(if declared.thresholds_known { "true" } else { "false" });
        object.text("run", &self.id.to_string());
        object.text("test", self.id.log.test.as_str());
        object.end();
        data
    }

    /// `metric` for names that are new or whose type is another now.
    pub(super) fn announce(&mut self, draft: &mut Draft) {
        let mut known = vec![false; self.totals.len()];
        let mut changed: Vec<(String, Shown)> = Vec::new();
        for (name, shown) in &self.shown {
            let Some(series) = shown.series else { continue };
            known[series as usize] = true;
            let now = self.shown_as(series);
            if (now.kind, now.unknown) != (shown.kind, shown.unknown) {
                changed.push((name.clone(), now));
            }
        }
        for (number, key) in self.series.keys().iter().enumerate() {
            let streamed = matches!(key.dimension, Dimension::Metric | Dimension::Submetric);
            if streamed && !known[number] && self.totals[number].count > 0 {
                changed.push((stream_name(key), self.shown_as(number as u32)));
            }
        }
        changed.sort_by(|a, b| a.0.cmp(&b.0));

        let mut data = String::new();
        for (name, shown) in changed {
            data.push(if data.is_empty() { '{' } else { ',' });
            write_text(&mut data, &name);
            let _ = write!(data, r#":{{"type":"{}""#, shown.kind.metric_type.word());
            if let Some(contains) = shown.kind.contains.word() {
                let _ = write!(data, r#","contains":"{contains}""#);
            }
            let key = shown.series.map(|series| self.series.key(series));
            if key.is_some_and(|key| builtin(&key.metric).is_none()) {
                data.push_str(r#","custom":true"#);
            }
            if let (true, Some(key)) = (shown.unknown, key) {
                data.push_str(r#","unknown":"#);
                write_types(&mut data, self.kinds.possible(&key.metric).unwrap_or_default());
            }
            if self.is_partial(&name) {
                data.push_str(r#","partial":true"#);
            }
            data.push('}');
            self.shown.insert(name, shown);
            if data.len() > CHUNK_BYTES {
                data.push('}');
                draft.push("metric", std::mem::take(&mut data));
                draft.state_at = draft.events.len();
                self.end_chunk(draft);
            }
        }
        if !data.is_empty() {
            data.push('}');
            draft.push("metric", data);
        }
    }

    fn shown_as(&self, series: u32) -> Shown {
        let metric = &self.series.key(series).metric;
        let unknown = self.kinds.possible(metric).is_some();
        Shown { series: Some(series), kind: self.kinds.kind(metric), unknown }
    }

    /// A submetric that was not asked for when the run began misses what came before.
    pub(crate) fn is_partial(&self, name: &str) -> bool {
        name.contains('{') && !self.declared_at_start.iter().any(|known| known == name)
    }

    fn tell_thresholds(&mut self, draft: &mut Draft) {
        let mut data = String::new();
        let mut failed: Vec<(String, String)> = Vec::new();
        for threshold in self.evaluated().filter(|threshold| threshold.passes == Some(false)) {
            failed.push((threshold.metric.to_owned(), threshold.expression.to_owned()));
        }
        if failed.is_empty() {
            return;
        }
        let mut object = ObjectWriter::new(&mut data, crate::events::Digits::All);
        for group in failed.chunk_by(|a, b| a.0 == b.0) {
            write_list(object.field(&group[0].0), group, |out, (_, text)| write_text(out, text));
        }
        object.end();
        draft.push("threshold", data);
        for key in failed {
            self.first_failed.entry(key).or_insert(self.closed_ms);
        }
    }

    /// Every threshold in force, over the run so far, in the order of its metrics' names.
    pub(crate) fn evaluated(&self) -> impl Iterator<Item = Evaluated<'_>> {
        let seconds = self.seconds();
        self.declared.thresholds.iter().flat_map(move |(name, expressions)| {
            let found = if expressions.is_empty() { None } else { self.total(name) };
            expressions.iter().map(move |expression| {
                let possible = found
                    .filter(|(tally, _)| tally.count > 0)
                    .and_then(|(_, metric)| self.kinds.possible(metric));
                let known = found.filter(|_| possible.is_none());
                let evaluation =
                    known.zip(Threshold::parse(expression).ok()).map(|((tally, metric), threshold)| {
                        let metric_type = self.kinds.kind(metric).metric_type;
                        threshold.evaluate(&View { tally, metric_type, seconds })
                    });
                let key = (name.clone(), expression.clone());
                Evaluated {
                    metric: name,
                    expression,
                    observed: evaluation.and_then(|evaluation| evaluation.observed),
                    passes: evaluation.and_then(|evaluation| evaluation.passes),
                    possible,
                    aborts: self.declared.aborting.contains(&key),
                }
            })
        })
    }

    /// The total of a metric or submetric by its name in the stream, and the metric's own name.
    fn total(&self, name: &str) -> Option<(&Tally, &str)> {
        let key = match Submetric::parse(name) {
            Some(Submetric { metric, text, .. }) => {
                SeriesKey { dimension: Dimension::Submetric, key: vec![text], metric }
            }
            None => SeriesKey { dimension: Dimension::Metric, key: Vec::new(), metric: name.to_owned() },
        };
        let number = self.series.find(&key)?;
        Some((self.totals.get(number as usize)?, &self.series.key(number).metric))
    }

    fn tell_rows(&mut self, open: &OpenWindow, end_ms: i64, seconds: f64, draft: &mut Draft) {
        let mut figures = Vec::new();
        for (&series, tally) in &open.cells {
            let key = self.series.key(series);
            if matches!(key.dimension, Dimension::Metric | Dimension::Submetric) || tally.count == 0 {
                continue;
            }
            if !std::mem::replace(&mut self.rows_defined[series as usize], true) {
                draft.rows.defined.push((series, key.clone()));
            }
            let percentiles = match self.kinds.kind(&key.metric).metric_type {
                MetricType::Trend => tally.sketch.quantiles([0.5, 0.95, 0.99, 1.0], tally.min, tally.max),
                _ => None,
            };
            figures.push(Figures {
                series,
                count: tally.count,
                nonzero: tally.nonzero,
                sum: tally.sum.get(),
                percentiles: percentiles.map(|values| values.map(|value| value as f32)),
            });
        }
        if !figures.is_empty() {
            draft.rows.windows.push(WindowRows { end_ms, seconds, figures });
        }
    }
}

/// A JSON list of their words.
pub(crate) fn write_types(out: &mut String, types: &[MetricType]) {
    write_list(out, types, |out, of| write_text(out, of.word()));
}

fn write_time(out: &mut String, ms: i64) {
    let _ = write!(out, "[{ms}]");
}
