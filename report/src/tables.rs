//! Tables of a summary document.

use super::causes::{causes_of, failures, part};
use super::codes::meaning;
use super::figure::{Figure, unit_of};
use super::format::{NOTHING, Unit, format};
use super::limits::{all_known, margin, outcome_of, say};
use super::markup::{Text, chip, name};
use super::shown::SHOWN;
use loadgate_documents::{Aggregate, GroupRow, MetricType, RequestRow, StatusRow, Summary, Threshold, clock};
use maud::{Markup, Render, html};
use serde::Deserialize;
use std::collections::HashSet;
use std::sync::LazyLock;

/// A table of the metrics of one type, as `metric-tables.json` has it: the pages' Summary reads the same.
#[derive(Deserialize)]
struct MetricTable {
    #[serde(rename = "type")]
    kind: MetricType,
    title: String,
    /// Figures that the event stream has as well …
    columns: Vec<Figure>,
    /// … and those of the summary document alone.
    #[serde(default, rename = "inDocument")]
    in_document: Vec<Figure>,
}

/// It can be read: a test does.
static METRIC_TABLES: LazyLock<Vec<MetricTable>> =
    LazyLock::new(|| serde_json::from_str(include_str!("metric-tables.json")).unwrap_or_default());

/// Tables in the order of the report, those without rows left out.
pub(crate) fn before_charts(summary: &Summary) -> Vec<Table> {
    with_rows([thresholds(summary), losses(summary)])
}

pub(crate) fn after_charts(summary: &Summary) -> Vec<Table> {
    let rows = [
        requests(&summary.tables.requests),
        causes(summary),
        statuses(summary),
        checks(summary),
        breakdown(summary, &summary.tables.groups, ("Groups", "Group"), group_name),
        breakdown(summary, &summary.tables.scenarios, ("Scenarios", "Scenario"), name),
    ];
    let metrics = METRIC_TABLES.iter().map(|layout| metrics(summary, layout));
    with_rows(rows.into_iter().chain(metrics).chain([generators(summary)]))
}

fn with_rows(tables: impl IntoIterator<Item = Table>) -> Vec<Table> {
    tables.into_iter().filter(|table| !table.rows.is_empty()).collect()
}

pub(crate) struct Table {
    pub title: String,
    caption: String,
    /// Title, and whether it holds text, which stands left.
    columns: Vec<(String, bool)>,
    rows: Vec<Vec<Markup>>,
    /// Rows that paper has no room for, whatever else there is.
    minor: HashSet<usize>,
}

/// So many rows of a table go to paper: about half a page. Those that matter come first; the file has all.
const ON_PAPER: usize = 40;

impl Table {
    fn new(title: &str, columns: &[(&str, bool)]) -> Self {
        Table {
            title: title.to_owned(),
            caption: String::new(),
            columns: columns.iter().map(|&(title, left)| (title.to_owned(), left)).collect(),
            rows: Vec::new(),
            minor: HashSet::new(),
        }
    }

    /// A table with these rows.
    pub(crate) fn of(title: &str, columns: &[(&str, bool)], rows: Vec<Vec<Markup>>) -> Self {
        Table { rows, ..Table::new(title, columns) }
    }

    /// Where a link finds it.
    pub(crate) fn id(&self) -> String {
        format!("table-{}", self.title.to_lowercase().replace(' ', "-"))
    }

    /// The rows, and which of them stay off paper.
    fn rows(&self) -> Vec<(&[Markup], bool)> {
        let mut printed = 0;
        let mut off = |number| {
            let minor = self.minor.contains(&number) || printed == ON_PAPER;
            printed += usize::from(!minor);
            minor
        };
        self.rows.iter().enumerate().map(|(number, row)| (row.as_slice(), off(number))).collect()
    }
}

impl Render for Table {
    fn render(&self) -> Markup {
        let id = self.id();
        let caption = if self.caption.is_empty() { rows_of(self.rows.len()) } else { self.caption.clone() };
        let rows = self.rows();
        let off = rows.iter().filter(|(_, off)| *off).count();
        // Attributes for readers without the style sheet.
        let align = |left| if left { "left" } else { "right" };
        let class = |left: bool| left.then_some("left wrap");
        html! {
            section class="card" aria-labelledby=(id) {
                header class="card-head" {
                    h2 id=(id) { (Text(&self.title)) }
                    span class="caption" { (caption) }
                }
                div class="table-scroll" tabindex="0" role="group" aria-labelledby=(id) {
                    table cellpadding="4" cellspacing="0" {
                        thead {
                            tr {
                                @for &(ref title, left) in &self.columns {
                                    th scope="col" align=(align(left)) class=[class(left)] { (Text(title)) }
                                }
                            }
                        }
                        tbody {
                            @for &(row, off) in &rows {
                                tr class=[off.then_some("minor")] {
                                    @for (i, (cell, &(_, left))) in row.iter().zip(&self.columns).enumerate() {
                                        @if i == 0 {
                                            th scope="row" align="left" class="left wrap" { (cell) }
                                        } @else {
                                            td align=(align(left)) class=[class(left)] { (cell) }
                                        }
                                    }
                                }
                            }
                        }
                    }
                }
                @if off > 0 { p class="caption off-paper" { "On paper without " (rows_of(off)) "; the file has all." } }
            }
        }
    }
}

