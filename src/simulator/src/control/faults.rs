//! What shall go wrong: latency, failing calls, failing services, events that get lost.

use std::time::Duration;

use super::{Outcome, Words};
use crate::fault::Failure;
use crate::state::State;

/// Longest latency, in milliseconds: longer is a hang.
pub(super) const LATENCY_MAX: u64 = 600_000;

/// Commands that are about faults and counts.
pub(super) fn run(state: &mut State, command: &str, words: &mut Words) -> Outcome {
    match command {
        "latency" => latency(state, words)?,
        "fail-next" => {
            let part = words.next("a part of a method's name")?;
            state.faults.fail_next(part, failure(words)?);
        }
        "fail-qrexec" => {
            let code = words.number("an exit code")?;
            state.faults.service = Some((code, words.rest()));
        }
        "fail-libvirt" => {
            words.rest();
            state.faults.hypervisor = true;
        }
        "drop-events" => {
            words.end()?;
            state.hub.drop_all();
        }
        "lose-events" => state.hub.lose(count(words)?),
        "double-events" => state.hub.double(count(words)?),
        "reorder-events" => state.hub.reorder(count(words)?),
        "calls" => return calls(state, words),
        _ => return Err(format!("There is no command {command}.")),
    }
    Ok(String::new())
}

fn count(words: &mut Words) -> Result<usize, String> {
    let count = words.number("a count")?;
    words.end()?;
    Ok(count)
}

/// `latency MS [JITTER]`
fn latency(state: &mut State, words: &mut Words) -> Result<(), String> {
    let latency: u64 = words.number("milliseconds")?;
    let jitter: u64 = if words.is_at_end() { 0 } else { words.number("milliseconds")? };
    words.end()?;
    state.faults.set_latency(
        Duration::from_millis(latency.min(LATENCY_MAX)),
        Duration::from_millis(jitter.min(LATENCY_MAX)),
    );
    Ok(())
}

fn failure(words: &mut Words) -> Result<Failure, String> {
    let kind = words.next("exception, template, empty, lost, hang or cut")?;
    let failure = match kind.as_str() {
        "exception" => {
            let class = words.next("the class of an exception")?;
            return Ok(Failure::Exception(class, words.rest()));
        }
        "template" => {
            let class = words.next("the class of an exception")?;
            let message = words.next("a message")?;
            let arguments = std::iter::from_fn(|| words.next("").ok()).collect();
            return Ok(Failure::Template(class, message, arguments));
        }
        "empty" => Failure::Empty,
        "lost" => Failure::Lost,
        "hang" => Failure::Hang,
        "cut" => Failure::Cut(words.number("a number of bytes")?),
        _ => return Err(format!("A call can't fail as {kind}.")),
    };
    words.end()?;
    Ok(failure)
}

/// `calls [reset]`: `METHOD=COUNT …` and the sum.
fn calls(state: &mut State, words: &mut Words) -> Outcome {
    if !words.is_at_end() {
        let word = words.next("reset")?;
        words.end()?;
        if word != "reset" {
            return Err(format!("Did not expect {word}."));
        }
        state.faults.reset_calls();
        return Ok(String::new());
    }
    let sum: u64 = state.faults.calls().map(|(_, count)| count).sum();
    let counts = state.faults.calls().map(|(method, count)| format!(" {method}={count}"));
    Ok(format!("sum={sum}{}", counts.collect::<String>()))
}
