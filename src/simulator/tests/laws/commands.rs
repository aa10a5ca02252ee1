//! Whole runs of the real `qvm-device` again: each call that it made, and the reply that it got, in order.
//!
//! What the command printed is the command line's business; here only the conversation counts.

use serde_json::Value;

use crate::harness::Served;
use crate::replay::{comparable, decoded, lines, request, start, text, words};

/// The machine of the recording: its world by the options it was started with.
fn server_of(world: &str) -> Served {
    let options: Vec<&str> = if world == "default" { vec!["--usb", "3"] } else { world.split(' ').collect() };
    start(&options)
}

/// What was done to the machine before a run, which the recording tells only in its note.
fn prepare(server: &Served, run: &Value) {
    if text(run, "note") == "denied" {
        server.data("admin.vm.device.denied.Add", "work", "", "u08****");
    }
}

#[test]
fn every_call_of_the_real_command_gets_the_recorded_reply() {
    let mut machine: Option<(String, Served)> = None;
    let mut compared = 0;
    let mut wrong = Vec::new();
    for run in lines("tools.jsonl") {
        let world = text(&run, "world").to_owned();
        if machine.as_ref().is_none_or(|(known, _)| *known != world) {
            machine = Some((world.clone(), server_of(&world)));
        }
        let (_, server) = machine.as_ref().unwrap();
        prepare(server, &run);
        for call in run["calls"].as_array().unwrap() {
            compared += 1;
            let method = text(call, "method");
            let ours = comparable(method, &server.raw(&request(call)));
            let theirs = comparable(method, &decoded(text(call, "reply")));
            if ours != theirs {
                let said = words(&run["argv"]).join(" ");
                wrong.push(format!(
                    "{said}: {method}+{} {}\n   ours {ours:?}\n theirs {theirs:?}",
                    text(call, "arg"),
                    text(call, "dest")
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {compared} differ:\n{}", wrong.len(), wrong.join("\n"));
    assert!(compared > 590, "only {compared} calls were compared");
}
