//! How long things take: calls, starts, shutdowns, USB attaches and releases. Nothing takes any time until the control language says
//! so.
//!
//! Only lengths live here. `server` waits for calls, `later` for what goes on after a call has begun.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::fault::holds_words;

/// Most kinds of calls that have a latency of their own; the API has fewer.
const KINDS_MAX: usize = 256;

/// The lengths that were asked for.
#[derive(Debug, Default)]
pub(crate) struct Pace {
    every: Span,
    /// Of calls whose method's name holds these words.
    own: BTreeMap<String, Span>,
    /// State of a small generator: the same requests get the same jitter in every run.
    seed: u64,
    /// From a qube's first breath to its being usable.
    pub(crate) start: Duration,
    /// From the wish that a qube ends to its end.
    pub(crate) shutdown: Duration,
    /// Of the proxy between two qubes, when a USB device is attached.
    pub(crate) attach: Duration,
    /// From the answer to a detach of a USB device until its backend notes that it is free.
    pub(crate) release: Duration,
}

/// A length of time, and how much longer it may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Span {
    pub(crate) least: Duration,
    pub(crate) jitter: Duration,
}

impl Pace {
    /// From here on each call that has no latency of its own takes so long.
    pub(crate) fn slow_every(&mut self, span: Span) {
        self.every = span;
    }

    /// From here on the calls whose method's name holds the words of `part` take so long. `false` = there are too many
    /// such wishes.
    pub(crate) fn slow(&mut self, part: String, span: Span) -> bool {
        let has_room = self.own.len() < KINDS_MAX || self.own.contains_key(&part);
        if has_room {
            self.own.insert(part, span);
        }
        has_room
    }

    /// Forgets all latencies.
    pub(crate) fn hurry(&mut self) {
        self.every = Span::default();
        self.own.clear();
    }

    /// How long the next call of this method takes. Of several wishes the one with the most words counts.
    pub(crate) fn delay(&mut self, method: &str) -> Duration {
        let own = self.own.iter().filter(|(part, _)| holds_words(method, part));
        let Span { least, jitter } =
            own.max_by_key(|(part, _)| part.len()).map_or(self.every, |(_, span)| *span);
        if jitter.is_zero() {
            return least;
        }
        // A linear congruential step is random enough to shuffle replies and needs no dependency.
        self.seed = self.seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let share = u32::try_from(self.seed >> 40).unwrap_or(0) % 1000;
        least + jitter * share / 1000
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(least: u64, jitter: u64) -> Span {
        Span { least: Duration::from_millis(least), jitter: Duration::from_millis(jitter) }
    }

    #[test]
    fn jitter_stays_within_its_bound() {
        let mut pace = Pace::default();
        pace.slow_every(span(5, 10));
        for _ in 0..1000 {
            let delay = pace.delay("admin.vm.List");
            assert!((Duration::from_millis(5)..Duration::from_millis(15)).contains(&delay));
        }
    }

    #[test]
    fn a_call_takes_as_long_as_the_most_exact_wish_says() {
        let mut pace = Pace::default();
        pace.slow_every(span(1, 0));
        assert!(pace.slow("Attach".to_owned(), span(2, 0)));
        assert!(pace.slow("block.Attach".to_owned(), span(3, 0)));
        for (method, least) in [
            ("admin.vm.List", 1),
            ("admin.vm.device.usb.Attached", 1),
            ("admin.vm.device.usb.Attach", 2),
            ("admin.vm.device.block.Attach", 3),
        ] {
            assert_eq!(pace.delay(method), Duration::from_millis(least), "{method}");
        }
        pace.hurry();
        assert_eq!(pace.delay("admin.vm.device.block.Attach"), Duration::ZERO);
    }

    #[test]
    fn wishes_are_bounded() {
        let mut pace = Pace::default();
        assert!((0..KINDS_MAX).all(|number| pace.slow(number.to_string(), Span::default())));
        assert!(!pace.slow("one more".to_owned(), Span::default()));
        assert!(pace.slow("7".to_owned(), Span::default()), "one that is there can change");
    }
}
