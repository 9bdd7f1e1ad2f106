//! Prometheus remote write 1.0 and 2.0 ("Prometheus Remote-Write specification"): `POST` with a `prometheus.WriteRequest`
//! or an `io.prometheus.write.v2.Request` in protobuf, packed by snappy in its block format.
//!
//! A unit is a sample or a native histogram, from 1, in the order of the body. What a sender spreads over several
//! series (the statistics of a trend, the buckets of a classic histogram) is put together within a request, and
//! accepted as the first unit that it came with; the others say nothing.
//!
//! What becomes of names, units and kinds stands in `docs/wires.md`, "Prometheus remote write".

mod family;
mod groups;
mod histogram;
mod samples;
mod series;
#[cfg(test)]
mod tests;

pub use series::{LABELS, SAMPLES, SYMBOLS};

use crate::body::{BODY_BYTES, Body, too_long};
use crate::{Out, Wrong};
use samples::Samples;
use series::Request;

/// Which message a request holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    /// `prometheus.WriteRequest`.
    One,
    /// `io.prometheus.write.v2.Request`.
    Two,
}

impl Version {
    /// By the media type of a request; without parameter it is 1.0. `None`: neither, which is answered with 415.
    pub fn of(content_type: &str) -> Option<Self> {
        let mut parts = content_type.split(';').map(str::trim);
        if !parts.next().is_some_and(|media_type| media_type.eq_ignore_ascii_case("application/x-protobuf")) {
            return None;
        }
        let proto = parts.find_map(|part| {
            let (key, value) = part.split_once('=')?;
            key.trim().eq_ignore_ascii_case("proto").then(|| value.trim().trim_matches('"'))
        });
        match proto {
            None | Some("prometheus.WriteRequest") => Some(Version::One),
            Some("io.prometheus.write.v2.Request") => Some(Version::Two),
            Some(_) => None,
        }
    }
}

/// What 2.0 wants to be told in the headers of every answer, also of a refusal.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Written {
    /// Samples that were accepted.
    pub samples: u64,
    /// Native histograms that were accepted.
    pub histograms: u64,
}

impl Written {
    /// The headers, in lower case. Exemplars are not kept.
    pub fn headers(self) -> [(&'static str, u64); 3] {
        [
            ("x-prometheus-remote-write-samples-written", self.samples),
            ("x-prometheus-remote-write-histograms-written", self.histograms),
            ("x-prometheus-remote-write-exemplars-written", 0),
        ]
    }
}

/// Reads one body, once all of it is there.
#[derive(Debug)]
pub struct Reader {
    version: Version,
    body: Body,
}

impl Reader {
    /// For a body as it was sent, packed.
    pub fn new(version: Version) -> Self {
        Reader { version, body: Body::default() }
    }
}

impl crate::Reader for Reader {
    fn feed(&mut self, bytes: &[u8], _: &mut dyn Out) -> Result<(), Wrong> {
        self.body.feed(bytes)
    }

    fn finish(&mut self, out: &mut dyn Out) -> Result<(), Wrong> {
        let body = unpack(&self.body.finish())?;
        // Twice: the first time it shows whether it can be read to its end, and of what types metrics are.
        let request = Request::survey(self.version, &body)?;
        let mut samples = Samples::new(&request, out);
        request.walk(&mut |series| {
            samples.series(series);
            Ok(())
        })?;
        samples.finish();
        Ok(())
    }
}

/// Unpacks a snappy block, which says beforehand how long it will be.
fn unpack(packed: &[u8]) -> Result<Vec<u8>, Wrong> {
    let wrong = |error: snap::Error| Wrong::with("the body is not packed by snappy", error.to_string());
    if snap::raw::decompress_len(packed).map_err(wrong)? > BODY_BYTES {
        return Err(too_long());
    }
    snap::raw::Decoder::new().decompress_vec(packed).map_err(wrong)
}
