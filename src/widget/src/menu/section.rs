//! The sections of the menu: which rows stand in which, and in what order. Pure.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::time::Instant;

use device_core::device::Device;
use device_core::interface::Category;
use device_core::name::{DeviceClass, QubeName};
use device_core::qube::{PowerState, Qube};
use device_core::rules::Related;

use super::device_row::{self, failure_text};
use super::fold::Folding;
use super::rows::{Group, Look, Row, RowAction, RowKey, SectionKind, Status, section_of};
use crate::naming;
use crate::preferences::Sections;
use crate::reason::trouble;
use crate::scene::{Command, Scene, Wish};
use crate::strings;

/// The sections that have rows, in their order.
pub(super) fn sections(scene: &Scene, now: Instant) -> Vec<Group<SectionKind, Row>> {
    let folding = Folding::of(&scene.machine);
    let related = Related::of(&scene.machine);
    let mut sections: BTreeMap<SectionKind, Vec<Row>> = BTreeMap::new();
    for device in rows_of(scene, &folding) {
        if let Some(kind) = section(scene, device) {
            let row = device_row::row(scene, &related, device, folding.members(device.port()), now);
            sections.entry(kind).or_default().push(row);
        }
    }
    for ((backend, class), why) in &scene.machine.unreadable {
        if let Some(kind) = section_of(class) {
            sections.entry(kind).or_default().push(unreadable(backend, class, &trouble(why)));
        }
    }
    let stopped = stopped_usb_qubes(scene);
    if !stopped.is_empty() {
        sections.entry(SectionKind::Usb).or_default().extend(stopped);
    }
    sections.into_iter().map(|(kind, rows)| Group { kind, heading: Some(heading(kind)), rows }).collect()
}

/// Whether there is a device that would have a row, had the person not hidden it.
pub(super) fn has_hidden(scene: &Scene) -> bool {
    let has_section = |device: &Device| section_of(&device.port().class).is_some();
    scene.machine.devices.values().any(|device| has_section(device) && scene.is_hidden(device))
}

/// The devices that have a row, in order.
fn rows_of<'a>(scene: &'a Scene, folding: &Folding<'a>) -> Vec<&'a Device> {
    let is_shown = |device: &&Device| {
        let members = folding.members(device.port());
        folding.has_row(device.port())
            && (!scene.is_hidden(device) || members.iter().any(|member| member.is_attached()))
    };
    let mut devices: Vec<&Device> =
        scene.machine.devices.values().map(AsRef::as_ref).filter(is_shown).collect();
    devices.sort_by(|left, right| order(left, right));
    devices
}

/// By backend, then by port as people count.
fn order(left: &Device, right: &Device) -> Ordering {
    let (left, right) = (left.port(), right.port());
    (left.backend.cmp(&right.backend))
        .then_with(|| naming::natural_order(left.id.as_str(), right.id.as_str()))
        .then_with(|| left.cmp(right))
}

fn section(scene: &Scene, device: &Device) -> Option<SectionKind> {
    let by_class = section_of(&device.port().class)?;
    let is_by_kind = scene.preferences.sections == Sections::ByKind;
    Some(if is_by_kind { section_by_kind(device, by_class) } else { by_class })
}

/// By what it is for; what is for nothing we know stays with its class.
fn section_by_kind(device: &Device, by_class: SectionKind) -> SectionKind {
    if matches!(device.port().class, DeviceClass::Block | DeviceClass::Mic) {
        return by_class;
    }
    match device.info.category() {
        Category::Camera => SectionKind::Cameras,
        Category::Keyboard | Category::Mouse | Category::Input => SectionKind::Input,
        Category::Microphone | Category::Audio | Category::Multimedia => SectionKind::Sound,
        Category::Network | Category::Bluetooth => SectionKind::Network,
        Category::Printer => SectionKind::Printers,
        Category::SmartCardReaders => SectionKind::SmartCards,
        Category::UsbStorage | Category::Storage | Category::BlockStorage => SectionKind::Disks,
        _ => by_class,
    }
}

