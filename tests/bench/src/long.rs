//! Long runs, simulated: time is event time, so a day takes as long as its samples.

use crate::host::Host;
use anyhow::{Result, ensure};
use std::fmt::Write;
use std::path::Path;
use std::time::Instant;

/// Series of the synthetic run: trends, k6's default for a metric that nobody declared.
const SERIES: u64 = 60;

/// Its first second, in Unix seconds.
const ORIGIN: u64 = 1_795_000_000;

const HOUR: u64 = 3600;

/// InfluxDB lines of `seconds` from `start`, one sample per series every `every` seconds.
fn lines(start: u64, seconds: u64, every: u64) -> String {
    let mut text = String::new();
    for second in (start..start + seconds).step_by(every as usize) {
        for series in 0..SERIES {
            let value = 10.0 + (second * 31 + series * 17) as f64 % 400.0 / 3.0;
            let time = ORIGIN + second;
            let _ = writeln!(text, "series_{series:02},scenario=default value={value} {time}000000000");
        }
    }
    text
}

/// Live traffic that is ten minutes ahead of what was folded is taken for misdated, and we are faster
/// than any load test; an import may be a day ahead.
const IMPORT: &str = "&run=i1&import=1";

/// How long a client waits that comes after an eight-hour run and wants all of it.
pub fn late_client(binary: &Path) -> Result<()> {
    const HOURS: u64 = 8;
    // A sample every 2 s, so that no window is empty.
    const BATCH_S: u64 = 120;
    let host = Host::start(binary)?;
    for start in (0..HOURS * HOUR).step_by(BATCH_S as usize) {
        host.post(&format!("/write?db=late{IMPORT}"), lines(start, BATCH_S, 2).as_bytes())?;
    }
    host.finish("late.i1")?;
    let start = Instant::now();
    let events = host.get("/runs/late.i1/events")?;
    let took = start.elapsed();
    let events = std::str::from_utf8(&events)?;
    ensure!(events.contains("\nevent: stop\n"), "the stream has its end");
    let snapshots = events.matches("\nevent: snapshot\n").count();
    let ids: Vec<_> = events.lines().filter_map(|line| line.strip_prefix("id: ")).collect();
    let gap = (0..).zip(&ids).find(|(expected, id)| **id != expected.to_string());
    ensure!(ids.len() > snapshots && gap.is_none(), "an id is missing: {gap:?} of {}", ids.len());
    println!("\n{HOURS} hours, {SERIES} series, {snapshots} windows");
    println!(
        "  whole stream, late client    {:>8.2} s for {:.1} MB",
        took.as_secs_f64(),
        events.len() as f64 / 1e6
    );
    println!("  stored per hour of the run   {:>8.1} MB", host.stored()? as f64 / 1e6 / HOURS as f64);
    println!("  peak memory of the host      {:>8.0} MB", host.peak()? as f64 / 1e6);
    Ok(())
}

/// Whether a batch costs more when the run is old.
pub fn age(binary: &Path) -> Result<()> {
    const HOURS: u64 = 24;
    const BATCH_S: u64 = 10;
    /// Days; the cheaper hour counts, for the machine is not alone with us.
    const ROUNDS: usize = 3;
    let (mut first, mut last) = (f64::INFINITY, f64::INFINITY);
    for _ in 0..ROUNDS {
        let host = Host::start(binary)?;
        let mut hours = Vec::new();
        for hour in 0..HOURS {
            let before = host.cpu()?;
            for start in (hour * HOUR..(hour + 1) * HOUR).step_by(BATCH_S as usize) {
                host.post(&format!("/write?db=age{IMPORT}"), lines(start, BATCH_S, 2).as_bytes())?;
            }
            hours.push((host.cpu()? - before).as_secs_f64());
        }
        first = first.min(hours[0]);
        last = last.min(hours[HOURS as usize - 1]);
    }
    let per_batch = |seconds: f64| seconds * 1e3 / (HOUR / BATCH_S) as f64;
    println!("\n{HOURS} hours in batches of {} lines", SERIES * BATCH_S / 2);
    println!("  batch in the first hour      {:>8.2} ms CPU", per_batch(first));
    println!(
        "  batch in the last hour       {:>8.2} ms CPU ({:.2} of the first)",
        per_batch(last),
        last / first
    );
    Ok(())
}
