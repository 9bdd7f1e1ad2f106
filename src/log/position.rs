//! Where a folder stands, and how one that knows nothing finds its place in the store.

use super::fault::broken;
use super::gallop::last_present;
use super::model::{Checkpoint, CheckpointAt, CheckpointRef, StoredChunk};
use super::reaper::Decision;
use super::value::{self, Encoded};
use super::{keys, model};
use crate::fold::LogState;
use crate::hash::digest;
use crate::names::{LogName, RunId};
use crate::record::Record;
use crate::store::{Store, StoreError};
use std::collections::BTreeMap;

/// Records to ask for where nothing is known of how many there are, and at the most.
pub(super) const FETCH: u64 = 8;
pub(super) const FETCH_MOST: u64 = 32;

/// Chunks between checkpoints.
const CHECKPOINT_CHUNKS: u64 = 15;

/// Checkpoints that are remembered, so that each clean-up covers the last two again.
pub(super) const CHAIN: usize = 5;

/// How often a reader that is overtaken by a clean-up looks again before it reports trouble.
const LOAD_ATTEMPTS: u32 = 5;

/// What stood at a key when a folder read or wrote it.
pub(crate) struct Proof {
    key: String,
    digest: u64,
}

impl Proof {
    pub(super) fn new(key: String, value: &[u8]) -> Self {
        Proof { digest: digest(value), key }
    }

    fn holds(&self, found: Option<&[u8]>) -> bool {
        found.is_some_and(|found| digest(found) == self.digest)
    }
}

/// The state after the records so far, and what belongs to writing its results.
pub(crate) struct Position {
    pub state: LogState,
    /// The newest checkpoints, newest first; the first is the one that was last due.
    pub chain: Vec<CheckpointAt>,
    /// Records in parts that were folded since then, by ticket. Never those that are only looked at: they may
    /// be declared dead, or be others once a store went back, and all must write the same checkpoint.
    pub large: BTreeMap<u64, u32>,
    /// `(run number, chunk)` that the store held when this place was found: up to there, results
    /// are written already.
    pub committed: Option<(u64, u64)>,
    /// Records below are deleted.
    pub cleaned: u64,
    /// `(run number, chunk)` below which states are deleted.
    pub states_cleaned: (u64, u64),
    /// Chunks of that run below which this folder has deleted them; 0: it has not begun.
    pub states_gone: u64,
    /// The newest chunk's state was not computed.
    pub state_missing: bool,
    /// States of this log are, or were, in parts: they are deleted with them.
    pub large_states: bool,
    /// The last record, or decision, that is folded, or else the checkpoint that this begins from: what has
    /// come since to a store that went back differs from it.
    pub last: Option<Proof>,
    /// A key that exists since the newest results were written.
    pub stands_on: Option<String>,
    /// Records to ask for at once.
    pub fetch: u64,
    /// … at the most, so that a page takes some milliseconds only.
    pub fetch_most: u64,
}

impl Position {
    fn new(state: LogState, chain: Vec<CheckpointAt>, committed: Option<(u64, u64)>) -> Self {
        Position {
            state,
            chain,
            large: BTreeMap::new(),
            committed,
            cleaned: 0,
            states_cleaned: (0, 0),
            states_gone: 0,
            state_missing: false,
            large_states: false,
            last: None,
            stands_on: None,
            fetch: FETCH,
            fetch_most: FETCH_MOST,
        }
    }

    /// Whether the results of this chunk were written before this folder came.
    pub(crate) fn is_committed(&self, run: u64, chunk: u64) -> bool {
        self.committed.is_some_and(|committed| (run, chunk) <= committed)
    }

    /// Whether this `(run number, chunk)` is the newest one, and without its state.
    pub(crate) fn lacks_state(&self, chunk: (u64, u64)) -> bool {
        self.state_missing && self.committed == Some(chunk)
    }