fn rows_of(count: usize) -> String {
    let rows = if count == 1 { "row" } else { "rows" };
    format!("{} {rows}", format(Some(count as f64), Unit::Count, false))
}

fn losses(summary: &Summary) -> Table {
    let mut table =
        Table::new("Samples that did not count as they should", &[("What", true), ("Samples", false)]);
    let mut add = |what: Markup, samples: u64| {
        if samples > 0 {
            table.rows.push(vec![what, count(samples)]);
        }
    };
    let health = &summary.health;
    add(html! { "late: counted in the window that was open" }, health.late);
    add(html! { "misdated: far ahead of the run" }, health.misdated);
    for (reason, samples) in &health.refusals {
        add(html! { "refused: " (name(reason)) }, *samples);
    }
    table
}

fn thresholds(summary: &Summary) -> Table {
    let columns = [
        ("Metric", true),
        ("Limit", true),
        ("Observed", false),
        ("Margin", false),
        ("First failed", false),
        ("Outcome", true),
    ];
    let mut table = Table::new("Thresholds", &columns);
    let mut rows: Vec<_> = summary.thresholds.iter().collect();
    let sure = all_known(summary);
    rows.sort_by_key(|row| match row.passes {
        Some(false) => 0,
        None => 1,
        Some(true) => 2,
    });
    for row in rows {
        let (limit, unit, margin) = match Threshold::parse(&row.expression) {
            Ok(threshold) => {
                let unit = unit_of(summary.kind(&row.metric), Figure::Of(threshold.aggregate));
                (say(&threshold, unit), unit, margin(&threshold, row.observed))
            }
            Err(_) => (row.expression.clone(), Unit::Number, None),
        };
        let (state, word) = outcome_of(row, sure);
        table.rows.push(vec![
            name(&row.metric),
            html! { code { (name(&limit)) } },
            figure(row.observed, unit),
            figure(margin, Unit::Ratio),
            moment_of(row.first_failed, summary),
            chip(state, word),
        ]);
    }
    table
}

fn requests(rows: &[RequestRow]) -> Table {
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
    let mut rows: Vec<&RequestRow> = rows.iter().collect();
    rows.sort_by(|a, b| b.time.total_cmp(&a.time));
    let total: f64 = rows.iter().map(|row| row.time).sum();
    for row in rows {
        let mut cells = vec![
            html! {
                (request_name(&row.key))
                @if let Some(names) = row.names {
                    (mark(&format!("about {} names", format(Some(names as f64), Unit::Count, false))))
                }
                (missed(row.missed))
            },
            figure(Some(row.count), Unit::Count),
            figure(Some(row.rate), Unit::Rate),
            alarming(row.failed, Unit::Ratio),
        ];
        let durations = [row.avg, row.med, row.p90, row.p95, row.p99, row.max];
        cells.extend(durations.map(|duration| figure(duration, Unit::Time)));
        cells.push(figure((total > 0.0).then(|| row.time / total), Unit::Ratio));
        table.rows.push(cells);
    }
    table
}

/// What several requests died of alike: where each failed in its own way, the table of errors says it all.
fn causes(summary: &Summary) -> Table {
    let columns = [
        ("Code", true),
        ("Meaning", true),
        ("Count", false),
        ("Share of errors", false),
        ("Requests", false),
    ];
    let mut table = Table::new("Causes", &columns);
    let rows = &summary.tables.statuses;
    let all = causes_of(rows);
    if all.len() == failures(rows).count() {
        return table;
    }
    let failed: f64 = all.iter().map(|cause| cause.count).sum();
    table.caption = match all.len() {
        many if many > SHOWN.causes => format!("the {} most frequent of {many}", SHOWN.causes),
        _ => "the most frequent first".to_owned(),
    };
    for cause in all.iter().take(SHOWN.causes) {
        let code = if cause.code.is_empty() { &cause.status } else { &cause.code };
        table.rows.push(vec![
            html! { (Text(code)) },
            html! {
                (meaning(&cause.status, &cause.code))
                @for said in [&cause.error, &cause.url] {
                    @if !said.is_empty() { div class="message" { (Text(said)) } }
                }
            },
            figure(Some(cause.count), Unit::Count),
            figure(Some(cause.count / failed), Unit::Ratio),
            count(cause.requests as u64),
        ]);
    }
    table
}

