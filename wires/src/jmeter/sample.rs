//! What a sample of JMeter's comes to, wherever it was read.

use crate::{Point, Summed, Wrong};
use loadgate_documents::{Contains, MetricKind, MetricType, builtin};
use std::borrow::Cow;

/// Text of a tag that is longer is cut.
pub(super) const TEXT_BYTES: usize = 1_024;

/// What a transaction controller's sample has as its message.
const TRANSACTION: &str = "Number of samples in transaction : ";

/// Before codes and messages where no response came.
pub(super) const NO_RESPONSE: [&str; 2] = ["Non HTTP response code: ", "Non HTTP response message: "];

/// A `sampleResult`: times in milliseconds, text as the file has it, `None` where it was not saved.
#[derive(Debug, Default)]
pub(super) struct Sample<'a> {
    pub(super) start_ms: i64,
    pub(super) elapsed_ms: i64,
    /// Paused within: not part of `elapsed_ms`.
    pub(super) idle_ms: i64,
    pub(super) latency_ms: Option<i64>,
    pub(super) connect_ms: Option<i64>,
    pub(super) label: Cow<'a, str>,
    pub(super) code: Cow<'a, str>,
    pub(super) message: Cow<'a, str>,
    /// Of an assertion.
    pub(super) failure: Cow<'a, str>,
    pub(super) thread: Cow<'a, str>,
    pub(super) data_type: Cow<'a, str>,
    pub(super) url: Cow<'a, str>,
    pub(super) method: Cow<'a, str>,
    pub(super) success: Option<bool>,
    pub(super) received: Option<i64>,
    pub(super) sent: Option<i64>,
    /// Active threads of all groups.
    pub(super) threads: Option<i64>,
    /// Samples that are summed up in it, and how many of them failed.
    pub(super) summed: Option<(i64, i64)>,
}

/// Whether a transaction controller made a sample.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Transaction {
    Yes,
    No,
    /// One that ended early has no message, and some samplers have none either.
    Unclear,
}

