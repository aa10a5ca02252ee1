//! The forms of the documentation's older chapters, against the simulated machine.

mod support;

use qubesd_sim::Protocol;
use support::Run;
use support::machine::Machine;
use support::script::Script;

#[test]
fn devices_are_listed_attached_and_detached_as_they_were() {
    let machine = Machine::laptop().with("plug stick");
    let listed = machine.run("qvm-usb", "-l").go();
    assert_eq!((listed.code, listed.stderr.as_str()), (Some(0), "Today's form: qvm-usb list\n"));
    assert!(listed.stdout.contains("sys-usb:2-1\t0781:5567 SanDisk_Cruzer_Blade\n"), "{}", listed.stdout);
    machine.run("qvm-usb", "-q -a work sys-usb:2-1").go().printed("");
    let listed = machine.run("qvm-usb", "-l -q").go();
    assert!(listed.stdout.contains("Cruzer_Blade (attached to work)\n"), "{}", listed.stdout);
    machine.run("qvm-usb", "-q -d sys-usb:2-1").go().printed("");
    let free = machine.run("qvm-usb", "-q -d sys-usb:2-1").go();
    assert_eq!((free.code, free.stderr.as_str()), (Some(0), "WARNING: Device not connected to any VM\n"));
}

#[test]
fn disks_move_by_themselves_unless_that_is_unwanted() {
    let machine = Machine::laptop().with("plug stick");
    machine.run("qvm-block", "-q -a -f xvdj --ro work sys-usb:sda1").go().printed("");
    let listed = machine.run("qvm-block", "-q -l").go().stdout;
    assert!(
        listed.contains("sys-usb:sda1\tCruzer_Blade (HOLIDAY) (attached to 'work' as 'xvdj')\n"),
        "{listed}"
    );
    let stays = machine.run("qvm-block", "-q --no-auto-detach -a personal sys-usb:sda1").go();
    assert_eq!(stays.code, Some(1), "{stays:?}");
    machine.run("qvm-block", "-q -a personal sys-usb:sda1").go().printed("");
    machine.run("qvm-block", "-q -d sys-usb:sda1 personal").go().printed("");
    machine.run("qvm-block", "-q -a -f xvdj work sys-usb:sda1").go().printed("");
    machine.run("qvm-block", "-q -d work -f xvdj").go().printed("");
    assert!(!machine.run("qvm-block", "list work").go().stdout.contains("attached:"));
}

#[test]
fn pci_devices_are_named_by_their_addresses() {
    let machine = Machine::laptop();
    for word in ["00:1f.3", "0000:00:1f.3", "00_1f.3"] {
        let assigned = machine.run("qvm-pci", "-a win10").and(word).go();
        assert_eq!((assigned.code, assigned.stdout.as_str()), (Some(0), ""), "{assigned:?}");
        assert_eq!(assigned.stderr, "Today's form: qvm-pci assign --required win10 dom0:00_1f.3\n");
        let listed = machine.run("qvm-pci", "-q -l win10").go();
        listed.printed("['00:1f.3']\n");
        machine.run("qvm-pci", "-q -d win10").and(word).go().printed("");
    }
    machine.run("qvm-pci", "-q -l win10").go().printed("[]\n");
}

#[test]
fn older_forms_take_the_options_of_today() {
    let machine = Machine::laptop().with("plug stick");
    let line = "-q -a win10 00_1f.3 -o no-strict-reset=true -o permissive=false --timeout 60";
    machine.run("qvm-pci", line).go().printed("");
    let stored = machine.run("qvm-pci", "list -s win10").go().stdout;
    assert!(stored.contains("*win10 (required: no-strict-reset=true)"), "{stored}");
    let listed = machine.run("qvm-pci", "-l win10 --json").go();
    assert_eq!(listed.stderr, "Today's form: qvm-pci list --assignments win10 --json\n");
    assert!(listed.stdout.contains("\"mode\":\"required\""), "{listed:?}");
    let attached = machine.run("qvm-block", "-a --json -oread-only=yes work sys-usb:sda1").go();
    assert!(attached.stdout.contains("\"options\":{\"read-only\":\"yes\"}"), "{attached:?}");
}

#[test]
fn a_persistent_pci_device_is_told_todays_form() {
    let machine = Machine::laptop();
    let attached = machine.run("plugboard-pci", "attach --persistent win10 dom0:00_1f.3").go();
    assert_eq!(
        (attached.code, attached.stderr.as_str()),
        (Some(0), "Today's form: plugboard-pci assign --required win10 dom0:00_1f.3\n")
    );
}

#[test]
fn a_disk_goes_to_dom0_as_it_did() {
    let machine = Machine::laptop().with("plug stick");
    machine.run("qvm-block", "attach work sys-usb:sda1").go().printed("");
    machine.run("qvm-block", "-q -a dom0 sys-usb:sda1").go().printed("");
    let listed = machine.run("qvm-block", "list").go().stdout;
    assert!(listed.contains("dom0 (attached: "), "{listed}");
}

