//! The text of a state file: one JSON object per line, a header first, one line per qube, and an end that counts them.
//!
//! The end is what tells a whole file from a torn one. Reading checks shape only; `apply` checks meaning.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::StateFault;
use crate::qube::{Qube, Stored};
use crate::state::State;

/// The version of this format; another one is refused.
const FORMAT: u32 = 1;

/// The first line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Header {
    pub(super) plugboard_simulator_state: u32,
    pub(super) world: String,
    /// Whether assignments are those of protocol 4.2.
    pub(super) is_older: bool,
    pub(super) next_qid: u32,
    pub(super) next_disposable: u32,
}

/// A qube.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct QubeRecord {
    pub(super) qube: String,
    pub(super) class: String,
    pub(super) uuid: String,
    pub(super) qid: u32,
    pub(super) properties: BTreeMap<String, String>,
    pub(super) features: BTreeMap<String, String>,
    pub(super) tags: BTreeSet<String>,
    pub(super) assignments: Vec<AssignmentRecord>,
}

/// A stored assignment of a qube; no port or no device is any.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct AssignmentRecord {
    pub(super) class: String,
    pub(super) backend: String,
    pub(super) port: Option<String>,
    pub(super) device: Option<String>,
    pub(super) mode: String,
    pub(super) frontend: Option<String>,
    pub(super) options: Vec<(String, String)>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct End {
    end: usize,
}

/// A whole file; each qube with its line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Records {
    pub(super) header: Header,
    pub(super) qubes: Vec<(usize, QubeRecord)>,
}

/// Reads a whole file.
///
/// # Errors
/// The first fault, with its line.
pub(super) fn read(text: &str) -> Result<Records, StateFault> {
    let mut lines = text.split_inclusive('\n').enumerate().map(|(index, line)| (index + 1, line));
    let (_, first) = lines.next().ok_or_else(|| StateFault::at(1, "the file is empty"))?;
    let header: Header = object(1, first)?;
    if header.plugboard_simulator_state != FORMAT {
        let found = header.plugboard_simulator_state;
        return Err(StateFault::at(1, format!("this is format {found}, not {FORMAT}")));
    }
    let mut qubes = Vec::new();
    while let Some((number, line)) = lines.next() {
        if let Ok(End { end }) = object::<End>(number, line) {
            if end != qubes.len() {
                return Err(StateFault::at(
                    number,
                    format!("{end} qubes are announced, {} came", qubes.len()),
                ));
            }
            return match lines.next() {
                None => Ok(Records { header, qubes }),
                Some((number, _)) => Err(StateFault::at(number, "something follows the end")),
            };
        }
        qubes.push((number, object(number, line)?));
    }
    Err(StateFault::at(qubes.len() + 1, "the file is torn: its end is missing"))
}

fn object<T: for<'a> Deserialize<'a>>(number: usize, line: &str) -> Result<T, StateFault> {
    let line = line
        .strip_suffix('\n')
        .ok_or_else(|| StateFault::at(number, "the file is torn: this line is not whole"))?;
    serde_json::from_str(line).map_err(|error| {
        // The line is ours to name; the library would always call it the first.
        let what = error.to_string();
        let what = what.split(" at line 1").next().unwrap_or(&what);
        StateFault::at(number, format!("{what} (column {})", error.column()))
    })
}

/// The text of what lasts in a machine.
///
/// # Errors
/// None that is known of: all of it is text and numbers.
pub(super) fn write(state: &State) -> Result<String, serde_json::Error> {
    let kept: Vec<&Qube> = state.qubes.values().filter(|qube| !super::ends_with_the_machine(qube)).collect();
    let header = Header {
        plugboard_simulator_state: FORMAT,
        world: state.world.clone(),
        is_older: state.protocol.is_older(),
        next_qid: state.next_qid,
        next_disposable: state.next_disposable,
    };
    let mut text = serde_json::to_string(&header)?;
    for qube in &kept {
        text.push('\n');
        text.push_str(&serde_json::to_string(&record(state, qube))?);
    }
    text.push('\n');
    text.push_str(&serde_json::to_string(&End { end: kept.len() })?);
    text.push('\n');
    Ok(text)
}

fn record(state: &State, qube: &Qube) -> QubeRecord {
    let is_refused = |stored: &&Stored| {
        state.unsaved.iter().any(|(name, refused)| *name == qube.name && refused == *stored)
    };
    QubeRecord {
        qube: qube.name.to_string(),
        class: qube.class.as_str().to_owned(),
        uuid: qube.uuid.clone(),
        qid: qube.qid,
        properties: qube.properties.clone(),
        features: qube.features.clone(),
        tags: qube.tags.clone(),
        assignments: qube.assignments.iter().filter(|stored| !is_refused(stored)).map(assignment).collect(),
    }
}

fn assignment(stored: &Stored) -> AssignmentRecord {
    AssignmentRecord {
        class: stored.class.as_str().to_owned(),
        backend: stored.backend.to_string(),
        port: stored.port.clone(),
        device: stored.device.clone(),
        mode: stored.mode.as_str().to_owned(),
        frontend: stored.frontend.as_ref().map(ToString::to_string),
        options: stored.options.iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world;

    #[test]
    fn every_torn_file_is_known_as_such() {
        let text = write(&world::state(&world::load("laptop").unwrap()).unwrap()).unwrap();
        assert!(read(&text).is_ok());
        for length in (0..text.len()).filter(|length| text.is_char_boundary(*length)) {
            let fault = read(text.get(..length).unwrap()).unwrap_err();
            assert!(fault.line >= 1 && fault.line <= text.lines().count(), "{length}: {fault:?}");
        }
    }

    #[test]
    fn a_foreign_file_is_refused_at_its_line() {
        let text = write(&world::state(&world::load("empty").unwrap()).unwrap()).unwrap();
        let spoil = |from: &str, to: &str| read(&text.replacen(from, to, 1)).unwrap_err();
        assert_eq!(spoil("state\":1", "state\":9").line, 1);
        assert_eq!(spoil("\"class\"", "\"clasp\"").line, 2);
        assert_eq!(spoil("{\"end\"", "{\"qube\"").line, text.lines().count());
        assert_eq!(read(&format!("{text}more\n")).unwrap_err().line, text.lines().count() + 1);
        assert_eq!(read("# not ours\n").unwrap_err().line, 1);
    }
}
