//! The top of the report: which run, when, does it pass, and the figures that decide.

use super::chart::sparkline;
use super::format::{NOTHING, Unit, clock, format, moment};
use super::panels::Panel;
use super::recording::Columns;
use super::tables::{chip, list, name, number, string};
use super::{Html, text};
use serde_json::Value;
use std::fmt::Write as _;

pub fn head(summary: &Value) -> Html {
    let test = string(summary, "test");
    let run = string(summary, "run");
    let short = run.strip_prefix(test).and_then(|rest| rest.strip_prefix('.')).unwrap_or(run);
    let live = string(summary, "state") == "live";
    let state = if live { chip("warning", "still running") } else { chip("none", "ended") };
    let mut html = format!(
        "<header class=\"report-head\"><h1><bdi>{}</bdi> <span class=\"caption\"><bdi>{}</bdi></span></h1> {} {}<dl class=\"facts\">",
        text(test).0,
        text(short).0,
        state.0,
        verdict(summary).0,
    );
    let (start, end) = (number(summary, "start"), number(summary, "end"));
    let health = &summary["health"];
    let count = |field| text(&format(number(health, field), Unit::Count, false));
    let mut fact = |title: &str, said: Html| {
        let _infallible = write!(html, "<div><dt>{title}</dt><dd>{}</dd></div>", said.0);
    };
    fact("Run", name(run));
    for (field, title) in [("label", "Name"), ("note", "Note")] {
        if let Some(written) = summary[field].as_str() {
            fact(title, name(written));
        }
    }
    if let Some(start) = start {
        fact("Start", when(start));
    }
    if let Some(end) = end {
        fact(if live { "Newest data" } else { "End" }, when(end));
    }
    if let (Some(start), Some(end)) = (start, end) {
        let duration = end - start;
        let said =
            if duration < 10_000.0 { format(Some(duration), Unit::Time, false) } else { clock(duration) };
        fact(if live { "Duration so far" } else { "Duration" }, text(&said));
    }
    if health.is_object() {
        let generators = list(health, "generators").len();
        fact("Load generators", text(&format(Some(generators as f64), Unit::Count, false)));
        fact("Samples", count("samples"));
        fact("Late", count("late"));
        fact("Refused", count("refused"));
    }
    html.push_str("</dl></header>");
    Html(html)
}

/// A moment in UTC; the script adds the reader's own time.
fn when(ms: f64) -> Html {
    let said = moment(ms);
    let machine = said.trim_end_matches(" UTC").replace(' ', "T");
    Html(format!("<time datetime=\"{machine}Z\">{said}</time>"))
}

fn verdict(summary: &Value) -> Html {
    let all = list(summary, "thresholds");
    let failed = all.iter().filter(|t| t["passes"].as_bool() == Some(false)).count();
    let silent = all.iter().filter(|t| t["passes"].is_null()).count();
    let (thresholds, pass, fail) =
        if all.len() == 1 { ("threshold", "passes", "fails") } else { ("thresholds", "pass", "fail") };
    match (all.len(), failed, silent) {
        (0, ..) if summary["health"]["thresholdsKnown"].as_bool() == Some(false) => {
            chip("none", "thresholds not known")
        }
        (0, ..) => chip("none", "no thresholds"),
        (total, 0, silent) if silent == total => chip("none", &format!("no data for {total} {thresholds}")),
        (total, 0, 0) => chip("good", &format!("{total} {thresholds} {pass}")),
        (total, 0, _) => chip("warning", &format!("{} of {total} {thresholds} pass", total - silent)),
        (total, ..) => chip("bad", &format!("{failed} of {total} {thresholds} {fail}")),
    }
}

/// The tiles of `stat` panels.
pub fn tiles<'a>(
    html: &mut String,
    panels: impl Iterator<Item = &'a Panel>,
    summary: &Value,
    columns: &Columns,
    seconds: &[f64],
) {
    let mut tiles = String::new();
    for panel in panels {
        tile(&mut tiles, panel, summary, columns, seconds);
    }
    if !tiles.is_empty() {
        let _infallible = write!(html, "<div class=\"tiles\">{tiles}</div>");
    }
}

fn tile(html: &mut String, panel: &Panel, summary: &Value, columns: &Columns, seconds: &[f64]) {
    let Some(first) = panel.series.first() else { return };
    let document = &summary["metrics"][&first.metric];
    let (kind, values) = (string(document, "type"), &document["values"]);
    // What a gauge says at the end of a run, when all users have gone, says little.
    let shown = if kind == "gauge" { "max" } else { first.aggregate };
    let figure = format(number(values, shown), first.unit, false);
    let aside = match (document.is_null(), panel.series.get(1), kind) {
        (true, ..) => "no data".to_owned(),
        (_, Some(second), _) => {
            let values = &summary["metrics"][&second.metric]["values"];
            format(number(values, second.aggregate), second.unit, false)
        }
        (_, _, "gauge") => {
            format!("highest · last {}", format(number(values, "value"), first.unit, false))
        }
        (_, _, "rate") => {
            let count = |field| number(values, field).unwrap_or(0.0);
            let (passes, all) = (count("passes"), count("passes") + count("fails"));
            let count = |value| format(Some(value), Unit::Count, false);
            format!("{} of {}", count(passes), count(all))
        }
        (_, _, "trend") => format!("median {}", format(number(values, "med"), first.unit, false)),
        _ => String::new(),
    };
    let _infallible = write!(
        html,
        "<div class=\"tile card\"><span class=\"tile-head\">{}</span> <b class=\"figure\">{}</b> <span class=\"tile-foot\"><span class=\"caption\">{}</span> ",
        text(&panel.title).0,
        if document.is_null() { NOTHING.to_owned() } else { text(&figure).0 },
        text(&aside).0,
    );
    if let Some(last) = panel.series.last() {
        sparkline(html, last.color, seconds, columns.of(&last.metric, last.aggregate));
    }
    html.push_str("</span></div>");
}
