//! Who folds a log in the background: a soft lease, so that one instance keeps a log's state in memory and
//! the others let go of it.
//!
//! It saves work and decides nothing. Two that ask at once may both get it, and find out when they renew it.

use super::cache::Cache;
use super::{keys, value};
use crate::names::LogName;
use crate::store::{Clock, Store, StoreError};
use serde::{Deserialize, Serialize};

/// Who has not renewed it for so long has lost it.
const LEASE_MS: u64 = 4_000;

/// `log/LOG/lease`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Lease {
    holder: u64,
    renewed_ms: u64,
    /// The ticket that the holder will fold next.
    pub next_ticket: u64,
}

/// Takes or renews the lease. False: somebody else has it.
///
/// # Errors
///
/// What the store refuses.
pub async fn hold<S: Store, C: Clock>(
    store: &S,
    clock: &C,
    cache: &Cache,
    log: &LogName,
    holder: u64,
) -> Result<bool, StoreError> {
    let key = keys::lease(log);
    let now_ms = clock.now_ms();
    let held = value::get::<_, Lease>(store, &key).await?;
    if held.is_some_and(|lease| lease.holder != holder && lease.renewed_ms + LEASE_MS > now_ms) {
        return Ok(false);
    }
    let next_ticket = cache.logs.next_ticket(log).or(held.map(|lease| lease.next_ticket)).unwrap_or(0);
    let lease = Lease { holder, renewed_ms: now_ms, next_ticket };
    store.set(&key, &value::encode_small(&lease)).await?;
    Ok(true)
}

/// Whether somebody folds the log in the background: who only reads need not do it as well.
///
/// # Errors
///
/// What the store refuses.
pub async fn is_held<S: Store, C: Clock>(store: &S, clock: &C, log: &LogName) -> Result<bool, StoreError> {
    let lease = value::get::<_, Lease>(store, &keys::lease(log)).await?;
    Ok(lease.is_some_and(|lease| lease.renewed_ms + LEASE_MS > clock.now_ms()))
}

/// The ticket that is folded next, as far as its holder has noted; 0 where nobody has.
///
/// # Errors
///
/// What the store refuses.
pub async fn progress<S: Store>(store: &S, log: &LogName) -> Result<u64, StoreError> {
    let lease = value::get::<_, Lease>(store, &keys::lease(log)).await?;
    Ok(lease.map_or(0, |lease| lease.next_ticket))
}

/// Gives the lease up, so that the next need not wait for its end.
///
/// # Errors
///
/// What the store refuses.
pub async fn release<S: Store>(
    store: &S,
    cache: &Cache,
    log: &LogName,
    holder: u64,
) -> Result<(), StoreError> {
    let key = keys::lease(log);
    let next_ticket = cache.logs.next_ticket(log).unwrap_or(0);
    cache.logs.forget(log);
    match value::get::<_, Lease>(store, &key).await? {
        Some(lease) if lease.holder == holder => {
            store.set(&key, &value::encode_small(&Lease { holder, renewed_ms: 0, next_ticket })).await
        }
        _ => Ok(()),
    }
}
