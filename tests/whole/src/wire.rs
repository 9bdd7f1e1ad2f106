//! What goes over the wire, as clients speak it: InfluxDB's manners, tokens, slow bodies, ends of runs.

use crate::harness::fixtures::{play, unpacked};
use crate::harness::http::Answer;
use crate::harness::server::{Options, QUICK, loadgate};
use crate::harness::sse::Events;
use crate::harness::{PATIENCE, Server, wait_for};
use serde_json::json;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Lines of one request, now.
fn lines(count: usize) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_nanos();
    (0..count)
        .map(|at| format!("http_reqs,method=GET,name=/,status=200 value=1 {}\n", now + at as u128))
        .collect()
}

fn requests(server: &Server, run: &str) -> f64 {
    server.summary(run)["metrics"]["http_reqs"]["values"]["count"].as_f64().unwrap_or_default()
}

fn hello(server: &Server, test: &str) -> Answer {
    server.post(&format!("/query?q=CREATE+DATABASE+{test}"), b"")
}

#[test]
fn influxdb_clients_hear_what_influxdb_would_say() {
    let server = Server::start();
    let created = hello(&server, "%22shop%22");
    assert_eq!(created.document(), json!({"results": [{"statement_id": 0}]}));
    for method in ["GET", "HEAD"] {
        let ping = server.send(method, "/ping", &[], b"");
        assert_eq!(ping.status, 204);
        assert!(ping.header("x-influxdb-version").is_some());
    }
    let written = server.post("/write?db=shop", lines(3).as_bytes());
    assert_eq!((written.status, written.body.len()), (204, 0));
    let partial =
        server.post("/write?db=shop", format!("{}oops\n{}nor this\n", lines(1), lines(1)).as_bytes());
    assert_eq!(partial.status, 400);
    let error = partial.json()["error"].as_str().unwrap_or_default().to_owned();
    assert!(error.starts_with("partial write: line 2: ") && error.contains("; line 4: "), "{error}");
    assert!(error.ends_with(" dropped=2"), "{error}");
    wait_for("the good lines", || (requests(&server, "shop.1") == 5.0).then_some(()));
}

#[test]
fn a_path_prefix_and_influxdb_2_lead_to_the_same_place() {
    let server = Server::start();
    assert_eq!(server.post("/load/tests/query?q=CREATE+DATABASE+a", b"").status, 200);
    assert_eq!(server.post("/load/tests/write?db=a", lines(1).as_bytes()).status, 204);
    assert_eq!(server.post("/api/v2/write?bucket=a&org=x", lines(1).as_bytes()).status, 204);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_millis();
    let line = format!("http_reqs value=1 {now}\n");
    assert_eq!(server.post("/write?db=a&precision=ms", line.as_bytes()).status, 204);
    wait_for("all three", || (requests(&server, "a.1") == 3.0).then_some(()));
}

#[test]
fn a_token_is_taken_in_every_way_that_clients_know_and_nothing_goes_without() {
    let settings = [("write_token", "s3cret"), ("read_token", "look"), ("idle", "4s")];
    let server = Server::with(Options { settings: &settings, ..Options::default() });
    let write = |target: &str, authorization: Option<&str>| {
        let headers: Vec<_> = authorization.iter().map(|value| ("authorization", *value)).collect();
        server.send("POST", target, &headers, lines(1).as_bytes()).status
    };
    assert_eq!(write("/write?db=t", None), 401);
    // Basic k6:s3cret and k6:wrong
    for (value, status) in [
        ("Bearer s3cret", 204),
        ("Token s3cret", 204),
        ("Api-Token s3cret", 204),
        ("Basic azY6czNjcmV0", 204),
        ("Basic azY6d3Jvbmc=", 401),
        ("Bearer look", 401),
        ("Bearer s3cret2", 401),
        ("Bearer", 401),
    ] {
        assert_eq!(write("/write?db=t", Some(value)), status, "{value}");
    }
    assert_eq!(write("/write?db=t&u=k6&p=s3cret", None), 204);
    assert_eq!(write("/write?db=t&u=k6&p=other", None), 401);
    assert_eq!(write("/ingest?test=t", None), 401);
    // A browser would ask in a window of its own, and its page wait for that.
    for (mode, scheme) in [("cors", "Bearer"), ("navigate", "Basic")] {
        let refused = server.send("GET", "/runs", &[("sec-fetch-mode", mode)], b"");
        let challenge = refused.header("www-authenticate").expect("how to get in");
        assert!(challenge.starts_with(scheme), "{mode}: {challenge}");
    }
    assert_eq!(write("/runs/t.1/finish", None), 401);
    assert_eq!(server.send("PUT", "/tests/t/options", &[], b"{}").status, 401);

    for target in ["/runs", "/events", "/runs/t.1", "/runs/t.1/summary", "/report?run=t.1"] {
        assert_eq!(server.get(target).status, 401, "{target}");
    }
    for token in ["look", "s3cret"] {
        let value = format!("Bearer {token}");
        assert_eq!(server.send("GET", "/runs", &[("authorization", &value)], b"").status, 200);
    }
    let page = server.get("/ui/?token=look&run=t.1");
    assert!((300..400).contains(&page.status), "{}", page.status);
    assert_eq!(page.header("location"), Some("./?run=t.1"), "the token leaves the address bar");
    let cookie = page.header("set-cookie").expect("a cookie").to_owned();
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite"), "{cookie}");
    let cookie = cookie.split(';').next().unwrap_or_default();
    assert_eq!(server.send("GET", "/runs", &[("cookie", cookie)], b"").status, 200);
}

