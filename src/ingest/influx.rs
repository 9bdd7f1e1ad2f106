//! InfluxDB's line protocol (InfluxDB documentation, "Line protocol reference"):
//!
//! ```text
//! measurement[,tag=value…] field=value[,field=value…] [timestamp]
//! ```
//!
//! The measurement is the metric, its sample the numeric field `value`; k6 puts `vu` and `iter` beside
//! it, which are checked and left alone, and `url`, which names requests without a name. Other fields of
//! a tag's name are that tag (`K6_INFLUXDB_TAGS_AS_FIELDS`). A backslash escapes a comma, equals sign or
//! space; in quoted strings, a quote or backslash; anywhere else it stands for itself.
//!
//! k6 escapes neither a backslash at the end of a tag's value, which then seems to escape the comma or
//! space behind it, nor a line break. Where a line has no sense otherwise, it is read as k6 meant it.

use super::heads::Heads;
use super::line_protocol::{
    self, each_field, field_text, is_field_value, parse_tags, parse_value, quoted_end, unescaped,
};
use super::session::Session;
use super::{Clock, Precision, is_equal, listener, text};
use crate::aggregate::metrics::Metric;
use crate::aggregate::tags::TagSet;
use crate::limits;
use loadgate_wires::Wrong;
use memchr::memchr2;

/// Parses lines; what it remembers of the last one only saves work.
#[derive(Debug)]
pub(crate) struct Influx {
    unit_ns: i64,
    heads: Heads,
    time_text: Vec<u8>,
    time_ns: i64,
    broken: Broken,
    listener: listener::Points,
}

/// The beginning of a line that broke off within a value.
#[derive(Debug, Default)]
struct Broken {
    text: Vec<u8>,
    /// Numbers of the lines in it.
    lines: Vec<u64>,
    /// Why it is no line by itself.
    wrong: Option<Wrong>,
}

/// Lines that one value may be broken into.
const PIECES: usize = 50;

/// Fields that are tags, whatever else is. `url` is one where it is needed.
const TAG_FIELDS: [&[u8]; 17] = [
    b"name",
    b"method",
    b"status",
    b"group",
    b"check",
    b"scenario",
    b"error",
    b"error_code",
    b"expected_response",
    b"proto",
    b"subproto",
    b"tls_version",
    b"service",
    b"rpc_type",
    b"ip",
    b"testid",
    b"instance_id",
];

/// What a line says, besides its tags.
struct Fields {
    value: f64,
    tags: TagFields,
    /// Where the number of `value` begins.
    number: usize,
    /// Where it ends, if it ends the fields, too.
    end: usize,
    last: bool,
}

impl Influx {
    pub(super) fn new(precision: Precision) -> Self {
        let unit_ns = precision.nanoseconds();
        Influx {
            unit_ns,
            heads: Heads::default(),
            time_text: Vec::new(),
            time_ns: 0,
            broken: Broken::default(),
            listener: listener::Points::default(),
        }
    }

    /// Handles are void: a new piece begins.
    pub(super) fn forget(&mut self) {
        self.heads.clear();
    }

    /// Takes a line that is not blank.
    #[inline]
    pub(super) fn line(&mut self, line: &[u8], session: &mut Session, clock: Clock) -> Result<(), Wrong> {
        let (metric, at) = match session.metrics.expect(line, |b| b == b',' || b == b' ') {
            Some(known) => known,
            None => {
                let at = memchr2(b',', b' ', line).unwrap_or(line.len());
                if at == 0 {
                    return Err(Wrong::new("the line has no measurement"));
                }
                if at == line.len() {
                    return Err(Wrong::new("the line has no fields"));
                }
                if listener::may_be(line)
                    && let Some(taken) = self.listener.line(line, self.unit_ns, session, clock)
                {
                    return taken;
                }
                (session.intern(&line[..at])?, at)
            }
        };
        if let Some((handle, tail)) = self.heads.find(metric, &line[at..])
            && let Some((value, time_ns)) = self.tail(tail)
        {
            session.add(handle, metric, time_ns, value);
            return Ok(());
        }
        self.read_whole(line, metric, at, session, clock)
    }

    /// The body has ended: nothing follows that a point of a listener waits for.
    pub(super) fn end(&mut self, session: &mut Session, clock: Clock) {
        self.listener.end(session, clock);
    }

    /// A line that broke off waits for its rest.
    #[inline]
    pub(super) fn is_broken(&self) -> bool {
        !self.broken.lines.is_empty()
    }

