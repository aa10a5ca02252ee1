//! The TOML file of `export` and `apply`: what is stored for qubes, in names that a person can edit.
//!
//! `docs/cli.md` is its manual. Reading checks everything that can be checked without a server; what comes out of here
//! can be asked for.

use std::collections::{BTreeMap, BTreeSet};

use device_core::assignment::{Assignment, Mode, Options};
use device_core::interface::Interface;
use device_core::name::{DeviceClass, DeviceId, PortId, QubeName};
use device_core::rules::storing;
use serde::{Deserialize, Serialize};

use crate::shown::shown;

/// Version of the format.
const VERSION: u32 = 1;

/// What is, or shall be, stored.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Stored {
    /// The classes whose assignments it speaks of.
    pub classes: Vec<DeviceClass>,
    /// By qube.
    pub qubes: BTreeMap<QubeName, Shelf>,
}

/// What is, or shall be, stored for one qube.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Shelf {
    /// Its deny list; `None` = it is not spoken of.
    pub denied: Option<BTreeSet<Interface>>,
    /// All its assignments of those classes.
    pub assignments: Vec<Assignment>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    version: u32,
    classes: Vec<String>,
    #[serde(default, rename = "qube", skip_serializing_if = "Vec::is_empty")]
    qubes: Vec<Qube>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Qube {
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    denied: Option<Vec<String>>,
    #[serde(default, rename = "assignment", skip_serializing_if = "Vec::is_empty")]
    assignments: Vec<Entry>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    class: String,
    backend: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    port: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    device: Option<String>,
    mode: String,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    options: BTreeMap<String, String>,
}

/// Writes the file, which names the program that reads it; the error is a sentence, for text that TOML can't carry.
pub fn write(stored: &Stored, program: &str) -> Result<String, String> {
    let file = File {
        version: VERSION,
        classes: stored.classes.iter().map(ToString::to_string).collect(),
        qubes: stored.qubes.iter().map(|(name, shelf)| written(name, shelf)).collect(),
    };
    let text = toml::to_string(&file).map_err(|error| format!("This can't be written: {error}."))?;
    Ok(format!("# Stored assignments and deny lists. `{program} apply` makes them so again.\n{text}"))
}

fn written(name: &QubeName, shelf: &Shelf) -> Qube {
    let codes = |codes: &BTreeSet<Interface>| codes.iter().map(Interface::to_string).collect();
    let entry = |assignment: &Assignment| Entry {
        class: assignment.class.to_string(),
        backend: assignment.backend.to_string(),
        port: assignment.port.as_ref().map(ToString::to_string),
        device: assignment.device.as_ref().map(ToString::to_string),
        mode: assignment.mode.to_string(),
        options: assignment.options.iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect(),
    };
    Qube {
        name: name.to_string(),
        denied: shelf.denied.as_ref().map(codes),
        assignments: shelf.assignments.iter().map(entry).collect(),
    }
}

/// Reads a file; the error is a sentence.
pub fn read(text: &str) -> Result<Stored, String> {
    let file: File = toml::from_str(text).map_err(|error| {
        let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
        format!("line {}: {}", before.matches('\n').count() + 1, shown(error.message()))
    })?;
    if file.version != VERSION {
        return Err(format!("version {} is not known here", file.version));
    }
    let classes = file.classes.iter().map(|class| class_of(class)).collect::<Result<Vec<_>, _>>()?;
    let mut qubes = BTreeMap::new();
    for qube in file.qubes {
        let name = QubeName::new(&qube.name).map_err(|error| bad("qube", &qube.name, &error))?;
        let shelf = shelf(&name, qube, &classes).map_err(|what| format!("{name}: {what}"))?;
        if qubes.insert(name.clone(), shelf).is_some() {
            return Err(format!("{name} stands there twice"));
        }
    }
    Ok(Stored { classes, qubes })
}

fn shelf(name: &QubeName, qube: Qube, classes: &[DeviceClass]) -> Result<Shelf, String> {
    let code =
        |text: &String| Interface::new(text).ok_or_else(|| format!("'{}' is no interface code", shown(text)));
    let denied = qube.denied.map(|codes| codes.iter().map(code).collect::<Result<_, _>>()).transpose()?;
    let mut assignments: Vec<Assignment> = Vec::new();
    for entry in qube.assignments {
        let assignment = assignment(name, entry)?;
        if !classes.contains(&assignment.class) {
            return Err(format!("class {} is not among the classes of this file", assignment.class));
        }
        if assignments.iter().any(|known| is_same_place(known, &assignment)) {
            return Err("two assignments mean the same device".to_owned());
        }
        assignments.push(assignment);
    }
    Ok(Shelf { denied, assignments })
}

/// What of it no server since R4.3 checks and nobody should store there.
#[must_use]
pub fn against_the_rules(stored: &Stored) -> Option<String> {
    stored.qubes.iter().find_map(|(name, shelf)| {
        let rule = |stored: &Assignment| storing::against_mode(&stored.class, stored.mode);
        shelf.assignments.iter().find_map(rule).map(|rule| format!("{name}: {rule}"))
    })
}

fn assignment(frontend: &QubeName, entry: Entry) -> Result<Assignment, String> {
    let port = entry.port.as_ref().map(|text| PortId::new(text).map_err(|error| bad("port", text, &error)));
    let device =
        entry.device.as_ref().map(|text| DeviceId::new(text).map_err(|error| bad("device", text, &error)));
    Ok(Assignment {
        backend: QubeName::new(&entry.backend).map_err(|error| bad("backend", &entry.backend, &error))?,
        class: class_of(&entry.class)?,
        port: port.transpose()?,
        device: device.transpose()?,
        frontend: frontend.clone(),
        mode: Mode::new(&entry.mode)
            .filter(|mode| *mode != Mode::Manual)
            .ok_or_else(|| format!("'{}' is no mode of an assignment", shown(&entry.mode)))?,
        options: entry.options.into_iter().collect::<Options>(),
    })
}

/// Whether they are for the same device in the same qube: a server stores one of them only.
#[must_use]
pub fn is_same_place(one: &Assignment, other: &Assignment) -> bool {
    let place = |it: &Assignment| (it.class.clone(), it.backend.clone(), it.port.clone(), it.device.clone());
    place(one) == place(other) && one.frontend == other.frontend
}

fn class_of(text: &str) -> Result<DeviceClass, String> {
    DeviceClass::new(text).map_err(|error| bad("class", text, &error))
}

fn bad(what: &str, text: &str, error: &device_core::name::NameError) -> String {
    format!("{what} '{}': {error}", shown(text))
}

#[cfg(test)]
mod tests;
