//! Dynatrace's events of the software development lifecycle: flat objects whose keys have dots.
//!
//! Sources: Dynatrace's pages "Ingest SDLC events" and the semantic dictionary's SDLC events; the k6 scripts of its
//! public demos.

use crate::event::{Event, Outcome, StartFrom, State};
use crate::fields::{Object, each, short, type_of};
use crate::refusal::{Fault, Refusal};
use crate::{Read, limits, time};
use serde_json::{Map, Value};

/// Names of a run, the most explicit first. `execution.id` is seen in public scripts.
const RUN: [&str; 4] = ["run.id", "run", "task.id", "execution.id"];

/// Names of a test. The service is one, if nothing else is: so the public demos have it.
const TEST: [&str; 5] = ["task.name", "test.name", "test", "service", "service.name"];

/// Where the name of what is tested stands.
const SERVICE: [&str; 2] = ["service.name", "service"];

/// Moments of the event itself, where it has neither start nor end.
const STAMP: [&str; 2] = ["timestamp", "event.timestamp"];

/// Read into fields of [`Event`], or said by the dialect; not carried along as attributes.
const KNOWN: [&str; 12] = [
    "event.kind",
    "event.type",
    "event.category",
    "event.status",
    "event.provider",
    "event.id",
    "event.description",
    "start_time",
    "end_time",
    "duration",
    "cicd.pipeline.run.id",
    "execution_context",
];

/// Parameters that carry tokens and passwords: they are no attributes.
const SECRETS: [&str; 6] = ["token", "api-token", "api_token", "access_token", "u", "p"];

/// Reads a body of one object or an array of them. Parameters of the query are attributes of each; the
/// body's own go first.
pub(crate) fn read(body: &Value, query: &[(String, String)], now: i64) -> Result<Vec<Read>, Refusal> {
    let one = |value: &Value| -> Result<Read, Refusal> {
        let own = Object::of(value)?;
        let mut fields = Map::new();
        for (name, text) in query.iter().filter(|(name, _)| !SECRETS.contains(&name.as_str())) {
            fields.insert(name.clone(), Value::String(text.clone()));
        }
        for (name, value) in own.iter() {
            fields.insert(name.to_owned(), value.clone());
        }
        news(&Object::within("", &fields), Stated::default(), now)
    };
    match body {
        Value::Object(_) => Ok(vec![one(body)?]),
        Value::Array(elements) => each(elements, one),
        other => Err(Refusal::of(Fault::Type { expected: "an object or an array", given: type_of(other) })),
    }
}

/// Moments that stand outside the event's attributes.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Stated {
    pub start: Option<i64>,
    pub end: Option<i64>,
    pub stamp: Option<i64>,
}

/// What the attributes say about a test, if anything.
pub(crate) fn news(attributes: &Object<'_>, stated: Stated, now: i64) -> Result<Read, Refusal> {
    let kind = attributes.needed("event.type")?;
    if !kind.eq_ignore_ascii_case("test") {
        return Ok(Read::Ignored(format!("event.type {kind}")));
    }
    let state = match state(attributes)? {
        Ok(state) => state,
        Err(why) => return Ok(Read::Ignored(why)),
    };
    let mut event = Event::new(state);
    let test = TEST.into_iter().find_map(|field| Some((field, attributes.name(field).transpose()?)));
    if let Some((field, name)) = test {
        event.test = Some(name?);
        if !SERVICE.contains(&field) {
            event.service = attributes.first_name(&SERVICE)?;
        }
    }
    event.run = attributes.first_name(&RUN)?;
    event.outcome = attributes.text("task.outcome")?.and_then(outcome);
    event.tool = attributes.name("event.provider")?;
    event.pipeline_run = attributes.name("cicd.pipeline.run.id")?;
    event.text = attributes.name("event.description")?;
    event.id = attributes.name("event.id")?;
    event.context = context(attributes)?;
    window(&mut event, attributes, stated, now)?;
    rest(&mut event, attributes)?;
    Ok(Read::News(Box::new(event)))
}

