//! Every wire and file beside the same yardstick: samples that a load generator took, by second of the host's processor
//! time. What a wire sums up costs by series and push, however many samples are in it, and the recorded loads are
//! thin: forty requests a second.

use crate::host::{self, Host};
use crate::input::{self, Batch};
use crate::yardstick;
use anyhow::{Context, Result, ensure};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::read::MultiGzDecoder;
use serde::Deserialize;
use std::io::Read;
use std::path::Path;

/// At least so many samples by each wire, and so often.
const SAMPLES: usize = 200_000;
const ROUNDS: usize = 3;

/// Longer than any of the recordings.
const LATER_MS: u64 = 45_000;

/// One recorded run, which comes again and again from another sender, each time as much later.
struct Recording {
    name: &'static str,
    target: &'static str,
    headers: &'static [(&'static str, &'static str)],
    file: &'static str,
    /// How a repetition is told from the one before.
    later: fn(&str, u64) -> Option<String>,
    /// What the tool took: samples, and requests among them.
    samples: usize,
    requests: usize,
}

/// A recorded request.
#[derive(Deserialize)]
struct Recorded {
    body: Option<String>,
    body_base64: Option<String>,
}

const PROTOBUF: (&str, &str) = ("content-type", "application/x-protobuf");
const GZIP: (&str, &str) = ("content-encoding", "gzip");
const FILE: &str = "/ingest?test=bench&run=i1&import=1";

const RECORDINGS: [Recording; 9] = [
    Recording {
        name: "Dynatrace lines",
        target: "/api/v2/metrics/ingest?test=bench&run=i1&import=1",
        headers: &[],
        file: "dynatrace/capture.ndjson",
        later: |line, ms| last_column(line, ' ', ms),
        samples: 2_676,
        requests: 210,
    },
    Recording {
        name: "OpenTelemetry, since the start",
        target: "/v1/metrics?test=bench&run=i1&import=1",
        headers: &[PROTOBUF],
        file: "opentelemetry/capture.ndjson",
        later: |_, _| None,
        samples: 4_397,
        requests: 348,
    },
    Recording {
        name: "OpenTelemetry, delta, gzip",
        target: "/v1/metrics?test=bench&run=i1&import=1",
        headers: &[PROTOBUF, GZIP],
        file: "opentelemetry/delta.ndjson",
        later: |_, _| None,
        samples: 4_354,
        requests: 344,
    },
    Recording {
        name: "remote write, statistics",
        target: "/api/v1/write?test=bench&run=i1&import=1",
        headers: &[PROTOBUF],
        file: "prometheus/stats.ndjson",
        later: |_, _| None,
        samples: 4_429,
        requests: 350,
    },
    Recording {
        name: "remote write, native",
        target: "/api/v1/write?test=bench&run=i1&import=1",
        headers: &[PROTOBUF],
        file: "prometheus/native.ndjson",
        later: |_, _| None,
        samples: 4_429,
        requests: 350,
    },
    Recording {
        name: "JMeter's InfluxDB listener",
        target: "/write?db=bench&run=i1&import=1",
        headers: &[],
        file: "jmeter/influx.ndjson",
        later: listener,
        samples: 1_576,
        requests: 991,
    },
    Recording {
        name: "k6's CSV",
        target: FILE,
        headers: &[],
        file: "k6-csv/results.csv",
        later: |row, ms| column(row, 1, ms * 1_000_000),
        samples: 290,
        requests: 22,
    },
    Recording {
        name: "JMeter's results, CSV",
        target: FILE,
        headers: &[],
        file: "jmeter/results.jtl",
        later: |row, ms| column(row, 0, ms),
        samples: 1_576,
        requests: 1_128,
    },
    Recording {
        name: "JMeter's results, XML",
        target: FILE,
        headers: &[],
        file: "jmeter/results.xml.jtl.gz",
        later: |_, _| None,
        samples: 1_576,
        requests: 1_128,
    },
];

/// The number in the last column is so much greater.
fn last_column(line: &str, before: char, more: u64) -> Option<String> {
    let (rest, number) = line.rsplit_once(before)?;
    Some(format!("{rest}{before}{}", number.parse::<u64>().ok()? + more))
}

/// Points of InfluxDB's are so much later. What says where the run begins and ends is left out, for each repetition would
/// be a run of its own.
fn listener(line: &str, ms: u64) -> Option<String> {
    if line.starts_with("events,") { Some(String::new()) } else { last_column(line, ' ', ms * 1_000_000) }
}

/// The number in a column is so much greater; the columns up to it have no quotes.
fn column(row: &str, at: usize, more: u64) -> Option<String> {
    let mut columns: Vec<&str> = row.splitn(at + 2, ',').collect();
    let number = (columns.get(at)?.parse::<u64>().ok()? + more).to_string();
    columns[at] = &number;
    Some(columns.join(","))
}

