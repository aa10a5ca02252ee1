//! The mirror: what was last read of each scope, and the machine that follows from it.
//!
//! Replies come in by [`Inventory::replace`], changes go out. An event never reaches this file.
//! The machine is always the same function of the facts, so the order in which scopes were read leaves no trace.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::assignment::{Assignment, Attachment, Options};
use crate::device::{Device, DeviceInfo, Presence};
use crate::machine::{Change, Machine};
use crate::name::{DeviceClass, Port, PortId, QubeName};
use crate::qube::{Qube, QubeClass, QubeDetails, QubeState};
use crate::scope::{Scope, ScopeReply};

/// How soon a scope is needed; lower is sooner.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Urgency {
    /// Who there is: nothing can be asked without it.
    Foundation,
    /// What is exposed, which also names most holders: the menu.
    Menu,
    /// The rest of a menu row: the microphone's holders, options, labels.
    Row,
    /// What can come after the menu was shown: stored assignments, qubes that do not run.
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
    classes: Vec<DeviceClass>,
    states: BTreeMap<QubeName, QubeState>,
    details: BTreeMap<QubeName, QubeDetails>,
    /// By backend; absent = not read, so nothing can be said of what is missing in it.
    exposed: BTreeMap<(QubeName, DeviceClass), BTreeMap<PortId, DeviceInfo>>,
    /// By frontend.
    attached: BTreeMap<(DeviceClass, QubeName), Vec<Attachment>>,
    /// By frontend.
    assigned: BTreeMap<(DeviceClass, QubeName), Vec<Assignment>>,
    /// Lists of devices that can't be read, and why.
    unreadable: BTreeMap<Scope, String>,
}

impl Inventory {
    /// The machine as far as it is known.
    #[must_use]
    pub fn machine(&self) -> &Machine {
        &self.machine
    }

    /// Replaces all that was known of `scope` by `reply`.
    pub fn replace(&mut self, scope: &Scope, reply: ScopeReply) -> Replaced {
        let mut replaced = Replaced::default();
        self.set_unreadable(scope, None, &mut replaced);
        match (scope, reply) {
            (Scope::Classes, ScopeReply::Classes(classes)) => self.classes = classes,
            (Scope::Qubes, ScopeReply::Qubes(qubes)) => self.replace_qubes(qubes, &mut replaced),
            (Scope::Details(qube), ScopeReply::Details(details)) => {
                self.details.insert(qube.clone(), details);
                self.derive_qube(qube, &mut replaced);
            }
            (Scope::Exposed(backend, class), ScopeReply::Exposed(devices)) => {
                self.replace_exposed(backend, class, devices, &mut replaced);
            }
            (Scope::Attached(frontend, class), ScopeReply::Attached(attachments)) => {
                self.replace_attached(frontend, class, attachments, &mut replaced);
            }
            (Scope::Assigned(frontend, class), ScopeReply::Assigned(assignments)) => {
                self.assigned.insert((class.clone(), frontend.clone()), assignments);
                self.derive_class(class, &mut replaced);
            }
            (scope, _) => tracing::error!(?scope, "a reply of another kind than its scope"),
        }
        replaced
    }

    /// Forgets what was known of a scope that can't be read: nothing is shown rather than something untrue.
    pub fn mark_unreadable(&mut self, scope: &Scope, reason: &str) -> Replaced {
        let mut replaced = Replaced::default();
        match scope {
            Scope::Exposed(backend, class) => {
                let gone = self.exposed.remove(&(backend.clone(), class.clone())).unwrap_or_default();
                self.set_unreadable(scope, Some(reason), &mut replaced);
                for id in gone.into_keys() {
                    self.derive_device(&Port::new(backend.clone(), class.clone(), id), &mut replaced);
                }
            }
            Scope::Attached(frontend, class) => {
                self.replace_attached(frontend, class, Vec::new(), &mut replaced);
                self.attached.remove(&(class.clone(), frontend.clone()));
                self.set_unreadable(scope, Some(reason), &mut replaced);
            }
            Scope::Assigned(frontend, class) => {
                self.assigned.remove(&(class.clone(), frontend.clone()));
                self.derive_class(class, &mut replaced);
            }
            Scope::Classes | Scope::Qubes | Scope::Details(_) => {}
        }
        replaced
    }

