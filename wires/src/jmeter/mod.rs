//! JMeter: its result files (JTL), as CSV and as XML, and its InfluxDB listeners.
//!
//! Samplers become requests, whatever their protocol; transaction controllers become groups. A sample that is a
//! part of another, such as a redirect, stands in metrics of its own, for its time and bytes are in the other's.

mod csv;
mod known;
pub mod listener;
mod markup;
mod sample;
mod xml;

use crate::records::ByRecord;
use crate::{Out, Reader, Wrong};

/// Reads a JTL file that is CSV.
#[derive(Debug, Default)]
pub struct CsvResults(ByRecord<csv::Rows>);

impl CsvResults {
    /// At a file's beginning.
    pub fn new() -> Self {
        CsvResults(ByRecord::new(csv::Rows::default()))
    }
}

impl Reader for CsvResults {
    fn feed(&mut self, bytes: &[u8], out: &mut dyn Out) -> Result<(), Wrong> {
        self.0.feed(bytes, out)
    }

    fn finish(&mut self, out: &mut dyn Out) -> Result<(), Wrong> {
        self.0.finish(out)
    }
}

/// Reads a JTL file that is XML.
#[derive(Debug, Default)]
pub struct XmlResults {
    tokens: markup::Tokens,
    elements: xml::Elements,
}

impl XmlResults {
    /// At a file's beginning.
    pub fn new() -> Self {
        XmlResults::default()
    }
}

impl Reader for XmlResults {
    fn feed(&mut self, bytes: &[u8], out: &mut dyn Out) -> Result<(), Wrong> {
        self.tokens.feed(bytes, &mut self.elements, out)
    }

    fn finish(&mut self, _: &mut dyn Out) -> Result<(), Wrong> {
        self.tokens.finish()?;
        self.elements.finish()
    }
}
