//! Which runs are kept, and how the others go.

use super::index::{self, Newest};
use super::model::Ended;
use super::{keys, position, value};
use crate::names::{RunId, TestName};
use crate::settings::Settings;
use crate::store::{Clock, Store, StoreError};

/// Chunks of a run whose keys are looked for at once, and how often in one call.
const CHUNKS: u64 = 8;
const ERASURES: u32 = 16;

/// Runs whose facts are asked for at once.
const FACTS: usize = 32;

/// Runs that are marked, or found to be due, in one call.
const FOUND: usize = 32;

/// Who sweeps for so long has died.
const SWEEP_MS: u64 = 10_000;

/// Marks the oldest ended runs beyond the limit as deleted, and deletes the keys of those that were
/// marked long enough ago; a bounded part of it. True when there is more to do now. While somebody else
/// sweeps the test there is not.
pub async fn sweep<S: Store, C: Clock>(
    store: &S,
    clock: &C,
    settings: &Settings,
    test: &TestName,
) -> Result<bool, StoreError> {
    let (now, key) = (clock.now_ms(), keys::sweeping(test));
    let since = value::get::<_, u64>(store, &key).await?.unwrap_or(0);
    if now < since.saturating_add(SWEEP_MS) && since <= now {
        return Ok(false);
    }
    store.set(&key, &value::encode_small(&now)).await?;
    let more = sweep_some(store, now, settings, test).await;
    store.set(&key, &value::encode_small(&0_u64)).await?;
    more
}

async fn sweep_some<S: Store>(
    store: &S,
    now: u64,
    settings: &Settings,
    test: &TestName,
) -> Result<bool, StoreError> {
    let Found { excess, due, more } = look(store, now, settings, test).await?;
    for run in &excess {
        store.set(&keys::deleted(run), &value::encode_small(&now)).await?;
    }
    let mut erasures = ERASURES;
    for run in &due {
        if !erase(store, run, &mut erasures).await? {
            return Ok(true);
        }
    }
    for index in [Some(test), None] {
        index::advance(store, index).await?;
    }
    Ok(more)
}

/// What there is to do.
#[derive(Default)]
struct Found {
    /// Ended runs beyond the limit.
    excess: Vec<RunId>,
    /// Runs that were marked long enough ago.
    due: Vec<RunId>,
    more: bool,
}

/// Goes from the newest run to the oldest: the first ended ones, as many as the limit, stay.
async fn look<S: Store>(
    store: &S,
    now: u64,
    settings: &Settings,
    test: &TestName,
) -> Result<Found, StoreError> {
    let baseline = value::get::<_, String>(store, &keys::baseline(test)).await?;
    let mut found = Found::default();
    let mut kept = 0;
    let mut newest = Newest::of(store, Some(test)).await?;
    while let Some(page) = newest.page(store).await? {
        for runs in page.chunks(FACTS) {
            let asked: Vec<String> =
                runs.iter().flat_map(|run| [keys::meta(run), keys::ended(run), keys::deleted(run)]).collect();
            let facts = store.get_many(&asked).await?;
            for (run, facts) in runs.iter().zip(facts.chunks(3)) {
                let pinned = baseline.as_deref() == Some(run.to_string().as_str());
                match facts {
                    [Some(_), _, Some(deleted)] if !pinned => {
                        let since = value::decode::<u64>(&keys::deleted(run), deleted)?;
                        if now.saturating_sub(since) >= settings.deletion_delay_ms {
                            found.due.push(run.clone());
                        }
                    }
                    [Some(_), Some(_), None] if kept < settings.retention => kept += 1,
                    [Some(_), Some(_), None] if !pinned => found.excess.push(run.clone()),
                    _ => {}
                }
            }
            if found.excess.len() + found.due.len() >= FOUND {
                found.more = true;
                return Ok(found);
            }
        }
    }
    Ok(found)
}

/// Deletes everything of a run but the fact that it was deleted, and what the log's next run needs if
/// no later one has a checkpoint; `meta` goes last, so that a deletion that breaks off is found again.
/// False: that was enough for one call.
async fn erase<S: Store>(store: &S, run: &RunId, erasures: &mut u32) -> Result<bool, StoreError> {
    let ended = value::get::<_, Ended>(store, &keys::ended(run)).await?;
    let chunks = ended.as_ref().map_or(0, |ended| ended.end.chunk + 1);
    let needed = ended.is_some() && position::is_needed(store, run).await?;
    let kept = needed.then(|| keys::checkpoint(run, chunks - 1));
    if needed {
        position::reduce(store, run, chunks - 1).await?;
    }
    let mut first = value::get::<_, u64>(store, &keys::erased(run)).await?.unwrap_or(0);
    while first < chunks {
        if *erasures == 0 {
            store.set(&keys::erased(run), &value::encode_small(&first)).await?;
            return Ok(false);
        }
        *erasures -= 1;
        let next = chunks.min(first + CHUNKS);
        let wanted: Vec<String> = (first..next)
            .flat_map(|chunk| {
                [keys::events, keys::rows, keys::state, keys::checkpoint].map(|key| key(run, chunk))
            })
            .filter(|key| kept.as_ref() != Some(key))
            .collect();
        value::delete(store, wanted).await?;
        first = next;
    }
    if run.number > 1 {
        delete_remains(store, &run.log.run(run.number - 1)).await?;
    }
    let mut gone = vec![keys::head(run), keys::label(run), keys::outcome(run), keys::erased(run)];
    if !needed {
        gone.push(keys::ended(run));
    }
    store.delete_many(&gone).await?;
    store.delete_many(&[keys::meta(run)]).await?;
    Ok(true)
}

/// What was kept of a deleted run for the one after it, which has a checkpoint now.
async fn delete_remains<S: Store>(store: &S, run: &RunId) -> Result<(), StoreError> {
    if store.get(&keys::meta(run)).await?.is_some() {
        return Ok(());
    }
    let Some(ended) = value::get::<_, Ended>(store, &keys::ended(run)).await? else { return Ok(()) };
    value::delete(store, vec![keys::checkpoint(run, ended.end.chunk)]).await?;
    store.delete_many(&[keys::ended(run)]).await
}
