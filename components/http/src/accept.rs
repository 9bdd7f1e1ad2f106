//! Which form of a document a client wants.

use http::HeaderMap;
use http::header::ACCEPT;

/// The offered type that the client wants most (RFC 9110, section 12.5.1); of equals the first offered, and the
/// first where the client does not say, or wants none of them.
pub fn preferred<'a>(headers: &HeaderMap, offered: &[&'a str]) -> &'a str {
    let accept: Vec<&str> = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok()).collect();
    let wanted: Vec<(&str, f32)> = accept.iter().flat_map(|value| value.split(',')).map(weighed).collect();
    let mut best = (offered.first().copied().unwrap_or_default(), 0.0);
    for offer in offered {
        // What names it most closely says how much it is wanted.
        let closest = wanted.iter().filter_map(|(range, weight)| Some((closeness(range, offer)?, *weight)));
        let weight = closest.max_by_key(|(closeness, _)| *closeness).map_or(0.0, |(_, weight)| weight);
        if weight > best.1 {
            best = (offer, weight);
        }
    }
    best.0
}

/// An offer of a header such as `Accept`, and how much it is wanted.
pub(crate) fn weighed(range: &str) -> (&str, f32) {
    let mut parts = range.split(';').map(str::trim);
    let name = parts.next().unwrap_or_default();
    let weight = parts.find_map(|part| part.strip_prefix("q=")).and_then(|weight| weight.parse().ok());
    (name, weight.unwrap_or(1.0))
}

fn closeness(range: &str, offer: &str) -> Option<u8> {
    if range.eq_ignore_ascii_case(offer) {
        return Some(2);
    }
    let kind = range.strip_suffix("/*")?;
    if kind == "*" {
        return Some(0);
    }
    offer.split('/').next().is_some_and(|own| own.eq_ignore_ascii_case(kind)).then_some(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_wanted_form_is_sent() {
        const OFFERED: [&str; 4] = ["application/json", "application/xml", "text/markdown", "text/html"];
        let browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
        for (accept, sent) in [
            ("", "application/json"),
            ("*/*", "application/json"),
            ("application/xml", "application/xml"),
            ("Application/XML;q=0.5", "application/xml"),
            ("text/*", "text/markdown"),
            ("text/*;q=0.1, application/xml;q=0.2", "application/xml"),
            ("application/json;q=0, */*;q=0.1", "application/xml"),
            ("image/png", "application/json"),
            (browser, "text/html"),
        ] {
            let headers = HeaderMap::from_iter([(ACCEPT, accept.parse().unwrap())]);
            assert_eq!(preferred(&headers, &OFFERED), sent, "{accept:?}");
        }
        assert_eq!(preferred(&HeaderMap::new(), &OFFERED), "application/json");
    }
}
