//! Valid inputs, spoiled: requests, worlds, control lines, stories and state files. Whatever comes, nothing panics, every
//! refusal is one the grammar knows, and a fault names a line that there is.
//!
//! Most of a spoiled sample stays plausible, which is where parsers break. These inputs are made without looking at the
//! code; a fuzzer that watches which places an input reaches throws requests of its own (`tests/fuzz`).

use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use device_core::wire::reply::Reply;
use proptest::prelude::*;
use qubesd_sim::{Handle, Protocol, Simulator, StateError, Story};

use crate::replay::{lines, request};
use crate::spoil;

/// Longest sample after it was spoiled.
const LENGTH_MAX: usize = 1 << 17;

/// Files of a folder below `data`, as text.
fn texts(folder: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../data").join(folder);
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut texts: Vec<Vec<u8>> = files.map(|path| fs::read(path).unwrap()).collect();
    texts.sort();
    texts
}

/// Every recorded request, and some of the older framing.
static REQUESTS: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let recorded = lines("calls.jsonl").into_iter().filter(|line| line.get("reply").is_some());
    let mut samples: Vec<Vec<u8>> = recorded.map(|line| request(&line)).collect();
    samples.push(b"dom0\0admin.vm.device.block.Attach\0work\0sys-usb+sda\0read-only=yes".to_vec());
    samples.push(b"dom0\0admin.vm.device.usb.List\0work\0\0".to_vec());
    samples.sort();
    samples.dedup();
    samples
});
static WORLDS: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    // A thousand devices are slow to build so often, and their text is one line.
    texts("worlds").into_iter().map(|text| replaced(text, b"usb = 1000", b"usb = 4")).collect()
});
static STORIES: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| texts("stories"));
static STATES: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let folder = tempfile::tempdir().unwrap();
    let simulator = Simulator::load("laptop").unwrap().with_state(folder.path()).unwrap();
    let handle = simulator.handle();
    for line in [
        "call admin.vm.device.usb.Assign+sys-usb+2-5+_ work \"mode='ask-to-attach'\"",
        "call admin.vm.device.block.Assign+sys-usb+_+a+b work \"mode='required' _read-only='yes'\"",
        "call admin.vm.device.denied.Add vault u03****b******",
        "call admin.vm.feature.Set+note work 'a \"b\" \\ c'",
    ] {
        handle.control(line).unwrap();
    }
    vec![fs::read(folder.path().join("state.jsonl")).unwrap()]
});
static LINES: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let mut samples: Vec<Vec<u8>> = [
        "plug stick",
        "unplug stick sys-usb",
        "plug usb sys-usb 3-1 desc='a:b c d e' interfaces=080650:",
        "plug block sys-usb sdx parent=3-1:1.0 size=1 mode=r",
        "swap usb sys-usb 2-5 interfaces=ff0000:",
        "re-enumerate sys-usb 2-5 port=2-6",
        "start vault",
        "shutdown work",
        "pause work",
        "unpause work",
        "suspend",
        "resume",
        "rename vault safe",
        "restart 5",
        "latency 1 1",
        "fail-next List cut 3",
        "fail-next vm.List template E 'a %s' b",
        "fail-qrexec 127 no",
        "fail-libvirt busy",
        "lose-events 3",
        "double-events 3",
        "reorder-events 3",
        "agent allow:work",
        "asked",
        "status",
        "holders usb",
        "calls reset",
        "call admin.vm.device.usb.Attach+sys-usb+2-5 work \"mode='manual'\"",
    ]
    .map(|line| line.as_bytes().to_vec())
    .to_vec();
    samples.sort();
    samples
});

fn replaced(text: Vec<u8>, from: &[u8], to: &[u8]) -> Vec<u8> {
    match text.windows(from.len()).position(|piece| piece == from) {
        Some(at) => [&text[..at], to, &text[at + from.len()..]].concat(),
        None => text,
    }
}

/// The machine still tells of itself when asked in either framing; a server knows one of them.
fn assert_answers(handle: &Handle) {
    let asked = ["admin.vm.List+ dom0 name dom0\0", "dom0\0admin.vm.List\0dom0\0\0"];
    let replies = asked.map(|call| Reply::parse(&handle.request(call.as_bytes())));
    let tells = |reply: &Result<Reply, _>| matches!(reply, Ok(Reply::Ok(data)) if data.starts_with(b"dom0 class=AdminVM"));
    assert!(replies.iter().any(tells), "{replies:?}");
}

fn spoiled(samples: &'static LazyLock<Vec<Vec<u8>>>) -> impl Strategy<Value = Vec<u8>> {
    spoil::spoiled(samples, LENGTH_MAX)
}

fn configured(cases: u32) -> ProptestConfig {
    ProptestConfig { failure_persistence: None, cases, max_shrink_iters: 200, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(configured(300))]

    #[test]
    fn no_request_is_answered_outside_the_grammar(
        requests in prop::collection::vec(spoiled(&REQUESTS), 1..12),
        protocol in prop::sample::select(vec![Protocol::R40, Protocol::R42, Protocol::R43, Protocol::R44]),
    ) {
        let handle = Simulator::load("laptop").unwrap().with_protocol(protocol).handle();
        for bytes in requests {
            let reply = handle.request(&bytes);
            prop_assert!(Reply::parse(&reply).is_ok(), "{:?}", reply);
        }
        assert_answers(&handle);
    }

    #[test]
    fn no_control_line_does_more_than_complain(lines in prop::collection::vec(spoiled(&LINES), 1..12)) {
        let handle = Simulator::load("laptop").unwrap().handle();
        for line in lines {
            if let Err(sentence) = handle.control(&String::from_utf8_lossy(&line)) {
                prop_assert!(!sentence.is_empty());
            }
        }
        assert_answers(&handle);
    }
}

proptest! {
    #![proptest_config(configured(200))]

    #[test]
    fn a_spoiled_world_is_refused_at_a_line_or_is_a_world(bytes in spoiled(&WORLDS)) {
        let text = String::from_utf8_lossy(&bytes);
        match Simulator::from_toml("spoiled", &text) {
            Ok(simulator) => assert_answers(&simulator.handle()),
            Err(error) => {
                let line = error.line.unwrap_or(1);
                prop_assert!(line >= 1 && line <= text.split('\n').count(), "{}", error);
                prop_assert!(!error.what.is_empty());
            }
        }
    }

    #[test]
    fn a_spoiled_story_is_refused_at_a_line_or_is_a_story(bytes in spoiled(&STORIES)) {
        let text = String::from_utf8_lossy(&bytes);
        if let Err(error) = Story::from_toml("spoiled", &text) {
            let line = error.line.unwrap_or(1);
            prop_assert!(line >= 1 && line <= text.split('\n').count(), "{}", error);
        }
    }

    #[test]
    fn a_spoiled_state_is_refused_at_a_line_or_is_a_state(bytes in spoiled(&STATES)) {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("state.jsonl");
        fs::write(&file, &bytes).unwrap();
        match Simulator::load("laptop").unwrap().with_state(folder.path()) {
            Ok(simulator) => assert_answers(&simulator.handle()),
            Err(StateError::Refused { line, what, .. }) => {
                let lines = bytes.split(|byte| *byte == b'\n').count();
                prop_assert!(line >= 1 && line <= lines.max(1), "{}: {}", line, what);
                prop_assert_eq!(fs::read(&file).unwrap(), bytes);
            }
            Err(other) => prop_assert!(false, "{}", other),
        }
    }
}
