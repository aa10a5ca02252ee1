//! Many devices at once: a few are told one by one, the rest is summed up. Pure.
//!
//! A dock has a handful of devices and a hostile USB qube as many as it likes; neither may fill the screen.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use device_core::machine::Machine;
use device_core::name::{Port, QubeName};

use super::{Effect, Tag, notice};

/// A summary speaks of what came within this time; so there is at most one per backend in it.
const WINDOW: Duration = Duration::from_secs(5);
/// So many things of one backend are told one by one in one window.
const ONE_BY_ONE: usize = 3;
/// So long after its start a qube is still finding what is plugged into it.
const STARTING_UP: Duration = Duration::from_secs(20);

/// What came from one backend within one window.
#[derive(Debug)]
struct Window {
    until: Instant,
    told: usize,
    held_back: BTreeSet<Port>,
    is_start: bool,
}

/// The windows of all backends.
#[derive(Debug, Default)]
pub(super) struct Bursts {
    windows: BTreeMap<QubeName, Window>,
    started: BTreeMap<QubeName, Instant>,
}

impl Bursts {
    /// Remembers which qubes have just started.
    pub(super) fn watch_starts(&mut self, before: &Machine, after: &Machine, now: Instant) {
        self.started.retain(|_, since| now < *since + STARTING_UP);
        if before.qubes.is_same(&after.qubes) {
            return;
        }
        let ran = |name: &QubeName| before.qubes.get(name).is_some_and(|qube| qube.is_running());
        for qube in after.qubes.values().filter(|qube| qube.is_running() && !ran(&qube.name)) {
            self.started.insert(qube.name.clone(), now);
        }
    }

    /// Whether this new thing is left to the summary.
    pub(super) fn holds_back(&mut self, thing: &Port, now: Instant) -> bool {
        let is_start = self.started.get(&thing.backend).is_some_and(|since| now < *since + STARTING_UP);
        let fresh = || Window { until: now + WINDOW, told: 0, held_back: BTreeSet::new(), is_start };
        let window = self.windows.entry(thing.backend.clone()).or_insert_with(fresh);
        // What was held back before a start went when the qube stopped.
        if window.until <= now || (is_start && !window.is_start) {
            *window = fresh();
        }
        if !window.is_start && window.told < ONE_BY_ONE {
            window.told += 1;
            return false;
        }
        window.held_back.insert(thing.clone());
        true
    }

    /// When the next window ends of which there is something to say.
    pub(super) fn wake_at(&self) -> Option<Instant> {
        let waiting = |window: &&Window| !window.held_back.is_empty();
        self.windows.values().filter(waiting).map(|window| window.until).min()
    }

    /// Ends the windows whose time is over.
    pub(super) fn summaries(&mut self, now: Instant) -> Vec<Effect> {
        let (over, open) =
            std::mem::take(&mut self.windows).into_iter().partition(|(_, window)| window.until <= now);
        self.windows = open;
        let over: BTreeMap<QubeName, Window> = over;
        over.into_iter()
            .filter(|(_, window)| !window.held_back.is_empty())
            .map(|(backend, window)| {
                let count = window.held_back.len();
                let notice = if window.is_start {
                    notice::started(&backend, count)
                } else {
                    notice::many(&backend, count)
                };
                Effect::Show(Tag::Backend(backend), notice)
            })
            .collect()
    }
}
