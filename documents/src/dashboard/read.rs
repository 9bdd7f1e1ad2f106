//! Reads a document, and says of what is wrong where it stands.
//!
//! serde reads the shape, and what it refuses has its place by `serde_path_to_error`. What a rule of ours
//! refuses has the place of the value that was read; a reason that begins with `.` or `[` goes on from
//! there, as `.view stands beside sections` does.

use super::{
    AGGREGATES, Bands, Content, Dashboard, Figures, Kind, Panel, PanelKind, Section, Series, Tab, View,
};
use crate::format::Unit;
use crate::words::none_of;
use crate::{Aggregate, Submetric, builtin, is_metric_name, shorten};
use serde::de::value::MapAccessDeserializer;
use serde::de::{Error as _, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_path_to_error::{Path, Segment};
use std::collections::BTreeSet;
use std::fmt;
use std::marker::PhantomData;
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

pub(super) fn document(bytes: &[u8]) -> Result<Dashboard, DashboardError> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let Object(mut dashboard) =
        serde_path_to_error::deserialize::<_, Object<Dashboard>>(&mut json).map_err(explain)?;
    json.end().map_err(|error| DashboardError::NotJson(error.to_string()))?;

    let too_many = |what| Err(wrong("tabs", what));
    if dashboard.panels().count() > super::MAX_PANELS {
        return too_many(format!("have more than {} panels", super::MAX_PANELS));
    }
    if dashboard.submetrics().len() > super::MAX_SUBMETRICS {
        return too_many(format!("show more than {} submetrics", super::MAX_SUBMETRICS));
    }
    name_all(&mut dashboard)?;
    Ok(dashboard)
}

fn wrong(place: impl Into<String>, reason: impl Into<String>) -> DashboardError {
    DashboardError::Wrong { place: place.into(), reason: reason.into() }
}

/// An error of serde's or of ours, as place and reason.
fn explain(error: serde_path_to_error::Error<serde_json::Error>) -> DashboardError {
    let mut place = place_of(error.path());
    let error = error.into_inner();
    let said = error.to_string();
    if !error.is_data() {
        return DashboardError::NotJson(said);
    }
    // The place says it better.
    let position = format!(" at line {} column {}", error.line(), error.column());
    let said = in_our_words(said.strip_suffix(&position).unwrap_or(&said));
    let reason = match said.split_once(' ') {
        Some((below, reason)) if below.starts_with(['.', '[']) => {
            place.push_str(below);
            reason
        }
        _ => &said,
    };
    wrong(place.trim_start_matches('.'), reason)
}

/// What serde says of a field that is missing, unknown or there twice, or of a value of the wrong type.
fn in_our_words(said: &str) -> String {
    let plain = |words: &str| words.replace('`', "");
    if let Some(name) = said.strip_prefix("missing field ") {
        return format!(".{} is missing", plain(name));
    }
    if let Some(name) = said.strip_prefix("duplicate field ") {
        return format!(".{} is there twice", plain(name));
    }
    let Some((found, due)) = said.rsplit_once(", expected ") else { return said.to_owned() };
    if found.starts_with("unknown field ") {
        let known = plain(due.trim_start_matches("one of ")).replace(" or ", ", ");
        return format!("is no field that there is: known are {known}");
    }
    match found.strip_prefix("invalid type: ") {
        Some(found) => format!("is {}, where {} is due", kind(found), kind(due)),
        None => said.to_owned(),
    }
}

/// What JSON calls what serde calls so.
fn kind(said: &str) -> &str {
    match said.trim_start_matches("a ").split(' ').next() {
        Some("map") => "an object",
        Some("sequence") => "a list",
        Some("string") => "text",
        Some("boolean") => "true or false",
        Some("integer" | "floating" | "f64") => "a number",
        _ => said,
    }
}

/// As `tabs[0].title`.
fn place_of(path: &Path) -> String {
    let mut place = String::new();
    for segment in path {
        match segment {
            Segment::Seq { index } => place.push_str(&format!("[{index}]")),
            Segment::Map { key } | Segment::Enum { variant: key } => {
                place.push('.');
                place.push_str(shorten(key));
            }
            Segment::Unknown => place.push_str(".?"),
        }
    }
    place
}

