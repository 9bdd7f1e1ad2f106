//! Files that can only be read as a whole.

use crate::body::Body;
use crate::{Out, Reader, Wrong};
use jiff::Timestamp;
use serde::{Deserialize, Deserializer, de::Error as _};
use std::borrow::Cow;

/// Collects a file, then reads it.
pub(super) struct Document {
    body: Body,
    read: fn(&[u8], &mut dyn Out) -> Result<(), Wrong>,
}

impl Document {
    pub(super) fn new(read: fn(&[u8], &mut dyn Out) -> Result<(), Wrong>) -> Self {
        Document { body: Body::default(), read }
    }
}

impl Reader for Document {
    fn feed(&mut self, bytes: &[u8], _: &mut dyn Out) -> Result<(), Wrong> {
        self.body.feed(bytes)
    }

    fn finish(&mut self, out: &mut dyn Out) -> Result<(), Wrong> {
        (self.read)(&self.body.finish(), out)
    }
}

/// Reads JSON.
///
/// # Errors
///
/// With `not`, which says what the file is not, and where.
pub(super) fn json<'a, T: Deserialize<'a>>(bytes: &'a [u8], not: &'static str) -> Result<T, Wrong> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    serde_json::from_slice(bytes).map_err(|error| Wrong::with(not, error.to_string()))
}

/// A time as RFC 3339 writes it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moment(pub(super) Timestamp);

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: Deserializer<'de>>(json: D) -> Result<Self, D::Error> {
        let text = <Cow<'de, str>>::deserialize(json)?;
        text.parse().map(Moment).map_err(D::Error::custom)
    }
}
