//! The simulator as a server: limits, listeners, faults, and what a person at the machine does.

use std::io::Write;
use std::net::Shutdown;
use std::os::unix::net::UnixStream;

use crate::harness::{DEADLINE, Listener, Served};
use device_core::wire::request::REQUEST_MAX;
use qubesd_sim::{Protocol, Simulator};

fn names(listener: &mut Listener) -> Vec<String> {
    listener.drain().iter().map(|event| format!("{} {}", event.subject, event.name)).collect()
}

#[test]
fn a_machine_says_that_it_is_simulated() {
    for world in qubesd_sim::world_names() {
        let server = Served::world(world);
        assert_eq!(server.data("admin.vm.feature.Get", "dom0", "plugboard-simulator", ""), world);
        let line = format!("plugboard_simulator default=True type=str {world}\n");
        assert!(server.data("admin.vm.property.GetAll", "dom0", "", "").contains(&line));
        assert_eq!(server.call("admin.vm.property.Set", "dom0", "plugboard_simulator", b"no"), b"");
    }
}

#[test]
fn a_crowd_is_as_large_as_it_says() {
    let server = Served::world("crowd");
    let list = server.data("admin.vm.List", "dom0", "", "");
    assert_eq!(list.lines().count(), 201);
    assert_eq!(list.matches("state=Running").count(), 101);
    let devices: usize = ["usb", "block"]
        .iter()
        .flat_map(|class| ["sys-usb", "sys-usb-2"].map(|qube| (class, qube)))
        .map(|(class, qube)| {
            server.data(&format!("admin.vm.device.{class}.Available"), qube, "", "").lines().count()
        })
        .sum();
    assert_eq!(devices, 60);
}

#[test]
fn a_request_at_the_limit_is_answered_and_one_byte_more_is_not() {
    let server = Served::world("empty");
    let header = b"admin.vm.List+ dom0 name dom0\0";
    for (length, is_answered) in [(REQUEST_MAX, true), (REQUEST_MAX + 1, false), (REQUEST_MAX * 4, false)] {
        let mut request = header.to_vec();
        request.resize(length, b'x');
        assert_eq!(!server.raw(&request).is_empty(), is_answered, "{length}");
    }
}

#[test]
fn a_connection_of_events_can_end_amid_a_frame() {
    let server = Served::world("laptop");
    let greeting = b"1\0\0connection-established\0\0";
    server.play(&format!("fail-next Events cut {}", greeting.len() + 9));
    let mut listener = server.greeted("dom0");
    server.play("plug stick");
    assert!(listener.ends());
    server.play("fail-next Events lost");
    assert_eq!(server.raw(b"admin.Events+ dom0 name dom0\0"), b"");
}

#[test]
fn no_disk_appears_in_place_of_one_that_a_qube_has() {
    let server = Served::world("workshop");
    server.data("admin.vm.device.block.Attach", "firmware", "sys-usb+sda1", "");
    for line in ["plug stick", "plug block sys-usb sda1"] {
        assert!(server.control(line).starts_with("error firmware has"), "{line}");
    }
    assert_eq!(server.data("admin.vm.device.usb.Available", "sys-usb", "2-1", ""), "");
}

#[test]
fn no_line_of_control_asks_for_more_than_can_be_held() {
    let server = Served::world("laptop");
    for line in ["flood 4000000000", "flood 1 4000000000", "reorder-events 10001", "lose-events 99999999999"]
    {
        assert!(server.control(line).starts_with("error "), "{line}");
    }
    server.data("admin.vm.List", "dom0", "", "");
}

#[test]
fn nothing_is_answered_before_the_half_close() {
    let server = Served::world("empty");
    let mut stream = UnixStream::connect(server.socket()).unwrap();
    stream.write_all(b"admin.vm.List+ dom0 name dom0\0").unwrap();
    // Another client is served meanwhile, and after it the first still waits.
    server.data("admin.vm.List", "dom0", "", "");
    stream.set_nonblocking(true).unwrap();
    let mut byte = [0];
    let error = std::io::Read::read(&mut stream, &mut byte).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::WouldBlock);
    stream.set_nonblocking(false).unwrap();
    stream.set_read_timeout(Some(DEADLINE)).unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
    std::io::Read::read_exact(&mut stream, &mut byte).unwrap();
    assert_eq!(byte, *b"0");
}

