//! Who may have what, and which parts of one disk exclude each other.

use super::*;
use crate::assignment::Options;
use crate::device::DeviceInfo;
use crate::interface::Interface;
use crate::name::{DeviceId, Port, PortId};
use crate::qube::{PowerState, QubeDetails};
use std::sync::Arc;

fn name(text: &str) -> QubeName {
    QubeName::new(text).unwrap()
}

fn port(class: DeviceClass, id: &str) -> Port {
    Port::new(name("sys-usb"), class, PortId::new(id).unwrap())
}

fn machine() -> Machine {
    let mut machine = Machine::default();
    for (qube, class, state) in [
        ("dom0", QubeClass::Admin, PowerState::Running),
        ("sys-usb", QubeClass::Disposable, PowerState::Running),
        ("work", QubeClass::App, PowerState::Running),
        ("vault", QubeClass::App, PowerState::Halted),
    ] {
        machine.apply(crate::machine::Change::Qube(Arc::new(Qube {
            name: name(qube),
            class,
            state,
            details: None,
        })));
    }
    for (class, id, parent) in [
        (DeviceClass::Usb, "2-1", None),
        (DeviceClass::Block, "sda", Some((DeviceClass::Usb, "2-1"))),
        (DeviceClass::Block, "sda1", Some((DeviceClass::Block, "sda"))),
        (DeviceClass::Block, "sda2", Some((DeviceClass::Block, "sda"))),
    ] {
        let mut info = DeviceInfo::unknown(port(class, id), DeviceId::unknown());
        info.parent = parent.map(|(class, id)| (class, PortId::new(id).unwrap()));
        add(&mut machine, info, &[]);
    }
    machine
}

fn add(machine: &mut Machine, info: DeviceInfo, holders: &[&str]) {
    machine.apply(crate::machine::Change::Device(Arc::new(Device {
        info,
        presence: Presence::Present,
        attachments: holders.iter().map(|holder| (name(holder), Options::new())).collect(),
        assignments: Vec::new(),
    })));
}

fn hold(machine: &mut Machine, port: &Port, holder: &str) {
    let info = machine.devices.get(port).unwrap().info.clone();
    add(machine, info, &[holder]);
}

fn verdict(machine: &Machine, port: &Port, qube: &str) -> Result<(), Refusal> {
    may_attach(machine, machine.devices.get(port).unwrap(), &name(qube))
}

#[test]
fn a_disk_and_its_parts_exclude_each_other() {
    let (stick, disk) = (port(DeviceClass::Usb, "2-1"), port(DeviceClass::Block, "sda"));
    let (first, second) = (port(DeviceClass::Block, "sda1"), port(DeviceClass::Block, "sda2"));
    let mut machine = machine();
    assert_eq!(verdict(&machine, &disk, "work"), Ok(()));
    hold(&mut machine, &first, "work");
    for blocked in [&stick, &disk] {
        assert!(matches!(verdict(&machine, blocked, "work"), Err(Refusal::RelatedInUse(_))), "{blocked}");
    }
    assert_eq!(verdict(&machine, &second, "work"), Ok(()), "another partition stays free");
}

#[test]
fn nobody_gets_what_is_not_for_them() {
    let machine = machine();
    let disk = port(DeviceClass::Block, "sda");
    assert_eq!(verdict(&machine, &disk, "dom0"), Err(Refusal::AdminQube));
    assert_eq!(verdict(&machine, &disk, "sys-usb"), Err(Refusal::OwnBackend(name("sys-usb"))));
    assert_eq!(verdict(&machine, &disk, "vault"), Err(Refusal::NotRunning(name("vault"))));
    assert_eq!(verdict(&machine, &disk, "nosuch"), Err(Refusal::UnknownQube(name("nosuch"))));
}

#[test]
fn a_deny_list_counts_even_for_interfaces_it_names_by_pattern() {
    let mut machine = machine();
    let mut info = machine.devices.get(&port(DeviceClass::Usb, "2-1")).unwrap().info.clone();
    info.interfaces = vec![Interface::new("u080650").unwrap(), Interface::new("u030101").unwrap()];
    add(&mut machine, info, &[]);
    let mut qube = Qube::clone(machine.qubes.get(&name("work")).unwrap());
    qube.details =
        Some(QubeDetails { denied: vec![Interface::new("u03").unwrap()], ..QubeDetails::default() });
    machine.apply(crate::machine::Change::Qube(Arc::new(qube)));
    assert_eq!(
        verdict(&machine, &port(DeviceClass::Usb, "2-1"), "work"),
        Err(Refusal::DenyList(name("work")))
    );
    assert_eq!(verdict(&machine, &port(DeviceClass::Block, "sda"), "work"), Ok(()));
}

#[test]
fn a_chain_of_parents_is_followed_only_so_far() {
    let mut machine = machine();
    let disk = |number: usize| port(DeviceClass::Block, &format!("chain{number}"));
    for number in 0..100 {
        let mut info = DeviceInfo::unknown(disk(number), DeviceId::unknown());
        info.parent = number.checked_sub(1).map(|above| (DeviceClass::Block, disk(above).id));
        add(&mut machine, info, &[]);
    }
    assert_eq!(machine.physical_thing(&disk(5)), disk(0), "deeper than any honest machine");
    assert_ne!(machine.physical_thing(&disk(99)), disk(0));
    hold(&mut machine, &disk(0), "work");
    assert!(matches!(verdict(&machine, &disk(5), "work"), Err(Refusal::RelatedInUse(_))));
}

