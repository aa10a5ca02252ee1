//! The link without a bus: what is told goes in, what is to be done comes out.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use device_bus::device::{DeviceProperties, PluggedIn};
use device_bus::manager::{ManagerProperties, Source};
use device_bus::names::{BUS, DEVICE, QUBE, ROOT};
use device_bus::path;
use device_bus::property::{Incoming, Outgoing};
use device_bus::qube::QubeProperties;
use device_core::assignment::Options;
use device_core::device::Device;
use device_core::error::{Error, ErrorKind};
use device_core::machine::{Link, Machine};
use device_core::name::DeviceRef;
use device_core::qube::{PowerState, QubeClass};
use zbus::fdo::ManagedObjects;
use zbus::message::Message;
use zbus::zvariant::{OwnedObjectPath, Value};

use super::call::Answer;
use super::state::State;
use super::turn::{Input, Job};
use crate::notify::Effect;
use crate::recent::Recent;
use crate::scene::{Command, Ticket, Wish};
use crate::strings;
use crate::testing::{Make, device, laptop, name, port, put, qube};

const OWNER: &str = ":1.7";

fn arrived(sent: Outgoing) -> Incoming {
    sent.into_iter().map(|(name, value)| (name.to_owned(), value.try_into().unwrap())).collect()
}

fn object(interface: &str, sent: Outgoing) -> HashMap<zbus::names::OwnedInterfaceName, Incoming> {
    HashMap::from([(interface.to_owned().try_into().unwrap(), arrived(sent))])
}

fn tree(machine: &Machine) -> (ManagedObjects, Incoming) {
    let devices = machine.devices.values().map(|device| {
        let sent = DeviceProperties::new(device, PluggedIn::BEFORE).to_outgoing();
        (path::of_device(device.port()), object(DEVICE, sent))
    });
    let qubes = machine
        .qubes
        .values()
        .map(|qube| (path::of_qube(&qube.name), object(QUBE, QubeProperties::new(qube).to_outgoing())));
    let source = Source::Simulator("laptop".into());
    let manager = ManagerProperties::new("0.1.0", &source, machine).to_outgoing();
    (devices.chain(qubes).collect(), arrived(manager))
}

/// A signal of the service that a device came.
fn added(device: &Device, sender: &str) -> Message {
    let sent = DeviceProperties::new(device, PluggedIn::at(std::time::SystemTime::now())).to_outgoing();
    added_object(&path::of_device(device.port()), DEVICE, sent, sender)
}

fn added_object(object: &OwnedObjectPath, interface: &str, sent: Outgoing, sender: &str) -> Message {
    let interfaces: HashMap<&str, Outgoing> = HashMap::from([(interface, sent)]);
    Message::signal(ROOT, "org.freedesktop.DBus.ObjectManager", "InterfacesAdded")
        .unwrap()
        .sender(sender)
        .unwrap()
        .build(&(object, interfaces))
        .unwrap()
}

/// A signal of the service that the device is otherwise than before.
fn tree_change(device: &Device) -> Message {
    let sent = DeviceProperties::new(device, PluggedIn::at(std::time::SystemTime::now())).to_outgoing();
    let changed: Outgoing = sent.into_iter().filter(|(name, _)| *name == "Attachments").collect();
    let nothing: &[&str] = &[];
    Message::signal(path::of_device(device.port()), "org.freedesktop.DBus.Properties", "PropertiesChanged")
        .unwrap()
        .sender(OWNER)
        .unwrap()
        .build(&(DEVICE, changed, nothing))
        .unwrap()
}

fn owner_changed(new: &str) -> Message {
    Message::signal("/org/freedesktop/DBus", "org.freedesktop.DBus", "NameOwnerChanged")
        .unwrap()
        .sender("org.freedesktop.DBus")
        .unwrap()
        .build(&(BUS, "", new))
        .unwrap()
}

/// A link that follows the laptop.
fn following() -> (State, Instant) {
    let now = Instant::now() + Duration::from_secs(1000);
    let mut state = State::new(Recent::default(), false);
    let jobs = state.take(Input::Answer(Answer::Listening(Some(OWNER.into()))), now);
    assert_eq!(jobs, [Job::Load(1)]);
    let tree = tree(&laptop().machine);
    assert_eq!(state.take(Input::Answer(Answer::Tree(1, Box::new(Ok(tree)))), now), [Job::Publish]);
    (state, now)
}

fn stick() -> Device {
    device("block", "sys-usb", "sdz").called("Other stick")
}

fn camera() -> DeviceRef {
    device("usb", "sys-usb", "2-4").info.to_ref()
}

fn unreachable() -> Error {
    Error::new(ErrorKind::Unreachable, "It went away.")
}