/// Errors first, the most frequent of them first.
fn statuses(summary: &Summary) -> Table {
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
    let status = |row| part(row, 2);
    let code = |row| part(row, 3);
    let mut rows: Vec<&StatusRow> = summary.tables.statuses.iter().collect();
    rows.sort_by(|a, b| code(a).is_empty().cmp(&code(b).is_empty()).then(b.count.total_cmp(&a.count)));
    let failed: f64 = rows.iter().filter(|row| !code(row).is_empty()).map(|row| row.count).sum();
    table.caption = if failed > 0.0 {
        format!("{} with an error code", format(Some(failed), Unit::Count, false))
    } else {
        "no errors".to_owned()
    };
    for row in rows {
        let cell = |part: &str| html! { (Text(if part.is_empty() { NOTHING } else { part })) };
        table.rows.push(vec![
            html! { (request_name(&row.key)) (missed(row.missed)) },
            cell(status(row)),
            cell(code(row)),
            html! { (meaning(status(row), code(row))) (message(row)) },
            figure(Some(row.count), Unit::Count),
            moment_of(Some(row.first), summary),
            moment_of(Some(row.last), summary),
        ]);
    }
    table
}

/// What the first of a row's failures said, and what it had asked for where the row's name does not say it.
fn message(row: &StatusRow) -> Markup {
    let url = row.url.as_ref().filter(|url| row.key.get(1) != Some(url));
    html! {
        @for text in row.error.iter().chain(url) { div class="message" { (Text(text)) } }
    }
}

/// Those that failed first.
fn checks(summary: &Summary) -> Table {
    let columns = [
        ("Check", true),
        ("Group", true),
        ("Passed", false),
        ("Passes", false),
        ("Fails", false),
        ("Last failed", false),
    ];
    let mut table = Table::new("Checks", &columns);
    let mut rows: Vec<_> = summary.tables.checks.iter().collect();
    rows.sort_by_key(|row| row.fails == 0);
    for row in rows {
        let (group, check) = match row.key.as_slice() {
            [group, check, ..] => (group.as_str(), check.as_str()),
            [check] => ("", check.as_str()),
            [] => ("", ""),
        };
        let all = row.passes + row.fails;
        table.rows.push(vec![
            html! { (name(check)) (missed(row.missed)) },
            group_name(group),
            figure((all > 0).then(|| row.passes as f64 / all as f64), Unit::Ratio),
            count(row.passes),
            alarming(Some(row.fails as f64), Unit::Count),
            moment_of(row.last_failed, summary),
        ]);
    }
    table
}

/// What is told of a group or scenario on paper, where it was measured; of all else the screen has the rows, which
/// would fill pages.
const DECISIVE: [&str; 3] = ["http_req_duration", "http_req_failed", "group_duration"];

/// Groups or scenarios: a row for each metric that was measured in one.
fn breakdown(
    summary: &Summary,
    list: &[GroupRow],
    (title, first): (&str, &str),
    name_of: impl Fn(&str) -> Markup,
) -> Table {
    use Aggregate::{Avg, Count, Max, Med, Percentile, Rate, Value};
    let figures = [
        Figure::Of(Count),
        Figure::Of(Rate),
        Figure::Passes,
        Figure::Fails,
        Figure::Of(Value),
        Figure::Of(Avg),
        Figure::Of(Med),
        Figure::Of(Percentile(95.0)),
        Figure::Of(Percentile(99.0)),
        Figure::Of(Max),
    ];
    let rows = || {
        list.iter().flat_map(|row| {
            let key = row.key.first().map(String::as_str).filter(|key| !key.is_empty()).unwrap_or("(none)");
            let own =
                row.metrics.iter().map(move |(metric, values)| (key, row.missed, false, metric, values));
            // What a parent's own figures are anyhow is not told twice.
            let whole = row.whole.iter().flatten();
            let more = whole.filter(|(metric, values)| row.metrics.get(*metric) != Some(*values));
            own.chain(more.map(move |(metric, values)| (key, 0, true, metric, values)))
        })
    };
    let used: Vec<Figure> = figures
        .into_iter()
        .filter(|figure| rows().any(|(.., values)| figure.among(values).is_some()))
        .collect();
    let mut columns = vec![(first.to_owned(), true), ("Metric".to_owned(), true)];
    columns.extend(used.iter().map(|figure| (figure.title(), false)));
    let mut table = Table { columns, ..Table::new(title, &[]) };
    let noun = if list.len() == 1 { first } else { title };
    table.caption =
        format!("{} {}", format(Some(list.len() as f64), Unit::Count, false), noun.to_lowercase());
    let decides = rows().any(|(.., metric, _)| DECISIVE.contains(&metric.as_str()));
    for (key, late, whole, metric, values) in rows() {
        if decides && (whole || !DECISIVE.contains(&metric.as_str())) {
            table.minor.insert(table.rows.len());
        }
        let kind = summary.kind(metric);
        let mut cells = vec![
            html! { (name_of(key)) @if whole { (mark("with the groups in it")) } @else { (missed(late)) } },
            name(metric),
        ];
        cells.extend(used.iter().map(|one| match one.among(values) {
            Some(value) => figure(Some(value), unit_of(kind, *one)),
            None => Markup::default(),
        }));
        table.rows.push(cells);
    }
    table
}

