//! A click right after something changed under the pointer means what stood there before: it does nothing.

use std::cell::Cell;
use std::time::{Duration, Instant};

/// How long a person needs to see that something changed.
const SETTLED_AFTER: Duration = Duration::from_millis(300);

/// Remembers the last change under the pointer.
#[derive(Debug, Default)]
pub(super) struct Guard(Cell<Option<Instant>>);

impl Guard {
    /// Something changed under the pointer.
    pub(super) fn changed(&self, now: Instant) {
        self.0.set(Some(now));
    }

    /// Whether a click counts.
    pub(super) fn allows(&self, now: Instant) -> bool {
        self.0.get().is_none_or(|changed| now.duration_since(changed) >= SETTLED_AFTER)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clicks_count_again_after_300_milliseconds() {
        let (guard, now) = (Guard::default(), Instant::now());
        assert!(guard.allows(now));
        guard.changed(now);
        assert!(!guard.allows(now + Duration::from_millis(299)));
        assert!(guard.allows(now + Duration::from_millis(300)));
    }
}
