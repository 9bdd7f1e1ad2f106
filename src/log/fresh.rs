//! Logs that have records and that nobody has folded yet: no index of runs has them.

use super::gallop::last_present;
use super::{keys, value};
use crate::names::LogName;
use crate::store::{Store, StoreError};

/// So many of the newest are looked at: the others were folded long ago.
const LOOKED_AT: u64 = 32;

/// Enters a log, before its first record.
pub(super) async fn enter<S: Store>(store: &S, log: &LogName) -> Result<(), StoreError> {
    let number = store.increment(&keys::fresh_logs(), 1).await?;
    let number = u64::try_from(number).unwrap_or(1);
    store.set(&keys::fresh_log(number), &value::encode_small(log)).await?;
    store.set(&keys::fresh_hint(), &value::encode_small(&number)).await
}

/// The logs among the newest of them that still have no run.
///
/// # Errors
///
/// What the store refuses.
pub async fn unfolded<S: Store>(store: &S) -> Result<Vec<LogName>, StoreError> {
    let hint = value::get::<_, u64>(store, &keys::fresh_hint()).await?;
    let present = async |number| Ok(store.get(&keys::fresh_log(number)).await?.is_some());
    let Some(last) = last_present(1, hint, present).await? else { return Ok(Vec::new()) };
    let asked: Vec<String> = (last.saturating_sub(LOOKED_AT).max(1)..=last).map(keys::fresh_log).collect();
    let mut logs = Vec::new();
    for (key, entry) in asked.iter().zip(store.get_many(&asked).await?) {
        // One that is damaged hides one log, and not the others.
        logs.extend(entry.and_then(|entry| value::decode::<LogName>(key, &entry).ok()));
    }
    logs.sort();
    logs.dedup();
    let asked: Vec<String> = logs.iter().map(keys::last_run).collect();
    let found = store.get_many(&asked).await?;
    Ok(logs.into_iter().zip(found).filter(|(_, last)| last.is_none()).map(|(log, _)| log).collect())
}
