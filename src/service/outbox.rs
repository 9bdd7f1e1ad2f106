//! What one instance remembers of verdicts that are to be told. All of it may be lost: the agenda in the store has
//! it, too.

use crate::names::RunId;
use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;

/// Runs that are remembered, and for how long ahead.
const MOST: usize = 256;
const AHEAD_MS: u64 = 60_000;

/// Between two looks at the agenda.
const LOOK_MS: u64 = 4_000;

#[derive(Default)]
pub(super) struct Outbox {
    /// By the moment from which on there is something to do.
    soon: RefCell<BTreeSet<(u64, RunId)>>,
    /// 0: there is more on the agenda than was looked at.
    looked_ms: Cell<u64>,
}

impl Outbox {
    /// There is something to tell of a run, from this moment on.
    pub(super) fn note(&self, at_ms: u64, run: &RunId) {
        let mut soon = self.soon.borrow_mut();
        if soon.len() < MOST {
            soon.insert((at_ms, run.clone()));
        }
    }

    /// Whatever is far away is found on the agenda.
    pub(super) fn note_if_soon(&self, at_ms: u64, run: &RunId, now_ms: u64) {
        if at_ms.saturating_sub(now_ms) <= AHEAD_MS {
            self.note(at_ms, run);
        }
    }

    /// The next run whose moment has come.
    pub(super) fn take(&self, now_ms: u64) -> Option<RunId> {
        let mut soon = self.soon.borrow_mut();
        let due = soon.first().is_some_and(|(at_ms, _)| *at_ms <= now_ms);
        if due { soon.pop_first().map(|(_, run)| run) } else { None }
    }

    /// How long until there is something to do; `None`: nothing is known of.
    pub(super) fn next_in_ms(&self, now_ms: u64) -> Option<u64> {
        if self.looked_ms.get() == 0 {
            return Some(0);
        }
        self.soon.borrow().first().map(|(at_ms, _)| at_ms.saturating_sub(now_ms))
    }

    /// Whether it is time to look at the agenda.
    pub(super) fn looks(&self, now_ms: u64) -> bool {
        let looks = self.looked_ms.get().abs_diff(now_ms) >= LOOK_MS;
        if looks {
            self.looked_ms.set(now_ms);
        }
        looks
    }

    /// There was more on it than could be taken.
    pub(super) fn look_again(&self) {
        self.looked_ms.set(0);
    }
}
