//! In which framing requests leave, and that no change leaves twice.

use super::*;
use crate::name::DeviceId;
use crate::wire::reply::Reply;

/// What a server can be.
#[derive(Debug, Clone, Copy)]
struct Kind {
    framing: Framing,
    /// Whether it tells the uuids of qubes, as from R4.3 on.
    is_current: bool,
    /// What it answers to whatever changes something.
    to_changes: &'static [u8],
}

const REFUSED: &[u8] = b"2\0QubesException\0\0busy\0";
const NO_SUCH_METHOD: &[u8] = b"2\0ProtocolError\0\0no\0";

fn every_kind() -> Vec<Kind> {
    let spoken = [(Framing::Oldest, false), (Framing::Words, false), (Framing::Words, true)];
    let answers = [&b"0\0"[..], b"", REFUSED, NO_SUCH_METHOD];
    let kinds = spoken.iter().flat_map(|(framing, is_current)| {
        answers.map(|to_changes| Kind { framing: *framing, is_current: *is_current, to_changes })
    });
    kinds.collect()
}

/// Such a server; and the requests it saw, each in whatever framing it was readable.
fn server_of(kind: Kind) -> (tempfile::TempDir, AdminClient, Receiver<String>) {
    scripted(move |bytes, _| {
        let Ok(request) = Request::parse_in(bytes.as_bytes(), kind.framing) else {
            return Reply::Empty.to_bytes();
        };
        match request.method.as_str() {
            "admin.Events" => b"1\0\0connection-established\0\0".to_vec(),
            "admin.vm.List" if kind.is_current => {
                b"0\0work class=AppVM state=Running uuid=8a4a1ee2\n".to_vec()
            }
            "admin.vm.List" => b"0\0work class=AppVM state=Running\n".to_vec(),
            "admin.vm.device.block.List" => b"0\0sys-usb+sda persistent=yes\n".to_vec(),
            method if is_a_change(method) => kind.to_changes.to_vec(),
            _ => b"0\0".to_vec(),
        }
    })
}

fn is_a_change(method: &str) -> bool {
    let reads = [".List", ".Available", ".Attached", ".Assigned", ".Get", ".GetAll", ".Events"];
    !reads.iter().any(|read| method.ends_with(read))
}

/// The method of a request, in whichever framing.
fn method(bytes: &str) -> String {
    let read = |framing| Request::parse_in(bytes.as_bytes(), framing).map(|request| request.method);
    read(Framing::Words).or_else(|_| read(Framing::Oldest)).unwrap()
}

fn every_change() -> Vec<Action> {
    let by_port = || Assignment { device: None, ..stick() };
    let mark = Action::Mark { device: device("a:b::None"), mark: Mark::HideChildren, is_set: true };
    let others = [
        Action::Attach {
            device: DeviceRef { id: DeviceId::untold(), ..device("a:b::None") },
            frontend: name("work"),
            options: Options::new(),
        },
        Action::Assign(by_port()),
        Action::Unassign(by_port()),
        mark,
        Action::Start(name("work")),
        Action::Shutdown(name("work")),
        Action::Discard(name("work")),
        Action::CreateDisposable(name("work")),
    ];
    changes().into_iter().chain(others).collect()
}

#[test]
fn whatever_the_server_is_no_change_is_sent_twice() {
    for kind in every_kind() {
        for has_read in [false, true] {
            for change in every_change() {
                let (_folder, client, requests) = server_of(kind);
                if has_read {
                    run(client.read(&Scope::Qubes)).unwrap();
                }
                // What came of it is the business of other tests.
                let _ = run(client.perform(&change));
                let mut sent: Vec<_> =
                    requests.try_iter().map(|bytes| method(&bytes)).filter(|it| is_a_change(it)).collect();
                let all = sent.clone();
                sent.sort();
                sent.dedup();
                assert_eq!(sent.len(), all.len(), "{change:?} on {kind:?}, read: {has_read}: {all:?}");
            }
        }
    }
}

