//! Whole runs against a simulated machine: what is plugged, pulled, stopped and refused there, and what is said of it.

mod support;

use support::machine::Machine;

#[test]
fn a_stick_comes_is_used_and_goes() {
    let machine = Machine::laptop();
    let before = machine.run("qvm-block", "list").go();
    machine.told("plug stick");
    let after = machine.run("qvm-block", "list").go();
    assert_eq!((before.code, after.code), (Some(0), Some(0)));
    let new: Vec<_> = after.stdout.lines().filter(|line| line.starts_with("sys-usb:")).collect();
    assert_eq!(
        new,
        [
            "sys-usb:sda   Block_Storage: sub-device of sys-usb:2-1 Cruzer Blade     ",
            "sys-usb:sda1  Block_Storage: sub-device of sys-usb:sda HOLIDAY          ",
        ]
    );
    machine.run("qvm-block", "attach work sys-usb:sda1 --ro").go().printed("");
    let held = machine.run("qvm-block", "list work").go().stdout;
    assert!(held.contains("work (attached: read-only=yes, frontend-dev=xvdi)"), "{held}");
    machine.run("qvm-block", "detach work sys-usb:sda1").go().printed("");
    machine.told("unplug stick");
    assert_eq!(machine.run("qvm-block", "list").go(), before);
}

#[test]
fn what_is_assigned_is_listed_attaches_itself_and_is_forgotten() {
    let machine = Machine::laptop().with("plug stick");
    machine.run("qvm-usb", "assign work sys-usb:2-1").go().printed(
        "Assigned. To attach you can now restart domain or run: \n\tqvm-usb attach work sys-usb:2-1\n",
    );
    let stored = machine.run("qvm-usb", "list -s work").go().stdout;
    assert!(stored.contains("*work (auto-attach)"), "{stored}");
    machine.told("unplug stick");
    machine.told("plug stick");
    let attached = machine.run("qvm-usb", "list work").go().stdout;
    assert!(attached.starts_with("sys-usb:2-1  USB_Storage: SanDisk Corp. Cruzer Blade"), "{attached}");
    assert!(attached.ends_with("work (attached)\n"), "{attached}");
    machine.run("qvm-usb", "unassign work").go().printed(
        "Unassigned. To detach you can now restart domain or run: \n \tqvm-usb detach work sys-usb:2-1\n",
    );
    assert!(!machine.run("qvm-usb", "list -s").go().stdout.contains('*'));
}

#[test]
fn info_tells_what_a_device_says_of_itself() {
    let machine = Machine::laptop().with("plug stick");
    machine
        .run("qvm-usb", "info sys-usb:2-1")
        .go()
        .printed("USB_Storage: SanDisk Corp. Cruzer Blade\ndevice ID: 0781:5567:4C530001230101:u080650\n");
}

#[test]
fn a_device_that_is_pulled_out_while_attached_is_gone_from_the_qube() {
    let machine = Machine::laptop().with("plug stick");
    machine.run("qvm-usb", "attach work sys-usb:2-1").go().printed("");
    machine.told("unplug stick");
    machine.run("qvm-usb", "list work").go().printed("");
    machine
        .run("qvm-usb", "detach work sys-usb:2-1")
        .go()
        .failed(1, "Error: sys-usb:2-1:0000:0000::?****** not found.");
}

#[test]
fn another_stick_in_the_same_port_is_not_the_one_that_was_named() {
    let machine = Machine::laptop().with("plug stick");
    machine.told("unplug stick");
    machine.told("plug usb sys-usb 2-1 desc='1d6b:0104 Evil Stick 1' interfaces=:030101:");
    machine
        .run("qvm-usb", "attach work sys-usb:2-1:0781:5567:4C530001230101:u080650")
        .go()
        .failed(1, "qvm-usb: error: backend vm sys-usb doesn't expose usb device '2-1'");
}

#[test]
fn a_qube_that_stopped_takes_no_device() {
    let machine = Machine::laptop().with("plug stick");
    machine.run("qvm-usb", "attach work sys-usb:2-1").go().printed("");
    machine.told("stop work");
    machine.run("qvm-usb", "list work").go().printed("");
    machine
        .run("qvm-usb", "attach work sys-usb:2-1")
        .go()
        .failed(1, "Error: VM not running, cannot attach device, do you mean `assign`?");
}

#[test]
fn a_server_that_refuses_dies_or_mumbles_gets_one_sentence() {
    let machine = Machine::laptop().with("plug stick");
    for (fault, line, sentence) in [
        ("List exception QubesException 100 % full", "list", "Error: 100 % full"),
        (
            "Attach empty",
            "attach work sys-usb:2-1",
            "Error: qubesd refused without giving a reason. The system log of dom0 (journalctl) tells more.",
        ),
        (
            "Attach lost",
            "attach work sys-usb:2-1",
            "Error: qubesd gave no answer, but sys-usb:2-1 is attached to work now.",
        ),
        (
            "Detach cut 1",
            "detach work sys-usb:2-1",
            "Error: qubesd sent an invalid reply. But sys-usb:2-1 is not attached to work now.",
        ),
        (
            "Assign lost",
            "assign work sys-usb:2-1",
            "Error: qubesd gave no answer, but the assignment is stored for work now.",
        ),
        (
            "Unassign cut 1",
            "unassign work sys-usb:2-1",
            "Error: qubesd sent an invalid reply. But the assignment is not stored for work now.",
        ),
    ] {
        machine.told(&format!("fail-next {fault}"));
        machine.run("qvm-usb", line).go().failed(1, sentence);
    }
}

#[test]
fn results_that_find_no_room_are_told_with_what_was_done_before() {
    let machine = Machine::laptop().with("plug stick");
    let full = "Error: The results can't be written: No space left on device (os error 28).";
    machine.run("qvm-usb", "list").writing_to("/dev/full").failed(1, full);
    machine
        .run("qvm-usb", "attach --json work sys-usb:2-1")
        .writing_to("/dev/full")
        .failed(1, &format!("{full} sys-usb:2-1 was attached to work."));
}

#[test]
fn a_verbose_run_logs_its_calls() {
    let machine = Machine::laptop().with("plug stick");
    let outcome = machine.run("qvm-usb", "attach -v work sys-usb:2-1").go();
    assert!(outcome.stderr.contains("admin.vm.device.usb.Attach"), "{outcome:?}");
    assert_eq!((outcome.code, outcome.stdout.as_str()), (Some(0), ""));
}

#[test]
fn one_backend_that_hides_its_devices_hides_no_other() {
    let machine = Machine::laptop().with("plug stick").with("fail-next usb.Available empty");
    let outcome = machine.run("qvm-usb", "list").go();
    assert_eq!(outcome.code, Some(1));
    assert!(outcome.sentence().starts_with("Error: Failed to list 'usb' devices of "), "{outcome:?}");
}

#[test]
fn a_wish_that_must_not_be_half_done_is_refused_at_once() {
    let machine = Machine::laptop().with("plug stick");
    machine.told("calls reset");
    machine
        .run("qvm-usb", "attach --persistent work sys-usb:2-1")
        .go()
        .failed(1, "Error: Only pci and block devices can be assigned as required.");
    assert!(!machine.told("calls").contains("Attach="), "{}", machine.told("calls"));
}
