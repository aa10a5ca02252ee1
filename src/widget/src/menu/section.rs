//! The sections of the menu: which rows stand in which, and in what order. Pure.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::time::Instant;

use device_core::device::Device;
use device_core::interface::Category;
use device_core::name::{DeviceClass, QubeName};
use device_core::rules::Related;

use super::device_row;
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

/// A row for each USB qube that does not run: it holds a USB controller, and its devices are known only to itself.
fn stopped_usb_qubes(scene: &Scene) -> Vec<Row> {
    let mut qubes: Vec<&QubeName> = scene
        .machine
        .devices
        .values()
        .filter(|device| device.info.categories().contains(&Category::PciUsb))
        .flat_map(|device| device.assignments.iter().map(|assignment| &assignment.frontend))
        .filter(|name| scene.machine.qubes.get(*name).is_some_and(|qube| !qube.is_running()))
        .collect();
    qubes.sort();
    qubes.dedup();
    qubes.into_iter().map(|name| stopped_usb_qube(scene, name)).collect()
}

fn stopped_usb_qube(scene: &Scene, name: &QubeName) -> Row {
    let command = Command::StartQube(name.clone());
    let text = strings::start_usb_qube(name.as_str());
    let key = RowKey::StoppedUsbQube(name.clone());
    let mut row = plain_row(key, "plugboard-usb-symbolic", text, Look::Plain, RowAction::Nothing);
    let failed = scene.failures.iter().find(|failure| failure.command == command);
    row.status = if scene.pending.iter().any(|pending| pending.command == command) {
        Some(Status::Pending(strings::starting(name.as_str())))
    } else {
        failed.map(|failure| Status::Failed(strings::start_failed(name.as_str(), &failure.reason)))
    };
    match &row.status {
        _ if !scene.is_live() => row.look = Look::Dim,
        Some(Status::Pending(_)) => {}
        _ => row.action = RowAction::Do(Box::new(Wish::Do(command))),
    }
    row
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
