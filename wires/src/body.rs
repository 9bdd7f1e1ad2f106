//! Bodies that can only be read as a whole.

use crate::Wrong;

/// A body that is longer, unpacked, is refused: exporters send some ten thousand series in a few megabytes.
pub const BODY_BYTES: usize = 16 << 20;

/// Collects a body.
#[derive(Debug, Default)]
pub(crate) struct Body {
    bytes: Vec<u8>,
}

impl Body {
    /// Takes the next bytes.
    pub(crate) fn feed(&mut self, bytes: &[u8]) -> Result<(), Wrong> {
        if bytes.len() > BODY_BYTES - self.bytes.len() {
            self.bytes = Vec::new();
            return Err(too_long());
        }
        self.bytes.extend_from_slice(bytes);
        Ok(())
    }

    /// All of it.
    pub(crate) fn finish(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.bytes)
    }
}

/// What is said of a longer one.
pub(crate) fn too_long() -> Wrong {
    Wrong::new(format!("the body is longer than {} MiB, and can only be read as a whole", BODY_BYTES >> 20))
}
