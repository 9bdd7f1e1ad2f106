//! What the report promises: everything escaped, everything there, nothing found twice, and all of it
//! without a script.

use super::{ReportError, render};
use loadgate_documents::{
    Aggregate, ComparedFigure, ComparedTable, Comparison, GateVerdict, ObjectiveResult, ObjectiveState, Says,
    Span, Summary, format,
};
use maud::Render;
use serde_json::{Value, json};

const TEMPLATE: &str = "<!doctype html><title><!--loadgate:title--></title><main><!--loadgate:head--><!--loadgate:body--></main><!--loadgate:data--><script type=\"module\"></script>";

const EVIL: &str = "</script><img src=x onerror=alert(1)>\"'&<!--loadgate:data-->\u{202e}\u{2028}";

/// A summary that says this, and of the rest nothing.
fn typed(said: Value) -> Summary {
    let mut document = serde_json::to_value(Summary::default()).unwrap();
    document["health"]["thresholdsKnown"] = json!(true);
    let mut said = said;
    if let Value::Object(health) = said["health"].take() {
        document["health"].as_object_mut().unwrap().extend(health);
    }
    let said = said.as_object_mut().unwrap();
    said.remove("health");
    document.as_object_mut().unwrap().append(said);
    serde_json::from_value(document).unwrap()
}

fn summary(name: &str) -> Summary {
    typed(json!({
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
        "health": {"samples": 10, "late": 2, "misdated": 0, "refused": 1, "refusals": [[name, 1]], "thresholdsKnown": true,
            "generators": [{"source": name, "vus": 3, "lastSeen": 1_795_221_972_000_u64}]}
    }))
}

fn report(name: &str, events: &str) -> String {
    render(TEMPLATE, &summary(name), None, None, events, None).unwrap()
}

/// Events of a run with a window every two seconds, in which each metric has these values.
fn events(metrics: Value, windows: &[Value]) -> String {
    let mut metrics = metrics;
    metrics["time"] = json!({"type": "gauge", "contains": "time"});
    let mut names: Vec<&String> = metrics.as_object().unwrap().keys().collect();
    names.sort();
    let start = 1_795_221_970_000_u64;
    let mut events = vec![
        json!({"event": "config", "data": {}}),
        json!({"event": "metric", "data": metrics}),
        json!({"event": "start", "data": [[start]]}),
    ];
    for (i, window) in windows.iter().enumerate() {
        let time = json!([start + 2000 * (i as u64 + 1)]);
        let row = names.iter().map(|name| match name.as_str() {
            "time" => time.clone(),
            name => window.get(name).cloned().unwrap_or(json!([])),
        });
        events.push(json!({"event": "snapshot", "data": row.collect::<Vec<_>>()}));
    }
    json!(events).to_string()
}

fn http_events(windows: usize) -> String {
    let windows: Vec<Value> = (0..windows)
        .map(|_| json!({"http_reqs": [180, 90], "http_req_duration": [54, 300, 55, 1, 91, 120, 168], "vus": [3]}))
        .collect();
    let metrics = json!({
        "http_reqs": {"type": "counter"},
        "http_req_duration": {"type": "trend", "contains": "time"},
        "vus": {"type": "gauge"},
    });
    events(metrics, &windows)
}

/// Every drawing of a page.
fn drawings(page: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut rest = page;
    while let Some(at) = rest.find("<svg") {
        let (mut depth, mut end) = (0, at);
        loop {
            let next = rest[end..].find(['<']).map(|i| end + i).expect("an end of the drawing");
            if rest[next..].starts_with("<svg") {
                depth += 1;
            } else if rest[next..].starts_with("</svg>") {
                depth -= 1;
            }
            end = next + 1;
            if depth == 0 {
                break;
            }
        }
        end += "/svg>".len();
        found.push(&rest[at..end]);
        rest = &rest[end..];
    }
    found
}

