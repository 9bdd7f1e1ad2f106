//! Charts that stand still, as SVG.
//!
//! They have to be legible with no style sheet and no script at all, which is what a strict content
//! policy (Jenkins' default) leaves of an archived file: every look is a presentation attribute, and
//! text takes the colour of the page's. Classes let `styles/report.css` say better. Widths are given
//! as percentages or stretched, so that a chart fills its card and its text keeps its size: the
//! drawing is as wide as the plot, and the axes' labels stand outside of it.

use super::axis::{Scale, clock_ticks};
use super::course::Course;
use super::format::{Unit, format};
use super::limits::Limit;
use super::markup::{Text, name};
use super::panels::{Bands, COLORS, Panel, Series};
use loadgate_documents::clock;
use loadgate_documents::dashboard::Color;
use maud::{Markup, Render, html};

const WIDTH: f64 = 560.0;
const HEIGHT: f64 = 214.0;
/// Room for labels at the left. With the style sheet it is the drawing's margin instead.
const LEFT: f64 = 54.0;
const TOP: f64 = 16.0;
const PLOT: f64 = 172.0;
/// Columns that a line is drawn in: more windows than twice this are thinned to each column's least
/// and greatest.
const COLUMNS: f64 = 640.0;
pub(crate) struct Line<'a> {
    pub series: &'a Series,
    /// Parallel to the chart's times.
    pub values: &'a [Option<f64>],
    /// Over the run, or the part that is shown.
    pub total: Option<f64>,
}

pub(crate) struct Chart<'a> {
    pub panel: &'a Panel,
    /// Seconds since the run's start, ascending.
    pub times: &'a [f64],
    /// Parallel to the panel's series.
    pub lines: Vec<Line<'a>>,
    pub limits: Vec<Limit>,
    /// Unix ms.
    pub start: i64,
    /// Where the horizontal axis begins, in seconds since the run's start.
    pub from: f64,
    /// What the figures are of: `whole run`.
    pub place: &'a str,
}

/// The drawing, and below it a legend with the figures of the run, or of the part that is shown.
impl Render for Chart<'_> {
    fn render(&self) -> Markup {
        html! { (self.svg()) (self.legend()) }
    }
}

