//! What is said after a change whose end is not clear, or that ends a row of others: never less than was done.

mod support;

use support::Run;
use support::machine::Machine;
use support::script::Script;

const STICK: &str = "0\0sda:a:b:c device_id='a:b:c' port_id='sda' interfaces='b******'\n";
const AVAILABLE: &str = "admin.vm.device.block.Available+ sys-usb";
const ON_PORT: &str = "admin.vm.device.block.Available+sda sys-usb";

fn laptop() -> Machine {
    Machine::laptop().with("plug stick")
}

fn is_attached(machine: &Machine, what: &str) -> bool {
    let class = what.split(':').next().unwrap_or_default();
    machine.told(&format!("holders {class}")).contains(what)
}

#[test]
fn silence_that_nobody_explains_is_no_refusal() {
    for line in ["attach work sys-usb:sda", "assign work sys-usb:sda"] {
        let server = Script::new().says(AVAILABLE, STICK);
        Run::of("qvm-block", line)
            .on(&server.socket())
            .go()
            .failed(1, "Error: qubesd gave no answer. Whether it was carried out is not known; look again.");
    }
}

#[test]
fn a_move_whose_reply_is_missing_or_cut_is_looked_after() {
    let machine = laptop();
    for fault in ["lost", "cut 1"] {
        machine.run("qvm-usb", "attach work sys-usb:2-1").go().printed("");
        machine.told(&format!("fail-next usb.Attach {fault}"));
        machine.run("qvm-usb", "move personal sys-usb:2-1").go().printed("");
        assert!(is_attached(&machine, "usb:sys-usb:2-1=personal"));
        machine.told(&format!("fail-next usb.Detach {fault}"));
        machine.run("qvm-usb", "move work sys-usb:2-1").go().printed("");
        assert!(is_attached(&machine, "usb:sys-usb:2-1=work"));
        machine.run("qvm-usb", "detach work").go().printed("");
    }
}

#[test]
fn a_move_that_nobody_explains_is_no_refusal() {
    let server = Script::new()
        .says(AVAILABLE, STICK)
        .says(AVAILABLE, STICK)
        .says(AVAILABLE, STICK)
        .says(AVAILABLE, STICK)
        .says(AVAILABLE, "");
    Run::of("qvm-block", "move work sys-usb:sda").on(&server.socket()).go().failed(
        1,
        "Error: qubesd gave no answer. Whether the command was carried out is not known; look again.",
    );
}

#[test]
fn every_sentence_ends_before_the_next_one() {
    let machine = laptop();
    machine.run("qvm-usb", "attach work sys-usb:2-1").go().printed("");
    machine.told("fail-next usb.Attach exception QubesException no");
    machine.run("qvm-usb", "move personal sys-usb:2-1").go().failed(1, "Error: no. It is back in work.");
    machine.told("fail-next usb.Attach exception QubesException no");
    let outcome = machine.run("qvm-usb", "attach --dispvm sys-usb:2-5").go();
    assert!(outcome.sentence().starts_with("Error: no. The new disposable disp"), "{outcome:?}");
    assert!(outcome.sentence().ends_with(" was removed again."), "{outcome:?}");
}

#[test]
fn a_server_that_talks_without_end_leaves_room_for_what_happened() {
    let machine = laptop();
    machine.run("qvm-usb", "attach work sys-usb:2-1").go().printed("");
    let (long, cut) = ("x".repeat(5000), "x".repeat(500));
    machine.told(&format!("fail-next usb.Attach exception QubesException {long}"));
    let told = format!("Error: {cut}… It is back in work.");
    machine.run("qvm-usb", "move personal sys-usb:2-1").go().failed(1, &told);
    machine.told(&format!("fail-next usb.Detach exception QubesException {long}"));
    machine.run("qvm-usb", "detach work sys-usb:2-1").go().failed(1, &format!("Error: {cut}…"));
}

