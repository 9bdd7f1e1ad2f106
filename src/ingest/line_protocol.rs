//! InfluxDB's line protocol, as far as one line goes: what its parts say, and what stands escaped in them.

use super::number::parse_digits;
use super::text;
use crate::aggregate::tags::TagSet;
use loadgate_wires::Wrong;
use memchr::memchr2;
use std::borrow::Cow;

/// Times before this are in a wrong unit, not old: 1971-01-01, Unix ns.
const EARLIEST_NS: i64 = 365 * 86_400 * 1_000_000_000;

/// The first `end` from `at` on that no backslash escapes.
#[inline(always)]
pub(super) fn unescaped(line: &[u8], mut at: usize, end: u8) -> Option<usize> {
    loop {
        at += memchr2(end, b'\\', line.get(at..)?)?;
        if line[at] == end {
            return Some(at);
        }
        at += if matches!(line.get(at + 1), Some(b',' | b'=' | b' ')) { 2 } else { 1 };
    }
}

/// `,tag=value…`, or nothing.
pub(super) fn parse_tags(raw: &[u8]) -> Result<TagSet, Wrong> {
    let mut tags = TagSet::default();
    let mut rest = raw;
    let malformed = |part: &[u8]| Wrong::quoting("a tag has a name and a value", part);
    let (mut key_text, mut value_text) = (String::new(), String::new());
    while let Some(tag) = rest.strip_prefix(b",") {
        let (tag, mut tail) = tag.split_at(unescaped(tag, 0, b',').unwrap_or(tag.len()));
        let equals = unescaped(tag, 0, b'=').ok_or_else(|| malformed(tag))?;
        let (key, mut value) = (&tag[..equals], &tag[equals + 1..]);
        if let Some(second) = unescaped(value, 0, b'=') {
            // A backslash at the end of the value, which does not escape the comma behind it.
            let last = memchr::memmem::rfind(&value[..second], b"\\,").ok_or_else(|| malformed(tag))?;
            tail = &rest[1 + equals + 1 + last + 1..];
            value = &value[..=last];
        }
        rest = tail;
        if key.is_empty() || value.is_empty() {
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
        rest = &rest[at + 1..];
        match rest.chars().next() {
            Some(escaped @ (',' | '=' | ' ')) => {
                out.push(escaped);
                rest = &rest[1..];
            }
            _ => out.push('\\'),
        }
    }
    out.push_str(rest);
}

/// Calls `take` with every field: name, value, and where the value begins. Gives the end of the last.
#[inline]
pub(super) fn each_field<'a>(
    line: &'a [u8],
    at: usize,
    mut take: impl FnMut(&'a [u8], &'a [u8], usize) -> Result<(), Wrong>,
) -> Result<usize, Wrong> {
    let mut at = at + line[at..].iter().take_while(|b| **b == b' ').count();
    let fields = &line[at..];
    let malformed = || Wrong::quoting("a field has a name and a value", fields);
    loop {
        let rest = &line[at..];
        // Names are short, and mostly plain.
        let key = match rest.iter().position(|b| matches!(b, b'=' | b'\\' | b' ' | b',')) {
            Some(length) if rest[length] == b'=' => &rest[..length],
            _ => {
                let key = &line[at..unescaped(line, at, b'=').ok_or_else(malformed)?];
                if [b' ', b','].iter().any(|&end| unescaped(key, 0, end).is_some()) {
                    return Err(malformed());
                }
                key
            }
        };
        if key.is_empty() {
            return Err(malformed());
        }
        let begin = at + key.len() + 1;
        let end = match line.get(begin) {
            Some(b'"') => quoted_end(line, begin).ok_or_else(|| Wrong::new("a quoted field does not end"))?,
            _ => begin + memchr2(b',', b' ', &line[begin..]).unwrap_or(line.len() - begin),
        };
        take(key, &line[begin..end], begin)?;
        match line.get(end) {
            Some(b',') => at = end + 1,
            None | Some(b' ') => return Ok(end),
            Some(_) => return Err(malformed()),
        }
    }
}

/// Behind the closing quote of the string at `at`.
pub(super) fn quoted_end(line: &[u8], at: usize) -> Option<usize> {
    let mut at = at + 1;
    loop {
        at += memchr2(b'"', b'\\', line.get(at..)?)?;
        if line[at] == b'"' {
            return Some(at + 1);
        }
        // Whatever else follows a backslash is no quote.
        at += 2;
    }
}

pub(super) fn parse_value(text: &[u8]) -> Result<f64, Wrong> {
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

pub(super) fn is_field_value(value: &[u8]) -> bool {
    match value {
        [b'"', ..] => true,
        // As k6 writes whole numbers.
        [digits @ .., b'i'] if parse_digits(digits).is_some() => true,
        b"t" | b"T" | b"true" | b"True" | b"TRUE" | b"f" | b"F" | b"false" | b"False" | b"FALSE" => true,
        _ => parse_value(value).is_ok(),
    }
}

/// What a field says as text: what stands between its quotes, or a number without the type behind it
/// (`status:int` is written `200i`).
pub(super) fn field_text(value: &str) -> Cow<'_, str> {
    let Some(quoted) = value.strip_prefix('"').and_then(|value| value.strip_suffix('"')) else {
        let number = value.strip_suffix(['i', 'u']).filter(|number| number.parse::<i128>().is_ok());
        return number.unwrap_or(value).into();
    };
    let mut plain = String::with_capacity(quoted.len());
    let mut chars = quoted.chars().peekable();
    while let Some(c) = chars.next() {
        plain.push(match (c, chars.peek()) {
            ('\\', Some(&next @ ('"' | '\\'))) => {
                chars.next();
                next
            }
            _ => c,
        });
    }
    plain.into()
}

/// Unix ns of a timestamp in units of so many ns.
#[inline(always)]
pub(super) fn time(text: &[u8], unit_ns: i64) -> Result<i64, Wrong> {
    let (digits, negative) = match text {
        [b'-', digits @ ..] => (digits, true),
        digits => (digits, false),
    };
    let number = match parse_digits(digits) {
        Some(number) => i64::try_from(number).ok(),
        None => std::str::from_utf8(digits)
            .ok()
            .filter(|text| !text.starts_with(['+', '-']))
            .and_then(|text| text.parse().ok()),
    };
    let wrong = || Wrong::quoting("the timestamp is not a 64-bit whole number", text);
    // The smallest 64-bit number lies before 1971, too.
    let number = match number {
        Some(number) => number,
        None if text == b"-9223372036854775808" => i64::MIN,
        None => return Err(wrong()),
    };
    if negative || number < EARLIEST_NS / unit_ns {
        return Err(Wrong::quoting("the timestamp lies before 1971: does `precision=` say its unit?", text));
    }
    number.checked_mul(unit_ns).ok_or_else(|| {
        Wrong::quoting("the timestamp lies beyond 2262: does `precision=` say its unit?", text)
    })
}
