//! One line: `key,dimension=value,… payload timestamp`.

use crate::Wrong;
use loadgate_documents::Contains;

/// The protocol's limits: of a key, of dimensions, of a dimension's key and value, of a line, in characters.
const KEY: std::ops::RangeInclusive<usize> = 3..=255;
const DIMENSIONS: usize = 50;
const DIMENSION_KEY: usize = 100;
const DIMENSION_VALUE: usize = 255;
const LINE: usize = 50_000;

#[derive(Debug, PartialEq)]
pub(super) struct Line<'a> {
    pub key: &'a str,
    pub dimensions: Vec<Dimension>,
    pub payload: Payload,
    pub time_ms: Option<i64>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Dimension {
    pub key: String,
    pub value: String,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Payload {
    /// A bare number, or `gauge,NUMBER`.
    Value(f64),
    Gauge {
        min: f64,
        max: f64,
        sum: f64,
        count: u64,
    },
    /// How much came since the last time.
    Count(f64),
}

/// `#key gauge dt.meta.unit=…`
#[derive(Debug, PartialEq)]
pub(super) struct Metadata {
    pub key: String,
    /// `count`, else `gauge`.
    pub is_count: bool,
    pub contains: Contains,
}

/// What clients do against the rules, and is read all the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Quirk {
    Spaces,
    Quotes,
    Capitals,
    LongValue,
    NotANumber,
}

impl Quirk {
    pub(super) fn sentence(self) -> &'static str {
        match self {
            Quirk::Spaces => "one space stands before the payload, not more",
            Quirk::Quotes => "quotes and backslashes in a dimension's value need a backslash before them",
            Quirk::Capitals => "a dimension's key has no capital letters",
            Quirk::LongValue => "a dimension's value has at most 255 characters",
            Quirk::NotANumber => "a value that is not a number counts nowhere",
        }
    }
}

impl<'a> Line<'a> {
    pub(super) fn parse(line: &'a str, quirks: &mut Vec<Quirk>) -> Result<Self, Wrong> {
        if line.len() > LINE && line.chars().count() > LINE {
            return Err(Wrong::new(format!("line too long: at most {LINE} characters")));
        }
        let end = line.find([',', ' ']).unwrap_or(line.len());
        let (key, rest) = line.split_at(end);
        check_key(key)?;
        let (dimensions, rest) = match rest.strip_prefix(',') {
            Some(dimensions) => read_dimensions(dimensions, quirks)?,
            None => (Vec::new(), rest),
        };
        let payload = rest.trim_start_matches(' ');
        if rest.len() > payload.len() + 1 {
            quirks.push(Quirk::Spaces);
        }
        let (payload, time_ms) = read_payload(payload)?;
        Ok(Line { key, dimensions, payload, time_ms })
    }
}

fn check_key(key: &str) -> Result<(), Wrong> {
    let section = |section: &str| {
        !section.is_empty()
            && !section.starts_with('-')
            && section.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
    };
    let begins = key.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    if !begins || !KEY.contains(&key.len()) || !key.split('.').all(section) {
        return Err(Wrong::quoting(
            "invalid metric key: 3 to 255 letters, digits, `_` and `-` in sections joined by dots, no digit first",
            key.as_bytes(),
        ));
    }
    if key.starts_with("dt.") {
        return Err(Wrong::quoting("reserved metric key: `dt.` is Dynatrace's own", key.as_bytes()));
    }
    Ok(())
}

/// The dimensions, and what follows them.
fn read_dimensions<'a>(text: &'a str, quirks: &mut Vec<Quirk>) -> Result<(Vec<Dimension>, &'a str), Wrong> {
    let (mut dimensions, mut rest) = (Vec::new(), text);
    loop {
        let end = rest.find(['=', ',', ' ', '"']).unwrap_or(rest.len());
        let (key, after) = rest.split_at(end);
        let Some(value) = after.strip_prefix('=') else {
            return Err(Wrong::quoting("dimension without value", key.as_bytes()));
        };
        check_dimension_key(key, quirks)?;
        let (value, after) = match value.strip_prefix('"') {
            Some(quoted) => read_quoted(quoted, quirks)?,
            None => read_bare(value, quirks),
        };
        if value.is_empty() {
            return Err(Wrong::quoting("empty dimension value", key.as_bytes()));
        }
        if value.chars().count() > DIMENSION_VALUE {
            quirks.push(Quirk::LongValue);
        }
        dimensions.push(Dimension { key: key.to_owned(), value });
        if dimensions.len() > DIMENSIONS {
            return Err(Wrong::new(format!("too many dimensions: at most {DIMENSIONS}")));
        }
        match after.strip_prefix(',') {
            Some(more) => rest = more,
            None => return Ok((dimensions, after)),
        }
    }
}

