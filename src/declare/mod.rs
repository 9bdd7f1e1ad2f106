//! What is declared about a test: metric types and units, thresholds, scenarios, planned duration,
//! and the dashboard that shows it.
//!
//! Declarations come in k6's `Metric` lines, in the output of `k6 inspect
//! --execution-requirements` and from our own clients. A writer merges what is new into the set of
//! its test, stores the set under its hash and names that hash in its record.

mod metrics;
mod options;
mod plan;

pub use metrics::MetricsError;
pub use options::OptionsError;
pub use plan::{Arrivals, Ramp};

use crate::limits;
use loadgate_documents::dashboard::Chosen;
use loadgate_documents::{Aggregate, MetricKind, MetricType, Submetric, Threshold, builtin, shorten};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use thiserror::Error;

/// The declarations of a test. Equal sets have equal bytes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Declarations {
    /// Custom metrics; k6's own are known ([`builtin`]).
    pub metrics: BTreeMap<String, MetricKind>,
    /// Types that threshold expressions told of custom metrics which nobody declared. They stay when
    /// the threshold goes: the script's metric is still of that type.
    pub learnt: BTreeMap<String, MetricType>,
    /// By metric or submetric name as k6 writes it; expressions as written, in k6's order. A
    /// submetric without expressions is one that k6 computes though no known threshold needs it
    /// (its `Metric` lines name submetrics, not their thresholds).
    pub thresholds: BTreeMap<String, Vec<String>>,
    /// Thresholds came from k6's options: there are no others. Until then it is not known whether
    /// the test has any.
    pub thresholds_known: bool,
    /// Of those, the ones that end the test (`abortOnFail`): metric and expression.
    pub aborting: BTreeSet<(String, String)>,
    /// Percentiles (`p(75)`) that objectives ask for beside those that every trend has, by the name of the
    /// metric or submetric.
    pub percentiles: BTreeMap<String, BTreeSet<String>>,
    /// Names of k6's scenarios.
    pub scenarios: Vec<String>,
    /// What scenarios of an arrival rate want, by their names.
    pub arrivals: BTreeMap<String, Arrivals>,
    /// How many virtual users scenarios of a number of them plan, by their names.
    pub vus: BTreeMap<String, Ramp>,
    /// Planned duration with graceful stops, ms (`totalDuration`).
    pub duration_ms: Option<u64>,
    /// Planned duration without graceful stops, ms; `None` where a scenario ends with its iterations.
    pub planned_ms: Option<u64>,
    /// What the pages show.
    pub dashboard: Chosen,
    /// How many declarations of the test are merged in the set: of two sets the greater is newer, and
    /// an upload that began with the older does not bring it back.
    pub revision: u64,
}

/// k6 computes this submetric by itself, whatever the thresholds: its summaries show it.
pub const AUTOMATIC_SUBMETRIC: &str = "http_req_duration{expected_response:true}";

/// What a k6 `Metric` line says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MetricDeclaration {
    /// Without braces.
    pub name: String,
    /// Its type and unit.
    pub kind: MetricKind,
    /// `None`: the line does not speak of thresholds.
    pub thresholds: Option<Vec<String>>,
    /// Names with braces; their thresholds are not on this wire.
    pub submetrics: Vec<String>,
}

/// A declaration that cannot stand.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum DeclareError {
    /// k6's own metrics have their types.
    #[error("`{name}` is k6's own {}, not a {}", builtin.word(), declared.word())]
    Builtin {
        /// The metric.
        name: String,
        /// What it is.
        builtin: MetricType,
        /// What it was declared to be.
        declared: MetricType,
    },
    /// More than [`limits::METRICS`].
    #[error("`{name}` is one metric too many: a test declares at most {}", limits::METRICS)]
    Metrics {
        /// The one too many.
        name: String,
    },
    /// More than [`limits::SUBMETRICS`].
    #[error("{:?} is one submetric too many: at most {}", shorten(name), limits::SUBMETRICS)]
    Submetrics {
        /// The one too many.
        name: String,
    },
}

impl Declarations {
    /// Whether anything was declared at all.
    pub fn is_empty(&self) -> bool {
        *self == Declarations::default()
    }

    /// The kind of a metric that is k6's own or was declared.
    pub fn kind(&self, metric: &str) -> Option<MetricKind> {
        builtin(metric).or_else(|| self.metrics.get(metric).copied())
    }

    /// The name of the set, a key in the store: equal sets have equal names.
    pub fn hash(&self) -> String {
        let bytes = postcard::to_allocvec(self).expect("maps and text always serialize into memory");
        Sha256::digest(bytes).iter().take(16).map(|byte| format!("{byte:02x}")).collect()
    }

