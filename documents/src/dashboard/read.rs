//! Reads a document, and says of what is wrong where it stands.

use super::{
    AGGREGATES, AXES, Bands, COLORS, Content, Dashboard, KINDS, Panel, Section, Series, Tab, UNITS, VIEWS,
};
use crate::{Submetric, builtin, is_metric_name, shorten};
use serde_json::{Map, Value};
use std::collections::BTreeSet;
use thiserror::Error;

/// An id goes into addresses.
const ID_BYTES: usize = 64;

/// A document that cannot be shown.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum DashboardError {
    /// Longer than [`super::MAX_BYTES`].
    #[error("the dashboard is longer than the limit of {} bytes", super::MAX_BYTES)]
    TooLarge,
    /// With the parser's reason, which ends in the line and column.
    #[error("the dashboard is no JSON: {0}")]
    NotJson(String),
    /// The place, as `tabs[0].title`, and what is wrong there.
    #[error("{} {reason}", if place.is_empty() { "the dashboard" } else { place })]
    Wrong {
        /// `tabs[0].title`.
        place: String,
        /// What is wrong.
        reason: String,
    },
}

type Read<T> = Result<T, DashboardError>;

pub(super) fn document(bytes: &[u8]) -> Read<Dashboard> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let value: Value =
        serde_json::from_slice(bytes).map_err(|error| DashboardError::NotJson(error.to_string()))?;
    let root = At { place: String::new(), value: &value };
    let fields = root.object(&["title", "tabs"])?;
    let tabs = fields.required("tabs")?;
    let mut ids = Ids::default();
    let dashboard = Dashboard {
        title: fields.optional("title", At::text)?,
        tabs: tabs.items()?.iter().map(|at| tab(at, &mut ids)).collect::<Read<_>>()?,
    };
    if dashboard.panels().count() > super::MAX_PANELS {
        return Err(tabs.wrong(format!("have more than {} panels", super::MAX_PANELS)));
    }
    if dashboard.submetrics().len() > super::MAX_SUBMETRICS {
        return Err(tabs.wrong(format!("show more than {} submetrics", super::MAX_SUBMETRICS)));
    }
    Ok(ids.fill(dashboard))
}

fn tab(at: &At, ids: &mut Ids) -> Read<Tab> {
    let fields = at.object(&["id", "title", "sections", "view"])?;
    let id = fields.optional("id", |at| at.id(&mut ids.tabs))?.unwrap_or_default();
    let title = fields.required("title")?.name()?;
    let content = match (fields.get("sections"), fields.get("view")) {
        (Some(sections), None) => {
            Content::Sections(sections.items()?.iter().map(|at| section(at, ids)).collect::<Read<_>>()?)
        }
        (None, Some(view)) => Content::View(view.one_of(&VIEWS)?),
        (Some(_), Some(view)) => return Err(view.wrong("stands beside sections: a tab has one of the two")),
        (None, None) => return Err(at.wrong("is empty: a tab has sections, or is a view")),
    };
    Ok(Tab { id, title, content })
}

fn section(at: &At, ids: &mut Ids) -> Read<Section> {
    let fields = at.object(&["title", "panels"])?;
    Ok(Section {
        title: fields.optional("title", At::text)?,
        panels: fields.required("panels")?.items()?.iter().map(|at| panel(at, ids)).collect::<Read<_>>()?,
    })
}

fn panel(at: &At, ids: &mut Ids) -> Read<Panel> {
    let fields = at.object(&["id", "kind", "title", "caption", "unit", "bands", "series"])?;
    let kind = fields.required("kind")?.one_of(&KINDS)?;
    let figures = matches!(kind, "stat" | "chart");
    for name in ["unit", "bands", "series"] {
        if let (false, Some(at)) = (figures, fields.get(name)) {
            return Err(at.wrong(format!("belongs to panels of the kind stat or chart, not {kind}")));
        }
    }
    let series = if figures { many_series(&fields.required("series")?)? } else { Vec::new() };
    Ok(Panel {
        id: fields.optional("id", |at| at.id(&mut ids.panels))?.unwrap_or_default(),
        kind,
        title: fields.required("title")?.name()?,
        caption: fields.optional("caption", At::text)?,
        unit: fields.optional("unit", |at| at.one_of(&UNITS))?,
        bands: fields.optional("bands", bands)?,
        series,
    })
}

