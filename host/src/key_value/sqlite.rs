//! One SQLite file: the default store.
//!
//! The table is Spin's own, so a file moves between `spin up` and `loadgate serve`:
//! `spin_key_value(store, key, value)`, a counter as little-endian 64-bit integer in `value`.
//!
//! Writes gather until somebody waits for them or reads them, at the most 5 ms, and are one transaction then: see
//! [`Database`]. Who writes into the same file from another process waits so long.
//!
//! The journal is a write-ahead log. A commit by itself is in the operating system's hands
//! (`synchronous = NORMAL`); [`Store::flush`], for which every answer to a change waits, commits and brings the log
//! to the disk, once for all that wait at the moment. So ticket and record are one commit and one flush, two
//! hundred writers do not wait for two hundred, and what was acknowledged survives a power cut as with `FULL`. With
//! `LOADGATE_SYNC=normal` nobody waits for the disk: a power cut can then lose the last commits, never the file's
//! consistency; a crash or kill of the process loses nothing that anybody was told of either way.
//!
//! The log is copied into the file by a thread of its own, off the way of requests.

mod database;

use self::database::Database;
use super::{Store, StoreError};
use anyhow::{Context, Result, bail};
use rusqlite::{Connection, ErrorCode};
use std::fs::File;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};
use std::time::Duration;
use tokio::task::block_in_place;
use wasmtime_wasi::async_trait;

/// The log is copied into the file once it has grown so large; pages that are written again and again
/// until then are copied once.
const CHECKPOINT_BYTES: u64 = 16 * 1024 * 1024;
const CHECKPOINT_LOOK: Duration = Duration::from_millis(500);

/// For another process that holds the file's write lock, a second `loadgate` or `spin`.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

/// So long writes gather that nobody asks to be committed, and so long until a commit that failed is tried again.
const GATHERED: Duration = Duration::from_millis(5);
const RETRIED: Duration = Duration::from_secs(1);

/// Methods need a multi-threaded tokio runtime: they block the thread they run on.
pub struct Sqlite {
    database: Arc<Mutex<Database>>,
    /// A task is waiting to commit.
    committing: Arc<AtomicBool>,
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
    ///
    /// # Errors
    ///
    /// When it cannot be opened or written, is none of SQLite's, or `LOADGATE_SYNC` is no setting.
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
        let database = Arc::new(Mutex::new(Database::new(writer)));
        Ok(Sqlite { database, committing: Arc::default(), durable, _checkpoints: checkpoints })
    }

    /// A change, which is committed before long, whether anybody asks for that or not.
    fn write<T>(&self, write: impl Fn(&mut Database) -> Result<T, Failure>) -> Result<T, StoreError> {
        let result = attempt(&self.database, write)?;
        if !self.committing.swap(true, Ordering::AcqRel) {
            let (database, committing) = (Arc::downgrade(&self.database), self.committing.clone());
            tokio::spawn(async move {
                let mut pause = GATHERED;
                loop {
                    tokio::time::sleep(pause).await;
                    committing.store(false, Ordering::Release);
                    // One that is gone has committed.
                    let Some(database) = database.upgrade() else { break };
                    if attempt(&database, Database::commit).is_ok() {
                        break;
                    }
                    pause = RETRIED;
                }
            });
        }
        Ok(result)
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
    database: &Mutex<Database>,
    act: impl Fn(&mut Database) -> Result<T, Failure>,
) -> Result<T, StoreError> {
    if let Ok(mut database) = database.try_lock() {
        match act(&mut database) {
            Err(failure) if failure.is_busy() => {}
            result => return Ok(result?),
        }
    }
    Ok(block_in_place(|| lock(database).patiently(&act))?)
}

fn lock(database: &Mutex<Database>) -> MutexGuard<'_, Database> {
    database.lock().unwrap_or_else(PoisonError::into_inner)
}

#[async_trait]
impl Store for Sqlite {
    async fn get(&self, store: &str, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        attempt(&self.database, |database| database.get(store, key))
    }

    async fn get_many(&self, store: &str, keys: &[String]) -> Result<Vec<Option<Vec<u8>>>, StoreError> {
        attempt(&self.database, |database| database.get_many(store, keys))
    }

    async fn set(&self, store: &str, key: &str, value: &[u8]) -> Result<(), StoreError> {
        self.write(|database| database.set(store, key, value))
    }

    async fn set_many(&self, store: &str, entries: &[(String, Vec<u8>)]) -> Result<(), StoreError> {
        self.write(|database| database.set_many(store, entries))
    }

    async fn delete_many(&self, store: &str, keys: &[String]) -> Result<(), StoreError> {
        self.write(|database| database.delete_many(store, keys))
    }

    async fn increment(&self, store: &str, key: &str, delta: i64) -> Result<i64, StoreError> {
        self.write(|database| database.increment(store, key, delta))
    }

