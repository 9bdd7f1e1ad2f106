//! The beginnings of lines of InfluxDB's that came before: what a known one says need not be read again.

use super::after;
use super::session::Handle;
use crate::aggregate::metrics::Metric;

/// Heads that are kept of a metric: generators write few, over and over, and to look at more takes longer than to
/// read the line.
const KEPT: usize = 8;

/// Everything between a line's metric and the number of its field `value`.
#[derive(Debug)]
struct Head {
    bytes: Vec<u8>,
    handle: Handle,
}

/// The heads that came last. It only saves work.
#[derive(Debug, Default)]
pub(super) struct Heads {
    heads: Vec<Head>,
    /// Of each metric, by its index: indices of heads, the newest first.
    of_metric: Vec<Vec<u32>>,
    /// The one of the last line.
    last: usize,
}

impl Heads {
    /// What follows a known head, which the line behind its metric begins with, and what the head stands for.
    #[inline(always)]
    pub(super) fn find<'a>(&mut self, metric: Metric, rest: &'a [u8]) -> Option<(Handle, &'a [u8])> {
        // The metrics of one request have all else alike.
        let last = self.heads.get(self.last)?;
        match after(rest, &last.bytes) {
            Some(tail) => Some((last.handle, tail)),
            None => self.find_older(metric, rest),
        }
    }

    fn find_older<'a>(&mut self, metric: Metric, rest: &'a [u8]) -> Option<(Handle, &'a [u8])> {
        let own = self.of_metric.get_mut(metric.index())?;
        let (at, tail) = own
            .iter()
            .enumerate()
            .find_map(|(at, head)| Some((at, after(rest, &self.heads[*head as usize].bytes)?)))?;
        own[..=at].rotate_right(1);
        self.last = own[0] as usize;
        Some((self.heads[self.last].handle, tail))
    }

    /// Keeps the head of a line that was read.
    pub(super) fn keep(&mut self, metric: Metric, bytes: &[u8], handle: Handle) {
        if self.of_metric.len() <= metric.index() {
            self.of_metric.resize_with(metric.index() + 1, Vec::new);
        }
        let own = &mut self.of_metric[metric.index()];
        if own.len() < KEPT {
            own.push(self.heads.len() as u32);
            self.heads.push(Head { bytes: bytes.to_vec(), handle });
        } else {
            let oldest = &mut self.heads[own[KEPT - 1] as usize];
            oldest.bytes.clear();
            oldest.bytes.extend_from_slice(bytes);
            oldest.handle = handle;
        }
        own.rotate_right(1);
        self.last = own[0] as usize;
    }

    /// What they stand for is void.
    pub(super) fn clear(&mut self) {
        self.heads.clear();
        self.of_metric.clear();
    }
}
