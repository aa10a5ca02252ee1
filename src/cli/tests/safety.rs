//! Where the real tool would do the wrong thing, or end in a stack trace: one sentence, and nothing half done.

mod support;

use support::Run;
use support::script::Script;

const STICK: &str = "0\0sda:a:b:c device_id='a:b:c' port_id='sda' interfaces='b******'\n";
const AVAILABLE: &str = "admin.vm.device.block.Available+ sys-usb";
const ON_PORT: &str = "admin.vm.device.block.Available+sda sys-usb";
const HELD: &str = "admin.vm.device.block.Attached+ work";
const HELD_PORT: &str = "admin.vm.device.block.Attached+sys-usb+sda work";
const ATTACH: &str = "admin.vm.device.block.Attach+sys-usb+sda+a+b+c work";
const DETACH: &str = "admin.vm.device.block.Detach+sys-usb+sda+a+b+c work";

fn held(backend: &str) -> String {
    format!("{backend}+sda:a:b:c device_id='a:b:c' port_id='sda' mode='manual' frontend_domain='work'\n")
}

#[test]
fn a_device_that_was_swapped_during_the_attach_is_taken_out_again() {
    let server = Script::new()
        .says(AVAILABLE, STICK)
        .says(ATTACH, "0\0")
        .says(ON_PORT, "0\0sda:x:y:z attachment='work' interfaces='b******'\n")
        .says(HELD, &format!("0\0{}", held("sys-usb").replace("a:b:c", "x:y:z")))
        .says(HELD, "0\0")
        .says("admin.vm.device.block.Detach+sys-usb+sda+x+y+z work", "0\0");
    let outcome = Run::of("qvm-block", "attach work sys-usb:sda").on(&server.socket()).go();
    outcome.failed(1, "Error: The device on sys-usb:sda changed meanwhile. Look again before you choose.");
    assert_eq!(server.changes(), [ATTACH, "admin.vm.device.block.Detach+sys-usb+sda+x+y+z work"]);
}

#[test]
fn another_device_of_the_same_port_name_is_not_taken_out_for_the_swapped_one() {
    let both = format!("0\0{}{}", held("dom0"), held("sys-usb").replace("a:b:c", "x:y:z"));
    let server = Script::new()
        .says(AVAILABLE, STICK)
        .says(ATTACH, "0\0")
        .says(ON_PORT, "0\0sda:x:y:z attachment='work' interfaces='b******'\n")
        .says(HELD, &both);
    let outcome = Run::of("qvm-block", "attach work sys-usb:sda").on(&server.socket()).go();
    assert!(outcome.sentence().contains("could detach the wrong one"), "{outcome:?}");
    assert_eq!(server.changes(), [ATTACH]);
}

#[test]
fn an_attach_that_did_nothing_is_told() {
    let server =
        Script::new().says(AVAILABLE, STICK).says(ATTACH, "0\0").says(ON_PORT, STICK).says(HELD_PORT, "0\0");
    Run::of("qvm-block", "attach work sys-usb:sda")
        .on(&server.socket())
        .go()
        .failed(1, "Error: qubesd reported success, but sys-usb:sda is not attached to work.");
}

#[test]
fn a_server_that_is_gone_after_the_attach_leaves_the_outcome_open_and_says_so() {
    let server = Script::new().says(AVAILABLE, STICK).says(ATTACH, "2\0Qub");
    let outcome = Run::of("qvm-block", "attach work sys-usb:sda").on(&server.socket()).go();
    outcome.failed(
        1,
        "Error: qubesd sent an invalid reply. Whether it was carried out is not known; look again.",
    );
}

#[test]
fn two_ports_of_one_name_in_a_qube_are_not_detached_by_guess() {
    let server = Script::new().says(HELD, &format!("0\0{}{}", held("sys-usb"), held("sys-disk")));
    let outcome = Run::of("qvm-block", "detach work sys-usb:sda").on(&server.socket()).go();
    assert_eq!(outcome.code, Some(1));
    assert!(outcome.stderr.contains("could detach the wrong one"), "{outcome:?}");
    assert_eq!(server.changes(), [""; 0]);
}

