//! Reads what load generators post, line by line, and refuses what is wrong.
//!
//! An [`Upload`] takes the bytes of one request body as they arrive, cuts them into lines, and adds
//! every good line to the batch of its log; bad lines are counted and named in the [`Receipt`].
//! Pieces of the body become [`Prepared`] records one after the other, so that an endless body
//! needs no more memory than a short one.

mod files;
mod gzip;
mod heads;
mod influx;
mod k6_json;
mod line_protocol;
mod lines;
mod listener;
mod number;
mod points;
mod receipt;
mod session;
#[cfg(test)]
mod tests;
mod time;
mod unnamed;

pub use receipt::{LineError, Receipt};
pub use unnamed::Unnamed;

use crate::aggregate::tags::TagSet;
use crate::declare::Declarations;
use crate::limits;
use crate::names::{LogName, TestName};
use crate::record::Batch;
use crate::settings::Settings;
use gzip::Gzip;
use influx::Influx;
use k6_json::K6Json;
use lines::{Line, Lines, is_blank};
use loadgate_wires::{ByLine, Wrong, dynatrace, otlp, prometheus};
use points::Foreign;
use session::Session;
use thiserror::Error;

/// What a body is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wire {
    /// InfluxDB line protocol, versions 1 and 2.
    InfluxLines,
    /// k6's `--out json` lines.
    K6Json,
    /// A file of k6 or another tool, found out by looking at its beginning.
    File,
    /// Dynatrace's metric ingestion protocol.
    Dynatrace,
    /// OpenTelemetry metrics.
    Otlp(otlp::Encoding),
    /// Prometheus remote write.
    Prometheus(prometheus::Version),
}

/// How a body is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// Not at all.
    Identity,
    /// One or more members of gzip (RFC 1952).
    Gzip,
}

/// Unit of the timestamps on the InfluxDB wire.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Precision {
    /// `ns`, the default.
    #[default]
    Nanoseconds,
    /// `us` or `u`.
    Microseconds,
    /// `ms`.
    Milliseconds,
    /// `s`.
    Seconds,
    /// `m`.
    Minutes,
    /// `h`.
    Hours,
}

impl Precision {
    fn nanoseconds(self) -> i64 {
        match self {
            Precision::Nanoseconds => 1,
            Precision::Microseconds => 1_000,
            Precision::Milliseconds => 1_000_000,
            Precision::Seconds => 1_000_000_000,
            Precision::Minutes => 60_000_000_000,
            Precision::Hours => 3_600_000_000_000,
        }
    }
}

/// What is known of a request before its body.
#[derive(Debug, Clone)]
pub struct Request {
    /// The format of its lines.
    pub wire: Wire,
    /// How they are compressed.
    pub encoding: Encoding,
    /// Of InfluxDB's timestamps; JSON lines have their own.
    pub precision: Precision,
    /// As the client wrote it; `None`: the default test.
    pub test: Option<String>,
    /// As the client wrote it; `None`: the tag `testid`, else an unnamed run.
    pub run: Option<String>,
    /// The client's own name for itself, else its IP address without the port.
    pub source: String,
    /// The peer's address with its port; empty where the client names itself or it is not known.
    pub peer: String,
    /// Number of this batch within `source`.
    pub sequence: Option<u64>,
    /// The request belongs to an import; `run` names it (`i7`).
    pub import: bool,
}

/// Why a call was refused; the cases of the WIT variant `failure`. Every text is one sentence for
/// the person who reads the answer.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Refusal {
    /// The request itself is wrong: 400.
    #[error("{0}")]
    Invalid(String),
    /// There is nothing of that name: 404.
    #[error("{0}")]
    NotFound(String),
    /// What is asked for does not go with the state that things are in.
    #[error("{0}")]
    Conflict(String),
    /// The run that this is late for has ended: 410.
    #[error("{0}")]
    Gone(String),
    /// More than a limit allows: 413.
    #[error("{0}")]
    TooLarge(String),
    /// What the body is cannot be read: 415.
    #[error("{0}")]
    Unsupported(String),
    /// Try again.
    #[error("{0}")]
    Unavailable(String),
    /// What is stored cannot be read, however often one asks.
    #[error("{0}")]
    Damaged(String),
}

