//! Moments and durations as senders write them, in whole milliseconds.

use crate::limits;
use crate::refusal::Fault;
use jiff::{Span, SpanRelativeTo, Timestamp};
use serde_json::Value;

/// A moment as Unix milliseconds: RFC 3339, or Unix time as a number or a string of digits. Its unit shows in its
/// size: what is below 10^11 are seconds, below 10^14 milliseconds, below 10^17 microseconds, else nanoseconds
/// (each from 1973 on, until 5138). Whole numbers are never read as floating-point ones, which are 256 ns
/// apart there.
pub(crate) fn moment(value: &Value) -> Result<i64, Fault> {
    let fault = || Fault::Moment { given: value.to_string() };
    let ms = match value {
        Value::Number(number) => match number.as_i64() {
            Some(whole) => unix(whole),
            None => number.as_f64().filter(|number| (0.0..1e11).contains(number)).map(|s| (s * 1e3) as i64),
        },
        Value::String(text) => match whole(text) {
            Some(number) => unix(number),
            None => rfc3339(text).ok(),
        },
        _ => None,
    };
    ms.ok_or_else(fault)
}

/// A moment as RFC 3339, in Unix milliseconds.
pub(crate) fn rfc3339(text: &str) -> Result<i64, Fault> {
    let fault = || Fault::Rfc3339 { given: text.to_owned() };
    // The parser takes more than RFC 3339: a time zone's name in brackets, dates before Christ.
    let plain = text.as_bytes().first().is_some_and(u8::is_ascii_digit) && !text.contains('[');
    let moment: Timestamp = text.parse().ok().filter(|_| plain).ok_or_else(fault)?;
    Ok(moment.as_millisecond())
}

/// RFC 3339 of Unix milliseconds. Beyond what a date can be, the last one.
pub(crate) fn written(ms: i64) -> String {
    let bounded =
        Timestamp::from_millisecond(ms).unwrap_or(if ms < 0 { Timestamp::MIN } else { Timestamp::MAX });
    bounded.to_string()
}

fn unix(number: i64) -> Option<i64> {
    match number {
        ..0 => None,
        0..100_000_000_000 => Some(number * 1_000),
        100_000_000_000..100_000_000_000_000 => Some(number),
        100_000_000_000_000..100_000_000_000_000_000 => Some(number / 1_000),
        _ => Some(number / 1_000_000),
    }
}

/// A duration in milliseconds: `90s`, `1m30s`, `PT90S`, or a number, as such or as a string of digits. What is
/// below 10^9 is taken for milliseconds (nanoseconds would be less than a second), else for nanoseconds
/// (milliseconds would be more than eleven days).
pub(crate) fn duration(value: &Value) -> Result<i64, Fault> {
    let fault = || Fault::Duration { given: value.to_string() };
    let ms = match value {
        Value::Number(number) => match number.as_i64() {
            Some(whole) => unit(whole),
            // An unsigned one beyond the signed is nanoseconds of centuries.
            None => number.as_f64().map(|number| unit(number as i64)).ok_or_else(fault)?,
        },
        Value::String(text) => match whole(text) {
            Some(number) => unit(number),
            None => {
                let span: Span = text.parse().map_err(|_| fault())?;
                let days = SpanRelativeTo::days_are_24_hours();
                let exact = span.to_duration(days).map_err(|_| fault())?;
                i64::try_from(exact.as_millis()).map_err(|_| Fault::LongDuration)?
            }
        },
        _ => return Err(fault()),
    };
    match ms {
        ..0 => Err(Fault::Negative { given: value.to_string() }),
        0..=limits::DURATION_MS => Ok(ms),
        _ => Err(Fault::LongDuration),
    }
}

fn unit(number: i64) -> i64 {
    if number < 1_000_000_000 { number } else { number / 1_000_000 }
}

/// A string of digits, maybe with a sign.
fn whole(text: &str) -> Option<i64> {
    text.parse().ok().filter(|_| !text.starts_with('+'))
}
