//! Recorded bytes of a real server and a real client, through our parsers and back.
//!
//! `wire/README.md` tells how they were taken. Where a reply can't be parsed here, a person would miss a device.

use std::collections::BTreeSet;

use base64::Engine as _;
use device_core::name::{DeviceClass, QubeName};
use device_core::wire::argument::DeviceArgument;
use device_core::wire::event::EventReader;
use device_core::wire::listing;
use device_core::wire::property::Properties;
use device_core::wire::reply::Reply;
use device_core::wire::request::Request;
use serde::Deserialize;

#[derive(Deserialize)]
struct Call {
    case: Option<String>,
    method: Option<String>,
    #[serde(default)]
    dest: String,
    #[serde(default)]
    arg: String,
    #[serde(default)]
    payload: String,
    reply: Option<String>,
}

#[derive(Deserialize)]
struct Run {
    calls: Vec<Call>,
}

#[derive(Deserialize)]
struct Frames {
    case: String,
    frames: Vec<String>,
}

fn bytes(text: &str) -> Vec<u8> {
    base64::engine::general_purpose::STANDARD.decode(text).unwrap()
}

fn lines<T: for<'a> Deserialize<'a>>(file: &str) -> Vec<T> {
    let path = format!("{}/wire/{file}", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(path).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Every recorded call with its reply's data, where it has some.
fn calls() -> Vec<Call> {
    let runs = lines::<Run>("tools.jsonl").into_iter().flat_map(|run| run.calls);
    lines::<Call>("calls.jsonl").into_iter().chain(runs).filter(|call| call.method.is_some()).collect()
}

/// Properties of a line as a set: their order differs from server to server, and an empty text tells nothing.
fn properties(line: &str) -> BTreeSet<(String, String)> {
    let (_, rest) = line.split_once(' ').unwrap_or((line, ""));
    let parsed = Properties::parse(rest).unwrap();
    parsed
        .iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(key, value)| (key.into(), value.into()))
        .collect()
}

#[test]
fn every_recorded_reply_parses() {
    let calls = calls();
    assert!(calls.len() > 600, "only {} calls", calls.len());
    for call in &calls {
        let reply = call.reply.as_deref().map(bytes).unwrap_or_default();
        assert!(Reply::parse(&reply).is_ok(), "{:?}", call.case);
    }
}

#[test]
fn every_recorded_list_is_read_without_fault_and_written_back_the_same() {
    let mut seen = 0;
    for call in calls() {
        let method = call.method.unwrap_or_default();
        let Ok(Reply::Ok(data)) = Reply::parse(&call.reply.as_deref().map(bytes).unwrap_or_default()) else {
            continue;
        };
        let Ok(dest) = QubeName::new(&call.dest) else { continue };
        let class = method.strip_prefix("admin.vm.device.").and_then(|rest| rest.split_once('.'));
        let text = String::from_utf8(data.clone()).unwrap();
        let (written, faults): (Vec<String>, _) = match (method.as_str(), class) {
            ("admin.vm.List", _) => {
                let (qubes, faults) = listing::qubes(&data);
                assert_eq!(qubes.len(), text.lines().count());
                (Vec::new(), faults)
            }
            (_, Some((class, "Available"))) => {
                let (devices, faults) = listing::exposed(&data, &dest, &DeviceClass::new(class).unwrap());
                (devices.iter().map(|device| listing::write_exposed(device).unwrap()).collect(), faults)
            }
            (_, Some((class, "Attached" | "Assigned"))) => {
                let (found, faults) = listing::assigned(&data, &dest, &DeviceClass::new(class).unwrap());
                (found.iter().map(|found| listing::write_assigned(found).unwrap()).collect(), faults)
            }
            _ => continue,
        };
        assert_eq!(faults, [], "{text}");
        if method != "admin.vm.List" {
            seen += written.len();
            assert_eq!(written.len(), text.lines().count(), "{text}");
            // We keep devices in the order of their ports, the server sorts the text of its lines.
            let (mut ours, mut theirs) = (written, text.lines().collect::<Vec<_>>());
            ours.sort();
            theirs.sort_unstable();
            for (ours, theirs) in ours.iter().zip(theirs) {
                assert_eq!(ours.split(' ').next(), theirs.split(' ').next());
                let (mut ours, theirs) = (properties(ours), properties(theirs));
                // What was stored long ago leaves out whose it is: the qube that was asked. We always say it.
                if !theirs.iter().any(|(key, _)| key == "frontend_domain") {
                    ours.retain(|(key, _)| key != "frontend_domain");
                }
                assert_eq!(ours, theirs);
            }
        }
    }
    assert!(seen > 200, "only {seen} lines were compared");
}

#[test]
fn what_we_send_is_what_the_real_client_sent() {
    let mut seen = 0;
    for call in lines::<Run>("tools.jsonl").into_iter().flat_map(|run| run.calls) {
        let method = call.method.unwrap_or_default();
        let Some((class, verb)) =
            method.strip_prefix("admin.vm.device.").and_then(|rest| rest.split_once('.'))
        else {
            continue;
        };
        let payload = String::from_utf8(bytes(&call.payload)).unwrap();
        if verb == "Attach" || verb == "Assign" {
            let (dest, class) = (QubeName::new(&call.dest).unwrap(), DeviceClass::new(class).unwrap());
            let (_, assignment) = listing::assignment_payload(&payload, &dest, &class).unwrap();
            assert_eq!(listing::write_assignment(&assignment).unwrap(), payload);
            let ours = DeviceArgument::new(
                &assignment.backend,
                assignment.port.as_ref(),
                assignment.device.as_ref(),
            );
            assert_eq!(ours.to_string(), call.arg);
            assert!(ours.is_lossless());
            seen += 1;
        }
        let request = Request::new(&method, &call.arg, &call.dest).with_payload(payload);
        assert_eq!(Request::parse(&request.to_bytes().unwrap()).unwrap(), request);
    }
    assert!(seen > 20, "only {seen} changing calls were compared");
}

#[test]
fn every_recorded_event_is_read_and_written_back_the_same() {
    let mut seen = 0;
    for case in lines::<Frames>("events.jsonl") {
        let frames: Vec<_> = case.frames.iter().map(|frame| bytes(frame)).collect();
        let mut reader = EventReader::default();
        reader.push(&frames.concat());
        for frame in &frames {
            let event = reader.next_event().unwrap().unwrap();
            assert_eq!(event.to_bytes(), *frame, "{}", case.case);
            seen += 1;
        }
        assert_eq!(reader.next_event(), Ok(None));
    }
    assert!(seen > 300, "only {seen} events");
}

#[test]
fn a_reply_cut_at_any_byte_is_an_error_or_fewer_devices_and_never_other_ones() {
    let all = calls();
    let long = all
        .iter()
        .filter(|call| call.method.as_deref() == Some("admin.vm.device.usb.Available"))
        .filter_map(|call| call.reply.as_deref().map(bytes))
        .max_by_key(Vec::len)
        .unwrap();
    let backend = QubeName::new("sys-usb").unwrap();
    let read = |reply: &[u8]| match Reply::parse(reply) {
        Ok(Reply::Ok(data)) => listing::exposed(&data, &backend, &DeviceClass::Usb).0,
        _ => Vec::new(),
    };
    let whole = read(&long);
    assert!(whole.len() > 2);
    for cut in 0..long.len() {
        let devices = read(&long[..cut]);
        // The line that was cut may be an unknown device; the client refuses such a reply as a whole.
        let complete = devices.len().saturating_sub(1);
        assert_eq!(devices[..complete], whole[..complete], "cut at {cut}");
    }
}
