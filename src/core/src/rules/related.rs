//! What of the same disk is in use: two qubes must never write one disk. A whole disk and its partitions exclude each other,
//! and raw USB takes all.
//!
//! A menu asks it of every device at each drawing, and a backend can claim thousands of devices, each a part of the next. So
//! every device is followed up to what it is a part of once, and after that each question is a look into a table.

use std::collections::{BTreeMap, BTreeSet};

use crate::device::{Device, SharedDevice};
use crate::interface::Category;
use crate::machine::Machine;
use crate::name::{DeviceClass, Port, PortId, QubeName};

/// A device that excludes another one, because both are the same disk or parts of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Relative {
    /// Where it is.
    pub port: Port,
    /// The qube that uses it.
    pub holder: QubeName,
    /// Whether it is known to be a part of the same. Of a partition that was in use before anybody looked, the server does
    /// not tell on which stick it is.
    pub is_certain: bool,
}

/// Which devices are kept from use by a relative of theirs: made once, for every device of the machine.
#[derive(Debug)]
pub struct Related<'a> {
    machine: &'a Machine,
    /// Of what has parts in use, the first of those.
    parts: BTreeMap<&'a Port, &'a SharedDevice>,
    /// Partitions in use whose disk is not listed and may be on any stick of their backend.
    lost: BTreeMap<&'a QubeName, Vec<&'a SharedDevice>>,
    /// USB devices whose disk is listed.
    with_disk: BTreeSet<&'a Port>,
}

impl<'a> Related<'a> {
    /// Of the whole machine.
    #[must_use]
    pub fn of(machine: &'a Machine) -> Self {
        Self::among(machine, machine.devices.values())
    }

    fn among(machine: &'a Machine, devices: impl Iterator<Item = &'a SharedDevice>) -> Self {
        let (mut parts, mut lost, mut with_disk) = (BTreeMap::new(), BTreeMap::new(), BTreeSet::new());
        for device in devices {
            if device.port().class == DeviceClass::Block {
                with_disk.extend(machine.parent(device).map(|above| above.port()));
            }
            if !device.is_attached() {
                continue;
            }
            for above in machine.ancestors(device).filter(|above| above.port() != device.port()) {
                parts.entry(above.port()).or_insert(device);
            }
            if is_on_unlisted_usb_disk(machine, device) {
                lost.entry(&device.port().backend).or_insert_with(Vec::new).push(device);
            }
        }
        Self { machine, parts, lost, with_disk }
    }

    /// The part of `device`, or what it is a part of, that is in use, and by whom.
    #[must_use]
    pub fn in_use(&self, device: &Device) -> Option<Relative> {
        let port = device.port();
        let above =
            self.machine.ancestors(device).filter(|above| above.is_attached() && above.port() != port);
        let certain = above.chain(self.parts.get(port).copied()).min_by_key(|other| other.port());
        if let Some(relative) = certain.and_then(|other| relative(other, true)) {
            return Some(relative);
        }
        let mut lost = self.lost.get(&port.backend).into_iter().flatten();
        relative(lost.find(|part| self.may_be_part(part, device))?, false)
    }

    /// Whether a partition whose disk is not listed may lie on `stick`.
    fn may_be_part(&self, part: &Device, stick: &Device) -> bool {
        if stick.port().class != DeviceClass::Usb {
            return false;
        }
        if part.info.id.part_of_unlisted().is_none() {
            return part.info.id.is_part_of(&stick.info.id);
        }
        !self.with_disk.contains(stick.port()) && stick.info.categories().contains(&Category::UsbStorage)
    }
}

/// [`Related::in_use`] of one device.
#[must_use]
pub fn related_in_use(machine: &Machine, device: &Device) -> Option<Relative> {
    let backend = &device.port().backend;
    let devices = machine.devices.values().filter(|other| other.port().backend == *backend);
    Related::among(machine, devices).in_use(device)
}

fn relative(other: &SharedDevice, is_certain: bool) -> Option<Relative> {
    let holder = other.attachments.keys().next()?.clone();
    Some(Relative { port: other.port().clone(), holder, is_certain })
}

/// While a partition is in use the server does not list its disk, and so the way from the partition to the stick is missing,
/// unless the mirror saw it before.
fn is_on_unlisted_usb_disk(machine: &Machine, part: &Device) -> bool {
    part.info.grandparent.is_none()
        && part.info.disk().is_some_and(|disk| is_usb_disk(disk) && machine.parent(part).is_none())
}

/// Whether kernels call disks on USB so: `sda`.
fn is_usb_disk(disk: &PortId) -> bool {
    disk.as_str().starts_with("sd")
}
