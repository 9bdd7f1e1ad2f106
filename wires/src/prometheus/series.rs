//! The way through a request of either version: series, their labels, and what they hold.

use super::Version;
use super::family::Type;
use crate::naming::Identity;
use crate::protobuf::{self, Field, fields};
use crate::{UNIT_BYTES, Wrong};
use prost::Message;
use std::collections::HashMap;

/// Samples and histograms of one request; Prometheus sends 2,000, k6 one of every series that it has.
pub const SAMPLES: usize = 100_000;
/// Texts of one request of version 2.0.
pub const SYMBOLS: usize = 200_000;
/// Labels of one series, its name among them.
pub const LABELS: usize = 100;
/// A native histogram that is longer is refused: it has 160 buckets where it is Prometheus's own.
const HISTOGRAM_BYTES: usize = UNIT_BYTES / 16;

/// `Sample` of both versions.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Sample {
    #[prost(double, tag = "1")]
    pub(super) value: f64,
    #[prost(int64, tag = "2")]
    pub(super) timestamp: i64,
    #[prost(int64, tag = "3")]
    pub(super) start_timestamp: i64,
}

/// `Histogram` of both versions.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Histogram {
    #[prost(uint64, optional, tag = "1")]
    pub(super) count_int: Option<u64>,
    #[prost(double, optional, tag = "2")]
    pub(super) count_float: Option<f64>,
    #[prost(double, tag = "3")]
    pub(super) sum: f64,
    #[prost(sint32, tag = "4")]
    pub(super) schema: i32,
    #[prost(double, tag = "5")]
    pub(super) zero_threshold: f64,
    #[prost(uint64, optional, tag = "6")]
    pub(super) zero_count_int: Option<u64>,
    #[prost(double, optional, tag = "7")]
    pub(super) zero_count_float: Option<f64>,
    #[prost(message, repeated, tag = "8")]
    pub(super) negative_spans: Vec<Span>,
    #[prost(sint64, repeated, tag = "9")]
    pub(super) negative_deltas: Vec<i64>,
    #[prost(double, repeated, tag = "10")]
    pub(super) negative_counts: Vec<f64>,
    #[prost(message, repeated, tag = "11")]
    pub(super) positive_spans: Vec<Span>,
    #[prost(sint64, repeated, tag = "12")]
    pub(super) positive_deltas: Vec<i64>,
    #[prost(double, repeated, tag = "13")]
    pub(super) positive_counts: Vec<f64>,
    #[prost(int32, tag = "14")]
    pub(super) reset_hint: i32,
    #[prost(int64, tag = "15")]
    pub(super) timestamp: i64,
    #[prost(double, repeated, tag = "16")]
    pub(super) custom_values: Vec<f64>,
    #[prost(int64, tag = "17")]
    pub(super) start_timestamp: i64,
}

/// `BucketSpan`: buckets beside each other.
#[derive(Clone, Copy, PartialEq, Message)]
pub(super) struct Span {
    #[prost(sint32, tag = "1")]
    pub(super) offset: i32,
    #[prost(uint32, tag = "2")]
    pub(super) length: u32,
}

/// What is told of a metric.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct About<'a> {
    pub(super) told: Type,
    pub(super) unit: &'a str,
}

/// A request that can be read to its end.
#[derive(Debug)]
pub(super) struct Request<'a> {
    version: Version,
    body: &'a [u8],
    /// Of version 2.0, its texts.
    symbols: Vec<&'a str>,
    /// Of version 1.0, where it tells anything of metrics.
    metadata: HashMap<&'a str, About<'a>>,
}

/// One series.
#[derive(Debug)]
pub(super) struct Series<'a> {
    /// The whole of it, by which it is found again.
    pub(super) message: &'a [u8],
    version: Version,
    /// Or why they cannot be read.
    pub(super) labels: Result<Labels<'a>, Wrong>,
    /// Of version 2.0.
    pub(super) about: Option<About<'a>>,
    /// Of the first drafts of version 2.0, ms.
    pub(super) created: i64,
}

