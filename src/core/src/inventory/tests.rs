//! What the mirror shows when replies contradict each other, or when what they were about is gone.

use super::*;
use crate::assignment::{Assignment, Attachment, Mode, Options};
use crate::device::{Device, DeviceInfo};
use crate::error::ErrorKind;
use crate::name::{DeviceClass, DeviceId, DeviceRef, Port, PortId};
use crate::qube::{PowerState, QubeClass};

fn name(text: &str) -> QubeName {
    QubeName::new(text).unwrap()
}

fn stick(id: &str) -> DeviceRef {
    let port = Port::new(name("sys-usb"), DeviceClass::Usb, PortId::new("2-1").unwrap());
    DeviceRef { port, id: DeviceId::new(id).unwrap() }
}

fn exposed() -> Scope {
    Scope::Exposed(name("sys-usb"), DeviceClass::Usb)
}

fn attached() -> Scope {
    Scope::Attached(name("work"), DeviceClass::Usb)
}

fn qubes(running: &[&str]) -> ScopeReply {
    let state = |qube: &str| QubeState {
        name: name(qube),
        class: if qube == "dom0" { QubeClass::Admin } else { QubeClass::App },
        state: if running.contains(&qube) { PowerState::Running } else { PowerState::Halted },
    };
    ScopeReply::Qubes(["dom0", "sys-usb", "work"].map(state).to_vec())
}

/// sys-usb exposes this device, held by that qube.
fn exposes(inventory: &mut Inventory, device: &DeviceRef, holder: Option<&str>) -> Replaced {
    let mut info = DeviceInfo::unknown(device.port.clone(), device.id.clone());
    info.holder = holder.map(name);
    inventory.replace(&exposed(), ScopeReply::Exposed(vec![info]))
}

/// work holds this device, read-only.
fn holds(inventory: &mut Inventory, device: &DeviceRef) -> Replaced {
    let attachment = Attachment {
        device: device.clone(),
        frontend: name("work"),
        mode: Mode::Manual,
        options: Options::from_iter([("read-only", "yes")]),
    };
    inventory.replace(&attached(), ScopeReply::Attached(vec![attachment]))
}

fn shown(inventory: &Inventory) -> &Device {
    inventory.machine().devices.get(&stick("a").port).unwrap()
}

fn inventory() -> Inventory {
    let mut inventory = Inventory::default();
    let classes = vec![DeviceClass::Pci, DeviceClass::Usb];
    let _ = inventory.replace(&Scope::Classes, ScopeReply::Classes(classes));
    let _ = inventory.replace(&Scope::Qubes, qubes(&["dom0", "sys-usb", "work"]));
    inventory
}

#[test]
fn a_backend_that_says_free_outweighs_a_frontend_that_said_held() {
    let mut inventory = inventory();
    exposes(&mut inventory, &stick("a"), Some("work"));
    holds(&mut inventory, &stick("a"));
    assert!(shown(&inventory).attachments.contains_key(&name("work")));
    let replaced = exposes(&mut inventory, &stick("a"), None);
    assert!(!shown(&inventory).is_attached());
    assert_eq!(replaced.doubts, [attached()]);
    holds(&mut inventory, &stick("a"));
    assert!(shown(&inventory).is_attached(), "what is said last counts");
}

#[test]
fn a_qube_that_stops_takes_what_is_no_longer_asked_of_it() {
    let mut inventory = inventory();
    exposes(&mut inventory, &stick("a"), None);
    let assignment = Assignment {
        backend: name("sys-usb"),
        class: DeviceClass::Usb,
        port: None,
        device: None,
        frontend: name("work"),
        mode: Mode::AutoAttach,
        options: Options::new(),
    };
    let scope = Scope::Assigned(name("work"), DeviceClass::Usb);
    let _ = inventory.replace(&scope, ScopeReply::Assigned(vec![assignment]));
    assert_eq!(shown(&inventory).assignments.len(), 1);
    let _ = inventory.replace(&Scope::Qubes, qubes(&["dom0", "sys-usb"]));
    assert!(!inventory.wanted().contains_key(&scope));
    assert_eq!(shown(&inventory).assignments, []);
    assert!(!inventory.can_be_asked(&scope), "an event must not bring in what no reconcile meets");
    assert!(inventory.can_be_asked(&Scope::Assigned(name("work"), DeviceClass::Pci)));
}

#[test]
fn a_class_that_goes_takes_its_devices_along() {
    let mut inventory = inventory();
    exposes(&mut inventory, &stick("a"), Some("work"));
    holds(&mut inventory, &stick("a"));
    let _ = inventory.mark_unreadable(&attached(), Trouble::new(ErrorKind::Refused, "It fails."));
    let _ = inventory.replace(&Scope::Classes, ScopeReply::Classes(vec![DeviceClass::Pci]));
    assert_eq!(inventory.machine().devices.len(), 0);
    assert_eq!(inventory.machine().unreadable.len(), 0);
}

#[test]
fn what_cannot_be_read_is_asked_for_until_it_can() {
    let mut inventory = inventory();
    exposes(&mut inventory, &stick("a"), None);
    let _ = inventory.mark_unreadable(&attached(), Trouble::new(ErrorKind::Refused, "It fails."));
    assert!(inventory.wanted().contains_key(&attached()));
    let _ = inventory.replace(&attached(), ScopeReply::Attached(Vec::new()));
    assert_eq!(inventory.machine().unreadable.len(), 0);
}