    /// The keys of which one exists as soon as somebody came further, or once the run that this
    /// folder is in was deleted. Records that it has yet to fold are deleted only after that.
    pub(crate) fn newer_keys(&self, log: &LogName) -> Vec<String> {
        let current = self.state.current();
        let mut next = match &current {
            Some(current) if current.live => (current.run.number, current.chunks),
            Some(current) => (current.run.number + 1, 0),
            None => (self.state.runs() + 1, 0),
        };
        if let Some((run, chunk)) = self.committed {
            next = next.max((run, chunk + 1));
        }
        let run = log.run(next.0);
        vec![keys::events(&run, next.1), keys::deleted(&run)]
    }

    /// The keys that tell whether the store still has what this place comes from; see [`Self::is_proven`].
    pub(super) fn proofs(&self) -> Vec<String> {
        self.last.iter().map(|proof| &proof.key).chain(&self.stands_on).cloned().collect()
    }

    /// By what was found at these keys. If not, others came further and deleted it, or the store went back to
    /// an older copy, whatever it has taken since.
    pub(super) fn is_proven(&self, found: &[Option<Vec<u8>>]) -> bool {
        let (last, chunk) = found.split_at(usize::from(self.last.is_some()));
        let last = self.last.iter().zip(last).all(|(proof, found)| proof.holds(found.as_deref()));
        broken!(TrustMemory) || (last && chunk.iter().all(Option::is_some))
    }

    /// Whether others came further. What they may have deleted is read before.
    pub(super) async fn is_overtaken<S: Store>(&self, store: &S, log: &LogName) -> Result<bool, StoreError> {
        Ok(store.get_many(&self.newer_keys(log)).await?.iter().any(Option::is_some))
    }

    /// A record was declared dead.
    pub(super) fn skip(&mut self, log: &LogName) {
        let dead = value::encode_small(&Decision::Dead);
        self.last = Some(Proof::new(keys::hole(log, self.state.next_ticket()), &dead));
        self.state.skip();
    }

    /// Whether a checkpoint stands behind this chunk, the last of a record.
    pub(crate) fn checkpoint_due(&self, run: u64, chunk: u64, ended: bool) -> bool {
        let since = match self.chain.first() {
            Some(last) if last.run == run => chunk - last.chunk,
            _ => chunk + 1,
        };
        ended || since >= CHECKPOINT_CHUNKS
    }

    /// The checkpoint of the state as it is, and the place that it takes in the chain.
    pub(super) fn checkpoint(&mut self, run: u64, chunk: u64) -> Encoded {
        // One that is not folded whole belongs to a later checkpoint: it must outlive this one.
        let later = self.large.split_off(&self.state.next_ticket());
        let large: Vec<_> = std::mem::replace(&mut self.large, later).into_iter().collect();
        let encoded = value::encode(&CheckpointRef { older: &self.chain, large: &large, state: &self.state });
        let (ticket, parts) = (self.state.next_ticket(), encoded.parts.len() as u32);
        self.chain.insert(0, CheckpointAt { run, chunk, ticket, parts, large });
        self.chain.truncate(CHAIN);
        encoded
    }
}

/// Finds the newest checkpoint of a log by its last run and that run's last chunk.
pub(super) async fn load<S: Store>(store: &S, log: &LogName) -> Result<Position, StoreError> {
    for _ in 0..LOAD_ATTEMPTS {
        if let Some(position) = try_load(store, log).await? {
            return Ok(position);
        }
    }
    let reason = "it has no readable checkpoint where its last chunk names one".to_owned();
    Err(unreadable(store, log, reason, None).await?)
}

/// Notes why nobody can fold a log, and the ticket of its record if that is damaged: writers refuse from now
/// on what nobody could fold. Gives the error that says so.
pub(super) async fn unreadable<S: Store>(
    store: &S,
    log: &LogName,
    reason: String,
    ticket: Option<u64>,
) -> Result<StoreError, StoreError> {
    store.set(&keys::unreadable(log), &value::encode_small(&(&reason, ticket))).await?;
    Ok(StoreError::damaged(format!("the log {log}"), reason))
}