impl Sample<'_> {
    /// Itself, if nanoseconds can hold its end.
    ///
    /// # Errors
    ///
    /// Where they cannot.
    pub(super) fn dated(self) -> Result<Self, Wrong> {
        match self.time_ns() {
            Some(_) => Ok(self),
            None => Err(Wrong::new("the sample ends beyond the year 2262")),
        }
    }

    /// When it ended.
    pub(super) fn end_ms(&self) -> i64 {
        self.start_ms.saturating_add(self.elapsed_ms).saturating_add(self.idle_ms)
    }

    pub(super) fn transaction(&self) -> Transaction {
        let bare = self.data_type.is_empty() && matches!(&*self.url, "" | "null");
        match bare {
            true if self.message.starts_with(TRANSACTION) => Transaction::Yes,
            true if self.message.is_empty() => Transaction::Unclear,
            _ => Transaction::No,
        }
    }

    /// As the file says; where it does not, by the code, as HTTP has it.
    fn failed(&self) -> Option<bool> {
        match (self.success, &*self.code) {
            (Some(success), _) => Some(!success),
            (None, "") => None,
            (None, code) => Some(!matches!(code.parse(), Ok(100_u16..400))),
        }
    }

    /// Points of a request, which stands in a group (`::outer::inner`) where there is one.
    pub(super) fn request(&self, group: &str) -> Vec<Point> {
        let tags = self.tags(group);
        let mut points = self.timed(&tags, ["http_req_duration", "http_req_failed"]);
        let count = self.summed.map_or(1, |(count, _)| count);
        points.push(self.counted("http_reqs", tags.clone(), count, count));
        if self.summed.is_none() {
            if let Some(connect) = self.connect_ms {
                points.push(self.point("http_req_connecting", tags.clone(), connect));
            }
            // A latency of 0 is one that was not measured.
            if let Some(latency) = self.latency_ms.filter(|&latency| latency > 0) {
                let waiting = (latency - self.connect_ms.unwrap_or(0)).max(0);
                points.push(self.point("http_req_waiting", tags.clone(), waiting));
            }
        }
        for (metric, bytes) in [("data_received", self.received), ("data_sent", self.sent)] {
            if let Some(bytes) = bytes {
                points.push(self.counted(metric, tags.clone(), bytes, count));
            }
        }
        points
    }

    /// Points of what another sample contains.
    pub(super) fn part(&self, group: &str) -> Vec<Point> {
        let tags = self.tags(group);
        let mut points = self.timed(&tags, ["jmeter_part_duration", "jmeter_part_failed"]);
        if let Some(bytes) = self.received {
            points.push(self.counted("jmeter_part_received", tags, bytes, 1));
        }
        points
    }

    /// Points of a transaction, which is the last in `group`.
    pub(super) fn transaction_points(&self, group: &str) -> Vec<Point> {
        let mut tags = Vec::new();
        push_tag(&mut tags, "group", group);
        push_tag(&mut tags, "scenario", thread_group(&self.thread));
        let mut points = vec![self.point("group_duration", tags.clone(), self.elapsed_ms)];
        if let Some(failed) = self.failed() {
            points.push(self.point("jmeter_transaction_failed", tags, i64::from(failed)));
        }
        points
    }

    /// How many threads there were when it ended.
    pub(super) fn vus(&self) -> Option<Point> {
        let threads = self.threads?;
        Some(self.point("vus", Vec::new(), threads))
    }

    fn timed(&self, tags: &[(String, String)], [duration, failed]: [&'static str; 2]) -> Vec<Point> {
        let mut points = Vec::with_capacity(7);
        match self.summed {
            None => {
                if let Some(fails) = self.failed() {
                    points.push(self.point(failed, tags.to_vec(), i64::from(fails)));
                }
                points.push(self.point(duration, tags.to_vec(), self.elapsed_ms));
            }
            Some((count, errors)) => {
                let sum = |nonzero: i64, sum: i64| Summed {
                    count: count as u64,
                    nonzero: nonzero as u64,
                    sum: sum as f64,
                    ..Summed::default()
                };
                points.push(self.interval(failed, tags.to_vec(), sum(errors, errors)));
                points.push(self.interval(duration, tags.to_vec(), sum(count, self.elapsed_ms)));
            }
        }
        points
    }

    fn tags(&self, group: &str) -> Vec<(String, String)> {
        let mut tags = Vec::with_capacity(9);
        push_tag(&mut tags, "name", &self.label);
        push_tag(&mut tags, "group", group);
        push_tag(&mut tags, "scenario", thread_group(&self.thread));
        push_tag(&mut tags, "method", &self.method);
        if self.url != "null" {
            push_tag(&mut tags, "url", &self.url);
        }
        let numeric = self.code.bytes().all(|b| b.is_ascii_digit());
        if numeric {
            push_tag(&mut tags, "status", &self.code);
        }
        let Some(failed) = self.failed() else { return tags };
        push_tag(&mut tags, "expected_response", if failed { "false" } else { "true" });
        if failed {
            let message = if self.failure.is_empty() { &self.message } else { &self.failure };
            push_tag(&mut tags, "error", without(message, NO_RESPONSE[1]));
            if !numeric {
                push_tag(&mut tags, "error_code", exception(&self.code));
            }
        }
        tags
    }

    fn point(&self, metric: &'static str, tags: Vec<(String, String)>, value: i64) -> Point {
        Point::sample(metric, Some(kind(metric)), tags, self.time_ns(), value as f64)
    }

    fn interval(&self, metric: &'static str, tags: Vec<(String, String)>, sum: Summed) -> Point {
        Point::interval(metric, Some(kind(metric)), tags, self.time_ns(), 0, sum)
    }

    /// A counter of one sample, or of those that are summed up in it.
    fn counted(&self, metric: &'static str, tags: Vec<(String, String)>, value: i64, count: i64) -> Point {
        match self.summed {
            None => self.point(metric, tags, value),
            Some(_) => {
                let count = count as u64;
                let nonzero = if value == 0 { 0 } else { count };
                let sum = Summed { count, nonzero, sum: value as f64, ..Summed::default() };
                self.interval(metric, tags, sum)
            }
        }
    }

    fn time_ns(&self) -> Option<i64> {
        self.end_ms().checked_mul(1_000_000)
    }
}

/// Of k6's metrics and of the ones of JMeter's own.
pub(super) fn kind(metric: &str) -> MetricKind {
    use Contains::{Data, Default, Time};
    use MetricType::{Counter, Gauge, Rate, Trend};

    let of = |metric_type, contains| MetricKind { metric_type, contains };
    match metric {
        "jmeter_part_duration" => of(Trend, Time),
        "jmeter_part_failed" | "jmeter_transaction_failed" => of(Rate, Default),
        "jmeter_part_received" => of(Counter, Data),
        _ => builtin(metric).unwrap_or(of(Gauge, Default)),
    }
}