/// Panics where a drawing is not XML: tags out of order, attributes without quotes or named twice,
/// bare `<` and `&`.
fn assert_well_formed(xml: &str) {
    let mut open = Vec::new();
    let mut rest = xml;
    while let Some((text, tail)) = rest.split_once('<') {
        assert_text(text);
        let (tag, tail) = tail.split_once('>').expect("an end of the tag");
        rest = tail;
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop(), Some(name), "{xml}");
            continue;
        }
        let (tag, closed) = tag.strip_suffix('/').map_or((tag, false), |tag| (tag, true));
        let (name, mut attributes) = tag.split_once(' ').unwrap_or((tag, ""));
        assert!(name.chars().all(|c| c.is_ascii_alphabetic()), "{name}");
        let mut known = Vec::new();
        while let Some((key, tail)) = attributes.split_once("=\"") {
            let (value, tail) = tail.split_once('"').expect("a closing quote");
            assert_text(value);
            assert!(!known.contains(&key.trim()), "{key} twice: {tag}");
            known.push(key.trim());
            attributes = tail;
        }
        assert_eq!(attributes.trim(), "", "{tag}");
        if !closed {
            open.push(name);
        }
    }
    assert!(open.is_empty() && rest.is_empty(), "{open:?} {rest}");
}

fn assert_text(text: &str) {
    for part in text.split('&').skip(1) {
        assert!(["amp;", "lt;", "gt;", "quot;"].iter().any(|known| part.starts_with(known)), "{part}");
    }
}

fn still(page: &str) -> &str {
    page.split_once("<script").unwrap().0
}

