//! What is said of a machine that changes, and what is not.

use std::collections::BTreeSet;

use super::*;
use crate::testing::{Make, device, laptop, lost_link, name, now, port, put, put_qube, qube, qubes};
use device_core::assignment::Options;
use device_core::machine::Link;
use device_core::name::DeviceId;
use device_core::qube::{PowerState, QubeClass};
use proptest::prelude::*;

mod bursts;
mod lost;
mod moved;

/// A notifier and the scene that it watches.
struct Watched {
    notifier: Notifier,
    scene: Scene,
    now: Instant,
}

impl Watched {
    fn new(scene: Scene) -> Self {
        let mut watched = Self { notifier: Notifier::default(), scene, now: now() };
        assert_eq!(watched.said(), Vec::<String>::new(), "nothing of what was there before");
        watched
    }

    fn plug(&mut self, device: Device) {
        self.scene.plugged_in.insert(device.port().clone(), self.now);
        put(&mut self.scene, device);
    }

    fn unplug(&mut self, class: &str, id: &str) {
        let port = port(class, "sys-usb", id);
        self.scene.plugged_in.remove(&port);
        self.scene.machine.devices.remove(&port);
    }

    fn effects(&mut self) -> Vec<Effect> {
        self.notifier.observe(&self.scene, self.now)
    }

    fn said(&mut self) -> Vec<String> {
        let effects = self.effects();
        effects.iter().map(in_words).collect()
    }

    fn later(&mut self, milliseconds: u64) -> Vec<String> {
        self.now += Duration::from_millis(milliseconds);
        let effects = self.notifier.wake(&self.scene, self.now);
        effects.iter().map(in_words).collect()
    }
}

fn in_words(effect: &Effect) -> String {
    match effect {
        Effect::Show(tag, notice) => {
            let buttons: Vec<_> =
                notice.buttons.iter().map(|button| format!(" [{}]", button.label())).collect();
            format!("{}: {} | {}{}", tag_in_words(tag), notice.summary, notice.body, buttons.concat())
        }
        Effect::Close(tag) => format!("{}: closed", tag_in_words(tag)),
    }
}

fn tag_in_words(tag: &Tag) -> String {
    match tag {
        Tag::Thing(port) => port.to_string(),
        Tag::Backend(name) | Tag::Qube(name) => name.to_string(),
        Tag::Asking => "asking".into(),
    }
}

fn stick() -> Device {
    device("usb", "sys-usb", "2-1").called("Cruzer Blade").is(&["u080650"])
}

fn disk() -> Device {
    device("block", "sys-usb", "sda").called("Cruzer Blade").part_of("usb", "2-1").with("size", "14900000000")
}

fn part() -> Device {
    device("block", "sys-usb", "sda1").called("Cruzer Blade").part_of("block", "sda")
}

const AVAILABLE: &str =
    "sys-usb:2-1: Cruzer Blade (14.9 GB) is available | sys-usb:sda [Attach to untrusted] [Choose…]";

#[test]
fn one_stick_is_one_notification_in_whatever_order_its_parts_come() {
    let mut watched = Watched::new(qubes());
    watched.plug(stick());
    assert_eq!(watched.said(), Vec::<String>::new(), "its disk comes in a moment");
    watched.plug(disk());
    assert_eq!(watched.said(), [AVAILABLE]);
    watched.plug(part());
    assert_eq!(watched.said(), Vec::<String>::new());
    assert_eq!(watched.later(800), Vec::<String>::new());

    let mut watched = Watched::new(qubes());
    watched.plug(disk());
    assert_eq!(watched.said().len(), 1);
    watched.plug(stick());
    watched.plug(part());
    assert_eq!(watched.said(), Vec::<String>::new());
}

#[test]
fn a_stick_whose_disk_never_comes_is_told_without() {
    let mut watched = Watched::new(qubes());
    watched.plug(stick());
    watched.said();
    assert_eq!(watched.notifier.wake_at(), Some(watched.now + DISK_COMES_WITHIN));
    let said = watched.later(800);
    assert_eq!(
        said,
        ["sys-usb:2-1: Cruzer Blade is available | sys-usb:2-1 [Attach to untrusted] [Choose…]"]
    );
    assert_eq!(watched.notifier.wake_at(), None, "nothing to wait for any more");
}

#[test]
fn the_story_of_a_stick_replaces_itself() {
    let mut watched = Watched::new(qubes());
    watched.plug(stick());
    watched.plug(disk());
    assert_eq!(watched.said(), [AVAILABLE]);
    watched.plug(disk().held_by(&["work"]));
    assert_eq!(watched.said(), ["sys-usb:2-1: Cruzer Blade is attached to work | sys-usb:sda [Detach]"]);
    watched.plug(disk().held_by(&["vault"]));
    assert_eq!(watched.said(), ["sys-usb:2-1: Cruzer Blade is attached to vault | sys-usb:sda [Detach]"]);
    watched.plug(disk());
    assert_eq!(
        watched.said(),
        ["sys-usb:2-1: Cruzer Blade is detached from vault | It can be pulled out now."]
    );
    watched.unplug("block", "sda");
    watched.unplug("usb", "2-1");
    assert_eq!(watched.said(), ["sys-usb:2-1: Cruzer Blade was removed safely | "]);
}

