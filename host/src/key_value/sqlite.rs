//! One SQLite file: the default store.
//!
//! The table is Spin's own, so a file moves between `spin up` and `loadgate serve`:
//! `spin_key_value(store, key, value)`, a counter as little-endian 64-bit integer in `value`.
//!
//! The journal is a write-ahead log. A commit by itself is in the operating system's hands
//! (`synchronous = NORMAL`); [`Store::flush`], for which every answer to a change waits, brings the log to the
//! disk, once for all that wait at the moment. So ticket and record are one flush, two hundred writers do
//! not wait for two hundred, and what was acknowledged survives a power cut as with `FULL`. With
//! `LOADGATE_SYNC=normal` nobody waits: a power cut can then lose the last commits, never the file's
//! consistency; a crash or kill of the process loses nothing either way.
//!
//! The log is copied into the file by a thread of its own, off the way of requests.

use super::{Store, StoreError};
use anyhow::{Context, Result, bail};
use rusqlite::{Connection, ErrorCode, OptionalExtension, TransactionBehavior, params};
use std::fs::File;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};
use std::time::Duration;
use tokio::task::block_in_place;
use wasmtime_wasi::async_trait;

const GET: &str = "SELECT value FROM spin_key_value WHERE store = ?1 AND key = ?2";
const SET: &str = "INSERT INTO spin_key_value (store, key, value) VALUES (?1, ?2, ?3)
    ON CONFLICT (store, key) DO UPDATE SET value = excluded.value";
const DELETE: &str = "DELETE FROM spin_key_value WHERE store = ?1 AND key = ?2";

/// The log is copied into the file once it has grown so large; pages that are written again and again
/// until then are copied once.
const CHECKPOINT_BYTES: u64 = 16 * 1024 * 1024;
const CHECKPOINT_LOOK: Duration = Duration::from_millis(500);

/// For another process that holds the file's write lock, a second `loadgate` or `spin`.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

/// Methods need a multi-threaded tokio runtime: they block the thread they run on.
pub struct Sqlite {
    writer: Mutex<Connection>,
    /// Readers do not wait for writers in a write-ahead log, and each sees all that was committed
    /// before it began.
    reader: Mutex<Connection>,
    /// Absent: nobody waits for the disk.
    durable: Option<Durable>,
    /// Dropped with the store, which ends the thread that copies the log.
    _checkpoints: mpsc::Sender<()>,
}

/// Brings the write-ahead log to the disk.
struct Durable {
    log: PathBuf,
    /// Flushes asked for so far.
    asked: AtomicU64,
    /// Those that are done, and the log's file once it is there.
    done: tokio::sync::Mutex<(u64, Option<Arc<File>>)>,
}

impl Durable {
    async fn flush(&self) -> std::io::Result<()> {
        let own = self.asked.fetch_add(1, Ordering::AcqRel) + 1;
        let mut done = self.done.lock().await;
        if done.0 >= own {
            // One that began after our writes is over.
            return Ok(());
        }
        let covers = self.asked.load(Ordering::Acquire);
        let (path, file) = (self.log.clone(), done.1.clone());
        let file = tokio::task::spawn_blocking(move || {
            // Kept open: SQLite never replaces it while it has the database open.
            let file = file.map_or_else(|| File::open(path).map(Arc::new), Ok)?;
            file.sync_data().map(|()| file)
        })
        .await
        .map_err(std::io::Error::other)??;
        *done = (covers, Some(file));
        Ok(())
    }
}

/// Whether answers wait for the disk: `full` (the default) or `normal`.
const SYNC: &str = "LOADGATE_SYNC";

fn waits_for_disk() -> Result<bool> {
    match std::env::var(SYNC).unwrap_or_default().as_str() {
        "" | "full" => Ok(true),
        "normal" => Ok(false),
        other => bail!("{SYNC} is {other:?}; it is `full` or `normal`"),
    }
}

/// Copies the log into the file whenever it has grown, until the store is gone.
fn copy_log(connection: Connection, log: PathBuf, gone: mpsc::Receiver<()>) {
    while gone.recv_timeout(CHECKPOINT_LOOK) == Err(mpsc::RecvTimeoutError::Timeout) {
        if std::fs::metadata(&log).is_ok_and(|log| log.len() > CHECKPOINT_BYTES) {
            // First most of it, which hinders nobody; then the little that came meanwhile, so that the
            // log begins anew.
            for mode in ["PASSIVE", "RESTART"] {
                let _ = connection.query_row(&format!("PRAGMA wal_checkpoint({mode})"), [], |_| Ok(()));
            }
        }
    }
}

impl Sqlite {
    /// Opens or creates the file. Its folder must exist.
    pub fn open(path: &str) -> Result<Self> {
        let open = || -> Result<Connection> {
            let connection = Connection::open(path).with_context(|| format!("cannot open {path}"))?;
            connection.pragma_update(None, "synchronous", "NORMAL")?;
            connection.set_prepared_statement_cache_capacity(8);
            Ok(connection)
        };
        let writer = open()?;
        writer.busy_timeout(BUSY_TIMEOUT)?;
        writer
            .pragma_update(None, "journal_mode", "WAL")
            .with_context(|| format!("{path} is no SQLite file that can be written"))?;
        writer.pragma_update(None, "wal_autocheckpoint", 0)?;
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
        writer.busy_timeout(Duration::ZERO)?;
        let log = PathBuf::from(format!("{path}-wal"));
        let (checkpoints, gone) = mpsc::channel();
        let copier = open()?;
        copier.busy_timeout(BUSY_TIMEOUT)?;
        copier.pragma_update(None, "wal_autocheckpoint", 0)?;
        let copied = log.clone();
        std::thread::Builder::new()
            .name("sqlite-checkpoints".to_owned())
            .spawn(move || copy_log(copier, copied, gone))
            .context("cannot start a thread")?;
        let durable =
            waits_for_disk()?.then(|| Durable { log, asked: AtomicU64::new(0), done: Default::default() });
        let reader = Mutex::new(open()?);
        Ok(Sqlite { writer: Mutex::new(writer), reader, durable, _checkpoints: checkpoints })
    }