fn generators(summary: &Summary) -> Table {
    let columns = [("Generator", true), ("Latest VUs", false), ("Last seen", false)];
    let mut table = Table::new("Load generators", &columns);
    for row in &summary.health.generators {
        table.rows.push(vec![
            name(&row.source),
            figure(Some(row.vus), Unit::Count),
            moment_of(Some(row.last_seen), summary),
        ]);
    }
    table
}

fn metrics(summary: &Summary, layout: &MetricTable) -> Table {
    let MetricTable { kind, title, columns, in_document } = layout;
    let figures: Vec<Figure> = columns.iter().chain(in_document).copied().collect();
    let mut columns = vec![("Metric".to_owned(), true)];
    columns.extend(figures.iter().map(|figure| (figure.title(), false)));
    let mut table = Table { columns, ..Table::new(title, &[]) };
    for (metric, document) in summary.metrics.iter().filter(|(_, metric)| metric.metric_type == *kind) {
        let mut cells = vec![html! {
            @if metric.contains('{') { span class="submetric" { (name(metric)) } } @else { (name(metric)) }
            @if document.unknown.is_some() { " " span class="tag" { "type not known" } }
            @if document.silent { " " span class="tag" { "no samples in this part" } }
        }];
        let unit = |one| unit_of(Some((*kind, document.contains)), one);
        let said = |one: Figure| one.among(&document.values).filter(|_| !document.silent);
        cells.extend(figures.iter().map(|&one| figure(said(one), unit(one))));
        table.rows.push(cells);
    }
    table
}

fn request_name(key: &[String]) -> Markup {
    match key {
        [method, request, ..] => html! {
            span class="method" { (Text(method)) } " " (name(request))
            // Requests have the phase as their third part, or the status of gRPC's calls that failed; statuses
            // have it as their fifth.
            @if let [_, _, word] | [_, _, _, _, word] = key { (mark(word)) }
        },
        _ => name(key.first().map_or("", String::as_str)),
    }
}

/// A word beside a row's name.
fn mark(word: &str) -> Markup {
    html! { " " span class="mark" { (Text(word)) } }
}

/// What a row that came late may lack.
fn missed(most: u64) -> Markup {
    html! { @if most > 0 { (mark(&format!("up to {} more in (other)", format(Some(most as f64), Unit::Count, false)))) } }
}

/// A group's name; setup and teardown are marked.
fn group_name(group: &str) -> Markup {
    let first = group.strip_prefix("::").and_then(|rest| rest.split("::").next());
    html! {
        (name(group))
        @if let Some(phase @ ("setup" | "teardown")) = first { (mark(phase)) }
    }
}

fn figure(value: Option<f64>, unit: Unit) -> Markup {
    html! { (format(value, unit, false)) }
}

fn count(count: u64) -> Markup {
    figure(Some(count as f64), Unit::Count)
}

/// When something was, on the run's clock.
fn moment_of(at: Option<i64>, summary: &Summary) -> Markup {
    html! { @if let Some(at) = at { (clock((at - summary.start) as f64)) } @else { (NOTHING) } }
}

/// A figure that is bad unless it is zero.
fn alarming(value: Option<f64>, unit: Unit) -> Markup {
    let figure = figure(value, unit);
    html! {
        @if value.is_some_and(|v| v > 0.0) { span class="bad" { (figure) } } @else { (figure) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_of_metrics_can_be_read() {
        let kinds: Vec<_> = METRIC_TABLES.iter().map(|layout| layout.kind).collect();
        assert_eq!(kinds, [MetricType::Trend, MetricType::Counter, MetricType::Rate, MetricType::Gauge]);
    }
}
