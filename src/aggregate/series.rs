//! Which series a sample belongs to: its metric, submetrics, and the breakdowns.

use super::metrics::{Metric, Metrics};
use super::run_wide;
use super::tags::{TagSet, push_cut};
use crate::limits;
use crate::record::example::Example;
use crate::record::{Dimension, SeriesKey, phase};
use loadgate_documents::Submetric;
use std::collections::HashMap;

/// The breakdowns, in the order of their slots, each with the tags that its keys are made of.
const BREAKDOWNS: [(Dimension, &[Tag]); SLOTS] = [
    (Dimension::Request, &[Tag::Method, Tag::Name]),
    (Dimension::Status, &[Tag::Method, Tag::Name, Tag::Status, Tag::ErrorCode]),
    (
        Dimension::Facets,
        &[Tag::Method, Tag::Name, Tag::Status, Tag::Scenario, Tag::Group, Tag::ExpectedResponse],
    ),
    (Dimension::Check, &[Tag::Group, Tag::Check]),
    (Dimension::Group, &[Tag::Group]),
    (Dimension::Scenario, &[Tag::Scenario]),
];
const SLOTS: usize = 6;
const REQUEST: usize = 0;
const STATUS: usize = 1;
const FACETS: usize = 2;
const CHECK: usize = 3;
/// Without any of its first tags a sample is of no request.
const OF_REQUESTS: usize = 3;

/// A tag that keys are made of.
#[derive(Clone, Copy)]
enum Tag {
    Method,
    Name,
    Status,
    ErrorCode,
    Scenario,
    Group,
    ExpectedResponse,
    Check,
    Url,
}

/// The values of these tags, found in one walk over the tags of a sample.
struct Picked<'a>([Option<&'a str>; 9]);

impl<'a> Picked<'a> {
    fn of(tags: &'a TagSet) -> Self {
        let mut picked = Picked([None; 9]);
        for (key, value) in tags.iter() {
            let tag = match key {
                "method" => Tag::Method,
                "name" => Tag::Name,
                "status" => Tag::Status,
                "error_code" => Tag::ErrorCode,
                "scenario" => Tag::Scenario,
                "group" => Tag::Group,
                "expected_response" => Tag::ExpectedResponse,
                "check" => Tag::Check,
                "url" => Tag::Url,
                _ => continue,
            };
            picked.0[tag as usize].get_or_insert(value);
        }
        picked
    }

    /// An absent one is empty.
    fn get(&self, tag: Tag) -> &'a str {
        self.0[tag as usize].unwrap_or_default()
    }
}

/// The series of one batch, numbered as they come. All of them: [`limits::RECORD_LINES`] and
/// [`limits::RECORD_LINE_BYTES`] bound how many there are, and which keys of breakdowns have rows only the
/// fold can tell.
pub(super) struct SeriesTable<'a> {
    metrics: &'a Metrics,
    submetrics: Vec<Vec<&'a Submetric>>,
    /// Tags that facets have besides their own, by key.
    request_tags: Vec<&'a str>,
    series: Vec<SeriesKey>,
    /// See [`crate::record::Batch::examples`].
    examples: Vec<(u32, Example)>,
    /// Series by metric.
    whole: Vec<Option<u32>>,
    /// Series by breakdown, key and metric.
    divided: HashMap<(u8, u32, u32), u32, foldhash::fast::RandomState>,
    partial: HashMap<(u32, u32), u32, foldhash::fast::RandomState>,
    breakdowns: [Breakdown; SLOTS],
    /// Per tag set, its key in each breakdown whose tags it has; `None`: nobody has asked yet.
    keys: Vec<Option<[Option<u32>; SLOTS]>>,
    scratch: String,
}

#[derive(Default)]
struct Breakdown {
    by_text: HashMap<Box<str>, u32, foldhash::fast::RandomState>,
    keys: Vec<Vec<String>>,
}

