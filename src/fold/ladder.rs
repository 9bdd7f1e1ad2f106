//! The windows of a run, which grow with its age.

/// From which age, in seconds, windows have which length.
const RUNGS: [(i64, i64); 4] = [(0, 2), (1_800, 10), (10_800, 60), (43_200, 300)];

/// Ages are seconds since the run's origin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Window {
    pub start: i64,
    pub end: i64,
}

/// The window that holds an age of 0 or more. None is shorter than `period` seconds, and one that
/// begins before a rung keeps its length beyond it.
pub(super) fn window_at(age: i64, period: i64) -> Window {
    let mut start = 0;
    for (rung, &(_, length)) in RUNGS.iter().enumerate() {
        let length = length.max(period);
        let border = RUNGS.get(rung + 1).map_or(i64::MAX, |&(border, _)| border);
        // The first start at or after the border; a long period can pass a rung by.
        let next = if border <= start {
            start
        } else if border == i64::MAX {
            i64::MAX
        } else {
            start + (border - start + length - 1) / length * length
        };
        if age < next {
            let start = start + (age - start) / length * length;
            return Window { start, end: start.saturating_add(length) };
        }
        start = next;
    }
    Window { start: age, end: age.saturating_add(1) }
}

/// How long the window is that holds an age, ms; ages and periods are ms too.
pub(crate) fn width_at(age_ms: i64, period_ms: i64) -> i64 {
    let Window { start, end } = window_at(age_ms.max(0) / 1_000, period_ms / 1_000);
    (end - start) * 1_000
}

#[cfg(test)]
mod tests {
    use super::*;

    fn walk(period: i64, until: i64) -> Vec<Window> {
        let mut windows = vec![window_at(0, period)];
        while windows[windows.len() - 1].end < until {
            windows.push(window_at(windows[windows.len() - 1].end, period));
        }
        windows
    }

    #[test]
    fn a_day_makes_fewer_than_2500_windows_without_gaps() {
        for period in [0, 1, 2, 3, 7, 10, 45, 60, 299, 300, 1_801, 50_000] {
            let windows = walk(period, 86_400);
            assert!(windows.len() <= 2_520, "{period}: {}", windows.len());
            for pair in windows.windows(2) {
                assert_eq!(pair[0].end, pair[1].start, "period {period}");
            }
            for window in windows {
                assert!(window.end - window.start >= period);
                for age in [window.start, window.end - 1] {
                    assert_eq!(window_at(age, period), window, "period {period}, age {age}");
                }
            }
        }
    }

    #[test]
    fn lengths_are_those_of_the_rungs() {
        let length = |age| window_at(age, 0).end - window_at(age, 0).start;
        assert_eq!(
            [0, 1_799, 1_800, 10_799, 10_800, 43_199, 43_200, i64::MAX / 2].map(length),
            [2, 2, 10, 10, 60, 60, 300, 300]
        );
    }

    #[test]
    fn readers_take_windows_to_be_as_long_as_they_are() {
        let vectors: serde_json::Value =
            serde_json::from_str(include_str!("../../static/tests/window-vectors.json")).unwrap();
        for case in vectors["widths"].as_array().unwrap() {
            let [age, period, width] = [0, 1, 2].map(|at| case[at].as_i64().unwrap());
            // A period that does not divide the rungs keeps its windows a little beyond them.
            if 1_800 % period == 0 {
                let window = window_at(age, period);
                assert_eq!(window.end - window.start, width, "{case}");
            }
        }
    }
}