/// The samples of one record, ready to be stored.
#[derive(Debug, Clone, PartialEq)]
pub struct Prepared {
    /// Where it belongs.
    pub log: LogName,
    /// Number of the piece of the body that it is made of, from 0 (`Sequence::piece`); of a piece comes
    /// one record at the most for each log.
    pub piece: u32,
    /// Aggregated.
    pub batch: Batch,
    /// Accepted lines in it.
    pub lines: u64,
    /// The first line of the body that it may contain.
    pub first_line: u64,
}

/// The wall clock, if the caller has told it.
#[derive(Debug, Clone, Copy, Default)]
struct Clock(Option<u64>);

impl Clock {
    fn now_ns(self) -> Option<i64> {
        i64::try_from(self.0?).ok()?.checked_mul(1_000_000)
    }
}

/// One request body on its way in.
///
/// ```
/// use loadgate::ingest::{Encoding, Precision, Request, Upload, Wire};
///
/// let request = Request {
///     wire: Wire::InfluxLines,
///     encoding: Encoding::Identity,
///     precision: Precision::Seconds,
///     test: Some("shop".to_owned()),
///     run: None,
///     source: "127.0.0.1".to_owned(),
///     peer: "127.0.0.1:54321".to_owned(),
///     sequence: None,
///     import: false,
/// };
/// let mut upload = Upload::open(request, &Default::default(), Default::default())?;
/// let mut body: &[u8] = b"http_reqs,name=login value=1 1795218590\n";
/// while !body.is_empty() {
///     body = &body[upload.push(body)?..];
///     for record in upload.take() {
///         println!("store {} samples in {}", record.batch.samples, record.log);
///     }
/// }
/// upload.finish(true)?;
/// assert_eq!(upload.take().len(), 1);
/// assert_eq!(upload.receipt().accepted, 1);
/// # Ok::<(), loadgate::ingest::Refusal>(())
/// ```
#[derive(Debug)]
pub struct Upload {
    test: TestName,
    sequence: Option<u64>,
    decoder: Option<Gzip>,
    lines: Lines,
    reader: Reader,
    /// No more is taken: the body has ended or was refused.
    over: bool,
}

/// Everything behind the cutting into lines.
#[derive(Debug)]
struct Reader {
    parser: Parser,
    session: Session,
    clock: Clock,
    piece_lines: u64,
    piece_bytes: u64,
    ready: Vec<Prepared>,
}

#[derive(Debug)]
enum Parser {
    Influx(Influx),
    K6Json(K6Json),
    /// It cuts the body by itself.
    Foreign(Foreign),
    /// Nobody knows yet what the body is: its beginning.
    Undecided(Vec<u8>),
}

impl Upload {
    /// Checks names; reads nothing. `declared` is what is in force for the test.
    ///
    /// # Errors
    ///
    /// [`Refusal::Invalid`] where an import does not say which it is.
    pub fn open(request: Request, settings: &Settings, declared: Declarations) -> Result<Self, Refusal> {
        let parser = match request.wire {
            Wire::InfluxLines => Parser::Influx(Influx::new(request.precision)),
            Wire::K6Json => Parser::K6Json(K6Json::default()),
            Wire::Dynatrace => Foreign::reader(ByLine::new(dynatrace::Reader::default())),
            Wire::Otlp(encoding) => Foreign::reader(otlp::Reader::new(encoding)),
            Wire::Prometheus(version) => Foreign::reader(prometheus::Reader::new(version)),
            Wire::File => Parser::Undecided(Vec::new()),
        };
        Self::with(parser, request, settings, declared)
    }