#[test]
fn a_change_leaves_in_the_framing_of_the_server_alone() {
    for kind in every_kind() {
        let (_folder, client, requests) = server_of(kind);
        let _ = run(client.perform(&Action::Start(name("work"))));
        let sent: Vec<_> = requests.try_iter().filter(|bytes| method(bytes) == "admin.vm.Start").collect();
        let expected = Request::new("admin.vm.Start", "", "work").to_bytes_in(kind.framing).unwrap();
        assert_eq!(sent, [String::from_utf8(expected).unwrap()], "{kind:?}");
    }
}

#[test]
fn the_framing_of_r4_0_is_told_by_a_read_and_used_from_then_on() {
    let kind = Kind { framing: Framing::Oldest, is_current: false, to_changes: b"0\0" };
    let (_folder, client, requests) = server_of(kind);
    run(client.read(&Scope::Qubes)).unwrap();
    let stick = Assignment { device: Some(DeviceId::untold()), mode: Mode::Manual, ..stick() };
    run(client.attach_as(&stick)).unwrap();
    let seen: Vec<_> = requests.try_iter().collect();
    assert_eq!(
        seen,
        [
            "admin.vm.List+ dom0 name dom0\0",
            "dom0\0admin.vm.List\0dom0\0\0",
            "dom0\0admin.vm.device.block.Attach\0work\0sys-usb+sda\0read-only=yes",
        ]
    );
}

#[test]
fn a_read_that_left_in_words_before_another_told_better_is_asked_again() {
    let (_folder, client, requests) = scripted(|bytes, memory| {
        if Request::parse_in(bytes.as_bytes(), Framing::Oldest).is_ok() {
            return b"0\0".to_vec();
        }
        // The answer to another read came first.
        memory.learn_framing(Framing::Oldest);
        Vec::new()
    });
    run(client.read(&Scope::Qubes)).unwrap();
    assert_eq!(requests.try_iter().count(), 2);
}

#[test]
fn a_subscription_finds_the_framing_by_itself_and_forgets_what_was_known() {
    let kind = Kind { framing: Framing::Oldest, is_current: false, to_changes: b"" };
    let (_folder, client, requests) = server_of(kind);
    client.memory.learn_framing(Framing::Words);
    run(client.subscribe()).unwrap();
    let seen: Vec<_> = requests.try_iter().collect();
    assert_eq!(seen, ["admin.Events+ dom0 name dom0\0", "dom0\0admin.Events\0dom0\0\0"]);
    run(client.read(&Scope::Qubes)).unwrap();
    assert_eq!(requests.try_iter().count(), 1);
}

#[test]
fn a_server_that_reads_words_is_asked_nothing_twice() {
    let kind = Kind { framing: Framing::Words, is_current: true, to_changes: b"0\0" };
    let (_folder, client, requests) = server_of(kind);
    run(client.subscribe()).unwrap();
    run(client.read(&Scope::Qubes)).unwrap();
    run(client.perform(&Action::Start(name("work")))).unwrap();
    let seen: Vec<_> = requests.try_iter().map(|bytes| method(&bytes)).collect();
    assert_eq!(seen, ["admin.Events", "admin.vm.List", "admin.vm.Start"]);
}

#[test]
fn once_words_were_understood_silence_is_the_answer() {
    let (_folder, client, requests) =
        scripted(|bytes, _| if method(bytes) == "admin.vm.List" { b"0\0".to_vec() } else { Vec::new() });
    run(client.read(&Scope::Qubes)).unwrap();
    let get = Request::new("admin.vm.feature.Get", "x", "work");
    assert_eq!(run(client.read_call(get)), Err(Error::empty_reply()));
    assert_eq!(requests.try_iter().count(), 2);
}

#[test]
fn a_change_is_not_sent_to_who_can_not_be_reached() {
    let folder = tempfile::tempdir().unwrap();
    let client = AdminClient::new(Transport::socket(folder.path().join("nobody.sock")));
    for change in every_change() {
        let error = run(client.perform(&change)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unreachable, "{change:?}");
    }
}