/// Read of an object and nothing else; what serde derives takes a list of the fields' values as well.
struct Object<T>(T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Fields<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for Fields<T> {
            type Value = T;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, fields: A) -> Result<T, A::Error> {
                T::deserialize(MapAccessDeserializer::new(fields))
            }
        }

        deserializer.deserialize_map(Fields(PhantomData)).map(Object)
    }
}

/// A list of one object at least.
pub(super) fn list<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Vec<T>, D::Error> {
    let items = Vec::<Object<T>>::deserialize(deserializer)?;
    if items.is_empty() {
        return Err(D::Error::custom("is empty"));
    }
    Ok(items.into_iter().map(|Object(item)| item).collect())
}

fn given_list<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<Vec<T>>, D::Error> {
    list(deserializer).map(Some)
}

/// What may be left out, but is not null where it is there.
pub(super) fn given<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

/// Text that must say something.
fn name<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let text = String::deserialize(deserializer)?;
    if text.trim().is_empty() { Err(D::Error::custom("is empty")) } else { Ok(text) }
}

/// Empty where it is left out, until [`name_all`] makes it.
fn id<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let text = String::deserialize(deserializer)?;
    let fits = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'-';
    if (1..=ID_BYTES).contains(&text.len()) && text.bytes().all(fits) {
        return Ok(text);
    }
    Err(D::Error::custom(format!("is {:?}: ids are 1 to {ID_BYTES} of A-Z a-z 0-9 _ -", shorten(&text))))
}

pub(super) fn metric<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let text = String::deserialize(deserializer)?;
    if is_metric_name(&text) || Submetric::parse(&text).is_some() {
        return Ok(text);
    }
    Err(D::Error::custom(format!("is {:?}, which is not the name of a metric or submetric", shorten(&text))))
}

pub(super) fn aggregate<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Aggregate, D::Error> {
    let word = String::deserialize(deserializer)?;
    let known = AGGREGATES.contains(&word.as_str()).then(|| Aggregate::parse(&word)).flatten();
    known.ok_or_else(|| D::Error::custom(none_of(&word, &AGGREGATES)))
}

fn bands<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Bands>, D::Error> {
    let Object(bands) = Object::<Bands>::deserialize(deserializer)?;
    if bands.good > bands.poor {
        return Err(D::Error::custom("is good up to a figure above that from which it is poor"));
    }
    Ok(Some(bands))
}

fn series<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<Series>>, D::Error> {
    let all: Vec<Series> = list(deserializer)?;
    if all.len() > super::MAX_SERIES {
        return Err(D::Error::custom(format!("has more than {} series", super::MAX_SERIES)));
    }
    for (number, Series { metric, aggregate, .. }) in all.iter().enumerate() {
        let own = builtin(metric.split('{').next().unwrap_or_default()).map(|kind| kind.metric_type);
        let figures = own.map(|own| (own, own.streamed()));
        if let Some((own, figures)) = figures.filter(|(_, f)| !f.contains(&aggregate.to_string().as_str())) {
            return Err(D::Error::custom(format!(
                "[{number}].aggregate is {aggregate}, but {} is a {}, which has {}",
                shorten(metric),
                own.word(),
                figures.join(", ")
            )));
        }
    }
    Ok(Some(all))
}

/// A tab as it is sent.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TabFields {
    #[serde(default, deserialize_with = "id")]
    id: String,
    #[serde(deserialize_with = "name")]
    title: String,
    #[serde(default, deserialize_with = "given_list")]
    sections: Option<Vec<Section>>,
    #[serde(default, deserialize_with = "given")]
    view: Option<View>,
}

impl TryFrom<TabFields> for Tab {
    type Error = &'static str;

    fn try_from(fields: TabFields) -> Result<Self, Self::Error> {
        let content = match (fields.sections, fields.view) {
            (Some(sections), None) => Content::Sections(sections),
            (None, Some(view)) => Content::View(view),
            (Some(_), Some(_)) => return Err(".view stands beside sections: a tab has one of the two"),
            (None, None) => return Err("is empty: a tab has sections, or is a view"),
        };
        Ok(Tab { id: fields.id, title: fields.title, content })
    }
}

