//! The row of one device: name, second line, holders, what is going on. Pure.

use std::time::Instant;

use device_core::device::{Device, Presence, SharedDevice};
use device_core::interface::Category;
use device_core::machine::Machine;
use device_core::name::{DeviceClass, QubeName};
use device_core::rules::{Related, Relative};

use super::rows::{Chip, Look, Row, RowAction, RowKey, Status};
use crate::naming;
use crate::scene::{Command, Failure, Pending, Scene};
use crate::strings;

/// The row of `device`, in which its `members` stand as well.
pub(crate) fn row(
    scene: &Scene,
    related: &Related<'_>,
    device: &Device,
    members: &[&SharedDevice],
    now: Instant,
) -> Row {
    let info = &device.info;
    let words = naming::device_name(info);
    let own = scene.preferences.name(&info.to_ref()).map(ToString::to_string);
    let relative = related.in_use(device);
    let in_use = use_of_relative(&scene.machine, device, relative)
        .filter(|_| !members.iter().any(|it| it.is_attached()));
    let status = [device].into_iter().chain(members.iter().map(|it| &***it)).find_map(|it| status(scene, it));
    let everyone = || [device].into_iter().chain(members.iter().map(|it| &***it));
    let mut holders: Vec<&QubeName> = everyone().flat_map(|it| it.attachments.keys()).collect();
    holders.sort();
    holders.dedup();
    let spoken = Spoken { scene, device, members, in_use: in_use.as_deref(), status: status.as_ref() };
    let row = Row {
        key: RowKey::Device(info.port.clone()),
        thing: Some(scene.machine.physical_thing(&info.port)),
        id: Some(info.id.clone()),
        icon: icon(device),
        spoken: spoken.sentence(),
        look: look(!holders.is_empty(), device, in_use.is_some()),
        is_new: everyone().any(|it| scene.new_until(it.port(), now).is_some()),
        detail: detail(device, own.is_some().then_some(words.as_str()), members, in_use),
        name: own.unwrap_or(words),
        holders: holders.into_iter().map(|qube| chip(&scene.machine, qube)).collect(),
        status,
        action: RowAction::Open,
    };
    if scene.is_live() { row } else { Row { look: Look::Dim, action: RowAction::Nothing, ..row } }
}

/// A qube with the colour of its label.
pub(crate) fn chip(machine: &Machine, qube: &QubeName) -> Chip {
    let label = machine
        .qubes
        .get(qube)
        .and_then(|qube| qube.details.as_ref())
        .and_then(|details| details.label.as_ref());
    Chip { name: qube.clone(), colour: label.map(|label| label.colour) }
}

/// What is said while this command is under way.
pub(crate) fn pending_text(pending: &Pending) -> String {
    let qube = pending.command.qube().as_str();
    match &pending.command {
        Command::Attach(..) => strings::attaching(qube),
        Command::AttachToNewDisposable(..) | Command::MoveToNewDisposable(..) => strings::attaching_new(qube),
        Command::Detach(..) => strings::detaching(qube),
        Command::ShutDown(..) => strings::shutting_down(qube),
        Command::Move(..) => strings::moving(qube),
        Command::StartQube(_) => strings::starting(qube),
        Command::SetMark(..) => strings::marking(),
    }
}

/// What is said after this command failed.
pub(crate) fn failure_text(failure: &Failure) -> String {
    let (qube, reason) = (failure.command.qube().as_str(), failure.reason.as_str());
    match &failure.command {
        Command::Attach(..) => strings::attach_failed(qube, reason),
        Command::AttachToNewDisposable(..) => strings::attach_new_failed(reason),
        Command::Detach(..) => strings::detach_failed(qube, reason),
        Command::Move(..) => strings::move_failed(qube, reason),
        Command::MoveToNewDisposable(..) => strings::move_new_failed(reason),
        Command::ShutDown(..) => strings::shut_down_failed(qube, reason),
        Command::StartQube(_) => strings::start_failed(qube, reason),
        Command::SetMark(..) => strings::mark_failed(reason),
    }
}

fn look(is_attached: bool, device: &Device, relative_in_use: bool) -> Look {
    if is_attached {
        Look::Attached
    } else if relative_in_use || device.presence == Presence::Removed {
        Look::Dim
    } else {
        Look::Plain
    }
}

fn status(scene: &Scene, device: &Device) -> Option<Status> {
    let port = device.port();
    let pending = scene.pending_at(port).map(|pending| Status::Pending(pending_text(pending)));
    pending.or_else(|| scene.failure_at(port).map(|failure| Status::Failed(failure_text(failure))))
}

