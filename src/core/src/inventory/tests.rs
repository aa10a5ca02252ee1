//! What the mirror shows when replies contradict each other, or when what they were about is gone.

use super::*;
use crate::assignment::{Assignment, Attachment, Mode, Options};
use crate::device::{Device, DeviceInfo};
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
    let _ = inventory.mark_unreadable(&attached(), "It fails.");
    let _ = inventory.replace(&Scope::Classes, ScopeReply::Classes(vec![DeviceClass::Pci]));
    assert_eq!(inventory.machine().devices.len(), 0);
    assert_eq!(inventory.machine().unreadable.len(), 0);
}

#[test]
fn what_cannot_be_read_is_asked_for_until_it_can() {
    let mut inventory = inventory();
    exposes(&mut inventory, &stick("a"), None);
    let _ = inventory.mark_unreadable(&attached(), "It fails.");
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
