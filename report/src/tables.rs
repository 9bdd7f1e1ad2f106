//! Tables of a summary document.

use super::codes::meaning;
use super::format::{NOTHING, Unit, format, unit_of};
use super::limits::{Expression, meta};
use super::{Html, text};
use loadgate_documents::clock;
use serde_json::Value;
use std::fmt::Write as _;

/// Tables in the order of the report, those without rows left out.
pub fn before_charts(summary: &Value) -> Vec<Table> {
    with_rows([thresholds(summary), losses(&summary["health"])])
}

pub fn after_charts(summary: &Value) -> Vec<Table> {
    with_rows([
        requests(&summary["requests"]),
        statuses(summary),
        checks(summary),
        breakdown(summary, "groups", "Groups", "Group"),
        breakdown(summary, "scenarios", "Scenarios", "Scenario"),
        metrics(summary, "trend", "Trends", &["avg", "min", "med", "max", "p(90)", "p(95)", "p(99)"]),
        metrics(summary, "counter", "Counters", &["count", "rate"]),
        metrics(summary, "rate", "Rates", &["rate", "passes", "fails"]),
        metrics(summary, "gauge", "Gauges", &["value", "min", "max"]),
        generators(summary),
    ])
}

fn with_rows(tables: impl IntoIterator<Item = Table>) -> Vec<Table> {
    tables.into_iter().filter(|table| !table.rows.is_empty()).collect()
}

pub struct Table {
    pub title: String,
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

    /// Where a link finds it.
    pub fn id(&self) -> String {
        format!("table-{}", self.title.to_lowercase().replace(' ', "-"))
    }

    pub fn write(&self, html: &mut String) {
        let id = self.id();
        let caption = if self.caption.is_empty() { rows(self.rows.len()) } else { self.caption.clone() };
        // On paper, a table that would fill most of a page may be cut.
        let card = if self.rows.len() > 30 { "card long" } else { "card" };
        // Attributes for readers without the style sheet: `align`, `cellpadding`.
        let _infallible = write!(
            html,
            "<section class=\"{card}\" aria-labelledby=\"{id}\"><header class=\"card-head\"><h2 id=\"{id}\">{}</h2><span class=\"caption\">{}</span></header><div class=\"table-scroll\" tabindex=\"0\" role=\"group\" aria-labelledby=\"{id}\"><table cellpadding=\"4\" cellspacing=\"0\"><thead><tr>",
            text(&self.title).0,
            text(&caption).0,
        );
        for (title, left) in &self.columns {
            let _infallible = write!(html, "<th scope=\"col\"{}>{}</th>", place(*left), text(title).0);
        }
        html.push_str("</tr></thead><tbody>");
        for row in &self.rows {
            html.push_str("<tr>");
            for (i, (cell, (_, left))) in row.iter().zip(&self.columns).enumerate() {
                let _infallible = if i == 0 {
                    write!(html, "<th scope=\"row\"{}>{}</th>", place(true), cell.0)
                } else {
                    write!(html, "<td{}>{}</td>", place(*left), cell.0)
                };
            }
            html.push_str("</tr>");
        }
        html.push_str("</tbody></table></div></section>");
    }
}

fn rows(count: usize) -> String {
    let rows = if count == 1 { "row" } else { "rows" };
    format!("{} {rows}", format(Some(count as f64), Unit::Count, false))
}

fn place(left: bool) -> &'static str {
    if left { " align=\"left\" class=\"left wrap\"" } else { " align=\"right\"" }
}

fn losses(health: &Value) -> Table {
    let mut table =
        Table::new("Samples that did not count as they should", &[("What", true), ("Samples", false)]);
    let mut add = |what: Html, count: Option<f64>| {
        if count.is_some_and(|count| count > 0.0) {
            table.rows.push(vec![what, figure(count, Unit::Count)]);
        }
    };
    add(text("late: counted in the window that was open"), number(health, "late"));
    add(text("misdated: far ahead of the run"), number(health, "misdated"));
    for refusal in list(health, "refusals") {
        let reason = refusal[0].as_str().unwrap_or_default();
        add(Html(format!("refused: {}", name(reason).0)), refusal[1].as_f64());
    }
    table
}