    fn with(
        parser: Parser,
        request: Request,
        settings: &Settings,
        declared: Declarations,
    ) -> Result<Self, Refusal> {
        let test = TestName::from_foreign(request.test.as_deref().unwrap_or_default());
        let named = match (request.run.as_deref().filter(|run| !run.is_empty()), request.import) {
            (Some(run), import) => {
                let number = run.strip_prefix('i').and_then(|number| number.parse().ok());
                Some(match number {
                    Some(number) if import => LogName::import(test.clone(), number),
                    _ => LogName::named(test.clone(), run),
                })
            }
            (None, true) => {
                return Err(Refusal::Invalid(
                    "an import says which run it is: `i1`, `i2`, or a name".to_owned(),
                ));
            }
            (None, false) => None,
        };
        let mut request = request;
        request.source.truncate(request.source.floor_char_boundary(limits::KEY_BYTES));
        Ok(Upload {
            sequence: request.sequence,
            decoder: (request.encoding == Encoding::Gzip).then(Gzip::new),
            lines: Lines::default(),
            reader: Reader {
                parser,
                session: Session::new(&request, test.clone(), named, settings.fold, declared),
                clock: Clock::default(),
                piece_lines: 0,
                piece_bytes: 0,
                ready: Vec::new(),
            },
            test,
            over: false,
        })
    }

    /// The test that the request names, or the default one.
    pub fn test(&self) -> &TestName {
        &self.test
    }

    /// The number of the request's batch: `Sequence::batch` of its records.
    pub fn sequence(&self) -> Option<u64> {
        self.sequence
    }

    /// Tells the wall clock, Unix ms: the time of InfluxDB lines that have none. Until it is told
    /// they are refused.
    pub fn set_clock(&mut self, now_ms: u64) {
        self.reader.clock = Clock(Some(now_ms));
        // What is imported is as old as it is.
        if let Parser::Foreign(Foreign(reader)) = &mut self.reader.parser
            && !self.reader.session.is_import()
        {
            reader.set_clock(now_ms);
        }
    }

    /// Tells the time of the newest sample (Unix ns) of the run that a log is in, as it was known at
    /// `seen_ms` (Unix ms): what lies too far ahead of it and of the time that passed since is refused.
    pub fn set_newest(&mut self, log: &LogName, newest_ns: i64, seen_ms: u64) {
        self.reader.session.set_newest(log, newest_ns, seen_ms);
    }

    /// Takes the next bytes of the body and gives how many were taken: fewer when records are
    /// ready, which want to be taken first, lest a compressed body fill the memory. An error
    /// ends the upload; lines before it stay accepted.
    ///
    /// # Errors
    ///
    /// Where a compressed body is damaged, and after that.
    pub fn push(&mut self, bytes: &[u8]) -> Result<usize, Refusal> {
        if self.over {
            return Err(Refusal::Invalid("the upload is over".to_owned()));
        }
        let Upload { decoder, lines, reader, over, .. } = self;
        let Some(decoder) = decoder else {
            // Line by line against 1 MiB: one call makes a bounded number of records.
            let part = &bytes[..bytes.len().min(limits::RECORD_LINE_BYTES as usize)];
            reader.feed(lines, part).inspect_err(|_| *over = true)?;
            return Ok(part.len());
        };
        let mut taken = 0;
        while taken < bytes.len() && reader.ready.is_empty() {
            let step = decoder.step(&bytes[taken..]);
            // What came out before an error counts; more than one error is not told.
            let fed = reader.feed(lines, decoder.output());
            taken += step.and_then(|step| fed.map(|()| step)).inspect_err(|_| *over = true)?;
        }
        Ok(taken)
    }

    /// A record is ready to be taken.
    pub fn ready(&self) -> bool {
        !self.reader.ready.is_empty()
    }

    /// The records that are ready, in the order of their lines.
    pub fn take(&mut self) -> Vec<Prepared> {
        std::mem::take(&mut self.reader.ready)
    }

    /// Makes a record of what has come so far. Never for numbered batches: theirs are cut by their
    /// bytes alone.
    ///
    /// # Errors
    ///
    /// Where a compressed body is damaged.
    pub fn flush(&mut self) -> Result<(), Refusal> {
        if !self.over
            && let Some(decoder) = &mut self.decoder
        {
            let flushed = decoder.flush();
            let fed = self.reader.feed(&mut self.lines, decoder.output());
            flushed.and(fed).inspect_err(|_| self.over = true)?;
        }
        self.reader.seal();
        Ok(())
    }

