//! Many devices at once: a few are told one by one, the rest is summed up. Pure.
//!
//! A dock has a handful of devices and a hostile USB qube as many as it likes; neither may fill the screen.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use device_core::machine::Machine;
use device_core::name::{Port, QubeName};

use super::{Effect, Tag, notice};

/// A summary speaks of what came within this time, or since the start of its backend; so there is at most one per
/// backend in it.
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

/// A qube that has just started. Its devices trickle in over several windows, and each summary replaces the one before.
#[derive(Debug)]
struct Start {
    since: Instant,
    /// What was summed up of it so far.
    told: BTreeSet<Port>,
}

/// The windows of all backends.
#[derive(Debug, Default)]
pub(super) struct Bursts {
    windows: BTreeMap<QubeName, Window>,
    started: BTreeMap<QubeName, Start>,
}

impl Bursts {
    /// Remembers which qubes have just started.
    pub(super) fn watch_starts(&mut self, before: &Machine, after: &Machine, now: Instant) {
        // The last window of a start ends after it.
        let is_open = |backend: &QubeName| self.windows.get(backend).is_some_and(|window| window.is_start);
        self.started.retain(|backend, start| now < start.since + STARTING_UP || is_open(backend));
        if before.qubes.is_same(&after.qubes) {
            return;
        }
        let ran = |name: &QubeName| before.qubes.get(name).is_some_and(|qube| qube.is_running());
        for qube in after.qubes.values().filter(|qube| qube.is_running() && !ran(&qube.name)) {
            self.started.insert(qube.name.clone(), Start { since: now, told: BTreeSet::new() });
        }
    }

    /// Whether this new thing is left to the summary.
    pub(super) fn holds_back(&mut self, thing: &Port, now: Instant) -> bool {
        let start = self.started.get(&thing.backend);
        let is_start = start.is_some_and(|start| now < start.since + STARTING_UP);
        let fresh = || Window { until: now + WINDOW, told: 0, held_back: BTreeSet::new(), is_start };
        let window = self.windows.entry(thing.backend.clone()).or_insert_with(fresh);
        // What was held back before a start went when the qube stopped.
        let is_over = window.until <= now && window.held_back.is_empty();
        if is_over || (is_start && !window.is_start) {
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
    pub(super) fn summaries(&mut self, machine: &Machine, now: Instant) -> Vec<Effect> {
        let (over, open) =
            std::mem::take(&mut self.windows).into_iter().partition(|(_, window)| window.until <= now);
        self.windows = open;
        let over: BTreeMap<QubeName, Window> = over;
        over.into_iter()
            .filter_map(|(backend, window)| {
                let news = things(machine, &window.held_back);
                let notice = match self.started.get_mut(&backend).filter(|_| window.is_start) {
                    Some(start) => notice::started(&backend, start.tell(machine, news)?),
                    None if news.is_empty() => return None,
                    None => notice::many(&backend, news.len()),
                };
                Some(Effect::Show(Tag::Backend(backend), notice))
            })
            .collect()
    }
}

impl Start {
    /// How many things there are since the start, once these are told as well; `None` when none of them is new.
    fn tell(&mut self, machine: &Machine, news: BTreeSet<Port>) -> Option<usize> {
        self.told = things(machine, &self.told);
        let is_new = !news.is_subset(&self.told);
        self.told.extend(news);
        is_new.then_some(self.told.len())
    }
}

/// The physical things that these are parts of, without what has gone again.
fn things(machine: &Machine, ports: &BTreeSet<Port>) -> BTreeSet<Port> {
    let there = ports.iter().filter(|port| machine.devices.contains_key(port));
    there.map(|port| machine.physical_thing(port)).collect()
}
