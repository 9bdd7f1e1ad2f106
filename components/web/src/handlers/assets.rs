//! Static assets: the pages, read from the files that the host mounts.

use crate::reply::{self, Reply};
use headers::{HeaderMapExt, IfNoneMatch};
use http::header::{
    CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, ETAG, VARY, X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderMap, HeaderValue, StatusCode};
use std::path::Path;

/// No script, style or connection but our own; nothing inline.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
    img-src 'self' data:; base-uri 'none'; form-action 'none'";

/// The template of the report, as the build left it.
pub(crate) fn report_template() -> Option<String> {
    std::fs::read_to_string("/report.html").ok()
}

/// A file below `/ui/`. `path` is what stands behind it in the URL, still encoded: names with
/// anything but letters, digits, `.`, `-` and `_` do not exist, so no path leaves the folder.
pub(crate) fn serve(path: &str, headers: &HeaderMap) -> Reply {
    let path = if path.is_empty() { "index.html" } else { path };
    let plain = path.split('/').all(|part| {
        !part.starts_with('.')
            && !part.is_empty()
            && part.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_'))
    });
    let read = |path: &str| plain.then(|| std::fs::read(Path::new("/ui").join(path)).ok()).flatten();
    // The build leaves each file compressed beside it.
    let compressed = loadgate_http::accepts_gzip(headers).then(|| read(&format!("{path}.gz"))).flatten();
    let encoded = compressed.is_some();
    let Some(bytes) = compressed.or_else(|| read(path)) else {
        return reply::problem(StatusCode::NOT_FOUND, "there is no such page");
    };
    let content_type = match path.rsplit_once('.').map_or("", |(_, extension)| extension) {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "json" | "map" => "application/json",
        _ => "application/octet-stream",
    };
    let tag = entity_tag(&bytes);
    let asked: Option<IfNoneMatch> = headers.typed_get();
    let known = asked.zip(tag.parse().ok()).is_some_and(|(asked, tag)| !asked.precondition_passes(&tag));
    let mut answer = if known {
        reply::empty(StatusCode::NOT_MODIFIED)
    } else {
        reply::body(StatusCode::OK, content_type, bytes)
    };
    let out = answer.headers_mut();
    out.insert(VARY, HeaderValue::from_static("accept-encoding"));
    if encoded && !known {
        out.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    out.insert(ETAG, HeaderValue::from_str(&tag).unwrap_or(HeaderValue::from_static("\"\"")));
    out.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    out.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    out.insert(
        CACHE_CONTROL,
        HeaderValue::from_static(if hashed(path) {
            "public, max-age=31536000, immutable"
        } else {
            "no-cache"
        }),
    );
    answer
}

/// A file whose name carries a hash of its content (`app.0a1b2c3d.js`) never changes.
fn hashed(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.split('.')
        .rev()
        .nth(1)
        .is_some_and(|part| part.len() >= 8 && part.bytes().all(|b| b.is_ascii_hexdigit()))
}

fn entity_tag(bytes: &[u8]) -> String {
    // FNV-1a, 64 bits: only tells versions of one file apart.
    let hash = bytes.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3)
    });
    format!("\"{hash:016x}\"")
}