/// `Cruzer Blade · sys-usb:sda · 14.9 GB · read-only`; the device's own words come first where the person gave a name.
fn detail(device: &Device, words: Option<&str>, members: &[&SharedDevice], in_use: Option<String>) -> String {
    let mut parts: Vec<String> = words.map(str::to_owned).into_iter().collect();
    parts.extend(facts(device));
    parts.extend(in_use);
    let attached = members.iter().filter(|member| member.is_attached());
    parts.extend(attached.map(|member| member_name(member)));
    if device.presence == Presence::Removed {
        parts.push(strings::removed_while_attached());
    }
    parts.join(" · ")
}

/// What a device is called beside the one in whose row it stands.
pub(super) fn member_name(member: &Device) -> String {
    match member.port().class {
        DeviceClass::Block => naming::part_name(&member.info),
        _ => strings::whole_usb_device(),
    }
}

fn facts(device: &Device) -> Vec<String> {
    let mut parts = vec![device.port().to_string()];
    parts.extend(naming::size(&device.info));
    if naming::is_read_only(&device.info) || is_attached_read_only(device) {
        parts.push(strings::read_only());
    }
    parts
}

fn is_attached_read_only(device: &Device) -> bool {
    device.is_attached() && device.attachments.values().all(device_core::assignment::Options::is_read_only)
}

/// What a screen reader says of a row.
struct Spoken<'a> {
    scene: &'a Scene,
    device: &'a Device,
    members: &'a [&'a SharedDevice],
    in_use: Option<&'a str>,
    status: Option<&'a Status>,
}

impl Spoken<'_> {
    /// `Cruzer Blade, sys-usb:sda, 14.9 GB, attached to work`.
    fn sentence(&self) -> String {
        let device = self.device;
        let mut parts = vec![self.scene.name_of(device)];
        parts.extend(facts(device));
        let holders = naming::list(device.attachments.keys());
        match device.presence {
            Presence::Removed => parts.push(strings::removed_while_attached_to(&holders)),
            Presence::Present if device.is_attached() => parts.push(strings::attached_to(&holders)),
            Presence::Present => parts.extend(self.in_use.map(str::to_owned)),
        }
        for member in self.members.iter().filter(|member| member.is_attached()) {
            let (name, holders) = (member_name(member), naming::list(member.attachments.keys()));
            parts.push(match member.presence {
                Presence::Present => strings::part_attached_to(&name, &holders),
                Presence::Removed => strings::part_removed(&name, &holders),
            });
        }
        if let Some(Status::Pending(text) | Status::Failed(text)) = self.status {
            parts.push(text.clone());
        }
        parts.join(", ")
    }
}

/// Why a free device can't be used although nothing is wrong with it: what it is a part of, or a part of it, is in use.
pub(super) fn use_of_relative(
    machine: &Machine,
    device: &Device,
    relative: Option<Relative>,
) -> Option<String> {
    if device.is_attached() {
        return None;
    }
    let relative = relative?;
    let (port, holder) = (relative.port.id.as_str(), relative.holder.as_str());
    let is_above = machine.is_part_of(device, &relative.port);
    Some(match (&device.port().class, &relative.port.class) {
        (DeviceClass::Usb, DeviceClass::Block) if relative.is_certain => strings::in_use_as_disk(port),
        (DeviceClass::Usb, DeviceClass::Block) => strings::may_be_in_use_as_disk(port),
        (DeviceClass::Block, DeviceClass::Block) if is_above => strings::disk_in_use(holder),
        (DeviceClass::Block, DeviceClass::Block) => strings::part_in_use(port, holder),
        _ => strings::device_in_use(holder),
    })
}

/// The symbol of what a device is for.
pub(crate) fn icon(device: &Device) -> &'static str {
    match (device.info.category(), &device.port().class) {
        (_, DeviceClass::Block) => "plugboard-disk-symbolic",
        (_, DeviceClass::Mic) | (Category::Microphone, _) => "plugboard-microphone-symbolic",
        (Category::Keyboard, _) => "plugboard-keyboard-symbolic",
        (Category::Mouse | Category::Input, _) => "plugboard-mouse-symbolic",
        (Category::Camera, _) => "plugboard-camera-symbolic",
        (Category::Printer, _) => "plugboard-printer-symbolic",
        (Category::Audio | Category::Multimedia, _) => "plugboard-audio-symbolic",
        (Category::Bluetooth, _) => "plugboard-bluetooth-symbolic",
        (Category::Network, _) => "plugboard-network-symbolic",
        (Category::SmartCardReaders, _) => "plugboard-card-symbolic",
        (Category::UsbStorage | Category::Storage | Category::BlockStorage, _) => "plugboard-usb-symbolic",
        _ => "plugboard-device-symbolic",
    }
}