/// A time in unix ms.
///
/// # Errors
///
/// Where it is none that nanoseconds can hold, or is none at all.
pub(super) fn time_ms(text: &str) -> Result<i64, Wrong> {
    let time = text.parse().ok().filter(|time: &i64| (0..=i64::MAX / 1_000_000).contains(time));
    time.ok_or_else(|| Wrong::quoting("`timeStamp` is not in milliseconds since 1970", text.as_bytes()))
}

/// A number of milliseconds, bytes or samples, up to some 10^14: no sum of such overflows.
///
/// # Errors
///
/// Where it is none.
pub(super) fn number(name: &str, text: &str) -> Result<Option<i64>, Wrong> {
    if text.is_empty() {
        return Ok(None);
    }
    let number = text.parse().ok().filter(|number: &i64| (0..1 << 47).contains(number));
    number.map(Some).ok_or_else(|| {
        Wrong::quoting(format!("`{name}` is not a whole number that is 0 or more"), text.as_bytes())
    })
}

/// Whether a sampler succeeded.
///
/// # Errors
///
/// Where it is neither `true` nor `false`.
pub(super) fn success(name: &str, text: &str) -> Result<Option<bool>, Wrong> {
    match text {
        "" => Ok(None),
        _ if text.eq_ignore_ascii_case("true") => Ok(Some(true)),
        _ if text.eq_ignore_ascii_case("false") => Ok(Some(false)),
        _ => Err(Wrong::quoting(format!("`{name}` is neither `true` nor `false`"), text.as_bytes())),
    }
}

/// A group within another; no longer than a tag may be.
pub(super) fn within(outer: &str, label: &str) -> String {
    shortened(&format!("{outer}::{label}")).into_owned()
}

/// `Browse 1-2` and, of a remote host, `10.0.0.7:1099-Browse 1-2` are threads of `Browse`.
pub(super) fn thread_group(thread: &str) -> &str {
    let numbers = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let group = match thread.rsplit_once(' ') {
        Some((group, last)) if last.split_once('-').is_some_and(|(a, b)| numbers(a) && numbers(b)) => group,
        _ => thread,
    };
    match group.split_once(':').and_then(|(_, rest)| rest.split_once('-')) {
        Some((port, rest)) if numbers(port) => rest,
        _ => group,
    }
}

/// Adds a tag, unless it says nothing.
pub(super) fn push_tag(tags: &mut Vec<(String, String)>, key: &str, value: &str) {
    if !value.is_empty() {
        let control = |c: char| c.is_control() && !matches!(c, '\t' | '\n' | '\r');
        let mut value = shortened(value).into_owned();
        if value.contains(control) {
            value = value.replace(control, "\u{fffd}");
        }
        tags.push((key.to_owned(), value));
    }
}

pub(super) fn shortened(text: &str) -> Cow<'_, str> {
    if text.len() <= TEXT_BYTES {
        return Cow::Borrowed(text);
    }
    Cow::Owned(format!("{}…", &text[..text.floor_char_boundary(TEXT_BYTES - '…'.len_utf8())]))
}

pub(super) fn without<'a>(text: &'a str, prefix: &str) -> &'a str {
    text.strip_prefix(prefix).unwrap_or(text)
}

/// The exception's name without its package.
pub(super) fn exception(code: &str) -> &str {
    let Some(class) = code.strip_prefix(NO_RESPONSE[0]) else { return code };
    class.rsplit_once('.').map_or(class, |(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_s_name_tells_its_group() {
        for (thread, group) in [
            ("Browse 1-2", "Browse"),
            ("setUp Thread Group 12-345", "setUp Thread Group"),
            ("10.0.0.7:1099-Browse - all 1-2", "Browse - all"),
            ("main", "main"),
            ("Phase: 1-a", "Phase: 1-a"),
            ("a:5-b 1-", "b 1-"),
            ("", ""),
        ] {
            assert_eq!(thread_group(thread), group, "{thread}");
        }
    }

    #[test]
    fn text_that_no_tag_can_have_is_mended() {
        let mut tags = Vec::new();
        push_tag(&mut tags, "error", "a\u{0}b\nc");
        push_tag(&mut tags, "name", &"ü".repeat(2_000));
        push_tag(&mut tags, "url", "");
        assert_eq!(tags[0].1, "a\u{fffd}b\nc");
        assert!(tags[1].1.len() <= TEXT_BYTES && tags[1].1.ends_with("ü…"));
        assert_eq!(tags.len(), 2);
    }
}
