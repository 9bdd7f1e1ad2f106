//! Which encodings a client reads.

use crate::accept::weighed;
use http::HeaderMap;
use http::header::ACCEPT_ENCODING;

/// Whether the client reads gzip (RFC 9110, section 12.5.3): what is said of gzip itself counts before what is
/// said of all codings (`*`), and a weight of 0 says that it does not.
pub fn accepts_gzip(headers: &HeaderMap) -> bool {
    let offers = headers.get_all(ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    let offers: Vec<(&str, f32)> = offers.flat_map(|value| value.split(',')).map(weighed).collect();
    let weight = |wanted: &[&str]| {
        let said = |coding: &str| wanted.iter().any(|name| name.eq_ignore_ascii_case(coding));
        offers.iter().find(|(coding, _)| said(coding)).map(|(_, weight)| *weight)
    };
    weight(&["gzip", "x-gzip"]).or(weight(&["*"])).is_some_and(|weight| weight > 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gzip_is_sent_to_who_asks_for_it() {
        for (offer, read) in [
            ("gzip, deflate, br", true),
            ("br;q=1.0, gzip;q=0.5", true),
            ("*", true),
            ("gzip;q=0", false),
            ("gzip;q=0, *", false),
            ("*, gzip;q=0", false),
            ("*;q=0, gzip;q=0.1", true),
            ("*;q=0", false),
            ("GZIP", true),
            ("identity", false),
            ("", false),
        ] {
            let headers = HeaderMap::from_iter([(ACCEPT_ENCODING, offer.parse().unwrap())]);
            assert_eq!(accepts_gzip(&headers), read, "{offer:?}");
        }
        assert!(!accepts_gzip(&HeaderMap::new()));
    }
}
