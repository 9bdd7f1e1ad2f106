//! Timestamps in text (RFC 3339), to Unix nanoseconds.

/// Reads `2026-11-21T00:46:10.734639502Z`: any offset, up to nine digits of fraction. `None`:
/// malformed, or outside of what 64 bits of nanoseconds hold (1677 to 2262).
pub(crate) fn parse_rfc3339(text: &[u8]) -> Option<i64> {
    let separators = text.len() >= 20
        && text[4] == b'-'
        && text[7] == b'-'
        && matches!(text[10], b'T' | b't')
        && text[13] == b':'
        && text[16] == b':';
    if !separators {
        return None;
    }
    let (year, month, day) = (digits(&text[..4])?, digits(&text[5..7])?, digits(&text[8..10])?);
    let (hour, minute, second) = (digits(&text[11..13])?, digits(&text[14..16])?, digits(&text[17..19])?);
    // 60 is a leap second, which Unix time counts as the next one.
    if !(1..=12).contains(&month)
        || day < 1
        || day > days_in(year, month)
        || hour > 23
        || minute > 59
        || second > 60
    {
        return None;
    }
    let mut rest = &text[19..];
    let mut nanos = 0;
    if let Some(fraction) = rest.strip_prefix(b".") {
        let length = fraction.iter().position(|b| !b.is_ascii_digit())?;
        if !(1..=9).contains(&length) {
            return None;
        }
        nanos = digits(&fraction[..length])? * 10_i64.pow(9 - length as u32);
        rest = &fraction[length..];
    }
    let offset = match rest {
        [b'Z' | b'z'] => 0,
        [sign @ (b'+' | b'-'), h1, h2, b':', m1, m2] => {
            let (hours, minutes) = (digits(&[*h1, *h2])?, digits(&[*m1, *m2])?);
            if hours > 23 || minutes > 59 {
                return None;
            }
            let offset = hours * 3600 + minutes * 60;
            if *sign == b'+' { offset } else { -offset }
        }
        _ => return None,
    };
    let seconds = days_from_civil(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second - offset;
    // Whole seconds of the smallest number lie below what 64 bits hold; their nanoseconds lift them.
    match seconds {
        ..0 => (seconds + 1).checked_mul(1_000_000_000)?.checked_add(nanos - 1_000_000_000),
        _ => seconds.checked_mul(1_000_000_000)?.checked_add(nanos),
    }
}

fn digits(text: &[u8]) -> Option<i64> {
    text.iter().try_fold(0, |number, b| b.is_ascii_digit().then(|| number * 10 + i64::from(b - b'0')))
}

fn days_in(year: i64, month: i64) -> i64 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        _ => 31,
    }
}

/// Days since 1970-01-01 in the proleptic Gregorian calendar. Counting years from March puts the
/// leap day last; 400 years have 146,097 days.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Option<i64> {
        parse_rfc3339(text.as_bytes())
    }

    #[test]
    fn known_times() {
        assert_eq!(parse("1970-01-01T00:00:00Z"), Some(0));
        assert_eq!(parse("2026-11-20T23:49:50.5Z"), Some(1_795_218_590_500_000_000));
        assert_eq!(parse("2026-11-21T01:49:50.500000001+02:00"), Some(1_795_218_590_500_000_001));
        assert_eq!(parse("2026-11-20T18:19:50-05:30"), Some(1_795_218_590_000_000_000));
        assert_eq!(parse("2000-02-29T00:00:00Z"), Some(951_782_400_000_000_000));
        assert_eq!(parse("1969-12-31T23:59:59.75Z"), Some(-250_000_000));
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in [
            "",
            "yesterday",
            "2026-13-40T99:99:99Z",
            "1795218590",
            "2026-11-20 23:49:50",
            "2026-11-20T23:49:50",
            "2026-02-29T00:00:00Z",
            "2026-11-20T23:49:50.Z",
            "2026-11-20T23:49:50.1234567890Z",
            "2026-11-20T23:49:50+2:00",
            "2026-11-20T23:49:50Zx",
            "2263-01-01T00:00:00Z",
            "0000-01-01T00:00:00Z",
            "2026-11-20T23:49:5xZ",
            "2026-11-20T23:49:50.12x4Z",
        ] {
            assert_eq!(parse(text), None, "{text:?}");
        }
    }
}
