//! Cuts delimited text into records, also where quoted fields hold line ends (RFC 4180).

use crate::{Out, Reader, UNIT_BYTES, Wrong};
use std::borrow::Cow;

/// A record with more fields is refused; the tools read here write some twenty.
const FIELDS: usize = 1_000;

/// What may stand between fields.
const DELIMITERS: &[u8] = b",;\t|";

/// Takes records.
pub(crate) trait RecordReader {
    /// Takes a record that is not blank; `line` is the one on which it begins, from 1.
    ///
    /// # Errors
    ///
    /// Where nothing that follows can be read, such as a header that is none.
    fn record(&mut self, line: u64, record: &Record<'_>, out: &mut dyn Out) -> Result<(), Wrong>;
}

/// Fields without their quotes.
pub(crate) struct Record<'a> {
    bytes: &'a [u8],
    /// Where each field ends.
    ends: &'a [usize],
}

impl Record<'_> {
    /// How many.
    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    /// One of them; empty beyond the last.
    pub(crate) fn bytes(&self, field: usize) -> &[u8] {
        let Some(&end) = self.ends.get(field) else { return b"" };
        let start = if field == 0 { 0 } else { self.ends[field - 1] };
        &self.bytes[start..end]
    }

    /// Likewise; bytes that are not UTF-8 are replaced.
    pub(crate) fn text(&self, field: usize) -> Cow<'_, str> {
        String::from_utf8_lossy(self.bytes(field))
    }

    /// All of them; of the first without a byte order mark.
    pub(crate) fn names(&self) -> impl Iterator<Item = Cow<'_, str>> {
        (0..self.len()).map(|field| match self.text(field) {
            Cow::Borrowed(text) => Cow::Borrowed(text.trim_start_matches('\u{feff}')),
            owned => owned,
        })
    }
}

#[derive(Debug, Default, Clone, Copy, PartialEq)]
enum At {
    /// A field may begin with a quote.
    #[default]
    Start,
    Plain,
    Quoted,
    /// A quote within a quoted field: its end, or the first of two.
    Quote,
    /// What is refused, up to the next line.
    Refused,
}

/// Gives records to a reader.
#[derive(Debug, Default)]
pub(crate) struct ByRecord<R> {
    reader: R,
    /// The first of [`DELIMITERS`] that stands outside of quotes.
    delimiter: Option<u8>,
    at: At,
    bytes: Vec<u8>,
    ends: Vec<usize>,
    /// Line ends so far.
    lines: u64,
    /// The same where the open record began.
    began: u64,
}

impl<R: RecordReader> ByRecord<R> {
    pub(crate) fn new(reader: R) -> Self {
        ByRecord {
            reader,
            delimiter: None,
            at: At::Start,
            bytes: Vec::new(),
            ends: Vec::new(),
            lines: 0,
            began: 0,
        }
    }

    /// Whether a byte ends a run of text.
    fn special(&self, byte: u8) -> bool {
        match self.at {
            At::Quoted => matches!(byte, b'"' | b'\n'),
            At::Refused => byte == b'\n',
            At::Start | At::Plain | At::Quote => {
                matches!(byte, b'"' | b'\n')
                    || match self.delimiter {
                        Some(delimiter) => byte == delimiter,
                        None => DELIMITERS.contains(&byte),
                    }
            }
        }
    }

    fn push(&mut self, run: &[u8], out: &mut dyn Out) {
        if self.at != At::Refused {
            if self.bytes.len() + run.len() > UNIT_BYTES {
                self.refuse(format!("the row is longer than {UNIT_BYTES} bytes"), out);
                return;
            }
            self.bytes.extend_from_slice(run);
        }
        if matches!(self.at, At::Start | At::Quote) {
            self.at = At::Plain;
        }
    }

    fn refuse(&mut self, why: String, out: &mut dyn Out) {
        out.refuse(self.began + 1, Wrong::new(why));
        self.bytes = Vec::new();
        self.ends.clear();
        self.at = At::Refused;
    }

    fn special_byte(&mut self, byte: u8, out: &mut dyn Out) -> Result<(), Wrong> {
        match (self.at, byte) {
            (At::Quoted, b'"') => self.at = At::Quote,
            (At::Quoted, _) => {
                self.lines += 1;
                self.push(b"\n", out);
            }
            (At::Quote, b'"') => {
                self.push(b"\"", out);
                if self.at != At::Refused {
                    self.at = At::Quoted;
                }
            }
            (At::Start, b'"') => self.at = At::Quoted,
            (_, b'"') => self.push(b"\"", out),
            (_, b'\n') => {
                self.end_record(out)?;
                self.lines += 1;
                self.began = self.lines;
            }
            (_, delimiter) => {
                self.delimiter = Some(delimiter);
                if self.ends.len() + 1 == FIELDS {
                    self.refuse(format!("the row has more than {FIELDS} fields"), out);
                } else {
                    self.ends.push(self.bytes.len());
                    self.at = At::Start;
                }
            }
        }
        Ok(())
    }

