//! The naive model: what was sent and acknowledged, what readers saw, and how it must all agree.

use super::world::World;
use crate::declare::Declarations;
use crate::fold::{Border, Chunk, LogState};
use crate::log::model::StoredChunk;
use crate::log::reaper::Decision;
use crate::log::runs::{Page, PageEvent};
use crate::log::{keys, value};
use crate::names::{LogName, RunId};
use crate::record::{Body, Record};
use std::collections::{BTreeMap, BTreeSet};

/// One batch of samples, told apart by the name of its requests.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Sent {
    log: LogName,
    samples: u64,
    /// Repeats of it are known by their number.
    numbered: bool,
    acknowledged: bool,
}

/// What clients know.
#[derive(Default)]
pub struct Model {
    sent: Vec<Sent>,
    logs: BTreeSet<LogName>,
    imports: BTreeSet<LogName>,
    events: BTreeMap<(RunId, u64), String>,
    states: BTreeMap<(RunId, u64), Vec<String>>,
    /// The first thing that cannot be.
    pub wrong: Option<String>,
}

impl Model {
    /// A batch is about to be sent; gives its number.
    pub fn send(&mut self, log: &LogName, samples: u64, numbered: bool) -> usize {
        if !self.logs.contains(log) {
            self.logs.insert(log.clone());
        }
        self.sent.push(Sent { log: log.clone(), samples, numbered, acknowledged: false });
        self.sent.len() - 1
    }

    pub fn acknowledge(&mut self, numbers: impl Iterator<Item = usize>) {
        for number in numbers {
            self.sent[number].acknowledged = true;
        }
    }

    /// The logs that were written to.
    pub fn logs(&self) -> impl Iterator<Item = &LogName> {
        self.logs.iter()
    }

    /// Somebody was given the name of a new import.
    pub fn import(&mut self, log: LogName) {
        if self.imports.contains(&log) {
            self.blame(format!("two imports are {log}"));
        }
        self.imports.insert(log);
    }

    fn blame(&mut self, what: String) {
        self.wrong.get_or_insert(what);
    }

    /// A page that some reader got.
    pub fn see(&mut self, run: &RunId, page: &Page) {
        let mut state = Vec::new();
        let mut before = None;
        for PageEvent { id, kind, data } in &page.events {
            let text = format!("{kind} {data}");
            let Some(id) = id else {
                state.push(text);
                continue;
            };
            if before.is_some_and(|before| *id != before + 1) {
                self.blame(format!("{run} goes from id {before:?} to {id}"));
            }
            before = Some(*id);
            let known = self.events.entry((run.clone(), *id)).or_insert_with(|| text.clone());
            if *known != text {
                let known = known.clone();
                self.blame(format!("{run} id {id} was {known} and is {text}"));
            }
        }
        if !state.is_empty() {
            let known = self.states.entry((run.clone(), page.cursor.id)).or_insert_with(|| state.clone());
            if *known != state {
                let known = known.clone();
                self.blame(format!(
                    "{run}: the state before id {} was {known:?} and is {state:?}",
                    page.cursor.id
                ));
            }
        }
    }

    /// A log at the end, with the summaries of its runs: the store against a fold of all records
    /// that ever were.
    pub fn check(&mut self, world: &World, log: &LogName, summaries: &[serde_json::Value]) {
        self.count(log, summaries);
        let finishes = self.refold(world, log);
        if self.imports.contains(log) && summaries.len() > finishes + 1 {
            self.blame(format!("{log} has {} runs after {finishes} finishes", summaries.len()));
        }
    }

    /// Acknowledged samples are in all runs together exactly once, others at most once. A repeat is
    /// remembered through the next run: only behind that it may count again. Declarations and
    /// commands alone begin no run.
    fn count(&mut self, log: &LogName, summaries: &[serde_json::Value]) {
        let mut counted: BTreeMap<String, Vec<(usize, u64)>> = BTreeMap::new();
        for (run, summary) in summaries.iter().enumerate() {
            let rows = summary["requests"].as_array().map_or(&[][..], Vec::as_slice);
            if rows.is_empty() {
                self.blame(format!("{} has no data", log.run(run as u64 + 1)));
            }
            for row in rows {
                let name = row["key"][1].as_str().unwrap_or_default().to_owned();
                counted.entry(name).or_default().push((run + 1, row["count"].as_u64().unwrap_or(0)));
            }
        }
        for (number, sent) in self.sent.iter().enumerate().filter(|(_, sent)| sent.log == *log) {
            let found = counted.remove(&format!("b{number}")).unwrap_or_default();
            let whole = found.iter().all(|(_, samples)| *samples == sent.samples);
            let once = found.windows(2).all(|pair| sent.numbered && pair[1].0 > pair[0].0 + 1);
            if !whole || !once || (sent.acknowledged && found.is_empty()) {
                let wrong = format!("batch {number} {sent:?} counts in (run, samples) {found:?}");
                self.wrong.get_or_insert(wrong);
            }
        }
        if !counted.is_empty() {
            self.blame(format!("nobody sent {counted:?} to {log}"));
        }
    }

    /// Gives how many records finish a run.
    fn refold(&mut self, world: &World, log: &LogName) -> usize {
        let tickets = u64::try_from(world.counter(&keys::tickets(log))).unwrap_or(0);
        let mut state = LogState::new(log.clone());
        let mut chunks: Vec<Chunk> = Vec::new();
        let mut finishes = 0;
        let mut records: Vec<Option<(Record, Option<Declarations>)>> = Vec::new();
        for ticket in 1..=tickets {
            let decision = world
                .value(&keys::hole(log, ticket))
                .and_then(|bytes| value::decode::<Decision>("hole", &bytes).ok());
            if decision == Some(Decision::Dead) {
                records.push(None);
                continue;
            }
            let Some(bytes) = world.archived(&keys::record(log, ticket)) else {
                self.blame(format!("ticket {ticket} of {tickets} is a hole that nobody decided"));
                return finishes;
            };
            let record: Record = match value::decode("record", &bytes) {
                Ok(record) => record,
                Err(error) => {
                    self.blame(error.to_string());
                    return finishes;
                }
            };
            finishes += usize::from(matches!(record.body, Body::Finish { .. }));
            let declared: Option<Declarations> = record.declarations.as_ref().and_then(|hash| {
                let bytes = world.value(&keys::declarations(&log.test, hash))?;
                value::decode("declarations", &bytes).ok()
            });
            if declared.is_none() && record.declarations.is_some() {
                self.blame(format!("record {ticket} of {log} names declarations that are not there"));
            }
            records.push(Some((record, declared)));
        }
        for (at, found) in records.iter().enumerate() {
            let Some((record, declared)) = found else {
                state.skip();
                continue;
            };
            let later = records[at + 1..].iter().flatten().map(|(record, _)| record);
            match state.border(record, later) {
                Border::Within => {}
                Border::Begins => chunks.extend(state.end_before(record).chunks),
                Border::Undecided { .. } => self.blame(format!("{log} waits at record {}", at + 1)),
            }
            loop {
                let step = state.step(record, declared.as_ref());
                chunks.extend(step.chunks);
                if step.consumed {
                    break;
                }
            }
        }
        for mut chunk in chunks {
            chunk.windows = Vec::new();
            let key = keys::events(&chunk.run, chunk.index);
            let stored = world.value(&key).and_then(|bytes| value::decode::<StoredChunk>(&key, &bytes).ok());
            match stored {
                Some(stored) if stored.chunk == chunk => {}
                Some(_) => self.blame(format!("{key} is not what its records make")),
                None => self.blame(format!("{key} is missing")),
            }
        }
        finishes
    }
}
