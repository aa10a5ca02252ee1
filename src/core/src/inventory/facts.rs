//! What was last read of each scope, as it was read, and what can be said from it.
//!
//! Storing a reply tells two things: which ports may look different now, and which other scopes can't be true any
//! more beside it. Nothing is derived here but the one device that a port shows.

use std::collections::{BTreeMap, BTreeSet};

use super::Urgency;
use super::exposed::{Exposed, part_of};
use crate::assignment::{Assignment, Attachment, Options};
use crate::device::{Device, DeviceInfo, Presence};
use crate::interface::Category;
use crate::mark::{DeviceMarks, Mark};
use crate::name::{DeviceClass, DeviceRef, Port, QubeName};
use crate::qube::{QubeClass, QubeDetails, QubeState};
use crate::scope::Scope;

/// The facts by scope. Absent = not read, so nothing can be said of what is missing in it.
#[derive(Debug, Default)]
pub(super) struct Facts {
    classes: Vec<DeviceClass>,
    pub(super) states: BTreeMap<QubeName, QubeState>,
    pub(super) details: BTreeMap<QubeName, QubeDetails>,
    /// By backend.
    pub(super) marks: BTreeMap<QubeName, DeviceMarks>,
    /// By backend.
    exposed: BTreeMap<(QubeName, DeviceClass), Exposed>,
    /// By frontend.
    attached: BTreeMap<(DeviceClass, QubeName), Vec<Attachment>>,
    /// By frontend.
    assigned: BTreeMap<(DeviceClass, QubeName), Vec<Assignment>>,
}

/// What a stored reply leads to.
#[derive(Debug, Default)]
pub(super) struct Stored {
    /// Ports that may look different now.
    pub(super) ports: BTreeSet<Port>,
    /// Scopes whose last reply can't be true beside this one.
    pub(super) doubts: BTreeSet<Scope>,
}

impl Facts {
    /// Takes over the list of classes, and forgets what is of none of them.
    pub(super) fn store_classes(&mut self, classes: Vec<DeviceClass>) -> Stored {
        let ports = self.ports(|_| true);
        self.exposed.retain(|(_, class), _| classes.contains(class));
        self.attached.retain(|(class, _), _| classes.contains(class));
        self.assigned.retain(|(class, _), _| classes.contains(class));
        self.classes = classes;
        Stored { ports, doubts: BTreeSet::new() }
    }

    /// Takes over the list of qubes, and forgets what those that do not run exposed and held.
    pub(super) fn store_qubes(&mut self, qubes: Vec<QubeState>) -> Stored {
        let mut stored = Stored { ports: self.ports(|_| true), doubts: BTreeSet::new() };
        self.states = qubes.into_iter().map(|qube| (qube.name.clone(), qube)).collect();
        let states = &self.states;
        let runs = |qube: &QubeName| states.get(qube).is_some_and(|qube| qube.state.is_running());
        self.details.retain(|qube, _| states.contains_key(qube));
        self.marks.retain(|qube, _| runs(qube));
        self.assigned.retain(|(class, frontend), _| tells_assignments(states, frontend, class));
        self.exposed.retain(|(backend, _), _| runs(backend));
        self.attached.retain(|(_, frontend), _| runs(frontend));
        // A holder that stopped without a word: its backend has to say who has the device now.
        let orphans = self
            .exposed
            .values()
            .flat_map(Exposed::devices)
            .filter(|info| info.holder.as_ref().is_some_and(|holder| !runs(holder)))
            .map(|info| Scope::Exposed(info.port.backend.clone(), info.port.class.clone()));
        stored.doubts.extend(orphans);
        // And whoever held a device of a backend that stopped has to say what is left of it.
        let left_behind = self
            .attached
            .values()
            .flatten()
            .filter(|attachment| !runs(&attachment.device.port.backend))
            .map(|held| Scope::Attached(held.frontend.clone(), held.device.port.class.clone()));
        stored.doubts.extend(left_behind);
        stored
    }

