//! What an instance remembers to save work. It may all be forgotten at any time, and nothing in it
//! decides: whoever has none of it computes the same.

use super::position::Position;
use super::reaper::Hole;
use super::rows::Known;
use crate::declare::Declarations;
use crate::names::{LogName, RunId};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

/// Logs whose fold is remembered: a state takes up to some megabytes.
const LOGS: usize = 16;

/// Runs whose breakdown series are remembered, some 100 bytes for each.
const ROWS: usize = 8;

/// Sets of declarations, a few kilobytes each; 64 more with a large dashboard.
const DECLARATIONS: usize = 64;

/// Owned by the instance and handed to every call. Calls may interleave at store operations: no
/// borrow is ever held across one.
#[derive(Default)]
pub struct Cache {
    inner: RefCell<Inner>,
}

#[derive(Default)]
struct Inner {
    logs: BTreeMap<LogName, Remembered>,
    declarations: BTreeMap<String, (u64, Rc<Declarations>)>,
    rows: BTreeMap<RunId, (u64, Known)>,
    /// Counts uses, for the least recently used.
    uses: u64,
}

#[derive(Default)]
struct Remembered {
    used: u64,
    fold: Fold,
    last_run: Option<u64>,
    /// The log was entered among those that nobody has folded yet.
    announced: bool,
    /// The greatest ticket known to be given out.
    ticket: u64,
    /// The newest sample of the live run, and when that was seen.
    newest: Option<(u64, u64)>,
}

/// What a folder takes out while it works, so that two never share it.
#[derive(Default)]
pub(super) struct Fold {
    pub position: Option<Position>,
    /// Holes in sight, by ticket.
    pub holes: BTreeMap<u64, Hole>,
}

impl Cache {
    pub fn new() -> Self {
        Cache::default()
    }

    /// Unix ms of the newest sample of the log's live run, as far as this instance knows, and when it
    /// knew; writers refuse misdated samples by it.
    pub fn newest(&self, log: &LogName) -> Option<(u64, u64)> {
        self.inner.borrow().logs.get(log)?.newest
    }

    pub(super) fn take_fold(&self, log: &LogName) -> Fold {
        self.with(log, |remembered| std::mem::take(&mut remembered.fold))
    }

    /// Of two folders that worked at once, the one that came further is remembered.
    pub(super) fn put_fold(&self, log: &LogName, fold: Fold, now_ms: Option<u64>) {
        self.with(log, |remembered| {
            let ticket = |fold: &Fold| fold.position.as_ref().map(|p| p.state.next_ticket());
            if ticket(&fold) < ticket(&remembered.fold) {
                return;
            }
            let current = fold.position.as_ref().and_then(|p| p.state.current());
            if let Some(now_ms) = now_ms {
                remembered.newest = current.filter(|run| run.live).map(|run| (run.newest_ms, now_ms));
            }
            remembered.fold = fold;
        });
    }

    /// Whether this instance holds what it folded of a log, so that going on costs little.
    pub fn has_folded(&self, log: &LogName) -> bool {
        self.next_ticket(log).is_some()
    }

    /// The ticket that this instance would fold next.
    pub(super) fn next_ticket(&self, log: &LogName) -> Option<u64> {
        let inner = self.inner.borrow();
        inner.logs.get(log)?.fold.position.as_ref().map(|position| position.state.next_ticket())
    }

    /// Drops what was folded of a log, which takes up to some megabytes.
    pub(super) fn forget(&self, log: &LogName) {
        if let Some(remembered) = self.inner.borrow_mut().logs.get_mut(log) {
            remembered.fold = Fold::default();
        }
    }

    pub(super) fn last_run(&self, log: &LogName) -> Option<u64> {
        self.with(log, |remembered| remembered.last_run)
    }

    pub(super) fn note_last_run(&self, log: &LogName, number: u64) {
        self.with(log, |remembered| remembered.last_run = Some(number));
    }

    /// True the first time.
    pub(super) fn announce(&self, log: &LogName) -> bool {
        self.with(log, |remembered| !std::mem::replace(&mut remembered.announced, true))
    }

    pub(super) fn ticket(&self, log: &LogName) -> u64 {
        self.with(log, |remembered| remembered.ticket)
    }

    pub(super) fn note_ticket(&self, log: &LogName, ticket: u64) {
        self.with(log, |remembered| {
            let folded = remembered.fold.position.as_ref().map_or(0, |position| position.state.next_ticket());
            if ticket < folded {
                // It was given out before, by a store that has gone back since.
                remembered.fold = Fold::default();
                remembered.ticket = ticket;
            }
            remembered.ticket = remembered.ticket.max(ticket);
        });
    }

    /// Forgets all of a log: the store went back behind it.
    pub(super) fn unlearn(&self, log: &LogName) {
        self.inner.borrow_mut().logs.remove(log);
    }

    pub(super) fn declarations(&self, key: &str) -> Option<Rc<Declarations>> {
        let mut inner = self.inner.borrow_mut();
        inner.uses += 1;
        let now = inner.uses;
        let (used, set) = inner.declarations.get_mut(key)?;
        *used = now;
        Some(set.clone())
    }

    pub(super) fn note_declarations(&self, key: String, set: Rc<Declarations>) {
        let mut inner = self.inner.borrow_mut();
        inner.uses += 1;
        let now = inner.uses;
        inner.declarations.insert(key, (now, set));
        evict(&mut inner.declarations, DECLARATIONS, |(used, _)| *used);
    }

    pub(super) fn take_rows(&self, run: &RunId) -> Known {
        self.inner.borrow_mut().rows.remove(run).map_or_else(Known::default, |(_, known)| known)
    }

    pub(super) fn put_rows(&self, run: &RunId, known: Known) {
        let mut inner = self.inner.borrow_mut();
        inner.uses += 1;
        let now = inner.uses;
        inner.rows.insert(run.clone(), (now, known));
        evict(&mut inner.rows, ROWS, |(used, _)| *used);
    }

    fn with<T>(&self, log: &LogName, act: impl FnOnce(&mut Remembered) -> T) -> T {
        let mut inner = self.inner.borrow_mut();
        inner.uses += 1;
        let now = inner.uses;
        if !inner.logs.contains_key(log) {
            inner.logs.insert(log.clone(), Remembered { used: now, ..Remembered::default() });
            evict(&mut inner.logs, LOGS, |remembered| remembered.used);
        }
        let remembered = inner.logs.get_mut(log).expect("it was just inserted, and is the newest");
        remembered.used = now;
        act(remembered)
    }
}

/// Drops the least recently used down to `limit`.
fn evict<K: Ord + Clone, V>(map: &mut BTreeMap<K, V>, limit: usize, used: impl Fn(&V) -> u64) {
    while map.len() > limit {
        let oldest = map.iter().min_by_key(|(_, value)| used(value)).map(|(key, _)| key.clone());
        if let Some(oldest) = oldest {
            map.remove(&oldest);
        }
    }
}
