//! What shall go wrong: latency, failing calls, failing services, events that get lost.

use std::time::Duration;

use super::{Outcome, Words};
use crate::fault::Failure;
use crate::pace::Span;
use crate::state::State;

/// Most events that can be asked to go wrong: those of a reversal are held.
const COUNT_MAX: usize = 10_000;

/// Longest latency, in milliseconds: longer is a hang.
pub(super) const LATENCY_MAX: u64 = 600_000;

/// Commands that are about faults and counts.
pub(super) fn run(state: &mut State, command: &str, words: &mut Words) -> Outcome {
    match command {
        "latency" => latency(state, words)?,
        "takes" => takes(state, words)?,
        "fail-next" => {
            let part = words.next("a part of a method's name")?;
            if !state.faults.fail_next(part, failure(words)?) {
                return Err("Too many faults wait already.".to_owned());
            }
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
    if count > COUNT_MAX { Err(format!("At most {COUNT_MAX} events.")) } else { Ok(count) }
}

/// `latency [PART] MS [JITTER]`; `latency 0` ends all of it.
fn latency(state: &mut State, words: &mut Words) -> Result<(), String> {
    let first = words.next("milliseconds or a part of a method's name")?;
    let (part, least) = match first.parse() {
        Ok(least) => (None, milliseconds(least)),
        Err(_) => (Some(first), milliseconds(words.number("milliseconds")?)),
    };
    let jitter = if words.is_at_end() { 0 } else { words.number("milliseconds")? };
    words.end()?;
    let span = Span { least, jitter: milliseconds(jitter) };
    match part {
        None if span == Span::default() => state.pace.hurry(),
        None => state.pace.slow_every(span),
        Some(part) => {
            if !state.pace.slow(part, span) {
                return Err("Too many kinds of calls have a latency of their own.".to_owned());
            }
        }
    }
    Ok(())
}

/// `takes start|shutdown|attach|release MS`
fn takes(state: &mut State, words: &mut Words) -> Result<(), String> {
    let what = words.next("start, shutdown, attach or release")?;
    let time = milliseconds(words.number("milliseconds")?);
    words.end()?;
    let place = match what.as_str() {
        "start" => &mut state.pace.start,
        "shutdown" => &mut state.pace.shutdown,
        "attach" => &mut state.pace.attach,
        "release" => &mut state.pace.release,
        _ => return Err(format!("Nothing is known of how long {what} takes.")),
    };
    *place = time;
    Ok(())
}

fn milliseconds(count: u64) -> Duration {
    Duration::from_millis(count.min(LATENCY_MAX))
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
