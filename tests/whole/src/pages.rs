//! The pages: as files, small, compressed and cached; and in a real browser.

use crate::harness::fixtures::{bytes, play, unpacked};
use crate::harness::server::{Options, Server, store_in};
use crate::harness::{built, root, wait_for};
use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

/// What all of the dashboard may weigh on the wire.
const UI_BYTES: usize = 120_000;

/// The tabs of the default dashboard, and the pages' own.
const TABS: [&str; 9] = [
    "overview",
    "timings",
    "requests",
    "errors",
    "checks-thresholds",
    "summary",
    "verdict",
    "runs",
    "compare",
];

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
    // Icon, style sheet, theme, the rest of the scripts, and the worker that all tabs share.
    assert_eq!(assets.len(), 5, "{assets:?}");
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

/// Runs one of the browser's scripts to its end: every flow of it, also behind one that failed. The names of the
/// flows, in order.
#[track_caller]
pub fn drive(script: &str, arguments: &[&str]) -> Vec<String> {
    let output = Command::new("node")
        .arg("--test-reporter=tap")
        .arg(root().join("tests/browser").join(script))
        .args(arguments)
        .env("K6", built("LOADGATE_K6", "target/k6"))
        .output()
        .expect("node starts");
    let said = String::from_utf8_lossy(&output.stdout);
    // https://testanything.org/tap-version-13-specification.html
    let flows: Vec<(&str, &str)> = said
        .lines()
        .filter_map(|line| line.split_once(" - ").filter(|(head, _)| head.contains("ok ")))
        .map(|(head, name)| (if head.starts_with("not") { "FAILED" } else { "ok" }, name))
        .collect();
    for (outcome, name) in &flows {
        println!("flow {script} {name} ... {outcome}");
    }
    let failed: Vec<_> = flows.iter().filter(|(outcome, _)| *outcome != "ok").map(|(_, name)| name).collect();
    assert!(
        output.status.success() && failed.is_empty(),
        "{script} {arguments:?}: failed: {failed:?}\n{said}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    flows.into_iter().map(|(_, name)| name.to_owned()).collect()
}

/// What is looked at in both themes.
pub fn in_both_themes(names: &[&str]) -> Vec<String> {
    let themes = ["light", "dark"].iter();
    themes.flat_map(|theme| names.iter().map(move |name| format!("{name}, {theme}"))).collect()
}

pub fn pictures() -> String {
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
    assert_eq!(drive("pages.mjs", &[&server.url(), &run, &pictures()]), in_both_themes(&TABS));
}

#[test]
fn every_page_of_a_live_run_is_sound_in_both_themes_and_all_widths() {
    // Nothing ends by itself while we look.
    let server = Server::with(Options { settings: &[("idle", "10m")], ..Options::default() });
    server.declare("shop", &bytes("k6/shop/options.json"));
    play(&server, "k6/shop/influx.ndjson.gz", "shop");
    assert_eq!(server.state("shop.1"), "live");
    let flows = drive("pages.mjs", &[&server.url(), "shop.1", &pictures(), "live"]);
    assert_eq!(flows, in_both_themes(&TABS));
    assert_eq!(server.state("shop.1"), "live", "looking ends nothing");
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
    assert_eq!(drive("pages.mjs", &[&server.url(), "hostile.a", &pictures()]), in_both_themes(&TABS));
    look_at_report(&server, "hostile.a");
}

/// Stores the report of a run as a person would, and looks at it everywhere.
#[track_caller]
fn look_at_report(server: &Server, run: &str) {
    let folder = tempfile::TempDir::new().expect("a folder");
    let file = folder.path().join(format!("report-{run}.html"));
    fs::write(&file, server.get(&format!("/report?run={run}")).body).expect("it is stored");
    assert_eq!(
        drive("report.mjs", &[&file.to_string_lossy(), &pictures()]),
        [
            "without JavaScript",
            "below Jenkins' policy",
            "with JavaScript, light",
            "with JavaScript, dark",
            "on paper"
        ]
    );
}

#[test]
fn the_main_journey_works_in_firefox() {
    let server = Server::with(Options { settings: &[("idle", "10m")], ..Options::default() });
    let run = shop(&server, "first");
    let folder = tempfile::TempDir::new().expect("a folder");
    let report = folder.path().join("report.html");
    fs::write(&report, server.get(&format!("/report?run={run}")).body).expect("it is stored");
    let flows = drive("firefox.mjs", &[&server.url(), &run, &report.to_string_lossy()]);
    assert_eq!(flows.len(), 6);
}

/// Some names often, ids in paths, and more names than there are rows.
#[test]
fn rows_say_what_they_lack_and_errors_can_leave_setup_out() {
    let server = Server::start();
    let request = |tags: &str, second: i64| {
        let ns = (1_795_218_590 + second) * 1_000_000_000;
        format!("http_reqs,{tags} value=1 {ns}\nhttp_req_duration,{tags} value=12 {ns}\n")
    };
    let failed = "method=POST,name=login,status=500,error_code=1500,group=::setup";
    let mut lines: String = (0..40).map(|_| request(failed, 0)).collect();
    for second in 0..20 {
        for n in 0..100 {
            let tags = match n % 4 {
                0 => "method=POST,name=checkout,status=200".to_owned(),
                1 => format!("method=GET,name=https://x.io/users/{}/orders,status=200", second * 100 + n),
                _ => format!("method=GET,name=promotion-{}x{second},status=404,error_code=1404", n / 3),
            };
            lines += &request(&tags, second);
        }
    }
    server.post("/write?db=wide", lines.as_bytes());
    server.finish("wide.1");
    server.wait_ended("wide.1");
    let flows = drive("rows.mjs", &[&server.url(), "wide.1", &pictures()]);
    assert_eq!(flows, in_both_themes(&["requests", "errors"]));
    let report = server.get("/report?run=wide.1");
    for wanted in ["https://x.io/users/{id}/orders", "about ", " more in (other)"] {
        assert!(report.text().contains(wanted), "the report says {wanted:?}");
    }
    look_at_report(&server, "wide.1");
}

/// A minute of one more user each second, whose requests are no more than `most` a second and take the longer.
fn ramp(name: &str, most: u64) -> String {
    let mut lines = String::new();
    for vus in 1..=60_u64 {
        let ns = (1_795_218_590 + vus) * 1_000_000_000;
        let requests = (vus * 4).min(most);
        let ms = (vus * 1_000 / requests).saturating_sub(230).max(20);
        lines += &format!("vus,testid={name} value={vus} {ns}\n");
        for _ in 0..requests {
            let tags = format!("testid={name},name=pay");
            lines += &format!("http_reqs,{tags} value=1 {ns}\nhttp_req_duration,{tags} value={ms} {ns}\n");
        }
    }
    lines
}

#[test]
fn what_an_expert_would_notice_stands_above_the_tiles() {
    let server = Server::start();
    for (run, most) in [("limit.a", 100), ("limit.b", 100), ("calm.a", 1_000)] {
        let (test, name) = run.split_once('.').expect("a test and a name");
        server.post(&format!("/write?db={test}"), ramp(name, most).as_bytes());
        server.finish(run);
        server.wait_ended(run);
    }
    let flows = drive("findings.mjs", &[&server.url(), "limit.a", "limit.b", "calm.a", &pictures()]);
    assert_eq!(flows.len(), 4);
}

#[test]
fn tests_and_runs_are_found_among_many() {
    let server = Server::with(Options { settings: &[("idle", "5m")], ..Options::default() });
    let ended_run = |test: &str, number: u32| {
        let now = std::time::UNIX_EPOCH.elapsed().expect("after 1970").as_nanos();
        assert_eq!(server.post(&format!("/query?q=CREATE+DATABASE+{test}"), b"").status, 200);
        let figures = [("http_reqs", 1), ("http_req_duration", 120), ("http_req_failed", 0)];
        // As by k6's `--tag`; the first run of all had none.
        let tags = match number {
            1 => "",
            2 => ",env=staging,zone=b",
            _ => ",env=staging,zone=a",
        };
        let body: String =
            figures.iter().map(|(metric, value)| format!("{metric}{tags} value={value} {now}\n")).collect();
        assert_eq!(server.post(&format!("/write?db={test}"), body.as_bytes()).status, 204);
        let finished = server.post(&format!("/runs/{test}.{number}/finish?settled=true"), b"");
        assert_eq!(finished.status, 200, "{}", finished.text());
    };
    for number in 1..=3 {
        ended_run("shop", number);
    }
    let put = |method: &str, target: &str, body: &str| {
        let answer = server.send(method, target, &[("content-type", "application/json")], body.as_bytes());
        assert!(answer.status < 300, "{target}: {}", answer.text());
    };
    put("PATCH", "/runs/shop.2", r#"{"label":"Release 4.2"}"#);
    put("PUT", "/tests/shop/baseline", r#"{"run":"shop.1"}"#);
    for number in 1..=60 {
        ended_run(&format!("t{number:02}"), 1);
    }
    let refused = server.get("/tests?after=x");
    assert_eq!(refused.status, 400, "{}", refused.text());
    assert_eq!(drive("lists.mjs", &[&server.url(), &pictures()]).len(), 13);
}

#[test]
fn what_speaks_no_http_has_an_overview_of_what_it_has() {
    let server = Server::with(Options { settings: &[("idle", "5m")], ..Options::default() });
    assert_eq!(drive("protocols.mjs", &[&server.url(), &pictures()]).len(), 3);
}

#[test]
fn what_is_shown_is_true_at_a_glance() {
    let server =
        Server::with(Options { settings: &[("idle", "5m"), ("straggler", "500ms")], ..Options::default() });
    assert_eq!(drive("truth.mjs", &[&server.url(), &pictures()]).len(), 7);
}

#[test]
fn a_part_of_a_run_is_what_every_figure_is_of() {
    let server =
        Server::with(Options { settings: &[("idle", "5m"), ("straggler", "500ms")], ..Options::default() });
    assert_eq!(drive("part.mjs", &[&server.url(), &pictures()]).len(), 13);
}

#[test]
fn the_pages_fit_below_a_path_behind_a_token_and_into_a_link() {
    let folder = tempfile::TempDir::new().expect("a folder");
    let store = store_in(folder.path());
    let run = shop(&Server::with(Options { store: Some(&store), ..Options::default() }), "first");
    // The same store, by a server that wants a token from who writes.
    let settings: &[(&str, &str)] = &[("write_token", "s3cret"), ("idle", "5m"), ("straggler", "500ms")];
    let server = Server::with(Options { store: Some(&store), settings, ..Options::default() });
    assert_eq!(drive("manners.mjs", &[&server.url(), &run, "s3cret", &pictures()]).len(), 9);
}

#[test]
fn every_page_does_what_its_controls_say() {
    let server = Server::start();
    let (first, second) = (shop(&server, "first"), shop(&server, "second"));
    let flows = drive("journey.mjs", &[&server.url(), &first, &second]);
    assert_eq!(flows, ["charts", "requests", "errors", "checks", "summary", "runs", "compare", "remove"]);
    assert_eq!(server.runs("shop"), [second], "the first was deleted");
}

#[test]
fn a_live_run_is_told_ended_followed_and_drawn_with_its_own_panels() {
    let server =
        Server::with(Options { settings: &[("idle", "5m"), ("straggler", "500ms")], ..Options::default() });
    assert_eq!(drive("live.mjs", &[&server.url()]).len(), 5);
    assert_eq!(server.runs("live"), ["live.2", "live.1"]);
    for (run, samples) in [("live.1", 5), ("live.2", 4)] {
        assert_eq!(server.state(run), "ended", "{run}");
        assert_eq!(server.summary(run)["metrics"]["http_reqs"]["values"]["count"], samples, "{run}");
    }
}

#[test]
fn a_new_run_ends_the_live_runs_that_it_names_and_no_other() {
    let server =
        Server::with(Options { settings: &[("idle", "5m"), ("straggler", "500ms")], ..Options::default() });
    let send = || {
        let now = std::time::UNIX_EPOCH.elapsed().expect("after 1970").as_nanos();
        assert_eq!(server.post("/query?q=CREATE+DATABASE+begin", b"").status, 200);
        let line = format!("http_reqs,name=a value=1 {now}\n");
        assert_eq!(server.post("/write?db=begin", line.as_bytes()).status, 204);
    };
    send();
    server.finish("begin.1");
    send();
    wait_for("the second run", || server.runs("begin").contains(&"begin.2".to_owned()).then_some(()));
    assert_eq!(drive("new-run.mjs", &[&server.url()]).len(), 4);
    let mut runs = server.runs("begin");
    runs.sort();
    assert_eq!(runs, ["begin.1", "begin.2", "begin.3", "begin.a", "begin.a.2", "begin.b"]);
    for run in runs {
        assert_eq!(server.state(&run), "ended", "{run}");
    }
}

#[test]
fn nothing_is_green_on_any_page_while_a_limit_may_be_missing() {
    let server = Server::start();
    for name in ["a", "b"] {
        server.post(&format!("/ingest?test=unsure&run={name}"), &unpacked("k6/aborted/k6.json.gz"));
        server.finish(&format!("unsure.{name}"));
    }
    shop(&server, "first");
    let known = shop(&server, "second");
    assert_eq!(drive("unsure.mjs", &[&server.url(), "unsure.b", "unsure.a", &known]).len(), 3);
    // As the server has it: the one limit that holds, of those that are known.
    let document = server.summary("unsure.b");
    assert_eq!(document["health"]["thresholdsKnown"], false);
    assert!(document["thresholds"].as_array().is_some_and(|all| all.iter().any(|one| one["passes"] == true)));
}

#[test]
fn noise_is_called_nothing_and_a_slowdown_by_its_name() {
    let server = Server::start();
    let run = |name: &str| {
        server.post(&format!("/ingest?test=pairs&run={name}"), &unpacked(&format!("pairs/{name}.json.gz")));
        let run = format!("pairs.{name}");
        server.finish(&run);
        server.wait_ended(&run);
        run
    };
    let [baseline, same, slower] = ["same-1", "same-2", "search-100"].map(run);
    let answer =
        server.send("PUT", "/tests/pairs/baseline", &[], format!(r#"{{"run":"{baseline}"}}"#).as_bytes());
    assert!(answer.status < 300, "{} {}", answer.status, answer.text());
    let flows = drive("compare.mjs", &[&server.url(), &baseline, &same, &slower, &pictures()]);
    let mut wanted = in_both_themes(&["noise", "slowdown", "overview", "report"]);
    wanted.extend(["several", "part"].map(str::to_owned));
    assert_eq!(flows, wanted);
}

/// One objective of every kind: it holds, also beside the baseline; it fails; it has no data; it asks for nothing.
const SHOP_OBJECTIVES: &str = r#"
objectives:
  - name: Pages are fast
    description: What visitors wait for.
    expression: http_req_duration p(95)
    pass: [< 400ms, <= +10%]
    links: { Runbook: "https://example.com/runbook" }
  - name: <b>Login</b> is fast
    expression: http_req_duration{name:login} p(95)
    pass: < 1ms
    key: true
    weight: 2
  - name: Refunds
    expression: refunds count
    pass: "> 1"
  - name: Load
    expression: http_reqs rate
"#;

#[test]
fn a_verdict_is_in_the_frame_and_on_its_page_with_every_objective() {
    let server =
        Server::with(Options { settings: &[("idle", "10m"), ("straggler", "500ms")], ..Options::default() });
    let put = |target: &str, body: &str| {
        let answer = server.send("PUT", target, &[], body.as_bytes());
        assert!(answer.status < 300, "{} {}", answer.status, answer.text());
    };
    put("/tests/shop/objectives", SHOP_OBJECTIVES);
    let first = shop(&server, "first");
    put("/tests/shop/baseline", &format!(r#"{{"run":"{first}"}}"#));
    let second = shop(&server, "second");
    let flows = drive("verdict.mjs", &[&server.url(), &first, &second, &pictures()]);
    let mut wanted = in_both_themes(&["a no-go", "runs"]);
    wanted.extend(["live", "again", "withoutFile"].map(str::to_owned));
    assert_eq!(flows, wanted);
    // As the server has it.
    let told = server.get("/runs/calm.1/verdict").document();
    assert_eq!((told["state"].as_str(), told["number"].as_u64()), (Some("fail"), Some(2)));
}

#[test]
fn a_page_whose_server_comes_back_has_every_point_once() {
    let folder = tempfile::TempDir::new().expect("a folder");
    let store = store_in(folder.path());
    let settings: &[(&str, &str)] = &[("idle", "10m")];
    let start =
        |address| Server::with(Options { settings, store: Some(&store), address, ..Options::default() });
    // Once, so that the last window is a second long however long the server was away: one that ends in
    // the instant of its first sample would be labelled like the one before.
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("a clock").as_secs();
    let send = |server: &Server, seconds: std::ops::Range<u64>| {
        let lines: String = seconds
            .map(|second| format!("http_reqs,name=a value=1 {}000000000\n", now - 60 + second))
            .collect();
        assert_eq!(server.post("/write?db=lost", lines.as_bytes()).status, 204);
    };
    let server = start(None);
    send(&server, 0..20);
    wait_for("the run", || (!server.runs("lost").is_empty()).then_some(()));
    let mut browser = Command::new("node")
        .arg(root().join("tests/browser/lost.mjs"))
        .args([&server.url(), "lost.1"])
        .stdout(Stdio::piped())
        .spawn()
        .expect("node starts");
    let mut lines =
        BufReader::new(browser.stdout.take().expect("its output is ours")).lines().map_while(Result::ok);
    assert_eq!(lines.next().as_deref(), Some("shown"));
    let address = server.address;
    drop(server);
    assert_eq!(lines.next().as_deref(), Some("lost"));
    let server = start(Some(address));
    send(&server, 20..40);
    server.finish("lost.1");
    let points = lines.next();
    assert!(browser.wait().expect("it is our child").success());
    server.wait_ended("lost.1");
    assert_eq!(server.summary("lost.1")["metrics"]["http_reqs"]["values"]["count"], 40);
    let events = server.get("/runs/lost.1/events");
    let windows = events.text().lines().filter(|line| *line == "event: snapshot").count();
    assert!(windows > 10, "{windows}");
    assert_eq!(points, Some(format!("{windows} points")));
}

#[test]
fn reports_are_whole_without_scripts_below_jenkins_policy_and_on_paper() {
    let server = Server::start();
    server.declare("short", &bytes("k6/short/options.json"));
    server.post("/ingest?test=short&run=a", &unpacked("k6/short/k6.json.gz"));
    server.finish("short.a");
    server.wait_ended("short.a");
    for run in [shop(&server, "a"), "short.a".to_owned()] {
        look_at_report(&server, &run);
    }
}

#[test]
fn k6s_own_dashboard_draws_our_stream() {
    // Its pages lie where Go put them when k6 was built.
    let output = Command::new("go")
        .args(["list", "-m", "-f", "{{.Dir}}", "github.com/grafana/xk6-dashboard-assets"])
        .current_dir(root().join("tests/k6"))
        .output()
        .expect("go starts");
    let module = String::from_utf8(output.stdout).expect("a path is text");
    let pages = format!("{}/packages/ui/dist", module.trim());
    assert!(Path::new(&pages).is_dir(), "{pages}: {}", String::from_utf8_lossy(&output.stderr));
    let server = Server::start();
    let run = shop(&server, "a");
    let flows = drive("k6-dashboard.mjs", &[&server.url(), &run, &pages]);
    assert_eq!(flows, ["its charts are painted", "its overview has its heading", "it complains of nothing"]);
}
