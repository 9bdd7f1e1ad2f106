//! All records that ever were, folded by one who has them all at once: what the store must have.

use super::world::World;
use crate::declare::Declarations;
use crate::documents;
use crate::fold::{Border, Chunk, LogState, Step};
use crate::log::model::StoredChunk;
use crate::log::reaper::Decision;
use crate::log::{keys, value};
use crate::names::LogName;
use crate::record::{Body, Record};
use loadgate_documents::{Digits, to_json};
use serde::de::DeserializeOwned;

#[derive(Default)]
pub struct Refolded {
    chunks: Vec<Chunk>,
    /// The rows of the requests of every run that has ended, as JSON.
    pub runs: Vec<serde_json::Value>,
    /// Records that finish a run.
    pub finishes: usize,
}

/// A value that may be in parts.
pub fn decoded<T: DeserializeOwned>(key: &str, look: impl Fn(&str) -> Option<Vec<u8>>) -> Option<T> {
    let head = look(key)?;
    let whole = match value::parts_of(key, &head).ok()? {
        0 => head,
        parts => (0..parts).map(|part| look(&keys::part(key, part))).collect::<Option<Vec<_>>>()?.concat(),
    };
    value::decode(key, &whole).ok()
}

/// A record with the declarations that it names; `None`: declared dead.
type Found = Option<(Record, Option<Declarations>)>;

fn records(world: &World, log: &LogName) -> Result<Vec<Found>, String> {
    let tickets = u64::try_from(world.counter(&keys::tickets(log))).unwrap_or(0);
    let mut records = Vec::new();
    for ticket in 1..=tickets {
        if decoded(&keys::hole(log, ticket), |key| world.value(key)) == Some(Decision::Dead) {
            records.push(None);
            continue;
        }
        let record: Record = decoded(&keys::record(log, ticket), |key| world.archived(key))
            .ok_or_else(|| format!("ticket {ticket} of {tickets} of {log} is a hole that nobody decided"))?;
        let declared: Option<Declarations> = record
            .declarations
            .as_ref()
            .and_then(|hash| decoded(&keys::declarations(&log.test, hash), |key| world.value(key)));
        if declared.is_none() && record.declarations.is_some() {
            return Err(format!("record {ticket} of {log} names declarations that are not there"));
        }
        records.push(Some((record, declared)));
    }
    Ok(records)
}

pub fn refold(world: &World, log: &LogName) -> Result<Refolded, String> {
    let records = records(world, log)?;
    let mut refolded = Refolded::default();
    let mut state = LogState::new(log.clone());
    for (at, found) in records.iter().enumerate() {
        let Some((record, declared)) = found else {
            state.skip();
            continue;
        };
        refolded.finishes += usize::from(matches!(record.body, Body::Finish { .. }));
        let later = records[at + 1..].iter().flatten().map(|(record, _)| record);
        match state.border(record, later) {
            Border::Within => {}
            Border::Begins => {
                let step = state.end_before(record);
                refolded.take(step, &state);
            }
            Border::Undecided { .. } => return Err(format!("{log} waits at record {}", at + 1)),
        }
        loop {
            let step = state.step(record, declared.as_ref());
            if refolded.take(step, &state) {
                break;
            }
        }
    }
    Ok(refolded)
}

impl Refolded {
    /// Gives whether the record was consumed.
    fn take(&mut self, step: Step, state: &LogState) -> bool {
        self.chunks.extend(step.chunks);
        if step.ended.is_some() {
            let summary = to_json(&documents::summary(state), Digits::All);
            let summary: serde_json::Value = serde_json::from_str(&summary).expect("a summary is JSON");
            self.runs.push(summary["requests"].clone());
        }
        step.consumed
    }

    /// The first of its chunks that the store has not, or has in another form. What was deleted may be
    /// there or not.
    pub fn differs_from(&self, world: &World) -> Option<String> {
        self.chunks.iter().find_map(|made| {
            let mut chunk = made.clone();
            let windows = std::mem::take(&mut chunk.windows);
            if world.value(&keys::deleted(&chunk.run)).is_some() {
                return None;
            }
            let key = keys::events(&chunk.run, chunk.index);
            match decoded::<StoredChunk>(&key, |key| world.value(key)) {
                Some(stored) if stored.chunk == chunk => {}
                Some(_) => return Some(format!("{key} is not what its records make")),
                None => return Some(format!("{key} is missing")),
            }
            let key = keys::windows(&chunk.run, chunk.index);
            let stored: Vec<u8> = decoded(&key, |key| world.value(key)).unwrap_or_default();
            (stored != windows).then(|| format!("{key} is not what its records make"))
        })
    }
}