#[test]
fn the_tree_becomes_the_machine() {
    let (state, _) = following();
    assert_eq!(state.scene().machine, laptop().machine);
    assert_eq!(state.scene().simulated_world(), Some("laptop"));
    assert_eq!(state.wake_at(), None, "an idle link sleeps");
}

#[test]
fn signals_before_the_tree_are_applied_on_top_of_it() {
    let now = Instant::now();
    let mut state = State::new(Recent::default(), false);
    state.take(Input::Answer(Answer::Listening(Some(OWNER.into()))), now);
    assert_eq!(state.take(Input::Message(added(&stick(), OWNER)), now), []);
    let tree = tree(&laptop().machine);
    state.take(Input::Answer(Answer::Tree(1, Box::new(Ok(tree)))), now);
    assert!(state.scene().machine.devices.contains_key(stick().port()));
}

#[test]
fn a_device_that_comes_is_shown_and_told() {
    let (mut state, now) = following();
    let jobs = state.take(Input::Message(added(&stick(), OWNER)), now);
    assert!(matches!(jobs.as_slice(), [Job::Publish, Job::Notify(Effect::Show(..))]), "{jobs:?}");
    assert!(state.scene().new_until(stick().port(), now).is_some());
}

#[test]
fn what_a_change_does_not_touch_stays_shared_with_the_faces() {
    let (mut state, now) = following();
    state.take(Input::Message(added(&stick(), OWNER)), now);
    let shown = state.scene().clone();
    let held = tree_change(&stick().held_by(&["work"]));
    assert!(state.take(Input::Message(held), now).contains(&Job::Publish));
    let scene = state.scene();
    assert!(!scene.machine.devices.is_same(&shown.machine.devices), "that is what changed");
    assert!(!shown.machine.devices[stick().port()].is_attached(), "and a face has what it was given");
    assert!(scene.machine.qubes.is_same(&shown.machine.qubes));
    assert!(scene.plugged_in.is_same(&shown.plugged_in));
    assert!(scene.recent.is_same(&shown.recent) && scene.preferences.is_same(&shown.preferences));
}

#[test]
fn somebody_else_can_tell_us_nothing() {
    let (mut state, now) = following();
    assert_eq!(state.take(Input::Message(added(&stick(), ":1.66")), now), []);
    let forged = Message::signal("/org/freedesktop/DBus", "org.freedesktop.DBus", "NameOwnerChanged")
        .unwrap()
        .sender(":1.66")
        .unwrap()
        .build(&(BUS, "", ":1.66"))
        .unwrap();
    assert_eq!(state.take(Input::Message(forged), now), []);
}

#[test]
fn a_service_that_goes_is_lost_and_started_again_but_not_in_circles() {
    let (mut state, now) = following();
    let gone = |state: &mut State, now| state.take(Input::Message(owner_changed("")), now);
    assert_eq!(gone(&mut state, now), [Job::Publish, Job::StartService]);
    assert!(matches!(state.scene().machine.link, Link::Lost(_)));
    assert_eq!(
        state.scene().machine.devices.len(),
        laptop().machine.devices.len(),
        "what was known last stays"
    );
    assert_eq!(state.take(Input::Message(owner_changed(OWNER)), now), [Job::Load(3)]);
    assert_eq!(gone(&mut state, now + Duration::from_secs(9)), []);
    assert_eq!(gone(&mut state, now + Duration::from_secs(10)), [Job::StartService]);
}

/// Lets the link wake, and tells after how long and what it did.
fn woken(state: &mut State, now: &mut Instant) -> (u64, Vec<Job>) {
    let moment = state.wake_at().unwrap();
    let waited = (moment - *now).as_secs();
    *now = moment;
    (waited, state.take(Input::Wake, moment))
}

#[test]
fn a_service_that_goes_twice_within_a_moment_is_started_a_moment_later() {
    let (mut state, mut now) = following();
    state.take(Input::Message(owner_changed("")), now);
    state.take(Input::Message(owner_changed(OWNER)), now);
    now += Duration::from_secs(4);
    assert_eq!(state.take(Input::Message(owner_changed("")), now), []);
    assert_eq!(woken(&mut state, &mut now), (6, vec![Job::StartService]));
    state.take(Input::Message(owner_changed(OWNER)), now);
    state.take(Input::Message(owner_changed("")), now);
    assert_eq!(woken(&mut state, &mut now), (20, vec![Job::StartService]), "it ends each time at once");
    state.take(Input::Message(owner_changed(OWNER)), now);
    assert_eq!(state.wake_at(), None);
    let answer = Answer::Tree(7, Box::new(Ok(tree(&laptop().machine))));
    assert_eq!(state.take(Input::Answer(answer), now), [Job::Publish]);
    state.take(Input::Message(owner_changed("")), now);
    assert_eq!(woken(&mut state, &mut now).0, 10, "it worked in between");
}

