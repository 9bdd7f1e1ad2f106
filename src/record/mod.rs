//! One entry of a log: what a writer stores for one request or one piece of a request.
//!
//! A record is immutable, and the fold reads nothing else (but the declarations that a record
//! names). It is stored as postcard, behind one byte for the version of the format.

pub mod cell;
pub mod example;
pub mod packed;
mod second;
pub mod sketch;

pub use self::second::Second;

use self::example::Example;
use loadgate_documents::Submetric;
use loadgate_wires::Summed;
use serde::{Deserialize, Serialize};

/// One entry of a log; immutable.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// When the writer took its ticket, Unix milliseconds by its own clock.
    pub received_ms: u64,
    /// Who sent it: the client's name for itself, or its IP address.
    pub source: String,
    /// The connection that it came by, the peer's address with its port; empty where the client
    /// names itself or the host tells no port.
    pub peer: String,
    /// When this sender said that it begins (k6's CREATE DATABASE), Unix ms, as far as the writer
    /// knew.
    pub greeted_ms: Option<u64>,
    /// The newest hello of the test by anyone, likewise.
    pub hello_ms: Option<u64>,
    /// The client's number of this batch, for exactly-once; counted per source.
    pub sequence: Option<Sequence>,
    /// Hash of the declarations in force, a key of [`crate::declare`]; none were ever made: `None`.
    pub declarations: Option<String>,
    /// What it says.
    pub body: Body,
}

impl Record {
    /// What tells one load generator from another: its connection, else its name.
    pub fn sender(&self) -> &str {
        sender(&self.source, &self.peer)
    }
}

/// What tells one load generator from another: its connection, else its name.
pub fn sender<'a>(source: &'a str, peer: &'a str) -> &'a str {
    if peer.is_empty() { source } else { peer }
}

/// A request that is cut into several records of one log is cut by its bytes alone, never by time,
/// when it is numbered: a repeat is cut the same way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Sequence {
    /// The client's number.
    pub batch: u64,
    /// From 0.
    pub piece: u32,
}

/// What a record says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Body {
    /// Samples, already aggregated. Boxed: it dwarfs its siblings.
    Data(Box<Batch>),
    /// New declarations, no samples.
    Declared,
    /// A person or pipeline asks for a new run.
    NewRun,
    /// The load test is over: the log's run of this number, and no other.
    Finish {
        /// Its number within the log.
        run: u64,
        /// What may still be on its way.
        sent: Sent,
    },
    /// Somebody noticed that nothing came for the idle time, or that a finish has settled.
    IdleEnd,
    /// JMeters' listeners said that their tests are over, and sent the last of them.
    Left {
        /// What their plans name; one that stands twice ended twice.
        applications: Vec<String>,
    },
}

impl Record {
    /// A record of which no more is known than when it came, from whom, and what it says.
    pub fn new(received_ms: u64, source: &str, body: Body) -> Self {
        Record {
            received_ms,
            source: source.to_owned(),
            peer: String::new(),
            greeted_ms: None,
            hello_ms: None,
            sequence: None,
            declarations: None,
            body,
        }
    }
}

/// What a finish knows of samples that may still be on their way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Sent {
    /// Nothing: the last flush has a moment to arrive.
    Perhaps,
    /// A script said so in its teardown, before its tool sent the last of it: the run ends once nothing came
    /// for so long, and at the latest so long after this.
    Announced {
        /// Silence that is enough, ms.
        quiet_ms: u32,
        /// The latest, ms after this.
        most_ms: u32,
    },
    /// All was sent: the run ends at once.
    All,
    /// This sender has sent all: the run ends at once unless others are still at it.
    AllBy(String),
}

/// The samples of one record.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Batch {
    /// An import: its run ends by its finish, and may span days.
    pub import: bool,
    /// The writer's settings; those of a run's first batch hold for the run, so that a fold
    /// never depends on who folds.
    pub settings: FoldSettings,
    /// Unix nanoseconds of the oldest and newest sample.
    pub oldest_ns: i64,
    /// Likewise.
    pub newest_ns: i64,
    /// Samples counted in it.
    pub samples: u64,
    /// Lines that were refused, by reason, the most frequent first; at most 10 reasons.
    pub refused: Vec<(String, u64)>,
    /// The tags that all of the samples have alike, in the order of their keys; at most
    /// [`RUN_WIDE_TAGS`](crate::limits::RUN_WIDE_TAGS) of them.
    pub tags: Vec<(String, String)>,
    /// JMeters' listeners that samples are of, in the order of their applications.
    pub listeners: Vec<Listener>,
    /// The series that `seconds` speaks of, by index.
    pub series: Vec<SeriesKey>,
    /// Of the series of [`Dimension::Status`] that stand for failures, by index, the first request that came.
    pub examples: Vec<(u32, Example)>,
    /// In ascending order of time.
    pub seconds: Vec<Second>,
    /// Samples that came summed up, in the order in which they came. They are in no second: the fold divides
    /// them.
    pub sums: Vec<Sums>,
    /// Samples of `vus` and `vus_max`, whole, in ascending order of time: generators are told
    /// apart by their rhythm. They are in no cell.
    pub vus: Vec<VusSample>,
    /// The generators' names that `vus` speaks of: the record's source, or the tag `instance_id`.
    pub sources: Vec<String>,
}

