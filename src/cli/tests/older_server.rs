//! The same command line on servers of R4.2 and R4.0: their words, their table, and what they can't do.

mod support;

use qubesd_sim::Protocol;
use serde_json::Value;
use support::machine::Machine;

fn older() -> Machine {
    speaking(Protocol::R42)
}

fn speaking(protocol: Protocol) -> Machine {
    Machine::speaking("laptop", protocol).with("plug stick")
}

/// One that frames requests as R4.0 did, and one of R4.2.
fn each_older() -> [Machine; 2] {
    [Protocol::R40, Protocol::R42].map(speaking)
}

/// The changing calls since the last reset, as the machine counts them.
fn changes(machine: &Machine) -> Vec<String> {
    let calls = machine.told("calls");
    let is_change = |word: &&str| {
        [".Attach=", ".Detach=", ".Assign=", ".Unassign=", ".Set.persistent=", ".Set.assignment="]
            .iter()
            .any(|verb| word.contains(verb))
    };
    calls.split_whitespace().filter(is_change).map(str::to_owned).collect()
}

#[test]
fn explain_knows_what_can_only_be_read() {
    for machine in each_older() {
        machine.told("plug block sys-usb sdx size=1 mode=r");
        let explain = |device: &str| machine.run("qvm-block", &format!("explain work sys-usb:{device}")).go();
        let only = "  sys-usb:sdx can be attached only read-only.\n";
        for (options, verdict) in [("", "Yes: "), (" --ro", "Yes: "), (" -o read-only=no", "No: ")] {
            let outcome = explain(&format!("sdx{options}"));
            assert!(outcome.stdout.starts_with(verdict) && outcome.stdout.contains(only), "{outcome:?}");
        }
        machine
            .run("qvm-block", "attach work sys-usb:sdx -o read-only=no")
            .go()
            .failed(1, "Error: This device can be attached only read-only");
        assert!(!explain("sda").stdout.contains("read-only"));
    }
}

#[test]
fn the_table_is_that_of_its_time() {
    for machine in each_older() {
        machine.run("qvm-block", "attach work sys-usb:sda1").go().printed("");
        // A partition that is in use hides its disk.
        let list = machine.run("qvm-block", "list sys-usb").go();
        list.printed("sys-usb:sda1  Cruzer_Blade (HOLIDAY)  work (read-only=no, frontend-dev=xvdi)\n");
        assert_eq!(machine.run("qvm-block", "list work").go().stdout.lines().count(), 1);
        machine.run("qvm-mic", "list").go().printed("dom0:mic  Microphone  \n");
        let pci = machine.run("qvm-pci", "list sys-net").go().stdout;
        assert_eq!(
            pci,
            "dom0:00_1f.6  Ethernet controller: Intel Corporation Ethernet Connection (10) I219-V  sys-net\n\
         dom0:02_00.0  Network controller: Intel Corporation Wi-Fi 6 AX200                     sys-net\n",
            "what is stored counts as used"
        );
    }
}

#[test]
fn a_device_comes_and_goes_by_its_port() {
    for machine in each_older() {
        for (class, device) in [("qvm-usb", "sys-usb:2-1"), ("qvm-mic", "dom0:mic")] {
            machine.run(class, &format!("attach work {device}")).go().printed("");
            let list = machine.run(class, "list work").go().stdout;
            assert!(list.starts_with(device) && list.ends_with("  work\n"), "{list}");
            machine.run(class, &format!("attach work {device}")).go().failed(
                1,
                &format!(
                    "Error: \"'device {device} of class {} already attached to work'\"",
                    class.trim_start_matches("qvm-")
                ),
            );
            machine.run(class, &format!("detach work {device}")).go().printed("");
            machine.run(class, &format!("detach work {device}")).go().failed(
                1,
                &format!(
                    "Error: \"'device {} of class {} not attached to work'\"",
                    device.split(':').next_back().unwrap_or_default(),
                    class.trim_start_matches("qvm-")
                ),
            );
        }
    }
}