    /// Keeps a refused line whose rest may come in the next one; gives the refusal back otherwise.
    pub(super) fn keep(&mut self, line: &[u8], wrong: Wrong, session: &Session) -> Result<(), Wrong> {
        if !breaks_off(line) {
            return Err(wrong);
        }
        self.broken.text.extend_from_slice(line);
        self.broken.lines.push(session.line);
        self.broken.wrong = Some(wrong);
        Ok(())
    }

    /// Takes the line behind one that broke off, blank ones included.
    pub(super) fn line_after_break(
        &mut self,
        line: &[u8],
        session: &mut Session,
        clock: Clock,
    ) -> Result<(), Wrong> {
        let name = &line[..memchr2(b',', b' ', line).unwrap_or(line.len())];
        // A line that is refused leaves its name behind.
        let known = session.metrics.knows(name);
        if known && self.line(line, session, clock).is_ok() {
            self.give_up(session);
            return Ok(());
        }
        let mut text = std::mem::take(&mut self.broken.text);
        text.push(b'\n');
        text.extend_from_slice(line);
        if text.len() <= limits::LINE_BYTES {
            if self.line(&text, session, clock).is_ok() {
                self.broken = Broken::default();
                return Ok(());
            }
            if breaks_off(&text) && self.broken.lines.len() < PIECES {
                if !line.is_empty() {
                    self.broken.lines.push(session.line);
                }
                self.broken.text = text;
                return Ok(());
            }
        }
        if line.is_empty() {
            self.give_up(session);
            return Ok(());
        }
        match self.line(line, session, clock) {
            Ok(()) => {
                self.give_up(session);
                Ok(())
            }
            Err(wrong) if known => {
                self.give_up(session);
                self.keep(line, wrong, session)
            }
            // One cause, told once for all its lines.
            Err(_) => {
                self.broken.lines.push(session.line);
                self.give_up(session);
                Ok(())
            }
        }
    }

    /// Refuses what waits for its rest: there is none.
    pub(super) fn give_up(&mut self, session: &mut Session) {
        let broken = std::mem::take(&mut self.broken);
        match (&broken.lines[..], broken.wrong) {
            (&[line], Some(wrong)) => session.refuse_line(line, wrong),
            (lines, _) => {
                for &line in lines {
                    session.refuse_line(
                        line,
                        Wrong::new(
                            "a value has a line break in it, which the line protocol cannot hold, and its lines make none together",
                        ),
                    );
                }
            }
        }
    }

    /// `NUMBER TIME`, in the plainest form.
    #[inline(always)]
    fn tail(&mut self, tail: &[u8]) -> Option<(f64, i64)> {
        let (value, length) = super::number::parse_json_number(tail)?;
        let time = tail[length..].strip_prefix(b" ")?;
        if is_equal(time, &self.time_text) && !time.is_empty() {
            return Some((value, self.time_ns));
        }
        let time_ns = line_protocol::time(time, self.unit_ns).ok()?;
        self.time_text.clear();
        self.time_text.extend_from_slice(time);
        self.time_ns = time_ns;
        Some((value, time_ns))
    }

    /// The same, of a line whose beginning is not known: its metric ends at `at`.
    fn read_whole(
        &mut self,
        line: &[u8],
        metric: Metric,
        at: usize,
        session: &mut Session,
        clock: Clock,
    ) -> Result<(), Wrong> {
        let fields_at = unescaped(line, at, b' ').filter(|&end| !line[end..].iter().all(|b| *b == b' '));
        let read = match fields_at {
            Some(fields_at) => self.read(line, metric, (at, fields_at), session, clock),
            None => Err(Wrong::new("the line has no fields")),
        };
        read.or_else(|wrong| {
            let tags = &line[at..fields_at.unwrap_or(line.len())];
            let Some(backslash) = memchr::memmem::rfind(tags, b"\\ ") else { return Err(wrong) };
            self.read(line, metric, (at, at + backslash + 1), session, clock).map_err(|_| wrong)
        })
    }

