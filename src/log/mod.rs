//! The log: ticketed, append-only records, and the fold of them that everybody computes alike.
//!
//! A writer takes a ticket, stores one immutable record under it and acknowledges ([`append`]).
//! Whoever needs progress folds ([`advance`]): the state after record n is a pure function of the
//! records 1 to n, so all write the same bytes and no lock is needed. Readers take chunks of events
//! and the state that follows them ([`stream`]). `docs/architecture.md` lists the keys.
//!
//! # Holes
//!
//! A writer that died between ticket and record leaves a hole, and folding waits at it. Whoever
//! has timed it long enough is elected by a counter, announces that the ticket is dying, waits,
//! reads the record again and decides; a writer that finds its ticket dying after it stored its
//! record does not acknowledge. Four conditions carry this:
//!
//! 1. tickets, `dying` and `hole` of a log are never deleted, else a writer that wakes up late
//!    would acknowledge what was declared dead;
//! 2. a reaper that has not finished 60 s after the moment before it asked for its election gives
//!    up without writing, else it could overrule its successor;
//! 3. the write of a decision takes effect within 4 minutes;
//! 4. the clocks of replicas differ by less than 10 s.
//!
//! "Absent" always means: read as absent, and afterwards no newer chunk found. Records below the
//! previous checkpoint are deleted, so an absent one may just have been folded by others.

pub mod advance;
pub mod append;
pub mod cache;
pub mod declarations;
pub(crate) mod fault;
pub mod fresh;
mod gallop;
mod hellos;
pub(crate) mod index;
pub(crate) mod keys;
pub mod lease;
pub(crate) mod model;
pub(crate) mod position;
mod reaper;
pub mod rows;
pub(crate) mod silence;
pub mod stream;
pub(crate) mod stretches;
pub(crate) mod value;
pub(crate) mod windows;

#[cfg(test)]
mod simulation;
#[cfg(test)]
mod testing;

use crate::fold::Run;
use crate::names::{LogName, RunId, TestName};
use crate::store::{Clock, Store, StoreError};

/// Keys deleted at once: what DynamoDB takes in one call.
pub(crate) const DELETE_BATCH: usize = 25;

/// A load generator of the test says that it begins.
///
/// # Errors
///
/// What the store refuses.
pub async fn hello<S: Store, C: Clock>(
    store: &S,
    clock: &C,
    test: &TestName,
    sender: &str,
) -> Result<(), StoreError> {
    hellos::say(store, test, sender, clock.now_ms()).await
}

/// Writes a value and reads it.
///
/// # Errors
///
/// Where it does not answer, or did not keep the value.
pub async fn probe<S: Store>(store: &S, now_ms: u64) -> Result<(), StoreError> {
    store.set(&keys::health(), now_ms.to_string().as_bytes()).await?;
    match store.get(&keys::health()).await? {
        Some(_) => Ok(()),
        None => Err(StoreError::Unavailable("it did not keep what it took".to_owned())),
    }
}

/// Whether it was noted that nobody can fold the log.
pub(crate) async fn is_unreadable<S: Store>(store: &S, log: &LogName) -> Result<bool, StoreError> {
    Ok(store.get(&keys::unreadable(log)).await?.is_some())
}

/// The number of a test's next unnamed import.
///
/// # Errors
///
/// What the store refuses.
pub async fn new_import<S: Store>(store: &S, test: &TestName) -> Result<u64, StoreError> {
    Ok(u64::try_from(store.increment(&keys::imports(test), 1).await?).unwrap_or(1))
}

/// The live run of a log, if this sender has sent samples of it.
pub(crate) async fn run_of_sender<S: Store>(
    store: &S,
    cache: &cache::Cache,
    log: &LogName,
    sender: &str,
) -> Result<Option<RunId>, StoreError> {
    let fold = cache.logs.take_fold(log);
    let known = fold.position.as_ref().map(|position| position.state.run_of_sender(sender));
    cache.logs.put_fold(log, fold, None);
    match known {
        Some(run) => Ok(run),
        None => Ok(position::load(store, log).await?.state.run_of_sender(sender)),
    }
}

/// Reads the totals of a run, distributions included, as of what this instance folded or else of the
/// newest checkpoint. `None`: there is nothing of the run yet.
pub(crate) async fn with_run<S: Store, T>(
    store: &S,
    cache: &cache::Cache,
    run: &RunId,
    read: impl FnOnce(&Run) -> T,
) -> Result<Option<T>, StoreError> {
    fn run_of<'a>(position: &'a position::Position, run: &RunId) -> Option<&'a Run> {
        position.state.run().filter(|found| found.id == *run)
    }
    let fold = cache.logs.take_fold(&run.log);
    if let Some(found) = fold.position.as_ref().and_then(|position| run_of(position, run)) {
        let result = read(found);
        cache.logs.put_fold(&run.log, fold, None);
        return Ok(Some(result));
    }
    cache.logs.put_fold(&run.log, fold, None);
    let position = match position::at_end(store, run).await? {
        Some(position) => position,
        None => position::load(store, &run.log).await?,
    };
    Ok(run_of(&position, run).map(read))
}

/// The number of a log's newest run, if it has one.
pub(crate) async fn last_run<S: Store>(store: &S, log: &LogName) -> Result<Option<u64>, StoreError> {
    value::get(store, &keys::last_run(log)).await
}
