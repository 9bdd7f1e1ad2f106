//! Tag sets in the order in which they come: a load generator writes all samples of a request with
//! the same tags, and the same requests one after the other again and again.

use super::session::Handle;
use memchr::arch::all::{is_equal, is_prefix};

/// Remembered tag sets. What is forgotten is read again.
const ENTRIES: usize = 64;

/// Recognises a tag set by its bytes: the last one, or the one that last came behind it.
#[derive(Debug, Default)]
pub(super) struct Recent {
    entries: Vec<Entry>,
    current: usize,
    /// Which entry is given up next.
    oldest: usize,
}

#[derive(Debug)]
struct Entry {
    bytes: Vec<u8>,
    handle: Handle,
    next: usize,
}

impl Recent {
    /// Handles are void.
    pub fn forget(&mut self) {
        *self = Recent::default();
    }

    /// The tag set that `text` begins with, if it is an expected one, and what follows it.
    #[inline]
    pub fn expect<'a>(&mut self, text: &'a [u8]) -> Option<(Handle, &'a [u8])> {
        let current = self.entries.get(self.current)?;
        let next = current.next;
        if is_prefix(text, &current.bytes) {
            return Some((current.handle, &text[current.bytes.len()..]));
        }
        let entry = self.entries.get(next).filter(|entry| is_prefix(text, &entry.bytes))?;
        self.current = next;
        Some((entry.handle, &text[entry.bytes.len()..]))
    }

    /// These bytes came now, and mean this tag set.
    pub fn learn(&mut self, bytes: &[u8], handle: Handle) {
        let before = self.current;
        let known = self.entries.iter().position(|entry| entry.handle == handle);
        self.current = known.unwrap_or_else(|| self.make_room());
        match self.entries.get_mut(self.current) {
            Some(entry) if known.is_some() && is_equal(&entry.bytes, bytes) => {}
            Some(entry) => *entry = Entry { bytes: bytes.to_vec(), handle, next: self.current },
            None => self.entries.push(Entry { bytes: bytes.to_vec(), handle, next: self.current }),
        }
        self.entries[before].next = self.current;
    }

    fn make_room(&mut self) -> usize {
        if self.entries.len() < ENTRIES {
            return self.entries.len();
        }
        self.oldest = (self.oldest + 1) % ENTRIES;
        self.oldest
    }
}
