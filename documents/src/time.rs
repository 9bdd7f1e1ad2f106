//! Times as people read them.

use jiff::Timestamp;

/// Elapsed time as a clock: `0:32`, `1:02:03`. Whole seconds, rounded down.
pub fn clock(ms: f64) -> String {
    let seconds = (ms.abs() / 1000.0).floor() as u64;
    let sign = if ms <= -1000.0 { "−" } else { "" };
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    if hours > 0 {
        format!("{sign}{hours}:{minutes:02}:{seconds:02}")
    } else {
        format!("{sign}{minutes}:{seconds:02}")
    }
}

/// A moment in Unix ms, `2026-11-21 01:41:52 UTC`: documents are read in more than one time zone. Beyond the
/// year 9999 the last moment of it.
pub fn moment(ms: i64) -> String {
    let bounded =
        Timestamp::from_millisecond(ms).unwrap_or(if ms < 0 { Timestamp::MIN } else { Timestamp::MAX });
    bounded.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clocks_and_moments_are_exact_at_their_borders() {
        assert_eq!(clock(59_999.0), "0:59");
        assert_eq!(clock(3_723_000.0), "1:02:03");
        assert_eq!(clock(-1_000.0), "−0:01");
        assert_eq!(moment(0), "1970-01-01 00:00:00 UTC");
        assert_eq!(moment(951_782_399_999), "2000-02-28 23:59:59 UTC");
        assert_eq!(moment(1_709_164_800_000), "2024-02-29 00:00:00 UTC");
        assert_eq!(moment(i64::MAX), "9999-12-30 22:00:00 UTC");
    }
}