/// A series' name and other labels, without empty ones.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Labels<'a> {
    pub(super) name: &'a str,
    pub(super) others: Vec<(&'a str, &'a str)>,
}

/// What a series holds.
#[derive(Debug, Clone, Copy)]
pub(super) enum Item<'a> {
    Sample(&'a [u8]),
    Histogram(&'a [u8]),
}

impl<'a> Series<'a> {
    /// Its samples and histograms.
    pub(super) fn items(&self) -> impl Iterator<Item = Item<'a>> + use<'a> {
        let version = self.version;
        fields(self.message).filter_map(move |field| match (version, field.ok()?) {
            (_, (2, Field::Bytes(message))) => Some(Item::Sample(message)),
            (Version::One, (4, Field::Bytes(message))) => Some(Item::Histogram(message)),
            (Version::Two, (3, Field::Bytes(message))) => Some(Item::Histogram(message)),
            _ => None,
        })
    }
}

impl Histogram {
    /// Reads one.
    pub(super) fn read(message: &[u8]) -> Result<Self, Wrong> {
        if message.len() > HISTOGRAM_BYTES {
            let limit = format!("a histogram is longer than {} KiB", HISTOGRAM_BYTES >> 10);
            return Err(Wrong::with(limit, format!("{} bytes", message.len())));
        }
        protobuf::decode(message)
    }
}

impl<'a> Labels<'a> {
    /// Adds one.
    fn add(&mut self, name: &'a str, value: &'a str) -> Result<(), Wrong> {
        if name.is_empty() {
            return Err(Wrong::new("a label has no name"));
        }
        if name == "__name__" {
            self.name = value;
            return Ok(());
        }
        if self.others.len() + 1 >= LABELS {
            return Err(Wrong::new(format!("a series has more than {LABELS} labels")));
        }
        if self.others.iter().any(|(known, _)| *known == name) {
            return Err(Wrong::quoting("a series has a label twice", name.as_bytes()));
        }
        if !value.is_empty() {
            self.others.push((name, value));
        }
        Ok(())
    }

    /// Of all of them, save one, with another name.
    pub(super) fn identity(&self, name: &str, without: &str) -> Identity {
        let others = self.others.iter().filter(|(key, _)| *key != without).copied();
        Identity::new().with(name).with_pairs(others)
    }
}

impl<'a> Request<'a> {
    /// Reads what stands for the whole request, and whether there is anything in it that cannot be read.
    pub(super) fn survey(version: Version, body: &'a [u8]) -> Result<Self, Wrong> {
        let mut request = Request { version, body, symbols: Vec::new(), metadata: HashMap::new() };
        for field in fields(body) {
            match (version, field?) {
                (Version::One, (3, field)) => request.add_metadata(protobuf::message(field)?)?,
                (Version::Two, (4, field)) => {
                    if request.symbols.len() >= SYMBOLS {
                        let limit =
                            format!("a request has more than {SYMBOLS} symbols: send smaller batches");
                        return Err(Wrong::new(limit));
                    }
                    request.symbols.push(protobuf::text(field)?);
                }
                _ => {}
            }
        }
        let mut samples = 0;
        request.walk(&mut |series| {
            // A series without samples takes its time, too.
            samples += series.items().take(SAMPLES + 1).count().max(1);
            if samples > SAMPLES {
                return Err(Wrong::new(format!(
                    "a request has more than {SAMPLES} samples: send smaller batches"
                )));
            }
            Ok(())
        })?;
        Ok(request)
    }

    /// What is told of a metric apart from its series.
    pub(super) fn about(&self, metric: &str) -> Option<About<'a>> {
        self.metadata.get(metric).copied()
    }

    fn add_metadata(&mut self, message: &'a [u8]) -> Result<(), Wrong> {
        let (mut name, mut about) = ("", About::default());
        for field in fields(message) {
            match field? {
                (1, Field::Varint(number)) => about.told = Type::of(number),
                (2, field) => name = protobuf::text(field)?,
                (5, field) => about.unit = protobuf::text(field)?,
                _ => {}
            }
        }
        // Of more metrics than that there cannot be samples.
        if self.metadata.len() < SAMPLES {
            self.metadata.insert(name, about);
        }
        Ok(())
    }

    /// Hands over the series, one by one.
    ///
    /// # Errors
    ///
    /// Those of `take`, and where the request cannot be read to its end, which is never after the survey.
    pub(super) fn walk(&self, take: &mut dyn FnMut(Series<'a>) -> Result<(), Wrong>) -> Result<(), Wrong> {
        let timeseries = match self.version {
            Version::One => 1,
            Version::Two => 5,
        };
        for field in fields(self.body) {
            let (number, field) = field?;
            if number == timeseries {
                take(self.series(protobuf::message(field)?)?)?;
            }
        }
        Ok(())
    }

    /// Reads all of a series but what it holds.
    ///
    /// # Errors
    ///
    /// Where it cannot be read to its end; never after the survey.
    pub(super) fn series(&self, message: &'a [u8]) -> Result<Series<'a>, Wrong> {
        let mut labels = Ok(Labels::default());
        let (mut about, mut created) = (None, 0);
        let mut references = Vec::new();
        for field in fields(message) {
            match (self.version, field?) {
                (Version::One, (1, field)) if labels.is_ok() => {
                    let (name, value) = label(protobuf::message(field)?)?;
                    labels = labels.and_then(|mut labels| labels.add(name, value).map(|()| labels));
                }
                (Version::Two, (1, Field::Varint(reference))) => references.push(reference),
                (Version::Two, (1, field)) => {
                    for reference in protobuf::packed(protobuf::message(field)?) {
                        let reference = reference?;
                        // One more than there can be shows that there are too many.
                        if references.len() <= 2 * LABELS {
                            references.push(reference);
                        }
                    }
                }
                (Version::Two, (5, field)) => about = Some(self.metadata(protobuf::message(field)?)?),
                (Version::Two, (6, Field::Varint(number))) => created = number.cast_signed(),
                _ => {}
            }
        }
        if self.version == Version::Two {
            labels = self.referenced(&references);
        }
        let labels = labels.and_then(|labels| match labels.name {
            "" => Err(Wrong::new("a series has no label `__name__`")),
            _ => Ok(labels),
        });
        Ok(Series { message, version: self.version, labels, about, created })
    }

    fn symbol(&self, reference: u64) -> Result<&'a str, Wrong> {
        let symbol = usize::try_from(reference).ok().and_then(|at| self.symbols.get(at));
        symbol.copied().ok_or_else(|| Wrong::with("a symbol is missing", reference.to_string()))
    }

    fn referenced(&self, references: &[u64]) -> Result<Labels<'a>, Wrong> {
        let mut labels = Labels::default();
        let (pairs, rest) = references.as_chunks();
        for [name, value] in pairs {
            labels.add(self.symbol(*name)?, self.symbol(*value)?)?;
        }
        if rest.is_empty() { Ok(labels) } else { Err(Wrong::new("a label has no value")) }
    }

    fn metadata(&self, message: &'a [u8]) -> Result<About<'a>, Wrong> {
        let mut about = About::default();
        for field in fields(message) {
            match field? {
                (1, Field::Varint(number)) => about.told = Type::of(number),
                // A unit that is missing is no worse than none.
                (4, Field::Varint(reference)) => about.unit = self.symbol(reference).unwrap_or_default(),
                _ => {}
            }
        }
        Ok(about)
    }
}

fn label(message: &[u8]) -> Result<(&str, &str), Wrong> {
    let (mut name, mut value) = ("", "");
    for field in fields(message) {
        match field? {
            (1, field) => name = protobuf::text(field)?,
            (2, field) => value = protobuf::text(field)?,
            _ => {}
        }
    }
    Ok((name, value))
}
