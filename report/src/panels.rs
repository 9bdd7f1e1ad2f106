//! The dashboard document, resolved for a run: the same panels as the pages' `static/scripts/model/panels.js`
//! draws.

use super::figure::{Figure, unit_of};
use super::format::Unit;
use super::recording::Recording;
use loadgate_documents::dashboard::{self, Content, DEFAULT};
use loadgate_documents::{Aggregate, MetricType};
use serde::{Serialize, Serializer};
use std::collections::HashSet;

#[derive(Debug)]
pub struct Tab {
    pub title: String,
    pub sections: Vec<Section>,
}

#[derive(Debug)]
pub struct Section {
    pub title: String,
    pub panels: Vec<Panel>,
}

/// As JSON it has the shape that the pages' charts take.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Panel {
    pub id: String,
    /// `stat` or `chart`.
    pub kind: &'static str,
    pub title: String,
    pub caption: String,
    #[serde(serialize_with = "unit_name")]
    pub unit: Unit,
    /// Where there is an axis at the right.
    #[serde(serialize_with = "right_unit_name")]
    pub right_unit: Option<Unit>,
    pub bands: Option<Bands>,
    /// At least one, and not all at the right.
    pub series: Vec<Series>,
}

/// Up to `good` is good, beyond `poor` is poor.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Bands {
    pub good: f64,
    pub poor: f64,
}

#[derive(Debug, Clone, Serialize)]
pub struct Series {
    pub metric: String,
    #[serde(serialize_with = "aggregate_name")]
    pub aggregate: Aggregate,
    pub label: String,
    /// A name of [`COLORS`].
    #[serde(serialize_with = "property")]
    pub color: &'static str,
    pub fill: bool,
    pub dash: bool,
    /// Whether it has the axis at the right.
    pub right: bool,
    #[serde(serialize_with = "unit_name")]
    pub unit: Unit,
}

fn unit_name<S: Serializer>(unit: &Unit, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(unit.name())
}

fn right_unit_name<S: Serializer>(unit: &Option<Unit>, serializer: S) -> Result<S::Ok, S::Error> {
    unit.map(Unit::name).serialize(serializer)
}

fn aggregate_name<S: Serializer>(aggregate: &Aggregate, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(aggregate)
}

fn property<S: Serializer>(color: &str, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&format!("--{color}"))
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

/// What a chart of a custom metric shows, by type: aggregates and caption, in the order of the charts.
const CUSTOM: [(MetricType, &[&str], &str); 4] = [
    (MetricType::Trend, &["p(99)", "p(95)", "med"], ""),
    (MetricType::Counter, &["rate"], "per second"),
    (MetricType::Rate, &["rate"], "share"),
    (MetricType::Gauge, &["value"], "value"),
];

/// The tabs of a run's dashboard, its own or the default one. Panels keep the series that the run has,
/// and what then has nothing to show is left out, but for figures, whose absence is told. Views and
/// tables are left out as well: the report has all tables once, whole.
pub fn tabs(recording: &Recording) -> Vec<Tab> {
    let own = recording.dashboard().and_then(|json| dashboard::Dashboard::parse(json.as_bytes()).ok());
    let document = own.filter(|own| !own.tabs.is_empty()).or_else(|| {
        // It can be read: a test does.
        dashboard::Dashboard::parse(DEFAULT.as_bytes()).ok()
    });
    let tabs = document.map(|document| document.tabs).unwrap_or_default();
    let shown: HashSet<&str> = tabs
        .iter()
        .flat_map(|tab| match &tab.content {
            Content::Sections(sections) => sections.as_slice(),
            Content::View(_) => &[],
        })
        .flat_map(|section| &section.panels)
        .flat_map(|panel| &panel.series)
        .map(|series| series.metric.as_str())
        .collect();
    let mut resolved = Vec::new();
    for tab in &tabs {
        let Content::Sections(sections) = &tab.content else { continue };
        let sections = sections.iter().map(|section| Section {
            title: section.title.clone().unwrap_or_default(),
            panels: section
                .panels
                .iter()
                .flat_map(|panel| match panel.kind {
                    "custom" => custom(recording, &shown),
                    "stat" | "chart" => vec![panel.clone()],
                    _ => Vec::new(),
                })
                .filter_map(|panel| resolve(recording, panel))
                .collect(),
        });
        let sections: Vec<Section> = sections.filter(|section| !section.panels.is_empty()).collect();
        if !sections.is_empty() {
            resolved.push(Tab { title: tab.title.clone(), sections });
        }
    }
    resolved
}

