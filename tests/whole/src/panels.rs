//! A test's own dashboard by its paths: set, refused, read, removed, and in the stream of its runs.

use crate::harness::server::Options;
use crate::harness::{Server, wait_for};
use serde_json::{Value, json};
use std::time::{SystemTime, UNIX_EPOCH};

const PATH: &str = "/tests/shop/dashboard";

fn one() -> Value {
    json!({"title": "Shop", "tabs": [{"id": "errors", "title": "Errors", "view": "errors"}]})
}

#[test]
fn a_dashboard_is_set_read_and_removed() {
    let server = Server::start();
    let put = |document: &str| server.send("PUT", PATH, &[], document.as_bytes());
    let default = server.get(PATH).document();
    assert!(default["tabs"].as_array().is_some_and(|tabs| tabs.len() > 1), "{default}");

    let set = put(&one().to_string());
    assert_eq!((set.status, set.body.len()), (204, 0), "{}", set.text());
    assert_eq!(server.get(PATH).document(), one());
    assert_eq!(server.get("/tests/bank/dashboard").document(), default);

    for (document, status, place) in [
        ("{\"tabs\": [}", 400, "line 1 column 11"),
        ("{\"tabs\": [{\"title\": \"T\", \"view\": \"pie\"}]}", 400, "tabs[0].view"),
        (&" ".repeat(65 * 1024), 413, "65536 bytes"),
    ] {
        let refused = put(document);
        assert_eq!(refused.status, status, "{}", refused.text());
        assert_eq!(refused.header("content-type"), Some("application/problem+json"));
        let detail = refused.json()["detail"].as_str().unwrap_or_default().to_owned();
        assert!(detail.contains(place), "{detail}");
    }
    assert_eq!(server.get(PATH).document(), one(), "what was refused changes nothing");

    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_nanos();
    let line = format!("http_reqs,method=GET,name=/,status=200 value=1 {now}\n");
    for test in ["shop", "bank"] {
        assert_eq!(server.post(&format!("/write?db={test}"), line.as_bytes()).status, 204);
        let run = format!("{test}.1");
        wait_for(&run, || (server.get(&format!("/runs/{run}/summary")).status == 200).then_some(()));
        server.finish(&run);
        let stream = server.get(&format!("/runs/{run}/events"));
        let first = stream.text().lines().find_map(|line| line.strip_prefix("data: ")).expect("an event");
        let mut config: Value = serde_json::from_str(first).expect("JSON");
        assert_eq!(config["dashboard"].take(), if test == "shop" { one() } else { default.clone() }, "{run}");
    }

    assert_eq!(server.send("DELETE", PATH, &[], b"").status, 204);
    assert_eq!(server.get(PATH).document(), default);
    assert_eq!(server.post(PATH, b"{}").status, 405);
    assert_eq!(server.get("/dashboard/schema.json").document()["title"], "Loadgate dashboard");
}

#[test]
fn whoever_only_looks_does_not_change_a_dashboard() {
    let settings = [("write_token", "s3cret"), ("read_token", "look")];
    let server = Server::with(Options { settings: &settings, ..Options::default() });
    let send = |method: &str, token: &str| {
        let value = format!("Bearer {token}");
        let body = if method == "PUT" { one().to_string() } else { String::new() };
        server.send(method, PATH, &[("authorization", &value)], body.as_bytes()).status
    };
    for (method, nobody, reader, writer) in
        [("PUT", 401, 401, 204), ("GET", 401, 200, 200), ("DELETE", 401, 401, 204)]
    {
        let statuses = ["wrong", "look", "s3cret"].map(|token| send(method, token));
        assert_eq!(statuses, [nobody, reader, writer], "{method}");
    }
    assert_eq!(server.get("/dashboard/schema.json").status, 200);
}