#[test]
fn what_was_said_of_a_device_does_not_count_for_the_next_one_on_its_port() {
    let mut inventory = inventory();
    exposes(&mut inventory, &stick("a"), Some("work"));
    holds(&mut inventory, &stick("a"));
    let replaced = exposes(&mut inventory, &stick("b"), Some("work"));
    assert_eq!(shown(&inventory).attachments.get(&name("work")), Some(&Options::new()));
    assert_eq!(replaced.doubts, [attached()]);
}

/// sys-usb exposes this stick, and a disk with two partitions, of which work has the first one or nobody any.
fn exposes_parts(inventory: &mut Inventory, stick: &str, is_used: bool) -> Vec<Change> {
    let usb = DeviceInfo::unknown(self::stick(stick).port, DeviceId::new(stick).unwrap());
    let mut changes = inventory.replace(&exposed(), ScopeReply::Exposed(vec![usb])).changes;
    let disk_id = if is_used { "0000:0000::?******".to_owned() } else { format!("{stick}:1.0") };
    let block = |id: &str, device: &str, parent: (DeviceClass, &str)| {
        let mut info = DeviceInfo::unknown(part(id), DeviceId::new(device).unwrap());
        info.parent = Some((parent.0, PortId::new(parent.1).unwrap()));
        info
    };
    let mut list: Vec<_> = ["1", "2"]
        .map(|n| block(&format!("sda{n}"), &format!("{disk_id}:{n}"), (DeviceClass::Block, "sda")))
        .into();
    if is_used {
        list[0].holder = Some(name("work"));
    } else {
        list.push(block("sda", &disk_id, (DeviceClass::Usb, "2-1")));
    }
    let scope = Scope::Exposed(name("sys-usb"), DeviceClass::Block);
    changes.extend(inventory.replace(&scope, ScopeReply::Exposed(list)).changes);
    changes
}

fn part(id: &str) -> Port {
    Port::new(name("sys-usb"), DeviceClass::Block, PortId::new(id).unwrap())
}

fn with_disks() -> Inventory {
    let mut inventory = inventory();
    let classes = vec![DeviceClass::Block, DeviceClass::Usb];
    let _ = inventory.replace(&Scope::Classes, ScopeReply::Classes(classes));
    inventory
}

/// What sda1 is called, and what lies above its disk.
fn first_part(inventory: &Inventory) -> (String, Option<String>) {
    let info = &inventory.machine().devices.get(&part("sda1")).unwrap().info;
    (info.id.to_string(), info.grandparent.as_ref().map(|(_, id)| id.to_string()))
}

#[test]
fn a_partition_stays_what_it_is_while_its_disk_is_not_listed() {
    let mut inventory = with_disks();
    exposes_parts(&mut inventory, "a:b", false);
    assert_eq!(first_part(&inventory), ("a:b:1.0:1".into(), None));
    exposes_parts(&mut inventory, "a:b", true);
    assert_eq!(first_part(&inventory), ("a:b:1.0:1".into(), Some("2-1".into())));
    let machine = inventory.machine();
    let stick = machine.parent(machine.devices.get(&part("sda1")).unwrap()).unwrap();
    assert_eq!(*stick.port(), self::stick("a").port, "past the disk");
    assert_eq!(exposes_parts(&mut inventory, "a:b", true), [], "no news");
    exposes_parts(&mut inventory, "a:b", false);
    assert_eq!(first_part(&inventory), ("a:b:1.0:1".into(), None));
}

#[test]
fn what_was_known_of_a_disk_says_nothing_of_another_stick() {
    let mut inventory = with_disks();
    exposes_parts(&mut inventory, "a:b", false);
    exposes_parts(&mut inventory, "a:b", true);
    exposes_parts(&mut inventory, "c:d", true);
    assert_eq!(first_part(&inventory), ("0000:0000::?******:1".into(), None));
}

#[test]
fn a_partition_that_was_in_use_before_anybody_looked_is_of_an_unknown_disk() {
    let mut inventory = with_disks();
    exposes_parts(&mut inventory, "a:b", true);
    assert_eq!(first_part(&inventory), ("0000:0000::?******:1".into(), None));
    let changes = exposes_parts(&mut inventory, "a:b", false);
    assert_eq!(first_part(&inventory), ("a:b:1.0:1".into(), None));
    let is_gone = |change: &Change| matches!(change, Change::DeviceGone(_));
    assert!(!changes.iter().any(is_gone), "it is the same one: {changes:?}");
}

#[test]
fn a_disk_that_is_pulled_out_goes_after_its_parts() {
    let mut inventory = with_disks();
    exposes_parts(&mut inventory, "a:b", false);
    let list = Scope::Exposed(name("sys-usb"), DeviceClass::Block);
    let changes = inventory.replace(&list, ScopeReply::Exposed(Vec::new())).changes;
    let gone: Vec<_> = changes
        .iter()
        .filter_map(|change| match change {
            Change::DeviceGone(port) => Some(port.id.as_str()),
            _ => None,
        })
        .collect();
    assert_eq!(gone, ["sda2", "sda1", "sda"], "or a part would stand alone for a moment");
}
