//! Runs that are cut short: what was asked for, and what is known to have happened.

mod support;

use support::Run;
use support::machine::Machine;
use support::script::Script;

const AVAILABLE: &str = "admin.vm.device.block.Available+ sys-usb";
const STICK: &str = "0\0sda:a:b:c device_id='a:b:c' port_id='sda' interfaces='b******'\n";
const ATTACH: &str = "admin.vm.device.block.Attach+sys-usb+sda+a+b+c work";

#[test]
fn a_server_that_does_not_answer_is_waited_for_as_long_as_was_said() {
    let machine = Machine::laptop().with("fail-next List hang");
    machine
        .run("qvm-usb", "list --timeout 0.2")
        .go()
        .failed(1, "Error: No answer within 0.2 s. Nothing was changed.");
}

#[test]
fn a_limit_during_a_change_leaves_its_outcome_open_and_says_so() {
    let server = Script::new().says(AVAILABLE, STICK).hangs(ATTACH);
    Run::of("qvm-block", "attach --timeout 0.3 work sys-usb:sda").on(&server.socket()).go().failed(
        1,
        "Error: No answer within 0.3 s. Whether sys-usb:sda was attached to work is not known; look again.",
    );
}

#[test]
fn ctrl_c_during_a_change_tells_what_is_not_known() {
    for (signal, code) in [("INT", 130), ("TERM", 143)] {
        let server = Script::new().says(AVAILABLE, STICK).hangs(ATTACH);
        let running = Run::of("qvm-block", "attach work sys-usb:sda").on(&server.socket()).start();
        server.wait_for(ATTACH);
        running.signal(signal);
        running.end().failed(
            code,
            "Error: Interrupted. Whether sys-usb:sda was attached to work is not known; look again.",
        );
    }
}

#[test]
fn ctrl_c_behind_a_change_tells_what_was_done() {
    let held =
        "0\0sys-usb+sda:a:b:c port_id='sda' mode='manual'\nsys-usb+sdb:d:e:f port_id='sdb' mode='manual'\n";
    let second = "admin.vm.device.block.Detach+sys-usb+sdb+d+e+f work";
    let server = Script::new()
        .says("admin.vm.device.block.Attached+ work", held)
        .says("admin.vm.device.block.Detach+sys-usb+sda+a+b+c work", "0\0")
        .hangs(second);
    let running = Run::of("qvm-block", "detach work").on(&server.socket()).start();
    server.wait_for(second);
    running.signal("INT");
    running.end().failed(
        130,
        "Error: Interrupted. sys-usb:sda was detached from work. Whether sys-usb:sdb was detached from work \
         is not known; look again.",
    );
}

#[test]
fn a_limit_that_is_no_number_of_seconds_is_a_wrong_command_line() {
    for word in ["", "x", "-1", "nan", "inf", "1e300", "86401"] {
        let outcome = Run::of("qvm-usb", "list --timeout").and(word).go();
        assert_eq!(outcome.code, Some(2), "{word}");
        assert!(outcome.sentence().contains("argument --timeout: "), "{outcome:?}");
    }
}
