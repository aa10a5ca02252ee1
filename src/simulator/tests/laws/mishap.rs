//! What a machine does on its own, and what goes wrong on demand: sleep, other names, devices that come back as
//! something else, a server that restarts, a person who is asked, functions that reset together.

use std::io::{Read, Write};
use std::os::unix::net::UnixListener;

use qubesd_sim::Simulator;

use crate::harness::{DEADLINE, Listener, Served};

/// `SUBJECT EVENT` of everything told since.
fn told(listener: &mut Listener) -> Vec<String> {
    listener.drain().iter().map(|event| format!("{} {}", event.subject, event.name)).collect()
}

#[test]
fn an_asked_for_exception_can_carry_arguments() {
    let server = Served::world("empty");
    server.play("fail-next vm.List template QubesValueError 'no %s of %d' device 7");
    assert_eq!(
        server.call("admin.vm.List", "dom0", "", b""),
        b"2\0QubesValueError\0\0no %s of %d\0device\x007\0"
    );
}

#[test]
fn sleep_is_told_by_nobody_and_waking_attaches_what_is_assigned() {
    let server = Served::world("laptop");
    server.play("plug stick");
    let mut work = server.greeted("work");
    server.play("suspend work");
    assert!(server.data("admin.vm.List", "work", "", "").contains("state=Suspended"));
    assert_eq!(told(&mut work), [""; 0]);
    server.data("admin.vm.device.usb.Assign", "work", "sys-usb+2-1+_", "mode='auto-attach'");
    told(&mut work);
    server.play("resume work");
    assert_eq!(told(&mut work), ["work domain-resumed", "work domain-cmd-pre-run", "work device-attach:usb"]);
    assert!(server.control("resume work").starts_with("error Domain is not suspended"));
}

#[test]
fn a_closed_lid_sleeps_all_and_an_opened_one_wakes_all() {
    let server = Served::world("laptop");
    server.play("suspend");
    let list = server.data("admin.vm.List", "dom0", "", "");
    assert_eq!(list.matches("state=Suspended").count(), 7);
    assert_eq!(list.matches("state=Running").count(), 1, "dom0");
    server.play("resume");
    assert_eq!(server.data("admin.vm.List", "dom0", "", "").matches("state=Running").count(), 8);
}

#[test]
fn a_renamed_qube_is_a_new_one_with_all_that_the_old_one_had() {
    let server = Served::world("laptop");
    server.data("admin.vm.feature.Set", "vault", "internal", "1");
    server.data("admin.vm.device.usb.Assign", "vault", "sys-usb+2-5", "mode='auto-attach'");
    let mut all = server.greeted("dom0");
    server.play("rename vault safe");
    let told = told(&mut all);
    assert_eq!(told.first().map(String::as_str), Some(" domain-add"));
    assert_eq!(told.last().map(String::as_str), Some(" domain-delete"));
    assert_eq!(server.data("admin.vm.feature.Get", "safe", "internal", ""), "1");
    assert!(server.data("admin.vm.device.usb.Assigned", "safe", "", "").contains("sys-usb+2-5"));
    assert!(server.call("admin.vm.List", "vault", "", b"").starts_with(b"2\0QubesVMNotFoundError"));
    for (line, sentence) in [
        ("rename work office", "powered off"),
        ("rename safe work", "already exists"),
        ("rename safe 'no name'", "."),
        ("rename dom0 zero", "powered off"),
    ] {
        let reply = server.control(line);
        assert!(reply.starts_with("error ") && reply.contains(sentence), "{line}: {reply}");
    }
}

#[test]
fn a_renamed_usb_qube_keeps_its_devices_and_their_assignments() {
    let server = Served::world("laptop");
    server.data("admin.vm.device.usb.Assign", "work", "sys-usb+2-5", "mode='auto-attach'");
    server.play("stop sys-usb");
    server.play("rename sys-usb usb");
    server.play("start usb");
    assert_eq!(server.data("admin.vm.device.usb.Available", "usb", "", "").lines().count(), 3);
    assert!(server.data("admin.vm.device.usb.Assigned", "work", "", "").starts_with("usb+2-5"));
    assert!(server.control("holders usb").contains("usb:usb:2-5=work"));
}

