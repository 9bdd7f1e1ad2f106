//! k6's options document, the output of `k6 inspect --execution-requirements SCRIPT`.

use super::Declarations;
use super::plan::Scenario;
use crate::limits;
use crate::settings::parse_duration_ms;
use loadgate_documents::{Submetric, is_metric_name, shorten};
use loadgate_documents::{Threshold, ThresholdError};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use thiserror::Error;

/// Only what Loadgate reads; k6 writes `null` for what the script does not set.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Document {
    #[serde(default)]
    thresholds: Option<BTreeMap<String, Vec<Expression>>>,
    #[serde(default)]
    scenarios: Option<BTreeMap<String, serde_json::Value>>,
    #[serde(default)]
    total_duration: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Expression {
    Plain(String),
    Rich {
        threshold: String,
        #[serde(default, rename = "abortOnFail")]
        abort_on_fail: Option<bool>,
    },
}

/// An options document that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum OptionsError {
    /// Longer than [`limits::OPTIONS_BYTES`].
    #[error("the options are longer than the limit of {} bytes", limits::OPTIONS_BYTES)]
    TooLarge,
    /// Not the JSON that `k6 inspect` prints; with the parser's reason.
    #[error("this is not what `k6 inspect --execution-requirements` prints: {0}")]
    NotOptions(String),
    /// A threshold of something that cannot be a metric or submetric.
    #[error("{:?} is not the name of a metric or submetric", shorten(.0))]
    Name(String),
    /// A threshold that is none.
    #[error(transparent)]
    Threshold(#[from] ThresholdError),
    /// Thresholds of more than [`limits::SUBMETRICS`] submetrics or [`limits::METRICS`] metrics.
    #[error(
        "there are thresholds of more than {} metrics or {} submetrics",
        limits::METRICS,
        limits::SUBMETRICS
    )]
    TooMany,
}

impl Declarations {
    /// Reads k6's options: thresholds (those of submetrics too, which stand nowhere else),
    /// scenarios, planned duration, the most VUs.
    ///
    /// # Errors
    ///
    /// Where it is too large, not what `k6 inspect` prints, or declares too much.
    pub fn from_k6_options(document: &[u8]) -> Result<Self, OptionsError> {
        if document.len() > limits::OPTIONS_BYTES {
            return Err(OptionsError::TooLarge);
        }
        let document = document.strip_prefix(b"\xef\xbb\xbf").unwrap_or(document);
        // serde takes an array for a structure, too.
        if document.trim_ascii_start().first() != Some(&b'{') {
            return Err(OptionsError::NotOptions("it is no JSON object".to_owned()));
        }
        let document: Document =
            serde_json::from_slice(document).map_err(|error| OptionsError::NotOptions(error.to_string()))?;

        let mut limits = BTreeMap::new();
        let mut aborting = BTreeSet::new();
        for (name, expressions) in document.thresholds.unwrap_or_default() {
            let texts: Vec<String> = expressions
                .into_iter()
                .map(|expression| match expression {
                    Expression::Plain(text) => text,
                    Expression::Rich { threshold: text, abort_on_fail } => {
                        if abort_on_fail == Some(true) {
                            aborting.insert((name.clone(), text.clone()));
                        }
                        text
                    }
                })
                .collect();
            limits.insert(name, texts);
        }
        let limits = Declarations::from_limits(limits, aborting)?;

        let duration_ms =
            match document.total_duration {
                None => None,
                Some(text) => Some(parse_duration_ms(&text).ok_or_else(|| {
                    OptionsError::NotOptions(format!("totalDuration is {:?}", shorten(&text)))
                })?),
            };
        let scenarios = document.scenarios.unwrap_or_default();
        // What is not understood of a scenario is no reason to refuse the thresholds.
        let read: Vec<(&String, Option<Scenario>)> =
            scenarios.iter().map(|(name, scenario)| (name, Scenario::deserialize(scenario).ok())).collect();
        let ends = read.iter().map(|(_, scenario)| scenario.as_ref()?.ends_ms());
        let planned_ms = ends.collect::<Option<Vec<u64>>>().and_then(|ends| ends.into_iter().max());
        let understood =
            || read.iter().filter_map(|(name, scenario)| Some(((*name).clone(), scenario.as_ref()?)));
        let arrivals = understood().filter_map(|(name, of)| Some((name, of.arrivals()?))).collect();
        let vus = understood().filter_map(|(name, of)| Some((name, of.vus()?))).collect();
        Ok(Declarations {
            arrivals,
            vus,
            scenarios: scenarios.into_keys().collect(),
            duration_ms,
            planned_ms,
            ..limits
        })
    }

    /// All limits of a script, by metric or submetric, and those that end the test.
    ///
    /// # Errors
    ///
    /// Where a name or an expression is none, or there are too many.
    pub fn from_limits(
        limits: BTreeMap<String, Vec<String>>,
        aborting: BTreeSet<(String, String)>,
    ) -> Result<Self, OptionsError> {
        let mut thresholds: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (name, texts) in limits {
            if !is_metric_name(&name) && Submetric::parse(&name).is_none() {
                return Err(OptionsError::Name(name));
            }
            for text in &texts {
                Threshold::parse(text).map_err(OptionsError::Threshold)?;
            }
            if !texts.is_empty() || name.contains('{') {
                thresholds.entry(as_k6_has_it(name)).or_default().extend(texts);
            }
        }
        let aborting = aborting.into_iter().map(|(name, text)| (as_k6_has_it(name), text)).collect();
        let submetrics = thresholds.keys().filter(|name| name.contains('{')).count();
        if submetrics > limits::SUBMETRICS || thresholds.len() - submetrics > limits::METRICS {
            return Err(OptionsError::TooMany);
        }
        let mut declared =
            Declarations { thresholds, thresholds_known: true, aborting, ..Declarations::default() };
        declared.learn();
        Ok(declared)
    }

