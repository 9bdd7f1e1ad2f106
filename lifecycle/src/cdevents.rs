//! CDEvents 0.4 and 0.5 about runs of test suites and of test cases.
//!
//! Source: the CDEvents specification at v0.4.1 and v0.5.1, its schemas and its CloudEvents binding.

use crate::event::{Event, Outcome, State};
use crate::fields::Object;
use crate::refusal::{Fault, Refusal};
use crate::{Read, time};

/// What all types of CDEvents begin with.
const PREFIX: &str = "dev.cdevents.";

/// A type about a test that is read here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Kind {
    subject: Subject,
    state: State,
    version: Version,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Subject {
    Suite,
    Case,
}

/// Of the specification.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Version {
    V04,
    V05,
}

/// What a type is about.
pub(crate) enum Type {
    Test(Kind),
    /// What it is instead, without its version.
    Other(String),
}

impl Type {
    /// A type of CDEvents, such as `dev.cdevents.testsuiterun.finished.0.3.0`. The error is of a version that is not
    /// known.
    pub fn parse(text: &str) -> Result<Self, Fault> {
        let other = || {
            Ok(Type::Other(format!(
                "type {}",
                text.trim_end_matches(|c: char| c == '.' || c.is_ascii_digit())
            )))
        };
        let Some(rest) = text.strip_prefix(PREFIX) else { return Ok(Type::Other(format!("type {text}"))) };
        let mut parts = rest.splitn(3, '.');
        let (Some(subject), Some(predicate)) = (parts.next(), parts.next()) else { return other() };
        let subject = match subject {
            "testsuiterun" => Subject::Suite,
            "testcaserun" => Subject::Case,
            _ => return other(),
        };
        let state = match predicate {
            "queued" => State::Queued,
            "started" => State::Started,
            "finished" => State::Finished,
            _ => return other(),
        };
        let version = match parts.next() {
            Some("0.2.0") => Version::V04,
            Some("0.3.0") => Version::V05,
            _ => {
                let known = "the known versions of its type, 0.2.0 (of CDEvents 0.4) and 0.3.0 (of 0.5)";
                return Err(Fault::Unknown { given: text.to_owned(), known });
            }
        };
        Ok(Type::Test(Kind { subject, state, version }))
    }
}

/// Attributes of a CloudEvent, to be equal with those of the CDEvent that it carries.
pub(crate) struct Envelope<'a> {
    pub id: &'a str,
    pub source: &'a str,
    pub kind: &'a str,
    pub subject: Option<&'a str>,
    /// Unix milliseconds.
    pub time: Option<i64>,
}

/// Reads a CDEvent that stands alone.
pub(crate) fn bare(event: &Object<'_>) -> Result<Read, Refusal> {
    let context = event.needed_object("context")?;
    let kind = context.needed("type")?;
    match Type::parse(kind).map_err(|fault| context.refuse("type", fault))? {
        Type::Test(kind) => read(event, kind, None),
        Type::Other(why) => Ok(Read::Ignored(why)),
    }
}

/// Reads a CDEvent of a kind that is known.
pub(crate) fn read(event: &Object<'_>, kind: Kind, outer: Option<&Envelope<'_>>) -> Result<Read, Refusal> {
    let context = event.needed_object("context")?;
    let (id, source) = (context.needed("id")?, context.needed("source")?);
    let own_type = context.needed("type")?;
    let stamp = context.needed("timestamp")?;
    let at = time::rfc3339(stamp).map_err(|fault| context.refuse("timestamp", fault))?;
    context.needed(match kind.version {
        Version::V04 => "version",
        Version::V05 => "specversion",
    })?;
    let subject = event.needed_object("subject")?;
    let name = subject.needed("id")?;
    if let Some(outer) = outer {
        same(&context, "id", id, outer.id)?;
        same(&context, "source", source, outer.source)?;
        same(&context, "type", own_type, outer.kind)?;
        same(&subject, "id", name, outer.subject.unwrap_or(name))?;
        if let Some(time) = outer.time.filter(|time| *time != at) {
            same(&context, "timestamp", stamp, &time::written(time))?;
        }
    }
    if kind.version == Version::V04 {
        let known = kind.subject.name();
        let given = subject.needed("type")?;
        if given != known {
            return Err(subject.refuse("type", Fault::Unknown { given: given.to_owned(), known }));
        }
    }
    let content = subject.needed_object("content")?;
    let environment = content.needed_object("environment")?;
    let test = content.object(kind.subject.test())?;

    let mut news = Event::new(kind.state);
    news.at = Some(at);
    match kind.state {
        State::Queued => {}
        State::Started => news.start = Some(at),
        State::Finished => {
            news.end = Some(at);
            news.outcome = Some(outcome(&content, kind.version)?);
        }
    }
    news.environment = Some(environment.needed("id")?.to_owned());
    news.test_id = Some(None);
    if let Some(test) = &test {
        news.test = test.name("name")?;
        news.test_id = Some(Some(test.needed("id")?.to_owned()));
    }
    match kind.subject {
        Subject::Suite => news.run = Some(name.to_owned()),
        Subject::Case => {
            news.case = Some(name.to_owned());
            if let Some(run) = content.object("testSuiteRun")? {
                news.run = Some(run.needed("id")?.to_owned());
            }
        }
    }
    news.text = content.name("reason")?;
    news.custom = event.carried("customData")?;
    news.id = Some(id.to_owned());
    news.source = Some(source.to_owned());
    for (name, object, field) in [
        // 0.4 has `url` in queued and `uri` in started.
        ("test", test.clone(), "url"),
        ("test", test, "uri"),
        ("trigger", content.object("trigger")?, "uri"),
    ] {
        if let Some(address) = object.map(|object| object.name(field)).transpose()?.flatten() {
            news.links.insert(name.to_owned(), address);
        }
    }
    for (name, value) in [("chainId", context.name("chainId")?), ("severity", content.name("severity")?)] {
        if let Some(value) = value {
            news.attributes.insert(name.to_owned(), value);
        }
    }
    Ok(Read::News(Box::new(news)))
}

impl Subject {
    /// As 0.4 names its type.
    fn name(self) -> &'static str {
        match self {
            Subject::Suite => "testSuiteRun",
            Subject::Case => "testCaseRun",
        }
    }

    /// The field of the content that says what is run.
    fn test(self) -> &'static str {
        match self {
            Subject::Suite => "testSuite",
            Subject::Case => "testCase",
        }
    }
}

fn outcome(content: &Object<'_>, version: Version) -> Result<Outcome, Refusal> {
    let word = content.needed("outcome")?;
    match (version, word) {
        (Version::V04, "pass") | (Version::V05, "success") => Ok(Outcome::Success),
        (Version::V04, "fail") | (Version::V05, "failure") => Ok(Outcome::Failure),
        (_, "cancel") => Ok(Outcome::Cancel),
        (_, "error") => Ok(Outcome::Error),
        _ => {
            let known = match version {
                Version::V04 => "pass, fail, cancel, error",
                Version::V05 => "success, failure, cancel, error",
            };
            Err(content.refuse("outcome", Fault::Unknown { given: word.to_owned(), known }))
        }
    }
}

fn same(object: &Object<'_>, field: &str, inner: &str, outer: &str) -> Result<(), Refusal> {
    if inner == outer {
        return Ok(());
    }
    Err(object.refuse(field, Fault::Differs { inner: inner.to_owned(), outer: outer.to_owned() }))
}
