//! The whole simulated machine. One value, changed by one call at a time.
//!
//! Calls (`api`), hot-plug (`hotplug`), power (`power`) and the control language change it and push events into its
//! hub; nothing here waits. What takes time on a real machine (a person who is asked, an injected latency) is done by
//! `server`, between two changes.

use std::collections::BTreeMap;

use device_core::assignment::Mode;
use device_core::name::QubeName;
use device_core::qube::PowerState;

use crate::agent::Desk;
use crate::class::{Class, plain_pci_port};
use crate::events::{Hub, Older, event, older};
use crate::fault::Faults;
use crate::hardware::Hardware;
use crate::later::Left;
use crate::pace::Pace;
use crate::qube::{Qube, Stored};
use crate::reads::Reads;
use crate::refusal::{Protocol, Refusal};
use crate::store::Store;
use crate::world::GadgetEntry;

/// What the last hot-plug pass saw of one backend and class: port → who had it.
pub(crate) type Seen = BTreeMap<String, Option<QubeName>>;

/// The machine.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) protocol: Protocol,
    /// Whether the defects of the real server that lose data are played too.
    pub(crate) has_quirks: bool,
    pub(crate) world: String,
    /// Whether the hypervisor is as pretended as the one under the recorded server: it forgets devices of a backend
    /// that stops, leaves them with a frontend that stops, and gives one PCI function to two qubes.
    pub(crate) is_recorded: bool,
    pub(crate) defaults: BTreeMap<String, String>,
    pub(crate) qubes: BTreeMap<QubeName, Qube>,
    pub(crate) hardware: Hardware,
    pub(crate) seen: BTreeMap<(QubeName, Class), Seen>,
    pub(crate) gadgets: Vec<GadgetEntry>,
    pub(crate) hub: Hub,
    pub(crate) faults: Faults,
    pub(crate) pace: Pace,
    /// What the change at hand leaves to be done; whoever makes it takes it along.
    pub(crate) left: Left,
    /// What is known of questions to a person.
    pub(crate) desk: Desk,
    /// Refused assignments that are listed all the same until the server restarts, or stores them with others.
    pub(crate) unsaved: Vec<(QubeName, Stored)>,
    pub(crate) reads: Reads,
    /// Grows with everything that may have changed something that lasts.
    pub(crate) changes: u64,
    pub(crate) store: Option<Store>,
    pub(crate) next_qid: u32,
    pub(crate) next_xid: u32,
    pub(crate) next_disposable: u32,
}

impl State {
    /// A machine with nothing but dom0.
    pub(crate) fn new(world: String) -> Self {
        let mut dom0 = Qube::new(
            QubeName::dom0(),
            device_core::qube::QubeClass::Admin,
            0,
            "00000000-0000-0000-0000-000000000000".to_owned(),
        );
        dom0.power = PowerState::Running;
        dom0.xid = Some(0);
        dom0.properties.insert("label".to_owned(), "black".to_owned());
        Self {
            protocol: Protocol::default(),
            has_quirks: false,
            world,
            is_recorded: false,
            defaults: BTreeMap::new(),
            qubes: BTreeMap::from([(QubeName::dom0(), dom0)]),
            hardware: Hardware::default(),
            seen: BTreeMap::new(),
            gadgets: Vec::new(),
            hub: Hub::default(),
            faults: Faults::default(),
            pace: Pace::default(),
            left: Left::default(),
            desk: Desk::default(),
            unsaved: Vec::new(),
            reads: Reads::default(),
            changes: 0,
            store: None,
            next_qid: 1,
            next_xid: 1,
            next_disposable: 1001,
        }
    }

    /// Speaks as that version of the server does from here on. What R4.2 can't say of assignments is forgotten: it
    /// knows only persistent attachments of a port.
    pub(crate) fn speak(&mut self, protocol: Protocol) {
        self.protocol = protocol;
        self.reads.forget();
        if !protocol.is_older() {
            return;
        }
        for qube in self.qubes.values_mut() {
            qube.assignments.retain_mut(|stored| {
                let pci = &self.hardware.pci;
                if stored.class == Class::Pci
                    && let Some(port) = stored.port.as_mut()
                    && let Some((address, _)) = pci.iter().find(|(_, function)| function.port == *port)
                {
                    *port = plain_pci_port(address);
                }
                stored.device = None;
                stored.port.is_some() && stored.mode == Mode::Required
            });
        }
    }

