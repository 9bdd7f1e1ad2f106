//! A percentile distribution of HdrHistogram (`.hgrm`), as wrk2 (`--latency`) and `vegeta report -type hdrplot`
//! print it.
//!
//! ```text
//!        Value     Percentile TotalCount 1/(1-Percentile)
//!
//!        0.921     0.000000000000          1           1.00
//!        3.053     0.100000000000      3951           1.11
//! #[Mean    =        7.079, StdDeviation   =        6.208]
//! #[Max     =       53.855, Total count    =        39500]
//! ```
//!
//! Form: `outputPercentileDistribution` of HdrHistogram. `TotalCount` is of all samples up to the value, so what
//! lies between two rows is known: this is the one summary that is a distribution. The mean is in the foot, where
//! there is one, else it is taken from the middles of the rows. Where the head names no unit, wrk2's is taken.

use super::points::{COUNT, Span, Tags, interval, kind, ones};
use crate::{Bucket, Out, Summed, Wrong};
use loadgate_documents::{Contains, MetricType, builtin};

/// Reads it.
pub(super) fn document(bytes: &[u8], out: &mut dyn Out) -> Result<(), Wrong> {
    let text = std::str::from_utf8(bytes).map_err(|_| Wrong::new("the file must be UTF-8"))?;
    let mut head = None;
    let (mut buckets, mut low, mut total, mut mean) = (Vec::<Bucket>::new(), None, 0u64, None);
    for (number, line) in (1u64..).zip(text.lines()) {
        let words: Vec<&str> = line.split_whitespace().collect();
        let Some(scale) = head else {
            // wrk2 prints it in the middle of its report.
            if is_head(line) {
                head = Some(unit(words[0], number, out)?);
            }
            continue;
        };
        match words[..] {
            [] => {}
            // What follows the foot is wrk2's again.
            [first, ..] if first.starts_with("#[") => {
                mean = mean_of(line);
                break;
            }
            [value, _, count, ..] => match row(value, count, scale, low, total) {
                Ok((value, count)) => {
                    let bucket = Bucket { low: low.unwrap_or(value), high: value, count: count - total };
                    buckets.extend(Some(bucket).filter(|bucket| bucket.count > 0));
                    (low, total) = (Some(value), count);
                    out.accept(number, Vec::new());
                }
                Err(wrong) => out.refuse(number, wrong),
            },
            _ => out.refuse(
                number,
                Wrong::quoting("a row must have value, percentile and count", line.as_bytes()),
            ),
        }
    }
    let scale =
        head.ok_or(Wrong::new("the file has no line `Value Percentile TotalCount 1/(1-Percentile)`"))?;
    let (Some(first), Some(last)) = (buckets.first(), buckets.last()) else {
        return Err(Wrong::new("the distribution has no samples"));
    };
    let (min, max) = (first.low, last.high);
    let middles =
        || buckets.iter().map(|bucket| f64::midpoint(bucket.low, bucket.high) * bucket.count as f64).sum();
    let sum = mean.map_or_else(middles, |mean| mean * scale * total as f64);
    let sum = Summed {
        count: total,
        nonzero: total,
        sum,
        min: Some(min),
        max: Some(max),
        buckets: Some(buckets),
        ..Summed::default()
    };
    let span = Span { end_ns: None, length_ns: 0 };
    let trend = kind(MetricType::Trend, Contains::Time);
    out.accept(
        text.lines().count() as u64,
        vec![
            interval("http_reqs", builtin("http_reqs"), &Tags::new(), span, ones(total)),
            interval("http_req_duration", Some(trend), &Tags::new(), span, sum),
        ],
    );
    Ok(())
}

/// Whether a line begins a distribution.
pub(super) fn is_head(line: &str) -> bool {
    let mut words = line.split_whitespace();
    words.next().is_some_and(|word| word.starts_with("Value"))
        && (words.next(), words.next()) == (Some("Percentile"), Some("TotalCount"))
}

/// By what values are multiplied to be in ms.
fn unit(head: &str, number: u64, out: &mut dyn Out) -> Result<f64, Wrong> {
    match head.strip_prefix("Value").unwrap_or_default() {
        "(ms)" => Ok(1.0),
        "(us)" | "(µs)" => Ok(1e-3),
        "(ns)" => Ok(1e-6),
        "(s)" => Ok(1e3),
        "" => {
            let assumed = "the head names no unit: values are taken for milliseconds, as wrk2 writes them";
            out.warn(number, Wrong::new(assumed));
            Ok(1.0)
        }
        unit => Err(Wrong::quoting("the unit of the values must be s, ms, us or ns", unit.as_bytes())),
    }
}

fn row(value: &str, count: &str, scale: f64, low: Option<f64>, total: u64) -> Result<(f64, u64), Wrong> {
    let number =
        |text: &str, most: f64| text.parse::<f64>().ok().filter(|number| (0.0..=most).contains(number));
    let value = number(value, 1e15).map(|number| number * scale);
    let count = number(count, COUNT).filter(|count| count.fract() == 0.0).map(|count| count as u64);
    let (Some(value), Some(count)) = (value, count) else {
        return Err(Wrong::new("a row must have a value and a count"));
    };
    if count < total || low.is_some_and(|low| value < low) {
        return Err(Wrong::new("values and counts must not fall from row to row"));
    }
    Ok((value, count))
}

/// `#[Mean = 7.079, StdDeviation = 6.208]`.
fn mean_of(foot: &str) -> Option<f64> {
    let (_, rest) = foot.split_once("Mean")?;
    let number = rest.trim_start().strip_prefix('=')?.split(',').next()?;
    number.trim().parse().ok().filter(|mean: &f64| (0.0..=1e15).contains(mean))
}