    /// Names of the submetrics that thresholds or the dashboard need, and k6's automatic one.
    pub fn submetric_names(&self) -> BTreeSet<&str> {
        let thresholds = self.thresholds.keys().filter(|name| name.contains('{'));
        let named = thresholds.chain(self.dashboard.submetrics()).map(String::as_str);
        named.chain([AUTOMATIC_SUBMETRIC]).collect()
    }

    /// The types that a custom metric can have by the thresholds on it and on its submetrics; all
    /// four where there are none, none where they contradict each other.
    pub fn possible_types(&self, metric: &str) -> Vec<MetricType> {
        let mut possible = MetricType::ALL.to_vec();
        for (name, expressions) in &self.thresholds {
            if name.split('{').next() != Some(metric) {
                continue;
            }
            for threshold in expressions.iter().filter_map(|text| Threshold::parse(text).ok()) {
                possible.retain(|of| threshold.aggregate.tells(*of));
            }
        }
        possible
    }

    /// Notes the types that thresholds tell, and forgets those that they contradict by now.
    fn learn(&mut self) {
        let names: BTreeSet<String> = self
            .thresholds
            .iter()
            .filter(|(_, expressions)| !expressions.is_empty())
            .map(|(name, _)| name.split('{').next().unwrap_or_default().to_owned())
            .filter(|name| builtin(name).is_none() && !self.metrics.contains_key(name))
            .collect();
        for name in names {
            match (self.possible_types(&name).as_slice(), self.learnt.get(&name)) {
                ([only], _) => _ = self.learnt.insert(name, *only),
                (possible, Some(known)) if !possible.contains(known) => _ = self.learnt.remove(&name),
                _ => {}
            }
        }
        let metrics = &self.metrics;
        self.learnt.retain(|name, _| !metrics.contains_key(name));
    }

    /// When the load is planned to be steady, within `share` of the greatest, ms after the test's start; `None` where
    /// the options do not say. They do where every scenario has an arrival rate, or every one a number of virtual users.
    pub fn steady_ms(&self, share: f64) -> Option<(u64, u64)> {
        if self.scenarios.len() == self.arrivals.len() {
            plan::steady(self.arrivals.values().map(|of| (&of.ramp, of.unit_ms)), share)
        } else if self.scenarios.len() == self.vus.len() {
            plan::steady(self.vus.values().map(|ramp| (ramp, 1)), share)
        } else {
            None
        }
    }

    /// Submetrics that samples are to be counted in.
    pub fn submetrics(&self) -> Vec<Submetric> {
        self.submetric_names().into_iter().filter_map(Submetric::parse).collect()
    }

    /// Takes over what a newer set declares; true when that changed anything. A set that came from
    /// k6's options replaces all thresholds, any other only those of the names that it mentions. Of
    /// two dashboards the greater stays.
    pub fn merge(&mut self, newer: &Declarations) -> bool {
        let before = self.clone();
        self.metrics.extend(newer.metrics.iter().map(|(name, kind)| (name.clone(), *kind)));
        self.learnt.extend(newer.learnt.iter().map(|(name, of)| (name.clone(), *of)));
        if newer.thresholds_known {
            self.thresholds.retain(|name, _| name.contains('{'));
            self.thresholds.values_mut().for_each(Vec::clear);
            self.thresholds_known = true;
            self.aborting.clone_from(&newer.aborting);
            self.scenarios.clone_from(&newer.scenarios);
            self.arrivals.clone_from(&newer.arrivals);
            self.vus.clone_from(&newer.vus);
            self.duration_ms = newer.duration_ms;
            self.planned_ms = newer.planned_ms;
        }
        for (name, expressions) in &newer.thresholds {
            if expressions.is_empty() {
                self.thresholds.entry(name.clone()).or_default();
            } else {
                self.thresholds.insert(name.clone(), expressions.clone());
            }
        }
        for (name, asked) in &newer.percentiles {
            self.percentiles.entry(name.clone()).or_default().extend(asked.iter().cloned());
        }
        if !newer.scenarios.is_empty() {
            self.scenarios.clone_from(&newer.scenarios);
        }
        self.duration_ms = newer.duration_ms.or(self.duration_ms);
        if newer.dashboard > self.dashboard {
            self.dashboard.clone_from(&newer.dashboard);
        }
        self.learn();
        *self != before
    }

