//! `wasi:keyvalue@0.2.0-draft2` on a store of the operator's choice.
//!
//! A [`Store`] does what the log needs and no more: compare-and-swap and listing keys, which are
//! not dependable or not cheap on the stores that Spin offers, are refused, so that no component
//! comes to lean on them here.
//!
//! ```no_run
//! # async fn example(engine: &wasmtime::Engine) -> anyhow::Result<()> {
//! use loadgate_host::key_value::{self, KeyValue};
//!
//! let store = key_value::open("./loadgate.db").await?;
//! let mut linker = wasmtime::component::Linker::<KeyValue>::new(engine);
//! key_value::add_to_linker(&mut linker, |context| context.view()).expect("nothing else defines it");
//! let context = KeyValue::new(store);
//! # Ok(()) }
//! ```

mod guest;
mod memory;
mod redis;
mod sqlite;
#[cfg(test)]
mod suite;

pub use self::guest::{KeyValue, KeyValueView, add_to_linker};
pub use self::memory::Memory;
pub use self::redis::Redis;
pub use self::sqlite::Sqlite;

use crate::redact::redacted;
use anyhow::{Context, Result, bail};
use std::fmt;
use std::sync::Arc;
use wasmtime_wasi::async_trait;

/// A store that did not do what it was asked to. A write may or may not have taken effect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreError(pub String);

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for StoreError {}

/// A strongly consistent key-value store, shared by all instances. Those of another process see a write once it is
/// flushed, or a moment later.
///
/// `store` is the label that a component opens; [`Redis`] has only one space of keys, as Spin's.
#[async_trait]
pub trait Store: Send + Sync {
    /// `None`: there is nothing under that key.
    async fn get(&self, store: &str, key: &str) -> Result<Option<Vec<u8>>, StoreError>;
    /// One answer for every key, in the order of `keys`.
    async fn get_many(&self, store: &str, keys: &[String]) -> Result<Vec<Option<Vec<u8>>>, StoreError>;
    /// In place of what was there.
    async fn set(&self, store: &str, key: &str, value: &[u8]) -> Result<(), StoreError>;
    /// All or none, where the same key is given twice the later.
    async fn set_many(&self, store: &str, entries: &[(String, Vec<u8>)]) -> Result<(), StoreError>;
    /// Also of keys that are not there.
    async fn delete_many(&self, store: &str, keys: &[String]) -> Result<(), StoreError>;
    /// Adds to a counter, which starts at 0, and gives the sum. Fails on a key that holds anything
    /// else, and when the sum does not fit.
    async fn increment(&self, store: &str, key: &str, delta: i64) -> Result<i64, StoreError>;
    /// After this, everything that was written before survives a power cut, as far as the store can
    /// promise that. Whoever acknowledges something waits for it; those who wait together share it.
    async fn flush(&self) -> Result<(), StoreError> {
        Ok(())
    }
    /// The server ends: brings everything to where it lasts.
    async fn close(&self) {}
}

/// Schemes of a Redis, as its client knows them, and ours.
const REDIS: [&str; 6] = ["redis", "rediss", "redis+unix", redis::AS_SPIN, "unix", "valkey"];

/// Opens the store that an operator names: `memory:`, `redis://…` (`rediss://` with TLS, or `unix:`), or
/// the path of an SQLite file, which is created if it is not there.
///
/// # Errors
///
/// When that is no kind of store, or the store cannot be opened; they show no password.
pub async fn open(location: &str) -> Result<Arc<dyn Store>> {
    let cannot = || format!("cannot use the store {}", redacted(location));
    Ok(match scheme(location) {
        Some("memory") => Arc::new(Memory::default()),
        Some(scheme) if REDIS.contains(&scheme) => {
            Arc::new(Redis::connect(location).await.with_context(cannot)?)
        }
        // SQLite's own way to write a path.
        None | Some("file") => Arc::new(Sqlite::open(location).with_context(cannot)?),
        Some(scheme) => bail!(
            "{}, for `{scheme}:` is no kind of store; a store is the path of a file, redis://HOST:PORT, \
             rediss://HOST:PORT (with TLS), or memory:",
            cannot()
        ),
    })
}

/// The scheme of a URL (RFC 3986, section 3.1); a path has none.
fn scheme(location: &str) -> Option<&str> {
    let (scheme, _) = location.split_once(':')?;
    let sound = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'));
    sound.then_some(scheme)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(flavor = "multi_thread")]
    async fn a_scheme_that_is_not_known_is_no_file_and_no_message_shows_a_password() {
        for location in ["reddis://u:s3cret@h", "postgres://u:s3cret@h/db", "Redis:u:s3cret@h"] {
            let Err(error) = open(location).await else { panic!("{location} was opened") };
            let error = format!("{error:#}");
            assert!(error.contains("redis://HOST") && !error.contains("s3cret"), "{error}");
        }
        let refused = ["redis://u:s3cret@127.0.0.1:1", "redis://u:s3cret@127.0.0.1:x"];
        for location in refused {
            let Err(error) = open(location).await else { panic!("{location} was opened") };
            let error = format!("{error:#}");
            assert!(error.contains("redis://***@127.0.0.1") && !error.contains("s3cret"), "{error}");
        }
        assert!(open("memory:").await.is_ok());
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_path_is_a_path_whatever_it_is_called() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["a.db", "runs@home:1.db"] {
            let path = folder.path().join(name);
            assert!(open(path.to_str().unwrap()).await.is_ok(), "{name}");
            assert!(path.is_file());
        }
    }
}