fn thresholds(summary: &Value) -> Table {
    let columns = [
        ("Metric", true),
        ("Limit", true),
        ("Observed", false),
        ("Margin", false),
        ("First failed", false),
        ("State", true),
    ];
    let mut table = Table::new("Thresholds", &columns);
    let start = number(summary, "start").unwrap_or(0.0);
    let mut rows: Vec<&Value> = list(summary, "thresholds").iter().collect();
    let sure = summary["health"]["thresholdsKnown"].as_bool() != Some(false)
        && rows.iter().all(|row| row["unknown"].is_null());
    rows.sort_by_key(|row| match row["passes"].as_bool() {
        Some(false) => 0,
        None => 1,
        Some(true) => 2,
    });
    for row in rows {
        let metric = string(row, "metric");
        let expression = string(row, "expression");
        let observed = number(row, "observed");
        let (limit, unit, margin) = match Expression::parse(expression) {
            Some(parsed) => {
                let (kind, contains) = meta(summary, metric);
                let unit = unit_of(kind, contains, parsed.aggregate);
                (parsed.say(unit), unit, parsed.margin(observed))
            }
            None => (expression.to_owned(), Unit::Number, None),
        };
        table.rows.push(vec![
            name(metric),
            Html(format!("<code>{}</code>", name(&limit).0)),
            figure(observed, unit),
            figure(margin, Unit::Ratio),
            text(&number(row, "firstFailed").map_or(NOTHING.to_owned(), |at| clock(at - start))),
            match row["passes"].as_bool() {
                // Nothing is green while other limits may be missing, or a type is not known.
                Some(true) => chip(if sure { "good" } else { "open" }, "pass"),
                Some(false) => chip("bad", "fail"),
                None if !row["unknown"].is_null() => chip("warning", "type not known"),
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
        let mut cells = vec![request_name(row)];
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

/// Errors first, the most frequent of them first.
fn statuses(summary: &Value) -> Table {
    let columns = [
        ("Request", true),
        ("Status", false),
        ("Error code", false),
        ("Meaning", true),
        ("Count", false),
        ("First", false),
        ("Last", false),
    ];
    let mut table = Table::new("Statuses and errors", &columns);
    let start = number(summary, "start").unwrap_or(0.0);
    let count = |row: &Value| number(row, "count").unwrap_or(0.0);
    let key = |row: &Value, i: usize| row["key"][i].as_str().unwrap_or_default().to_owned();
    let mut rows: Vec<&Value> = list(summary, "statuses").iter().collect();
    rows.sort_by(|a, b| {
        let order = |row: &Value| (key(row, 3).is_empty(), -count(row));
        let ((a_ok, a_count), (b_ok, b_count)) = (order(a), order(b));
        a_ok.cmp(&b_ok).then(a_count.total_cmp(&b_count))
    });
    let failed: f64 = rows.iter().filter(|row| !key(row, 3).is_empty()).map(|row| count(row)).sum();
    table.caption = if failed > 0.0 {
        format!("{} with an error code", format(Some(failed), Unit::Count, false))
    } else {
        "no errors".to_owned()
    };
    for row in rows {
        let cell = |i| Some(key(row, i)).filter(|part| !part.is_empty()).unwrap_or(NOTHING.to_owned());
        let at = |field| text(&number(row, field).map_or(NOTHING.to_owned(), |at| clock(at - start)));
        table.rows.push(vec![
            request_name(row),
            text(&cell(2)),
            text(&cell(3)),
            text(&meaning(&key(row, 3)).unwrap_or_default()),
            figure(Some(count(row)), Unit::Count),
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
            Html(name(check).0 + &missed(row).0),
            group_name(group),
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
    const AGGREGATES: [&str; 10] =
        ["count", "rate", "passes", "fails", "value", "avg", "med", "p(95)", "p(99)", "max"];
    let rows = || {
        list(summary, field).iter().flat_map(|row| {
            let key = row["key"][0].as_str().filter(|key| !key.is_empty()).unwrap_or("(none)");
            let metrics = |field: &str, whole: bool| {
                let metrics = row[field].as_object().into_iter().flatten();
                metrics.map(move |(metric, values)| (key, whole, metric, values))
            };
            // What a parent's own figures are anyhow is not told twice.
            let more =
                metrics("whole", true).filter(|(_, _, metric, values)| &row["metrics"][*metric] != *values);
            metrics("metrics", false).chain(more)
        })
    };
    let used: Vec<&str> = AGGREGATES
        .into_iter()
        .filter(|aggregate| rows().any(|(.., values)| values.get(aggregate).is_some()))
        .collect();
    let mut columns = vec![(first.to_owned(), true), ("Metric".to_owned(), true)];
    columns.extend(used.iter().map(|aggregate| (label(aggregate), false)));
    let mut table = Table { columns, ..Table::new(title, &[]) };
    let keys = list(summary, field).len();
    let noun = if keys == 1 { first } else { title };
    table.caption = format!("{} {}", format(Some(keys as f64), Unit::Count, false), noun.to_lowercase());
    for (key, whole, metric, values) in rows() {
        let (kind, contains) = meta(summary, metric);
        let mut owner = if field == "groups" { group_name(key) } else { name(key) };
        if whole {
            owner.0.push_str(&mark("with the groups in it").0);
        } else if let Some(row) = list(summary, field).iter().find(|row| row["key"][0] == key) {
            owner.0.push_str(&missed(row).0);
        }
        let mut cells = vec![owner, name(metric)];
        cells.extend(used.iter().map(|aggregate| match number(values, aggregate) {
            Some(value) => figure(Some(value), unit_of(kind, contains, aggregate)),
            None => Html::default(),
        }));
        table.rows.push(cells);
    }
    table
}

fn generators(summary: &Value) -> Table {
    let columns = [("Generator", true), ("Latest VUs", false), ("Last seen", false)];
    let mut table = Table::new("Load generators", &columns);
    let start = number(summary, "start").unwrap_or(0.0);
    for row in list(&summary["health"], "generators") {
        table.rows.push(vec![
            name(string(row, "source")),
            figure(number(row, "vus"), Unit::Count),
            text(&number(row, "lastSeen").map_or(NOTHING.to_owned(), |at| clock(at - start))),
        ]);
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
        let title = match document["unknown"].is_null() {
            true => title,
            false => Html(format!("{} <span class=\"tag\">type not known</span>", title.0)),
        };
        let mut cells = vec![title];
        cells.extend(
            aggregates.iter().map(|a| figure(number(&document["values"], a), unit_of(kind, contains, a))),
        );
        table.rows.push(cells);
    }
    table
}

/// States always come as sign, word and colour together.
pub fn chip(state: &str, word: &str) -> Html {
    let sign = match state {
        "good" => "✓",
        "warning" => "!",
        "bad" => "✗",
        "open" => "○",
        _ => "∅",
    };
    Html(format!(
        "<span class=\"chip chip-{state}\"><span aria-hidden=\"true\">{sign}</span> {}</span>",
        text(word).0
    ))
}

fn request_name(row: &Value) -> Html {
    let key = &row["key"];
    match (key[0].as_str(), key[1].as_str()) {
        (Some(method), Some(request)) => {
            let mut cell =
                format!("<span class=\"method\">{}</span> <bdi>{}</bdi>", text(method).0, text(request).0);
            // Requests have the phase as their third part, statuses as their fifth.
            let phase = key.as_array().filter(|key| matches!(key.len(), 3 | 5)).and_then(|key| key.last());
            if let Some(phase) = phase.and_then(Value::as_str) {
                cell.push_str(&mark(phase).0);
            }
            if let Some(names) = number(row, "names") {
                cell.push_str(&mark(&format!("about {} names", format(Some(names), Unit::Count, false))).0);
            }
            cell.push_str(&missed(row).0);
            Html(cell)
        }
        (one, _) => name(one.unwrap_or_default()),
    }
}

/// A word beside a row's name.
fn mark(word: &str) -> Html {
    Html(format!(" <span class=\"mark\">{}</span>", text(word).0))
}

/// What a row that came late may lack.
fn missed(row: &Value) -> Html {
    match number(row, "missed") {
        Some(most) => mark(&format!("up to {} more in (other)", format(Some(most), Unit::Count, false))),
        None => Html::default(),
    }
}

/// A group's name; setup and teardown are marked.
fn group_name(group: &str) -> Html {
    let first = group.strip_prefix("::").and_then(|rest| rest.split("::").next());
    match first {
        Some(phase @ ("setup" | "teardown")) => Html(format!("{}{}", name(group).0, mark(phase).0)),
        _ => name(group),
    }
}

/// A name from a test: isolated, so that right-to-left marks turn nothing beside it.
pub fn name(name: &str) -> Html {
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

pub fn number(value: &Value, field: &str) -> Option<f64> {
    value[field].as_f64()
}

pub fn string<'a>(value: &'a Value, field: &str) -> &'a str {
    value[field].as_str().unwrap_or_default()
}

pub fn list<'a>(value: &'a Value, field: &str) -> &'a [Value] {
    value[field].as_array().map_or(&[], Vec::as_slice)
}
