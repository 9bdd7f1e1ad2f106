//! How fast the dashboard is in a real browser, by its own performance timings.

use crate::host::Host;
use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Lines};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

/// What the issue of the pages asks for.
const FIRST_CHARTS: Duration = Duration::from_millis(1_000);
/// Over 10 Mbit/s with a round trip of 80 ms.
const FIRST_CHARTS_FAR: Duration = Duration::from_millis(1_500);
const UPDATE: Duration = Duration::from_millis(10);
/// From here on a task is a long one: the page does not answer meanwhile.
const TASK: Duration = Duration::from_millis(50);

const METRICS: u64 = 60;
const NAMES: u64 = 100;
const ORIGIN_S: u64 = 1_795_000_000;

/// Every window of a run of a day and an hour has samples: lengths in seconds, and until when.
const WINDOWS: [(u64, u64); 4] = [(2, 1_800), (10, 10_800), (60, 43_200), (300, 90_000)];

const ROUNDS: usize = 5;
const UPDATES: usize = 40;

/// InfluxDB lines of one window: every metric, and some of the requests.
fn window(text: &mut String, second: u64, index: u64) {
    let time = ORIGIN_S + second;
    for metric in 0..METRICS - 3 {
        let value = 10.0 + (second * 31 + metric * 17) as f64 % 400.0 / 3.0;
        let _ = writeln!(text, "series_{metric:02},scenario=default value={value} {time}000000000");
    }
    for name in (index * 10..index * 10 + 10).map(|name| name % NAMES) {
        let tags = format!("method=GET,name=https://shop.example/page/{name},scenario=default,status=200");
        let value = 20.0 + (second * 7 + name * 13) as f64 % 90.0;
        let _ = writeln!(text, "http_reqs,{tags} value=1 {time}000000000");
        let _ = writeln!(text, "http_req_duration,{tags} value={value} {time}000000000");
        let _ = writeln!(text, "http_req_failed,{tags} value=0 {time}000000000");
    }
}

#[derive(Deserialize)]
struct Timings {
    #[serde(default)]
    first: Vec<f64>,
    #[serde(default)]
    updates: Vec<f64>,
    #[serde(default)]
    tasks: BTreeMap<String, f64>,
}

/// The browser's driver, and what it prints.
struct Browser {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Browser {
    fn start(host: &Host, run: &str, rounds: usize, how: &str) -> Result<Self> {
        let script = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../browser/timing.mjs");
        let mut child = Command::new("node")
            .arg(script)
            .args([host.url(), run, &rounds.to_string(), how])
            .stdout(Stdio::piped())
            .spawn()
            .context("node starts the browser")?;
        let lines = BufReader::new(child.stdout.take().context("its output is ours")?).lines();
        Ok(Browser { child, lines })
    }

    fn line(&mut self) -> Result<String> {
        Ok(self.lines.next().context("the browser's driver ended early")??)
    }

    fn timings(mut self) -> Result<Timings> {
        let timings = serde_json::from_str(&self.line()?).context("what the driver printed")?;
        ensure!(self.child.wait()?.success(), "the browser's driver failed");
        Ok(timings)
    }
}

/// The middle one, and the worst.
fn middle_and_worst(mut values: Vec<f64>) -> Result<(f64, f64)> {
    values.sort_by(f64::total_cmp);
    Ok((*values.get(values.len() / 2).context("nothing was measured")?, values[values.len() - 1]))
}

fn verdict(ms: f64, goal: Duration) -> &'static str {
    if ms < goal.as_secs_f64() * 1e3 { "reached" } else { "missed" }
}

/// Opens a long, wide run in Chromium while it lives, and after its end.
pub fn pages(binary: &Path) -> Result<()> {
    let host = Host::start(binary)?;
    // Of unknown types, charts would stand below what is said of that.
    let types: Vec<String> =
        (0..METRICS - 3).map(|metric| format!("\"series_{metric:02}\":\"trend\"")).collect();
    host.put("/tests/wide/metrics", format!("{{{}}}", types.join(",")).as_bytes())?;
    let post = |text: &str| host.post("/write?db=wide&run=i1&import=1", text.as_bytes());
    let (mut second, mut index, mut text) = (0, 0, String::new());
    for (length, until) in WINDOWS {
        while second < until {
            window(&mut text, second, index);
            (second, index) = (second + length, index + 1);
            if index.is_multiple_of(50) {
                post(&std::mem::take(&mut text))?;
            }
        }
    }
    post(&text)?;
    host.settle("wide.i1")?;

    let mut browser = Browser::start(&host, "wide.i1", UPDATES, "live")?;
    ensure!(browser.line()? == "ready", "the browser does not show the run");
    for _ in 0..UPDATES * 2 {
        text.clear();
        window(&mut text, second, index);
        (second, index) = (second + 300, index + 1);
        post(&text)?;
        std::thread::sleep(Duration::from_millis(300));
    }
    let (update, worst_update) = middle_and_worst(browser.timings()?.updates)?;

    host.finish("wide.i1")?;
    let first = |how| middle_and_worst(Browser::start(&host, "wide.i1", ROUNDS, how)?.timings()?.first);
    let (first, far) = (first("near")?, first("slow")?);
    println!("\n{index} windows, {METRICS} metrics, {NAMES} requests in headless Chromium");
    for (line, (middle, worst), goal) in
        [("", first, FIRST_CHARTS), (", 10 Mbit/s, 80 ms", far, FIRST_CHARTS_FAR)]
    {
        println!(
            "  {:<28} {middle:>8.0} ms, at worst {worst:.0} ms   (goal {} ms: {})",
            format!("charts drawn{line}"),
            goal.as_millis(),
            verdict(middle, goal)
        );
    }
    let tasks = Browser::start(&host, "wide.i1", 0, "tasks")?.timings()?.tasks;
    let (what, longest) = tasks.iter().max_by(|a, b| a.1.total_cmp(b.1)).context("something was done")?;
    println!(
        "  longest task of {} things done {longest:>6.1} ms of processor time, {what}   (goal {} ms: {})",
        tasks.len(),
        TASK.as_millis(),
        verdict(*longest, TASK)
    );
    println!(
        "  scripting of a live update   {update:>8.1} ms, at worst {worst_update:.1} ms   (goal {} ms: {})",
        UPDATE.as_millis(),
        verdict(update, UPDATE)
    );
    Ok(())
}
