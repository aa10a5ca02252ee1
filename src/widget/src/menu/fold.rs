//! One stick is one row: which devices stand in the row of another. Pure.
//!
//! A disk, its partitions and the USB stick that they are on are one thing in the hand of a person. The row is that of
//! the disk, because giving away a disk is safer than giving away the stick as a whole; the others are reached through
//! it. A USB device that does more than storage keeps its own row: what else it does is no part of the disk.

use std::collections::{BTreeMap, BTreeSet};

use device_core::device::{Device, SharedDevice};
use device_core::interface::Category;
use device_core::machine::Machine;
use device_core::mark::Mark;
use device_core::name::{DeviceClass, Port, PortId};

use crate::naming;

/// Which device stands in whose row.
#[derive(Debug, Default)]
pub(crate) struct Folding<'a> {
    /// The devices behind each row, safest first.
    members: BTreeMap<&'a Port, Vec<&'a SharedDevice>>,
    /// The devices without a row, and the row that they stand in.
    heads: BTreeMap<&'a Port, &'a Port>,
    /// The devices that are left out because the person wants the whole only.
    left_out: BTreeSet<&'a Port>,
}

impl<'a> Folding<'a> {
    /// The folding of all devices of a machine.
    pub(crate) fn of(machine: &'a Machine) -> Self {
        let mut folding = Self::default();
        folding.leave_out(machine);
        let mut carriers: BTreeMap<&Port, Vec<&'a SharedDevice>> = BTreeMap::new();
        for device in machine.devices.values() {
            if folding.left_out.contains(device.port()) {
                continue;
            }
            let disk = head_of(machine, device);
            let is_other = |disk: &&SharedDevice| {
                disk.port() != device.port() && !folding.left_out.contains(disk.port())
            };
            match machine.devices.get(&disk).filter(is_other) {
                Some(disk) => folding.fold(device, disk),
                None => {
                    if let Some(parent) = machine.parent(device).filter(|_| is_safer_than_usb(device)) {
                        carriers.entry(parent.port()).or_default().push(device);
                    }
                }
            }
        }
        for (carrier, carried) in carriers {
            if let ([only], Some(carrier)) = (carried.as_slice(), machine.devices.get(carrier))
                && !folding.left_out.contains(carrier.port())
                && is_nothing_but(carrier, only)
            {
                folding.fold(carrier, only);
            }
        }
        for members in folding.members.values_mut() {
            members.sort_by(|left, right| {
                let order = |device: &Device| device.port().class != DeviceClass::Block;
                order(left)
                    .cmp(&order(right))
                    .then_with(|| naming::natural_order(left.port().id.as_str(), right.port().id.as_str()))
            });
        }
        folding
    }

    /// What is a part of a device whose parts the person hides, unless it is attached.
    fn leave_out(&mut self, machine: &'a Machine) {
        let hides = |device: &Device| {
            let details = machine.qubes.get(&device.port().backend).and_then(|qube| qube.details.as_ref());
            details.is_some_and(|details| details.marks.has(Mark::HideChildren, &device.info.to_ref()))
        };
        let hidden = machine
            .devices
            .values()
            .filter(|device| !device.is_attached() && machine.ancestors(device).any(|above| hides(above)));
        self.left_out.extend(hidden.map(|device| device.port()));
    }

    fn fold(&mut self, device: &'a SharedDevice, head: &'a SharedDevice) {
        self.heads.insert(device.port(), head.port());
        self.members.entry(head.port()).or_default().push(device);
    }

    /// The port of the row in which the device on `port` stands; itself for most.
    pub(crate) fn row_of<'b>(&'b self, port: &'b Port) -> &'b Port {
        self.heads.get(port).copied().unwrap_or(port)
    }

    /// Whether it has a row of its own.
    pub(crate) fn has_row(&self, port: &Port) -> bool {
        !self.heads.contains_key(port) && !self.left_out.contains(port)
    }

    /// The other devices that stand in this row, safest first: partitions, then the whole USB device.
    pub(crate) fn members(&self, head: &Port) -> &[&'a SharedDevice] {
        self.members.get(head).map_or(&[], Vec::as_slice)
    }
}

