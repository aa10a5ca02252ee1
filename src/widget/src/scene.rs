//! Everything the faces are computed from, as one value.
//!
//! [`crate::link`] is its only writer: it fills in what the service tells and what is under way.
//! Menu, tray and notifications are functions of it and keep no copy of their own.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use device_bus::manager::Source;
use device_core::assignment::Options;
use device_core::device::{Device, SharedDevice};
use device_core::machine::{Link, Machine};
use device_core::mark::Mark;
use device_core::name::{DeviceRef, Port, QubeName};
use device_core::qube::{Qube, QubeClass};
use device_core::shared::Shared;

use crate::naming;
use crate::preferences::{Preference, Preferences};
use crate::recent::Recent;

/// How long a device counts as new after it was plugged in.
pub(crate) const NEW_FOR: Duration = Duration::from_mins(2);
/// After how long a pending command can be given up.
pub(crate) const GIVE_UP_AFTER: Duration = Duration::from_secs(5);

/// What a person wants done; the service carries it out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Command {
    /// Attach a device that is free (or the microphone, which may be in several qubes).
    Attach(DeviceRef, QubeName, Options),
    /// Attach it to a disposable that is made for it.
    AttachToNewDisposable(DeviceRef, QubeName, Options),
    /// Detach it from this qube.
    Detach(DeviceRef, QubeName),
    /// Detach it where it is and attach it here.
    Move(DeviceRef, QubeName, Options),
    /// Detach it where it is and attach it to a disposable that is made for it.
    MoveToNewDisposable(DeviceRef, QubeName, Options),
    /// Shut this qube down, which is disposable and had the device.
    ShutDown(DeviceRef, QubeName),
    /// Start a qube.
    StartQube(QubeName),
    /// Put a mark on a device, or take it away.
    SetMark(DeviceRef, Mark, bool),
}

impl Command {
    /// The port whose row shows how the command fares; `None` = the row of the qube.
    pub(crate) fn port(&self) -> Option<&Port> {
        self.device().map(|device| &device.port)
    }

    /// The device it is about, as the person saw it.
    pub(crate) fn device(&self) -> Option<&DeviceRef> {
        match self {
            Self::Attach(device, ..)
            | Self::AttachToNewDisposable(device, ..)
            | Self::Detach(device, _)
            | Self::Move(device, ..)
            | Self::MoveToNewDisposable(device, ..)
            | Self::ShutDown(device, _)
            | Self::SetMark(device, ..) => Some(device),
            Self::StartQube(_) => None,
        }
    }

    /// The qube (or disposable template, or backend) it is about.
    pub(crate) fn qube(&self) -> &QubeName {
        match self {
            Self::Attach(_, qube, _)
            | Self::AttachToNewDisposable(_, qube, _)
            | Self::Detach(_, qube)
            | Self::Move(_, qube, _)
            | Self::MoveToNewDisposable(_, qube, _)
            | Self::ShutDown(_, qube)
            | Self::StartQube(qube) => qube,
            Self::SetMark(device, ..) => &device.port.backend,
        }
    }
}

/// Names one command that is under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Ticket(pub(crate) u64);

/// A command whose reply has not come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pending {
    pub(crate) ticket: Ticket,
    pub(crate) command: Command,
    pub(crate) since: Instant,
}

/// A command that failed, until the person hides it or tries again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failure {
    pub(crate) command: Command,
    /// Why, as [`mod@crate::reason`] has it.
    pub(crate) reason: String,
}

/// What a face asks of [`crate::link`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Wish {
    /// Have this done.
    Do(Command),
    /// Have the first done, and the second once that is done.
    Both(Command, Command),
    /// Stop waiting for it; the outcome shows in the mirror if it comes.
    GiveUp(Ticket),
    /// Hide the failure of this command.
    Dismiss(Command),
    /// Have one thing otherwise from now on.
    Prefer(Preference),
    /// This is preferred now; only the keeper of preferences says so.
    Preferred(Box<Preferences>),
    /// Open the window of preferences, at this device when there is one.
    Settings(Option<DeviceRef>),
    /// Open the system's own window for rules of automatic attachment.
    Configure,
}

/// The whole picture. The faces get a clone after each change, so what can be much is shared by all clones.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Scene {
    /// Qubes, devices, and how far they can be trusted.
    pub(crate) machine: Machine,
    /// Where the service gets it from.
    pub(crate) source: Source,
    /// When the service saw each device come; without those that were there before it.
    pub(crate) plugged_in: Shared<BTreeMap<Port, Instant>>,
    /// Commands under way, oldest first.
    pub(crate) pending: Vec<Pending>,
    /// The last failure of each device and qube.
    pub(crate) failures: Vec<Failure>,
    /// Where devices were used last.
    pub(crate) recent: Shared<Recent>,
    /// What the person prefers.
    pub(crate) preferences: Shared<Preferences>,
    /// Whether the system has a window for rules of automatic attachment.
    pub(crate) can_configure: bool,
}

impl Scene {
    /// Whether what is shown is true now, so that acting on it makes sense.
    pub(crate) fn is_live(&self) -> bool {
        self.machine.link == Link::Live
    }

    /// The simulated world, when this is no real machine.
    pub(crate) fn simulated_world(&self) -> Option<&str> {
        match &self.source {
            Source::Qubesd => None,
            Source::Simulator(world) => Some(world.as_str()),
        }
    }

    /// The command under way for this device.
    pub(crate) fn pending_at(&self, port: &Port) -> Option<&Pending> {
        self.pending.iter().find(|pending| pending.command.port() == Some(port))
    }

    /// The failure to show at this device.
    pub(crate) fn failure_at(&self, port: &Port) -> Option<&Failure> {
        self.failures.iter().find(|failure| failure.command.port() == Some(port))
    }

    /// Until when the device counts as new; `None` when it does not at `now`.
    pub(crate) fn new_until(&self, port: &Port, now: Instant) -> Option<Instant> {
        let until = *self.plugged_in.get(port)? + NEW_FOR;
        (until > now).then_some(until)
    }

    /// What the device is called: the person's own name first, then what it says itself.
    pub(crate) fn name_of(&self, device: &Device) -> String {
        naming::called(&self.preferences, &device.info)
    }

    /// Whether the menu leaves the device out. What is attached, or has something to tell, is never left out.
    pub(crate) fn is_hidden(&self, device: &Device) -> bool {
        self.preferences.hides(&device.info.to_ref())
            && !device.is_attached()
            && self.pending_at(device.port()).is_none()
            && self.failure_at(device.port()).is_none()
    }

    /// Whether the device carries this mark.
    pub(crate) fn is_marked(&self, device: &Device, mark: Mark) -> bool {
        let backend = self.machine.qubes.get(&device.port().backend);
        let details = backend.and_then(|qube| qube.details.as_ref());
        details.is_some_and(|details| details.marks.has(mark, &device.info.to_ref()))
    }

    /// Whether the qube is offered as a place for devices.
    pub(crate) fn offers(&self, qube: &Qube) -> bool {
        let may_hold = qube.is_running() && !matches!(qube.class, QubeClass::Admin | QubeClass::Remote);
        qube.is_target() || (self.preferences.shows_internal && may_hold && qube.details.is_some())
    }

    /// The device as it was seen: same port, and an id that can be its.
    pub(crate) fn device(&self, seen: &DeviceRef) -> Option<&SharedDevice> {
        self.machine.devices.get(&seen.port).filter(|device| device.info.id.agrees_with(&seen.id))
    }
}
