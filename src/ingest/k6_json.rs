//! k6's `--out json` lines:
//!
//! ```text
//! {"type":"Metric","data":{"name":"N","type":"trend","contains":"time","thresholds":[],"submetrics":null},"metric":"N"}
//! {"metric":"N","type":"Point","data":{"time":"RFC 3339","value":1.5,"tags":{"k":"v"}}}
//! ```
//!
//! A point in exactly k6's spelling is recognised byte by byte; everything else goes through
//! `serde_json`, with equal results.

use super::number::parse_json_number;
use super::session::{Handle, Session};
use super::time::parse_rfc3339;
use super::{after, is_equal};
use crate::aggregate::tags::TagSet;
use crate::declare::MetricDeclaration;
use crate::limits;
use loadgate_documents::{Contains, MetricKind, MetricType};
use loadgate_wires::Wrong;
use memchr::memchr;
use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fmt;

/// Parses lines; what it remembers of the last one only saves work.
#[derive(Debug, Default)]
pub(crate) struct K6Json {
    tags: Vec<u8>,
    handle: Option<Handle>,
    time_text: Vec<u8>,
    time_ns: i64,
}

impl K6Json {
    /// Handles are void: a new piece begins.
    pub(super) fn forget(&mut self) {
        self.handle = None;
    }

    /// Takes a line that is not blank.
    #[inline]
    pub(super) fn line(&mut self, line: &[u8], session: &mut Session) -> Result<(), Wrong> {
        match self.point(line, session) {
            Some(()) => Ok(()),
            None => slowly(line, session),
        }
    }

