//! The fold: a pure function from the records of a log to windows, events and state.

mod applications;
mod border;
mod emit;
mod generators;
mod heavy;
mod kept;
mod kinds;
mod ladder;
mod places;
mod retype;
mod rounds;
mod run;
mod seen;
mod senders;
mod series;
mod shorten;
mod since_start;
mod stream;
mod sums;
mod tags;
mod tally;
mod values;
mod view;
mod wanted;

pub use border::Border;
pub use generators::Seen as SeenGenerator;
pub use kept::{DEFINED_EVERY, Partial, Window, Windows};
pub use series::OTHER;

pub(crate) use border::LOOK_AHEAD;
pub(crate) use ladder::width_at;
pub(crate) use run::Run;
pub(crate) use shorten::shortened_key;
pub(crate) use tally::Tally;
pub(crate) use values::{Detail, View};

use crate::declare::Declarations;
use crate::events::Event;
use crate::names::{LogName, RunId};
use crate::record::{Batch, Body, Record, Sent};
use seen::Seen;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use stream::Draft;

/// The state after the records folded so far, of one log. Equal states have equal bytes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LogState {
    log: LogName,
    next_ticket: u64,
    /// Runs that have begun.
    runs: u64,
    /// The newest of them.
    run: Option<Run>,
    /// Numbered batches counted since the newest run began, and in the run before it.
    seen: Seen,
    seen_before: Seen,
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
    /// Its id.
    pub run: RunId,
    /// Unix ms of the run's origin.
    pub start_ms: u64,
    /// The ticket of its first record.
    pub ticket: u64,
    /// It ends by its finish alone.
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
    /// The tags of the whole run, for lists of many.
    pub tags: BTreeMap<String, Vec<String>>,
}

/// `run/ID/events/W` and `run/ID/windows/W`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chunk {
    /// Which it is a part of.
    pub run: RunId,
    /// From 0, within the run.
    pub index: u64,
    /// Id of the first of `events`; ids of a run have no gaps.
    pub first_id: u64,
    /// In the order of their ids.
    pub events: Vec<Event>,
    /// State events go out before this index when the chunk is the newest.
    pub state_at: usize,
    /// What is kept of its windows, stored beside it.
    pub windows: Vec<u8>,
}

/// The run that a log is in, or was in last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CurrentRun {
    /// Its id.
    pub run: RunId,
    /// It has not ended.
    pub live: bool,
    /// It ends by its finish alone.
    pub import: bool,
    /// Chunks so far.
    pub chunks: u64,
    /// An [`crate::record::Body::IdleEnd`] received from this time on ends the run (silence, or a
    /// finish that has settled); for a live run only.
    pub ends_at_ms: Option<u64>,
    /// Somebody finished the run, and it ends then; for a live run only.
    pub settles_at_ms: Option<u64>,
    /// Unix ms of the newest sample so far.
    pub newest_ms: u64,
}

impl LogState {
    /// Before a log's first record.
    pub fn new(log: LogName) -> Self {
        LogState {
            log,
            next_ticket: 1,
            runs: 0,
            run: None,
            seen: Seen::default(),
            seen_before: Seen::default(),
        }
    }

    /// The ticket of the record to give next; from 1.
    pub fn next_ticket(&self) -> u64 {
        self.next_ticket
    }

    /// What the log's next run needs, when the ended one is deleted.
    pub(crate) fn without_run(mut self) -> Self {
        self.run = None;
        self
    }

    /// Number of the newest run; 0 before the first.
    pub(crate) fn runs(&self) -> u64 {
        self.runs
    }

    /// The run that the log is in, or was in last.
    pub(crate) fn run(&self) -> Option<&Run> {
        self.run.as_ref()
    }

    /// The live run, if it has samples of this sender.
    pub(crate) fn run_of_sender(&self, sender: &str) -> Option<RunId> {
        self.run.as_ref().filter(|run| run.live && run.senders.knows(sender)).map(|run| run.id.clone())
    }

    /// `None` before the log's first run.
    pub fn current(&self) -> Option<CurrentRun> {
        self.run.as_ref().map(Run::current)
    }

    /// Folds the next record. `declarations` are those that it names. Never fails: what a record
    /// holds was acknowledged.
    pub fn step(&mut self, record: &Record, declarations: Option<&Declarations>) -> Step {
        if self.is_repeat(record) {
            self.next_ticket += 1;
            return Step::nothing();
        }

        let ending = self.run.as_mut().filter(|run| run.live).map_or(Ending::No, |run| ending(run, record));
        if ending == Ending::Before {
            return self.end(record, false);
        }

        let mut began = None;
        let mut draft = Draft::default();
        match &record.body {
            Body::Data(batch) => began = self.add(record, batch, declarations, &mut draft),
            body => {
                if let Some(run) = self.run.as_mut().filter(|run| run.live) {
                    run.declare(record.declarations.as_ref(), declarations);
                    if matches!(body, Body::Declared) {
                        run.emit_declared(&mut draft);
                    }
                    if let Body::Finish { run: number, sent: sent @ (Sent::Perhaps | Sent::Announced { .. }) } =
                        body
                        && *number == run.id.number
                    {
                        run.finish(record.received_ms, sent);
                    }
                    run.count_record(&mut draft);
                }
            }
        }
        if let Some(sequence) = record.sequence {
            self.seen.insert(&record.source, sequence);
        }
        self.next_ticket += 1;
        if ending == Ending::With {
            return self.end(record, true);
        }
        Step { consumed: true, began, chunks: draft.done, ended: None }
    }

