//! The events of a run, as they enter its log.

use crate::fold::kept::{Keep, Partial, Window};
use crate::fold::run::{OpenWindow, Run};
use crate::fold::series::stream_name;
use crate::fold::stream::{CHUNK_BYTES, Draft, Shown};
use crate::fold::tally::Tally;
use crate::fold::values::View;
use crate::record::{Dimension, SeriesKey};
use loadgate_documents::{
    Contains, Digits, MetricKind, MetricMeta, MetricType, Param, Snapshot, Threshold, ThresholdRow, builtin,
    to_json,
};
use std::collections::BTreeMap;

/// The name of the stream's own series.
const TIME: &str = "time";

/// What one name takes in a `metric` event, about.
const META_BYTES: usize = 64;

impl Run {
    /// `config`, `param`, `metric` with `time`, `start`.
    pub(super) fn open_stream(&mut self, draft: &mut Draft) {
        draft.push("config", self.config());
        draft.push("param", self.param());
        let kind = MetricKind { metric_type: MetricType::Gauge, contains: Contains::Time };
        self.stream.shown.insert(TIME.to_owned(), Shown { series: None, kind, unknown: false });
        let time = MetricMeta {
            metric_type: kind.metric_type,
            contains: kind.contains,
            custom: false,
            unknown: None,
            partial: false,
        };
        draft.push("metric", to_json(&BTreeMap::from([(TIME, time)]), Digits::Five));
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
            if std::mem::take(&mut self.stream.config_due) {
                draft.push("config", self.config());
            }
            if std::mem::take(&mut self.stream.param_due) {
                draft.push("param", self.param());
            }
        }
        self.announce(draft);
    }

    /// The events of a window that has been merged into the totals.
    pub(super) fn emit_window(
        &mut self,
        open: &OpenWindow,
        start_ms: i64,
        end_ms: i64,
        seconds: f64,
        draft: &mut Draft,
    ) {
        draft.state_at = draft.events.len();
        self.emit_thresholds(draft);
        let snapshot = self.snapshot(end_ms, |series, metric_type| {
            open.cells
                .get(&series)
                .map(|tally| View { tally, metric_type, seconds }.array())
                .unwrap_or_default()
        });
        draft.push("snapshot", to_json(&snapshot, Digits::Five));
        self.keep_window(open, start_ms, end_ms, seconds, draft);
    }

    /// The last `threshold`, and `stop`.
    pub(super) fn close_stream(&mut self, draft: &mut Draft) {
        draft.state_at = draft.events.len();
        self.emit_thresholds(draft);
        let stop = self.snapshot(self.newest_ns.div_euclid(1_000_000), |_, _| Vec::new());
        draft.push("stop", to_json(&stop, Digits::Five));
    }

    /// Like `snapshot`, over the whole run.
    pub(crate) fn cumulative(&self) -> Snapshot {
        let seconds = self.seconds();
        self.snapshot(self.closed_ms, |series, metric_type| {
            View { tally: &self.totals[series as usize], metric_type, seconds }.array()
        })
    }

    /// The figures of every announced name, `time` among them.
    fn snapshot(&self, time_ms: i64, figures: impl Fn(u32, MetricType) -> Vec<Option<f64>>) -> Snapshot {
        let of = |shown: &Shown| match shown.series {
            None => vec![Some(time_ms as f64)],
            Some(series) => figures(series, shown.kind.metric_type),
        };
        self.stream.shown.values().map(of).collect()
    }

    fn param(&self) -> String {
        let declared = &self.declared;
        let named = declared.thresholds.iter().filter(|(_, expressions)| !expressions.is_empty());
        let param = Param {
            thresholds: named.map(|(metric, expressions)| (metric.clone(), expressions.clone())).collect(),
            scenarios: declared.scenarios.clone(),
            end_offset: declared.duration_ms.filter(|&ms| ms > 0),
            planned: declared.planned_ms.filter(|&ms| ms > 0),
            period: (self.period.max(2) * 1_000) as u64,
            aggregates: MetricType::ALL
                .into_iter()
                .map(|of| (of, of.streamed().iter().map(|&name| name.to_owned()).collect()))
                .collect(),
            thresholds_known: declared.thresholds_known,
            run: self.id.to_string(),
            test: self.id.log.test.to_string(),
        };
        to_json(&param, Digits::All)
    }

    /// `metric` for names that are new or whose type is another now.
    pub(super) fn announce(&mut self, draft: &mut Draft) {
        let mut known = vec![false; self.totals.len()];
        let mut changed: Vec<(String, Shown)> = Vec::new();
        for (name, shown) in &self.stream.shown {
            let Some(series) = shown.series else { continue };
            known[series as usize] = true;
            let now = self.shown_as(series);
            if (now.kind, now.unknown) != (shown.kind, shown.unknown) {
                changed.push((name.clone(), now));
            }
        }
        for (number, key) in self.series.keys().iter().enumerate() {
            let streamed = matches!(key.dimension, Dimension::Metric | Dimension::Submetric);
            if streamed && !known[number] && self.totals[number].has_data() {
                changed.push((stream_name(key), self.shown_as(number as u32)));
            }
        }
        changed.sort_by(|a, b| a.0.cmp(&b.0));

        let mut announced: BTreeMap<String, MetricMeta> = BTreeMap::new();
        let mut bytes = 0;
        for (name, shown) in changed {
            let meta = self.announced(&name, &shown);
            bytes += name.len() + META_BYTES;
            announced.insert(name.clone(), meta);
            self.stream.shown.insert(name, shown);
            if bytes > CHUNK_BYTES {
                draft.push("metric", to_json(&std::mem::take(&mut announced), Digits::Five));
                draft.state_at = draft.events.len();
                self.stream.end_chunk(&self.id, draft);
                bytes = 0;
            }
        }
        if !announced.is_empty() {
            draft.push("metric", to_json(&announced, Digits::Five));
        }
    }

    fn announced(&self, name: &str, shown: &Shown) -> MetricMeta {
        let metric = shown.series.map(|series| self.series.key(series).metric.as_str());
        MetricMeta {
            metric_type: shown.kind.metric_type,
            contains: shown.kind.contains,
            custom: metric.is_some_and(|metric| builtin(metric).is_none()),
            unknown: metric
                .filter(|_| shown.unknown)
                .map(|metric| self.kinds.possible(metric).unwrap_or_default().to_vec()),
            partial: self.is_partial(name),
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

    fn emit_thresholds(&mut self, draft: &mut Draft) {
        let failed: Vec<(String, String)> = self
            .thresholds()
            .filter(|threshold| threshold.passes == Some(false))
            .map(|threshold| (threshold.metric, threshold.expression))
            .collect();
        if failed.is_empty() {
            return;
        }
        let mut crossed: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for (metric, expression) in &failed {
            crossed.entry(metric).or_default().push(expression);
        }
        draft.push("threshold", to_json(&crossed, Digits::All));
        for key in failed {
            self.stream.first_failed.entry(key).or_insert(self.closed_ms);
        }
    }

    /// Every threshold in force, over the run so far, in the order of its metrics' names.
    pub(crate) fn thresholds(&self) -> impl Iterator<Item = ThresholdRow> {
        let seconds = self.seconds();
        self.declared.thresholds.iter().flat_map(move |(name, expressions)| {
            let found = if expressions.is_empty() { None } else { self.total(name) };
            expressions.iter().map(move |expression| {
                let possible = found
                    .filter(|(tally, _)| tally.has_data())
                    .and_then(|(_, metric)| self.kinds.possible(metric));
                let known = found.filter(|_| possible.is_none());
                let known =
                    known.zip(Threshold::parse(expression).ok()).map(|((tally, metric), threshold)| {
                        let metric_type = self.kinds.kind(metric).metric_type;
                        (threshold, View { tally, metric_type, seconds })
                    });
                let evaluation = known.map(|(threshold, view)| threshold.evaluate(&view));
                let key = (name.clone(), expression.clone());
                ThresholdRow {
                    observed: evaluation.and_then(|evaluation| evaluation.observed),
                    passes: evaluation.and_then(|evaluation| evaluation.passes),
                    first_failed: self.stream.first_failed.get(&key).copied(),
                    unknown: possible.map(<[_]>::to_vec),
                    untold: known.is_some_and(|(threshold, view)| view.is_untold(threshold.aggregate)),
                    aborts: self.declared.aborting.contains(&key),
                    metric: key.0,
                    expression: key.1,
                }
            })
        })
    }

    /// The total of a metric or submetric by its name in the stream, and the metric's own name.
    fn total(&self, name: &str) -> Option<(&Tally, &str)> {
        let number = self.series.find(&SeriesKey::named(name))?;
        Some((self.totals.get(number as usize)?, &self.series.key(number).metric))
    }

    /// Keeps what came in the window.
    fn keep_window(
        &mut self,
        open: &OpenWindow,
        start_ms: i64,
        end_ms: i64,
        seconds: f64,
        draft: &mut Draft,
    ) {
        let mut partials = Vec::new();
        for (&series, tally) in open.cells.iter().filter(|(_, tally)| tally.count > 0) {
            let key = self.series.key(series);
            if !std::mem::replace(&mut self.stream.defined[series as usize], true) {
                draft.windows.defined.push((series, key.clone()));
            }
            let keep = if self.kinds.keeps_distribution(&key.metric) {
                Keep::Distribution
            } else if self.kinds.kind(&key.metric).metric_type == MetricType::Gauge {
                Keep::Gauge
            } else {
                Keep::Sum
            };
            partials.push(Partial::of(series, tally, keep, start_ms));
        }
        if !partials.is_empty() {
            draft.windows.windows.push(Window { start_ms, end_ms, seconds, partials });
        }
    }
}
