//! Judges one objective: finds its figure and the baseline's, and holds its criteria against both.

use super::{Baseline, Evidence};
use crate::criterion::{Base, Criterion, Judged};
use crate::expression::Expression;
use crate::interval::{self, Interval};
use crate::objectives::{BaselineChoice, Criteria, Objective, Part, Window, WithoutData};
use crate::observe::{Observation, Reading, partial, untold, untyped};
use loadgate_documents::format::{Unit, format};
use loadgate_documents::{
    Aggregate, BaselineFigure, ObjectiveResult, ObjectiveState, Origin, Span, Summary, Threshold,
    ThresholdRow, clock, finite,
};
use std::cmp::Ordering;

const NO_BASELINE: &str = "There is no baseline yet";

/// What objectives are judged by.
pub(super) struct Judging<'a> {
    pub evidence: &'a dyn Evidence,
    pub choice: &'a BaselineChoice,
    pub baseline: &'a Baseline<'a>,
}

/// What became of an objective in one part of the run.
#[derive(Default)]
struct Found {
    state: ObjectiveState,
    reason: String,
    reading: Option<Reading>,
    /// What its figure lacks, or that which it is compared with.
    incomplete: Option<String>,
    baseline: Option<BaselineFigure>,
    limit: Option<f64>,
    margin: Option<f64>,
    /// Of all parts this one, where there are any.
    window: Option<Span>,
}

/// The baseline's figure.
struct Compared {
    base: Base,
    figure: BaselineFigure,
    /// What one of its runs lacks.
    incomplete: Option<String>,
}

/// The part, and what became of the objective in it.
type InPart = (Option<Span>, Found);

