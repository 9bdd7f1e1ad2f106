//! `/report`: one HTML file with everything of a run.

use crate::bindings::loadgate::dashboard::events::{Cursor, newest, read};
use crate::bindings::loadgate::dashboard::runs::summary;
use crate::bindings::loadgate::dashboard::types::Failure;
use crate::reply::{self, Reply};
use crate::{assets, tender};
use http::HeaderValue;
use http::StatusCode;
use http::header::{CONTENT_DISPOSITION, CONTENT_SECURITY_POLICY};

/// Everything is inline, and nothing is fetched.
const POLICY: &str = "default-src 'none'; script-src 'unsafe-inline' data: blob:; style-src 'unsafe-inline'; \
    img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The report of a run; without one, of the newest.
pub fn page(run: Option<&str>) -> Reply {
    match render(run) {
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

fn render(run: Option<&str>) -> Result<(String, String), Failure> {
    let run = match run {
        Some(run) => run.to_owned(),
        None => newest(None)?.ok_or_else(|| Failure::NotFound("there is no run yet".to_owned()))?,
    };
    tender::catch_up(&run)?;
    let summary = summary(&run)?;
    let mut events = Vec::new();
    let mut cursor = Cursor { chunk: 0, id: 0 };
    loop {
        let page = read(&run, cursor)?;
        events.extend(page.events.into_iter().map(|event| (event.kind, event.data)));
        cursor = page.cursor;
        if page.current || page.ended {
            break;
        }
    }
    let template = assets::report_template().ok_or_else(|| {
        Failure::Unavailable("the template of the report is not among the assets".to_owned())
    })?;
    Ok((run, loadgate::report::render(&template, &summary, &events)))
}