fn check_dimension_key(key: &str, quirks: &mut Vec<Quirk>) -> Result<(), Wrong> {
    let first = |c: char| c.is_ascii_alphabetic() || c == '_';
    let fits = is_dimension_key(key) && key.starts_with(first) && key.len() <= DIMENSION_KEY;
    if !fits {
        return Err(Wrong::quoting(
            "invalid dimension key: up to 100 small letters, digits, `-`, `_`, `.` and `:`, a letter first",
            key.as_bytes(),
        ));
    }
    if key.bytes().any(|b| b.is_ascii_uppercase()) {
        quirks.push(Quirk::Capitals);
    }
    Ok(())
}

/// Of characters that such a key has, or capital letters.
fn is_dimension_key(key: &str) -> bool {
    !key.is_empty()
        && key.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b':'))
}

/// The value that a quote began, and what follows the quote that ends it.
fn read_quoted<'a>(text: &'a str, quirks: &mut Vec<Quirk>) -> Result<(String, &'a str), Wrong> {
    let strict = strictly_quoted(text);
    // k6's output writes values as they are, so its backslashes stand for themselves; it has two spaces before
    // the number.
    if let Ok((value, rest)) = &strict
        && follows(rest)
    {
        return Ok((value.clone(), rest));
    }
    // A value ends at a quote behind which the line goes on as it must.
    let end = text.match_indices('"').map(|(at, _)| at).find(|at| follows(&text[at + 1..]));
    match end {
        Some(end) if end > 0 => {
            quirks.push(Quirk::Quotes);
            Ok((text[..end].to_owned(), &text[end + 1..]))
        }
        _ => match strict {
            Ok((_, rest)) if rest.starts_with([',', ' ']) || rest.is_empty() => strict,
            Ok((_, rest)) => Err(Wrong::quoting("text after closing quote", rest.as_bytes())),
            Err(wrong) => Err(wrong),
        },
    }
}

/// The value that no quote began, and what follows it.
fn read_bare<'a>(text: &'a str, quirks: &mut Vec<Quirk>) -> (String, &'a str) {
    let (value, rest) = strictly_bare(text, &[',', ' ']);
    // A backslash at the end of a value may stand for itself.
    let plain = text.find([',', ' ']).unwrap_or(text.len());
    if !follows(rest) && follows(&text[plain..]) {
        quirks.push(Quirk::Quotes);
        return (text[..plain].to_owned(), &text[plain..]);
    }
    (value, rest)
}

/// A value up to one of these, unless a backslash stands before it: so Dynatrace's own libraries write.
fn strictly_bare<'a>(text: &'a str, ends: &[char]) -> (String, &'a str) {
    let mut value = String::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '\\' if text[at + 1..].starts_with([',', ' ', '=', '"', '\\']) => {
                value.extend(chars.next().map(|(_, c)| c));
            }
            c if ends.contains(&c) => return (value, &text[at..]),
            c => value.push(c),
        }
    }
    (value, "")
}

/// Whether what follows a value is another dimension, or the payload.
fn follows(rest: &str) -> bool {
    if let Some(next) = rest.strip_prefix(',') {
        return next.split_once('=').is_some_and(|(key, value)| is_dimension_key(key) && !value.is_empty());
    }
    rest.starts_with(' ') && read_payload(rest.trim_start_matches(' ')).is_ok()
}

fn strictly_quoted(text: &str) -> Result<(String, &str), Wrong> {
    let mut value = String::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Ok((value, &text[at + 1..])),
            '\\' if text[at + 1..].starts_with(['"', '\\']) => value.extend(chars.next().map(|(_, c)| c)),
            c => value.push(c),
        }
    }
    Err(Wrong::quoting("unterminated quote", text.as_bytes()))
}

