//! Indexes of runs, of a test and of all: entries in the order in which runs began, read in blocks. Where
//! whole blocks are of erased runs only, a hint says how far down, so that no walk grows with all
//! runs ever made; one that is kept among them holds back nothing but its own block.

use super::{keys, value};
use crate::names::{RunId, TestName};
use crate::store::{Store, StoreError};

/// Entries asked for at once; so many in a row that are absent are the end of an index. A crash
/// between counting and writing leaves gaps of one.
pub(crate) const BLOCK: u64 = 64;

pub(crate) struct Block {
    /// Newest first.
    pub entries: Vec<(u64, RunId)>,
    /// From this block down to that one every run is erased.
    pub gone_to: Option<u64>,
}

/// A walk through an index from the newest block down, over those that are gone.
pub(crate) struct Walk<'a> {
    test: Option<&'a TestName>,
    /// None: that was all.
    next: Option<u64>,
}

impl<'a> Walk<'a> {
    pub(crate) async fn begin<S: Store>(store: &S, test: Option<&'a TestName>) -> Result<Self, StoreError> {
        let newest = newest(store, test).await?;
        Ok(Walk { test, next: (newest > 0).then(|| block_of(newest)) })
    }

    /// From below an entry on; its block may hold newer ones as well.
    pub(crate) fn below(test: Option<&'a TestName>, number: u64) -> Self {
        Walk { test, next: (number > 1).then(|| block_of(number - 1)) }
    }

    pub(crate) async fn next<S: Store>(&mut self, store: &S) -> Result<Option<Block>, StoreError> {
        let Some(number) = self.next else { return Ok(None) };
        let block = block(store, self.test, number).await?;
        self.next = block.gone_to.unwrap_or(number).checked_sub(1);
        Ok(Some(block))
    }
}

/// Enters a run as the newest.
pub(super) async fn enter<S: Store>(
    store: &S,
    test: Option<&TestName>,
    run: &RunId,
) -> Result<(), StoreError> {
    let number = store.increment(&keys::index(test), 1).await?;
    let number = u64::try_from(number).unwrap_or(1);
    store.set(&keys::index_entry(test, number), &value::encode_small(run)).await?;
    store.set(&keys::index_hint(test), &value::encode_small(&number)).await
}

/// The block that an entry is in.
pub(crate) fn block_of(number: u64) -> u64 {
    number.saturating_sub(1) / BLOCK
}

/// The number behind the last of a block.
pub(crate) fn end_of(block: u64) -> u64 {
    (block + 1) * BLOCK + 1
}

pub(crate) async fn block<S: Store>(
    store: &S,
    test: Option<&TestName>,
    block: u64,
) -> Result<Block, StoreError> {
    let first = block * BLOCK + 1;
    let mut asked = entry_keys(test, first);
    asked.push(keys::index_gone(test, block));
    let mut found = store.get_many(&asked).await?;
    let gone = found.pop().flatten();
    let gone_to = gone.and_then(|gone| value::decode(&asked[BLOCK as usize], &gone).ok());
    let mut entries = decoded(first, &asked, found);
    entries.reverse();
    Ok(Block { entries, gone_to })
}

/// The number of the newest entry: from the hint on, until a whole page is absent.
pub(crate) async fn newest<S: Store>(store: &S, test: Option<&TestName>) -> Result<u64, StoreError> {
    let key = keys::index_hint(test);
    let hint = store.get(&key).await?;
    let mut newest = hint.and_then(|hint| value::decode(&key, &hint).ok()).unwrap_or(0);
    loop {
        let asked = entry_keys(test, newest + 1);
        let found = store.get_many(&asked).await?;
        match found.iter().rposition(Option::is_some) {
            Some(last) => newest += last as u64 + 1,
            None => return Ok(newest),
        }
    }
}

/// Notes that every run from block `top` down to block `low` is erased.
pub(crate) async fn note_gone<S: Store>(
    store: &S,
    test: Option<&TestName>,
    (top, low): (u64, u64),
) -> Result<(), StoreError> {
    store.set(&keys::index_gone(test, top), &value::encode_small(&low)).await
}

fn entry_keys(test: Option<&TestName>, first: u64) -> Vec<String> {
    (first..first + BLOCK).map(|number| keys::index_entry(test, number)).collect()
}

/// Those that are there. One that is damaged hides one run, and not the others.
fn decoded(first: u64, asked: &[String], found: Vec<Option<Vec<u8>>>) -> Vec<(u64, RunId)> {
    let decode = |(number, (key, entry)): (u64, (&String, Option<Vec<u8>>))| {
        Some((number, value::decode::<RunId>(key, &entry?).ok()?))
    };
    (first..).zip(asked.iter().zip(found)).filter_map(decode).collect()
}