/// Fails for as long as what was noted of a log is so.
pub(super) async fn mended<S: Store>(store: &S, log: &LogName, note: &[u8]) -> Result<(), StoreError> {
    let note = value::decode::<(String, Option<u64>)>(&keys::unreadable(log), note);
    if let Ok((reason, Some(ticket))) = note {
        let key = keys::record(log, ticket);
        if let Some(head) = store.get(&key).await? {
            let whole = value::fetch(store, &key, &head).await?;
            if whole.is_none_or(|bytes| value::decode::<Record>(&key, &bytes).is_err()) {
                return Err(StoreError::damaged(format!("the log {log}"), reason));
            }
        }
    }
    load(store, log).await.map(|_| ())
}

/// Where a log is loaded from.
enum Start {
    /// A checkpoint, the newest chunk, and the key that was found to say so.
    Checkpoint { at: (u64, u64), committed: (u64, u64), found: String },
    /// The first record; and the newest chunk, if there is one.
    Beginning(Option<(u64, u64)>),
}

/// `None` when what the newest chunk names was deleted meanwhile.
async fn try_load<S: Store>(store: &S, log: &LogName) -> Result<Option<Position>, StoreError> {
    match start(store, log).await? {
        Some(Start::Checkpoint { at, committed, found }) => {
            let position = restore(store, log, at, committed).await?;
            Ok(position.map(|position| Position { stands_on: Some(found), ..position }))
        }
        Some(Start::Beginning(committed)) => {
            let position = Position::new(LogState::new(log.clone()), Vec::new(), committed);
            let stands_on = committed.map(|(run, chunk)| keys::events(&log.run(run), chunk));
            Ok(Some(Position { stands_on, ..position }))
        }
        None => Ok(None),
    }
}

/// Whether the log goes on from this run's last checkpoint: no later run has one yet.
pub(crate) async fn is_needed<S: Store>(store: &S, run: &RunId) -> Result<bool, StoreError> {
    Ok(match start(store, &run.log).await? {
        Some(Start::Checkpoint { at, .. }) => at.0 <= run.number,
        Some(Start::Beginning(_)) | None => true,
    })
}

/// Runs at the end of a log that may be without a chunk: one, whose first is being written.
const CHUNKLESS: usize = 2;

async fn start<S: Store>(store: &S, log: &LogName) -> Result<Option<Start>, StoreError> {
    let hint = value::get::<_, u64>(store, &keys::last_run(log)).await?;
    let last = last_present(1, hint, async |number| run_exists(store, &log.run(number)).await).await?;
    // A run that exists but has no chunk yet is still to be folded, from the one before.
    let last = last.unwrap_or(0);
    for number in (1..=last).rev().take(CHUNKLESS) {
        let run = log.run(number);
        if let Some(ended) = value::get::<_, model::Ended>(store, &keys::ended(&run)).await? {
            let at = (number, ended.end.chunk);
            return Ok(Some(Start::Checkpoint { at, committed: at, found: keys::ended(&run) }));
        }
        let Some(chunk) = last_chunk(store, &run).await? else {
            // What was deleted without leaving what comes next is no beginning.
            if store.get(&keys::deleted(&run)).await?.is_some() {
                return Ok(None);
            }
            continue;
        };
        let found = keys::events(&run, chunk);
        let Some(stored) = value::get::<_, StoredChunk>(store, &found).await? else { return Ok(None) };
        if let Some(ended) = &stored.ended {
            // Whoever wrote the last chunk died before it could say so here.
            store.set(&keys::ended(&run), &value::encode_small(ended)).await?;
        }
        return match stored.checkpoint {
            Some(at) => Ok(Some(Start::Checkpoint { at, committed: (number, chunk), found })),
            None => Ok(Some(Start::Beginning(Some((number, chunk))))),
        };
    }
    Ok((last <= CHUNKLESS as u64).then_some(Start::Beginning(None)))
}

