//! Folders: from records to chunks, checkpoints and state, in the order of writing that lets
//! anyone go on from anywhere. See [`super`].

mod ahead;

use self::ahead::Sight;
use super::append::{AppendError, Writer};
use super::cache::{Cache, Fold};
use super::fault::broken;
use super::model::{Ended, StoredChunk, StoredState};
use super::position::{self, FETCH, FETCH_MOST, Position};
use super::reaper::{Decision, Reaped, Reaper};
use super::value::{self, Encoded};
use super::{DELETE_BATCH, declarations, index, keys};
use crate::fold::{Border, Chunk, LOOK_AHEAD, RunMeta, Step};
use crate::names::LogName;
use crate::record::{Body, Record};
use crate::settings::Settings;
use crate::store::{Clock, Store, StoreError};
use std::collections::{BTreeMap, VecDeque};

/// Records to ask for at the least, where each is large.
const FETCH_LEAST: u64 = FETCH;

/// A page holds up its instance's other requests; one that takes longer than this is followed by a shorter
/// one, and one that takes less than half of it by a longer one. What is folded does not depend on it.
const SLICE_MS: u64 = 6;

/// Records to ask for at the most where one waits for those behind it to decide what it is.
const FETCH_AHEAD: u64 = 2 * LOOK_AHEAD as u64;

/// States are deleted this far below the newest, so that a crash in between is mended.
const STATE_OVERLAP: u64 = 64;

/// The source of records that no generator sent.
const SOURCE: &str = "loadgate";

/// What one page came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Progress {
    /// Chunks that this page wrote.
    pub chunks: u32,
    /// A run ended in it.
    pub ended: bool,
    /// More waits: call again at once.
    pub more: bool,
    /// Call again after so long; `None` when nothing is under way in this log.
    pub again_ms: Option<u64>,
    /// Somebody finished the live run, and it ends in so long: documents about it are not final yet.
    pub settling_ms: Option<u64>,
}

/// Folds one page of a log: a few dozen records at the most.
///
/// # Errors
///
/// The store's; what this instance remembered of the log is then forgotten.
pub async fn advance<S: Store, C: Clock>(
    store: &S,
    clock: &C,
    settings: &Settings,
    cache: &Cache,
    log: &LogName,
) -> Result<Progress, StoreError> {
    let folder = Folder { store, clock, settings, cache, log };
    let mut fold = cache.logs.take_fold(log);
    let began_ms = clock.now_ms();
    let mut progress = folder.page(&mut fold).await?;
    let current = fold.position.as_ref().and_then(|position| position.state.current());
    let settles_at_ms = current.and_then(|current| current.settles_at_ms);
    progress.settling_ms = settles_at_ms.map(|at_ms| at_ms.saturating_sub(clock.now_ms()));
    // Who has not come to the end of the log does not know how far its run is.
    let seen_ms = (!progress.more && fold.holes.is_empty()).then_some(began_ms);
    cache.logs.put_fold(log, fold, seen_ms);
    Ok(progress)
}

struct Folder<'a, S, C> {
    store: &'a S,
    clock: &'a C,
    settings: &'a Settings,
    cache: &'a Cache,
    log: &'a LogName,
}

/// A chunk that is held back until it is known whether another follows in the same page.
struct Pending {
    stored: StoredChunk,
    windows: Vec<u8>,
    checkpoint: Option<(String, Encoded)>,
    /// Derived right behind the chunk, and only where no other is expected to follow in its page:
    /// of states, the newest alone matters.
    state: Option<StoredState>,
}

/// What a fetched ticket turned out to be.
enum Found {
    Record(Box<Record>),
    Dead,
    /// Present and old, and somebody is deciding whether it came too late.
    Undecided,
}

