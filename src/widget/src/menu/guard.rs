//! A choice right after something changed means what stood there before: it does nothing.

use std::cell::Cell;
use std::time::{Duration, Instant};

/// How long a person needs to see that something changed.
const SETTLED_AFTER: Duration = Duration::from_millis(300);

/// What a person chooses with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Hand {
    Pointer,
    Keys,
}

/// Remembers the last change under the pointer, and the last one under the focus.
#[derive(Debug, Default)]
pub(super) struct Guard {
    pointer: Cell<Option<Instant>>,
    keys: Cell<Option<Instant>>,
}

impl Guard {
    /// Something changed where this hand is.
    pub(super) fn changed(&self, hand: Hand, now: Instant) {
        self.of(hand).set(Some(now));
    }

    /// Whether a choice of this hand counts.
    pub(super) fn allows(&self, hand: Hand, now: Instant) -> bool {
        self.of(hand).get().is_none_or(|changed| now.duration_since(changed) >= SETTLED_AFTER)
    }

    fn of(&self, hand: Hand) -> &Cell<Option<Instant>> {
        match hand {
            Hand::Pointer => &self.pointer,
            Hand::Keys => &self.keys,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn choices_count_again_after_300_milliseconds() {
        for hand in [Hand::Pointer, Hand::Keys] {
            let (guard, now) = (Guard::default(), Instant::now());
            assert!(guard.allows(hand, now));
            guard.changed(hand, now);
            assert!(!guard.allows(hand, now + Duration::from_millis(299)));
            assert!(guard.allows(hand, now + Duration::from_millis(300)));
        }
    }

    #[test]
    fn what_changes_under_one_hand_stops_the_other_one_not() {
        let (guard, now) = (Guard::default(), Instant::now());
        guard.changed(Hand::Pointer, now);
        assert!(guard.allows(Hand::Keys, now));
        guard.changed(Hand::Keys, now);
        assert!(guard.allows(Hand::Pointer, now + Duration::from_millis(300)));
    }
}
