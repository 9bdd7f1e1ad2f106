//! k6's CSV files (`--out csv`): a row per sample.

use crate::records::{ByRecord, Record, RecordReader};
use crate::{Out, Point, Reader, Wrong};
use jiff::Timestamp;
use loadgate_documents::{builtin, is_metric_name};
use std::borrow::Cow;

/// Reads a CSV file of k6's.
#[derive(Debug, Default)]
pub struct CsvResults(ByRecord<Rows>);

impl CsvResults {
    /// At a file's beginning.
    pub fn new() -> Self {
        CsvResults(ByRecord::new(Rows::default()))
    }
}

impl Reader for CsvResults {
    fn feed(&mut self, bytes: &[u8], out: &mut dyn Out) -> Result<(), Wrong> {
        self.0.feed(bytes, out)
    }

    fn finish(&mut self, out: &mut dyn Out) -> Result<(), Wrong> {
        self.0.finish(out)
    }
}

/// The columns before those of tags.
const FIRST: [&str; 3] = ["metric_name", "timestamp", "metric_value"];

/// A row with more is refused, as it is on k6's other wires.
const TAGS: usize = 100;

/// What a column is.
#[derive(Debug)]
enum Column {
    /// One of [`FIRST`].
    First,
    Tag(String),
    /// `key=value&key=value`.
    Extra,
    /// Metadata, which are no tags: k6 has its VU and iteration there.
    Other,
}

#[derive(Debug, Default)]
struct Rows {
    /// By the header.
    columns: Vec<Column>,
}

impl RecordReader for Rows {
    fn record(&mut self, line: u64, row: &Record<'_>, out: &mut dyn Out) -> Result<(), Wrong> {
        // Files that were put together have the header again.
        if row.names().take(FIRST.len()).eq(FIRST) {
            self.columns = row
                .names()
                .enumerate()
                .map(|(place, name)| match &*name {
                    _ if place < FIRST.len() => Column::First,
                    "extra_tags" => Column::Extra,
                    "metadata" | "" => Column::Other,
                    _ => Column::Tag(name.into_owned()),
                })
                .collect();
            out.accept(line, Vec::new());
            return Ok(());
        }
        if self.columns.is_empty() {
            return Err(Wrong::quoting(
                "this is not k6's CSV: the first line has no columns `metric_name`, `timestamp`, `metric_value`",
                row.bytes(0),
            ));
        }
        match self.point(row) {
            Ok(point) => out.accept(line, vec![point]),
            Err(wrong) => out.refuse(line, wrong),
        }
        Ok(())
    }
}

impl Rows {
    fn point(&self, row: &Record<'_>) -> Result<Point, Wrong> {
        if row.len() != self.columns.len() {
            let detail = format!("{} and {}", row.len(), self.columns.len());
            return Err(Wrong::with("the row has not as many fields as there are columns", detail));
        }
        let metric = row.text(0);
        if !is_metric_name(&metric) {
            return Err(Wrong::quoting("this is no metric's name", row.bytes(0)));
        }
        let value = row.text(2).parse().ok().filter(|value: &f64| value.is_finite());
        let value = value.ok_or_else(|| Wrong::quoting("the value is not a number", row.bytes(2)))?;
        let time_ns = time_ns(&row.text(1))
            .ok_or_else(|| Wrong::quoting("the timestamp is neither Unix time nor RFC 3339", row.bytes(1)))?;
        let mut tags = Vec::new();
        for (place, column) in self.columns.iter().enumerate() {
            let text = row.text(place);
            match column {
                Column::Tag(key) => push(&mut tags, key, text)?,
                Column::Extra => {
                    for (key, value) in extra(&text) {
                        push(&mut tags, key, value.into())?;
                    }
                }
                Column::First | Column::Other => {}
            }
        }
        let kind = builtin(&metric);
        Ok(Point::sample(metric, kind, tags, Some(time_ns), value))
    }
}

/// k6 escapes nothing here: what has no `=` belongs to the value before it, such as `c` in `a=b&c&d=e`.
fn extra(text: &str) -> Vec<(&str, &str)> {
    let mut tags = Vec::new();
    let mut rest = text;
    while let Some((key, after)) = rest.split_once('=') {
        let next = after.match_indices('&').map(|(at, _)| at).find(|&at| {
            // Up to the following `&` a tag has its `=`.
            let piece = &after[at + 1..];
            piece.split('&').next().is_some_and(|piece| piece.contains('='))
        });
        let value = next.map_or(after, |at| &after[..at]);
        tags.push((key, value));
        rest = next.map_or("", |at| &after[at + 1..]);
    }
    tags
}

fn push(tags: &mut Vec<(String, String)>, key: &str, value: Cow<'_, str>) -> Result<(), Wrong> {
    if !key.is_empty() && !value.is_empty() && tags.iter().all(|(other, _)| other != key) {
        if tags.len() == TAGS {
            return Err(Wrong::new(format!("the row has more than {TAGS} tags")));
        }
        tags.push((key.to_owned(), value.into_owned()));
    }
    Ok(())
}

/// `K6_CSV_TIME_FORMAT` does not stand in the file: Unix seconds, the default, have ten digits until 2286, and
/// milli-, micro- and nanoseconds have three more each.
fn time_ns(text: &str) -> Option<i64> {
    if !text.bytes().all(|b| b.is_ascii_digit()) {
        return text.parse::<Timestamp>().ok()?.as_nanosecond().try_into().ok();
    }
    let number: i64 = text.parse().ok()?;
    let unit_ns = match text.len() {
        ..=11 => 1_000_000_000,
        12..=14 => 1_000_000,
        15..=17 => 1_000,
        _ => 1,
    };
    number.checked_mul(unit_ns)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_of_every_format_are_told_apart() {
        let ns = 1_795_710_114_429_039_854;
        for (text, exact) in [
            ("1795710114", ns / 1_000_000_000 * 1_000_000_000),
            ("1795710114429", ns / 1_000_000 * 1_000_000),
            ("1795710114429039", ns / 1_000 * 1_000),
            ("1795710114429039854", ns),
            ("2026-11-26T16:21:54Z", ns / 1_000_000_000 * 1_000_000_000),
            ("2026-11-26T18:21:54.429039854+02:00", ns),
        ] {
            assert_eq!(time_ns(text), Some(exact), "{text}");
        }
        for text in ["", "-5", "1e9", "99999999999999999999", "2026-11-26", "9999-12-30T00:00:00Z"] {
            assert_eq!(time_ns(text), None, "{text}");
        }
    }

    #[test]
    fn extra_tags_keep_their_values_whole() {
        let tags = |text| extra(text);
        assert_eq!(tags("size=a=b&c&kind=x"), [("size", "a=b&c"), ("kind", "x")]);
        assert_eq!(tags("a=&b=&"), [("a", ""), ("b", "&")]);
        assert_eq!(tags(""), []);
        assert_eq!(tags("a&b"), []);
    }
}
