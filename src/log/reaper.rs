//! Reapers: who decides that a ticket's record will never come, and when. See [`super`].
//!
//! A reaper is a state machine that is stepped whenever its log is advanced; it never waits. What
//! it remembers is lost with its instance, which only delays the decision.

use super::fault::broken;
use super::{keys, value};
use crate::names::LogName;
use crate::settings::Settings;
use crate::store::{Clock, Store, StoreError};
use serde::{Deserialize, Serialize};

/// `log/LOG/hole/N`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Decision {
    Dead,
    Alive,
}

/// How far this instance has come with one hole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Hole {
    /// The elections so far, and when the answer was there.
    Counted { elections: i64, at_ms: u64 },
    /// Elected: since when the ticket is dying, and the moment before the election was asked for.
    Dying { since_ms: u64, before_ms: u64 },
}

/// What a step came to.
pub(super) enum Reaped {
    /// Step again in so many milliseconds.
    Later(Hole, u64),
    /// Somebody has decided.
    Decided,
    /// The record may have been folded by others: look where they are first.
    Look,
    /// Nobody has this ticket: the store went back to before it was given out.
    NeverGiven,
}

/// Where a hole is, and with what it is judged.
pub(super) struct Reaper<'a, S, C> {
    pub store: &'a S,
    pub clock: &'a C,
    pub settings: &'a Settings,
    pub log: &'a LogName,
}

