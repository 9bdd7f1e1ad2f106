//! How wires are read: bytes in as they come, points out.

use crate::{Point, Wrong};
use loadgate_documents::MetricKind;
use std::collections::BTreeMap;

/// A line or an element that is longer is refused.
pub const UNIT_BYTES: usize = 1 << 20;

/// Takes what a reader reads, unit by unit. A unit is what the protocol counts its errors by, from 1: a line, an
/// element, a data point.
pub trait Out {
    /// A good unit; it may say nothing.
    fn accept(&mut self, unit: u64, points: Vec<Point>);

    /// A good unit that is a whole histogram, where the protocol counts these apart.
    fn accept_histogram(&mut self, unit: u64, points: Vec<Point>) {
        self.accept(unit, points);
    }

    /// A unit that counts nowhere.
    fn refuse(&mut self, unit: u64, wrong: Wrong);

    /// Something about a good unit that its sender should mend.
    fn warn(&mut self, unit: u64, warning: Wrong);

    /// What a wire says of a metric apart from its points.
    fn declare(&mut self, _metric: &str, _kind: MetricKind) {}

    /// All limits of the run, before its points: expressions by metric or submetric, as k6 writes them.
    ///
    /// # Errors
    ///
    /// Where one of them is none.
    fn limits(&mut self, _limits: BTreeMap<String, Vec<String>>) -> Result<(), Wrong> {
        Ok(())
    }
}

/// Reads a wire. Keeps no more of a body than one unit, which is bounded.
pub trait Reader: Send {
    /// Tells the wall clock, Unix ms: for wires that bound their times by it.
    fn set_clock(&mut self, _now_ms: u64) {}

    /// Takes the next bytes.
    ///
    /// # Errors
    ///
    /// Where nothing that follows can be read; what came before stays read.
    fn feed(&mut self, bytes: &[u8], out: &mut dyn Out) -> Result<(), Wrong>;

    /// Nothing follows.
    ///
    /// # Errors
    ///
    /// Where the body ended in the middle.
    fn finish(&mut self, out: &mut dyn Out) -> Result<(), Wrong>;
}

/// Reads a wire whose units are lines.
pub trait LineReader {
    /// See [`Reader::set_clock`].
    fn set_clock(&mut self, _now_ms: u64) {}

    /// Takes a line that is not blank, without its end. `number` counts blank ones too.
    ///
    /// # Errors
    ///
    /// Where nothing that follows can be read, such as a header that is none.
    fn line(&mut self, number: u64, line: &[u8], out: &mut dyn Out) -> Result<(), Wrong>;
}

/// Cuts a body into lines, which end with LF or CR LF.
#[derive(Debug, Default)]
pub struct ByLine<R> {
    reader: R,
    /// The beginning of a line whose end has not come.
    open: Vec<u8>,
    /// That line is too long; the rest of it is passed over.
    too_long: bool,
    number: u64,
}

impl<R: LineReader> ByLine<R> {
    /// Gives lines to a reader.
    pub fn new(reader: R) -> Self {
        ByLine { reader, open: Vec::new(), too_long: false, number: 0 }
    }

    fn end_line(&mut self, rest: &[u8], out: &mut dyn Out) -> Result<(), Wrong> {
        self.number += 1;
        let whole = std::mem::take(&mut self.open);
        if std::mem::take(&mut self.too_long) || whole.len() + rest.len() > UNIT_BYTES {
            out.refuse(self.number, Wrong::new(format!("the line is longer than {UNIT_BYTES} bytes")));
            return Ok(());
        }
        let joined;
        let line = if whole.is_empty() {
            rest
        } else {
            joined = [&whole[..], rest].concat();
            &joined[..]
        };
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.iter().all(u8::is_ascii_whitespace) {
            return Ok(());
        }
        self.reader.line(self.number, line, out)
    }
}

impl<R: LineReader + Send> Reader for ByLine<R> {
    fn set_clock(&mut self, now_ms: u64) {
        self.reader.set_clock(now_ms);
    }

    fn feed(&mut self, bytes: &[u8], out: &mut dyn Out) -> Result<(), Wrong> {
        let mut rest = bytes;
        while let Some(end) = memchr::memchr(b'\n', rest) {
            self.end_line(&rest[..end], out)?;
            rest = &rest[end + 1..];
        }
        if self.open.len() + rest.len() > UNIT_BYTES {
            self.too_long = true;
            self.open.clear();
        } else if !self.too_long {
            self.open.extend_from_slice(rest);
        }
        Ok(())
    }

    fn finish(&mut self, out: &mut dyn Out) -> Result<(), Wrong> {
        if self.open.is_empty() && !self.too_long { Ok(()) } else { self.end_line(b"", out) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Default)]
    struct Seen(Vec<(u64, String)>);

    impl Out for Seen {
        fn accept(&mut self, _: u64, _: Vec<Point>) {}
        fn refuse(&mut self, unit: u64, wrong: Wrong) {
            self.0.push((unit, format!("refused: {}", wrong.reason)));
        }
        fn warn(&mut self, unit: u64, wrong: Wrong) {
            self.0.push((unit, wrong.detail.unwrap_or_default()));
        }
    }

    struct Echo;

    impl LineReader for Echo {
        fn line(&mut self, number: u64, line: &[u8], out: &mut dyn Out) -> Result<(), Wrong> {
            out.warn(number, Wrong::with("", String::from_utf8_lossy(line).into_owned()));
            Ok(())
        }
    }

    #[test]
    fn lines_are_the_same_however_the_bytes_come() {
        let long = "x".repeat(UNIT_BYTES + 1);
        let body = format!("one\r\n\n  \ntwo\n{long}\nthree");
        let read = |size: usize| {
            let (mut seen, mut lines) = (Seen::default(), ByLine::new(Echo));
            for part in body.as_bytes().chunks(size) {
                lines.feed(part, &mut seen).expect("lines");
            }
            lines.finish(&mut seen).expect("lines");
            seen.0
        };
        let whole = read(body.len());
        assert_eq!(whole.len(), 4);
        assert_eq!((&whole[0], &whole[1]), (&(1, "one".to_owned()), &(4, "two".to_owned())));
        assert!(whole[2].1.starts_with("refused: the line is longer") && whole[3] == (6, "three".to_owned()));
        for size in [1, 7, 4_096] {
            assert_eq!(read(size), whole);
        }
    }
}
