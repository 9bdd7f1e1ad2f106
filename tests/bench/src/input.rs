//! Input: the recorded shop run, again and again, each time shifted behind the last.

use anyhow::{Context, Result, ensure};
use flate2::read::MultiGzDecoder;
use serde::Deserialize;
use std::io::Read;
use std::path::Path;

/// At least so many samples.
const SAMPLES: usize = 500_000;
const BATCH_LINES: usize = 5_000;

/// Longer than the recorded run, in seconds.
const SHIFT_S: u64 = 40;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wire {
    Json,
    Influx,
}

impl Wire {
    pub fn name(self) -> &'static str {
        match self {
            Wire::Json => "k6 JSON",
            Wire::Influx => "InfluxDB lines",
        }
    }

    pub fn target(self) -> &'static str {
        match self {
            Wire::Json => "/ingest?test=bench",
            Wire::Influx => "/write?db=bench",
        }
    }
}

pub struct Batch {
    pub body: Vec<u8>,
}

pub struct Input {
    pub batches: Vec<Batch>,
    /// Samples, and those of `http_reqs` among them.
    pub samples: usize,
    pub requests: usize,
    /// Event time.
    pub hours: f64,
}

/// A recorded request.
#[derive(Deserialize)]
struct Recorded {
    target: String,
    body: String,
}

pub fn make(wire: Wire) -> Result<Input> {
    let text = match wire {
        Wire::Json => unpacked("k6.json.gz")?,
        Wire::Influx => {
            let capture = unpacked("influx.ndjson.gz")?;
            let mut lines = String::new();
            for line in capture.lines() {
                let request: Recorded = serde_json::from_str(line)?;
                if request.target.starts_with("/write") {
                    lines.push_str(&request.body);
                }
            }
            lines
        }
    };
    let is_sample = |line: &&str| wire == Wire::Influx || line.contains(r#""type":"Point""#);
    let is_request = |line: &&str| match wire {
        Wire::Json => line.starts_with(r#"{"metric":"http_reqs","#),
        Wire::Influx => line.starts_with("http_reqs,"),
    };
    let once: Vec<&str> = text.lines().collect();
    let samples = once.iter().filter(|line| is_sample(line)).count();
    let requests = once.iter().filter(|line| is_request(line)).count();
    let times = SAMPLES.div_ceil(samples);
    let mut lines = Vec::with_capacity(once.len() * times);
    for time in 0..times as u64 {
        for line in &once {
            // Declarations once, as k6 does.
            if is_sample(line) || time == 0 {
                lines.push(shifted(wire, line, time * SHIFT_S)?);
            }
        }
    }
    let batches =
        lines.chunks(BATCH_LINES).map(|lines| Batch { body: lines.concat().into_bytes() }).collect();
    let hours = (times as u64 * SHIFT_S) as f64 / 3600.0;
    Ok(Input { batches, samples: samples * times, requests: requests * times, hours })
}

fn shifted(wire: Wire, line: &str, seconds: u64) -> Result<String> {
    const TIME: &str = r#""time":""#;
    if wire == Wire::Influx {
        let (rest, time) = line.rsplit_once(' ').context("a line has a time")?;
        let time: u64 = time.parse()?;
        return Ok(format!("{rest} {}\n", time + seconds * 1_000_000_000));
    }
    let Some(at) = line.find(TIME).map(|at| at + TIME.len()) else { return Ok(format!("{line}\n")) };
    // 2026-11-21T00:46:10.734639502Z
    let clock = line.get(at + 11..at + 19).context("a time of day")?;
    let number = |part: std::ops::Range<usize>| clock[part].parse::<u64>();
    let second = number(0..2)? * 3600 + number(3..5)? * 60 + number(6..8)? + seconds;
    ensure!(second < 24 * 3600, "the repetitions pass midnight");
    let clock = format!("{:02}:{:02}:{:02}", second / 3600, second / 60 % 60, second % 60);
    Ok(format!("{}{clock}{}\n", &line[..at + 11], &line[at + 19..]))
}

fn unpacked(name: &str) -> Result<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/k6/shop").join(name);
    let packed = std::fs::read(&path).with_context(|| path.display().to_string())?;
    let mut text = String::new();
    MultiGzDecoder::new(packed.as_slice()).read_to_string(&mut text)?;
    Ok(text)
}
