//! What an operator may set: the Spin variables and `LOADGATE_…` environment variables.

use crate::record::FoldSettings;
use thiserror::Error;

/// Every setting that [`Settings::parse`] takes.
pub const NAMES: [&str; 14] = [
    "period",
    "grace",
    "idle",
    "hole_wait",
    "hole_retry",
    "dying_wait",
    "reaper_deadline",
    "trusted_age",
    "straggler",
    "deletion_delay",
    "retention",
    "request_names",
    "settle",
    "settle_most",
];

/// Checked settings. Durations in milliseconds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    pub fold: FoldSettings,
    /// A hole's first wait, and the wait where a reaper was elected before.
    pub hole_wait_ms: u64,
    pub hole_retry_ms: u64,
    /// Between `dying` and the decision.
    pub dying_wait_ms: u64,
    /// A reaper that took longer gives up.
    pub reaper_deadline_ms: u64,
    /// A record older than this may have been declared dead; see `log`.
    pub trusted_age_ms: u64,
    /// After a run's end, data without a hello is late for it for so long.
    pub straggler_ms: u64,
    /// Between marking a run deleted and deleting its keys.
    pub deletion_delay_ms: u64,
    /// Ended runs kept per test.
    pub retention: u32,
    /// A run whose script said that it is finished ends after so long without samples …
    pub settle_ms: u32,
    /// … and so long after that word at the latest.
    pub settle_most_ms: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            fold: FoldSettings { period_ms: 0, grace_ms: 2_000, idle_ms: 30_000, keeps_names: false },
            hole_wait_ms: 30_000,
            hole_retry_ms: 300_000,
            dying_wait_ms: 10_000,
            reaper_deadline_ms: 60_000,
            trusted_age_ms: 25_000,
            straggler_ms: 10_000,
            deletion_delay_ms: 600_000,
            retention: 100,
            settle_ms: 5_000,
            settle_most_ms: 20_000,
        }
    }
}

/// A setting that cannot be understood.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("the setting `{name}` is {value:?}; it takes {wanted}")]
pub struct SettingError {
    pub name: String,
    pub value: String,
    pub wanted: &'static str,
}

impl Settings {
    /// Reads `(name, value)` pairs; an empty value keeps the default. Durations are a number with
    /// `ms`, `s`, `m` or `h` (`2s`), retention a whole number. Unknown names are errors.
    pub fn parse<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Self, SettingError> {
        let mut settings = Settings::default();
        for (name, value) in pairs {
            let value = value.trim();
            if value.is_empty() {
                continue;
            }
            let wrong = |wanted| SettingError { name: name.to_owned(), value: value.to_owned(), wanted };
            let time = || {
                parse_duration_ms(value)
                    .ok_or_else(|| wrong("a duration such as `500ms`, `2s`, `5m` or `1h`"))
            };
            let short =
                || time().and_then(|ms| u32::try_from(ms).map_err(|_| wrong("a duration of at most 1000h")));
            match name {
                "period" => {
                    settings.fold.period_ms = short()?;
                    if settings.fold.period_ms == 0 || settings.fold.period_ms % 1_000 != 0 {
                        return Err(wrong("whole seconds, `1s` or more: windows are whole seconds long"));
                    }
                }
                "grace" => settings.fold.grace_ms = short()?,
                "idle" => settings.fold.idle_ms = short()?,
                "hole_wait" => settings.hole_wait_ms = time()?,
                "hole_retry" => settings.hole_retry_ms = time()?,
                "dying_wait" => settings.dying_wait_ms = time()?,
                "reaper_deadline" => settings.reaper_deadline_ms = time()?,
                "trusted_age" => settings.trusted_age_ms = time()?,
                "straggler" => settings.straggler_ms = time()?,
                "deletion_delay" => settings.deletion_delay_ms = time()?,
                "settle" => settings.settle_ms = short()?,
                "settle_most" => settings.settle_most_ms = short()?,
                "retention" => {
                    settings.retention = value.parse().map_err(|_| wrong("a whole number of runs"))?
                }
                "request_names" => {
                    settings.fold.keeps_names = match value {
                        "shorten" => false,
                        "keep" => true,
                        _ => return Err(wrong("`shorten` or `keep`")),
                    }
                }
                _ => return Err(wrong("nothing: there is no setting of that name")),
            }
        }
        Ok(settings)
    }
}

/// `1.5s` is 1500; also Go's compound form that k6 prints, `1h2m3s`.
pub fn parse_duration_ms(text: &str) -> Option<u64> {
    let mut rest = text;
    let mut total = 0.0;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.').filter(|&at| at > 0)?;
        let number: f64 = rest[..digits].parse().ok()?;
        rest = &rest[digits..];
        let unit = rest.find(|c: char| c.is_ascii_digit()).unwrap_or(rest.len());
        total += number
            * match &rest[..unit] {
                "ns" => 1e-6,
                "us" | "µs" => 1e-3,
                "ms" => 1.0,
                "s" => 1e3,
                "m" => 60e3,
                "h" => 3600e3,
                _ => return None,
            };
        rest = &rest[unit..];
    }
    (!text.is_empty() && total.is_finite() && total < 3.6e12).then_some(total.round() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_a_setting_and_what_it_does_not_take_is_said_with_its_name() {
        for name in NAMES {
            assert_eq!(Settings::parse([(name, "")]), Ok(Settings::default()));
            let error = Settings::parse([(name, "abc")]).unwrap_err();
            assert_eq!((error.name.as_str(), error.value.as_str()), (name, "abc"));
            assert!(!error.wanted.contains("no setting"), "{error}");
        }
        assert!(Settings::parse([("idel", "4s")]).is_err());
    }

    #[test]
    fn a_period_is_whole_seconds() {
        for text in ["500ms", "0s", "1500ms", "1.5s"] {
            let error = Settings::parse([("period", text)]).unwrap_err();
            assert!(error.to_string().contains("whole seconds"), "{error}");
        }
        for (text, ms) in [("1s", 1_000), ("2000ms", 2_000), ("1m", 60_000)] {
            assert_eq!(Settings::parse([("period", text)]).unwrap().fold.period_ms, ms);
        }
    }
}
