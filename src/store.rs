//! What the log needs from the outside: a key-value store and a clock.

use thiserror::Error;

/// Why the store did not give, or take, what it was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum StoreError {
    /// The store could not be asked, and nothing is known of the outcome: a write may or may not have taken
    /// effect. Trying again may help.
    #[error("the store failed: {0}")]
    Unavailable(String),
    /// What is stored cannot be understood, and will not be however often one asks.
    #[error("`{key}` is damaged: {reason}")]
    Damaged {
        /// Where it stands.
        key: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A newer Loadgate wrote it.
    #[error("`{key}` is in format {version}, which this version of Loadgate cannot read")]
    NewerFormat {
        /// Where it stands.
        key: String,
        /// The format's number.
        version: u8,
    },
}

impl StoreError {
    /// What is stored is damaged; `key` may be anything that says where.
    pub fn damaged(key: impl ToString, reason: impl ToString) -> Self {
        StoreError::Damaged { key: key.to_string(), reason: reason.to_string() }
    }

    /// Whether to ask again may help.
    pub fn is_outage(&self) -> bool {
        matches!(self, StoreError::Unavailable(_))
    }
}

/// A strongly consistent key-value store (the subset of `wasi:keyvalue@0.2.0-draft2` that is
/// dependable everywhere: no listing, no compare-and-swap).
///
/// Values stay under [`crate::limits::VALUE_BYTES`]. A key that was ever given to
/// [`Store::increment`] is a counter and is never read or set otherwise: its stored form differs
/// between stores.
#[allow(async_fn_in_trait)] // one thread: components have no other
pub trait Store {
    /// `None`: the key is absent.
    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, StoreError>;
    /// In the order of `keys`, whatever order the store answers in.
    async fn get_many(&self, keys: &[String]) -> Result<Vec<Option<Vec<u8>>>, StoreError>;
    /// The same for a sequence of keys that ends somewhere: what lies behind the first that is absent
    /// need not be looked for, but the first `least` are in any case. Stores that read one by one stop
    /// there.
    async fn get_leading(&self, keys: &[String], _least: usize) -> Result<Vec<Option<Vec<u8>>>, StoreError> {
        self.get_many(keys).await
    }
    /// Whoever reads afterwards sees this value.
    async fn set(&self, key: &str, value: &[u8]) -> Result<(), StoreError>;
    /// Not atomic: any subset may have been written when it fails.
    async fn set_many(&self, entries: &[(String, Vec<u8>)]) -> Result<(), StoreError>;
    /// Absent keys are no error. Not atomic, either.
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