/// The disk that `device` belongs to. While a partition is in use its disk is not listed: then the one in use stands for it.
fn head_of(machine: &Machine, device: &Device) -> Port {
    let disk = naming::disk_of(machine, device);
    let is_unlisted = |id: &PortId| !machine.devices.contains_key(&Port { id: id.clone(), ..disk.clone() });
    let Some(unlisted) = device.info.disk().filter(|id| disk == *device.port() && is_unlisted(id)) else {
        return disk;
    };
    let is_sibling = |other: &&SharedDevice| {
        other.port().backend == disk.backend
            && other.port().class == disk.class
            && other.info.disk() == Some(unlisted)
    };
    let siblings =
        machine.devices.values().filter(is_sibling).map(|other| (!other.is_attached(), other.port()));
    siblings
        .min_by(|(left_free, left), (right_free, right)| {
            left_free.cmp(right_free).then_with(|| naming::natural_order(left.id.as_str(), right.id.as_str()))
        })
        .map_or(disk, |(_, port)| port.clone())
}

fn is_safer_than_usb(device: &Device) -> bool {
    !matches!(device.port().class, DeviceClass::Usb | DeviceClass::Pci | DeviceClass::Mic)
}

/// Whether a USB device does nothing else than what `inside` offers more safely.
fn is_nothing_but(carrier: &Device, inside: &Device) -> bool {
    let categories = carrier.info.categories();
    let is_all = |wanted: Category| categories.iter().all(|category| *category == wanted);
    carrier.port().class == DeviceClass::Usb
        && match inside.port().class {
            DeviceClass::Block => is_all(Category::UsbStorage),
            _ => is_all(Category::Camera),
        }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scene::Scene;
    use crate::testing::{Make, device, laptop, port, put, qubes, stick_in_use};

    /// `head: member, member` for each row that has any.
    fn folded(scene: &Scene) -> Vec<String> {
        let folding = Folding::of(&scene.machine);
        let line = |head: &Port| {
            let members: Vec<_> = folding.members(head).iter().map(|it| it.port().id.to_string()).collect();
            format!("{}: {}", head.id, members.join(", "))
        };
        scene.machine.devices.keys().filter(|port| !folding.members(port).is_empty()).map(line).collect()
    }

    #[test]
    fn a_stick_is_one_row_with_its_partitions_and_the_usb_device_last() {
        assert_eq!(folded(&laptop()), ["sda: sda1, sda2, 2-1"]);
        let scene = laptop();
        let folding = Folding::of(&scene.machine);
        assert_eq!(folding.row_of(&port("usb", "sys-usb", "2-1")), &port("block", "sys-usb", "sda"));
        assert_eq!(folding.row_of(&port("usb", "sys-usb", "2-2")), &port("usb", "sys-usb", "2-2"));
    }

    #[test]
    fn a_reader_of_two_cards_and_a_phone_keep_their_usb_row() {
        let mut scene = qubes();
        put(&mut scene, device("usb", "sys-usb", "2-1").is(&["u080650"]));
        put(&mut scene, device("block", "sys-usb", "sda").part_of("usb", "2-1"));
        put(&mut scene, device("block", "sys-usb", "sdb").part_of("usb", "2-1"));
        put(&mut scene, device("usb", "sys-usb", "2-2").is(&["u080650", "u030101"]));
        put(&mut scene, device("block", "sys-usb", "sdc").part_of("usb", "2-2"));
        assert_eq!(folded(&scene), Vec::<String>::new());
    }

    #[test]
    fn a_partition_in_use_stands_for_its_disk_which_is_not_listed() {
        let scene = || stick_in_use(laptop(), "work");
        assert_eq!(folded(&scene()), ["sda2: sda1, 2-1"]);
        let mut scene = scene();
        let first = device("block", "sys-usb", "sda1").part_of("block", "sda").beyond("usb", "2-1");
        put(&mut scene, first.held_by(&["vault"]));
        assert_eq!(folded(&scene), ["sda1: sda2, 2-1"], "the first of those in use");
    }

    #[test]
    fn a_partition_without_its_disk_has_its_own_row_and_a_circle_ends() {
        let mut scene = qubes();
        put(&mut scene, device("block", "sys-usb", "sda1").part_of("block", "sda"));
        assert_eq!(folded(&scene), Vec::<String>::new());
        put(&mut scene, device("block", "sys-usb", "sda").part_of("block", "sda1"));
        assert_eq!(folded(&scene), ["sda: sda1"]);
    }
}
