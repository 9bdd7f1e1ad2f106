//! Keptn's `slo.yaml` 1.0, read as it is.
//!
//! The format is described in Keptn's specification ("Service Level Objectives (SLO) Configuration"). Which
//! figure is meant by the name of an indicator is not part of it: the names here are those of Keptn's own
//! examples. Its numbers are in the units of those: times in ms, shares in percent, rates per second.

use crate::criterion::Criterion;
use crate::expression::{Expression, Subject};
use crate::objectives::{
    BaselineChoice, Criteria, MAX_BASELINE, MAX_OBJECTIVES, Objective, Objectives, Part, Verdicts,
    WithoutData,
};
use crate::read::{MAX_NAME, of_several, score, title};
use crate::yaml::{self, Read, wrong};
use loadgate_documents::{Aggregate, shorten};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_saphyr::{Location, Spanned};
use std::collections::BTreeMap;

/// What a file of Keptn's begins with.
pub(crate) const MARK: &str = "spec_version";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    spec_version: Spanned<String>,
    /// Placeholders in the queries of indicators, of which there are none here.
    #[serde(default, rename = "filter")]
    _filter: Option<IgnoredAny>,
    #[serde(default)]
    comparison: Option<Spanned<Comparison>>,
    objectives: Spanned<Vec<Raw>>,
    #[serde(default)]
    total_score: Option<Spanned<TotalScore>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Comparison {
    #[serde(default)]
    compare_with: Option<CompareWith>,
    #[serde(default)]
    include_result_with_score: Option<Include>,
    #[serde(default)]
    number_of_comparison_results: Option<usize>,
    #[serde(default)]
    aggregate_function: Option<Spanned<String>>,
}

#[derive(Deserialize, Clone, Copy, PartialEq)]
#[serde(rename_all = "snake_case")]
enum CompareWith {
    SingleResult,
    SeveralResults,
}

#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "snake_case")]
enum Include {
    All,
    Pass,
    PassOrWarn,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    sli: Spanned<String>,
    #[serde(default, rename = "displayName")]
    display_name: Option<Spanned<String>>,
    #[serde(default)]
    pass: Vec<Group>,
    #[serde(default)]
    warning: Vec<Group>,
    #[serde(default)]
    weight: Option<u16>,
    #[serde(default)]
    key_sli: bool,
}

/// Criteria that all have to hold; of several such, one.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Group {
    criteria: Vec<Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TotalScore {
    pass: Spanned<String>,
    warning: Spanned<String>,
}

pub(crate) fn read(text: &str) -> Read<Objectives> {
    let file: File = yaml::parse(text)?;
    if file.spec_version.value != "1.0" {
        let other = format!(
            "spec_version {:?} of Keptn's slo.yaml is not known: 1.0 is",
            shorten(&file.spec_version.value)
        );
        return Err(wrong(file.spec_version.referenced, other));
    }
    if file.objectives.value.len() > MAX_OBJECTIVES {
        return Err(wrong(
            file.objectives.referenced,
            format!("there are more than {MAX_OBJECTIVES} objectives"),
        ));
    }
    let mut seen = BTreeMap::new();
    let objectives =
        file.objectives.value.into_iter().map(|raw| objective(raw, &mut seen)).collect::<Result<_, _>>()?;
    let total = file.total_score.map(|total| score(total.referenced, total.value.pass, total.value.warning));
    Ok(Objectives {
        baseline: file.comparison.map_or(Ok(ONE_OF_ALL), baseline)?,
        score: total.transpose()?,
        ignore_thresholds: false,
        objectives,
    })
}

/// What Keptn compares with where nobody says.
const ONE_OF_ALL: BaselineChoice =
    BaselineChoice::Last { count: 1, verdicts: Verdicts::All, aggregate: Aggregate::Avg };

fn baseline(raw: Spanned<Comparison>) -> Read<BaselineChoice> {
    let Comparison {
        compare_with,
        include_result_with_score,
        number_of_comparison_results,
        aggregate_function,
    } = raw.value;
    // A single result is one, whatever the number says.
    let several = compare_with == Some(CompareWith::SeveralResults);
    let count = number_of_comparison_results.filter(|_| several).unwrap_or(1);
    if !(1..=MAX_BASELINE).contains(&count) {
        return Err(wrong(raw.referenced, format!("a baseline is made of 1 to {MAX_BASELINE} runs")));
    }
    Ok(BaselineChoice::Last {
        count,
        verdicts: match include_result_with_score {
            Some(Include::Pass) => Verdicts::Passed,
            Some(Include::PassOrWarn) => Verdicts::PassedOrWarned,
            Some(Include::All) | None => Verdicts::All,
        },
        aggregate: aggregate_function.map_or(Ok(Aggregate::Avg), |name| match name.value.as_str() {
            "p50" => Ok(Aggregate::Med),
            "p90" => Ok(Aggregate::Percentile(90.0)),
            "p95" => Ok(Aggregate::Percentile(95.0)),
            _ => of_several(name),
        })?,
    })
}

fn objective(raw: Raw, seen: &mut BTreeMap<String, usize>) -> Read<Objective> {
    let at = raw.sli.referenced;
    let sli = title(raw.sli, MAX_NAME)?;
    let expression = indicator(&sli);
    // The same indicator may stand there twice.
    let name = match raw.display_name {
        Some(name) if !name.value.trim().is_empty() => title(name, MAX_NAME)?,
        _ => sli.clone(),
    };
    let again = seen.entry(name.clone()).and_modify(|count| *count += 1).or_insert(1);
    Ok(Objective {
        name: if *again > 1 { format!("{name} ({again})") } else { name },
        pass: criteria(raw.pass, &sli, at)?,
        warn: criteria(raw.warning, &sli, at)?,
        expression,
        weight: raw.weight.map_or(1.0, f64::from),
        key: raw.key_sli,
        without_data: WithoutData::Error,
        part: Part::default(),
        links: Vec::new(),
        description: None,
        abort: None,
    })
}

/// The expression that an indicator stands for.
fn indicator(sli: &str) -> Expression {
    let percentile =
        ["response_time_p", "request_latency_p"].iter().find_map(|prefix| sli.strip_prefix(prefix));
    let text = match (sli, percentile) {
        ("error_rate", _) => "http_req_failed rate".to_owned(),
        ("throughput", _) => "http_reqs rate".to_owned(),
        ("response_time_avg", _) => "http_req_duration avg".to_owned(),
        (_, Some(rank)) if rank.bytes().all(|b| b.is_ascii_digit()) => format!("http_req_duration p({rank})"),
        _ => String::new(),
    };
    Expression::parse(&text).unwrap_or(Expression { text: sli.to_owned(), subject: Subject::Unknown })
}

fn criteria(groups: Vec<Group>, sli: &str, at: Location) -> Read<Criteria> {
    let parse = if sli == "error_rate" { Criterion::parse_in_percent } else { Criterion::parse };
    let read = |text: Spanned<String>| parse(&text.value).map_err(|error| wrong(text.referenced, error));
    let groups =
        groups.into_iter().map(|group| group.criteria.into_iter().map(read).collect::<Result<Vec<_>, _>>());
    let groups: Vec<Vec<Criterion>> = groups.collect::<Result<_, _>>()?;
    if groups.iter().any(Vec::is_empty) {
        return Err(wrong(at, "one of its lists of criteria is empty"));
    }
    Ok(Criteria(groups))
}
