//! What goes beyond the tool of the field, against the simulated machine.

#![expect(clippy::panic, reason = "a test that meets what it does not expect ends there")]

mod support;

use serde_json::{Value, json};
use support::inside::on_terminal;
use support::machine::Machine;
use support::running::DEADLINE;

fn value(line: &str) -> Value {
    serde_json::from_str(line).unwrap_or_else(|error| panic!("{line}: {error}"))
}

#[test]
fn a_move_takes_a_device_from_where_it_is() {
    let machine = Machine::laptop().with("plug stick");
    machine.run("qvm-usb", "attach work sys-usb:2-1").go().printed("");
    machine.run("qvm-usb", "move personal sys-usb:2-1").go().printed("");
    assert!(machine.run("qvm-usb", "list").go().stdout.contains("personal (attached)"));
    machine
        .run("qvm-usb", "move personal sys-usb:2-1")
        .go()
        .failed(1, "Error: sys-usb:2-1 is attached to personal already.");
}

#[test]
fn a_move_that_fails_puts_the_device_back_and_says_so() {
    let machine = Machine::laptop().with("plug stick");
    machine.run("qvm-block", "attach work sys-usb:sda1 --ro").go().printed("");
    machine.told("fail-libvirt no free node");
    let outcome = machine.run("qvm-block", "move personal sys-usb:sda1").go();
    assert_eq!(outcome.code, Some(1));
    assert!(outcome.sentence().ends_with("It is back in work."), "{outcome:?}");
    let list = machine.run("qvm-block", "list work").go().stdout;
    assert!(list.contains("work (attached: read-only=yes"), "{list}");
}

#[test]
fn a_move_that_can_not_work_is_refused_before_the_device_leaves_its_place() {
    let machine = Machine::laptop().with("plug stick");
    machine.run("qvm-usb", "attach work sys-usb:2-1").go().printed("");
    machine.told("calls reset");
    for (qube, sentence) in [
        ("vault", "Error: vault is not running. Start it first."),
        ("sys-usb", "Error: sys-usb is the qube that this device comes from."),
        ("dom0", "Error: dom0 takes no devices."),
        ("nosuch", "qvm-usb: error: no such domain: 'nosuch'"),
    ] {
        let outcome = machine.run("qvm-usb", &format!("move {qube} sys-usb:2-1")).go();
        assert_eq!(outcome.sentence(), sentence);
    }
    assert!(!machine.told("calls").contains("Detach="));
}

#[test]
fn the_microphone_moves_although_nobody_says_who_has_it() {
    let machine = Machine::laptop();
    machine.run("qvm-mic", "attach work dom0:mic").go().printed("");
    machine.run("qvm-mic", "move personal dom0:mic").go().printed("");
    let list = machine.run("qvm-mic", "list").go().stdout;
    assert!(list.ends_with("personal (attached)\n"), "{list}");
    machine.run("qvm-mic", "attach work dom0:mic").go().printed("");
    machine.run("qvm-mic", "move banking dom0:mic").go().failed(
        1,
        "Error: dom0:mic is attached to personal, work. Detach it from the qubes that should not keep it.",
    );
}

#[test]
fn explain_names_everything_that_is_in_the_way() {
    let machine = Machine::laptop().with("plug stick");
    let head = "  USB_Storage: SanDisk Corp. Cruzer Blade\n";
    machine
        .run("qvm-usb", "explain work sys-usb:2-1")
        .go()
        .printed(&format!("Yes: sys-usb:2-1 can be attached to work now.\n{head}"));
    machine.run("qvm-device", "denied add work USB_Storage").go().printed("");
    machine.run("qvm-usb", "attach personal sys-usb:2-1").go().printed("");
    let outcome = machine.run("qvm-usb", "explain work sys-usb:2-1").go();
    assert_eq!(
        (outcome.code, outcome.stdout.as_str(), outcome.stderr.as_str()),
        (
            Some(1),
            "No: sys-usb:2-1 can't be attached to work now.\n  USB_Storage: SanDisk Corp. Cruzer Blade\n  \
             The deny list of work has u08**** (USB_Storage), and the device exposes u080650 (USB_Storage).\n  \
             sys-usb:2-1 is attached to personal. `qvm-usb move work sys-usb:2-1` takes it from there.\n",
            ""
        )
    );
    let outcome = machine.run("qvm-usb", "explain vault sys-usb:2-1 --json").go();
    let verdict = value(&outcome.stdout);
    assert_eq!(verdict["may_attach"], json!(false));
    assert_eq!(verdict["against"][0], json!("vault is not running. Start it first."));
}