#[test]
fn names_from_a_test_never_become_markup() {
    let series = json!([{"metric": "pages", "aggregate": "p(95)", "label": EVIL}]);
    let panels = json!([
        {"id": "a", "kind": "chart", "title": EVIL, "caption": EVIL, "series": series},
        {"id": "b", "kind": "stat", "title": EVIL, "series": series},
    ]);
    let tabs = json!([{"id": "t", "title": EVIL, "sections": [{"title": EVIL, "panels": panels}]}]);
    let own = json!([{"event": "config", "data": {"dashboard": {"tabs": tabs}}}]).to_string();
    let trend = json!({"type": "trend", "contains": "time", "custom": true});
    let window = json!({EVIL: [1, 2, 3, 4, 5, 6, 7], "pages": [1, 2, 3, 4, 5, 6, 7]});
    let log = events(json!({EVIL: trend, "pages": trend}), &[window.clone(), window]);
    for (log, of_its_own) in
        [(log.clone(), false), (format!("{},{}", &log[..log.len() - 1], &own[1..]), true)]
    {
        let page = report(EVIL, &log);
        assert_eq!(page.contains("<h2 id=\"tab-0\"><bdi>&lt;/script&gt;"), of_its_own);
        assert!(!page.contains("<img"));
        assert_eq!(page.matches("</script>").count(), TEMPLATE.matches("</script>").count() + 2);
        assert!(page.matches("&lt;img src=x onerror=alert(1)&gt;&quot;'&amp;").count() > 13);
        let drawings = drawings(still(&page));
        assert!(drawings.iter().any(|svg| svg.contains("&lt;/script&gt;")), "a chart says its title");
        drawings.into_iter().for_each(assert_well_formed);
    }
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
fn charts_stand_in_their_sections_without_a_script_or_a_style_sheet() {
    let page = report("search", &http_events(20));
    let still = still(&page);
    for part in [">Overview</bdi></h2>", ">HTTP performance</bdi></h3>", ">Request duration</bdi></h4>"] {
        assert!(still.contains(part), "{part}");
    }
    assert!(!still.contains(">Timings<"), "a tab without data is left out");
    let drawings = drawings(still);
    assert_eq!(drawings.iter().filter(|svg| svg.contains("still-chart")).count(), 3);
    for svg in &drawings {
        assert_well_formed(svg);
        assert!(!svg.contains("style="), "a strict policy forbids it");
    }
    let duration = drawings.iter().find(|svg| svg.contains("Chart of Request duration")).unwrap();
    assert!(duration.contains("p(95) &lt; 400\u{a0}ms"));
    assert!(duration.contains(">200</text>") && duration.contains("\u{a0}ms</text>"));
    let panels = page.split_once("id=\"panels\">").unwrap().1.split_once("</script>").unwrap().0;
    let panels: Value = serde_json::from_str(panels).unwrap();
    assert_eq!(panels.as_array().unwrap().len(), still.matches("data-panel=").count());
    assert_eq!(panels[1]["unit"], "time");
}

#[test]
fn a_legend_says_what_the_tables_say() {
    let page = report("search", &http_events(20));
    for (label, figure) in [("request rate", "91.8/s"), ("p95", "120\u{a0}ms"), ("median", "54.9\u{a0}ms")] {
        assert!(page.contains(&format!("<bdi>{label}</bdi> <b>{figure}</b>")), "{label}");
        assert!(page.contains(&format!("<td align=\"right\">{figure}</td>")), "{label}");
    }
    // Of a gauge, the highest.
    assert!(page.contains("<bdi>active VUs</bdi> <b>10</b>") && page.contains("<td align=\"right\">10</td>"));
}

#[test]
fn a_run_of_three_seconds_is_drawn_as_points() {
    let page = report("search", &http_events(1));
    let chart = drawings(&page).into_iter().find(|svg| svg.contains("Chart of Request duration")).unwrap();
    assert_eq!(chart.matches("<circle").count(), 3);
    assert!(!chart.contains("<path") && !chart.contains("NaN"));
}

#[test]
fn a_run_without_requests_has_its_custom_metrics_drawn() {
    let window = json!({"orders": [3, 1.5], "stock": [7]});
    let metrics =
        json!({"orders": {"type": "counter", "custom": true}, "stock": {"type": "gauge", "custom": true}});
    let events = events(metrics, &[window.clone(), window]);
    let summary = typed(json!({"run": "a.1", "test": "a", "start": 1_795_221_970_000_u64, "metrics": {
        "orders": {"type": "counter", "values": {"count": 6, "rate": 1.5}}}}));
    let page = render(TEMPLATE, &summary, None, None, &events, None).unwrap();
    assert!(page.contains("Chart of orders over time. Whole run: orders 1.50/s, from 1.50/s to 1.50/s."));
    assert!(page.contains("<bdi>stock</bdi></h4>"));
    assert!(page.contains("no thresholds") && page.contains("no data"));
    assert_eq!(still(&page).matches("class=\"card still\"").count(), 2);
}

#[test]
fn the_newest_dashboard_counts() {
    let own = |title: &str| {
        let panel = json!({"id": "a", "kind": "chart", "title": title, "unit": "number",
            "series": [{"metric": "http_reqs", "aggregate": "rate"}]});
        json!({"event": "config", "data": {"dashboard": {"tabs": [{"id": "t", "title": "Mine", "sections": [{"panels": [panel]}]}]}}})
    };
    let mut events: Vec<Value> = serde_json::from_str(&http_events(3)).unwrap();
    events.extend([own("Old"), own("New")]);
    let page = report("search", &json!(events).to_string());
    let still = still(&page);
    assert!(still.contains(">New</bdi></h3>") && still.contains(">Mine</bdi></h2>"));
    assert!(!still.contains(">Old<") && !still.contains(">Overview<"));
    assert!(still.contains("<bdi>rate</bdi> <b>91.8</b>"));
}

#[test]
fn thousands_of_windows_are_thinned_and_keep_their_peaks() {
    let windows: Vec<Value> =
        (0..5000).map(|i| json!({"http_reqs": [2, if i == 3333 { 1000 } else { 1 }]})).collect();
    let page = report("search", &events(json!({"http_reqs": {"type": "counter"}}), &windows));
    let chart = drawings(&page).into_iter().find(|svg| svg.contains("Chart of HTTP requests")).unwrap();
    assert!(chart.len() < 40_000, "{}", chart.len());
    // The top of a plot of 172 is 1,250 per second.
    assert!(chart.contains(" 34.4 "), "the one window of 1,000 per second is there");
}

#[test]
fn a_gap_of_a_trend_is_not_bridged_and_that_of_a_counter_is_zero() {
    let with = json!({"http_reqs": [2, 1], "vus": [3], "http_req_duration": [54, 300, 55, 1, 91, 120, 168]});
    let windows = [with.clone(), with.clone(), json!({"vus": [3]}), with.clone(), with];
    let metrics = json!({
        "http_reqs": {"type": "counter"},
        "vus": {"type": "gauge"},
        "http_req_duration": {"type": "trend", "contains": "time"},
    });
    let page = report("search", &events(metrics, &windows));
    let paths = |title: &str| {
        let chart = drawings(&page).into_iter().find(|svg| svg.contains(&format!("Chart of {title} over")));
        let chart = chart.unwrap_or_else(|| panic!("a chart of {title}"));
        let lines = chart.split("<path d=\"").skip(1).filter(|path| path.contains("fill=\"none\""));
        lines.map(|path| path.split('"').next().unwrap_or_default().matches('M').count()).collect::<Vec<_>>()
    };
    assert!(paths("HTTP requests").iter().all(|pieces| *pieces == 1), "{:?}", paths("HTTP requests"));
    assert!(paths("Request duration").iter().all(|pieces| *pieces == 2), "{:?}", paths("Request duration"));
}

#[test]
fn error_codes_are_told_in_words() {
    let page = report("search", "[]");
    assert!(still(&page).contains(">Not found</td>"));
}

#[test]
fn every_breakdown_is_a_table_that_needs_no_script() {
    let page = report("search", "[]");
    let still = still(&page);
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
        "Load generators",
        "Samples that did not count as they should",
    ] {
        assert!(still.contains(&format!(">{title}</h2>")), "{title}");
    }
    assert!(still.contains("p(95) &lt; 400\u{a0}ms"));
    assert!(still.contains("<td align=\"right\">49.1\u{a0}ms</td><td align=\"right\">−9.11\u{a0}%</td><td align=\"right\">0:02</td>"));
    assert!(still.contains("1 of 3 thresholds fail"));
    assert!(still.contains("<b class=\"figure\">3,511</b>"));
    assert_eq!(still.matches("<tr>").count(), still.matches("</tr>").count());
}