    fn end_record(&mut self, out: &mut dyn Out) -> Result<(), Wrong> {
        let at = std::mem::take(&mut self.at);
        if at == At::Refused {
            return Ok(());
        }
        if at == At::Plain && self.bytes.last() == Some(&b'\r') {
            self.bytes.pop();
        }
        let blank = self.ends.is_empty() && self.bytes.iter().all(u8::is_ascii_whitespace);
        let read = if blank {
            Ok(())
        } else {
            self.ends.push(self.bytes.len());
            self.reader.record(self.began + 1, &Record { bytes: &self.bytes, ends: &self.ends }, out)
        };
        self.bytes.clear();
        self.ends.clear();
        read
    }
}

impl<R: RecordReader + Send> Reader for ByRecord<R> {
    fn feed(&mut self, bytes: &[u8], out: &mut dyn Out) -> Result<(), Wrong> {
        let mut rest = bytes;
        while !rest.is_empty() {
            let run = rest.iter().position(|&byte| self.special(byte)).unwrap_or(rest.len());
            if run > 0 {
                self.push(&rest[..run], out);
                rest = &rest[run..];
                continue;
            }
            self.special_byte(rest[0], out)?;
            rest = &rest[1..];
        }
        Ok(())
    }

    fn finish(&mut self, out: &mut dyn Out) -> Result<(), Wrong> {
        if self.at == At::Quoted {
            let began = self.began + 1;
            return Err(Wrong::with("the file ends within a quoted field", format!("line {began}")));
        }
        self.end_record(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Point;

    #[derive(Default)]
    struct Refused(Vec<(u64, String)>);

    impl Out for Refused {
        fn accept(&mut self, _: u64, _: Vec<Point>) {}
        fn refuse(&mut self, unit: u64, wrong: Wrong) {
            self.0.push((unit, wrong.reason.into_owned()));
        }
        fn warn(&mut self, _: u64, _: Wrong) {}
    }

    #[derive(Default)]
    struct Keep(Vec<(u64, Vec<String>)>);

    impl RecordReader for Keep {
        fn record(&mut self, line: u64, record: &Record<'_>, _: &mut dyn Out) -> Result<(), Wrong> {
            self.0.push((line, (0..record.len()).map(|field| record.text(field).into_owned()).collect()));
            Ok(())
        }
    }

    type Kept = Vec<(u64, Vec<String>)>;

    fn read(text: &[u8], size: usize) -> (Kept, Vec<(u64, String)>, Result<(), Wrong>) {
        let (mut refused, mut records) = (Refused::default(), ByRecord::new(Keep::default()));
        for part in text.chunks(size) {
            records.feed(part, &mut refused).expect("kept");
        }
        let end = records.finish(&mut refused);
        (records.reader.0, refused.0, end)
    }

    #[test]
    fn quotes_line_ends_and_delimiters_are_read_the_same_however_the_bytes_come() {
        let text = "a;b\r\n\n1;\"x;\"\"y\"\"\r\nz\"\r\n\"\";5\" tall\n;last";
        let rows: [(u64, [&str; 2]); 4] =
            [(1, ["a", "b"]), (3, ["1", "x;\"y\"\r\nz"]), (5, ["", "5\" tall"]), (6, ["", "last"])];
        let rows = rows.map(|(line, fields)| (line, fields.map(str::to_owned).to_vec()));
        for size in [1, 2, 3, 7, text.len()] {
            assert_eq!(read(text.as_bytes(), size), (rows.to_vec(), vec![], Ok(())), "{size}");
        }
    }

    #[test]
    fn what_has_no_end_costs_itself_alone() {
        let long = format!("a,b\n1,\"{}\n2,3\n", "x".repeat(UNIT_BYTES + 9));
        let wide = format!("a,b\n{}\n2,3\n", ",".repeat(FIELDS));
        for text in [long, wide] {
            for size in [1_000, text.len()] {
                let (rows, refused, end) = read(text.as_bytes(), size);
                assert_eq!(rows.iter().map(|(line, _)| *line).collect::<Vec<_>>(), [1, 3]);
                assert_eq!(refused.iter().map(|(line, _)| *line).collect::<Vec<_>>(), [2]);
                assert_eq!(end, Ok(()));
            }
        }
        let end = read(b"a,b\n1,\"2\n", 4).2;
        assert_eq!(end.expect_err("open").reason, "the file ends within a quoted field");
    }
}
