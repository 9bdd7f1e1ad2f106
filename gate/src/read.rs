//! Reads a file of objectives, and says of what is wrong where it stands.

use crate::criterion::{self, Criterion};
use crate::expression::Expression;
use crate::objectives::{
    BaselineChoice, Criteria, MAX_BASELINE, MAX_OBJECTIVES, Objective, Objectives, Part, Score, Verdicts,
    Window, WithoutData,
};
use crate::yaml::{self, Read, wrong};
use loadgate_documents::{Aggregate, Link, shorten};
use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_saphyr::{Location, Spanned};
use std::collections::{BTreeMap, HashSet};
use std::fmt;

/// Bytes of a name.
pub(crate) const MAX_NAME: usize = 200;
/// Bytes of a description and of an address.
const MAX_TEXT: usize = 2_000;
/// Criteria of one list, and links of an objective.
const MAX_LIST: usize = 10;
const MAX_WEIGHT: f64 = 1_000.0;

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct File {
    #[serde(default, deserialize_with = "given")]
    baseline: Option<Spanned<Baseline>>,
    #[serde(default, deserialize_with = "given")]
    score: Option<Spanned<RawScore>>,
    #[serde(default, deserialize_with = "given")]
    thresholds: Option<Thresholds>,
    objectives: Spanned<Vec<Spanned<Raw>>>,
}