#[test]
fn a_threshold_without_data_is_shown_as_no_data() {
    let page = report("search", "[]");
    assert_eq!(page.matches("no data</span></td>").count(), 1);
}

#[test]
fn a_run_that_measured_next_to_nothing_has_a_report() {
    let summary = typed(json!({"run": "shop.1", "test": "shop", "state": "live"}));
    let page = render(TEMPLATE, &summary, None, None, "[]", None).unwrap();
    assert!(page.contains("still running") && page.contains("no data"));
    assert!(!page.contains("<table") && !page.contains("<svg") && !page.contains("NaN"));
}

#[test]
fn what_people_wrote_beside_a_run_stands_in_its_head() {
    let summary = typed(json!({"run": "shop.1", "test": "shop", "label": "<b>fix</b>", "note": "a\nb"}));
    let page = render(TEMPLATE, &summary, None, None, "[]", None).unwrap();
    assert!(page.contains("&lt;b&gt;fix&lt;/b&gt;") && page.contains("<dt>Note</dt>"));
}

#[test]
fn what_cannot_be_read_is_named() {
    let summary = Summary::default();
    assert!(matches!(render(TEMPLATE, &summary, None, None, "{}", None), Err(ReportError::Events(_))));
    assert!(matches!(
        render("<p>", &summary, None, None, "[]", None),
        Err(ReportError::Template("<!--loadgate:title-->"))
    ));
}

#[test]
fn the_report_says_loudly_how_a_run_ended_what_it_missed_and_what_nobody_told() {
    let summary = typed(json!({
        "test": "shop", "run": "shop.1", "state": "ended", "start": 1000, "end": 7000, "thresholds": [],
        "metrics": {"orders": {"type": "counter", "unknown": ["counter", "rate"], "values": {"count": 3, "rate": 1}}},
        "outcome": {"exit": 99, "aborted": true, "state": "bad", "text": "aborted by a threshold at 0:06 of 1:00 planned"},
        "health": {"thresholdsKnown": true, "wanted": [
            {"scenario": "<buy>", "wanted": 100, "reached": 60, "dropped": 40, "seconds": 10, "short": true}
        ]},
    }));
    let head = super::head::head(&summary, None, None).0;
    for part in [
        "aborted by a threshold at 0:06 of 1:00 planned (k6 exit code 99)",
        "notice-bad",
        "&lt;buy&gt;",
        "dropped 40",
        "/tests/shop/metrics -d '{&quot;orders&quot;:&quot;counter|rate&quot;}'",
    ] {
        assert!(head.contains(part), "{part}: {head}");
    }
    let tables: String =
        super::tables::after_charts(&summary).iter().map(|table| table.render().into_string()).collect();
    assert!(tables.contains("type not known"), "{tables}");
}

