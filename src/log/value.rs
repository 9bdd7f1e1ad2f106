//! How values are written: one byte for the version of the format, then postcard. A value of more
//! than 300 KB is stored in parts `KEY/0`, `KEY/1`, … and, after them, a header at `KEY`: the
//! version with its highest bit set, then the number of parts, then a digest of them all. So a reader
//! that finds the key finds all of its value, and two values never have the same bytes there.

use super::fault::broken;
use super::{DELETE_BATCH, keys};
use crate::hash::digest;
use crate::store::{Store, StoreError};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use std::borrow::Cow;

const VERSION: u8 = 7;
const IN_PARTS: u8 = 0x80;

/// Well under [`crate::limits::VALUE_BYTES`], so that keys and headers fit beside it.
pub(super) const PART_BYTES: usize = 300_000;

#[cfg(test)]
thread_local! {
    /// So that small values come in parts as well.
    pub(super) static PART_BYTES_IN_TEST: std::cell::Cell<usize> = const { std::cell::Cell::new(PART_BYTES) };
}

fn part_bytes() -> usize {
    #[cfg(test)]
    return PART_BYTES_IN_TEST.get();
    #[cfg(not(test))]
    PART_BYTES
}

/// What readers need of a header; the digest that follows only tells values apart.
#[derive(Serialize, Deserialize)]
struct Header {
    parts: u32,
}

/// A value ready to be stored.
pub(crate) struct Encoded {
    /// The value at the key itself; written last.
    pub head: Vec<u8>,
    pub parts: Vec<Vec<u8>>,
}

pub(crate) fn encode<T: Serialize + ?Sized>(value: &T) -> Encoded {
    let bytes = with_version(VERSION, value);
    if bytes.len() <= part_bytes() {
        return Encoded { head: bytes, parts: Vec::new() };
    }
    let parts: Vec<Vec<u8>> = bytes.chunks(part_bytes()).map(<[u8]>::to_vec).collect();
    let header = (Header { parts: parts.len() as u32 }, digest(&bytes));
    Encoded { head: with_version(VERSION | IN_PARTS, &header), parts }
}

/// For values that are small by their type.
pub(crate) fn encode_small<T: Serialize + ?Sized>(value: &T) -> Vec<u8> {
    with_version(VERSION, value)
}

fn with_version<T: Serialize + ?Sized>(version: u8, value: &T) -> Vec<u8> {
    postcard::to_extend(value, vec![version]).expect("writing to memory cannot fail")
}

impl Encoded {
    /// The parts as `(key, value)`; they must be stored before the head.
    pub(crate) fn part_entries(&mut self, key: &str) -> Vec<(String, Vec<u8>)> {
        self.parts.drain(..).enumerate().map(|(i, part)| (keys::part(key, i as u32), part)).collect()
    }
}

/// Parts first, then the value at `key` that makes them count.
pub(crate) async fn set<S: Store>(store: &S, key: &str, mut value: Encoded) -> Result<(), StoreError> {
    for entry in value.part_entries(key) {
        store.set(&entry.0, &entry.1).await?;
    }
    store.set(key, &value.head).await
}

/// Deletes values with all their parts, the parts first: a value that is there has told how many.
pub(crate) async fn delete<S: Store>(store: &S, wanted: Vec<String>) -> Result<(), StoreError> {
    let heads = store.get_many(&wanted).await?;
    let (mut present, mut gone) = (Vec::new(), Vec::new());
    for (key, head) in wanted.into_iter().zip(heads) {
        // Where somebody who is late writes a head only now, nobody else would know of its parts.
        let Some(head) = head else { continue };
        // What cannot be read is deleted as it is.
        let mut parts = parts_of(&key, &head).unwrap_or(0);
        if broken!(ForgetParts) {
            parts = parts.min(8);
        }
        gone.extend((0..parts).map(|part| keys::part(&key, part)));
        present.push(key);
    }
    // Never together: of a batch that fails any part may be deleted. Parts again at the end: somebody who is
    // late may have written the same value meanwhile, and its head is gone with this one's.
    let batches = gone.chunks(DELETE_BATCH).chain(present.chunks(DELETE_BATCH));
    for batch in batches.chain(gone.chunks(DELETE_BATCH)) {
        store.delete_many(batch).await?;
    }
    Ok(())
}

