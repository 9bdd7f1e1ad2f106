//! The top of the report: which run, when, does it pass, and the figures that decide.

use super::chart::sparkline;
use super::format::{NOTHING, Unit, format};
use super::limits;
use super::markup::{State, Text, chip, name};
use super::panels::Panel;
use super::recording::Columns;
use super::shown::SHOWN;
use super::{comparison, verdict};
use loadgate_documents::{
    Aggregate, Comparison, GateVerdict, RunState, Summary, Values, WantedLoad, clock, moment,
};
use maud::{Markup, html};
use std::collections::BTreeMap;

pub(crate) fn head(
    summary: &Summary,
    verdict: Option<&GateVerdict>,
    compared: Option<&Comparison>,
) -> Markup {
    let run = summary.run.as_str();
    let short =
        run.strip_prefix(summary.test.as_str()).and_then(|rest| rest.strip_prefix('.')).unwrap_or(run);
    let live = summary.state == RunState::Live;
    html! {
        header class="report-head" {
            h1 { (name(&summary.test)) " " span class="caption" { (name(short)) } }
            " "
            @if live { (chip(State::Warning, "still running")) } @else { (chip(State::None, "ended")) }
            " "
            @if let Some(verdict) = verdict { (verdict::chip_of(verdict)) " " }
            @if summary.window.is_none() { (thresholds(summary)) }
            (outcome(summary))
            (part(summary))
            @if let Some(verdict) = verdict { (verdict::notice(verdict)) }
            @if let Some(compared) = compared { (comparison::notice(compared)) }
            (notices(summary))
            dl class="facts" {
                @for (title, said) in facts(summary, live) {
                    div { dt { (title) } dd { (said) } }
                }
            }
        }
    }
}

/// Which part of the run the figures are of, where they are not of all of it.
fn part(summary: &Summary) -> Markup {
    let Some((place, (from, to))) = summary.place().zip(summary.part_seconds()) else {
        return Markup::default();
    };
    let whole = clock((summary.end - summary.start) as f64);
    html! {
        p class="part" {
            strong { (place) " of " (whole) } " · " (clock((to - from) * 1e3)) " · in this part: "
            (thresholds(summary))
        }
        p class="caption" {
            "Every figure, table and chart below is of this part of the run. The verdict, the run's end and what is \
             said of its samples are of the whole run."
        }
    }
}

fn facts(summary: &Summary, live: bool) -> Vec<(&'static str, Markup)> {
    let count = |number: u64| html! { (format(Some(number as f64), Unit::Count, false)) };
    let duration = (summary.end - summary.start) as f64;
    let health = &summary.health;
    let mut facts = vec![("Run", name(&summary.run))];
    facts.extend(summary.label.as_deref().map(|label| ("Name", name(label))));
    facts.extend(summary.note.as_deref().map(|note| ("Note", name(note))));
    if !summary.tags.is_empty() {
        facts.push(("Tags", tags(summary)));
    }
    facts.extend([
        ("Start", when(summary.start)),
        (if live { "Newest data" } else { "End" }, when(summary.end)),
        (
            if live { "Duration so far" } else { "Duration" },
            html! {
                @if duration < 10_000.0 { (format(Some(duration), Unit::Time, false)) } @else { (clock(duration)) }
            },
        ),
        ("Load generators", count(health.generators.len() as u64)),
        ("Samples", count(health.samples)),
        ("Late", count(health.late)),
        ("Refused", count(health.refused)),
    ]);
    facts
}

/// The tags of the whole run: `env: staging`, one behind the other.
fn tags(summary: &Summary) -> Markup {
    html! {
        @for (at, (key, values)) in summary.tags.iter().enumerate() {
            @if at > 0 { " · " }
            (name(&format!("{key}: {}", values.join(", "))))
        }
        @if summary.more_tags > 0 { " · " (summary.more_tags) " more" }
    }
}

/// A moment in UTC; the script adds the reader's own time.
fn when(ms: i64) -> Markup {
    let said = moment(ms);
    let machine = said.trim_end_matches(" UTC").replace(' ', "T");
    html! { time datetime={ (machine) "Z" } { (said) } }
}

fn thresholds(summary: &Summary) -> Markup {
    let (state, words) = limits::verdict(summary);
    chip(state, &words)
}

/// How the run ended, where that says anything.
fn outcome(summary: &Summary) -> Markup {
    match &summary.outcome {
        Some(outcome) if outcome.bad => {
            let code = outcome.exit.map_or(String::new(), |exit| format!(" (k6 exit code {exit})"));
            html! { " " (chip(State::Bad, &format!("{}{code}", outcome.text))) }
        }
        _ => Markup::default(),
    }
}

