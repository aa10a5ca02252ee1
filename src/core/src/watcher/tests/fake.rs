//! A made-up machine: the truth, what happens to it, what the server tells of it, and what becomes of the telling.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::time::Duration;

use proptest::prelude::*;
use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::assignment::{Attachment, Mode, Options};
use crate::device::DeviceInfo;
use crate::error::{Error, ErrorKind};
use crate::hypervisor::{Action, Hints, Hypervisor, Performed};
use crate::inventory::Inventory;
use crate::machine::{Link, Machine};
use crate::name::{DeviceClass, DeviceId, DeviceRef, Port, PortId, QubeName};
use crate::qube::{PowerState, QubeClass, QubeDetails, QubeState};
use crate::scope::{Hint, Scope, ScopeReply, stale_after};
use crate::wire::event::Event;

const QUBES: [&str; 5] = ["sys-usb", "work", "personal", "vault", "late"];
const PORTS: [&str; 3] = ["2-1", "2-2", "2-3"];

pub(super) fn name(text: &str) -> QubeName {
    QubeName::new(text).unwrap()
}

/// The truth: who runs, what is plugged into sys-usb, who holds it, who has the microphone.
#[derive(Debug, Clone, Default)]
pub(super) struct Truth {
    pub(super) running: BTreeSet<QubeName>,
    pub(super) plugged: BTreeMap<String, (u8, Option<QubeName>)>,
    pub(super) microphone: BTreeSet<QubeName>,
    pub(super) broken: bool,
    /// Scopes that can't be read, and the kind of the answer.
    pub(super) failing: BTreeMap<Scope, ErrorKind>,
}

impl Truth {
    fn read(&self, scope: &Scope) -> Result<ScopeReply, Error> {
        if let Some(kind) = self.failing.get(scope) {
            return Err(Error::new(*kind, "It fails."));
        }
        if let Some(qube) = scope.qube()
            && !qube.is_dom0()
            && !QUBES.contains(&qube.as_str())
        {
            return Err(Error::new(ErrorKind::NotFound, "No such domain"));
        }
        let runs = |qube: &QubeName| qube.is_dom0() || self.running.contains(qube);
        Ok(match scope {
            Scope::Classes => ScopeReply::Classes(vec![DeviceClass::Mic, DeviceClass::Usb]),
            Scope::Qubes => ScopeReply::Qubes(self.qubes()),
            Scope::Details(_) => ScopeReply::Details(QubeDetails::default()),
            Scope::Exposed(qube, DeviceClass::Usb) if self.broken && qube.as_str() == "sys-usb" => {
                return Err(Error::empty_reply());
            }
            Scope::Exposed(qube, class) if runs(qube) => ScopeReply::Exposed(self.exposed(qube, class)),
            Scope::Attached(qube, class) if runs(qube) => ScopeReply::Attached(self.attached(qube, class)),
            Scope::Exposed(..) => ScopeReply::Exposed(Vec::new()),
            Scope::Attached(..) => ScopeReply::Attached(Vec::new()),
            Scope::Assigned(..) => ScopeReply::Assigned(Vec::new()),
            Scope::Marked(..) => ScopeReply::Marked(BTreeSet::new()),
        })
    }

    fn qubes(&self) -> Vec<QubeState> {
        let state = |qube: &str, class, runs| QubeState {
            name: name(qube),
            class,
            state: if runs { PowerState::Running } else { PowerState::Halted },
        };
        let apps = QUBES.map(|qube| state(qube, QubeClass::App, self.running.contains(&name(qube))));
        [state("dom0", QubeClass::Admin, true)].into_iter().chain(apps).collect()
    }

    fn exposed(&self, qube: &QubeName, class: &DeviceClass) -> Vec<DeviceInfo> {
        match (qube.as_str(), class) {
            ("dom0", DeviceClass::Mic) => {
                vec![DeviceInfo::unknown(microphone().port, microphone().id)]
            }
            ("sys-usb", DeviceClass::Usb) => self
                .plugged
                .iter()
                .map(|(port, (id, holder))| {
                    let device = usb(port, *id);
                    let mut info = DeviceInfo::unknown(device.port, device.id);
                    info.holder.clone_from(holder);
                    info
                })
                .collect(),
            _ => Vec::new(),
        }
    }