impl Judging<'_> {
    /// What became of an objective, and what its figure lacks.
    pub(super) fn objective(&self, objective: &Objective) -> (ObjectiveResult, Option<String>) {
        let found = self.found(objective);
        let unit = found.reading.as_ref().map(|reading| reading.unit).or(objective.expression.unit());
        let result = ObjectiveResult {
            name: objective.name.clone(),
            origin: Origin::File,
            expression: objective.expression.text.clone(),
            window: found.window.filter(|_| objective.part != Part::default()),
            state: found.state,
            reason: found.reason,
            observed: found.reading.as_ref().map(|reading| reading.value),
            unit: unit.unwrap_or_default(),
            criterion: objective.pass.to_string(),
            warn: (!objective.warn.is_empty()).then(|| objective.warn.to_string()),
            limit: found.limit,
            margin: found.margin,
            baseline: found.baseline,
            weight: objective.weight,
            key: objective.key,
            abort: objective.abort,
            description: objective.description.clone(),
            links: objective.links.clone(),
        };
        (result, found.incomplete)
    }

    /// What k6's own threshold comes to. Its failure always fails the whole, as it fails k6.
    pub(super) fn threshold(&self, row: &ThresholdRow) -> (ObjectiveResult, Option<String>) {
        let mut result = ObjectiveResult {
            name: format!("{}: {}", row.metric, row.expression),
            origin: Origin::Threshold,
            expression: row.metric.clone(),
            observed: row.observed,
            criterion: row.expression.clone(),
            weight: 1.0,
            key: true,
            ..ObjectiveResult::default()
        };
        let threshold = Threshold::parse(&row.expression).ok();
        if let Some(Threshold { aggregate, operator, bound }) = threshold {
            result.unit = Unit::of(self.evidence.whole().kind(&row.metric), aggregate);
            result.expression = format!("{} {aggregate}", row.metric);
            result.criterion = format!("{operator} {}", format(Some(bound), result.unit, true));
            result.limit = Some(bound);
            result.margin = row.observed.and_then(|observed| operator.margin(observed, bound));
            let expression = Expression::parse(&result.expression).ok();
            let compared = row.observed.zip(expression).map(|(observed, expression)| {
                self.compared(&expression, Window::Whole, observed, result.unit)
            });
            result.baseline = compared.and_then(|found| Some(found.ok()??.figure));
        }
        (result.state, result.reason) = match (row.passes, &row.unknown, row.observed) {
            (_, Some(types), _) => (ObjectiveState::Error, untyped(&row.metric, types)),
            (Some(passes), None, Some(observed)) => {
                let state = if passes { ObjectiveState::Pass } else { ObjectiveState::Fail };
                (state, format!("{} {}.", meets(observed, result.unit, passes), result.criterion))
            }
            _ => {
                let reason = match threshold.filter(|_| row.untold) {
                    Some(threshold) => untold(&row.metric, threshold.aggregate),
                    None => format!("There is no data of {}.", row.metric),
                };
                (ObjectiveState::Error, reason)
            }
        };
        let metric = self.evidence.whole().metrics.get(&row.metric);
        (result, metric.and_then(|metric| partial(&row.metric, metric)))
    }

    fn found(&self, objective: &Objective) -> Found {
        let parts = match objective.part {
            Part { window: Window::Whole, stretch: None } => Ok(vec![self.evidence.whole()]),
            part => self.evidence.part(&objective.expression, &part),
        };
        let parts = match parts {
            Ok(parts) => parts,
            Err(why) => return Found::of(ObjectiveState::Error, why),
        };
        let start = self.evidence.whole().start;
        let judged = parts.into_iter().map(|part| (part.window, self.within(objective, part)));
        let worse = |worst: InPart, other: InPart| if other.1.is_worse(&worst.1) { other } else { worst };
        let Some((window, mut worst)) = judged.reduce(worse) else {
            return Found::of(ObjectiveState::Error, "There is no such part of the run.".to_owned());
        };
        worst.window = window;
        let at = |ms: i64| clock((ms - start) as f64);
        let place = window.map(|window| format!("from {} to {}", at(window.start), at(window.end)));
        let stretch = objective.part.stretch.map(|length| {
            format!("in the worst stretch of {}", format(Some(length as f64), Unit::Time, true))
        });
        let words: Vec<String> = stretch.into_iter().chain(place).collect();
        if let Some(first) = words.concat().chars().next() {
            let words = words.join(", ");
            worst.reason =
                format!("{}{}: {}", first.to_uppercase(), &words[first.len_utf8()..], worst.reason);
        }
        worst
    }

    fn within(&self, objective: &Objective, summary: &Summary) -> Found {
        let reading = match objective.expression.observe(summary) {
            Observation::Figure(reading) => reading,
            Observation::Unclear(why) => return Found::of(ObjectiveState::Error, why),
            Observation::Nothing(why) => {
                return match objective.without_data {
                    _ if objective.pass.is_empty() => Found::of(ObjectiveState::Info, why),
                    WithoutData::Error => Found::of(ObjectiveState::Error, why),
                    WithoutData::Fail => Found::of(ObjectiveState::Fail, why),
                    WithoutData::Pass => Found::of(ObjectiveState::Pass, format!("{why} That passes here.")),
                };
            }
        };
        let criteria = || objective.pass.all().chain(objective.warn.all());
        if let Some(error) = criteria().find_map(|criterion| criterion.fits(reading.unit).err()) {
            return Found { reading: Some(reading), ..Found::of(ObjectiveState::Error, format!("{error}.")) };
        }
        let relative = criteria().any(Criterion::is_relative);
        let window = objective.part.window;
        let compared = match self.compared(&objective.expression, window, reading.value, reading.unit) {
            Ok(compared) => compared,
            Err(why) if relative => {
                return Found { reading: Some(reading), ..Found::of(ObjectiveState::Error, why) };
            }
            // Nothing depends on it.
            Err(_) => None,
        };
        let mut found = decide(objective, &reading, compared.as_ref().map(|compared| &compared.base));
        found.incomplete = reading.incomplete.clone();
        found.reading = Some(reading);
        if let Some(compared) = compared {
            found.baseline = Some(compared.figure);
            found.incomplete = found.incomplete.or(compared.incomplete.filter(|_| relative));
        }
        found
    }

    /// The baseline's figure. `Ok(None)`: there is none yet.
    fn compared(
        &self,
        expression: &Expression,
        window: Window,
        observed: f64,
        unit: Unit,
    ) -> Result<Option<Compared>, String> {
        let runs = match self.baseline {
            Baseline::None => return Ok(None),
            Baseline::Unavailable(why) => return Err(why.clone()),
            Baseline::Runs(runs) => runs,
        };
        let (mut ids, mut readings, mut incomplete) = (Vec::new(), Vec::new(), None);
        for run in runs {
            let summary = match window {
                Window::Whole => run.whole(),
                _ => {
                    let parts = run.part(expression, &Part { window, stretch: None });
                    let parts = parts.map_err(|why| format!("In the baseline {}: {why}", run.whole().run))?;
                    *parts.first().ok_or("The baseline has no such part.")?
                }
            };
            match expression.observe(summary) {
                Observation::Figure(reading) if reading.unit == unit => {
                    let lacks = reading.incomplete.as_ref();
                    incomplete =
                        incomplete.or_else(|| Some(format!("In the baseline {}: {}", summary.run, lacks?)));
                    ids.push(summary.run.clone());
                    readings.push(reading);
                }
                // What is measured otherwise by now cannot be compared; what was not measured then, neither.
                Observation::Figure(_) | Observation::Nothing(_) => {}
                Observation::Unclear(why) => return Err(format!("In the baseline {}: {why}", summary.run)),
            }
        }
        if readings.is_empty() {
            return Ok(None);
        }
        let aggregate = match self.choice {
            BaselineChoice::Last { aggregate, .. } => *aggregate,
            BaselineChoice::Pinned | BaselineChoice::Run(_) => Aggregate::Avg,
        };
        let one = |values: Vec<f64>| finite(of_several(values, aggregate));
        let value = one(readings.iter().map(|reading| reading.value).collect());
        // Every such aggregate grows with each of its values: of all lower ends it is the lower end.
        let intervals: Option<Vec<Interval>> = readings.iter().map(interval::of).collect();
        let interval = intervals.map(|all| Interval {
            from: one(all.iter().map(|interval| interval.from).collect()),
            to: one(all.iter().map(|interval| interval.to).collect()),
        });
        let figure = BaselineFigure {
            value,
            aggregate: (ids.len() > 1).then(|| aggregate.to_string()),
            runs: ids,
            change: Some((observed - value) / value.abs()).filter(|change| change.is_finite()),
        };
        Ok(Some(Compared { base: Base { value, interval }, figure, incomplete }))
    }
}

