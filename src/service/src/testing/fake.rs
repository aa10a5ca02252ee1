//! A hypervisor for tests: a stick and two disks at sys-usb, a handful of qubes, and ways to misbehave.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use device_bus::manager::Source;
use device_core::assignment::{Assignment, Attachment, Mode, Options};
use device_core::device::DeviceInfo;
use device_core::error::{Error, ErrorKind};
use device_core::hypervisor::{Action, Hints, Hypervisor, Performed};
use device_core::interface::Interface;
use device_core::mark::Mark;
use device_core::name::{DeviceClass, DeviceId, DeviceRef, Port, PortId, QubeName};
use device_core::qube::{Label, PowerState, QubeClass, QubeDetails, QubeState};
use device_core::scope::{Hint, Scope, ScopeReply};
use tokio::sync::watch;

use crate::upstream::Upstream;

/// The fake; clones are the same machine.
#[derive(Clone)]
pub(crate) struct Fake {
    world: Arc<Mutex<World>>,
    /// Grows at each change: the hint. What is subscribed to ends when it goes down.
    moment: watch::Sender<u64>,
    is_up: watch::Sender<bool>,
    /// Attaches wait while this is false.
    may_attach: watch::Sender<bool>,
}

struct World {
    devices: Vec<DeviceInfo>,
    running: BTreeSet<QubeName>,
    assignments: Vec<Assignment>,
    marked: BTreeSet<(DeviceRef, Mark)>,
    source: Source,
    tells_source: bool,
    reads: usize,
    /// What becomes of the next change, whose reply is cut.
    cut_next: Option<Cut>,
}

/// What becomes of a change whose reply is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cut {
    /// It is made.
    Behind,
    /// It is not made.
    Before,
}

/// The qube of this name.
pub(crate) fn name(text: &str) -> QubeName {
    QubeName::new(text).unwrap()
}

/// The stick on port 2-1.
pub(crate) fn stick() -> DeviceRef {
    device(DeviceClass::Usb, "2-1", "0781:5567:4C53:u080650")
}

/// A disk at sys-usb.
pub(crate) fn disk(port: &str) -> DeviceRef {
    device(DeviceClass::Block, port, &format!("{port}::b******"))
}

fn device(class: DeviceClass, port: &str, id: &str) -> DeviceRef {
    let port = Port::new(name("sys-usb"), class, PortId::new(port).unwrap());
    DeviceRef { port, id: DeviceId::new(id).unwrap() }
}

impl Fake {
    /// The machine of most tests; everything works.
    pub(crate) fn new() -> Self {
        let mut devices: Vec<_> = [stick(), disk("sda"), disk("sdb")].into_iter().map(info).collect();
        devices[0].names.product = Some("Cruzer <b>%s</b>".into());
        let world = World {
            devices,
            running: ["dom0", "sys-usb", "work", "personal"].map(name).into(),
            assignments: Vec::new(),
            marked: BTreeSet::new(),
            source: Source::Qubesd,
            tells_source: true,
            reads: 0,
            cut_next: None,
        };
        Self {
            world: Arc::new(Mutex::new(world)),
            moment: watch::Sender::new(0),
            is_up: watch::Sender::new(true),
            may_attach: watch::Sender::new(true),
        }
    }

    /// Plugs a device in.
    pub(crate) fn plug(&self, device: DeviceRef) {
        self.change(|world| world.devices.push(info(device)));
    }

    /// Pulls out what is on this port.
    pub(crate) fn unplug(&self, port: &Port) {
        self.change(|world| world.devices.retain(|info| info.port != *port));
    }

    /// Puts another device on the port of `device`, and the event that tells of it is lost.
    pub(crate) fn swap_unheard(&self, device: DeviceRef) {
        let mut world = self.world.lock().unwrap();
        world.devices.retain(|info| info.port != device.port);
        world.devices.push(info(device));
    }

