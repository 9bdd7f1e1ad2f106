//! What becomes of a message after each attempt, and when the next one is due.

/// Seconds between an attempt and the next: the schedule that the specification recommends, about three days.
pub const DELAYS_S: [u64; 9] =
    [5, 5 * 60, 30 * 60, 2 * 3600, 5 * 3600, 10 * 3600, 14 * 3600, 20 * 3600, 24 * 3600];

/// Seconds that a receiver has to answer; the specification recommends 15 to 30.
pub const TIMEOUT_S: u64 = 20;

/// A delay may get longer by one part of so many, so that not all come back at once.
const JITTER: u64 = 10;

/// What an attempt came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answered {
    /// A status, and its header `Retry-After` in seconds, where it has one.
    Status {
        /// Of HTTP.
        code: u16,
        /// The least time that the receiver wants to be left alone.
        retry_after_s: Option<u64>,
    },
    /// No connection, no answer in [`TIMEOUT_S`], or none that is HTTP.
    Nothing,
}

/// What is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Nothing: 2xx.
    Delivered,
    /// Send nothing to this destination any more, until somebody enables it: 410.
    Disable,
    /// Send the same message again, with the same id, after so many milliseconds. A redirect is not followed: its
    /// target was not agreed on, and would be told what is signed for another.
    Retry {
        /// From now on.
        after_ms: u64,
    },
    /// It was the last attempt.
    GiveUp,
}

/// Decides after the `attempts`-th attempt (from 1). `random`, any number, spreads the delays.
pub fn next(attempts: usize, answered: Answered, random: u64) -> Next {
    let asked = match answered {
        Answered::Status { code: 200..=299, .. } => return Next::Delivered,
        Answered::Status { code: 410, .. } => return Next::Disable,
        Answered::Status { retry_after_s, .. } => retry_after_s.unwrap_or(0),
        Answered::Nothing => 0,
    };
    let Some(delay) = DELAYS_S.get(attempts.saturating_sub(1)) else { return Next::GiveUp };
    // Nobody keeps a message longer than the schedule does.
    let longest = DELAYS_S[DELAYS_S.len() - 1];
    let ms = asked.clamp(*delay, longest) * 1000;
    Next::Retry { after_ms: ms + random % (ms / JITTER + 1) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(code: u16) -> Answered {
        Answered::Status { code, retry_after_s: None }
    }

    #[test]
    fn answers_decide() {
        for code in [200, 201, 202, 204, 299] {
            assert_eq!(next(1, status(code), 0), Next::Delivered, "{code}");
        }
        assert_eq!(next(1, status(410), 0), Next::Disable);
        for answered in [100, 301, 302, 307, 308, 400, 401, 404, 429, 500, 503].map(status) {
            assert_eq!(next(1, answered, 0), Next::Retry { after_ms: 5_000 }, "{answered:?}");
        }
        assert_eq!(next(2, Answered::Nothing, 0), Next::Retry { after_ms: 300_000 });
    }

    #[test]
    fn ten_attempts_are_made_within_four_days() {
        let mut waited = 0;
        for attempt in 1..=DELAYS_S.len() {
            let Next::Retry { after_ms } = next(attempt, Answered::Nothing, u64::MAX) else {
                panic!("{attempt}")
            };
            waited += after_ms;
        }
        assert!((3 * 86_400_000..4 * 86_400_000).contains(&waited), "{waited}");
        assert_eq!(next(DELAYS_S.len() + 1, Answered::Nothing, 0), Next::GiveUp);
        assert_eq!(next(usize::MAX, status(500), 0), Next::GiveUp);
    }

    #[test]
    fn a_receiver_may_ask_for_more_time_and_not_for_less() {
        let asks = |seconds| Answered::Status { code: 429, retry_after_s: Some(seconds) };
        assert_eq!(next(1, asks(60), 0), Next::Retry { after_ms: 60_000 });
        assert_eq!(next(2, asks(60), 0), Next::Retry { after_ms: 300_000 });
        assert_eq!(next(1, asks(u64::MAX), 0), Next::Retry { after_ms: 86_400_000 });
    }

    #[test]
    fn a_delay_gets_longer_by_a_tenth_at_most_and_never_shorter() {
        for (random, after_ms) in [(0, 5_000), (1, 5_001), (500, 5_500), (501, 5_000)] {
            assert_eq!(next(1, Answered::Nothing, random), Next::Retry { after_ms });
        }
    }
}