#[test]
fn a_service_that_cannot_be_started_is_called_ever_more_rarely_and_for_ever() {
    let (mut state, mut now) = following();
    state.take(Input::Message(owner_changed("")), now);
    let mut waits = Vec::new();
    for _ in 0..5 {
        state.take(Input::Answer(Answer::NotStarted(unreachable())), now);
        let (waited, jobs) = woken(&mut state, &mut now);
        assert_eq!(jobs, [Job::StartService]);
        assert_eq!(state.wake_at(), None, "until there is an answer");
        waits.push(waited);
    }
    assert_eq!(waits, [10, 20, 40, 60, 60]);
    state.take(Input::Message(owner_changed(OWNER)), now);
    assert_eq!(state.take(Input::Answer(Answer::NotStarted(unreachable())), now), [], "it is there");
}

#[test]
fn a_link_that_cannot_listen_tries_to_again() {
    let mut now = Instant::now();
    let mut state = State::new(Recent::default(), false);
    state.take(Input::Answer(Answer::Deaf(unreachable())), now);
    assert_eq!(woken(&mut state, &mut now), (10, vec![Job::Listen]));
    let listening = Input::Answer(Answer::Listening(None));
    assert_eq!(state.take(listening, now), [Job::StartService]);
}

#[test]
fn an_answer_of_an_earlier_round_no_longer_counts() {
    let (mut state, now) = following();
    state.take(Input::Message(owner_changed("")), now);
    let tree = tree(&laptop().machine);
    assert_eq!(state.take(Input::Answer(Answer::Tree(1, Box::new(Ok(tree)))), now), []);
    assert_eq!(state.take(Input::Answer(Answer::Listening(Some(OWNER.into()))), now), []);
    assert!(matches!(state.scene().machine.link, Link::Lost(_)));
}

#[test]
fn a_tree_that_cannot_be_read_is_asked_for_again_with_growing_pauses() {
    let (mut state, now) = following();
    state.take(Input::Message(owner_changed(OWNER)), now);
    let fails = |state: &mut State, round, now| {
        state.take(Input::Answer(Answer::Tree(round, Box::new(Err(unreachable())))), now);
        state.wake_at().unwrap() - now
    };
    assert_eq!(fails(&mut state, 2, now), Duration::from_millis(500));
    let later = now + Duration::from_millis(500);
    assert_eq!(state.take(Input::Wake, later), [Job::Load(3)]);
    assert_eq!(fails(&mut state, 3, later), Duration::from_secs(1));
}

#[test]
fn a_command_is_pending_until_its_answer_and_remembered_when_it_worked() {
    let (mut state, now) = following();
    let command = Command::Attach(camera(), name("work"), Options::new());
    let wish = || Input::Wish(Wish::Do(command.clone()));
    assert_eq!(state.take(wish(), now), [Job::Publish, Job::Carry(Ticket(1), command.clone())]);
    assert_eq!(state.take(wish(), now), [], "once is enough");
    assert!(state.scene().pending_at(&camera().port).is_some());
    let done = Input::Answer(Answer::Done(Ticket(1), Ok(None)));
    assert_eq!(state.take(done, now), [Job::Publish, Job::Store]);
    assert!(state.scene().pending.is_empty());
    assert_eq!(state.scene().recent.of_class(&camera().port.class), Some(&name("work")));
    assert!(!state.scene().machine.devices[&camera().port].is_attached(), "only the mirror makes it so");
}

#[test]
fn a_failure_stays_until_it_is_hidden_or_tried_again() {
    let (mut state, now) = following();
    let command = Command::Attach(camera(), name("work"), Options::new());
    let fail = |state: &mut State, ticket| {
        state.take(Input::Wish(Wish::Do(command.clone())), now);
        state.take(Input::Answer(Answer::Done(Ticket(ticket), Err(unreachable()))), now)
    };
    let jobs = fail(&mut state, 1);
    assert!(matches!(jobs.as_slice(), [Job::Publish, Job::Notify(Effect::Show(..))]), "{jobs:?}");
    assert_eq!(state.scene().failure_at(&camera().port).unwrap().reason, strings::reason_unreachable());
    fail(&mut state, 2);
    assert_eq!(state.scene().failures.len(), 1);
    state.take(Input::Wish(Wish::Dismiss(command.clone())), now);
    assert!(state.scene().failures.is_empty());
}