    /// The end of the body; the last records are ready then. `complete` is false when the client
    /// went away: a line without an end is refused then, and of a numbered batch the whole piece that is
    /// cut, since it would pass for the piece that a retry brings whole. Fails where a compressed body
    /// is not whole.
    ///
    /// # Errors
    ///
    /// Where a compressed body is damaged or ends too early.
    pub fn finish(&mut self, complete: bool) -> Result<(), Refusal> {
        let mut whole = Ok(());
        let Upload { decoder, lines, reader, over, .. } = self;
        if !*over && let Some(decoder) = decoder {
            whole = if complete { decoder.finish() } else { decoder.flush() };
            whole = whole.and(reader.feed(lines, decoder.output()));
        }
        if whole.is_ok() && !*over {
            whole = reader.decide(lines);
        }
        let cut = !complete || *over || whole.is_err();
        lines.rest(|line, size| if cut { reader.cut_line() } else { reader.line(line, size) });
        if !cut {
            whole = reader.end();
        }
        reader.give_up();
        *over = true;
        let before = reader.ready.len();
        reader.seal();
        if cut && self.sequence.is_some() {
            for prepared in reader.ready.split_off(before) {
                reader.session.withdraw(
                    &prepared,
                    "the body was cut off, and of a numbered batch only whole pieces count: send it again",
                );
            }
        }
        whole
    }

    /// Whether the body said that a generator begins with it, since this was last asked.
    pub fn take_started(&mut self) -> bool {
        std::mem::take(&mut self.reader.session.started)
    }

    /// JMeters' applications of which the body said that a test has ended, by log, since this was last asked.
    pub fn take_ended(&mut self) -> Vec<(LogName, Vec<String>)> {
        self.reader.session.take_ended()
    }

    /// Takes back what a record holds, which cannot be stored, with the reason.
    pub fn reject(&mut self, prepared: &Prepared, reason: &str) {
        self.reader.session.withdraw(prepared, reason);
    }

    /// The account so far.
    pub fn receipt(&self) -> &Receipt {
        &self.reader.session.receipt
    }

    /// Takes over what is in force for the test by now.
    pub fn adopt(&mut self, declared: Declarations) {
        self.reader.session.adopt(declared);
    }

    /// What this upload has declared beyond what was known of the test.
    pub fn own_declarations(&self) -> &Declarations {
        &self.reader.session.own
    }

    /// Whether the declarations have changed since this was last asked.
    pub fn take_declared_changed(&mut self) -> bool {
        std::mem::take(&mut self.reader.session.changed)
    }
}

impl Reader {
    /// Takes bytes of the body, as they were before they were compressed.
    fn feed(&mut self, lines: &mut Lines, bytes: &[u8]) -> Result<(), Refusal> {
        match &mut self.parser {
            Parser::Undecided(begin) => {
                // Mostly the first bytes tell, and need no copy.
                if begin.is_empty() && files::is_enough(bytes) {
                    return self.decided(lines, bytes);
                }
                begin.extend_from_slice(bytes);
                if files::is_enough(begin) {
                    return self.decide(lines);
                }
            }
            Parser::Foreign(_) => {
                self.piece_bytes += bytes.len() as u64;
                return self.foreign(|reader, out| reader.feed(bytes, out));
            }
            Parser::Influx(_) | Parser::K6Json(_) => lines.feed(bytes, |line, size| self.line(line, size)),
        }
        Ok(())
    }

    /// Finds out what the body is by its beginning, and reads that.
    fn decide(&mut self, lines: &mut Lines) -> Result<(), Refusal> {
        let Parser::Undecided(begin) = &mut self.parser else { return Ok(()) };
        let begin = std::mem::take(begin);
        self.decided(lines, &begin)
    }

    fn decided(&mut self, lines: &mut Lines, begin: &[u8]) -> Result<(), Refusal> {
        self.parser = files::parser(begin).map_err(|wrong| Refusal::Unsupported(wrong.to_string()))?;
        self.feed(lines, begin)
    }

    /// The body is whole.
    fn end(&mut self) -> Result<(), Refusal> {
        if let Parser::Influx(parser) = &mut self.parser {
            parser.end(&mut self.session, self.clock);
        }
        self.foreign(|reader, out| reader.finish(out))
    }

