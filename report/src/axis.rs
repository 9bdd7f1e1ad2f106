//! Ranges and round steps of axes, by the same rules as the pages' `static/scripts/charts/scales.js`. Both are
//! held to `static/tests/axis-vectors.json`.

use super::format::{Unit, axis_unit, tick};
use loadgate_documents::clock;

/// A limit further than this above the data is told at the edge rather than flattening the data.
const REACH: f64 = 2.5;

/// Seconds.
const CLOCK_STEPS: [f64; 18] = [
    1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 900.0, 1800.0, 3600.0, 7200.0, 14_400.0,
    21_600.0, 43_200.0, 86_400.0,
];

/// A vertical axis.
#[derive(Debug)]
pub(crate) struct Scale {
    pub low: f64,
    pub high: f64,
    step: f64,
    divisor: f64,
    suffix: String,
}

impl Scale {
    /// An axis with room for all values, from zero on, and for the marks (limits) near them.
    pub(crate) fn of(values: impl Iterator<Item = f64>, marks: &[f64], unit: Unit) -> Self {
        let range = values.fold(None, |range: Option<(f64, f64)>, value| {
            Some(range.map_or((value, value), |(min, max)| (min.min(value), max.max(value))))
        });
        // Zeros are flattened by nothing: the least mark is their measure.
        let least = marks.iter().copied().filter(|mark| *mark > 0.0).min_by(f64::total_cmp);
        let reach = |(min, max): (f64, f64)| match least {
            Some(least) if min == 0.0 && max == 0.0 => least,
            _ => (max * REACH).max(0.0),
        };
        let near: Vec<f64> =
            marks.iter().copied().filter(|mark| range.is_none_or(|range| *mark <= reach(range))).collect();
        let (min, max) = range.unwrap_or_default();
        // Above a mark there is room for its words.
        let high = near.iter().map(|mark| mark * 1.06).fold(max.max(0.0), f64::max);
        let low = near.iter().copied().fold(min.min(0.0), f64::min);
        // No share is greater than the whole.
        let whole = unit == Unit::Ratio && near.iter().copied().fold(max, f64::max) <= 1.0;
        let high = if whole { high.min(1.0) } else { high };
        let scale = Scale::stepped(unit, low, high, axis_unit(unit, high.max(-low)), whole);
        // 950 ms end at 1,000 ms, which is one second.
        let reached = axis_unit(unit, scale.high.max(-scale.low));
        if reached.0 == scale.divisor { scale } else { Scale::stepped(unit, low, high, reached, whole) }
    }

    fn stepped(unit: Unit, low: f64, high: f64, (divisor, suffix): (f64, String), whole: bool) -> Self {
        let span = if high > low { high - low } else { divisor };
        let mut step = nice(span / 4.0, divisor);
        if unit == Unit::Count {
            step = if step.fract() == 0.0 { step } else { step * 2.0 }.max(1.0);
        }
        // A little more than the data, so that its line does not run along the edge.
        let room = if high > 0.0 || low < 0.0 { high * 1.02 } else { step * 4.0 };
        let top = (room / step).ceil() * step;
        let high = if whole { top.min(1.0) } else { top };
        Scale { low: (low / step).floor() * step, high, step, divisor, suffix }
    }

    /// Round values with their labels; the topmost says the unit.
    pub(crate) fn ticks(&self) -> Vec<(f64, String)> {
        let from = (self.low / self.step).round() as i64;
        let to = (self.high / self.step + 1e-6).floor() as i64;
        (from..=to.min(from + 20))
            .map(|i| {
                let value = i as f64 * self.step;
                let suffix = if i == to { self.suffix.as_str() } else { "" };
                (value, format!("{}{suffix}", tick(value / self.divisor)))
            })
            .collect()
    }

    /// Where a value stands, from 0 at the bottom to 1 at the top.
    pub(crate) fn place(&self, value: f64) -> f64 {
        ((value - self.low) / (self.high - self.low)).clamp(0.0, 1.0)
    }
}

/// The next of 1, 2, 2.5 and 5 times a power of ten, in the axis' unit.
fn nice(rough: f64, divisor: f64) -> f64 {
    let scaled = (rough / divisor).max(f64::MIN_POSITIVE);
    let power = 10_f64.powf(scaled.log10().floor());
    let factor = [1.0, 2.0, 2.5, 5.0].into_iter().find(|factor| factor * power >= scaled * 0.999);
    factor.unwrap_or(10.0) * power * divisor
}