/// What a record has of the listeners of JMeters whose plans name the same application.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listener {
    /// What they name, cut where it is long; empty where they name nothing.
    pub application: String,
    /// How many tests begin with it.
    pub started: u32,
    /// A test ends with it: it comes sooner after the one before than others do.
    pub ended: bool,
}

/// Samples of one series of a wire that came summed up.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Sums {
    /// The series that they count in, by index into [`Batch::series`], ascending.
    pub series: Vec<u32>,
    /// Over what.
    pub over: Over,
    /// The end of that, Unix ns.
    pub time_ns: i64,
    /// What is known of them.
    pub sum: Summed,
}

/// What samples were summed up over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Over {
    /// The time before, so many ns.
    Interval(i64),
    /// All time since the series began: what is new is the difference to its last sum.
    Start {
        /// Which series of the wire, of which sender.
        series: u64,
        /// When it began, Unix ns, where the wire tells.
        start_ns: Option<i64>,
    },
}

/// A sample of `vus` or `vus_max`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct VusSample {
    /// `vus_max` rather than `vus`.
    pub max: bool,
    /// Unix nanoseconds.
    pub time_ns: i64,
    /// Virtual users.
    pub value: f64,
    /// Who sent it, an index into [`Batch::sources`].
    pub source: u32,
    /// Which series of its wire it is of, whose samples are of one generator, however close they are; 0 where the
    /// wire does not tell.
    pub series: u64,
}

/// Settings that the fold heeds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FoldSettings {
    /// The smallest window, ms; 0: the ladder's own.
    pub period_ms: u32,
    /// How long a window waits for late samples after its end, ms of event time.
    pub grace_ms: u32,
    /// Silence that ends a run, ms.
    pub idle_ms: u32,
    /// Names of requests stay whole, however many there are.
    pub keeps_names: bool,
}

/// What a series measures.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct SeriesKey {
    /// The breakdown that it is a row of.
    pub dimension: Dimension,
    /// The values of the dimension, in its order; `["(other)"]` for what has no row; none for
    /// [`Dimension::Metric`]; the text between the braces for [`Dimension::Submetric`].
    pub key: Vec<String>,
    /// Without braces, also of a submetric.
    pub metric: String,
}

impl SeriesKey {
    /// The metric or submetric of a name in the stream: `http_reqs`, `http_req_duration{name:login}`.
    pub fn named(name: &str) -> Self {
        match Submetric::parse(name) {
            Some(Submetric { metric, text, .. }) => {
                SeriesKey { dimension: Dimension::Submetric, key: vec![text], metric }
            }
            None => SeriesKey { dimension: Dimension::Metric, key: Vec::new(), metric: name.to_owned() },
        }
    }
}

/// How samples are divided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Dimension {
    /// Every metric, whole.
    Metric,
    /// `metric{tag:value,…}` of a threshold or an objective.
    Submetric,
    /// By method and name: `http_reqs`, `http_req_failed`, `http_req_duration`. Requests of setup and
    /// teardown have that word as a third part.
    Request,
    /// By method, name, status and error code: `http_reqs`. Setup and teardown as above, as a fifth part.
    Status,
    /// By all that requests are grouped and filtered by, method, name, status, scenario, group and whether the
    /// answer was expected: `http_reqs`, `http_req_duration`. Tags that submetrics of requests name follow, as `key:value`,
    /// `key:` without one; those that were not named yet do not.
    Facets,
    /// By group and check: `checks`.
    Check,
    /// By group: every metric.
    Group,
    /// By scenario: `iterations`, `iteration_duration`, `http_reqs`, `http_req_failed`,
    /// `http_req_duration`, `checks`, `dropped_iterations`.
    Scenario,
}

/// Whether a group is of the test's setup or teardown, which k6 runs once, before and after the load.
pub fn phase(group: &str) -> Option<&'static str> {
    let name = group.strip_prefix("::")?;
    ["setup", "teardown"]
        .into_iter()
        .find(|phase| name.strip_prefix(phase).is_some_and(|rest| rest.is_empty() || rest.starts_with("::")))
}
