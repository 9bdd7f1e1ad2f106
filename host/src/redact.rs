//! Passwords stay out of messages.

/// A URL as messages may show it: without who asks, and without parameters that hold a secret.
pub(crate) fn redacted(url: &str) -> String {
    let scheme = match (url.find("://"), url.find(':')) {
        (Some(at), _) => at + 3,
        (None, Some(at)) => at + 1,
        // A path.
        (None, None) => return url.to_owned(),
    };
    // Up to the last `@`: a password may hold anything, even a slash that ought to be escaped.
    let host = url[scheme..].rfind('@').map_or(scheme, |at| scheme + at + 1);
    let credentials = if host > scheme { "***@" } else { "" };
    let (rest, query) = match url[host..].split_once('?') {
        Some((rest, query)) => (rest, Some(query)),
        None => (&url[host..], None),
    };
    let mut shown = format!("{}{credentials}{rest}", &url[..scheme]);
    for (at, pair) in query.iter().flat_map(|query| query.split('&')).enumerate() {
        shown.push(if at == 0 { '?' } else { '&' });
        match pair.split_once('=') {
            Some((name @ ("p" | "pass" | "password" | "token" | "secret"), _)) => {
                shown.push_str(name);
                shown.push_str("=***");
            }
            _ => shown.push_str(pair),
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_password_is_shown_and_everything_else_is() {
        for (url, shown) in [
            ("redis://user:s3cret@redis.internal:6379/3", "redis://***@redis.internal:6379/3"),
            ("rediss://:s3cret@h", "rediss://***@h"),
            ("redis://:a/s3cret@b@h/1", "redis://***@h/1"),
            ("reddis:user:s3cret@h", "reddis:***@h"),
            ("unix:///run/redis.sock?db=1&pass=s3cret", "unix:///run/redis.sock?db=1&pass=***"),
            ("redis://h:6379", "redis://h:6379"),
            ("https://gate.example", "https://gate.example"),
            ("./runs@home.db", "./runs@home.db"),
            ("memory:", "memory:"),
        ] {
            assert_eq!(redacted(url), shown);
        }
    }
}