#[test]
fn a_circle_of_parents_ends() {
    let mut machine = machine();
    let mut info = DeviceInfo::unknown(port(DeviceClass::Usb, "2-1"), DeviceId::unknown());
    info.parent = Some((DeviceClass::Block, PortId::new("sda1").unwrap()));
    add(&mut machine, info, &[]);
    assert_eq!(verdict(&machine, &port(DeviceClass::Block, "sda1"), "work"), Ok(()));
    let thing = machine.physical_thing(&port(DeviceClass::Block, "sda1"));
    assert_eq!(thing, machine.physical_thing(&port(DeviceClass::Usb, "2-1")));
}

/// The stick as the server tells of it while sda1 is in use: sda is not listed.
fn with_unlisted_disk(id: &str, grandparent: Option<&str>) -> Machine {
    let mut machine = machine();
    machine.apply(crate::machine::Change::DeviceGone(port(DeviceClass::Block, "sda")));
    for (port_id, stick) in [("2-1", "0781:5567:4C53:u080650"), ("2-2", "1234:5678::u080650")] {
        let mut info = DeviceInfo::unknown(port(DeviceClass::Usb, port_id), DeviceId::new(stick).unwrap());
        info.interfaces = vec![Interface::new("u080650").unwrap()];
        add(&mut machine, info, &[]);
    }
    let mut part = machine.devices.get(&port(DeviceClass::Block, "sda1")).unwrap().info.clone();
    part.id = DeviceId::new(id).unwrap();
    part.grandparent = grandparent.map(|id| (DeviceClass::Usb, PortId::new(id).unwrap()));
    add(&mut machine, part, &["work"]);
    machine
}

fn relative(machine: &Machine, class: DeviceClass, id: &str) -> Option<(String, bool)> {
    let found = related_in_use(machine, machine.devices.get(&port(class, id)).unwrap());
    found.map(|Relative { port, is_certain, .. }| (port.id.to_string(), is_certain))
}

#[test]
fn a_partition_in_use_is_found_past_a_disk_that_is_not_listed() {
    let machine = with_unlisted_disk("0781:5567:4C53:u080650:1.0:1", Some("2-1"));
    assert_eq!(relative(&machine, DeviceClass::Usb, "2-1"), Some(("sda1".to_owned(), true)));
    assert_eq!(relative(&machine, DeviceClass::Usb, "2-2"), None);
    assert_eq!(relative(&machine, DeviceClass::Block, "sda2"), None);
}

#[test]
fn a_partition_of_unknown_origin_speaks_against_every_stick_that_shows_no_disk() {
    let mut machine = with_unlisted_disk("0000:0000::?******:1", None);
    for stick in ["2-1", "2-2"] {
        assert_eq!(relative(&machine, DeviceClass::Usb, stick), Some(("sda1".to_owned(), false)), "{stick}");
    }
    let refusal = verdict(&machine, &port(DeviceClass::Usb, "2-2"), "work").unwrap_err();
    assert!(refusal.to_string().contains("may be a part"), "{refusal}");
    let mut disk = DeviceInfo::unknown(port(DeviceClass::Block, "sdb"), DeviceId::unknown());
    disk.parent = Some((DeviceClass::Usb, PortId::new("2-2").unwrap()));
    add(&mut machine, disk, &[]);
    assert_eq!(relative(&machine, DeviceClass::Usb, "2-2"), None, "its disk is listed");
    let mut keyboard = DeviceInfo::unknown(port(DeviceClass::Usb, "2-3"), DeviceId::unknown());
    keyboard.interfaces = vec![Interface::new("u030101").unwrap()];
    add(&mut machine, keyboard, &[]);
    assert_eq!(relative(&machine, DeviceClass::Usb, "2-3"), None, "no disk");
}

#[test]
fn an_id_that_names_the_stick_tells_which_one_it_is() {
    let machine = with_unlisted_disk("0781:5567:4C53:u080650:1.0:1", None);
    assert_eq!(relative(&machine, DeviceClass::Usb, "2-1"), Some(("sda1".to_owned(), false)));
    assert_eq!(relative(&machine, DeviceClass::Usb, "2-2"), None);
}

#[test]
fn a_table_of_all_tells_of_each_what_it_is_told_alone() {
    let mut machine = with_unlisted_disk("0000:0000::?******:1", None);
    let disk = |number: u32| port(DeviceClass::Block, &format!("dm-{number}"));
    for number in 0_u32..40 {
        let mut info = DeviceInfo::unknown(disk(number), DeviceId::unknown());
        // Chains, and a circle.
        let above = if number == 20 { Some(25) } else { number.checked_sub(1) };
        info.parent = above.map(|above| (DeviceClass::Block, disk(above).id));
        add(&mut machine, info, if number % 7 == 3 { &["work"] } else { &[] });
    }
    let related = Related::of(&machine);
    let mut told = 0;
    for device in machine.devices.values() {
        let alone = related_in_use(&machine, device);
        told += usize::from(alone.is_some());
        assert_eq!(related.in_use(device), alone, "{}", device.port());
        let by_hand = machine.devices.values().find(|other| {
            let (port, its) = (device.port(), other.port());
            other.is_attached()
                && its != port
                && (machine.is_part_of(other, port) || machine.is_part_of(device, its))
        });
        let certain = alone.filter(|relative| relative.is_certain).map(|relative| relative.port);
        assert_eq!(certain, by_hand.map(|other| other.port().clone()), "{}", device.port());
    }
    assert!(told > 30, "{told}");
}