#[test]
fn a_usb_device_moves_although_its_backend_lags_behind() {
    let machine = Machine::laptop().with("plug stick").with("takes release 900");
    machine.run("qvm-usb", "attach work sys-usb:2-1").go().printed("");
    machine.run("qvm-usb", "move personal sys-usb:2-1").go().printed("");
    machine.run("qvm-usb", "detach personal sys-usb:2-1").go().printed("");
    machine.run("qvm-usb", "attach work sys-usb:2-1").go().printed("");
}

#[test]
fn a_partition_in_use_speaks_against_the_whole_stick() {
    let machine = Machine::laptop().with("plug stick");
    machine.run("qvm-block", "attach work sys-usb:sda1").go().printed("");
    let outcome = machine.run("qvm-usb", "explain personal sys-usb:2-1").go();
    let said = "sys-usb:sda1 may be a part of the same disk and is in use in work. Detach it there first.\n";
    assert!(outcome.code == Some(1) && outcome.stdout.ends_with(said), "{outcome:?}");
    let moved = machine.run("qvm-usb", "move personal sys-usb:2-1").go();
    assert!(moved.code == Some(1) && moved.stderr.ends_with(said), "{moved:?}");
    machine.run("qvm-block", "move personal sys-usb:sda1").go().printed("");
    machine.run("qvm-block", "detach personal sys-usb:sda1").go().printed("");
    let outcome = machine.run("qvm-usb", "explain personal sys-usb:2-1").go();
    assert!(outcome.stdout.starts_with("Yes: "), "{outcome:?}");
}

#[test]
fn every_sentence_names_the_programs_as_they_are_installed() {
    let machine = Machine::laptop().with("plug stick");
    let assigned = machine.run("plugboard-device", "usb assign work sys-usb:2-1").go();
    assert!(assigned.stdout.ends_with("\tplugboard-usb attach work sys-usb:2-1\n"), "{assigned:?}");
    machine.run("plugboard-usb", "attach work sys-usb:2-1").go().printed("");
    let explained = machine.run("plugboard-device", "usb explain personal sys-usb:2-1").go();
    assert!(explained.stdout.contains("`plugboard-usb move personal sys-usb:2-1`"), "{explained:?}");
    let exported = machine.run("plugboard-usb", "export").go();
    assert!(exported.stdout.contains("`plugboard-device apply`"), "{exported:?}");
    let dropped = machine.run("plugboard-usb", "unassign work").go();
    assert!(dropped.stdout.ends_with("\tplugboard-usb detach work sys-usb:2-1\n"), "{dropped:?}");
}

#[test]
fn explain_is_asked_about_options_too() {
    let machine = Machine::laptop().with("plug stick");
    for options in ["", " --ro", " -o frontend-dev=xvdj -o read-only=on -o devtype=cdrom"] {
        let outcome = machine.run("qvm-block", &format!("explain work sys-usb:sda{options}")).go();
        assert!(outcome.stdout.starts_with("Yes: "), "{outcome:?}");
    }
    for (tool, device, option, reason) in [
        ("block", "sda", "frontend-dev=foo", "the name of a disk in a qube begins with xvd or sd."),
        ("block", "sda", "read-only=perhaps", "that is neither yes nor no."),
        ("block", "sda", "devtype=floppy", "a disk is given as disk or as cdrom."),
        ("block", "sda", "colour=red", "An attachment of a block device has no option colour."),
        ("usb", "2-1", "read-only=yes", "An attachment of a usb device takes no options."),
    ] {
        let (tool, rest) = (format!("qvm-{tool}"), format!("work sys-usb:{device} -o {option}"));
        let outcome = machine.run(&tool, &format!("explain {rest}")).go();
        assert_eq!(outcome.code, Some(1), "{option}");
        assert!(outcome.stdout.ends_with(&format!("{reason}\n")), "{outcome:?}");
        let tried = machine.run(&tool, &format!("attach {rest}")).go();
        assert_eq!(tried.code, Some(1), "the server is of the same mind: {tried:?}");
    }
}

#[test]
fn a_deny_list_is_kept_by_names_and_codes() {
    let machine = Machine::laptop();
    machine.run("qvm-device", "denied list work").go().printed("");
    machine.run("qvm-device", "denied add work camera u03").go().printed("");
    machine.run("qvm-usb", "denied add work Camera").go().printed("");
    machine
        .run("qvm-device", "denied list work")
        .go()
        .printed("p0903**  Camera\nu03****  Input\nu06****  Camera\nu0e****  Camera\n");
    let removed = machine.run("qvm-device", "denied remove work camera bluetooth --json").go();
    removed.printed("{\"version\":1,\"kind\":\"denied\",\"qube\":\"work\",\"denied\":[\"u03****\"]}\n");
    for (line, sentence) in [
        ("denied list nosuch", "qvm-device: error: no such domain: 'nosuch'"),
        ("denied add work", "qvm-device: error: the following arguments are required: KIND"),
        ("denied list work camera", "qvm-device: error: argument KIND: not allowed with ACTION list"),
        (
            "denied drop work camera",
            "qvm-device: error: argument ACTION: invalid choice: 'drop' (choose from 'list', 'add', 'remove')",
        ),
    ] {
        let outcome = machine.run("qvm-device", line).go();
        assert_eq!((outcome.code, outcome.sentence()), (Some(2), sentence), "{line}");
    }
}

