//! The recorded real server again: every reply and every event of `tests/wire`, from our own, over real sockets.
//!
//! The recording was made over a pretended hypervisor and with the real server's defects, so the replay runs with
//! `quirks` on the recorded worlds. `docs/fidelity.md` says what is compared how, and why.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::harness::{Listener, Served};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use device_core::wire::event::{Event, EventReader};
use qubesd_sim::Simulator;
use serde_json::Value;

pub(crate) fn wire() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/wire")
}

pub(crate) fn lines(file: &str) -> Vec<Value> {
    fs::read_to_string(wire().join(file))
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

pub(crate) fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_default()
}

pub(crate) fn decoded(text: &str) -> Vec<u8> {
    STANDARD.decode(text).unwrap()
}

pub(crate) fn words(value: &Value) -> Vec<&str> {
    value.as_array().unwrap().iter().map(|word| word.as_str().unwrap()).collect()
}

/// The world that these start options meant.
pub(crate) fn start(options: &[&str]) -> Served {
    let file = match options {
        ["--remote"] => "remote",
        ["--block", "0", ..] => "empty",
        ["--block", "1", ..] => "one-each",
        ["--usb", "6"] => "six-usb",
        ["--usb", "3"] => "three-usb",
        other => panic!("a start nobody knows: {other:?}"),
    };
    let json = fs::read_to_string(wire().join(format!("worlds/{file}.json"))).unwrap();
    let mut world: Value = serde_json::from_str(&json).unwrap();
    world["mic"] = Value::Bool(!options.contains(&"--no-mic"));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(format!("{file}.json"));
    fs::write(&path, world.to_string()).unwrap();
    Served::new(Simulator::load(path.to_str().unwrap()).unwrap().with_quirks())
}

/// A control of the recording in our control language.
fn control(words: &[&str]) -> String {
    let (name, rest) = words.split_first().unwrap();
    let command = match *name {
        "usb-add" => "plug usb",
        "usb-del" => "unplug usb",
        "block-add" => "plug block",
        "block-del" => "unplug block",
        "vm-stop" => "stop",
        "vm-pause" => "pause",
        "vm-unpause" => "unpause",
        "fail-qrexec" | "fail-libvirt" => name,
        other => panic!("a control nobody knows: {other}"),
    };
    let rest: Vec<String> = rest.iter().map(|word| format!("\"{word}\"")).collect();
    format!("{command} {}", rest.join(" "))
}

pub(crate) fn request(line: &Value) -> Vec<u8> {
    if line.get("raw_request").is_some() {
        return decoded(text(line, "raw_request"));
    }
    let [method, argument, source, destination] = ["method", "arg", "src", "dest"].map(|key| text(line, key));
    let header = format!("{method}+{argument} {source} name {destination}\0");
    [header.into_bytes(), decoded(text(line, "payload"))].concat()
}

/// A reply with the attributes of each device line sorted: their order differs between runs of the real server.
/// Device classes come in no order at all.
pub(crate) fn comparable(method: &str, reply: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(reply);
    let body = text.strip_prefix("0\0").unwrap_or(&text);
    let mut lines: Vec<String> = body
        .split('\n')
        .map(|line| {
            let Some((head, rest)) = line.split_once(" device_id='") else {
                return line.to_owned();
            };
            let mut pairs: Vec<&str> = rest.trim_end_matches('\'').split("' ").map(str::trim).collect();
            pairs.sort_unstable();
            format!("{head} {}", pairs.join("' "))
        })
        .collect();
    if method == "admin.deviceclass.List" {
        lines.sort_unstable();
    }
    lines.insert(0, text.get(..text.len() - body.len()).unwrap().to_owned());
    lines
}

/// Does one step of the recording; gives our reply when it is a call.
fn step(server: &Served, line: &Value) -> Option<Vec<u8>> {
    if line.get("control").is_some() {
        server.play(&control(&words(&line["control"])));
    } else if let Some(answer) = line.get("agent_answers") {
        server.play(&format!("agent {}", answer.as_str().unwrap()));
    } else if line.get("reply").is_some() {
        return Some(server.raw(&request(line)));
    }
    None
}