/// The place behind a run's end.
pub(crate) async fn at_end<S: Store>(store: &S, run: &RunId) -> Result<Option<Position>, StoreError> {
    match value::get::<_, model::Ended>(store, &keys::ended(run)).await? {
        Some(ended) => {
            let at = (run.number, ended.end.chunk);
            restore(store, &run.log, at, at).await
        }
        None => Ok(None),
    }
}

async fn restore<S: Store>(
    store: &S,
    log: &LogName,
    (number, chunk): (u64, u64),
    committed: (u64, u64),
) -> Result<Option<Position>, StoreError> {
    let key = keys::checkpoint(&log.run(number), chunk);
    let Some(head) = store.get(&key).await? else { return Ok(None) };
    let parts = value::parts_of(&key, &head).unwrap_or(0);
    let Some(bytes) = value::fetch(store, &key, &head).await? else { return Ok(None) };
    let Ok(checkpoint) = value::decode::<Checkpoint>(&key, &bytes) else {
        let reason = format!("the log {log} cannot be read: its checkpoint {key} is damaged");
        return Err(unreadable(store, log, reason, None).await?);
    };
    let Checkpoint { older: mut chain, large, state } = checkpoint;
    let ticket = state.next_ticket();
    chain.insert(0, CheckpointAt { run: number, chunk, ticket, parts, large });
    chain.truncate(CHAIN);
    let last = Some(Proof::new(key, &head));
    Ok(Some(Position { last, ..Position::new(state, chain, Some(committed)) }))
}

/// The ticket from which on records may be left when a run has ended with this chunk.
pub(crate) async fn oldest_ticket<S: Store>(
    store: &S,
    run: &RunId,
    chunk: u64,
) -> Result<Option<u64>, StoreError> {
    let key = keys::checkpoint(run, chunk);
    let Some(head) = store.get(&key).await? else { return Ok(None) };
    let Some(bytes) = value::fetch(store, &key, &head).await? else { return Ok(None) };
    let Ok(Checkpoint { older, .. }) = value::decode::<Checkpoint>(&key, &bytes) else { return Ok(None) };
    Ok(Some(older.get(CHAIN - 1).map_or(1, |at| at.ticket)))
}

/// Reduces the last checkpoint of a run that is deleted to what the log's next run needs.
pub(crate) async fn reduce<S: Store>(store: &S, run: &RunId, chunk: u64) -> Result<(), StoreError> {
    let key = keys::checkpoint(run, chunk);
    let Some(head) = store.get(&key).await? else { return Ok(()) };
    let parts = value::parts_of(&key, &head)?;
    let Some(Checkpoint { older, large, state }) = value::resolve(store, &key, &head).await? else {
        return Ok(());
    };
    if state.run().is_none() {
        return Ok(());
    }
    let state = state.without_run();
    let mut reduced = value::encode(&CheckpointRef { older: &older, large: &large, state: &state });
    // The head makes the value: what of the old one lies beside the new one's parts is only garbage.
    let kept = reduced.parts.len() as u32;
    if kept > 0 {
        return Ok(());
    }
    reduced.parts.clear();
    store.set(&key, &reduced.head).await?;
    let gone: Vec<String> = (0..parts).map(|part| keys::part(&key, part)).collect();
    for batch in gone.chunks(super::DELETE_BATCH) {
        store.delete_many(batch).await?;
    }
    Ok(())
}

/// A run that was deleted exists all the same: its number was given out.
pub(super) async fn run_exists<S: Store>(store: &S, run: &RunId) -> Result<bool, StoreError> {
    Ok(store.get_many(&[keys::meta(run), keys::deleted(run)]).await?.iter().any(Option::is_some))
}

pub(crate) async fn last_chunk<S: Store>(store: &S, run: &RunId) -> Result<Option<u64>, StoreError> {
    let head = value::get::<_, u64>(store, &keys::head(run)).await?;
    last_present(0, head, async |chunk| Ok(store.get(&keys::events(run, chunk)).await?.is_some())).await
}