#[test]
fn the_verdict_stands_at_the_top_and_its_objectives_before_the_charts() {
    let objective = ObjectiveResult {
        name: "<b>Login</b>".to_owned(),
        state: ObjectiveState::Fail,
        reason: "612 ms is above 500 ms.".to_owned(),
        observed: Some(612.0),
        unit: format::Unit::Time,
        criterion: "< 500ms".to_owned(),
        ..ObjectiveResult::default()
    };
    let verdict = GateVerdict {
        state: ObjectiveState::Fail,
        reason: "1 of 1 objective failed: Login.".to_owned(),
        missing: vec!["The run has a gap.".to_owned()],
        objectives: vec![objective],
        ..GateVerdict::default()
    };
    let page = render(TEMPLATE, &Summary::default(), Some(&verdict), None, "[]", None).unwrap();
    for expected in
        ["✗</span> No-go", "The run has a gap.", "&lt;b&gt;Login&lt;/b&gt;", "612 ms", "&lt; 500ms"]
    {
        assert!(page.contains(expected), "{expected} is not in {page}");
    }
    let window = |start, end| Some(Span { start, end });
    let mut part = verdict.clone();
    (part.start, part.window) = (Some(0), window(60_000, 600_000));
    part.objectives[0].window = window(30_000, 90_000);
    let page = render(TEMPLATE, &Summary::default(), Some(&part), None, "[]", None).unwrap();
    for expected in ["Judged from 1:00 to 10:00 of the run.", "from 0:30 to 1:30"] {
        assert!(page.contains(expected), "{expected} is not in {page}");
    }
    assert!(page.contains("thresholds not known"), "{page}");
    let ignored = GateVerdict { thresholds_ignored: true, ..verdict.clone() };
    let page = render(TEMPLATE, &Summary::default(), Some(&ignored), None, "[]", None).unwrap();
    assert!(!page.contains("thresholds not known"), "nobody asked for them: {page}");
    let live = GateVerdict { state: ObjectiveState::Pass, provisional: true, ..verdict };
    let page = render(TEMPLATE, &Summary::default(), Some(&live), None, "[]", None).unwrap();
    assert!(page.contains("chip-open") && page.contains("Go so far"), "nothing is green before the end");
}

#[test]
fn the_last_moment_of_a_run_is_no_cliff_and_a_counter_without_samples_is_zero() {
    let names = json!({"http_reqs": {"type": "counter"}, "vus": {"type": "gauge"}, "time": {"type": "gauge", "contains": "time"}});
    let start = 1_795_221_970_000_u64;
    let window = |after: u64, reqs: Value, vus: u64| json!({"event": "snapshot", "data": [reqs, [start + after], [vus]]});
    let events = json!([
        {"event": "config", "data": {}},
        {"event": "metric", "data": names},
        {"event": "start", "data": [[start]]},
        window(2_000, json!([180, 90]), 50),
        window(4_000, json!([]), 50),
        window(4_300, json!([9, 9]), 3),
    ])
    .to_string();
    let recording = super::Recording::read(&events, None).unwrap();
    let wanted = vec![
        ("http_reqs".to_owned(), Aggregate::parse("rate").unwrap()),
        ("vus".to_owned(), Aggregate::parse("value").unwrap()),
    ];
    let columns = recording.columns(wanted, start as f64);
    assert_eq!(columns.seconds, [2.0, 4.3]);
    assert_eq!(columns.of("vus", Aggregate::parse("value").unwrap()), [Some(50.0), Some(50.0)]);
    let rates = columns.of("http_reqs", Aggregate::parse("rate").unwrap());
    assert!((rates[1].unwrap() - 9.0 / 2.3).abs() < 1e-9, "{rates:?}");
}

#[test]
fn a_run_whose_windows_grew_is_drawn_in_windows_of_one_length() {
    let series = json!({"times": [10_000, 20_000, 30_000], "series": [
        {"metric": "http_reqs", "type": "counter", "values": [[40, 4], [], [60, 6]]},
        {"metric": "http_req_duration", "type": "trend", "values": [[54, 300, 55, 1, 91, 120, 168], [], [54, 300, 56, 1, 91, 121, 168]]},
    ]})
    .to_string();
    let events = http_events(4);
    let recording = super::Recording::read(&events, Some(&series)).unwrap();
    let wanted = [("http_reqs", "rate"), ("http_req_duration", "p(95)")];
    let wanted = wanted.map(|(metric, name)| (metric.to_owned(), Aggregate::parse(name).unwrap()));
    let columns = recording.columns(wanted.to_vec(), 0.0);
    assert_eq!(columns.seconds, [10.0, 20.0, 30.0]);
    assert_eq!(columns.of("http_reqs", wanted[0].1), [Some(4.0), Some(0.0), Some(6.0)]);
    assert_eq!(columns.of("http_req_duration", wanted[1].1), [Some(120.0), None, Some(121.0)]);
}

