//! The way through a body, `ExportMetricsServiceRequest` of
//! `opentelemetry/proto/collector/metrics/v1/metrics_service.proto`: resources hold scopes, scopes hold metrics,
//! and metrics hold data points, of which each is read by itself.

use super::messages::{KeyValue, Resource, Scope};
use crate::naming::Identity;
use crate::protobuf::{self, Field, fields};
use crate::{UNIT_BYTES, Wrong};
use prost::Message;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::borrow::Cow;

/// A data point, a resource or a scope that is longer is refused; the Go SDK's longest have some 4 KB. It bounds
/// the attributes and buckets that are in memory at a time.
pub const ELEMENT_BYTES: usize = UNIT_BYTES / 16;

/// Attributes of one data point, with those of its resource that become tags.
pub const ATTRIBUTES: usize = 100;

/// A resource's attribute that is longer names nothing.
const NAME_BYTES: usize = 512;

/// Meets what is in a body, in its order.
pub(super) trait Visitor {
    /// Something of any level, before it is read.
    ///
    /// # Errors
    ///
    /// Where it is one too many.
    fn element(&mut self) -> Result<(), Wrong> {
        Ok(())
    }

    /// A metric, before its data points.
    fn metric(&mut self, source: &Source<'_>, head: &Head);

    /// A data point.
    fn point(&mut self, source: &Source<'_>, head: &Head, point: Element<'_>);
}

/// Where measurements come from, as their resource tells.
#[derive(Debug)]
pub(super) struct Origin {
    is_k6: bool,
    /// What of the resource becomes tags of each point.
    pub(super) tags: Vec<(String, String)>,
    identity: Identity,
}

/// What measured there.
#[derive(Debug)]
pub(super) struct Source<'a> {
    pub(super) origin: &'a Origin,
    is_k6: bool,
    /// Of resource and scope.
    pub(super) identity: Identity,
}

/// What was measured.
#[derive(Debug)]
pub(super) struct Head {
    pub(super) name: String,
    pub(super) unit: String,
    pub(super) shape: Shape,
}

/// What its data points are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    Gauge,
    Sum { since: Temporality, monotonic: bool },
    Histogram(Temporality),
    Exponential(Temporality),
    Summary,
}

/// Which samples a sum is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Temporality {
    Untold,
    /// Those of its interval.
    Delta,
    /// All since the start.
    Cumulative,
}

/// A part of the body that is read as a whole.
#[derive(Debug, Clone, Copy)]
pub(super) enum Element<'a> {
    Protobuf(&'a [u8]),
    Json(&'a RawValue),
}

impl Element<'_> {
    /// Reads it.
    pub(super) fn read<'a, M: Message + Default + Deserialize<'a>>(&'a self) -> Result<M, Wrong> {
        let length = match self {
            Element::Protobuf(bytes) => bytes.len(),
            Element::Json(text) => text.get().len(),
        };
        if length > ELEMENT_BYTES {
            let limit = format!("an element is longer than {} KiB", ELEMENT_BYTES >> 10);
            return Err(Wrong::with(limit, format!("{length} bytes")));
        }
        match self {
            Element::Protobuf(bytes) => protobuf::decode(bytes),
            Element::Json(text) => serde_json::from_str(text.get()).map_err(super::json::malformed),
        }
    }
}

impl Temporality {
    pub(super) fn of(number: u64) -> Self {
        match number {
            1 => Temporality::Delta,
            2 => Temporality::Cumulative,
            _ => Temporality::Untold,
        }
    }
}

impl Origin {
    pub(super) fn new(resource: &Resource) -> Self {
        let attribute = |wanted: &str| {
            let found = resource.attributes.iter().find(|attribute| attribute.key == wanted);
            found.and_then(KeyValue::text).filter(|text| (1..=NAME_BYTES).contains(&text.len()))
        };
        let service = attribute("service.name");
        let is_k6 = service.as_deref() == Some("k6");
        // What an exporter says where nobody named it does not name a test either.
        let named = |service: &Cow<'_, str>| service != "k6" && !service.starts_with("unknown_service");
        let tags = [
            ("testid", attribute("testid")),
            ("service_name", service.filter(named)),
            ("instance_id", attribute("instance_id").or_else(|| attribute("service.instance.id"))),
        ];
        let tags = tags.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?.into_owned())));
        let tags = tags.collect();
        Origin { is_k6, tags, identity: with_attributes(Identity::new(), &resource.attributes) }
    }
}

