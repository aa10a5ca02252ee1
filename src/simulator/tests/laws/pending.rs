//! What takes time: a person who thinks, a qube that starts or ends, a device on its way, a server that restarts. Who
//! began it waits, and nobody else does.

use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::sync::mpsc;
use std::time::Instant;

use qubesd_sim::Simulator;

use crate::harness::{DEADLINE, Listener, Served};

/// A call that is sent, and whose reply is not waited for.
fn begun(server: &Served, method: &str, qube: &str, argument: &str) -> UnixStream {
    let mut stream = UnixStream::connect(server.socket()).unwrap();
    stream.set_read_timeout(Some(DEADLINE)).unwrap();
    stream.write_all(format!("{method}+{argument} dom0 name {qube}\0").as_bytes()).unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
    stream
}

/// Waits for an event of this name.
fn awaited(listener: &mut Listener, name: &str) {
    while listener.next().name != name {}
}

fn state_of(server: &Served, qube: &str) -> String {
    let line = server.data("admin.vm.List", qube, "", "");
    line.split(' ').find_map(|word| word.strip_prefix("state=")).unwrap().to_owned()
}

#[test]
fn while_a_person_thinks_only_those_wait_who_raised_the_question() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("device-agent.GUI");
    let agent = UnixListener::bind(&socket).unwrap();
    let (asked, is_asked) = mpsc::channel();
    let (think, thought) = mpsc::channel::<()>();
    let person = std::thread::spawn(move || {
        for _ in 0..2 {
            let (mut stream, _) = agent.accept().unwrap();
            stream.read_to_end(&mut Vec::new()).unwrap();
            asked.send(()).unwrap();
            thought.recv_timeout(DEADLINE).unwrap();
            stream.write_all(b"allow:work").unwrap();
        }
    });
    let server = Served::new(Simulator::load("laptop").unwrap().with_agent(&socket));
    server.play("kill work");
    for port in ["2-5", "2-7"] {
        let device = format!("sys-usb+{port}+_");
        server.data("admin.vm.device.usb.Assign", "work", &device, "mode='ask-to-attach'");
    }
    let mut start = begun(&server, "admin.vm.Start", "work", "");
    for _ in 0..2 {
        is_asked.recv_timeout(DEADLINE).unwrap();
        // Both questions were raised by then, and neither is the business of these.
        assert_eq!(state_of(&server, "work"), "Running");
        server.play("status");
        think.send(()).unwrap();
    }
    let mut reply = Vec::new();
    start.read_to_end(&mut reply).unwrap();
    assert_eq!(reply, b"0\0");
    assert_eq!(server.control("holders usb"), "ok usb:sys-usb:2-5=work usb:sys-usb:2-7=work\n");
    person.join().unwrap();
}

#[test]
fn a_call_does_not_wait_for_where_a_device_goes_that_it_sets_free() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("device-agent.GUI");
    let agent = UnixListener::bind(&socket).unwrap();
    let server = Served::new(Simulator::load("laptop").unwrap().with_agent(&socket));
    server.play("plug stick");
    server.data("admin.vm.device.usb.Attach", "work", "sys-usb+2-1", "");
    server.data("admin.vm.device.block.Assign", "personal", "sys-usb+sda+_", "mode='ask-to-attach'");
    server.data("admin.vm.device.usb.Detach", "work", "sys-usb+2-1", "");
    assert_eq!(server.control("holders block"), "ok\n");
    let mut personal = server.greeted("personal");
    let (mut person, _) = agent.accept().unwrap();
    person.read_to_end(&mut Vec::new()).unwrap();
    person.write_all(b"allow:personal").unwrap();
    drop(person);
    awaited(&mut personal, "device-attach:block");
}

