//! Who folds a log in the background: a soft lease, so that one instance keeps a log's state in memory and
//! the others let go of it. One more stands by, by a second lease, and takes over when the first dies or comes
//! to rest; all others are free to go.
//!
//! It saves work and decides nothing. Two that ask at once may both get it, and find out when they renew it.

use super::cache::Cache;
use super::{keys, value};
use crate::names::LogName;
use crate::store::{Clock, Store, StoreError};
use serde::{Deserialize, Serialize};

/// Who has not renewed it for so long has lost it.
const LEASE_MS: u64 = 4_000;

/// What is asked of an instance that has new records of a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Duty {
    /// To fold the log.
    Fold,
    /// To ask again every second or so, lest records wait when the one who folds has died.
    StandBy,
    /// Nothing: others do both.
    None,
}

/// `log/LOG/lease`, `log/LOG/stand-by`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Lease {
    holder: u64,
    renewed_ms: u64,
    /// The ticket that the holder will fold next.
    pub next_ticket: u64,
}

/// Takes or renews the lease or, where somebody else has it, that of who stands by.
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
) -> Result<Duty, StoreError> {
    let now_ms = clock.now_ms();
    let stand_by = keys::stand_by(log);
    match take(store, &keys::lease(log), holder, now_ms, cache.logs.next_ticket(log)).await? {
        Taken::Renewed => Ok(Duty::Fold),
        Taken::New => {
            // Whoever comes next stands by.
            free(store, &stand_by, holder, 0).await?;
            Ok(Duty::Fold)
        }
        Taken::No => Ok(match take(store, &stand_by, holder, now_ms, None).await? {
            Taken::No => Duty::None,
            Taken::New | Taken::Renewed => Duty::StandBy,
        }),
    }
}

/// What became of asking for a lease.
enum Taken {
    New,
    Renewed,
    No,
}

async fn take<S: Store>(
    store: &S,
    key: &str,
    holder: u64,
    now_ms: u64,
    next_ticket: Option<u64>,
) -> Result<Taken, StoreError> {
    let held = value::get::<_, Lease>(store, key).await?;
    let taken = match held {
        Some(lease) if lease.holder == holder => Taken::Renewed,
        Some(lease) if lease.renewed_ms + LEASE_MS > now_ms => return Ok(Taken::No),
        _ => Taken::New,
    };
    let next_ticket = next_ticket.or(held.map(|lease| lease.next_ticket)).unwrap_or(0);
    store.set(key, &value::encode_small(&Lease { holder, renewed_ms: now_ms, next_ticket })).await?;
    Ok(taken)
}

/// Gives a lease up that is the holder's.
async fn free<S: Store>(store: &S, key: &str, holder: u64, next_ticket: u64) -> Result<(), StoreError> {
    match value::get::<_, Lease>(store, key).await? {
        Some(lease) if lease.holder == holder => {
            store.set(key, &value::encode_small(&Lease { holder, renewed_ms: 0, next_ticket })).await
        }
        _ => Ok(()),
    }
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
    let next_ticket = cache.logs.next_ticket(log).unwrap_or(0);
    cache.logs.forget(log);
    free(store, &keys::lease(log), holder, next_ticket).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::simulation::world::{SimClock, SimStore, World};
    use crate::log::testing::block_on;
    use crate::names::TestName;
    use std::rc::Rc;

    /// What each of these instances is asked to do, one after the other.
    fn duties<const N: usize>(world: &Rc<World>, holders: [u64; N]) -> [Duty; N] {
        let (store, clock) = (SimStore(world.clone()), SimClock::new(world, 0));
        let log = LogName::unnamed(TestName::from_foreign("t"));
        holders.map(|holder| {
            block_on(hold(&store, &clock, &Cache::default(), &log, holder)).expect("the store works")
        })
    }

    fn calm() -> Rc<World> {
        let world = World::new(1, 0);
        world.calm.set(true);
        world
    }

    #[test]
    fn one_folds_one_stands_by_and_the_others_go() {
        let world = calm();
        let all = [Duty::Fold, Duty::StandBy, Duty::None, Duty::None];
        assert_eq!(duties(&world, [1, 2, 3, 4]), all);
        world.now_ms.set(world.now_ms.get() + LEASE_MS - 1);
        assert_eq!(duties(&world, [1, 2, 3, 4]), all, "each renews its own");
    }

    #[test]
    fn who_stands_by_folds_once_the_first_has_died_and_makes_place_for_another() {
        let world = calm();
        duties(&world, [1, 2]);
        world.now_ms.set(world.now_ms.get() + LEASE_MS - 1);
        assert_eq!(duties(&world, [2, 3]), [Duty::StandBy, Duty::None]);
        world.now_ms.set(world.now_ms.get() + 1);
        assert_eq!(duties(&world, [2, 3, 4]), [Duty::Fold, Duty::StandBy, Duty::None]);
    }

    #[test]
    fn who_stands_by_folds_once_the_first_gives_up() {
        let world = calm();
        duties(&world, [1, 2]);
        let log = LogName::unnamed(TestName::from_foreign("t"));
        block_on(release(&SimStore(world.clone()), &Cache::default(), &log, 1)).expect("the store works");
        assert_eq!(duties(&world, [2, 1]), [Duty::Fold, Duty::StandBy]);
    }

    #[test]
    fn another_stands_by_when_that_one_has_died() {
        let world = calm();
        duties(&world, [1, 2]);
        world.now_ms.set(world.now_ms.get() + LEASE_MS);
        assert_eq!(duties(&world, [1, 3, 2]), [Duty::Fold, Duty::StandBy, Duty::None]);
    }
}