/// How many parts a stored value has besides its head.
pub(crate) fn parts_of(key: &str, head: &[u8]) -> Result<u32, StoreError> {
    match head.split_first() {
        Some((&version, rest)) if version == VERSION | IN_PARTS => {
            postcard::from_bytes::<Header>(rest).map(|header| header.parts).map_err(|e| unreadable(key, &e))
        }
        _ => Ok(0),
    }
}

/// Decodes what was found at `key`, fetching its parts if there are any. A missing part: `None`,
/// since a value's parts are deleted with it, in any order.
pub(crate) async fn resolve<S: Store, T: DeserializeOwned>(
    store: &S,
    key: &str,
    head: &[u8],
) -> Result<Option<T>, StoreError> {
    match fetch(store, key, head).await? {
        Some(bytes) => decode(key, &bytes).map(Some),
        None => Ok(None),
    }
}

/// The bytes of what was found at `key`, whether they can be read or not.
pub(super) async fn fetch<'a, S: Store>(
    store: &S,
    key: &str,
    head: &'a [u8],
) -> Result<Option<Cow<'a, [u8]>>, StoreError> {
    // A head that is damaged is told by who decodes it.
    let parts = parts_of(key, head).unwrap_or(0);
    if parts == 0 {
        return Ok(Some(Cow::Borrowed(head)));
    }
    let mut bytes = Vec::new();
    for part in 0..parts {
        match store.get(&keys::part(key, part)).await? {
            Some(part) => bytes.extend(part),
            None => return Ok(None),
        }
    }
    Ok(Some(Cow::Owned(bytes)))
}

pub(crate) async fn get<S: Store, T: DeserializeOwned>(
    store: &S,
    key: &str,
) -> Result<Option<T>, StoreError> {
    match store.get(key).await? {
        Some(head) => resolve(store, key, &head).await,
        None => Ok(None),
    }
}

/// For values that are never in parts.
pub(crate) fn decode<T: DeserializeOwned>(key: &str, bytes: &[u8]) -> Result<T, StoreError> {
    match bytes.split_first() {
        Some((&VERSION, rest)) => postcard::from_bytes(rest).map_err(|e| unreadable(key, &e)),
        Some((&version, _)) if version > VERSION && version & IN_PARTS == 0 => {
            Err(StoreError::NewerFormat { key: key.to_owned(), version })
        }
        Some((version, _)) => Err(StoreError::damaged(key, format!("there is no format {version}"))),
        None => Err(StoreError::damaged(key, "it is empty")),
    }
}

fn unreadable(key: &str, error: &postcard::Error) -> StoreError {
    StoreError::damaged(key, error)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::simulation::world::{Pace, SimStore, World};
    use crate::log::testing::block_on;
    use std::pin::pin;
    use std::task::{Context, Waker};

    #[test]
    fn what_somebody_writes_while_it_is_deleted_is_found_by_who_deletes_it_next() {
        for moment in 0..12 {
            for there in [false, true] {
                PART_BYTES_IN_TEST.set(400);
                let world = World::new(1, 0);
                world.pace.set(Pace::Quick);
                let store = SimStore(world.clone());
                let write = || {
                    world.calm.set(true);
                    block_on(set(&store, "k", encode(&vec![7_u8; 1_000]))).expect("it stores");
                    world.calm.set(false);
                };
                if there {
                    write();
                }
                let mut deletion = pin!(delete(&store, vec!["k".to_owned()]));
                let mut context = Context::from_waker(Waker::noop());
                let mut polls = 0;
                while deletion.as_mut().poll(&mut context).is_pending() {
                    if polls == moment {
                        write();
                    }
                    polls += 1;
                    world.now_ms.set(world.now_ms.get() + 10_000);
                }
                world.calm.set(true);
                block_on(delete(&store, vec!["k".to_owned()])).expect("it deletes");
                PART_BYTES_IN_TEST.set(PART_BYTES);
                assert_eq!(world.keys(), [""; 0], "written after {moment} steps, {there}");
            }
        }
    }
}
