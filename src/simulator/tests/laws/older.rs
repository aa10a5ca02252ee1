//! Protocols 4.2 and 4.0: the calls, lines and events that a client of those versions meets.

use device_core::wire::request::{Framing, Request};
use qubesd_sim::{Protocol, Simulator};

use crate::harness::Served;

fn served() -> Served {
    let server = Served::new(Simulator::load("laptop").unwrap().with_protocol(Protocol::R42));
    server.play("plug stick");
    server
}

fn exception(class: &str, message: &str) -> String {
    format!("2\0{class}\0\0{message}\0")
}

fn reply(server: &Served, method: &str, qube: &str, argument: &str, payload: &str) -> String {
    let reply = server.call(&format!("admin.vm.device.{method}"), qube, argument, payload.as_bytes());
    String::from_utf8(reply).unwrap()
}

fn ok(server: &Served, method: &str, qube: &str, argument: &str, payload: &str) -> String {
    server.data(&format!("admin.vm.device.{method}"), qube, argument, payload)
}

#[test]
fn lines_are_words_and_a_free_text_at_the_end() {
    let server = served();
    assert_eq!(
        ok(&server, "block.Available", "sys-usb", "", ""),
        "sda device_node=/dev/sda mode=w size=31914983424 description=Cruzer_Blade ()\n\
         sda1 device_node=/dev/sda1 mode=w size=31913934848 description=Cruzer_Blade (HOLIDAY)\n"
    );
    assert_eq!(ok(&server, "usb.Available", "sys-usb", "2-1", ""), "2-1 description=SanDisk_Cruzer_Blade\n");
    assert_eq!(ok(&server, "usb.Available", "sys-usb", "2-7", ""), "2-7 description=8087_0026\n");
    assert_eq!(ok(&server, "mic.Available", "dom0", "", ""), "mic description=Microphone\n");
    assert_eq!(
        ok(&server, "pci.Available", "dom0", "02_00.0", ""),
        "02_00.0 bus=02 device=00 function=0 libvirt_name=pci_0000_02_00_0 \
         description=Network controller: Intel Corporation Wi-Fi 6 AX200\n",
        "bridges are not part of an address"
    );
    assert!(ok(&server, "pci.List", "sys-net", "", "").contains("dom0+02_00.0 persistent=yes\n"));
    assert_eq!(server.data("admin.vm.List", "work", "", ""), "work class=AppVM state=Running\n");
}

#[test]
fn what_came_with_4_3_is_refused_without_a_word() {
    let server = served();
    for (method, argument) in [
        ("usb.Attached", ""),
        ("usb.Assigned", ""),
        ("usb.Assign", "sys-usb+2-1"),
        ("usb.Unassign", "sys-usb+2-1"),
        ("usb.Set.assignment", "sys-usb+2-1"),
        ("denied.List", ""),
        ("webcam.Available", ""),
    ] {
        assert_eq!(reply(&server, method, "work", argument, ""), "", "{method}");
    }
    assert!(!server.data("admin.vm.property.List", "work", "", "").contains("devices_denied"));
    assert_eq!(server.call("admin.vm.CreateDisposable", "default-dvm", "", b"uuid"), b"");
    assert_eq!(
        server.call("admin.vm.List", "uuid:00000000-0000-0000-0000-000000000000", "", b""),
        exception("QubesValueError", "VM name must be shorter than 32 characters").as_bytes()
    );
}

#[test]
fn an_attachment_is_listed_with_its_options_and_its_persistence() {
    let server = served();
    ok(&server, "block.Attach", "work", "sys-usb+sda1", "read-only=True");
    let live = "sys-usb+sda1 read-only=yes frontend-dev=xvdi persistent=no\n";
    assert_eq!(ok(&server, "block.List", "work", "", ""), live);
    assert_eq!(ok(&server, "block.List", "work", "sys-usb+sda1", ""), live);
    assert_eq!(ok(&server, "block.List", "work", "sys-usb+sdb", ""), "");
    ok(&server, "block.Set.persistent", "work", "sys-usb+sda1", "True");
    assert_eq!(ok(&server, "block.List", "work", "", ""), live.replace("=no\n", "=yes\n"));
    assert_eq!(
        reply(&server, "block.Attach", "work", "sys-usb+sda1", ""),
        exception("DeviceAlreadyAttached", "'device sys-usb:sda1 of class block already attached to work'")
    );
    assert_eq!(
        reply(&server, "block.Detach", "work", "sys-usb+sda1", ""),
        exception("QubesVMNotHaltedError", "Can not remove a persistent attachment from a non halted vm")
    );
    ok(&server, "block.Set.persistent", "work", "sys-usb+sda1", "False");
    ok(&server, "block.Detach", "work", "sys-usb+sda1", "");
    assert_eq!(ok(&server, "block.List", "work", "", ""), "");
    assert_eq!(
        reply(&server, "block.Detach", "work", "sys-usb+sda1", ""),
        exception("DeviceNotAttached", "'device sda1 of class block not attached to work'")
    );
}

#[test]
fn a_persistent_device_of_a_halted_qube_is_there_after_its_start() {
    let server = served();
    assert_eq!(
        reply(&server, "usb.Attach", "vault", "sys-usb+2-1", ""),
        exception("QubesVMNotRunningError", "VM not running, can only attach device with persistent flag")
    );
    assert_eq!(
        reply(&server, "usb.Set.persistent", "vault", "sys-usb+2-1", "True"),
        exception("QubesVMNotStartedError", "VM must be running to modify device persistence flag")
    );
    ok(&server, "usb.Attach", "vault", "sys-usb+2-1", "persistent=True");
    assert_eq!(ok(&server, "usb.List", "vault", "", ""), "sys-usb+2-1 persistent=yes\n");
    assert!(!server.control("holders usb").contains("2-1"));
    server.data("admin.vm.Start", "vault", "", "");
    assert!(server.control("holders usb").contains("usb:sys-usb:2-1=vault"));
    server.data("admin.vm.Shutdown", "vault", "", "");
    ok(&server, "usb.Detach", "vault", "sys-usb+2-1", "");
    assert_eq!(ok(&server, "usb.List", "vault", "", ""), "");
}

