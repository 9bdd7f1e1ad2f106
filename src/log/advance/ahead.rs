//! Looking at records before they are folded: what is there, what lies behind holes that were declared
//! dead, and what to do where a record waits for those behind it.

use super::{FETCH_AHEAD, Folder, Found, Progress};
use crate::log::cache::Fold;
use crate::log::position::{self, Position, Proof};
use crate::log::reaper::{Decision, Reaper};
use crate::log::value;
use crate::record::Record;
use crate::store::{Clock, Store, StoreError};
use std::collections::BTreeMap;

/// The tickets that were asked for at once.
pub(super) struct Sight {
    pub first: u64,
    /// How many of them were taken.
    pub next: usize,
    pub heads: Vec<Option<Vec<u8>>>,
    /// What was found at those that were taken, and in how many parts.
    pub proofs: BTreeMap<u64, (Proof, u32)>,
}

impl Sight {
    /// The tickets not yet taken that are absent before one that is there.
    pub(crate) fn holes(&self) -> impl Iterator<Item = u64> {
        let last = self.heads.iter().rposition(Option::is_some).unwrap_or(0);
        let absent = (self.next..last).filter(|&at| self.heads[at].is_none());
        absent.map(|at| self.first + at as u64)
    }
}

impl<S: Store, C: Clock> Folder<'_, S, C> {
    /// The records from here to the first that is absent. `None`: parts of one were deleted by others, who
    /// have folded it.
    pub(super) async fn present(
        &self,
        position: &Position,
        record_keys: &[String],
        sight: &mut Sight,
    ) -> Result<Option<Vec<Found>>, StoreError> {
        let first = sight.first + sight.next as u64;
        let mut records = Vec::new();
        while let Some(head) = sight.heads.get_mut(sight.next).and_then(Option::take) {
            let (ticket, key) = (sight.first + sight.next as u64, &record_keys[sight.next]);
            let bytes = value::fetch(self.store, key, &head).await?;
            if bytes.is_none() && position.is_overtaken(self.store, self.log).await? {
                return Ok(None);
            }
            let Some(Ok(record)) = bytes.map(|bytes| value::decode::<Record>(key, &bytes)) else {
                let reason = format!("the log {} cannot be read: its record {ticket} is damaged", self.log);
                return Err(position::unreadable(self.store, self.log, reason, Some(ticket)).await?);
            };
            let parts = value::parts_of(key, &head).unwrap_or(0);
            sight.proofs.insert(ticket, (Proof::new(key.clone(), &head), parts));
            records.push(record);
            sight.next += 1;
        }
        self.tell_dead_from_alive(first, records).await.map(Some)
    }

    /// What can be seen behind the hole that the records so far end at, if it was declared dead.
    pub(super) async fn behind_the_dead(
        &self,
        position: &Position,
        record_keys: &[String],
        sight: &mut Sight,
    ) -> Result<Option<Vec<Found>>, StoreError> {
        let Folder { store, clock, settings, log, .. } = *self;
        let reaper = Reaper { store, clock, settings, log };
        let mut found = Vec::new();
        while sight.holes().next() == Some(sight.first + sight.next as u64)
            && reaper.decision(sight.first + sight.next as u64).await? == Some(Decision::Dead)
        {
            found.push(Found::Dead);
            sight.next += 1;
            match self.present(position, record_keys, sight).await? {
                Some(more) => found.extend(more),
                None => return Ok(None),
            }
        }
        Ok(Some(found))
    }

    /// A record waits for those behind it: for more of them, for a decision about one among them, or
    /// for the time from which on any record decides.
    pub(super) async fn wait(
        &self,
        fold: &mut Fold,
        mut position: Position,
        sight: &Sight,
        holes: &[u64],
        until_ms: u64,
        mut progress: Progress,
    ) -> Result<Progress, StoreError> {
        let asked = sight.heads.len() as u64;
        if sight.next as u64 == asked && asked < FETCH_AHEAD {
            position.fetch = (asked * 2).min(FETCH_AHEAD);
            fold.position = Some(position);
            return Ok(progress);
        }
        if !holes.is_empty() {
            let reaped = self.reap(fold, position, holes).await?;
            return Ok(Progress { chunks: progress.chunks, ended: progress.ended, ..reaped });
        }
        let now = self.clock.now_ms();
        if until_ms <= now {
            self.append_idle_end().await?;
        } else {
            progress.more = false;
            progress.again_ms = Some(until_ms - now);
        }
        position.fetch = asked;
        fold.position = Some(position);
        Ok(progress)
    }
}
