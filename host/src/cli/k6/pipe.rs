//! k6's samples from a named pipe to the server, without ever making k6 wait.
//!
//! One thread does nothing but read the pipe into a bounded queue, and drops what does not fit;
//! another sends the queue as numbered batches.

use crate::cli::client::{Client, Receipt};
use crate::cli::upload::{BATCH_BYTES, Failure, Upload, lines};
use anyhow::{Context, Result};
use nix::sys::stat::Mode;
use nix::unistd::mkfifo;
use std::fs::{File, OpenOptions};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// What waits for the server at most: some minutes of a busy test.
const QUEUE_BYTES: usize = 64 * 1024 * 1024;
/// A batch that has not reached its size goes after this.
const PACE: Duration = Duration::from_secs(1);
/// While the test runs, a batch that the server does not take is tried for so long; the queue holds
/// what comes meanwhile.
const PATIENCE: Duration = Duration::from_secs(60);
/// After the test, all that waits has so long together: nobody sits before a terminal that a dead server
/// holds.
const LAST_PATIENCE: Duration = Duration::from_secs(3);

/// What became of the samples.
#[derive(Default)]
pub(super) struct Sent {
    pub receipt: Receipt,
    /// Lines that the server did not get.
    pub dropped: u64,
    /// Why, the first time.
    pub trouble: Option<String>,
}

impl Sent {
    /// What of the samples did not reach the server, or is not known to have; a sentence.
    pub(super) fn lost(&self) -> Option<String> {
        match (self.dropped, &self.trouble) {
            (0, None) => None,
            (0, Some(why)) => Some(format!("The server did not take everything: {why}.")),
            (1, _) => Some("1 line of samples did not reach the server.".to_owned()),
            (lines, _) => Some(format!("{lines} lines of samples did not reach the server.")),
        }
    }
}

/// The reading end of k6's output.
pub(super) struct Tail {
    path: PathBuf,
    /// Keeps the pipe open until k6 has ended, whether or not k6 ever opens it.
    keeper: Option<File>,
    reader: JoinHandle<()>,
    uploader: JoinHandle<Sent>,
    queue: Arc<Queue>,
    _folder: TempDir,
}

