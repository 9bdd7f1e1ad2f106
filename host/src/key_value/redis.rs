//! One Redis, for several replicas of the host or Spin.
//!
//! As Spin keeps it: a key of the store is a key of Redis as it is, without a prefix or the
//! store's label, and a counter is a decimal number. Use a database of its own
//! (`redis://host:6379/3`). `rediss://` speaks TLS and trusts whom the system trusts (or `SSL_CERT_FILE`).
//!
//! What is acknowledged is as durable as that Redis is: with `appendonly yes`, and
//! `appendfsync always` where not even the last second may be lost.

use super::{Store, StoreError};
use anyhow::{Context, Result};
use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::{AsyncCommands, Client, RedisError};
use std::time::Duration;
use wasmtime_wasi::async_trait;

/// An answer that takes longer is none: the component says 503 and the client comes again.
const TIMEOUT: Duration = Duration::from_secs(10);

/// The scheme of a Redis as Spin has it.
pub(super) const AS_SPIN: &str = "redis+spin";

/// A Redis, or what speaks its protocol.
pub struct Redis {
    /// Reconnects by itself; clones share one connection and pipeline on it.
    connection: ConnectionManager,
    as_spin: bool,
}

impl Redis {
    /// Connects, so that a wrong address is said at start. `redis+spin:` behaves as Spin 4.1's own store
    /// on Redis does, which refuses to read several keys at once: what runs on it runs there.
    ///
    /// # Errors
    ///
    /// When that is no address, and when nobody answers there.
    pub async fn connect(url: &str) -> Result<Self> {
        let (url, as_spin) = match url.strip_prefix(AS_SPIN) {
            Some(rest) => (format!("redis{rest}"), true),
            None => (url.to_owned(), false),
        };
        let client = Client::open(url).context("this is no Redis URL")?;
        let config = ConnectionManagerConfig::new()
            .set_connection_timeout(Some(TIMEOUT))
            .set_response_timeout(Some(TIMEOUT))
            .set_number_of_retries(3);
        let connection =
            client.get_connection_manager_with_config(config).await.context("Redis does not answer")?;
        Ok(Redis { connection, as_spin })
    }
}

fn failed(error: RedisError) -> StoreError {
    StoreError(format!("Redis: {error}"))
}

#[async_trait]
impl Store for Redis {
    async fn get(&self, _: &str, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        self.connection.clone().get(key).await.map_err(failed)
    }

    async fn get_many(&self, _: &str, keys: &[String]) -> Result<Vec<Option<Vec<u8>>>, StoreError> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        if self.as_spin {
            let mut command = redis::cmd("KEYS");
            return command.arg(keys).query_async(&mut self.connection.clone()).await.map_err(failed);
        }
        self.connection.clone().mget(keys).await.map_err(failed)
    }

    async fn set(&self, _: &str, key: &str, value: &[u8]) -> Result<(), StoreError> {
        self.connection.clone().set(key, value).await.map_err(failed)
    }

    async fn set_many(&self, _: &str, entries: &[(String, Vec<u8>)]) -> Result<(), StoreError> {
        if entries.is_empty() {
            return Ok(());
        }
        self.connection.clone().mset(entries).await.map_err(failed)
    }

    async fn delete_many(&self, _: &str, keys: &[String]) -> Result<(), StoreError> {
        if keys.is_empty() {
            return Ok(());
        }
        self.connection.clone().del(keys).await.map_err(failed)
    }

    async fn increment(&self, _: &str, key: &str, delta: i64) -> Result<i64, StoreError> {
        self.connection.clone().incr(key, delta).await.map_err(failed)
    }
}
