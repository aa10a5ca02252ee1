//! The words of each notification. Pure.

use std::collections::BTreeSet;

use device_core::device::Device;
use device_core::interface::Category;
use device_core::machine::Machine;
use device_core::name::{DeviceClass, DeviceRef, Port, QubeName};

use super::loss::Loss;
use crate::likely::likely_target;
use crate::menu::device_row::icon;
use crate::naming;
use crate::preferences::Notices;
use crate::scene::{Command, Failure, Scene};
use crate::strings;

/// Longest name in a summary, in characters: daemons show one line of it and cut the end, where it says what happened.
const NAME_MAX: usize = 40;

/// One notification. All of it is plain text; `send` escapes what the daemon would read as markup.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Notice {
    pub(crate) summary: String,
    pub(crate) body: String,
    pub(crate) icon: &'static str,
    pub(crate) buttons: Vec<Button>,
    /// Stays until the person takes it away.
    pub(crate) is_urgent: bool,
    /// Something failed or was lost, or the person is asked.
    pub(crate) is_important: bool,
}

impl Notice {
    /// Whether a person who prefers so is told this.
    pub(crate) fn is_wanted(&self, notices: Notices) -> bool {
        match notices {
            Notices::All => true,
            Notices::Important => self.is_important,
            Notices::None => false,
        }
    }
}

/// A button of a notification.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Button {
    /// Has this done.
    Do(String, Command),
    /// Opens the menu, at this device when there is one.
    Choose(Option<DeviceRef>),
    /// Brings the questions to the front.
    Answer,
}

impl Button {
    /// What stands on it.
    pub(crate) fn label(&self) -> String {
        match self {
            Self::Do(label, _) => label.clone(),
            Self::Choose(_) => strings::button_choose(),
            Self::Answer => strings::button_answer(),
        }
    }
}

pub(super) fn available(scene: &Scene, device: &Device) -> Notice {
    let name = name_of(scene, device);
    let name = match naming::size(&device.info) {
        Some(size) => strings::with_size(&name, &size),
        None => name,
    };
    let this = device.info.to_ref();
    let attach = likely_target(scene, device).map(|qube| {
        let label = strings::button_attach(qube.as_str());
        Button::Do(label, Command::Attach(this.clone(), qube, device_core::assignment::Options::new()))
    });
    Notice {
        buttons: attach.into_iter().chain([Button::Choose(Some(this))]).collect(),
        ..plain(device, strings::is_available(&name), device.port().to_string())
    }
}

pub(super) fn attached(scene: &Scene, device: &Device) -> Notice {
    let holders = naming::list(device.attachments.keys());
    let mut only = device.attachments.keys();
    let detach = match (only.next(), only.next()) {
        (Some(qube), None) => Some(Command::Detach(device.info.to_ref(), qube.clone())),
        _ => None,
    };
    let detach = detach.map(|command| Button::Do(strings::button_detach(), command));
    let summary = strings::is_attached(&name_of(scene, device), &holders);
    Notice { buttons: detach.into_iter().collect(), ..plain(device, summary, device.port().to_string()) }
}

pub(super) fn detached(scene: &Scene, device: &Device, qube: &QubeName) -> Notice {
    let body = match (&device.port().class, rest_in_use(&scene.machine, device)) {
        (DeviceClass::Mic, _) => String::new(),
        _ if !is_pulled_out(device) => device.port().to_string(),
        (_, Some((part, holder))) => strings::not_yet(part.id.as_str(), holder.as_str()),
        _ => strings::detached_body(),
    };
    plain(device, strings::is_detached(&name_of(scene, device), qube.as_str()), body)
}

/// Whether people ask themselves if it can be pulled out now: a stick or a card is, a built-in camera and the disks of
/// this computer are not.
fn is_pulled_out(device: &Device) -> bool {
    let is_storage = match device.port().class {
        DeviceClass::Block => true,
        DeviceClass::Usb => device.info.categories().contains(&Category::UsbStorage),
        _ => false,
    };
    is_storage && !device.port().backend.is_dom0()
}

