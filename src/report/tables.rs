//! What the report shows without JavaScript: figures and tables of a summary document.

use super::format::{NOTHING, Unit, clock, format, moment, unit_of};
use super::{Html, text};
use serde_json::Value;
use std::fmt::Write as _;

/// Title, state and the six figures that decide.
pub fn head(summary: &Value) -> Html {
    let test = string(summary, "test");
    let run = string(summary, "run");
    let name = run.strip_prefix(test).and_then(|rest| rest.strip_prefix('.')).unwrap_or(run);
    let start = number(summary, "start");
    let when = match (start, number(summary, "end")) {
        (Some(start), Some(end)) => format!("{} · {} long", moment(start), clock(end - start)),
        (Some(start), None) => moment(start),
        _ => String::new(),
    };
    let state =
        if string(summary, "state") == "live" { chip("good", "still live") } else { chip("none", "ended") };
    let mut html = format!(
        "<header class=\"report-head\"><h1><bdi>{}</bdi> <span class=\"caption\"><bdi>{}</bdi></span></h1>{}{}<p class=\"caption\">{}</p></header>",
        text(test).0,
        text(name).0,
        state.0,
        verdict(summary).0,
        text(&when).0,
    );
    html.push_str("<div class=\"tiles\">");
    for (title, metric, aggregate, aside) in [
        ("Requests", "http_reqs", "count", "rate"),
        ("Request duration p95", "http_req_duration", "p(95)", "med"),
        ("Failed requests", "http_req_failed", "rate", "fails"),
        ("Checks passed", "checks", "rate", "fails"),
        ("Most VUs", "vus", "max", ""),
        ("Iterations", "iterations", "count", "rate"),
    ] {
        html.push_str(&tile(&summary["metrics"][metric], title, metric, aggregate, aside));
    }
    html.push_str("</div>");
    Html(html)
}

/// Every table that has rows.
pub fn body(summary: &Value) -> Html {
    let mut html = String::new();
    for table in [
        losses(&summary["health"]),
        thresholds(summary),
        requests(&summary["requests"]),
        statuses(summary),
        checks(summary),
        breakdown(summary, "groups", "Groups", "Group"),
        breakdown(summary, "scenarios", "Scenarios", "Scenario"),
        metrics(summary, "trend", "Trends", &["avg", "min", "med", "max", "p(90)", "p(95)", "p(99)"]),
        metrics(summary, "counter", "Counters", &["count", "rate"]),
        metrics(summary, "rate", "Rates", &["rate", "passes", "fails"]),
        metrics(summary, "gauge", "Gauges", &["value", "min", "max"]),
    ]
    .into_iter()
    .filter(|table| !table.rows.is_empty())
    {
        table.write(&mut html);
    }
    Html(html)
}

struct Table {
    title: String,
    caption: String,
    /// Title, and whether it holds text, which stands left.
    columns: Vec<(String, bool)>,
    rows: Vec<Vec<Html>>,
}

impl Table {
    fn new(title: &str, columns: &[(&str, bool)]) -> Self {
        Table {
            title: title.to_owned(),
            caption: String::new(),
            columns: columns.iter().map(|&(title, left)| (title.to_owned(), left)).collect(),
            rows: Vec::new(),
        }
    }

    fn write(&self, html: &mut String) {
        let id = format!("table-{}", self.title.to_lowercase().replace(' ', "-"));
        let caption = if self.caption.is_empty() {
            format(Some(self.rows.len() as f64), Unit::Count, false)
        } else {
            self.caption.clone()
        };
        let _infallible = write!(
            html,
            "<section class=\"card\" aria-labelledby=\"{id}\"><header class=\"card-head\"><h2 id=\"{id}\">{}</h2><span class=\"caption\">{}</span></header><div class=\"table-scroll\"><table><thead><tr>",
            text(&self.title).0,
            text(&caption).0,
        );
        for (title, left) in &self.columns {
            let _infallible = write!(html, "<th scope=\"col\"{}>{}</th>", class(*left), text(title).0);
        }
        html.push_str("</tr></thead><tbody>");
        for row in &self.rows {
            html.push_str("<tr>");
            for (i, (cell, (_, left))) in row.iter().zip(&self.columns).enumerate() {
                let _infallible = if i == 0 {
                    write!(html, "<th scope=\"row\" class=\"left wrap\">{}</th>", cell.0)
                } else {
                    write!(html, "<td{}>{}</td>", class(*left), cell.0)
                };
            }
            html.push_str("</tr>");
        }
        html.push_str("</tbody></table></div></section>");
    }
}