fn many_series(at: &At) -> Read<Vec<Series>> {
    let items = at.items()?;
    if items.len() > super::MAX_SERIES {
        return Err(at.wrong(format!("has more than {} series", super::MAX_SERIES)));
    }
    items.iter().map(series).collect()
}

fn bands(at: &At) -> Read<Bands> {
    let fields = at.object(&["good", "poor"])?;
    let (good, poor) = (fields.required("good")?.number()?, fields.required("poor")?.number()?);
    if good > poor {
        return Err(at.wrong("is good up to a figure above that from which it is poor"));
    }
    Ok(Bands { good, poor })
}

fn series(at: &At) -> Read<Series> {
    let fields = at.object(&["metric", "aggregate", "label", "color", "fill", "dash", "axis"])?;
    let metric = fields.required("metric")?.metric()?;
    let place = fields.required("aggregate")?;
    let aggregate = place.one_of(&AGGREGATES)?;
    let own = builtin(metric.split('{').next().unwrap_or_default()).map(|kind| kind.metric_type);
    if let Some(known) = own.filter(|known| !known.streamed().contains(&aggregate)) {
        return Err(place.wrong(format!(
            "is {aggregate}, but {} is a {}, which has {}",
            shorten(&metric),
            known.word(),
            known.streamed().join(", ")
        )));
    }
    Ok(Series {
        metric,
        aggregate,
        label: fields.optional("label", At::text)?,
        color: fields.optional("color", |at| at.one_of(&COLORS))?,
        fill: fields.optional("fill", At::flag)?,
        dash: fields.optional("dash", At::flag)?,
        axis: fields.optional("axis", |at| at.one_of(&AXES))?,
    })
}

/// A value and its place in the document.
struct At<'a> {
    place: String,
    value: &'a Value,
}

/// An object, all of whose fields are known.
struct Fields<'a> {
    place: String,
    map: &'a Map<String, Value>,
}

impl<'a> At<'a> {
    fn wrong(&self, reason: impl Into<String>) -> DashboardError {
        DashboardError::Wrong { place: self.place.clone(), reason: reason.into() }
    }

    fn not_a(&self, wanted: &str) -> DashboardError {
        let found = match self.value {
            Value::Null => "null",
            Value::Bool(_) => "true or false",
            Value::Number(_) => "a number",
            Value::String(_) => "text",
            Value::Array(_) => "a list",
            Value::Object(_) => "an object",
        };
        self.wrong(format!("is {found}, where {wanted} is due"))
    }

