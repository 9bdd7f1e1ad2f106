//! Which series a sample belongs to: its metric, submetrics, and the breakdowns.

use super::metrics::{Metric, Metrics};
use super::tags::TagSet;
use crate::limits;
use crate::record::{Dimension, SeriesKey};
use loadgate_documents::Submetric;
use std::collections::HashMap;

/// The breakdowns, in the order of their slots, each with the tags that its keys are made of.
const BREAKDOWNS: [(Dimension, &[&str]); 5] = [
    (Dimension::Request, &["method", "name"]),
    (Dimension::Status, &["method", "name", "status", "error_code"]),
    (Dimension::Check, &["group", "check"]),
    (Dimension::Group, &["group"]),
    (Dimension::Scenario, &["scenario"]),
];
const REQUEST: usize = 0;
const STATUS: usize = 1;
const CHECK: usize = 2;

/// The series of one batch, numbered as they come. All of them: [`limits::RECORD_LINES`] and
/// [`limits::RECORD_LINE_BYTES`] bound how many there are, and which keys of breakdowns have rows only the
/// fold can tell.
pub(super) struct SeriesTable<'a> {
    metrics: &'a Metrics,
    submetrics: Vec<Vec<&'a Submetric>>,
    series: Vec<SeriesKey>,
    /// Series by metric.
    whole: Vec<Option<u32>>,
    /// Series by breakdown, key and metric.
    divided: HashMap<(u8, u32, u32), u32, foldhash::fast::RandomState>,
    partial: HashMap<(u32, u32), u32, foldhash::fast::RandomState>,
    breakdowns: [Breakdown; 5],
    /// Per tag set, its key in each breakdown.
    keys: Vec<[Key; 5]>,
    scratch: String,
}

#[derive(Default)]
struct Breakdown {
    by_text: HashMap<Box<str>, u32, foldhash::fast::RandomState>,
    keys: Vec<Vec<String>>,
}

#[derive(Clone, Copy)]
enum Key {
    NotYet,
    /// The sample has none of the tags.
    None,
    Is(u32),
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
            series: Vec::new(),
            whole: vec![None; metrics.len()],
            divided: HashMap::default(),
            partial: HashMap::default(),
            breakdowns: Default::default(),
            keys: vec![[Key::NotYet; 5]; tag_sets],
            scratch: String::new(),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.series.len()
    }

    /// The series of a metric's samples with these tags.
    pub(super) fn targets(&mut self, metric: Metric, tags_id: u32, tags: &TagSet) -> Vec<u32> {
        let mut targets = Vec::with_capacity(6);
        targets.push(self.metric_series(metric));
        for (at, submetric) in self.submetrics[metric.id as usize].iter().enumerate() {
            if submetric.matches(|key| tags.get(key)) {
                let series = &mut self.series;
                targets.push(*self.partial.entry((metric.id, at as u32)).or_insert_with(|| {
                    series.push(SeriesKey {
                        dimension: Dimension::Submetric,
                        key: vec![submetric.text.clone()],
                        metric: submetric.metric.clone(),
                    });
                    series.len() as u32 - 1
                }));
            }
        }
        let wanted = [metric.by_request(), metric.by_status(), metric.by_check(), true, metric.by_scenario()];
        for (slot, wanted) in wanted.into_iter().enumerate() {
            if !wanted {
                continue;
            }
            if let Key::NotYet = self.keys[tags_id as usize][slot] {
                self.keys[tags_id as usize][slot] = self.key(slot, tags);
            }
            if let Key::Is(key) = self.keys[tags_id as usize][slot] {
                targets.push(self.breakdown_series(slot, key, metric));
            }
        }
        targets
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

    fn key(&mut self, slot: usize, tags: &TagSet) -> Key {
        let names = BREAKDOWNS[slot].1;
        // Without its own tag a check is no row, whatever group it is in.
        let decisive = if slot == CHECK { &names[1..] } else { names };
        let by_url = matches!(slot, REQUEST | STATUS) && tags.get("name").is_empty();
        if decisive.iter().all(|name| tags.get(name).is_empty()) && !(by_url && tags.contains("url")) {
            return Key::None;
        }
        // NUL cannot be part of a tag, so equal texts are equal keys.
        self.scratch.clear();
        for name in names {
            let name = if by_url && *name == "name" { "url" } else { name };
            push_cut(&mut self.scratch, tags.get(name));
            self.scratch.push('\0');
        }
        // Of a call that failed, how: a row of its own, with durations of its own.
        if slot == REQUEST
            && let Some(status) = grpc_failure(tags.get("status"))
        {
            self.scratch.push_str(status);
            self.scratch.push('\0');
        }
        // A request of setup is a row of its own: it is no load.
        if matches!(slot, REQUEST | STATUS)
            && let Some(phase) = phase(tags.get("group"))
        {
            self.scratch.push_str(phase);
            self.scratch.push('\0');
        }
        let breakdown = &mut self.breakdowns[slot];
        if let Some(&key) = breakdown.by_text.get(self.scratch.as_str()) {
            return Key::Is(key);
        }
        let key = breakdown.keys.len() as u32;
        breakdown.keys.push(self.scratch.split_terminator('\0').map(str::to_owned).collect());
        breakdown.by_text.insert(self.scratch.as_str().into(), key);
        Key::Is(key)
    }

    /// The series by index.
    pub(super) fn finish(self) -> Vec<SeriesKey> {
        self.series
    }
}

/// Whether a group is of the test's setup or teardown, which k6 runs once, before and after the load.
fn phase(group: &str) -> Option<&'static str> {
    let name = group.strip_prefix("::")?;
    ["setup", "teardown"]
        .into_iter()
        .find(|phase| name.strip_prefix(phase).is_some_and(|rest| rest.is_empty() || rest.starts_with("::")))
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

fn push_cut(text: &mut String, value: &str) {
    if value.len() <= limits::KEY_BYTES {
        text.push_str(value);
    } else {
        text.push_str(&value[..value.floor_char_boundary(limits::KEY_BYTES - '…'.len_utf8())]);
        text.push('…');
    }
}