    fn attached(&self, qube: &QubeName, class: &DeviceClass) -> Vec<Attachment> {
        let attachment = |device| Attachment {
            device,
            frontend: qube.clone(),
            mode: Mode::Manual,
            options: Options::from_iter([("seen", "yes")]),
        };
        match class {
            DeviceClass::Mic if self.microphone.contains(qube) => vec![attachment(microphone())],
            DeviceClass::Usb if self.running.contains(&name("sys-usb")) => self
                .plugged
                .iter()
                .filter(|(_, (_, holder))| holder.as_ref() == Some(qube))
                .map(|(port, (id, _))| attachment(usb(port, *id)))
                .collect(),
            _ => Vec::new(),
        }
    }

    /// What the mirror has to show: everything read at once, with nothing in between.
    pub(super) fn machine(&self) -> Machine {
        let mut inventory = Inventory::default();
        let mut settled = Machine::default();
        loop {
            for scope in inventory.wanted().into_keys() {
                match self.read(&scope) {
                    Ok(reply) => inventory.replace(&scope, reply),
                    Err(error) => inventory.mark_unreadable(&scope, (&error).into()),
                };
            }
            if *inventory.machine() == settled {
                settled.link = Link::Live;
                return settled;
            }
            settled = inventory.machine().clone();
        }
    }
}

pub(super) fn usb(port: &str, id: u8) -> DeviceRef {
    let port = Port::new(name("sys-usb"), DeviceClass::Usb, PortId::new(port).unwrap());
    DeviceRef { port, id: DeviceId::new(&format!("id{id}")).unwrap() }
}

pub(super) fn microphone() -> DeviceRef {
    let port = Port::new(QubeName::dom0(), DeviceClass::Mic, PortId::new("mic").unwrap());
    DeviceRef { port, id: DeviceId::new("dom0:mic").unwrap() }
}

/// Something that happens, and the events the server tells of it.
#[derive(Debug, Clone)]
pub(super) enum Happening {
    Plug(usize, u8),
    Unplug(usize),
    Attach(usize, usize),
    Detach(usize),
    Microphone(usize),
    Power(usize),
    Break,
}

impl Happening {
    pub(super) fn any() -> impl Strategy<Value = Self> {
        let (port, qube) = (0..PORTS.len(), 0..QUBES.len());
        prop_oneof![
            (port.clone(), any::<u8>()).prop_map(|(port, id)| Self::Plug(port, id)),
            port.clone().prop_map(Self::Unplug),
            (port.clone(), qube.clone()).prop_map(|(port, qube)| Self::Attach(port, qube)),
            port.prop_map(Self::Detach),
            qube.clone().prop_map(Self::Microphone),
            qube.prop_map(Self::Power),
            Just(Self::Break),
        ]
    }

    fn happen(&self, truth: &mut Truth) -> Vec<Event> {
        match *self {
            Self::Plug(port, id) => {
                let port = PORTS[port];
                truth.plugged.insert(port.to_owned(), (id, None));
                vec![event("sys-usb", "device-added:usb", "device", &format!("sys-usb:{port}:id{id}"))]
            }
            Self::Unplug(port) => {
                let port = PORTS[port];
                let gone = truth.plugged.remove(port);
                let mut events =
                    vec![event("sys-usb", "device-removed:usb", "port", &format!("sys-usb:{port}"))];
                if let Some((_, Some(holder))) = gone {
                    events.push(event(
                        holder.as_str(),
                        "device-detach:usb",
                        "port",
                        &format!("sys-usb:{port}"),
                    ));
                }
                events
            }
            Self::Attach(port, qube) => {
                let (port, qube) = (PORTS[port], name(QUBES[qube]));
                let able = truth.running.contains(&qube) && qube.as_str() != "sys-usb";
                match truth.plugged.get_mut(port).filter(|(_, holder)| able && holder.is_none()) {
                    None => Vec::new(),
                    Some((_, holder)) => {
                        *holder = Some(qube.clone());
                        vec![event(
                            qube.as_str(),
                            "device-attach:usb",
                            "device",
                            &format!("sys-usb:{port}:x"),
                        )]
                    }
                }
            }
            Self::Detach(port) => {
                let port = PORTS[port];
                match truth.plugged.get_mut(port).and_then(|(_, holder)| holder.take()) {
                    None => Vec::new(),
                    Some(qube) => {
                        vec![event(qube.as_str(), "device-detach:usb", "port", &format!("sys-usb:{port}"))]
                    }
                }
            }
            Self::Microphone(qube) => {
                let qube = name(QUBES[qube]);
                let verb = if !truth.running.contains(&qube) {
                    return Vec::new();
                } else if truth.microphone.remove(&qube) {
                    "device-detach:mic"
                } else {
                    truth.microphone.insert(qube.clone());
                    "device-attach:mic"
                };
                vec![event(qube.as_str(), verb, "device", "dom0:mic:dom0:mic")]
            }
            Self::Power(qube) => {
                let qube = name(QUBES[qube]);
                if !truth.running.remove(&qube) {
                    truth.running.insert(qube.clone());
                    return vec![event(qube.as_str(), "domain-start", "start_guid", "True")];
                }
                truth.microphone.remove(&qube);
                let all = qube.as_str() == "sys-usb";
                for (_, holder) in truth.plugged.values_mut() {
                    if all || holder.as_ref() == Some(&qube) {
                        *holder = None;
                    }
                }
                // Of the devices it held nothing is said: a kill looks like this.
                vec![event(qube.as_str(), "domain-shutdown", "", "")]
            }
            Self::Break => {
                truth.broken = !truth.broken;
                vec![event("sys-usb", "device-list-change:usb", "", "")]
            }
        }
    }
}