fn heading(kind: SectionKind) -> String {
    match kind {
        SectionKind::Disks => strings::disks(),
        SectionKind::Microphone => strings::microphone(),
        SectionKind::Cameras => strings::cameras(),
        SectionKind::Input => strings::keyboards_and_mice(),
        SectionKind::Sound => strings::sound(),
        SectionKind::Network => strings::network_devices(),
        SectionKind::Printers => strings::printers(),
        SectionKind::SmartCards => strings::smart_cards(),
        SectionKind::Usb => strings::usb_devices(),
        SectionKind::Other => strings::other_devices(),
    }
}

fn unreadable(backend: &QubeName, class: &DeviceClass, reason: &str) -> Row {
    let name = strings::unreadable(backend.as_str());
    let key = RowKey::Unreadable(backend.clone(), class.clone());
    let row = plain_row(key, "plugboard-attention-symbolic", name, Look::Dim, RowAction::Nothing);
    Row { detail: reason.to_owned(), spoken: format!("{}: {reason}", row.spoken), ..row }
}

/// What there is to say of each USB qube that does not run yet: it holds a USB controller, and its devices are known
/// only to itself.
fn stopped_usb_qubes(scene: &Scene) -> Vec<Row> {
    let mut qubes: Vec<&Qube> = scene
        .machine
        .devices
        .values()
        .filter(|device| device.info.categories().contains(&Category::PciUsb))
        .flat_map(|device| device.assignments.iter().map(|assignment| &assignment.frontend))
        .filter_map(|name| scene.machine.qubes.get(name).map(AsRef::as_ref))
        .filter(|qube| is_awaited(scene, qube))
        .collect();
    qubes.sort_by(|left, right| left.name.cmp(&right.name));
    qubes.dedup_by(|left, right| left.name == right.name);
    qubes.into_iter().flat_map(|qube| stopped_usb_qube(scene, qube)).collect()
}

/// Whether its devices are still to come. On its way up a qube is paused at first, which by itself it may be for long.
fn is_awaited(scene: &Scene, qube: &Qube) -> bool {
    match qube.state {
        PowerState::Running => false,
        PowerState::Transient => true,
        _ => !qube.is_running() || is_asked_to_start(scene, &qube.name),
    }
}

fn is_asked_to_start(scene: &Scene, name: &QubeName) -> bool {
    let command = Command::StartQube(name.clone());
    scene.pending.iter().any(|pending| pending.command == command)
}

/// The row that starts it, and after a failure the one that hides it: neither has a sub-menu.
fn stopped_usb_qube(scene: &Scene, qube: &Qube) -> Vec<Row> {
    let name = &qube.name;
    let command = Command::StartQube(name.clone());
    let is_starting = qube.state == PowerState::Transient || is_asked_to_start(scene, name);
    let status = if is_starting {
        Some(Status::Pending(strings::starting(name.as_str())))
    } else {
        let failure = scene.failures.iter().find(|failure| failure.command == command);
        failure.map(|failure| Status::Failed(failure_text(failure)))
    };
    let mut rows = Vec::new();
    let text = strings::start_usb_qube(name.as_str());
    let start = if is_starting { RowAction::Nothing } else { done(scene, Wish::Do(command.clone())) };
    let key = RowKey::StoppedUsbQube(name.clone());
    let row = plain_row(key, "plugboard-usb-symbolic", text, look(scene), start);
    let spoken = match &status {
        Some(Status::Pending(said) | Status::Failed(said)) => format!("{}, {said}", row.spoken),
        None => row.spoken,
    };
    let is_failed = matches!(status, Some(Status::Failed(_)));
    rows.push(Row { status, spoken, ..row });
    if is_failed {
        let text = strings::hide_start_failure(name.as_str());
        let hide = done(scene, Wish::Dismiss(command));
        rows.push(plain_row(RowKey::HideFailure(name.clone()), "", text, look(scene), hide));
    }
    rows
}

fn look(scene: &Scene) -> Look {
    if scene.is_live() { Look::Plain } else { Look::Dim }
}

fn done(scene: &Scene, wish: Wish) -> RowAction {
    if scene.is_live() { RowAction::Do(Box::new(wish)) } else { RowAction::Nothing }
}

fn plain_row(key: RowKey, icon: &'static str, name: String, look: Look, action: RowAction) -> Row {
    Row {
        key,
        thing: None,
        id: None,
        icon,
        spoken: name.clone(),
        name,
        look,
        is_new: false,
        detail: String::new(),
        holders: Vec::new(),
        status: None,
        action,
    }
}
