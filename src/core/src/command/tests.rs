//! Laws of the commands on a made-up hypervisor that can be told to misbehave.

mod fake;
mod partitions;

use super::*;
use crate::name::{DeviceClass, DeviceId, Port, PortId};
use fake::{Attaching, Fake, disk, name, run};

fn attach_sda(fake: &Fake) -> Result<(), Error> {
    run(attach(fake, None, &disk("sda", "stick"), &name("work"), &Options::new()))
}

#[test]
fn another_device_on_the_port_is_refused_before_anything_is_done() {
    let fake = Fake::with(&[(disk("sda", "other"), None)], &[]);
    assert_eq!(attach_sda(&fake).unwrap_err().kind(), ErrorKind::Changed);
    assert_eq!(fake.done(), [""; 0]);
}

#[test]
fn a_device_that_is_gone_or_taken_is_refused_before_anything_is_done() {
    let fake = Fake::with(&[], &[]);
    assert_eq!(attach_sda(&fake).unwrap_err().kind(), ErrorKind::NotFound);
    let fake = Fake::with(&[(disk("sda", "stick"), Some("vault"))], &[]);
    assert_eq!(attach_sda(&fake).unwrap_err().kind(), ErrorKind::AlreadyAttached);
    assert_eq!(fake.done(), [""; 0]);
}

#[test]
fn a_check_refuses_what_an_attach_would_and_does_nothing() {
    let (seen, work) = (disk("sda", "stick"), name("work"));
    let checked = |disks: &[(DeviceRef, Option<&str>)], machine: Option<&Machine>| {
        let fake = Fake::with(disks, &[]);
        let outcome = run(check(&fake, machine, &seen, &work)).map_err(|error| error.kind());
        assert_eq!(fake.done(), [""; 0]);
        outcome
    };
    let free = [(seen.clone(), None)];
    assert_eq!(checked(&free, None), Ok(()));
    assert_eq!(checked(&free, Some(&Machine::default())), Err(ErrorKind::NotFound), "there is no such qube");
    assert_eq!(checked(&[], None), Err(ErrorKind::NotFound));
    assert_eq!(checked(&[(disk("sda", "other"), None)], None), Err(ErrorKind::Changed));
    assert_eq!(checked(&[(seen.clone(), Some("vault"))], None), Err(ErrorKind::AlreadyAttached));

    let fake = Fake::with(&free, &[]);
    fake.0.lock().unwrap().is_away = true;
    let unread = run(check(&fake, None, &seen, &work)).unwrap_err();
    assert_eq!(unread.kind(), ErrorKind::Unreachable);
}

#[test]
fn a_device_swapped_during_the_call_is_taken_out_again() {
    let fake = Fake::with(&[(disk("sda", "stick"), None)], &[Attaching::TakesAnother]);
    assert_eq!(attach_sda(&fake).unwrap_err().kind(), ErrorKind::Changed);
    assert_eq!(fake.done(), ["attach sda work", "detach sda work"]);
    assert_eq!(fake.holder(&disk("sda", "evil")), None);
}

#[test]
fn another_of_the_same_port_name_is_not_taken_out_for_the_swapped_one() {
    let mut other = disk("sda", "second");
    other.port.backend = name("sys-net");
    let disks = [(disk("sda", "stick"), None), (other.clone(), Some("work"))];
    let fake = Fake::with(&disks, &[Attaching::TakesAnother]);
    let error = attach_sda(&fake).unwrap_err();
    assert!(error.sentence().contains("could detach the wrong one"), "{error}");
    assert_eq!(fake.done(), ["attach sda work"]);
    assert_eq!(fake.holder(&other), Some(name("work")));
}

#[test]
fn a_device_swapped_before_the_call_is_told_as_that() {
    let seen = disk("sda", "stick");
    let fake = Fake::with(&[(seen.clone(), None)], &[Attaching::RefusesAnother]);
    assert_eq!(attach_sda(&fake), Err(Error::changed(&seen.port)));

    let fake = Fake::with(&[(seen.clone(), Some("vault"))], &[Attaching::RefusesAnother]);
    let error = run(move_to(&fake, None, &seen, &name("work"), &Options::new())).unwrap_err();
    let changed = Error::changed(&seen.port);
    let text = format!("{changed} It was not put back into vault: {changed}");
    assert_eq!((error.kind(), error.sentence()), (ErrorKind::Changed, text.as_str()));
    assert_eq!(fake.holder(&seen), None);
}

