//! An answer counts only once the person could read what is asked: one second after it appeared or changed. Pure.

use std::cell::Cell;
use std::time::{Duration, Instant};

/// How long a person who is typing or clicking elsewhere needs to see what has come up.
pub(super) const READ_WITHIN: Duration = Duration::from_secs(1);

/// Remembers the last change of what is shown.
#[derive(Debug, Default)]
pub(super) struct Patience(Cell<Option<Instant>>);

impl Patience {
    /// Something else is shown since `now`.
    pub(super) fn changed(&self, now: Instant) {
        self.0.set(Some(now));
    }

    /// How long nothing that is typed or clicked counts; `None` = it counts. Before anything was shown nothing does.
    pub(super) fn left(&self, now: Instant) -> Option<Duration> {
        let Some(changed) = self.0.get() else {
            return Some(READ_WITHIN);
        };
        READ_WITHIN.checked_sub(now.saturating_duration_since(changed)).filter(|left| !left.is_zero())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn input_counts_one_second_after_the_last_change() {
        let (patience, start) = (Patience::default(), Instant::now());
        let at = |milliseconds| start + Duration::from_millis(milliseconds);
        assert!(patience.left(start).is_some(), "nothing was shown yet");
        patience.changed(start);
        assert_eq!(patience.left(at(999)), Some(Duration::from_millis(1)));
        assert_eq!(patience.left(at(1000)), None);
        patience.changed(at(5000));
        assert_eq!(patience.left(at(5999)), Some(Duration::from_millis(1)));
        assert_eq!(patience.left(at(1000)), Some(READ_WITHIN), "a clock that seems to go back waits");
    }
}
