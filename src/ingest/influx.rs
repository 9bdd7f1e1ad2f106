//! InfluxDB's line protocol (InfluxDB documentation, "Line protocol reference"):
//!
//! ```text
//! measurement[,tag=value…] field=value[,field=value…] [timestamp]
//! ```
//!
//! The measurement is the metric, its sample the numeric field `value`; k6 puts `url`, `vu` and
//! `iter` beside it, which are checked and left alone. Backslashes escape commas, equals signs and
//! spaces; in quoted strings, quotes and backslashes.

use super::receipt::Wrong;
use super::session::{Handle, Session};
use super::{Clock, Precision, after, text};
use crate::aggregate::metrics::Metric;
use crate::aggregate::tags::TagSet;
use memchr::arch::all::is_equal;
use memchr::memchr2;

/// Times before this are in a wrong unit, not old: 1971-01-01, Unix ns.
const EARLIEST_NS: i64 = 365 * 86_400 * 1_000_000_000;

/// Parses lines; what it remembers of the last one only saves work.
#[derive(Debug)]
pub(crate) struct Influx {
    unit_ns: i64,
    /// Everything between the last line's metric and the number of its field `value`, if the next
    /// line may be compared with it.
    head: Vec<u8>,
    handle: Option<Handle>,
    time_text: Vec<u8>,
    time_ns: i64,
}

/// What a line says, besides its tags.
struct Fields {
    value: f64,
    /// Where the number of `value` begins.
    number: usize,
    /// Where it ends, if it ends the fields, too.
    end: usize,
    last: bool,
}

impl Influx {
    pub fn new(precision: Precision) -> Self {
        let unit_ns = precision.nanoseconds();
        Influx { unit_ns, head: Vec::new(), handle: None, time_text: Vec::new(), time_ns: 0 }
    }

    /// Handles are void: a new piece begins.
    pub fn forget(&mut self) {
        self.handle = None;
    }

    /// Takes a line that is not blank.
    #[inline]
    pub fn line(&mut self, line: &[u8], session: &mut Session, clock: Clock) -> Result<(), Wrong> {
        if let Some(handle) = self.handle
            && let Some((metric, at)) = session.metrics.expect(line, |b| b == b',' || b == b' ')
        {
            if let Some(tail) = after(&line[at..], &self.head)
                && let Some((value, time_ns)) = self.tail(tail)
            {
                session.add(handle, metric, time_ns, value);
                return Ok(());
            }
            return self.after_metric(line, metric, at, session, clock);
        }
        let at = memchr2(b',', b' ', line).unwrap_or(line.len());
        if at == 0 {
            return Err(Wrong::new("the line has no measurement"));
        }
        if at == line.len() {
            return Err(Wrong::new("the line has no fields"));
        }
        let metric = session.intern(&line[..at])?;
        self.after_metric(line, metric, at, session, clock)
    }

    /// `NUMBER TIME`, in the plainest form.
    #[inline]
    fn tail(&mut self, tail: &[u8]) -> Option<(f64, i64)> {
        let (value, length) = super::number::parse_json_number(tail)?;
        let time = tail[length..].strip_prefix(b" ")?;
        if is_equal(time, &self.time_text) && !time.is_empty() {
            return Some((value, self.time_ns));
        }
        let time_ns = self.time(time).ok()?;
        self.time_text.clear();
        self.time_text.extend_from_slice(time);
        self.time_ns = time_ns;
        Some((value, time_ns))
    }

    fn after_metric(
        &mut self,
        line: &[u8],
        metric: Metric,
        at: usize,
        session: &mut Session,
        clock: Clock,
    ) -> Result<(), Wrong> {
        let fields_at = unescaped(line, at, b' ')
            .filter(|&end| !line[end..].iter().all(|b| *b == b' '))
            .ok_or_else(|| Wrong::new("the line has no fields"))?;
        text(&line[fields_at..])?;
        let raw = &line[at..fields_at];
        let handle = session.tags(raw, || parse_tags(raw))?;
        let fields = parse_fields(line, fields_at)?;
        let time = line[fields.end..].trim_ascii();
        let time_ns = match time {
            b"" => clock.now_ns().ok_or_else(|| Wrong::new("the line has no timestamp"))?,
            _ => self.time(time)?,
        };
        session.add(handle, metric, time_ns, fields.value);
        if fields.last {
            self.head.clear();
            self.head.extend_from_slice(&line[at..fields.number]);
            self.handle = Some(handle);
        }
        Ok(())
    }

    fn time(&self, text: &[u8]) -> Result<i64, Wrong> {
        let (digits, negative) = match text {
            [b'-', digits @ ..] => (digits, true),
            digits => (digits, false),
        };
        // 19 digits always fit into 64 bits without a sign.
        let plain = (1..=19).contains(&digits.len()) && digits.iter().all(u8::is_ascii_digit);
        let number = if plain {
            let number = digits.iter().fold(0_u64, |number, b| number * 10 + u64::from(b - b'0'));
            i64::try_from(number).ok()
        } else {
            std::str::from_utf8(digits)
                .ok()
                .filter(|text| !text.starts_with(['+', '-']))
                .and_then(|text| text.parse().ok())
        };
        let wrong = || Wrong::quoting("the timestamp is not a 64-bit whole number", text);
        // The smallest 64-bit number lies before 1971, too.
        let number = match number {
            Some(number) => number,
            None if text == b"-9223372036854775808" => i64::MIN,
            None => return Err(wrong()),
        };
        if negative || number < EARLIEST_NS / self.unit_ns {
            return Err(Wrong::quoting(
                "the timestamp lies before 1971: does `precision=` say its unit?",
                text,
            ));
        }
        number.checked_mul(self.unit_ns).ok_or_else(|| {
            Wrong::quoting("the timestamp lies beyond 2262: does `precision=` say its unit?", text)
        })
    }
}