fn class(left: bool) -> &'static str {
    if left { " class=\"left wrap\"" } else { "" }
}

fn losses(health: &Value) -> Table {
    let mut table =
        Table::new("Samples that did not count as they should", &[("What", true), ("Samples", false)]);
    let mut add = |what: &str, count: Option<f64>| {
        if count.is_some_and(|count| count > 0.0) {
            table.rows.push(vec![name(what), figure(count, Unit::Count)]);
        }
    };
    add("late: counted in the window that was open", number(health, "late"));
    add("misdated: far ahead of the run", number(health, "misdated"));
    for refusal in list(health, "refusals") {
        let reason = refusal[0].as_str().unwrap_or_default();
        add(&format!("refused: {reason}"), refusal[1].as_f64());
    }
    table
}

fn thresholds(summary: &Value) -> Table {
    let columns = [
        ("Metric", true),
        ("Limit", true),
        ("Observed", false),
        ("Margin", false),
        ("First crossed", false),
        ("State", true),
    ];
    let mut table = Table::new("Thresholds", &columns);
    let start = number(summary, "start").unwrap_or(0.0);
    let mut rows: Vec<&Value> = list(summary, "thresholds").iter().collect();
    rows.sort_by_key(|row| match row["passes"].as_bool() {
        Some(false) => 0,
        None => 1,
        Some(true) => 2,
    });
    for row in rows {
        let metric = string(row, "metric");
        let expression = string(row, "expression");
        let parsed = parse_expression(expression);
        let observed = number(row, "observed");
        let unit = |aggregate| {
            let (kind, contains) = meta(summary, metric);
            unit_of(kind, contains, aggregate)
        };
        let (limit, unit, margin) = match parsed {
            Some((aggregate, operator, limit)) => {
                let unit = unit(aggregate);
                let said = format!("{aggregate} {operator} {}", format(Some(limit), unit, true));
                (said, unit, margin(operator, limit, observed))
            }
            None => (expression.to_owned(), Unit::Number, None),
        };
        table.rows.push(vec![
            name(metric),
            Html(format!("<code>{}</code>", text(&limit).0)),
            figure(observed, unit),
            figure(margin, Unit::Ratio),
            text(&number(row, "firstFailed").map_or(NOTHING.to_owned(), |at| clock(at - start))),
            match row["passes"].as_bool() {
                Some(true) => chip("good", "pass"),
                Some(false) => chip("bad", "fail"),
                None => chip("none", "no data"),
            },
        ]);
    }
    table
}

fn requests(rows: &Value) -> Table {
    let columns = [
        ("Request", true),
        ("Count", false),
        ("Rate", false),
        ("Failed", false),
        ("Average", false),
        ("Median", false),
        ("p90", false),
        ("p95", false),
        ("p99", false),
        ("Max", false),
        ("Time", false),
    ];
    let mut table = Table::new("Requests", &columns);
    let mut rows: Vec<&Value> = rows.as_array().into_iter().flatten().collect();
    let time = |row: &Value| number(row, "time").unwrap_or(0.0);
    rows.sort_by(|a, b| time(b).total_cmp(&time(a)));
    let total: f64 = rows.iter().map(|row| time(row)).sum();
    for row in rows {
        let mut cells = vec![request_name(&row["key"])];
        cells.push(figure(number(row, "count"), Unit::Count));
        cells.push(figure(number(row, "rate"), Unit::Rate));
        let failed = number(row, "failed");
        cells.push(alarming(failed, Unit::Ratio));
        for aggregate in ["avg", "med", "p90", "p95", "p99", "max"] {
            cells.push(figure(number(row, aggregate), Unit::Time));
        }
        cells.push(figure((total > 0.0).then(|| time(row) / total), Unit::Ratio));
        table.rows.push(cells);
    }
    table
}

fn statuses(summary: &Value) -> Table {
    let columns = [
        ("Request", true),
        ("Status", false),
        ("Error code", false),
        ("Count", false),
        ("First", false),
        ("Last", false),
    ];
    let mut table = Table::new("Statuses and errors", &columns);
    let start = number(summary, "start").unwrap_or(0.0);
    for row in list(summary, "statuses") {
        let key = |i: usize| row["key"][i].as_str().filter(|s| !s.is_empty()).unwrap_or(NOTHING);
        let at = |field| text(&number(row, field).map_or(NOTHING.to_owned(), |at| clock(at - start)));
        table.rows.push(vec![
            request_name(&row["key"]),
            text(key(2)),
            text(key(3)),
            figure(number(row, "count"), Unit::Count),
            at("first"),
            at("last"),
        ]);
    }
    table
}