/// One value of several.
fn of_several(mut values: Vec<f64>, aggregate: Aggregate) -> f64 {
    values.sort_by(f64::total_cmp);
    let rank = match aggregate {
        Aggregate::Min => 0.0,
        Aggregate::Med => 0.5,
        Aggregate::Max => 1.0,
        Aggregate::Percentile(rank) => rank / 100.0,
        _ => return values.iter().sum::<f64>() / values.len() as f64,
    };
    // As k6 does it: a straight line between neighbours.
    let place = rank * (values.len() - 1) as f64;
    let (low, high) = (values[place.floor() as usize], values[place.ceil() as usize]);
    low + (high - low) * place.fract()
}

/// By the criteria.
fn decide(objective: &Objective, reading: &Reading, base: Option<&Base>) -> Found {
    if objective.pass.is_empty() {
        return Found::of(ObjectiveState::Info, "Nothing is asked of it.".to_owned());
    }
    let pass = Tried::of(&objective.pass, reading, base);
    let warn = (!objective.warn.is_empty()).then(|| Tried::of(&objective.warn, reading, base));
    let said = |passes| meets(reading.value, reading.unit, passes);
    let (state, reason) = match (pass.holds, &warn) {
        (Some(true), _) => (ObjectiveState::Pass, format!("{} {}.", said(true), pass.text)),
        (None, _) => (ObjectiveState::Info, format!("{NO_BASELINE} to hold {} against.", pass.text)),
        (Some(false), None) => (ObjectiveState::Fail, format!("{} {}.", said(false), pass.text)),
        (Some(false), Some(warn)) => match warn.holds {
            Some(true) => {
                let reason = format!("{} {}, but {}, which is a warning.", said(false), pass.text, warn.text);
                (ObjectiveState::Warning, reason)
            }
            None => {
                let reason =
                    format!("{} {}. {NO_BASELINE} to hold {} against.", said(false), pass.text, warn.text);
                (ObjectiveState::Warning, reason)
            }
            Some(false) => {
                (ObjectiveState::Fail, format!("{} {}, nor {}.", said(false), pass.text, warn.text))
            }
        },
    };
    // Against the bound of a warning where that is what decided.
    let decisive = warn.filter(|_| state == ObjectiveState::Fail).unwrap_or(pass);
    Found { limit: decisive.limit, margin: decisive.margin, ..Found::of(state, reason) }
}

