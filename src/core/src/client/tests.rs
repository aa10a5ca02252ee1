//! What travels: each call as the bytes that a server sees.

use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixListener;
use std::sync::mpsc::{Receiver, channel};

use super::*;
use crate::assignment::{Assignment, Mode, Options};
use crate::interface::Interface;
use crate::name::{DeviceClass, DeviceId, PortId};

/// A server that gives every call this reply, and the requests it saw.
fn server(reply: &'static [u8]) -> (tempfile::TempDir, AdminClient, Receiver<String>) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("qubesd.sock");
    let listener = UnixListener::bind(&path).unwrap();
    let (seen, requests) = channel();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut bytes = Vec::new();
            stream.read_to_end(&mut bytes).unwrap();
            let _ = seen.send(String::from_utf8(bytes).unwrap());
            stream.write_all(reply).unwrap();
            stream.shutdown(Shutdown::Both).unwrap();
        }
    });
    (folder, AdminClient::new(Transport::socket(path)), requests)
}

fn run<T>(test: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(test)
}

fn name(text: &str) -> QubeName {
    QubeName::new(text).unwrap()
}

#[test]
fn an_attach_travels_under_the_mode_that_its_assignment_names() {
    let (_folder, client, requests) = server(b"0\0");
    let mut assignment = Assignment {
        backend: name("sys-usb"),
        class: DeviceClass::Block,
        port: Some(PortId::new("sda").unwrap()),
        device: Some(DeviceId::new("a:b::None").unwrap()),
        frontend: name("work"),
        mode: Mode::Required,
        options: Options::from_iter([("read-only", "yes")]),
    };
    for (mode, word) in [(Mode::Required, "required"), (Mode::Manual, "manual")] {
        assignment.mode = mode;
        run(client.attach_as(&assignment)).unwrap();
        assert_eq!(
            requests.recv().unwrap(),
            format!(
                "admin.vm.device.block.Attach+sys-usb+sda+a+b++None dom0 name work\0device_id='a:b::None' \
                 port_id='sda' devclass='block' backend_domain='sys-usb' mode='{word}' frontend_domain='work' \
                 _read-only='yes'"
            )
        );
    }
}

#[test]
fn a_deny_list_is_read_by_lines_and_written_without_any() {
    let (_folder, client, requests) = server(b"0\0u03****\np02****");
    let codes = [Interface::new("u03").unwrap(), Interface::new("p02").unwrap()];
    assert_eq!(run(client.denied(&name("work"))).unwrap(), codes);
    run(client.deny(&name("work"), &codes)).unwrap();
    run(client.allow(&name("work"), &codes)).unwrap();
    let calls: Vec<_> = requests.try_iter().collect();
    assert_eq!(
        calls,
        [
            "admin.vm.device.denied.List+ dom0 name work\0",
            "admin.vm.device.denied.Add+ dom0 name work\0u03****p02****",
            "admin.vm.device.denied.Remove+ dom0 name work\0u03****p02****",
        ]
    );
}

#[test]
fn an_empty_deny_list_denies_nothing() {
    let (_folder, client, _requests) = server(b"0\0");
    assert_eq!(run(client.denied(&name("work"))).unwrap(), []);
}

#[test]
fn a_label_alone_is_one_call() {
    let (_folder, client, requests) = server(b"0\0default=False type=label blue");
    let label = run(client.label_of(&name("work"))).unwrap().unwrap();
    assert_eq!((label.name.as_str(), label.colour), ("blue", 0x0034_65a4));
    let calls: Vec<_> = requests.try_iter().collect();
    assert_eq!(calls, ["admin.vm.property.Get+label dom0 name work\0"]);
}
