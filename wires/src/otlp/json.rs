//! OTLP's JSON (OpenTelemetry Protocol specification, "JSON Protobuf Encoding"): names in camel case, numbers of
//! 64 bits as text or number, enumerations as numbers, fields that are unknown ignored. What readers of protobuf's
//! own JSON accept besides is accepted too: enumerations by name, `"NaN"` and `"Infinity"`, `null` for nothing.
//!
//! Lists are walked where they lie, like those of protobuf.

use super::messages::{Resource, Scope};
use super::walk::{Element, Head, Origin, Shape, Source, Temporality, Visitor};
use crate::Wrong;
use serde::de::{DeserializeOwned, SeqAccess, Visitor as Reads};
use serde::{Deserialize, Deserializer, de};
use serde_json::value::RawValue;
use std::fmt;

/// What JSON's reader says of a text that is not what it should be.
pub(super) fn malformed(error: serde_json::Error) -> Wrong {
    Wrong::with("this is not the JSON that it should be", error.to_string())
}

/// `ExportMetricsServiceRequest`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Request<'a> {
    #[serde(borrow, default)]
    resource_metrics: Option<&'a RawValue>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ResourceMetrics<'a> {
    #[serde(borrow, default)]
    resource: Option<&'a RawValue>,
    #[serde(borrow, default)]
    scope_metrics: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct ScopeMetrics<'a> {
    #[serde(borrow, default)]
    scope: Option<&'a RawValue>,
    #[serde(borrow, default)]
    metrics: Option<&'a RawValue>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Metric<'a> {
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    unit: Option<String>,
    #[serde(borrow, default)]
    gauge: Option<Data<'a>>,
    #[serde(borrow, default)]
    sum: Option<Data<'a>>,
    #[serde(borrow, default)]
    histogram: Option<Data<'a>>,
    #[serde(borrow, default)]
    exponential_histogram: Option<Data<'a>>,
    #[serde(borrow, default)]
    summary: Option<Data<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Data<'a> {
    #[serde(borrow, default)]
    data_points: Option<&'a RawValue>,
    #[serde(default, deserialize_with = "temporality")]
    aggregation_temporality: u64,
    #[serde(default)]
    is_monotonic: Option<bool>,
}

/// Walks a body in JSON.
///
/// # Errors
///
/// Where it is none. Then some of it may have been met.
pub(super) fn walk(body: &[u8], visitor: &mut dyn Visitor) -> Result<(), Wrong> {
    // serde would take a list for a message's fields in their order.
    if body.trim_ascii_start().first() != Some(&b'{') {
        return Err(Wrong::quoting("the body is no JSON object", body));
    }
    let request: Request<'_> = serde_json::from_slice(body).map_err(malformed)?;
    each(request.resource_metrics, &mut |resource: ResourceMetrics<'_>| {
        visitor.element()?;
        let origin = Origin::new(&whole::<Resource>(resource.resource)?);
        each(resource.scope_metrics, &mut |scope: ScopeMetrics<'_>| {
            visitor.element()?;
            let source = Source::new(&origin, &whole::<Scope>(scope.scope)?);
            each(scope.metrics, &mut |metric: Metric<'_>| metric_in_json(metric, &source, visitor))
        })
    })
}

fn metric_in_json(metric: Metric<'_>, source: &Source<'_>, visitor: &mut dyn Visitor) -> Result<(), Wrong> {
    visitor.element()?;
    let since = |data: &Data<'_>| Temporality::of(data.aggregation_temporality);
    let (shape, data) = if let Some(data) = metric.gauge {
        (Shape::Gauge, Some(data))
    } else if let Some(data) = metric.sum {
        (Shape::Sum { since: since(&data), monotonic: data.is_monotonic.unwrap_or_default() }, Some(data))
    } else if let Some(data) = metric.histogram {
        (Shape::Histogram(since(&data)), Some(data))
    } else if let Some(data) = metric.exponential_histogram {
        (Shape::Exponential(since(&data)), Some(data))
    } else {
        (Shape::Summary, metric.summary)
    };
    let head = Head { name: metric.name.unwrap_or_default(), unit: metric.unit.unwrap_or_default(), shape };
    visitor.metric(source, &head);
    each(data.and_then(|data| data.data_points), &mut |point: &RawValue| {
        visitor.element()?;
        visitor.point(source, &head, Element::Json(point));
        Ok(())
    })
}

/// An element that is read as a whole; an empty one where it is missing.
fn whole<M: prost::Message + Default + DeserializeOwned>(element: Option<&RawValue>) -> Result<M, Wrong> {
    element.map_or_else(|| Ok(M::default()), |element| Element::Json(element).read())
}