impl Chart<'_> {
    fn svg(&self) -> Markup {
        let mut marks: Vec<f64> = self.limits.iter().map(|limit| limit.value).collect();
        marks.extend(self.panel.bands.iter().flat_map(|bands| [bands.good, bands.poor]));
        let values = |right| {
            let lines = self.lines.iter().filter(move |line| line.series.right == right);
            lines.flat_map(|line| line.values.iter().flatten().copied())
        };
        let scale = Scale::of(values(false), &marks, self.panel.unit);
        let right = self.panel.right_unit.map(|unit| Scale::of(values(true), &[], unit));
        let span = (self.times.last().copied().unwrap_or(self.from) - self.from).max(4.0);
        let class = if right.is_some() { "still-chart two-axes" } else { "still-chart" };
        // The first of a panel's series is the one that matters: it is drawn last, on top.
        let traces: Vec<Trace> = self
            .lines
            .iter()
            .rev()
            .map(|line| {
                let scale = right.as_ref().filter(|_| line.series.right).unwrap_or(&scale);
                Trace::of(line, self.times, (self.from, span), scale)
            })
            .collect();
        html! {
            svg xmlns="http://www.w3.org/2000/svg" class=(class) width=(WIDTH) height=(HEIGHT)
                overflow="visible" role="img" aria-label=(Text(&self.describe()))
                font-family="sans-serif" font-size="11" fill="currentColor" {
                g class="room" transform={ "translate(" (LEFT) " " (TOP) ")" } {
                    @if let Some(bands) = self.panel.bands { (draw_bands(bands, &scale)) }
                    @for (value, _) in scale.ticks() {
                        @let y = down(&scale, value);
                        line class="grid" x1="0" x2="100%" y1=(y) y2=(y)
                            stroke="currentColor" stroke-opacity="0.14" {}
                    }
                    @for (seconds, label) in clock_ticks(self.from, self.from + span, 5.0) {
                        @let percent = (seconds - self.from) / span * 100.0;
                        text class="tick" x={ (short(percent)) "%" } y=(PLOT + 18.0)
                            text-anchor=(if percent > 96.0 { "end" } else { "middle" }) { (label) }
                    }
                    (labels(&scale, "-8", None, Some("end")))
                    @if let Some(right) = &right { (labels(right, "100%", Some("8"), None)) }
                    // Stretched to the plot's width; the strokes are not.
                    svg width="100%" height=(PLOT) overflow="visible"
                        viewBox={ "0 0 " (COLUMNS) " " (PLOT) } preserveAspectRatio="none" {
                        @for trace in &traces { (trace.lines()) }
                    }
                    @for trace in &traces { (trace.dots()) }
                    @if let Some(bands) = self.panel.bands { (name_bands(bands, &scale)) }
                    (self.draw_limits(&scale, span))
                }
            }
        }
    }

    /// Dotted lines with their expressions, and a mark where each was first crossed.
    fn draw_limits(&self, scale: &Scale, span: f64) -> Markup {
        let mut limits: Vec<(f64, &Limit)> =
            self.limits.iter().map(|limit| (down(scale, limit.value), limit)).collect();
        limits.sort_by(|a, b| a.1.value.total_cmp(&b.1.value));
        let mut beyond = 0.0;
        let mut baselines = Vec::new();
        for (i, &(y, limit)) in limits.iter().enumerate() {
            baselines.push(if limit.value > scale.high {
                beyond += 13.0;
                beyond - 17.0
            } else {
                // Above its line, unless another limit's line is there.
                let tight = limits.get(i + 1).is_some_and(|next| y - next.0 < 15.0);
                if tight && y < PLOT - 14.0 { y + 12.0 } else { y - 4.0 }
            });
        }
        html! {
            @for (&(y, limit), &baseline) in limits.iter().zip(&baselines) {
                @let within = limit.value <= scale.high;
                @let crossed = limit.crossed.map(|at| (at - self.start) as f64 / 1000.0);
                @let across = |seconds: f64| ((seconds - self.from) / span * 100.0).clamp(0.0, 100.0);
                g class=(if limit.fails { "limit bad" } else { "limit" })
                    color=(if limit.fails { "#c0262d" } else { "currentColor" }) {
                    @if within {
                        line x1="0" x2="100%" y1=(y) y2=(y) stroke="currentColor" stroke-width="1.25"
                            stroke-dasharray="1.5 3" {}
                    }
                    text class="halo" x="100%" y=(short(baseline)) dx="-4" text-anchor="end" font-weight="600"
                        fill="currentColor" stroke="Canvas" stroke-width="3" stroke-linejoin="round"
                        paint-order="stroke" {
                        (Text(&limit.label))
                        @if !within { " ↑" }
                        @if let Some(seconds) = crossed.filter(|_| limit.fails) {
                            " · first failed at " (clock(seconds * 1000.0))
                        }
                    }
                    @if let Some(seconds) = crossed.filter(|_| within) {
                        circle class="halo" cx={ (short(across(seconds))) "%" }
                            cy=(y) r="4" fill="currentColor" stroke="Canvas" stroke-width="1.5" {}
                    }
                }
            }
        }
    }

    fn legend(&self) -> Markup {
        html! {
            p class="key" {
                span { (self.place) ":" }
                @for line in &self.lines {
                    " \u{a0} "
                    span class="key-item" {
                        svg class=(line.series.color.word()) color=(hex(line.series.color)) width="16" height="8"
                            aria-hidden="true" {
                            line x1="0" x2="16" y1="4" y2="4" stroke="currentColor" stroke-width="3"
                                stroke-dasharray=[line.series.dash.then_some("4 3")] {}
                        }
                        " " (name(&line.series.label))
                        " " b { (format(line.total, line.series.unit, false)) }
                    }
                }
            }
        }
    }

    /// The chart in a sentence, for those who do not see it: of each line its figure, between what it went, and
    /// where to.
    fn describe(&self) -> String {
        let figure = |line: &Line| {
            let say = |value| format(value, line.series.unit, false);
            let mut said = format!("{} {}", line.series.label, say(line.total));
            if let Some(Course { min, max, trend }) = Course::of(line.values) {
                said += &format!(", from {} to {}", say(Some(min)), say(Some(max)));
                said.extend(trend.iter().flat_map(|trend| [", ", trend]));
            }
            said
        };
        let figures: Vec<String> = self.lines.iter().map(figure).collect();
        let mut place = self.place.to_owned();
        if let Some(first) = place.get_mut(..1) {
            first.make_ascii_uppercase();
        }
        format!("Chart of {} over time. {place}: {}.", self.panel.title, figures.join("; "))
    }
}