#[test]
fn a_stick_that_goes_before_its_disk_is_told_as_one_thing() {
    let mut watched = Watched::new(qubes());
    let plugged = |watched: &mut Watched| {
        watched.plug(stick());
        watched.plug(disk());
        assert_eq!(watched.said(), [AVAILABLE]);
    };
    let gone = |watched: &mut Watched| {
        watched.unplug("usb", "2-1");
        assert_eq!(watched.said(), [""; 0], "its disk is still listed");
        watched.unplug("block", "sda");
        watched.said()
    };
    plugged(&mut watched);
    assert_eq!(gone(&mut watched), ["sys-usb:2-1: closed"]);
    plugged(&mut watched);
    watched.plug(disk().held_by(&["work"]));
    watched.said();
    watched.plug(disk());
    watched.said();
    assert_eq!(gone(&mut watched), ["sys-usb:2-1: Cruzer Blade was removed safely | "]);
    assert!(watched.notifier.said.is_empty());
}

#[test]
fn what_goes_unused_takes_its_notification_along() {
    let mut watched = Watched::new(qubes());
    watched.plug(disk());
    watched.said();
    watched.unplug("block", "sda");
    assert_eq!(watched.said(), ["sys-usb:sda: closed"]);
    watched.plug(disk());
    assert_eq!(watched.said().len(), 1, "plugged in again it is news again");
}

#[test]
fn nothing_is_said_of_what_was_found_or_of_a_mirror_that_is_not_whole() {
    let mut watched = Watched::new(qubes());
    put(&mut watched.scene, disk());
    assert_eq!(watched.said(), Vec::<String>::new(), "found, not plugged in");
    watched.scene.machine.link = lost_link();
    watched.scene.machine.devices.clear();
    assert_eq!(watched.said(), Vec::<String>::new());
    put(&mut watched.scene, disk());
    watched.scene.machine.link = Link::Live;
    assert_eq!(watched.said(), Vec::<String>::new(), "it is as it was");
}

#[test]
fn pci_devices_are_not_spoken_of() {
    let mut watched = Watched::new(qubes());
    watched.plug(device("pci", "dom0", "00_14.0"));
    assert_eq!(watched.said(), Vec::<String>::new());
}

#[test]
fn shutting_a_qube_down_is_no_news_about_its_devices() {
    let mut watched = Watched::new(qubes());
    put(&mut watched.scene, disk().held_by(&["work"]));
    watched.said();
    put_qube(&mut watched.scene, qube("work", QubeClass::App, PowerState::Halted, "blue"));
    put(&mut watched.scene, disk());
    assert_eq!(watched.said(), Vec::<String>::new());
}

#[test]
fn a_failure_replaces_what_was_said_and_gives_the_reason() {
    let mut watched = Watched::new(qubes());
    watched.plug(disk());
    watched.said();
    let command = Command::Attach(disk().info.to_ref(), name("work"), Options::new());
    let failure = Failure { command, reason: "work is not running.".into() };
    let effects = watched.notifier.failed(&watched.scene, &failure);
    assert_eq!(
        effects.iter().map(in_words).collect::<Vec<_>>(),
        ["sys-usb:sda: Cruzer Blade could not be attached to work | work is not running. [Choose…]"]
    );
    let mut other = disk().called("Other stick");
    other.info.id = DeviceId::new("1234:5678:other").unwrap();
    put(&mut watched.scene, other);
    let effects = watched.notifier.failed(&watched.scene, &failure);
    assert_eq!(
        effects.iter().map(in_words).collect::<Vec<_>>(),
        ["sys-usb:sda: sys-usb:sda could not be attached to work | work is not running. [Choose…]"],
        "nobody chose the other one"
    );
    let failure = Failure { command: Command::StartQube(name("sys-usb")), reason: "No memory.".into() };
    let effects = watched.notifier.failed(&watched.scene, &failure);
    assert_eq!(
        effects.iter().map(in_words).collect::<Vec<_>>(),
        ["sys-usb: sys-usb could not be started | No memory."]
    );
}

#[test]
fn a_long_name_leaves_room_for_what_happened() {
    let mut watched = Watched::new(qubes());
    watched.plug(disk().called(&"Endless-".repeat(20)));
    let said = watched.said();
    assert!(said[0].contains("-Endless… (14.9 GB) is available |"), "{said:?}");
}

#[test]
fn the_microphone_in_two_qubes_is_one_notification_that_names_both() {
    let mut watched = Watched::new(qubes());
    put(&mut watched.scene, device("mic", "dom0", "mic"));
    watched.said();
    put(&mut watched.scene, device("mic", "dom0", "mic").held_by(&["work"]));
    assert_eq!(watched.said(), ["dom0:mic: Built-in microphone is attached to work | dom0:mic [Detach]"]);
    put(&mut watched.scene, device("mic", "dom0", "mic").held_by(&["work", "personal"]));
    assert_eq!(watched.said(), ["dom0:mic: Built-in microphone is attached to personal and work | dom0:mic"]);
}