#[test]
fn what_re_enumerates_goes_and_comes_with_all_that_hangs_on_it() {
    let server = Served::world("laptop");
    server.play("plug stick");
    server.data("admin.vm.device.usb.Attach", "work", "sys-usb+2-1", "");
    let mut all = server.greeted("dom0");
    server.play("re-enumerate sys-usb 2-1");
    let seen = told(&mut all);
    let place = |name: &str| seen.iter().position(|event| event == name);
    assert!(place("sys-usb device-removed:usb") < place("sys-usb device-added:usb"), "{seen:?}");
    assert!(seen.contains(&"work device-detach:usb".to_owned()));
    assert_eq!(seen.iter().filter(|event| *event == "sys-usb device-added:block").count(), 2);
    assert_eq!(server.control("holders usb"), "ok\n");
    server.play(
        "re-enumerate sys-usb 2-1 port=2-3 'desc=2e8a:0003 Raspberry RP2 E0' interfaces=080650:ff0000:",
    );
    let usb = server.data("admin.vm.device.usb.Available", "sys-usb", "2-3", "");
    assert!(usb.starts_with("2-3:2e8a:0003:E0:u080650uff0000 "), "{usb}");
    let disks = server.data("admin.vm.device.block.Available", "sys-usb", "", "");
    assert!(disks.contains("sda:2e8a:0003:E0:u080650uff0000:1.0 "), "{disks}");
    assert!(server.control("re-enumerate sys-usb 9-9").starts_with("error "));
    assert!(server.control("re-enumerate sys-usb 2-3 port=2-5").contains("already"));
}

#[test]
fn a_server_that_restarts_is_away_and_forgets_who_listened() {
    let server = Served::world("laptop");
    let mut all = server.greeted("dom0");
    server.play("restart 60000");
    assert!(all.ends());
    assert!(!server.socket().exists(), "nobody can connect while it is away");
    server.play("restart");
    server.data("admin.vm.List", "dom0", "", "");
    assert!(server.control("status").contains("listeners=0"));
}

#[test]
fn a_refused_assignment_is_listed_until_the_restart() {
    let server = Served::new(Simulator::load("laptop").unwrap().with_quirks());
    let assign =
        |payload: &str| server.call("admin.vm.device.usb.Assign", "work", "sys-usb+2-5", payload.as_bytes());
    let assigned = || server.data("admin.vm.device.usb.Assigned", "work", "", "");
    let reply = assign("mode='auto-attach' _x='y'");
    assert!(reply.starts_with(b"2\0QubesException\0"));
    assert!(assigned().contains("sys-usb+2-5"));
    server.play("restart");
    assert_eq!(assigned(), "");
}

#[test]
fn the_agent_is_asked_over_its_socket_and_its_answer_counts() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("device-agent.GUI");
    let listener = UnixListener::bind(&socket).unwrap();
    let person = std::thread::spawn(move || {
        let mut requests = Vec::new();
        for answer in ["allow:personal", "deny", "allow:banking", "allow:work\n"] {
            let (mut stream, _) = listener.accept().unwrap();
            stream.set_read_timeout(Some(DEADLINE)).unwrap();
            let mut request = String::new();
            stream.read_to_string(&mut request).unwrap();
            requests.push(request);
            stream.write_all(answer.as_bytes()).unwrap();
        }
        requests
    });
    let server = Served::new(Simulator::load("laptop").unwrap().with_agent(&socket));
    for qube in ["work", "personal"] {
        server.data("admin.vm.device.usb.Assign", qube, "sys-usb+2-1+_", "mode='ask-to-attach'");
    }
    let mut holders = Vec::new();
    for _ in 0..4 {
        server.play("plug stick");
        holders.push(server.control("holders usb"));
        server.play("unplug stick");
    }
    assert_eq!(
        holders,
        ["ok usb:sys-usb:2-1=personal\n", "ok\n", "ok\n", "ok\n"],
        "only a clear yes for a qube that was offered counts"
    );
    let requests = person.join().unwrap();
    let (header, json) = requests[0].split_once('\0').unwrap();
    assert_eq!(header, "device-agent.GUI dom0 name dom0");
    let question: serde_json::Value = serde_json::from_str(json).unwrap();
    assert_eq!(question["source"], "sys-usb");
    assert_eq!(question["argument"], "2-1");
    assert_eq!(question["device_name"], "USB_Storage: SanDisk Corp. Cruzer Blade");
    assert_eq!(question["targets"], serde_json::json!(["personal", "work"]));
    assert_eq!(question["default_target"], "");
    assert_eq!(question["icons"]["work"], "appvm-blue");
}

