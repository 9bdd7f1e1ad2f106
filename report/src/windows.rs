//! Which windows a chart draws: their lengths over a run, and what becomes of the last one. The pages' are in
//! `static/scripts/model/windows.js`; `static/tests/window-vectors.json` holds both to the same.

use loadgate_documents::{Aggregate, MetricType};

/// From which age, in seconds, windows have which length, in seconds: the fold's own rungs.
const RUNGS: [(f64, f64); 4] = [(0.0, 2.0), (1_800.0, 10.0), (10_800.0, 60.0), (43_200.0, 300.0)];

/// Windows end at whole milliseconds.
const INSTANT: f64 = 5e-4;

/// How long a window is that begins at an age; both, and the shortest that the server makes, in seconds.
pub(crate) fn width_at(age: f64, period: f64) -> f64 {
    let rung = RUNGS.iter().rev().find(|(from, _)| age >= *from).map_or(2.0, |(_, width)| *width);
    rung.max(period)
}

/// A column of figures, and what they are.
pub(crate) struct Figures<'a> {
    pub metric: &'a str,
    pub kind: Option<MetricType>,
    pub aggregate: Aggregate,
    pub values: &'a mut Vec<Option<f64>>,
}

/// Merges a last window that is shorter than half its width into the one before it: nearly every run ends within a
/// window, and what happened in the rest of a second is no figure of the run. What adds up is added up; shares and
/// averages weigh by requests or else by time; percentiles and gauges are those of the longer window.
///
/// `times` are ends in seconds since the start; `requests` how many there were in each window.
pub(crate) fn merge_last(
    times: &mut Vec<f64>,
    period: f64,
    requests: &[Option<f64>],
    columns: &mut [Figures],
) {
    let Some([before, last]) = times.last_chunk::<2>().copied() else { return };
    let begin = times.len().checked_sub(3).map_or(0.0, |at| times[at]);
    let width = width_at(before, period);
    let own = ((last - INSTANT) / width).floor() * width;
    if before < own - INSTANT || last - before.max(own) >= width / 2.0 {
        return;
    }
    let lengths = (before - begin, last - before);
    let at = times.len() - 1;
    let counts = requests.get(at - 1).copied().flatten().zip(requests.get(at).copied().flatten());
    for column in columns {
        let Some(sliver) = column.values.pop() else { continue };
        let Some(longer) = column.values.last_mut() else { continue };
        *longer = match (*longer, sliver) {
            (Some(a), Some(b)) => {
                Some(merged(column.metric, column.kind, column.aggregate, (a, b), lengths, counts))
            }
            (a, b) => a.or(b),
        };
    }
    times.remove(at - 1);
}

fn merged(
    metric: &str,
    kind: Option<MetricType>,
    aggregate: Aggregate,
    (a, b): (f64, f64),
    (longer, sliver): (f64, f64),
    requests: Option<(f64, f64)>,
) -> f64 {
    let weighed = |x: f64, y: f64| if x + y > 0.0 { (a * x + b * y) / (x + y) } else { a };
    match (kind, aggregate) {
        (Some(MetricType::Counter), Aggregate::Count) => a + b,
        // The server's rates are over whole seconds, one at least.
        (Some(MetricType::Counter), _) => {
            (a * longer.ceil().max(1.0) + b * sliver.ceil().max(1.0)) / (longer + sliver).max(1.0)
        }
        (Some(MetricType::Rate), _) => match requests.filter(|_| metric.starts_with("http_req_failed")) {
            Some((x, y)) => weighed(x, y),
            None => weighed(longer, sliver),
        },
        (_, Aggregate::Max) => a.max(b),
        (_, Aggregate::Min) => a.min(b),
        (_, Aggregate::Avg) => weighed(longer, sliver),
        _ => a,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    fn numbers(value: &Value) -> Vec<Option<f64>> {
        value.as_array().unwrap().iter().map(Value::as_f64).collect()
    }

    fn vectors() -> Value {
        serde_json::from_str(include_str!("../../static/tests/window-vectors.json")).unwrap()
    }

    #[test]
    fn windows_are_as_long_as_the_folds() {
        for case in vectors()["widths"].as_array().unwrap() {
            let [age, period, width] = [0, 1, 2].map(|at| case[at].as_f64().unwrap());
            assert_eq!(width_at(age, period), width, "{case}");
        }
        assert_eq!(crate::grown_to(1_800_000, 2_000), None);
        assert_eq!(crate::grown_to(1_800_001, 2_000), Some(10_000));
        assert_eq!(crate::grown_to(1_900_000, 30_000), None);
    }

    #[test]
    fn a_sliver_at_the_end_is_merged_as_on_the_pages() {
        let vectors = vectors();
        let cases = vectors["last"].as_array().unwrap();
        assert!(cases.len() > 4);
        for case in cases {
            let mut times: Vec<f64> = numbers(&case["times"]).into_iter().flatten().collect();
            let requests = case.get("requests").map(numbers).unwrap_or_default();
            let period = case["period"].as_f64().unwrap_or(2.0);
            let given = case["columns"].as_array().unwrap();
            let mut values: Vec<_> = given.iter().map(|column| numbers(&column["values"])).collect();
            let mut columns: Vec<Figures> = given
                .iter()
                .zip(&mut values)
                .map(|(column, values)| Figures {
                    metric: column["metric"].as_str().unwrap(),
                    kind: serde_json::from_value(column["type"].clone()).ok(),
                    aggregate: Aggregate::parse(column["aggregate"].as_str().unwrap()).unwrap(),
                    values,
                })
                .collect();
            merge_last(&mut times, period, &requests, &mut columns);
            let merged: Vec<f64> = numbers(&case["merged"]["times"]).into_iter().flatten().collect();
            assert_eq!(times, merged, "{}", case["name"]);
            for (values, merged) in values.iter().zip(case["merged"]["columns"].as_array().unwrap()) {
                let merged = numbers(merged);
                assert_eq!(values.len(), merged.len(), "{}", case["name"]);
                for (a, b) in values.iter().zip(&merged) {
                    let same = match (a, b) {
                        (Some(a), Some(b)) => (a - b).abs() < 1e-9,
                        (a, b) => a == b,
                    };
                    assert!(same, "{}: {values:?} {merged:?}", case["name"]);
                }
            }
        }
    }
}
