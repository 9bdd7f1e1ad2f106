//! Which format a file has.

use super::{Format, hgrm};
use crate::Wrong;
use loadgate_documents::builtin;

/// How much of a file is looked at: k6's machine-readable summary begins with the script.
const LOOKED_AT: usize = 1 << 20;

/// Looks at a file's first bytes, of which a few thousand are mostly enough, and a megabyte always. Names say
/// nothing: everything is called `results.json`.
///
/// # Errors
///
/// With a sentence that says what was expected.
pub fn detect(first: &[u8]) -> Result<Format, Wrong> {
    let bytes = &first[..first.len().min(LOOKED_AT)];
    if bytes.starts_with(b"\x1f\x8b") {
        return Ok(Format::Gzip);
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes).trim_ascii_start();
    if bytes.is_empty() {
        return Err(Wrong::new("the file is empty"));
    }
    let found = match bytes[0] {
        b'{' => of_json(&Keys::read(bytes)),
        b'<' => memchr::memmem::find(bytes, b"<testResults").map(|_| Format::JtlXml),
        _ => of_text(bytes),
    };
    found.ok_or_else(|| Wrong::quoting(expected(bytes), bytes[..bytes.len().min(200)].trim_ascii_end()))
}

/// What is said of a file that is none of them.
fn expected(bytes: &[u8]) -> String {
    // A record of its own with the version as text: `\0`, the length in four bytes, `3.13.5`.
    if matches!(bytes, [0, 0, 0, 0, 4..=20, b'0'..=b'9', ..]) {
        return "Gatling's simulation.log is binary from version 3.12 on, and only Gatling itself can read it: \
                3.11 and before write it as text"
            .to_owned();
    }
    if memchr::memmem::find(&bytes[..bytes.len().min(300)], b"Latency").is_some() && bytes[0] >= 0x80 {
        return "these seem to be vegeta's results in its own binary form: \
                `vegeta encode --to json` makes a file that can be read"
            .to_owned();
    }
    if bytes.starts_with(b"Type,Name,Request Count") {
        return "Locust's _stats.csv has totals alone: _stats_history.csv, which stands beside it, can be read".to_owned();
    }
    if memchr::memmem::find(&bytes[..bytes.len().min(300)], b"\"latencies\":").is_some() {
        return "this seems to be a report of vegeta's, which has totals alone: `vegeta encode --to json` makes a \
                file of all results that can be read"
            .to_owned();
    }
    if bytes.starts_with(b"#[") {
        return "this seems to be an HdrHistogram log: only a percentile distribution (.hgrm) can be read"
            .to_owned();
    }
    let names: Vec<&str> =
        Format::ALL.iter().filter(|format| **format != Format::Gzip).map(|format| format.name()).collect();
    format!("the file is none of what can be read: {}, or any of these packed with gzip", names.join(", "))
}

fn of_json(keys: &Keys) -> Option<Format> {
    let has = |path: &str| keys.0.iter().any(|key| key == path);
    let all = |paths: &[&str]| paths.iter().all(|path| has(path));
    if all(&["type", "metric"]) {
        Some(Format::K6Json)
    } else if all(&["event", "data"]) {
        Some(Format::K6Recording)
    } else if all(&["timestamp", "latency", "code"]) {
        Some(Format::VegetaJson)
    } else if has("aggregate.counters") || has("intermediate") {
        Some(Format::Artillery)
    } else if has("responseTimeHistogram") || has("latencyPercentiles") || has("summary.successRate") {
        Some(Format::OhaJson)
    } else if has("root_group")
        || has("results.metrics")
        || all(&["config.execution", "config.script"])
        || keys.0.iter().any(|key| key.strip_prefix("metrics.").is_some_and(|name| builtin(name).is_some()))
    {
        Some(Format::K6Summary)
    } else {
        None
    }
}

