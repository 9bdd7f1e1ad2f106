//! Which runs are kept, and how the others go: by one sweeper of a test at a time, in calls of a bounded number
//! of store operations each. How far it has come is in the store, and all of it can be lost: a pass that
//! begins anew deletes again what may be deleted.

use super::erasure::{self, Erasure};
use super::facts::{self, Facts};
use super::{labels, runs};
use crate::log::index::{self, BLOCK};
use crate::log::{keys, value};
use crate::names::{RunId, TestName};
use crate::settings::Settings;
use crate::store::{Clock, Store, StoreError};
use loadgate_documents::RunState;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Blocks of an index that one call looks at.
const BLOCKS: u32 = 4;

/// Runs that are marked as deleted by one call: each mark is a write.
const MARKED: usize = 32;

/// A sweeper that was not heard of for so long is gone.
const LEASE_MS: u64 = 10_000;

/// `test/TEST/sweep` and `index/sweep`: who sweeps, and where. A hint.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Pass {
    holder: u64,
    renewed_ms: u64,
    /// The block that is looked at next, from the newest down; none: the pass is yet to begin.
    next: Option<u64>,
    /// Runs that have ended and are kept, so far.
    kept: u32,
    /// Blocks that this pass found gone, the newest and the oldest in a row.
    gone: Option<(u64, u64)>,
    /// Runs to be erased.
    due: Vec<RunId>,
    erasing: Option<Erasure>,
    /// Something was erased: the index of all runs is looked through as well.
    erased: bool,
    /// That is under way.
    index: bool,
}

/// Marks an ended run as deleted; its keys go when nobody can be reading them any more. False: the
/// run is live.
///
/// # Errors
///
/// What the store refuses.
pub async fn delete<S: Store, C: Clock>(store: &S, clock: &C, item: &runs::Item) -> Result<bool, StoreError> {
    if item.state == RunState::Live {
        return Ok(false);
    }
    if item.baseline {
        labels::set_baseline(store, &item.run.log.test, None).await?;
    }
    store.set(&keys::deleted(&item.run), &value::encode_small(&clock.now_ms())).await?;
    Ok(true)
}

/// Marks ended runs beyond the limit as deleted, the newest being kept, and deletes the keys of those that
/// were marked long enough ago: a bounded piece of that. `holder` is who sweeps, by a name that it made
/// up. True when there is more to do now; false also where somebody else is at it.
///
/// # Errors
///
/// What the store refuses.
pub async fn sweep<S: Store, C: Clock>(
    store: &S,
    clock: &C,
    settings: &Settings,
    test: &TestName,
    holder: u64,
) -> Result<bool, StoreError> {
    let Some(mut pass) = take(store, clock, Some(test), holder).await? else { return Ok(false) };
    let mut more = true;
    if let Some(mut erasure) = pass.erasing.take() {
        if erasure.step(store).await? {
            pass.erased = true;
        } else {
            pass.erasing = Some(erasure);
        }
    } else if let Some(run) = pass.due.pop() {
        // Somebody may have pinned it meanwhile.
        if pinned(store, test).await?.as_deref() != Some(run.to_string().as_str()) {
            pass.erasing = erasure::begin(store, &run).await?;
        }
    } else if pass.index {
        pass.index = sweep_index(store, clock, holder).await?;
        more = pass.index;
    } else if !walk(store, clock, settings, test, &mut pass).await? && pass.due.is_empty() {
        (pass.index, more) = (pass.erased, pass.erased);
        pass.erased = false;
    }
    give_back(store, clock, Some(test), pass, more).await?;
    Ok(more)
}

/// Takes the pass over; `None`: somebody else is at it.
async fn take<S: Store, C: Clock>(
    store: &S,
    clock: &C,
    test: Option<&TestName>,
    holder: u64,
) -> Result<Option<Pass>, StoreError> {
    let key = keys::sweep(test);
    let found = store.get(&key).await?;
    let pass = found.and_then(|found| value::decode::<Pass>(&key, &found).ok()).unwrap_or_default();
    if pass.holder == holder {
        return Ok(Some(pass));
    }
    // A clock that is set back must not make a lease last for ever.
    let ago = clock.now_ms().abs_diff(pass.renewed_ms);
    let begun_anew = Pass { holder, erasing: pass.erasing, ..Pass::default() };
    Ok((ago >= LEASE_MS).then_some(begun_anew))
}