#[test]
fn another_backends_port_of_the_same_name_is_left_alone() {
    let server = Script::new().says(HELD, &format!("0\0{}", held("sys-disk"))).says(AVAILABLE, STICK);
    Run::of("qvm-block", "detach work sys-usb:sda")
        .on(&server.socket())
        .go()
        .failed(1, "Error: \"'block device sda not attached to work'\"");
    assert_eq!(server.changes(), [""; 0]);
}

#[test]
fn a_detach_is_looked_after() {
    let server = Script::new()
        .says(HELD, &format!("0\0{}", held("sys-usb")))
        .says(DETACH, "0\0")
        .says(HELD_PORT, &format!("0\0{}", held("sys-usb")));
    Run::of("qvm-block", "detach work sys-usb:sda")
        .on(&server.socket())
        .go()
        .failed(1, "Error: qubesd reported success, but sys-usb:sda is still attached to work.");
}

#[test]
fn one_unreadable_backend_hides_no_other() {
    let server = Script::new()
        .says(AVAILABLE, STICK)
        .says("admin.vm.device.block.Available+ dom0", "0\0")
        .says("admin.vm.device.block.Available+ work", "0\0");
    let outcome = Run::of("qvm-block", "").on(&server.socket()).go();
    assert_eq!(outcome.stdout, "sys-usb:sda  Block_Storage: unknown vendor unknown block device  \n");
    assert_eq!(outcome.code, Some(1));
    assert_eq!(
        outcome.sentence(),
        "Error: Failed to list 'block' devices of sys-disk: qubesd gave no answer for them."
    );
}

#[test]
fn a_class_that_nobody_knows_is_told_as_ever() {
    let server = Script::new();
    Run::of("qvm-device", "foo list").on(&server.socket()).go().failed(
        1,
        "Error: Failed to list 'foo' devices, this device type either does not exist or you do not have access to it.",
    );
}

#[test]
fn a_refusal_without_a_word_becomes_a_sentence() {
    let server = Script::new().says(AVAILABLE, STICK).says(ON_PORT, STICK);
    let outcome = Run::of("qvm-block", "attach work sys-usb:sda").on(&server.socket()).go();
    outcome.failed(
        1,
        "Error: qubesd refused without giving a reason. The system log of dom0 (journalctl) tells more.",
    );
}

#[test]
fn without_a_server_there_is_one_sentence() {
    let outcome = Run::of("qvm-usb", "list").go();
    assert_eq!((outcome.code, outcome.stdout.as_str()), (Some(1), ""));
    assert!(outcome.stderr.starts_with("Error: Failed to connect to qubesd service: "), "{}", outcome.stderr);
    assert_eq!(outcome.stderr.lines().count(), 1);
}

#[test]
fn two_devices_of_one_id_are_told_apart_by_their_ports() {
    let twins = "0\0sda:a:b:c interfaces='b******'\nsdb:a:b:c interfaces='b******'\n";
    let second = "admin.vm.device.block.Attach+sys-usb+sdb+a+b+c work";
    let server = Script::new().says(AVAILABLE, twins).says(second, "0\0").says(
        "admin.vm.device.block.Available+sdb sys-usb",
        "0\0sdb:a:b:c attachment='work' interfaces='b******'\n",
    );
    Run::of("qvm-block", "attach work sys-usb:sdb").on(&server.socket()).go().printed("");
    assert_eq!(server.changes(), [second]);
    let outcome = Run::of("qvm-block", "attach work sys-usb:*:a:b:c").on(&server.socket()).go();
    outcome.failed(1, "qvm-block: error: backend vm sys-usb doesn't expose block device '*'");
}
