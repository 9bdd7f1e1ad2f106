//! The gate: objectives, verdicts in the form that whoever asks wants, and rollouts that ask.

use crate::background;
use crate::bindings::loadgate::dashboard::events::newest;
use crate::bindings::loadgate::dashboard::types::Failure;
use crate::bindings::loadgate::dashboard::{gate, runs};
use crate::body;
use crate::call::Call;
use crate::reply::{self, Reply};
use http::header::CACHE_CONTROL;
use http::{HeaderValue, StatusCode};
use loadgate::settings::parse_duration_ms;
use loadgate_documents::{GateVerdict, ObjectiveState};
use loadgate_gate::render;
use spin_sdk::time::sleep;
use std::time::{Duration, Instant};

/// The longest that one request waits for a verdict: proxies cut longer ones.
const WAIT: Duration = Duration::from_secs(60);

/// Who waits looks this often, beyond the settling of a finish, which is waited for to the moment: each look
/// judges the run.
const LOOK: Duration = Duration::from_secs(2);

/// Runs among which a badge looks for one with a verdict.
const LISTED: u32 = 20;

const YAML: &str = "application/yaml";

/// Whose verdict is asked for.
#[derive(Clone, Copy)]
pub(crate) enum Asked<'a> {
    Run(&'a str),
    /// The newest run of a test, live or ended.
    Test(&'a str),
    /// The one that an event finished under a name.
    KnownAs(&'a str),
}

/// A verdict, and the document that it was read from.
struct Told {
    verdict: GateVerdict,
    document: String,
}

impl Asked<'_> {
    fn run(self) -> Result<String, Failure> {
        match self {
            Asked::Run(run) => Ok(run.to_owned()),
            Asked::Test(test) => newest(Some(test))?
                .ok_or_else(|| Failure::NotFound(format!("the test {test} has no run yet"))),
            Asked::KnownAs(name) => gate::known_as(name),
        }
    }
}

pub(crate) async fn set_objectives(call: &Call, test: &str) -> Reply {
    // One more byte than there may be: the refusal is the gate's.
    let document = body::collect(call.body.clone(), loadgate_gate::MAX_BYTES + 1).await;
    let told = document.and_then(|document| gate::set_objectives(test, &document));
    reply::no_content(told.map(|logs| logs.into_iter().for_each(background::fold)))
}

pub(crate) fn objectives(test: &str) -> Reply {
    text(gate::objectives(test), YAML)
}

pub(crate) fn remove_objectives(test: &str) -> Reply {
    reply::no_content(gate::remove_objectives(test))
}

pub(crate) fn suggest_objectives(test: &str) -> Reply {
    text(gate::suggest_objectives(test), YAML)
}

pub(crate) fn objectives_schema() -> Reply {
    reply::json(StatusCode::OK, gate::objectives_schema())
}

/// `?wait=30s` waits for the run to end, and for a run to begin where there is none yet.
pub(crate) async fn verdict(call: &Call, asked: Asked<'_>) -> Reply {
    let wait = match call.param("wait").map_or(Some(0), parse_duration_ms) {
        Some(ms) => Duration::from_millis(ms).min(WAIT),
        None => {
            let sentence =
                "wait is how long to wait for the verdict, a duration such as `30s`; at most `60s`";
            return reply::problem(StatusCode::BAD_REQUEST, sentence);
        }
    };
    match wait_for(asked, Instant::now() + wait).await {
        Ok(found) => told(call, found),
        Err(failure) => reply::failure(&failure),
    }
}

pub(crate) async fn known_verdict(call: &Call) -> Reply {
    match call.param("execution_context") {
        Some(name) => verdict(call, Asked::KnownAs(name)).await,
        None => {
            let sentence = "say whose verdict, as the event named it: execution_context=NAME";
            reply::problem(StatusCode::BAD_REQUEST, sentence)
        }
    }
}

/// Judges again by what is in force now.
pub(crate) async fn judge(run: &str) -> Reply {
    reply::document(background::settle(run).await.and_then(|()| gate::judge(run)))
}

/// What a rollout's webhook asks: go on (200), or not (409). It starts nothing.
pub(crate) async fn rollout(test: &str) -> Reply {
    match look(Asked::Test(test)).await {
        Ok(Told { verdict, document }) => {
            let goes = !verdict.provisional && render::exit_code(verdict.state, false) == 0;
            reply::json(if goes { StatusCode::OK } else { StatusCode::CONFLICT }, document)
        }
        Err(failure) => reply::failure(&failure),
    }
}

/// The newest verdict on a run of the test, as a picture.
pub(crate) fn badge(test: &str) -> Reply {
    #[derive(serde::Deserialize)]
    struct Item {
        verdict: Option<ObjectiveState>,
    }
    let wanted = runs::Wanted {
        test: Some(test.to_owned()),
        before: None,
        limit: LISTED,
        figures: false,
        search: None,
        label: None,
        tags: Vec::new(),
    };
    let newest = runs::list(&wanted).and_then(|list| {
        let items: Vec<Item> = serde_json::from_str(&list).map_err(damaged)?;
        Ok(items.into_iter().find_map(|item| item.verdict))
    });
    match newest {
        Ok(state) => {
            let mut answer = reply::body(StatusCode::OK, "image/svg+xml", render::badge(state));
            answer.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
            answer
        }
        Err(failure) => reply::failure(&failure),
    }
}

/// Waits until the run has ended, and gives the verdict as it is then.
async fn wait_for(asked: Asked<'_>, until: Instant) -> Result<Told, Failure> {
    loop {
        let found = look(asked).await;
        let last_word = match &found {
            Ok(told) => !told.verdict.provisional,
            Err(Failure::NotFound(_)) => false,
            Err(_) => true,
        };
        let now = Instant::now();
        if last_word || now >= until {
            return found;
        }
        sleep(LOOK.min(until - now)).await;
    }
}

async fn look(asked: Asked<'_>) -> Result<Told, Failure> {
    let run = asked.run()?;
    background::settle(&run).await?;
    let document = gate::verdict(&run)?;
    Ok(Told { verdict: parse(&document)?, document })
}

/// A verdict in the form that is wanted. One of a run that goes on is told as 202: it is not the last word.
fn told(call: &Call, Told { verdict, document }: Told) -> Reply {
    const FORMS: [&str; 6] =
        ["application/json", "application/xml", "text/xml", "text/markdown", "text/plain", "text/html"];
    let status = if verdict.provisional { StatusCode::ACCEPTED } else { StatusCode::OK };
    let mut answer = match loadgate_http::preferred(&call.headers, &FORMS) {
        "application/xml" | "text/xml" => {
            reply::body(status, "application/xml; charset=utf-8", render::junit(&verdict))
        }
        "text/markdown" => reply::body(status, "text/markdown; charset=utf-8", render::markdown(&verdict)),
        // A person who opens the address reads the same as in a terminal.
        "text/plain" | "text/html" => {
            reply::body(status, "text/plain; charset=utf-8", render::text(&verdict))
        }
        _ => return reply::json(status, document),
    };
    answer.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    answer
}

fn text(document: Result<String, Failure>, content_type: &'static str) -> Reply {
    match document {
        Ok(text) => reply::body(StatusCode::OK, content_type, text),
        Err(failure) => reply::failure(&failure),
    }
}

/// Reads a verdict as the aggregator tells it.
pub(crate) fn parse(document: &str) -> Result<GateVerdict, Failure> {
    serde_json::from_str(document).map_err(damaged)
}

fn damaged(error: serde_json::Error) -> Failure {
    Failure::Damaged(format!("what is stored of the verdict cannot be read: {error}"))
}
