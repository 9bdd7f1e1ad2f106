//! A real browser beside a real k6.

use crate::harness::server::Options;
use crate::harness::{Server, root};
use crate::k6::{Scene, without_what_the_influx_wire_lacks};
use crate::numbers::assert_summary;
use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

#[test]
fn a_person_with_a_stock_k6_watches_the_test_live() {
    let server = Server::with(Options { settings: &[("idle", "5s")], ..Options::default() });
    let pictures = root().join("target/screenshots");
    fs::create_dir_all(&pictures).expect("the target folder is ours");
    // Opens the page while it is empty, as somebody does who then starts k6.
    let mut browser = Command::new("node")
        .arg(root().join("tests/browser/watch.mjs"))
        .arg(server.url())
        .arg(&pictures)
        .stdout(Stdio::piped())
        .spawn()
        .expect("node starts");
    let mut lines =
        BufReader::new(browser.stdout.take().expect("its output is ours")).lines().map_while(Result::ok);
    assert_eq!(lines.next().as_deref(), Some("ready"), "the browser shows the empty page");

    let scene = Scene::new();
    let k6 = scene
        .k6("14s")
        .args(["run", "--quiet", "--summary-export", "summary.json", "-o"])
        .arg(format!("influxdb={}/buy", server.url()))
        .arg("buy.js")
        .output()
        .expect("k6 starts");
    assert!(k6.status.code().is_some(), "{}", String::from_utf8_lossy(&k6.stderr));
    let said: Vec<String> = lines.collect();
    let status = browser.wait().expect("it is our child");
    assert!(status.success(), "the browser: {}", said.join("\n"));
    server.wait_ended("buy.1");
    let events = server.get("/runs/buy.1/events");
    let windows = events.text().lines().filter(|line| *line == "event: snapshot").count();
    assert!(windows > 5, "{windows}");
    let summary = server.summary("buy.1");
    let [start, end] = ["start", "end"].map(|name| summary[name].as_i64().expect("a time"));
    // A sliver at the end is part of the window before it; windows are 2 s long.
    let sliver = (end - start).rem_euclid(2_000) < 1_000;
    let points = windows - usize::from(sliver);
    assert_eq!(said, [format!("{points} points")], "every window of the stream is a point of the chart");
    assert_summary(&summary, &without_what_the_influx_wire_lacks(scene.summary_without_thresholds()));
    for name in ["live-light.png", "live-dark.png", "summary-light.png", "report.png"] {
        assert!(pictures.join(name).exists(), "{name}");
    }
}
