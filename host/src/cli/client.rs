//! The client of a Loadgate server.

use crate::redact::redacted;
use anyhow::{Context, Result, bail};
use backon::{BlockingRetryable, ConstantBuilder};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use std::io::Read;
use std::time::{Duration, Instant};
use ureq::Agent;
use url::{Host, Url};

/// Answers are quick; a report of a long run takes longest.
const TIMEOUT: Duration = Duration::from_secs(60);
/// A server on this machine answers within this, or is none.
const HELLO_TIMEOUT: Duration = Duration::from_secs(2);

/// What was just sent is folded, and a run's end comes 2 s after its finish, well within this.
pub(super) const SETTLE: Duration = Duration::from_secs(10);

/// The version that InfluxDB clients are told says who answers.
const SIGN: (&str, &str) = ("x-influxdb-version", "loadgate");

#[derive(Clone)]
pub(super) struct Client {
    agent: Agent,
    base: String,
    local: bool,
    /// [`Client::base`] without a password.
    shown: String,
    token: Option<String>,
}

/// What a batch was answered with.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Receipt {
    /// The test, as the server calls it.
    pub test: Option<String>,
    #[serde(default)]
    pub run: Option<String>,
    #[serde(default)]
    pub accepted: u64,
    #[serde(default)]
    pub refused: u64,
    #[serde(default)]
    pub errors: Vec<LineError>,
}

#[derive(Debug, Deserialize)]
pub(super) struct LineError {
    /// From 1, within the batch.
    pub line: u64,
    pub reason: String,
}

/// An answer, whatever its status.
pub(super) struct Answer {
    pub status: u16,
    pub body: Vec<u8>,
}

impl Answer {
    pub(super) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The sentence of a problem document (RFC 9457), else the status.
    pub(super) fn detail(&self) -> String {
        #[derive(Deserialize)]
        struct Problem {
            detail: Option<String>,
            title: Option<String>,
        }
        serde_json::from_slice::<Problem>(&self.body)
            .ok()
            .and_then(|problem| problem.detail.or(problem.title))
            .unwrap_or_else(|| format!("the server answered with status {}", self.status))
    }

    /// The body of a success; an error says what the server said.
    pub(super) fn success(self) -> Result<Vec<u8>> {
        if self.is_success() { Ok(self.body) } else { bail!(self.detail()) }
    }
}

impl Client {
    /// `base` is `http://HOST:PORT`, with or without a slash at its end.
    pub(super) fn new(base: &str, token: Option<String>) -> Result<Self> {
        let base = base.trim_end_matches('/');
        let url =
            Url::parse(base).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
        let Some(url) = url else {
            bail!("{:?} is no URL of a server, such as http://127.0.0.1:5660", redacted(base));
        };
        let agent =
            Agent::config_builder().http_status_as_error(false).timeout_global(Some(TIMEOUT)).build().into();
        Ok(Client {
            agent,
            base: base.to_owned(),
            local: is_local(&url),
            shown: redacted(base),
            token: token.filter(|token| !token.is_empty()),
        })
    }

    /// Whether a Loadgate answers there.
    pub(super) fn check(&self) -> Result<()> {
        let request = http::Request::get(format!("{}/ping", self.base)).body(())?;
        let request = self.agent.configure_request(request).timeout_global(Some(HELLO_TIMEOUT)).build();
        let answer =
            self.agent.run(request).with_context(|| format!("no server answers at {}", self.url()))?;
        let version = answer.headers().get(SIGN.0).and_then(|version| version.to_str().ok());
        if !version.is_some_and(|version| version.contains(SIGN.1)) {
            bail!("what answers at {} is not Loadgate", self.url());
        }
        Ok(())
    }

    /// The server's URL as people may see it: without a password.
    pub(super) fn url(&self) -> &str {
        &self.shown
    }

    /// Whether the server is on this machine.
    pub(super) fn is_local(&self) -> bool {
        self.local
    }

    pub(super) fn get(&self, target: &str) -> Result<Vec<u8>> {
        self.send("GET", target, &[], &[])?.success()
    }

    pub(super) fn post(&self, target: &str) -> Result<Vec<u8>> {
        self.send("POST", target, &[], &[])?.success()
    }

    /// Sends a JSON document.
    pub(super) fn put(&self, target: &str, document: &[u8]) -> Result<()> {
        let json = [("content-type", "application/json")];
        self.send("PUT", target, &json, document)?.success().map(|_| ())
    }

    /// Declares custom metrics of a test, `{"orders": "counter"}`.
    pub(super) fn declare_metrics(&self, test: &str, metrics: &serde_json::Value) -> Result<()> {
        self.put(&format!("/tests/{}/metrics", encoded(test)), metrics.to_string().as_bytes())
    }

    /// Says with what exit code k6 ended a run.
    pub(super) fn tell_outcome(&self, run: &str, exit: u8) -> Result<()> {
        let document = serde_json::json!({ "exit": exit }).to_string();
        self.put(&format!("/runs/{}/outcome", encoded(run)), document.as_bytes())
    }