/// What a reader must know before the figures: load that was not reached, types and limits that
/// nobody told.
fn notices(summary: &Summary) -> Markup {
    let untyped = untyped(summary);
    let few = SHOWN.untyped_names;
    html! {
        @for row in &summary.health.wanted {
            @if row.short {
                (notice(State::Bad, "The load that was asked for was not reached.", wanted(row)))
            } @else {
                (notice(State::None, "Wanted against achieved:", wanted(row)))
            }
        }
        @if !untyped.is_empty() {
            (notice(State::Warning, "Types of metrics are not known.", html! {
                @for (i, metric) in untyped.keys().take(few).enumerate() {
                    @if i > 0 { ", " }
                    (name(metric))
                }
                @if untyped.len() > few { " and " (untyped.len() - few) " more" }
                ": the figures are a guess by values, and no threshold passes on them. This tells the types, \
                 one of the words each: "
                @let command = html! { code { (Text(&declaring(&summary.test, &untyped))) } };
                @if untyped.len() > few {
                    details { summary { "the command for all of them" } (command) }
                } @else { (command) ". " }
                "A report that is made then has the right totals and limits."
            }))
        }
        @if summary.limits_may_be_missing() && !summary.thresholds.is_empty() {
            (notice(State::Warning, "Limits may be missing.", html! {
                "k6's samples tell limits of metrics, but not those of submetrics. `loadgate import --options \
                 FILE` with what `k6 inspect SCRIPT` prints tells all."
            }))
        }
    }
}

fn notice(state: State, title: &str, body: Markup) -> Markup {
    html! { div class={ "notice notice-" (state.word()) } { strong { (title) } " " (body) } }
}

fn wanted(row: &WantedLoad) -> Markup {
    let count = |iterations: Option<f64>| format(iterations, Unit::Count, false);
    let seconds = row.seconds.max(1.0);
    let rate = |iterations: Option<f64>| format(iterations.map(|all| all / seconds), Unit::Rate, false);
    html! {
        @if !row.scenario.is_empty() { (name(&row.scenario)) ": " }
        "wanted " (count(Some(row.wanted))) " iterations (" (rate(Some(row.wanted))) "), reached "
        (count(row.reached)) " (" (rate(row.reached)) "), dropped " (count(Some(row.dropped))) "."
    }
}

/// Metrics that were measured and whose type is not known, with the words that are possible. Of
/// submetrics their metric speaks.
fn untyped(summary: &Summary) -> BTreeMap<&str, String> {
    let metrics = summary.metrics.iter().filter(|(name, _)| !name.contains('{'));
    metrics
        .filter_map(|(name, metric)| {
            let words: Vec<&str> = metric.unknown.as_ref()?.iter().map(|metric| metric.word()).collect();
            Some((name.as_str(), words.join("|")))
        })
        .collect()
}

/// The command that declares them, to be completed; what is left as it is gets refused.
fn declaring(test: &str, types: &BTreeMap<&str, String>) -> String {
    let document = serde_json::to_string(types).unwrap_or_default();
    format!("curl -X PUT SERVER/tests/{test}/metrics -d '{document}'")
}

/// The tiles of `stat` panels.
pub(crate) fn tiles<'a>(
    panels: impl Iterator<Item = &'a Panel>,
    summary: &Summary,
    compared: Option<&Comparison>,
    columns: &Columns,
) -> Markup {
    let tiles: Vec<Markup> = panels.filter_map(|panel| tile(panel, summary, compared, columns)).collect();
    html! {
        @if !tiles.is_empty() { div class="tiles" { @for tile in tiles { (tile) } } }
    }
}

fn tile(
    panel: &Panel,
    summary: &Summary,
    compared: Option<&Comparison>,
    columns: &Columns,
) -> Option<Markup> {
    let first = panel.series.first()?;
    let last = panel.series.last()?;
    let metric = summary.metrics.get(&first.metric);
    let silent = metric.is_some_and(|metric| metric.silent);
    let values = metric.filter(|_| !silent).map(|metric| &metric.values);
    let figure = values.and_then(|values| values.of(over_all(values, first.aggregate)));
    let count = |count: u64| format(Some(count as f64), Unit::Count, false);
    let aside = match (values, panel.series.get(1)) {
        (None, _) if silent => "no samples in this part".to_owned(),
        (None, _) => "no data".to_owned(),
        (_, Some(second)) => {
            let metric = summary.metrics.get(&second.metric);
            format(metric.and_then(|metric| metric.values.of(second.aggregate)), second.unit, false)
        }
        (Some(Values::Gauge { value, .. }), _) => {
            format!("highest · last {}", format(Some(*value), first.unit, false))
        }
        (Some(Values::Rate { passes, fails, .. }), _) => {
            format!("{} of {}", count(*passes), count(passes + fails))
        }
        (Some(Values::Trend(trend)), _) => format!("median {}", format(trend.med, first.unit, false)),
        (Some(Values::Counter { .. }), _) => String::new(),
    };
    Some(html! {
        div class="tile card" {
            span class="tile-head" { (Text(&panel.title)) }
            " "
            b class="figure" { @if values.is_some() { (format(figure, first.unit, false)) } @else { (NOTHING) } }
            " "
            (comparison::delta(compared, &first.metric, &first.aggregate.to_string()))
            span class="tile-foot" {
                span class="caption" { (aside) }
                " "
                (sparkline(last.color, &columns.seconds, columns.of(&last.metric, last.aggregate)))
            }
        }
    })
}

/// What stands for an aggregate over the whole run. What a gauge says at the end of a run, when all users
/// have gone, says little: its highest does.
pub(crate) fn over_all(values: &Values, aggregate: Aggregate) -> Aggregate {
    if matches!(values, Values::Gauge { .. }) { Aggregate::Max } else { aggregate }
}
