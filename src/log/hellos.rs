//! Who said that it begins, and when: hints that writers put into their records.
//!
//! A hello is of a test and concerns all of its logs. It makes no record: by itself it proves
//! nothing (see [`crate::fold::Border`]), and a generator that never sends anything leaves no trace.

use super::value;
use crate::hash::fnv32;
use crate::names::TestName;
use crate::store::{Store, StoreError};

/// Generators share so many places, the newer takes over: a place is read by those that began a
/// moment ago.
const PLACES: u32 = 256;

/// What a writer knows of hellos, Unix ms.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Hellos {
    pub newest: Option<u64>,
    pub by_sender: Option<u64>,
}

/// The keys of the newest hello, and of the place that a sender has.
pub(super) fn keys(test: &TestName, sender: &str) -> [String; 2] {
    let hash = fnv32(sender.bytes());
    let newest = super::keys::hello(test);
    let place = super::keys::hello_place(test, hash % PLACES);
    [newest, place]
}

/// Takes note of a hello.
pub(super) async fn say<S: Store>(
    store: &S,
    test: &TestName,
    sender: &str,
    now_ms: u64,
) -> Result<(), StoreError> {
    let [newest, place] = keys(test, sender);
    let entries = [(place, value::encode_small(&(sender, now_ms))), (newest, value::encode_small(&now_ms))];
    store.set_many(&entries).await
}

impl Hellos {
    /// Reads what was found at [`keys`].
    pub(crate) fn read(keys: &[String], found: [Option<&[u8]>; 2], sender: &str) -> Result<Self, StoreError> {
        let newest = found[0].map(|bytes| value::decode::<u64>(&keys[0], bytes)).transpose()?;
        let place = found[1].map(|bytes| value::decode::<(String, u64)>(&keys[1], bytes)).transpose()?;
        let by_sender = place.filter(|(name, _)| name == sender).map(|(_, at_ms)| at_ms);
        Ok(Hellos { newest, by_sender })
    }
}