    /// Pulls out what is on this port, and the event that tells of it is lost.
    pub(crate) fn unplug_unheard(&self, port: &Port) {
        self.world.lock().unwrap().devices.retain(|info| info.port != *port);
    }

    /// Goes down or comes up again.
    pub(crate) fn set_up(&self, is_up: bool) {
        self.is_up.send_replace(is_up);
    }

    /// Holds attaches back, or lets them go on.
    pub(crate) fn let_attach(&self, may_attach: bool) {
        self.may_attach.send_replace(may_attach);
    }

    /// Cuts the reply to the next change.
    pub(crate) fn cut_next(&self, cut: Cut) {
        self.world.lock().unwrap().cut_next = Some(cut);
    }

    /// Is from now on something else.
    pub(crate) fn set_source(&self, source: Source) {
        self.change(|world| world.source = source);
    }

    /// Tells from now on what it is, or does not answer that question.
    pub(crate) fn tell_source(&self, tells_source: bool) {
        self.world.lock().unwrap().tells_source = tells_source;
    }

    /// What is stored.
    pub(crate) fn assignments(&self) -> Vec<Assignment> {
        self.world.lock().unwrap().assignments.clone()
    }

    /// How often something was read.
    pub(crate) fn reads(&self) -> usize {
        self.world.lock().unwrap().reads
    }

    fn change<T>(&self, change: impl FnOnce(&mut World) -> T) -> T {
        let result = change(&mut self.world.lock().unwrap());
        self.moment.send_modify(|moment| *moment += 1);
        result
    }

    fn attach(&self, device: &DeviceRef, frontend: &QubeName) -> Result<Performed, Error> {
        self.change(|world| {
            let info = world.devices.iter_mut().find(|info| info.to_ref() == *device).unwrap();
            // The one who never gets anything: for what happens when an attach fails.
            if frontend.as_str() == "personal" && info.port.id.as_str() == "sdb" {
                return Err(Error::new(ErrorKind::Refused, "No space\0left."));
            }
            info.holder = Some(frontend.clone());
            Ok(Performed::Done)
        })
    }
}

fn info(device: DeviceRef) -> DeviceInfo {
    let code = if device.port.class == DeviceClass::Usb { "u080650" } else { "b******" };
    let mut info = DeviceInfo::unknown(device.port, device.id);
    info.interfaces = vec![Interface::new(code).unwrap()];
    info
}

impl World {
    fn read(&self, scope: &Scope) -> ScopeReply {
        match scope {
            Scope::Classes => ScopeReply::Classes(vec![DeviceClass::Block, DeviceClass::Usb]),
            Scope::Qubes => ScopeReply::Qubes(self.qubes()),
            Scope::Exposed(backend, class) => {
                let here = |info: &&DeviceInfo| info.port.backend == *backend && info.port.class == *class;
                ScopeReply::Exposed(self.devices.iter().filter(here).cloned().collect())
            }
            Scope::Attached(frontend, class) => {
                let here =
                    |info: &&DeviceInfo| info.holder.as_ref() == Some(frontend) && info.port.class == *class;
                let attachment = |info: &DeviceInfo| Attachment {
                    device: info.to_ref(),
                    frontend: frontend.clone(),
                    mode: Mode::Manual,
                    options: Options::new(),
                };
                ScopeReply::Attached(self.devices.iter().filter(here).map(attachment).collect())
            }
            Scope::Details(_) => ScopeReply::Details(QubeDetails {
                label: Some(Label { name: "red".into(), colour: 0x00cc_0000 }),
                ..QubeDetails::default()
            }),
            Scope::Marked(backend, mark) => {
                let here =
                    self.marked.iter().filter(|(device, of)| device.port.backend == *backend && of == mark);
                ScopeReply::Marked(here.map(|(device, _)| device.clone()).collect())
            }
            Scope::Assigned(frontend, class) => {
                let here = |stored: &&Assignment| stored.frontend == *frontend && stored.class == *class;
                ScopeReply::Assigned(self.assignments.iter().filter(here).cloned().collect())
            }
        }
    }

