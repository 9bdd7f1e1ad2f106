//! Which runs are kept, and how the others go.

use super::model::Ended;
use super::{DELETE_BATCH, keys, position, runs, value};
use crate::names::{RunId, TestName};
use crate::settings::Settings;
use crate::store::{Clock, Store, StoreError};

/// Runs whose keys go in one call.
const ERASED: usize = 8;

/// Chunks of a run whose keys are looked for at once.
const CHUNKS: u64 = 8;

/// Runs whose facts are asked for at once.
const FACTS: usize = 32;

/// Marks the oldest ended runs beyond the limit as deleted, and deletes the keys of those that were
/// marked long enough ago; of a few runs at the most. True when there is more to do now.
pub async fn sweep<S: Store, C: Clock>(
    store: &S,
    clock: &C,
    settings: &Settings,
    test: &TestName,
) -> Result<bool, StoreError> {
    let now = clock.now_ms();
    let baseline = value::get::<_, String>(store, &keys::baseline(test)).await?;
    let hint = value::get::<_, u64>(store, &keys::index_first(test)).await?.unwrap_or(1);
    let mut first = None;
    let mut ended = Vec::new();
    let mut due = Vec::new();
    for entries in runs::entries(store, Some(test), hint).await?.chunks(FACTS) {
        let asked: Vec<String> = entries
            .iter()
            .flat_map(|(_, run)| [keys::meta(run), keys::ended(run), keys::deleted(run)])
            .collect();
        let facts = store.get_many(&asked).await?;
        for ((number, run), facts) in entries.iter().zip(facts.chunks(3)) {
            let pinned = baseline.as_deref() == Some(run.to_string().as_str());
            if facts[0].is_none() {
                continue;
            }
            first.get_or_insert(*number);
            match facts {
                [_, _, Some(deleted)] if !pinned => {
                    let since = value::decode::<u64>(&keys::deleted(run), deleted)?;
                    if now.saturating_sub(since) >= settings.deletion_delay_ms {
                        due.push(run.clone());
                    }
                }
                [_, Some(_), None] => ended.push((run.clone(), pinned)),
                _ => {}
            }
        }
    }
    if let Some(first) = first.filter(|first| *first > hint) {
        store.set(&keys::index_first(test), &value::encode_small(&first)).await?;
    }
    let excess = ended.len().saturating_sub(settings.retention as usize);
    for (run, _) in ended.iter().filter(|(_, pinned)| !pinned).take(excess) {
        store.set(&keys::deleted(run), &value::encode_small(&now)).await?;
    }
    for run in due.iter().take(ERASED) {
        erase(store, run).await?;
    }
    Ok(due.len() > ERASED)
}

/// Deletes everything of a run but the fact that it was deleted, and what the log's next run needs if
/// no later one has a checkpoint; `meta` goes last, so that a deletion that breaks off is found again.
async fn erase<S: Store>(store: &S, run: &RunId) -> Result<(), StoreError> {
    let ended = value::get::<_, Ended>(store, &keys::ended(run)).await?;
    let chunks = ended.as_ref().map_or(0, |ended| ended.end.chunk + 1);
    let needed = ended.is_some() && position::is_needed(store, run).await?;
    let kept = needed.then(|| keys::checkpoint(run, chunks - 1));
    if needed {
        position::reduce(store, run, chunks - 1).await?;
    }
    for first in (0..chunks).step_by(CHUNKS as usize) {
        let wanted: Vec<String> = (first..chunks.min(first + CHUNKS))
            .flat_map(|chunk| {
                [keys::events, keys::rows, keys::state, keys::checkpoint].map(|key| key(run, chunk))
            })
            .filter(|key| kept.as_ref() != Some(key))
            .collect();
        delete(store, wanted).await?;
    }
    if run.number > 1 {
        delete_remains(store, &run.log.run(run.number - 1)).await?;
    }
    let mut gone = vec![keys::head(run), keys::label(run), keys::outcome(run)];
    if !needed {
        gone.push(keys::ended(run));
    }
    store.delete_many(&gone).await?;
    store.delete_many(&[keys::meta(run)]).await
}

/// What was kept of a deleted run for the one after it, which has a checkpoint now.
async fn delete_remains<S: Store>(store: &S, run: &RunId) -> Result<(), StoreError> {
    if store.get(&keys::meta(run)).await?.is_some() {
        return Ok(());
    }
    let Some(ended) = value::get::<_, Ended>(store, &keys::ended(run)).await? else { return Ok(()) };
    delete(store, vec![keys::checkpoint(run, ended.end.chunk)]).await?;
    store.delete_many(&[keys::ended(run)]).await
}

/// Deletes values with all their parts, the parts first: a value that is there has told how many.
async fn delete<S: Store>(store: &S, wanted: Vec<String>) -> Result<(), StoreError> {
    let heads = store.get_many(&wanted).await?;
    let mut gone = Vec::new();
    for (key, head) in wanted.iter().zip(heads) {
        if let Some(head) = head {
            gone.extend((0..value::parts_of(key, &head)?).map(|part| keys::part(key, part)));
        }
    }
    gone.extend(wanted);
    for batch in gone.chunks(DELETE_BATCH) {
        store.delete_many(batch).await?;
    }
    Ok(())
}