#[test]
fn the_sentences_are_those_of_its_time() {
    let machine = older();
    for (words, code, sentence) in [
        ("attach work sys-usb:9-9", 1, "qvm-usb: error: backend vm 'sys-usb' doesn't expose device '9-9'"),
        ("attach work nosuch:2-1", 1, "qvm-usb: error: no backend vm 'nosuch'"),
        (
            "attach work foo",
            2,
            "qvm-usb: error: expected a backend vm & device id combination like foo:bar got foo",
        ),
        ("attach nosuch sys-usb:2-1", 2, "qvm-usb: error: no such domain: 'nosuch'"),
        ("attach vault sys-usb:2-1", 1, "Error: VM not running, can only attach device with persistent flag"),
        ("detach work sys-usb:9-9", 1, "Error: \"'device 9-9 of class usb not attached to work'\""),
    ] {
        machine.run("qvm-usb", words).go().failed(code, sentence);
    }
}

#[test]
fn a_persistent_device_stays_with_its_qube() {
    for machine in each_older() {
        machine.run("qvm-usb", "attach --persistent vault sys-usb:2-1").go().printed("");
        let row = machine.run("qvm-usb", "list vault").go().stdout;
        assert!(row.ends_with("SanDisk_Cruzer_Blade  vault\n"), "{row}");
        machine.run("qvm-usb", "list -s vault").go().printed(
            "sys-usb:2-1  SanDisk_Cruzer_Blade  vault\n\
         sys-usb:2-1  any device            *vault (required)\n",
        );
        machine.run("qvm-usb", "detach vault sys-usb:2-1").go().printed("");
        assert_eq!(machine.run("qvm-usb", "list vault").go().stdout, "");

        machine.run("qvm-block", "attach -p work sys-usb:sda1 --ro").go().printed("");
        machine
            .run("qvm-block", "detach work sys-usb:sda1")
            .go()
            .failed(1, "Error: Can not remove a persistent attachment from a non halted vm");
        let unassigned = machine.run("qvm-block", "unassign work sys-usb:sda1").go();
        assert_eq!(unassigned.code, Some(0), "{unassigned:?}");
        assert!(unassigned.stdout.contains("\tqvm-block detach work sys-usb:sda1\n"), "{unassigned:?}");
        machine.run("qvm-block", "detach work sys-usb:sda1").go().printed("");
    }
}

#[test]
fn to_assign_is_to_make_an_attachment_last() {
    let machine = older();
    let text = "This version of Qubes OS can't assign a device to a qube that runs without attaching it. \
                Attach it persistently, or shut work down first.";
    machine.run("qvm-block", "assign --required work sys-usb:sda1").go().failed(1, &format!("Error: {text}"));
    machine.run("qvm-block", "attach work sys-usb:sda1").go().printed("");
    machine.run("qvm-block", "assign --required work sys-usb:sda1").go().printed("");
    assert!(machine.run("qvm-block", "list -s work").go().stdout.contains("*work (required"));
    machine
        .run("qvm-block", "assign --required work sys-usb:sda1")
        .go()
        .failed(1, "Error: block device sys-usb:sda1 is assigned to work already.");
    machine
        .run("qvm-block", "unassign vault sys-usb:sda1")
        .go()
        .failed(1, "Error: block device sys-usb:sda1 is not assigned to vault.");
    machine.run("qvm-block", "assign --required vault sys-usb:sda1").go().printed("");
    machine.run("qvm-block", "unassign vault sys-usb:sda1").go().printed("");
    assert!(!machine.run("qvm-block", "list -s vault").go().stdout.contains("vault (required"));
}

#[test]
fn what_came_later_is_refused_before_anything_changes() {
    for machine in each_older() {
        machine.told("calls reset");
        for (words, sentence) in [
            ("usb assign work sys-usb:2-1", "knows no assignment but a required one."),
            ("usb assign --ask work sys-usb:2-1", "knows no assignment that asks."),
            ("block assign -r --device work sys-usb:sda", "knows no assignment to any port."),
            ("block assign -r work sys-usb:sda:0781:5567::u080650", "knows no device ids."),
            ("denied list work", "knows no deny lists."),
            ("denied add work Camera", "knows no deny lists."),
            ("block attach work sys-usb:sda -o frontend-dev=x/y", ""),
        ] {
            let outcome = machine.run("qvm-device", words).go();
            assert_eq!((outcome.code, outcome.stdout.as_str()), (Some(1), ""), "{words}: {outcome:?}");
            assert!(outcome.sentence().contains("This version of Qubes OS"), "{words}: {outcome:?}");
            assert!(outcome.sentence().contains(sentence), "{words}: {outcome:?}");
            assert!(outcome.sentence().ends_with("Nothing was changed."), "{words}: {outcome:?}");
        }
        assert_eq!(changes(&machine), [""; 0]);
    }
}

