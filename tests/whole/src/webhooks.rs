//! Verdicts are told to a receiver that verifies them by an implementation that is not ours (`tests/receiver`).

use crate::harness::redis::Redis;
use crate::harness::server::{Options, QUICK, loadgate, store_in};
use crate::harness::{PATIENCE, Server, root, wait_for};
use serde_json::Value;
use std::cell::RefCell;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};
use tempfile::TempDir;

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// The receiver, as a process of its own.
struct Receiver {
    child: Child,
    url: String,
    lines: mpsc::Receiver<String>,
    /// Requests so far.
    seen: RefCell<Vec<Value>>,
}

impl Receiver {
    fn start() -> Self {
        Receiver::with(Command::new("node"))
    }

    fn with_tls() -> Self {
        let mut command = Command::new("node");
        command.env("CERTIFICATES", root().join("tests/fixtures/tls"));
        Receiver::with(command)
    }

    fn with(mut command: Command) -> Self {
        let mut child = command
            .arg(root().join("tests/receiver/receiver.mjs"))
            .env("SECRET", SECRET)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .expect("node starts");
        let output = BufReader::new(child.stdout.take().expect("its output is ours"));
        let (sender, lines) = mpsc::channel();
        std::thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                let _ = sender.send(line);
            }
        });
        let url = lines.recv_timeout(PATIENCE).expect("it prints its address");
        Receiver { child, url, lines, seen: RefCell::default() }
    }

    fn webhook(&self, answers: &str) -> String {
        format!(
            r#"{{"name": "{answers}", "url": "{}/{answers}/x", "format": "json", "secret": "{SECRET}"}}"#,
            self.url
        )
    }

    /// Requests that asked for these answers, so far.
    fn requests(&self, answers: &str) -> Vec<Value> {
        let mut seen = self.seen.borrow_mut();
        seen.extend(self.lines.try_iter().map(|line| serde_json::from_str(&line).expect("a line of JSON")));
        let path = format!("/{answers}/x");
        seen.iter().filter(|request| request["url"] == path.as_str()).cloned().collect()
    }

    #[track_caller]
    fn wait(&self, answers: &str, count: usize) -> Vec<Value> {
        wait_for(&format!("{count} requests of {answers}"), || {
            Some(self.requests(answers)).filter(|requests| requests.len() >= count)
        })
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Settings under which this machine may be told.
fn allowed() -> Vec<(&'static str, &'static str)> {
    QUICK.iter().copied().chain([("webhook_hosts", "127.0.0.1")]).collect()
}

fn on(store: &str) -> Server {
    Server::with(Options { store: Some(store), settings: &allowed(), ..Options::default() })
}

#[track_caller]
fn put(server: &Server, webhooks: &[String]) {
    let document = format!("[{}]", webhooks.join(","));
    let answer = server.send("PUT", "/tests/shop/webhooks", &[], document.as_bytes());
    assert_eq!(answer.status, 204, "{}", answer.text());
}

/// A short run that is told its end.
fn run(server: &Server) {
    server.declare("shop", br#"{"thresholds": {"http_req_failed": ["rate<0.1"]}}"#);
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970");
    let line = format!("http_req_failed value=0 {}\n", now.as_nanos());
    let answer = server.post("/write?db=shop", line.as_bytes());
    assert_eq!(answer.status, 204, "{}", answer.text());
    let answer = server.post("/runs/shop/finish", b"");
    assert_eq!(answer.status, 200, "{}", answer.text());
}

/// The log of deliveries, once it is as wanted.
#[track_caller]
fn wait_log(server: &Server, run: &str, what: &str, is: impl Fn(&Value) -> bool) -> Value {
    wait_for(what, || {
        let answer = server.get(&format!("/runs/{run}/deliveries"));
        (answer.status == 200).then(|| answer.json()).filter(&is)
    })
}

fn states(log: &Value) -> Vec<&str> {
    log.as_array().expect("a list").iter().map(|one| one["state"].as_str().expect("a state")).collect()
}

#[track_caller]
fn assert_sound(request: &Value) {
    assert_eq!(request["verified"], true, "{request:#}");
    assert_eq!(request["method"], "POST");
}

#[test]
fn a_verdict_reaches_its_receiver_signed_and_is_sent_again_after_a_failure() {
    let receiver = Receiver::start();
    let server = Server::with(Options { settings: &allowed(), ..Options::default() });
    put(&server, &["204", "500,204", "302", "410"].map(|answers| receiver.webhook(answers)));
    let began = Instant::now();
    run(&server);
    let told = receiver.wait("204", 1);
    assert_sound(&told[0]);
    let body: Value = serde_json::from_str(told[0]["body"].as_str().expect("text")).expect("JSON");
    assert_eq!(body["type"], "loadgate.verdict");
    let verdict = server.get("/runs/shop.1/verdict").document();
    assert_eq!(body["data"]["verdict"], verdict);
    assert_eq!(body["data"]["page"], format!("{}/ui/?run=shop.1", server.url()));

    let again = receiver.wait("500,204", 2);
    assert!(began.elapsed() >= Duration::from_secs(5), "the first delay");
    again.iter().for_each(assert_sound);
    assert_eq!(again[0]["headers"]["webhook-id"], again[1]["headers"]["webhook-id"]);
    assert_eq!(again[0]["body"], again[1]["body"]);
    assert_ne!(again[0]["headers"]["webhook-id"], told[0]["headers"]["webhook-id"]);

    let is = |log: &Value| states(log) == ["delivered", "delivered", "pending", "disabled"];
    let log = wait_log(&server, "shop.1", "all to be told", is);
    let text = log.to_string();
    assert!(!text.contains("whsec_") && !text.contains("/x"), "no secrets, no paths: {text}");
    let redirected = &log[2]["attempts"][0];
    assert_eq!(
        (&redirected["status"], &redirected["error"]),
        (&302.into(), &"answered 302: redirects are not followed".into())
    );
    assert!(log[2]["next"].as_u64().is_some(), "{log:#}");
    assert_eq!(receiver.requests("204").len(), 1);
    let elsewhere = receiver.seen.borrow().iter().any(|request| request["url"] == "/204/after-a-redirect");
    assert!(!elsewhere, "the redirect was not followed");

    // 410: it is left alone, until it is put again.
    let shown = server.get("/tests/shop/webhooks").document();
    assert_eq!((&shown[3]["disabled"], &shown[3]["secret"]), (&true.into(), &"kept".into()));

    let replayed = server.post("/runs/shop.1/deliveries/1/replay", b"");
    assert_eq!(replayed.status, 202, "{}", replayed.text());
    let twice = receiver.wait("204", 2);
    assert_sound(&twice[1]);
    assert_eq!(twice[0]["headers"]["webhook-id"], twice[1]["headers"]["webhook-id"]);
    let replayed = server.post("/runs/shop.1/deliveries/4/replay", b"");
    assert_eq!(replayed.status, 409, "{}", replayed.text());
    assert!(replayed.text().contains("is disabled"), "{}", replayed.text());
}

#[test]
fn two_servers_on_one_store_tell_a_verdict_once() {
    let receiver = Receiver::start();
    let redis = Redis::start();
    let servers = [on(&redis.url), on(&redis.url)];
    put(&servers[0], &[receiver.webhook("204")]);
    run(&servers[0]);
    for server in &servers {
        wait_log(server, "shop.1", "it to be told", |log| states(log) == ["delivered"]);
        assert_eq!(server.get("/runs/shop.1/verdict").document()["number"], 1);
    }
    let told = receiver.wait("204", 1);
    assert_sound(&told[0]);
    let ids: Vec<&Value> = told.iter().map(|request| &request["headers"]["webhook-id"]).collect();
    assert_eq!(ids.len(), 1, "{ids:?}");
}

#[test]
fn when_the_one_that_tells_is_killed_another_goes_on_with_the_same_series() {
    let receiver = Receiver::start();
    let folder = TempDir::new().expect("a folder");
    let store = store_in(folder.path());
    let server = on(&store);
    put(&server, &[receiver.webhook("hang,204")]);
    run(&server);
    receiver.wait("hang,204", 1);
    // With its message out, and no answer yet.
    drop(server);
    let other = on(&store);
    let told = receiver.wait("hang,204", 2);
    told.iter().for_each(assert_sound);
    assert_eq!(told[0]["headers"]["webhook-id"], told[1]["headers"]["webhook-id"]);
    assert_eq!(told[0]["body"], told[1]["body"]);
    wait_log(&other, "shop.1", "it to be told", |log| states(log) == ["delivered"]);
    assert_eq!(receiver.requests("hang,204").len(), 2);
}

#[test]
fn what_is_wrong_with_a_webhook_is_said_and_nothing_goes_inside_unasked() {
    let receiver = Receiver::start();
    let server = Server::start();
    let put = |document: &str| server.send("PUT", "/tests/shop/webhooks", &[], document.as_bytes());
    let refused = put(&format!("[{}]", receiver.webhook("204")));
    assert_eq!(refused.status, 400);
    assert!(refused.text().contains("LOADGATE_WEBHOOK_HOSTS"), "{}", refused.text());
    let refused = put(r#"[{"url": "https://hooks.example/", "format": "xml"}]"#);
    assert!(refused.status == 400 && refused.text().contains("cdevents"), "{}", refused.text());

    let folder = TempDir::new().expect("a folder");
    let file = folder.path().join("shop.json");
    std::fs::write(
        &file,
        format!(r#"[{{"url": "https://hooks.example/s3cret", "format": "json", "secret": "{SECRET}"}}]"#),
    )
    .expect("the folder is ours");
    let cli = |words: &[&str]| {
        let output = loadgate().args(words).env("LOADGATE_SERVER", server.url()).output().expect("it starts");
        let said =
            String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{said}");
        said
    };
    cli(&["webhooks", "put", &file.to_string_lossy()]);
    let shown = cli(&["webhooks", "get", "shop"]);
    assert!(shown.contains("s3cret") && !shown.contains("whsec_"), "{shown}");
    cli(&["webhooks", "remove", "shop"]);
    assert_eq!(cli(&["webhooks", "get", "shop"]).trim(), "[]");
    assert_eq!(receiver.requests("204").len(), 0);
}

#[test]
fn a_retry_goes_out_though_nobody_asks_and_readers_see_no_addresses() {
    let receiver = Receiver::start();
    let settings: Vec<(&str, &str)> =
        allowed().into_iter().chain([("write_token", "w"), ("read_token", "r")]).collect();
    let server = Server::with(Options { settings: &settings, ..Options::default() });
    let send = |method: &str, path: &str, token: &str, body: &[u8]| {
        server.send(method, path, &[("authorization", &format!("Bearer {token}"))], body)
    };
    let document = format!("[{}]", receiver.webhook("500,204"));
    assert_eq!(send("PUT", "/tests/shop/webhooks", "w", document.as_bytes()).status, 204);
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970");
    let line = format!("http_req_failed value=0 {}\n", now.as_nanos());
    assert_eq!(send("POST", "/write?db=shop", "w", line.as_bytes()).status, 204);
    assert_eq!(send("POST", "/runs/shop/finish", "w", b"").status, 200);
    // Not a request of ours from here on.
    receiver.wait("500,204", 2).iter().for_each(assert_sound);

    for (method, path) in [
        ("GET", "/tests/shop/webhooks"),
        ("DELETE", "/tests/shop/webhooks"),
        ("POST", "/runs/shop.1/deliveries/1/replay"),
        ("POST", "/deliveries"),
    ] {
        assert_eq!(send(method, path, "r", b"").status, 401, "{method} {path}");
    }
    let log = send("GET", "/runs/shop.1/deliveries", "r", b"");
    assert!(log.status == 200 && log.text().contains(&receiver.url), "{}", log.text());
    assert!(!log.text().contains("/x"), "{}", log.text());
}

#[test]
fn a_receiver_behind_tls_is_told_when_its_certificate_is_trusted() {
    let receiver = Receiver::with_tls();
    let authority = root().join("tests/fixtures/tls/authority.pem");
    let settings: Vec<(&str, &str)> = QUICK.iter().copied().chain([("webhook_hosts", "localhost")]).collect();
    for (trusted, states_of_it) in
        [(authority.to_str().expect("text"), "delivered"), ("/dev/null", "pending")]
    {
        let environment = [("SSL_CERT_FILE", trusted)];
        let options = Options { settings: &settings, environment: &environment, ..Options::default() };
        let server = Server::with(options);
        put(&server, &[receiver.webhook("204")]);
        run(&server);
        let tried = |log: &Value| log[0]["attempts"].as_array().is_some_and(|attempts| !attempts.is_empty());
        let log = wait_log(&server, "shop.1", "an attempt", tried);
        assert_eq!(states(&log), [states_of_it], "{log:#}");
        if states_of_it == "pending" {
            assert_eq!(log[0]["attempts"][0]["error"], "its certificate is not trusted");
        }
    }
    let told = receiver.wait("204", 1);
    assert_sound(&told[0]);
    assert_eq!(told.len(), 1);
}

#[test]
fn a_receiver_that_does_not_answer_is_left_after_its_time() {
    let receiver = Receiver::start();
    let server = Server::with(Options { settings: &allowed(), ..Options::default() });
    put(&server, &[receiver.webhook("hang,204")]);
    run(&server);
    // Verdicts and ingest do not wait for it.
    receiver.wait("hang,204", 1);
    let began = Instant::now();
    assert_eq!(server.get("/runs/shop.1/verdict").status, 200);
    assert_eq!(server.post("/write?db=other", b"http_req_failed value=0\n").status, 204);
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
    let log = wait_log(&server, "shop.1", "it to be told", |log| states(log) == ["delivered"]);
    assert_eq!(log[0]["attempts"][0]["error"], "no answer within 20 s");
    receiver.wait("hang,204", 2).iter().for_each(assert_sound);
}