impl Recording {
    fn read(&self) -> Result<Vec<Vec<u8>>> {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures").join(self.file);
        let bytes = std::fs::read(&path).with_context(|| path.display().to_string())?;
        if path.extension().is_some_and(|extension| extension == "gz") {
            let mut text = Vec::new();
            MultiGzDecoder::new(bytes.as_slice()).read_to_end(&mut text)?;
            return Ok(vec![text]);
        }
        if path.extension().is_none_or(|extension| extension != "ndjson") {
            return Ok(vec![bytes]);
        }
        let requests = std::str::from_utf8(&bytes)?.lines().map(serde_json::from_str::<Recorded>);
        requests
            .map(|request| {
                let Recorded { body, body_base64, .. } = request?;
                match (body, body_base64) {
                    (Some(body), _) => Ok(body.into_bytes()),
                    (None, Some(packed)) => Ok(STANDARD.decode(packed)?),
                    (None, None) => anyhow::bail!("{} has a request without a body", self.file),
                }
            })
            .collect()
    }

    /// A body as a repetition sends it.
    fn shifted(&self, body: &[u8], ms: u64) -> Vec<u8> {
        let Ok(text) = std::str::from_utf8(body) else { return body.to_vec() };
        let mut shifted = String::with_capacity(text.len());
        for line in text.lines() {
            shifted.push_str(&(self.later)(line, ms).unwrap_or_else(|| line.to_owned()));
            shifted.push('\n');
        }
        shifted.into_bytes()
    }

    /// The host's samples by second of processor time, and how many bodies it was.
    fn speed(&self, binary: &Path) -> Result<f64> {
        let times = SAMPLES.div_ceil(self.samples);
        let once = self.read()?;
        let host = Host::start(binary)?;
        let before = host.cpu()?;
        for time in 0..times as u64 {
            let sender = time.to_string();
            let mut headers = self.headers.to_vec();
            headers.push(("x-loadgate-source", sender.as_str()));
            for body in &once {
                host.post_with(self.target, &headers, &self.shifted(body, time * LATER_MS))?;
            }
        }
        host.finish("bench.i1")?;
        let requests = host.requests("bench.i1")?;
        let wanted = self.requests * times;
        ensure!(requests == wanted, "{}: {requests} requests count, not {wanted}", self.name);
        Ok((self.samples * times) as f64 / (host.cpu()? - before).as_secs_f64())
    }
}

/// The two that have a benchmark of their own, as they stand there.
fn plain(binary: &Path, wire: input::Wire, input: &input::Input) -> Result<f64> {
    let host = Host::start(binary)?;
    let before = host.cpu()?;
    for Batch { body } in &input.batches {
        host.post(wire.target(), body)?;
    }
    host.finish("bench.1")?;
    ensure!(host.requests("bench.1")? == input.requests, "every request counts");
    Ok(input.samples as f64 / (host.cpu()? - before).as_secs_f64())
}

/// Every wire, beside the plain loop over k6's JSON.
pub fn wires(binary: &Path) -> Result<()> {
    let json = input::make(input::Wire::Json)?;
    let influx = input::make(input::Wire::Influx)?;
    let mut loop_speed: f64 = 0.0;
    let mut rows: Vec<(&str, f64)> = vec![("k6's JSON", 0.0), ("InfluxDB lines", 0.0)];
    rows.extend(RECORDINGS.iter().map(|recording| (recording.name, 0.0)));
    for _ in 0..ROUNDS {
        let start = host::own_cpu()?;
        let counted = yardstick::run(input::Wire::Json, &json.batches);
        loop_speed = loop_speed.max(counted as f64 / (host::own_cpu()? - start).as_secs_f64());
        let speeds = [plain(binary, input::Wire::Json, &json)?, plain(binary, input::Wire::Influx, &influx)?];
        let others = RECORDINGS
            .iter()
            .map(|recording| recording.speed(binary).with_context(|| recording.name.to_owned()));
        for (row, speed) in rows.iter_mut().zip(speeds.into_iter().map(Ok).chain(others)) {
            row.1 = row.1.max(speed?);
        }
    }
    println!(
        "\nEvery wire, samples that the tool took, by second of the host's processor time; best of {ROUNDS}"
    );
    println!("  yardstick: a loop over JSON     {:>8.2} M samples/CPU-s", loop_speed / 1e6);
    for (name, speed) in rows {
        println!(
            "  {name:<32}{:>8.2} M samples/CPU-s {:>8.3} of the yardstick",
            speed / 1e6,
            speed / loop_speed
        );
    }
    Ok(())
}