/// A line as small as a word.
pub(crate) fn sparkline(color: Color, times: &[f64], values: &[Option<f64>]) -> Markup {
    let (width, height) = (96.0, 22.0);
    let scale = Scale::of(values.iter().flatten().copied(), &[], Unit::Number);
    let span = times.last().copied().unwrap_or(0.0).max(1.0);
    let first = times.first().copied().unwrap_or(0.0).min(span * 0.5);
    let runs = segments(times, values, |seconds| (seconds - first) / (span - first) * width, width);
    let y = |value| 1.0 + (1.0 - scale.place(value)) * (height - 2.0);
    let path: String = runs.iter().filter(|run| run.len() > 1).map(|run| path_of(run, y)).collect();
    html! {
        @if !path.is_empty() {
            svg class={ "spark " (color.word()) } color=(hex(color)) width=(width) height=(height)
                viewBox={ "0 0 " (width) " " (height) } preserveAspectRatio="none" aria-hidden="true" {
                path d=(path) fill="none" stroke="currentColor" stroke-width="1.4"
                    vector-effect="non-scaling-stroke" {}
            }
        }
    }
}

/// A line of a chart, ready to be drawn.
struct Trace<'a> {
    series: &'a Series,
    /// Areas below the line, as paths.
    areas: Vec<String>,
    /// The line itself, as one path; empty where there is none.
    path: String,
    /// Points that no line joins: percent of the width, and pixels from the top.
    points: Vec<(f64, f64)>,
}

impl<'a> Trace<'a> {
    /// The horizontal axis is where it begins and how much it holds, in seconds.
    fn of(line: &Line<'a>, times: &[f64], (from, span): (f64, f64), scale: &Scale) -> Self {
        let runs = segments(times, line.values, |seconds| (seconds - from) / span * COLUMNS, COLUMNS);
        let few = line.values.iter().flatten().count() < 3;
        let y = |value: f64| PLOT * (1.0 - scale.place(value));
        let joined = || runs.iter().filter(|run| run.len() > 1);
        let single = runs.iter().filter(|run| few || run.len() == 1).flatten();
        Trace {
            series: line.series,
            areas: joined().filter(|_| line.series.fill).map(|run| area_of(run, y)).collect(),
            path: joined().map(|run| path_of(run, y)).collect(),
            points: single.map(|&(x, value)| (short(x / COLUMNS * 100.0), short(y(value)))).collect(),
        }
    }

    fn lines(&self) -> Markup {
        let color = self.series.color;
        html! {
            g class=(color.word()) color=(hex(color)) {
                @for area in &self.areas { path d=(area) fill="currentColor" fill-opacity="0.13" {} }
                @if !self.path.is_empty() {
                    path d=(self.path) fill="none" stroke="currentColor" stroke-width="1.5"
                        stroke-linejoin="round" vector-effect="non-scaling-stroke"
                        stroke-dasharray=[self.series.dash.then_some("4 4")] {}
                }
            }
        }
    }

    fn dots(&self) -> Markup {
        let color = self.series.color;
        html! {
            @if !self.points.is_empty() {
                g class=(color.word()) color=(hex(color)) {
                    @for (x, y) in &self.points {
                        circle cx={ (x) "%" } cy=(y) r="3" fill="currentColor" {}
                    }
                }
            }
        }
    }
}

/// The points of a line, `(x, value)`, cut at its gaps. Of many points to a column the least and the
/// greatest stay, in their order.
fn segments(
    times: &[f64],
    values: &[Option<f64>],
    x: impl Fn(f64) -> f64,
    columns: f64,
) -> Vec<Vec<(f64, f64)>> {
    let points = times.iter().zip(values).map(|(time, value)| (x(*time), *value));
    let mut runs = vec![Vec::new()];
    let mut add = |point: Option<(f64, f64)>| match (point, runs.last_mut()) {
        (Some(point), Some(run)) => run.push(point),
        (None, Some(run)) if !run.is_empty() => runs.push(Vec::new()),
        _ => {}
    };
    if times.len() as f64 <= 2.0 * columns {
        points.for_each(|(x, value)| add(value.map(|value| (x, value))));
    } else {
        let mut column: Option<(f64, Option<Extremes>)> = None;
        for (x, value) in points {
            let number = x.floor();
            match &mut column {
                Some((at, extremes)) if *at == number => Extremes::widen(extremes, x, value),
                _ => {
                    if let Some((_, extremes)) = column.take() {
                        Extremes::emit(extremes, &mut add);
                    }
                    let mut extremes = None;
                    Extremes::widen(&mut extremes, x, value);
                    column = Some((number, extremes));
                }
            }
        }
        if let Some((_, extremes)) = column {
            Extremes::emit(extremes, &mut add);
        }
    }
    runs.retain(|run| !run.is_empty());
    runs
}

