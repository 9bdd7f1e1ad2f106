//! The declarations of a test: sets under their hashes, and which one is in force.

use super::fault::broken;
use super::{keys, value};
use crate::declare::Declarations;
use crate::names::TestName;
use crate::store::{Store, StoreError};
use lru::LruCache;
use std::cell::RefCell;
use std::num::NonZeroUsize;
use std::rc::Rc;

/// Sets that are remembered, a few kilobytes each; 64 more with a large dashboard.
const REMEMBERED: NonZeroUsize = NonZeroUsize::new(64).expect("it is not zero");

/// Two who declare at once may each have to begin again this often.
const ATTEMPTS: u32 = 5;

/// Declarations asked for at once.
const PAGE: usize = 64;

/// Sets that an instance has read, by their keys; none ever changes.
pub(crate) struct Cache(RefCell<LruCache<String, Rc<Declarations>>>);

impl Default for Cache {
    fn default() -> Self {
        Cache(RefCell::new(LruCache::new(REMEMBERED)))
    }
}

/// The set in force and its hash; before anything was declared, none.
pub(crate) async fn declared<S: Store>(
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

/// The set in force, where it is another than the one that is known.
pub(crate) async fn newer<S: Store>(
    store: &S,
    cache: &Cache,
    test: &TestName,
    known: Option<&str>,
) -> Result<Option<(String, Declarations)>, StoreError> {
    let Some(hash) = value::get::<_, String>(store, &keys::declared(test)).await? else { return Ok(None) };
    if known == Some(hash.as_str()) {
        return Ok(None);
    }
    let set = by_hash(store, cache, test, &hash).await?;
    Ok(set.map(|set| (hash, (*set).clone())))
}

/// A set by its hash. It is stored before its hash is named anywhere.
pub(super) async fn by_hash<S: Store>(
    store: &S,
    cache: &Cache,
    test: &TestName,
    hash: &str,
) -> Result<Option<Rc<Declarations>>, StoreError> {
    let key = keys::declarations(test, hash);
    if let Some(set) = cache.0.borrow_mut().get(&key) {
        return Ok(Some(set.clone()));
    }
    let set = value::get::<_, Declarations>(store, &key).await?.map(Rc::new);
    if let Some(set) = &set {
        cache.0.borrow_mut().put(key, set.clone());
    }
    Ok(set)
}

/// Merges what is new into the test's set, and gives the hash of the set in force.
///
/// Each declaration is stored under a number of its own, and the set is all of them merged in order.
/// Whoever names a set as the one in force looks again afterwards: of two at once, the later has both.
pub(crate) async fn declare<S: Store>(
    store: &S,
    cache: &Cache,
    test: &TestName,
    newer: &Declarations,
) -> Result<String, StoreError> {
    let (hash, mut set) = declared(store, cache, test).await?;
    if let Some(hash) = hash
        && !set.merge(newer)
    {
        return Ok(hash);
    }
    if broken!(DeclareUnread) {
        let hash = set.hash();
        value::set(store, &keys::declarations(test, &hash), value::encode(&set)).await?;
        store.set(&keys::declared(test), &value::encode_small(&hash)).await?;
        return Ok(hash);
    }
    let number = u64::try_from(store.increment(&keys::deltas(test), 1).await?).unwrap_or(1);
    value::set(store, &keys::delta(test, number), value::encode(newer)).await?;
    let mut named = None;
    for _ in 0..ATTEMPTS {
        let count = u64::try_from(store.increment(&keys::deltas(test), 0).await?).unwrap_or(1);
        let set = merged(store, test, count).await?;
        let hash = set.hash();
        if named.as_ref() == Some(&hash) {
            return Ok(hash);
        }
        value::set(store, &keys::declarations(test, &hash), value::encode(&set)).await?;
        store.set(&keys::declared(test), &value::encode_small(&hash)).await?;
        named = Some(hash);
    }
    named.ok_or_else(|| StoreError::Unavailable("declarations could not be merged".to_owned()))
}

/// All declarations of a test in their order; what died before it was stored counts for nothing.
async fn merged<S: Store>(store: &S, test: &TestName, count: u64) -> Result<Declarations, StoreError> {
    let asked: Vec<String> = (1..=count).map(|number| keys::delta(test, number)).collect();
    let mut set = Declarations { revision: count, ..Declarations::default() };
    for page in asked.chunks(PAGE) {
        for (key, head) in page.iter().zip(store.get_many(page).await?) {
            if let Some(head) = head
                && let Some(delta) = value::resolve::<_, Declarations>(store, key, &head).await?
            {
                set.merge(&delta);
            }
        }
    }
    Ok(set)
}
