//! `cargo xtask bench`: how fast the whole takes samples, as a share of what a plain native loop over
//! the same bytes does on the same machine in the same minute.
//!
//! The host runs with its SQLite store, everything included: HTTP, tags, breakdowns, log, fold.

mod host;
mod input;
mod live;
mod long;
mod pages;
mod wires;
mod yardstick;

use anyhow::{Context, Result, ensure};
use host::Host;
use input::{Batch, Wire};
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// Share of the yardstick that must be reached.
const JSON_SHARE: f64 = 0.35;
const INFLUX_SHARE: f64 = 0.12;

/// Both sides run so often, by turns; the fastest of each counts, for the machine is not alone with us.
const ROUNDS: usize = 10;

fn main() -> Result<()> {
    let binary = std::env::var_os("LOADGATE_BIN").context("run this by `cargo xtask bench`")?;
    let binary = PathBuf::from(binary);
    let only = std::env::args().nth(1);
    let wanted = |name: &str| only.as_deref().is_none_or(|only| only == name);
    if wanted("json") {
        throughput(&binary, Wire::Json, JSON_SHARE)?;
    }
    if wanted("influx") {
        throughput(&binary, Wire::Influx, INFLUX_SHARE)?;
    }
    if wanted("wires") {
        wires::wires(&binary)?;
    }
    if wanted("late") {
        long::late_client(&binary)?;
    }
    if wanted("age") {
        long::age(&binary)?;
    }
    if wanted("memory") {
        live::memory(&binary)?;
    }
    if wanted("feed") {
        live::feed(&binary)?;
    }
    if wanted("day") {
        live::day(&binary)?;
    }
    if wanted("pages") {
        pages::pages(&binary)?;
    }
    Ok(())
}

/// Samples per second of processor time, side by side.
fn throughput(binary: &std::path::Path, wire: Wire, goal: f64) -> Result<()> {
    let input = input::make(wire)?;
    let megabytes = input.batches.iter().map(|batch| batch.body.len()).sum::<usize>() as f64 / 1e6;
    println!(
        "\n{} samples as {}, {megabytes:.0} MB in {} batches",
        input.samples,
        wire.name(),
        input.batches.len()
    );

    let mut yardstick: f64 = 0.0;
    let mut speeds = Vec::new();
    let mut latencies = Vec::new();
    let mut best: Option<Measured> = None;
    for _ in 0..ROUNDS {
        let start = host::own_cpu()?;
        let counted = yardstick::run(wire, &input.batches);
        yardstick = yardstick.max(counted as f64 / (host::own_cpu()? - start).as_secs_f64());
        ensure!(counted == input.samples, "the yardstick counts {counted}");

        let measured = measure(binary, wire, &input)?;
        speeds.push(input.samples as f64 / measured.cpu.as_secs_f64());
        latencies.extend_from_slice(&measured.latencies);
        if best.as_ref().is_none_or(|best| measured.cpu < best.cpu) {
            best = Some(measured);
        }
    }
    println!("  yardstick                    {:>8.2} M samples/CPU-s", yardstick / 1e6);
    let best = best.context("there was a round")?;
    latencies.sort_unstable();
    let speed = input.samples as f64 / best.cpu.as_secs_f64();
    let share = speed / yardstick;
    let verdict = if share >= goal { "reached" } else { "missed" };
    println!("  host, until the fold is done {:>8.2} M samples/CPU-s", speed / 1e6);
    speeds.sort_by(f64::total_cmp);
    println!(
        "  … {ROUNDS} times, of the yardstick  {:>6.3} to {:.3}, {:.3} in the middle",
        speeds[0] / yardstick,
        speeds[speeds.len() - 1] / yardstick,
        speeds[speeds.len() / 2] / yardstick
    );
    println!("  ratio                        {share:>8.3}   (goal {goal}: {verdict})");
    println!(
        "  host, until the last answer  {:>8.2} M samples/CPU-s",
        input.samples as f64 / best.answered.as_secs_f64() / 1e6
    );
    println!(
        "  answer to a batch            {:>8.1} ms p50, {:.1} ms p99, of {}",
        latency(&latencies, 0.5),
        latency(&latencies, 0.99),
        latencies.len()
    );
    println!("  stored per hour of the run   {:>8.1} MB", best.stored as f64 / 1e6 / input.hours);
    println!("  peak memory of the host      {:>8.0} MB", best.peak as f64 / 1e6);
    println!("  start-up                     {:>8.0} ms", best.startup.as_secs_f64() * 1e3);
    Ok(())
}

struct Measured {
    /// Processor time of the host for everything, and until the last batch was answered.
    cpu: Duration,
    answered: Duration,
    latencies: Vec<Duration>,
    stored: u64,
    peak: u64,
    startup: Duration,
}

/// In ms; of sorted ones.
fn latency(latencies: &[Duration], share: f64) -> f64 {
    let rank = ((latencies.len() - 1) as f64 * share).round() as usize;
    latencies[rank].as_secs_f64() * 1e3
}

fn measure(binary: &std::path::Path, wire: Wire, input: &input::Input) -> Result<Measured> {
    let host = Host::start(binary)?;
    let before = host.cpu()?;
    let target = wire.target();
    let mut latencies = Vec::with_capacity(input.batches.len());
    for Batch { body } in &input.batches {
        let start = Instant::now();
        host.post(target, body)?;
        latencies.push(start.elapsed());
    }
    let answered = host.cpu()? - before;
    host.finish("bench.1")?;
    let requests = host.requests("bench.1")?;
    ensure!(requests == input.requests, "{requests} requests count, not {}", input.requests);
    let cpu = host.cpu()? - before;
    Ok(Measured {
        cpu,
        answered,
        latencies,
        stored: host.stored()?,
        peak: host.peak()?,
        startup: host.startup,
    })
}
