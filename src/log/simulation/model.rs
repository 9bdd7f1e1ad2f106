//! The naive model: what was sent and acknowledged, what readers saw, and how it must all agree.

use super::refold::refold;
use super::world::World;
use crate::log::stream::{Page, PageEvent};
use crate::names::{LogName, RunId};
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
#[derive(Clone, Default)]
pub struct Model {
    sent: Vec<Sent>,
    logs: BTreeSet<LogName>,
    imports: BTreeSet<LogName>,
    events: BTreeMap<(RunId, u64), String>,
    states: BTreeMap<(RunId, u64), Vec<String>>,
    /// Runs that somebody asked to delete.
    deleted: BTreeSet<RunId>,
    /// Metrics of which somebody heard that they are declared.
    declared: BTreeSet<String>,
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

    /// Those in which something must count.
    pub fn acknowledged_logs(&self) -> impl Iterator<Item = &LogName> {
        self.logs.iter().filter(|log| self.sent.iter().any(|sent| sent.acknowledged && sent.log == **log))
    }

    pub fn delete(&mut self, run: RunId) {
        self.deleted.insert(run);
    }

    pub fn declare(&mut self, metric: String) {
        self.declared.insert(metric);
    }

    pub fn declared(&self) -> impl Iterator<Item = &String> {
        self.declared.iter()
    }

    /// The store is what it was when `earlier` was known: what was acknowledged since may count or not.
    pub fn go_back(&mut self, earlier: Model) {
        let known = earlier.sent.iter().map(|sent| sent.acknowledged).chain(std::iter::repeat(false));
        for (sent, acknowledged) in self.sent.iter_mut().zip(known) {
            sent.acknowledged = acknowledged;
        }
        let (sent, logs) = (std::mem::take(&mut self.sent), std::mem::take(&mut self.logs));
        *self = Model { sent, logs, wrong: self.wrong.take(), ..earlier };
    }

    /// Somebody was given the name of a new import.
    pub fn import(&mut self, log: LogName) {
        if self.imports.contains(&log) {
            self.blame(format!("two imports are {log}"));
        }
        self.imports.insert(log);
    }

    pub fn blame(&mut self, what: String) {
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

    /// A log at the end: the store against a fold of all records that ever were. Gives its runs with the rows
    /// of their requests. `waited`: somebody waited until all had ended, before the last was written to.
    pub fn check(&mut self, world: &World, log: &LogName, waited: bool) -> Vec<(RunId, serde_json::Value)> {
        let refolded = match refold(world, log) {
            Ok(refolded) => refolded,
            Err(wrong) => {
                self.blame(wrong);
                return Vec::new();
            }
        };
        if let Some(wrong) = refolded.differs_from(world) {
            self.blame(wrong);
        }
        self.count(log, &refolded.runs);
        let (runs, finishes) = (refolded.runs.len(), refolded.finishes);
        if self.imports.contains(log) && runs > finishes + 1 + usize::from(waited) {
            self.blame(format!("{log} has {runs} runs after {finishes} finishes"));
        }
        (1..).zip(refolded.runs).map(|(number, rows)| (log.run(number), rows)).collect()
    }

    /// Acknowledged samples are in all runs together exactly once, others at most once. A repeat is
    /// remembered through the next run: only behind that it may count again. Declarations and
    /// commands alone begin no run.
    fn count(&mut self, log: &LogName, runs: &[serde_json::Value]) {
        let mut counted: BTreeMap<String, Vec<(usize, u64)>> = BTreeMap::new();
        for (run, rows) in runs.iter().enumerate() {
            let rows = rows.as_array().map_or(&[][..], Vec::as_slice);
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
}