#[test]
fn a_part_that_comes_back_after_a_detach_does_not_hide_that_it_can_be_pulled_out() {
    let mut watched = Watched::new(qubes());
    watched.plug(stick());
    watched.plug(disk());
    assert_eq!(watched.said().len(), 1);
    put(&mut watched.scene, disk().held_by(&["work"]));
    assert_eq!(watched.said().len(), 1);
    put(&mut watched.scene, disk());
    watched.plug(device("block", "sys-usb", "sda1").called("Cruzer Blade").part_of("block", "sda"));
    let said = watched.said();
    assert!(said.len() == 1 && said[0].ends_with("| It can be pulled out now."), "{said:?}");
}

#[test]
fn the_story_of_a_partition_whose_disk_is_hidden_meanwhile() {
    let mut watched = Watched::new(qubes());
    for device in [stick(), disk(), part()] {
        watched.plug(device);
    }
    assert_eq!(watched.said(), [AVAILABLE]);
    put(&mut watched.scene, part().beyond("usb", "2-1").held_by(&["work"]));
    watched.unplug("block", "sda");
    let attached = "sys-usb:2-1: Cruzer Blade, partition 1 is attached to work | sys-usb:sda1 [Detach]";
    assert_eq!(watched.said(), [attached]);
    put(&mut watched.scene, part());
    put(&mut watched.scene, disk());
    let detached = "sys-usb:2-1: Cruzer Blade, partition 1 is detached from work | It can be pulled out now.";
    assert_eq!(watched.said(), [detached]);
    assert_eq!(watched.later(800), Vec::<String>::new());
}

#[test]
fn a_partition_whose_disk_is_told_later_has_not_come() {
    let mut watched = Watched::new(qubes());
    let called = |id: &str| {
        let mut part = part().held_by(&["work"]);
        part.info.id = DeviceId::new(id).unwrap();
        part
    };
    watched.plug(called("0000:0000::?******:1"));
    watched.said();
    put(&mut watched.scene, called("a:b:1.0:1"));
    assert_eq!(watched.said(), Vec::<String>::new());
}

#[test]
fn a_stick_of_which_another_part_is_in_use_cannot_be_pulled_out() {
    let mut watched = Watched::new(qubes());
    let part = |id: &str| device("block", "sys-usb", id).called("Cruzer Blade").part_of("block", "sda");
    for device in [stick(), disk(), part("sda1"), part("sda2").held_by(&["vault"])] {
        watched.plug(device);
    }
    put(&mut watched.scene, part("sda1").held_by(&["work"]));
    watched.said();
    put(&mut watched.scene, part("sda1"));
    let said = watched.said();
    assert!(
        said.len() == 1 && said[0].ends_with("work | Don’t pull it out yet: sda2 is in use in vault."),
        "{said:?}"
    );
}

#[test]
fn only_what_people_pull_out_can_be_pulled_out() {
    let body = |device: Device| {
        let mut watched = Watched::new(qubes());
        put(&mut watched.scene, device.clone().held_by(&["work"]));
        watched.said();
        put(&mut watched.scene, device);
        let said = watched.said();
        let [only] = said.as_slice() else { panic!("{said:?}") };
        only.split_once(" | ").unwrap().1.to_owned()
    };
    assert_eq!(body(device("usb", "sys-usb", "2-1").is(&["u080650"])), "It can be pulled out now.");
    assert_eq!(body(disk()), "It can be pulled out now.");
    assert_eq!(body(device("usb", "sys-usb", "2-4").is(&["u0e0100"])), "sys-usb:2-4");
    assert_eq!(body(device("block", "dom0", "sda")), "dom0:sda");
    assert_eq!(body(device("mic", "dom0", "mic")), "");
}

/// Some disks of two backends and the holders of some of them, as numbers.
fn some_machine() -> impl Strategy<Value = Machine> {
    prop::collection::btree_map(0..16_u8, 0..3_u8, 0..12).prop_map(|disks| {
        let mut scene = Scene::default();
        for (number, holder) in disks {
            let (class, backend) =
                (["block", "pci"][usize::from(number % 2)], ["a", "b"][usize::from(number / 8)]);
            let holders: &[&str] = [&[][..], &["work"], &["vault"]][usize::from(holder)];
            put(&mut scene, device(class, backend, &format!("sd{number}")).held_by(holders));
        }
        scene.machine
    })
}

proptest! {
    #[test]
    fn every_shown_port_on_which_something_differs_is_found_once_and_no_other(before in some_machine(), after in some_machine()) {
        let ports: BTreeSet<&Port> = before.devices.keys().chain(after.devices.keys()).collect();
        let differs = |port: &&Port| before.devices.get(*port) != after.devices.get(*port);
        let shown = |port: &&Port| port.class != DeviceClass::Pci;
        let expected = ports.into_iter().filter(differs).filter(shown).cloned();
        let (there, gone): (Vec<_>, Vec<_>) = expected.partition(|port| after.devices.contains_key(port));
        prop_assert_eq!(changed_ports(&before, &after), [there, gone].concat());
        prop_assert_eq!(changed_ports(&before, &before.clone()), Vec::new());
    }
}
