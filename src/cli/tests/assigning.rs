//! `assign`, `unassign` and `attach --persistent` where the recorded runs leave a question open.

mod support;

use support::Run;
use support::script::Script;

const AVAILABLE: &str = "admin.vm.device.block.Available+ sys-usb";
const STICK: &str = "0\0sda:a:b:c device_id='a:b:c' port_id='sda' interfaces='b******'\n";
const HELD: &str = "0\0sda:a:b:c attachment='work' interfaces='b******'\n";
const ATTACH: &str = "admin.vm.device.block.Attach+sys-usb+sda+a+b+c work";
const DETACH: &str = "admin.vm.device.block.Detach+sys-usb+sda+a+b+c work";
const ASSIGN: &str = "admin.vm.device.block.Assign+sys-usb+sda+a+b+c work";
const IN_WORK: &str = "admin.vm.device.block.Attached+ work";
const UNASSIGN: &str = "admin.vm.device.block.Unassign+sys-usb+sda+a+b+c work";

fn held(backend: &str) -> String {
    format!("{backend}+sda:a:b:c device_id='a:b:c' port_id='sda' mode='manual' frontend_domain='work'\n")
}

fn refused(words: &str) -> String {
    format!("2\0QubesValueError\0\0{words}\0")
}

#[test]
fn what_could_not_be_made_persistent_is_not_left_attached() {
    let server = Script::new()
        .says(AVAILABLE, STICK)
        .says(ATTACH, "0\0")
        .says("admin.vm.device.block.Available+sda sys-usb", HELD)
        .says(ASSIGN, &refused("No room."))
        .says(IN_WORK, &format!("0\0{}", held("sys-usb")))
        .says(IN_WORK, "0\0")
        .says(DETACH, "0\0");
    Run::of("qvm-block", "attach -p work sys-usb:sda").on(&server.socket()).go().failed(1, "Error: No room.");
    assert_eq!(server.changes(), [ATTACH, ASSIGN, DETACH]);
}

#[test]
fn what_stays_attached_after_a_failed_persistent_attach_is_told() {
    let server = Script::new()
        .says(AVAILABLE, STICK)
        .says(ATTACH, "0\0")
        .says("admin.vm.device.block.Available+sda sys-usb", HELD)
        .says(ASSIGN, &refused("No room."))
        .says(IN_WORK, &format!("0\0{}", held("sys-usb")))
        .says(DETACH, &refused("Stuck."));
    Run::of("qvm-block", "attach -p work sys-usb:sda")
        .on(&server.socket())
        .go()
        .failed(1, "Error: No room. The device stays attached to work: Stuck.");
}

#[test]
fn what_the_server_could_mistake_for_another_is_not_taken_back() {
    let server = Script::new()
        .says(AVAILABLE, STICK)
        .says(ATTACH, "0\0")
        .says("admin.vm.device.block.Available+sda sys-usb", HELD)
        .says(ASSIGN, &refused("No room."))
        .says(IN_WORK, &format!("0\0{}{}", held("dom0"), held("sys-usb")));
    let outcome = Run::of("qvm-block", "attach -p work sys-usb:sda").on(&server.socket()).go();
    let start =
        "Error: No room. The device stays attached to work: Two devices called sda are attached to work";
    assert!(outcome.sentence().starts_with(start), "{outcome:?}");
    assert_eq!(server.changes(), [ATTACH, ASSIGN]);
}

#[test]
fn what_is_stored_already_is_not_taken_back() {
    let already = "2\0DeviceAlreadyAssigned\0\0'block device sys-usb:sda:a:b:c already assigned to work'\0";
    let server = Script::new()
        .says(AVAILABLE, STICK)
        .says(ATTACH, "0\0")
        .says("admin.vm.device.block.Available+sda sys-usb", HELD)
        .says(ASSIGN, already);
    Run::of("qvm-block", "attach -p work sys-usb:sda").on(&server.socket()).go().failed(
        1,
        "Error: \"'block device sys-usb:sda:a:b:c already assigned to work'\". sys-usb:sda is attached to work.",
    );
    assert_eq!(server.changes(), [ATTACH, ASSIGN]);
}

#[test]
fn what_a_server_stores_and_refuses_is_taken_out_again() {
    let stored = "0\0sys-usb+2-1:a:b:c device_id='a:b:c' port_id='2-1' backend_domain='sys-usb' \
                  mode='auto-attach' frontend_domain='work' _read-only='yes'\n";
    let (assigned, assign, unassign) = (
        "admin.vm.device.usb.Assigned+ work",
        "admin.vm.device.usb.Assign+sys-usb+2-1+a+b+c work",
        "admin.vm.device.usb.Unassign+sys-usb+2-1+a+b+c work",
    );
    let server = |last: &str| {
        Script::new()
            .says("admin.vm.device.usb.Available+ sys-usb", "0\0")
            .says(assign, &refused("No options."))
            .says(assigned, "0\0")
            .says(assigned, stored)
            .says(unassign, last)
    };
    let clean = server("0\0");
    let line = "assign work sys-usb:2-1:a:b:c -o read-only=yes";
    Run::of("qvm-usb", line).on(&clean.socket()).go().failed(1, "Error: No options.");
    assert_eq!(clean.changes(), [assign, unassign]);
    let stuck = server(&refused("Stuck."));
    Run::of("qvm-usb", line).on(&stuck.socket()).go().failed(
        1,
        "Error: No options. It is stored for work as auto-attach all the same and could not be taken out again: Stuck.",
    );
}

