//! Threshold expressions, as k6 reads them: `p(95)<400`, `rate >= 0.99`, `count!=0`.

use super::{MetricType, shorten};
use std::fmt;
use thiserror::Error;

/// What a threshold looks at.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Aggregate {
    /// A counter's sum, a trend's number of samples.
    Count,
    /// A counter's sum per second, a rate's share of trues.
    Rate,
    /// A gauge's last value.
    Value,
    /// A trend's arithmetic mean.
    Avg,
    /// A trend's least value.
    Min,
    /// A trend's median.
    Med,
    /// A trend's greatest value.
    Max,
    /// A trend's percentile, 0 to 100.
    Percentile(f64),
}

impl Aggregate {
    /// k6 refuses a threshold whose metric has no such aggregate.
    pub fn fits(self, metric: MetricType) -> bool {
        match metric {
            MetricType::Counter => matches!(self, Aggregate::Count | Aggregate::Rate),
            MetricType::Gauge => self == Aggregate::Value,
            MetricType::Rate => self == Aggregate::Rate,
            MetricType::Trend => !matches!(self, Aggregate::Rate | Aggregate::Value),
        }
    }

    /// Whether a metric that k6 let have a threshold with this aggregate can be of that type. k6
    /// counts only counters in thresholds; that a trend's samples can be counted is our own.
    pub fn tells(self, metric: MetricType) -> bool {
        self.fits(metric) && (self != Aggregate::Count || metric == MetricType::Counter)
    }

    /// Reads an aggregate as k6 writes it.
    pub fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "count" => Aggregate::Count,
            "rate" => Aggregate::Rate,
            "value" => Aggregate::Value,
            "avg" => Aggregate::Avg,
            "min" => Aggregate::Min,
            "med" => Aggregate::Med,
            "max" => Aggregate::Max,
            _ => {
                let percentile = number(text.strip_prefix("p(")?.strip_suffix(')')?.trim())?;
                if !(0.0..=100.0).contains(&percentile) {
                    return None;
                }
                Aggregate::Percentile(percentile)
            }
        })
    }
}

/// How a threshold compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operator {
    /// `<`.
    Less,
    /// `<=`.
    LessOrEqual,
    /// `>`.
    Greater,
    /// `>=`.
    GreaterOrEqual,
    /// `==` and `===`.
    Equal,
    /// `!=`.
    NotEqual,
}

impl Operator {
    /// Reads one as k6 writes it.
    pub fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "<" => Operator::Less,
            "<=" => Operator::LessOrEqual,
            ">" => Operator::Greater,
            ">=" => Operator::GreaterOrEqual,
            "==" | "===" => Operator::Equal,
            "!=" => Operator::NotEqual,
            _ => return None,
        })
    }

    /// Whether the comparison holds.
    pub fn holds(self, observed: f64, bound: f64) -> bool {
        match self {
            Operator::Less => observed < bound,
            Operator::LessOrEqual => observed <= bound,
            Operator::Greater => observed > bound,
            Operator::GreaterOrEqual => observed >= bound,
            Operator::Equal => observed == bound,
            Operator::NotEqual => observed != bound,
        }
    }

    /// How far an observed value is on the good side of a bound, as a share of the bound; negative on the
    /// other side. `None`: the bound is 0, or has no sides.
    pub fn margin(self, observed: f64, bound: f64) -> Option<f64> {
        let distance = (bound - observed) / bound.abs();
        let margin = match self {
            Operator::Less | Operator::LessOrEqual => distance,
            Operator::Greater | Operator::GreaterOrEqual => -distance,
            Operator::Equal | Operator::NotEqual => return None,
        };
        margin.is_finite().then_some(margin)
    }
}

/// A threshold that can be evaluated. It passes when its comparison holds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Threshold {
    /// What is looked at.
    pub aggregate: Aggregate,
    /// How it is compared …
    pub operator: Operator,
    /// … and with what.
    pub bound: f64,
}

/// Text that is no threshold expression.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error(
    "{:?} is no threshold: it takes count, rate, value, avg, min, med, max or p(0 to 100), one of \
     < <= > >= == === !=, and a number",
    shorten(.0)
)]
pub struct ThresholdError(String);

impl fmt::Display for Aggregate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Aggregate::Count => "count",
            Aggregate::Rate => "rate",
            Aggregate::Value => "value",
            Aggregate::Avg => "avg",
            Aggregate::Min => "min",
            Aggregate::Med => "med",
            Aggregate::Max => "max",
            Aggregate::Percentile(percentile) => return write!(f, "p({percentile})"),
        })
    }
}

