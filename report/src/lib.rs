//! The report: everything of a run in one HTML file that needs neither server nor JavaScript.
//!
//! Figures come from the run's [`Summary`] and are written here as tables, every string escaped by the
//! template library; charts are drawn from the event log, which travels along as data, so that the file's
//! own script can draw them anew for whoever zooms. Both documents are described in `docs/events.md`.

#![forbid(unsafe_code)]
#![deny(missing_docs)]
#![warn(clippy::missing_errors_doc)]
// Tests of a module share freely among themselves.
#![cfg_attr(not(test), warn(unreachable_pub))]

mod axis;
mod body;
mod causes;
mod chart;
mod codes;
mod comparison;
mod course;
mod figure;
mod head;
mod limits;
mod markup;
mod panels;
mod recording;
mod shown;
mod tables;
mod verdict;
mod windows;

use loadgate_documents::{Comparison, GateVerdict, Summary, format};
use markup::Text;
use maud::{PreEscaped, Render, html};
use recording::Recording;
use thiserror::Error;

/// Why there is no report. All but the first mean that the pages were not built by
/// `static/build.mjs` of the same version.
#[derive(Debug, Error)]
pub enum ReportError {
    /// The events are not a JSON array, or the series are not such a document.
    #[error("the run's events cannot be read: {0}")]
    Events(#[source] serde_json::Error),
    /// The template lacks this place.
    #[error("the report's template has no {0}")]
    Template(&'static str),
}

/// The report of a run or of a part of it, what the gate says of the run, and how it compares with the baseline.
///
/// `template` is the built `report.html`, `events` a JSON array of `{"event", "data"}`: the log, then the
/// newest state events. `series` is the document of `GET /runs/ID/series` in windows of the run's greatest length, of a
/// run whose windows grew.
///
/// # Errors
///
/// The events cannot be read, or the template lacks a place.
pub fn render(
    template: &str,
    summary: &Summary,
    verdict: Option<&GateVerdict>,
    comparison: Option<&Comparison>,
    events: &str,
    series: Option<&str>,
) -> Result<String, ReportError> {
    let recording = Recording::read(events, series).map_err(ReportError::Events)?;
    let mut summary = summary.clone();
    // Where they do not count, nobody misses them.
    summary.health.thresholds_known |= verdict.is_some_and(|verdict| verdict.thresholds_ignored);
    let body::Parts { head, body, panels } = body::parts(&summary, verdict, comparison, &recording);
    let place = summary.place();
    let title = html! {
        (Text(&summary.run)) " · " @if let Some(place) = &place { (place) " · " } "Loadgate report"
    };
    // What the script needs to show the part as these pages do.
    let part = summary
        .part_seconds()
        .zip(place)
        .map(|((from, to), place)| serde_json::json!({ "from": from, "to": to, "place": place }).to_string());
    let data = html! {
        @if let Some(part) = &part { script type="application/json" id="part" { (PreEscaped(embed(part))) } }
        @for (id, json) in [("panels", Some(panels.as_str())), ("events", Some(events)), ("series", series)] {
            @if let Some(json) = json { script type="application/json" id=(id) { (PreEscaped(embed(json))) } }
        }
    };

    // In order of place and in one pass: what is filled in is never searched for further places.
    let places = [
        ("<!--loadgate:title-->", title),
        ("<!--loadgate:head-->", head),
        ("<!--loadgate:body-->", body),
        ("<!--loadgate:data-->", data),
    ];
    let mut page =
        String::with_capacity(template.len() + places.iter().map(|(_, part)| part.0.len()).sum::<usize>());
    let mut rest = template;
    for (place, part) in &places {
        let (before, after) = rest.split_once(place).ok_or(ReportError::Template(place))?;
        page.push_str(before);
        part.render_to(&mut page);
        rest = after;
    }
    page.push_str(rest);
    Ok(page)
}

/// How long a run's windows are at their longest, ms, where they grew; none where all of them are of one length.
/// `length` is the run's, or how far into it the shown part goes, `period` that of its first windows; both in ms.
pub fn grown_to(length: i64, period: i64) -> Option<u64> {
    let width = |age: i64| windows::width_at(age as f64 / 1e3, period as f64 / 1e3);
    // The last window began before the end.
    let longest = width(length - 1);
    (longest > width(0)).then_some((longest * 1e3) as u64)
}

/// JSON as the content of a script element: what could end the element, or a line of old JavaScript,
/// occurs only within strings and can be written as an escape there.
fn embed(json: &str) -> String {
    let mut out = String::with_capacity(json.len() + 256);
    let mut rest = json;
    while let Some(at) = rest.find(['<', '>', '&', '\u{2028}', '\u{2029}']) {
        let (plain, special) = rest.split_at(at);
        out.push_str(plain);
        let mut chars = special.chars();
        if let Some(c) = chars.next() {
            out.push_str(&format!("\\u{:04x}", u32::from(c)));
        }
        rest = chars.as_str();
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests;