    fn read<T>(&self, read: impl Fn(&Connection) -> Result<T, Failure>) -> Result<T, StoreError> {
        attempt(&self.reader, |connection| {
            let transaction = connection.transaction()?;
            read(&transaction)
        })
    }

    /// A transaction that takes the write lock first: one that reads and then writes could
    /// otherwise not wait for its turn.
    fn write<T>(&self, write: impl Fn(&Connection) -> Result<T, Failure>) -> Result<T, StoreError> {
        attempt(&self.writer, |connection| {
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let result = write(&transaction)?;
            transaction.commit()?;
            Ok(result)
        })
    }
}

/// What an operation failed of.
enum Failure {
    Sqlite(rusqlite::Error),
    Value(String),
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        Failure::Sqlite(error)
    }
}

impl Failure {
    /// Another process holds the lock, and waiting for it was not allowed or too long.
    fn is_busy(&self) -> bool {
        matches!(self, Failure::Sqlite(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy))
    }
}

impl From<Failure> for StoreError {
    fn from(failure: Failure) -> Self {
        StoreError(match failure {
            Failure::Sqlite(error) => format!("SQLite: {error}"),
            Failure::Value(sentence) => sentence,
        })
    }
}

/// An operation takes some microseconds, fewer than to hand this thread's other tasks to another:
/// that is done only where there is somebody to wait for.
fn attempt<T>(
    connection: &Mutex<Connection>,
    act: impl Fn(&mut Connection) -> Result<T, Failure>,
) -> Result<T, StoreError> {
    if let Ok(mut connection) = connection.try_lock() {
        match act(&mut connection) {
            Err(failure) if failure.is_busy() => {}
            result => return Ok(result?),
        }
    }
    block_in_place(|| {
        let mut connection = lock(connection);
        connection.busy_timeout(BUSY_TIMEOUT).map_err(Failure::from)?;
        let result = act(&mut connection);
        connection.busy_timeout(Duration::ZERO).map_err(Failure::from)?;
        Ok(result?)
    })
}

fn lock(connection: &Mutex<Connection>) -> MutexGuard<'_, Connection> {
    // A transaction that a panic left behind was rolled back when it was dropped.
    connection.lock().unwrap_or_else(PoisonError::into_inner)
}

fn get(connection: &Connection, store: &str, key: &str) -> Result<Option<Vec<u8>>, Failure> {
    Ok(connection.prepare_cached(GET)?.query_row([store, key], |row| row.get(0)).optional()?)
}

fn set(connection: &Connection, store: &str, key: &str, value: &[u8]) -> Result<(), Failure> {
    connection.prepare_cached(SET)?.execute(params![store, key, value])?;
    Ok(())
}

#[async_trait]
impl Store for Sqlite {
    async fn get(&self, store: &str, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        attempt(&self.reader, |connection| get(connection, store, key))
    }

    async fn get_many(&self, store: &str, keys: &[String]) -> Result<Vec<Option<Vec<u8>>>, StoreError> {
        self.read(|connection| keys.iter().map(|key| get(connection, store, key)).collect())
    }

    async fn set(&self, store: &str, key: &str, value: &[u8]) -> Result<(), StoreError> {
        attempt(&self.writer, |connection| set(connection, store, key, value))
    }

    async fn set_many(&self, store: &str, entries: &[(String, Vec<u8>)]) -> Result<(), StoreError> {
        self.write(|connection| {
            entries.iter().try_for_each(|(key, value)| set(connection, store, key, value))
        })
    }

    async fn delete_many(&self, store: &str, keys: &[String]) -> Result<(), StoreError> {
        self.write(|connection| {
            let mut delete = connection.prepare_cached(DELETE)?;
            Ok(keys.iter().try_for_each(|key| delete.execute([store, key]).map(drop))?)
        })
    }

    async fn increment(&self, store: &str, key: &str, delta: i64) -> Result<i64, StoreError> {
        self.write(|connection| {
            let counter = match get(connection, store, key)? {
                None => 0,
                Some(bytes) => bytes
                    .try_into()
                    .map(i64::from_le_bytes)
                    .map_err(|_| Failure::Value(format!("{key} holds a value, not a counter")))?,
            };
            let sum = counter
                .checked_add(delta)
                .ok_or_else(|| Failure::Value(format!("the counter {key} would pass its range")))?;
            set(connection, store, key, &sum.to_le_bytes())?;
            Ok(sum)
        })
    }

    async fn flush(&self) -> Result<(), StoreError> {
        match &self.durable {
            Some(durable) => durable
                .flush()
                .await
                .map_err(|error| StoreError(format!("the disk did not take the log: {error}"))),
            None => Ok(()),
        }
    }

    async fn close(&self) {
        // Leaves one file that can be copied. Another process that reads may prevent it, which
        // loses nothing: the log is part of the database.
        block_in_place(|| {
            let _ = lock(&self.writer).query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
        });
    }
}