#[test]
fn a_no_ends_the_pass_of_a_server_with_quirks_and_of_no_other() {
    for (has_quirks, questions) in [(true, 1), (false, 2)] {
        let mut simulator = Simulator::load("laptop").unwrap();
        if has_quirks {
            simulator = simulator.with_quirks();
        }
        let server = Served::new(simulator);
        for (qube, port) in [("work", "2-5"), ("personal", "2-5"), ("work", "2-7"), ("personal", "2-7")] {
            let device = format!("sys-usb+{port}+_");
            server.data("admin.vm.device.usb.Assign", qube, &device, "mode='auto-attach'");
        }
        server.play("stop sys-usb");
        server.play("agent deny");
        server.play("start sys-usb");
        assert_eq!(server.control("asked").lines().count(), questions);
        server.data("admin.vm.device.usb.Assign", "personal", "sys-usb+2-9+_", "mode='ask-to-attach'");
        server.play("stop personal");
        server.play("start personal");
        assert_eq!(server.control("asked").lines().count(), questions + 1, "the next pass is another one");
    }
}

#[test]
fn an_agent_that_is_not_there_means_no() {
    let folder = tempfile::tempdir().unwrap();
    let nobody = folder.path().join("nobody");
    let server = Served::new(Simulator::load("laptop").unwrap().with_agent(nobody));
    server.data("admin.vm.device.usb.Assign", "work", "sys-usb+2-1+_", "mode='ask-to-attach'");
    server.play("plug stick");
    assert_eq!(server.control("holders usb"), "ok\n");
}

const CARD: &str = r#"
name = "card"
[[qube]]
name = "game"
properties = { virt_mode = "hvm" }
[[pci]]
address = "01:00.0"
class = "030000"
id = "10de:1c82"
reset-group = "card"
[[pci]]
address = "01:00.1"
class = "040300"
id = "10de:0fb9"
reset-group = "card"
"#;

#[test]
fn functions_that_reset_together_start_together_or_not_at_all() {
    let server = Served::new(Simulator::from_toml("card", CARD).unwrap());
    let assign = |port: &str, options: &str| {
        let payload = format!("mode='required'{options}");
        server.data("admin.vm.device.pci.Assign", "game", &format!("dom0+{port}+_"), &payload);
    };
    assign("01_00.0", "");
    let reply = String::from_utf8(server.call("admin.vm.Start", "game", "", b"")).unwrap();
    assert_eq!(
        reply,
        "2\0QubesException\0\0Start failed: internal error: Unable to reset PCI device 0000:01:00.0: \
         internal error: Active 0000:01:00.1 devices on bus with 0000:01:00.0, not doing bus reset, see \
         /var/log/libvirt/libxl/libxl-driver.log for details\0"
    );
    assign("01_00.1", "");
    server.data("admin.vm.Start", "game", "", "");
    server.data("admin.vm.Kill", "game", "", "");
    for port in ["01_00.0", "01_00.1"] {
        server.data("admin.vm.device.pci.Unassign", "game", &format!("dom0+{port}+_"), "");
    }
    assign("01_00.0", " _no-strict-reset='False'");
    server.data("admin.vm.Start", "game", "", "");
    assert_eq!(server.control("holders pci"), "ok pci:dom0:01_00.0=game\n");
}
