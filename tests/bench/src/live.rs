//! Live runs of stock k6, simulated fast: a post a second, and the machine does as many as it can.

use crate::host::Host;
use anyhow::{Result, ensure};
use std::fmt::Write;
use std::path::Path;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Lines of one post, and requests' names, as a k6 with a few users sends them.
const LINES: u64 = 84;
const NAMES: u64 = 250;

/// A day of posts, one a second.
const DAY: u64 = 86_400;

/// Memory may grow by this while a run lives.
const GROWTH_MB: f64 = 25.0;

/// What one post of second `second` after `origin_s` holds.
fn post(text: &mut String, origin_s: u64, second: u64) {
    text.clear();
    for line in 0..LINES / 3 {
        let name = (second * (LINES / 3) + line) % NAMES;
        let tags = format!("method=GET,name=/page/{name},scenario=default,status=200");
        let value = 20.0 + (second * 7 + name * 13) as f64 % 900.0 / 7.0;
        let time = (origin_s + second) * 1_000_000_000 + line * 1_000;
        let _ = writeln!(text, "http_reqs,{tags} value=1 {time}");
        let _ = writeln!(text, "http_req_duration,{tags} value={value} {time}");
        let _ = writeln!(text, "http_req_failed,{tags} value=0 {time}");
    }
}

fn now_s() -> Result<u64> {
    Ok(SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs())
}

/// Resident memory after 10,000 writes of a live run against that after the first 300.
pub fn memory(binary: &Path) -> Result<()> {
    const WRITES: u64 = 10_000;
    let host = Host::start(binary)?;
    let (origin, mut text) = (now_s()?, String::new());
    println!("\nA live run, {LINES} lines a write, {NAMES} names of requests");
    let mut began = 0.0;
    for write in 0..WRITES {
        // A few a second: nobody is ten minutes ahead of what is folded.
        post(&mut text, origin, write / 4);
        host.post("/write?db=memory", text.as_bytes())?;
        if [300, 1_200, 2_400, 5_000, WRITES].contains(&(write + 1)) {
            let megabytes = host.resident()? as f64 / 1e6;
            println!("  memory after {:>6} writes   {megabytes:>8.0} MB", write + 1);
            began = if write + 1 == 300 { megabytes } else { began };
        }
    }
    let grown = host.resident()? as f64 / 1e6 - began;
    let verdict = if grown <= GROWTH_MB { "reached" } else { "missed" };
    println!("  grown since the 300th        {grown:>8.0} MB   (goal {GROWTH_MB}: {verdict})");
    host.settle("memory.1")
}

/// A day of one k6 in as many posts, and whether the last hour is as fast as the first.
pub fn day(binary: &Path) -> Result<()> {
    let host = Host::start(binary)?;
    let (origin, mut text) = (now_s()? - DAY, String::new());
    let mut hours = Vec::new();
    for hour in 0..DAY / 3_600 {
        let before = (host.cpu()?, Instant::now());
        for second in hour * 3_600..(hour + 1) * 3_600 {
            post(&mut text, origin, second);
            host.post("/write?db=day", text.as_bytes())?;
        }
        hours.push(((host.cpu()? - before.0).as_secs_f64(), before.1.elapsed().as_secs_f64()));
    }
    host.finish("day.1")?;
    ensure!(host.requests("day.1")? as u64 == DAY * LINES / 3, "every request counts");
    let (first, last) = (hours[0], hours[hours.len() - 1]);
    let took: f64 = hours.iter().map(|hour| hour.1).sum();
    println!("\nA day of one k6, {DAY} posts of {LINES} lines in {took:.0} s");
    println!("  processor time of the day    {:>8.1} s", hours.iter().map(|hour| hour.0).sum::<f64>());
    println!("  a post in the first hour     {:>8.2} ms CPU", first.0 * 1e3 / 3_600.0);
    println!("  a post in the last hour      {:>8.2} ms CPU", last.0 * 1e3 / 3_600.0);
    println!("  stored                       {:>8.1} MB", host.stored()? as f64 / 1e6);
    println!("  peak memory of the host      {:>8.0} MB", host.peak()? as f64 / 1e6);
    Ok(())
}