    async fn flush(&self) -> Result<(), StoreError> {
        attempt(&self.database, Database::commit)?;
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
            let mut database = lock(&self.database);
            let _ = database.patiently(Database::commit);
            let _ = database.connection().query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rusqlite::OptionalExtension;
    use tempfile::TempDir;

    const LABEL: &str = "default";

    fn open(folder: &TempDir) -> (Sqlite, Connection) {
        let path = folder.path().join("store.db");
        let store = Sqlite::open(path.to_str().unwrap()).unwrap();
        let beside = Connection::open(path).unwrap();
        (store, beside)
    }

    /// What is in the file, as another process sees it.
    fn seen(beside: &Connection, key: &str) -> Option<Vec<u8>> {
        let sql = "SELECT value FROM spin_key_value WHERE key = ?1";
        beside.query_row(sql, [key], |row| row.get(0)).optional().unwrap()
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn writes_gather_until_somebody_waits_for_them_or_reads_them_or_a_moment_has_passed() {
        let folder = TempDir::new().unwrap();
        let (store, beside) = open(&folder);

        store.set(LABEL, "read", b"1").await.unwrap();
        assert_eq!(store.get(LABEL, "read").await.unwrap(), Some(b"1".to_vec()));
        assert_eq!(seen(&beside, "read"), Some(b"1".to_vec()), "what was read outlives the process");

        assert_eq!(store.increment(LABEL, "counter", 2).await.unwrap(), 2);
        store.set_many(LABEL, &[("a".into(), b"1".to_vec()), ("b".into(), b"2".to_vec())]).await.unwrap();
        store.delete_many(LABEL, &["read".into(), "a".into()]).await.unwrap();
        store.flush().await.unwrap();
        assert_eq!(seen(&beside, "counter"), Some(2_i64.to_le_bytes().to_vec()));
        assert_eq!(["read", "a", "b"].map(|key| seen(&beside, key)), [None, None, Some(b"2".to_vec())]);

        store.set(LABEL, "unasked", b"1").await.unwrap();
        let deadline = std::time::Instant::now() + BUSY_TIMEOUT;
        while seen(&beside, "unasked").is_none() {
            assert!(std::time::Instant::now() < deadline, "what nobody waits for comes into the file");
            tokio::time::sleep(GATHERED).await;
        }
        // And the lock is free again.
        beside.execute("DELETE FROM spin_key_value WHERE key = 'unasked'", []).unwrap();
        assert!(store.increment(LABEL, "b", 1).await.is_err());
        beside.execute("DELETE FROM spin_key_value WHERE key = 'b'", []).unwrap();
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_disk_that_is_full_for_a_while_loses_nothing_and_gives_no_number_twice() {
        let folder = TempDir::new().unwrap();
        let (store, beside) = open(&folder);
        let allow = |pages: u32| {
            lock(&store.database).connection().pragma_update(None, "max_page_count", pages).unwrap();
        };
        assert_eq!(store.increment(LABEL, "tickets", 1).await.unwrap(), 1);
        store.flush().await.unwrap();

        allow(8);
        assert_eq!(store.increment(LABEL, "tickets", 1).await.unwrap(), 2);
        store.set(LABEL, "record/2", &[7; 100_000]).await.unwrap();
        let error = store.flush().await.unwrap_err();
        assert!(error.0.contains("full"), "{error}");
        assert!(store.increment(LABEL, "tickets", 1).await.is_err(), "nothing new is taken");
        assert!(store.set(LABEL, "record/3", b"").await.is_err());
        // This process goes on by what it knows; the others saw nothing of it.
        assert_eq!(store.get(LABEL, "record/2").await.unwrap().map(|value| value.len()), Some(100_000));
        assert_eq!(seen(&beside, "tickets"), Some(1_i64.to_le_bytes().to_vec()));

        allow(1_000_000);
        assert_eq!(store.increment(LABEL, "tickets", 1).await.unwrap(), 3);
        store.flush().await.unwrap();
        assert_eq!(seen(&beside, "record/2").map(|value| value.len()), Some(100_000));
        assert_eq!(seen(&beside, "tickets"), Some(3_i64.to_le_bytes().to_vec()));

        // Another process counts meanwhile: a number that both gave out must not be overwritten.
        allow(8);
        assert_eq!(store.increment(LABEL, "tickets", 1).await.unwrap(), 4);
        store.set(LABEL, "record/4", &[7; 5_000_000]).await.unwrap_err();
        let four = 4_i64.to_le_bytes().to_vec();
        beside.execute("UPDATE spin_key_value SET value = ?1 WHERE key = 'tickets'", [four]).unwrap();
        allow(1_000_000);
        for _ in 0..2 {
            let error = store.flush().await.unwrap_err();
            assert!(error.0.contains("another process"), "{error}");
        }
        assert_eq!(seen(&beside, "record/4"), None);
    }
}