#[test]
fn every_recorded_call_gets_the_recorded_reply() {
    let mut server: Option<Served> = None;
    let mut compared = 0;
    let mut wrong = Vec::new();
    for (number, line) in lines("calls.jsonl").iter().enumerate() {
        if line.get("start").is_some() {
            server = Some(start(&words(&line["start"])));
            continue;
        }
        let Some(reply) = step(server.as_ref().unwrap(), line) else {
            continue;
        };
        compared += 1;
        let method = text(line, "method");
        let (ours, theirs) = (comparable(method, &reply), comparable(method, &decoded(text(line, "reply"))));
        if ours != theirs {
            let case = text(line, "case");
            wrong.push(format!("line {}: {case}\n   ours {ours:?}\n theirs {theirs:?}", number + 1));
        }
    }
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join("\n"));
    assert!(compared > 600, "only {compared} calls were compared");
}

#[test]
fn the_person_is_asked_the_recorded_questions() {
    let mut server: Option<Served> = None;
    let mut recorded = Vec::new();
    for line in lines("calls.jsonl") {
        if line.get("start").is_some() && line["world"] == "default, lifecycle" {
            server = Some(start(&words(&line["start"])));
        } else if line.get("agent_request").is_some() {
            let request = String::from_utf8(decoded(text(&line, "agent_request"))).unwrap();
            recorded.push(request.split_once('\0').unwrap().1.to_owned());
        } else if let Some(server) = server.as_ref().filter(|_| line["world"] == "default, lifecycle") {
            step(server, &line);
        }
    }
    let asked = server.unwrap().control("asked");
    let asked: Vec<&str> = asked.strip_prefix("ok ").unwrap().lines().collect();
    // The first question was asked while the recorded server had no agent to ask.
    assert_eq!(asked.get(asked.len() - recorded.len()..).unwrap(), recorded);
}

/// `SUBJECT EVENT key=value …`
fn line_of(event: &Event) -> String {
    let pairs: Vec<String> = event.pairs.iter().map(|(key, value)| format!("{key}={value}")).collect();
    format!("{} {} {}", event.subject, event.name, pairs.join(" "))
}

/// Runs of removals, and of detachments, come in no order of their own: sorted.
fn with_groups_sorted(events: &[Event]) -> Vec<String> {
    let group = |event: &Event| {
        ["device-removed", "device-detach", "device-added"]
            .into_iter()
            .find(|kind| event.name.starts_with(kind))
    };
    let mut lines = Vec::new();
    for run in events.chunk_by(|a, b| group(a).is_some() && group(a) == group(b)) {
        let mut run: Vec<String> = run.iter().map(line_of).collect();
        run.sort();
        lines.append(&mut run);
    }
    lines
}

#[test]
fn every_recorded_event_comes_again_in_the_recorded_order() {
    let mut recorded: BTreeMap<(String, String), Vec<Event>> = BTreeMap::new();
    for line in lines("events.jsonl") {
        let key = (text(&line, "world").to_owned(), text(&line, "dest").to_owned());
        let mut reader = EventReader::default();
        for frame in words(&line["frames"]) {
            reader.push(&decoded(frame));
        }
        let events = std::iter::from_fn(|| reader.next_event().unwrap());
        recorded.entry(key).or_default().extend(events);
    }
    for world in ["default", "default, lifecycle"] {
        let mut server: Option<Served> = None;
        let mut listeners: BTreeMap<String, Listener> = BTreeMap::new();
        let mut ours: BTreeMap<String, Vec<Event>> = BTreeMap::new();
        for line in lines("calls.jsonl") {
            if line["world"] != world {
                continue;
            }
            if line.get("start").is_some() {
                if server.is_some() {
                    break;
                }
                let started = start(&words(&line["start"]));
                for (_, destination) in recorded.keys().filter(|(of, _)| of == world) {
                    let mut listener = started.listen(destination);
                    ours.insert(destination.clone(), vec![listener.next()]);
                    listeners.insert(destination.clone(), listener);
                }
                server = Some(started);
                continue;
            }
            step(server.as_ref().unwrap(), &line);
            for (destination, listener) in &mut listeners {
                ours.get_mut(destination).unwrap().extend(listener.drain());
            }
        }
        for (destination, events) in ours {
            let theirs = with_groups_sorted(&recorded[&(world.to_owned(), destination.clone())]);
            let mut events = with_groups_sorted(&events);
            if destination != "dom0" {
                // The recording of one qube's events stops in the middle.
                events.truncate(theirs.len());
            }
            let place = events.iter().zip(&theirs).position(|(a, b)| a != b);
            let near = |list: &[String]| {
                let at = place.unwrap_or(0);
                list.get(at.saturating_sub(3)..(at + 12).min(list.len())).unwrap_or_default().join("\n")
            };
            assert!(
                events == theirs,
                "{world}, {destination}: differ at {place:?}\n ours:\n{}\n theirs:\n{}",
                near(&events),
                near(&theirs)
            );
        }
    }
}