/// 5,000 batches one after the other: how fast each fifth goes, and how long answers take.
pub fn feed(binary: &Path) -> Result<()> {
    const BATCHES: u64 = 5_000;
    /// Seconds of posts in a batch.
    const SECONDS: u64 = 10;
    const PARTS: usize = 5;
    for sync in ["full", "normal"] {
        let host = Host::with(binary, &[("LOADGATE_SYNC", sync)])?;
        let (origin, mut text, mut batch) = (now_s()? - BATCHES * SECONDS, String::new(), String::new());
        let mut latencies = Vec::new();
        let (start, mut parts, mut since) = (Instant::now(), Vec::new(), Instant::now());
        for number in 0..BATCHES {
            batch.clear();
            for second in number * SECONDS..(number + 1) * SECONDS {
                post(&mut text, origin, second);
                batch.push_str(&text);
            }
            let asked = Instant::now();
            host.post("/write?db=feed&run=i1&import=1", batch.as_bytes())?;
            latencies.push(asked.elapsed());
            if latencies.len() % (BATCHES as usize / PARTS) == 0 {
                parts.push((BATCHES as usize / PARTS) as f64 / since.elapsed().as_secs_f64());
                since = Instant::now();
            }
        }
        let answered = start.elapsed();
        host.finish("feed.i1")?;
        let whole = start.elapsed();
        ensure!(host.requests("feed.i1")? as u64 == BATCHES * SECONDS * LINES / 3, "every request counts");
        latencies.sort_unstable();
        let at = |share: f64| {
            let rank = ((latencies.len() - 1) as f64 * share).round() as usize;
            latencies[rank].as_secs_f64() * 1e3
        };
        println!("\nA feed of {BATCHES} batches of {} lines, LOADGATE_SYNC={sync}", LINES * SECONDS);
        let parts: Vec<String> = parts.iter().map(|part| format!("{part:.0}")).collect();
        println!("  batches/s, fifth by fifth    {}", parts.join(", "));
        println!(
            "  until the last answer        {:>8.1} s, until the fold is done {:.1} s",
            answered.as_secs_f64(),
            whole.as_secs_f64()
        );
        println!(
            "  answer to a batch            {:>8.1} ms p50, {:.1} ms p99, {:.1} ms at worst",
            at(0.5),
            at(0.99),
            at(1.0)
        );
    }
    writers(binary)
}

/// 200 writers at once, who should wait for the disk together.
fn writers(binary: &Path) -> Result<()> {
    const WRITERS: u64 = 200;
    const EACH: u64 = 10;
    println!("\n{WRITERS} writers at once, {EACH} posts each");
    for sync in ["full", "normal"] {
        let host = Host::with(binary, &[("LOADGATE_SYNC", sync)])?;
        let origin = now_s()?;
        let start = Instant::now();
        let done: Vec<Result<()>> = std::thread::scope(|scope| {
            let writers: Vec<_> = (0..WRITERS)
                .map(|writer| {
                    let host = &host;
                    scope.spawn(move || {
                        let mut text = String::new();
                        (0..EACH).try_for_each(|second| {
                            post(&mut text, origin, second);
                            host.post(&format!("/write?db=many&source={writer}"), text.as_bytes())
                        })
                    })
                })
                .collect();
            let ended = writers.into_iter().map(|writer| writer.join());
            ended.map(|done| done.unwrap_or_else(|_| anyhow::bail!("a writer panicked"))).collect()
        });
        done.into_iter().collect::<Result<()>>()?;
        let took: Duration = start.elapsed();
        println!(
            "  LOADGATE_SYNC={sync:<7}        {:>8.0} posts/s",
            (WRITERS * EACH) as f64 / took.as_secs_f64()
        );
    }
    Ok(())
}