    /// Reads a line whose tags and fields begin there.
    fn read(
        &mut self,
        line: &[u8],
        metric: Metric,
        (at, fields_at): (usize, usize),
        session: &mut Session,
        clock: Clock,
    ) -> Result<(), Wrong> {
        if !is_ascii(&line[fields_at..]) {
            text(&line[fields_at..])?;
        }
        let raw = &line[at..fields_at];
        let mut handle = session.tags(raw, || parse_tags(raw))?;
        let fields = parse_fields(line, fields_at, &session.tag_fields)?;
        if fields.tags.some || (fields.tags.url && (!handle.named || session.url_is_tag())) {
            let found = tag_fields(line, fields_at, &session.tag_fields)?;
            let all = found.iter().fold(raw.to_vec(), |mut all, (key, value)| {
                // A raw space ends tags, so this is nobody else's tag set.
                all.extend([b" ", *key, b"=", *value].concat());
                all
            });
            handle = session.tags(&all, || {
                let mut tags = parse_tags(raw)?;
                for (key, value) in found {
                    push_field(&mut tags, key, value)?;
                }
                Ok(tags)
            })?;
        }
        if fields.tags.url && session.wants_url(handle) {
            let found = tag_fields(line, fields_at, &[])?;
            if let Some((_, url)) = found.iter().find(|(key, _)| *key == b"url") {
                session.note_url(handle, &field_text(text(url)?));
            }
        }
        let time = line[fields.end..].trim_ascii();
        let time_ns = match time {
            b"" => clock.now_ns().ok_or_else(|| Wrong::new("the line has no timestamp"))?,
            _ => line_protocol::time(time, self.unit_ns)?,
        };
        session.add(handle, metric, time_ns, fields.value);
        if fields.last {
            self.heads.keep(metric, &line[at..fields.number], handle);
        }
        Ok(())
    }
}

/// All bytes together: sixteen at a step on wasm32, where the standard library's takes four.
fn is_ascii(bytes: &[u8]) -> bool {
    bytes.iter().fold(0, |all, byte| all | byte) < 0x80
}

/// Whether a line ends within its tags or within a quoted field.
fn breaks_off(line: &[u8]) -> bool {
    let Some(at) = memchr2(b',', b' ', line).filter(|&at| at > 0) else { return false };
    match unescaped(line, at, b' ') {
        None => line[at] == b',',
        Some(fields_at) => {
            let mut rest = &line[fields_at..];
            while let Some(quote) = memchr::memchr(b'"', rest) {
                match quoted_end(rest, quote) {
                    Some(end) => rest = &rest[end..],
                    None => return true,
                }
            }
            false
        }
    }
}

/// Which fields of a line are tags.
#[derive(Default)]
struct TagFields {
    some: bool,
    url: bool,
}

impl TagFields {
    fn see(&mut self, key: &[u8], more: &[String]) {
        if key == b"url" {
            self.url = true;
        } else if !matches!(key, b"vu" | b"iter") {
            self.some |= is_tag_field(key, more);
        }
    }
}

/// `more`: tags that submetrics ask for.
fn is_tag_field(key: &[u8], more: &[String]) -> bool {
    TAG_FIELDS.contains(&key) || more.iter().any(|tag| tag.as_bytes() == key)
}

/// A name and a value, as they stand in the line.
type Pair<'a> = (&'a [u8], &'a [u8]);

/// The fields that are tags, with their values as they stand; `url` among them. Fields that are in
/// order are read again.
fn tag_fields<'a>(line: &'a [u8], at: usize, more: &[String]) -> Result<Vec<Pair<'a>>, Wrong> {
    let mut found = Vec::new();
    each_field(line, at, |key, value, _| {
        // An empty value is no tag.
        if value != b"\"\"" && (key == b"url" || is_tag_field(key, more)) {
            found.push((key, value));
        }
        Ok(())
    })?;
    Ok(found)
}

/// Adds a field as a tag, unless there is such a tag.
fn push_field(tags: &mut TagSet, key: &[u8], value: &[u8]) -> Result<(), Wrong> {
    let (key, value) = (text(key)?, text(value)?);
    if tags.contains(key) {
        return Ok(());
    }
    super::push_tag(tags, key, &field_text(value))
}

/// Reads the fields, which begin behind the space at `at`.
fn parse_fields(line: &[u8], at: usize, more: &[String]) -> Result<Fields, Wrong> {
    let mut found: Option<Fields> = None;
    let mut tags = TagFields::default();
    let end = each_field(line, at, |key, value, number| {
        if key == b"value" {
            if found.is_some() {
                return Err(Wrong::new("the field `value` stands twice"));
            }
            let end = number + value.len();
            let tags = TagFields::default();
            found = Some(Fields { value: parse_value(value)?, tags, number, end, last: true });
        } else if !is_field_value(value) {
            return Err(Wrong::quoting("a field's value is a number, true, false or a quoted string", value));
        } else {
            tags.see(key, more);
        }
        Ok(())
    })?;
    let fields = found.ok_or_else(|| Wrong::new("the line has no numeric field `value`"))?;
    Ok(Fields { last: fields.end == end, end, tags, ..fields })
}
