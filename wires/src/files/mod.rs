//! Result files of other tools, and which of them a file is.
//!
//! [`detect`] looks at a file's first bytes; [`reader`] gives the reader of a format, which takes the file in
//! pieces as it is read. Some of these files hold samples, some only what was made of them: sums come as
//! intervals without a distribution. Percentiles cannot be added up, and are never made into one: those of a whole run
//! are told beside its sum ([`crate::Told`]), others are gauges of their own name (`http_req_duration_p95`).

mod artillery;
mod detect;
mod document;
mod gatling;
mod hgrm;
pub mod k6_summary;
mod locust;
mod oha;
mod points;
mod recording;
mod vegeta;

pub use detect::detect;

use crate::records::ByRecord;
use crate::{ByLine, Reader, jmeter, k6};
use document::Document;

/// What a file can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// Something packed: unpack it and look again.
    Gzip,
    /// `k6 run --out json`: lines of samples.
    K6Json,
    /// `k6 run --out csv`.
    K6Csv,
    /// k6's end-of-test summary: `--summary-export` in its old and its machine-readable form, or the data that
    /// `handleSummary()` gets, as JSON.
    K6Summary,
    /// What k6's own dashboard records (`record=`).
    K6Recording,
    /// JMeter's results as CSV.
    JtlCsv,
    /// JMeter's results as XML.
    JtlXml,
    /// Gatling's `simulation.log` as text, which versions before 3.12 write.
    Gatling,
    /// Locust's `…_stats_history.csv`.
    LocustHistory,
    /// `artillery run --output`, of version 2.
    Artillery,
    /// `vegeta encode --to json`.
    VegetaJson,
    /// `vegeta encode --to csv`.
    VegetaCsv,
    /// `oha --output-format json`.
    OhaJson,
    /// `oha --output-format csv`.
    OhaCsv,
    /// A percentile distribution of HdrHistogram, as wrk2 and `vegeta report -type hdrplot` print it.
    Hgrm,
}

impl Format {
    /// All of them.
    pub const ALL: [Format; 15] = [
        Format::K6Json,
        Format::K6Csv,
        Format::K6Summary,
        Format::K6Recording,
        Format::JtlCsv,
        Format::JtlXml,
        Format::Gatling,
        Format::LocustHistory,
        Format::Artillery,
        Format::VegetaJson,
        Format::VegetaCsv,
        Format::OhaJson,
        Format::OhaCsv,
        Format::Hgrm,
        Format::Gzip,
    ];

    /// As one names it in a sentence.
    pub fn name(self) -> &'static str {
        match self {
            Format::Gzip => "a gzip file",
            Format::K6Json => "k6's JSON output",
            Format::K6Csv => "k6's CSV output",
            Format::K6Summary => "k6's end-of-test summary",
            Format::K6Recording => "a recording of k6's dashboard",
            Format::JtlCsv => "JMeter's results as CSV",
            Format::JtlXml => "JMeter's results as XML",
            Format::Gatling => "Gatling's simulation.log",
            Format::LocustHistory => "Locust's stats history",
            Format::Artillery => "Artillery's JSON report",
            Format::VegetaJson => "vegeta's results as JSON",
            Format::VegetaCsv => "vegeta's results as CSV",
            Format::OhaJson => "oha's JSON output",
            Format::OhaCsv => "oha's CSV output",
            Format::Hgrm => "an HdrHistogram percentile distribution",
        }
    }

    /// Reads it, whichever module it is of. `None`: it is packed, or k6's JSON, which is no tool's file but a wire of
    /// its own.
    pub fn reader(self) -> Option<Box<dyn Reader>> {
        Some(match self {
            Format::K6Csv => Box::new(k6::CsvResults::new()),
            Format::JtlCsv => Box::new(jmeter::CsvResults::new()),
            Format::JtlXml => Box::new(jmeter::XmlResults::new()),
            other => return reader(other, None),
        })
    }
}

/// Reads a format of this module's. `began_ns` says when a run began whose file does not tell (Unix ns); without
/// it such samples are of the time at which they are received. `None`: the format is another module's, or packed.
pub fn reader(format: Format, began_ns: Option<i64>) -> Option<Box<dyn Reader>> {
    Some(match format {
        Format::K6Summary => Box::new(Document::new(k6_summary::document)),
        Format::K6Recording => Box::new(ByLine::new(recording::Recording::default())),
        Format::Gatling => Box::new(ByLine::new(gatling::Gatling::default())),
        Format::LocustHistory => Box::new(ByRecord::new(locust::History::default())),
        Format::Artillery => Box::new(Document::new(artillery::document)),
        Format::VegetaJson => Box::new(ByLine::new(vegeta::Lines)),
        Format::VegetaCsv => Box::new(ByRecord::new(vegeta::Rows)),
        Format::OhaJson => Box::new(Document::new(oha::document)),
        Format::OhaCsv => Box::new(ByRecord::new(oha::Rows::new(began_ns))),
        Format::Hgrm => Box::new(Document::new(hgrm::document)),
        Format::Gzip | Format::K6Json | Format::K6Csv | Format::JtlCsv | Format::JtlXml => return None,
    })
}