    /// Every scope that the mirror needs, given what it knows.
    #[must_use]
    pub fn wanted(&self) -> BTreeMap<Scope, Urgency> {
        let mut wanted =
            BTreeMap::from([(Scope::Qubes, Urgency::Foundation), (Scope::Classes, Urgency::Foundation)]);
        for state in self.states.values() {
            self.want_of_qube(state, &mut wanted);
        }
        for device in self.machine.devices.values() {
            for holder in device.attachments.keys().filter(|holder| self.takes_devices(holder)) {
                wanted.insert(Scope::Attached(holder.clone(), device.port().class.clone()), Urgency::Row);
            }
        }
        wanted
    }

    /// Whether asking for `scope` makes sense now: the qube is there and in the state that the question needs.
    #[must_use]
    pub fn can_be_asked(&self, scope: &Scope) -> bool {
        match scope {
            Scope::Classes | Scope::Qubes => true,
            Scope::Exposed(qube, class) => self.exposes(qube, class),
            Scope::Attached(qube, class) => self.takes_devices(qube) && self.classes.contains(class),
            Scope::Details(qube) => self.states.contains_key(qube),
            Scope::Assigned(qube, class) => self.states.contains_key(qube) && self.classes.contains(class),
        }
    }

    fn want_of_qube(&self, state: &QubeState, wanted: &mut BTreeMap<Scope, Urgency>) {
        let qube = &state.name;
        if state.class == QubeClass::Remote {
            return;
        }
        let runs = state.state.is_running();
        wanted.insert(Scope::Details(qube.clone()), if runs { Urgency::Row } else { Urgency::Later });
        for class in &self.classes {
            if self.exposes(qube, class) {
                wanted.insert(Scope::Exposed(qube.clone(), class.clone()), Urgency::Menu);
            }
            if class.is_shareable() && self.takes_devices(qube) {
                wanted.insert(Scope::Attached(qube.clone(), class.clone()), Urgency::Row);
            }
            // Of a qube that is off only PCI matters: it tells which qube would bring the USB devices.
            if !qube.is_dom0() && (runs || *class == DeviceClass::Pci) {
                wanted.insert(Scope::Assigned(qube.clone(), class.clone()), Urgency::Later);
            }
        }
    }

    fn exposes(&self, qube: &QubeName, class: &DeviceClass) -> bool {
        (qube.is_dom0() || !class.is_dom0_only()) && self.runs(qube) && self.classes.contains(class)
    }

    fn takes_devices(&self, qube: &QubeName) -> bool {
        !qube.is_dom0() && self.runs(qube)
    }

    fn runs(&self, qube: &QubeName) -> bool {
        self.states.get(qube).is_some_and(|qube| qube.state.is_running() && qube.class != QubeClass::Remote)
    }

    fn replace_qubes(&mut self, qubes: Vec<QubeState>, replaced: &mut Replaced) {
        let before = std::mem::take(&mut self.states);
        self.states = qubes.into_iter().map(|qube| (qube.name.clone(), qube)).collect();
        let names: BTreeSet<_> = before.keys().chain(self.states.keys()).cloned().collect();
        for name in &names {
            if !self.states.contains_key(name) {
                self.details.remove(name);
                self.assigned.retain(|(_, frontend), _| frontend != name);
            }
            self.derive_qube(name, replaced);
        }
        self.forget_halted(replaced);
    }

    /// A qube that does not run exposes nothing and holds nothing.
    fn forget_halted(&mut self, replaced: &mut Replaced) {
        let states = &self.states;
        let runs = |qube: &QubeName| states.get(qube).is_some_and(|qube| qube.state.is_running());
        self.exposed.retain(|(backend, _), _| runs(backend));
        self.attached.retain(|(_, frontend), _| runs(frontend));
        let unreadable: Vec<_> =
            self.unreadable.keys().filter(|scope| !scope.qube().is_some_and(runs)).cloned().collect();
        // A holder that stopped without a word: its backend has to say who has the device now.
        let orphans: BTreeSet<_> = self
            .exposed
            .values()
            .flat_map(BTreeMap::values)
            .filter(|info| info.holder.as_ref().is_some_and(|holder| !runs(holder)))
            .map(|info| Scope::Exposed(info.port.backend.clone(), info.port.class.clone()))
            .collect();
        replaced.doubts.extend(orphans);
        // And whoever held a device of a backend that stopped has to say what is left of it.
        let left_behind: BTreeSet<_> = self
            .attached
            .values()
            .flatten()
            .filter(|attachment| !runs(&attachment.device.port.backend))
            .map(|attachment| {
                Scope::Attached(attachment.frontend.clone(), attachment.device.port.class.clone())
            })
            .collect();
        replaced.doubts.extend(left_behind);
        for scope in unreadable {
            self.set_unreadable(&scope, None, replaced);
        }
        self.derive_ports(&self.known_ports(|_| true), replaced);
    }

