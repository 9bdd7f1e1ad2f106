//! The server's log on standard error: lines with time and level, at a bounded rate over all instances.

use loadgate_journal::{Journal, Level};
use std::io;
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::{SystemTime, UNIX_EPOCH};
use tokio::io::AsyncWrite;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};

static JOURNAL: Mutex<Journal> = Mutex::new(Journal::new());

/// Something went wrong that the operator should know of.
pub(crate) fn error(sentence: &str) {
    let now_ms = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_millis());
    let now_ms = u64::try_from(now_ms).unwrap_or(u64::MAX);
    let line = JOURNAL.lock().unwrap_or_else(PoisonError::into_inner).line(now_ms, Level::Error, sentence);
    if let Some(line) = line {
        let time = jiff::Timestamp::now().strftime("%Y-%m-%d %H:%M:%S UTC");
        eprintln!("{time} {line}");
    }
}

/// Standard error of the components. Each instance bounds what it says; here, all together.
pub(crate) struct Components;

impl IsTerminal for Components {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for Components {
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        Box::new(Lines::default())
    }
}

/// Longer lines are cut: what a component says when it fails has no limit of its own.
const LINE_BYTES: usize = 4_096;

#[derive(Default)]
struct Lines {
    begun: Vec<u8>,
}

impl Lines {
    fn end_line(&mut self) {
        let line = String::from_utf8_lossy(&self.begun).into_owned();
        self.begun.clear();
        if !line.trim().is_empty() {
            error(sentence(&line));
        }
    }
}

/// A component's own time and level go: they are given anew, and would make every line another.
fn sentence(line: &str) -> &str {
    [" ERROR ", " WARN "]
        .into_iter()
        .filter_map(|level| line.split_once(level))
        .find(|(time, _)| time.len() == "2026-11-25 23:55:00 UTC".len() && time.ends_with("UTC"))
        .map_or(line, |(_, sentence)| sentence)
}

impl AsyncWrite for Lines {
    fn poll_write(mut self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        for &byte in bytes {
            match byte {
                b'\n' => self.end_line(),
                byte if self.begun.len() < LINE_BYTES => self.begun.push(byte),
                _ => {}
            }
        }
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.end_line();
        Poll::Ready(Ok(()))
    }
}

impl Drop for Lines {
    fn drop(&mut self) {
        self.end_line();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_components_line_loses_its_own_time_and_level() {
        assert_eq!(sentence("2026-11-25 23:55:00 UTC ERROR folding a: full"), "folding a: full");
        assert_eq!(sentence("thread panicked ERROR at"), "thread panicked ERROR at");
    }
}