#[test]
fn json_and_info_say_what_there_is_to_say() {
    let machine = older();
    machine
        .run("qvm-block", "info sys-usb:sda1")
        .go()
        .printed("Cruzer_Blade (HOLIDAY)\ndevice node: /dev/sda1\nmode: w\nsize: 31913934848\n");
    let line = machine.run("qvm-block", "attach --json work sys-usb:sda1").go().stdout;
    let change: Value = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{line}: {error}"));
    assert_eq!((change["change"].as_str(), change["id"].as_str()), (Some("attach"), Some("unidentified")));
    let line = machine.run("qvm-block", "list --json").go().stdout;
    let list: Value = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{line}: {error}"));
    let devices = list["devices"].as_array().map(Vec::as_slice).unwrap_or_default();
    let part = devices.iter().find(|device| device["port"] == "sda1").unwrap_or_else(|| panic!("{line}"));
    assert_eq!(part["description"], "Cruzer_Blade (HOLIDAY)");
    assert_eq!(part["attached"][0]["qube"], "work");
    assert_eq!(part["attached"][0]["options"]["frontend-dev"], "xvdi");
}

#[test]
fn a_move_and_a_new_disposable_work_as_ever() {
    for machine in each_older() {
        machine.run("qvm-usb", "attach work sys-usb:2-1").go().printed("");
        machine.run("qvm-usb", "move personal sys-usb:2-1").go().printed("");
        assert!(machine.run("qvm-usb", "list").go().stdout.contains("  personal\n"));
        machine.run("qvm-usb", "detach personal").go().printed("");
        let made = machine.run("qvm-usb", "attach --dispvm=default-dvm sys-usb:2-1").go();
        assert_eq!(made.code, Some(0), "{made:?}");
        let list = machine.run("qvm-usb", "list").go().stdout;
        assert!(list.contains(&format!("  {}", made.stdout)), "{list}");
    }
}

#[test]
fn what_is_stored_travels_as_a_file() {
    let machine = older();
    machine.run("qvm-usb", "attach -p vault sys-usb:2-1").go().printed("");
    let exported = machine.run("qvm-usb", "export vault").go();
    assert_eq!(exported.code, Some(0), "{exported:?}");
    machine.run("qvm-usb", "detach vault sys-usb:2-1").go().printed("");
    let file = tempfile::NamedTempFile::new().unwrap_or_else(|error| panic!("{error}"));
    let apply = |text: &str| {
        std::fs::write(file.path(), text).unwrap_or_else(|error| panic!("{error}"));
        machine.run("qvm-usb", "apply").and(file.path()).go()
    };
    let applied = apply(&exported.stdout);
    assert_eq!(applied.code, Some(0), "{applied:?}");
    assert_eq!(machine.run("qvm-usb", "export vault").go().stdout, exported.stdout);
    machine.told("calls reset");
    let refused = apply(&exported.stdout.replace("required", "auto-attach"));
    assert_eq!(refused.code, Some(1), "{refused:?}");
    assert!(refused.sentence().ends_with("Nothing was changed."), "{refused:?}");
    assert_eq!(changes(&machine), [""; 0]);
}

#[test]
fn what_happens_is_watched() {
    for machine in each_older() {
        let watch = machine.run("qvm-block", "watch").start();
        assert!(watch.complaint().starts_with("Watching; "));
        // Lines on the disk, which comes and goes with its partition, stand between.
        let until = |line: &str| while watch.line() != line {};
        machine.run("qvm-block", "attach work sys-usb:sda1").go().printed("");
        until("block sys-usb:sda1 attached to work");
        machine.run("qvm-block", "assign -r work sys-usb:sda1").go().printed("");
        machine.run("qvm-block", "unassign work sys-usb:sda1 -q").go();
        machine.run("qvm-block", "detach work sys-usb:sda1").go().printed("");
        until("block sys-usb:sda1 detached from work");
        machine.told("unplug stick");
        until("block sys-usb:sda1 gone");
    }
}

