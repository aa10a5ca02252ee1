//! Runs that are cut short: what was asked for, and what is known to have happened.

mod support;

use std::time::Instant;

use support::machine::Machine;
use support::running::DEADLINE;
use support::script::Script;
use support::{Outcome, Run};

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
fn a_signal_during_a_change_tells_what_is_not_known() {
    for (signal, code) in [("INT", 130), ("QUIT", 131), ("TERM", 143), ("HUP", 129)] {
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
fn a_run_that_shall_outlive_its_terminal_does() {
    let machine = Machine::laptop();
    let running = machine.run("qvm-device", "usb watch").start_with_nohup();
    assert!(running.complaint().starts_with("Watching; "));
    running.signal("HUP");
    machine.told("plug stick");
    assert!(running.line().starts_with("usb sys-usb:2-1 appeared"));
    running.signal("TERM");
    assert_eq!(running.end().code, Some(0));
}

#[test]
fn watch_tells_of_a_server_that_says_nothing_and_goes_on() {
    for (fault, flag) in [("Events", ""), ("vm.List", ""), ("Events", "--json")] {
        let mut machine = Machine::laptop().with(&format!("fail-next {fault} hang"));
        let running = machine.run("qvm-usb", &format!("watch --timeout 0.2 {flag}")).start();
        assert_eq!(running.complaint(), "No answer from qubesd for 0.2 s. Waiting for it.", "{fault}");
        machine.down();
        machine.up();
        if flag.is_empty() {
            while !running.complaint().starts_with("Watching; ") {}
            machine.told("plug stick");
        }
        while !running.line().contains("appeared") {}
        running.signal("INT");
        assert_eq!(running.end().code, Some(0));
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

/// Runs until `call` was made, which is never answered, and interrupts then.
fn cut_in(machine: &Machine, call: &str, run: &Run) -> Outcome {
    machine.told("calls reset");
    machine.told(&format!("fail-next {call} hang"));
    let running = run.start();
    let since = Instant::now();
    while !machine.told("calls").contains(&format!(".{call}=")) {
        assert!(since.elapsed() < DEADLINE, "{call} was not called");
        std::thread::yield_now();
    }
    running.signal("INT");
    running.end()
}

#[test]
fn ctrl_c_during_a_move_tells_where_the_device_left_from() {
    let machine = Machine::laptop().with("plug stick");
    machine.run("qvm-usb", "attach work sys-usb:2-1").go().printed("");
    let run = machine.run("qvm-usb", "move personal sys-usb:2-1");
    cut_in(&machine, "Attach", &run).failed(
        130,
        "Error: Interrupted. sys-usb:2-1 was detached from work. Whether sys-usb:2-1 was attached to personal \
         is not known; look again.",
    );
}

#[test]
fn ctrl_c_during_an_apply_tells_which_steps_were_taken() {
    let machine = Machine::laptop();
    let file = tempfile::NamedTempFile::new().expect("a file");
    let entry = |class: &str, port: &str| {
        format!(
            "[[qube.assignment]]\nclass = \"{class}\"\nbackend = \"sys-usb\"\nport = \"{port}\"\n\
             mode = \"auto-attach\"\n"
        )
    };
    let text = format!(
        "version = 1\nclasses = [\"usb\", \"block\"]\n[[qube]]\nname = \"work\"\n{}{}",
        entry("block", "sda"),
        entry("usb", "2-1")
    );
    std::fs::write(file.path(), text).expect("written");
    let run = machine.run("qvm-device", "apply -q").and(file.path());
    cut_in(&machine, "usb.Assign", &run).failed(
        130,
        "Error: Interrupted. sys-usb:sda was assigned to work. Whether sys-usb:2-1 was assigned to work is not \
         known; look again.",
    );
}

#[test]
fn ctrl_c_during_a_change_of_a_deny_list_names_the_codes() {
    let machine = Machine::laptop();
    let cut = |line: &str, call: &str, known: &str| {
        let run = machine.run("qvm-device", &format!("denied {line}"));
        let sentence =
            format!("Error: Interrupted. Whether {known} the deny list of work is not known; look again.");
        cut_in(&machine, call, &run).failed(130, &sentence);
    };
    cut("add work u03", "denied.Add", "u03**** was put on");
    cut("add work camera", "denied.Add", "p0903** u06**** u0e**** were put on");
    machine.run("qvm-device", "-q denied add work u03").go();
    cut("remove work u03", "denied.Remove", "u03**** was taken off");
}

#[test]
fn ctrl_c_during_the_start_of_a_disposable_names_it() {
    let machine = Machine::laptop().with("plug stick");
    let run = machine.run("qvm-usb", "attach --dispvm=default-dvm sys-usb:2-1");
    let outcome = cut_in(&machine, "Start", &run);
    let sentence = outcome.sentence();
    let name = sentence.strip_prefix("Error: Interrupted. ").and_then(|rest| rest.split_once(','));
    let name = name.expect("the disposable is named").0.to_owned();
    outcome.failed(
        130,
        &format!(
            "Error: Interrupted. {name}, a new disposable, was created. Whether {name} was started is not known; \
             look again."
        ),
    );
    assert!(machine.run("qvm-usb", &format!("list {name}")).go().stderr.is_empty());
}