    fn add(
        &mut self,
        record: &Record,
        batch: &Batch,
        declarations: Option<&Declarations>,
        draft: &mut Draft,
    ) -> Option<RunMeta> {
        let mut began = None;
        if self.run.as_ref().is_none_or(|run| !run.live) {
            if batch.samples == 0 {
                // Refused lines and declarations alone begin no run.
                return None;
            }
            self.runs += 1;
            self.seen_before = std::mem::take(&mut self.seen);
            let id = self.log.run(self.runs);
            let (run, first) = Run::begin(id, record, batch, declarations, self.run.as_ref());
            began = Some(run.meta(self.next_ticket));
            draft.done.push(first);
            self.run = Some(run);
        }
        if let Some(run) = &mut self.run {
            run.declare(record.declarations.as_ref(), declarations);
            run.add(record, batch, draft);
            run.end_record(draft);
            run.count_record(draft);
        }
        began
    }

    /// Ends the run that is live. `consumed`: the record has been counted.
    fn end(&mut self, record: &Record, consumed: bool) -> Step {
        let ticket = self.next_ticket;
        match self.run.as_mut().filter(|run| run.live) {
            Some(run) => {
                let (chunks, ended) = run.end(record, ticket);
                Step { consumed, began: None, chunks, ended: Some(ended) }
            }
            None => Step { consumed, ..Step::nothing() },
        }
    }

    /// Whether the next record belongs to the run that is live, by what follows it: the records
    /// behind it in the order of their tickets, without those that were declared dead. To be asked
    /// before [`LogState::step`]; the answer to records that decide never changes.
    pub fn border<'a>(&self, record: &'a Record, later: impl Iterator<Item = &'a Record>) -> Border {
        match self.run.as_ref().filter(|run| run.live) {
            Some(run) if !self.is_repeat(record) => border::border(run, record, later),
            _ => Border::Within,
        }
    }

    /// Ends the live run before the next record, which [`LogState::border`] says begins another.
    pub fn end_before(&mut self, record: &Record) -> Step {
        if let Some(run) = &mut self.run {
            run.senders.are_gone();
        }
        self.end(record, false)
    }

    fn is_repeat(&self, record: &Record) -> bool {
        record.sequence.is_some_and(|sequence| {
            self.seen.contains(&record.source, sequence)
                || self.seen_before.contains(&record.source, sequence)
        })
    }

    /// Whether a record that comes later, folded as the state is now, would close a chunk. Saves work,
    /// and decides nothing: what comes in between may prove it wrong.
    pub fn expects_chunk(&self, record: &Record) -> bool {
        match (self.run.as_ref().filter(|run| run.live), &record.body) {
            (Some(run), Body::Data(batch)) => {
                run.is_over_at(record.received_ms) || run.closes_by(batch.newest_ns)
            }
            (Some(run), Body::IdleEnd) => run.is_over_at(record.received_ms),
            (Some(run), Body::NewRun | Body::Left { .. }) => !run.is_import(),
            (Some(run), Body::Finish { sent, .. }) => {
                run.is_import() || !matches!(sent, Sent::Perhaps | Sent::Announced { .. })
            }
            (Some(_), Body::Declared) => false,
            (None, Body::Data(batch)) => batch.samples > 0,
            (None, _) => false,
        }
    }

    /// The next ticket is a hole that was declared dead.
    pub fn skip(&mut self) {
        self.next_ticket += 1;
    }
}

impl Step {
    fn nothing() -> Self {
        Step { consumed: true, began: None, chunks: Vec::new(), ended: None }
    }
}

/// What a record does to the run that is live.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ending {
    No,
    /// The run ends, and the record belongs to what comes after.
    Before,
    /// The run ends with the record.
    With,
}

/// Decides by receive times and by what is asked; generators' clocks may be wrong.
fn ending(run: &mut Run, record: &Record) -> Ending {
    let over = run.is_over_at(record.received_ms);
    let ends = match &record.body {
        Body::Data(batch) => return if over && batch.samples > 0 { Ending::Before } else { Ending::No },
        Body::IdleEnd => over,
        Body::NewRun => !run.is_import(),
        Body::Finish { run: number, .. } if *number != run.id.number => false,
        Body::Finish { sent, .. } => {
            run.is_import()
                || match sent {
                    Sent::Perhaps | Sent::Announced { .. } => false,
                    Sent::All => true,
                    Sent::AllBy(sender) => run.senders.leave(sender, record.received_ms),
                }
        }
        Body::Left { applications } => !run.is_import() && run.senders.leave_tests(record, applications),
        Body::Declared => false,
    };
    if ends { Ending::With } else { Ending::No }
}

#[cfg(test)]
mod tests;
