//! News of tests that begin and end, in the dialects that tools and pipelines speak.

use crate::background;
use crate::bindings::loadgate::dashboard::gate::{self, Lifecycle, News};
use crate::bindings::loadgate::dashboard::types::Failure;
use crate::body;
use crate::call::Call;
use crate::reply::Reply;
use crate::{journal, reply};
use loadgate_lifecycle::{Endpoint, Event, Request, State, limits, read};
use std::time::{SystemTime, UNIX_EPOCH};

/// Takes a request as a whole or not at all; the answer is that of the endpoint's own protocol.
pub async fn take(call: &Call, path: &str) -> Reply {
    let Some(endpoint) = Endpoint::at(path) else {
        return reply::problem(http::StatusCode::NOT_FOUND, "there is nothing at this path");
    };
    let body = match body::collect(call.body.clone(), limits::BODY_BYTES + 1).await {
        Ok(body) => body,
        Err(failure) => return reply::failure(&failure),
    };
    let now_ms = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as i64);
    let request = Request { endpoint, query: call.query(), headers: &call.headers, body: &body };
    let taken = match read(&request, now_ms) {
        Ok(taken) => taken,
        Err(refusal) => return reply::problem(refusal.status(), &refusal.to_string()),
    };
    for event in &taken.events {
        if let Err(failure) = tell(event).await {
            return reply::failure(&failure);
        }
    }
    match taken.answer.body {
        Some(body) => reply::json(taken.answer.status, body),
        None => reply::empty(taken.answer.status),
    }
}

async fn tell(event: &Event) -> Result<(), Failure> {
    let state = match event.state {
        State::Started => Lifecycle::Started,
        // A case's end is not the run's.
        State::Finished if event.case.is_none() => Lifecycle::Finished,
        State::Queued | State::Finished => return Ok(()),
    };
    // A window that is made of what the script was to last says nothing of when it ran.
    let window = event.start.filter(|_| event.start_from.is_none()).zip(event.end);
    let context = event.context.as_ref().map(|context| match context.as_str() {
        Some(text) => text.to_owned(),
        None => context.to_string(),
    });
    let news = News {
        run: event.names_run().map(str::to_owned),
        test: event.names_test().map(str::to_owned),
        aliases: context.into_iter().collect(),
        state,
        start: window.map(|(start, _)| start),
        end: window.map(|(_, end)| end),
        event: serde_json::to_string(event).unwrap_or_default(),
    };
    let (run, logs) = gate::tell(&news)?;
    logs.into_iter().for_each(background::fold);
    if run.is_none() && state == Lifecycle::Finished {
        let test = news.test.as_deref().unwrap_or("the default test");
        journal::error(&format!("an event says that {test} is finished, which has no run"));
    }
    Ok(())
}
