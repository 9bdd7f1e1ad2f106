//! Decodes gzip bodies (RFC 1952, several members allowed) as they arrive, in flat memory.

use super::Refusal;
use crate::limits::{EXPANSION_FREE_BYTES, EXPANSION_RATIO};
use flate2::write::MultiGzDecoder;
use std::io::Write;

/// Compressed bytes decoded at once. Deflate expands at most 1,032-fold, so this bounds what comes
/// out of one step to 1 MiB.
const STEP: usize = 1024;

#[derive(Debug)]
pub(crate) struct Gzip {
    decoder: MultiGzDecoder<Vec<u8>>,
    read: u64,
    written: u64,
}

impl Gzip {
    pub(super) fn new() -> Self {
        Gzip { decoder: MultiGzDecoder::new(Vec::new()), read: 0, written: 0 }
    }

    /// Decodes the first bytes of `bytes` and gives how many; [`Gzip::output`] has what they say.
    pub(super) fn step(&mut self, bytes: &[u8]) -> Result<usize, Refusal> {
        let step = &bytes[..bytes.len().min(STEP)];
        self.decoder.get_mut().clear();
        self.decoder.write_all(step).map_err(|_| {
            Refusal::Invalid("the body says that it is gzip, and is not, or is damaged".to_owned())
        })?;
        self.read += step.len() as u64;
        self.check()?;
        Ok(step.len())
    }

    /// Makes the decoder give out what it holds back.
    pub(super) fn flush(&mut self) -> Result<(), Refusal> {
        self.decoder.get_mut().clear();
        if self.read > 0 && self.decoder.header().is_some() {
            self.decoder.flush().map_err(|_| Refusal::Invalid("the gzip body is damaged".to_owned()))?;
        }
        self.check()
    }

    /// The end of the body: checks that it is whole.
    pub(super) fn finish(&mut self) -> Result<(), Refusal> {
        self.decoder.get_mut().clear();
        if self.read == 0 {
            return Ok(());
        }
        self.decoder.try_finish().map_err(|_| {
            Refusal::Invalid("the gzip body is cut off or its checksum does not match".to_owned())
        })?;
        self.check()
    }

    /// What the last call decoded.
    pub(super) fn output(&self) -> &[u8] {
        self.decoder.get_ref()
    }

    fn check(&mut self) -> Result<(), Refusal> {
        self.written += self.output().len() as u64;
        if self.written > EXPANSION_FREE_BYTES && self.written / EXPANSION_RATIO >= self.read {
            return Err(Refusal::TooLarge(format!(
                "the compressed body expands more than {EXPANSION_RATIO}-fold after its first {} MiB",
                EXPANSION_FREE_BYTES >> 20
            )));
        }
        Ok(())
    }
}