fn meets(value: f64, unit: Unit, passes: bool) -> String {
    format!("{} {}", format(Some(value), unit, false), if passes { "meets" } else { "does not meet" })
}

/// Criteria, tried.
struct Tried {
    /// `None`: that takes a baseline which is not there.
    holds: Option<bool>,
    /// Those that decided, each with why.
    text: String,
    limit: Option<f64>,
    margin: Option<f64>,
}

impl Tried {
    fn of(criteria: &Criteria, reading: &Reading, base: Option<&Base>) -> Self {
        let lists = criteria.0.iter().map(|list| Tried::list(list, reading, base));
        // One list is enough: the best of them decides.
        let rank = |tried: &Tried| match tried.holds {
            Some(true) => 2,
            None => 1,
            Some(false) => 0,
        };
        let best = lists.reduce(|best, other| if rank(&other) > rank(&best) { other } else { best });
        best.unwrap_or(Tried { holds: Some(false), text: String::new(), limit: None, margin: None })
    }

    /// All of a list have to hold.
    fn list(list: &[Criterion], reading: &Reading, base: Option<&Base>) -> Self {
        let judged: Vec<(&Criterion, Judged)> =
            list.iter().map(|criterion| (criterion, criterion.judge(reading, base))).collect();
        let any = |holds: Option<bool>| judged.iter().any(|(_, judged)| judged.holds == holds);
        let holds = if any(Some(false)) {
            Some(false)
        } else if any(None) {
            None
        } else {
            Some(true)
        };
        let decisive = || judged.iter().filter(|(_, judged)| judged.holds == holds);
        let text: Vec<String> = decisive().map(|(criterion, judged)| judged.say(criterion)).collect();
        let nearest = decisive().map(|(_, judged)| judged).min_by(|a, b| nearer(a.margin, b.margin));
        Tried {
            holds,
            text: text.join(" and "),
            limit: nearest.and_then(|judged| judged.limit),
            margin: nearest.and_then(|judged| judged.margin),
        }
    }
}

impl Judged {
    fn say(&self, criterion: &Criterion) -> String {
        if self.why.is_empty() { criterion.to_string() } else { format!("{criterion} ({})", self.why) }
    }
}

/// Known margins before those that are not.
fn nearer(a: Option<f64>, b: Option<f64>) -> Ordering {
    a.unwrap_or(f64::INFINITY).total_cmp(&b.unwrap_or(f64::INFINITY))
}

impl Found {
    fn of(state: ObjectiveState, reason: String) -> Self {
        Found { state, reason, ..Found::default() }
    }

    fn is_worse(&self, other: &Found) -> bool {
        self.state.cmp(&other.state).then(nearer(self.margin, other.margin).reverse()) == Ordering::Greater
    }
}
