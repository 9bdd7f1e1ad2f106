//! JTL as CSV: a row per sample, sub-samples after the sample that contains them.

use super::known::{Known, hash, whole};
use super::sample::{Sample, TEXT_BYTES, Transaction, number, success, time_ms, within};
use crate::records::{Record, RecordReader};
use crate::{Out, Wrong};
use std::collections::HashMap;

/// Columns that are read. The first 17 are JMeter's default ones in their order.
const NAMES: [&str; 19] = [
    "timeStamp",
    "elapsed",
    "label",
    "responseCode",
    "responseMessage",
    "threadName",
    "dataType",
    "success",
    "failureMessage",
    "bytes",
    "sentBytes",
    "grpThreads",
    "allThreads",
    "URL",
    "Latency",
    "IdleTime",
    "Connect",
    "SampleCount",
    "ErrorCount",
];

/// The default ones.
const DEFAULT: usize = 17;

/// Threads of which is known what they did last; as many of before are kept beside them.
const THREADS: usize = 4_096;

/// Samples that contain each other.
const DEPTH: usize = 8;

/// What a column is called, by which it is found.
#[derive(Debug)]
struct Columns {
    /// Where each of [`NAMES`] stands.
    at: [Option<usize>; NAMES.len()],
    width: usize,
}

impl Columns {
    /// Of a header line, which is told by its names.
    fn of_header(names: &[&str]) -> Result<Self, Wrong> {
        let at = NAMES.map(|name| names.iter().position(|other| *other == name));
        for (needed, property) in [(0, "timestamp_format=ms"), (1, "time=true")] {
            if at[needed].is_none() {
                return Err(Wrong::with(
                    format!("the results have no column `{}`", NAMES[needed]),
                    format!("run JMeter with `jmeter.save.saveservice.{property}`"),
                ));
            }
        }
        Ok(Columns { at, width: names.len() })
    }

    fn default() -> Self {
        let mut at = [None; NAMES.len()];
        for (column, place) in at.iter_mut().enumerate().take(DEFAULT) {
            *place = Some(column);
        }
        Columns { at, width: DEFAULT }
    }

    /// Reads a row.
    fn sample<'a>(&self, row: &'a Record<'_>) -> Result<Sample<'a>, Wrong> {
        let text = |name: &str| {
            let column = NAMES.iter().position(|other| *other == name).and_then(|column| self.at[column]);
            column.map(|column| row.text(column)).unwrap_or_default()
        };
        let amount = |name: &str| number(name, text(name).trim());
        let summed = match (amount("SampleCount")?, amount("ErrorCount")?) {
            (Some(count), errors) if count > 1 => Some((count, errors.unwrap_or(0).min(count))),
            _ => None,
        };
        Sample {
            start_ms: time_ms(text("timeStamp").trim())?,
            elapsed_ms: amount("elapsed")?.ok_or_else(|| Wrong::new("`elapsed` is empty"))?,
            idle_ms: amount("IdleTime")?.unwrap_or(0),
            latency_ms: amount("Latency")?,
            connect_ms: amount("Connect")?,
            label: text("label"),
            code: text("responseCode"),
            message: text("responseMessage"),
            failure: text("failureMessage"),
            thread: text("threadName"),
            data_type: text("dataType"),
            url: text("URL"),
            method: "".into(),
            success: success("success", text("success").trim())?,
            received: amount("bytes")?,
            sent: amount("sentBytes")?,
            threads: amount("allThreads")?,
            summed,
        }
        .dated()
    }
}

/// A sample that may contain what comes next.
#[derive(Debug, Clone, Copy)]
struct Span {
    start_ms: i64,
    end_ms: i64,
}

impl Span {
    fn of(sample: &Sample) -> Self {
        Span { start_ms: sample.start_ms, end_ms: sample.end_ms() }
    }

    /// JMeter's clock is set anew every few seconds, by which the last may seem to end a millisecond later.
    fn holds(self, other: Span) -> bool {
        self.start_ms <= other.start_ms
            && other.start_ms <= self.end_ms
            && other.end_ms <= self.end_ms.saturating_add(1)
    }
}

/// A request or a part of one.
#[derive(Debug, Clone, Copy)]
struct Done {
    span: Span,
    label: u64,
    /// It may be a transaction.
    unclear: bool,
}

/// What a thread did last.
#[derive(Debug, Default)]
struct Thread {
    /// Transactions whose requests may follow: their time and group, the outer ones first.
    transactions: Vec<(Span, String)>,
    /// The last request and the parts that contain each other.
    requests: Vec<Done>,
}

impl Thread {
    /// The request of which something is a part that has no number, as before JMeter 5.0 and with
    /// `subresults.disable_renaming`: the first part begins with its request.
    fn unnumbered(&self, span: Span) -> Option<usize> {
        let request = self.requests.first()?.span;
        let begins = self.requests.len() > 1 || span.start_ms == request.start_ms;
        (begins && span.start_ms < request.end_ms && request.holds(span)).then_some(0)
    }
}

/// Threads by their names.
#[derive(Debug, Default)]
struct Threads {
    now: HashMap<String, Thread>,
    /// Those known before [`THREADS`] others came.
    before: HashMap<String, Thread>,
}

