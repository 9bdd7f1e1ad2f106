//! Whose pages may read, by CORS (WHATWG Fetch, section 3.2), and whose may show ours in a frame (Content Security
//! Policy Level 3, section 6.4.2).

use crate::elsewhere::without_port;
use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN, ORIGIN, VARY,
};
use http::{HeaderMap, HeaderValue, Method};

/// The origins whose pages may do something, besides our own.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Origins {
    any: bool,
    allowed: Vec<String>,
}

impl Origins {
    /// What the setting takes.
    pub const WANTED: &str =
        "origins such as `https://pages.example`, without a path, separated by commas; or `*`";

    /// Reads the setting; empty means none. The error is [`Origins::WANTED`].
    ///
    /// # Errors
    ///
    /// [`Origins::WANTED`], where an origin is none.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let mut origins = Origins::default();
        for origin in text.split(',').map(str::trim).filter(|origin| !origin.is_empty()) {
            if origin == "*" {
                origins.any = true;
                continue;
            }
            let (scheme, authority) = origin.split_once("://").ok_or(Self::WANTED)?;
            let plain =
                |b: u8| b.is_ascii_graphic() && !matches!(b, b'/' | b'?' | b'#' | b'@' | b'*' | b';' | b'\'');
            if scheme.is_empty() || authority.is_empty() || !authority.bytes().all(plain) {
                return Err(Self::WANTED);
            }
            origins.allowed.push(normal(origin));
        }
        Ok(origins)
    }

    /// The policy by which browsers let these pages, and no others, show an answer in a frame.
    pub fn frame_ancestors(&self) -> HeaderValue {
        let whose = match (self.any, self.allowed.is_empty()) {
            (true, _) => "*".to_owned(),
            (false, true) => "'none'".to_owned(),
            (false, false) => format!("'self' {}", self.allowed.join(" ")),
        };
        let policy = format!("frame-ancestors {whose}");
        policy.parse().unwrap_or(HeaderValue::from_static("frame-ancestors 'none'"))
    }

    /// Tells the browser whether the page that asks may read the answer. Changes are never granted.
    pub fn tell(&self, method: &Method, asked: &HeaderMap, answer: &mut HeaderMap) {
        if !matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS) {
            return;
        }
        let granted = if self.any {
            Some(HeaderValue::from_static("*"))
        } else if self.allowed.is_empty() {
            return;
        } else {
            // Also an answer to another origin must not be taken from a cache for this one.
            answer.append(VARY, HeaderValue::from_static("origin"));
            let allowed = |origin: &&HeaderValue| {
                origin.to_str().is_ok_and(|origin| self.allowed.contains(&normal(origin)))
            };
            asked.get(ORIGIN).filter(allowed).cloned()
        };
        let Some(granted) = granted else { return };
        answer.insert(ACCESS_CONTROL_ALLOW_ORIGIN, granted);
        if *method == Method::OPTIONS {
            answer.insert(ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("GET, HEAD"));
            answer.insert(
                ACCESS_CONTROL_ALLOW_HEADERS,
                HeaderValue::from_static("authorization, last-event-id, if-none-match"),
            );
        }
    }
}

fn normal(origin: &str) -> String {
    let origin = origin.to_ascii_lowercase();
    let scheme = origin.split("://").next().unwrap_or_default();
    without_port(scheme, &origin).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(setting: &str, method: Method, origin: Option<&str>) -> HeaderMap {
        let mut asked = HeaderMap::new();
        if let Some(origin) = origin {
            asked.insert(ORIGIN, origin.parse().unwrap());
        }
        let mut answer = HeaderMap::new();
        Origins::parse(setting).unwrap().tell(&method, &asked, &mut answer);
        answer
    }

    #[test]
    fn several_origins_are_matched_one_by_one() {
        let setting = "https://a.example, http://b.example:80";
        for origin in ["https://a.example", "http://b.example"] {
            assert_eq!(told(setting, Method::GET, Some(origin))[ACCESS_CONTROL_ALLOW_ORIGIN], origin);
        }
        for origin in [Some("https://a.example.evil"), Some("http://a.example"), Some("null"), None] {
            let told = told(setting, Method::GET, origin);
            assert!(!told.contains_key(ACCESS_CONTROL_ALLOW_ORIGIN), "{origin:?}");
            assert_eq!(told[VARY], "origin");
        }
        assert_eq!(told("*", Method::GET, None)[ACCESS_CONTROL_ALLOW_ORIGIN], "*");
        assert!(told("", Method::GET, Some("https://a.example")).is_empty());
    }

    #[test]
    fn nothing_but_reading_is_granted() {
        for setting in ["*", "https://a.example"] {
            let preflight = told(setting, Method::OPTIONS, Some("https://a.example"));
            assert_eq!(preflight[ACCESS_CONTROL_ALLOW_METHODS], "GET, HEAD");
            for method in [Method::POST, Method::DELETE, Method::PATCH] {
                assert!(told(setting, method, Some("https://a.example")).is_empty());
            }
        }
    }

    #[test]
    fn frames_are_for_those_who_are_named() {
        let told = |setting| Origins::parse(setting).unwrap().frame_ancestors();
        assert_eq!(told(""), "frame-ancestors 'none'");
        assert_eq!(told("*"), "frame-ancestors *");
        let two = told("https://Grafana.example, http://10.0.0.7:3000");
        assert_eq!(two, "frame-ancestors 'self' https://grafana.example http://10.0.0.7:3000");
        // One setting must not become more than one policy.
        assert_eq!(Origins::parse("https://a;script-src"), Err(Origins::WANTED));
    }

    #[test]
    fn what_is_no_list_of_origins_is_refused() {
        for text in ["a.example", "https://", "https://a/", "https://a b", "https://*.a", "null"] {
            assert_eq!(Origins::parse(text), Err(Origins::WANTED), "{text:?}");
        }
    }
}
