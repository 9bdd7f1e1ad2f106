//! Who gets in: pages from elsewhere, other names for this machine, tokens; and what a server says when it
//! cannot begin.

use crate::harness::fixtures::unpacked;
use crate::harness::redis::Redis;
use crate::harness::server::{Options, Server, loadgate};
use crate::harness::{PATIENCE, fixtures, root, wait_for};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::Output;
use tempfile::TempDir;

fn with<'a>(settings: &'a [(&'a str, &'a str)]) -> Server {
    Server::with(Options { settings, ..Options::default() })
}

/// A server with a live run `x.1`, as one k6 left it.
fn with_run() -> Server {
    let server = with(&[("idle", "10m")]);
    assert_eq!(server.post("/ingest?test=x", &unpacked("k6/short/k6.json.gz")).status, 200);
    wait_for("the run", || server.runs("x").pop());
    server
}

#[test]
fn a_page_from_elsewhere_ends_no_run_and_makes_none() {
    let server = with_run();
    let before = server.summary("x.1");
    let line = b"http_reqs value=1\n";
    let requests: [(&str, &str, &[u8]); 9] = [
        ("POST", "/runs/x.1/finish", b""),
        ("POST", "/tests/x/new-run", b""),
        ("POST", "/write?db=x", line),
        ("POST", "/api/v2/write?bucket=evil", line),
        ("POST", "/ingest?test=evil", b"{}\n"),
        ("GET", "/query?q=CREATE%20DATABASE%20x", b""),
        ("POST", "/query?q=CREATE%20DATABASE%20x", b""),
        ("PATCH", "/runs/x.1", br#"{"label":"evil"}"#),
        ("PUT", "/tests/x/baseline", br#"{"run":"x.1"}"#),
    ];
    let pages: [&[(&str, &str)]; 4] = [
        &[("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "no-cors")],
        &[("sec-fetch-site", "same-site"), ("origin", "http://localhost:3000")],
        &[("origin", "https://evil.example")],
        &[("origin", "null")],
    ];
    for (method, target, body) in requests {
        for headers in pages {
            let answer = server.send(method, target, headers, body);
            assert_eq!(answer.status, 403, "{method} {target} {headers:?}: {}", answer.text());
            assert!(answer.text().contains("another origin"), "{}", answer.text());
        }
    }
    assert_eq!(server.state("x.1"), "live");
    assert!(server.runs("evil").is_empty());
    assert_eq!(server.summary("x.1"), before);

    // The page's own requests, of a browser that says so and of an older one, and a program's.
    let label =
        |headers: &[(&str, &str)]| server.send("PATCH", "/runs/x.1", headers, br#"{"label":"a"}"#).status;
    assert_eq!(label(&[("sec-fetch-site", "same-origin"), ("origin", &server.url())]), 200);
    assert_eq!(label(&[("origin", &server.url())]), 200);
    assert_eq!(label(&[]), 200);
}

#[test]
fn without_a_token_nothing_is_read_or_written_under_a_name_that_is_not_this_machines() {
    let server = with_run();
    let port = server.address.port();
    for target in ["/runs/x.1", "/ui/", "/events?run=x.1", "/report?run=x.1", "/ping"] {
        let evil = format!("evil.example:{port}");
        // What a page could add of itself does not help it.
        let url = format!("http://localhost:{port}/");
        for headers in [
            &[("host", evil.as_str())][..],
            &[("host", &evil), ("spin-full-url", &url), ("x-forwarded-host", "localhost")],
        ] {
            let answer = server.send("GET", target, headers, b"");
            assert_eq!(answer.status, 403, "{target}");
            assert!(answer.text().contains("LOADGATE_HOSTS"), "{}", answer.text());
        }
    }
    for host in
        [format!("localhost:{port}"), "127.0.0.1".to_owned(), format!("[::1]:{port}"), "127.1.2.3".to_owned()]
    {
        assert_eq!(server.send("GET", "/runs/x.1", &[("host", &host)], b"").status, 200, "{host}");
        assert_eq!(
            server.send("POST", "/query?q=CREATE%20DATABASE%20x", &[("host", &host)], b"").status,
            200,
            "{host}"
        );
    }
    let named = [("host", "gate.example")];
    assert_eq!(with(&[("hosts", "gate.example")]).send("GET", "/runs", &named, b"").status, 200);
    let guarded = with(&[("write_token", "s3cret")]);
    assert_eq!(guarded.send("GET", "/runs", &named, b"").status, 200);
    let insecure = Server::with(Options { arguments: &["--insecure-listen"], ..Options::default() });
    assert_eq!(insecure.send("GET", "/runs", &named, b"").status, 200);
}

#[test]
fn pages_that_an_operator_names_may_frame_ours_and_no_others() {
    let framing = |server: &Server, target: &str| {
        let answer = server.send("GET", target, &[], b"");
        assert_eq!(answer.status, 200, "{target}");
        let mut policies = answer.headers.iter().filter(|(name, _)| name == "content-security-policy");
        policies.find(|(_, policy)| policy.starts_with("frame-ancestors")).map(|(_, policy)| policy.clone())
    };
    let named = with(&[("frame_ancestors", "https://grafana.example")]);
    for target in ["/ui/", "/runs", "/healthz"] {
        let told = framing(&named, target);
        if target == "/healthz" {
            assert_eq!(told, None);
        } else {
            assert_eq!(told.as_deref(), Some("frame-ancestors 'self' https://grafana.example"), "{target}");
        }
    }
    let server = with_run();
    for target in ["/ui/", "/report?run=x.1", "/runs/x.1/summary"] {
        assert_eq!(framing(&server, target).as_deref(), Some("frame-ancestors 'none'"), "{target}");
    }
}

#[test]
fn pages_of_allowed_origins_read_and_do_no_more() {
    let server = with(&[("cors_origin", "https://a.example, https://b.example:8443")]);
    let told = |method: &str, target: &str, origin: &str| {
        let answer = server.send(method, target, &[("origin", origin)], b"");
        (answer.status, answer.header("access-control-allow-origin").map(str::to_owned))
    };
    for origin in ["https://a.example", "https://b.example:8443"] {
        assert_eq!(told("GET", "/runs", origin), (200, Some(origin.to_owned())));
        let preflight = server.send(
            "OPTIONS",
            "/runs/x.1",
            &[("origin", origin), ("access-control-request-method", "DELETE")],
            b"",
        );
        assert_eq!(preflight.header("access-control-allow-methods"), Some("GET, HEAD"));
        assert_eq!(told("DELETE", "/runs/x.1", origin), (403, None));
        assert_eq!(told("PATCH", "/runs/x.1", origin), (403, None));
    }
    for origin in ["https://c.example", "https://a.example.evil", "https://b.example"] {
        assert_eq!(told("GET", "/runs", origin), (200, None), "{origin}");
        assert_eq!(told("OPTIONS", "/runs", origin).1, None, "{origin}");
    }
    let preflight = with(&[]).send("OPTIONS", "/runs/x.1", &[("origin", "https://a.example")], b"");
    assert_eq!(preflight.header("access-control-allow-methods"), None, "closed by default");
}

#[test]
fn only_a_token_that_is_one_becomes_a_cookie() {
    let server = with(&[("write_token", "s3cret"), ("read_token", "look")]);
    let garbage = server.get("/ui/?token=garbage");
    assert_eq!((garbage.status, garbage.header("set-cookie")), (401, None));
    assert!(garbage.text().contains("not a token of this server"), "{}", garbage.text());
    for token in ["s3cret", "look"] {
        let target = format!("/ui/?token={token}");
        let page = server.get(&target);
        assert_eq!(page.status, 303);
        let cookie = page.header("set-cookie").expect("a cookie");
        assert!(cookie.contains("HttpOnly") && !cookie.contains("Secure"), "{cookie}");
        let behind_tls = server.send("GET", &target, &[("x-forwarded-proto", "https")], b"");
        assert!(behind_tls.header("set-cookie").expect("a cookie").contains("; Secure"));
    }
    for target in ["/ui/", "/ui/?token=look", "/ui/?token=garbage", "/report?token=look"] {
        assert_eq!(server.get(target).header("referrer-policy"), Some("no-referrer"), "{target}");
    }
    let open = with(&[]).get("/ui/?token=any&run=a.1");
    assert_eq!((open.status, open.header("location")), (303, Some("./?run=a.1")));
    assert_eq!(open.header("set-cookie"), None);
}

/// What `loadgate serve` says when it does not begin.
fn refusal(store: &str, settings: &[(&str, &str)]) -> String {
    let mut command = loadgate();
    command.args(["serve", "--listen", "127.0.0.1:0", "--store", store]);
    for (name, value) in settings {
        command.env(name, value);
    }
    let Output { status, stderr, stdout } = command.output().expect("the program starts");
    assert!(!status.success(), "{store} {settings:?}");
    assert_eq!(String::from_utf8_lossy(&stdout), "", "it never listened");
    String::from_utf8_lossy(&stderr).into_owned()
}

#[test]
fn a_wrong_setting_is_refused_at_the_start_with_its_name_and_what_is_allowed() {
    for (name, value, allowed) in [
        ("LOADGATE_IDLE", "abc", "a duration such as"),
        ("LOADGATE_GRACE", "2", "a duration such as"),
        ("LOADGATE_PERIOD", "500ms", "whole seconds"),
        ("LOADGATE_RETENTION", "many", "a whole number"),
        ("LOADGATE_HOSTS", "http://gate.example/", "names of this server"),
        ("LOADGATE_CORS_ORIGIN", "pages.example", "origins such as"),
    ] {
        let said = refusal("memory:", &[(name, value)]);
        assert!(said.contains(name) && said.contains(value) && said.contains(allowed), "{said}");
    }
}

#[test]
fn a_store_that_cannot_be_used_is_refused_at_the_start_and_no_password_is_shown() {
    let folder = TempDir::new().expect("a folder");
    let text = folder.path().join("notes.txt");
    std::fs::write(&text, "this is no database, however long it may be\n".repeat(100)).expect("a file");
    let missing = folder.path().join("no/such/folder.db");
    for store in [text.as_path(), &missing, folder.path()] {
        let said = refusal(store.to_str().expect("a path is text"), &[]);
        assert!(said.contains(&*store.to_string_lossy()), "{said}");
    }
    let said = refusal("reddis://k6:s3cret@127.0.0.1:6379", &[]);
    assert!(said.contains("`reddis:`") && said.contains("rediss://"), "{said}");
    let nobody = refusal("redis://k6:s3cret@127.0.0.1:1", &[]);
    assert!(nobody.contains("redis://***@127.0.0.1:1"), "{nobody}");
    for said in [said, nobody] {
        assert!(!said.contains("s3cret"), "{said}");
    }
    // One that answers, and takes nothing.
    let redis = Redis::start();
    fill(&redis);
    let full = refusal(&redis.url, &[]);
    assert!(full.contains("cannot be written"), "{full}");
}

/// From now on this Redis is out of memory: it can be read, and not be written.
fn fill(redis: &Redis) {
    let address = redis.url.strip_prefix("redis://").expect("the URL of a Redis");
    let mut stream = TcpStream::connect(address).expect("it listens");
    stream.set_read_timeout(Some(PATIENCE)).expect("a socket has the option");
    stream.write_all(b"CONFIG SET maxmemory 1\r\n").expect("it reads");
    let mut answer = [0; 5];
    stream.read_exact(&mut answer).expect("it answers");
    assert_eq!(&answer, b"+OK\r\n");
}

#[test]
fn a_redis_is_reached_by_tls_when_its_certificate_is_trusted() {
    let redis = Redis::with_tls(&root().join("tests/fixtures/tls"));
    let authority = fixtures::path("tls/authority.pem");
    let mut command = loadgate();
    command
        .args(["serve", "--listen", "127.0.0.1:0", "--store", &redis.url])
        .env("SSL_CERT_FILE", "/dev/null");
    let output = command.output().expect("the program starts");
    assert!(!output.status.success(), "an authority that nobody knows is not trusted");

    let mut command = loadgate();
    let output = command
        .args(["import", "--test", "tls", "--store", &redis.url])
        .arg(fixtures::path("k6/short/k6.json.gz"))
        .env("SSL_CERT_FILE", authority)
        .output()
        .expect("the program starts");
    let said =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.contains("tls.i1"), "{said}");
}
