//! What the log keeps under `run/ID/…`, as it is stored.

use crate::documents;
use crate::events::Event;
use crate::fold::{Chunk, LogState, RunEnd};
use loadgate_documents::{Digits, to_json};
use serde::{Deserialize, Serialize};

/// `run/ID/events/W`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct StoredChunk {
    /// `(run number, chunk)` of the log's newest checkpoint, this chunk's own included; none yet:
    /// the log is folded from its first record.
    pub checkpoint: Option<(u64, u64)>,
    /// On the last chunk of a run.
    pub ended: Option<Ended>,
    /// Without its windows.
    pub chunk: Chunk,
}

/// `run/ID/ended`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Ended {
    pub end: RunEnd,
    /// The data that ended it begins the next run at once: nothing is late for this one.
    pub by_data: bool,
}

/// `run/ID/state/W`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct StoredState {
    pub events: Vec<Event>,
    /// The summary document.
    pub summary: String,
    /// Made anew by types that were told after the run's end.
    pub retyped: bool,
}

impl StoredState {
    /// What is derived of a log's newest run; nothing before there is one.
    pub(crate) fn of(log: &LogState) -> Self {
        let Some((events, summary)) = documents::derive(log) else { return StoredState::default() };
        let summary = to_json(&summary, Digits::All);
        StoredState { events, summary, retyped: false }
    }
}

/// `run/ID/checkpoint/W`, as read.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(super) struct Checkpoint {
    /// The checkpoints before it, newest first.
    pub older: Vec<CheckpointAt>,
    /// See [`CheckpointAt::large`].
    pub large: Vec<(u64, u32)>,
    /// Holds the next ticket.
    pub state: LogState,
}

/// The same, as written.
#[derive(Serialize)]
pub(super) struct CheckpointRef<'a> {
    pub older: &'a [CheckpointAt],
    pub large: &'a [(u64, u32)],
    pub state: &'a LogState,
}

/// Where a checkpoint stands, and what can be deleted when it is no longer needed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct CheckpointAt {
    /// Number of the run, within the log.
    pub run: u64,
    pub chunk: u64,
    /// The ticket of the first record that is not folded into it.
    pub ticket: u64,
    pub parts: u32,
    /// `(ticket, parts)` of the records in parts between the checkpoint before and this one.
    pub large: Vec<(u64, u32)>,
}