#[test]
fn a_backend_that_keeps_its_devices_is_told_by_older_forms_too() {
    let machine = Machine::laptop();
    for (fault, sentence) in
        [("empty", "Error: Failed to list 'usb' devices of "), ("exception QubesException x", "Error: x")]
    {
        for line in ["-q -l", "list"] {
            machine.told(&format!("fail-next usb.Available {fault}"));
            let outcome = machine.run("qvm-usb", line).go();
            assert_eq!(outcome.code, Some(1), "{line}");
            assert!(outcome.sentence().starts_with(sentence), "{line}: {outcome:?}");
        }
    }
    let (older, today) = (machine.run("qvm-audio", "-q -l").go(), machine.run("qvm-audio", "list").go());
    assert_eq!(older, today);
    assert_eq!(older.code, Some(1));
}

#[test]
fn a_device_behind_a_bridge_is_found_by_its_address() {
    let machine = Machine::laptop();
    let told = machine.run("qvm-pci", "info 02:00.0").go();
    assert!(told.stdout.ends_with("sbdf: 0000:02:00.0\n"), "{told:?}");
    assert_eq!(told.stderr, "Today's form: dom0:00_1c.0-00_00.0\n");
}

#[test]
fn an_option_that_is_off_is_left_out() {
    let machine = Machine::laptop();
    let line = "assign --required win10 dom0:00_1f.3 -o no-strict-reset=true -o permissive=false";
    machine.run("qvm-pci", line).go().printed("");
    let stored = machine.run("qvm-pci", "list -s win10").go().stdout;
    assert!(stored.contains("*win10 (required: no-strict-reset=true)"), "{stored}");
}

const EACH_BACKEND: [&str; 2] = ["sys-usb", "sys-disk"];

/// Two disks called `sda`, of two backends, both in one qube.
fn two_of_a_name() -> Script {
    let held = EACH_BACKEND.map(|backend| {
        format!(
            "{backend}+sda:a:b:c device_id='a:b:c' port_id='sda' mode='manual' frontend_domain='work' \
             _frontend-dev='{}'\n",
            if backend == "sys-usb" { "xvdi" } else { "xvdj" }
        )
    });
    let mut server =
        Script::new().says("admin.vm.device.block.Attached+ work", &format!("0\0{}", held.concat()));
    for backend in EACH_BACKEND {
        server = server
            .says(
                &format!("admin.vm.device.block.Available+ {backend}"),
                "0\0sda:a:b:c attachment='work' interfaces='b******'\n",
            )
            .says(&format!("admin.vm.device.block.Detach+{backend}+sda+a+b+c work"), "0\0");
    }
    server
}

#[test]
fn of_two_disks_of_one_name_none_is_detached_by_guess() {
    for line in ["-q -d sys-usb:sda", "-q -d sys-disk:sda", "-q -d work -f xvdi", "-q -d work -f xvdj"] {
        let server = two_of_a_name();
        Run::of("qvm-block", line).on(&server.socket()).go().failed(
            1,
            "Error: Two devices called sda are attached to work, and qubesd could detach the wrong one. \
             Shut work down to detach them.",
        );
        assert_eq!(server.changes(), [""; 0], "{line}");
    }
}

#[test]
fn a_detach_that_was_done_all_the_same_is_told() {
    for protocol in [Protocol::R42, Protocol::R44] {
        for (fault, sentence) in [
            ("Detach lost", "Error: qubesd gave no answer, but sys-usb:2-1 is not attached to work now."),
            (
                "Detach cut 1",
                "Error: qubesd sent an invalid reply. But sys-usb:2-1 is not attached to work now.",
            ),
        ] {
            let machine = Machine::speaking("laptop", protocol).with("plug stick");
            machine.run("qvm-usb", "attach work sys-usb:2-1").go().printed("");
            machine.told(&format!("fail-next usb.{fault}"));
            machine.run("qvm-usb", "-q -d sys-usb:2-1").go().failed(1, sentence);
        }
    }
}

#[test]
fn a_detach_that_did_nothing_is_told() {
    let server = Script::new()
        .says(
            "admin.vm.device.block.Available+ sys-usb",
            "0\0sda:a:b:c attachment='work' interfaces='b******'\n",
        )
        .says("admin.vm.device.block.Detach+sys-usb+sda+a+b+c work", "0\0")
        .says(
            "admin.vm.device.block.Attached+sys-usb+sda work",
            "0\0sys-usb+sda:a:b:c device_id='a:b:c' port_id='sda' mode='manual' frontend_domain='work'\n",
        );
    Run::of("qvm-block", "-q -d sys-usb:sda")
        .on(&server.socket())
        .go()
        .failed(1, "Error: qubesd reported success, but sys-usb:sda is still attached to work.");
}
