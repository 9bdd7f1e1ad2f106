//! OpenTelemetry metrics, as OTLP carries them over HTTP (OpenTelemetry Protocol specification 1.x, "OTLP/HTTP"):
//! `POST /v1/metrics` with an `ExportMetricsServiceRequest` in protobuf or JSON.
//!
//! A unit is a data point, from 1, in the order of the body. A data point that cannot be counted is refused by
//! itself, which makes the answer a partial success ([`answer`]); a body that cannot be read is refused as a whole
//! ([`refusal`]) before any of it was accepted.
//!
//! What becomes of names, units and kinds stands in `docs/wires.md`, "OpenTelemetry metrics".

mod answer;
mod conventions;
mod json;
mod messages;
mod points;
mod service;
#[cfg(test)]
mod tests;
mod values;
mod walk;

pub use answer::{Code, answer, refusal};
pub use service::service_name;
pub use walk::{ATTRIBUTES, ELEMENT_BYTES};

use crate::body::Body;
use crate::naming::Prefixes;
use crate::{Out, Wrong};
use points::Points;
use walk::{Element, Head, Source, Visitor};

/// Resources, scopes, metrics and data points of one body: twice as many as 16 MiB of real ones, and few enough to
/// be read in a moment.
pub const ELEMENTS: usize = 200_000;

/// How a body is written, and how its answer must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// Protobuf's own.
    Protobuf,
    /// Protobuf's messages as JSON.
    Json,
}

impl Encoding {
    /// By the media type of a request; `None`: neither.
    pub fn of(content_type: &str) -> Option<Self> {
        let media_type = content_type.split(';').next().unwrap_or_default().trim();
        [Encoding::Protobuf, Encoding::Json]
            .into_iter()
            .find(|encoding| media_type.eq_ignore_ascii_case(encoding.content_type()))
    }

    /// The media type of the answer.
    pub fn content_type(self) -> &'static str {
        match self {
            Encoding::Protobuf => "application/x-protobuf",
            Encoding::Json => "application/json",
        }
    }
}

/// Reads one body, once all of it is there: what its metrics are called shows in the whole of it.
#[derive(Debug)]
pub struct Reader {
    encoding: Encoding,
    body: Body,
}

impl Reader {
    /// For a body in an encoding, unpacked.
    pub fn new(encoding: Encoding) -> Self {
        Reader { encoding, body: Body::default() }
    }

    fn walk(&self, body: &[u8], visitor: &mut dyn Visitor) -> Result<(), Wrong> {
        match self.encoding {
            Encoding::Protobuf => walk::protobuf(body, visitor),
            Encoding::Json => json::walk(body, visitor),
        }
    }
}

impl crate::Reader for Reader {
    fn feed(&mut self, bytes: &[u8], _: &mut dyn Out) -> Result<(), Wrong> {
        self.body.feed(bytes)
    }

    fn finish(&mut self, out: &mut dyn Out) -> Result<(), Wrong> {
        let body = self.body.finish();
        // Twice: the first time it shows whether it can be read to its end, and by what names.
        let mut survey = Survey::default();
        self.walk(&body, &mut survey)?;
        self.walk(&body, &mut Points::new(survey.prefixes.prefix(), out))
    }
}

/// What is to be known of a body before its points are read.
#[derive(Debug, Default)]
struct Survey {
    prefixes: Prefixes,
    elements: usize,
}

impl Visitor for Survey {
    fn element(&mut self) -> Result<(), Wrong> {
        self.elements += 1;
        if self.elements > ELEMENTS {
            return Err(Wrong::new(format!(
                "a body has more than {ELEMENTS} elements: send smaller batches"
            )));
        }
        Ok(())
    }

    fn metric(&mut self, source: &Source<'_>, head: &Head) {
        if source.is_k6() {
            self.prefixes.see(head.name.strip_suffix(".total").unwrap_or(&head.name));
        }
    }

    fn point(&mut self, _: &Source<'_>, _: &Head, _: Element<'_>) {}
}
