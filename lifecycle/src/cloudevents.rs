//! CloudEvents 1.0 over HTTP, structured, binary and in batches, and the CDEvents that they carry.
//!
//! Source: CloudEvents 1.0.2, its JSON format and its HTTP binding. The official SDK, `cloudevents-sdk` 0.9, is not
//! used: it takes empty ids, does not decode what the binding percent-encodes in headers, and says of what is wrong
//! neither which event nor which field. It builds for WebAssembly, but reading one event with it adds 290 KiB to a
//! component (a second library of dates, random ids, Unicode's tables for host names).

use crate::cdevents::{self, Envelope, Type};
use crate::fields::{self, Object, each, short, type_of};
use crate::refusal::{Fault, Refusal};
use crate::{Read, time};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;
use http::header::CONTENT_TYPE;
use percent_encoding::percent_decode_str;
use serde_json::Value;
use std::borrow::Cow;

const STRUCTURED: &str = "application/cloudevents+json";
const BATCH: &str = "application/cloudevents-batch+json";

/// What attributes begin with as headers.
const HEADER: &str = "ce-";

/// Reads a body in the mode that its headers say. JSON that is no CloudEvent by its headers may be one by its
/// `specversion`, a batch by being an array, or a CDEvent alone.
pub(crate) fn read(headers: &HeaderMap, body: &[u8]) -> Result<Vec<Read>, Refusal> {
    let given = headers.get(CONTENT_TYPE).map(|value| String::from_utf8_lossy(value.as_bytes()));
    let given = given.unwrap_or(Cow::Borrowed(""));
    let media = given.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let unsupported = || Refusal::at("content-type", Fault::MediaType { given: given.clone().into_owned() });
    let parsed = || fields::parse(body).map_err(Refusal::of);
    if media == BATCH {
        return match parsed()? {
            Value::Array(elements) => each(&elements, |value| structured(&Object::of(value)?)),
            other => Err(Refusal::of(Fault::Type { expected: "an array", given: type_of(&other) })),
        };
    }
    if media == STRUCTURED {
        return Ok(vec![structured(&Object::of(&parsed()?)?)?]);
    }
    if media.starts_with("application/cloudevents") {
        return Err(unsupported());
    }
    if headers.keys().any(|name| name.as_str().starts_with(HEADER)) {
        return Ok(vec![binary(headers, &media, body)?]);
    }
    if !is_json(&media) {
        return Err(unsupported());
    }
    match parsed()? {
        Value::Array(elements) => each(&elements, either),
        value => Ok(vec![either(&value)?]),
    }
}

/// Whether a media type is one of JSON; none at all is taken for it.
fn is_json(media: &str) -> bool {
    media.is_empty() || media == "application/json" || media == "text/json" || media.ends_with("+json")
}

/// A CloudEvent by its `specversion`, else a CDEvent.
fn either(value: &Value) -> Result<Read, Refusal> {
    let event = Object::of(value)?;
    if event.value("specversion").is_some() { structured(&event) } else { cdevents::bare(&event) }
}

/// A CloudEvent as one object.
fn structured(event: &Object<'_>) -> Result<Read, Refusal> {
    version(event.needed("specversion")?).map_err(|fault| event.refuse("specversion", fault))?;
    let time = event.text("time")?.map(time::rfc3339).transpose();
    let envelope = Envelope {
        id: event.needed("id")?,
        source: event.needed("source")?,
        kind: event.needed("type")?,
        subject: event.text("subject")?,
        time: time.map_err(|fault| event.refuse("time", fault))?,
    };
    let base64 = event.text("data_base64")?;
    if base64.is_some() && event.value("data").is_some() {
        return Err(Refusal::of(Fault::DataTwice));
    }
    let kind = match Type::parse(envelope.kind).map_err(|fault| event.refuse("type", fault))? {
        Type::Test(kind) => kind,
        Type::Other(why) => return Ok(Read::Ignored(why)),
    };
    let decoded = match base64 {
        None => None,
        Some(text) => {
            let refuse = |fault| event.refuse("data_base64", fault);
            let bytes = STANDARD.decode(text).map_err(|_| refuse(Fault::Base64))?;
            Some(fields::parse(&bytes).map_err(refuse)?)
        }
    };
    match &decoded {
        Some(value) => cdevents::read(
            &Object::of(value).map_err(|refusal| within(refusal, "data_base64"))?,
            kind,
            Some(&envelope),
        ),
        None => cdevents::read(&event.needed_object("data")?, kind, Some(&envelope)),
    }
}

