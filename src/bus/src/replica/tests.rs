//! The copy follows what it is told, and nothing that it is told makes it panic or hides the rest.

use device_core::device::{Device, DeviceInfo, Presence};
use device_core::error::ErrorKind;
use device_core::machine::Trouble;
use device_core::name::{DeviceClass, DeviceId, PortId, QubeName};
use device_core::qube::{PowerState, Qube, QubeClass};
use zbus::zvariant::OwnedValue;

use super::*;
use crate::names::{BUS, DEVICE, QUBE};
use crate::path;
use crate::property::Outgoing;

fn arrived(sent: Outgoing) -> Incoming {
    sent.into_iter().map(|(name, value)| (name.to_owned(), value.try_into().unwrap())).collect()
}

fn port(id: &str) -> Port {
    Port::new(QubeName::new("sys-usb").unwrap(), DeviceClass::Usb, PortId::new(id).unwrap())
}

fn device(id: &str) -> Device {
    Device {
        info: DeviceInfo::unknown(port(id), DeviceId::unknown()),
        presence: Presence::Present,
        attachments: BTreeMap::new(),
        assignments: Vec::new(),
    }
}

fn work() -> Qube {
    Qube {
        name: QubeName::new("work").unwrap(),
        class: QubeClass::App,
        state: PowerState::Running,
        details: None,
    }
}

fn object(interface: &str, properties: Incoming) -> Interfaces {
    HashMap::from([(interface.to_owned().try_into().unwrap(), properties)])
}

fn tree(ids: &[&str]) -> ManagedObjects {
    let mut objects: ManagedObjects = ids
        .iter()
        .map(|id| {
            let shape = DeviceProperties::new(&device(id), PluggedIn::BEFORE);
            (path::of_device(&port(id)), object(DEVICE, arrived(shape.to_outgoing())))
        })
        .collect();
    let shape = QubeProperties::new(&work());
    objects.insert(path::of_qube(&work().name), object(QUBE, arrived(shape.to_outgoing())));
    objects
}

fn manager(machine: &Machine) -> Incoming {
    arrived(ManagerProperties::new("0.1.0", &Source::Qubesd, machine).to_outgoing())
}

fn live() -> Machine {
    Machine { link: Link::Live, ..Machine::default() }
}

fn signal<B>(path: &str, interface: &str, member: &str, body: &B) -> Message
where
    B: serde::Serialize + zbus::zvariant::DynamicType,
{
    Message::signal(path, interface, member).unwrap().sender(":1.7").unwrap().build(body).unwrap()
}

fn changed(path: &str, interface: &str, properties: Incoming) -> Message {
    let body = (interface, properties, Vec::<String>::new());
    signal(path, "org.freedesktop.DBus.Properties", "PropertiesChanged", &body)
}

#[test]
fn the_tree_is_taken_over_and_only_what_differs_is_told() {
    let mut replica = Replica::default();
    let update = replica.replace(tree(&["2-1", "2-2"]), manager(&live()));
    assert_eq!(update.faults, []);
    assert_eq!(update.changes.len(), 4, "two devices, a qube, the link: {update:?}");
    assert_eq!(replica.replace(tree(&["2-1", "2-2"]), manager(&live())), Update::default());
    let update = replica.replace(tree(&["2-2"]), manager(&live()));
    assert_eq!(update.changes, [Change::DeviceGone(port("2-1"))]);
}

#[test]
fn signals_add_change_and_remove() {
    let mut replica = Replica::default();
    let _ = replica.replace(tree(&[]), manager(&live()));
    let at = path::of_device(&port("2-1"));
    let new = DeviceProperties::new(&device("2-1"), PluggedIn(5));
    let added = (&at, HashMap::from([(DEVICE, new.to_outgoing())]));
    let update =
        replica.signal(&signal(ROOT, "org.freedesktop.DBus.ObjectManager", "InterfacesAdded", &added));
    assert_eq!(update.changes, [Change::Device(device("2-1").into())]);
    assert_eq!(replica.plugged_in(&port("2-1")), PluggedIn(5));

    let gone = Incoming::from([("Present".to_owned(), OwnedValue::from(false))]);
    let update = replica.signal(&changed(&at, DEVICE, gone));
    let removed = Device { presence: Presence::Removed, ..device("2-1") };
    assert_eq!(update.changes, [Change::Device(removed.into())]);

    let removed = (&at, vec![DEVICE]);
    let update =
        replica.signal(&signal(ROOT, "org.freedesktop.DBus.ObjectManager", "InterfacesRemoved", &removed));
    assert_eq!(update.changes, [Change::DeviceGone(port("2-1"))]);
    assert_eq!(replica.plugged_in(&port("2-1")), PluggedIn::BEFORE);
}

