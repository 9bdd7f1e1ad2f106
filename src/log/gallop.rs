//! Finding the last of a sequence of keys that begins somewhere and has no holes, from a hint.

use crate::store::StoreError;

/// The last number that is present, from `first` on; `None` if not even `first` is. `hint` is a
/// number that probably is present; a wrong one costs time, not truth. Asks about 2·log₂ of the
/// distance between the hint and the answer.
pub(super) async fn last_present(
    first: u64,
    hint: Option<u64>,
    present: impl AsyncFn(u64) -> Result<bool, StoreError>,
) -> Result<Option<u64>, StoreError> {
    let mut low = match hint {
        Some(hint) if hint > first && present(hint).await? => hint,
        _ if present(first).await? => first,
        _ => return Ok(None),
    };
    let mut stride = 1;
    while present(low + stride).await? {
        low += stride;
        stride *= 2;
    }
    let mut high = low + stride;
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        if present(middle).await? { low = middle } else { high = middle }
    }
    Ok(Some(low))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::testing::block_on;
    use std::cell::Cell;

    #[test]
    fn any_hint_leads_to_the_last_one_in_few_steps() {
        for last in (0..70).chain([1_000, 65_535, 65_536, 1_000_003]) {
            for hint in
                [None, Some(0), Some(1), Some(last / 2), Some(last), Some(last + 1), Some(u64::MAX / 4)]
            {
                let asked = Cell::new(0);
                let found = block_on(last_present(0, hint, async |n| {
                    asked.set(asked.get() + 1);
                    Ok(n <= last)
                }));
                assert_eq!(found, Ok(Some(last)), "{hint:?}");
                assert!(asked.get() <= 3 + 2 * 21, "{} questions for {last} from {hint:?}", asked.get());
            }
        }
    }

    #[test]
    fn nothing_is_found_where_there_is_nothing() {
        assert_eq!(block_on(last_present(1, Some(9), async |_| Ok(false))), Ok(None));
        assert_eq!(block_on(last_present(1, None, async |n| Ok(n == 1))), Ok(Some(1)));
    }
}
