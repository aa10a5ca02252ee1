//! Qubes start, stop, pause, sleep and get other names.

use device_core::name::QubeName;
use device_core::qube::PowerState;

use super::{Outcome, Words, qube, sentence};
use crate::refusal::Refusal;
use crate::state::State;

/// `start QUBE`, …, `suspend [QUBE]`, `resume [QUBE]`, `rename QUBE NAME`
pub(super) fn run(state: &mut State, command: &str, words: &mut Words) -> Outcome {
    match command {
        "start" => one(state, words, State::start),
        "stop" | "kill" => one(state, words, State::stop),
        "shutdown" => one(state, words, |state, name| state.shutdown(name, false)),
        "pause" => one(state, words, State::pause),
        "unpause" => one(state, words, State::unpause),
        "suspend" => one_or_all(state, words, PowerState::Running, State::suspend),
        "resume" => one_or_all(state, words, PowerState::Suspended, State::resume),
        _ => rename(state, words),
    }
}

fn one(
    state: &mut State,
    words: &mut Words,
    act: impl FnOnce(&mut State, &QubeName) -> Result<(), Refusal>,
) -> Outcome {
    let name = qube(state, &words.next("a qube")?)?;
    words.end()?;
    act(state, &name).map_err(|refusal| sentence(&refusal))?;
    Ok(String::new())
}

/// The qube that is named, or all that are in that power state, as when the lid is closed or opened.
fn one_or_all(
    state: &mut State,
    words: &mut Words,
    power: PowerState,
    act: impl Fn(&mut State, &QubeName) -> Result<(), Refusal>,
) -> Outcome {
    if !words.is_at_end() {
        return one(state, words, act);
    }
    for name in state.in_power_state(power) {
        act(state, &name).map_err(|refusal| sentence(&refusal))?;
    }
    Ok(String::new())
}

fn rename(state: &mut State, words: &mut Words) -> Outcome {
    let old = qube(state, &words.next("a qube")?)?;
    let text = words.next("its new name")?;
    words.end()?;
    let new = QubeName::new(&text).map_err(|error| format!("The {error}."))?;
    state.rename(&old, &new).map_err(|refusal| sentence(&refusal))?;
    Ok(String::new())
}
