//! The recorded real server, call by call: every reply and every event of `tests/wire` again, from our own.
//!
//! The recording was made over a pretended hypervisor and with the real server's defects, so the replay runs with
//! `quirks` on the recorded worlds. Where only the order of attributes differs the parsed values are compared;
//! `docs/fidelity.md` names what else may differ and why.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use qubesd_sim::{Handle, Simulator};
use serde_json::Value;

fn wire() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/wire")
}

fn lines(file: &str) -> Vec<Value> {
    fs::read_to_string(wire().join(file))
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_default()
}

fn bytes(value: &Value, key: &str) -> Vec<u8> {
    STANDARD.decode(text(value, key)).unwrap()
}

fn words(value: &Value) -> Vec<String> {
    value
        .as_array()
        .unwrap()
        .iter()
        .map(|word| word.as_str().unwrap().to_owned())
        .collect()
}

/// The world that these start options meant.
fn simulator(options: &[String]) -> Simulator {
    let options: Vec<&str> = options.iter().map(String::as_str).collect();
    let file = match options.as_slice() {
        ["--remote"] => "remote",
        ["--block", "0", ..] => "empty",
        ["--block", "1", ..] => "one-each",
        ["--usb", "6"] => "six-usb",
        ["--usb", "3"] => "three-usb",
        other => panic!("a start nobody knows: {other:?}"),
    };
    let mut world: Value =
        serde_json::from_str(&fs::read_to_string(wire().join(format!("worlds/{file}.json"))).unwrap())
            .unwrap();
    world["mic"] = Value::Bool(!options.contains(&"--no-mic"));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(format!("{file}.json"));
    fs::write(&path, world.to_string()).unwrap();
    Simulator::load(path.to_str().unwrap()).unwrap().with_quirks()
}

/// A control of the recording in our control language.
fn control(handle: &Handle, words: &[String]) {
    let quoted: Vec<String> = words.iter().skip(1).map(|word| format!("\"{word}\"")).collect();
    let rest = quoted.join(" ");
    let command = match words[0].as_str() {
        "usb-add" => format!("plug usb {rest}"),
        "usb-del" => format!("unplug usb {rest}"),
        "block-add" => format!("plug block {rest}"),
        "block-del" => format!("unplug block {rest}"),
        "vm-stop" => format!("stop {rest}"),
        "vm-pause" => format!("pause {rest}"),
        "vm-unpause" => format!("unpause {rest}"),
        "fail-qrexec" => format!("fail-qrexec {rest}"),
        "fail-libvirt" => format!("fail-libvirt {rest}"),
        other => panic!("a control nobody knows: {other}"),
    };
    handle
        .control(&command)
        .unwrap_or_else(|error| panic!("{command}: {error}"));
}

/// A reply with the attributes of each device line sorted: their order differs between runs of the real server.
fn comparable(reply: &[u8]) -> Vec<String> {
    String::from_utf8_lossy(reply)
        .split('\n')
        .map(|line| {
            let Some((head, rest)) = line.split_once(" device_id='") else {
                return line.to_owned();
            };
            let mut pairs: Vec<&str> = rest.split("' ").map(str::trim).collect();
            pairs.sort_unstable();
            format!("{head} {}", pairs.join("' "))
        })
        .collect()
}

/// Calls whose recorded answer has no order of its own.
fn is_unordered(method: &str) -> bool {
    method == "admin.deviceclass.List"
}

#[test]
fn every_recorded_call_gets_the_recorded_reply() {
    let mut handle: Option<Handle> = None;
    let mut wrong = BTreeMap::new();
    for (number, line) in lines("calls.jsonl").iter().enumerate() {
        if line.get("start").is_some() {
            handle = Some(simulator(&words(&line["start"])).handle());
            continue;
        }
        let handle = handle.as_ref().unwrap();
        if line.get("control").is_some() {
            control(handle, &words(&line["control"]));
            continue;
        }
        if let Some(answer) = line.get("agent_answers") {
            handle
                .control(&format!("agent {}", answer.as_str().unwrap()))
                .unwrap();
            continue;
        }
        if line.get("reply").is_none() {
            continue;
        }
        let request = if line.get("raw_request").is_some() {
            bytes(line, "raw_request")
        } else {
            let header = format!(
                "{}+{} {} name {}\0",
                text(line, "method"),
                text(line, "arg"),
                text(line, "src"),
                text(line, "dest")
            );
            [header.into_bytes(), bytes(line, "payload")].concat()
        };
        let (ours, theirs) = (
            comparable(&handle.request(&request)),
            comparable(&bytes(line, "reply")),
        );
        let (mut ours, mut theirs) = (ours, theirs);
        if is_unordered(text(line, "method")) {
            ours.sort_unstable();
            theirs.sort_unstable();
        }
        if ours != theirs {
            wrong.insert(
                number + 1,
                format!("{}\n   ours {ours:?}\n theirs {theirs:?}", text(line, "case")),
            );
        }
    }
    let report: Vec<String> = wrong
        .iter()
        .map(|(line, what)| format!("line {line}: {what}"))
        .collect();
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), report.join("\n"));
}