    /// Takes over what a backend exposes; `None` = it can't be read.
    pub(super) fn store_exposed(
        &mut self,
        backend: &QubeName,
        class: &DeviceClass,
        devices: Option<Vec<DeviceInfo>>,
    ) -> Stored {
        let key = (backend.clone(), class.clone());
        // Which stick is plugged in tells something of its partitions, too.
        let here = |port: &Port| {
            let is_above = *class == DeviceClass::Usb && port.class == DeviceClass::Block;
            port.backend == *backend && (port.class == *class || is_above)
        };
        let mut ports = self.ports(here);
        let before = self.exposed.remove(&key);
        let Some(devices) = devices else { return Stored { ports, doubts: BTreeSet::new() } };
        let exposed = Exposed::new(devices, before.as_ref());
        let mut doubts = BTreeSet::new();
        if before.as_ref() != Some(&exposed) {
            let (then, now) = (before.as_ref().map(holders).unwrap_or_default(), holders(&exposed));
            // Both ends of what moved, and every qube that is said to hold what it does not.
            let moved = then.symmetric_difference(&now).map(|(_, qube)| qube.clone());
            let wrong = self.held_of(backend, class).filter(|held| !now.contains(held)).map(|(_, qube)| qube);
            doubts = moved.chain(wrong).map(|qube| Scope::Attached(qube, class.clone())).collect();
            self.forget_outdated(backend, class, &exposed);
        }
        self.exposed.insert(key, exposed);
        ports.extend(self.ports(here));
        Stored { ports, doubts }
    }

    /// Forgets what frontends said before of devices that their backend now tells otherwise of. Of what it no longer
    /// lists, the frontends are the only ones to ask.
    fn forget_outdated(&mut self, backend: &QubeName, class: &DeviceClass, exposed: &Exposed) {
        let is_outdated =
            |held: &Attachment| held.device.port.backend == *backend && speaks_against(exposed, held);
        let lists = self.attached.iter_mut().filter(|((of, _), _)| of == class && class.names_holder());
        lists.for_each(|(_, list)| list.retain(|held| !is_outdated(held)));
    }

    /// Whether the backend, as it was read last, lists another device there or names another holder or none.
    pub(super) fn is_outdated(&self, held: &Attachment) -> bool {
        let Port { backend, class, .. } = &held.device.port;
        let exposed = self.exposed.get(&(backend.clone(), class.clone()));
        exposed.is_some_and(|exposed| speaks_against(exposed, held))
    }

    /// Takes over what a frontend holds; `None` = it can't be read.
    pub(super) fn store_attached(
        &mut self,
        frontend: &QubeName,
        class: &DeviceClass,
        attachments: Option<Vec<Attachment>>,
    ) -> Stored {
        let key = (class.clone(), frontend.clone());
        let before = self.attached.remove(&key);
        let is_new = before != attachments;
        let before = before.unwrap_or_default();
        let now = attachments.as_deref().unwrap_or_default();
        let ports: BTreeSet<_> = before.iter().chain(now).map(|held| held.device.port.clone()).collect();
        let mut doubts = BTreeSet::new();
        if is_new && attachments.is_some() && class.names_holder() {
            let disagrees = |port: &&Port| {
                let said = self.info(port).and_then(|info| info.holder.as_ref()) == Some(frontend);
                let says = now.iter().any(|held| held.device.port == **port);
                said != says
            };
            let wrong = ports.iter().filter(disagrees);
            doubts = wrong.map(|port| Scope::Exposed(port.backend.clone(), class.clone())).collect();
        }
        if let Some(attachments) = attachments {
            self.attached.insert(key, attachments);
        }
        Stored { ports, doubts }
    }