#[test]
fn the_report_of_a_part_says_so_on_top_and_draws_nothing_else() {
    let windows: Vec<Value> =
        (1..=60).map(|n| json!({"http_reqs": [2 * n, n], "vus": [if n == 2 { 900 } else { n }]})).collect();
    let metrics = json!({"http_reqs": {"type": "counter"}, "vus": {"type": "gauge"}});
    let start = 1_795_221_970_000_i64;
    let mut part = summary("home");
    part.end = start + 120_000;
    part.window = Some(Span { start: start + 30_000, end: start + 90_000 });
    part.metrics.get_mut("http_req_duration").unwrap().silent = true;
    let page = render(TEMPLATE, &part, None, None, &events(metrics, &windows), None).unwrap();
    assert_text(&page);
    assert!(page.contains("<title>shop.1 · 0:30 to 1:30 · Loadgate report</title>"));
    let head = &page[page.find("<h1>").unwrap()..page.find("class=\"facts\"").unwrap()];
    assert!(head.contains("<strong>0:30 to 1:30 of 2:00</strong> · 1:00 · in this part: "), "{head}");
    assert!(head.contains("of the whole run"), "{head}");
    let still = still(&page);
    assert!(still.contains("0:30 to 1:30:") && !still.contains("whole run:"), "legends name the part");
    assert!(still.contains(">0:30<") && !still.contains(">0:00<"), "axes begin with it");
    assert!(!still.contains("1,000") && !still.contains(">900<"), "a peak outside of it is not drawn");
    assert!(page.contains(r#"<script type="application/json" id="part">"#));
    assert!(page.contains("no samples in this part") && !page.contains("120.47"), "zeros that say nothing");
}

#[test]
fn what_differs_from_the_baseline_stands_in_the_head_on_tiles_and_in_a_table() {
    let figure = |metric: &str, says: Says, text: &str| ComparedFigure {
        metric: metric.to_owned(),
        figure: "p(95)".to_owned(),
        difference: Some(1.0),
        says,
        text: text.to_owned(),
        ..ComparedFigure::default()
    };
    let row = ComparedFigure {
        table: ComparedTable::Requests,
        key: vec!["GET".to_owned(), "<b>search".to_owned()],
        ..figure("http_req_duration", Says::Worse, "+57 %")
    };
    let quiet =
        ComparedFigure { key: vec!["GET".to_owned(), "quiet".to_owned()], says: Says::None, ..row.clone() };
    let comparison = Comparison {
        says: Says::Worse,
        sentence: "Worse than <i>before</i>.".to_owned(),
        figures: vec![figure("http_req_duration", Says::Worse, "+25 % ± 12 %"), row, quiet],
        ..Comparison::default()
    };
    let (summary, events) = (summary("shop"), http_events(20));
    let page = render(TEMPLATE, &summary, None, Some(&comparison), &events, None).unwrap();
    assert!(page.contains("Worse than &lt;i&gt;before&lt;/i&gt;."));
    assert!(page.contains("&lt;b&gt;search") && page.contains("+57 %"));
    assert!(!page.contains("quiet"), "what shows no difference has no row");
    assert!(page.contains(r#"class="tile-delta caption""#) && page.contains("✗ worse, +25 % ± 12 %"));
    let without = render(TEMPLATE, &summary, None, None, &events, None).unwrap();
    assert!(!without.contains("Against the baseline"));
}

/// More checks than paper has room for: the screen has all, and what failed goes to paper.
#[test]
fn a_long_table_is_bounded_on_paper_and_whole_on_the_screen() {
    let of = |count: usize| {
        let checks: Vec<Value> = (0..count)
            .map(|i| json!({"key": ["", format!("check {i}")], "passes": 1, "fails": i / 299, "lastFailed": null}))
            .collect();
        let summary = typed(json!({"run": "a.1", "test": "a", "checks": checks}));
        let page = render(TEMPLATE, &summary, None, None, &http_events(3), None).unwrap();
        page.split_once("id=\"table-checks\"").unwrap().1.to_owned()
    };
    let table = of(300);
    let rows: Vec<&str> = table.split("<tr").filter(|row| row.contains("check ")).collect();
    assert_eq!(rows.len(), 300);
    let printed: Vec<_> = rows.iter().filter(|row| !row.starts_with(" class=\"minor\"")).collect();
    assert_eq!(printed.len(), 40);
    assert!(printed[0].contains("check 299<"), "what failed comes first");
    assert!(table.contains("On paper without 260 rows; the file has all."));
    assert!(!of(40).contains("On paper"));
}