#[test]
fn link_and_unreadable_lists_follow_the_manager() {
    let mut replica = Replica::default();
    let _ = replica.replace(tree(&[]), manager(&live()));
    let list = (QubeName::new("sys-usb").unwrap(), DeviceClass::Usb);
    let broken = Trouble::new(ErrorKind::Malformed, "It is broken.");
    let away = Trouble::new(ErrorKind::Unreachable, "It is away.");
    let mut machine = live();
    machine.unreadable.insert(list.clone(), broken.clone());
    machine.link = Link::Lost(away.clone());
    let update = replica.signal(&changed(ROOT, MANAGER, manager(&machine)));
    assert_eq!(
        update.changes,
        [Change::Unreadable(list.0, list.1, Some(broken.clone())), Change::Link(Link::Lost(away.clone())),]
    );
    assert_eq!(replica.machine().qubes.len(), 1, "what was known last stays");
}

#[test]
fn one_bad_object_does_not_hide_the_others() {
    let mut replica = Replica::default();
    let mut objects = tree(&["2-1"]);
    let lies = arrived(DeviceProperties::new(&device("2-2"), PluggedIn::BEFORE).to_outgoing());
    objects.insert(path::of_device(&port("2-3")), object(DEVICE, lies.clone()));
    objects.insert(path::of_device(&port("2-4")), object(DEVICE, Incoming::new()));
    objects.insert(path::of_device(&port("2-5")), object("org.example.Other", Incoming::new()));
    let update = replica.replace(objects, manager(&live()));
    assert_eq!(update.faults.len(), 2, "{:?}", update.faults);
    assert_eq!(replica.machine().devices.keys().collect::<Vec<_>>(), [&port("2-1")]);
}

#[test]
fn a_device_that_turns_unreadable_is_dropped() {
    let mut replica = Replica::default();
    let _ = replica.replace(tree(&["2-1"]), manager(&live()));
    let at = path::of_device(&port("2-1"));
    let bad = Incoming::from([("Present".to_owned(), OwnedValue::from(7_u32))]);
    let update = replica.signal(&changed(&at, DEVICE, bad));
    assert_eq!(update.changes, [Change::DeviceGone(port("2-1"))]);
    assert_eq!(update.faults.len(), 1);
}

#[test]
fn foreign_and_broken_signals_do_nothing() {
    let mut replica = Replica::default();
    let _ = replica.replace(tree(&["2-1"]), manager(&live()));
    let unknown = path::of_device(&port("2-9"));
    let gone = Incoming::from([("Present".to_owned(), OwnedValue::from(false))]);
    for message in [
        changed(&unknown, DEVICE, gone.clone()),
        changed("/org/example", DEVICE, gone),
        signal(ROOT, BUS, "Odd", &7_u32),
        signal(ROOT, BUS, "InterfacesAdded", &7_u32),
        signal(ROOT, BUS, "PropertiesChanged", &"x"),
    ] {
        assert_eq!(replica.signal(&message).changes, [], "{message}");
    }
}

#[test]
fn a_lost_service_leaves_what_was_known_last() {
    let mut replica = Replica::default();
    let _ = replica.replace(tree(&["2-1"]), manager(&live()));
    let update = replica.lost(&crate::error::absent_service());
    assert!(matches!(update.changes[..], [Change::Link(Link::Lost(_))]));
    assert_eq!(replica.machine().devices.len(), 1);
}