#[test]
fn the_forms_of_r3_tell_what_it_tells() {
    let machine = older();
    machine.run("qvm-block", "attach work sys-usb:sda1").go().printed("");
    let list = machine.run("qvm-block", "-l").go().stdout;
    assert!(
        list.contains("sys-usb:sda1\tCruzer_Blade (HOLIDAY) 29 GiB (attached to 'work' as 'xvdi')\n"),
        "{list}"
    );
    machine.run("qvm-usb", "-q -a work sys-usb:2-1").go();
    let list = machine.run("qvm-usb", "-l").go().stdout;
    assert!(list.contains("sys-usb:2-1\tSanDisk_Cruzer_Blade (attached to work)\n"), "{list}");
}

/// How many calls there were since the last reset.
fn calls(machine: &Machine) -> Option<usize> {
    let calls = machine.told("calls");
    let sum = calls.split_whitespace().find_map(|word| word.strip_prefix("sum="));
    sum?.parse().ok()
}

#[test]
fn a_change_is_asked_for_once_and_nothing_without_need() {
    for machine in each_older() {
        for (words, change, most) in [
            ("usb attach work sys-usb:2-1", "admin.vm.device.usb.Attach=1", 3),
            ("usb list", "", 25),
            ("usb list work", "", 19),
            ("usb list sys-net", "", 3),
            ("usb info sys-usb:2-1", "", 1),
            ("usb detach work sys-usb:2-1", "admin.vm.device.usb.Detach=1", 5),
            ("mic attach work dom0:mic", "admin.vm.device.mic.Attach=1", 3),
            ("block attach work sys-usb:sda1", "admin.vm.device.block.Attach=1", 3),
        ] {
            machine.told("calls reset");
            let outcome = machine.run("qvm-device", words).go();
            assert_eq!(outcome.code, Some(0), "{words}: {outcome:?}");
            assert!(calls(&machine).is_some_and(|calls| calls <= most), "{words}: {}", machine.told("calls"));
            assert_eq!(changes(&machine).concat(), change, "{words}");
        }
    }
}

#[test]
fn what_another_qube_has_is_refused_by_the_server() {
    for machine in each_older() {
        machine.run("qvm-usb", "attach work sys-usb:2-1").go().printed("");
        let refused = machine.run("qvm-usb", "attach personal sys-usb:2-1").go();
        assert_eq!(refused.code, Some(1), "{refused:?}");
        assert!(refused.sentence().contains("already attached"), "{refused:?}");
        assert!(machine.told("holders usb").contains("usb:sys-usb:2-1=work"));
    }
}

#[test]
fn whoever_holds_it_is_named_where_that_is_asked() {
    let machine = older();
    machine.run("qvm-usb", "attach work sys-usb:2-1").go().printed("");
    let line = machine.run("qvm-usb", "info --json sys-usb:2-1").go().stdout;
    let info: Value = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{line}: {error}"));
    assert_eq!(info["device"]["attached"][0]["qube"], "work", "{line}");
    machine.run("qvm-usb", "-d sys-usb:2-1").go();
    assert!(!machine.told("holders usb").contains("2-1"));
}

#[test]
fn a_list_of_one_qube_names_every_user_of_what_it_shows() {
    let machine = older();
    machine.run("qvm-usb", "attach work sys-usb:2-1").go().printed("");
    machine.run("qvm-usb", "attach -p vault sys-usb:2-1").go().printed("");
    let all = machine.run("qvm-usb", "list").go().stdout;
    let row = all.lines().find(|line| line.starts_with("sys-usb:2-1")).unwrap_or_else(|| panic!("{all}"));
    assert!(row.ends_with("vault, work"), "{row}");
    for qube in ["work", "vault", "sys-usb"] {
        let list = machine.run("qvm-usb", &format!("list {qube}")).go().stdout;
        assert!(list.lines().any(|line| line.ends_with("  vault, work")), "{qube}: {list}");
    }
    assert_eq!(machine.run("qvm-usb", "list personal").go().stdout, "");
}