#[test]
fn a_slow_start_is_seen_while_it_lasts() {
    let server = Served::world("laptop");
    let mut vault = server.greeted("vault");
    server.play("takes start 600000");
    let _start = begun(&server, "admin.vm.Start", "vault", "");
    awaited(&mut vault, "domain-unpaused");
    assert_eq!(state_of(&server, "vault"), "Transient");
    assert!(vault.drain().is_empty(), "it has not started");
    server.data("admin.vm.Kill", "vault", "", "");
    assert_eq!(state_of(&server, "vault"), "Halted");
}

#[test]
fn who_starts_or_ends_a_qube_hears_when_it_is_done() {
    let server = Served::world("laptop");
    let mut vault = server.greeted("vault");
    server.play("takes start 5");
    server.play("takes shutdown 5");
    server.data("admin.vm.Start", "vault", "", "");
    assert_eq!(state_of(&server, "vault"), "Running");
    server.data("admin.vm.Shutdown", "vault", "wait", "");
    assert_eq!(state_of(&server, "vault"), "Halted");
    server.play("start vault");
    assert_eq!(state_of(&server, "vault"), "Running");
    vault.drain();
    server.data("admin.vm.Shutdown", "vault", "", "");
    awaited(&mut vault, "domain-shutdown");
    server.play("takes shutdown 600000");
    server.data("admin.vm.Shutdown", "work", "", "");
    assert_eq!(state_of(&server, "work"), "Running", "nobody waits for the end unless asked to");
}

#[test]
fn a_device_on_its_way_has_been_told_of_and_is_with_nobody() {
    let server = Served::world("laptop");
    let mut work = server.greeted("work");
    server.play("takes attach 600000");
    let _attach = begun(&server, "admin.vm.device.usb.Attach", "work", "sys-usb+2-5");
    awaited(&mut work, "device-pre-attach:usb");
    assert_eq!(server.control("holders usb"), "ok\n");
    let reply = server.call("admin.vm.device.usb.Attach", "work", "sys-usb+2-7", b"_x='y'");
    assert!(reply.starts_with(b"2\0QubesException\0"), "what is wrong from the start is told at once");
    server.play("takes attach 5");
    server.data("admin.vm.device.usb.Attach", "personal", "sys-usb+2-5", "");
    assert_eq!(server.control("holders usb"), "ok usb:sys-usb:2-5=personal\n");
}

#[test]
fn a_start_goes_on_when_its_client_has_gone_and_the_server_restarts() {
    let server = Served::world("laptop");
    let mut vault = server.greeted("vault");
    server.play("takes start 50");
    drop(begun(&server, "admin.vm.Start", "vault", ""));
    awaited(&mut vault, "domain-unpaused");
    server.play("restart");
    // The next listener may come too late to hear of it.
    let begun = Instant::now();
    while state_of(&server, "vault") != "Running" {
        assert!(begun.elapsed() < DEADLINE, "it never ended its start");
    }
}

#[test]
fn everybody_who_asks_for_a_restart_hears_of_it() {
    let server = Served::world("empty");
    let mut control = server.socket().into_os_string();
    control.push(".ctl");
    let asking: Vec<UnixStream> = (0..16)
        .map(|_| {
            let mut stream = UnixStream::connect(&control).unwrap();
            stream.set_read_timeout(Some(DEADLINE)).unwrap();
            stream.write_all(b"restart 1\n").unwrap();
            stream
        })
        .collect();
    for mut stream in asking {
        let mut said = String::new();
        stream.read_to_string(&mut said).unwrap();
        assert_eq!(said, "ok\n");
    }
}

#[test]
fn a_start_that_has_been_told_of_ends_in_an_event() {
    let server = Served::world("laptop");
    for line in ["stop work", "stop personal", "stop sys-firewall"] {
        server.play(line);
    }
    server.data("admin.vm.feature.Set", "sys-firewall", "prohibit-start", "no");
    let mut work = server.greeted("work");
    assert!(server.call("admin.vm.Start", "work", "", b"").starts_with(b"2\0QubesException\0"));
    let told: Vec<String> = work.drain().into_iter().map(|event| event.name).collect();
    assert_eq!(told, ["domain-pre-start", "domain-start-failed"]);
}