#[test]
fn a_disposable_gets_the_device_or_is_removed_again() {
    let machine = Machine::laptop().with("plug stick");
    let outcome = machine.run("qvm-usb", "attach --dispvm=default-dvm sys-usb:2-1").go();
    assert_eq!(outcome.code, Some(0), "{outcome:?}");
    let name = outcome.stdout.trim();
    assert!(name.starts_with("disp"), "{outcome:?}");
    assert!(machine.run("qvm-usb", &format!("list {name}")).go().stdout.contains("(attached)"));
    let qubes = machine.told("status");
    machine
        .run("qvm-usb", "attach --dispvm sys-usb:2-1")
        .go()
        .failed(1, &format!("Error: sys-usb:2-1 is attached to {name} already."));
    machine.told("fail-qrexec 1 no room");
    let outcome = machine.run("qvm-usb", "attach --dispvm sys-usb:2-5").go();
    assert_eq!((outcome.code, outcome.stdout.as_str()), (Some(1), ""));
    let count = |status: &str| status.split(' ').find(|word| word.starts_with("qubes=")).map(str::to_owned);
    assert_eq!(count(&machine.told("status")), count(&qubes), "{outcome:?}");
    machine.run("qvm-usb", &format!("detach {name} --shutdown")).go().printed("");
    let gone = machine.run("qvm-usb", &format!("list {name}")).go();
    assert_eq!(gone.code, Some(2), "a disposable is removed when it shuts down: {gone:?}");
}

#[test]
fn a_device_that_comes_later_is_waited_for() {
    let machine = Machine::laptop();
    machine
        .run("qvm-usb", "attach --wait=0.2 work sys-usb:2-1")
        .go()
        .failed(1, "Error: sys-usb:2-1 did not appear within 0.2 s. Nothing was changed.");
    machine
        .run("qvm-usb", "attach --wait=0.2 vault sys-usb:2-5")
        .go()
        .failed(1, "Error: vault did not start within 0.2 s. Nothing was changed.");
    let machine = Machine::laptop();
    let running = machine.run("qvm-usb", "attach --wait work sys-usb:2-1").start();
    machine.until(|status| status.contains("listeners=1"));
    machine.told("plug stick");
    running.end().printed("");
    assert!(machine.run("qvm-usb", "list work").go().stdout.contains("work (attached)"));
}

#[test]
fn waiting_for_a_device_survives_a_restart() {
    let mut machine = Machine::laptop();
    let running = machine.run("qvm-usb", "attach --wait work sys-usb:2-1").start();
    let limited = machine.run("qvm-usb", "attach --wait=1 work sys-usb:2-1").start();
    machine.until(|status| status.contains("listeners=2"));
    machine.down();
    let outcome = limited.end();
    assert_eq!(outcome.code, Some(1));
    assert!(outcome.sentence().ends_with(" within 1 s. Nothing was changed."), "{outcome:?}");
    machine.up();
    machine.until(|status| status.contains("listeners=1"));
    machine.told("plug stick");
    running.end().printed("");
}

#[test]
fn everything_is_told_as_json_on_demand() {
    let machine = Machine::laptop().with("plug stick");
    let attached = machine.run("qvm-block", "attach work sys-usb:sda1 --ro --json").go();
    assert_eq!(
        value(&attached.stdout),
        json!({
            "version": 1, "kind": "change", "change": "attach", "class": "block", "backend": "sys-usb",
            "port": "sda1", "id": "0781:5567:4C530001230101:u080650:1.0:1", "qube": "work", "mode": "manual",
            "options": {"read-only": "yes"}
        })
    );
    let info = value(&machine.run("qvm-block", "info sys-usb:sda1 --json").go().stdout);
    assert_eq!(info["device"]["names"]["name"], json!("HOLIDAY"));
    assert_eq!(info["device"]["parent"], json!({"class": "block", "port": "sda"}));
    let assigned = machine.run("qvm-block", "assign --ask --port work sys-usb:sda1 --json").go();
    assert_eq!(value(&assigned.stdout)["id"], Value::Null);
    let list = value(&machine.run("qvm-block", "list -s work --json").go().stdout);
    assert_eq!((&list["version"], &list["kind"]), (&json!(1), &json!("list")));
    assert_eq!(list["devices"][0]["attached"][0]["qube"], json!("work"));
    assert_eq!(list["devices"][0]["attached"][0]["options"]["read-only"], json!("yes"));
    assert_eq!(list["assignments"][0]["mode"], json!("ask-to-attach"));
    for line in ["detach work --json", "unassign work --json"] {
        let outcome = machine.run("qvm-block", line).go();
        assert_eq!(value(&outcome.stdout)["kind"], json!("change"), "{outcome:?}");
    }
}

