//! Erasing a run that was marked as deleted, in pages of a bounded number of store operations. `meta` goes
//! last, so that an erasure that breaks off is found again; one that begins anew deletes again what is gone.

use super::{deliveries, verdicts, webhooks};
use crate::log::fault::broken;
use crate::log::model::Ended;
use crate::log::{keys, position, value};
use crate::names::RunId;
use crate::store::{Store, StoreError};
use serde::{Deserialize, Serialize};

/// Chunks whose keys go in one page, and records.
const CHUNKS: u64 = 8;
const RECORDS: u64 = 64;

/// How far it has come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Erasure {
    run: RunId,
    /// The log's next run needs the last checkpoint.
    needed: bool,
    /// The tickets of records that may be left, and the chunks, from the next on to the end.
    tickets: (u64, u64),
    chunks: (u64, u64),
}

/// `None`: nothing is left of the run.
pub(super) async fn begin<S: Store>(store: &S, run: &RunId) -> Result<Option<Erasure>, StoreError> {
    if store.get(&keys::meta(run)).await?.is_none() {
        return Ok(None);
    }
    let Some(ended) = ended(store, run).await? else {
        let chunks = position::last_chunk(store, run).await.unwrap_or(None).map_or(0, |last| last + 1);
        let erasure = Erasure { run: run.clone(), needed: false, tickets: (0, 0), chunks: (0, chunks) };
        return Ok(Some(erasure));
    };
    let last = ended.end.chunk;
    // All that is left of records is behind the checkpoints that the last one names.
    let first = position::oldest_ticket(store, run, last).await?.unwrap_or(ended.end.ticket);
    let needed = !broken!(EraseCheckpoint) && position::is_needed(store, run).await?;
    if needed {
        position::reduce(store, run, last).await?;
    }
    let tickets = (first, ended.end.ticket);
    Ok(Some(Erasure { run: run.clone(), needed, tickets, chunks: (0, last + 1) }))
}

/// One that cannot be read says nothing.
async fn ended<S: Store>(store: &S, run: &RunId) -> Result<Option<Ended>, StoreError> {
    let key = keys::ended(run);
    Ok(store.get(&key).await?.and_then(|found| value::decode(&key, &found).ok()))
}

impl Erasure {
    /// Deletes a page. True: everything is gone but the fact that the run was deleted, and what the log's
    /// next run needs if no later one has a checkpoint.
    pub(crate) async fn step<S: Store>(&mut self, store: &S) -> Result<bool, StoreError> {
        let (next, end) = self.tickets;
        if next < end {
            let until = end.min(next + RECORDS);
            let records = (next..until).map(|ticket| keys::record(&self.run.log, ticket)).collect();
            value::delete(store, records).await?;
            self.tickets.0 = until;
            return Ok(false);
        }
        let (next, end) = self.chunks;
        if next < end {
            let until = end.min(next + CHUNKS);
            let kept = self.needed.then(|| keys::checkpoint(&self.run, end - 1));
            let wanted = (next..until)
                .flat_map(|chunk| {
                    [keys::events, keys::windows, keys::state, keys::checkpoint]
                        .map(|key| key(&self.run, chunk))
                })
                .filter(|key| kept.as_ref() != Some(key));
            value::delete(store, wanted.collect()).await?;
            self.chunks.0 = until;
            return Ok(false);
        }
        let run = &self.run;
        if run.number > 1 {
            delete_remains(store, &run.log.run(run.number - 1)).await?;
        }
        let mut gone = vec![keys::head(run), keys::label(run), keys::outcome(run), keys::figures(run)];
        match ended(store, run).await? {
            // Of what is left nobody needs what people called the run.
            Some(mut ended) if self.needed => {
                ended.end.tags.clear();
                store.set(&keys::ended(run), &value::encode_small(&ended)).await?;
            }
            _ if self.needed => {}
            _ => gone.push(keys::ended(run)),
        }
        store.delete_many(&gone).await?;
        let verdicts = match verdicts::newest(store, run).await {
            Ok(newest) => newest.map_or(0, |newest| newest.number.min(verdicts::KEPT)),
            Err(error) if error.is_outage() => return Err(error),
            // How many there are cannot be read.
            Err(_) => verdicts::KEPT,
        };
        deliveries::erase(store, run, verdicts as u32 * u32::from(webhooks::MOST)).await?;
        value::delete(store, verdicts::all_keys(run)).await?;
        store.delete_many(&[keys::meta(run)]).await?;
        Ok(true)
    }
}

/// What was kept of a deleted run for the one after it, which has a checkpoint now.
async fn delete_remains<S: Store>(store: &S, run: &RunId) -> Result<(), StoreError> {
    if store.get(&keys::meta(run)).await?.is_some() {
        return Ok(());
    }
    let Some(ended) = ended(store, run).await? else { return Ok(()) };
    value::delete(store, vec![keys::checkpoint(run, ended.end.chunk)]).await?;
    store.delete_many(&[keys::ended(run)]).await
}