#[test]
fn a_yes_without_effect_is_an_error() {
    let fake = Fake::with(&[(disk("sda", "stick"), None)], &[Attaching::SaysYesAndDoesNothing]);
    assert_eq!(attach_sda(&fake).unwrap_err().kind(), ErrorKind::Refused);
}

#[test]
fn a_link_that_breaks_leaves_a_sentence_on_what_is_not_known() {
    let fake = Fake::with(&[(disk("sda", "stick"), None)], &[Attaching::BreaksTheLink]);
    let error = attach_sda(&fake).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unreachable);
    assert!(error.sentence().contains("not known"), "{error}");
}

#[test]
fn what_was_done_and_cannot_be_read_back_is_not_told_as_a_failure() {
    let fake = Fake::with(&[(disk("sda", "stick"), None)], &[Attaching::BreaksTheLinkAfterwards]);
    let error = attach_sda(&fake).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unreachable);
    assert!(error.sentence().contains("could not be read back"), "{error}");

    let held = (disk("sda", "stick"), Some("work"));
    let fake = Fake::with(&[held], &[Attaching::BreaksTheLinkAfterwards]);
    let error = run(detach(&fake, &disk("sda", "stick"), &name("work"))).unwrap_err();
    assert!(error.sentence().contains("could not be read back"), "{error}");
}

#[test]
fn a_server_that_says_nothing_is_believed_by_what_it_did() {
    let fake = Fake::with(&[(disk("sda", "stick"), None)], &[Attaching::WorksWithoutAWord]);
    assert_eq!(attach_sda(&fake), Ok(()));
    let fake = Fake::with(&[(disk("sda", "stick"), None)], &[Attaching::FailsWithoutAWord]);
    assert_eq!(attach_sda(&fake), Err(Error::empty_reply()));
}

#[test]
fn a_reply_that_was_cut_is_believed_by_what_was_done() {
    let fake = Fake::with(&[(disk("sda", "stick"), None)], &[Attaching::WorksAndIsCut]);
    assert_eq!(attach_sda(&fake), Ok(()));
    let fake = Fake::with(&[(disk("sda", "stick"), None)], &[Attaching::FailsAndIsCut]);
    let error = attach_sda(&fake).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Malformed);
    assert_eq!(error.sentence(), "Cut. sys-usb:sda is not attached to work now.");
}

#[test]
fn silence_that_nobody_explains_is_no_refusal() {
    let fake = Fake::with(&[(disk("sda", "stick"), None)], &[Attaching::FallsSilent]);
    let error = attach_sda(&fake).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unreachable);
    assert!(error.sentence().contains("not known"), "{error}");
}

#[test]
fn a_wrong_device_that_cannot_be_taken_out_again_is_told() {
    let fake = Fake::with(&[(disk("sda", "stick"), None)], &[Attaching::TakesAnotherForGood]);
    let error = attach_sda(&fake).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Refused, "Changed would mean that nothing has happened");
    assert!(error.sentence().ends_with("could not be taken out again: It is stuck."), "{error}");
}

#[test]
fn a_disposable_that_may_have_been_made_is_told() {
    let fake = Fake::with(&[(disk("sda", "stick"), None)], &[]);
    let (stick, template, options) = (disk("sda", "stick"), name("lost-dvm"), Options::new());
    let error = run(attach_to_new_disposable(&fake, None, &stick, &template, &options)).unwrap_err();
    assert!(error.sentence().contains("not known"), "{error}");
}

#[test]
fn moving_detaches_first_and_a_failure_puts_it_back_as_it_was() {
    let to_work =
        |fake: &Fake| run(move_to(fake, None, &disk("sda", "stick"), &name("work"), &Options::new()));
    let fake = Fake::with(&[(disk("sda", "stick"), Some("vault"))], &[]);
    to_work(&fake).unwrap();
    assert_eq!(fake.done(), ["detach sda vault", "attach sda work"]);

    let fake = Fake::with(&[(disk("sda", "stick"), Some("vault"))], &[Attaching::Fails]);
    let error = to_work(&fake).unwrap_err();
    assert_eq!(fake.done(), ["detach sda vault", "attach sda work", "attach sda vault read-only"]);
    assert!(error.sentence().ends_with("It is back in vault."), "{error}");
    assert_eq!(fake.holder(&disk("sda", "stick")), Some(name("vault")));
}

