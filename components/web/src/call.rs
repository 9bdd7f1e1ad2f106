//! One request, taken apart: what handlers read of it.

use crate::body::Unread;
use http::uri::{Authority, Scheme};
use http::{HeaderMap, Method, Uri};
use loadgate_http::{Access, Caller, address};

/// A request on its way to its handler.
pub(crate) struct Call {
    pub body: Unread,
    pub method: Method,
    pub headers: HeaderMap,
    query: Vec<(String, String)>,
    /// The server's name and port as the client knows them.
    authority: Option<Authority>,
    /// The client speaks TLS, to us or to a proxy before us.
    pub tls: bool,
}

impl Call {
    pub(crate) fn new(body: Unread, method: Method, uri: &Uri, headers: HeaderMap) -> Self {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        // Hosts keep `Host` from components; this header, which no client can set, has it.
        let full: Option<Uri> = text("spin-full-url").and_then(|url| url.parse().ok());
        let full = full.as_ref().unwrap_or(uri);
        let forwarded = text("x-forwarded-proto").and_then(|proto| proto.split(',').next());
        let tls = forwarded.is_some_and(|proto| proto.trim().eq_ignore_ascii_case("https"))
            || full.scheme() == Some(&Scheme::HTTPS);
        Call {
            body,
            method,
            query: form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes()).into_owned().collect(),
            authority: full.authority().or(uri.authority()).cloned(),
            tls,
            headers,
        }
    }

    /// This server's address, as the client knows it.
    pub(crate) fn server(&self) -> String {
        let scheme = if self.tls { "https" } else { "http" };
        let authority = self.authority.as_ref().map_or("localhost", Authority::as_str);
        format!("{scheme}://{authority}")
    }

    /// Who asks, to be allowed or not.
    pub(crate) fn caller(&self, needed: Access) -> Caller<'_> {
        Caller {
            method: &self.method,
            needed,
            authority: self.authority.as_ref().map(Authority::as_str),
            headers: &self.headers,
            query: &self.query,
        }
    }

    /// A parameter that says something.
    pub(crate) fn param(&self, name: &str) -> Option<&str> {
        let found = self.query.iter().find(|(key, value)| key == name && !value.is_empty());
        found.map(|(_, value)| value.as_str())
    }

    /// Whether a parameter is `1` or `true`.
    pub(crate) fn flag(&self, name: &str) -> bool {
        matches!(self.param(name), Some("1" | "true"))
    }

    /// All parameters, decoded.
    pub(crate) fn query(&self) -> &[(String, String)] {
        &self.query
    }

    /// The parameters as they came, but for those of a name.
    pub(crate) fn query_without(&self, left_out: &str) -> String {
        let kept = self.query.iter().filter(|(name, _)| name != left_out);
        form_urlencoded::Serializer::new(String::new()).extend_pairs(kept).finish()
    }

    /// A header that says something.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok()).filter(|value| !value.is_empty())
    }

    pub(crate) fn sender(&self) -> Sender<'_> {
        Sender {
            named: self.header("x-loadgate-source").or_else(|| self.param("source")),
            peer: self.header("spin-client-addr").unwrap_or("unknown"),
        }
    }
}

/// Who sends a request.
pub(crate) struct Sender<'a> {
    /// The client's own name for itself.
    pub named: Option<&'a str>,
    /// `IP:PORT`, by the host.
    peer: &'a str,
}

impl<'a> Sender<'a> {
    /// What tells one load generator from another.
    pub(crate) fn name(&self) -> &'a str {
        self.named.unwrap_or(self.peer)
    }

    /// What lists show: the name, or the address without its port.
    pub(crate) fn source(&self) -> &'a str {
        self.named.unwrap_or_else(|| address::without_port(self.peer))
    }

    /// The connection of who has no name.
    pub(crate) fn connection(&self) -> &'a str {
        if self.named.is_none() { self.peer } else { "" }
    }
}
