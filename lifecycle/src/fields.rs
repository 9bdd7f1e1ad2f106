//! Fields of JSON objects, read into what they must be; what is wrong is told with its place.

use crate::refusal::{Fault, Refusal};
use crate::{Read, limits};
use serde_json::{Map, Value};

/// Reads a body: its size, its encoding, its JSON and its depth.
pub(crate) fn parse(body: &[u8]) -> Result<Value, Fault> {
    if body.len() > limits::BODY_BYTES {
        return Err(Fault::Large { given: body.len() });
    }
    let text = std::str::from_utf8(body).map_err(|error| Fault::Encoding { at: error.valid_up_to() })?;
    if text.trim().is_empty() {
        return Err(Fault::Empty);
    }
    let value: Value = serde_json::from_str(text).map_err(|error| Fault::Json(error.to_string()))?;
    if depth(&value) > limits::DEPTH {
        return Err(Fault::Deep);
    }
    Ok(value)
}

/// The parser itself goes no deeper than 128.
fn depth(value: &Value) -> usize {
    match value {
        Value::Array(values) => 1 + values.iter().map(depth).max().unwrap_or_default(),
        Value::Object(fields) => 1 + fields.values().map(depth).max().unwrap_or_default(),
        _ => 0,
    }
}

/// What a value is, with its article.
pub(crate) fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

/// Each element of an array by itself, told apart by its index.
pub(crate) fn each(
    elements: &[Value],
    read: impl Fn(&Value) -> Result<Read, Refusal>,
) -> Result<Vec<Read>, Refusal> {
    if elements.len() > limits::EVENTS {
        return Err(Refusal::of(Fault::Many { given: elements.len() }));
    }
    let elements = elements.iter().enumerate();
    elements
        .map(|(index, value)| match read(value) {
            Ok(Read::Ignored(why)) => Ok(Read::Ignored(format!("element {index}: {why}"))),
            other => other.map_err(|refusal| refusal.in_element(index)),
        })
        .collect()
}

/// An object, and where it stands in its event.
#[derive(Clone)]
pub(crate) struct Object<'a> {
    /// With a dot at its end, or empty.
    prefix: String,
    fields: &'a Map<String, Value>,
}

impl<'a> Object<'a> {
    /// An event.
    pub fn of(value: &'a Value) -> Result<Self, Refusal> {
        match value {
            Value::Object(fields) => Ok(Self::within("", fields)),
            other => Err(Refusal::of(Fault::Type { expected: "an object", given: type_of(other) })),
        }
    }

    /// Fields whose names stand after this prefix in refusals.
    pub fn within(prefix: &str, fields: &'a Map<String, Value>) -> Self {
        Object { prefix: prefix.to_owned(), fields }
    }

    /// A refusal of one of the fields.
    pub fn refuse(&self, field: &str, fault: Fault) -> Refusal {
        Refusal::at(format!("{}{field}", self.prefix), fault)
    }

    /// All fields; what is `null` is not there.
    pub fn iter(&self) -> impl Iterator<Item = (&'a str, &'a Value)> {
        self.fields.iter().map(|(name, value)| (name.as_str(), value)).filter(|(_, value)| !value.is_null())
    }

    /// A field of whatever type; what is `null` is not there.
    pub fn value(&self, field: &str) -> Option<&'a Value> {
        self.fields.get(field).filter(|value| !value.is_null())
    }

    /// A text, maybe empty.
    pub fn text(&self, field: &str) -> Result<Option<&'a str>, Refusal> {
        match self.value(field) {
            None => Ok(None),
            Some(Value::String(text)) => match short(text) {
                Ok(text) => Ok(Some(text)),
                Err(fault) => Err(self.refuse(field, fault)),
            },
            Some(other) => {
                Err(self.refuse(field, Fault::Type { expected: "a string", given: type_of(other) }))
            }
        }
    }

    /// A text that says something.
    pub fn needed(&self, field: &str) -> Result<&'a str, Refusal> {
        match self.text(field)? {
            None => Err(self.refuse(field, Fault::Missing)),
            Some("") => Err(self.refuse(field, Fault::EmptyText)),
            Some(text) => Ok(text),
        }
    }

    /// A name: a text, or a whole number as some senders have it. Empty ones, of variables that were not set,
    /// are not there.
    pub fn name(&self, field: &str) -> Result<Option<String>, Refusal> {
        match self.value(field) {
            Some(Value::Number(number)) => Ok(Some(number.to_string())),
            _ => Ok(self.text(field)?.filter(|text| !text.is_empty()).map(str::to_owned)),
        }
    }

    /// The first of several names that is there.
    pub fn first_name(&self, fields: &[&str]) -> Result<Option<String>, Refusal> {
        fields.iter().find_map(|field| self.name(field).transpose()).transpose()
    }

    /// An object within this one.
    pub fn object(&self, field: &str) -> Result<Option<Object<'a>>, Refusal> {
        match self.value(field) {
            None => Ok(None),
            Some(Value::Object(fields)) => {
                Ok(Some(Object { prefix: format!("{}{field}.", self.prefix), fields }))
            }
            Some(other) => {
                Err(self.refuse(field, Fault::Type { expected: "an object", given: type_of(other) }))
            }
        }
    }

    /// An object that must be there.
    pub fn needed_object(&self, field: &str) -> Result<Object<'a>, Refusal> {
        self.object(field)?.ok_or_else(|| self.refuse(field, Fault::Missing))
    }

    /// A value of the sender's own, to carry along.
    pub fn carried(&self, field: &str) -> Result<Option<Value>, Refusal> {
        let Some(value) = self.value(field) else { return Ok(None) };
        let given = value.to_string().len();
        if given > limits::CARRIED_BYTES {
            return Err(self.refuse(field, Fault::LongCarried { given }));
        }
        Ok(Some(value.clone()))
    }
}

/// A text that is not too long.
pub(crate) fn short(text: &str) -> Result<&str, Fault> {
    if text.len() > limits::TEXT_BYTES { Err(Fault::LongText { given: text.len() }) } else { Ok(text) }
}
