//! Where a browser says that a request comes from.

use http::HeaderMap;
use http::header::ORIGIN;

/// Whether the request comes from a page of another origin, by `Sec-Fetch-Site` (Fetch Metadata), which
/// pages cannot forge, else by `Origin` (RFC 6454). Neither: no browser.
pub(crate) fn says_so(headers: &HeaderMap, authority: Option<&str>) -> bool {
    if let Some(site) = headers.get("sec-fetch-site") {
        return !matches!(site.as_bytes(), b"same-origin" | b"none");
    }
    let Some(origin) = headers.get(ORIGIN) else { return false };
    let Some((scheme, from)) = origin.to_str().ok().and_then(|origin| origin.split_once("://")) else {
        return true; // `null`, of a file or a sandbox
    };
    // Behind a proxy the name that the browser knows stands here; a page from elsewhere cannot set it
    // without asking first, which is not granted.
    let forwarded = headers.get("x-forwarded-host").and_then(|host| host.to_str().ok());
    ![authority, forwarded]
        .into_iter()
        .flatten()
        .any(|here| without_port(scheme, here).eq_ignore_ascii_case(without_port(scheme, from)))
}

/// An authority without the port that its scheme implies.
pub(crate) fn without_port<'a>(scheme: &str, authority: &'a str) -> &'a str {
    let port = match scheme {
        "http" => ":80",
        "https" => ":443",
        _ => return authority,
    };
    authority.strip_suffix(port).unwrap_or(authority)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_compared_with_the_name_that_the_browser_used() {
        let elsewhere = |origin: &str, authority: &str, forwarded: Option<&str>| {
            let mut headers = HeaderMap::new();
            headers.insert(ORIGIN, origin.parse().unwrap());
            if let Some(host) = forwarded {
                headers.insert("x-forwarded-host", host.parse().unwrap());
            }
            says_so(&headers, Some(authority))
        };
        assert!(!elsewhere("https://gate.example", "gate.example", None));
        assert!(!elsewhere("https://gate.example", "gate.example:443", None));
        assert!(!elsewhere("http://gate.example", "Gate.Example:80", None));
        assert!(elsewhere("http://gate.example", "gate.example:443", None));
        assert!(elsewhere("https://gate.example:80", "gate.example", None));
        assert!(!elsewhere("https://gate.example", "127.0.0.1:5660", Some("gate.example")));
        assert!(elsewhere("https://other.example", "127.0.0.1:5660", Some("gate.example")));
    }
}
