//! What is said of what was pulled out in use.

use super::*;

#[test]
fn a_stick_pulled_out_while_attached_says_who_lost_it_once() {
    let mut watched = Watched::new(qubes());
    put(&mut watched.scene, disk().held_by(&["work"]));
    watched.said();
    put(&mut watched.scene, disk().held_by(&["work"]).removed());
    let lost = "sys-usb:sda: Cruzer Blade was removed while attached to work | \
                What was not yet written to it may be lost. Next time, unmount it in the qube and detach it first.";
    assert_eq!(watched.said(), [lost]);
    watched.unplug("block", "sda");
    assert_eq!(watched.said(), Vec::<String>::new());
    put(&mut watched.scene, disk().held_by(&["work"]));
    watched.said();
    watched.unplug("block", "sda");
    assert_eq!(watched.said(), [lost], "also when nothing of it stayed behind");
}

#[test]
fn a_backend_that_stops_is_one_notification() {
    let mut watched = busy_laptop();
    watched.scene.machine.devices.retain(|port, _| port.backend != name("sys-usb"));
    stop_sys_usb(&mut watched);
    let lost = "sys-usb: sys-usb stopped. personal and work lost Cruzer Blade, Camera. | ";
    let expected = ["sys-usb:2-1: closed", "sys-usb:2-4: closed", lost];
    assert_eq!(watched.said(), expected, "nothing goes on saying that they are attached");
}

/// sys-usb with a stick in work and a camera in personal.
fn busy_laptop() -> Watched {
    let mut watched = Watched::new(laptop());
    put(&mut watched.scene, disk().held_by(&["work"]));
    put(&mut watched.scene, device("usb", "sys-usb", "2-4").called("Camera").held_by(&["personal"]));
    watched.said();
    watched
}

fn stop_sys_usb(watched: &mut Watched) {
    put_qube(&mut watched.scene, qube("sys-usb", QubeClass::Disposable, PowerState::Halted, "red"));
}

#[test]
fn a_backend_that_is_heard_of_after_its_devices_explains_their_loss() {
    let mut watched = busy_laptop();
    watched.unplug("block", "sda");
    let alone = format!("sys-usb:2-1: Cruzer Blade was removed while attached to work | {MAY_BE_LOST}");
    assert_eq!(watched.said(), [alone]);
    watched.now += Duration::from_millis(999);
    stop_sys_usb(&mut watched);
    assert_eq!(
        watched.said(),
        ["sys-usb:2-1: closed", "sys-usb: sys-usb stopped. work lost Cruzer Blade. | "]
    );
    watched.now += Duration::from_secs(9);
    watched.unplug("usb", "2-4");
    let both = "sys-usb: sys-usb stopped. personal and work lost Cruzer Blade, Camera. | ";
    assert_eq!(watched.said(), ["sys-usb:2-4: closed", both], "what is heard of later is added");
    put_qube(&mut watched.scene, qube("sys-usb", QubeClass::Disposable, PowerState::Running, "red"));
    put(&mut watched.scene, disk().held_by(&["work"]));
    watched.said();
    watched.unplug("block", "sda");
    stop_sys_usb(&mut watched);
    let anew = "sys-usb: sys-usb stopped. work lost Cruzer Blade. | ";
    assert_eq!(watched.said(), [anew], "what it lost before it started again is no news");
}

#[test]
fn a_backend_that_stops_later_explains_nothing() {
    let mut watched = busy_laptop();
    watched.unplug("block", "sda");
    watched.said();
    watched.now += Duration::from_secs(1);
    stop_sys_usb(&mut watched);
    assert_eq!(watched.said(), Vec::<String>::new());
}

const MAY_BE_LOST: &str = "What was not yet written to it may be lost. \
                           Next time, unmount it in the qube and detach it first.";

/// The stick, and its partitions as they are listed while they are in use.
fn shared_stick(holders: [&str; 2]) -> Watched {
    let mut watched = Watched::new(qubes());
    put(&mut watched.scene, stick());
    for (id, holder) in ["sda1", "sda2"].into_iter().zip(holders) {
        put(&mut watched.scene, shared_part(id).held_by(&[holder]));
    }
    watched.said();
    watched
}

fn shared_part(id: &str) -> Device {
    device("block", "sys-usb", id).called("Cruzer Blade").part_of("block", "sda").beyond("usb", "2-1")
}

#[test]
fn a_stick_in_two_qubes_is_one_notification_that_names_both() {
    let mut watched = shared_stick(["work", "vault"]);
    for (class, id) in [("usb", "2-1"), ("block", "sda1"), ("block", "sda2")] {
        watched.unplug(class, id);
    }
    let lost = "sys-usb:2-1: Cruzer Blade was removed while attached to vault and work";
    assert_eq!(watched.said(), [format!("{lost} | {MAY_BE_LOST}")]);
}

#[test]
fn a_later_loss_of_the_same_stick_is_added_to_the_first_one() {
    let first = "Cruzer Blade, partition 1 was removed while attached to work";
    let both = "Cruzer Blade was removed while attached to vault and work";
    // The lists of a qube are read one after the other, in any order.
    for (order, thing) in [(["sda1", "sda2", "2-1"], "2-1"), (["2-1", "sda1", "sda2"], "sda1")] {
        let mut watched = shared_stick(["work", "vault"]);
        let mut said = Vec::new();
        for id in order {
            watched.unplug(if id == "2-1" { "usb" } else { "block" }, id);
            said.extend(watched.said());
        }
        let expected = [first, both].map(|words| format!("sys-usb:{thing}: {words} | {MAY_BE_LOST}"));
        assert_eq!(said, expected, "{order:?}");
        assert!(watched.notifier.said.is_empty(), "nothing is left that could be lost: {order:?}");
    }
}

#[test]
fn a_loss_replaces_what_was_said_of_the_stick_although_that_went_first() {
    let mut watched = Watched::new(qubes());
    watched.plug(stick());
    watched.plug(disk());
    assert_eq!(watched.said(), [AVAILABLE]);
    watched.unplug("block", "sda");
    watched.plug(shared_part("sda1").held_by(&["work"]));
    let attached = "sys-usb:2-1: Cruzer Blade, partition 1 is attached to work | sys-usb:sda1 [Detach]";
    assert_eq!(watched.said(), [attached]);
    watched.unplug("usb", "2-1");
    assert_eq!(watched.said(), Vec::<String>::new());
    watched.unplug("block", "sda1");
    let said = watched.said();
    assert!(
        said.len() == 1 && said[0].starts_with("sys-usb:2-1: Cruzer Blade, partition 1 was removed"),
        "{said:?}"
    );
}

#[test]
fn two_sticks_are_two_losses_and_a_stick_that_comes_back_is_news() {
    let mut watched = shared_stick(["work", "vault"]);
    let other = || device("block", "sys-usb", "sdb").called("Other").part_of("usb", "2-2");
    put(&mut watched.scene, other().held_by(&["vault"]));
    watched.said();
    watched.unplug("block", "sda1");
    watched.unplug("block", "sdb");
    let said = watched.said();
    assert_eq!(said.len(), 2, "{said:?}");
    assert!(said[0].starts_with("sys-usb:sdb: Other was removed while attached to vault |"), "{said:?}");
    watched.plug(other());
    assert_eq!(
        watched.said(),
        ["sys-usb:sdb: Other is available | sys-usb:sdb [Attach to untrusted] [Choose…]"]
    );
    watched.unplug("block", "sda2");
    watched.unplug("usb", "2-1");
    watched.said();
    watched.plug(stick());
    watched.plug(disk());
    assert_eq!(watched.said(), [AVAILABLE]);
}
