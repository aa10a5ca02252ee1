//! The microphone: one device, `dom0:mic`, in as many qubes as wanted.
//!
//! # Source
//! Admin API facts 5.4.

use device_core::assignment::Options;
use device_core::name::QubeName;

use super::{Class, Exposed, Held};
use crate::refusal::{Protocol, Refusal};
use crate::state::State;

/// What is said to options.
pub(super) const NO_OPTIONS: &str = "Microphone assignment does not support user options";

const PORT: &str = "mic";
const ID: &str = "dom0:mic::m000000";

pub(super) fn exposed(state: &State, backend: &QubeName) -> Vec<Exposed> {
    if !backend.is_dom0() || !state.hardware.has_microphone {
        return Vec::new();
    }
    let manufacturer = match state.protocol {
        Protocol::R40 | Protocol::R42 | Protocol::R43 => "build-in",
        Protocol::R44 => "default",
    };
    vec![Exposed {
        class: Class::Mic,
        backend: backend.clone(),
        port: PORT.to_owned(),
        id: ID.to_owned(),
        names: vec![("product", "microphone".to_owned()), ("manufacturer", manufacturer.to_owned())],
        // Who listens is never told here: there may be several.
        holder: None,
        interfaces: vec!["m000000".to_owned()],
        parent: None,
        data: Vec::new(),
    }]
}

/// The state lives with the audio qube and can be read only while that one runs.
pub(super) fn held(state: &State, frontend: &QubeName) -> Vec<Held> {
    let Some(qube) = state.qube(frontend) else {
        return Vec::new();
    };
    let is_heard = qube.has_microphone
        && state.qube_property(qube, "audiovm").is_some_and(|audio| state.is_running(&audio));
    if !is_heard {
        return Vec::new();
    }
    vec![Held {
        backend: QubeName::dom0(),
        port: PORT.to_owned(),
        id: ID.to_owned(),
        options: Options::new(),
    }]
}

pub(super) fn attach(state: &mut State, frontend: &QubeName, options: &Options) -> Result<(), Refusal> {
    if !options.is_empty() {
        return Err(Refusal::exception("QubesException", NO_OPTIONS));
    }
    check_audio_qube(state, frontend)?;
    state.known_mut(frontend)?.has_microphone = true;
    Ok(())
}

pub(super) fn detach(state: &mut State, frontend: &QubeName) -> Result<(), Refusal> {
    check_audio_qube(state, frontend)?;
    state.known_mut(frontend)?.has_microphone = false;
    Ok(())
}

fn check_audio_qube(state: &State, frontend: &QubeName) -> Result<(), Refusal> {
    let Some(audio) = state.qube_property(state.known(frontend)?, "audiovm") else {
        return Err(Refusal::exception("QubesException", format!("VM {frontend} has no AudioVM set")));
    };
    if state.is_running(&audio) {
        Ok(())
    } else {
        Err(Refusal::exception("QubesVMNotRunningError", format!("Audio VM {audio} isn't running")))
    }
}
