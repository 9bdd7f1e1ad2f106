//! The connection, and what it will commit together.

use super::{BUSY_TIMEOUT, Failure};
use rusqlite::{Connection, OptionalExtension, params};
use std::collections::BTreeMap;
use std::time::Duration;

const GET: &str = "SELECT value FROM spin_key_value WHERE store = ?1 AND key = ?2";
const SET: &str = "INSERT INTO spin_key_value (store, key, value) VALUES (?1, ?2, ?3)
    ON CONFLICT (store, key) DO UPDATE SET value = excluded.value";
const DELETE: &str = "DELETE FROM spin_key_value WHERE store = ?1 AND key = ?2";

/// More is not held back: memory stays flat, and a commit short.
const MOST_BYTES: usize = 1024 * 1024;

/// What is to become of a key.
enum Write {
    Value(Vec<u8>),
    Deleted,
    /// A counter that stands at `before` in the file.
    Counter {
        before: i64,
        now: i64,
    },
}

impl Write {
    fn value(&self) -> Option<Vec<u8>> {
        match self {
            Write::Value(value) => Some(value.clone()),
            Write::Deleted => None,
            Write::Counter { now, .. } => Some(now.to_le_bytes().to_vec()),
        }
    }
}

/// An open file, and writes that are not yet in it.
///
/// Writes gather until somebody asks for them to be committed, and go into the file as one transaction: a
/// page that several of them touch is written once, and so is a counter. From the first of them on the
/// file's write lock is held, so that no other process counts meanwhile, nor decides anything by what it does
/// not see yet. What is read is committed first: whatever anybody has seen outlives this process.
///
/// A commit that fails leaves the writes here, to be tried again; until that succeeds, new ones are refused.
pub(super) struct Database {
    connection: Connection,
    /// By label and key.
    writes: BTreeMap<String, BTreeMap<String, Write>>,
    bytes: usize,
    /// The last commit failed, and with it the lock was given up.
    failed: bool,
}

impl Database {
    pub(super) fn new(connection: Connection) -> Self {
        Database { connection, writes: BTreeMap::new(), bytes: 0, failed: false }
    }

    pub(super) fn connection(&self) -> &Connection {
        &self.connection
    }

    /// Whether there is anything to commit.
    fn is_dirty(&self) -> bool {
        !self.writes.is_empty()
    }

    /// Lets `act` wait for another process that holds the lock.
    pub(super) fn patiently<T>(
        &mut self,
        act: impl FnOnce(&mut Self) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        self.connection.busy_timeout(BUSY_TIMEOUT)?;
        let result = act(self);
        self.connection.busy_timeout(Duration::ZERO)?;
        result
    }

    pub(super) fn get(&mut self, store: &str, key: &str) -> Result<Option<Vec<u8>>, Failure> {
        if let Some(write) = self.written(store, key) {
            let value = write.value();
            // Where the disk does not take it, this process goes on by what it knows.
            let _ = self.commit();
            return Ok(value);
        }
        self.stored(store, key)
    }

    pub(super) fn get_many(&mut self, store: &str, keys: &[String]) -> Result<Vec<Option<Vec<u8>>>, Failure> {
        if keys.iter().any(|key| self.written(store, key).is_some()) {
            return keys.iter().map(|key| self.get(store, key)).collect();
        }
        let of_its_own = self.connection.is_autocommit();
        if of_its_own {
            self.connection.prepare_cached("BEGIN")?.execute([])?;
        }
        let values = keys.iter().map(|key| self.stored(store, key)).collect();
        if of_its_own {
            self.roll_back()?;
        }
        values
    }

    pub(super) fn set(&mut self, store: &str, key: &str, value: &[u8]) -> Result<(), Failure> {
        self.begin()?;
        self.write(store, key, Write::Value(value.to_vec()));
        self.bound()
    }

    pub(super) fn set_many(&mut self, store: &str, entries: &[(String, Vec<u8>)]) -> Result<(), Failure> {
        if entries.is_empty() {
            return Ok(());
        }
        self.begin()?;
        for (key, value) in entries {
            self.write(store, key, Write::Value(value.clone()));
        }
        self.bound()
    }

    pub(super) fn delete_many(&mut self, store: &str, keys: &[String]) -> Result<(), Failure> {
        if keys.is_empty() {
            return Ok(());
        }
        self.begin()?;
        for key in keys {
            self.write(store, key, Write::Deleted);
        }
        self.bound()
    }