    /// A point as k6 writes it; `None`: look again, slowly.
    #[inline]
    fn point(&mut self, line: &[u8], session: &mut Session) -> Option<()> {
        let rest = after(line, br#"{"metric":""#)?;
        let (metric, length) = match session.metrics.expect(rest, |b| b == b'"') {
            Some(found) => found,
            None => {
                let length = memchr(b'"', rest)?;
                (session.intern(&rest[..length]).ok()?, length)
            }
        };
        let rest = after(&rest[length..], br#"","type":"Point","data":{"time":""#)?;
        let same_time = after(rest, &self.time_text).filter(|rest| rest.first() == Some(&b'"'));
        let (time_ns, rest) = match same_time {
            Some(rest) if !self.time_text.is_empty() => (self.time_ns, rest),
            _ => {
                let length = memchr(b'"', rest)?;
                let time_ns = parse_rfc3339(&rest[..length])?;
                self.time_text.clear();
                self.time_text.extend_from_slice(&rest[..length]);
                self.time_ns = time_ns;
                (time_ns, &rest[length..])
            }
        };
        let rest = after(rest, br#"","value":"#)?;
        let (value, length) = parse_json_number(rest)?;
        let tags = after(&rest[length..], br#","tags":"#)?.strip_suffix(b"}}")?;
        let handle = match self.handle {
            Some(handle) if is_equal(tags, &self.tags) => handle,
            _ => {
                let handle = session.tags(tags, || parse_tags(tags)).ok()?;
                self.handle = Some(handle);
                self.tags.clear();
                self.tags.extend_from_slice(tags);
                handle
            }
        };
        session.add(handle, metric, time_ns, value);
        Some(())
    }
}

fn parse_tags(raw: &[u8]) -> Result<TagSet, Wrong> {
    let tags: Option<Tags> = serde_json::from_slice(raw).map_err(|error| not_json(&error))?;
    Ok(tags.unwrap_or_default().0)
}

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow, rename = "type")]
    kind: Option<Cow<'a, str>>,
    #[serde(borrow)]
    metric: Option<Cow<'a, str>>,
    #[serde(borrow)]
    data: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Point<'a> {
    #[serde(borrow)]
    time: Cow<'a, str>,
    value: f64,
    #[serde(borrow, default)]
    tags: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Declared {
    #[serde(rename = "type")]
    metric_type: MetricType,
    #[serde(default)]
    contains: Option<Contains>,
    #[serde(default)]
    thresholds: Option<Vec<String>>,
    #[serde(default)]
    submetrics: Option<Vec<DeclaredSubmetric>>,
}

#[derive(Deserialize)]
struct DeclaredSubmetric {
    name: String,
}

/// Text to text, each name once, within the limits of tags.
#[derive(Default)]
struct Tags(TagSet);

impl<'de> Deserialize<'de> for Tags {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TagVisitor;

        impl<'de> Visitor<'de> for TagVisitor {
            type Value = Tags;

            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("an object of tags")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Tags, A::Error> {
                let mut tags = TagSet::default();
                while let Some((Text(key), Text(value))) = map.next_entry()? {
                    super::push_tag(&mut tags, &key, &value).map_err(|wrong| {
                        serde::de::Error::custom(match wrong.detail {
                            Some(detail) => format!("{}: {detail}", wrong.reason),
                            None => wrong.reason.into_owned(),
                        })
                    })?;
                }
                Ok(Tags(tags))
            }
        }

        deserializer.deserialize_map(TagVisitor)
    }
}

/// Borrowed where no escape is in the way.
#[derive(Deserialize)]
#[serde(transparent)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

#[cold]
fn slowly(line: &[u8], session: &mut Session) -> Result<(), Wrong> {
    std::str::from_utf8(line).map_err(|_| Wrong::new("the line is not UTF-8"))?;
    if deeper_than(line, limits::JSON_DEPTH) {
        return Err(Wrong::new(format!("the JSON is nested more than {} deep", limits::JSON_DEPTH)));
    }
    // serde takes an array for a structure, too.
    let is_object = |text: &[u8]| text.trim_ascii_start().first() == Some(&b'{');
    if !is_object(line) {
        return Err(Wrong::quoting("the line is no JSON object", line));
    }
    let envelope: Envelope = serde_json::from_slice(line).map_err(|error| not_json(&error))?;
    let missing = |what| Wrong::with("the line is no k6 metric or point", format!("it has no `{what}`"));
    let kind = envelope.kind.ok_or_else(|| missing("type"))?;
    let metric = envelope.metric.ok_or_else(|| missing("metric"))?;
    let data = envelope.data.map(RawValue::get).filter(|data| is_object(data.as_bytes()));
    let data = data.ok_or_else(|| missing("data"))?;
    match &*kind {
        "Point" => {
            let point: Point = serde_json::from_str(data)
                .map_err(|error| Wrong::with("the point cannot be read", reason(&error)))?;
            let metric = session.intern(metric.as_bytes())?;
            let time_ns = parse_rfc3339(point.time.as_bytes()).ok_or_else(|| {
                Wrong::quoting(
                    "the time is not as RFC 3339 writes it, up to nanoseconds",
                    point.time.as_bytes(),
                )
            })?;
            let raw = point.tags.map_or("null", RawValue::get).as_bytes();
            let handle = session.tags(raw, || parse_tags(raw))?;
            session.add(handle, metric, time_ns, point.value);
            Ok(())
        }
        "Metric" => {
            // Takes the name in, so that declarations are bounded as samples are.
            session.intern(metric.as_bytes())?;
            let declared: Declared = serde_json::from_str(data)
                .map_err(|error| Wrong::with("the declaration cannot be read", reason(&error)))?;
            let contains = declared.contains.unwrap_or_default();
            session.declare(&MetricDeclaration {
                name: metric.into_owned(),
                kind: MetricKind { metric_type: declared.metric_type, contains },
                thresholds: declared.thresholds,
                submetrics: declared.submetrics.unwrap_or_default().into_iter().map(|s| s.name).collect(),
            })
        }
        other => Err(Wrong::quoting("the line's type is neither `Point` nor `Metric`", other.as_bytes())),
    }
}

fn not_json(error: &serde_json::Error) -> Wrong {
    Wrong::with("the line cannot be read as k6's JSON", reason(error))
}

/// The parser's reason; it may quote the line, so it is cut.
fn reason(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let text = text.split(" at line ").next().unwrap_or_default();
    text.chars().take(120).flat_map(char::escape_debug).collect::<String>().replace("\\\"", "\"")
}

/// Looks at brackets outside of strings only; whether the rest is JSON is not its business.
fn deeper_than(line: &[u8], limit: usize) -> bool {
    let (mut depth, mut quoted, mut escaped) = (0_usize, false, false);
    for byte in line {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b'[' | b'{' if !quoted => depth += 1,
            b']' | b'}' if !quoted => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > limit {
            return true;
        }
    }
    false
}