    fn object(&self, known: &[&str]) -> Read<Fields<'a>> {
        let map = self.value.as_object().ok_or_else(|| self.not_a("an object"))?;
        let fields = Fields { place: self.place.clone(), map };
        match map.keys().find(|name| !known.contains(&name.as_str())) {
            Some(name) => Err(DashboardError::Wrong {
                place: fields.place_of(shorten(name)),
                reason: format!("is no field that there is: known are {}", known.join(", ")),
            }),
            None => Ok(fields),
        }
    }

    /// A list of one item at least.
    fn items(&self) -> Read<Vec<At<'a>>> {
        let list = self.value.as_array().ok_or_else(|| self.not_a("a list"))?;
        if list.is_empty() {
            return Err(self.wrong("is empty"));
        }
        let item = |(number, value)| At { place: format!("{}[{number}]", self.place), value };
        Ok(list.iter().enumerate().map(item).collect())
    }

    fn str(&self) -> Read<&'a str> {
        self.value.as_str().ok_or_else(|| self.not_a("text"))
    }

    fn text(&self) -> Read<String> {
        self.str().map(str::to_owned)
    }

    /// Text that must say something.
    fn name(&self) -> Read<String> {
        let text = self.str()?;
        if text.trim().is_empty() { Err(self.wrong("is empty")) } else { Ok(text.to_owned()) }
    }

    fn flag(&self) -> Read<bool> {
        self.value.as_bool().ok_or_else(|| self.not_a("true or false"))
    }

    fn number(&self) -> Read<f64> {
        self.value.as_f64().ok_or_else(|| self.not_a("a number"))
    }

    fn one_of(&self, words: &[&'static str]) -> Read<&'static str> {
        let text = self.str()?;
        let found = words.iter().find(|word| **word == text);
        found.copied().ok_or_else(|| {
            self.wrong(format!("is {:?}, which is not one of {}", shorten(text), words.join(", ")))
        })
    }

    fn metric(&self) -> Read<String> {
        let text = self.str()?;
        if is_metric_name(text) || Submetric::parse(text).is_some() {
            return Ok(text.to_owned());
        }
        Err(self.wrong(format!("is {:?}, which is not the name of a metric or submetric", shorten(text))))
    }

    /// An id that is not among those taken.
    fn id(&self, taken: &mut BTreeSet<String>) -> Read<String> {
        let text = self.str()?;
        let fits = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'-';
        if !(1..=ID_BYTES).contains(&text.len()) || !text.bytes().all(fits) {
            return Err(
                self.wrong(format!("is {:?}: ids are 1 to {ID_BYTES} of A-Z a-z 0-9 _ -", shorten(text)))
            );
        }
        if !taken.insert(text.to_owned()) {
            return Err(self.wrong(format!("is {text:?}, an id that stands in the document already")));
        }
        Ok(text.to_owned())
    }
}

impl<'a> Fields<'a> {
    fn place_of(&self, name: &str) -> String {
        if self.place.is_empty() { name.to_owned() } else { format!("{}.{name}", self.place) }
    }

    fn get(&self, name: &str) -> Option<At<'a>> {
        self.map.get(name).map(|value| At { place: self.place_of(name), value })
    }

    fn required(&self, name: &str) -> Read<At<'a>> {
        self.get(name).ok_or_else(|| DashboardError::Wrong {
            place: self.place_of(name),
            reason: "is missing".to_owned(),
        })
    }

    fn optional<T>(&self, name: &str, read: impl FnOnce(&At<'a>) -> Read<T>) -> Read<Option<T>> {
        self.get(name).map(|at| read(&at)).transpose()
    }
}

/// The ids that the document gives itself.
#[derive(Default)]
struct Ids {
    tabs: BTreeSet<String>,
    panels: BTreeSet<String>,
}

impl Ids {
    /// Makes those that are left out, once all others are known.
    fn fill(mut self, mut dashboard: Dashboard) -> Dashboard {
        for tab in &mut dashboard.tabs {
            if tab.id.is_empty() {
                tab.id = made(&tab.title, "tab", &mut self.tabs);
            }
            let Content::Sections(sections) = &mut tab.content else { continue };
            for panel in sections.iter_mut().flat_map(|section| &mut section.panels) {
                if panel.id.is_empty() {
                    panel.id = made(&panel.title, "panel", &mut self.panels);
                }
            }
        }
        dashboard
    }
}

/// `Largest paint (p95)` becomes `largest-paint-p95`, the next of that title `largest-paint-p95-2`.
fn made(title: &str, otherwise: &str, taken: &mut BTreeSet<String>) -> String {
    let lower = title.to_ascii_lowercase();
    let words = lower.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let mut id = words.collect::<Vec<_>>().join("-");
    // Leaves room for a number.
    id.truncate(ID_BYTES - 8);
    if id.is_empty() {
        id.push_str(otherwise);
    }
    let numbered = |number: usize| if number == 1 { id.clone() } else { format!("{id}-{number}") };
    let free = (1..).map(numbered).find(|id| !taken.contains(id)).expect("numbers do not end");
    taken.insert(free.clone());
    free
}
