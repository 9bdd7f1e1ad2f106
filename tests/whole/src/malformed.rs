//! Hostile input: every request of the manifest gets what the manifest says, and the server stays
//! small and well.

use crate::harness::fixtures::{bytes, json, unpacked};
use crate::harness::http::Answer;
use crate::harness::server::{Options, QUICK};
use crate::harness::sse::{Events, replay};
use crate::harness::{Server, wait_for};
use serde_json::Value;

/// More than the server may gain by all of it together: it is warm before, and what instances hold
/// at most stays theirs. The compressed bomb alone would unpack to 300 MB.
const GAIN_BYTES: u64 = 160 * 1024 * 1024;

/// One number, or several that are allowed.
fn allows(expected: &Value, status: u16) -> bool {
    match expected {
        Value::Array(several) => several.iter().any(|one| one == status),
        one => *one == status,
    }
}

/// The run's accepted lines, as its state tells them once it has ended.
fn run_totals(server: &Server, test: &str) -> (u64, Option<String>) {
    let Some(run) = server.runs(test).pop() else { return (0, None) };
    server.finish(&run);
    let health = &server.summary(&run)["health"];
    (health["samples"].as_u64().unwrap_or_default(), Some(run))
}

fn check(server: &Server, case: &Value) -> Result<(), String> {
    let text = |name: &str| case[name].as_str().unwrap_or_default().to_owned();
    let (method, target) = (text("method"), text("target"));
    let body = match case["file"].as_str() {
        None => Vec::new(),
        Some(file) if case["unpack_first"] == true => unpacked(&format!("malformed/{file}")),
        Some(file) => bytes(&format!("malformed/{file}")),
    };
    let headers: Vec<(&str, &str)> = case["headers"]
        .as_object()
        .into_iter()
        .flatten()
        .map(|(name, value)| (name.as_str(), value.as_str().unwrap_or_default()))
        .collect();
    let expect = &case["expect"];
    if target == "/events" && method == "GET" {
        // An endless answer: its beginning is what matters.
        let mut stream = server.connection().begin(&target, &headers);
        let mut first = [0; 1];
        std::io::Read::read_exact(&mut stream, &mut first).map_err(|error| error.to_string())?;
        return (stream.status == 200).then_some(()).ok_or_else(|| format!("status {}", stream.status));
    }
    let answer = server.send(&method, &target, &headers, &body);
    let ensure = |holds: bool, what: &str| {
        holds.then_some(()).ok_or_else(|| {
            let shown: String = String::from_utf8_lossy(&answer.body).chars().take(600).collect();
            format!("{what}; status {}: {shown}", answer.status)
        })
    };
    ensure(allows(&expect["status"], answer.status), "another status")?;
    if let Some(allow) = expect["allow"].as_str() {
        ensure(answer.header("allow") == Some(allow), "another Allow")?;
    }
    if expect["problem"] == true {
        let is =
            answer.header("content-type").is_some_and(|kind| kind.starts_with("application/problem+json"));
        ensure(is && answer.json()["status"] == answer.status, "no problem+json")?;
    }
    if let Some(most) = expect["message_at_most"].as_u64() {
        let message = answer.json()["error"].as_str().map_or(0, str::len) as u64;
        ensure(message > 0 && message <= most, "the message is missing or too long")?;
    }
    if target.starts_with("/write") {
        check_write(server, &answer, &target, expect)
    } else if target.starts_with("/ingest") && method != "GET" {
        let receipt = answer.json();
        for figure in ["accepted", "refused"] {
            if let Some(expected) = expect[figure].as_u64() {
                // Nothing was read of a body that is refused as a whole.
                ensure(
                    receipt[figure].as_u64().unwrap_or(0) == expected,
                    &format!("{figure} is not {expected}"),
                )?;
            }
        }
        Ok(())
    } else {
        Ok(())
    }
}

/// On this wire the figures are read from the run and from the message.
fn check_write(server: &Server, answer: &Answer, target: &str, expect: &Value) -> Result<(), String> {
    let test = target.split("db=").nth(1).and_then(|rest| rest.split('&').next()).unwrap_or_default();
    if test.len() > 64 {
        return Ok(()); // the name was cut; what became of it is not prescribed
    }
    let ensure = |holds: bool, what: String| holds.then_some(()).ok_or(what);
    if let Some(refused) = expect["refused"].as_u64().filter(|refused| *refused > 0) {
        ensure(
            answer.text().contains(&format!("dropped={refused}")),
            format!("not {refused} dropped: {}", answer.text()),
        )?;
    }
    let Some(accepted) = expect["accepted"].as_u64() else { return Ok(()) };
    if accepted > 0 {
        wait_for(&format!("the run of {test}"), || server.runs(test).pop());
    }
    let (samples, run) = run_totals(server, test);
    ensure(samples == accepted, format!("{samples} samples count, not {accepted}"))?;
    let Some(run) = run else { return Ok(()) };
    if let Some(most) = expect["breakdown_keys_at_most"].as_u64() {
        let keys = server.summary(&run)["requests"].as_array().map_or(0, Vec::len) as u64;
        ensure(keys <= most, format!("{keys} rows"))?;
    }
    if let Some(most) = expect["windows_at_most"].as_u64() {
        let windows = replay(server, &run).iter().filter(|frame| frame.kind == "snapshot").count() as u64;
        ensure(windows <= most, format!("{windows} windows"))?;
    }
    Ok(())
}

#[test]
fn every_malformed_request_gets_what_the_manifest_says_and_memory_stays_flat() {
    let server = Server::with(Options { settings: QUICK, ..Options::default() });
    let manifest = json("malformed/manifest.json");
    let cases = manifest.as_array().expect("a list");
    assert!(cases.len() > 40);
    // Warm: instances exist, their memories have grown to what ordinary traffic needs.
    for _ in 0..4 {
        server.post("/ingest?test=warm", &unpacked("k6/shop/k6.json.gz")).document();
    }
    let before = server.memory();
    let mut complaints = Vec::new();
    let mut highest = before;
    for case in cases {
        if let Err(complaint) = check(&server, case) {
            let target: String = case["target"].to_string().chars().take(80).collect();
            complaints.push(format!("{} {target} {}: {complaint}", case["method"], case["file"]));
        }
        highest = highest.max(server.memory());
    }
    assert!(
        complaints.is_empty(),
        "{} of {} cases:\n{}",
        complaints.len(),
        cases.len(),
        complaints.join("\n")
    );
    let gain = highest - before;
    assert!(gain <= GAIN_BYTES, "{} MB more than the {} MB before", gain >> 20, before >> 20);
    // Still well: takes a run and shows it.
    server.post("/ingest?test=after", &unpacked("k6/short/k6.json.gz")).document();
    Events::open(&server, "/events?test=after", None).until("a snapshot", |frame| frame.kind == "start");
    assert_eq!(server.get("/ping").status, 204);
}
