//! What there is to ask for over HTTP ([`Found`]), and who may ask: one decision per request, before anything
//! else is done with it.
//!
//! Three questions, in this order:
//!
//! 1. Is the request meant for this server ([`Hosts`])? A page whose own name was made to point here (DNS
//!    rebinding) reaches a server without tokens from inside a browser, but cannot hide that name.
//! 2. Does a page from elsewhere change something ([`elsewhere`])? Browsers say where a request comes from;
//!    load generators are no browsers and say nothing.
//! 3. Does it carry the token that is asked for ([`Tokens`])?
//!
//! Whose pages may read, or show ours in a frame, is told to browsers by [`Origins`].
//!
//! Beside these stands what else of HTTP needs no host and can be tested without one.

#![forbid(unsafe_code)]
#![warn(missing_docs, clippy::missing_errors_doc)]
// Tests of a module share freely among themselves.
#![cfg_attr(not(test), warn(unreachable_pub))]

mod accept;
pub mod address;
mod elsewhere;
mod encoding;
mod frame;
mod hosts;
mod origins;
mod routes;
mod tokens;

pub use self::accept::preferred;
pub use self::encoding::accepts_gzip;
pub use self::frame::{Frame, comment};
pub use self::hosts::Hosts;
pub use self::origins::Origins;
pub use self::routes::{Found, Route};
pub use self::tokens::{Tokens, cookie};

use http::{HeaderMap, Method, StatusCode};
use thiserror::Error;

/// What the operator allows.
#[derive(Debug, Clone, Default)]
pub struct Policy {
    /// Who may write, who may read.
    pub tokens: Tokens,
    /// Names by which the server may be reached while nobody needs a token to write.
    pub hosts: Hosts,
    /// Whose pages may read.
    pub origins: Origins,
    /// Whose pages may show ours in a frame.
    pub frames: Origins,
}

/// What is known of who asks, and for what.
pub struct Caller<'a> {
    /// Whether it may change something.
    pub method: &'a Method,
    /// What the request needs, by [`Found::at`].
    pub needed: Access,
    /// The server's name and port as the client knows them.
    pub authority: Option<&'a str>,
    /// They may carry a token, and say which page asks.
    pub headers: &'a HeaderMap,
    /// Decoded; it may carry a token.
    pub query: &'a [(String, String)],
}

/// What a request needs to be allowed to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Pages, schemas, and whether anybody is there.
    Nothing,
    /// To see runs; the write token is good for it, too.
    Read,
    /// To send data, and to change or delete.
    Write,
}

/// Why a request is refused. The text is a sentence for who reads the answer.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Refusal {
    /// The name by which the server was reached.
    #[error(
        "without a write token this server answers only to localhost, not to {0:?}; the setting \
         LOADGATE_HOSTS (under Spin the variable `hosts`) takes more names"
    )]
    Host(String),
    /// A browser says that a page of another origin asks.
    #[error(
        "a page from another origin asks for a change, which only this server's own pages and programs may"
    )]
    Elsewhere,
    #[error("{}", match .0 {
        Access::Write => "this server takes data only with its write token (Authorization: Bearer TOKEN, in an \
                          InfluxDB URL the password)",
        _ => "this server shows its runs only with a token; open /ui/?token=TOKEN in a browser",
    })]
    /// No token, or not one that allows this.
    Token(Access),
}

impl Refusal {
    /// 403, or 401 where a token would help.
    pub fn status(&self) -> StatusCode {
        match self {
            Refusal::Host(_) | Refusal::Elsewhere => StatusCode::FORBIDDEN,
            Refusal::Token(_) => StatusCode::UNAUTHORIZED,
        }
    }
}

