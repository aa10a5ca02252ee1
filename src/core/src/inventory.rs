//! The mirror: what was last read of each scope, and the machine that follows from it.
//!
//! Replies come in by [`Inventory::replace`], changes go out. An event never reaches this file.
//! The facts lie in [`facts`]; the machine is always the same function of the facts, so the order in which scopes were read leaves no trace.

mod exposed;
mod facts;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::machine::{Change, Link, Machine, Trouble};
use crate::mark::Mark;
use crate::name::{DeviceRef, QubeName};
use crate::qube::{Qube, QubeState};
use crate::scope::{Scope, ScopeReply};
use facts::{Facts, Stored};

/// How soon a scope is needed; lower is sooner.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Urgency {
    /// Who there is: nothing can be asked without it.
    Foundation,
    /// What is exposed, which also names most holders.
    Menu,
    /// Who holds what no backend tells of: the microphone, PCI devices. From here on no menu is untrue.
    Holders,
    /// The rest of a row: how it is attached, labels, deny lists.
    Row,
    /// What can come long after: stored assignments, qubes that do not run.
    Later,
}

/// What a reply brought.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Replaced {
    /// What now holds, for the faces.
    pub changes: Vec<Change>,
    /// Scopes that this reply casts doubt on: what it says and what they said can't both be true now.
    pub doubts: Vec<Scope>,
}

/// The facts by scope, and the machine derived from them.
#[derive(Debug, Default)]
pub struct Inventory {
    machine: Machine,
    facts: Facts,
    /// Lists of devices that can't be read, and why.
    unreadable: BTreeMap<Scope, Trouble>,
}

impl Inventory {
    /// The machine as far as it is known.
    #[must_use]
    pub fn machine(&self) -> &Machine {
        &self.machine
    }

    /// Every scope that the mirror needs, given what it knows.
    #[must_use]
    pub fn wanted(&self) -> BTreeMap<Scope, Urgency> {
        let mut wanted = self.facts.wanted();
        for scope in self.unreadable.keys().filter(|scope| self.can_be_asked(scope)) {
            wanted.entry(scope.clone()).or_insert(Urgency::Row);
        }
        wanted
    }

    /// Whether asking for `scope` makes sense now: the qube is there and in the state that the question needs.
    #[must_use]
    pub fn can_be_asked(&self, scope: &Scope) -> bool {
        self.facts.can_be_asked(scope)
    }

    /// Whether a frontend says here that it holds what the backend, as it was read last, gives to nobody or to another.
    #[must_use]
    pub fn is_against_backend(&self, scope: &Scope, reply: &ScopeReply) -> bool {
        match (scope, reply) {
            (Scope::Attached(_, class), ScopeReply::Attached(attachments)) => {
                class.names_holder() && attachments.iter().any(|held| self.facts.is_outdated(held))
            }
            _ => false,
        }
    }

    /// Replaces all that was known of `scope` by `reply`.
    pub fn replace(&mut self, scope: &Scope, reply: ScopeReply) -> Replaced {
        let mut replaced = Replaced::default();
        self.set_unreadable(scope, None, &mut replaced);
        let stored = match (scope, reply) {
            (Scope::Classes, ScopeReply::Classes(classes)) => {
                let stored = self.facts.store_classes(classes);
                self.forget_moot(&mut replaced);
                stored
            }
            (Scope::Qubes, ScopeReply::Qubes(qubes)) => self.replace_qubes(qubes, &mut replaced),
            (Scope::Details(qube), ScopeReply::Details(details)) => {
                self.facts.details.insert(qube.clone(), details);
                self.derive_qube(qube, &mut replaced);
                Stored::default()
            }
            (Scope::Marked(qube, mark), ScopeReply::Marked(devices)) => {
                self.mark(qube, *mark, devices, &mut replaced);
                Stored::default()
            }
            (Scope::Exposed(backend, class), ScopeReply::Exposed(devices)) => {
                self.facts.store_exposed(backend, class, Some(devices))
            }
            (Scope::Attached(frontend, class), ScopeReply::Attached(attachments)) => {
                self.facts.store_attached(frontend, class, Some(attachments))
            }
            (Scope::Assigned(frontend, class), ScopeReply::Assigned(assignments)) => {
                self.facts.store_assigned(frontend, class, assignments)
            }
            (scope, _) => {
                tracing::error!(?scope, "a reply of another kind than its scope");
                Stored::default()
            }
        };
        self.derive(stored, &mut replaced);
        replaced
    }

