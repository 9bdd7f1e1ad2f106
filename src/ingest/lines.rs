//! Cuts a body into lines, however its bytes arrive.

use crate::limits::LINE_BYTES;
use memchr::memchr;

/// A line without its end (`\n` or `\r\n`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Line<'a> {
    Whole(&'a [u8]),
    /// Longer than [`LINE_BYTES`]; nothing of it is kept.
    TooLong,
}

/// Whether a line says nothing.
#[inline]
pub(crate) fn is_blank(line: &[u8]) -> bool {
    // A line that says something says it with its first byte.
    line.first().is_none_or(|b| *b <= b' ') && line.iter().all(u8::is_ascii_whitespace)
}

/// Remembers the line that is not yet complete.
#[derive(Debug, Default)]
pub(crate) struct Lines {
    carry: Vec<u8>,
    too_long: bool,
    /// The first line is through: there is no byte order mark any more.
    begun: bool,
}

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

impl Lines {
    /// Takes the next bytes and gives every line that they complete, with its length in the body.
    #[inline]
    pub(super) fn feed(&mut self, mut bytes: &[u8], mut take: impl FnMut(Line, usize)) {
        while let Some(at) = memchr(b'\n', bytes) {
            let line = &bytes[..at];
            bytes = &bytes[at + 1..];
            if self.begun && self.carry.is_empty() && !self.too_long {
                take(finish(line), at + 1);
            } else {
                self.keep(line);
                self.close(&mut take);
            }
        }
        self.keep(bytes);
    }

    /// Gives the last line, if it has no end.
    pub(super) fn rest(&mut self, mut take: impl FnMut(Line, usize)) {
        if !self.carry.is_empty() || self.too_long {
            self.close(&mut take);
        }
    }

    fn close(&mut self, take: &mut impl FnMut(Line, usize)) {
        let size = self.carry.len() + 1;
        if self.too_long {
            take(Line::TooLong, size);
        } else {
            let line = &self.carry[..];
            let mark = if self.begun { None } else { line.strip_prefix(BYTE_ORDER_MARK) };
            take(finish(mark.unwrap_or(line)), size);
        }
        self.begun = true;
        self.too_long = false;
        self.carry.clear();
    }

    fn keep(&mut self, bytes: &[u8]) {
        // Room for what does not count: a byte order mark and a CR.
        let room = LINE_BYTES + BYTE_ORDER_MARK.len() + 1;
        if self.carry.len() + bytes.len() > room {
            self.too_long = true;
            self.carry.clear();
        }
        if !self.too_long {
            self.carry.extend_from_slice(bytes);
        }
    }
}

fn finish(line: &[u8]) -> Line<'_> {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    if line.len() > LINE_BYTES { Line::TooLong } else { Line::Whole(line) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(body: &[u8], cut: usize) -> Vec<Option<Vec<u8>>> {
        let mut lines = Lines::default();
        let mut all = Vec::new();
        let mut take = |line: Line, _: usize| {
            all.push(match line {
                Line::Whole(line) => Some(line.to_vec()),
                Line::TooLong => None,
            })
        };
        for piece in body.chunks(cut) {
            lines.feed(piece, &mut take);
        }
        lines.rest(&mut take);
        all
    }

    #[test]
    fn cuts_do_not_matter() {
        let long = vec![b'x'; LINE_BYTES];
        let body = [b"\xef\xbb\xbfa\r\n\nb\n\xef\xbb\xbfc\n", &long[..], b"\r\n", &long[..], b"y\n", b"last"]
            .concat();
        let whole = lines(&body, body.len());
        assert_eq!(whole.len(), 7);
        assert_eq!(whole[0], Some(b"a".to_vec()));
        assert_eq!(whole[3], Some(b"\xef\xbb\xbfc".to_vec()));
        assert_eq!((&whole[4], &whole[5]), (&Some(long), &None));
        assert_eq!(whole[6], Some(b"last".to_vec()));
        for cut in [1, 2, 3, 7, 1000, LINE_BYTES + 1] {
            assert_eq!(lines(&body, cut), whole, "cut {cut}");
        }
    }

    #[test]
    fn an_endless_line_is_not_kept() {
        let mut lines = Lines::default();
        for _ in 0..100 {
            lines.feed(&[b'x'; 10_000], |_, _| panic!("there is no line yet"));
        }
        assert!(lines.carry.capacity() < 4 * LINE_BYTES);
    }
}