    fn qubes(&self) -> Vec<QubeState> {
        let all: BTreeSet<_> =
            self.running.iter().cloned().chain(["work", "personal", "vault"].map(name)).collect();
        let state = |name: QubeName| QubeState {
            class: if name.is_dom0() { QubeClass::Admin } else { QubeClass::App },
            state: if self.running.contains(&name) { PowerState::Running } else { PowerState::Halted },
            name,
        };
        all.into_iter().map(state).collect()
    }
}

impl Hypervisor for Fake {
    type Hints = FakeHints;

    async fn read(&self, scope: &Scope) -> Result<ScopeReply, Error> {
        if !*self.is_up.borrow() {
            return Err(away());
        }
        let mut world = self.world.lock().unwrap();
        world.reads += 1;
        Ok(world.read(scope))
    }

    async fn subscribe(&self) -> Result<FakeHints, Error> {
        if *self.is_up.borrow() {
            Ok(FakeHints { moment: self.moment.subscribe(), is_up: self.is_up.subscribe() })
        } else {
            Err(away())
        }
    }

    async fn perform(&self, action: &Action) -> Result<Performed, Error> {
        let cut = self.world.lock().unwrap().cut_next.take();
        if cut != Some(Cut::Before) {
            let outcome = self.carry_out(action).await;
            if cut.is_none() {
                return outcome;
            }
        }
        Err(Error::new(ErrorKind::Malformed, "The reply was cut."))
    }
}

impl Fake {
    async fn carry_out(&self, action: &Action) -> Result<Performed, Error> {
        match action {
            Action::Attach { device, frontend, .. } => {
                let _ = self.may_attach.subscribe().wait_for(|may| *may).await;
                self.attach(device, frontend)
            }
            Action::Detach { device, .. } => Ok(self.change(|world| {
                let info = world.devices.iter_mut().find(|info| info.to_ref() == *device).unwrap();
                info.holder = None;
                Performed::Done
            })),
            Action::Assign(assignment) => Ok(self.change(|world| {
                world.assignments.push(assignment.clone());
                Performed::Done
            })),
            Action::Unassign(assignment) => Ok(self.change(|world| {
                world.assignments.retain(|stored| stored != assignment);
                Performed::Done
            })),
            Action::Mark { device, mark, is_set } => Ok(self.change(|world| {
                let marked = (device.clone(), *mark);
                if *is_set {
                    world.marked.insert(marked)
                } else {
                    world.marked.remove(&marked)
                };
                Performed::Done
            })),
            Action::Start(qube) => Ok(self.change(|world| {
                world.running.insert(qube.clone());
                Performed::Done
            })),
            Action::Shutdown(qube) | Action::Discard(qube) => Ok(self.change(|world| {
                world.running.remove(qube);
                Performed::Done
            })),
            Action::CreateDisposable(_) => Ok(Performed::Created(name("disp7"))),
            Action::SetMode(..) => Err(Error::new(ErrorKind::Unsupported, "Nobody asks for this.")),
        }
    }
}

impl Upstream for Fake {
    async fn source(&self) -> Result<Source, Error> {
        let world = self.world.lock().unwrap();
        if *self.is_up.borrow() && world.tells_source { Ok(world.source.clone()) } else { Err(away()) }
    }
}

/// Hints that everything may have changed, whenever something did.
pub(crate) struct FakeHints {
    moment: watch::Receiver<u64>,
    is_up: watch::Receiver<bool>,
}

impl Hints for FakeHints {
    async fn next(&mut self) -> Result<Vec<Hint>, Error> {
        tokio::select! {
            _ = self.moment.changed() => Ok(vec![Hint::Everything]),
            _ = self.is_up.wait_for(|is_up| !is_up) => Err(away()),
        }
    }
}

fn away() -> Error {
    Error::new(ErrorKind::Unreachable, "The fake is away.")
}
