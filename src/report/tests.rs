//! What the report promises: everything escaped, everything there, nothing found twice.

use super::{ReportError, render};
use serde_json::{Value, json};

const TEMPLATE: &str = "<!doctype html><title><!--loadgate:title--></title><main><!--loadgate:head--><div id=\"charts\" hidden></div><!--loadgate:body--></main><!--loadgate:data--><script type=\"module\"></script>";

const EVIL: &str = "</script><img src=x onerror=alert(1)>\"'&<!--loadgate:data-->\u{202e}\u{2028}";

fn summary(name: &str) -> Value {
    json!({
        "run": "shop.1", "test": "shop", "state": "ended", "start": 1_795_221_970_000_u64, "end": 1_795_221_973_000_u64,
        "metrics": {
            "http_reqs": {"type": "counter", "values": {"count": 3511, "rate": 91.75}},
            "http_req_duration": {"type": "trend", "contains": "time",
                "values": {"count": 3511, "avg": 54.48, "min": 0, "med": 54.9, "max": 701.4, "p(90)": 91.6, "p(95)": 120.47, "p(99)": 168.9}},
            "checks": {"type": "rate", "values": {"rate": 0.5, "passes": 1, "fails": 1}},
            "vus": {"type": "gauge", "values": {"value": 3, "min": 1, "max": 10}},
            format!("http_reqs{{name:{name}}}"): {"type": "counter", "values": {"count": 1, "rate": 0.3}},
        },
        "requests": [{"key": [name, name], "count": 3, "rate": 1, "failed": 0.0329, "avg": 1.5, "min": 1, "med": 1, "max": 2, "p90": 2, "p95": 2, "p99": 2, "time": 4.5}],
        "statuses": [{"key": ["GET", name, "404", "1404"], "count": 2, "first": 1_795_221_971_000_u64, "last": 1_795_221_972_000_u64}],
        "checks": [{"key": [name, name], "passes": 1, "fails": 1, "lastFailed": null}],
        "groups": [{"key": [name], "metrics": {"http_reqs": {"count": 7, "rate": 2}}}],
        "scenarios": [{"key": [name], "metrics": {"http_req_duration": {"count": 1, "avg": 3}}}],
        "thresholds": [
            {"metric": "http_req_duration", "expression": "p(95)<400", "observed": 120.47, "passes": true, "firstFailed": null},
            {"metric": "http_req_duration{name:login}", "expression": "p(95)<45", "observed": 49.1, "passes": false, "firstFailed": 1_795_221_972_000_u64},
            {"metric": name, "expression": name, "observed": null, "passes": null, "firstFailed": null}
        ],
        "health": {"samples": 10, "late": 2, "misdated": 0, "refused": 1, "refusals": [[name, 1]], "thresholdsKnown": true}
    })
}

fn report(name: &str, events: &str) -> String {
    render(TEMPLATE, &summary(name).to_string(), events).unwrap()
}

#[test]
fn names_from_a_test_never_become_markup() {
    let events = json!([{"event": "metric", "data": {EVIL: {"type": "trend"}}}]).to_string();
    let page = report(EVIL, &events);
    assert!(!page.contains("<img"));
    assert_eq!(page.matches("</script>").count(), TEMPLATE.matches("</script>").count() + 1);
    // Request (2), status, check (2), group, scenario, submetric, threshold (2), refusal.
    assert_eq!(page.matches("&lt;img src=x onerror=alert(1)&gt;&quot;&#39;&amp;").count(), 11);
}

#[test]
fn the_events_come_out_as_they_went_in() {
    let events = json!([{"event": "metric", "data": {EVIL: {"type": "trend"}}}]);
    let page = report("search", &events.to_string());
    let data = page.split_once("id=\"events\">").unwrap().1.split_once("</script>").unwrap().0;
    assert!(!data.contains(['<', '\u{2028}']));
    assert_eq!(serde_json::from_str::<Value>(data).unwrap(), events);
}

#[test]
fn every_breakdown_is_a_table_that_needs_no_script() {
    let page = report("search", "[]");
    let still = page.split_once("<script").unwrap().0;
    for title in [
        "Thresholds",
        "Requests",
        "Statuses and errors",
        "Checks",
        "Groups",
        "Scenarios",
        "Trends",
        "Counters",
        "Rates",
        "Gauges",
        "Samples that did not count as they should",
    ] {
        assert!(still.contains(&format!(">{title}</h2>")), "{title}");
    }
    assert!(still.contains("p(95) &lt; 400\u{a0}ms"));
    assert!(still.contains("<td>49.1\u{a0}ms</td><td>−9.11\u{a0}%</td><td>0:02</td>"));
    assert!(still.contains("1 of 3 thresholds fail"));
    assert!(still.contains("<p class=\"figure\">3,511</p>"));
    assert_eq!(still.matches("<tr>").count(), still.matches("</tr>").count());
}

#[test]
fn a_threshold_without_data_is_shown_as_no_data() {
    let page = report("search", "[]");
    assert_eq!(page.matches("no data</span></td>").count(), 1);
}

#[test]
fn a_run_that_measured_next_to_nothing_has_a_report() {
    let page =
        render(TEMPLATE, r#"{"run":"shop.1","test":"shop","state":"live","metrics":{}}"#, "[]").unwrap();
    assert!(page.contains("still live") && page.contains("no data"));
    assert!(!page.contains("<table>"));
}

#[test]
fn what_cannot_be_read_is_named() {
    assert!(matches!(render(TEMPLATE, "{", "[]"), Err(ReportError::Summary(_))));
    assert!(matches!(render(TEMPLATE, "{}", "{}"), Err(ReportError::Events(_))));
    assert!(matches!(render("<p>", "{}", "[]"), Err(ReportError::Template("<!--loadgate:title-->"))));
}