    /// Takes over the stored assignments of a frontend.
    pub(super) fn store_assigned(
        &mut self,
        frontend: &QubeName,
        class: &DeviceClass,
        assignments: Vec<Assignment>,
    ) -> Stored {
        self.assigned.insert((class.clone(), frontend.clone()), assignments);
        Stored { ports: self.ports(|port| port.class == *class), doubts: BTreeSet::new() }
    }

    /// Every scope that the mirror needs, given what it knows.
    pub(super) fn wanted(&self) -> BTreeMap<Scope, Urgency> {
        let mut wanted =
            BTreeMap::from([(Scope::Qubes, Urgency::Foundation), (Scope::Classes, Urgency::Foundation)]);
        // Until the classes are known, asking for labels would only hold up the lists of devices.
        for state in self.states.values().filter(|_| !self.classes.is_empty()) {
            self.want_of_qube(state, &mut wanted);
        }
        let exposed = self.exposed.values().flat_map(Exposed::devices);
        let told = exposed.filter_map(|info| Some((info.holder.as_ref()?, &info.port.class)));
        let held = self.attached.values().flatten().map(|held| (&held.frontend, &held.device.port.class));
        for (holder, class) in told.chain(held).filter(|(holder, _)| self.takes_devices(holder)) {
            wanted.entry(Scope::Attached(holder.clone(), class.clone())).or_insert(Urgency::Row);
        }
        for info in self.exposed.values().flat_map(Exposed::devices) {
            for mark in marks_asked_by(info) {
                wanted.insert(Scope::Marked(info.port.backend.clone(), mark), Urgency::Row);
            }
        }
        wanted
    }

    /// What was asked of one qube alone.
    pub(super) fn details(&self, qube: &QubeName) -> Option<QubeDetails> {
        let marks = self.marks.get(qube).cloned().unwrap_or_default();
        self.details.get(qube).map(|details| QubeDetails { marks, ..details.clone() })
    }