impl Tail {
    /// Makes the pipe and begins to read it. Without a client all is dropped, silently.
    pub(super) fn start(client: Option<Client>, source: &str, test: &str) -> Result<Self> {
        // Only its owner sees into a temporary folder.
        let folder = tempfile::Builder::new().prefix("loadgate-k6-").tempdir()?;
        let path = folder.path().join("samples.json");
        mkfifo(&path, Mode::S_IRUSR | Mode::S_IWUSR).context("named pipes are not offered here")?;
        // Opened for both directions a pipe waits for nobody; with that, neither does the next.
        let keeper = OpenOptions::new().read(true).write(true).open(&path)?;
        let pipe = File::open(&path)?;
        let queue = Arc::new(Queue::default());
        let reader = std::thread::spawn({
            let queue = queue.clone();
            move || drain(pipe, &queue)
        });
        let uploader = std::thread::spawn({
            let queue = queue.clone();
            let upload = client.map(|client| Upload::new(client, source.to_owned(), test, None, false));
            move || send(&queue, upload, LAST_PATIENCE)
        });
        Ok(Tail { path, keeper: Some(keeper), reader, uploader, queue, _folder: folder })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Tells the name under which the server takes the samples, once it has said so: a run's, or the test's.
    pub(super) fn heard(&self) -> impl Fn() -> Option<String> + Send + use<> {
        let queue = self.queue.clone();
        move || queue.lock().heard.clone()
    }

    /// k6 has ended: waits until the rest is read and sent.
    pub(super) fn end(mut self) -> Sent {
        // The last writer goes, so the reader comes to the end.
        self.keeper = None;
        let _ = self.reader.join();
        self.queue.close();
        let mut sent = self.uploader.join().unwrap_or_default();
        sent.dropped += self.queue.lock().dropped;
        sent
    }
}

/// Whole lines on their way from the pipe to the server.
#[derive(Default)]
struct Queue {
    state: Mutex<State>,
    news: Condvar,
}

#[derive(Default)]
struct State {
    waiting: Vec<u8>,
    /// When k6 had ended and all was read.
    closed: Option<Instant>,
    dropped: u64,
    /// Under what name the server takes them.
    heard: Option<String>,
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, State> {
        // Nobody who holds it can panic half-way through a change.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Never waits for the uploader: what does not fit is dropped and counted.
    fn push(&self, whole_lines: &[u8]) {
        let mut state = self.lock();
        if state.waiting.len() + whole_lines.len() > QUEUE_BYTES {
            state.dropped += lines(whole_lines);
        } else {
            state.waiting.extend_from_slice(whole_lines);
        }
        let ready = state.waiting.len() >= BATCH_BYTES;
        drop(state);
        if ready {
            self.news.notify_one();
        }
    }

    fn close(&self) {
        self.lock().closed = Some(Instant::now());
        self.news.notify_one();
    }

    /// The next batch: at least [`BATCH_BYTES`] where more waits, else what came within [`PACE`].
    /// `None` at the end of all.
    fn next(&self) -> Option<Vec<u8>> {
        let mut state = self.lock();
        loop {
            let began = Instant::now();
            while state.waiting.len() < BATCH_BYTES && state.closed.is_none() {
                let left = PACE.saturating_sub(began.elapsed());
                if left.is_zero() {
                    break;
                }
                state = self.news.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
            }
            if !state.waiting.is_empty() {
                return Some(cut(&mut state.waiting));
            }
            if state.closed.is_some() {
                return None;
            }
        }
    }
}

/// Takes whole lines off the front, up to the end of the line that reaches the size.
fn cut(waiting: &mut Vec<u8>) -> Vec<u8> {
    let end = waiting
        .get(BATCH_BYTES..)
        .and_then(|rest| rest.iter().position(|byte| *byte == b'\n'))
        .map_or(waiting.len(), |position| BATCH_BYTES + position + 1);
    let rest = waiting.split_off(end);
    std::mem::replace(waiting, rest)
}

/// Reads until the last writer has gone.
fn drain(mut pipe: impl Read, queue: &Queue) {
    let mut buffer = vec![0; 256 * 1024];
    let mut kept = 0;
    loop {
        match pipe.read(&mut buffer[kept..]) {
            Ok(0) => break,
            Ok(read) => {
                let filled = kept + read;
                let whole = buffer[kept..filled]
                    .iter()
                    .rposition(|byte| *byte == b'\n')
                    .map_or(0, |end| kept + end + 1);
                if whole > 0 {
                    queue.push(&buffer[..whole]);
                }
                buffer.copy_within(whole..filled, 0);
                kept = filled - whole;
                if kept == buffer.len() {
                    buffer.resize(kept * 2, 0);
                }
            }
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(_) => break,
        }
    }
    if kept > 0 {
        // k6 was killed in mid-line: the server says what it makes of it.
        buffer.truncate(kept);
        buffer.push(b'\n');
        queue.push(&buffer);
    }
}

fn send(queue: &Queue, mut upload: Option<Upload>, last_patience: Duration) -> Sent {
    let mut sent = Sent::default();
    while let Some(batch) = queue.next() {
        let Some(upload) = &mut upload else { continue };
        let began = Instant::now();
        // k6 may end while a batch is tried: then nobody waits for it any longer than for the rest.
        let deadline = || match queue.lock().closed {
            Some(closed) => closed + last_patience,
            None => began + PATIENCE,
        };
        if let Err(Failure::Refused(why) | Failure::Unreachable(why)) = upload.send(&batch, deadline) {
            sent.dropped += lines(&batch);
            sent.trouble.get_or_insert(why);
        }
        queue.lock().heard = upload.total.run.clone().or_else(|| upload.total.test.clone());
    }
    if let Some(upload) = upload {
        sent.receipt = upload.total;
    }
    sent
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn waiting(queue: &Queue) -> String {
        String::from_utf8(queue.lock().waiting.clone()).unwrap()
    }

    #[test]
    fn only_whole_lines_enter_the_queue_however_the_pipe_cuts_them() {
        struct Bytewise(std::collections::VecDeque<u8>);
        impl Read for Bytewise {
            fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
                Ok(self.0.pop_front().map_or(0, |byte| {
                    buffer[0] = byte;
                    1
                }))
            }
        }
        let long = "x".repeat(300 * 1024);
        let text = format!("one\n{long}\ntwo\ncut off");
        let queue = Queue::default();
        drain(Bytewise(text.bytes().collect()), &queue);
        assert_eq!(waiting(&queue), text + "\n");
    }

    #[test]
    fn a_full_queue_drops_and_counts_and_never_waits() {
        let queue = Queue::default();
        let line = [vec![b'x'; 1024 * 1024 - 1], vec![b'\n']].concat();
        for _ in 0..70 {
            queue.push(&line);
        }
        assert_eq!(queue.lock().waiting.len(), QUEUE_BYTES);
        assert_eq!(queue.lock().dropped, 6);
    }

    #[test]
    fn batches_are_whole_lines_and_all_of_them() {
        let queue = Queue::default();
        let line = [vec![b'x'; 700_000], vec![b'\n']].concat();
        (0..5).for_each(|_| queue.push(&line));
        queue.close();
        let mut sizes = Vec::new();
        while let Some(batch) = queue.next() {
            assert!(batch.ends_with(b"\n"));
            sizes.push(lines(&batch));
        }
        assert_eq!(sizes, [2, 2, 1]);
    }

    #[test]
    fn a_pipe_that_nobody_opens_ends_and_one_without_a_server_is_drained() {
        let tail = Tail::start(None, "me", "shop").unwrap();
        assert_eq!(tail.end().dropped, 0);

        let tail = Tail::start(None, "me", "shop").unwrap();
        let mut k6 = OpenOptions::new().write(true).open(tail.path()).unwrap();
        // Far more than a pipe holds: this blocks for ever unless somebody reads.
        for _ in 0..1000 {
            k6.write_all(&[b'\n'; 4096]).unwrap();
        }
        drop(k6);
        tail.end();
    }

    #[test]
    fn samples_that_a_dead_server_never_took_are_counted() {
        let client = Client::new("http://127.0.0.1:1", None).unwrap();
        let queue = Queue::default();
        queue.push(b"one\ntwo\n");
        queue.close();
        let upload = Upload::new(client, "me".to_owned(), "shop", None, false);
        let sent = send(&queue, Some(upload), Duration::from_millis(100));
        assert_eq!(sent.dropped, 2);
        assert!(sent.trouble.is_some());
    }
}
