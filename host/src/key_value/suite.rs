//! One suite, run against every store: what the log counts on.

use super::{Memory, Redis, Sqlite, Store};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tempfile::TempDir;

const LABEL: &str = "default";

fn keys(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| name.to_string()).collect()
}

/// `one` and `other` are two connections to the same store. What was flushed by one, the other sees.
async fn holds(one: Arc<dyn Store>, other: Arc<dyn Store>) {
    // What one connection wrote, the other reads; bytes come back as they were.
    let every_byte: Vec<u8> = (0..=255).collect();
    one.set(LABEL, "bytes", &every_byte).await.unwrap();
    one.flush().await.unwrap();
    assert_eq!(other.get(LABEL, "bytes").await.unwrap(), Some(every_byte));
    other.set(LABEL, "bytes", b"").await.unwrap();
    other.flush().await.unwrap();
    assert_eq!(one.get(LABEL, "bytes").await.unwrap(), Some(Vec::new()), "an empty value is a value");
    assert_eq!(one.get(LABEL, "missing").await.unwrap(), None);

    // get_many leaves nothing out and keeps the order asked for, doubles too.
    one.set_many(LABEL, &[("a".into(), b"1".to_vec()), ("c".into(), b"3".to_vec())]).await.unwrap();
    one.flush().await.unwrap();
    let found = other.get_many(LABEL, &keys(&["c", "b", "a", "c"])).await.unwrap();
    assert_eq!(found, [Some(b"3".to_vec()), None, Some(b"1".to_vec()), Some(b"3".to_vec())]);

    // Nothing at all is asked for and given.
    assert_eq!(one.get_many(LABEL, &[]).await.unwrap(), Vec::<Option<Vec<u8>>>::new());
    one.set_many(LABEL, &[]).await.unwrap();
    one.delete_many(LABEL, &[]).await.unwrap();

    // Deleting deletes what it names, and minds no missing key.
    one.delete_many(LABEL, &keys(&["a", "never"])).await.unwrap();
    one.flush().await.unwrap();
    assert_eq!(other.get_many(LABEL, &keys(&["a", "c"])).await.unwrap(), [None, Some(b"3".to_vec())]);

    // A value of the largest size that is ever written.
    let large = vec![7; 350_000];
    one.set(LABEL, "large", &large).await.unwrap();
    one.flush().await.unwrap();
    assert_eq!(other.get(LABEL, "large").await.unwrap(), Some(large));

    // Counters start at 0, go both ways, and no two adders get the same sum.
    assert_eq!(one.increment(LABEL, "counter", 0).await.unwrap(), 0);
    assert_eq!(one.increment(LABEL, "counter", 5).await.unwrap(), 5);
    assert_eq!(other.increment(LABEL, "counter", -2).await.unwrap(), 3);
    let adders = [one.clone(), other.clone(), one.clone(), other.clone()].map(|store| {
        tokio::spawn(async move {
            let mut sums = Vec::new();
            for _ in 0..50 {
                sums.push(store.increment(LABEL, "contended", 1).await.unwrap());
            }
            sums
        })
    });
    let mut sums = Vec::new();
    for adder in adders {
        sums.extend(adder.await.unwrap());
    }
    sums.sort_unstable();
    assert_eq!(sums, (1..=200).collect::<Vec<i64>>());

    // What is no counter is an error, and does no harm.
    one.set(LABEL, "text", b"not a number").await.unwrap();
    assert!(one.increment(LABEL, "text", 1).await.is_err());
    one.flush().await.unwrap();
    assert_eq!(other.get(LABEL, "text").await.unwrap(), Some(b"not a number".to_vec()));
    one.increment(LABEL, "full", i64::MAX).await.unwrap();
    assert!(one.increment(LABEL, "full", 1).await.is_err());
    assert_eq!(other.increment(LABEL, "full", 0).await.unwrap(), i64::MAX);
}

#[tokio::test(flavor = "multi_thread")]
async fn memory_holds_what_the_log_counts_on() {
    let store = Arc::new(Memory::default());
    holds(store.clone(), store).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sqlite_holds_what_the_log_counts_on() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("store.db");
    let open = || Arc::new(Sqlite::open(path.to_str().unwrap()).unwrap());
    holds(open(), open()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_of_sqlite_is_as_spin_writes_it() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("store.db");
    let store = Sqlite::open(path.to_str().unwrap()).unwrap();
    store.set(LABEL, "key", b"value").await.unwrap();
    store.increment(LABEL, "counter", 258).await.unwrap();
    store.close().await;
    let file = rusqlite::Connection::open(&path).unwrap();
    let value = |key: &str| -> Vec<u8> {
        file.query_row(
            "SELECT value FROM spin_key_value WHERE store = 'default' AND key = ?1",
            [key],
            |row| row.get(0),
        )
        .unwrap()
    };
    assert_eq!(value("key"), b"value");
    assert_eq!(value("counter"), [2, 1, 0, 0, 0, 0, 0, 0]);
    let log = std::fs::metadata(path.with_extension("db-wal")).map_or(0, |log| log.len());
    assert_eq!(log, 0, "closing leaves everything in the one file");
}

#[tokio::test(flavor = "multi_thread")]
async fn sqlite_keeps_stores_apart_and_survives_a_reopening() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("store.db");
    let store = Sqlite::open(path.to_str().unwrap()).unwrap();
    store.set("default", "key", b"mine").await.unwrap();
    store.set("other", "key", b"theirs").await.unwrap();
    drop(store);
    let store = Sqlite::open(path.to_str().unwrap()).unwrap();
    assert_eq!(store.get("default", "key").await.unwrap(), Some(b"mine".to_vec()));
}

/// A Redis on a socket in a temporary folder; ended when dropped.
struct Server {
    process: Child,
    folder: TempDir,
}

impl Server {
    fn start() -> Self {
        let folder = TempDir::new().unwrap();
        let process = Command::new("redis-server")
            .args(["--port", "0", "--unixsocket", "redis.sock", "--save", "", "--appendonly", "no"])
            .current_dir(folder.path())
            .stdout(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| {
                panic!("this test needs a Redis, and redis-server does not start ({error}): apt-get install redis-server")
            });
        let server = Server { process, folder };
        let deadline = Instant::now() + Duration::from_secs(10);
        while std::os::unix::net::UnixStream::connect(server.folder.path().join("redis.sock")).is_err() {
            assert!(Instant::now() < deadline, "redis-server did not start");
            std::thread::sleep(Duration::from_millis(10));
        }
        server
    }

    fn url(&self) -> String {
        format!("redis+unix://{}/redis.sock", self.folder.path().display())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn redis_holds_what_the_log_counts_on() {
    let server = Server::start();
    let url = server.url();
    let one = Arc::new(Redis::connect(&url).await.unwrap());
    let other = Arc::new(Redis::connect(&url).await.unwrap());
    holds(one.clone(), other).await;
    // As Spin keeps it: no prefix, a counter as decimal text.
    assert_eq!(one.get("any", "counter").await.unwrap(), Some(b"3".to_vec()));
}