#[test]
fn watching_tells_what_happens_and_survives_a_restart() {
    let mut machine = Machine::laptop();
    let running = machine.run("qvm-usb", "watch").start();
    assert_eq!(running.complaint(), "Watching; 3 devices are there.");
    machine.told("plug stick");
    assert_eq!(running.line(), "usb sys-usb:2-1 appeared: USB_Storage: SanDisk Corp. Cruzer Blade");
    machine.run("qvm-usb", "attach work sys-usb:2-1").go().printed("");
    assert_eq!(running.line(), "usb sys-usb:2-1 attached to work");
    machine.down();
    assert!(running.complaint().ends_with("Waiting for qubesd."));
    machine.up();
    // Holder and backend are read one after the other, so that there may be a line between.
    let mut lines: Vec<String> = Vec::new();
    while lines.last().is_none_or(|line| line != "usb sys-usb:2-1 gone") {
        lines.push(running.line());
    }
    assert!(lines.contains(&"usb sys-usb:2-1 detached from work".to_owned()), "{lines:?}");
    running.signal("INT");
    assert_eq!(running.end().code, Some(0));
}

#[test]
fn watching_counts_one_device_as_one() {
    let machine = Machine::laptop();
    let running = machine.run("qvm-mic", "watch").start();
    assert_eq!(running.complaint(), "Watching; 1 device is there.");
    running.signal("INT");
    assert_eq!(running.end().code, Some(0));
}

#[test]
fn watching_as_json_gives_the_whole_state_first() {
    let machine = Machine::laptop();
    let running = machine.run("qvm-device", "watch --json").start();
    let mut appeared = 0;
    loop {
        let line = value(&running.line());
        match (line["kind"].as_str(), line["link"].as_str(), line["event"].as_str()) {
            (Some("event"), _, Some("appeared")) => appeared += 1,
            (Some("link"), Some("live"), _) => break,
            _ => {}
        }
    }
    assert!(appeared > 3, "{appeared}");
    machine.told("plug stick");
    let event = value(&running.line());
    assert_eq!((&event["event"], &event["device"]["backend"]), (&json!("appeared"), &json!("sys-usb")));
}

#[test]
fn what_was_stored_before_is_no_news() {
    let machine = Machine::laptop();
    machine.run("qvm-pci", "assign -q --required win10 dom0:00_1f.3").go().printed("");
    machine.told("calls reset");
    let watching = machine.run("qvm-pci", "watch").start();
    assert!(watching.complaint().starts_with("Watching; "));
    let in_json = machine.run("qvm-pci", "watch --json").start();
    let assigned_to = |qube: &str| loop {
        let event = value(&in_json.line());
        if (event["event"].as_str(), event["qube"].as_str()) == (Some("assigned"), Some(qube)) {
            return event["news"].clone();
        }
    };
    assert_eq!(assigned_to("win10"), json!(false));
    // Both have read what is stored for every qube that was there, dom0 aside: nothing of it can still come.
    let qubes = field(&machine.told("status"), "qubes=") - 1;
    let since = std::time::Instant::now();
    while field(&machine.told("calls"), "admin.vm.device.pci.Assigned=") < 2 * qubes {
        assert!(since.elapsed() < DEADLINE, "{}", machine.told("calls"));
        std::thread::yield_now();
    }
    machine.run("qvm-pci", "assign -q --required vault dom0:00_1f.3").go().printed("");
    assert_eq!(watching.line(), "pci dom0:00_1f.3 assigned to vault (required)");
    assert_eq!(assigned_to("vault"), json!(true));
}

/// The number behind a name in a line of the control language.
fn field(line: &str, name: &str) -> usize {
    let word = line.split_whitespace().find_map(|word| word.strip_prefix(name));
    word.map_or(0, |number| number.parse().unwrap_or_default())
}

#[test]
fn a_terminal_gets_a_header_and_the_dots_of_labels() {
    let machine = Machine::laptop().with("plug stick");
    machine.run("qvm-usb", "attach work sys-usb:2-1").go().printed("");
    let said = on_terminal("qvm-usb", "list work", &machine.socket());
    assert_eq!(
        said.stdout,
        "\u{1b}[1mBACKEND:DEVID\u{1b}[0m  \u{1b}[1mDESCRIPTION\u{1b}[0m                              \
         \u{1b}[1mUSED BY\u{1b}[0m\nsys-usb:2-1    USB_Storage: SanDisk Corp. Cruzer Blade  \
         \u{1b}[38;2;52;101;164m●\u{1b}[0m work (attached)\n"
    );
}