/// All panels of these tabs.
pub fn panels(tabs: &[Tab]) -> impl Iterator<Item = &Panel> {
    tabs.iter().flat_map(|tab| &tab.sections).flat_map(|section| &section.panels)
}

/// A chart for each custom metric that no panel shows, by type and name.
fn custom(recording: &Recording, shown: &HashSet<&str>) -> Vec<dashboard::Panel> {
    let metrics = || {
        let all = recording.metrics.iter();
        all.filter(|(name, meta)| meta.custom && !name.contains('{') && !shown.contains(name.as_str()))
    };
    let charts = CUSTOM.iter().flat_map(|&(kind, aggregates, caption)| {
        metrics().filter(move |(_, meta)| meta.metric_type == kind).map(move |(name, _)| dashboard::Panel {
            id: String::new(),
            kind: "chart",
            title: name.clone(),
            caption: Some(caption.to_owned()),
            unit: None,
            bands: None,
            series: aggregates
                .iter()
                .map(|&aggregate| dashboard::Series {
                    metric: name.clone(),
                    aggregate,
                    label: (kind != MetricType::Trend).then(|| name.clone()),
                    color: None,
                    fill: Some(kind != MetricType::Trend),
                    dash: None,
                    axis: None,
                })
                .collect(),
        })
    });
    charts.collect()
}

/// Nothing for charts that would be empty, or show nothing but what accompanies the rest.
fn resolve(recording: &Recording, mut panel: dashboard::Panel) -> Option<Panel> {
    if panel.kind == "chart" {
        // What stands at the right is read beside what is at the left; alone it is what there is.
        let all_right = panel.series.iter().all(|series| series.axis.is_some());
        panel.series.retain(|series| recording.metrics.contains_key(&series.metric));
        if !panel.series.iter().any(|series| all_right || series.axis.is_none()) {
            return None;
        }
    }
    let all: Vec<(&dashboard::Series, Aggregate)> = panel
        .series
        .iter()
        .filter_map(|series| Some((series, Aggregate::parse(series.aggregate)?)))
        .collect();
    let has_left = all.iter().any(|(series, _)| series.axis.is_none());
    let mut taken: Vec<&str> = all.iter().filter_map(|(series, _)| series.color).collect();
    let mut series: Vec<Series> = Vec::new();
    for &(one, aggregate) in &all {
        let meant = meaning(&one.metric, aggregate).filter(|color| !taken.contains(color));
        let color = one
            .color
            .or(meant)
            .or_else(|| COLORS.iter().map(|(name, _)| *name).take(8).find(|name| !taken.contains(name)))
            .and_then(|color| COLORS.iter().map(|(name, _)| *name).find(|name| *name == color))
            .unwrap_or("series-8");
        taken.push(color);
        let meta = recording.metrics.get(&one.metric).or(recording.metrics.get(base(&one.metric)));
        series.push(Series {
            metric: one.metric.clone(),
            aggregate,
            label: one.label.clone().unwrap_or_else(|| label_of(&one.metric, aggregate, &all)),
            color,
            fill: one.fill == Some(true),
            dash: one.dash == Some(true),
            right: has_left && one.axis.is_some(),
            unit: unit_of(meta.map(|meta| (meta.metric_type, meta.contains)), Figure::Of(aggregate)),
        });
    }
    let left = series.iter().find(|series| !series.right).map(|series| series.unit);
    let right_unit = series.iter().find(|series| series.right).map(|series| series.unit);
    let own = panel.unit.and_then(Unit::named);
    let unit = own.or(left)?;
    // An axis has one unit; a tile's figures have their own.
    for series in &mut series {
        if panel.kind == "chart" {
            series.unit = if series.right { right_unit.unwrap_or(unit) } else { unit };
        } else {
            series.unit = own.unwrap_or(series.unit);
        }
    }
    let bands = panel.bands.map(|bands| Bands { good: bands.good, poor: bands.poor });
    Some(Panel {
        id: panel.id,
        kind: panel.kind,
        title: panel.title,
        caption: panel.caption.unwrap_or_default(),
        unit,
        right_unit,
        bands,
        series,
    })
}

