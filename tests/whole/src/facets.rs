//! Requests grouped and filtered, and what failed: a real k6 with scenarios, nested groups, setup and errors, held to
//! k6's own samples, over HTTP and on the pages.

use crate::harness::server::Options;
use crate::harness::{Server, assert_close, built, target};
use crate::pages::{drive, in_both_themes, pictures};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use tempfile::TempDir;

const SCRIPT: &str = r#"
import http from 'k6/http';
import { check, group, sleep } from 'k6';

const at = (path, name, own) => [`${__ENV.TARGET}${path}`, { tags: { name, ...own } }];
const scenario = (exec) => ({ executor: 'constant-vus', vus: 2, duration: '8s', exec });
export const options = { scenarios: { browse: scenario('browse'), buy: scenario('buy') } };

export function setup() {
  http.get(...at('/', 'seed'));
  http.get(...at('/missing', 'flags'));
}

export function browse() {
  group('shop', () => {
    http.get(...at('/slow', 'list', { region: 'eu' }));
    group('detail', () => {
      check(http.get(...at('/', 'item')), { 'is ok': (answer) => answer.status === 200 });
      http.get(...at('/missing/7', 'picture'));
      group('reviews', () => http.get(...at('/', 'reviews', { region: 'us' })));
    });
  });
  sleep(0.1);
}

export function buy() {
  group('cart', () => {
    const [url, params] = at('/broken?order=7', 'order');
    http.post(url, '{}', params);
    group('pay', () => http.get('http://127.0.0.1:1/pay?card=4', { tags: { name: 'pay' } }));
  });
  http.get(...at('/', 'home', { region: 'eu' }));
  http.get(`${__ENV.TARGET}/broken?stock=7`);
  sleep(0.2);
}

export function teardown() {
  http.get(...at('/', 'clear'));
}
"#;

/// One request as k6's JSON output has it.
struct Sample {
    tags: BTreeMap<String, String>,
    ms: f64,
}

impl Sample {
    fn tag(&self, name: &str) -> &str {
        self.tags.get(name).map_or("", String::as_str)
    }

    fn facet(&self, name: &str) -> &str {
        match name {
            "expected" => self.tag("expected_response"),
            "phase" => match self.tag("group").trim_start_matches("::") {
                phase @ ("setup" | "teardown") => phase,
                _ => "load",
            },
            name => self.tag(name.trim_start_matches("tag:")),
        }
    }
}

