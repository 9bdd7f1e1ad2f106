//! The dashboard document, read for what a report draws of it.

use super::format::{Unit, unit_of};
use super::recording::{Meta, Recording};
use serde::{Deserialize, Serialize};
use std::collections::HashSet;

#[derive(Debug, Default, Deserialize)]
pub struct Dashboard {
    #[serde(default)]
    pub tabs: Vec<Tab>,
}

/// Tabs with a `view` have no sections: the report's own tables show what these show.
#[derive(Debug, Default, Deserialize)]
pub struct Tab {
    #[serde(default)]
    pub title: String,
    #[serde(default)]
    pub sections: Vec<Section>,
}

#[derive(Debug, Default, Deserialize)]
pub struct Section {
    #[serde(default)]
    pub title: Option<String>,
    #[serde(default)]
    pub panels: Vec<Panel>,
}

#[derive(Debug, Clone, Default, Deserialize, Serialize)]
pub struct Panel {
    pub id: String,
    pub kind: String,
    pub title: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub caption: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bands: Option<Bands>,
    #[serde(default)]
    pub series: Vec<Series>,
}

/// Up to `good` is good, beyond `poor` is poor.
#[derive(Debug, Clone, Copy, Deserialize, Serialize)]
pub struct Bands {
    pub good: f64,
    pub poor: f64,
}

#[derive(Debug, Clone, Default, Deserialize, Serialize)]
pub struct Series {
    pub metric: String,
    pub aggregate: String,
    #[serde(default)]
    pub label: String,
    #[serde(default)]
    pub color: String,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub fill: bool,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub dash: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub axis: Option<String>,
}

impl Series {
    pub fn right(&self) -> bool {
        self.axis.as_deref() == Some("right")
    }

    pub fn unit(&self, recording: &Recording) -> Unit {
        let meta = recording.metrics.get(&self.metric).cloned().unwrap_or_default();
        unit_of(&meta.kind, &meta.contains, &self.aggregate)
    }
}

/// Custom properties of `styles/tokens.css`, and their values where no style sheet is.
pub const COLORS: [(&str, &str); 11] = [
    ("series-1", "#2563d9"),
    ("series-2", "#b8560f"),
    ("series-3", "#0a7a4b"),
    ("series-4", "#7d45c4"),
    ("series-5", "#087f8c"),
    ("series-6", "#b32d6e"),
    ("series-7", "#7a7415"),
    ("series-8", "#66707d"),
    ("good", "#0a7a4b"),
    ("warning", "#8f6200"),
    ("bad", "#c0262d"),
];

/// The dashboard of a run: its own, or else the default one. Panels keep the series that the run
/// has, `custom` ones become charts, and what then has nothing to show is left out.
pub fn dashboard(recording: &Recording) -> Dashboard {
    let own: Dashboard =
        recording.dashboard().and_then(|json| serde_json::from_str(json).ok()).unwrap_or_default();
    let mut dashboard = if own.tabs.is_empty() {
        // It is valid: a test reads it.
        serde_json::from_str(include_str!("../dashboard/default.json")).unwrap_or_default()
    } else {
        own
    };
    let shown: HashSet<String> =
        dashboard.panels().flat_map(|p| &p.series).map(|s| s.metric.clone()).collect();
    let mut customs = custom(recording, &shown);
    for section in dashboard.tabs.iter_mut().flat_map(|tab| &mut tab.sections) {
        let mut panels = Vec::new();
        for mut panel in section.panels.drain(..) {
            match panel.kind.as_str() {
                "custom" => panels.append(&mut customs),
                "chart" => {
                    panel.series.retain(|series| recording.metrics.contains_key(&series.metric));
                    complete(&mut panel);
                    if !panel.series.is_empty() {
                        panels.push(panel);
                    }
                }
                // Tables stand in the report once, whole.
                "stat" => {
                    complete(&mut panel);
                    panels.push(panel);
                }
                _ => {}
            }
        }
        section.panels = panels;
    }
    for tab in &mut dashboard.tabs {
        tab.sections.retain(|section| !section.panels.is_empty());
    }
    dashboard.tabs.retain(|tab| !tab.sections.is_empty());
    dashboard
}

impl Dashboard {
    pub fn panels(&self) -> impl Iterator<Item = &Panel> {
        self.tabs.iter().flat_map(|tab| &tab.sections).flat_map(|section| &section.panels)
    }
}

/// Series without a label or a known colour get one.
fn complete(panel: &mut Panel) {
    for (i, series) in panel.series.iter_mut().enumerate() {
        if series.label.is_empty() {
            series.label = format!("{} {}", series.metric, series.aggregate);
        }
        if !COLORS.iter().any(|(name, _)| *name == series.color) {
            series.color = COLORS[i % 8].0.to_owned();
        }
    }
}

/// A chart for each custom metric that no panel shows, by its type.
fn custom(recording: &Recording, shown: &HashSet<String>) -> Vec<Panel> {
    let series = |metric: &str, aggregate: &str, label: &str, color: &str, fill: bool| Series {
        metric: metric.to_owned(),
        aggregate: aggregate.to_owned(),
        label: label.to_owned(),
        color: color.to_owned(),
        fill,
        ..Series::default()
    };
    let all: Vec<(&String, &Meta)> = recording
        .metrics
        .iter()
        .filter(|(name, meta)| meta.custom && !name.contains('{') && !shown.contains(*name))
        .collect();
    all.into_iter()
        .map(|(name, meta)| {
            let (caption, series) = match meta.kind.as_str() {
                "counter" => ("per second", vec![series(name, "rate", "rate", "series-5", true)]),
                "gauge" => ("", vec![series(name, "value", "value", "series-4", true)]),
                "rate" => ("share that is true", vec![series(name, "rate", "rate", "series-3", true)]),
                _ => (
                    "",
                    vec![
                        series(name, "p(99)", "p99", "series-6", false),
                        series(name, "p(95)", "p95", "series-2", false),
                        series(name, "med", "median", "series-1", false),
                    ],
                ),
            };
            Panel {
                id: format!("custom-{name}"),
                kind: "chart".to_owned(),
                title: name.clone(),
                caption: Some(caption.to_owned()).filter(|caption| !caption.is_empty()),
                series,
                ..Panel::default()
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_dashboard_can_be_read() {
        let default: Dashboard = serde_json::from_str(include_str!("../dashboard/default.json")).unwrap();
        assert!(default.panels().filter(|panel| panel.kind == "chart").count() > 20);
        for series in default.panels().flat_map(|panel| &panel.series) {
            assert!(COLORS.iter().any(|(name, _)| *name == series.color), "{series:?}");
        }
    }

    #[test]
    fn colours_are_those_of_the_tokens() {
        let tokens = include_str!("../../static/styles/tokens.css");
        for (name, value) in COLORS {
            assert!(tokens.contains(&format!("--{name}: light-dark({value},")), "{name}");
        }
    }
}