/// The metric of a submetric.
fn base(metric: &str) -> &str {
    metric.split('{').next().unwrap_or_default()
}

/// Colours by what is shown, so that charts read without their legend.
fn meaning(metric: &str, aggregate: Aggregate) -> Option<&'static str> {
    let metric = base(metric);
    if metric.ends_with("_failed") {
        return Some("bad");
    }
    Some(match (metric, aggregate) {
        ("vus", _) => "series-4",
        ("vus_max", _) => "series-8",
        ("checks", _) => "series-3",
        (_, Aggregate::Med) => "series-1",
        (_, Aggregate::Percentile(90.0)) => "series-7",
        (_, Aggregate::Percentile(95.0)) => "series-2",
        (_, Aggregate::Percentile(99.0)) => "series-6",
        (_, Aggregate::Avg) => "series-3",
        (_, Aggregate::Max) => "series-8",
        (_, Aggregate::Min) => "series-5",
        _ => return None,
    })
}

/// What tells a series from the panel's others: its aggregate, its metric, or both.
fn label_of(metric: &str, aggregate: Aggregate, all: &[(&dashboard::Series, Aggregate)]) -> String {
    let said = match aggregate {
        Aggregate::Avg => "average".to_owned(),
        Aggregate::Med => "median".to_owned(),
        Aggregate::Count => "total".to_owned(),
        Aggregate::Percentile(rank) => format!("p{rank}"),
        other => other.to_string(),
    };
    let same = all.iter().filter(|(other, _)| other.metric == metric).count();
    if same == all.len() {
        said
    } else if same > 1 {
        format!("{metric} {said}")
    } else {
        metric.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    #[test]
    fn the_default_dashboard_can_be_read() {
        let document = dashboard::Dashboard::parse(DEFAULT.as_bytes()).unwrap();
        assert!(document.tabs.len() > 4);
        for color in dashboard::COLORS {
            assert!(COLORS.iter().any(|(name, _)| *name == color), "{color}");
        }
    }

    #[test]
    fn colours_are_those_of_the_tokens() {
        let tokens = include_str!("../../static/styles/tokens.css");
        for (name, value) in COLORS {
            assert!(tokens.contains(&format!("--{name}: light-dark({value},")), "{name}");
        }
    }

    #[test]
    fn panels_are_resolved_as_on_the_pages() {
        let vectors: Vec<Value> =
            serde_json::from_str(include_str!("../../static/tests/panel-vectors.json")).unwrap();
        assert!(vectors.len() > 10);
        for case in vectors {
            let tab = json!({"id": "a", "title": "A", "sections": [{"panels": [case["panel"]]}]});
            let events = json!([
                {"event": "config", "data": {"dashboard": {"tabs": [tab]}}},
                {"event": "metric", "data": case["metrics"]},
            ])
            .to_string();
            let tabs = tabs(&Recording::read(&events).unwrap());
            let resolved = panels(&tabs).next().map(|panel| {
                let mut panel = serde_json::to_value(panel).unwrap();
                panel.as_object_mut().unwrap().remove("id");
                panel
            });
            assert_eq!(resolved.unwrap_or_default(), case["resolved"], "{}", case["name"]);
        }
    }
}
