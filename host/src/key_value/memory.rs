//! A store that forgets everything when the process ends: for tests and for reports of files.

use super::{Store, StoreError};
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use wasmtime_wasi::async_trait;

#[derive(Clone)]
enum Value {
    Bytes(Vec<u8>),
    Counter(i64),
}

/// The process's memory: gone with it.
#[derive(Default)]
pub struct Memory {
    entries: Mutex<HashMap<(String, String), Value>>,
}

impl Memory {
    fn entries(&self) -> MutexGuard<'_, HashMap<(String, String), Value>> {
        // No code that holds the lock can panic half-way through a change.
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn address(store: &str, key: &str) -> (String, String) {
    (store.to_owned(), key.to_owned())
}

#[async_trait]
impl Store for Memory {
    async fn get(&self, store: &str, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.entries().get(&address(store, key)).map(bytes))
    }

    async fn get_many(&self, store: &str, keys: &[String]) -> Result<Vec<Option<Vec<u8>>>, StoreError> {
        let entries = self.entries();
        Ok(keys.iter().map(|key| entries.get(&address(store, key)).map(bytes)).collect())
    }

    async fn set(&self, store: &str, key: &str, value: &[u8]) -> Result<(), StoreError> {
        self.entries().insert(address(store, key), Value::Bytes(value.to_vec()));
        Ok(())
    }

    async fn set_many(&self, store: &str, new: &[(String, Vec<u8>)]) -> Result<(), StoreError> {
        let mut entries = self.entries();
        for (key, value) in new {
            entries.insert(address(store, key), Value::Bytes(value.clone()));
        }
        Ok(())
    }

    async fn delete_many(&self, store: &str, keys: &[String]) -> Result<(), StoreError> {
        let mut entries = self.entries();
        for key in keys {
            entries.remove(&address(store, key));
        }
        Ok(())
    }

    async fn increment(&self, store: &str, key: &str, delta: i64) -> Result<i64, StoreError> {
        let mut entries = self.entries();
        let value = entries.entry(address(store, key)).or_insert(Value::Counter(0));
        let Value::Counter(counter) = value else {
            return Err(StoreError(format!("{key} holds a value, not a counter")));
        };
        *counter = counter
            .checked_add(delta)
            .ok_or_else(|| StoreError(format!("the counter {key} would pass its range")))?;
        Ok(*counter)
    }
}

fn bytes(value: &Value) -> Vec<u8> {
    match value {
        Value::Bytes(bytes) => bytes.clone(),
        Value::Counter(counter) => counter.to_le_bytes().to_vec(),
    }
}