impl<S: Store, C: Clock> Reaper<'_, S, C> {
    pub(crate) async fn decision(&self, ticket: u64) -> Result<Option<Decision>, StoreError> {
        value::get(self.store, &keys::hole(self.log, ticket)).await
    }

    /// Does what is due. `overtaken` says, when asked, whether others have come further.
    pub(crate) async fn step(
        &self,
        ticket: u64,
        hole: Option<Hole>,
        overtaken: impl AsyncFn() -> Result<bool, StoreError>,
    ) -> Result<Reaped, StoreError> {
        let now = self.clock.now_ms();
        match hole {
            None => self.count(ticket).await,
            Some(Hole::Counted { elections, at_ms }) => {
                let due = at_ms + self.wait_ms(elections);
                if now < due {
                    return Ok(Reaped::Later(Hole::Counted { elections, at_ms }, due - now));
                }
                self.elect_itself(ticket, elections).await
            }
            Some(Hole::Dying { since_ms, before_ms }) => {
                let due = since_ms + self.settings.dying_wait_ms;
                if now < due {
                    return Ok(Reaped::Later(Hole::Dying { since_ms, before_ms }, due - now));
                }
                self.decide(ticket, before_ms, overtaken).await
            }
        }
    }

    fn wait_ms(&self, elections: i64) -> u64 {
        if elections > 0 { self.settings.hole_retry_ms } else { self.settings.hole_wait_ms }
    }

    /// Reads the elections; the time is taken after the answer.
    async fn count(&self, ticket: u64) -> Result<Reaped, StoreError> {
        let elections = self.store.increment(&keys::reaper(self.log, ticket), 0).await?;
        Ok(self.counted(elections))
    }

    fn counted(&self, elections: i64) -> Reaped {
        let hole = Hole::Counted { elections, at_ms: self.clock.now_ms() };
        Reaped::Later(hole, self.wait_ms(elections))
    }

    /// Stands for election, if nobody else was elected and nothing was decided in all that time.
    async fn elect_itself(&self, ticket: u64, elections: i64) -> Result<Reaped, StoreError> {
        let key = keys::reaper(self.log, ticket);
        let again = self.store.increment(&key, 0).await?;
        if again != elections {
            return Ok(self.counted(again));
        }
        if self.decision(ticket).await?.is_some() {
            return Ok(Reaped::Decided);
        }
        let given = self.store.increment(&keys::tickets(self.log), 0).await?;
        if u64::try_from(given).is_ok_and(|given| given < ticket) && !broken!(TrustMemory) {
            return Ok(Reaped::NeverGiven);
        }
        let before_ms = self.clock.now_ms();
        let elected = self.store.increment(&key, 1).await?;
        if elected != elections + 1 {
            return Ok(self.counted(elected));
        }
        self.store.set(&keys::dying(self.log, ticket), &value::encode_small(&before_ms)).await?;
        let hole = Hole::Dying { since_ms: self.clock.now_ms(), before_ms };
        Ok(Reaped::Later(hole, self.settings.dying_wait_ms))
    }

    async fn decide(
        &self,
        ticket: u64,
        before_ms: u64,
        overtaken: impl AsyncFn() -> Result<bool, StoreError>,
    ) -> Result<Reaped, StoreError> {
        let present =
            !broken!(DecideUnread) && self.store.get(&keys::record(self.log, ticket)).await?.is_some();
        if !present && overtaken().await? {
            return Ok(Reaped::Look);
        }
        // Where the store went back, whoever got the ticket anew saw nobody declare it dead.
        if !present && self.store.get(&keys::dying(self.log, ticket)).await?.is_none() {
            return self.count(ticket).await;
        }
        let late = !broken!(DecideLate)
            && self.clock.now_ms().saturating_sub(before_ms) > self.settings.reaper_deadline_ms;
        if late {
            return self.count(ticket).await;
        }
        let decision = if present { Decision::Alive } else { Decision::Dead };
        self.store.set(&keys::hole(self.log, ticket), &value::encode_small(&decision)).await?;
        Ok(Reaped::Decided)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::simulation::world::{SimClock, SimStore, World};
    use crate::log::testing::block_on;
    use crate::names::TestName;

    /// Steps a reaper until it is elected, lets it sleep for so long, and gives what it comes to.
    fn decided_after(sleep_ms: u64, record: bool) -> (Reaped, Option<Decision>) {
        let world = World::new(1, 0);
        world.calm.set(true);
        let (store, clock) = (SimStore(world.clone()), SimClock::new(&world, 0));
        let (settings, log) = (Settings::default(), LogName::unnamed(TestName::from_foreign("t")));
        let reaper = Reaper { store: &store, clock: &clock, settings: &settings, log: &log };
        let here = async || Ok(false);
        block_on(async {
            store.increment(&keys::tickets(&log), 1).await.expect("it counts");
            let mut hole = None;
            while !matches!(hole, Some(Hole::Dying { .. })) {
                let Ok(Reaped::Later(next, wait)) = reaper.step(1, hole, here).await else {
                    panic!("nobody else decides")
                };
                hole = Some(next);
                if !matches!(hole, Some(Hole::Dying { .. })) {
                    world.now_ms.set(world.now_ms.get() + wait);
                }
            }
            if record {
                store.set(&keys::record(&log, 1), b"late").await.expect("it stores");
            }
            world.now_ms.set(world.now_ms.get() + sleep_ms);
            let reaped = reaper.step(1, hole, here).await.expect("the store works");
            (reaped, reaper.decision(1).await.expect("the store works"))
        })
    }

    #[test]
    fn an_elected_reaper_decides_by_the_record_that_it_reads_again() {
        assert_eq!(decided_after(10_000, false).1, Some(Decision::Dead));
        assert_eq!(decided_after(10_000, true).1, Some(Decision::Alive));
    }

    #[test]
    fn a_reaper_that_took_too_long_gives_up_without_writing() {
        let (reaped, decision) = decided_after(60_001, false);
        assert_eq!(decision, None);
        assert!(matches!(reaped, Reaped::Later(Hole::Counted { elections: 1, .. }, 300_000)));
    }

    #[test]
    fn nobody_decides_before_the_dying_wait_is_over() {
        let (reaped, decision) = decided_after(9_999, false);
        assert_eq!(decision, None);
        assert!(matches!(reaped, Reaped::Later(Hole::Dying { .. }, 1)));
    }
}