    /// Forgets what the real server keeps in memory only, and has the sockets closed for a while. Nothing that happens
    /// meanwhile is told to anybody.
    pub(crate) fn restart(&mut self, pause: std::time::Duration) {
        self.hub.drop_all();
        self.desk.forget();
        for (name, refused) in std::mem::take(&mut self.unsaved) {
            if let Some(qube) = self.qubes.get_mut(&name) {
                qube.assignments.retain(|stored| *stored != refused);
            }
        }
        self.faults.restart(pause);
    }

    /// Writes to the disk what lasts, if it is to last and has changed.
    pub(crate) fn keep(&mut self) {
        let Some(mut store) = self.store.take() else {
            return;
        };
        if let Err(error) = store.keep(self) {
            tracing::error!(%error, "the state could not be stored; it will be tried again with the next change");
        }
        self.store = Some(store);
    }

    /// The qube of that name.
    pub(crate) fn qube(&self, name: &QubeName) -> Option<&Qube> {
        self.qubes.get(name)
    }

    /// The qube of that name, or the exception that there is none.
    pub(crate) fn known(&self, name: &QubeName) -> Result<&Qube, Refusal> {
        self.qube(name).ok_or_else(|| no_such_qube(name.as_str()))
    }

    /// The qube of that name to change, or the exception that there is none.
    pub(crate) fn known_mut(&mut self, name: &QubeName) -> Result<&mut Qube, Refusal> {
        self.qubes.get_mut(name).ok_or_else(|| no_such_qube(name.as_str()))
    }

    /// Whether the qube of that name exists and runs.
    pub(crate) fn is_running(&self, name: &QubeName) -> bool {
        self.qube(name).is_some_and(Qube::is_running)
    }

    /// dom0 first, then by name in byte order.
    pub(crate) fn in_list_order(&self) -> impl Iterator<Item = &Qube> {
        let dom0 = self.qubes.get(&QubeName::dom0());
        dom0.into_iter().chain(self.qubes.values().filter(|qube| !qube.name.is_dom0()))
    }

    /// Tells of something that happened to `subject`.
    pub(crate) fn emit(&mut self, subject: &QubeName, name: &str, pairs: &[(&str, &str)]) {
        self.changes += 1;
        let told = match self.protocol {
            Protocol::R40 | Protocol::R42 => older(name, pairs),
            Protocol::R43 | Protocol::R44 => Older::Same,
        };
        match told {
            Older::Same => self.hub.emit(event(subject.as_str(), name, pairs)),
            Older::Unknown => {}
            Older::Pairs(pairs) => {
                let pairs: Vec<(&str, &str)> = pairs.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
                self.hub.emit(event(subject.as_str(), name, &pairs));
            }
        }
    }

    /// Tells of something that happened to the whole machine.
    pub(crate) fn emit_global(&mut self, name: &str, pairs: &[(&str, &str)]) {
        self.changes += 1;
        self.hub.emit(event("", name, pairs));
    }

    /// The device classes this machine has, in the order the real server happened to list them.
    pub(crate) fn classes(&self) -> impl Iterator<Item = Class> {
        let has_microphone = self.hardware.has_microphone;
        let has_webcam = self.hardware.has_webcam_class && !self.protocol.is_older();
        [Class::Pci, Class::Block, Class::Mic, Class::Usb, Class::Webcam].into_iter().filter(move |class| {
            match class {
                Class::Mic => has_microphone,
                Class::Webcam => has_webcam,
                Class::Block | Class::Pci | Class::Usb => true,
            }
        })
    }
}

/// The exception for a name that no qube has.
pub(crate) fn no_such_qube(name: &str) -> Refusal {
    Refusal::exception("QubesVMNotFoundError", format!("No such domain: '{name}'"))
}