#[derive(Deserialize, PartialEq)]
#[serde(rename_all = "kebab-case")]
enum Thresholds {
    Count,
    Ignore,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawScore {
    pass: Spanned<String>,
    warn: Spanned<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Raw {
    name: Spanned<String>,
    expression: Spanned<String>,
    #[serde(default, deserialize_with = "given")]
    pass: Option<Spanned<OneOrMany>>,
    #[serde(default, deserialize_with = "given")]
    warn: Option<Spanned<OneOrMany>>,
    #[serde(default, deserialize_with = "given")]
    weight: Option<Spanned<f64>>,
    #[serde(default)]
    key: bool,
    #[serde(default, deserialize_with = "given")]
    without_data: Option<RawWithoutData>,
    #[serde(default, deserialize_with = "given")]
    r#for: Option<Spanned<String>>,
    #[serde(default, deserialize_with = "given")]
    window: Option<Spanned<RawWindow>>,
    #[serde(default, deserialize_with = "given")]
    links: Option<Spanned<BTreeMap<String, Spanned<String>>>>,
    #[serde(default, deserialize_with = "given")]
    description: Option<Spanned<String>>,
    #[serde(default, deserialize_with = "given")]
    abort: Option<Abort>,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum RawWithoutData {
    Error,
    Fail,
    Pass,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Abort {
    #[serde(default, deserialize_with = "given")]
    delay: Option<Spanned<String>>,
}

/// A key that is there has a value: who leaves it out by accident should hear of it.
fn given<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

/// A word, or a map; an untagged enum would lose the place of what is wrong.
enum WordOr<T> {
    Word(String),
    Map(T),
}

type Baseline = WordOr<BaselineMap>;
type RawWindow = WordOr<WindowMap>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct BaselineMap {
    #[serde(default, deserialize_with = "given")]
    run: Option<String>,
    #[serde(default, deserialize_with = "given")]
    passed: Option<usize>,
    #[serde(default, deserialize_with = "given")]
    passed_or_warned: Option<usize>,
    #[serde(default, deserialize_with = "given")]
    all: Option<usize>,
    #[serde(default, deserialize_with = "given")]
    aggregate: Option<Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WindowMap {
    #[serde(default, deserialize_with = "given")]
    from: Option<Spanned<String>>,
    #[serde(default, deserialize_with = "given")]
    to: Option<Spanned<String>>,
}

/// Criteria: one, or a list of them.
enum OneOrMany {
    One(String),
    Many(Vec<Spanned<String>>),
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for WordOr<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either<T>(std::marker::PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Either<T> {
            type Value = WordOr<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a word or a map")
            }

            fn visit_str<E: serde::de::Error>(self, word: &str) -> Result<WordOr<T>, E> {
                Ok(WordOr::Word(word.to_owned()))
            }

            fn visit_map<A: serde::de::MapAccess<'de>>(self, map: A) -> Result<WordOr<T>, A::Error> {
                T::deserialize(serde::de::value::MapAccessDeserializer::new(map)).map(WordOr::Map)
            }
        }
        deserializer.deserialize_any(Either(std::marker::PhantomData))
    }
}

impl<'de> Deserialize<'de> for OneOrMany {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Lists;
        impl<'de> Visitor<'de> for Lists {
            type Value = OneOrMany;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a criterion, as `< 500ms`, or a list of them")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<OneOrMany, E> {
                Ok(OneOrMany::One(text.to_owned()))
            }

            // A word or number alone, or nothing, is none either, and is refused as any other text, where it
            // stands.
            fn visit_unit<E: serde::de::Error>(self) -> Result<OneOrMany, E> {
                Ok(OneOrMany::One(String::new()))
            }

            fn visit_bool<E: serde::de::Error>(self, word: bool) -> Result<OneOrMany, E> {
                Ok(OneOrMany::One(word.to_string()))
            }

            fn visit_i64<E: serde::de::Error>(self, number: i64) -> Result<OneOrMany, E> {
                Ok(OneOrMany::One(number.to_string()))
            }

            fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<OneOrMany, E> {
                Ok(OneOrMany::One(number.to_string()))
            }

            fn visit_f64<E: serde::de::Error>(self, number: f64) -> Result<OneOrMany, E> {
                Ok(OneOrMany::One(number.to_string()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<OneOrMany, A::Error> {
                Vec::deserialize(serde::de::value::SeqAccessDeserializer::new(list)).map(OneOrMany::Many)
            }
        }
        deserializer.deserialize_any(Lists)
    }
}

/// Reads a file of Loadgate's own form.
pub(crate) fn read(text: &str) -> Read<Objectives> {
    let File { baseline, score, thresholds, objectives: list } = yaml::parse(text)?;
    if list.value.len() > MAX_OBJECTIVES {
        return Err(wrong(list.referenced, format!("there are more than {MAX_OBJECTIVES} objectives")));
    }
    let mut names = HashSet::new();
    let mut objectives = Vec::with_capacity(list.value.len());
    for Spanned { value, .. } in list.value {
        if !names.insert(value.name.value.clone()) {
            let again = format!("there is an objective {:?} already", shorten(&value.name.value));
            return Err(wrong(value.name.referenced, again));
        }
        objectives.push(objective(value)?);
    }
    Ok(Objectives {
        baseline: baseline.map(choice).transpose()?.unwrap_or_default(),
        score: score.map(whole_score).transpose()?,
        ignore_thresholds: thresholds == Some(Thresholds::Ignore),
        objectives,
    })
}

fn objective(raw: Raw) -> Read<Objective> {
    let name = title(raw.name, MAX_NAME)?;
    let at = raw.expression.referenced;
    let expression = Expression::parse(&raw.expression.value).map_err(|error| wrong(at, error))?;
    if let (None, Some(warn)) = (&raw.pass, &raw.warn) {
        return Err(wrong(warn.referenced, "what warns needs what passes beside it"));
    }
    let pass = raw.pass.map(|pass| criteria(pass, &expression)).transpose()?.unwrap_or_default();
    let warn = raw.warn.map(|warn| criteria(warn, &expression)).transpose()?.unwrap_or_default();
    let abort = match raw.abort {
        Some(Abort { delay }) => Some(delay.map(duration).transpose()?.unwrap_or_default()),
        None => None,
    };
    Ok(Objective {
        name,
        expression,
        pass,
        warn,
        weight: raw.weight.map(weight).transpose()?.unwrap_or(1.0),
        key: raw.key,
        without_data: match raw.without_data {
            None | Some(RawWithoutData::Error) => WithoutData::Error,
            Some(RawWithoutData::Fail) => WithoutData::Fail,
            Some(RawWithoutData::Pass) => WithoutData::Pass,
        },
        part: Part {
            window: raw.window.map(window).transpose()?.unwrap_or_default(),
            stretch: raw.r#for.map(stretch).transpose()?,
        },
        links: raw.links.map(links).transpose()?.unwrap_or_default(),
        description: raw.description.map(|text| title(text, MAX_TEXT)).transpose()?,
        abort,
    })
}

fn criteria(raw: Spanned<OneOrMany>, expression: &Expression) -> Read<Criteria> {
    let at = raw.referenced;
    let list = match raw.value {
        OneOrMany::One(text) => vec![(at, text)],
        OneOrMany::Many(list) => list.into_iter().map(|one| (one.referenced, one.value)).collect(),
    };
    if list.is_empty() || list.len() > MAX_LIST {
        return Err(wrong(at, format!("a list has 1 to {MAX_LIST} criteria")));
    }
    let read = |(at, text): (Location, String)| {
        let criterion = Criterion::parse(&text).map_err(|error| wrong(at, error))?;
        expression.unit().map_or(Ok(()), |unit| criterion.fits(unit)).map_err(|error| wrong(at, error))?;
        Ok(criterion)
    };
    Ok(Criteria(vec![list.into_iter().map(read).collect::<Read<_>>()?]))
}

/// Text that is shown in one place.
pub(crate) fn title(raw: Spanned<String>, most: usize) -> Read<String> {
    let text = raw.value.trim();
    if text.is_empty() || text.len() > most {
        return Err(wrong(raw.referenced, format!("the text has 1 to {most} bytes")));
    }
    if text.chars().any(|c| c.is_control() && c != '\n') {
        return Err(wrong(raw.referenced, "the text has a control character"));
    }
    Ok(text.to_owned())
}

fn weight(raw: Spanned<f64>) -> Read<f64> {
    if (0.0..=MAX_WEIGHT).contains(&raw.value) {
        Ok(raw.value)
    } else {
        Err(wrong(raw.referenced, format!("a weight is 0 to {MAX_WEIGHT}")))
    }
}

fn duration(raw: Spanned<String>) -> Read<u64> {
    criterion::duration(&raw.value).ok_or_else(|| {
        wrong(raw.referenced, format!("{:?} is no time, as 30s, 1.5m or 500ms", shorten(&raw.value)))
    })
}

fn stretch(raw: Spanned<String>) -> Read<u64> {
    let at = raw.referenced;
    duration(raw)
        .and_then(|length| if length > 0 { Ok(length) } else { Err(wrong(at, "a stretch is longer than 0")) })
}

fn window(raw: Spanned<RawWindow>) -> Read<Window> {
    match raw.value {
        WordOr::Word(word) if word == "steady" => Ok(Window::Steady),
        WordOr::Map(WindowMap { from, to }) if from.is_some() || to.is_some() => {
            let from = from.map(duration).transpose()?.unwrap_or_default();
            let to = to.map(duration).transpose()?;
            if to.is_some_and(|to| to <= from) {
                return Err(wrong(raw.referenced, "the window ends before it begins"));
            }
            Ok(Window::Between { from, to })
        }
        _ => {
            Err(wrong(raw.referenced, "a window is steady, or has from, to, or both, as {from: 30s, to: 5m}"))
        }
    }
}

fn links(raw: Spanned<BTreeMap<String, Spanned<String>>>) -> Read<Vec<Link>> {
    if raw.value.len() > MAX_LIST {
        return Err(wrong(raw.referenced, format!("there are more than {MAX_LIST} links")));
    }
    let link = |(name, url): (String, Spanned<String>)| {
        let at = url.referenced;
        let url = title(url, MAX_TEXT)?;
        let safe = ["https://", "http://"].iter().any(|scheme| url.starts_with(scheme));
        if !safe || url.contains(|c: char| c.is_whitespace() || "<>\"`".contains(c)) {
            return Err(wrong(at, "a link is an address that begins with https:// or http://"));
        }
        Ok(Link { title: title(Spanned { value: name, referenced: at, defined: at }, MAX_NAME)?, url })
    };
    raw.value.into_iter().map(link).collect()
}

fn whole_score(raw: Spanned<RawScore>) -> Read<Score> {
    let RawScore { pass, warn } = raw.value;
    score(raw.referenced, pass, warn)
}

/// From both shares; Keptn has them, too.
pub(crate) fn score(at: Location, pass: Spanned<String>, warn: Spanned<String>) -> Read<Score> {
    let share = |raw: Spanned<String>| {
        let no = || wrong(raw.referenced, format!("{:?} is no share, as 90%", shorten(&raw.value)));
        criterion::share(&raw.value).ok_or_else(no)
    };
    let score = Score { pass: share(pass)?, warn: share(warn)? };
    if score.warn > score.pass {
        return Err(wrong(at, "the score that warns is above the one that passes"));
    }
    Ok(score)
}

fn choice(raw: Spanned<Baseline>) -> Read<BaselineChoice> {
    let at = raw.referenced;
    let map = match raw.value {
        WordOr::Word(word) if word == "pinned" => return Ok(BaselineChoice::Pinned),
        WordOr::Word(_) => return Err(wrong(at, FORMS)),
        WordOr::Map(map) => map,
    };
    let counts = [
        (Verdicts::Passed, map.passed),
        (Verdicts::PassedOrWarned, map.passed_or_warned),
        (Verdicts::All, map.all),
    ];
    let mut counts = counts.into_iter().filter_map(|(verdicts, count)| Some((verdicts, count?)));
    match (map.run, counts.next(), counts.next()) {
        (Some(run), None, None) if map.aggregate.is_none() => Ok(BaselineChoice::Run(run)),
        (None, Some((verdicts, count)), None) => {
            if !(1..=MAX_BASELINE).contains(&count) {
                return Err(wrong(at, format!("a baseline is made of 1 to {MAX_BASELINE} runs")));
            }
            let aggregate = map.aggregate.map(of_several).transpose()?.unwrap_or(Aggregate::Avg);
            Ok(BaselineChoice::Last { count, verdicts, aggregate })
        }
        _ => Err(wrong(at, FORMS)),
    }
}

const FORMS: &str = "a baseline is pinned, a run, as {run: shop.12}, or the last runs, as {passed: 5, aggregate: \
                     median}; instead of passed there are passed-or-warned and all";

/// How one value is made of several.
pub(crate) fn of_several(raw: Spanned<String>) -> Read<Aggregate> {
    let name = if raw.value == "median" { "med" } else { raw.value.as_str() };
    Aggregate::parse(name)
        .filter(|found| !matches!(found, Aggregate::Count | Aggregate::Rate | Aggregate::Value))
        .ok_or_else(|| {
            let none = format!(
                "{:?} makes no value of several: avg, median, min, max and p(0 to 100) do",
                shorten(&raw.value)
            );
            wrong(raw.referenced, none)
        })
}