    #[inline]
    fn line(&mut self, line: Line, size: usize) {
        self.session.line += 1;
        self.piece_lines += 1;
        self.piece_bytes += size as u64;
        let result = match line {
            Line::TooLong => {
                self.give_up();
                Err(Wrong::new(format!("the line is longer than {} bytes", limits::LINE_BYTES)))
            }
            Line::Whole(line) => match &mut self.parser {
                Parser::Influx(parser) if parser.is_broken() => {
                    parser.line_after_break(line, &mut self.session, self.clock)
                }
                _ if is_blank(line) => Ok(()),
                Parser::Influx(_) if line.first() == Some(&b'#') => Ok(()),
                Parser::Influx(parser) => match parser.line(line, &mut self.session, self.clock) {
                    Ok(()) => Ok(()),
                    Err(wrong) => parser.keep(line, wrong, &self.session),
                },
                Parser::K6Json(parser) => parser.line(line, &mut self.session),
                Parser::Foreign(_) | Parser::Undecided(_) => Ok(()),
            },
        };
        if let Err(wrong) = result {
            self.session.refuse(wrong);
        }
        if self.piece_lines >= limits::RECORD_LINES || self.piece_bytes >= limits::RECORD_LINE_BYTES {
            self.seal();
        }
    }

    /// No rest of a line that broke off will come.
    fn give_up(&mut self) {
        if let Parser::Influx(parser) = &mut self.parser {
            parser.give_up(&mut self.session);
        }
    }

    fn cut_line(&mut self) {
        self.session.line += 1;
        self.session.refuse(Wrong::new("the body was cut off within this line"));
    }

    fn seal(&mut self) {
        self.session.seal(self.clock.0, &mut self.ready);
        match &mut self.parser {
            Parser::Influx(parser) => parser.forget(),
            Parser::K6Json(parser) => parser.forget(),
            Parser::Foreign(_) | Parser::Undecided(_) => {}
        }
        (self.piece_lines, self.piece_bytes) = (0, 0);
    }
}

/// Adds a tag, if it is one that can be kept.
fn push_tag(tags: &mut TagSet, key: &str, value: &str) -> Result<(), Wrong> {
    if tags.len() >= limits::TAGS {
        return Err(Wrong::new(format!("the line has more than {} tags", limits::TAGS)));
    }
    // Tabs and line ends stand in error messages, which k6 has as tags.
    let control = |c: char| c.is_ascii_control() && !matches!(c, '\t' | '\n' | '\r');
    if key.contains(control) || value.contains(control) {
        return Err(Wrong::quoting("a tag contains a control character", key.as_bytes()));
    }
    if tags.contains(key) {
        return Err(Wrong::quoting("a tag stands twice", key.as_bytes()));
    }
    tags.push(key, value);
    Ok(())
}

/// What follows a prefix.
#[inline(always)]
fn after<'a>(bytes: &'a [u8], prefix: &[u8]) -> Option<&'a [u8]> {
    let (begin, rest) = bytes.split_at_checked(prefix.len())?;
    is_equal(begin, prefix).then_some(rest)
}

/// Whether the bytes are the same, sixteen at a step: `==` goes byte by byte on wasm32, and `memchr` by four.
#[inline(always)]
fn is_equal(one: &[u8], other: &[u8]) -> bool {
    if one.len() != other.len() {
        return false;
    }
    let differing =
        |one: &[u8; 16], other: &[u8; 16]| u128::from_ne_bytes(*one) ^ u128::from_ne_bytes(*other);
    // The last sixteen first, which mostly tell, and whatever is left over before them.
    let (Some(one_end), Some(other_end)) = (one.last_chunk(), other.last_chunk()) else {
        return memchr::arch::all::is_equal(one, other);
    };
    let pairs = one.as_chunks().0.iter().zip(other.as_chunks().0);
    differing(one_end, other_end) == 0 && pairs.fold(0, |all, (one, other)| all | differing(one, other)) == 0
}

fn text(bytes: &[u8]) -> Result<&str, Wrong> {
    std::str::from_utf8(bytes).map_err(|_| Wrong::quoting("the line is not UTF-8", bytes))
}
