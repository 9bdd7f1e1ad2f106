//! Numbered batches of k6 JSON lines: the server counts each once, however often it is sent.

use super::client::{Client, LineError, Receipt, encoded};
use anyhow::Result;
use backon::{BackoffBuilder, ExponentialBuilder};
use flate2::Compression;
use flate2::write::GzEncoder;
use std::fmt::Write as _;
use std::io::Write as _;
use std::time::{Duration, Instant};
use uuid::Uuid;

/// A batch ends with the line that reaches this.
pub(super) const BATCH_BYTES: usize = 1024 * 1024;

/// Refused lines that are remembered with their reason.
const REASONS: usize = 10;

/// Between two attempts: doubled from the first to the last.
const PAUSE_MOST: Duration = Duration::from_secs(5);
const PAUSES: ExponentialBuilder = ExponentialBuilder::new()
    .with_min_delay(Duration::from_millis(200))
    .with_max_delay(PAUSE_MOST)
    .without_max_times();

/// A name for whoever sends that no two processes share, on whatever machine: a sequence is counted
/// within its source.
pub(super) fn source() -> String {
    format!("loadgate-{}", Uuid::new_v4())
}

/// Sends batches of one source, in order, and adds up the receipts.
pub(super) struct Upload {
    client: Client,
    target: String,
    source: String,
    sequence: u64,
    /// Lines sent before this batch, to number errors within the whole.
    lines: u64,
    pub total: Receipt,
}

/// Why a batch did not arrive.
#[derive(Debug)]
pub(super) enum Failure {
    /// The server refuses it for good, with this sentence.
    Refused(String),
    /// Nobody took it in time.
    Unreachable(String),
}

impl Upload {
    /// `run` names the run, where it has a name; `source` is of [`source`].
    pub(super) fn new(client: Client, source: String, test: &str, run: Option<&str>, import: bool) -> Self {
        let mut target = format!("/ingest?test={}", encoded(test));
        if let Some(run) = run {
            let _ = write!(target, "&run={}", encoded(run));
        }
        if import {
            target.push_str("&import=1");
        }
        Upload { client, target, source, sequence: 0, lines: 0, total: Receipt::default() }
    }

    /// Sends whole lines; tries again until `deadline`, which may move, while the server does not
    /// answer or is not ready.
    pub(super) fn send(&mut self, batch: &[u8], deadline: impl Fn() -> Instant) -> Result<(), Failure> {
        self.sequence += 1;
        let sequence = self.sequence.to_string();
        // On one machine compressing costs more than it saves; over a network it is the other way
        // round: k6's lines shrink to a twentieth.
        let packed = if self.client.is_local() { None } else { Some(packed(batch)) };
        let mut headers = vec![
            ("content-type", "application/x-ndjson"),
            ("x-loadgate-source", self.source.as_str()),
            ("x-loadgate-sequence", sequence.as_str()),
        ];
        if packed.is_some() {
            headers.push(("content-encoding", "gzip"));
        }
        let body = packed.as_deref().unwrap_or(batch);
        let mut pauses = PAUSES.build();
        let receipt = loop {
            let trouble = match self.client.send("POST", &self.target, &headers, body) {
                Ok(answer) => match (serde_json::from_slice::<Receipt>(&answer.body), answer.status) {
                    // 400 comes with a receipt when some lines were wrong: the others count.
                    (Ok(receipt), 200..=299) => break receipt,
                    (Ok(receipt), 400) if receipt.accepted + receipt.refused > 0 => break receipt,
                    (_, 408 | 425 | 429 | 500..) => answer.detail(),
                    _ => return Err(Failure::Refused(answer.detail())),
                },
                Err(error) => format!("{error:#}"),
            };
            let pause = pauses.next().unwrap_or(PAUSE_MOST);
            if Instant::now() + pause >= deadline() {
                return Err(Failure::Unreachable(trouble));
            }
            std::thread::sleep(pause);
        };
        self.add(receipt, lines(batch));
        Ok(())
    }

    fn add(&mut self, receipt: Receipt, lines: u64) {
        self.total.accepted += receipt.accepted;
        self.total.refused += receipt.refused;
        self.total.run = receipt.run.or(self.total.run.take());
        self.total.test = receipt.test.or(self.total.test.take());
        let room = REASONS.saturating_sub(self.total.errors.len());
        let before = self.lines;
        self.total.errors.extend(
            receipt
                .errors
                .into_iter()
                .take(room)
                .map(|error| LineError { line: before + error.line, reason: error.reason }),
        );
        self.lines += lines;
    }
}

/// Lines of a batch, the last one also without its end.
pub(super) fn lines(batch: &[u8]) -> u64 {
    let ends = batch.iter().filter(|byte| **byte == b'\n').count() as u64;
    ends + u64::from(batch.last().is_some_and(|byte| *byte != b'\n'))
}

fn packed(batch: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(batch.len() / 8), Compression::fast());
    // Writing to memory does not fail.
    let _ = encoder.write_all(batch);
    encoder.finish().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn receipts_add_up_and_number_errors_within_the_whole() {
        let client = Client::new("http://127.0.0.1:1", None).unwrap();
        let mut upload = Upload::new(client, source(), "a b", Some("i3"), true);
        assert_eq!(upload.target, "/ingest?test=a%20b&run=i3&import=1");
        let receipt = |run: Option<&str>, line| Receipt {
            test: Some("shop".to_owned()),
            run: run.map(str::to_owned),
            accepted: 9,
            refused: 1,
            errors: vec![LineError { line, reason: "no metric".into() }],
        };
        upload.add(receipt(Some("shop.i3"), 2), 10);
        upload.add(receipt(None, 5), 10);
        assert_eq!((upload.total.accepted, upload.total.refused), (18, 2));
        assert_eq!(upload.total.run.as_deref(), Some("shop.i3"));
        assert_eq!(upload.total.errors.iter().map(|error| error.line).collect::<Vec<_>>(), [2, 15]);
    }

    #[test]
    fn a_last_line_counts_without_its_end() {
        assert_eq!([lines(b""), lines(b"a\n"), lines(b"a\nb"), lines(b"a\nb\n")], [0, 1, 2, 2]);
    }

    #[test]
    fn a_server_that_is_not_there_costs_no_longer_than_the_deadline() {
        let client = Client::new("http://127.0.0.1:1", None).unwrap();
        let mut upload = Upload::new(client, source(), "shop", None, false);
        let sent = upload.send(b"{}\n", Instant::now);
        assert!(matches!(sent, Err(Failure::Unreachable(_))), "{sent:?}");
    }
}