#[test]
fn a_required_device_that_is_missing_is_named_by_its_port() {
    let server = served();
    ok(&server, "block.Attach", "vault", "sys-usb+sda1", "persistent=yes");
    server.play("unplug stick");
    assert_eq!(
        server.call("admin.vm.Start", "vault", "", b""),
        exception("QubesException", "Block device sys-usb:sda1 not available").as_bytes()
    );
}

#[test]
fn options_hold_only_what_these_versions_take() {
    let server = served();
    for payload in ["read-only", "read-only='yes'", "a b=1", "=x", "persistent=maybe", "frontend-dev=x/y"] {
        assert_eq!(reply(&server, "block.Attach", "work", "sys-usb+sda", payload), "", "{payload}");
    }
    assert_eq!(reply(&server, "block.Attach", "work", "sys-usb+zzz", ""), "");
}

#[test]
fn events_name_devices_by_their_port() {
    let server = served();
    let mut all = server.listen("dom0");
    assert_eq!(all.next().name, "connection-established");
    ok(&server, "block.Attach", "work", "sys-usb+sda1", "");
    ok(&server, "block.Detach", "work", "sys-usb+sda1", "");
    server.play("plug stick2");
    let told: Vec<String> = all
        .drain()
        .into_iter()
        .filter(|event| event.name.starts_with("device-"))
        .map(|event| {
            let pairs = event.pairs.iter().map(|(key, value)| format!(" {key}={value}"));
            format!("{} {}{}", event.subject, event.name, pairs.collect::<String>())
        })
        .collect();
    let options = "options={'read-only': 'no', 'frontend-dev': 'xvdi'}";
    let expected = [
        "work device-pre-attach:block device=sys-usb:sda1 options={}".to_owned(),
        format!("work device-attach:block device=sys-usb:sda1 {options}"),
        "sys-usb device-list-change:block".to_owned(),
        "work device-pre-detach:block device=sys-usb:sda1".to_owned(),
        "work device-detach:block device=sys-usb:sda1".to_owned(),
        "sys-usb device-list-change:block".to_owned(),
        "sys-usb device-list-change:usb".to_owned(),
        "sys-usb device-list-change:block".to_owned(),
        "sys-usb device-list-change:block".to_owned(),
        "sys-usb device-list-change:block".to_owned(),
    ];
    assert_eq!(told, expected);
}

#[test]
fn each_version_reads_one_framing_and_is_silent_to_the_other() {
    let request = Request::new("admin.vm.device.mic.Available", "", "dom0");
    for (protocol, its_own, other) in [
        (Protocol::R40, Framing::Oldest, Framing::Words),
        (Protocol::R42, Framing::Words, Framing::Oldest),
        (Protocol::R43, Framing::Words, Framing::Oldest),
        (Protocol::R44, Framing::Words, Framing::Oldest),
    ] {
        let server = Served::new(Simulator::load("laptop").unwrap().with_protocol(protocol));
        let reply = server.raw(&request.to_bytes_in(its_own).unwrap());
        assert!(reply.starts_with(b"0\0mic"), "{protocol:?}: {reply:?}");
        assert_eq!(server.raw(&request.to_bytes_in(other).unwrap()), b"", "{protocol:?}");
    }
}

#[test]
fn a_server_of_4_0_is_one_of_4_2_without_the_state_of_a_qube() {
    let oldest = Served::new(Simulator::load("laptop").unwrap().with_protocol(Protocol::R40));
    oldest.play("plug stick");
    let later = served();
    let asked =
        |server: &Served, request: &Request, framing| server.raw(&request.to_bytes_in(framing).unwrap());
    for (method, qube, argument, payload) in [
        ("admin.vm.List", "dom0", "", ""),
        ("admin.vm.device.block.Available", "sys-usb", "", ""),
        ("admin.vm.device.block.Attach", "work", "sys-usb+sda1", "read-only=yes"),
        ("admin.vm.device.block.List", "work", "", ""),
        ("admin.vm.device.block.Attached", "work", "", ""),
        ("admin.vm.device.block.Detach", "work", "sys-usb+sda1", ""),
        ("admin.vm.device.block.Detach", "work", "sys-usb+sda1", ""),
    ] {
        let request = Request::new(method, argument, qube).with_payload(payload);
        let reply = asked(&oldest, &request, Framing::Oldest);
        assert_eq!(reply, asked(&later, &request, Framing::Words), "{method}");
    }
    let state = Request::new("admin.vm.CurrentState", "", "work");
    assert_eq!(asked(&oldest, &state, Framing::Oldest), b"");
    assert!(asked(&later, &state, Framing::Words).starts_with(b"0\0"));
}

#[test]
fn a_server_of_4_0_tells_events_as_later_ones_do() {
    let server = Served::new(Simulator::load("laptop").unwrap().with_protocol(Protocol::R40));
    let request = Request::new("admin.Events", "", "dom0");
    let mut listener = server.listen_with(&request.to_bytes_in(Framing::Oldest).unwrap());
    assert_eq!(listener.next().name, "connection-established");
    server.play("plug stick");
    assert_eq!(listener.next().name, "device-list-change:usb");
}