impl<'a> SeriesTable<'a> {
    pub(super) fn new(metrics: &'a Metrics, submetrics: &'a [Submetric], tag_sets: usize) -> Self {
        let mut by_metric = vec![Vec::new(); metrics.len()];
        for submetric in submetrics {
            if let Some(id) = metrics.find(&submetric.metric) {
                by_metric[id as usize].push(submetric);
            }
        }
        SeriesTable {
            metrics,
            submetrics: by_metric,
            request_tags: run_wide::of_requests(submetrics),
            series: Vec::new(),
            examples: Vec::new(),
            whole: vec![None; metrics.len()],
            divided: HashMap::default(),
            partial: HashMap::default(),
            breakdowns: Default::default(),
            keys: vec![None; tag_sets],
            scratch: String::new(),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.series.len()
    }

    /// The series of a metric's samples with these tags. `url` is one that came with them and is no tag.
    pub(super) fn targets(
        &mut self,
        metric: Metric,
        tags_id: u32,
        tags: &TagSet,
        url: Option<&str>,
    ) -> Vec<u32> {
        // They are among the whole metric's already.
        if let Some(text) = tags.submetric() {
            let mut submetrics = self.submetrics[metric.id as usize].iter();
            let at = submetrics.position(|submetric| submetric.text == text);
            return at.into_iter().map(|at| self.submetric_series(metric, at)).collect();
        }
        let mut targets = Vec::with_capacity(7);
        targets.push(self.metric_series(metric));
        for at in 0..self.submetrics[metric.id as usize].len() {
            if self.submetrics[metric.id as usize][at].matches(|key| tags.get(key)) {
                targets.push(self.submetric_series(metric, at));
            }
        }
        let wanted = [
            metric.by_request(),
            metric.by_status(),
            metric.by_facets(),
            metric.by_check(),
            true,
            metric.by_scenario(),
        ];
        let keys = match self.keys[tags_id as usize] {
            Some(keys) => keys,
            None => {
                let keys = self.keys_of(tags);
                *self.keys[tags_id as usize].insert(keys)
            }
        };
        for (slot, key) in keys.into_iter().enumerate().filter(|(slot, _)| wanted[*slot]) {
            if let Some(key) = key {
                let known = self.series.len();
                let series = self.breakdown_series(slot, key, metric);
                if slot == STATUS && self.series.len() > known && is_failure(tags) {
                    let url = url.unwrap_or_else(|| tags.get("url"));
                    self.examples.push((series, Example::new(tags.get("error"), url)));
                }
                targets.push(series);
            }
        }
        targets
    }

    fn submetric_series(&mut self, metric: Metric, at: usize) -> u32 {
        let (series, submetric) = (&mut self.series, self.submetrics[metric.id as usize][at]);
        *self.partial.entry((metric.id, at as u32)).or_insert_with(|| {
            series.push(SeriesKey {
                dimension: Dimension::Submetric,
                key: vec![submetric.text.clone()],
                metric: submetric.metric.clone(),
            });
            series.len() as u32 - 1
        })
    }

    fn metric_series(&mut self, metric: Metric) -> u32 {
        let series = &mut self.series;
        let name = self.metrics.name(metric.id);
        *self.whole[metric.id as usize].get_or_insert_with(|| {
            series.push(SeriesKey { dimension: Dimension::Metric, key: Vec::new(), metric: name.to_owned() });
            series.len() as u32 - 1
        })
    }

    fn breakdown_series(&mut self, slot: usize, key: u32, metric: Metric) -> u32 {
        let (series, breakdown) = (&mut self.series, &self.breakdowns[slot]);
        let name = self.metrics.name(metric.id);
        *self.divided.entry((slot as u8, key, metric.id)).or_insert_with(|| {
            let key = breakdown.keys[key as usize].clone();
            series.push(SeriesKey { dimension: BREAKDOWNS[slot].0, key, metric: name.to_owned() });
            series.len() as u32 - 1
        })
    }

    fn keys_of(&mut self, tags: &TagSet) -> [Option<u32>; SLOTS] {
        let picked = Picked::of(tags);
        std::array::from_fn(|slot| self.key(slot, &picked, tags))
    }

    /// `None`: the sample has none of the tags.
    fn key(&mut self, slot: usize, tags: &Picked, all: &TagSet) -> Option<u32> {
        let names = BREAKDOWNS[slot].1;
        // Without its own tag a check is no row, whatever group it is in.
        let decisive = match slot {
            CHECK => &names[1..],
            FACETS => &names[..OF_REQUESTS],
            _ => names,
        };
        let by_url = matches!(slot, REQUEST | STATUS | FACETS) && tags.get(Tag::Name).is_empty();
        let has_url = by_url && tags.0[Tag::Url as usize].is_some();
        if decisive.iter().all(|&name| tags.get(name).is_empty()) && !has_url {
            return None;
        }
        // NUL cannot be part of a tag, so equal texts are equal keys.
        self.scratch.clear();
        for &name in names {
            let name = if by_url && matches!(name, Tag::Name) { Tag::Url } else { name };
            push_cut(&mut self.scratch, tags.get(name), limits::KEY_BYTES);
            self.scratch.push('\0');
        }
        // Of a call that failed, how: a row of its own, with durations of its own.
        if slot == REQUEST
            && let Some(status) = grpc_failure(tags.get(Tag::Status))
        {
            self.scratch.push_str(status);
            self.scratch.push('\0');
        }
        // A request of setup is a row of its own: it is no load. Facets have the group itself.
        if matches!(slot, REQUEST | STATUS)
            && let Some(phase) = phase(tags.get(Tag::Group))
        {
            self.scratch.push_str(phase);
            self.scratch.push('\0');
        }
        if slot == FACETS {
            for key in &self.request_tags {
                self.scratch.push_str(key);
                self.scratch.push(':');
                push_cut(&mut self.scratch, all.get(key), limits::KEY_BYTES);
                self.scratch.push('\0');
            }
        }
        let breakdown = &mut self.breakdowns[slot];
        if let Some(&key) = breakdown.by_text.get(self.scratch.as_str()) {
            return Some(key);
        }
        let key = breakdown.keys.len() as u32;
        breakdown.keys.push(self.scratch.split_terminator('\0').map(str::to_owned).collect());
        breakdown.by_text.insert(self.scratch.as_str().into(), key);
        Some(key)
    }

    /// The series by index, and examples of them.
    pub(super) fn finish(self) -> (Vec<SeriesKey>, Vec<(u32, Example)>) {
        (self.series, self.examples)
    }
}

/// Whether tags are of a request that failed: it got no answer, or one that says so.
pub(super) fn is_failure(tags: &TagSet) -> bool {
    let status = tags.get("status");
    let failed = status == "0" || status.parse().is_ok_and(|status: u16| status >= 400);
    failed || !tags.get("error_code").is_empty() || !tags.get("error").is_empty()
}

/// What k6's gRPC client tags as the status of a call that failed
/// (<https://grpc.io/docs/guides/status-codes/>). No HTTP status is so low.
fn grpc_failure(status: &str) -> Option<&'static str> {
    const CODES: [&str; 16] = [
        "CANCELLED",
        "UNKNOWN",
        "INVALID_ARGUMENT",
        "DEADLINE_EXCEEDED",
        "NOT_FOUND",
        "ALREADY_EXISTS",
        "PERMISSION_DENIED",
        "RESOURCE_EXHAUSTED",
        "FAILED_PRECONDITION",
        "ABORTED",
        "OUT_OF_RANGE",
        "UNIMPLEMENTED",
        "INTERNAL",
        "UNAVAILABLE",
        "DATA_LOSS",
        "UNAUTHENTICATED",
    ];
    let code: usize = status.parse().ok()?;
    CODES.get(code.checked_sub(1)?).copied()
}
