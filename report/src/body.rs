//! The parts of the report in their order: head, figures, verdict, charts, tables.

use super::chart::{Chart, Line};
use super::limits::limits_of;
use super::markup::{Text, name};
use super::panels::{Panel, Section, Series, panels, tabs};
use super::recording::{Columns, Recording};
use super::tables::{self, Table};
use super::{comparison, head, verdict};
use loadgate_documents::{Comparison, GateVerdict, Summary};
use maud::{Markup, Render, html};
use serde::Serialize;

pub(crate) struct Parts {
    pub head: Markup,
    pub body: Markup,
    /// The panels of the charts as a JSON array, in their order: what the script draws in their places.
    pub panels: String,
}

pub(crate) fn parts(
    summary: &Summary,
    verdict: Option<&GateVerdict>,
    compared: Option<&Comparison>,
    recording: &Recording,
) -> Parts {
    let tabs = tabs(recording);
    let wanted = panels(&tabs).flat_map(|panel| &panel.series);
    let wanted = wanted.map(|series| (series.metric.clone(), series.aggregate)).collect();
    let mut columns = recording.columns(wanted, summary.start as f64);
    let part = summary.part_seconds();
    if let Some((from, to)) = part {
        columns = columns.within(from, to);
    }
    let place = summary.place().unwrap_or_else(|| "whole run".to_owned());
    let from = part.map_or(0.0, |(from, _)| from);
    let mut charts = Charts { summary, columns, drawn: Vec::new(), from, place: &place };

    // The first tab's figures are those that decide.
    let mut deciding = Vec::new();
    let mut drawn: Vec<(String, &str, Vec<Markup>)> = Vec::new();
    for (i, tab) in tabs.iter().enumerate() {
        let mut parts = Vec::new();
        for section in &tab.sections {
            let stats = section.panels.iter().filter(|panel| panel.kind == "stat");
            let tiles = head::tiles(stats, summary, compared, &charts.columns);
            if i == 0 { &mut deciding } else { &mut parts }.push(tiles);
            parts.push(charts.section(section));
        }
        if parts.iter().any(|part| !part.0.is_empty()) {
            let title = if tab.title.is_empty() { "Charts" } else { &tab.title };
            drawn.push((format!("tab-{i}"), title, parts));
        }
    }
    let objectives = verdict.and_then(verdict::objectives);
    let differences = compared.and_then(comparison::table);
    let before: Vec<Table> =
        objectives.into_iter().chain(differences).chain(tables::before_charts(summary)).collect();
    let after = tables::after_charts(summary);

    let mut contents: Vec<(String, &str)> = Vec::new();
    contents.extend(before.iter().map(|table| (table.id(), table.title.as_str())));
    contents.extend(drawn.iter().map(|(id, title, _)| (id.clone(), *title)));
    contents.extend(after.iter().map(|table| (table.id(), table.title.as_str())));
    let head = html! {
        (head::head(summary, verdict, compared))
        @for tiles in &deciding { (tiles) }
        @if contents.len() > 1 {
            nav class="contents" aria-label="Contents" {
                @for (id, title) in &contents { a href={ "#" (id) } { (Text(title)) } " " }
            }
        }
    };
    let body = html! {
        @for table in &before { (table) }
        @for (id, title, parts) in &drawn {
            section class="tab" aria-labelledby=(id) {
                h2 id=(id) { (name(title)) }
                @for part in parts { (part) }
            }
        }
        @for table in &after { (table) }
    };
    Parts { head, body, panels: serde_json::to_string(&charts.drawn).unwrap_or("[]".to_owned()) }
}

struct Charts<'a> {
    summary: &'a Summary,
    columns: Columns,
    drawn: Vec<Drawn>,
    /// Where the charts begin, in seconds since the run's start.
    from: f64,
    /// What the figures are of.
    place: &'a str,
}

/// A panel as the script draws it, and what its legend says at rest.
#[derive(Serialize)]
struct Drawn {
    #[serde(flatten)]
    panel: Panel,
    /// Of each series, over the run or the part that is shown.
    totals: Vec<Option<f64>>,
}

impl Charts<'_> {
    fn section(&mut self, section: &Section) -> Markup {
        let charts: Vec<&Panel> = section.panels.iter().filter(|panel| self.has_data(panel)).collect();
        html! {
            @if !charts.is_empty() {
                @if !section.title.is_empty() { h3 { (name(&section.title)) } }
                @let below = !section.title.is_empty();
                div class="charts" { @for panel in charts { (self.card(panel, below)) } }
            }
        }
    }

    /// Whether there is anything to draw. What has the axis at the right only accompanies the rest.
    fn has_data(&self, panel: &Panel) -> bool {
        let some = |s: &Series| self.columns.of(&s.metric, s.aggregate).iter().any(Option::is_some);
        panel.kind == "chart" && panel.series.iter().any(|s| !s.right && some(s))
    }

    /// What the tables say; of a gauge the highest, as its tile does.
    fn total(&self, series: &Series) -> Option<f64> {
        let metric = self.summary.metrics.get(&series.metric).filter(|metric| !metric.silent)?;
        let values = &metric.values;
        values.of(head::over_all(values, series.aggregate))
    }

    /// `below` a section's title or not.
    fn card(&mut self, panel: &Panel, below: bool) -> Markup {
        let lines: Vec<Line> = panel
            .series
            .iter()
            .map(|series| Line {
                series,
                values: self.columns.of(&series.metric, series.aggregate),
                total: self.total(series),
            })
            .collect();
        let left = panel.series.iter().filter(|series| !series.right);
        let chart = Chart {
            panel,
            times: &self.columns.seconds,
            lines,
            limits: left
                .flat_map(|series| limits_of(self.summary, &series.metric, series.aggregate))
                .collect(),
            start: self.summary.start,
            from: self.from,
            place: self.place,
        };
        let number = self.drawn.len();
        let card = html! {
            div class="panel" data-panel=(number) {
                div class="card still" {
                    header class="card-head" {
                        @if below { h4 { (name(&panel.title)) } } @else { h3 { (name(&panel.title)) } }
                        " "
                        span class="caption" { (Text(&panel.caption)) }
                    }
                    (chart.render())
                }
            }
        };
        let totals = chart.lines.iter().map(|line| line.total).collect();
        self.drawn.push(Drawn { panel: Panel { id: number.to_string(), ..panel.clone() }, totals });
        card
    }
}
