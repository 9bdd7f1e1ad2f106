//! What people declare of custom metrics: `{"orders": "counter", "latency": {"type": "trend",
//! "contains": "time"}}`.

use super::Declarations;
use crate::limits;
use loadgate_documents::{Contains, MetricKind, MetricType};
use loadgate_documents::{builtin, is_metric_name, shorten};
use serde_json::Value;
use thiserror::Error;

/// Metrics that cannot be declared so.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum MetricsError {
    /// Longer than [`limits::OPTIONS_BYTES`].
    #[error("the metrics are longer than the limit of {} bytes", limits::OPTIONS_BYTES)]
    TooLarge,
    /// Not a JSON object; with the parser's reason.
    #[error("metrics are declared by an object like {{\"orders\": \"counter\", \"errors\": \"rate\"}}: {0}")]
    NotMetrics(String),
    /// No name that k6 takes.
    #[error(
        "{:?} is not the name of a metric: up to 128 letters, digits and underscores, no digit first",
        shorten(.0)
    )]
    Name(String),
    /// Not a type; with the place and what stands there.
    #[error("{place}: {found} is not one of counter, gauge, rate and trend")]
    Type {
        /// The metric, or its field, as `orders.type`.
        place: String,
        /// What stands there, as JSON.
        found: String,
    },
    /// Not a unit; likewise.
    #[error("{place}: {found} is not one of time (milliseconds), data (bytes) and default")]
    Contains {
        /// The metric, or its field, as `orders.type`.
        place: String,
        /// What stands there, as JSON.
        found: String,
    },
    /// A field that is not known.
    #[error("{place}: a metric has a `type`, and where it has a unit `contains`")]
    Field {
        /// The metric, or its field, as `orders.type`.
        place: String,
    },
    /// k6's own metrics have their types.
    #[error("{place}: this is k6's own {}", builtin.word())]
    Builtin {
        /// The metric, or its field, as `orders.type`.
        place: String,
        /// What it is.
        builtin: MetricType,
    },
    /// More than [`limits::METRICS`].
    #[error("there are more than {} metrics", limits::METRICS)]
    TooMany,
}

impl Declarations {
    /// Reads metrics as people declare them; an error names the place.
    ///
    /// # Errors
    ///
    /// What is wrong, and where.
    pub fn from_metrics(document: &[u8]) -> Result<Self, MetricsError> {
        if document.len() > limits::OPTIONS_BYTES {
            return Err(MetricsError::TooLarge);
        }
        let document = document.strip_prefix(b"\xef\xbb\xbf").unwrap_or(document);
        let document: Value =
            serde_json::from_slice(document).map_err(|error| MetricsError::NotMetrics(error.to_string()))?;
        let Value::Object(metrics) = document else {
            return Err(MetricsError::NotMetrics("this is no object".to_owned()));
        };
        if metrics.len() > limits::METRICS {
            return Err(MetricsError::TooMany);
        }
        let mut set = Declarations::default();
        for (name, said) in metrics {
            if !is_metric_name(&name) {
                return Err(MetricsError::Name(name));
            }
            let kind = kind(&name, &said)?;
            match builtin(&name) {
                Some(own) if own.metric_type == kind.metric_type => {}
                Some(own) => {
                    return Err(MetricsError::Builtin { place: name, builtin: own.metric_type });
                }
                None => _ = set.metrics.insert(name, kind),
            }
        }
        Ok(set)
    }
}

fn kind(name: &str, said: &Value) -> Result<MetricKind, MetricsError> {
    let found = |value: &Value| shorten(&value.to_string()).to_owned();
    let typed = |place: &str, value: &Value| {
        let known = value.as_str().and_then(|word| MetricType::ALL.into_iter().find(|of| of.word() == word));
        known.ok_or_else(|| MetricsError::Type { place: place.to_owned(), found: found(value) })
    };
    let Value::Object(fields) = said else {
        return Ok(MetricKind { metric_type: typed(name, said)?, contains: Contains::Default });
    };
    if let Some(field) = fields.keys().find(|field| *field != "type" && *field != "contains") {
        return Err(MetricsError::Field { place: format!("{name}.{}", shorten(field)) });
    }
    let metric_type = typed(&format!("{name}.type"), fields.get("type").unwrap_or(&Value::Null))?;
    let contains = match fields.get("contains").map_or(Some("default"), Value::as_str) {
        Some("time") => Contains::Time,
        Some("data") => Contains::Data,
        Some("default") => Contains::Default,
        _ => {
            let place = format!("{name}.contains");
            return Err(MetricsError::Contains { place, found: found(&fields["contains"]) });
        }
    };
    Ok(MetricKind { metric_type, contains })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_metric_is_a_word_or_an_object() {
        let set = Declarations::from_metrics(
            br#"{"orders":"counter","wait":{"type":"trend","contains":"time"},"http_reqs":"counter"}"#,
        )
        .unwrap();
        assert_eq!(set.metrics.len(), 2, "k6's own need no declaration");
        assert_eq!(set.kind("orders").unwrap().metric_type, MetricType::Counter);
        let wait = MetricKind { metric_type: MetricType::Trend, contains: Contains::Time };
        assert_eq!(set.kind("wait"), Some(wait));
        assert!(!set.thresholds_known);
    }

    #[test]
    fn an_error_names_the_place() {
        for (document, parts) in [
            ("", &["object", "line 1"][..]),
            ("[]", &["no object"]),
            (r#"{"a b":"rate"}"#, &["a b"]),
            (r#"{"orders":"counter|rate"}"#, &["orders:", "counter|rate", "counter, gauge, rate and trend"]),
            (r#"{"orders":{"kind":"rate"}}"#, &["orders.kind:"]),
            (r#"{"orders":{"contains":"time"}}"#, &["orders.type:", "null"]),
            (r#"{"orders":{"type":"trend","contains":"ms"}}"#, &["orders.contains:", "ms"]),
            (r#"{"http_reqs":"trend"}"#, &["http_reqs:", "counter"]),
        ] {
            let error = Declarations::from_metrics(document.as_bytes()).unwrap_err().to_string();
            assert!(parts.iter().all(|part| error.contains(part)), "{document}: {error}");
        }
        let large = vec![b' '; limits::OPTIONS_BYTES + 1];
        assert_eq!(Declarations::from_metrics(&large), Err(MetricsError::TooLarge));
    }
}