/// Round moments between two, in seconds, at most about `count`, with their labels.
pub(crate) fn clock_ticks(from: f64, to: f64, count: f64) -> Vec<(f64, String)> {
    let rough = (to - from) / count;
    let step =
        CLOCK_STEPS.into_iter().find(|step| *step >= rough).unwrap_or((rough / 86_400.0).ceil() * 86_400.0);
    ((from / step - 1e-6).ceil() as u32..=(to / step + 1e-6) as u32)
        .map(|i| f64::from(i) * step)
        .map(|seconds| (seconds, clock(seconds * 1000.0)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    fn labels(values: &[f64], marks: &[f64], unit: Unit) -> Vec<String> {
        Scale::of(values.iter().copied(), marks, unit).ticks().into_iter().map(|(_, label)| label).collect()
    }

    #[test]
    fn steps_are_round_in_the_unit_that_is_shown() {
        assert_eq!(labels(&[0.0, 168.9], &[], Unit::Time), ["0", "50", "100", "150", "200\u{a0}ms"]);
        assert_eq!(labels(&[3800.0], &[], Unit::Time), ["0", "1", "2", "3", "4\u{a0}s"]);
        assert_eq!(labels(&[1.0], &[], Unit::Ratio), ["0", "25", "50", "75", "100\u{a0}%"]);
        assert_eq!(labels(&[1.0], &[], Unit::Count), ["0", "1", "2"]);
        assert_eq!(labels(&[-0.3, 0.2], &[], Unit::Number).first().unwrap(), "−0.4");
    }

    #[test]
    fn an_axis_without_anything_is_an_axis() {
        for unit in [Unit::Time, Unit::Count, Unit::Ratio, Unit::DataRate, Unit::Number] {
            assert!(labels(&[], &[], unit).len() > 2, "{unit:?}");
            assert!(labels(&[0.0], &[], unit).len() > 2, "{unit:?}");
            assert!(labels(&[f64::MAX], &[], unit).len() < 22, "{unit:?}");
            assert!(labels(&[f64::MIN_POSITIVE], &[], unit).len() < 22, "{unit:?}");
        }
    }

    #[test]
    fn limits_near_the_data_are_on_the_axis_and_far_ones_are_not() {
        assert!(Scale::of([100.0].into_iter(), &[200.0], Unit::Time).high > 200.0);
        assert!(Scale::of([100.0].into_iter(), &[400.0], Unit::Time).high < 400.0);
    }

    #[derive(Deserialize)]
    struct Vectors {
        values: Vec<Values>,
        moments: Vec<Moments>,
    }

    #[derive(Deserialize)]
    struct Values {
        unit: String,
        min: Option<f64>,
        max: Option<f64>,
        marks: Vec<f64>,
        low: f64,
        high: f64,
        labels: Vec<String>,
    }

    #[derive(Deserialize)]
    struct Moments {
        span: f64,
        count: f64,
        labels: Vec<String>,
    }

    #[test]
    fn axes_are_those_of_the_pages() {
        let vectors: Vectors =
            serde_json::from_str(include_str!("../../static/tests/axis-vectors.json")).unwrap();
        assert!(vectors.values.len() > 30 && vectors.moments.len() > 5);
        for Values { unit, min, max, marks, low, high, labels } in vectors.values {
            let scale = Scale::of(min.into_iter().chain(max), &marks, Unit::try_from(unit.clone()).unwrap());
            let said: Vec<String> = scale.ticks().into_iter().map(|(_, label)| label).collect();
            let case = format!("{unit} {min:?} {max:?} {marks:?}");
            assert_eq!(said, labels, "{case}");
            // Powers of ten differ between languages in their last digit.
            for (is, expected) in [(scale.low, low), (scale.high, high)] {
                assert!((is - expected).abs() <= expected.abs() * 1e-12, "{case}: {is} is not {expected}");
            }
        }
        for Moments { span, count, labels } in vectors.moments {
            let said: Vec<String> =
                clock_ticks(0.0, span, count).into_iter().map(|(_, label)| label).collect();
            assert_eq!(said, labels, "{span} {count}");
        }
    }

    #[test]
    fn moments_of_a_part_are_those_of_the_run() {
        let said = |from, to| -> Vec<String> {
            clock_ticks(from, to, 5.0).into_iter().map(|(_, label)| label).collect()
        };
        assert_eq!(said(30.0, 120.0), ["0:30", "1:00", "1:30", "2:00"]);
        assert_eq!(said(31.0, 39.0), ["0:32", "0:34", "0:36", "0:38"]);
    }
}