#[test]
fn what_several_qubes_can_have_is_not_moved() {
    let port = Port::new(name("dom0"), DeviceClass::Mic, PortId::new("mic").unwrap());
    let microphone = DeviceRef { port, id: DeviceId::new("dom0:mic").unwrap() };
    let fake = Fake::with(&[(microphone.clone(), Some("work"))], &[]);
    let moved = run(move_to(&fake, None, &microphone, &name("personal"), &Options::new()));
    assert_eq!(moved.unwrap_err().kind(), ErrorKind::Unsupported);
    assert_eq!(fake.done(), [""; 0]);
}

#[test]
fn detaching_another_device_of_the_same_port_name_is_refused() {
    let mut other = disk("sda", "second");
    other.port.backend = name("sys-net");
    let fake = Fake::with(&[(disk("sda", "stick"), Some("work")), (other, Some("work"))], &[]);
    let error = run(detach(&fake, &disk("sda", "stick"), &name("work"))).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Busy);
    assert_eq!(fake.done(), [""; 0]);
}

#[test]
fn detaching_what_is_not_there_or_is_another_is_refused() {
    let fake = Fake::with(&[(disk("sda", "other"), Some("work"))], &[]);
    let detach = |device: &DeviceRef, qube| run(detach(&fake, device, &name(qube))).unwrap_err().kind();
    assert_eq!(detach(&disk("sda", "stick"), "work"), ErrorKind::Changed);
    assert_eq!(detach(&disk("sda", "other"), "vault"), ErrorKind::NotFound);
    assert_eq!(fake.done(), [""; 0]);
}

#[test]
fn a_disposable_that_gets_no_device_is_removed_again() {
    let to_new = |fake: &Fake| {
        run(attach_to_new_disposable(
            fake,
            None,
            &disk("sda", "stick"),
            &name("default-dvm"),
            &Options::new(),
        ))
    };
    let fake = Fake::with(&[(disk("sda", "stick"), None)], &[]);
    assert_eq!(to_new(&fake), Ok(name("disp1")));
    let fake = Fake::with(&[(disk("sda", "stick"), None)], &[Attaching::Fails]);
    to_new(&fake).unwrap_err();
    assert_eq!(fake.done(), ["create", "start disp1", "attach sda disp1", "discard disp1"]);
    let fake = Fake::with(&[(disk("sda", "other"), None)], &[]);
    to_new(&fake).unwrap_err();
    assert_eq!(fake.done(), [""; 0], "what can't go leaves no disposable behind");
}

#[test]
fn a_device_leaves_its_qube_for_a_disposable_that_runs_and_comes_back_where_that_gets_none() {
    let to_new = |fake: &Fake, device: &DeviceRef| {
        run(move_to_new_disposable(fake, None, device, &name("default-dvm"), &Options::new()))
    };
    let stick = disk("sda", "stick");
    let fake = Fake::with(&[(stick.clone(), Some("vault"))], &[]);
    assert_eq!(to_new(&fake, &stick), Ok(name("disp1")));
    assert_eq!(fake.done(), ["create", "start disp1", "detach sda vault", "attach sda disp1"]);
    assert_eq!(fake.holder(&stick), Some(name("disp1")));

    let fake = Fake::with(&[(stick.clone(), Some("vault"))], &[Attaching::Fails]);
    let error = to_new(&fake, &stick).unwrap_err();
    let back = ["detach sda vault", "attach sda disp1", "attach sda vault read-only", "discard disp1"];
    assert_eq!(fake.done()[2..], back);
    assert_eq!(fake.holder(&stick), Some(name("vault")));
    let told = "It is back in vault. The new disposable disp1 was removed again.";
    assert!(error.sentence().ends_with(told), "{error}");

    let fake = Fake::with(&[(disk("sda", "other"), Some("vault"))], &[]);
    to_new(&fake, &stick).unwrap_err();
    assert_eq!(fake.done(), [""; 0], "what can't go leaves no disposable behind");
}

#[test]
fn a_list_that_lags_behind_is_looked_at_again() {
    let (stick, work) = (disk("sda", "stick"), name("work"));
    let fake = Fake::with(&[(stick.clone(), None)], &[]);
    fake.0.lock().unwrap().lag = 5;
    run(attach(&fake, None, &stick, &work, &Options::new())).unwrap();
    run(move_to(&fake, None, &stick, &name("vault"), &Options::new())).unwrap();
    run(detach(&fake, &stick, &name("vault"))).unwrap();
    assert_eq!(fake.done(), ["attach sda work", "detach sda work", "attach sda vault", "detach sda vault"]);
    fake.0.lock().unwrap().lag = 60;
    run(attach(&fake, None, &stick, &work, &Options::new())).unwrap_err();
}
