//! What travels: each call as the bytes that a server sees.

use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixListener;
use std::sync::mpsc::{Receiver, channel};

use super::*;
use crate::assignment::{Assignment, Mode, Options};
use crate::interface::Interface;
use crate::mark::Mark;
use crate::name::{DeviceClass, DeviceId, DeviceRef, Port, PortId};
use crate::wire::request::Framing;

mod framing;

/// A server that gives every call this reply, and the requests it saw.
fn server(reply: &'static [u8]) -> (tempfile::TempDir, AdminClient, Receiver<String>) {
    scripted(move |_, _| reply.to_vec())
}

/// A server that replies as `reply` says of each request; what the client knows of the server is at hand.
fn scripted(
    mut reply: impl FnMut(&str, &Memory) -> Vec<u8> + Send + 'static,
) -> (tempfile::TempDir, AdminClient, Receiver<String>) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("qubesd.sock");
    let listener = UnixListener::bind(&path).unwrap();
    let (seen, requests) = channel();
    let client = AdminClient::new(Transport::socket(path));
    let memory = client.memory.clone();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut bytes = Vec::new();
            stream.read_to_end(&mut bytes).unwrap();
            let request = String::from_utf8(bytes).unwrap();
            let reply = reply(&request, &memory);
            let _ = seen.send(request);
            stream.write_all(&reply).unwrap();
            stream.shutdown(Shutdown::Both).unwrap();
        }
    });
    (folder, client, requests)
}

fn run<T>(test: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(test)
}

fn name(text: &str) -> QubeName {
    QubeName::new(text).unwrap()
}

/// A stick that `work` is to have.
fn stick() -> Assignment {
    Assignment {
        backend: name("sys-usb"),
        class: DeviceClass::Block,
        port: Some(PortId::new("sda").unwrap()),
        device: Some(DeviceId::new("a:b::None").unwrap()),
        frontend: name("work"),
        mode: Mode::Required,
        options: Options::from_iter([("read-only", "yes")]),
    }
}

fn device(id: &str) -> DeviceRef {
    let port = Port::new(name("sys-usb"), DeviceClass::Block, PortId::new("sda").unwrap());
    DeviceRef { port, id: DeviceId::new(id).unwrap() }
}

/// Every kind of call that changes something and has an older form.
fn changes() -> [Action; 5] {
    let (device, frontend) = (device("a:b::None"), name("work"));
    [
        Action::Attach { device: device.clone(), frontend: frontend.clone(), options: Options::new() },
        Action::Detach { device, frontend },
        Action::Assign(stick()),
        Action::Unassign(stick()),
        Action::SetMode(stick(), Mode::AskToAttach),
    ]
}

#[test]
fn a_change_that_was_done_or_may_be_is_not_sent_again_to_a_server_that_turns_out_to_be_older() {
    for (reply, is_done) in [(&b"0\0"[..], true), (b"2\0QubesException\0\0busy\0", false), (b"0", false)] {
        for change in changes() {
            let (_folder, client, requests) = scripted(move |_, memory| {
                // Another task has read a list meanwhile.
                memory.learn(Generation::Older);
                reply.to_vec()
            });
            client.memory.learn(Generation::Current);
            client.memory.learn_framing(Framing::Words);
            assert_eq!(run(client.perform(&change)).is_ok(), is_done, "{change:?}");
            assert_eq!(requests.try_iter().count(), 1, "{change:?}");
        }
    }
}

#[test]
fn marks_that_are_set_at_once_all_stay() {
    let mut kept = String::new();
    let (_folder, client, _requests) = scripted(move |request, _| {
        let (call, payload) = request.split_once('\0').unwrap();
        if call.starts_with("admin.vm.feature.Set") {
            payload.clone_into(&mut kept);
            return b"0\0".to_vec();
        }
        if kept.is_empty() {
            return b"2\0QubesFeatureNotFoundError\0\0Feature not set\0".to_vec();
        }
        [b"0\0", kept.as_bytes()].concat()
    });
    let (one, other) = (device("1:2"), device("3:4"));
    let set = |device| client.set_mark(device, Mark::HideChildren, true);
    let (first, second) = run(async { tokio::join!(set(&one), set(&other)) });
    assert_eq!((first, second), (Ok(()), Ok(())));
    let kept = run(client.feature(&name("sys-usb"), Mark::HideChildren.feature())).unwrap().unwrap();
    assert_eq!(mark::listed(&kept).len(), 2, "{kept}");
}

#[test]
fn a_list_of_marks_that_can_not_be_read_is_not_written() {
    for reply in [&b""[..], b"2\0QubesException\0\0busy\0"] {
        let (_folder, client, requests) = server(reply);
        client.memory.learn_framing(Framing::Words);
        run(client.set_mark(&device("1:2"), Mark::WithMicrophone, true)).unwrap_err();
        let calls: Vec<_> = requests.try_iter().collect();
        assert_eq!(calls, ["admin.vm.feature.Get+device-attach-with-mic dom0 name sys-usb\0"]);
    }
}

#[test]
fn what_can_not_be_told_from_the_next_device_on_its_port_is_not_marked() {
    let (_folder, client, requests) = server(b"0\0");
    let device = DeviceRef { id: DeviceId::untold(), ..device("1:2") };
    let error = run(client.set_mark(&device, Mark::HideChildren, true)).unwrap_err();
    assert_eq!((error.kind(), requests.try_iter().count()), (ErrorKind::Unsupported, 0));
}

#[test]
fn an_attach_travels_under_the_mode_that_its_assignment_names() {
    let (_folder, client, requests) = server(b"0\0");
    client.memory.learn(Generation::Current);
    client.memory.learn_framing(Framing::Words);
    let mut assignment = stick();
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