    /// Ends a run, or a test's newest, and gives its id.
    pub(super) fn finish(&self, run: &str) -> Result<String> {
        finished(&self.post(&format!("/runs/{}/finish", encoded(run)))?)
    }

    /// Ends an import whose samples were accepted a moment ago. It exists as soon as somebody has folded
    /// the first of them, which may be another replica that is just at it.
    pub(super) fn finish_import(&self, run: &str) -> Result<String> {
        retry(SETTLE, || self.finish(run))
    }

    /// Ends the run that a source has sent everything of, in the log of a run or test; gives its id. It
    /// is tried for so long: which run the samples are of may take the server a moment to see.
    pub(super) fn finish_source(&self, target: &str, source: &str, patience: Duration) -> Result<String> {
        let target = format!("/runs/{}/finish?settled=true", encoded(target));
        let source = [("x-loadgate-source", source)];
        retry(patience, || finished(&self.send("POST", &target, &source, &[])?.success()?))
    }

    /// Waits until a finished run has come to its end, which takes the server some 2 s; gives up
    /// silently: all is stored, and whoever looks next folds the rest.
    pub(super) fn settle(&self, run: &str) {
        #[derive(Deserialize)]
        struct Run {
            state: String,
        }
        let deadline = Instant::now() + SETTLE;
        while Instant::now() < deadline {
            let run = self.get(&format!("/runs/{}", encoded(run)));
            match run.ok().and_then(|run| serde_json::from_slice::<Run>(&run).ok()) {
                Some(run) if run.state != "ended" => std::thread::sleep(Duration::from_millis(100)),
                _ => return,
            }
        }
    }

    /// One request.
    ///
    /// # Errors
    ///
    /// When nothing answered; any answer is a success here.
    pub(super) fn send(
        &self,
        method: &str,
        target: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Result<Answer> {
        let mut request = http::Request::builder().method(method).uri(format!("{}{target}", self.base));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(token) = &self.token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        let answer = if body.is_empty() && matches!(method, "GET" | "HEAD") {
            self.agent.run(request.body(())?)
        } else {
            self.agent.run(request.body(body)?)
        };
        let mut answer = answer.with_context(|| format!("{} does not answer", self.shown))?;
        let mut body = Vec::new();
        answer
            .body_mut()
            .as_reader()
            .read_to_end(&mut body)
            .with_context(|| format!("{} broke off its answer", self.shown))?;
        Ok(Answer { status: answer.status().as_u16(), body })
    }
}

fn finished(answer: &[u8]) -> Result<String> {
    #[derive(Deserialize)]
    struct Finished {
        run: String,
    }
    let finished: Finished = serde_json::from_slice(answer).context("the server's answer cannot be read")?;
    Ok(finished.run)
}

/// Tries ten times a second, for so long.
fn retry<T>(patience: Duration, attempt: impl Fn() -> Result<T>) -> Result<T> {
    let deadline = Instant::now() + patience;
    let pauses = ConstantBuilder::new().with_delay(Duration::from_millis(100)).without_max_times();
    attempt.retry(pauses).when(|_| Instant::now() < deadline).call()
}

fn is_local(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// A value for a query string or a part of a path.
pub(super) fn encoded(text: &str) -> String {
    const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');
    utf8_percent_encode(text, RESERVED).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_named_by_a_url() {
        assert_eq!(Client::new("http://127.0.0.1:5660/", None).unwrap().url(), "http://127.0.0.1:5660");
        assert!(Client::new("127.0.0.1:5660", None).is_err());
        assert!(Client::new("http://localhost:1", None).unwrap().is_local());
        assert!(Client::new("http://[::1]:1", None).unwrap().is_local());
        for elsewhere in
            ["https://gate.example", "http://localhost.evil", "http://127.evil.example", "http://u@10.0.0.1"]
        {
            assert!(!Client::new(elsewhere, None).unwrap().is_local(), "{elsewhere}");
        }
        let refused = Client::new("htp://k6:s3cret@gate.example", None).err().unwrap().to_string();
        assert!(!refused.contains("s3cret"), "{refused}");
        let shown = Client::new("http://k6:s3cret@gate.example", None).unwrap();
        assert_eq!(shown.url(), "http://***@gate.example");
    }

    #[test]
    fn an_error_says_what_the_server_said() {
        let answer = |body: &[u8]| Answer { status: 410, body: body.to_vec() };
        let problem = answer(br#"{"status":410,"detail":"the run has ended"}"#);
        assert_eq!(problem.success().unwrap_err().to_string(), "the run has ended");
        assert!(answer(b"<html>").success().unwrap_err().to_string().contains("410"));
    }

    #[test]
    fn what_does_not_fit_a_url_is_encoded() {
        assert_eq!(encoded("shop.1"), "shop.1");
        assert_eq!(encoded("a b/ü&"), "a%20b%2F%C3%BC%26");
    }
}