pub(super) fn event(subject: &str, name: &str, key: &str, value: &str) -> Event {
    let pairs = if key.is_empty() { Vec::new() } else { vec![(key.to_owned(), value.to_owned())] };
    Event { subject: subject.to_owned(), name: name.to_owned(), pairs }
}

/// What becomes of the events of one happening on their way.
#[derive(Debug, Clone, Copy)]
pub(super) enum Fate {
    Told,
    Lost,
    Doubled,
    HeldBack,
    Restart,
}

impl Fate {
    pub(super) fn any() -> impl Strategy<Value = Self> {
        prop_oneof![
            3 => Just(Self::Told),
            1 => Just(Self::Lost),
            1 => Just(Self::Doubled),
            1 => Just(Self::HeldBack),
            1 => Just(Self::Restart)
        ]
    }
}

#[derive(Default)]
pub(super) struct Server {
    pub(super) truth: Truth,
    pub(super) up: bool,
    pub(super) streams: Vec<mpsc::UnboundedSender<Vec<Hint>>>,
    pub(super) held_back: Vec<Event>,
    pub(super) reads: usize,
    /// The reply of this scope is under way for so much longer.
    pub(super) late: Option<(Scope, Duration)>,
}

impl Server {
    pub(super) fn tell(&mut self, events: &[Event]) {
        for event in events {
            let hints = stale_after(event);
            self.streams.retain(|stream| stream.send(hints.clone()).is_ok());
        }
    }

    pub(super) fn let_happen(&mut self, happening: &Happening, fate: Fate) {
        let events = happening.happen(&mut self.truth);
        match fate {
            Fate::Told => {
                self.tell(&events);
                let late = std::mem::take(&mut self.held_back);
                self.tell(&late);
            }
            Fate::Lost => {}
            Fate::Doubled => {
                self.tell(&events);
                self.tell(&events);
            }
            Fate::HeldBack => self.held_back.splice(0..0, events).for_each(drop),
            Fate::Restart => {
                self.up = !self.up;
                self.streams.clear();
            }
        }
    }
}

/// A hypervisor whose truth a test changes.
pub(super) struct FakeHypervisor(pub(super) Mutex<Server>);

pub(super) struct FakeHints(mpsc::UnboundedReceiver<Vec<Hint>>);

impl Hints for FakeHints {
    async fn next(&mut self) -> Result<Vec<Hint>, Error> {
        self.0.recv().await.ok_or_else(|| Error::new(ErrorKind::Unreachable, "closed"))
    }
}

impl Hypervisor for FakeHypervisor {
    type Hints = FakeHints;

    async fn read(&self, scope: &Scope) -> Result<ScopeReply, Error> {
        tokio::time::sleep_until(Instant::now() + Duration::from_millis(3)).await;
        // The reply is true at this instant and arrives later.
        let (reply, late) = {
            let mut server = self.0.lock().unwrap();
            server.reads += 1;
            let unreachable = || Err(Error::new(ErrorKind::Unreachable, "down"));
            let reply = if server.up { server.truth.read(scope) } else { unreachable() };
            let late = server.late.as_ref().filter(|(late, _)| late == scope).map(|(_, by)| *by);
            (reply, late.unwrap_or_default())
        };
        tokio::time::sleep_until(Instant::now() + Duration::from_millis(2) + late).await;
        reply
    }

    async fn subscribe(&self) -> Result<FakeHints, Error> {
        let mut server = self.0.lock().unwrap();
        if !server.up {
            return Err(Error::new(ErrorKind::Unreachable, "down"));
        }
        let (sender, receiver) = mpsc::unbounded_channel();
        server.streams.push(sender);
        Ok(FakeHints(receiver))
    }

    async fn perform(&self, _: &Action) -> Result<Performed, Error> {
        Err(Error::new(ErrorKind::Unsupported, "this test commands nothing"))
    }
}
