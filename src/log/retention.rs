//! Which runs are kept, and how the others go.

use super::model::Ended;
use super::{keys, runs, value};
use crate::fold::RunMeta;
use crate::names::{RunId, TestName};
use crate::settings::Settings;
use crate::store::{Clock, Store, StoreError};

/// Keys deleted at once.
const DELETE_BATCH: usize = 500;

/// Values that are in parts have at most so many here; more would be a chunk or state of megabytes.
const PARTS: u32 = 8;

/// Marks the oldest ended runs beyond the limit as deleted, and deletes the keys of those that were
/// marked long enough ago; one run's keys at the most. True when there is more to do now.
pub async fn sweep<S: Store, C: Clock>(
    store: &S,
    clock: &C,
    settings: &Settings,
    test: &TestName,
) -> Result<bool, StoreError> {
    let now = clock.now_ms();
    let baseline = value::get::<_, String>(store, &keys::baseline(test)).await?;
    let mut ended = Vec::new();
    for (_, run) in runs::entries(store, Some(test)).await? {
        let facts = store.get_many(&[keys::meta(&run), keys::ended(&run), keys::deleted(&run)]).await?;
        let pinned = baseline.as_deref() == Some(run.to_string().as_str());
        match facts.as_slice() {
            [Some(_), _, Some(deleted)] if !pinned => {
                let since = value::decode::<u64>(&keys::deleted(&run), deleted)?;
                if now.saturating_sub(since) >= settings.deletion_delay_ms {
                    erase(store, &run).await?;
                    return Ok(true);
                }
            }
            [Some(_), Some(_), None] => ended.push((run, pinned)),
            _ => {}
        }
    }
    let excess = ended.len().saturating_sub(settings.retention as usize);
    for (run, _) in ended.iter().filter(|(_, pinned)| !pinned).take(excess) {
        store.set(&keys::deleted(run), &value::encode_small(&now)).await?;
    }
    Ok(false)
}

/// Deletes everything of a run but the fact that it was deleted; `meta` goes last, so that a
/// deletion that breaks off is found again.
async fn erase<S: Store>(store: &S, run: &RunId) -> Result<(), StoreError> {
    let meta = value::get::<_, RunMeta>(store, &keys::meta(run)).await?;
    let ended = value::get::<_, Ended>(store, &keys::ended(run)).await?;
    let chunks = ended.map_or(0, |ended| ended.end.chunk + 1);
    let mut gone = vec![keys::head(run), keys::label(run), keys::outcome(run)];
    for chunk in 0..chunks {
        for key in [keys::events, keys::rows, keys::state, keys::checkpoint].map(|key| key(run, chunk)) {
            gone.extend((0..PARTS).map(|part| keys::part(&key, part)));
            gone.push(key);
        }
    }
    gone.push(keys::ended(run));
    if meta.is_some() {
        gone.push(keys::meta(run));
    }
    for batch in gone.chunks(DELETE_BATCH) {
        store.delete_many(batch).await?;
    }
    Ok(())
}