#[test]
fn an_assignment_that_was_stored_all_the_same_is_told() {
    let machine = laptop();
    for (fault, first) in
        [("lost", "qubesd gave no answer, but"), ("cut 1", "qubesd sent an invalid reply. But")]
    {
        machine.told(&format!("fail-next block.Assign {fault}"));
        machine.run("qvm-block", "attach -p work sys-usb:sda").go().failed(
            1,
            &format!(
                "Error: {first} the assignment is stored for work now. sys-usb:sda is attached to work."
            ),
        );
        assert!(is_attached(&machine, "block:sys-usb:sda=work"));
        assert!(machine.run("qvm-block", "list -s work").go().stdout.contains("(required"));
        machine.run("qvm-block", "-q unassign work sys-usb:sda").go();
        machine.run("qvm-block", "detach work sys-usb:sda").go().printed("");
    }
}

#[test]
fn what_was_attached_for_nothing_is_taken_back_or_told() {
    let machine = laptop();
    let no = "block.Assign exception QubesException no";
    for (faults, sentence, stays) in [
        (vec![no], "Error: no", false),
        (vec!["block.Attach lost", no], "Error: no", false),
        (vec![no, "block.Detach lost"], "Error: no", false),
        (
            vec![no, "block.Detach exception QubesException stuck"],
            "Error: no. The device stays attached to work: stuck.",
            true,
        ),
    ] {
        for fault in &faults {
            machine.told(&format!("fail-next {fault}"));
        }
        machine.run("qvm-block", "attach -p work sys-usb:sda").go().failed(1, sentence);
        assert_eq!(is_attached(&machine, "block:sys-usb:sda=work"), stays, "{faults:?}");
    }
}

#[test]
fn another_device_that_was_taken_for_it_ends_it() {
    let other = "0\0sda:x:y:z attachment='work' interfaces='b******'\n";
    let attach = "admin.vm.device.block.Attach+sys-usb+sda+a+b+c work";
    let detach = "admin.vm.device.block.Detach+sys-usb+sda+x+y+z work";
    let held = "0\0sys-usb+sda:x:y:z device_id='x:y:z' port_id='sda' mode='manual' frontend_domain='work'\n";
    let in_work = "admin.vm.device.block.Attached+ work";
    let server = Script::new()
        .says(AVAILABLE, STICK)
        .says(attach, "0\0")
        .says(ON_PORT, other)
        .says(in_work, held)
        .says(in_work, "0\0")
        .says(detach, "0\0");
    Run::of("qvm-block", "attach -p work sys-usb:sda")
        .on(&server.socket())
        .go()
        .failed(1, "Error: The device on sys-usb:sda changed meanwhile. Look again before you choose.");
    assert_eq!(server.changes(), [attach, detach]);
}

#[test]
fn what_was_detached_before_is_told() {
    let machine = laptop();
    for (fault, sentence) in [
        ("exception QubesException sd_no", "Error: sd_no. sys-usb:2-1 was detached from work."),
        (
            "lost",
            "Error: qubesd gave no answer. Whether work was asked to shut down is not known; look again. \
             sys-usb:2-1 was detached from work.",
        ),
    ] {
        machine.told("start work");
        machine.run("qvm-usb", "attach work sys-usb:2-1").go().printed("");
        machine.told(&format!("fail-next vm.Shutdown {fault}"));
        machine.run("qvm-usb", "detach work sys-usb:2-1 --shutdown").go().failed(1, sentence);
    }
}

/// A qube that holds three disks, of which the third says `last` when it is detached.
fn three_disks(last: &str) -> Script {
    let held = ["sda", "sdb", "sdc"].map(|port| {
        format!(
            "sys-usb+{port}:a:b:c device_id='a:b:c' port_id='{port}' mode='manual' frontend_domain='work'\n"
        )
    });
    Script::new()
        .says("admin.vm.device.block.Attached+ work", &format!("0\0{}", held.concat()))
        .says("admin.vm.device.block.Detach+sys-usb+sda+a+b+c work", "0\0")
        .says("admin.vm.device.block.Detach+sys-usb+sdb+a+b+c work", "0\0")
        .says("admin.vm.device.block.Detach+sys-usb+sdc+a+b+c work", last)
}

