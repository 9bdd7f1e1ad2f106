//! What is special about single requests.

use crate::text;
use loadgate_documents::{Finding, FindingKind, RequestRow, Summary, View};
use std::collections::BTreeMap;

/// Fewer failures than this are told one by one on the page of errors.
const LEAST_FAILURES: f64 = 5.0;
/// A request with at least this share of all failures …
const MOST: f64 = 0.6;
/// … and at most this multiple of its share of requests is no surprise.
const OVER_ITS_SHARE: f64 = 2.0;
/// Among fewer requests one always has the most.
const LEAST_ROWS: usize = 3;

/// One request has most of the failures.
pub(crate) fn most_failures(summary: &Summary) -> Option<Finding> {
    let rows = &summary.tables.requests;
    let failures = |row: &RequestRow| row.failed.unwrap_or(0.0) * row.count;
    let (failed, sent) =
        (rows.iter().map(failures).sum::<f64>(), rows.iter().map(|row| row.count).sum::<f64>());
    let worst = rows
        .iter()
        .filter(|row| row.key.len() > 1)
        .max_by(|a, b| failures(a).total_cmp(&failures(b)).then_with(|| b.key.cmp(&a.key)))?;
    let (of_failures, of_requests) = (failures(worst) / failed, worst.count / sent);
    if rows.len() < LEAST_ROWS
        || failed < LEAST_FAILURES
        || of_failures < MOST
        || of_failures < of_requests * OVER_ITS_SHARE
    {
        return None;
    }
    let name = worst.key[..2].join(" ");
    Some(Finding {
        kind: FindingKind::MostFailures,
        title: format!("Most failures are of one request: {name}."),
        evidence: vec![format!(
            "{} of {} failures, {}, with {} of the requests; {} of its own fail.",
            text::count(failures(worst)),
            text::count(failed),
            text::share(of_failures),
            text::share(of_requests),
            text::share(worst.failed.unwrap_or(0.0))
        )],
        // That of errors tells HTTP's alone.
        view: if summary.metrics.contains_key("http_reqs") { View::Errors } else { View::Requests },
        metrics: vec!["http_req_failed".to_owned()],
        at: None,
    })
}

/// Hosts that are named, at most.
const HOSTS: usize = 3;

/// Requests to hosts of somebody else: their response times are not the system's, and they may not like the load.
pub(crate) fn third_parties(summary: &Summary) -> Option<Finding> {
    let mut by_site: BTreeMap<&str, f64> = BTreeMap::new();
    let mut by_host: BTreeMap<&str, f64> = BTreeMap::new();
    for row in &summary.tables.requests {
        let Some(host) = row.key.get(1).and_then(|name| host(name)) else { continue };
        *by_host.entry(host).or_default() += row.count;
        *by_site.entry(site(host)).or_default() += row.count;
    }
    let own = by_site.iter().max_by(|a, b| a.1.total_cmp(b.1).then(b.0.cmp(a.0)))?.0;
    let mut others: Vec<(&str, f64)> =
        by_host.iter().filter(|(host, _)| site(host) != *own).map(|(host, count)| (*host, *count)).collect();
    if others.is_empty() {
        return None;
    }
    others.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(b.0)));
    let named: Vec<String> = others
        .iter()
        .take(HOSTS)
        .map(|(host, count)| format!("{host} ({} requests)", text::count(*count)))
        .collect();
    let more = others.len().saturating_sub(HOSTS);
    let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
    Some(Finding {
        kind: FindingKind::ThirdParties,
        title: format!("Requests go to other sites than {own}."),
        evidence: vec![format!("{}{rest}.", named.join(", "))],
        view: View::Requests,
        metrics: Vec::new(),
        at: None,
    })
}

/// The host of a name that is an address. No crate for addresses: names are what the script wrote, `{id}` in them
/// or not, and the tables of international names would weigh more than all findings.
fn host(name: &str) -> Option<&str> {
    let (scheme, rest) = name.split_once("://")?;
    if scheme.is_empty() || !scheme.bytes().all(|byte| byte.is_ascii_alphabetic()) {
        return None;
    }
    let authority = rest.split(['/', '?', '#']).next()?;
    let host = authority.rsplit('@').next()?;
    let host = match host.strip_prefix('[') {
        Some(address) => address.split(']').next()?,
        None => host.split(':').next()?,
    };
    (!host.is_empty()).then_some(host)
}

/// What belongs together: the last two labels of a name, `shop.example` of `api.shop.example`; of an address all.
/// Where a country has a level of its own (`co.uk`) the last three.
fn site(host: &str) -> &str {
    let is_address = host.contains(':') || host.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    if is_address {
        return host;
    }
    let labels: Vec<&str> = host.rsplit('.').collect();
    let of_country = labels.len() > 2 && labels[0].len() == 2 && labels[1].len() <= 3;
    let kept = labels.iter().take(if of_country { 3 } else { 2 }).map(|label| label.len() + 1).sum::<usize>();
    &host[host.len() - (kept - 1).min(host.len())..]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_read_off_addresses_alone() {
        assert_eq!(host("https://api.shop.example:8443/cart?x=1"), Some("api.shop.example"));
        assert_eq!(host("http://user:word@[::1]:80/"), Some("::1"));
        for name in ["checkout", "GET /cart", "://x", "", "https://"] {
            assert_eq!(host(name), None, "{name}");
        }
    }

    #[test]
    fn a_site_is_what_one_owner_has() {
        assert_eq!(site("api.shop.example"), site("shop.example"));
        assert_ne!(site("shop.example"), site("fonts.example"));
        assert_eq!(site("www.shop.co.uk"), "shop.co.uk");
        assert_eq!(site("127.0.0.1"), "127.0.0.1");
        assert_eq!(site("localhost"), "localhost");
        assert_eq!(site("::1"), "::1");
    }
}