/// The first `end` from `at` on that no backslash escapes.
fn unescaped(line: &[u8], mut at: usize, end: u8) -> Option<usize> {
    loop {
        at += memchr2(end, b'\\', line.get(at..)?)?;
        if line[at] == end {
            return Some(at);
        }
        at += 2;
    }
}

/// `,tag=value…`, or nothing.
fn parse_tags(raw: &[u8]) -> Result<TagSet, Wrong> {
    let mut tags = TagSet::default();
    let mut rest = raw;
    let malformed = |part: &[u8]| Wrong::quoting("a tag has a name and a value", part);
    let (mut key_text, mut value_text) = (String::new(), String::new());
    while let Some(tag) = rest.strip_prefix(b",") {
        let end = unescaped(tag, 0, b',').unwrap_or(tag.len());
        let (tag, tail) = tag.split_at(end);
        rest = tail;
        let equals = unescaped(tag, 0, b'=').ok_or_else(|| malformed(tag))?;
        let (key, value) = (&tag[..equals], &tag[equals + 1..]);
        if key.is_empty() || value.is_empty() || unescaped(value, 0, b'=').is_some() {
            return Err(malformed(tag));
        }
        unescape(&mut key_text, text(key)?);
        unescape(&mut value_text, text(value)?);
        super::push_tag(&mut tags, &key_text, &value_text)?;
    }
    Ok(tags)
}

fn unescape(out: &mut String, text: &str) {
    out.clear();
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        let escaped = rest[at + 1..].starts_with([',', '=', ' ']);
        if !escaped {
            out.push('\\');
        }
        let next = rest[at + 1..].chars().next();
        out.extend(next);
        rest = &rest[at + 1 + next.map_or(0, char::len_utf8)..];
    }
    out.push_str(rest);
}

/// Reads the fields, which begin behind the space at `at`.
fn parse_fields(line: &[u8], at: usize) -> Result<Fields, Wrong> {
    let mut at = at + line[at..].iter().take_while(|b| **b == b' ').count();
    let mut found: Option<Fields> = None;
    let fields = &line[at..];
    let malformed = || Wrong::quoting("a field has a name and a value", fields);
    loop {
        let key = &line[at..unescaped(line, at, b'=').ok_or_else(malformed)?];
        if key.is_empty() || [b' ', b','].iter().any(|&end| unescaped(key, 0, end).is_some()) {
            return Err(malformed());
        }
        let begin = at + key.len() + 1;
        let end = match line.get(begin) {
            Some(b'"') => quoted_end(line, begin).ok_or_else(|| Wrong::new("a quoted field does not end"))?,
            _ => begin + memchr2(b',', b' ', &line[begin..]).unwrap_or(line.len() - begin),
        };
        let value = &line[begin..end];
        if key == b"value" {
            if found.is_some() {
                return Err(Wrong::new("the field `value` stands twice"));
            }
            found = Some(Fields { value: parse_value(value)?, number: begin, end, last: true });
        } else if !is_field_value(value) {
            return Err(Wrong::quoting("a field's value is a number, true, false or a quoted string", value));
        }
        match line.get(end) {
            Some(b',') => at = end + 1,
            None | Some(b' ') => {
                let fields = found.ok_or_else(|| Wrong::new("the line has no numeric field `value`"))?;
                return Ok(Fields { last: fields.end == end, end, ..fields });
            }
            Some(_) => return Err(malformed()),
        }
    }
}

/// Behind the closing quote of the string at `at`.
fn quoted_end(line: &[u8], at: usize) -> Option<usize> {
    unescaped(line, at + 1, b'"').map(|quote| quote + 1)
}

fn parse_value(text: &[u8]) -> Result<f64, Wrong> {
    let wrong = || Wrong::quoting("the field `value` is not a finite number", text);
    // Whole numbers carry their type behind them.
    let number = match text {
        [digits @ .., b'i' | b'u'] if digits.last().is_some_and(u8::is_ascii_digit) => {
            if digits.iter().skip(usize::from(digits[0] == b'-')).any(|b| !b.is_ascii_digit()) {
                return Err(wrong());
            }
            digits
        }
        _ => text,
    };
    fast_float2::parse(number).ok().filter(|value: &f64| value.is_finite()).ok_or_else(wrong)
}

fn is_field_value(value: &[u8]) -> bool {
    match value {
        [b'"', ..] => true,
        b"t" | b"T" | b"true" | b"True" | b"TRUE" | b"f" | b"F" | b"false" | b"False" | b"FALSE" => true,
        _ => parse_value(value).is_ok(),
    }
}