impl<'a> Source<'a> {
    pub(super) fn new(origin: &'a Origin, scope: &Scope) -> Self {
        let identity = origin.identity.with(&scope.name).with(&scope.version);
        let identity = with_attributes(identity, &scope.attributes);
        Source { origin, is_k6: origin.is_k6 || scope.name == "k6", identity }
    }

    /// Whether k6 measured, by its service or by its scope, which no setting changes.
    pub(super) fn is_k6(&self) -> bool {
        self.is_k6
    }
}

/// Attributes as parts of what makes a series one of its own.
pub(super) fn with_attributes(identity: Identity, attributes: &[KeyValue]) -> Identity {
    let texts: Vec<_> =
        attributes.iter().map(|attribute| (&*attribute.key, attribute.text().unwrap_or_default())).collect();
    identity.with_pairs(texts.iter().map(|(key, text)| (*key, &**text)))
}

/// Walks a body in protobuf.
///
/// # Errors
///
/// Where it is none. Then some of it may have been met.
pub(super) fn protobuf(body: &[u8], visitor: &mut dyn Visitor) -> Result<(), Wrong> {
    for resource in all(body, 1) {
        visitor.element()?;
        let resource = resource?;
        let origin = Origin::new(&last(resource, 1)?.read()?);
        for scope in all(resource, 2) {
            visitor.element()?;
            let scope = scope?;
            let source = Source::new(&origin, &last(scope, 1)?.read()?);
            for metric in all(scope, 2) {
                visitor.element()?;
                metric_in_protobuf(metric?, &source, visitor)?;
            }
        }
    }
    Ok(())
}

fn metric_in_protobuf(metric: &[u8], source: &Source<'_>, visitor: &mut dyn Visitor) -> Result<(), Wrong> {
    let mut head = Head { name: String::new(), unit: String::new(), shape: Shape::Gauge };
    let mut data: &[u8] = &[];
    for field in fields(metric) {
        let (number, field) = field?;
        match number {
            1 => protobuf::text(field)?.clone_into(&mut head.name),
            3 => protobuf::text(field)?.clone_into(&mut head.unit),
            5 | 7 | 9 | 10 | 11 => {
                data = protobuf::message(field)?;
                let since = Temporality::of(varint(data, 2)?);
                head.shape = match number {
                    5 => Shape::Gauge,
                    7 => Shape::Sum { since, monotonic: varint(data, 3)? != 0 },
                    9 => Shape::Histogram(since),
                    10 => Shape::Exponential(since),
                    _ => Shape::Summary,
                };
            }
            _ => {}
        }
    }
    visitor.metric(source, &head);
    for point in all(data, 1) {
        visitor.element()?;
        visitor.point(source, &head, Element::Protobuf(point?));
    }
    Ok(())
}

/// The messages that one field repeats.
fn all(message: &[u8], wanted: u32) -> impl Iterator<Item = Result<&[u8], Wrong>> {
    fields(message).filter_map(move |field| match field {
        Ok((number, field)) => (number == wanted).then(|| protobuf::message(field)),
        Err(wrong) => Some(Err(wrong)),
    })
}

/// The message that a field holds; an empty one where it is missing.
fn last(message: &[u8], wanted: u32) -> Result<Element<'_>, Wrong> {
    all(message, wanted).try_fold(Element::Protobuf(&[]), |_, found| Ok(Element::Protobuf(found?)))
}

/// The number that a field holds; 0 where it is missing.
fn varint(message: &[u8], wanted: u32) -> Result<u64, Wrong> {
    fields(message).try_fold(0, |value, field| match field? {
        (number, Field::Varint(value)) if number == wanted => Ok(value),
        _ => Ok(value),
    })
}