    fn replace_exposed(
        &mut self,
        backend: &QubeName,
        class: &DeviceClass,
        devices: Vec<DeviceInfo>,
        replaced: &mut Replaced,
    ) {
        let key = (backend.clone(), class.clone());
        let devices: BTreeMap<_, _> = devices.into_iter().map(|info| (info.port.id.clone(), info)).collect();
        let before = self.exposed.insert(key.clone(), devices);
        let after = self.exposed.get(&key);
        let mut ports = self.known_ports(|port| port.backend == *backend && port.class == *class);
        ports.extend(
            [before.as_ref(), after]
                .into_iter()
                .flatten()
                .flat_map(BTreeMap::values)
                .map(|info| info.port.clone()),
        );
        if before.as_ref() != after {
            let holders = |list: Option<&BTreeMap<PortId, DeviceInfo>>| -> BTreeSet<(PortId, QubeName)> {
                let infos = list.into_iter().flat_map(BTreeMap::values);
                infos.filter_map(|info| Some((info.port.id.clone(), info.holder.clone()?))).collect()
            };
            let (then, now) = (holders(before.as_ref()), holders(after));
            // Both ends of what moved, and every qube that is said to hold what it does not.
            let moved = then.symmetric_difference(&now).map(|(_, qube)| qube.clone());
            let wrong =
                self.attached_to(backend, class).filter(|held| !now.contains(held)).map(|(_, qube)| qube);
            let doubts: BTreeSet<_> = moved.chain(wrong).collect();
            replaced.doubts.extend(doubts.into_iter().map(|qube| Scope::Attached(qube, class.clone())));
        }
        self.derive_ports(&ports, replaced);
    }

    fn replace_attached(
        &mut self,
        frontend: &QubeName,
        class: &DeviceClass,
        attachments: Vec<Attachment>,
        replaced: &mut Replaced,
    ) {
        let key = (class.clone(), frontend.clone());
        let before = self.attached.get(&key).cloned();
        let is_new = before.as_ref() != Some(&attachments);
        let before = before.unwrap_or_default();
        let ports: BTreeSet<_> =
            before.iter().chain(&attachments).map(|attachment| attachment.device.port.clone()).collect();
        if is_new && !class.is_shareable() {
            let disagrees = |port: &&Port| {
                let said = self.info(port).and_then(|info| info.holder.as_ref()) == Some(frontend);
                let says = attachments.iter().any(|attachment| attachment.device.port == **port);
                said != says
            };
            let doubts = ports
                .iter()
                .filter(disagrees)
                .map(|port| Scope::Exposed(port.backend.clone(), class.clone()));
            replaced.doubts.extend(doubts.collect::<BTreeSet<_>>());
        }
        self.attached.insert(key, attachments);
        self.derive_ports(&ports, replaced);
    }