/// Runs k6 against the server, and gives what it wrote beside.
fn play(server: &Server, folder: &Path) -> Vec<Sample> {
    fs::write(folder.join("shop.js"), SCRIPT).expect("the folder is ours");
    let output = Command::new(built("LOADGATE_K6", "target/k6"))
        .current_dir(folder)
        .env("TARGET", format!("http://{}", target::start()))
        .env("K6_NO_USAGE_REPORT", "true")
        .stdin(Stdio::null())
        .args([
            "run",
            "--quiet",
            "--tag",
            "env=staging",
            "--tag",
            "build=42",
            "-o",
            "json=samples.json",
            "-o",
        ])
        .arg(format!("influxdb={}/shop", server.url()))
        .arg("shop.js")
        .output()
        .expect("k6 starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    server.wait_ended("shop.1");
    let lines = fs::read_to_string(folder.join("samples.json")).expect("k6 wrote it");
    let points = lines.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    let durations = points.filter(|point| point["type"] == "Point" && point["metric"] == "http_req_duration");
    durations
        .map(|point| Sample {
            tags: serde_json::from_value(point["data"]["tags"].clone()).expect("tags are text"),
            ms: point["data"]["value"].as_f64().expect("a duration"),
        })
        .collect()
}

fn assert_row(what: &str, row: &Value, samples: &[&Sample]) {
    let figure = |name: &str| row[name].as_f64().unwrap_or_else(|| panic!("{what}: {name} of {row}"));
    assert_eq!(figure("count"), samples.len() as f64, "{what}");
    let mut ms: Vec<f64> = samples.iter().map(|sample| sample.ms).collect();
    ms.sort_by(f64::total_cmp);
    assert_close(what, figure("time"), ms.iter().sum(), 1e-9);
    assert_eq!((figure("min"), figure("max")), (ms[0], ms[ms.len() - 1]), "{what}");
    let failed = samples.iter().filter(|sample| sample.tag("expected_response") == "false").count();
    assert_close(what, figure("failed"), failed as f64 / samples.len() as f64, 1e-9);
    // The median lies between its neighbours, give or take a bucket.
    let at = |share: f64| ms[((ms.len() - 1) as f64 * share) as usize];
    let (low, high) = (at(0.5), ms[(ms.len() / 2).min(ms.len() - 1)]);
    assert!(
        figure("med") >= low * 0.998 && figure("med") <= high * 1.002,
        "{what}: {} {low} {high}",
        figure("med")
    );
}

#[test]
fn requests_are_filtered_and_grouped_as_k6_had_them() {
    // One that is told of nothing more ends soon.
    let server = Server::with(Options { settings: &[("idle", "4s")], ..Options::default() });
    let folder = TempDir::new().expect("a folder");
    let options = br#"{"thresholds":{"http_req_duration{region:eu}":["p(95)<5000"]}}"#;
    assert!(server.send("PUT", "/tests/shop/options", &[], options).status < 300);
    let samples = play(&server, folder.path());
    let ask = |query: &str| server.get(&format!("/runs/shop.1/requests?{query}"));

    for by in ["name", "status", "scenario", "group", "expected", "phase", "method", "tag:region"] {
        let document = ask(&format!("by={by}")).document();
        let mut naive: BTreeMap<&str, Vec<&Sample>> = BTreeMap::new();
        samples.iter().for_each(|sample| naive.entry(sample.facet(by)).or_default().push(sample));
        let rows = document["rows"].as_array().expect("rows");
        let keys: Vec<&str> = rows.iter().map(|row| row["key"][0].as_str().expect("a key")).collect();
        assert_eq!(keys, naive.keys().copied().collect::<Vec<_>>(), "{by}");
        for (row, samples) in rows.iter().zip(naive.values()) {
            assert_row(&format!("{by} {}", row["key"]), row, samples);
        }
        assert_row(by, &document["whole"], &samples.iter().collect::<Vec<_>>());
    }
    type Fits = fn(&Sample) -> bool;
    let filters: [(&str, Fits); 13] = [
        ("scenario=buy", |sample| sample.tag("scenario") == "buy"),
        ("group=::shop", |sample| sample.tag("group").starts_with("::shop")),
        ("group=::shop::detail", |sample| sample.tag("group").starts_with("::shop::detail")),
        ("group=", |sample| sample.tag("group").is_empty()),
        ("status=4xx", |sample| sample.tag("status") == "404"),
        ("status=0&status=500", |sample| matches!(sample.tag("status"), "0" | "500")),
        ("expected=false&phase=load", |sample| {
            sample.tag("expected_response") == "false" && sample.facet("phase") == "load"
        }),
        ("phase=setup", |sample| sample.tag("group") == "::setup"),
        ("name=item", |sample| sample.tag("name") == "item"),
        ("tag=region:eu", |sample| sample.tag("region") == "eu"),
        ("tag=region:eu&tag=region:us&scenario=browse", |sample| {
            !sample.tag("region").is_empty() && sample.tag("scenario") == "browse"
        }),
        ("tag=region:&status=0", |sample| sample.tag("region").is_empty() && sample.tag("status") == "0"),
        ("scenario=buy&from=0s", |sample| sample.tag("scenario") == "buy"),
    ];
    for (query, fits) in filters {
        let matching: Vec<&Sample> = samples.iter().filter(|sample| fits(sample)).collect();
        assert!(!matching.is_empty(), "{query}");
        assert_row(query, &ask(query).document()["whole"], &matching);
    }
    let none = ask("scenario=browse&status=500").document();
    assert_eq!((&none["whole"]["count"], &none["rows"]), (&json!(0), &json!([])));

    for (query, sentence) in [
        ("by=colour", "by=colour is none of method, name, status"),
        ("by=name,name", "by names name twice"),
        ("status=many", "status=many is none: status is a status, like status=404"),
        ("expected=maybe", "expected is true or false"),
        ("by=tag:", "by=tag: is none of"),
        ("tag=region", "a tag is KEY:VALUE, like tag=region:eu"),
        ("phase=load&from=soon", "from=soon is no time"),
    ] {
        let refused = ask(query);
        assert_eq!(refused.status, 400, "{query}");
        let detail = refused.json()["detail"].as_str().expect("a sentence").to_owned();
        assert!(detail.contains(sentence), "{query}: {detail}");
    }
    assert_eq!(server.get("/runs/shop.9/requests").status, 404);
    let unkept = ask("by=tag:tier");
    assert!(
        unkept.status == 404 && unkept.text().contains("no requests are kept by the tag tier"),
        "{}",
        unkept.text()
    );

    let summary = server.summary("shop.1");
    assert_eq!(
        summary["tags"],
        json!({"build": ["42"], "env": ["staging"]}),
        "what --tag put on all samples"
    );
    assert_eq!(summary["requestTags"], json!({"region": ["", "eu", "us"]}));
    let found = |query: &str| server.get(&format!("/runs?{query}")).json();
    for (query, wanted) in
        [("tag=env:staging&tag=build:42", 1), ("q=env:staging", 1), ("tag=env:live", 0), ("tag=region:eu", 0)]
    {
        assert_eq!(found(query).as_array().expect("runs").len(), wanted, "{query}");
    }
    let refused = server.get("/runs?tag=env");
    assert!(refused.status == 400 && refused.text().contains("tag=env is none"), "{}", refused.text());
    assert!(server.get("/report?run=shop.1").text().contains("env: staging"), "the report's head has them");

    let count = |fits: Fits| samples.iter().filter(|sample| fits(sample)).count();
    let pay = samples.iter().find(|sample| sample.tag("name") == "pay").expect("it was refused");
    assert!(pay.tag("error").contains("refused"), "{:?}", pay.tags);
    let statuses = server.summary("shop.1")["statuses"].clone();
    let row = |name: &str| {
        let rows = statuses.as_array().expect("rows");
        rows.iter()
            .find(|row| row["key"][1] == name && row["key"].as_array().is_some_and(|key| key.len() == 4))
            .cloned()
    };
    let refused = row("pay").expect("it has a row");
    assert_eq!((&refused["error"], &refused["url"]), (&json!(pay.tag("error")), &json!(pay.tag("url"))));
    // k6 has no URL of requests that are named: the name stands in its place.
    let unnamed = samples.iter().map(|sample| sample.tag("url")).find(|url| url.ends_with("/broken?stock=7"));
    let unnamed = unnamed.expect("it was asked").to_owned();
    let broken = row("order").expect("it has a row");
    assert!(broken.get("error").is_none(), "k6 has no message for a status: {broken}");
    let home = row(&unnamed).expect("it has a row");
    assert_eq!((&home["url"], &home["key"][2]), (&json!(unnamed), &json!("500")), "{home}");
    assert!(row("item").is_some_and(|row| row.get("url").is_none()), "what went well needs no example");
    let report = server.get("/report?run=shop.1");
    assert!(report.text().contains(pay.tag("error")), "the report says why");

    let truth = json!({
        "buy": count(|sample| sample.tag("scenario") == "buy"),
        "missing": count(|sample| sample.tag("status") == "404"),
        "missingInLoad": count(|sample| sample.tag("status") == "404" && sample.facet("phase") == "load"),
        "detail": count(|sample| sample.tag("group").starts_with("::shop::detail")),
        "detailAlone": count(|sample| sample.tag("group") == "::shop::detail"),
        "eu": count(|sample| sample.tag("region") == "eu"),
        "refused": count(|sample| sample.tag("name") == "pay"),
        "message": pay.tag("error"),
    });
    let flows = drive("facets.mjs", &[&server.url(), "shop.1", &pictures(), &truth.to_string()]);
    let mut expected: Vec<String> =
        ["filters", "groupings", "tags", "nothing", "setup", "part", "tree", "live", "errors"]
            .map(str::to_owned)
            .into();
    expected.extend(in_both_themes(&["looks"]));
    assert_eq!(flows, expected);
}