/// Stores how far it has come; a pass that is over is anybody's.
async fn give_back<S: Store, C: Clock>(
    store: &S,
    clock: &C,
    test: Option<&TestName>,
    pass: Pass,
    more: bool,
) -> Result<(), StoreError> {
    let pass = if more { Pass { renewed_ms: clock.now_ms(), ..pass } } else { Pass::default() };
    store.set(&keys::sweep(test), &value::encode_small(&pass)).await
}

async fn pinned<S: Store>(store: &S, test: &TestName) -> Result<Option<String>, StoreError> {
    value::get::<_, String>(store, &keys::baseline(test)).await
}

/// Looks through the next blocks of a test's index. False: these were the last.
async fn walk<S: Store, C: Clock>(
    store: &S,
    clock: &C,
    settings: &Settings,
    test: &TestName,
    pass: &mut Pass,
) -> Result<bool, StoreError> {
    let now_ms = clock.now_ms();
    let pinned = pinned(store, test).await?;
    let is_pinned = |run: &RunId| pinned.as_deref() == Some(run.to_string().as_str());
    let newest = index::newest(store, Some(test)).await?;
    if pass.next.is_none() {
        pass.kept = u32::from(pinned.is_some());
    }
    let mut marks = Vec::new();
    for _ in 0..BLOCKS {
        let number = pass.next.unwrap_or(index::block_of(newest));
        let block = index::block(store, Some(test), number).await?;
        if block.gone_to.is_none() {
            let before = pass.kept;
            let mut known = BTreeSet::new();
            let runs = block.entries.into_iter().map(|(_, run)| run);
            let facts = facts::of(store, runs.filter(|run| known.insert(run.clone())).collect()).await?;
            let gone = facts.iter().all(|facts| !facts.exists) && newest >= index::end_of(number);
            for Facts { run, ended, deleted_ms, .. } in facts.into_iter().filter(|facts| facts.exists) {
                match deleted_ms {
                    _ if is_pinned(&run) => {}
                    Some(since) if now_ms.saturating_sub(since) >= settings.deletion_delay_ms => {
                        pass.due.push(run);
                    }
                    None if ended && pass.kept < settings.retention => pass.kept += 1,
                    None if ended => marks.push((keys::deleted(&run), value::encode_small(&now_ms))),
                    _ => {}
                }
            }
            if marks.len() > MARKED {
                // The rest of the block comes with the next call, which finds these marked.
                marks.truncate(MARKED);
                (pass.kept, pass.next) = (before, Some(number));
                break;
            }
            step_down(store, Some(test), pass, number, gone.then_some(number)).await?;
        } else {
            step_down(store, Some(test), pass, number, block.gone_to).await?;
        }
        if pass.next.is_none() || pass.due.len() >= BLOCK as usize {
            break;
        }
    }
    if !marks.is_empty() {
        store.set_many(&marks).await?;
    }
    Ok(pass.next.is_some())
}

/// Goes on below a block, or below those that are gone down to `gone_to`; what is gone in one row is noted
/// as one.
async fn step_down<S: Store>(
    store: &S,
    test: Option<&TestName>,
    pass: &mut Pass,
    number: u64,
    gone_to: Option<u64>,
) -> Result<(), StoreError> {
    let low = gone_to.unwrap_or(number);
    pass.next = low.checked_sub(1);
    if gone_to.is_some() {
        pass.gone = Some((pass.gone.map_or(number, |(top, _)| top), low));
    }
    if (gone_to.is_none() || pass.next.is_none())
        && let Some(gone) = pass.gone.take()
    {
        index::note_gone(store, test, gone).await?;
    }
    Ok(())
}

/// Looks through some blocks of the index of all runs, for those that are gone. True: there are more.
async fn sweep_index<S: Store, C: Clock>(store: &S, clock: &C, holder: u64) -> Result<bool, StoreError> {
    let Some(mut pass) = take(store, clock, None, holder).await? else { return Ok(false) };
    let newest = index::newest(store, None).await?;
    for _ in 0..BLOCKS {
        let number = pass.next.unwrap_or(index::block_of(newest));
        let block = index::block(store, None, number).await?;
        let mut gone_to = block.gone_to;
        if gone_to.is_none() && newest >= index::end_of(number) {
            let asked: Vec<String> = block.entries.iter().map(|(_, run)| keys::meta(run)).collect();
            let exists = store.get_many(&asked).await?.iter().any(Option::is_some);
            gone_to = (!exists).then_some(number);
        }
        step_down(store, None, &mut pass, number, gone_to).await?;
        if pass.next.is_none() {
            break;
        }
    }
    let more = pass.next.is_some();
    give_back(store, clock, None, pass, more).await?;
    Ok(more)
}