fn checks(summary: &Value) -> Table {
    let columns = [
        ("Check", true),
        ("Group", true),
        ("Passed", false),
        ("Passes", false),
        ("Fails", false),
        ("Last failed", false),
    ];
    let mut table = Table::new("Checks", &columns);
    let start = number(summary, "start").unwrap_or(0.0);
    for row in list(summary, "checks") {
        let (group, check) = match row["key"][1].as_str() {
            Some(check) => (row["key"][0].as_str().unwrap_or_default(), check),
            None => ("", row["key"][0].as_str().unwrap_or_default()),
        };
        let (passes, fails) = (number(row, "passes").unwrap_or(0.0), number(row, "fails").unwrap_or(0.0));
        let all = passes + fails;
        table.rows.push(vec![
            name(check),
            name(group),
            figure((all > 0.0).then(|| passes / all), Unit::Ratio),
            figure(Some(passes), Unit::Count),
            alarming(Some(fails), Unit::Count),
            text(&number(row, "lastFailed").map_or(NOTHING.to_owned(), |at| clock(at - start))),
        ]);
    }
    table
}

/// Groups or scenarios: a row for each metric that was measured in one.
fn breakdown(summary: &Value, field: &str, title: &str, first: &str) -> Table {
    let mut table = Table::new(title, &[(first, true), ("Metric", true), ("Figures", true)]);
    for row in list(summary, field) {
        let key = row["key"][0].as_str().filter(|key| !key.is_empty()).unwrap_or("(none)");
        for (metric, values) in row["metrics"].as_object().into_iter().flatten() {
            let (kind, contains) = meta(summary, metric);
            let figures: Vec<String> =
                ["count", "rate", "passes", "fails", "value", "avg", "med", "p(95)", "max"]
                    .iter()
                    .filter_map(|aggregate| {
                        let value = number(values, aggregate)?;
                        Some(format!(
                            "{} {}",
                            label(aggregate).to_lowercase(),
                            format(Some(value), unit_of(kind, contains, aggregate), false)
                        ))
                    })
                    .collect();
            table.rows.push(vec![name(key), name(metric), text(&figures.join(" · "))]);
        }
    }
    table
}

fn metrics(summary: &Value, kind: &str, title: &str, aggregates: &[&str]) -> Table {
    let mut columns = vec![("Metric".to_owned(), true)];
    columns.extend(aggregates.iter().map(|&aggregate| (label(aggregate), false)));
    let mut table = Table { columns, ..Table::new(title, &[]) };
    for (metric, document) in summary["metrics"].as_object().into_iter().flatten() {
        if string(document, "type") != kind {
            continue;
        }
        let contains = string(document, "contains");
        let title = if metric.contains('{') {
            Html(format!("<span class=\"submetric\"><bdi>{}</bdi></span>", text(metric).0))
        } else {
            name(metric)
        };
        let mut cells = vec![title];
        cells.extend(
            aggregates.iter().map(|a| figure(number(&document["values"], a), unit_of(kind, contains, a))),
        );
        table.rows.push(cells);
    }
    table
}

fn tile(document: &Value, title: &str, metric: &str, aggregate: &str, aside: &str) -> String {
    let unit = |aggregate| unit_of(string(document, "type"), string(document, "contains"), aggregate);
    let values = &document["values"];
    let caption = match (document.is_null(), number(values, aside)) {
        (true, _) => "no data".to_owned(),
        (false, None) => String::new(),
        (false, Some(value)) if aside == "med" => {
            format!("median {}", format(Some(value), unit(aside), false))
        }
        // In `http_req_failed` a pass is a failed request.
        (false, Some(_)) if metric == "http_req_failed" => {
            format!("{} failed", format(number(values, "passes"), Unit::Count, false))
        }
        (false, Some(value)) if aside == "fails" => {
            format!("{} failed", format(Some(value), Unit::Count, false))
        }
        (false, Some(value)) => format(Some(value), unit(aside), false),
    };
    format!(
        "<div class=\"tile card\"><div class=\"tile-head\"><h3>{title}</h3></div><p class=\"figure\">{}</p><div class=\"tile-foot\"><span class=\"caption\">{}</span></div></div>",
        figure(number(values, aggregate), unit(aggregate)).0,
        text(&caption).0,
    )
}