    /// Forgets what was known of a scope that can't be read: nothing is shown rather than something untrue.
    pub fn mark_unreadable(&mut self, scope: &Scope, reason: Trouble) -> Replaced {
        let mut replaced = Replaced::default();
        let stored = match scope {
            Scope::Exposed(backend, class) => self.facts.store_exposed(backend, class, None),
            Scope::Attached(frontend, class) => self.facts.store_attached(frontend, class, None),
            Scope::Assigned(frontend, class) => self.facts.store_assigned(frontend, class, Vec::new()),
            Scope::Details(qube) => {
                // Nothing is known of it, but that is known: it must not stay out of every menu.
                self.facts.details.entry(qube.clone()).or_default();
                self.derive_qube(qube, &mut replaced);
                return replaced;
            }
            Scope::Marked(qube, mark) => {
                self.mark(qube, *mark, BTreeSet::new(), &mut replaced);
                return replaced;
            }
            Scope::Classes | Scope::Qubes => return replaced,
        };
        if !matches!(scope, Scope::Assigned(..)) {
            self.set_unreadable(scope, Some(reason), &mut replaced);
        }
        self.derive(stored, &mut replaced);
        replaced
    }

    /// Notes how far the mirror can be trusted.
    pub fn set_link(&mut self, link: Link) -> Option<Change> {
        if self.machine.link == link {
            return None;
        }
        let change = Change::Link(link);
        self.machine.apply(change.clone());
        Some(change)
    }

    fn replace_qubes(&mut self, qubes: Vec<QubeState>, replaced: &mut Replaced) -> Stored {
        let mut stored = self.facts.store_qubes(qubes);
        stored.ports.extend(self.machine.devices.keys().cloned());
        let names: BTreeSet<_> = self.machine.qubes.keys().chain(self.facts.states.keys()).cloned().collect();
        for name in &names {
            self.derive_qube(name, replaced);
        }
        self.forget_moot(replaced);
        stored
    }

    /// What makes no sense to ask any more is not unreadable.
    fn forget_moot(&mut self, replaced: &mut Replaced) {
        let moot: Vec<_> =
            self.unreadable.keys().filter(|scope| !self.facts.can_be_asked(scope)).cloned().collect();
        for scope in moot {
            self.set_unreadable(&scope, None, replaced);
        }
    }

    fn set_unreadable(&mut self, scope: &Scope, reason: Option<Trouble>, replaced: &mut Replaced) {
        let (Some(qube), Some(class)) = (scope.qube(), scope.class()) else { return };
        match reason {
            Some(reason) => self.unreadable.insert(scope.clone(), reason),
            None => self.unreadable.remove(scope),
        };
        // Of one qube what it exposes and what it holds can fail each on its own; a face needs one sentence.
        let both =
            [Scope::Exposed(qube.clone(), class.clone()), Scope::Attached(qube.clone(), class.clone())];
        let told = both.iter().find_map(|scope| self.unreadable.get(scope));
        if self.machine.unreadable.get(&(qube.clone(), class.clone())) != told {
            self.publish(Change::Unreadable(qube.clone(), class.clone(), told.cloned()), replaced);
        }
    }

    fn derive_qube(&mut self, name: &QubeName, replaced: &mut Replaced) {
        let Some(QubeState { name, class, state }) = self.facts.states.get(name).cloned() else {
            if self.machine.qubes.contains_key(name) {
                self.publish(Change::QubeGone(name.clone()), replaced);
            }
            return;
        };
        let qube = Qube { details: self.facts.details(&name), name, class, state };
        if self.machine.qubes.get(&qube.name).is_none_or(|known| **known != qube) {
            self.publish(Change::Qube(Arc::new(qube)), replaced);
        }
    }

    fn mark(&mut self, qube: &QubeName, mark: Mark, devices: BTreeSet<DeviceRef>, replaced: &mut Replaced) {
        self.facts.marks.entry(qube.clone()).or_default().replace(mark, devices);
        self.derive_qube(qube, replaced);
    }

    fn derive(&mut self, stored: Stored, replaced: &mut Replaced) {
        let mut gone = Vec::new();
        for port in stored.ports {
            let known = self.machine.devices.get(&port);
            match self.facts.device(&port, known.map(Arc::as_ref)) {
                Some(device) if known.is_some_and(|known| **known == device) => {}
                Some(device) => self.publish(Change::Device(Arc::new(device)), replaced),
                None if known.is_some() => gone.push(Change::DeviceGone(port)),
                None => {}
            }
        }
        // Last: a face that follows change by change sees the use of a partition before its disk goes because of it. And
        // the parts of a disk, which are named after it, before the disk: they don't stand alone for a moment.
        for change in gone.into_iter().rev() {
            self.publish(change, replaced);
        }
        replaced.doubts.extend(stored.doubts);
    }

    /// The only place where the machine changes: so that the faces can follow by the same changes.
    fn publish(&mut self, change: Change, replaced: &mut Replaced) {
        self.machine.apply(change.clone());
        replaced.changes.push(change);
    }
}

#[cfg(test)]
mod tests;