/// Hands over the elements of a list, one by one.
fn each<'a, T: Deserialize<'a>>(
    list: Option<&'a RawValue>,
    take: &mut dyn FnMut(T) -> Result<(), Wrong>,
) -> Result<(), Wrong> {
    struct Each<'t, T> {
        take: &'t mut dyn FnMut(T) -> Result<(), Wrong>,
        wrong: Option<Wrong>,
    }

    impl<'de, T: Deserialize<'de>> Reads<'de> for &mut Each<'_, T> {
        type Value = ();

        fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
            formatter.write_str("a list")
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
            while let Some(element) = list.next_element()? {
                if let Err(wrong) = (self.take)(element) {
                    self.wrong = Some(wrong);
                    return Err(de::Error::custom("refused"));
                }
            }
            Ok(())
        }

        fn visit_unit<E>(self) -> Result<(), E> {
            Ok(())
        }
    }

    let Some(list) = list else { return Ok(()) };
    let mut each = Each { take, wrong: None };
    let walked = serde_json::Deserializer::from_str(list.get()).deserialize_any(&mut each);
    match each.wrong {
        Some(wrong) => Err(wrong),
        None => walked.map_err(malformed),
    }
}

/// A number as JSON may have it.
enum Told {
    Nothing,
    Whole(i128),
    Double(f64),
    Text(String),
}

impl<'de> Deserialize<'de> for Told {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any;

        impl Reads<'_> for Any {
            type Value = Told;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a number, or a number as text")
            }

            fn visit_unit<E>(self) -> Result<Told, E> {
                Ok(Told::Nothing)
            }

            fn visit_u64<E>(self, number: u64) -> Result<Told, E> {
                Ok(Told::Whole(number.into()))
            }

            fn visit_i64<E>(self, number: i64) -> Result<Told, E> {
                Ok(Told::Whole(number.into()))
            }

            fn visit_f64<E>(self, number: f64) -> Result<Told, E> {
                Ok(Told::Double(number))
            }

            fn visit_str<E>(self, text: &str) -> Result<Told, E> {
                Ok(Told::Text(text.to_owned()))
            }
        }

        deserializer.deserialize_any(Any)
    }
}

impl Told {
    fn whole<T: TryFrom<i128>, E: de::Error>(self) -> Result<Option<T>, E> {
        let whole = match self {
            Told::Nothing => return Ok(None),
            Told::Whole(number) => Some(number),
            // Beyond 2^53 a double does not tell one whole number from the next.
            Told::Double(number) => {
                (number.fract() == 0.0 && number.abs() <= 2f64.powi(53)).then_some(number as i128)
            }
            Told::Text(text) => text.parse().ok(),
        };
        let number = whole.and_then(|whole| T::try_from(whole).ok());
        number.map(Some).ok_or_else(|| E::custom("a whole number is none, or has no room"))
    }

    fn double<E: de::Error>(self) -> Result<Option<f64>, E> {
        match self {
            Told::Nothing => Ok(None),
            Told::Whole(number) => Ok(Some(number as f64)),
            Told::Double(number) => Ok(Some(number)),
            Told::Text(text) => match text.parse() {
                Ok(number) => Ok(Some(number)),
                Err(_) => Err(E::custom("a number is none")),
            },
        }
    }
}

/// An enumeration, by its number or its name.
fn temporality<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    match Told::deserialize(deserializer)? {
        Told::Text(text) if text == "AGGREGATION_TEMPORALITY_DELTA" => Ok(1),
        Told::Text(text) if text == "AGGREGATION_TEMPORALITY_CUMULATIVE" => Ok(2),
        Told::Text(text) if text == "AGGREGATION_TEMPORALITY_UNSPECIFIED" => Ok(0),
        number => Ok(number.whole()?.unwrap_or_default()),
    }
}

/// A whole number.
pub(super) fn integer<'de, D: Deserializer<'de>, T: TryFrom<i128> + Default>(
    deserializer: D,
) -> Result<T, D::Error> {
    Ok(Told::deserialize(deserializer)?.whole()?.unwrap_or_default())
}

/// A whole number that may be missing.
pub(super) fn some_integer<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    Told::deserialize(deserializer)?.whole()
}

/// Whole numbers.
pub(super) fn integers<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u64>, D::Error> {
    let list = Option::<Vec<Told>>::deserialize(deserializer)?.unwrap_or_default();
    list.into_iter().map(|told| Ok(told.whole()?.unwrap_or_default())).collect()
}

/// A number.
pub(super) fn double<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    Ok(Told::deserialize(deserializer)?.double()?.unwrap_or_default())
}

/// A number that may be missing.
pub(super) fn some_double<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<f64>, D::Error> {
    Told::deserialize(deserializer)?.double()
}

/// Numbers.
pub(super) fn doubles<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<f64>, D::Error> {
    let list = Option::<Vec<Told>>::deserialize(deserializer)?.unwrap_or_default();
    list.into_iter().map(|told| Ok(told.double()?.unwrap_or_default())).collect()
}
