//! The report: everything of a run in one HTML file that needs neither server nor JavaScript.
//!
//! Figures come from the run's summary document and are written here as tables, every string
//! escaped; charts are drawn from the event log, which travels along as data, so that the file's own
//! script can draw them anew for whoever zooms. Both documents are described in `docs/events.md`.

mod axis;
mod body;
mod chart;
mod codes;
mod format;
mod head;
mod limits;
mod panels;
mod recording;
mod tables;

use recording::Recording;
use serde_json::Value;
use std::fmt::{self, Write as _};

/// Why there is no report. All but the first two mean that the pages were not built by
/// `static/build.mjs` of the same version.
#[derive(Debug)]
pub enum ReportError {
    /// The summary is not JSON.
    Summary(serde_json::Error),
    /// The events are not a JSON array.
    Events(serde_json::Error),
    /// The template lacks this place.
    Template(&'static str),
}

impl fmt::Display for ReportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ReportError::Summary(e) => write!(f, "the run's summary cannot be read: {e}"),
            ReportError::Events(e) => write!(f, "the run's events cannot be read: {e}"),
            ReportError::Template(place) => write!(f, "the report's template has no {place}"),
        }
    }
}

impl std::error::Error for ReportError {}

/// The report of a run.
///
/// `template` is the built `report.html`, `summary` the run's summary document, `events` a JSON array
/// of `{"event", "data"}`: the log, then the newest state events.
pub fn render(template: &str, summary: &str, events: &str) -> Result<String, ReportError> {
    let summary: Value = serde_json::from_str(summary).map_err(ReportError::Summary)?;
    let recording = Recording::read(events).map_err(ReportError::Events)?;
    let body::Parts { head, body, panels } = body::parts(&summary, &recording);

    let title = format!("{} · Loadgate report", escape(summary["run"].as_str().unwrap_or("run")));
    let mut data = String::with_capacity(events.len() + panels.len() + 256);
    for (id, json) in [("panels", panels.as_str()), ("events", events)] {
        let _infallible = write!(data, "<script type=\"application/json\" id=\"{id}\">");
        embed(&mut data, json);
        data.push_str("</script>");
    }

    // In order of place and in one pass: what is filled in is never searched for further places.
    let places = [
        ("<!--loadgate:title-->", title),
        ("<!--loadgate:head-->", head),
        ("<!--loadgate:body-->", body),
        ("<!--loadgate:data-->", data),
    ];
    let mut page =
        String::with_capacity(template.len() + places.iter().map(|(_, text)| text.len()).sum::<usize>());
    let mut rest = template;
    for (place, text) in &places {
        let (before, after) = rest.split_once(place).ok_or(ReportError::Template(place))?;
        page.push_str(before);
        page.push_str(text);
        rest = after;
    }
    page.push_str(rest);
    Ok(page)
}

/// Markup whose strings are escaped already.
#[derive(Debug, Clone, Default)]
struct Html(String);

/// Any text as markup.
fn text(text: &str) -> Html {
    Html(escape(text))
}

fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            // HTML allows no other control characters, not even as references.
            c if c.is_control() && !matches!(c, '\n' | '\t') => escaped.push('\u{fffd}'),
            c => escaped.push(c),
        }
    }
    escaped
}

/// JSON as the content of a script element: what could end the element, or a line of old JavaScript,
/// occurs only within strings and can be written as an escape there.
fn embed(out: &mut String, json: &str) {
    let mut rest = json;
    while let Some(at) = rest.find(['<', '>', '&', '\u{2028}', '\u{2029}']) {
        let (plain, special) = rest.split_at(at);
        out.push_str(plain);
        let mut chars = special.chars();
        if let Some(c) = chars.next() {
            let _infallible = write!(out, "\\u{:04x}", u32::from(c));
        }
        rest = chars.as_str();
    }
    out.push_str(rest);
}

#[cfg(test)]
mod tests;
