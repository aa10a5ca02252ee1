//! Every recorded run of the real tool, typed again: same output, same exit code, same sentence, same changes.

mod support;

use support::Run;
use support::recording::{self, Recording};
use support::replay::Replay;

/// The real tool attaches before it finds out that it can't assign; ours finds out first.
fn is_done_by_halves(recording: &Recording) -> bool {
    recording.argv.iter().any(|word| word == "--persistent")
}

#[test]
fn every_recorded_run_ends_as_it_did() {
    let mut wrong = Vec::new();
    for recording in recording::all() {
        if let Err(why) = replay(&recording) {
            wrong.push(format!("{} {}: {why}", recording.tool, recording.argv.join(" ")));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

fn replay(recording: &Recording) -> Result<(), String> {
    let mut server = Replay::of(&recording.calls);
    if is_done_by_halves(recording) {
        server = server.without_changes();
    }
    let arguments = recording.argv.join(" ");
    let outcome = Run::of(&recording.tool, &arguments).on(&server.socket()).go();
    let expected = (Some(recording.exit), recording.stdout.as_str());
    if (outcome.code, outcome.stdout.as_str()) != expected {
        return Err(format!("expected {expected:?}, got {outcome:?}"));
    }
    // The layout of usage is our own; the sentence behind it is not.
    let sentence = recording.stderr.lines().last().unwrap_or_default();
    let is_same = match recording.exit {
        2 => outcome.sentence() == sentence,
        _ => outcome.stderr == recording.stderr,
    };
    if !is_same {
        return Err(format!("expected {sentence}, got {}", outcome.stderr));
    }
    if !server.surprises().is_empty() {
        return Err(server.surprises().join("; "));
    }
    let most = recording.calls.len().max(3);
    match server.asked() {
        asked if asked > most => Err(format!("{asked} calls where {most} are enough")),
        _ => Ok(()),
    }
}
