//! What Loadgate is told of tests that begin and end, and what it tells of their verdicts; the wire formats,
//! without a host, a clock or a network.
//!
//! Load generators and pipelines say "started" and "finished" in three dialects, each at an [`Endpoint`] of its own.
//! [`read`] turns a request into [`Event`]s of one vocabulary, or refuses it as a whole with a sentence:
//!
//! ```
//! use loadgate_lifecycle::{Endpoint, Request, State, read};
//!
//! let request = Request {
//!     endpoint: Endpoint::at("/platform/ingest/v1/events.sdlc").unwrap(),
//!     query: &[],
//!     headers: &http::HeaderMap::new(),
//!     body: br#"{"event.type": "test", "event.category": "finished", "service": "checkout", "duration": "1m"}"#,
//! };
//! let taken = read(&request, 1_795_219_200_000).unwrap();
//! let event = &taken.events[0];
//! assert_eq!((event.state, event.names_test()), (State::Finished, Some("checkout")));
//! assert_eq!((event.start, event.end), (Some(1_795_219_140_000), Some(1_795_219_200_000)));
//! ```
//!
//! Which run is meant, and what then becomes of it, is for the caller to know.

#![forbid(unsafe_code)]
#![deny(missing_docs)]

mod answer;
mod cdevents;
mod cloudevents;
mod endpoint;
mod event;
mod fields;
mod ingest;
pub mod limits;
pub mod out;
mod refusal;
mod sdlc;
mod time;
pub mod webhook;

pub use self::answer::Answer;
pub use self::endpoint::Endpoint;
pub use self::event::{Event, Outcome, StartFrom, State};
pub use self::refusal::{Fault, Refusal};

use http::HeaderMap;

/// A POST to an endpoint.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// Where it goes.
    pub endpoint: Endpoint,
    /// Its parameters, decoded.
    pub query: &'a [(String, String)],
    /// Its headers.
    pub headers: &'a HeaderMap,
    /// Its body, whole. More than [`limits::BODY_BYTES`] need not be read from the wire.
    pub body: &'a [u8],
}

/// What a request says.
#[derive(Debug, Clone, PartialEq)]
pub struct Taken {
    /// News of tests, in the order of the body.
    pub events: Vec<Event>,
    /// What is well-formed and no news about a test, each with what it is instead.
    pub ignored: Vec<String>,
    /// What the sender is told.
    pub answer: Answer,
}

/// What one event of a request says.
enum Read {
    News(Box<Event>),
    /// No news about a test, but what this says.
    Ignored(String),
}

/// Reads a request that arrives at `now_ms`, in Unix milliseconds. Either all of it is taken or nothing.
pub fn read(request: &Request<'_>, now_ms: i64) -> Result<Taken, Refusal> {
    let body = || fields::parse(request.body).map_err(Refusal::of);
    let read = match request.endpoint {
        Endpoint::Sdlc => sdlc::read(&body()?, request.query, now_ms)?,
        Endpoint::EventsV2 => vec![ingest::read(&body()?, now_ms)?],
        Endpoint::CloudEvents => cloudevents::read(request.headers, request.body)?,
    };
    let mut taken =
        Taken { events: Vec::new(), ignored: Vec::new(), answer: Answer::to(request.endpoint, request.body) };
    for read in read {
        match read {
            Read::News(event) => taken.events.push(*event),
            Read::Ignored(why) => taken.ignored.push(why),
        }
    }
    Ok(taken)
}
