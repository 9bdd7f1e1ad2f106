//! What the core needs from outside: the key-value store, the clock, and something to run its
//! futures.

use crate::bindings::wasi::keyvalue::store::{Bucket, Error, open};
use crate::bindings::wasi::keyvalue::{atomics, batch};
use loadgate::store::{Clock, Store, StoreError};
use std::cell::Cell;
use std::collections::HashMap;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::{SystemTime, UNIX_EPOCH};

/// The label of the store in the manifest.
const LABEL: &str = "default";

/// The application's store.
pub(crate) struct KeyValue {
    bucket: Bucket,
    /// Whether the store takes several keys at once, once it is known: Spin's Redis store sends a
    /// command that Redis refuses.
    reads_many: Cell<Option<bool>>,
}

impl KeyValue {
    pub(crate) fn open() -> Result<Self, StoreError> {
        Ok(KeyValue { bucket: open(LABEL).map_err(failed)?, reads_many: Cell::new(None) })
    }
}

fn failed(error: Error) -> StoreError {
    StoreError::Unavailable(match error {
        Error::NoSuchStore => format!("there is no key-value store named `{LABEL}`"),
        Error::AccessDenied => format!("the key-value store `{LABEL}` is not granted to this component"),
        Error::Other(text) => text,
    })
}

impl Store for KeyValue {
    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        self.bucket.get(key).map_err(failed)
    }

    async fn get_many(&self, keys: &[String]) -> Result<Vec<Option<Vec<u8>>>, StoreError> {
        // One key alone is read as such: with one, Spin's Redis store answers, and what it says is wrong.
        if let [key] = keys {
            return Ok(vec![self.bucket.get(key).map_err(failed)?]);
        }
        if self.reads_many.get() != Some(false) {
            match batch::get_many(&self.bucket, keys) {
                // Hosts leave out what is missing and answer in any order.
                Ok(found) => {
                    self.reads_many.set(Some(true));
                    let mut found: HashMap<String, Vec<u8>> =
                        found.into_iter().filter_map(|(key, value)| Some((key, value?))).collect();
                    return Ok(keys.iter().map(|key| found.remove(key)).collect());
                }
                Err(error) if self.reads_many.get() == Some(true) => return Err(failed(error)),
                // Either the store cannot, or nothing works: the first single read tells.
                Err(_) => {}
            }
        }
        let found = keys.iter().map(|key| self.bucket.get(key)).collect::<Result<_, _>>().map_err(failed)?;
        self.reads_many.set(Some(false));
        Ok(found)
    }

    async fn get_leading(&self, keys: &[String], least: usize) -> Result<Vec<Option<Vec<u8>>>, StoreError> {
        if self.reads_many.get() != Some(false) {
            return self.get_many(keys).await;
        }
        let mut found = Vec::with_capacity(keys.len());
        for (at, key) in keys.iter().enumerate() {
            let value = self.bucket.get(key).map_err(failed)?;
            let absent = value.is_none();
            found.push(value);
            if absent && at >= least {
                break;
            }
        }
        found.resize(keys.len(), None);
        Ok(found)
    }

    async fn set(&self, key: &str, value: &[u8]) -> Result<(), StoreError> {
        self.bucket.set(key, value).map_err(failed)
    }

    async fn set_many(&self, entries: &[(String, Vec<u8>)]) -> Result<(), StoreError> {
        batch::set_many(&self.bucket, entries).map_err(failed)
    }

    async fn delete_many(&self, keys: &[String]) -> Result<(), StoreError> {
        batch::delete_many(&self.bucket, keys).map_err(failed)
    }

    async fn increment(&self, key: &str, delta: i64) -> Result<i64, StoreError> {
        atomics::increment(&self.bucket, key, delta).map_err(failed)
    }
}

/// The host's wall clock.
pub(crate) struct WallClock;

impl Clock for WallClock {
    fn now_ms(&self) -> u64 {
        SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_millis() as u64)
    }
}

/// Runs a future of the core to its end. Here the store answers at once, so a future of the core
/// never waits.
pub(crate) fn run<T>(future: impl Future<Output = T>) -> T {
    let mut context = Context::from_waker(Waker::noop());
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(value) = future.as_mut().poll(&mut context) {
            return value;
        }
    }
}
