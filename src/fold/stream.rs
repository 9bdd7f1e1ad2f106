//! What a run has told its stream, and the chunks in which that is stored.

use crate::events::Event;
use crate::fold::Chunk;
use crate::fold::kept::{DEFINED_EVERY, Windows};
use crate::names::RunId;
use loadgate_documents::MetricKind;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A chunk ends with the record once it passes this.
pub(super) const CHUNK_BYTES: usize = 60_000;
/// A chunk ends after so many records without a window.
pub(super) const CHUNK_RECORDS: u32 = 2_000;

/// How far the stream of a run has come.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Stream {
    /// What the stream has announced, by name.
    pub shown: BTreeMap<String, Shown>,
    /// Declarations have changed since the stream's last `param`.
    pub param_due: bool,
    /// The dashboard has changed since the stream's last `config`.
    pub config_due: bool,
    /// Unix ms of the window in which a threshold first failed, by metric and expression.
    pub first_failed: BTreeMap<(String, String), i64>,
    /// Series that are defined for the windows of the chunk in the making; see [`Windows`].
    pub defined: Vec<bool>,
    pub chunks: u64,
    next_id: u64,
    pub records_since_chunk: u32,
}

/// A name that the stream has announced, and as what.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Shown {
    /// `None`: the stream's own `time`.
    pub series: Option<u32>,
    pub kind: MetricKind,
    /// The kind is a guess.
    pub unknown: bool,
}

/// Chunks in the making. Between records nothing is: a record that closes a window ends its chunk.
#[derive(Default)]
pub(super) struct Draft {
    pub done: Vec<Chunk>,
    pub events: Vec<Event>,
    pub bytes: usize,
    pub state_at: usize,
    pub windows: Windows,
}

impl Draft {
    pub(super) fn push(&mut self, kind: &str, data: String) {
        self.bytes += data.len();
        self.events.push(Event::new(kind, data));
    }
}

impl Stream {
    pub(super) fn end_chunk(&mut self, run: &RunId, draft: &mut Draft) {
        let events = std::mem::take(&mut draft.events);
        let windows = std::mem::take(&mut draft.windows).to_bytes();
        let first_id = self.next_id;
        self.next_id += events.len() as u64;
        draft.bytes = 0;
        draft.done.push(Chunk {
            run: run.clone(),
            index: self.chunks,
            first_id,
            events,
            state_at: std::mem::take(&mut draft.state_at),
            windows,
        });
        self.chunks += 1;
        self.records_since_chunk = 0;
        if self.chunks.is_multiple_of(DEFINED_EVERY) {
            self.defined.fill(false);
        }
    }
}
