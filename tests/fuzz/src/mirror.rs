//! Foreign lists, one after the other, into the mirror: whatever a server says, and says next, faces can follow it.
//!
//! Each part of the input is one reply: its first byte says of which scope, the rest is the list.

use device_core::error::ErrorKind;
use device_core::interface::Interface;
use device_core::inventory::{Inventory, Replaced};
use device_core::machine::{Machine, Trouble};
use device_core::mark::{self, DeviceMarks, Mark};
use device_core::name::{DeviceClass, QubeName};
use device_core::qube::{Label, QubeDetails};
use device_core::rules;
use device_core::scope::{Scope, ScopeReply};
use device_core::wire::listing;
use device_core::wire::listing::older::{self, Listed};

/// Most replies of one input: more tell nothing new, and take their time.
const REPLIES_MAX: usize = 24;
/// Devices, and qubes, of which rules and relations are asked after each reply.
const ASKED_MAX: usize = 12;

/// Reads the bytes as replies, and lets a mirror and one who follows it take them over.
///
/// # Panics
/// Where a law does not hold: that is a find.
pub fn run(data: &[u8]) {
    let mut inventory = Inventory::default();
    let mut follower = Machine::default();
    for part in crate::parts(data).take(REPLIES_MAX) {
        let Some((head, list)) = part.split_first() else { continue };
        let (scope, reply) = reply(*head, list);
        let again = reply.clone();
        let replaced = match reply {
            Some(reply) => inventory.replace(&scope, reply),
            None => inventory.mark_unreadable(&scope, Trouble::new(ErrorKind::Refused, "no")),
        };
        follow(&mut follower, replaced);
        assert_eq!(&follower, inventory.machine(), "a follower knows what the mirror knows");
        let repeated = match again {
            Some(reply) => inventory.replace(&scope, reply),
            None => inventory.mark_unreadable(&scope, Trouble::new(ErrorKind::Refused, "no")),
        };
        assert_eq!(repeated.changes, [], "the same reply changes nothing");
        assert!(inventory.wanted().contains_key(&Scope::Qubes));
    }
    let mut replica = Machine::default();
    inventory.machine().replicate().for_each(|change| replica.apply(change));
    assert_eq!(&replica, inventory.machine());
    look_at(&replica);
}

fn follow(follower: &mut Machine, replaced: Replaced) {
    replaced.changes.into_iter().for_each(|change| follower.apply(change));
}

/// What a first byte and a list stand for; without a reply the scope can't be read.
fn reply(head: u8, list: &[u8]) -> (Scope, Option<ScopeReply>) {
    let qube = name(["sys-usb", "work", "vault", "dom0"][usize::from(head >> 3 & 3)]);
    let class = [DeviceClass::Usb, DeviceClass::Block, DeviceClass::Mic, DeviceClass::Pci]
        [usize::from(head >> 5 & 3)]
    .clone();
    let is_older = head & 0x80 != 0;
    match head & 7 {
        0 => (Scope::Qubes, Some(ScopeReply::Qubes(listing::qubes(list).0))),
        1 => (Scope::Classes, Some(ScopeReply::Classes(listing::classes(list).0))),
        2 => {
            let read = if is_older { older::exposed } else { listing::exposed };
            let devices = read(list, &qube, &class).0;
            (Scope::Exposed(qube, class), Some(ScopeReply::Exposed(devices)))
        }
        3 => {
            let attachments = if is_older {
                older_list(list, &qube, &class).map(Listed::into_attachment).collect()
            } else {
                listing::attached(list, &qube, &class).0
            };
            (Scope::Attached(qube, class), Some(ScopeReply::Attached(attachments)))
        }
        4 => {
            let stored = if is_older {
                older_list(list, &qube, &class).filter_map(Listed::into_assignment).collect()
            } else {
                listing::assigned(list, &qube, &class).0
            };
            (Scope::Assigned(qube, class), Some(ScopeReply::Assigned(stored)))
        }
        5 => (Scope::Details(qube), Some(ScopeReply::Details(details(head, list)))),
        6 => {
            let mark = if is_older { Mark::HideChildren } else { Mark::WithMicrophone };
            let marked = mark::listed(&String::from_utf8_lossy(list));
            (Scope::Marked(qube, mark), Some(ScopeReply::Marked(marked)))
        }
        _ if is_older => (Scope::Attached(qube, class), None),
        _ => (Scope::Exposed(qube, class), None),
    }
}

/// What an older server tells of a frontend, live and stored together.
fn older_list(list: &[u8], frontend: &QubeName, class: &DeviceClass) -> impl Iterator<Item = Listed> {
    older::listed(list, frontend, class).0.into_iter()
}

fn name(text: &str) -> QubeName {
    text.parse().expect("a name")
}

fn details(head: u8, list: &[u8]) -> QubeDetails {
    QubeDetails {
        label: Some(Label { name: "red".to_owned(), colour: 0x00cc_0000 }),
        is_internal: head & 0x20 != 0,
        is_disposable_template: head & 0x40 != 0,
        is_auto_cleanup: head & 0x80 != 0,
        denied: Interface::split(&String::from_utf8_lossy(list)).take(64).collect(),
        marks: DeviceMarks::default(),
    }
}

/// Everything that a face asks of a machine.
fn look_at(machine: &Machine) {
    for (port, device) in machine.devices.iter() {
        assert_eq!(port, device.port());
    }
    for device in machine.devices.values().take(ASKED_MAX) {
        assert!(machine.ancestors(device).count() < 20);
        let thing = machine.physical_thing(device.port());
        assert_eq!(thing.backend, device.port().backend);
        let related = rules::related_in_use(machine, device);
        for qube in machine.qubes.keys().take(ASKED_MAX) {
            match rules::may_attach(machine, device, qube) {
                Ok(()) => assert!(related.is_none() && *qube != device.port().backend),
                Err(refusal) => assert!(!refusal.to_string().is_empty()),
            }
        }
    }
}