#[test]
fn of_several_that_were_to_go_those_that_went_are_told() {
    let gone = "sys-usb:sda was detached from work. sys-usb:sdb was detached from work.";
    let server = three_disks("2\0QubesException\0\0in use\0");
    for line in ["detach work", "detach work sys-usb:*"] {
        Run::of("qvm-block", line).on(&server.socket()).go().failed(1, &format!("Error: in use. {gone}"));
    }
    let server = three_disks("0\0").says(
        "admin.vm.device.block.Attached+sys-usb+sdc work",
        "0\0sys-usb+sdc:a:b:c device_id='a:b:c' port_id='sdc' mode='manual' frontend_domain='work'\n",
    );
    Run::of("qvm-block", "detach work").on(&server.socket()).go().failed(
        1,
        &format!("Error: qubesd reported success, but sys-usb:sdc is still attached to work. {gone}"),
    );
}

#[test]
fn of_several_that_were_to_be_forgotten_those_that_were_are_told() {
    let stored = ["sda", "sdb"].map(|port| {
        format!(
            "sys-usb+{port}:* device_id='*' port_id='{port}' backend_domain='sys-usb' mode='required' \
             frontend_domain='work'\n"
        )
    });
    let server = Script::new()
        .says("admin.vm.device.block.Assigned+ work", &format!("0\0{}", stored.concat()))
        .says("admin.vm.device.block.Unassign+sys-usb+sda+_ work", "0\0")
        .says("admin.vm.device.block.Unassign+sys-usb+sdb+_ work", "2\0QubesException\0\0no\0");
    Run::of("qvm-block", "-q unassign work")
        .on(&server.socket())
        .go()
        .failed(1, "Error: no. sys-usb:sda was unassigned from work.");
}

#[test]
fn a_deny_list_is_looked_at_after_silence() {
    let machine = Machine::laptop();
    for (fault, line, sentence) in [
        ("Add lost", "add", "Error: qubesd gave no answer. The deny list of work is as asked for now."),
        (
            "Remove cut 1",
            "remove",
            "Error: qubesd sent an invalid reply. The deny list of work is as asked for now.",
        ),
        (
            "Add empty",
            "add",
            "Error: qubesd refused without giving a reason. The system log of dom0 (journalctl) tells more.",
        ),
    ] {
        machine.told(&format!("fail-next denied.{fault}"));
        machine.run("qvm-device", &format!("denied {line} work camera u03")).go().failed(1, sentence);
    }
    machine.run("qvm-device", "denied list work").go().printed("");
}

#[test]
fn a_deny_list_that_nobody_tells_of_is_left_open() {
    let list = "admin.vm.device.denied.List+ work";
    let answers = |second: &str| Script::new().says(list, "0\0").says(list, second);
    for (second, sentence) in [
        ("", "Whether the deny list of work was changed is not known; look again."),
        ("0\0p02****\n", "The deny list of work is another one now; look again."),
    ] {
        let server = answers(second);
        Run::of("qvm-device", "denied add work u03")
            .on(&server.socket())
            .go()
            .failed(1, &format!("Error: qubesd gave no answer. {sentence}"));
    }
}

#[test]
fn a_deny_list_in_which_something_is_no_code_is_not_believed() {
    let server = Script::new().says("admin.vm.device.denied.List+ work", "0\0u03****\nrubbish\n");
    Run::of("qvm-device", "denied list work")
        .on(&server.socket())
        .go()
        .failed(1, "Error: qubesd sent a deny list in which something is no code.");
}

#[test]
fn a_disposable_that_was_made_all_the_same_is_named() {
    let machine = laptop();
    machine.told("fail-next CreateDisposable lost");
    let outcome = machine.run("qvm-usb", "attach --dispvm sys-usb:2-1").go();
    let start = "Error: qubesd gave no answer. A new disposable may have been created all the same; new since then: disp";
    assert_eq!(outcome.code, Some(1));
    assert!(outcome.sentence().starts_with(start), "{outcome:?}");
    assert!(outcome.sentence().ends_with(". Look whether it is needed."), "{outcome:?}");
    machine.told("fail-next CreateDisposable empty");
    machine.run("qvm-usb", "attach --dispvm sys-usb:2-1").go().failed(
        1,
        "Error: qubesd refused without giving a reason. The system log of dom0 (journalctl) tells more.",
    );
}

#[test]
fn a_refusal_that_only_names_its_class_is_a_sentence() {
    let machine = laptop();
    machine.told("fail-next usb.Attach exception PermissionDenied");
    machine
        .run("qvm-usb", "attach work sys-usb:2-1")
        .go()
        .failed(1, "Error: qubesd does not permit this (PermissionDenied).");
}
