//! The dashboard document, resolved for a run: the same panels as the pages' `static/scripts/model/panels.js`
//! draws.

use super::figure::{Figure, unit_of};
use super::format::Unit;
use super::recording::Recording;
use loadgate_documents::dashboard::{self, Color, Content, DEFAULT, Figures, PanelKind};
use loadgate_documents::{Aggregate, MetricType};
use serde::{Serialize, Serializer};
use std::collections::HashSet;

#[derive(Debug)]
pub(crate) struct Tab {
    pub title: String,
    pub sections: Vec<Section>,
}

#[derive(Debug)]
pub(crate) struct Section {
    pub title: String,
    pub panels: Vec<Panel>,
}

/// As JSON it has the shape that the pages' charts take.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Panel {
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
pub(crate) struct Bands {
    pub good: f64,
    pub poor: f64,
}

#[derive(Debug, Clone, Serialize)]
pub(crate) struct Series {
    pub metric: String,
    #[serde(serialize_with = "aggregate_name")]
    pub aggregate: Aggregate,
    pub label: String,
    #[serde(serialize_with = "property")]
    pub color: Color,
    pub fill: bool,
    pub dash: bool,
    /// Whether it has the axis at the right.
    pub right: bool,
    #[serde(serialize_with = "unit_name")]
    pub unit: Unit,
}

fn unit_name<S: Serializer>(unit: &Unit, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(unit.word())
}

fn right_unit_name<S: Serializer>(unit: &Option<Unit>, serializer: S) -> Result<S::Ok, S::Error> {
    unit.map(Unit::word).serialize(serializer)
}

fn aggregate_name<S: Serializer>(aggregate: &Aggregate, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(aggregate)
}

fn property<S: Serializer>(color: &Color, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&format!("--{}", color.word()))
}

/// Custom properties of `styles/tokens.css`, and their values where no style sheet is.
pub(crate) const COLORS: [(Color, &str); 11] = [
    (Color::Series1, "#2563d9"),
    (Color::Series2, "#b8560f"),
    (Color::Series3, "#0a7a4b"),
    (Color::Series4, "#7d45c4"),
    (Color::Series5, "#087f8c"),
    (Color::Series6, "#b32d6e"),
    (Color::Series7, "#7a7415"),
    (Color::Series8, "#66707d"),
    (Color::Good, "#0a7a4b"),
    (Color::Warning, "#8f6200"),
    (Color::Bad, "#c0262d"),
];

/// What a chart of a custom metric shows, by type: aggregates and caption, in the order of the charts.
const CUSTOM: [(MetricType, &[Aggregate], &str); 4] = [
    (MetricType::Trend, &[Aggregate::Percentile(99.0), Aggregate::Percentile(95.0), Aggregate::Med], ""),
    (MetricType::Counter, &[Aggregate::Rate], "per second"),
    (MetricType::Rate, &[Aggregate::Rate], "share"),
    (MetricType::Gauge, &[Aggregate::Value], "value"),
];