/// What else of the same thing is in use, and by whom: then it can't be pulled out yet.
fn rest_in_use<'a>(machine: &'a Machine, device: &Device) -> Option<(&'a Port, &'a QubeName)> {
    let thing = machine.physical_thing(device.port());
    let is_rest = |other: &Device| {
        let is_sibling = device.info.disk().is_some_and(|disk| other.info.disk() == Some(disk));
        other.port().backend == device.port().backend
            && other.port() != device.port()
            && (is_sibling || machine.physical_thing(other.port()) == thing)
    };
    let rest = machine.devices.values().filter(|other| is_rest(other));
    rest.map(|other| (other.port(), other.attachments.keys().next()))
        .find_map(|(port, holder)| Some((port, holder?)))
}

pub(super) fn removed_safely(scene: &Scene, device: &Device) -> Notice {
    plain(device, strings::removed_safely(&name_of(scene, device)), String::new())
}

/// What was lost of one thing; `device` was lost last.
pub(super) fn lost(device: &Device, loss: &Loss) -> Notice {
    let body = match device.port().class {
        DeviceClass::Block => strings::lost_body(),
        _ => device.port().to_string(),
    };
    let name = naming::cut(loss.name(), NAME_MAX);
    let summary = strings::lost_device(&name, &naming::list(&loss.qubes));
    Notice { is_urgent: true, is_important: true, ..plain(device, summary, body) }
}

/// What went because the qube that served it stopped.
pub(super) fn lost_with<'a>(
    backend: &QubeName,
    names: impl Iterator<Item = &'a String>,
    qubes: &BTreeSet<QubeName>,
) -> Notice {
    let names: Vec<&str> = names.map(String::as_str).collect();
    let summary = strings::lost_with_backend(backend.as_str(), &names.join(", "), &naming::list(qubes));
    Notice { is_urgent: true, is_important: true, ..general(summary, String::new()) }
}

/// A command that failed; `device` is what is on the port now, which need not be what the command was for: another one
/// lends it no name.
pub(super) fn failed(scene: &Scene, device: Option<&Device>, failure: &Failure) -> Notice {
    let qube = failure.command.qube().as_str();
    let seen = failure.command.device();
    let meant = device.filter(|device| seen.is_some_and(|seen| device.info.id.agrees_with(&seen.id)));
    let name = meant.map_or_else(
        || failure.command.port().map_or_else(String::new, ToString::to_string),
        |device| name_of(scene, device),
    );
    let summary = match &failure.command {
        Command::Attach(..) => strings::not_attached(&name, qube),
        Command::AttachToNewDisposable(..) => strings::not_attached_new(&name),
        Command::Detach(..) => strings::not_detached(&name, qube),
        Command::Move(..) => strings::not_moved(&name, qube),
        Command::MoveToNewDisposable(..) => strings::not_moved_new(&name),
        Command::ShutDown(..) => strings::not_shut_down(qube),
        Command::StartQube(_) => strings::not_started(qube),
        Command::SetMark(..) => strings::not_marked(&name),
    };
    let choose = device.map(|device| Button::Choose(Some(device.info.to_ref())));
    Notice {
        icon: "plugboard-attention-symbolic",
        is_important: true,
        buttons: choose.into_iter().collect(),
        ..general(summary, failure.reason.clone())
    }
}

/// A USB qube has started and found these.
pub(super) fn started(backend: &QubeName, count: usize) -> Notice {
    summed_up(strings::backend_started(backend.as_str()), count)
}

/// More devices at once than are told one by one.
pub(super) fn many(backend: &QubeName, count: usize) -> Notice {
    summed_up(strings::at_backend(backend.as_str()), count)
}

fn summed_up(summary: String, count: usize) -> Notice {
    Notice { buttons: vec![Button::Choose(None)], ..general(summary, strings::available_count(count)) }
}

/// What the device is called, short enough to leave room for what happened to it.
pub(super) fn name_of(scene: &Scene, device: &Device) -> String {
    naming::cut(scene.name_of(device), NAME_MAX)
}

fn plain(device: &Device, summary: String, body: String) -> Notice {
    Notice { icon: icon(device), ..general(summary, body) }
}

fn general(summary: String, body: String) -> Notice {
    Notice {
        summary,
        body,
        icon: "plugboard-usb-symbolic",
        buttons: Vec::new(),
        is_urgent: false,
        is_important: false,
    }
}
