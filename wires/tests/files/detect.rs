//! Which format a file has.

use crate::support::fixture;
use loadgate_wires::files::{Format, detect, reader};
use std::io::Write;

fn of(file: &str) -> Option<Format> {
    detect(file.as_bytes()).ok()
}

#[test]
fn formats_are_known_by_how_they_begin() {
    for (file, format) in [
        ("k6-export.json", Format::K6Summary),
        ("k6-handle.json", Format::K6Summary),
        ("k6-machine-readable.json", Format::K6Summary),
        ("k6-dashboard.ndjson", Format::K6Recording),
        ("vegeta.json", Format::VegetaJson),
        ("vegeta.csv", Format::VegetaCsv),
        ("vegeta.hgrm", Format::Hgrm),
        ("locust_stats_history.csv", Format::LocustHistory),
        ("gatling-3.11.log", Format::Gatling),
        ("artillery.json", Format::Artillery),
    ] {
        let bytes = fixture(file);
        for size in [bytes.len(), 4_096, 1_500] {
            assert_eq!(detect(&bytes[..size.min(bytes.len())]), Ok(format), "{size} bytes of {file}");
        }
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        packed.write_all(&bytes).expect("in memory");
        assert_eq!(detect(&packed.finish().expect("in memory")), Ok(Format::Gzip));
    }
    let jmeter = |name: &str| {
        let path = format!("{}/../tests/fixtures/jmeter/{name}", env!("CARGO_MANIFEST_DIR"));
        std::fs::read(path).expect("a fixture")
    };
    assert_eq!(detect(&jmeter("results.jtl")), Ok(Format::JtlCsv));
    let rows = jmeter("results.jtl");
    let headless = &rows[rows.iter().position(|byte| *byte == b'\n').expect("a line") + 1..];
    assert_eq!(detect(headless), Ok(Format::JtlCsv));
}

#[test]
fn formats_of_other_modules_are_known_too() {
    let k6 = r#"{"type":"Metric","data":{"name":"http_reqs","type":"counter"},"metric":"http_reqs"}"#;
    assert_eq!(of(&format!("{k6}\n{k6}\n")), Some(Format::K6Json));
    assert_eq!(of("\u{feff}\n  {\"metric\":\"vus\",\"type\":\"Point\",\"data\":{}}"), Some(Format::K6Json));
    let header =
        "metric_name,timestamp,metric_value,check,error,error_code,expected_response,group,method,name\n";
    assert_eq!(of(header), Some(Format::K6Csv));
    assert_eq!(of("timeStamp;elapsed;label;success\n1;2;a;true\n"), Some(Format::JtlCsv));
    assert_eq!(of("elapsed\ttimeStamp\tlabel\n"), Some(Format::JtlCsv));
    let xml = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testResults version=\"1.2\">\n";
    assert_eq!(of(xml), Some(Format::JtlXml));
    for format in [Format::Gzip, Format::K6Json, Format::K6Csv, Format::JtlCsv, Format::JtlXml] {
        assert!(reader(format, None).is_none());
    }
}

#[test]
fn a_long_script_before_the_results_is_looked_past() {
    let script = "\\\" }".repeat(20_000);
    let summary = format!(
        r#"{{"config": {{"duration": 3.1, "execution": "local", "script": "{script}"}}, "results": {{"metrics": []}}}}"#
    );
    assert_eq!(of(&summary), Some(Format::K6Summary));
}

#[test]
fn what_is_none_is_told_what_was_expected() {
    let wrong = |bytes: &[u8]| detect(bytes).expect_err("none");
    assert_eq!(wrong(b" \n").reason, "the file is empty");
    let none = wrong(b"hello, world\nhow are you\n");
    for part in
        ["k6's JSON output", "JMeter's results as CSV", "an HdrHistogram percentile distribution", "gzip"]
    {
        assert!(none.reason.contains(part), "{}", none.reason);
    }
    assert_eq!(none.detail.as_deref(), Some(r"`hello, world\nhow are you`"));
    assert!(
        wrong(br#"{"a": {"metrics": 1}, "b": ["root_group", {"type": 1, "metric": 2}]}"#)
            .reason
            .starts_with("the file is none")
    );
    assert!(wrong(&fixture("locust-full_stats.csv")).reason.contains("_stats_history.csv"));
    assert!(wrong(&fixture("vegeta.report.json")).reason.contains("vegeta encode --to json"));
    // The beginnings of such files.
    assert!(wrong(b"\0\0\0\0\x063.13.5").reason.starts_with("Gatling's simulation.log is binary"));
    let gob = b"\xff\x96\x7f\x03\x01\x01\x06Result\x01\xff\x80\0\x01\x0c\x01\x06Attack\x01\x0c\0\x01\x07Latency\x01\x04\0";
    assert!(wrong(gob).reason.contains("vegeta encode --to json"));
    assert!(wrong(b"#[Histogram log format version 1.2]\n").reason.contains("HdrHistogram log"));
}
