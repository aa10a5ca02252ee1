//! A state file put over the machine of a world: what was stored counts, hardware and power are those of the world.
//!
//! # Source
//! Admin API facts 5.1: an assignment whose backend does not exist is dropped.

use std::collections::BTreeSet;

use device_core::assignment::{Mode, Options};
use device_core::name::{PortId, QubeName};
use device_core::qube::QubeClass;

use super::record::{AssignmentRecord, Header, QubeRecord, Records};
use super::{StateFault, ends_with_the_machine};
use crate::class::Class;
use crate::property;
use crate::qube::{Qube, Stored};
use crate::state::State;

/// Puts what a file says over `state`, which is untouched when the file is refused.
///
/// # Errors
/// The first fault, with its line.
pub(super) fn apply(state: &mut State, records: &Records) -> Result<(), StateFault> {
    check_header(state, &records.header)?;
    let mut names = BTreeSet::new();
    let mut read = Vec::new();
    for (line, record) in &records.qubes {
        let qube = qube(record).map_err(|what| StateFault::at(*line, what))?;
        if !names.insert(qube.name.clone()) {
            return Err(StateFault::at(*line, format!("{} comes twice", qube.name)));
        }
        if state.qube(&qube.name).is_some_and(|known| known.class != qube.class) {
            return Err(StateFault::at(*line, format!("{} is of another class in this world", qube.name)));
        }
        read.push(qube);
    }
    if !names.contains(&QubeName::dom0()) {
        return Err(StateFault::at(1, "dom0 is missing"));
    }
    let gone: Vec<QubeName> = state
        .qubes
        .values()
        .filter(|qube| !names.contains(&qube.name) && !ends_with_the_machine(qube))
        .map(|qube| qube.name.clone())
        .collect();
    for name in gone {
        state.qubes.remove(&name);
    }
    for qube in read {
        put(state, qube);
    }
    state.next_qid = state.next_qid.max(records.header.next_qid);
    state.next_disposable = state.next_disposable.max(records.header.next_disposable);
    state.power_on();
    Ok(())
}

fn check_header(state: &State, header: &Header) -> Result<(), StateFault> {
    if header.world != state.world {
        return Err(StateFault::at(1, format!("this is of the world {}, not {}", header.world, state.world)));
    }
    if header.is_older != state.protocol.is_older() {
        return Err(StateFault::at(1, "protocols before 4.3 and later ones do not share assignments"));
    }
    Ok(())
}

/// Power, and what is held at the moment, are those of the world.
fn put(state: &mut State, stored: Qube) {
    match state.qubes.get_mut(&stored.name) {
        None => {
            state.qubes.insert(stored.name.clone(), stored);
        }
        Some(qube) => {
            let live = qube.clone();
            *qube = Qube {
                power: live.power,
                xid: live.xid,
                disks: live.disks,
                has_microphone: live.has_microphone,
                pci: live.pci,
                ..stored
            };
        }
    }
}

fn qube(record: &QubeRecord) -> Result<Qube, String> {
    let name = QubeName::new(&record.qube).map_err(|error| error.to_string())?;
    let class = QubeClass::new(&record.class);
    if class == QubeClass::Other || (class == QubeClass::Admin) != name.is_dom0() {
        return Err(format!("{name} has a class that it can't have"));
    }
    if record.uuid.len() != 36 || !record.uuid.bytes().all(|b| b == b'-' || b.is_ascii_hexdigit()) {
        return Err(format!("{name} has no uuid"));
    }
    let mut qube = Qube::new(name, class, record.qid, record.uuid.clone());
    for (key, value) in &record.properties {
        check_property(class, key, value)?;
    }
    let texts = record.features.iter().flat_map(|(key, value)| [key, value]).chain(&record.tags);
    if let Some(text) = texts.into_iter().find(|text| !is_printable(text)) {
        return Err(format!("{text:?} holds a character that no feature or tag can hold"));
    }
    qube.properties.clone_from(&record.properties);
    qube.features.clone_from(&record.features);
    qube.tags.clone_from(&record.tags);
    for record in &record.assignments {
        qube.assignments.push(assignment(record)?);
    }
    Ok(qube)
}

fn check_property(class: QubeClass, key: &str, value: &str) -> Result<(), String> {
    let kind = property::kind(class, key).ok_or_else(|| format!("there is no property {key}"))?;
    if kind.takes(value) { Ok(()) } else { Err(format!("{value:?} can't be the property {key}")) }
}

fn assignment(record: &AssignmentRecord) -> Result<Stored, String> {
    let name = |text: &str| QubeName::new(text).map_err(|error| error.to_string());
    let class = Class::new(&record.class).ok_or_else(|| format!("{:?} is no device class", record.class))?;
    let mode = Mode::new(&record.mode)
        .filter(|mode| *mode != Mode::Manual)
        .ok_or_else(|| format!("{:?} is no mode of an assignment", record.mode))?;
    let port = record.port.as_deref();
    if let Some(error) = port.and_then(|port| PortId::new(port).err()) {
        return Err(error.to_string());
    }
    let texts = record.options.iter().flat_map(|(key, value)| [key, value]).chain(&record.device);
    if let Some(text) = texts.into_iter().find(|text| !is_printable(text)) {
        return Err(format!("{text:?} holds a character that no assignment can hold"));
    }
    let mut options = Options::new();
    for (key, value) in &record.options {
        options.set(key, value);
    }
    Ok(Stored {
        class,
        backend: name(&record.backend)?,
        port: record.port.clone(),
        device: record.device.clone(),
        mode,
        frontend: record.frontend.as_deref().map(name).transpose()?,
        options,
    })
}

fn is_printable(text: &str) -> bool {
    text.chars().all(|c| matches!(c, ' '..='~'))
}