/// A panel as it is sent.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PanelFields {
    #[serde(default, deserialize_with = "id")]
    id: String,
    kind: Kind,
    #[serde(deserialize_with = "name")]
    title: String,
    #[serde(default, deserialize_with = "given")]
    caption: Option<String>,
    #[serde(default, deserialize_with = "given")]
    unit: Option<Unit>,
    #[serde(default, deserialize_with = "bands")]
    bands: Option<Bands>,
    #[serde(default, deserialize_with = "series")]
    series: Option<Vec<Series>>,
}

impl TryFrom<PanelFields> for Panel {
    type Error = String;

    fn try_from(fields: PanelFields) -> Result<Self, String> {
        let PanelFields { id, kind, title, caption, unit, bands, series } = fields;
        let given = [("unit", unit.is_some()), ("bands", bands.is_some()), ("series", series.is_some())];
        let figures = || {
            let series = series.ok_or(".series is missing")?;
            Ok::<_, String>(Figures { unit, bands, series })
        };
        let without = |content| match given.iter().find(|(_, given)| *given) {
            None => Ok(content),
            Some((name, _)) => {
                let kind = kind.word();
                Err(format!(".{name} belongs to panels of the kind stat or chart, not {kind}"))
            }
        };
        let content = match kind {
            Kind::Stat => PanelKind::Stat(figures()?),
            Kind::Chart => PanelKind::Chart(figures()?),
            Kind::Requests => without(PanelKind::Requests)?,
            Kind::Thresholds => without(PanelKind::Thresholds)?,
            Kind::Custom => without(PanelKind::Custom)?,
        };
        Ok(Panel { id, title, caption, kind: content })
    }
}

/// Makes the ids that the document leaves out, once all others are known.
fn name_all(dashboard: &mut Dashboard) -> Result<(), DashboardError> {
    let (mut tabs, mut panels) = (Ids::default(), Ids::default());
    for (t, tab) in dashboard.tabs.iter().enumerate() {
        tabs.take(&tab.id, || format!("tabs[{t}]"))?;
        for (s, section) in tab.content.sections().iter().enumerate() {
            for (p, panel) in section.panels.iter().enumerate() {
                panels.take(&panel.id, || format!("tabs[{t}].sections[{s}].panels[{p}]"))?;
            }
        }
    }
    for tab in &mut dashboard.tabs {
        tabs.fill(&mut tab.id, &tab.title, "tab");
        let Content::Sections(sections) = &mut tab.content else { continue };
        for panel in sections.iter_mut().flat_map(|section| &mut section.panels) {
            panels.fill(&mut panel.id, &panel.title, "panel");
        }
    }
    Ok(())
}

/// Those that are taken.
#[derive(Default)]
struct Ids(BTreeSet<String>);

impl Ids {
    fn take(&mut self, id: &str, place: impl FnOnce() -> String) -> Result<(), DashboardError> {
        if id.is_empty() || self.0.insert(id.to_owned()) {
            return Ok(());
        }
        Err(wrong(place() + ".id", format!("is {id:?}, an id that stands in the document already")))
    }

    /// `Largest paint (p95)` becomes `largest-paint-p95`, the next of that title `largest-paint-p95-2`.
    fn fill(&mut self, id: &mut String, title: &str, otherwise: &str) {
        if !id.is_empty() {
            return;
        }
        let lower = title.to_ascii_lowercase();
        let words = lower.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
        let mut made = words.collect::<Vec<_>>().join("-");
        // Leaves room for a number.
        made.truncate(ID_BYTES - 8);
        if made.is_empty() {
            made.push_str(otherwise);
        }
        let numbered = |number: usize| if number == 1 { made.clone() } else { format!("{made}-{number}") };
        *id = (1..).map(numbered).find(|id| !self.0.contains(id)).expect("numbers do not end");
        self.0.insert(id.clone());
    }
}