#[test]
fn the_host_does_not_listen_beyond_this_machine_without_a_token() {
    let folder = tempfile::TempDir::new().expect("a folder");
    let store = folder.path().join("a.db");
    let output = loadgate()
        .args(["serve", "--listen", "0.0.0.0:0", "--store"])
        .arg(&store)
        .output()
        .expect("the program starts");
    assert!(!output.status.success());
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("LOADGATE_WRITE_TOKEN"), "it says what to do: {said}");
}

#[test]
fn an_endless_body_is_applied_as_it_arrives() {
    let server = Server::start();
    // Long enough for windows to close in its first half.
    let all = unpacked("k6/shop/k6.json.gz");
    let lines: Vec<&[u8]> = all.split_inclusive(|byte| *byte == b'\n').collect();
    // `curl -T -` sends PUT.
    let mut upload = server.connection().chunked("PUT", "/ingest?test=slow", &[]);
    let (first, rest) = lines.split_at(lines.len() / 2);
    upload.push(&first.concat());
    // Also a line that is cut in the middle of two chunks.
    upload.push(&rest[0][..20]);
    wait_for("points before the body ends", || {
        let run = server.runs("slow").pop()?;
        (requests(&server, &run) > 10.0).then_some(())
    });
    upload.push(&rest[0][20..]);
    upload.push(&rest[1..].concat());
    let receipt = upload.finish().document();
    assert_eq!(
        (receipt["accepted"].as_u64(), receipt["refused"].as_u64()),
        (Some(lines.len() as u64), Some(0))
    );
}