/// The tabs of a run's dashboard, its own or the default one. Panels keep the series that the run has,
/// and what then has nothing to show is left out, but for figures, whose absence is told. Views and
/// tables are left out as well: the report has all tables once, whole.
pub(crate) fn tabs(recording: &Recording) -> Vec<Tab> {
    let own = recording.dashboard().and_then(|json| dashboard::Dashboard::parse(json.as_bytes()).ok());
    let document = own.filter(|own| !own.tabs.is_empty()).or_else(|| {
        // It can be read: a test does.
        dashboard::Dashboard::parse(DEFAULT.as_bytes()).ok()
    });
    let tabs = document.map(|document| document.tabs).unwrap_or_default();
    let shown: HashSet<&str> = tabs
        .iter()
        .flat_map(|tab| tab.content.sections())
        .flat_map(|section| &section.panels)
        .filter_map(|panel| panel.kind.figures())
        .flat_map(|figures| &figures.series)
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
                .flat_map(|panel| match &panel.kind {
                    PanelKind::Custom => custom(recording, &shown),
                    PanelKind::Stat(_) | PanelKind::Chart(_) => vec![panel.clone()],
                    PanelKind::Requests | PanelKind::Thresholds => Vec::new(),
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
pub(crate) fn panels(tabs: &[Tab]) -> impl Iterator<Item = &Panel> {
    tabs.iter().flat_map(|tab| &tab.sections).flat_map(|section| &section.panels)
}

/// A chart for each custom metric that no panel shows, by type and name.
fn custom(recording: &Recording, shown: &HashSet<&str>) -> Vec<dashboard::Panel> {
    let metrics = || {
        let all = recording.metrics.iter();
        all.filter(|(name, meta)| meta.custom && !name.contains('{') && !shown.contains(name.as_str()))
    };
    let charts = CUSTOM.iter().flat_map(|&(kind, aggregates, caption)| {
        metrics().filter(move |(_, meta)| meta.metric_type == kind).map(move |(name, _)| {
            let series = aggregates.iter().map(|&aggregate| dashboard::Series {
                metric: name.clone(),
                aggregate,
                label: (kind != MetricType::Trend).then(|| name.clone()),
                color: None,
                fill: Some(kind != MetricType::Trend),
                dash: None,
                axis: None,
            });
            dashboard::Panel {
                id: String::new(),
                title: name.clone(),
                caption: Some(caption.to_owned()),
                kind: PanelKind::Chart(Figures { unit: None, bands: None, series: series.collect() }),
            }
        })
    });
    charts.collect()
}

/// Nothing for charts that would be empty, or show nothing but what accompanies the rest.
fn resolve(recording: &Recording, panel: dashboard::Panel) -> Option<Panel> {
    let (is_chart, Figures { unit: own, bands, series: mut all }) = match panel.kind {
        PanelKind::Chart(figures) => (true, figures),
        PanelKind::Stat(figures) => (false, figures),
        PanelKind::Requests | PanelKind::Thresholds | PanelKind::Custom => return None,
    };
    if is_chart {
        // What stands at the right is read beside what is at the left; alone it is what there is.
        let all_right = all.iter().all(|series| series.axis.is_some());
        all.retain(|series| recording.metrics.contains_key(&series.metric));
        if !all.iter().any(|series| all_right || series.axis.is_none()) {
            return None;
        }
    }
    let has_left = all.iter().any(|series| series.axis.is_none());
    let mut taken: Vec<Color> = all.iter().filter_map(|series| series.color).collect();
    let mut series: Vec<Series> = Vec::new();
    for one in &all {
        let aggregate = one.aggregate;
        let meant = meaning(&one.metric, aggregate).filter(|color| !taken.contains(color));
        let free = || COLORS.iter().map(|(color, _)| *color).take(8).find(|color| !taken.contains(color));
        let color = one.color.or(meant).or_else(free).unwrap_or(Color::Series8);
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
    let unit = own.or(left)?;
    // An axis has one unit; a tile's figures have their own.
    for series in &mut series {
        if is_chart {
            series.unit = if series.right { right_unit.unwrap_or(unit) } else { unit };
        } else {
            series.unit = own.unwrap_or(series.unit);
        }
    }
    let bands = bands.map(|bands| Bands { good: bands.good, poor: bands.poor });
    Some(Panel {
        id: panel.id,
        kind: if is_chart { "chart" } else { "stat" },
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
fn meaning(metric: &str, aggregate: Aggregate) -> Option<Color> {
    let metric = base(metric);
    if metric.ends_with("_failed") {
        return Some(Color::Bad);
    }
    Some(match (metric, aggregate) {
        ("vus", _) => Color::Series4,
        ("vus_max", _) => Color::Series8,
        ("checks", _) => Color::Series3,
        (_, Aggregate::Med) => Color::Series1,
        (_, Aggregate::Percentile(90.0)) => Color::Series7,
        (_, Aggregate::Percentile(95.0)) => Color::Series2,
        (_, Aggregate::Percentile(99.0)) => Color::Series6,
        (_, Aggregate::Avg) => Color::Series3,
        (_, Aggregate::Max) => Color::Series8,
        (_, Aggregate::Min) => Color::Series5,
        _ => return None,
    })
}

/// What tells a series from the panel's others: its aggregate, its metric, or both.
fn label_of(metric: &str, aggregate: Aggregate, all: &[dashboard::Series]) -> String {
    let said = match aggregate {
        Aggregate::Avg => "average".to_owned(),
        Aggregate::Med => "median".to_owned(),
        Aggregate::Count => "total".to_owned(),
        Aggregate::Percentile(rank) => format!("p{rank}"),
        other => other.to_string(),
    };
    let same = all.iter().filter(|other| other.metric == metric).count();
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
        for color in Color::ALL {
            assert!(COLORS.iter().any(|(known, _)| known == color), "{color:?}");
        }
    }

    #[test]
    fn colours_are_those_of_the_tokens() {
        let tokens = include_str!("../../static/styles/tokens.css");
        for (color, value) in COLORS {
            let name = color.word();
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
            let tabs = tabs(&Recording::read(&events, None).unwrap());
            let resolved = panels(&tabs).next().map(|panel| {
                let mut panel = serde_json::to_value(panel).unwrap();
                panel.as_object_mut().unwrap().remove("id");
                panel
            });
            assert_eq!(resolved.unwrap_or_default(), case["resolved"], "{}", case["name"]);
        }
    }
}
