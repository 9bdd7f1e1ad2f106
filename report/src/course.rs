//! How a line's figures went, in words, for those who do not see it. The pages' are in
//! `static/scripts/model/course.js`; `static/tests/course-vectors.json` holds both to the same.

/// Fewer figures lead nowhere.
const FEW: usize = 6;
/// Less is no trend.
const APART: f64 = 0.1;

#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Course {
    pub min: f64,
    pub max: f64,
    /// Where the figures led: the mean of the last third against that of the first.
    pub trend: Option<&'static str>,
}

impl Course {
    pub(crate) fn of(values: &[Option<f64>]) -> Option<Course> {
        let known: Vec<f64> = values.iter().flatten().copied().collect();
        let min = known.iter().copied().reduce(f64::min)?;
        let max = known.iter().copied().reduce(f64::max)?;
        let third = known.len() / 3;
        let mean = |some: &[f64]| some.iter().sum::<f64>() / some.len() as f64;
        let trend = (known.len() >= FEW).then(|| {
            let (first, last) = (mean(&known[..third]), mean(&known[known.len() - third..]));
            match (last - first).abs() > APART * first.abs() {
                true if last > first => "rising",
                true => "falling",
                false => "steady",
            }
        });
        Some(Course { min, max, trend })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    #[test]
    fn how_a_line_went_is_said_as_on_the_pages() {
        let vectors: Value =
            serde_json::from_str(include_str!("../../static/tests/course-vectors.json")).unwrap();
        let cases = vectors["cases"].as_array().unwrap();
        assert!(cases.len() > 10);
        for case in cases {
            let values: Vec<Option<f64>> =
                case["values"].as_array().unwrap().iter().map(Value::as_f64).collect();
            let found = Course::of(&values);
            let said = &case["course"];
            assert_eq!(found.is_none(), said.is_null(), "{case}");
            if let Some(Course { min, max, trend }) = found {
                let wanted = [said["min"].as_f64(), said["max"].as_f64()];
                assert_eq!((wanted, &said["trend"]), ([Some(min), Some(max)], &json!(trend)), "{case}");
            }
        }
    }
}
