//! `/report`: one HTML file with everything of a run.

use super::{assets, gate};
use crate::background;
use crate::bindings::loadgate::dashboard::events::{Cursor, newest, read};
use crate::bindings::loadgate::dashboard::gate::verdict;
use crate::bindings::loadgate::dashboard::runs::summary;
use crate::bindings::loadgate::dashboard::types::Failure;
use crate::reply::{self, Reply};
use http::HeaderValue;
use http::StatusCode;
use http::header::{CONTENT_DISPOSITION, CONTENT_SECURITY_POLICY};
use loadgate_documents::Summary;
use std::fmt::Write;

/// The rest of the policy, with the hashes of its script and style, stands in the file itself, so
/// that it holds on disk too.
const POLICY: &str = "frame-ancestors 'none'";

/// The report of a run; without one, of the newest.
pub async fn page(run: Option<&str>) -> Reply {
    match render(run).await {
        Ok((run, html)) => {
            let mut answer = reply::body(StatusCode::OK, "text/html; charset=utf-8", html);
            let headers = answer.headers_mut();
            headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
            // A run's id has no character that would have to be escaped here.
            if let Ok(value) = HeaderValue::from_str(&format!("inline; filename=\"loadgate-{run}.html\"")) {
                headers.insert(CONTENT_DISPOSITION, value);
            }
            answer
        }
        Err(error) => reply::failure(&error),
    }
}

async fn render(run: Option<&str>) -> Result<(String, String), Failure> {
    let run = match run {
        Some(run) => run.to_owned(),
        None => newest(None)?.ok_or_else(|| Failure::NotFound("there is no run yet".to_owned()))?,
    };
    background::settle(&run).await?;
    let summary: Summary = serde_json::from_str(&summary(&run)?)
        .map_err(|error| Failure::Unavailable(format!("the run's summary cannot be read: {error}")))?;
    let verdict = gate::parse(&verdict(&run)?)?;
    let mut events = String::from("[");
    let mut cursor = Cursor { chunk: 0, id: 0 };
    loop {
        let page = read(&run, cursor)?;
        for event in &page.events {
            if events.len() > 1 {
                events.push(',');
            }
            // Kinds are plain words, and data is JSON already.
            let _ = write!(events, "{{\"event\":\"{}\",\"data\":{}}}", event.kind, event.data);
        }
        cursor = page.cursor;
        if page.current || page.ended {
            break;
        }
    }
    events.push(']');
    let template = assets::report_template().ok_or_else(|| {
        Failure::Unavailable("the template of the report is not among the assets".to_owned())
    })?;
    let html = loadgate_report::render(&template, &summary, Some(&verdict), &events)
        .map_err(|error| Failure::Unavailable(error.to_string()))?;
    Ok((run, html))
}