    /// Whether the limits are known to be those of another set, in whatever order.
    pub fn has_limits_of(&self, other: &Declarations) -> bool {
        fn limits(of: &Declarations) -> BTreeSet<(&str, &str)> {
            let all = of.thresholds.iter();
            all.flat_map(|(name, texts)| texts.iter().map(|text| (name.as_str(), text.as_str()))).collect()
        }
        self.thresholds_known && limits(self) == limits(other)
    }
}

/// The name by which k6 shows what a script may write with spaces: `m{ a:b }` is `m{a:b}`.
fn as_k6_has_it(name: String) -> String {
    match Submetric::parse(&name) {
        Some(submetric) => Submetric { text: submetric.text.trim().to_owned(), ..submetric }.name(),
        None => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use loadgate_wires::files::k6_summary;

    #[test]
    fn a_real_document_is_read_whole() {
        let document = include_bytes!("../../tests/fixtures/k6/shop/options.json");
        let set = Declarations::from_k6_options(document).unwrap();
        assert_eq!(set.scenarios, ["browse", "buy"]);
        assert_eq!(set.duration_ms, Some(40_000));
        let aborted = include_bytes!("../../tests/fixtures/k6/aborted/options.json");
        let aborted = Declarations::from_k6_options(aborted).unwrap();
        assert_eq!((aborted.duration_ms, aborted.planned_ms), (Some(90_000), Some(60_000)));
        assert_eq!(aborted.aborting.len(), 1);
        assert_eq!(set.thresholds.len(), 13);
        assert_eq!(set.thresholds["http_req_duration{name:checkout}"], ["p(99)<900", "max<2000"]);
        assert_eq!(set.submetrics().len(), 7, "k6's automatic one among them");
        assert!(set.thresholds_known);
    }

    /// It has fewer details, and replaces none of the options'.
    #[test]
    fn a_summary_tells_the_limits_of_the_options_that_it_was_run_with() {
        let options =
            Declarations::from_k6_options(include_bytes!("../../tests/fixtures/k6/shop/options.json"))
                .unwrap();
        let summary = include_bytes!("../../tests/fixtures/k6/shop/summary.json");
        let mut told = BTreeMap::<String, Vec<String>>::new();
        for judged in k6_summary::read(summary).unwrap().thresholds.unwrap() {
            told.entry(judged.metric).or_default().push(judged.threshold);
        }
        let limits = |told| Declarations::from_limits(told, BTreeSet::new()).unwrap();
        assert!(options.has_limits_of(&limits(told.clone())));
        told.pop_first();
        assert!(!options.has_limits_of(&limits(told.clone())));
        assert!(
            !Declarations::default().has_limits_of(&limits(BTreeMap::new())),
            "nobody said that there are none"
        );
    }

    #[test]
    fn thresholds_may_be_objects_and_a_script_may_have_none() {
        let rich =
            br#"{"thresholds":{"m":[{"threshold":"avg<1","abortOnFail":true,"delayAbortEval":null}]}}"#;
        let set = Declarations::from_k6_options(rich).unwrap();
        assert_eq!(set.thresholds["m"], ["avg<1"]);
        assert_eq!(set.aborting, BTreeSet::from([("m".to_owned(), "avg<1".to_owned())]));
        let none = Declarations::from_k6_options(br#"{"thresholds":null,"scenarios":null}"#).unwrap();
        assert!(none.thresholds_known && none.thresholds.is_empty());
    }

    #[test]
    fn arrival_rates_are_read_beside_other_scenarios() {
        let set = Declarations::from_k6_options(
            br#"{"scenarios":{"a":{"executor":"constant-arrival-rate","rate":10,"timeUnit":"1s","duration":"2s"},
                "b":{"executor":"constant-vus","vus":1,"duration":"2s"},"c":null}}"#,
        )
        .unwrap();
        assert_eq!(set.scenarios, ["a", "b", "c"]);
        assert_eq!(set.arrivals.keys().collect::<Vec<_>>(), ["a"]);
        assert_eq!(set.arrivals["a"].wanted(2_000), (20.0, 2.0));
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (document, part) in [
            (&b"[]"[..], "k6 inspect"),
            (b"", "k6 inspect"),
            (br#"{"thresholds":{"a b":[]}}"#, "a b"),
            (br#"{"thresholds":{"m":["avg~1"]}}"#, "avg~1"),
            (br#"{"totalDuration":"soon"}"#, "soon"),
        ] {
            let error = Declarations::from_k6_options(document).unwrap_err().to_string();
            assert!(error.contains(part), "{error}");
        }
        let large = vec![b' '; limits::OPTIONS_BYTES + 1];
        assert_eq!(Declarations::from_k6_options(&large), Err(OptionsError::TooLarge));
    }
}