impl fmt::Display for Operator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Operator::Less => "<",
            Operator::LessOrEqual => "<=",
            Operator::Greater => ">",
            Operator::GreaterOrEqual => ">=",
            Operator::Equal => "==",
            Operator::NotEqual => "!=",
        })
    }
}

/// Where a threshold finds what it looks at. `None`: there is no data, or no such aggregate.
pub trait Observed {
    /// The value of an aggregate.
    fn aggregate(&self, aggregate: Aggregate) -> Option<f64>;
}

/// What became of a threshold.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Evaluation {
    /// What was compared.
    pub observed: Option<f64>,
    /// `None`: there is no data to tell.
    pub passes: Option<bool>,
}

impl Threshold {
    /// Reads one expression.
    ///
    /// # Errors
    ///
    /// The text is none.
    pub fn parse(text: &str) -> Result<Self, ThresholdError> {
        let wrong = || ThresholdError(text.to_owned());
        let at = text.find(['<', '>', '=', '!']).ok_or_else(wrong)?;
        let end = at + text[at..].find(|c| !"<>=!".contains(c)).ok_or_else(wrong)?;
        let operator = Operator::parse(&text[at..end]).ok_or_else(wrong)?;
        let aggregate = Aggregate::parse(text[..at].trim()).ok_or_else(wrong)?;
        let bound = number(text[end..].trim()).ok_or_else(wrong)?;
        Ok(Threshold { aggregate, operator, bound })
    }

    /// Whether the comparison holds for an observed value.
    pub fn passes(&self, observed: f64) -> bool {
        self.operator.holds(observed, self.bound)
    }

    /// Looks at values.
    pub fn evaluate(&self, values: &impl Observed) -> Evaluation {
        let observed = values.aggregate(self.aggregate);
        Evaluation { observed, passes: observed.map(|observed| self.passes(observed)) }
    }
}

/// Digits with a sign, fraction or exponent; not the words that Rust also reads.
pub fn number(text: &str) -> Option<f64> {
    let plain = text.bytes().all(|b| b.is_ascii_digit() || b"+-.eE".contains(&b));
    text.parse().ok().filter(|number: &f64| plain && number.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_aggregate_and_operator_is_read() {
        for (text, aggregate) in [
            ("count", Aggregate::Count),
            ("rate", Aggregate::Rate),
            ("value", Aggregate::Value),
            ("avg", Aggregate::Avg),
            ("min", Aggregate::Min),
            ("med", Aggregate::Med),
            ("max", Aggregate::Max),
            ("p(95)", Aggregate::Percentile(95.0)),
            ("p(99.99)", Aggregate::Percentile(99.99)),
        ] {
            for (sign, operator) in [
                ("<", Operator::Less),
                ("<=", Operator::LessOrEqual),
                (">", Operator::Greater),
                (">=", Operator::GreaterOrEqual),
                ("==", Operator::Equal),
                ("===", Operator::Equal),
                ("!=", Operator::NotEqual),
            ] {
                for space in ["", " "] {
                    let parsed = Threshold::parse(&format!("{text}{space}{sign}{space}-0.5"));
                    assert_eq!(parsed, Ok(Threshold { aggregate, operator, bound: -0.5 }));
                }
            }
        }
    }

    #[test]
    fn what_k6_would_not_read_is_an_error() {
        for text in [
            "", "p(95)", "<400", "p(95)<", "p95<400", "p(101)<1", "p(-1)<1", "p()<1", "sum<1", "avg=1",
            "avg<>1", "avg<1<2", "avg<NaN", "avg<inf", "avg<1ms", "AVG<1",
        ] {
            assert!(Threshold::parse(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_threshold_without_data_neither_passes_nor_fails() {
        struct Nothing;
        impl Observed for Nothing {
            fn aggregate(&self, _: Aggregate) -> Option<f64> {
                None
            }
        }
        let threshold = Threshold::parse("p(95)<400").unwrap();
        assert_eq!(threshold.evaluate(&Nothing), Evaluation { observed: None, passes: None });
        assert!(threshold.passes(399.9));
        assert!(!threshold.passes(400.0));
    }

    #[test]
    fn aggregates_belong_to_types() {
        assert!(Aggregate::Rate.fits(MetricType::Counter));
        assert!(Aggregate::Rate.fits(MetricType::Rate));
        assert!(!Aggregate::Rate.fits(MetricType::Trend));
        assert!(!Aggregate::Value.fits(MetricType::Trend));
        assert!(Aggregate::Percentile(50.0).fits(MetricType::Trend));
    }
}
