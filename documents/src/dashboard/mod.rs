//! What the pages show of a test, as a document: tabs of sections of panels. A test can have its
//! own; `docs/dashboards.md` is the format's manual.
//!
//! A document is read once, where it comes in ([`Dashboard::parse`]), and kept as the line of JSON
//! that the event `config` carries.

mod read;

use crate::{Digits, to_json};
use serde::{Deserialize, Serialize};
use std::sync::LazyLock;

pub use read::DashboardError;

/// A dashboard document, which every run carries: the default has 10 KB.
pub const MAX_BYTES: usize = 64 * 1024;

/// Panels of a dashboard, and series of one panel: far more than anybody looks at, and a page still
/// draws them.
pub const MAX_PANELS: usize = 200;
/// Likewise.
pub const MAX_SERIES: usize = 20;

/// Submetrics that a dashboard may show, besides those of thresholds: every sample is held to each.
pub const MAX_SUBMETRICS: usize = 100;

/// The document of tests that have none of their own.
pub const DEFAULT: &str = include_str!("default.json");

/// The JSON Schema (2020-12) of a document as it may be sent.
pub const SCHEMA: &str = include_str!("schema.json");

/// What a panel can be.
pub const KINDS: [&str; 5] = ["stat", "chart", "requests", "thresholds", "custom"];
/// The pages' own views, of which a tab can be one.
pub const VIEWS: [&str; 4] = ["requests", "errors", "checks", "summary"];
/// The units of `static/scripts/model/format.js`.
pub const UNITS: [&str; 7] = ["time", "data", "data/s", "ratio", "rate", "count", "number"];
/// Tokens of `static/styles/tokens.css`, without the dashes.
pub const COLORS: [&str; 11] = [
    "series-1", "series-2", "series-3", "series-4", "series-5", "series-6", "series-7", "series-8", "bad",
    "good", "warning",
];
/// Those of the stream (`param`), of any type of metric.
pub const AGGREGATES: [&str; 10] =
    ["count", "rate", "value", "avg", "max", "med", "min", "p(90)", "p(95)", "p(99)"];
/// The left one is where series are that name none.
pub const AXES: [&str; 1] = ["right"];

/// A document.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Dashboard {
    /// What people call it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// At least one.
    pub tabs: Vec<Tab>,
}

/// One page of it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Tab {
    /// Unlike that of any other tab.
    pub id: String,
    /// On its button.
    pub title: String,
    /// What it shows.
    #[serde(flatten)]
    pub content: Content,
}

/// What a tab shows.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Content {
    /// Panels of its own.
    Sections(Vec<Section>),
    /// One of [`VIEWS`].
    View(&'static str),
}

/// Panels that belong together.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Section {
    /// Above them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// In their order.
    pub panels: Vec<Panel>,
}

/// A figure, a chart or a table.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Panel {
    /// Unlike that of any other panel of the document.
    pub id: String,
    /// One of [`KINDS`].
    pub kind: &'static str,
    /// Above it.
    pub title: String,
    /// Beside the title.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub caption: Option<String>,
    /// One of [`UNITS`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit: Option<&'static str>,
    /// What is good and what is poor.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bands: Option<Bands>,
    /// Of the kinds `stat` and `chart` alone, and of those always.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub series: Vec<Series>,
}

/// Up to `good` is good, above `poor` is poor.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Bands {
    /// Where good ends.
    pub good: f64,
    /// Where poor begins.
    pub poor: f64,
}

/// What is drawn of a metric.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Series {
    /// A metric or submetric by its name in the stream.
    pub metric: String,
    /// One of [`AGGREGATES`].
    pub aggregate: &'static str,
    /// In the legend; else made of metric and aggregate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// One of [`COLORS`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub color: Option<&'static str>,
    /// The area below is filled.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fill: Option<bool>,
    /// The line is dashed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dash: Option<bool>,
    /// One of [`AXES`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub axis: Option<&'static str>,
}

impl Dashboard {
    /// Reads a document; ids that it leaves out are made of the titles.
    ///
    /// # Errors
    ///
    /// What is wrong, and where.
    pub fn parse(document: &[u8]) -> Result<Self, DashboardError> {
        if document.len() > MAX_BYTES {
            return Err(DashboardError::TooLarge);
        }
        read::document(document)
    }

    /// The document as one line of JSON.
    pub fn line(&self) -> String {
        to_json(self, Digits::All)
    }

    fn panels(&self) -> impl Iterator<Item = &Panel> {
        let sections = self.tabs.iter().flat_map(|tab| match &tab.content {
            Content::Sections(sections) => sections.as_slice(),
            Content::View(_) => &[],
        });
        sections.flat_map(|section| &section.panels)
    }

    /// Names of the submetrics that panels show, each once.
    fn submetrics(&self) -> Vec<String> {
        let series = self.panels().flat_map(|panel| &panel.series);
        let names = series.filter(|series| series.metric.contains('{')).map(|series| series.metric.clone());
        names.collect::<std::collections::BTreeSet<_>>().into_iter().collect()
    }
}

/// [`DEFAULT`] as one line of JSON.
static DEFAULT_LINE: LazyLock<String> =
    LazyLock::new(|| Dashboard::parse(DEFAULT.as_bytes()).expect("the default is tested").line());

/// The dashboard that a test was given last, or that it has the default again.
///
/// Of two, the greater is in force: declarations come from several who know of each other late, and
/// an upload that began long ago must not bring back what has been replaced since.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Chosen {
    /// How often the test's dashboard has been changed.
    revision: u64,
    /// One line of JSON; `None`: the default.
    document: Option<String>,
    /// What samples are to be counted in for it.
    submetrics: Vec<String>,
}

impl Chosen {
    /// What replaces this; the same where it says nothing new.
    pub fn replaced(&self, dashboard: Option<&Dashboard>) -> Self {
        let document = dashboard.map(Dashboard::line);
        if document == self.document {
            return self.clone();
        }
        let submetrics = dashboard.map(Dashboard::submetrics).unwrap_or_default();
        Chosen { revision: self.revision + 1, document, submetrics }
    }

    /// The test's own document, if it has one.
    pub fn own(&self) -> Option<&str> {
        self.document.as_deref()
    }

    /// The document in force, one line of JSON.
    pub fn line(&self) -> &str {
        self.own().unwrap_or(&DEFAULT_LINE)
    }

    /// The document in force for people, who change it and send it back.
    pub fn pretty(&self) -> String {
        let Some(line) = self.own() else { return DEFAULT.to_owned() };
        let pretty =
            read::document(line.as_bytes()).map(|dashboard| serde_json::to_string_pretty(&dashboard));
        match pretty {
            Ok(Ok(text)) => text + "\n",
            // It was good when it was taken.
            _ => line.to_owned(),
        }
    }

    /// Names of the submetrics that it shows.
    pub fn submetrics(&self) -> &[String] {
        &self.submetrics
    }
}

#[cfg(test)]
mod tests;
