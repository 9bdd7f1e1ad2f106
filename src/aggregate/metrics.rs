//! Metrics met in an upload, and which breakdowns each belongs to.

use crate::limits;
use loadgate_documents::MetricType;
use loadgate_documents::{builtin, is_metric_name};
use memchr::arch::all::is_prefix;
use std::collections::HashMap;

/// A metric of a [`Metrics`] table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Metric {
    pub(super) id: u32,
    roles: u8,
}

/// It needs no distribution: its type is known for certain, and is no trend.
const PLAIN: u8 = 1;
const REQUEST: u8 = 1 << 1;
const STATUS: u8 = 1 << 2;
const CHECK: u8 = 1 << 3;
const SCENARIO: u8 = 1 << 4;
const VUS: u8 = 1 << 5;
const VUS_MAX: u8 = 1 << 6;
const FACETS: u8 = 1 << 7;

impl Metric {
    /// Its place among those of the table, from 0.
    pub(crate) fn index(self) -> usize {
        self.id as usize
    }
    pub(super) fn has_sketch(self) -> bool {
        self.roles & PLAIN == 0
    }
    pub(super) fn by_request(self) -> bool {
        self.roles & REQUEST != 0
    }
    pub(super) fn by_status(self) -> bool {
        self.roles & STATUS != 0
    }
    pub(super) fn by_facets(self) -> bool {
        self.roles & FACETS != 0
    }
    pub(super) fn by_check(self) -> bool {
        self.roles & CHECK != 0
    }
    pub(super) fn by_scenario(self) -> bool {
        self.roles & SCENARIO != 0
    }
    pub(crate) fn is_vus(self) -> bool {
        self.roles & (VUS | VUS_MAX) != 0
    }
    pub(super) fn is_vus_max(self) -> bool {
        self.roles & VUS_MAX != 0
    }
}

/// Why a metric cannot be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MetricError {
    /// Not what k6 takes for a name.
    Name,
    /// One more than [`limits::METRICS`].
    TooMany,
}

/// All metrics of an upload. Remembers which metric follows which: generators write the metrics of
/// a request in the same order again and again, so the next name is mostly known before it is read.
#[derive(Debug, Default)]
pub struct Metrics {
    names: Vec<Box<[u8]>>,
    metrics: Vec<Metric>,
    by_name: HashMap<Box<[u8]>, u32, foldhash::fast::RandomState>,
    follower: Vec<u32>,
    last: u32,
}

impl Metrics {
    /// The metric that `line` begins with, where a byte of `ends` follows its name, if the name is
    /// the expected one. Gives the name's length, too.
    #[inline]
    pub(crate) fn expect(&mut self, line: &[u8], ends: impl Fn(u8) -> bool) -> Option<(Metric, usize)> {
        let next = *self.follower.get(self.last as usize)?;
        let name = &*self.names[next as usize];
        if !is_prefix(line, name) || !line.get(name.len()).is_some_and(|&b| ends(b)) {
            return None;
        }
        self.last = next;
        Some((self.metrics[next as usize], name.len()))
    }

    /// Looks a name up, and takes it in if it is new.
    ///
    /// # Errors
    ///
    /// Where it is no metric's name, or one too many.
    pub fn intern(&mut self, name: &[u8]) -> Result<Metric, MetricError> {
        let id = match self.by_name.get(name) {
            Some(&id) => id,
            None => self.add(name)?,
        };
        if let Some(follower) = self.follower.get_mut(self.last as usize) {
            *follower = id;
        }
        self.last = id;
        Ok(self.metrics[id as usize])
    }

    fn add(&mut self, name: &[u8]) -> Result<u32, MetricError> {
        let text = std::str::from_utf8(name).ok().filter(|name| is_metric_name(name));
        let text = text.ok_or(MetricError::Name)?;
        if self.names.len() >= limits::METRICS {
            return Err(MetricError::TooMany);
        }
        let id = self.names.len() as u32;
        self.names.push(name.into());
        self.metrics.push(Metric { id, roles: roles(text) });
        self.by_name.insert(name.into(), id);
        self.follower.push(0);
        Ok(id)
    }

    pub(super) fn name(&self, id: u32) -> &str {
        std::str::from_utf8(&self.names[id as usize]).expect("checked when it was added")
    }

    pub(super) fn len(&self) -> usize {
        self.names.len()
    }

    /// Whether a name is k6's own, or came before.
    pub fn knows(&self, name: &[u8]) -> bool {
        self.by_name.contains_key(name) || std::str::from_utf8(name).is_ok_and(|name| builtin(name).is_some())
    }

    pub(super) fn find(&self, name: &str) -> Option<u32> {
        self.by_name.get(name.as_bytes()).copied()
    }
}

fn roles(name: &str) -> u8 {
    let plain = match builtin(name) {
        Some(kind) if kind.metric_type != MetricType::Trend => PLAIN,
        _ => 0,
    };
    plain
        | match name {
            "http_reqs" => REQUEST | STATUS | FACETS | SCENARIO,
            "http_req_duration" => REQUEST | FACETS | SCENARIO,
            "http_req_failed" => REQUEST | SCENARIO,
            "grpc_req_duration" => REQUEST,
            "checks" => CHECK | SCENARIO,
            "iterations" | "iteration_duration" | "dropped_iterations" => SCENARIO,
            "vus" => VUS,
            "vus_max" => VUS_MAX,
            _ => 0,
        }
}
