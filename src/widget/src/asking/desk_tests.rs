//! Which answers count, and what becomes of those that do not.

use super::*;
use crate::testing::{Make, device, lost_link, name, port, put, qubes};
use device_core::machine::{Change, Link};
use device_core::name::{DeviceId, PortId};

fn question(words: &str) -> Question {
    Question {
        backend: name("sys-usb"),
        port: PortId::new("2-1").unwrap(),
        own_words: words.into(),
        targets: vec![name("work"), name("personal")],
    }
}

fn stick(id: &str) -> Device {
    let mut stick = device("usb", "sys-usb", "2-1").called("Cruzer Blade");
    stick.info.id = DeviceId::new(id).unwrap();
    stick
}

/// A desk with one question about a stick that is there, and settled.
fn asked() -> (Desk, Scene, Instant) {
    let (mut desk, mut scene, now) = (Desk::default(), qubes(), Instant::now());
    put(&mut scene, stick("0781:5567::u080650"));
    let words = "USB device: unknown vendor Cruzer Blade";
    assert_eq!(desk.ask(QuestionId(1), question(words), &scene, now), []);
    (desk, scene, now)
}

fn seen(desk: &Desk) -> Identity {
    desk.asked().waiting[0].seen.clone()
}

fn attach(desk: &Desk, qube: &str) -> Said {
    Said::Attach(QuestionId(1), name(qube), seen(desk))
}

fn no(question: u64) -> Step {
    Step::Reply(QuestionId(question), Reply::Deny)
}

#[test]
fn a_yes_to_what_was_seen_is_a_yes() {
    let (mut desk, scene, now) = asked();
    let said = attach(&desk, "work");
    let check = Step::Check(QuestionId(1), name("work"), seen(&desk));
    assert_eq!(desk.take(said.clone(), &scene, now), [check]);
    assert_eq!(desk.asked().waiting[0].chosen, Some(name("work")), "it is to be seen that it is looked at");
    assert_eq!(desk.take(said.clone(), &scene, now), [], "a second click while it is looked at");
    let yes = Step::Reply(QuestionId(1), Reply::Allow(name("work")));
    assert_eq!(desk.checked(QuestionId(1), Ok(()), &scene, now), [yes]);
    assert_eq!(desk.asked(), Asked::default());
    assert_eq!(desk.take(said, &scene, now), [], "a click finds nothing any more");
    assert_eq!(desk.checked(QuestionId(1), Ok(()), &scene, now), [], "and no look either");
}

#[test]
fn a_last_look_that_finds_something_else_makes_it_a_no() {
    let not_to_work = |sentence: &str| Why::NotTo(name("work"), sentence.into());
    for (kind, why) in [
        (ErrorKind::Changed, Why::Changed),
        (ErrorKind::NotFound, Why::Gone),
        (ErrorKind::Unreachable, Why::Unchecked),
        (ErrorKind::Timeout, Why::Unchecked),
        (ErrorKind::Malformed, Why::Unchecked),
        (ErrorKind::Internal, Why::Unchecked),
        (ErrorKind::Refused, not_to_work("As the service says it.")),
    ] {
        let (mut desk, scene, now) = asked();
        desk.take(attach(&desk, "work"), &scene, now);
        let error = Error::new(kind, "As the service says it.");
        assert_eq!(desk.checked(QuestionId(1), Err(error), &scene, now), [no(1)], "{kind:?}");
        let asked = desk.asked();
        assert_eq!((asked.count(), &asked.refused[0].why), (0, &why), "{kind:?}");
    }
}

#[test]
fn who_says_no_while_it_is_looked_at_is_heard() {
    let (mut desk, scene, now) = asked();
    desk.take(attach(&desk, "work"), &scene, now);
    assert_eq!(desk.take(Said::Decline(QuestionId(1)), &scene, now), [no(1)]);
    assert_eq!(desk.checked(QuestionId(1), Ok(()), &scene, now), []);
}

#[test]
fn what_the_mirror_learns_while_it_is_looked_at_counts() {
    let (mut desk, mut scene, now) = asked();
    desk.take(attach(&desk, "work"), &scene, now);
    put(&mut scene, stick("0781:5567:OTHER:u080650"));
    assert_eq!(desk.checked(QuestionId(1), Ok(()), &scene, now), [no(1)]);
    assert_eq!(desk.asked().refused[0].why, Why::Changed);
}