impl Policy {
    /// Whether the request may be answered at all.
    ///
    /// # Errors
    ///
    /// The first of the three questions that is answered by no.
    pub fn check(&self, caller: &Caller) -> Result<(), Refusal> {
        if !self.tokens.guard_writing() && !self.hosts.take(caller.authority) {
            return Err(Refusal::Host(caller.authority.unwrap_or_default().to_owned()));
        }
        let reads = matches!(*caller.method, Method::GET | Method::HEAD | Method::OPTIONS);
        let changes = !reads || caller.needed == Access::Write;
        if changes && elsewhere::says_so(caller.headers, caller.authority) {
            return Err(Refusal::Elsewhere);
        }
        if !self.tokens.allow(caller.needed, caller.headers, caller.query) {
            return Err(Refusal::Token(caller.needed));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(policy: &Policy, line: &str, headers: &[(&'static str, &str)]) -> Result<(), StatusCode> {
        let (method, path) = line.split_once(' ').unwrap();
        let headers = headers.iter().map(|(name, value)| {
            (http::HeaderName::from_static(name), http::HeaderValue::from_str(value).unwrap())
        });
        let headers: HeaderMap = headers.collect();
        let authority = headers.get("host").map_or("localhost:5660", |host| host.to_str().unwrap());
        let method: Method = method.parse().unwrap();
        let caller = Caller {
            method: &method,
            needed: Found::at(&method, path).1,
            authority: Some(authority),
            headers: &headers,
            query: &[],
        };
        policy.check(&caller).map_err(|refusal| refusal.status())
    }

    const CHANGES: [&str; 9] = [
        "POST /write",
        "POST /a/prefix/write",
        "POST /api/v2/write",
        "GET /query",
        "POST /ingest",
        "POST /runs/x.1/finish",
        "DELETE /runs/x.1",
        "PUT /tests/x/options",
        "POST /not/there/yet",
    ];

    #[test]
    fn a_page_from_elsewhere_changes_nothing_whatever_else_it_says() {
        let refused = Err(StatusCode::FORBIDDEN);
        let with_token = Policy {
            tokens: Tokens { write: "s3cret".to_owned(), read: String::new() },
            ..Policy::default()
        };
        for line in CHANGES {
            let open = |headers: &[_]| check(&Policy::default(), line, headers);
            assert_eq!(open(&[]), Ok(()), "{line}: load generators say nothing");
            for site in ["cross-site", "same-site"] {
                assert_eq!(open(&[("sec-fetch-site", site)]), refused, "{line} {site}");
                let same = [("sec-fetch-site", site), ("origin", "http://localhost:5660")];
                assert_eq!(open(&same), refused, "{line}: the browser's word goes first");
            }
            for site in ["same-origin", "none"] {
                assert_eq!(open(&[("sec-fetch-site", site)]), Ok(()), "{line} {site}");
            }
            for origin in ["http://evil.example", "null", "http://localhost:3000", "http://localhost"] {
                assert_eq!(open(&[("origin", origin)]), refused, "{line} {origin}");
            }
            assert_eq!(open(&[("origin", "http://localhost:5660")]), Ok(()), "{line}");
            let known = [("authorization", "Bearer s3cret"), ("origin", "http://evil.example")];
            assert_eq!(check(&with_token, line, &known), refused, "{line}: a token is no excuse");
        }
        for line in ["GET /runs", "GET /ui/", "OPTIONS /runs/x.1", "HEAD /events", "GET /report"] {
            assert_eq!(
                check(&Policy::default(), line, &[("sec-fetch-site", "cross-site")]),
                Ok(()),
                "{line}"
            );
        }
    }

    #[test]
    fn without_a_write_token_only_this_machines_names_and_those_of_the_setting_are_answered_to() {
        let open = Policy::default();
        let named = Policy { hosts: Hosts::parse("Gate.example, 10.0.0.7").unwrap(), ..Policy::default() };
        let any = Policy { hosts: Hosts::parse("*").unwrap(), ..Policy::default() };
        let guarded = Policy {
            tokens: Tokens { write: "s3cret".to_owned(), read: String::new() },
            ..Policy::default()
        };
        let half =
            Policy { tokens: Tokens { write: String::new(), read: "look".to_owned() }, ..Policy::default() };
        for line in ["GET /ui/", "GET /runs", "POST /write", "GET /ping", "OPTIONS /runs"] {
            for host in
                ["evil.example", "gate.example:5660", "10.0.0.7", "localhost.evil.example", "127.evil"]
            {
                let refused = Err(StatusCode::FORBIDDEN);
                assert_eq!(check(&open, line, &[("host", host)]), refused, "{line} {host}");
                assert_eq!(check(&half, line, &[("host", host)]), refused, "{line} {host}");
                assert_ne!(check(&any, line, &[("host", host)]), refused, "{line} {host}");
                assert_ne!(check(&guarded, line, &[("host", host)]), refused, "{line} {host}");
            }
            for host in
                ["localhost", "LOCALHOST:80", "127.0.0.1:5660", "127.8.9.1", "[::1]:5660", "localhost."]
            {
                assert_eq!(check(&open, line, &[("host", host)]), Ok(()), "{line} {host}");
            }
            for host in ["gate.example:5660", "GATE.example", "10.0.0.7:80", "localhost"] {
                assert_eq!(check(&named, line, &[("host", host)]), Ok(()), "{line} {host}");
            }
        }
    }

    #[test]
    fn every_path_asks_for_the_token_of_what_it_does() {
        let policy = Policy {
            tokens: Tokens { write: "s3cret".to_owned(), read: "look".to_owned() },
            ..Policy::default()
        };
        let refused = Err(StatusCode::UNAUTHORIZED);
        for line in CHANGES {
            assert_eq!(check(&policy, line, &[]), refused, "{line}");
            assert_eq!(check(&policy, line, &[("authorization", "Bearer look")]), refused, "{line}");
            assert_eq!(check(&policy, line, &[("authorization", "Bearer s3cret")]), Ok(()), "{line}");
        }
        for line in
            ["GET /runs", "HEAD /events", "GET /report", "GET /runs/x.1/rows", "GET /tests/x/dashboard"]
        {
            assert_eq!(check(&policy, line, &[]), refused, "{line}");
            for token in ["look", "s3cret"] {
                let value = format!("Bearer {token}");
                assert_eq!(check(&policy, line, &[("authorization", &value)]), Ok(()), "{line} {token}");
            }
        }
        for line in ["GET /", "GET /ui/app.js", "GET /ping", "GET /events/schema.json", "OPTIONS /runs"] {
            assert_eq!(check(&policy, line, &[]), Ok(()), "{line}");
        }
    }
}
