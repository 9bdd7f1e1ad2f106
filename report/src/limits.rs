//! Thresholds as figures: what to say of them, by how much they hold, and where to draw them.

use super::figure::{Figure, unit_of};
use super::format::{Unit, format};
use super::markup::State;
use loadgate_documents::{Aggregate, Summary, Threshold, ThresholdRow};

/// `p(95) < 400 ms`.
pub(crate) fn say(threshold: &Threshold, unit: Unit) -> String {
    let Threshold { aggregate, operator, bound } = threshold;
    format!("{aggregate} {operator} {}", format(Some(*bound), unit, true))
}

/// How far the observed value is on the good side, as a share of the limit.
pub(crate) fn margin(threshold: &Threshold, observed: Option<f64>) -> Option<f64> {
    threshold.operator.margin(observed?, threshold.bound)
}

/// Whether all limits of a run are known, and the types that they want: until then none of them is green.
pub(crate) fn all_known(summary: &Summary) -> bool {
    !summary.limits_may_be_missing() && summary.thresholds.iter().all(|row| row.unknown.is_none())
}

/// What one threshold comes to; `sure` is [`all_known`] of its run.
pub(crate) fn outcome_of(row: &ThresholdRow, sure: bool) -> (State, &'static str) {
    match row.passes {
        _ if row.unknown.is_some() => (State::Warning, "type not known"),
        None if row.untold => (State::Unknown, "not known"),
        None => (State::None, "no data"),
        Some(false) => (State::Bad, "fail"),
        Some(true) => (if sure { State::Good } else { State::Open }, "pass"),
    }
}

/// What the thresholds of a run say together, as of a chip.
pub(crate) fn verdict(summary: &Summary) -> (State, String) {
    let rows = &summary.thresholds;
    let known = !summary.limits_may_be_missing();
    let total = rows.len();
    let failed = rows.iter().filter(|row| row.passes == Some(false)).count();
    let untyped = rows.iter().filter(|row| row.unknown.is_some()).count();
    let untold = rows.iter().filter(|row| row.untold).count();
    let silent = rows.iter().filter(|row| row.passes.is_none()).count() - untyped - untold;
    let passed = total - failed - untyped - untold - silent;
    let all = if total == 1 { "1 threshold".to_owned() } else { format!("{total} thresholds") };
    // "1 of 1 threshold fails", "1 of 3 thresholds fail".
    let s = if total == 1 { "s" } else { "" };
    if total == 0 {
        (State::None, if known { "no thresholds" } else { "thresholds not known" }.to_owned())
    } else if failed > 0 && known {
        (State::Bad, format!("{failed} of {all} fail{s}"))
    } else if failed > 0 {
        (State::Bad, format!("{failed} of ? thresholds fail"))
    } else if !known {
        (State::Warning, format!("thresholds: {total} of ? known"))
    } else if untyped > 0 {
        (State::Warning, format!("type not known for {untyped} of {all}"))
    } else if untold > 0 {
        (State::Warning, format!("figure not known for {untold} of {all}"))
    } else if silent == total {
        (State::None, format!("no data for {all}"))
    } else if silent > 0 {
        (State::Warning, format!("{passed} of {all} pass"))
    } else {
        (State::Good, format!("{all} pass{}", if total == 1 { "es" } else { "" }))
    }
}

/// A line on a chart.
pub(crate) struct Limit {
    pub value: f64,
    pub label: String,
    pub fails: bool,
    /// Unix ms.
    pub crossed: Option<i64>,
}

/// One for each threshold of a metric and aggregate.
pub(crate) fn limits_of(summary: &Summary, metric: &str, aggregate: Aggregate) -> Vec<Limit> {
    let rows = summary.thresholds.iter().filter(|row| row.metric == metric);
    rows.filter_map(|row| {
        let threshold =
            Threshold::parse(&row.expression).ok().filter(|threshold| threshold.aggregate == aggregate)?;
        Some(Limit {
            value: threshold.bound,
            label: say(&threshold, unit_of(summary.kind(metric), Figure::Of(aggregate))),
            fails: row.passes == Some(false),
            crossed: row.first_failed,
        })
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::NOTHING;
    use loadgate_documents::{Contains, MetricType};
    use serde::Deserialize;

    #[derive(Deserialize)]
    struct Vectors {
        together: Vec<Together>,
        single: Vec<Single>,
    }

    #[derive(Deserialize)]
    struct Row {
        passes: Option<bool>,
        unknown: Option<Vec<MetricType>>,
        #[serde(default)]
        untold: bool,
    }

    #[derive(Deserialize)]
    struct Together {
        thresholds: Vec<Row>,
        known: bool,
        state: String,
        text: String,
    }

    #[derive(Deserialize)]
    struct Single {
        #[serde(rename = "type")]
        metric: Option<MetricType>,
        contains: Option<Contains>,
        expression: String,
        observed: Option<f64>,
        #[serde(flatten)]
        row: Row,
        sure: bool,
        limit: String,
        figure: String,
        margin: String,
        state: String,
        word: String,
    }

    fn row(row: Row) -> ThresholdRow {
        let Row { passes, unknown, untold } = row;
        ThresholdRow { passes, unknown, untold, ..ThresholdRow::default() }
    }

    fn vectors() -> Vectors {
        serde_json::from_str(include_str!("../../static/tests/threshold-vectors.json")).unwrap()
    }

    #[test]
    fn thresholds_together_say_what_they_say_on_the_pages_and_nothing_is_green_that_is_not_sure() {
        let vectors = vectors();
        assert!(vectors.together.len() > 15);
        for Together { thresholds, known, state, text } in vectors.together {
            let mut summary =
                Summary { thresholds: thresholds.into_iter().map(row).collect(), ..Summary::default() };
            summary.health.thresholds_known = known;
            let (said, words) = verdict(&summary);
            assert_eq!((said.word(), words.as_str()), (state.as_str(), text.as_str()));
            let head = crate::head::head(&summary, None, None).into_string();
            let chip =
                format!("chip-{state}\"><span aria-hidden=\"true\">{}</span> {text}</span>", said.sign());
            assert!(head.contains(&chip), "{chip}: {head}");
            assert_eq!(head.contains("chip-good"), state == "good", "{text}");
            assert!(all_known(&summary) || said != State::Good, "{text}");
        }
    }

    #[test]
    fn a_threshold_says_what_it_says_on_the_pages() {
        let vectors = vectors();
        assert!(vectors.single.len() > 15);
        for Single {
            metric,
            contains,
            expression,
            observed,
            row: given,
            sure,
            limit,
            figure,
            margin: share,
            state,
            word,
        } in vectors.single
        {
            let kind = metric.zip(contains);
            let parsed = Threshold::parse(&expression).ok();
            let unit = parsed.map(|threshold| unit_of(kind, Figure::Of(threshold.aggregate)));
            let said = parsed.zip(unit).map_or(expression.clone(), |(parsed, unit)| say(&parsed, unit));
            assert_eq!(said, limit, "{expression}");
            assert_eq!(format(observed, unit.unwrap_or(Unit::Number), false), figure, "{expression}");
            let margin = parsed
                .map_or(NOTHING.to_owned(), |parsed| format(margin(&parsed, observed), Unit::Ratio, false));
            assert_eq!(margin, share, "{expression}");
            let (said, words) = outcome_of(&row(given), sure);
            assert_eq!((said.word(), words), (state.as_str(), word.as_str()), "{expression}");
        }
    }
}
