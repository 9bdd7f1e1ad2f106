//! The declarations of a test: sets under their hashes, and which one is in force.

use super::cache::Cache;
use super::{keys, value};
use crate::declare::Declarations;
use crate::names::TestName;
use crate::store::{Store, StoreError};
use std::rc::Rc;

/// Two who declare at once may each have to begin again this often.
const ATTEMPTS: u32 = 5;

/// The set in force and its hash; before anything was declared, none.
pub async fn declared<S: Store>(
    store: &S,
    cache: &Cache,
    test: &TestName,
) -> Result<(Option<String>, Declarations), StoreError> {
    let Some(hash) = value::get::<_, String>(store, &keys::declared(test)).await? else {
        return Ok((None, Declarations::default()));
    };
    let set = by_hash(store, cache, test, &hash).await?;
    Ok((Some(hash), set.map_or_else(Declarations::default, |set| (*set).clone())))
}

/// A set by its hash. It is stored before its hash is named anywhere.
pub(super) async fn by_hash<S: Store>(
    store: &S,
    cache: &Cache,
    test: &TestName,
    hash: &str,
) -> Result<Option<Rc<Declarations>>, StoreError> {
    let key = keys::declarations(test, hash);
    if let Some(set) = cache.declarations(&key) {
        return Ok(Some(set));
    }
    let set = value::get::<_, Declarations>(store, &key).await?.map(Rc::new);
    if let Some(set) = &set {
        cache.note_declarations(key, set.clone());
    }
    Ok(set)
}

/// Merges what is new into the test's set, and gives the hash of the set in force.
pub async fn declare<S: Store>(
    store: &S,
    cache: &Cache,
    test: &TestName,
    newer: &Declarations,
) -> Result<String, StoreError> {
    let mut named = None;
    for _ in 0..ATTEMPTS {
        let (hash, mut set) = declared(store, cache, test).await?;
        // Somebody else may have declared in between and known nothing of ours.
        if let Some(hash) = hash
            && !set.merge(newer)
        {
            return Ok(hash);
        }
        let hash = set.hash();
        value::set(store, &keys::declarations(test, &hash), value::encode(&set)).await?;
        store.set(&keys::declared(test), &value::encode_small(&hash)).await?;
        named = Some(hash);
    }
    named.ok_or_else(|| StoreError("declarations could not be merged".to_owned()))
}
