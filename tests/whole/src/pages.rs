//! The pages: as files, small, compressed and cached; and in a real browser.

use crate::harness::fixtures::{bytes, play, unpacked};
use crate::harness::root;
use crate::harness::server::{Options, Server};
use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

/// What all of the dashboard may weigh on the wire.
const UI_BYTES: usize = 200_000;

const GZIP: (&str, &str) = ("Accept-Encoding", "gzip, deflate, br");

/// Every file that the page names.
fn assets(page: &str) -> BTreeSet<String> {
    let parts = page.split(['"', '\'']);
    let files = parts.filter(|part| [".js", ".css", ".svg"].iter().any(|end| part.ends_with(end)));
    files.map(str::to_owned).collect()
}

#[test]
fn the_dashboard_is_small_compressed_and_kept_by_browsers() {
    let server = Server::start();
    let page = server.get("/ui/");
    let assets = assets(page.text());
    assert!(assets.len() > 20, "{assets:?}");
    let compressed = server.send("GET", "/ui/", &[GZIP], b"");
    assert_eq!(compressed.header("content-encoding"), Some("gzip"));
    assert_eq!(compressed.header("cache-control"), Some("no-cache"));
    let mut total = compressed.body.len();
    for asset in &assets {
        let target = format!("/ui/{asset}");
        let answer = server.send("GET", &target, &[GZIP], b"");
        assert_eq!((answer.status, answer.header("content-encoding")), (200, Some("gzip")), "{asset}");
        assert!(answer.header("cache-control").is_some_and(|kept| kept.contains("immutable")), "{asset}");
        total += answer.body.len();

        let plain = server.get(&target);
        assert_eq!(plain.header("content-encoding"), None);
        assert!(plain.body.len() >= answer.body.len() || plain.body.len() < 500, "{asset}");
        assert_eq!(plain.header("vary"), Some("accept-encoding"));
        let refused = server.send("GET", &target, &[("Accept-Encoding", "gzip;q=0")], b"");
        assert_eq!(refused.body, plain.body);
        for known in [&plain, &answer] {
            let tag = known.header("etag").expect("an ETag");
            let again = server.send("GET", &target, &[GZIP, ("If-None-Match", tag)], b"");
            let same = known.header("content-encoding").is_some();
            assert_eq!(again.status, if same { 304 } else { 200 }, "{asset} {tag}");
        }
    }
    assert!(total < UI_BYTES, "the dashboard takes {total} bytes");
}

/// Runs one of the browser's scripts to its end.
#[track_caller]
fn drive(script: &str, arguments: &[&str]) {
    let output = Command::new("node")
        .arg(root().join("tests/browser").join(script))
        .args(arguments)
        .output()
        .expect("node starts");
    assert!(
        output.status.success(),
        "{script} {arguments:?}: {}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

fn pictures() -> String {
    let folder = root().join("target/screenshots");
    fs::create_dir_all(&folder).expect("the target folder is ours");
    folder.to_string_lossy().into_owned()
}

/// A run of the shop that has ended, with its thresholds.
fn shop(server: &Server, name: &str) -> String {
    server.declare("shop", &bytes("k6/shop/options.json"));
    server.post(&format!("/ingest?test=shop&run={name}"), &unpacked("k6/shop/k6.json.gz"));
    let run = format!("shop.{name}");
    server.finish(&run);
    server.wait_ended(&run);
    run
}

#[test]
fn every_page_of_a_run_that_has_ended_is_sound_in_both_themes_and_all_widths() {
    let server = Server::start();
    shop(&server, "first");
    let run = shop(&server, "second");
    drive("pages.mjs", &[&server.url(), &run, &pictures()]);
}

#[test]
fn every_page_of_a_live_run_is_sound_in_both_themes_and_all_widths() {
    // Nothing ends by itself while we look.
    let server = Server::with(Options { settings: &[("idle", "10m")], ..Options::default() });
    server.declare("shop", &bytes("k6/shop/options.json"));
    play(&server, "k6/shop/influx.ndjson.gz", "shop");
    assert_eq!(server.state("shop.1"), "live");
    drive("pages.mjs", &[&server.url(), "shop.1", &pictures(), "live"]);
}

/// Names that are no names: markup, direction marks, emoji, ten kilobytes.
#[test]
fn hostile_names_stay_text_on_every_page() {
    let server = Server::with(Options { settings: &[("idle", "10m")], ..Options::default() });
    let long = "x".repeat(10_000);
    let hostile = [
        "<img src=x onerror=document.title='pwned'>",
        "</script><script>document.title='pwned'</script>",
        "\u{202e}txt.exe\u{2066}",
        "👩‍👩‍👧‍👦 שלום {{7*7}} ${7*7}",
        "a|b`c`\n*d*",
        &long,
    ];
    let mut lines = String::new();
    for (i, name) in hostile.iter().enumerate() {
        for second in 0..6 {
            let point = |metric: &str, kind: &str, value: f64, tags: serde_json::Value| {
                let time = format!("2026-11-21T09:00:{:02}.{i}00Z", second * 2);
                let data = serde_json::json!({"time": time, "value": value, "tags": tags});
                let line = serde_json::json!({"metric": metric, "type": "Point", "data": data});
                let declared = serde_json::json!({
                    "metric": metric, "type": "Metric",
                    "data": {"name": metric, "type": kind, "contains": "default", "thresholds": [], "submetrics": null},
                });
                format!("{declared}\n{line}\n")
            };
            let tags = serde_json::json!({
                "method": "GET", "name": name, "status": "500", "error_code": "1500", "error": name,
                "group": format!("::{name}"), "scenario": name, "check": name,
            });
            lines += &point("http_reqs", "counter", 1.0, tags.clone());
            lines += &point("http_req_duration", "trend", 20.0 + i as f64, tags.clone());
            lines += &point("http_req_failed", "rate", 1.0, tags.clone());
            lines += &point("checks", "rate", 0.0, tags);
        }
    }
    let receipt = server.post("/ingest?test=hostile&run=a", lines.as_bytes()).document();
    assert_eq!(receipt["refused"], 0, "{receipt}");
    server.finish("hostile.a");
    server.wait_ended("hostile.a");
    let label = serde_json::json!({"label": hostile[0], "note": long}).to_string();
    assert_eq!(server.send("PATCH", "/runs/hostile.a", &[], label.as_bytes()).status, 200);
    drive("pages.mjs", &[&server.url(), "hostile.a", &pictures()]);
}