/// The least and the greatest point of a column.
struct Extremes {
    least: (f64, f64),
    greatest: (f64, f64),
}

impl Extremes {
    fn widen(extremes: &mut Option<Self>, x: f64, value: Option<f64>) {
        let Some(value) = value else { return };
        let point = (x, value);
        match extremes {
            None => *extremes = Some(Extremes { least: point, greatest: point }),
            Some(known) if value < known.least.1 => known.least = point,
            Some(known) if value > known.greatest.1 => known.greatest = point,
            Some(_) => {}
        }
    }

    fn emit(extremes: Option<Self>, add: &mut impl FnMut(Option<(f64, f64)>)) {
        match extremes {
            None => add(None),
            Some(Extremes { least, greatest }) if least == greatest => add(Some(least)),
            Some(Extremes { least, greatest }) => {
                let (first, second) =
                    if least.0 < greatest.0 { (least, greatest) } else { (greatest, least) };
                add(Some(first));
                add(Some(second));
            }
        }
    }
}

/// A run of points as a path.
fn path_of(run: &[(f64, f64)], y: impl Fn(f64) -> f64) -> String {
    let point = |(i, &(x, value)): (usize, &(f64, f64))| {
        // Further pairs are lines.
        let command = if i == 0 { 'M' } else { ' ' };
        format!("{command}{} {}", short(x), short(y(value)))
    };
    run.iter().enumerate().map(point).collect()
}

/// What lies between a run of points and zero, as a path.
fn area_of(run: &[(f64, f64)], y: impl Fn(f64) -> f64) -> String {
    let (first, last, base) = (short(run[0].0), short(run[run.len() - 1].0), short(y(0.0)));
    format!("{}L{last} {base}L{first} {base}Z", path_of(run, y))
}

/// Name, class, colour, top and height of what is good, what is poor, and what lies between.
fn grounds(bands: Bands, scale: &Scale) -> impl Iterator<Item = (&str, &str, &str, f64, f64)> {
    [
        ("good", "good", "#0a7a4b", scale.low, bands.good),
        ("needs improvement", "warning", "#8f6200", bands.good, bands.poor),
        ("poor", "bad", "#c0262d", bands.poor, scale.high),
    ]
    .into_iter()
    .map(|(name, class, color, from, to)| {
        let top = down(scale, to);
        (name, class, color, top, short(down(scale, from) - top))
    })
    .filter(|(.., height)| *height > 0.0)
}

fn draw_bands(bands: Bands, scale: &Scale) -> Markup {
    html! {
        @for (_, class, color, top, height) in grounds(bands, scale) {
            g class=(class) color=(color) {
                rect x="0" y=(top) width="100%" height=(height) fill="currentColor" fill-opacity="0.09" {}
            }
        }
    }
}

fn name_bands(bands: Bands, scale: &Scale) -> Markup {
    html! {
        @for (name, class, color, top, _) in grounds(bands, scale).filter(|(.., height)| *height >= 15.0) {
            g class=(class) color=(color) {
                text class="halo" x="5" y=(short(top + 12.0)) fill="currentColor" stroke="Canvas"
                    stroke-width="3" stroke-linejoin="round" paint-order="stroke" { (name) }
            }
        }
    }
}

/// An axis' labels.
fn labels(scale: &Scale, x: &str, dx: Option<&str>, anchor: Option<&str>) -> Markup {
    html! {
        @for (value, label) in scale.ticks() {
            text class="tick" x=(x) dx=[dx] text-anchor=[anchor] y=(down(scale, value)) dy="4" { (label) }
        }
    }
}

/// Where a value stands, in pixels from the plot's top.
fn down(scale: &Scale, value: f64) -> f64 {
    (PLOT * (1.0 - scale.place(value)) * 10.0).round() / 10.0
}

/// A coordinate, to a tenth.
fn short(coordinate: f64) -> f64 {
    let rounded = (coordinate * 10.0).round() / 10.0;
    rounded + 0.0
}

fn hex(color: Color) -> &'static str {
    COLORS.iter().find(|(known, _)| *known == color).map_or("#66707d", |(_, hex)| hex)
}