#[test]
fn a_look_at_what_was_not_the_device_yet_counts_for_nothing() {
    let (mut desk, mut scene, now) = (Desk::default(), qubes(), Instant::now());
    put(&mut scene, stick("1111:2222::u080650"));
    desk.ask(QuestionId(1), question("USB_Storage: SanDisk Corp. Other"), &scene, now);
    desk.take(attach(&desk, "work"), &scene, now);
    put(&mut scene, stick("0781:5567::u080650"));
    assert_eq!(desk.checked(QuestionId(1), Ok(()), &scene, now), []);
    assert_eq!((desk.asked().count(), &desk.asked().waiting[0].chosen), (1, &None), "it is asked again");
}

#[test]
fn a_no_needs_no_look() {
    let (mut desk, mut scene, now) = asked();
    scene.machine.link = lost_link();
    assert_eq!(desk.take(Said::Decline(QuestionId(1)), &scene, now), [no(1)]);
}

#[test]
fn a_device_that_was_swapped_is_refused_and_told() {
    let (mut desk, mut scene, now) = asked();
    let said = attach(&desk, "work");
    put(&mut scene, stick("0781:5567:OTHER:u080650"));
    assert_eq!(desk.take(said, &scene, now), [no(1)]);
    let asked = desk.asked();
    assert_eq!((asked.count(), &asked.refused[0].why), (0, &Why::Changed));
    desk.take(Said::TakenNote(QuestionId(1)), &scene, now);
    assert!(desk.asked().is_empty());
}

#[test]
fn a_device_that_went_is_refused_without_a_click() {
    let (mut desk, mut scene, now) = asked();
    scene.machine.apply(Change::DeviceGone(port("usb", "sys-usb", "2-1")));
    assert_eq!(desk.look(&scene, now), [no(1)]);
    assert_eq!(desk.asked().refused[0].why, Why::Gone);
}

#[test]
fn a_yes_counts_only_for_an_offered_qube_and_a_live_mirror() {
    let (mut desk, mut scene, now) = asked();
    assert_eq!(desk.take(attach(&desk, "vault"), &scene, now), []);
    scene.machine.link = Link::Resyncing;
    assert_eq!(desk.take(attach(&desk, "work"), &scene, now), []);
    assert_eq!(desk.asked().count(), 1, "the question still waits");
}

#[test]
fn a_yes_to_a_device_that_is_not_known_does_not_count() {
    let (mut desk, scene, now) = (Desk::default(), qubes(), Instant::now());
    desk.ask(QuestionId(1), question("?"), &scene, now);
    assert_eq!(desk.take(attach(&desk, "work"), &scene, now), []);
    assert_eq!(desk.asked().count(), 1);
}

#[test]
fn what_the_mirror_shows_late_is_no_swap() {
    let (mut desk, mut scene, now) = (Desk::default(), qubes(), Instant::now());
    put(&mut scene, stick("1111:2222::u080650"));
    desk.ask(QuestionId(1), question("USB_Storage: SanDisk Corp. Other"), &scene, now);
    let before = attach(&desk, "work");
    put(&mut scene, stick("0781:5567::u080650"));
    assert_eq!(desk.look(&scene, now), []);
    assert_eq!(desk.take(before, &scene, now), [], "the answer was about another device");
    let later = desk.wake_at().unwrap();
    assert_eq!(later, now + MIRROR_FOLLOWS_WITHIN);
    desk.look(&scene, later);
    assert_eq!(desk.wake_at(), None);
    put(&mut scene, stick("1111:2222::u080650"));
    assert_eq!(desk.look(&scene, later), [no(1)]);
}

#[test]
fn questions_and_refusals_are_bounded() {
    let (mut desk, mut scene, now) = asked();
    for number in 2..100 {
        let words = "USB device: unknown vendor Cruzer Blade";
        let at_once = desk.ask(QuestionId(number), question(words), &scene, now);
        let is_full = usize::try_from(number).unwrap() > WAITING_MAX;
        assert_eq!(at_once.contains(&no(number)), is_full, "{number}");
    }
    put(&mut scene, stick("1111:2222::u080650"));
    assert_eq!(desk.look(&scene, now).len(), WAITING_MAX);
    assert_eq!(desk.asked().refused.len(), REFUSED_MAX);
    assert_eq!(desk.take(Said::DeclineAll, &scene, now), []);
    assert!(desk.asked().is_empty());
}
