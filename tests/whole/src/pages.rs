//! The pages as files: small, compressed, cached.

use crate::harness::server::Server;
use std::collections::BTreeSet;

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