impl Threads {
    fn get(&mut self, name: &str) -> &mut Thread {
        let name = &name[..name.floor_char_boundary(TEXT_BYTES)];
        if !self.now.contains_key(name) {
            let known = self.before.remove(name);
            if self.now.len() >= THREADS {
                self.before = std::mem::take(&mut self.now);
            }
            self.now.insert(name.to_owned(), known.unwrap_or_default());
        }
        self.now.get_mut(name).expect("put in above")
    }
}

/// Reads rows.
#[derive(Debug, Default)]
pub(super) struct Rows {
    columns: Option<Columns>,
    /// A row was read.
    any: bool,
    threads: Threads,
    known: Known,
}

impl RecordReader for Rows {
    fn record(&mut self, line: u64, row: &Record<'_>, out: &mut dyn Out) -> Result<(), Wrong> {
        // Files that were put together have the header again.
        let again = row.names().next().is_some_and(|name| name == NAMES[0]);
        if again || (self.columns.is_none() && self.is_header(row)?) {
            let names: Vec<_> = row.names().collect();
            let names: Vec<&str> = names.iter().map(|name| name.trim()).collect();
            self.columns = Some(Columns::of_header(&names)?);
            out.accept(line, Vec::new());
            return Ok(());
        }
        let columns = self.columns.get_or_insert_with(Columns::default);
        if row.len() != columns.width {
            let detail = format!("{} and {}", row.len(), columns.width);
            out.refuse(line, Wrong::with("the row has not as many fields as there are columns", detail));
            return Ok(());
        }
        let sample = match columns.sample(row) {
            Ok(sample) => sample,
            Err(wrong) => {
                let stamp = columns.at[0].map(|column| row.text(column)).unwrap_or_default();
                if !self.any && is_date(&stamp) {
                    return Err(Wrong::quoting(
                        "times are not in milliseconds since 1970, and a date without its zone tells no time: \
                         run JMeter with `jmeter.save.saveservice.timestamp_format=ms`",
                        stamp.as_bytes(),
                    ));
                }
                out.refuse(line, wrong);
                return Ok(());
            }
        };
        self.any = true;
        let points = self.points(&sample);
        out.accept(line, points);
        Ok(())
    }
}

impl Rows {
    /// Whether the first row is a header. One that is none must have JMeter's default columns.
    fn is_header(&self, row: &Record<'_>) -> Result<bool, Wrong> {
        if row.names().any(|name| matches!(&*name, "timeStamp" | "elapsed" | "label")) {
            return Ok(true);
        }
        let first = row.names().next().unwrap_or_default();
        let like_a_time = first.bytes().all(|b| b.is_ascii_digit()) || is_date(&first);
        if first.is_empty() || !like_a_time {
            return Err(Wrong::quoting(
                "these are not JMeter's results: the first line has no column `timeStamp`",
                first.as_bytes(),
            ));
        }
        if row.len() != DEFAULT {
            return Err(Wrong::with(
                format!("the results have no header line, and not JMeter's {DEFAULT} default columns"),
                format!("{} columns", row.len()),
            ));
        }
        Ok(false)
    }

    fn points(&mut self, sample: &Sample) -> Vec<crate::Point> {
        let transaction = self.known.is_transaction(sample);
        let thread = self.threads.get(&sample.thread);
        let span = Span::of(sample);
        // A transaction of no time holds nothing, and what begins when one ends is not in it.
        while thread
            .transactions
            .pop_if(|(outer, _)| !outer.holds(span) || span.start_ms >= outer.end_ms)
            .is_some()
        {}
        let outer = thread.transactions.last().map_or("", |(_, group)| group);
        let mut points = if transaction {
            let group = within(outer, &sample.label);
            let points = sample.transaction_points(&group);
            thread.requests.clear();
            if thread.transactions.len() < DEPTH {
                thread.transactions.push((span, group));
            }
            points
        } else {
            let whole = whole(&sample.label).map(hash);
            let numbered =
                thread.requests.iter().rposition(|done| Some(done.label) == whole && done.span.holds(span));
            let found = numbered.or_else(|| thread.unnumbered(span));
            let within_unclear = numbered.is_none() && found.is_some_and(|at| thread.requests[at].unclear);
            let points = match found {
                Some(_) if !within_unclear => sample.part(outer),
                _ => sample.request(outer),
            };
            thread.requests.truncate(found.map_or(0, |at| at + 1));
            if within_unclear {
                // Only transactions contain what is no part.
                self.known.learn(thread.requests[0].label);
            } else if thread.requests.len() < DEPTH {
                let unclear = sample.transaction() == Transaction::Unclear;
                thread.requests.push(Done { span, label: hash(&sample.label), unclear });
            }
            points
        };
        points.extend(self.known.vus(sample));
        points
    }
}

/// `2026/11/21 10:00:00.123` and its like.
fn is_date(text: &str) -> bool {
    text.bytes().filter(u8::is_ascii_digit).count() >= 6
        && text.bytes().any(|b| matches!(b, b':' | b'/' | b'-' | b'.'))
        && !text.starts_with('-')
}
