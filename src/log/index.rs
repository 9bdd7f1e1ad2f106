//! The indexes of runs, one of each test and one of all: entries by number, from 1, of which some are absent
//! and some are of runs that were deleted.

use super::{keys, value};
use crate::names::{RunId, TestName};
use crate::store::{Store, StoreError};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Entries asked for at once; so many in a row that are absent are the end of the index. A crash between
/// counting and writing leaves gaps of one.
pub(super) const PAGE: u64 = 64;

/// Runs that may be left behind where an index begins.
const BEHIND: usize = 32;

/// Where an index begins, a hint: all entries before `first` are of runs that are deleted, but for those
/// left `behind`, such as a pinned baseline. So what is long gone is never read again.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Front {
    first: u64,
    /// In the order of their numbers.
    behind: Vec<(u64, RunId)>,
}

async fn front<S: Store>(store: &S, test: Option<&TestName>) -> Result<Front, StoreError> {
    let front: Option<Front> = value::get(store, &keys::index_front(test)).await?;
    Ok(front.unwrap_or(Front { first: 1, behind: Vec::new() }))
}

/// The entries from `first` on that are present among one page.
async fn page<S: Store>(
    store: &S,
    test: Option<&TestName>,
    first: u64,
) -> Result<Vec<(u64, RunId)>, StoreError> {
    let keys: Vec<String> = (first..first + PAGE).map(|n| keys::index_entry(test, n)).collect();
    let values = store.get_many(&keys).await?;
    let mut found = Vec::new();
    for ((key, value), number) in keys.iter().zip(values).zip(first..) {
        if let Some(value) = value {
            found.push((number, value::decode::<RunId>(key, &value)?));
        }
    }
    Ok(found)
}

/// The number of the newest entry: from the hint on, until a whole page is absent.
async fn newest<S: Store>(store: &S, test: Option<&TestName>) -> Result<u64, StoreError> {
    let hint = value::get::<_, u64>(store, &keys::index_hint(test)).await?.unwrap_or(0);
    let mut newest = hint;
    while let Some((last, _)) = page(store, test, newest + 1).await?.last() {
        newest = *last;
    }
    Ok(newest)
}

/// The runs of an index, newest first, each once, page by page.
pub(super) struct Newest<'a> {
    test: Option<&'a TestName>,
    front: Front,
    /// The next entry to look at.
    end: u64,
    known: BTreeSet<RunId>,
}

impl<'a> Newest<'a> {
    pub async fn of<S: Store>(store: &S, test: Option<&'a TestName>) -> Result<Self, StoreError> {
        let front = front(store, test).await?;
        let end = newest(store, test).await?;
        Ok(Newest { test, front, end, known: BTreeSet::new() })
    }

    /// The next of them, deleted ones among them; none: that was all.
    pub async fn page<S: Store>(&mut self, store: &S) -> Result<Option<Vec<RunId>>, StoreError> {
        let found = if self.end >= self.front.first.max(1) {
            let first = self.end.saturating_sub(PAGE - 1).max(self.front.first).max(1);
            let mut found = page(store, self.test, first).await?;
            found.retain(|(number, _)| *number <= self.end);
            self.end = first - 1;
            found
        } else if self.front.behind.is_empty() {
            return Ok(None);
        } else {
            std::mem::take(&mut self.front.behind)
        };
        let runs = found.into_iter().rev().map(|(_, run)| run);
        Ok(Some(runs.filter(|run| self.known.insert(run.clone())).collect()))
    }
}

/// Moves the beginning of an index on over runs that are gone, by a page at the most. The newest page stays:
/// an entry that is absent there may just be written.
pub(super) async fn advance<S: Store>(store: &S, test: Option<&TestName>) -> Result<(), StoreError> {
    let before = front(store, test).await?;
    let last = newest(store, test).await?.saturating_sub(PAGE);
    let mut entries = page(store, test, before.first).await?;
    entries.retain(|(number, _)| *number <= last);
    let asked: Vec<String> = before.behind.iter().chain(&entries).map(|(_, run)| keys::meta(run)).collect();
    let mut alive = store.get_many(&asked).await?.into_iter().map(|meta| meta.is_some());
    let mut next = Front { first: before.first, behind: Vec::new() };
    next.behind.extend(before.behind.iter().filter(|_| alive.next() == Some(true)).cloned());
    let mut stopped = false;
    for ((number, run), alive) in entries.iter().zip(alive) {
        if alive && next.behind.len() == BEHIND {
            (next.first, stopped) = (*number, true);
            break;
        }
        if alive {
            next.behind.push((*number, run.clone()));
        }
        next.first = number + 1;
    }
    if !stopped && last >= before.first {
        next.first = next.first.max((before.first + PAGE).min(last + 1));
    }
    if next != before {
        store.set(&keys::index_front(test), &value::encode_small(&next)).await?;
    }
    Ok(())
}