/// How far the test is, in `event.status` or, as the public demos have it, in `event.category`; else why that
/// does not show.
fn state(attributes: &Object<'_>) -> Result<Result<State, String>, Refusal> {
    let status = attributes.text("event.status")?;
    let category = attributes.text("event.category")?;
    let known = |word: &str| match word.to_ascii_lowercase().as_str() {
        "queued" => Some(State::Queued),
        "started" => Some(State::Started),
        "finished" => Some(State::Finished),
        _ => None,
    };
    Ok(match (status, category) {
        (Some(status), _) => known(status).ok_or_else(|| format!("event.status {status}")),
        (None, Some(category)) => known(category).ok_or_else(|| format!("event.category {category}")),
        (None, None) => Err("neither event.status nor event.category says how far the test is".to_owned()),
    })
}

/// Words seen for an outcome. Others stay what they are, an attribute.
fn outcome(word: &str) -> Option<Outcome> {
    match word.to_ascii_lowercase().as_str() {
        "success" | "succeeded" | "passed" | "pass" => Some(Outcome::Success),
        "failure" | "failed" | "fail" => Some(Outcome::Failure),
        "cancel" | "canceled" | "cancelled" | "aborted" => Some(Outcome::Cancel),
        "error" | "errored" => Some(Outcome::Error),
        _ => None,
    }
}

/// An object, or JSON of one in a string; another string stays one.
fn context(attributes: &Object<'_>) -> Result<Option<Value>, Refusal> {
    let carried = attributes.carried("execution_context")?;
    Ok(carried.map(|value| match &value {
        Value::String(text) => match crate::fields::parse(text.as_bytes()) {
            Ok(inner @ Value::Object(_)) => inner,
            _ => value,
        },
        _ => value,
    }))
}

/// The time range. Two of start, end and duration give the third, where the moments go before the duration: that
/// may be the script's setting. A finished test without an end ends now.
fn window(event: &mut Event, attributes: &Object<'_>, stated: Stated, now: i64) -> Result<(), Refusal> {
    let moment = |field: &str| -> Result<Option<i64>, Refusal> {
        let value = attributes.value(field).map(time::moment).transpose();
        value.map_err(|fault| attributes.refuse(field, fault))
    };
    let duration = attributes.value("duration").map(time::duration).transpose();
    let duration = duration.map_err(|fault| attributes.refuse("duration", fault))?;
    let start = stated.start.or(moment("start_time")?);
    let end = stated.end.or(moment("end_time")?);
    let mut stamp = stated.stamp;
    for field in STAMP {
        stamp = stamp.or(moment(field)?);
    }
    event.duration = duration;
    match event.state {
        State::Queued => {}
        State::Started => event.start = start.or(stamp).or(Some(now)),
        State::Finished => {
            let stated_end = end.or_else(|| Some(start? + duration?)).or(stamp);
            let end = stated_end.unwrap_or(now);
            event.start = start.or_else(|| Some(end - duration?));
            if start.is_none() && duration.is_some() {
                event.start_from = Some(match stated_end {
                    Some(_) => StartFrom::EndMinusDuration,
                    None => StartFrom::ArrivalMinusDuration,
                });
            }
            event.end = Some(end);
            if let Some(start) = event.start {
                if start > end {
                    return Err(Refusal::of(Fault::EndsBeforeStart));
                }
                event.duration = Some(end - start);
            }
        }
    }
    Ok(())
}

/// Single values that no field of the event has.
fn rest(event: &mut Event, attributes: &Object<'_>) -> Result<(), Refusal> {
    for (name, value) in attributes.iter() {
        let taken =
            [KNOWN.as_slice(), &TEST, &RUN, &SERVICE, &STAMP].iter().any(|known| known.contains(&name));
        if taken || (name == "task.outcome" && event.outcome.is_some()) {
            continue;
        }
        let text = match value {
            Value::String(text) => short(text).map_err(|fault| attributes.refuse(name, fault))?.to_owned(),
            Value::Number(_) | Value::Bool(_) => value.to_string(),
            _ => continue,
        };
        let name = short(name).map_err(Refusal::of)?.to_owned();
        if text.starts_with("https://") || text.starts_with("http://") {
            event.links.insert(name, text);
        } else {
            event.attributes.insert(name, text);
        }
        if event.links.len() + event.attributes.len() > limits::ATTRIBUTES {
            return Err(Refusal::of(Fault::ManyAttributes));
        }
    }
    Ok(())
}
