//! The top of the report: which run, when, does it pass, and the figures that decide.

use super::chart::sparkline;
use super::format::{NOTHING, Unit, format};
use super::panels::Panel;
use super::recording::Columns;
use super::tables::{chip, list, name, number, string};
use super::{Html, text};
use loadgate_documents::{clock, moment};
use serde_json::Value;
use std::fmt::Write as _;

pub fn head(summary: &Value) -> Html {
    let test = string(summary, "test");
    let run = string(summary, "run");
    let short = run.strip_prefix(test).and_then(|rest| rest.strip_prefix('.')).unwrap_or(run);
    let live = string(summary, "state") == "live";
    let state = if live { chip("warning", "still running") } else { chip("none", "ended") };
    let mut html = format!(
        "<header class=\"report-head\"><h1><bdi>{}</bdi> <span class=\"caption\"><bdi>{}</bdi></span></h1> {} {}{}{}<dl class=\"facts\">",
        text(test).0,
        text(short).0,
        state.0,
        verdict(summary).0,
        outcome(summary).0,
        notices(summary).0,
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
    let said = moment(ms as i64);
    let machine = said.trim_end_matches(" UTC").replace(' ', "T");
    Html(format!("<time datetime=\"{machine}Z\">{said}</time>"))
}

/// As the pages' chip, `static/scripts/thresholds.js`.
fn verdict(summary: &Value) -> Html {
    let all = list(summary, "thresholds");
    let failed = all.iter().filter(|t| t["passes"].as_bool() == Some(false)).count();
    let untyped = all.iter().filter(|t| !t["unknown"].is_null()).count();
    let silent = all.iter().filter(|t| t["passes"].is_null()).count() - untyped;
    let known = summary["health"]["thresholdsKnown"].as_bool() != Some(false);
    let (thresholds, pass, fail) =
        if all.len() == 1 { ("threshold", "passes", "fails") } else { ("thresholds", "pass", "fail") };
    let total = all.len();
    match (total, failed, silent, untyped) {
        (0, ..) if !known => chip("none", "thresholds not known"),
        (0, ..) => chip("none", "no thresholds"),
        (_, 0, ..) if !known => chip("warning", &format!("thresholds: {total} of ? known")),
        (_, 1.., ..) if !known => chip("bad", &format!("{failed} of ? thresholds {fail}")),
        (_, 1.., ..) => chip("bad", &format!("{failed} of {total} {thresholds} {fail}")),
        (_, 0, _, 1..) => chip("warning", &format!("type not known for {untyped} of {total} {thresholds}")),
        (_, 0, silent, _) if silent == total => chip("none", &format!("no data for {total} {thresholds}")),
        (_, 0, 0, 0) => chip("good", &format!("{total} {thresholds} {pass}")),
        _ => chip("warning", &format!("{} of {total} {thresholds} pass", total - silent)),
    }
}

/// How the run ended, where that says anything.
fn outcome(summary: &Value) -> Html {
    let outcome = &summary["outcome"];
    match (string(outcome, "state"), number(outcome, "exit")) {
        ("bad", exit) => {
            let code = exit.map_or(String::new(), |exit| format!(" (k6 exit code {exit})"));
            Html(format!(" {}", chip("bad", &format!("{}{code}", string(outcome, "text"))).0))
        }
        _ => Html::default(),
    }
}

/// What a reader must know before the figures: load that was not reached, types and limits that
/// nobody told.
fn notices(summary: &Value) -> Html {
    let mut html = String::new();
    let mut notice = |state: &str, title: &str, body: &Html| {
        let _infallible = write!(
            html,
            "<div class=\"notice notice-{state}\"><strong>{}</strong> {}</div>",
            text(title).0,
            body.0
        );
    };
    for row in list(&summary["health"], "wanted") {
        let scenario = string(row, "scenario");
        let of = if scenario.is_empty() {
            Html::default()
        } else {
            Html(format!("<bdi>{}</bdi>: ", text(scenario).0))
        };
        let figure = |field| format(number(row, field), Unit::Count, false);
        let seconds = number(row, "seconds").unwrap_or(0.0).max(1.0);
        let per = |field| format(number(row, field).map(|count| count / seconds), Unit::Rate, false);
        let said = Html(format!(
            "{}wanted {} iterations ({}), reached {} ({}), dropped {}.",
            of.0,
            text(&figure("wanted")).0,
            text(&per("wanted")).0,
            text(&figure("reached")).0,
            text(&per("reached")).0,
            text(&figure("dropped")).0,
        ));
        if row["short"].as_bool() == Some(true) {
            notice("bad", "The load that was asked for was not reached.", &said);
        } else {
            notice("none", "Wanted against achieved:", &said);
        }
    }
    let untyped: Vec<&str> = untyped(summary).collect();
    if !untyped.is_empty() {
        let names = untyped.iter().map(|metric| name(metric).0).collect::<Vec<_>>().join(", ");
        let said = Html(format!(
            "{names}: the figures are a guess by values, and no threshold passes on them. This tells the types, one of the words each: <code>{}</code>. A report that is made then has the right totals and limits.",
            text(&declaring(summary, &untyped)).0
        ));
        notice("warning", "Types of metrics are not known.", &said);
    }
    if summary["health"]["thresholdsKnown"].as_bool() == Some(false)
        && !list(summary, "thresholds").is_empty()
    {
        let said = text(
            "k6's samples tell limits of metrics, but not those of submetrics. `loadgate import --options FILE` with what `k6 inspect SCRIPT` prints tells all.",
        );
        notice("warning", "Limits may be missing.", &said);
    }
    Html(html)
}

/// Metrics that were measured and whose type is not known.
fn untyped(summary: &Value) -> impl Iterator<Item = &str> {
    let metrics = summary["metrics"].as_object().into_iter().flatten();
    metrics
        .filter(|(name, metric)| !metric["unknown"].is_null() && !name.contains('{'))
        .map(|(name, _)| name.as_str())
}

/// The command that declares them, to be completed; what is left as it is gets refused.
fn declaring(summary: &Value, metrics: &[&str]) -> String {
    let types: serde_json::Map<String, Value> = metrics
        .iter()
        .map(|metric| {
            let types = list(&summary["metrics"][*metric], "unknown");
            let words: Vec<&str> = types.iter().filter_map(Value::as_str).collect();
            ((*metric).to_owned(), Value::String(words.join("|")))
        })
        .collect();
    let document = Value::Object(types);
    format!("curl -X PUT SERVER/tests/{}/metrics -d '{document}'", string(summary, "test"))
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
