//! The parts of the report in their order: head, figures, verdict, charts, tables.

use super::chart::{Chart, Line};
use super::limits::limits_of;
use super::panels::{Panel, Section, Series, panels, tabs};
use super::recording::{Columns, Recording};
use super::tables::{number, string};
use super::{head, tables, text};
use serde_json::Value;
use std::fmt::Write as _;

pub struct Parts {
    pub head: String,
    pub body: String,
    /// The panels of the charts as a JSON array, in their order: what the script draws in their places.
    pub panels: String,
}

pub fn parts(summary: &Value, recording: &Recording) -> Parts {
    let tabs = tabs(recording);
    let wanted = panels(&tabs).flat_map(|panel| &panel.series);
    let columns = recording
        .columns(wanted.map(|series| (series.metric.clone(), series.aggregate.to_owned())).collect());
    let start = number(summary, "start").unwrap_or(columns.times.first().copied().unwrap_or(0.0));
    let mut charts = Charts {
        summary,
        seconds: columns.times.iter().map(|time| (time - start) / 1000.0).collect(),
        columns,
        start,
        drawn: Vec::new(),
    };

    let mut head = head::head(summary).0;
    let mut body = String::new();
    let mut contents: Vec<(String, String)> = Vec::new();
    for table in tables::before_charts(summary) {
        contents.push((table.id(), table.title.clone()));
        table.write(&mut body);
    }
    for (i, tab) in tabs.iter().enumerate() {
        let mut drawn = String::new();
        for section in &tab.sections {
            // The first tab's figures are those that decide.
            let tiles = if i == 0 { &mut head } else { &mut drawn };
            let stats = section.panels.iter().filter(|panel| panel.kind == "stat");
            head::tiles(tiles, stats, summary, &charts.columns, &charts.seconds);
            charts.section(&mut drawn, section);
        }
        if drawn.is_empty() {
            continue;
        }
        let id = format!("tab-{i}");
        let title = if tab.title.is_empty() { "Charts" } else { &tab.title };
        let _infallible = write!(
            body,
            "<section class=\"tab\" aria-labelledby=\"{id}\"><h2 id=\"{id}\"><bdi>{}</bdi></h2>{drawn}</section>",
            text(title).0
        );
        contents.push((id, title.to_owned()));
    }
    for table in tables::after_charts(summary) {
        contents.push((table.id(), table.title.clone()));
        table.write(&mut body);
    }
    if contents.len() > 1 {
        head.push_str("<nav class=\"contents\" aria-label=\"Contents\">");
        for (id, title) in contents {
            let _infallible = write!(head, "<a href=\"#{id}\">{}</a> ", text(&title).0);
        }
        head.push_str("</nav>");
    }
    Parts { head, body, panels: serde_json::to_string(&charts.drawn).unwrap_or("[]".to_owned()) }
}

struct Charts<'a> {
    summary: &'a Value,
    columns: Columns,
    /// Ends of windows since the start.
    seconds: Vec<f64>,
    start: f64,
    drawn: Vec<Panel>,
}

impl Charts<'_> {
    fn section(&mut self, html: &mut String, section: &Section) {
        let charts: Vec<&Panel> = section.panels.iter().filter(|panel| self.has_data(panel)).collect();
        if charts.is_empty() {
            return;
        }
        if !section.title.is_empty() {
            let _infallible = write!(html, "<h3><bdi>{}</bdi></h3>", text(&section.title).0);
        }
        html.push_str("<div class=\"charts\">");
        for panel in charts {
            self.card(html, panel);
        }
        html.push_str("</div>");
    }

    /// Whether there is anything to draw. What has the axis at the right only accompanies the rest.
    fn has_data(&self, panel: &Panel) -> bool {
        let some = |s: &Series| self.columns.of(&s.metric, s.aggregate).iter().any(Option::is_some);
        panel.kind == "chart" && panel.series.iter().any(|s| !s.right && some(s))
    }

    /// What the tables say of the whole run; of a gauge the highest, as its tile does.
    fn total(&self, series: &Series) -> Option<f64> {
        let document = &self.summary["metrics"][&series.metric];
        let aggregate = if string(document, "type") == "gauge" { "max" } else { series.aggregate };
        number(&document["values"], aggregate)
    }

    fn card(&mut self, html: &mut String, panel: &Panel) {
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
            times: &self.seconds,
            lines,
            limits: left
                .flat_map(|series| limits_of(self.summary, &series.metric, series.aggregate))
                .collect(),
            start: self.start,
        };
        let number = self.drawn.len();
        let _infallible = write!(
            html,
            "<div class=\"panel\" data-panel=\"{number}\"><div class=\"card still\"><header class=\"card-head\"><h3><bdi>{}</bdi></h3> <span class=\"caption\">{}</span></header>",
            text(&panel.title).0,
            text(&panel.caption).0,
        );
        chart.write(html);
        html.push_str("</div></div>");
        self.drawn.push(Panel { id: number.to_string(), ..panel.clone() });
    }
}
