//! How often the hosts of the tray are told that something has changed. Pure.
//!
//! A host fetches the whole menu for each change and draws it anew, which with many devices takes it longer than us.
//! A change that comes alone is told at once; while changes don't end, the host would do nothing else.

use std::time::Duration;

/// Hosts are told at most this often.
pub(super) const SHORTEST: Duration = Duration::from_millis(100);
/// While changes don't end hosts are told at least this often. Their menu is true again a second after the last one;
/// what is chosen in it until then names the device that was seen, and is refused if that is another one by now.
const LONGEST: Duration = Duration::from_secs(1);

/// The pause after each telling: twice as long as the last one while there is always something new.
#[derive(Debug)]
pub(super) struct Pace(Duration);

impl Default for Pace {
    fn default() -> Self {
        Self(SHORTEST)
    }
}

impl Pace {
    /// How long to wait after something is told that came when nothing had happened for `calm` since the last pause.
    pub(super) fn pause_after(&mut self, calm: Duration) -> Duration {
        self.0 = if calm >= SHORTEST { SHORTEST } else { (self.0 * 2).min(LONGEST) };
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: fn(u64) -> Duration = Duration::from_millis;

    #[test]
    fn changes_without_end_are_told_more_and_more_seldom_down_to_once_a_second() {
        let mut pace = Pace::default();
        assert_eq!(pace.pause_after(MS(60_000)), MS(100), "the first one comes after a calm");
        let pauses: Vec<Duration> = (0..6).map(|_| pace.pause_after(MS(0))).collect();
        assert_eq!(pauses, [200, 400, 800, 1000, 1000, 1000].map(MS));
    }

    #[test]
    fn after_a_calm_the_next_change_is_told_as_quickly_as_ever() {
        let mut pace = Pace::default();
        for _ in 0..10 {
            pace.pause_after(MS(99));
        }
        assert_eq!(pace.pause_after(MS(100)), MS(100));
        assert_eq!(pace.pause_after(MS(100)), MS(100));
        assert_eq!(pace.pause_after(MS(0)), MS(200));
    }
}