#[test]
fn version_4_3_refuses_without_a_word_what_4_4_explains() {
    for (protocol, reply) in [
        (Protocol::R43, &b""[..]),
        (Protocol::R44, b"2\0ProtocolError\0\0no such method: 'admin.vm.Nonsense'\0"),
    ] {
        let server = Served::new(Simulator::load("empty").unwrap().with_protocol(protocol));
        assert_eq!(server.call("admin.vm.Nonsense", "work", "", b""), reply);
    }
}

#[test]
fn the_events_of_a_call_are_there_before_its_reply() {
    let server = Served::world("laptop");
    server.play("plug stick");
    let mut all = server.greeted("dom0");
    let mut work = server.greeted("work");
    for _ in 0..20 {
        server.data("admin.vm.device.block.Attach", "work", "sys-usb+sda1", "");
        assert_eq!(names(&mut work), ["work device-pre-attach:block", "work device-attach:block"]);
        server.data("admin.vm.device.block.Detach", "work", "sys-usb+sda1", "");
        assert_eq!(names(&mut work), ["work device-pre-detach:block", "work device-detach:block"]);
    }
    assert!(!names(&mut all).is_empty());
}

#[test]
fn a_stick_takes_its_disks_along_and_brings_them_back() {
    let server = Served::world("laptop");
    server.play("plug stick");
    let disks = || {
        server
            .data("admin.vm.device.block.Available", "sys-usb", "", "")
            .lines()
            .filter_map(|line| Some(line.split_once(':')?.0.to_owned()))
            .collect::<Vec<_>>()
    };
    assert_eq!(disks(), ["sda1", "sda"]);
    let mut all = server.greeted("dom0");
    server.data("admin.vm.device.usb.Attach", "work", "sys-usb+2-1", "");
    assert_eq!(disks(), [""; 0]);
    server.data("admin.vm.device.usb.Detach", "work", "sys-usb+2-1", "");
    assert_eq!(disks(), ["sda1", "sda"]);
    server.data("admin.vm.device.block.Attach", "work", "sys-usb+sda1", "");
    assert_eq!(disks(), ["sda1"]);
    server.data("admin.vm.device.block.Detach", "work", "sys-usb+sda1", "");
    server.data("admin.vm.device.block.Attach", "work", "sys-usb+sda", "");
    assert_eq!(disks(), ["sda"]);
    assert!(names(&mut all).contains(&"sys-usb device-removed:block".to_owned()));
    server.play("unplug stick");
    assert!(names(&mut all).contains(&"work device-detach:block".to_owned()));
    assert_eq!(server.data("admin.vm.device.block.Attached", "work", "", ""), "");
}

#[test]
fn a_backend_that_restarts_finds_its_devices_again() {
    let server = Served::world("laptop");
    let usb = |qube: &str| server.data("admin.vm.device.usb.Available", qube, "", "").lines().count();
    assert_eq!(usb("sys-usb"), 3);
    server.data("admin.vm.device.usb.Attach", "work", "sys-usb+2-5", "");
    server.play("stop sys-usb");
    assert_eq!(usb("sys-usb"), 0);
    assert_eq!(server.data("admin.vm.device.usb.Attached", "work", "", ""), "");
    let mut all = server.greeted("dom0");
    server.data("admin.vm.Start", "sys-usb", "", "");
    assert_eq!(usb("sys-usb"), 3);
    let told = names(&mut all);
    assert_eq!(told.iter().filter(|name| *name == "sys-usb device-added:usb").count(), 3);
}