#[test]
fn a_client_that_goes_away_loses_nothing_that_it_sent() {
    let server = Server::start();
    let all = unpacked("k6/short/k6.json.gz");
    let mut upload = server.connection().chunked("POST", "/ingest?test=cut", &[]);
    upload.push(&all);
    upload.push(br#"{"metric":"http_reqs","type":"Po"#);
    drop(upload);
    let run = wait_for("the run", || server.runs("cut").pop());
    wait_for("whole lines", || (requests(&server, &run) == 12.0).then_some(()));
}

#[test]
fn start_interrupt_and_start_again_are_two_runs() {
    // The idle time does not separate them: the second comes by a connection that said hello after
    // the first fell silent, and the first is not heard again.
    let settings = [("idle", "10m")];
    let server = Server::with(Options { settings: &settings, ..Options::default() });
    play(&server, "k6/aborted/influx.ndjson.gz", "edit");
    wait_for("the run", || server.runs("edit").pop());
    hello(&server, "edit").document();
    play(&server, "k6/aborted/influx.ndjson.gz", "edit");
    wait_for("the second run", || (server.runs("edit") == ["edit.2", "edit.1"]).then_some(()));
    server.finish("edit.2");
    assert_eq!(requests(&server, "edit.1"), requests(&server, "edit.2"));
}

#[test]
fn a_finished_run_stops_within_seconds_and_stragglers_make_no_ghost_runs() {
    let server = Server::with(Options { settings: &[("idle", "10m")], ..Options::default() });
    server.post("/write?db=f", lines(10).as_bytes());
    let run = wait_for("the run", || server.runs("f").pop());
    let mut events = Events::open(&server, "/events?test=f", None);
    events.until("start", |frame| frame.kind == "start");
    let asked = Instant::now();
    assert_eq!(server.post("/runs/f/finish", b"").document()["run"], run.as_str(), "a test will do, too");
    let last = events.until("stop", |frame| frame.kind == "stop").pop().expect("a frame");
    assert!(asked.elapsed() < PATIENCE / 4, "{:?}", asked.elapsed());
    assert!(last.raw.contains("retry: 31536000000\n"), "clients stay away: {}", last.raw);
    assert_eq!(events.next(), None, "`stop` ends the response");

    let late = server.post("/write?db=f", lines(1).as_bytes());
    assert_eq!(late.status, 410, "{}", late.text());
    assert_eq!(server.runs("f"), [run.as_str()]);
    hello(&server, "f").document();
    assert_eq!(server.post("/write?db=f", lines(1).as_bytes()).status, 204, "a hello lets the next run in");
    wait_for("the next run", || (server.runs("f").len() == 2).then_some(()));
    assert_eq!(server.post("/runs/nobody.1/finish", b"").status, 404);
}

#[test]
fn silence_ends_a_run_by_itself_and_the_console_says_so() {
    let server = Server::with(Options { settings: &[("idle", "2s")], ..Options::default() });
    server.post("/write?db=quiet", lines(5).as_bytes());
    wait_for("the run", || server.runs("quiet").pop());
    Events::open(&server, "/events?test=quiet", None).until("stop", |frame| frame.kind == "stop");
    server.wait_ended("quiet.1");
    let mut said = Vec::new();
    wait_for("both lines on the console", || {
        said.extend(server.lines.try_iter());
        (said.iter().filter(|line| line.contains("quiet.1")).count() >= 2).then_some(())
    });
}

#[test]
fn runs_are_listed_newest_first_page_by_page() {
    let server = Server::start();
    for name in ["a", "b", "c"] {
        let receipt = server
            .post(&format!("/ingest?test=list&run={name}"), &unpacked("k6/short/k6.json.gz"))
            .document();
        assert_eq!(receipt["run"], format!("list.{name}"));
        wait_for("the run", || {
            (server.runs("list").len() == (name.as_bytes()[0] - b'a' + 1) as usize).then_some(())
        });
        server.finish(&format!("list.{name}"));
    }
    assert_eq!(server.runs("list"), ["list.c", "list.b", "list.a"]);
    assert_eq!(server.runs("list&limit=2"), ["list.c", "list.b"]);
    assert_eq!(server.runs("list&before=list.b"), ["list.a"]);
    let run = server.get("/runs/list.a").document();
    assert_eq!(
        (run["test"].as_str(), run["name"].as_str(), run["state"].as_str()),
        (Some("list"), Some("a"), Some("ended"))
    );
    assert!(run["end"].as_i64() >= run["start"].as_i64());
}

#[test]
fn runs_are_labelled_pinned_read_row_by_row_and_deleted() {
    let server = Server::start();
    server.post("/ingest?test=rows&run=a", &unpacked("k6/shop/k6.json.gz"));
    wait_for("the run", || (!server.runs("rows").is_empty()).then_some(()));
    let delete = || server.send("DELETE", "/runs/rows.a", &[], b"");
    assert_eq!(delete().status, 409, "a live run stays");
    server.finish("rows.a");

    let row = server.get("/runs/rows.a/rows?table=requests&key=%5B%22POST%22%2C%22login%22%5D").document();
    let summary = server.summary("rows.a");
    let login = summary["requests"]
        .as_array()
        .expect("requests")
        .iter()
        .find(|row| row["key"] == serde_json::json!(["POST", "login"]))
        .expect("a row");
    let durations = row["series"]
        .as_array()
        .expect("series")
        .iter()
        .find(|series| series["metric"] == "http_req_duration")
        .expect("durations");
    let list = |name: &str| durations[name].as_array().expect("a list").clone();
    let sum: u64 = list("count").iter().map(|count| count.as_u64().expect("a count")).sum();
    assert_eq!(login["count"], sum);
    for name in ["at", "nonzero", "sum", "p50", "p95", "p99", "max"] {
        assert_eq!(list(name).len(), list("count").len(), "{name}");
    }
    assert!(
        list("at").iter().all(|at| at.as_u64() < row["times"].as_array().map(|times| times.len() as u64))
    );
    let whole = server.get("/runs/rows.a/distribution?metric=http_req_duration").document();
    assert_eq!(whole["count"], summary["metrics"]["http_req_duration"]["values"]["count"]);
    for (target, status) in [
        ("/runs/rows.a/rows?table=requests", 400),
        ("/runs/rows.a/rows?table=nothing", 400),
        ("/runs/rows.a/rows?table=requests&key=login", 400),
        ("/runs/rows.a/rows?table=requests&key=%5B%5D&after=noon", 400),
        ("/runs/rows.a/distribution", 400),
        ("/runs/rows.a/distribution?metric=nothing", 404),
        ("/runs/rows.b/rows", 404),
    ] {
        assert_eq!(server.get(target).status, status, "{target}");
    }

    let label = server.send("PATCH", "/runs/rows.a", &[], br#"{"label":"<b>first</b>"}"#);
    assert_eq!(label.document()["label"], "<b>first</b>");
    assert_eq!(server.send("PUT", "/tests/rows/baseline", &[], br#"{"run":"rows.a"}"#).status, 204);
    let listed = server.get("/runs?test=rows&figures=1").document();
    assert_eq!(listed[0]["baseline"], true);
    assert_eq!(listed[0]["figures"]["requests"], summary["metrics"]["http_reqs"]["values"]["count"]);
    assert_eq!(delete().status, 204);
    assert_eq!(server.get("/runs/rows.a").status, 404);
    assert!(server.runs("rows").is_empty());
}

#[test]
fn the_command_line_imports_lists_and_reports_without_a_server() {
    let folder = tempfile::TempDir::new().expect("a folder");
    let store = folder.path().join("runs.db");
    let page = folder.path().join("report.html");
    let run = |arguments: &[&str]| {
        let output =
            loadgate().args(arguments).arg("--store").arg(&store).output().expect("the program starts");
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{arguments:?}: {said}{}", String::from_utf8_lossy(&output.stderr));
        said
    };
    let file = crate::harness::fixtures::path("k6/shop/k6.json.gz");
    let file = file.to_str().expect("a path is text");
    run(&["import", file, "--test", "shop"]);
    assert!(run(&["runs"]).contains("shop.i1"));
    run(&["report", "shop.i1", "-o", page.to_str().expect("a path is text")]);
    let report = std::fs::read_to_string(&page).expect("the report is there");
    assert!(report.contains("shop.i1") && report.contains("http_req_duration"));
    for outside in ["src=\"http", "href=\"http", "url(http", "@import"] {
        assert!(!report.contains(outside), "the report works offline: {outside}");
    }
}

#[test]
fn the_demo_plays_a_recorded_run() {
    let server = Server::with(Options { settings: QUICK, arguments: &["--demo"], ..Options::default() });
    let mut events = Events::open(&server, "/events", None);
    events.until("the first window", |frame| frame.kind == "snapshot");
    assert!(requests(&server, "shop.1") > 0.0);
}

#[test]
fn a_refusal_reaches_a_client_that_first_sends_its_whole_body() {
    let settings = [("write_token", "s3cret"), ("idle", "4s")];
    let server = Server::with(Options { settings: &settings, ..Options::default() });
    // Far beyond what sockets hold.
    let body = vec![b'x'; 12 * 1024 * 1024];
    let authorized = [("authorization", "Bearer s3cret")];
    for (target, headers, status) in [
        ("/write?db=t", &[][..], 401),
        ("/ingest?test=t", &[], 401),
        ("/nothing", &[], 401),
        ("/nothing", &authorized, 404),
    ] {
        let mut connection = server.connection();
        let answer = connection.send("POST", target, headers, &body);
        assert_eq!(answer.status, status, "{target}");
        assert!(!answer.body.is_empty(), "the answer is whole");
        // It was read to its end: the connection goes on.
        assert_eq!(connection.send("GET", "/ping", &[], b"").status, 204, "{target}");
    }
    let answer = server.send("PUT", "/tests/t/options", &authorized, &body);
    assert_eq!(answer.status, 413, "{}", answer.text());
}

#[test]
fn health_and_readiness_are_answered_without_a_token_while_the_server_is_busy() {
    let settings = [("write_token", "s3cret"), ("read_token", "look")];
    let server = Server::with(Options { settings: &settings, ..Options::default() });
    let all = unpacked("k6/shop/k6.json.gz");
    std::thread::scope(|scope| {
        let busy: Vec<_> = (0..8)
            .map(|at| {
                let (mut connection, all) = (server.connection(), &all);
                scope.spawn(move || {
                    let target = format!("/ingest?test=busy&run=r{at}");
                    connection.send("POST", &target, &[("authorization", "Bearer s3cret")], all).status
                })
            })
            .collect();
        let mut asked = 0;
        while asked < 20 || busy.iter().any(|upload| !upload.is_finished()) {
            for target in ["/healthz", "/readyz"] {
                let start = Instant::now();
                let answer = server.get(target);
                assert_eq!(answer.document()["status"], "ok", "{target}");
                assert!(start.elapsed() < Duration::from_secs(2), "{target}: {:?}", start.elapsed());
            }
            asked += 1;
        }
        busy.into_iter().for_each(|upload| assert_eq!(upload.join().expect("a client"), 200));
    });
    assert_eq!(server.post("/healthz", b"").status, 405);
}
