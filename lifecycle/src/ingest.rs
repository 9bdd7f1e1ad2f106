//! Dynatrace's events API v2: one object, whose `properties` may be those of a lifecycle event.
//!
//! Source: Dynatrace's page "Events API v2 – POST an event".

use crate::fields::{Object, type_of};
use crate::refusal::{Fault, Refusal};
use crate::sdlc::{self, Stated};
use crate::{Read, time};
use serde_json::{Map, Value};

/// As documented. Tests are told of in `CUSTOM_INFO` alone.
const TYPES: [&str; 11] = [
    "AVAILABILITY_EVENT",
    "CUSTOM_ALERT",
    "CUSTOM_ANNOTATION",
    "CUSTOM_CONFIGURATION",
    "CUSTOM_DEPLOYMENT",
    "CUSTOM_INFO",
    "ERROR_EVENT",
    "MARKED_FOR_TERMINATION",
    "PERFORMANCE_EVENT",
    "RESOURCE_CONTENTION_EVENT",
    "WARNING",
];

/// The one event of a body.
pub(crate) fn read(body: &Value, now: i64) -> Result<Read, Refusal> {
    let event = Object::of(body)?;
    let kind = event.needed("eventType")?;
    let title = event.needed("title")?;
    if !TYPES.contains(&kind) {
        let known = "the types of this API, of which CUSTOM_INFO tells of tests";
        return Err(event.refuse("eventType", Fault::Unknown { given: kind.to_owned(), known }));
    }
    let none = Map::new();
    let properties = event.object("properties")?.unwrap_or(Object::within("properties.", &none));
    if let Some((name, value)) = properties.iter().find(|(_, value)| !value.is_string()) {
        return Err(properties.refuse(name, Fault::Type { expected: "a string", given: type_of(value) }));
    }
    if kind != "CUSTOM_INFO" {
        return Ok(Read::Ignored(format!("eventType {kind}")));
    }
    if properties.value("event.type").is_none() {
        let why = "nothing says that it is a test; at most a note on the time line";
        return Ok(Read::Ignored(why.to_owned()));
    }
    let moment = |field: &str| -> Result<Option<i64>, Refusal> {
        event.value(field).map(time::moment).transpose().map_err(|fault| event.refuse(field, fault))
    };
    // The API knows no `timestamp`; public scripts send one.
    let stated = Stated { start: moment("startTime")?, end: moment("endTime")?, stamp: moment("timestamp")? };
    let mut read = sdlc::news(&properties, stated, now)?;
    if let Read::News(event) = &mut read {
        event.text = Some(title.to_owned());
    }
    Ok(read)
}
