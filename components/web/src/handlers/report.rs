//! `/report`: one HTML file with everything of a run.

use super::{assets, gate};
use crate::background;
use crate::bindings::loadgate::dashboard::events::{Cursor, newest, read};
use crate::bindings::loadgate::dashboard::gate::verdict;
use crate::bindings::loadgate::dashboard::runs::{Table, Window, comparison, series, summary};
use crate::bindings::loadgate::dashboard::types::Failure;
use crate::call::Call;
use crate::reply::{self, Reply};
use http::HeaderValue;
use http::header::{CONTENT_DISPOSITION, CONTENT_SECURITY_POLICY};
use loadgate_documents::{Comparison, Summary};
use serde::Deserialize;
use std::fmt::Write;

/// The rest of the policy, with the hashes of its script and style, stands in the file itself, so
/// that it holds on disk too.
const POLICY: &str = "frame-ancestors 'none'";

/// Of windows, ms, where the run's parameters do not say.
const SHORTEST: i64 = 2_000;

/// What of the event `param` is needed here.
#[derive(Deserialize)]
struct Param {
    period: i64,
}

/// The report of a run; without one, of the newest.
pub(crate) async fn page(call: &Call) -> Reply {
    match render(call.param("run")).await {
        Ok((run, html)) => {
            let mut answer = reply::compressed(call, "text/html; charset=utf-8", html);
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
    let summary: Summary = serde_json::from_str(&summary(&run, Window::Whole)?)
        .map_err(|error| Failure::Unavailable(format!("the run's summary cannot be read: {error}")))?;
    let verdict = gate::parse(&verdict(&run)?)?;
    let comparison: Option<Comparison> = serde_json::from_str(&comparison(&run, None, Window::Whole)?)
        .map_err(|error| Failure::Unavailable(format!("the comparison cannot be read: {error}")))?;
    let mut events = String::from("[");
    let mut cursor = Cursor { chunk: 0, id: 0 };
    let mut period = SHORTEST;
    loop {
        let page = read(&run, cursor)?;
        for event in &page.events {
            if event.kind == "param" {
                period = serde_json::from_str(&event.data).map_or(period, |Param { period }| period);
            }
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
    // Charts have windows of one length.
    let step = loadgate_report::grown_to(summary.end - summary.start, period);
    let series = step.map(|step| series(&run, Table::Metrics, &[], &[], step)).transpose()?;
    let template = assets::report_template().ok_or_else(|| {
        Failure::Unavailable("the template of the report is not among the assets".to_owned())
    })?;
    let (verdict, comparison) = (Some(&verdict), comparison.as_ref());
    let html = loadgate_report::render(&template, &summary, verdict, comparison, &events, series.as_deref())
        .map_err(|error| Failure::Unavailable(error.to_string()))?;
    Ok((run, html))
}