    /// Whether asking for `scope` makes sense now: the qube is there and in the state that the question needs.
    pub(super) fn can_be_asked(&self, scope: &Scope) -> bool {
        match scope {
            Scope::Classes | Scope::Qubes => true,
            Scope::Exposed(qube, class) => self.exposes(qube, class),
            Scope::Attached(qube, class) => self.takes_devices(qube) && self.classes.contains(class),
            Scope::Details(qube) => self.states.contains_key(qube),
            Scope::Marked(qube, _) => self.runs(qube),
            Scope::Assigned(qube, class) => {
                tells_assignments(&self.states, qube, class) && self.classes.contains(class)
            }
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
            if !class.names_holder() && self.takes_devices(qube) {
                wanted.insert(Scope::Attached(qube.clone(), class.clone()), Urgency::Holders);
            }
            if tells_assignments(&self.states, qube, class) {
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

    /// The device on `port`, as the facts have it.
    ///
    /// `remembered` = what was shown there last: the rest of a device that was pulled out keeps its name.
    pub(super) fn device(&self, port: &Port, remembered: Option<&Device>) -> Option<Device> {
        let held = self.attachments(port);
        let (info, presence) = match (self.info(port), held.first()) {
            (Some(info), _) => (self.completed(info), Presence::Present),
            (None, Some(rest)) if self.is_known_to_be_gone(port) => {
                (remember(rest, remembered), Presence::Removed)
            }
            (None, _) => return None,
        };
        let mut attachments: BTreeMap<_, _> = held
            .into_iter()
            .map(|attachment| (attachment.frontend.clone(), attachment.options.clone()))
            .collect();
        if let Some(holder) = &info.holder
            && presence == Presence::Present
        {
            attachments.entry(holder.clone()).or_insert_with(Options::new);
        }
        let assignments = self
            .assigned
            .iter()
            .filter(|((class, _), _)| *class == port.class)
            .flat_map(|(_, list)| list)
            .filter(|assignment| assignment.covers(port, &info.id))
            .cloned()
            .collect();
        Some(Device { info, presence, attachments, assignments })
    }

    fn info(&self, port: &Port) -> Option<&DeviceInfo> {
        self.exposed.get(&(port.backend.clone(), port.class.clone()))?.get(&port.id)
    }

    /// The device with what its backend told of its disk before it stopped listing that: unless another stick is on the
    /// disk's port now.
    fn completed(&self, info: &DeviceInfo) -> DeviceInfo {
        let list = |class: &DeviceClass| self.exposed.get(&(info.port.backend.clone(), class.clone()));
        let whole = list(&info.port.class).and_then(|exposed| exposed.whole_of(info));
        let is_other = |whole: &&DeviceInfo| {
            let above = whole.parent.as_ref().and_then(|(class, id)| list(class)?.get(id));
            above.is_some_and(|above| !whole.id.is_part_of(&above.id))
        };
        whole.filter(|whole| !is_other(whole)).map_or_else(|| info.clone(), |whole| part_of(info, whole))
    }

    /// What frontends said they hold of this backend.
    fn held_of<'a>(
        &'a self,
        backend: &'a QubeName,
        class: &'a DeviceClass,
    ) -> impl Iterator<Item = (DeviceRef, QubeName)> + 'a {
        let lists = self.attached.iter().filter(move |((of, _), _)| of == class && class.names_holder());
        lists
            .flat_map(|(_, list)| list)
            .filter(move |attachment| attachment.device.port.backend == *backend)
            .map(|attachment| (attachment.device.clone(), attachment.frontend.clone()))
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

    fn ports(&self, want: impl Fn(&Port) -> bool) -> BTreeSet<Port> {
        let held = self.attached.values().flatten().map(|held| &held.device.port);
        let exposed = self.exposed.values().flat_map(Exposed::devices).map(|info| &info.port);
        held.chain(exposed).filter(|port| want(port)).cloned().collect()
    }
}

/// Whether stored assignments of this qube and class are asked for. Of a qube that is off only PCI matters: it tells
/// which qube would bring the USB devices.
fn tells_assignments(states: &BTreeMap<QubeName, QubeState>, qube: &QubeName, class: &DeviceClass) -> bool {
    !qube.is_dom0()
        && states.get(qube).is_some_and(|qube| {
            qube.class != QubeClass::Remote && (qube.state.is_running() || *class == DeviceClass::Pci)
        })
}

/// The marks that can mean something for this device: only for those they are asked, each costs a call.
fn marks_asked_by(info: &DeviceInfo) -> impl Iterator<Item = Mark> {
    let is_part = info.parent.is_some() && !info.port.class.is_dom0_only();
    let is_camera = info.port.class != DeviceClass::Block && info.categories().contains(&Category::Camera);
    is_part.then_some(Mark::HideChildren).into_iter().chain(is_camera.then_some(Mark::WithMicrophone))
}

/// Whether a backend's list has another device on the port, another holder or none. What it does not list it says nothing of.
fn speaks_against(exposed: &Exposed, held: &Attachment) -> bool {
    exposed.get(&held.device.port.id).is_some_and(|info| {
        !info.id.agrees_with(&held.device.id) || info.holder.as_ref() != Some(&held.frontend)
    })
}

/// Which device is held by whom, as the backend tells.
fn holders(list: &Exposed) -> BTreeSet<(DeviceRef, QubeName)> {
    list.devices().filter_map(|info| Some((info.to_ref(), info.holder.clone()?))).collect()
}

/// What was known of a device that was pulled out, or at least its port and id.
fn remember(rest: &Attachment, known: Option<&Device>) -> DeviceInfo {
    let known = known.map(|device| &device.info).filter(|info| info.id.agrees_with(&rest.device.id)).cloned();
    let unknown = || DeviceInfo::unknown(rest.device.port.clone(), rest.device.id.clone());
    let mut info = known.unwrap_or_else(unknown);
    info.holder = None;
    info
}