#[test]
fn a_qube_that_runs_after_all_leaves_no_failure_to_start_it() {
    let (mut state, now) = following();
    let start = Command::StartQube(name("sys-usb"));
    state.take(Input::Wish(Wish::Do(start)), now);
    state.take(Input::Answer(Answer::Done(Ticket(1), Err(unreachable()))), now);
    for (running, failures) in [(PowerState::Transient, 1), (PowerState::Running, 0)] {
        let sys_usb = qube("sys-usb", QubeClass::Disposable, running, "red");
        let sent = QubeProperties::new(&sys_usb).to_outgoing();
        let told = added_object(&path::of_qube(&sys_usb.name), QUBE, sent, OWNER);
        state.take(Input::Message(told), now);
        assert_eq!(state.scene().failures.len(), failures, "{running:?}");
    }
}

#[test]
fn what_qubesd_cleaned_up_first_is_no_failure() {
    let gone = || Error::new(ErrorKind::NotFound, "It is not attached to work.");
    for is_removed in [true, false] {
        let (mut state, now) = following();
        let device = stick().held_by(&["work"]);
        let device = if is_removed { device.removed() } else { device };
        state.take(Input::Message(added(&device, OWNER)), now);
        state.take(Input::Wish(Wish::Do(Command::Detach(device.info.to_ref(), name("work")))), now);
        state.take(Input::Answer(Answer::Done(Ticket(1), Err(gone()))), now);
        assert_eq!(state.scene().failures.is_empty(), is_removed);
        assert!(state.scene().pending.is_empty());
    }
}

#[test]
fn a_qube_that_goes_on_after_the_detach_is_no_failed_detach() {
    let (mut state, now) = following();
    let device = stick().held_by(&["disp1"]).info.to_ref();
    let detach = Command::Detach(device.clone(), name("disp1"));
    let shut_down = Command::ShutDown(device, name("disp1"));
    state.take(Input::Wish(Wish::Both(detach, shut_down.clone())), now);
    let jobs = state.take(Input::Answer(Answer::Done(Ticket(1), Ok(None))), now);
    assert!(jobs.contains(&Job::Carry(Ticket(2), shut_down)), "{jobs:?}");
    state.take(Input::Answer(Answer::Done(Ticket(2), Err(unreachable()))), now);
    let failure = &state.scene().failures[0];
    let told = crate::menu::device_row::failure_text(failure);
    assert!(told.starts_with("Detached from disp1, but that was not shut down."), "{told}");
}

#[test]
fn the_microphone_follows_a_camera_into_its_new_disposable() {
    let (mut state, now) = following();
    let mut scene = laptop();
    crate::testing::mark(&mut scene, device_core::mark::Mark::WithMicrophone, &[camera()]);
    let (objects, manager) = tree(&scene.machine);
    state.take(Input::Message(owner_changed(OWNER)), now);
    state.take(Input::Answer(Answer::Tree(2, Box::new(Ok((objects, manager))))), now);
    let to_new = Command::AttachToNewDisposable(camera(), name("default-dvm"), Options::new());
    state.take(Input::Wish(Wish::Do(to_new)), now);
    let jobs = state.take(Input::Answer(Answer::Done(Ticket(1), Ok(Some(name("disp7"))))), now);
    let follows = |job: &Job| matches!(job, Job::Carry(Ticket(2), Command::Attach(_, qube, _)) if *qube == name("disp7"));
    assert!(jobs.iter().any(follows), "{jobs:?}");
}

#[test]
fn what_was_given_up_ends_quietly() {
    let (mut state, now) = following();
    let command = Command::Attach(camera(), name("work"), Options::new());
    state.take(Input::Wish(Wish::Do(command)), now);
    assert_eq!(state.take(Input::Wish(Wish::GiveUp(Ticket(1))), now), [Job::Publish]);
    assert_eq!(state.take(Input::Answer(Answer::Done(Ticket(1), Err(unreachable()))), now), []);
}

#[test]
fn a_change_that_changes_nothing_is_not_published() {
    let (mut state, now) = following();
    let same = laptop().machine.devices[&port("usb", "sys-usb", "2-2")].clone();
    let shape = DeviceProperties::new(&same, PluggedIn::BEFORE);
    let changed: HashMap<&str, Value<'_>> = HashMap::from([("Vendor", Value::from(shape.vendor))]);
    let message =
        Message::signal(path::of_device(same.port()), "org.freedesktop.DBus.Properties", "PropertiesChanged")
            .unwrap()
            .sender(OWNER)
            .unwrap()
            .build(&(DEVICE, changed, Vec::<&str>::new()))
            .unwrap();
    assert_eq!(state.take(Input::Message(message), now), []);
}

#[test]
fn a_lost_machine_is_not_told_as_news_when_it_comes_back() {
    let (mut state, now) = following();
    state.take(Input::Message(owner_changed("")), now);
    state.take(Input::Message(owner_changed(OWNER)), now);
    let mut scene = laptop();
    put(&mut scene, stick());
    let answer = Answer::Tree(3, Box::new(Ok(tree(&scene.machine))));
    assert_eq!(state.take(Input::Answer(answer), now), [Job::Publish]);
}