fn verdict(summary: &Value) -> Html {
    let all = list(summary, "thresholds");
    let failed = all.iter().filter(|t| t["passes"].as_bool() == Some(false)).count();
    let silent = all.iter().filter(|t| t["passes"].is_null()).count();
    let thresholds = if all.len() == 1 { "threshold" } else { "thresholds" };
    match (all.len(), failed, silent) {
        (0, ..) if summary["health"]["thresholdsKnown"].as_bool() == Some(false) => {
            chip("none", "thresholds not known")
        }
        (0, ..) => Html::default(),
        (total, 0, 0) => chip("good", &format!("{total} {thresholds} pass")),
        (total, 0, _) => chip("warning", &format!("{} of {total} {thresholds} pass", total - silent)),
        (total, ..) => chip("bad", &format!("{failed} of {total} {thresholds} fail")),
    }
}

/// States always come as sign, word and colour together.
fn chip(state: &str, word: &str) -> Html {
    let sign = match state {
        "good" => "✓",
        "warning" => "!",
        "bad" => "✗",
        _ => "∅",
    };
    Html(format!(
        "<span class=\"chip chip-{state}\"><span aria-hidden=\"true\">{sign}</span> {}</span>",
        text(word).0
    ))
}

fn request_name(key: &Value) -> Html {
    match (key[0].as_str(), key[1].as_str()) {
        (Some(method), Some(request)) => {
            Html(format!("<span class=\"method\">{}</span> <bdi>{}</bdi>", text(method).0, text(request).0))
        }
        (one, _) => name(one.unwrap_or_default()),
    }
}

/// A name from a test: isolated, so that right-to-left marks turn nothing beside it.
fn name(name: &str) -> Html {
    Html(format!("<bdi>{}</bdi>", text(name).0))
}

fn figure(value: Option<f64>, unit: Unit) -> Html {
    text(&format(value, unit, false))
}

/// A figure that is bad unless it is zero.
fn alarming(value: Option<f64>, unit: Unit) -> Html {
    let figure = figure(value, unit);
    if value.is_some_and(|v| v > 0.0) {
        Html(format!("<span class=\"bad\">{}</span>", figure.0))
    } else {
        figure
    }
}

fn label(aggregate: &str) -> String {
    match aggregate {
        "count" => "Count".to_owned(),
        "rate" => "Rate".to_owned(),
        "passes" => "Trues".to_owned(),
        "fails" => "Falses".to_owned(),
        "value" => "Latest".to_owned(),
        "avg" => "Average".to_owned(),
        "min" => "Min".to_owned(),
        "med" => "Median".to_owned(),
        "max" => "Max".to_owned(),
        percentile => percentile.replace(['(', ')'], ""),
    }
}

/// A submetric's type and unit are its own, or else its metric's.
fn meta<'a>(summary: &'a Value, metric: &str) -> (&'a str, &'a str) {
    let metrics = &summary["metrics"];
    let base = metric.split('{').next().unwrap_or_default();
    let document = metrics.get(metric).unwrap_or(&metrics[base]);
    (string(document, "type"), string(document, "contains"))
}

/// Aggregate, operator and limit of `p(95)<400`; nothing for what is no comparison with a number.
fn parse_expression(expression: &str) -> Option<(&str, &str, f64)> {
    let at = expression.find(['<', '>', '=', '!'])?;
    let (aggregate, rest) = expression.split_at(at);
    let width = rest.find(|c| !matches!(c, '<' | '>' | '=' | '!'))?;
    let (operator, limit) = rest.split_at(width);
    let limit: f64 = limit.trim().parse().ok()?;
    limit.is_finite().then(|| (aggregate.trim(), operator, limit))
}

/// How far the observed value is on the good side, as a share of the limit.
fn margin(operator: &str, limit: f64, observed: Option<f64>) -> Option<f64> {
    let distance = (limit - observed?) / limit.abs();
    match operator.as_bytes().first()? {
        _ if limit == 0.0 => None,
        b'<' => Some(distance),
        b'>' => Some(-distance),
        _ => None,
    }
}

fn number(value: &Value, field: &str) -> Option<f64> {
    value[field].as_f64()
}

fn string<'a>(value: &'a Value, field: &str) -> &'a str {
    value[field].as_str().unwrap_or_default()
}

fn list<'a>(value: &'a Value, field: &str) -> &'a [Value] {
    value[field].as_array().map_or(&[], Vec::as_slice)
}
