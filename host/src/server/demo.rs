//! Plays a recorded k6 run at its real pace, over HTTP, like any client.

use anyhow::{Context, Result};
use flate2::read::GzDecoder;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The recording: stock k6's requests to InfluxDB, and the options of its script.
#[derive(Clone, Copy)]
pub struct Demo {
    /// One JSON object a line, gzipped: see [`Recorded`].
    pub requests: &'static [u8],
    /// The output of `k6 inspect --execution-requirements`.
    pub options: &'static [u8],
    /// The test that the recorded requests name.
    pub test: &'static str,
}

/// One recorded request.
#[derive(Deserialize)]
struct Recorded {
    /// Unix milliseconds.
    at: u64,
    method: String,
    target: String,
    headers: BTreeMap<String, String>,
    body: String,
}

impl Demo {
    /// Sends the recording to the server at `base`; returns when it is over.
    pub(crate) fn play(&self, base: &str, token: Option<&str>) -> Result<()> {
        let agent: ureq::Agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(Duration::from_secs(30)))
            .build()
            .into();
        let send = |method: &str, target: &str, headers: &BTreeMap<String, String>, body: &[u8]| {
            let mut request = http::Request::builder().method(method).uri(format!("{base}{target}"));
            for name in ["user-agent", "content-type"] {
                if let Some(value) = headers.get(name).filter(|value| !value.is_empty()) {
                    request = request.header(name, value);
                }
            }
            if let Some(token) = token {
                request = request.header("authorization", format!("Bearer {token}"));
            }
            let answer = agent.run(request.body(body)?)?;
            if !answer.status().is_success() {
                anyhow::bail!("{method} {target} was answered with {}", answer.status());
            }
            Ok(())
        };
        let declared = send("PUT", &format!("/tests/{}/options", self.test), &BTreeMap::new(), self.options);
        declared.context("the demo's options were refused")?;

        let began = now_ms();
        let mut shift = None;
        for line in BufReader::new(GzDecoder::new(self.requests)).lines() {
            let recorded: Recorded =
                serde_json::from_str(&line?).context("the demo's recording is damaged")?;
            let shift = *shift.get_or_insert(began as i64 - recorded.at as i64);
            let due = recorded.at.saturating_add_signed(shift);
            thread::sleep(Duration::from_millis(due.saturating_sub(now_ms())));
            let body = shifted(&recorded.body, shift * 1_000_000);
            send(&recorded.method, &recorded.target, &recorded.headers, body.as_bytes())?;
        }
        Ok(())
    }
}

fn now_ms() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_millis() as u64)
}

/// InfluxDB lines with the timestamp at the end of each moved by `by` nanoseconds.
fn shifted(lines: &str, by: i64) -> String {
    let mut text = String::with_capacity(lines.len() + 64);
    for line in lines.split_inclusive('\n') {
        let (content, end) = line.strip_suffix('\n').map_or((line, ""), |content| (content, "\n"));
        match content.rsplit_once(' ').and_then(|(rest, time)| Some((rest, time.parse::<i64>().ok()?))) {
            Some((rest, time)) => {
                text.push_str(rest);
                text.push(' ');
                text.push_str(&time.saturating_add(by).to_string());
            }
            None => text.push_str(content),
        }
        text.push_str(end);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::shifted;

    #[test]
    fn only_the_timestamps_at_line_ends_move() {
        let lines = "http_reqs,name=front\\ page url=\"a 1\",value=1 1795221970734639502\n\
                     vus value=1 1795221971721326687\n\nnot a line\n";
        let wanted = "http_reqs,name=front\\ page url=\"a 1\",value=1 1795221971734639502\n\
                      vus value=1 1795221972721326687\n\nnot a line\n";
        assert_eq!(shifted(lines, 1_000_000_000), wanted);
        assert_eq!(shifted(lines, 0), lines);
        assert_eq!(shifted("vus value=1 5", -2), "vus value=1 3");
    }
}
