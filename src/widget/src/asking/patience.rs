//! An answer counts only once the person could read what is asked: one second after it appeared or changed. Pure.

use std::cell::Cell;
use std::time::{Duration, Instant};

/// How long a person who is typing or clicking elsewhere needs to see what has come up.
pub(super) const READ_WITHIN: Duration = Duration::from_secs(1);

/// Remembers when what is shown came up, and its last change.
#[derive(Debug, Default)]
pub(super) struct Patience {
    came_up: Cell<Option<Instant>>,
    changed: Cell<Option<Instant>>,
}

impl Patience {
    /// The window is there since `now`.
    pub(super) fn came_up(&self, now: Instant) {
        self.came_up.set(Some(now));
    }

    /// Something else is shown since `now`.
    pub(super) fn changed(&self, now: Instant) {
        self.changed.set(Some(now));
    }

    /// How long nothing that is typed or clicked counts; `None` = it counts. Before anything was shown nothing does.
    pub(super) fn left(&self, now: Instant) -> Option<Duration> {
        left_of(self.changed.get(), now)
    }

    /// Whether closing the window counts. A device that comes and goes without end puts off every answer; this one, which
    /// means no to whatever is shown, it can't put off.
    pub(super) fn may_close(&self, now: Instant) -> bool {
        left_of(self.came_up.get(), now).is_none()
    }
}

fn left_of(since: Option<Instant>, now: Instant) -> Option<Duration> {
    let Some(since) = since else {
        return Some(READ_WITHIN);
    };
    READ_WITHIN.checked_sub(now.saturating_duration_since(since)).filter(|left| !left.is_zero())
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

    #[test]
    fn what_changes_without_end_can_be_closed() {
        let (patience, start) = (Patience::default(), Instant::now());
        let at = |milliseconds| start + Duration::from_millis(milliseconds);
        assert!(!patience.may_close(start), "nothing was shown yet");
        patience.came_up(start);
        for time in (0..=3000).step_by(500) {
            patience.changed(at(time));
            assert!(patience.left(at(time + 499)).is_some());
            assert_eq!(patience.may_close(at(time)), time >= 1000, "{time}");
        }
    }
}
