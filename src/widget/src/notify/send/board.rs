//! What stands on the screen, and which press still means what stands there. Pure; no bus, no clock of its own.
//!
//! A daemon replaces a notification under the number it had, so a number alone does not tell what a person saw when
//! they pressed. Each showing therefore has keys of its own for its buttons.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use zbus::names::OwnedUniqueName;

use crate::notify::{Button, Tag};

/// A press sooner than this after the button came may mean what stood there before; it is not taken.
const SETTLED_AFTER: Duration = Duration::from_millis(300);

/// The notifications that stand.
#[derive(Debug, Default)]
pub(super) struct Board {
    standing: BTreeMap<Tag, Standing>,
    showings: u64,
}

#[derive(Debug)]
struct Standing {
    place: Place,
    showing: Showing,
    buttons: Vec<Button>,
    came: Instant,
    /// From when on a press counts.
    settled: Instant,
}

/// Where a notification stands: the number that this daemon gave it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) daemon: Option<OwnedUniqueName>,
    pub(super) number: u32,
}

/// One content of one notification; no two have the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Showing(u64);

impl Showing {
    /// What the daemon calls the button at this place.
    pub(super) fn key(self, place: usize) -> String {
        format!("{}.{place}", self.0)
    }
}

impl Board {
    /// The next content.
    pub(super) fn next_showing(&mut self) -> Showing {
        self.showings += 1;
        Showing(self.showings)
    }

    /// The number of what stands under the tag.
    pub(super) fn number(&self, tag: &Tag) -> Option<u32> {
        self.standing.get(tag).map(|standing| standing.place.number)
    }

    /// This stands there from now on, in place of anything else under the tag.
    pub(super) fn put(
        &mut self,
        tag: Tag,
        place: Place,
        showing: Showing,
        buttons: Vec<Button>,
        now: Instant,
    ) {
        let standing = Standing { place, showing, buttons, came: now, settled: now + SETTLED_AFTER };
        self.standing.insert(tag, standing);
    }

    /// Forgets what stands under the tag; returns its number.
    pub(super) fn take(&mut self, tag: &Tag) -> Option<u32> {
        self.standing.remove(tag).map(|standing| standing.place.number)
    }

    /// The button that a press means, if it stands there and has stood there for long enough.
    pub(super) fn pressed(&self, number: u32, key: &str, now: Instant) -> Option<&Button> {
        let standing = self.standing.values().find(|standing| standing.place.number == number)?;
        if now < standing.settled {
            return None;
        }
        let mut numbered = standing.buttons.iter().enumerate();
        numbered.find(|(place, _)| standing.showing.key(*place) == key).map(|(_, button)| button)
    }

    /// Nobody looked for presses in this time: one on a button that was not settled yet is seen only now.
    pub(super) fn was_unwatched(&mut self, began: Instant, ended: Instant) {
        let unsettled = self.standing.values_mut().filter(|it| it.came <= began && began < it.settled);
        for standing in unsettled {
            standing.settled += ended.duration_since(began);
        }
    }

    /// The notification was closed.
    pub(super) fn closed(&mut self, number: u32) {
        self.standing.retain(|_, standing| standing.place.number != number);
    }

    /// The daemon has ended, and what it showed with it.
    pub(super) fn daemon_ended(&mut self, daemon: &str) {
        let is_its = |place: &Place| place.daemon.as_ref().is_some_and(|owner| owner.as_str() == daemon);
        self.standing.retain(|_, standing| !is_its(&standing.place));
    }
}

#[cfg(test)]
mod tests;