fn read_payload(text: &str) -> Result<(Payload, Option<i64>), Wrong> {
    let mut words = text.split(' ').filter(|word| !word.is_empty());
    let Some(payload) = words.next() else {
        return Err(Wrong::new("no payload: a number, `gauge,…` or `count,delta=…` follows the key"));
    };
    let payload = read_value(payload)?;
    let time_ms = words.next().map(|word| {
        word.parse()
            .map_err(|_| Wrong::quoting("invalid timestamp: Unix milliseconds are wanted", word.as_bytes()))
    });
    if let Some(more) = words.next() {
        return Err(Wrong::quoting("text after timestamp", more.as_bytes()));
    }
    Ok((payload, time_ms.transpose()?))
}

fn read_value(text: &str) -> Result<Payload, Wrong> {
    let (format, fields) = match text.split_once(',') {
        Some((format, fields)) if format.parse::<f64>().is_err() => (format, fields),
        _ => return Ok(Payload::Value(number(text)?)),
    };
    match format {
        "gauge" if !fields.contains('=') => Ok(Payload::Value(number(fields)?)),
        "gauge" => gauge(fields),
        "count" => match fields.strip_prefix("delta=") {
            Some(delta) => Ok(Payload::Count(number(delta)?)),
            None => Err(Wrong::quoting("count without delta: it reads `count,delta=5`", text.as_bytes())),
        },
        _ => Err(Wrong::quoting("unknown format: it is `gauge` or `count`", text.as_bytes())),
    }
}

fn gauge(fields: &str) -> Result<Payload, Wrong> {
    let incomplete =
        || Wrong::quoting("gauge summary incomplete: it has min, max, sum and count", fields.as_bytes());
    let (mut min, mut max, mut sum, mut count) = (None, None, None, None);
    for field in fields.split(',') {
        let (name, value) = field.split_once('=').ok_or_else(incomplete)?;
        let place = match name {
            "min" => &mut min,
            "max" => &mut max,
            "sum" => &mut sum,
            "count" => &mut count,
            _ => return Err(incomplete()),
        };
        *place = Some(number(value)?);
    }
    let (Some(min), Some(max), Some(sum), Some(count)) = (min, max, sum, count) else {
        return Err(incomplete());
    };
    let average = sum / count;
    // Sums of many values are rounded.
    let slack = 1e-9 * min.abs().max(max.abs()).max(1.0);
    let fits = min <= max && (min - slack..=max + slack).contains(&average);
    if !fits || count < 1.0 || count.fract() != 0.0 || count > 9e15 {
        return Err(Wrong::quoting(
            "inconsistent gauge summary: sum / count lies between min and max, and count is a whole number from 1 on",
            fields.as_bytes(),
        ));
    }
    Ok(Payload::Gauge { min, max, sum, count: count as u64 })
}

fn number(text: &str) -> Result<f64, Wrong> {
    let number = text.parse().ok().filter(|number: &f64| number.is_finite());
    number.ok_or_else(|| Wrong::quoting("invalid number", text.as_bytes()))
}

/// What follows the `#` of a metadata line.
pub(super) fn metadata(text: &str) -> Result<Metadata, Wrong> {
    let malformed =
        || Wrong::quoting("metadata line malformed: it reads `#key gauge dt.meta.unit=…`", text.as_bytes());
    let mut parts = text.trim().splitn(3, ' ');
    let (Some(key), Some(format), Some(properties)) = (parts.next(), parts.next(), parts.next()) else {
        return Err(malformed());
    };
    check_key(key)?;
    let is_count = format == "count";
    if !is_count && format != "gauge" {
        return Err(malformed());
    }
    let mut contains = Contains::Default;
    let mut rest = properties.trim_start();
    while !rest.is_empty() {
        let (name, value) = rest.split_once('=').ok_or_else(malformed)?;
        let (value, after) = match value.strip_prefix('"') {
            Some(quoted) => strictly_quoted(quoted)?,
            None => strictly_bare(value, &[',']),
        };
        if name.eq_ignore_ascii_case("dt.meta.unit") {
            contains = match value.trim() {
                "MilliSecond" | "ms" => Contains::Time,
                "Byte" | "B" | "bytes" => Contains::Data,
                _ => Contains::Default,
            };
        }
        rest = after.trim_start_matches([',', ' ']);
    }
    Ok(Metadata { key: key.to_owned(), is_count, contains })
}