#[test]
fn an_attached_device_is_assigned_without_a_hint() {
    let server = Script::new().says(AVAILABLE, HELD).says(ASSIGN, "0\0");
    Run::of("qvm-block", "assign work sys-usb:sda").on(&server.socket()).go().printed("");
}

#[test]
fn quiet_keeps_the_hints() {
    let server = Script::new().says(AVAILABLE, STICK).says(ASSIGN, "0\0");
    Run::of("qvm-block", "s -q work sys-usb:sda").on(&server.socket()).go().printed("");
    Run::of("qvm-block", "s work sys-usb:sda").on(&server.socket()).go().printed(
        "Assigned. To attach you can now restart domain or run: \n\tqvm-block attach work sys-usb:sda\n",
    );
}

#[test]
fn what_stays_attached_after_unassigning_is_told() {
    let held = "0\0sys-usb+sda:a:b:c device_id='a:b:c' port_id='sda' mode='manual' frontend_domain='work'\n";
    let server = Script::new()
        .says(AVAILABLE, STICK)
        .says(UNASSIGN, "0\0")
        .says("admin.vm.device.block.Attached+ work", held);
    Run::of("qvm-block", "u work sys-usb:sda").on(&server.socket()).go().printed(
        "Unassigned. To detach you can now restart domain or run: \n \tqvm-block detach work sys-usb:sda\n",
    );
}

#[test]
fn port_and_device_widen_what_is_meant() {
    for (words, argument) in [
        ("--port work sys-usb:sda", "sys-usb+sda+_"),
        ("--only-port work sys-usb:sdz", "sys-usb+sdz+_"),
        ("--device work sys-usb:sda", "sys-usb+_+a+b+c"),
        ("work sys-usb:*:a:b:c", "sys-usb+_+a+b+c"),
        ("work sys-usb:sda:*", "sys-usb+sda+_"),
        ("work sys-usb:sdz:x:y", "sys-usb+sdz+x+y"),
    ] {
        let call = format!("admin.vm.device.block.Assign+{argument} work");
        let server = Script::new().says(AVAILABLE, STICK).says(&call, "0\0");
        let outcome = Run::of("qvm-block", &format!("assign -q {words}")).on(&server.socket()).go();
        outcome.printed("");
        assert_eq!(server.changes(), [call], "{words}");
    }
}

#[test]
fn a_partition_that_is_called_so_for_a_while_only_is_not_stored() {
    let parts =
        "0\0sda1:0000:0000::?******:1 device_id='0000:0000::?******:1' port_id='sda1' interfaces='b******'\n";
    let server = Script::new().says(AVAILABLE, parts);
    let sentence = "Error: While a part of its disk is in use, nothing tells which disk sys-usb:sda1 is on. \
                    Detach that part first.";
    for line in ["assign work sys-usb:sda1", "attach -p work sys-usb:sda1"] {
        Run::of("qvm-block", line).on(&server.socket()).go().failed(1, sentence);
    }
    assert_eq!(server.changes(), [""; 0]);
    let any_device = "admin.vm.device.block.Assign+sys-usb+sda1+_ work";
    let server = server.says(any_device, "0\0");
    Run::of("qvm-block", "-q assign --port work sys-usb:sda1").on(&server.socket()).go();
    assert_eq!(server.changes(), [any_device]);
}

#[test]
fn rules_that_no_server_checks_are_kept() {
    for (program, line, sentence) in [
        ("qvm-pci", "assign work dom0:00_1f.3:a", "Error: PCI devices cannot be assigned as not required."),
        (
            "qvm-webcam",
            "assign work sys-usb:cam:a",
            "Error: webcam devices cannot be assigned to be automatically attached.",
        ),
        (
            "qvm-usb",
            "assign --required work sys-usb:2-1:a",
            "Error: Only pci and block devices can be assigned as required.",
        ),
        ("qvm-block", "assign nosuch sys-usb:sda:a:b:c", "qvm-block: error: no such domain: 'nosuch'"),
        ("qvm-block", "assign work nosuch:sda", "qvm-block: error: no such backend vm!"),
    ] {
        let mut server = Script::new().says(
            "admin.vm.device.block.Assign+sys-usb+sda+a+b+c nosuch",
            "2\0QubesVMNotFoundError\0\0No such domain: 'nosuch'\0",
        );
        for class in ["pci", "webcam", "usb", "block"] {
            for backend in ["dom0", "sys-usb"] {
                server = server.says(&format!("admin.vm.device.{class}.Available+ {backend}"), "0\0");
            }
        }
        let outcome = Run::of(program, line).on(&server.socket()).go();
        assert_eq!(outcome.sentence(), sentence, "{line}");
        assert_eq!(outcome.stdout, "");
    }
}
