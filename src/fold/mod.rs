//! The fold: a pure function from the records of a log to windows, events and state.

use crate::declare::Declarations;
use crate::events::Event;
use crate::names::{LogName, RunId};
use crate::record::Record;
use serde::{Deserialize, Serialize};

/// The state after the records folded so far, of one log.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LogState {
    log: LogName,
}

/// What one record did. Everything in it belongs to `run`.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// False: the record first ended the last run; store what came of it, then give it again.
    pub consumed: bool,
    /// A run that began with this record (its chunk 0 is the first of `chunks`).
    pub began: Option<RunMeta>,
    /// Chunks that closed, in order, all of one run; often none.
    pub chunks: Vec<Chunk>,
    /// The run that ended, with the last of `chunks`.
    pub ended: Option<RunEnd>,
}

/// `run/ID/meta`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunMeta {
    pub run: RunId,
    /// Unix ms of the run's origin.
    pub start_ms: u64,
    /// The ticket of its first record.
    pub ticket: u64,
    pub import: bool,
}

/// `run/ID/ended`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunEnd {
    /// Event time of its newest sample, Unix ms.
    pub end_ms: u64,
    /// Receive time of what ended it, Unix ms.
    pub received_ms: u64,
    /// Index of its last chunk.
    pub chunk: u64,
    /// The first ticket that is not the run's.
    pub ticket: u64,
}

/// `run/ID/events/W` and `run/ID/rows/W`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chunk {
    pub run: RunId,
    /// From 0, within the run.
    pub index: u64,
    pub first_id: u64,
    pub events: Vec<Event>,
    /// State events go out before this index when the chunk is the newest.
    pub state_at: usize,
    /// The breakdowns' figures of its windows, stored beside it.
    pub rows: Vec<u8>,
}

/// The run that a log is in, or was in last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CurrentRun {
    pub run: RunId,
    pub live: bool,
    pub import: bool,
    /// Chunks so far.
    pub chunks: u64,
    /// An [`crate::record::Body::IdleEnd`] received from this time on ends the run (silence, or a
    /// finish that has settled); for a live run only.
    pub ends_at_ms: Option<u64>,
    /// Unix ms of the newest sample so far.
    pub newest_ms: u64,
}

impl LogState {
    /// Before a log's first record.
    pub fn new(log: LogName) -> Self {
        LogState { log }
    }

    /// The ticket of the record to give next; from 1.
    pub fn next_ticket(&self) -> u64 {
        todo!()
    }

    pub fn current(&self) -> Option<CurrentRun> {
        todo!()
    }

    /// Folds the next record. `declarations` are those that it names. Never fails: what a record
    /// holds was acknowledged.
    pub fn step(&mut self, record: &Record, declarations: Option<&Declarations>) -> Step {
        let _ = (record, declarations);
        todo!()
    }

    /// The next ticket is a hole that was declared dead.
    pub fn skip(&mut self) {
        todo!()
    }

    /// State events of the current run: `cumulative`, `thresholds`, `tables`, `health`.
    pub fn state(&self) -> Vec<Event> {
        todo!()
    }

    /// The summary document of the current run (`docs/events.md`).
    pub fn summary(&self) -> String {
        todo!()
    }
}