    fn set_unreadable(&mut self, scope: &Scope, reason: Option<&str>, replaced: &mut Replaced) {
        let (Some(qube), Some(class)) = (scope.qube(), scope.class()) else { return };
        match reason {
            Some(reason) => self.unreadable.insert(scope.clone(), reason.to_owned()),
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
        let Some(QubeState { name, class, state }) = self.states.get(name).cloned() else {
            if self.machine.qubes.contains_key(name) {
                self.publish(Change::QubeGone(name.clone()), replaced);
            }
            return;
        };
        let qube = Qube { details: self.details.get(&name).cloned(), name, class, state };
        if self.machine.qubes.get(&qube.name).is_none_or(|known| **known != qube) {
            self.publish(Change::Qube(Arc::new(qube)), replaced);
        }
    }

    fn derive_class(&mut self, class: &DeviceClass, replaced: &mut Replaced) {
        self.derive_ports(&self.known_ports(|port| port.class == *class), replaced);
    }

    fn derive_ports(&mut self, ports: &BTreeSet<Port>, replaced: &mut Replaced) {
        for port in ports {
            self.derive_device(port, replaced);
        }
    }

    fn derive_device(&mut self, port: &Port, replaced: &mut Replaced) {
        let known = self.machine.devices.get(port);
        match self.device(port) {
            Some(device) if known.is_some_and(|known| **known == device) => {}
            Some(device) => self.publish(Change::Device(Arc::new(device)), replaced),
            None if known.is_some() => self.publish(Change::DeviceGone(port.clone()), replaced),
            None => {}
        }
    }

    /// The device on `port`, as the facts have it.
    fn device(&self, port: &Port) -> Option<Device> {
        let attachments = self.attachments(port);
        let (info, presence) = match (self.info(port), attachments.first()) {
            (Some(info), _) => (info.clone(), Presence::Present),
            (None, Some(rest)) if self.is_known_to_be_gone(port) => {
                (self.remembered(rest), Presence::Removed)
            }
            (None, _) => return None,
        };
        let mut holders: BTreeMap<_, _> = attachments
            .into_iter()
            .map(|attachment| (attachment.frontend.clone(), attachment.options.clone()))
            .collect();
        if let Some(holder) = &info.holder
            && presence == Presence::Present
        {
            holders.entry(holder.clone()).or_insert_with(Options::new);
        }
        let assignments = self
            .assigned
            .iter()
            .filter(|((class, _), _)| *class == port.class)
            .flat_map(|(_, list)| list)
            .filter(|assignment| assignment.covers(port, &info.id))
            .cloned()
            .collect();
        Some(Device { info, presence, attachments: holders, assignments })
    }

    fn info(&self, port: &Port) -> Option<&DeviceInfo> {
        self.exposed.get(&(port.backend.clone(), port.class.clone()))?.get(&port.id)
    }

    /// What frontends said they hold of this backend.
    fn attached_to<'a>(
        &'a self,
        backend: &'a QubeName,
        class: &'a DeviceClass,
    ) -> impl Iterator<Item = (PortId, QubeName)> + 'a {
        let lists = self.attached.iter().filter(move |((of, _), _)| of == class && !class.is_shareable());
        lists
            .flat_map(|(_, list)| list)
            .filter(move |attachment| attachment.device.port.backend == *backend)
            .map(|attachment| (attachment.device.port.id.clone(), attachment.frontend.clone()))
    }

    fn attachments(&self, port: &Port) -> Vec<&Attachment> {
        self.attached
            .iter()
            .filter(|((class, _), _)| *class == port.class)
            .flat_map(|(_, list)| list)
            .filter(|attachment| attachment.device.port == *port)
            .collect()
    }

    /// The backend was asked and does not name the port, or it does not run. Not yet asked is not gone.
    fn is_known_to_be_gone(&self, port: &Port) -> bool {
        self.exposed.contains_key(&(port.backend.clone(), port.class.clone())) || !self.runs(&port.backend)
    }

    /// What was known of a device that was pulled out, or at least its port and id.
    fn remembered(&self, rest: &Attachment) -> DeviceInfo {
        let known = self.machine.devices.get(&rest.device.port).map(|device| &device.info);
        let mut info = known
            .filter(|info| info.id == rest.device.id)
            .cloned()
            .unwrap_or_else(|| DeviceInfo::unknown(rest.device.port.clone(), rest.device.id.clone()));
        info.holder = None;
        info
    }

    fn known_ports(&self, want: impl Fn(&Port) -> bool) -> BTreeSet<Port> {
        let held = self.attached.values().flatten().map(|attachment| &attachment.device.port);
        let exposed = self.exposed.values().flat_map(BTreeMap::values).map(|info| &info.port);
        self.machine.devices.keys().chain(held).chain(exposed).filter(|port| want(port)).cloned().collect()
    }

    /// The only place where the machine changes: so that the faces can follow by the same changes.
    fn publish(&mut self, change: Change, replaced: &mut Replaced) {
        self.machine.apply(change.clone());
        replaced.changes.push(change);
    }

    /// Notes how far the mirror can be trusted.
    pub fn set_link(&mut self, link: crate::machine::Link) -> Option<Change> {
        if self.machine.link == link {
            return None;
        }
        let change = Change::Link(link);
        self.machine.apply(change.clone());
        Some(change)
    }
}