fn of_text(bytes: &[u8]) -> Option<Format> {
    let text = String::from_utf8_lossy(bytes);
    let mut lines = text.lines();
    let first = lines.next()?;
    let tabs: Vec<&str> = first.split('\t').collect();
    if matches!(tabs[0], "RUN" | "ASSERTION") && tabs.len() > 1 || tabs.get(2) == Some(&"RUN") {
        return Some(Format::Gatling);
    }
    let delimiter =
        [',', ';', '\t', '|'].into_iter().max_by_key(|delimiter| first.matches(*delimiter).count())?;
    let fields = fields(first, delimiter);
    let has = |name: &str| fields.iter().any(|field| field == name);
    let all = |names: &[&str]| names.iter().all(|name| has(name));
    if all(&["metric_name", "timestamp", "metric_value"]) {
        Some(Format::K6Csv)
    } else if all(&["request-start", "request-duration", "status"]) {
        Some(Format::OhaCsv)
    } else if all(&["Timestamp", "User Count", "Total Request Count"]) {
        Some(Format::LocustHistory)
    } else if all(&["timeStamp", "elapsed"]) || is_sample(&fields) {
        Some(Format::JtlCsv)
    } else if is_hit(&fields) {
        Some(Format::VegetaCsv)
    } else {
        std::iter::once(first).chain(lines).any(hgrm::is_head).then_some(Format::Hgrm)
    }
}

/// A row of JMeter's without a header, of its default columns: time in ms, elapsed, label, code, message, thread,
/// type, success.
fn is_sample(fields: &[String]) -> bool {
    fields.len() >= 10
        && number(&fields[0], 13)
        && number(&fields[1], 0)
        && matches!(&*fields[7], "true" | "false")
}

/// A row of vegeta's: time in ns, code, latency.
fn is_hit(fields: &[String]) -> bool {
    fields.len() >= 8 && number(&fields[0], 19) && number(&fields[1], 0) && number(&fields[2], 0)
}

/// Only digits, of which there are `digits` if that is not 0.
fn number(text: &str, digits: usize) -> bool {
    !text.is_empty()
        && text.bytes().all(|byte| byte.is_ascii_digit())
        && (digits == 0 || text.len() == digits)
}

/// The fields of a line, as far as it is whole.
fn fields(line: &str, delimiter: char) -> Vec<String> {
    let mut fields = vec![String::new()];
    let mut quoted = false;
    for c in line.chars() {
        match c {
            '"' => quoted = !quoted,
            _ if c == delimiter && !quoted => fields.push(String::new()),
            _ => fields.last_mut().expect("there is one").push(c),
        }
    }
    fields
}

/// The keys of the first two levels of a JSON object that may be cut off, as `config.script`.
struct Keys(Vec<String>);

/// More are not looked at.
const KEYS: usize = 10_000;

impl Keys {
    fn read(bytes: &[u8]) -> Self {
        let mut keys = Vec::new();
        // Whether what is open are objects, the names of those on the first level, and a string that has not been
        // followed by anything yet.
        let (mut open, mut outer, mut last) = (Vec::<bool>::new(), String::new(), None);
        let mut at = 0;
        while at < bytes.len() && keys.len() < KEYS {
            match bytes[at] {
                b'"' => {
                    let Some(length) = string(&bytes[at + 1..]) else { break };
                    last = Some(String::from_utf8_lossy(&bytes[at + 1..][..length]).into_owned());
                    at += length + 1;
                }
                b':' => match (&open[..], last.take()) {
                    ([true], Some(key)) => {
                        outer.clone_from(&key);
                        keys.push(key);
                    }
                    ([true, true], Some(key)) => keys.push(format!("{outer}.{key}")),
                    _ => {}
                },
                b'{' => open.push(true),
                b'[' => open.push(false),
                b'}' | b']' => {
                    open.pop();
                    if open.is_empty() {
                        break;
                    }
                }
                _ => {}
            }
            at += 1;
        }
        Keys(keys)
    }
}

/// How long a string is, whose opening quote is not in it.
fn string(bytes: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        at += memchr::memchr2(b'"', b'\\', bytes.get(at..)?)?;
        if bytes[at] == b'"' {
            return Some(at);
        }
        at += 2;
    }
}