    /// What objectives need to be measured: metrics and submetrics, each with the aggregate that is asked of it.
    ///
    /// # Errors
    ///
    /// There are more submetrics than a run may have.
    pub fn from_objectives<'a>(
        wants: impl Iterator<Item = (&'a str, Option<Aggregate>)>,
    ) -> Result<Self, DeclareError> {
        let mut declared = Declarations::default();
        for (name, aggregate) in wants {
            if name.contains('{') {
                declared.thresholds.entry(name.to_owned()).or_default();
                if declared.thresholds.len() > limits::SUBMETRICS {
                    return Err(DeclareError::Submetrics { name: name.to_owned() });
                }
            }
            if let Some(Aggregate::Percentile(percentile)) = aggregate {
                let asked = declared.percentiles.entry(name.to_owned()).or_default();
                asked.insert(format!("p({percentile})"));
            }
        }
        Ok(declared)
    }

    /// Takes over what a `Metric` line says; true when that changed anything.
    ///
    /// # Errors
    ///
    /// Where it contradicts what k6's own metrics are, or is one too many; then nothing is taken over.
    pub fn declare(&mut self, line: &MetricDeclaration) -> Result<bool, DeclareError> {
        let name = || line.name.clone();
        let mut changed = false;
        match builtin(&line.name) {
            Some(own) if own.metric_type != line.kind.metric_type => {
                return Err(DeclareError::Builtin {
                    name: name(),
                    builtin: own.metric_type,
                    declared: line.kind.metric_type,
                });
            }
            Some(_) => {}
            None if self.metrics.get(&line.name) == Some(&line.kind) => {}
            None => {
                if self.metrics.len() >= limits::METRICS && !self.metrics.contains_key(&line.name) {
                    return Err(DeclareError::Metrics { name: name() });
                }
                self.metrics.insert(name(), line.kind);
                changed = true;
            }
        }
        match &line.thresholds {
            Some(expressions) if expressions.is_empty() => {
                changed |= self.thresholds.remove(&line.name).is_some();
            }
            Some(expressions) if self.thresholds.get(&line.name) != Some(expressions) => {
                self.thresholds.insert(name(), expressions.clone());
                changed = true;
            }
            _ => {}
        }
        for submetric in &line.submetrics {
            if self.thresholds.contains_key(submetric) || Submetric::parse(submetric).is_none() {
                continue;
            }
            if self.thresholds.keys().filter(|name| name.contains('{')).count() >= limits::SUBMETRICS {
                return Err(DeclareError::Submetrics { name: submetric.clone() });
            }
            self.thresholds.insert(submetric.clone(), Vec::new());
            changed = true;
            if submetric != AUTOMATIC_SUBMETRIC {
                // k6 computes what the options do not name: they are those of another script.
                self.thresholds_known = false;
            }
        }
        if changed {
            self.learn();
        }
        Ok(changed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use loadgate_documents::{Contains, is_metric_name};

    const TREND: MetricKind = MetricKind { metric_type: MetricType::Trend, contains: Contains::Time };
    const COUNTER: MetricKind = MetricKind { metric_type: MetricType::Counter, contains: Contains::Default };

    fn line(name: &str, kind: MetricKind, thresholds: &[&str], submetrics: &[&str]) -> MetricDeclaration {
        let own = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        MetricDeclaration {
            name: name.to_owned(),
            kind,
            thresholds: Some(own(thresholds)),
            submetrics: own(submetrics),
        }
    }

    #[test]
    fn equal_sets_have_equal_hashes_whatever_the_order_they_came_in() {
        let (mut a, mut b) = (Declarations::default(), Declarations::default());
        let lines = [line("m", TREND, &["avg<1"], &["m{a:b}"]), line("n", COUNTER, &[], &[])];
        for line in &lines {
            a.declare(line).unwrap();
        }
        for line in lines.iter().rev() {
            b.declare(line).unwrap();
        }
        assert_eq!(a.hash(), b.hash());
        assert_ne!(a.hash(), Declarations::default().hash());
        assert_eq!(a.hash().len(), 32);
    }

    #[test]
    fn a_repeated_declaration_changes_nothing() {
        let mut set = Declarations::default();
        let line = line("m", TREND, &["avg<1"], &["m{a:b}"]);
        assert_eq!(set.declare(&line), Ok(true));
        assert_eq!(set.declare(&line), Ok(false));
        assert!(!set.clone().merge(&set));
    }

    #[test]
    fn the_newest_declaration_wins_and_an_emptied_threshold_goes() {
        let mut set = Declarations::default();
        set.declare(&line("m", TREND, &["avg<1"], &[])).unwrap();
        set.declare(&line("m", COUNTER, &[], &[])).unwrap();
        assert_eq!(set.kind("m"), Some(COUNTER));
        assert!(set.thresholds.is_empty());
    }

    #[test]
    fn options_replace_thresholds_and_keep_the_submetrics_that_k6_computes() {
        let mut set = Declarations::default();
        set.declare(&line("http_req_duration", TREND, &["avg<1"], &["http_req_duration{a:b}"])).unwrap();
        let options = br#"{"thresholds":{"checks":["rate>0.9"]},"scenarios":{"s":{}}}"#;
        assert!(set.merge(&Declarations::from_k6_options(options).unwrap()));
        assert!(set.thresholds_known);
        assert_eq!(set.thresholds.len(), 2);
        assert_eq!(set.thresholds["checks"], ["rate>0.9"]);
        assert!(set.thresholds["http_req_duration{a:b}"].is_empty());

        set.declare(&line("http_req_duration", TREND, &["avg<1"], &["http_req_duration{a:b}"])).unwrap();
        assert!(set.thresholds_known, "a later Metric line does not unlearn that");
    }

    fn with_thresholds(list: &[(&str, &str)]) -> Declarations {
        let thresholds = list.iter().map(|(name, text)| ((*name).to_owned(), vec![(*text).to_owned()]));
        Declarations { thresholds: thresholds.collect(), thresholds_known: true, ..Declarations::default() }
    }

    #[test]
    fn an_expression_tells_the_type_or_narrows_it() {
        for (expression, types) in [
            ("count<50", &[MetricType::Counter][..]),
            ("value<50", &[MetricType::Gauge]),
            ("p(95)<50", &[MetricType::Trend]),
            ("avg<50", &[MetricType::Trend]),
            ("med<50", &[MetricType::Trend]),
            ("min<50", &[MetricType::Trend]),
            ("max<50", &[MetricType::Trend]),
            ("rate<0.1", &[MetricType::Counter, MetricType::Rate]),
        ] {
            let set = with_thresholds(&[("custom{a:b}", expression)]);
            assert_eq!(set.possible_types("custom"), types, "{expression}");
            assert_eq!(set.possible_types("custo").len(), 4);
        }
        let both = with_thresholds(&[("custom", "rate<1"), ("custom{a:b}", "count>0")]);
        assert_eq!(both.possible_types("custom"), [MetricType::Counter]);
        let torn = with_thresholds(&[("custom", "rate<1"), ("custom{a:b}", "avg>0")]);
        assert!(torn.possible_types("custom").is_empty());
    }

    #[test]
    fn a_type_that_was_learnt_stays_until_it_is_declared_or_contradicted() {
        let mut set = Declarations::default();
        set.merge(&with_thresholds(&[("custom", "count<50"), ("http_reqs", "count>0")]));
        let learnt = BTreeMap::from([("custom".to_owned(), MetricType::Counter)]);
        assert_eq!(set.learnt, learnt, "k6's own need no learning");
        set.merge(&with_thresholds(&[]));
        assert_eq!(set.learnt, learnt, "the threshold went");
        set.merge(&with_thresholds(&[("custom", "rate<5")]));
        assert_eq!(set.learnt, learnt, "a counter can have that");
        let mut other = set.clone();
        other.merge(&with_thresholds(&[("custom", "avg<5")]));
        assert_eq!(other.learnt["custom"], MetricType::Trend);
        set.declare(&line("custom", TREND, &[], &[])).unwrap();
        assert!(set.learnt.is_empty());
        assert_eq!(set.kind("custom"), Some(TREND));
    }

    #[test]
    fn a_submetric_that_the_options_do_not_name_means_that_limits_may_be_missing() {
        let mut set = with_thresholds(&[("http_req_duration{a:b}", "avg<1")]);
        let known = ["http_req_duration{a:b}", AUTOMATIC_SUBMETRIC];
        set.declare(&line("http_req_duration", TREND, &[], &known)).unwrap();
        assert!(set.thresholds_known);
        set.declare(&line("http_req_duration", TREND, &[], &["http_req_duration{c:d}"])).unwrap();
        assert!(!set.thresholds_known);
    }

    #[test]
    fn the_types_of_k6s_own_metrics_stand() {
        let mut set = Declarations::default();
        let wrong = line("http_reqs", TREND, &[], &[]);
        assert!(matches!(set.declare(&wrong), Err(DeclareError::Builtin { .. })));
        assert!(set.is_empty());
        set.declare(&line("http_req_duration", TREND, &[], &[])).unwrap();
        assert!(set.metrics.is_empty(), "k6's own need no declaration");
    }

    #[test]
    fn names_are_what_k6_takes() {
        for name in ["a", "_", "A9_", &"x".repeat(128)] {
            assert!(is_metric_name(name), "{name}");
        }
        for name in ["", "9a", "a-b", "a b", "ä", "time", "a{b:c}", &"x".repeat(129)] {
            assert!(!is_metric_name(name), "{name}");
        }
    }
}