impl<S: Store, C: Clock> Folder<'_, S, C> {
    async fn page(&self, fold: &mut Fold) -> Result<Progress, StoreError> {
        let mut position = match fold.position.take() {
            Some(position) => position,
            None => self.load().await?,
        };
        let first = position.state.next_ticket();
        let known = self.cache.logs.ticket(self.log).saturating_add(1).saturating_sub(first);
        let fetch = position.fetch.max(known.min(position.fetch_most));
        let mut asked = position.proofs();
        let proofs = asked.len();
        asked.extend((first..first + fetch).map(|ticket| keys::record(self.log, ticket)));
        // Holes are before tickets that this instance knows to be given out.
        let mut found = self.store.get_leading(&asked, proofs + known as usize).await?;
        let (heads, record_keys) = (found.split_off(proofs), asked.split_off(proofs));
        if !position.is_proven(&found) {
            return self.give_up(fold, &position).await;
        }
        let in_hand = heads.iter().take_while(|head| head.is_some()).count();
        if in_hand == 0 {
            let absent = |i: usize| heads.get(i).is_none_or(Option::is_none);
            let sight = heads.iter().rposition(Option::is_some).map_or(0, |last| last as u64 + 1);
            let sight = sight.max(known).min(FETCH_MOST);
            let holes: Vec<u64> = (0..sight).filter(|i| absent(*i as usize)).map(|i| first + i).collect();
            return self.at_the_end(fold, position, &holes).await;
        }
        position.fetch = if in_hand as u64 == fetch { fetch * 2 } else { FETCH }.min(position.fetch_most);
        let began_ms = self.clock.now_ms();
        let progress = self.fold_records(fold, position, &record_keys, heads).await?;
        if let Some(position) = &mut fold.position {
            let took_ms = self.clock.now_ms().saturating_sub(began_ms);
            if took_ms > SLICE_MS {
                position.fetch_most = (in_hand as u64 / 2).clamp(FETCH_LEAST, position.fetch_most);
            } else if took_ms < SLICE_MS / 2 {
                position.fetch_most = (position.fetch_most * 2).min(FETCH_MOST);
            }
        }
        Ok(progress)
    }

    /// Where others or this instance have come, and whether the newest chunk's state is there.
    async fn load(&self) -> Result<Position, StoreError> {
        let mut position = position::load(self.store, self.log).await?;
        if let Some((number, chunk)) = position.committed {
            let run = self.log.run(number);
            let key = keys::state(&run, chunk);
            let state = self.store.get(&key).await?;
            // A run that was deleted wants no state: whoever erases it may be past that already.
            position.state_missing = state.is_none() && self.store.get(&keys::deleted(&run)).await?.is_none();
            position.large_states = state.is_some_and(|head| value::parts_of(&key, &head).unwrap_or(0) > 0);
            let stands = position.chain.first().is_some_and(|at| (at.run, at.chunk) == (number, chunk));
            if position.state_missing && stands {
                value::set(self.store, &key, value::encode(&self.state_of(&position))).await?;
                position.state_missing = false;
            }
        }
        Ok(position)
    }

    fn state_of(&self, position: &Position) -> StoredState {
        StoredState::of(&position.state)
    }

    /// The store no longer has what this place comes from: the next page begins anew with what there is.
    async fn give_up(&self, fold: &mut Fold, position: &Position) -> Result<Progress, StoreError> {
        if !position.is_overtaken(self.store, self.log).await? {
            // It went back behind this instance, which knows nothing of it any more.
            self.cache.logs.unlearn(self.log);
        }
        fold.holes.clear();
        Ok(Progress { more: true, ..Progress::default() })
    }

    /// Nothing to fold at the next ticket: a hole, the end of what there is, or others were faster.
    async fn at_the_end(
        &self,
        fold: &mut Fold,
        mut position: Position,
        holes: &[u64],
    ) -> Result<Progress, StoreError> {
        if !broken!(BelieveAbsence) && position.is_overtaken(self.store, self.log).await? {
            fold.holes.clear();
            return Ok(Progress { more: true, ..Progress::default() });
        }
        fold.holes.retain(|ticket, _| holes.contains(ticket));
        if !holes.is_empty() {
            return self.reap(fold, position, holes).await;
        }
        let now = self.clock.now_ms();
        let ends_at = position.state.current().and_then(|current| current.ends_at_ms);
        let mut progress = Progress::default();
        if let Some(ends_at) = ends_at {
            if ends_at <= now {
                self.append_idle_end().await?;
                progress.more = true;
            } else {
                progress.again_ms = Some(ends_at - now);
            }
        }
        position.fetch = FETCH;
        fold.position = Some(position);
        Ok(progress)
    }

    async fn append_idle_end(&self) -> Result<(), StoreError> {
        let Folder { store, clock, settings, cache, log } = *self;
        let writer = Writer { store, clock, settings, cache, log };
        match writer.tell(SOURCE, None, Body::IdleEnd).await {
            Ok(_) => Ok(()),
            Err(AppendError::Gone(reason) | AppendError::Unavailable(reason)) => {
                Err(StoreError::Unavailable(reason))
            }
        }
    }

    /// Times and decides all holes in sight together.
    async fn reap(
        &self,
        fold: &mut Fold,
        mut position: Position,
        holes: &[u64],
    ) -> Result<Progress, StoreError> {
        let Folder { store, clock, settings, log, .. } = *self;
        let reaper = Reaper { store, clock, settings, log };
        if reaper.decision(holes[0]).await? == Some(Decision::Dead)
            && holes[0] == position.state.next_ticket()
        {
            fold.holes.remove(&holes[0]);
            position.skip(log);
            fold.position = Some(position);
            return Ok(Progress { more: true, ..Progress::default() });
        }
        let mut again: Option<u64> = None;
        let mut more = false;
        for &ticket in holes {
            let known = fold.holes.remove(&ticket);
            let overtaken = async || Ok(!broken!(BelieveAbsence) && position.is_overtaken(store, log).await?);
            match reaper.step(ticket, known, overtaken).await? {
                Reaped::Later(hole, wait) => {
                    fold.holes.insert(ticket, hole);
                    again = Some(again.map_or(wait, |again| again.min(wait)));
                }
                Reaped::Decided => more |= ticket == holes[0],
                Reaped::Look => {
                    fold.holes.clear();
                    return Ok(Progress { more: true, ..Progress::default() });
                }
                Reaped::NeverGiven => return self.give_up(fold, &position).await,
            }
        }
        fold.position = Some(position);
        Ok(Progress { more, again_ms: Some(again.unwrap_or(1_000).max(1)), ..Progress::default() })
    }

    async fn fold_records(
        &self,
        fold: &mut Fold,
        mut position: Position,
        record_keys: &[String],
        heads: Vec<Option<Vec<u8>>>,
    ) -> Result<Progress, StoreError> {
        let first = position.state.next_ticket();
        let mut sight = Sight { first, next: 0, heads, proofs: BTreeMap::new() };
        let Some(found) = self.present(&position, record_keys, &mut sight).await? else {
            return Ok(Progress { more: true, ..Progress::default() });
        };
        let mut waiting = VecDeque::from(found);
        let mut progress = Progress { more: true, ..Progress::default() };
        let mut pending: Option<Pending> = None;
        while let Some(found) = waiting.pop_front() {
            let record = match found {
                Found::Record(record) => record,
                Found::Dead => {
                    position.skip(self.log);
                    continue;
                }
                Found::Undecided => {
                    // Everything before it is folded; the next page waits here.
                    let ticket = position.state.next_ticket();
                    if !self.end_page(&mut position, pending.take()).await? {
                        return Ok(progress);
                    }
                    let reaped = self.reap(fold, position, &[ticket]).await?;
                    return Ok(Progress { chunks: progress.chunks, ended: progress.ended, ..reaped });
                }
            };
            let later = waiting.iter().map_while(|found| match found {
                Found::Record(record) => Some(Some(&**record)),
                Found::Dead => Some(None),
                Found::Undecided => None,
            });
            match position.state.border(&record, later.flatten()) {
                Border::Within => {}
                Border::Begins => {
                    let step = position.state.end_before(&record);
                    progress.ended = true;
                    progress.chunks += step.chunks.len() as u32;
                    self.take_step(&mut position, &mut pending, step, &waiting).await?;
                    self.end_page(&mut position, pending.take()).await?;
                }
                Border::Undecided { until_ms } => {
                    // What lies behind holes that were declared dead may decide.
                    let more = self.behind_the_dead(&position, record_keys, &mut sight).await?;
                    if more.as_ref().is_none_or(|more| !more.is_empty()) {
                        let Some(more) = more else { return Ok(progress) };
                        waiting.push_front(Found::Record(record));
                        waiting.extend(more);
                        continue;
                    }
                    if !self.end_page(&mut position, pending.take()).await? {
                        return Ok(progress);
                    }
                    let next = position.state.next_ticket() + 1;
                    let mut holes: Vec<u64> = (next..)
                        .zip(&waiting)
                        .filter(|(_, found)| matches!(found, Found::Undecided))
                        .map(|(ticket, _)| ticket)
                        .collect();
                    holes.extend(sight.holes());
                    return self.wait(fold, position, &sight, &holes, until_ms, progress).await;
                }
            }
            let declared = match &record.declarations {
                Some(hash) => {
                    declarations::by_hash(self.store, &self.cache.declarations, &self.log.test, hash).await?
                }
                None => None,
            };
            let ticket = position.state.next_ticket();
            let proof = sight.proofs.remove(&ticket).map(|(proof, parts)| {
                if parts > 0 {
                    position.large.insert(ticket, parts);
                }
                proof
            });
            loop {
                let step = position.state.step(&record, declared.as_deref());
                let (consumed, ended) = (step.consumed, step.ended.is_some());
                progress.chunks += step.chunks.len() as u32;
                progress.ended |= ended;
                self.take_step(&mut position, &mut pending, step, &waiting).await?;
                if ended {
                    self.end_page(&mut position, pending.take()).await?;
                }
                if consumed {
                    break;
                }
            }
            position.last = proof;
        }
        if self.end_page(&mut position, pending).await? {
            fold.position = Some(position);
        }
        Ok(progress)
    }

    /// Takes records at once that are too young to have been declared dead; the others only when
    /// nobody has begun to declare them so.
    async fn tell_dead_from_alive(&self, first: u64, records: Vec<Record>) -> Result<Vec<Found>, StoreError> {
        let now = self.clock.now_ms();
        let old: Vec<u64> = records
            .iter()
            .zip(first..)
            .filter(|(record, _)| now.saturating_sub(record.received_ms) >= self.settings.trusted_age_ms)
            .map(|(_, ticket)| ticket)
            .collect();
        let mut dying = Vec::new();
        if !old.is_empty() && !broken!(TrustOldRecords) {
            let dying_keys: Vec<String> = old.iter().map(|ticket| keys::dying(self.log, *ticket)).collect();
            let found = self.store.get_many(&dying_keys).await?;
            dying.extend(
                old.iter().zip(found).filter(|(_, found)| found.is_some()).map(|(ticket, _)| *ticket),
            );
        }
        let Folder { store, clock, settings, log, .. } = *self;
        let reaper = Reaper { store, clock, settings, log };
        let mut judged = Vec::with_capacity(records.len());
        for (record, ticket) in records.into_iter().zip(first..) {
            judged.push(if !dying.contains(&ticket) {
                Found::Record(Box::new(record))
            } else {
                match reaper.decision(ticket).await? {
                    Some(Decision::Alive) => Found::Record(Box::new(record)),
                    Some(Decision::Dead) => Found::Dead,
                    None => Found::Undecided,
                }
            });
        }
        Ok(judged)
    }

    /// Stores what one step gave, and holds back its last chunk.
    async fn take_step(
        &self,
        position: &mut Position,
        pending: &mut Option<Pending>,
        step: Step,
        waiting: &VecDeque<Found>,
    ) -> Result<(), StoreError> {
        if let Some(meta) = &step.began
            && !position.is_committed(meta.run.number, 0)
        {
            self.announce(meta).await?;
        }
        let last = step.chunks.len();
        for (i, mut chunk) in step.chunks.into_iter().enumerate() {
            if let Some(earlier) = pending.take() {
                self.commit(position, earlier).await?;
            }
            let ends = step.ended.as_ref().filter(|_| i + 1 == last);
            let (number, index) = (chunk.run.number, chunk.index);
            let due = i + 1 == last && position.checkpoint_due(number, index, ends.is_some());
            let checkpoint =
                due.then(|| (keys::checkpoint(&chunk.run, index), position.checkpoint(number, index)));
            let windows = std::mem::take(&mut chunk.windows);
            let stored = StoredChunk {
                checkpoint: position.chain.first().map(|at| (at.run, at.chunk)),
                ended: ends.map(|end| Ended { end: end.clone(), by_data: !step.consumed }),
                chunk,
            };
            let followed = || {
                waiting
                    .iter()
                    .any(|next| matches!(next, Found::Record(record) if position.state.expects_chunk(record)))
            };
            let newest =
                i + 1 == last && (ends.is_some() || position.lacks_state((number, index)) || !followed());
            let state = newest.then(|| self.state_of(position));
            *pending = Some(Pending { stored, windows, checkpoint, state });
        }
        Ok(())
    }

    /// A run exists from now on. Its first chunk comes after this, so a crash in between only lists
    /// it twice.
    async fn announce(&self, meta: &RunMeta) -> Result<(), StoreError> {
        self.store.set(&keys::meta(&meta.run), &value::encode_small(meta)).await?;
        for test in [Some(&self.log.test), None] {
            index::enter(self.store, test, &meta.run).await?;
        }
        self.store.set(&keys::last_run(self.log), &value::encode_small(&meta.run.number)).await
    }

    /// Writes one chunk: the checkpoint that it names, the state, then the events that commit it.
    async fn commit(&self, position: &mut Position, pending: Pending) -> Result<(), StoreError> {
        let Pending { stored, windows, checkpoint, state } = pending;
        let Chunk { run, index, .. } = &stored.chunk;
        let (run, index) = (run.clone(), *index);
        if position.is_committed(run.number, index) {
            if let Some(state) = state.filter(|_| position.state_missing) {
                value::set(self.store, &keys::state(&run, index), value::encode(&state)).await?;
                position.state_missing = position.committed != Some((run.number, index));
            }
            return Ok(());
        }
        let events_key = keys::events(&run, index);
        if broken!(EventsFirst) {
            value::set(self.store, &events_key, value::encode(&stored)).await?;
        }
        let mut parts = Vec::new();
        let mut heads = Vec::new();
        let state = state.map(|state| (keys::state(&run, index), value::encode(&state)));
        position.large_states |= state.as_ref().is_some_and(|(_, value)| !value.parts.is_empty());
        let windows = (!windows.is_empty()).then(|| (keys::windows(&run, index), value::encode(&windows)));
        for (key, mut value) in [checkpoint, state, windows].into_iter().flatten() {
            parts.extend(value.part_entries(&key));
            heads.push((key, value.head));
        }
        if !parts.is_empty() {
            self.store.set_many(&parts).await?;
        }
        if !heads.is_empty() {
            self.store.set_many(&heads).await?;
        }
        value::set(self.store, &events_key, value::encode(&stored)).await?;
        position.committed = Some((run.number, index));
        position.stands_on = Some(events_key);
        if let Some(ended) = &stored.ended {
            self.store.set(&keys::ended(&run), &value::encode_small(ended)).await?;
        }
        Ok(())
    }

    /// Writes the last chunk of a page, then the hint and the clean-up. False when another chunk was
    /// expected, did not come, and the newest is now without its state: whoever folds it again
    /// derives that.
    async fn end_page(&self, position: &mut Position, pending: Option<Pending>) -> Result<bool, StoreError> {
        let Some(pending) = pending else { return Ok(true) };
        let (run, index) = (pending.stored.chunk.run.clone(), pending.stored.chunk.index);
        let (checkpointed, derived) = (pending.checkpoint.is_some(), pending.state.is_some());
        let fresh = !position.is_committed(run.number, index);
        self.commit(position, pending).await?;
        if fresh {
            self.store.set(&keys::head(&run), &value::encode_small(&index)).await?;
        }
        if fresh && derived {
            self.clean_states(position, run.number, index).await?;
        }
        if checkpointed || broken!(DeleteEarly) {
            self.clean_records(position).await?;
        }
        // Chunks that others wrote before this folder came need no state of it: to fold them again for
        // that would go round for ever.
        Ok(derived || !fresh)
    }

    /// Only the newest two states matter.
    async fn clean_states(&self, position: &mut Position, number: u64, index: u64) -> Result<(), StoreError> {
        let (known, before) = position.states_cleaned;
        if known == number {
            let run = self.log.run(number);
            // Once in so many chunks, and at first, all of the overlap; else what has come since.
            let from = match position.states_gone {
                gone if gone / STATE_OVERLAP == before / STATE_OVERLAP => gone,
                _ => before.saturating_sub(STATE_OVERLAP),
            };
            let gone = (from..before).map(|chunk| keys::state(&run, chunk));
            if position.large_states {
                value::delete(self.store, gone.collect()).await?;
            } else {
                self.delete(gone.collect()).await?;
            }
        }
        position.states_gone = if known == number { before } else { 0 };
        position.states_cleaned = (number, index);
        Ok(())
    }

    /// Deletes records below the previous checkpoint and the checkpoints before it, in ranges that
    /// overlap the last two, so that what a crash left is mended.
    async fn clean_records(&self, position: &mut Position) -> Result<(), StoreError> {
        let mut end = position.chain.get(1).map_or(0, |at| at.ticket);
        if broken!(DeleteEarly) {
            end = position.state.next_ticket();
        }
        let start = position.chain.get(3).map_or(1, |at| at.ticket).max(position.cleaned);
        let mut gone: Vec<String> = (start..end).map(|ticket| keys::record(self.log, ticket)).collect();
        if broken!(ForgetHoles) {
            gone.extend((start..end).map(|ticket| keys::dying(self.log, ticket)));
            gone.extend((start..end).map(|ticket| keys::hole(self.log, ticket)));
        }
        for at in position.chain.iter().skip(1).take(3) {
            for &(ticket, parts) in &at.large {
                let key = keys::record(self.log, ticket);
                gone.extend((0..parts).map(|part| keys::part(&key, part)));
            }
        }
        for pair in position.chain[1.min(position.chain.len())..].windows(2) {
            // A run's last checkpoint stays: it is what is left of its records.
            if let [newer, at] = pair
                && newer.run == at.run
            {
                let key = keys::checkpoint(&self.log.run(at.run), at.chunk);
                gone.extend((0..at.parts).map(|part| keys::part(&key, part)));
                gone.push(key);
            }
        }
        self.delete(gone).await?;
        position.cleaned = position.cleaned.max(end.min(position.chain.get(1).map_or(end, |at| at.ticket)));
        Ok(())
    }

    async fn delete(&self, keys: Vec<String>) -> Result<(), StoreError> {
        for batch in keys.chunks(DELETE_BATCH) {
            self.store.delete_many(batch).await?;
        }
        Ok(())
    }
}