    pub(super) fn increment(&mut self, store: &str, key: &str, delta: i64) -> Result<i64, Failure> {
        let result = self.count(store, key, delta);
        if result.is_err() && !self.is_dirty() {
            // Nothing was written for which the lock would be held.
            self.roll_back()?;
        }
        result
    }

    fn count(&mut self, store: &str, key: &str, delta: i64) -> Result<i64, Failure> {
        self.begin()?;
        let (before, now) = match self.written(store, key) {
            Some(&Write::Counter { before, now }) => (before, now),
            Some(_) => {
                // Set or deleted a moment ago: rare, and known once it is in the file.
                self.commit()?;
                return self.count(store, key, delta);
            }
            None => {
                let stored = self.counter(store, key)?;
                (stored, stored)
            }
        };
        let sum = now
            .checked_add(delta)
            .ok_or_else(|| Failure::Value(format!("the counter {key} would pass its range")))?;
        self.write(store, key, Write::Counter { before, now: sum });
        Ok(sum)
    }

    /// Brings the writes into the file.
    pub(super) fn commit(&mut self) -> Result<(), Failure> {
        if !self.is_dirty() {
            return Ok(());
        }
        let result = self.apply();
        self.failed = result.is_err();
        if self.failed {
            let _ = self.roll_back();
        } else {
            self.writes.clear();
            self.bytes = 0;
        }
        result
    }

    fn apply(&mut self) -> Result<(), Failure> {
        self.lock()?;
        for (store, writes) in &self.writes {
            for (key, write) in writes {
                match write {
                    Write::Value(value) => set(&self.connection, store, key, value)?,
                    Write::Deleted => {
                        self.connection.prepare_cached(DELETE)?.execute([store, key])?;
                    }
                    Write::Counter { before, now } => {
                        if self.failed && self.counter(store, key)? != *before {
                            return Err(Failure::Value(format!(
                                "another process counted on {key} while the disk took nothing from this one, which has \
                                 to be started again"
                            )));
                        }
                        set(&self.connection, store, key, &now.to_le_bytes())?;
                    }
                }
            }
        }
        self.connection.prepare_cached("COMMIT")?.execute([])?;
        Ok(())
    }

    /// A write may follow.
    fn begin(&mut self) -> Result<(), Failure> {
        if self.failed {
            self.commit()?;
        }
        self.lock()
    }

    /// Takes the file's write lock, unless it is ours.
    fn lock(&self) -> Result<(), Failure> {
        if self.connection.is_autocommit() {
            self.connection.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
        }
        Ok(())
    }

    fn roll_back(&self) -> Result<(), Failure> {
        if !self.connection.is_autocommit() {
            self.connection.prepare_cached("ROLLBACK")?.execute([])?;
        }
        Ok(())
    }

    fn write(&mut self, store: &str, key: &str, write: Write) {
        self.bytes += key.len() + if let Write::Value(value) = &write { value.len() } else { 0 };
        if !self.writes.contains_key(store) {
            self.writes.insert(store.to_owned(), BTreeMap::new());
        }
        let writes = self.writes.get_mut(store).expect("it was put there");
        writes.insert(key.to_owned(), write);
    }

    fn bound(&mut self) -> Result<(), Failure> {
        if self.bytes > MOST_BYTES { self.commit() } else { Ok(()) }
    }

    fn written(&self, store: &str, key: &str) -> Option<&Write> {
        self.writes.get(store)?.get(key)
    }

    fn counter(&self, store: &str, key: &str) -> Result<i64, Failure> {
        let Some(bytes) = self.stored(store, key)? else { return Ok(0) };
        let counter = bytes.try_into().map(i64::from_le_bytes);
        counter.map_err(|_| Failure::Value(format!("{key} holds a value, not a counter")))
    }

    fn stored(&self, store: &str, key: &str) -> Result<Option<Vec<u8>>, Failure> {
        Ok(self.connection.prepare_cached(GET)?.query_row([store, key], |row| row.get(0)).optional()?)
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let _ = self.commit();
    }
}

fn set(connection: &Connection, store: &str, key: &str, value: &[u8]) -> Result<(), Failure> {
    connection.prepare_cached(SET)?.execute(params![store, key, value])?;
    Ok(())
}
