//! What the log needs from the outside: a key-value store and a clock.

use std::fmt;

/// A store that could not do what it was asked to. Nothing is known of the outcome: a write may
/// or may not have taken effect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreError(pub String);

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the store failed: {}", self.0)
    }
}

impl std::error::Error for StoreError {}

/// A strongly consistent key-value store (the subset of `wasi:keyvalue@0.2.0-draft2` that is
/// dependable everywhere: no listing, no compare-and-swap).
///
/// Values stay under [`crate::limits::VALUE_BYTES`]. A key that was ever given to
/// [`Store::increment`] is a counter and is never read or set otherwise: its stored form differs
/// between stores.
#[allow(async_fn_in_trait)] // one thread: components have no other
pub trait Store {
    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, StoreError>;
    /// In the order of `keys`, whatever order the store answers in.
    async fn get_many(&self, keys: &[String]) -> Result<Vec<Option<Vec<u8>>>, StoreError>;
    /// The same for a sequence of keys that ends somewhere: what lies behind the first that is absent
    /// need not be looked for, but the first `least` are in any case. Stores that read one by one stop
    /// there.
    async fn get_leading(&self, keys: &[String], _least: usize) -> Result<Vec<Option<Vec<u8>>>, StoreError> {
        self.get_many(keys).await
    }
    async fn set(&self, key: &str, value: &[u8]) -> Result<(), StoreError>;
    /// Not atomic: any subset may have been written when it fails.
    async fn set_many(&self, entries: &[(String, Vec<u8>)]) -> Result<(), StoreError>;
    async fn delete_many(&self, keys: &[String]) -> Result<(), StoreError>;
    /// Adds `delta` to a counter, which starts at 0, and gives the sum. Adding 0 is the only way
    /// to read a counter, and is a write.
    async fn increment(&self, key: &str, delta: i64) -> Result<i64, StoreError>;
}

/// Wall-clock time.
pub trait Clock {
    /// Unix time in milliseconds.
    fn now_ms(&self) -> u64;
}
