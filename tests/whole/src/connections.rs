//! What a connection may speak: TLS, HTTP/1.1, HTTP/2 with TLS and without.

use crate::harness::fixtures::unpacked;
use crate::harness::root;
use crate::harness::server::{Options, Server};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

fn tls(name: &str) -> PathBuf {
    root().join("tests/fixtures/tls").join(name)
}

/// What curl says of a request: its status, the version of HTTP, and the body.
#[track_caller]
fn curl(arguments: &[&str], body: Option<&[u8]>) -> (String, String) {
    let mut command = Command::new("curl");
    command.args([
        "--silent",
        "--show-error",
        "--max-time",
        "30",
        "--write-out",
        "\n%{http_code} %{http_version}",
    ]);
    command.arg("--cacert").arg(tls("authority.pem")).args(arguments);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("curl starts");
    let mut stdin = child.stdin.take().expect("its input is ours");
    let body = body.unwrap_or_default().to_vec();
    let sent = std::thread::spawn(move || stdin.write_all(&body));
    let Output { stdout, stderr, .. } = child.wait_with_output().expect("curl ends");
    // It may have ended before all was read.
    let _ = sent.join();
    let text = String::from_utf8_lossy(&stdout).into_owned();
    let (body, said) =
        text.rsplit_once('\n').unwrap_or_else(|| panic!("{}", String::from_utf8_lossy(&stderr)));
    (said.to_owned(), body.to_owned())
}

#[test]
fn with_a_certificate_the_server_speaks_tls_and_both_versions_of_http() {
    let [certificate, key] = ["localhost.pem", "localhost.key"].map(|name| tls(name).display().to_string());
    let server = Server::with(Options {
        arguments: &["--tls-cert", &certificate, "--tls-key", &key],
        settings: &[("idle", "5m"), ("straggler", "500ms")],
        ..Options::default()
    });
    let url = format!("https://localhost:{}", server.address.port());
    for (wanted, version) in [("--http1.1", "1.1"), ("--http2", "2")] {
        let post = format!("{url}/write?db=tls");
        let (said, _) = curl(&[wanted, "--data-binary", "@-", &post], Some(b"http_reqs,name=a value=1"));
        assert_eq!(said, format!("204 {version}"));
        let (said, list) = curl(&[wanted, &format!("{url}/runs")], None);
        assert_eq!(said, format!("200 {version}"));
        assert!(list.contains("\"tls.1\""), "{list}");
        // Until the run has ended, a stream has no end either.
        let (_, page) = curl(&[wanted, &format!("{url}/ui/")], None);
        assert!(page.contains("<script"), "{page}");
    }
    let (said, _) = curl(&["--http2", "-X", "POST", &format!("{url}/runs/tls.1/finish")], None);
    assert_eq!(said, "200 2");
    let (said, events) = curl(&["--http2", &format!("{url}/runs/tls.1/events")], None);
    assert!(said == "200 2" && events.contains("event: stop"), "{said}: {events}");
    // Who speaks plain HTTP to it is not served.
    let (said, _) = curl(&[&url.replacen("https", "http", 1)], None);
    assert!(said.starts_with("000"), "{said}");
}

#[test]
fn a_proxy_may_speak_http2_without_tls() {
    let server = Server::start();
    let body = unpacked("k6/shop/k6.json.gz");
    let target = format!("{}/ingest?test=shop&run=a", server.url());
    let h2c = "--http2-prior-knowledge";
    let (said, receipt) = curl(&[h2c, "--data-binary", "@-", &target], Some(&body));
    assert_eq!(said, "200 2", "{receipt}");
    server.finish("shop.a");
    let (said, summary) = curl(&[h2c, &format!("{}/runs/shop.a/summary", server.url())], None);
    assert_eq!(said, "200 2");
    assert_eq!(summary, server.get("/runs/shop.a/summary").text(), "as over HTTP/1.1");
    // A client that sends the beginning of what may become either is waited for, and then served.
    let mut slow = TcpStream::connect(server.address).expect("it listens");
    for piece in
        ["P", "UT /nothing HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"]
    {
        slow.write_all(piece.as_bytes()).expect("it is taken");
        std::thread::sleep(Duration::from_millis(100));
    }
    let mut answer = String::new();
    slow.read_to_string(&mut answer).expect("an answer");
    assert!(answer.starts_with("HTTP/1.1 404"), "{answer}");
}

#[test]
fn a_certificate_that_is_none_is_told_at_the_start() {
    let run = |arguments: &[&str]| {
        let output = crate::harness::server::loadgate()
            .args(["serve", "--listen", "127.0.0.1:0", "--store", "memory:"])
            .args(arguments)
            .output()
            .expect("it starts");
        assert!(!output.status.success());
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    let key = tls("localhost.key").display().to_string();
    let said = run(&["--tls-cert", &key, "--tls-key", &key]);
    assert!(said.contains("localhost.key has no certificate"), "{said}");
    let said = run(&["--tls-cert", &key]);
    assert!(said.contains("--tls-key"), "{said}");
}