/// The same about a field that holds what was refused.
fn within(refusal: Refusal, field: &str) -> Refusal {
    Refusal { field: Some(field.to_owned()), ..refusal }
}

/// A CloudEvent whose attributes are headers.
fn binary(headers: &HeaderMap, media: &str, body: &[u8]) -> Result<Read, Refusal> {
    let attribute = |name: &'static str| -> Result<Option<String>, Refusal> {
        let value = headers.get(format!("{HEADER}{name}")).map(|value| decode(value.as_bytes()));
        if let Some(value) = &value {
            short(value).map_err(|fault| Refusal::at(format!("{HEADER}{name}"), fault))?;
        }
        Ok(value)
    };
    let needed = |name: &'static str| -> Result<String, Refusal> {
        match attribute(name)? {
            None => Err(Refusal::at(format!("{HEADER}{name}"), Fault::Missing)),
            Some(value) if value.is_empty() => Err(Refusal::at(format!("{HEADER}{name}"), Fault::EmptyText)),
            Some(value) => Ok(value),
        }
    };
    version(&needed("specversion")?).map_err(|fault| Refusal::at("ce-specversion", fault))?;
    let (id, source, kind) = (needed("id")?, needed("source")?, needed("type")?);
    let subject = attribute("subject")?;
    let time = attribute("time")?.map(|text| time::rfc3339(&text)).transpose();
    let time = time.map_err(|fault| Refusal::at("ce-time", fault))?;
    let envelope = Envelope { id: &id, source: &source, kind: &kind, subject: subject.as_deref(), time };
    match Type::parse(&kind).map_err(|fault| Refusal::at("ce-type", fault))? {
        Type::Other(why) => Ok(Read::Ignored(why)),
        Type::Test(_) if !is_json(media) => {
            Err(Refusal::at("content-type", Fault::MediaType { given: media.to_owned() }))
        }
        Type::Test(kind) => {
            let data = fields::parse(body).map_err(Refusal::of)?;
            cdevents::read(&Object::of(&data)?, kind, Some(&envelope))
        }
    }
}

fn version(text: &str) -> Result<(), Fault> {
    match text {
        "1.0" => Ok(()),
        _ => Err(Fault::Unknown { given: text.to_owned(), known: "the known versions, 1.0" }),
    }
}

/// The value of a header, as section 3.1.3.2 of the binding has it: first out of quotes, then percent-decoded.
fn decode(value: &[u8]) -> String {
    let text = String::from_utf8_lossy(value);
    let text = match text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        Some(quoted) => {
            let mut plain = String::with_capacity(quoted.len());
            let mut characters = quoted.chars();
            while let Some(c) = characters.next() {
                plain.push(if c == '\\' { characters.next().unwrap_or(c) } else { c });
            }
            Cow::Owned(plain)
        }
        None => text,
    };
    percent_decode_str(&text).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_taken_out_of_quotes_and_percent_decoded() {
        for (value, text) in [
            ("%C3%9Cberlast%2042", "Überlast 42"),
            (r#""a \"quoted\" one""#, r#"a "quoted" one"#),
            (r#""\"#, r#""\"#),
            ("100%", "100%"),
            ("%zz", "%zz"),
            ("%FF", "\u{fffd}"),
            ("", ""),
        ] {
            assert_eq!(decode(value.as_bytes()), text, "{value}");
        }
    }
}
