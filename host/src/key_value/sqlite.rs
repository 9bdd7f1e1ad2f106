//! One SQLite file: the default store.
//!
//! The table is Spin's own, so a file moves between `spin up` and `loadgate serve`:
//! `spin_key_value(store, key, value)`, a counter as little-endian 64-bit integer in `value`.
//!
//! The journal is a write-ahead log with `synchronous = NORMAL`: a commit is in the operating
//! system's hands before the answer goes out, so a crash or kill of the process loses nothing that
//! was acknowledged. A power cut can lose the last commits since a checkpoint, never the file's
//! consistency; `FULL` would close that gap at the price of a disk flush for every batch. Who needs
//! more than that needs another machine, and uses Redis.

use super::{Store, StoreError};
use anyhow::{Context, Result};
use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, params};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::task::block_in_place;
use wasmtime_wasi::async_trait;

const GET: &str = "SELECT value FROM spin_key_value WHERE store = ?1 AND key = ?2";
const SET: &str = "INSERT INTO spin_key_value (store, key, value) VALUES (?1, ?2, ?3)
    ON CONFLICT (store, key) DO UPDATE SET value = excluded.value";
const DELETE: &str = "DELETE FROM spin_key_value WHERE store = ?1 AND key = ?2";

/// For another process that holds the file's write lock, a second `loadgate` or `spin`.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

/// Methods need a multi-threaded tokio runtime: they block the thread they run on.
pub struct Sqlite {
    writer: Mutex<Connection>,
    /// Readers do not wait for writers in a write-ahead log, and each sees all that was committed
    /// before it began.
    reader: Mutex<Connection>,
}

impl Sqlite {
    /// Opens or creates the file. Its folder must exist.
    pub fn open(path: &str) -> Result<Self> {
        let open = || -> Result<Connection> {
            let connection = Connection::open(path).with_context(|| format!("cannot open {path}"))?;
            connection.busy_timeout(BUSY_TIMEOUT)?;
            connection.pragma_update(None, "synchronous", "NORMAL")?;
            connection.set_prepared_statement_cache_capacity(8);
            Ok(connection)
        };
        let writer = open()?;
        writer
            .pragma_update(None, "journal_mode", "WAL")
            .with_context(|| format!("{path} is no SQLite file that can be written"))?;
        // After a burst the log shrinks back to this.
        writer.pragma_update(None, "journal_size_limit", 64 * 1024 * 1024)?;
        writer.execute(
            "CREATE TABLE IF NOT EXISTS spin_key_value (
                store TEXT NOT NULL,
                key   TEXT NOT NULL,
                value BLOB NOT NULL,
                PRIMARY KEY (store, key)
            )",
            [],
        )?;
        Ok(Sqlite { writer: Mutex::new(writer), reader: Mutex::new(open()?) })
    }

    fn read<T>(&self, read: impl FnOnce(&Transaction) -> rusqlite::Result<T>) -> Result<T, StoreError> {
        block_in_place(|| {
            let mut connection = lock(&self.reader);
            let transaction = connection.transaction().map_err(failed)?;
            read(&transaction).map_err(failed)
        })
    }

    /// A transaction that takes the write lock first: one that reads and then writes could
    /// otherwise not wait for its turn.
    fn write<T>(&self, write: impl FnOnce(&Transaction) -> Result<T, StoreError>) -> Result<T, StoreError> {
        block_in_place(|| {
            let mut connection = lock(&self.writer);
            let transaction =
                connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failed)?;
            let result = write(&transaction)?;
            transaction.commit().map_err(failed)?;
            Ok(result)
        })
    }
}

fn lock(connection: &Mutex<Connection>) -> MutexGuard<'_, Connection> {
    // A transaction that a panic left behind was rolled back when it was dropped.
    connection.lock().unwrap_or_else(PoisonError::into_inner)
}

fn failed(error: rusqlite::Error) -> StoreError {
    StoreError(format!("SQLite: {error}"))
}

fn get(transaction: &Transaction, store: &str, key: &str) -> rusqlite::Result<Option<Vec<u8>>> {
    transaction.prepare_cached(GET)?.query_row([store, key], |row| row.get(0)).optional()
}

fn set(transaction: &Transaction, store: &str, key: &str, value: &[u8]) -> Result<(), StoreError> {
    let set = || transaction.prepare_cached(SET)?.execute(params![store, key, value]);
    set().map(drop).map_err(failed)
}

#[async_trait]
impl Store for Sqlite {
    async fn get(&self, store: &str, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        self.read(|transaction| get(transaction, store, key))
    }

    async fn get_many(&self, store: &str, keys: &[String]) -> Result<Vec<Option<Vec<u8>>>, StoreError> {
        self.read(|transaction| keys.iter().map(|key| get(transaction, store, key)).collect())
    }

    async fn set(&self, store: &str, key: &str, value: &[u8]) -> Result<(), StoreError> {
        self.write(|transaction| set(transaction, store, key, value))
    }

    async fn set_many(&self, store: &str, entries: &[(String, Vec<u8>)]) -> Result<(), StoreError> {
        self.write(|transaction| {
            entries.iter().try_for_each(|(key, value)| set(transaction, store, key, value))
        })
    }

    async fn delete_many(&self, store: &str, keys: &[String]) -> Result<(), StoreError> {
        self.write(|transaction| {
            let mut delete = transaction.prepare_cached(DELETE).map_err(failed)?;
            keys.iter().try_for_each(|key| delete.execute([store, key]).map(drop).map_err(failed))
        })
    }

    async fn increment(&self, store: &str, key: &str, delta: i64) -> Result<i64, StoreError> {
        self.write(|transaction| {
            let counter = match get(transaction, store, key).map_err(failed)? {
                None => 0,
                Some(bytes) => bytes
                    .try_into()
                    .map(i64::from_le_bytes)
                    .map_err(|_| StoreError(format!("{key} holds a value, not a counter")))?,
            };
            let sum = counter
                .checked_add(delta)
                .ok_or_else(|| StoreError(format!("the counter {key} would pass its range")))?;
            set(transaction, store, key, &sum.to_le_bytes())?;
            Ok(sum)
        })
    }

    async fn close(&self) {
        // Leaves one file that can be copied. Another process that reads may prevent it, which
        // loses nothing: the log is part of the database.
        block_in_place(|| {
            let _ = lock(&self.writer).query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
        });
    }
}