#[test]
fn a_frontend_that_stops_frees_what_it_held() {
    let server = Served::world("laptop");
    server.play("plug stick2");
    server.data("admin.vm.device.usb.Attach", "work", "sys-usb+2-5", "");
    server.data("admin.vm.device.block.Attach", "work", "sys-usb+sdb1", "");
    server.data("admin.vm.device.mic.Attach", "work", "dom0+mic", "");
    let mut work = server.greeted("work");
    server.data("admin.vm.Shutdown", "work", "", "");
    let told = names(&mut work);
    for class in ["usb", "block", "mic"] {
        assert!(told.contains(&format!("work device-detach:{class}")), "{told:?}");
    }
    for class in ["usb", "block"] {
        let list = server.data(&format!("admin.vm.device.{class}.Available"), "sys-usb", "", "");
        assert!(!list.contains("attachment="), "{list}");
    }
}

#[test]
fn a_disposable_ends_with_its_shutdown() {
    let server = Served::world("laptop");
    let name = server.data("admin.vm.CreateDisposable", "dom0", "", "");
    server.data("admin.vm.Start", &name, "", "");
    assert!(server.data("admin.vm.List", &name, "", "").contains("class=DispVM state=Running"));
    server.data("admin.vm.Shutdown", &name, "", "");
    let reply = server.call("admin.vm.List", &name, "", b"");
    assert_eq!(reply, format!("2\0QubesVMNotFoundError\0\0No such domain: '{name}'\0").as_bytes());
}

#[test]
fn asked_for_failures_come_once_and_as_asked() {
    let server = Served::world("laptop");
    let list = || server.call("admin.vm.List", "work", "", b"");
    let good = list();
    for (fault, reply) in [
        ("exception QubesException no luck today", &b"2\0QubesException\0\0no luck today\0"[..]),
        ("empty", b""),
        ("lost", b""),
        ("cut 1", b"0"),
    ] {
        server.play(&format!("fail-next vm.List {fault}"));
        assert_eq!(list(), reply, "{fault}");
        assert_eq!(list(), good);
    }
}

#[test]
fn a_lost_reply_is_of_a_call_that_was_done() {
    let server = Served::world("laptop");
    server.play("fail-next Attach lost");
    assert_eq!(server.call("admin.vm.device.mic.Attach", "work", "dom0+mic", b""), b"");
    assert!(!server.data("admin.vm.device.mic.Attached", "work", "", "").is_empty());
}

#[test]
fn dropped_listeners_are_told_by_the_end_of_their_connection() {
    let server = Served::world("laptop");
    let mut first = server.greeted("dom0");
    server.play("drop-events");
    assert!(first.ends());
    assert!(server.control("status").contains("listeners=0"));
}

#[test]
fn calls_are_counted() {
    let server = Served::world("empty");
    server.play("calls reset");
    server.data("admin.vm.List", "dom0", "", "");
    server.data("admin.vm.List", "dom0", "", "");
    assert_eq!(server.control("calls"), "ok sum=2 admin.vm.List=2\n");
}

#[test]
fn nonsense_on_the_control_socket_is_answered_with_a_sentence() {
    let server = Served::world("empty");
    for line in [
        "",
        "frobnicate",
        "plug",
        "plug nothing",
        "plug usb nobody 2-1",
        "plug usb sys-usb 'bad port'",
        "plug usb sys-usb 2-1 colour=red",
        "plug 'unclosed",
        "unplug usb sys-usb 9-9",
        "start nobody",
        "stop dom0",
        "latency soon",
        "fail-next",
        "fail-next List strangely",
        "flood",
        "calls maybe",
    ] {
        let reply = server.control(line);
        assert!(
            reply.starts_with("error ") && reply.ends_with(".\n") || reply.contains("powered off"),
            "{line}: {reply}"
        );
    }
}

#[test]
fn a_served_socket_is_not_replaced_and_a_left_over_one_is() {
    let server = Served::world("empty");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let bind = |path: &std::path::Path| {
        let _guard = runtime.enter();
        Simulator::load("empty").unwrap().bind(path)
    };
    let error = bind(&server.socket()).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::AddrInUse);
    server.data("admin.vm.List", "dom0", "", "");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("left.sock");
    drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
    drop(bind(&path).unwrap());
    assert!(!path.exists(), "a server removes its socket at the end");
    std::fs::write(&path, "precious").unwrap();
    assert!(bind(&path).is_err());
    assert_eq!(std::fs::read(&path).unwrap(), b"precious");
}
