//! Worlds: which qubes, devices and assignments a simulated machine begins with.
//!
//! A world comes from a TOML file (documented in `docs/worlds.md`), from the few that are built in, or from the JSON
//! of the recordings. It is read into a [`Document`]; `build` checks it and makes the running state.
//! Nothing here changes after the start.

mod build;
mod builtin;
mod crowd;
mod document;
mod hardware;
mod recorded;

use std::path::Path;

pub(crate) use build::state;
pub(crate) use document::{Document, GadgetEntry};
pub(crate) use hardware::{Parts, parts};

/// Why a world can't be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{source_name}{}: {what}", line.map(|line| format!(":{line}")).unwrap_or_default())]
pub struct WorldError {
    /// The file, or the name of a built-in world.
    pub source_name: String,
    /// The line, from 1, when the fault has one.
    pub line: Option<usize>,
    /// What is wrong.
    pub what: String,
}

/// A world as it was read, not yet checked.
#[derive(Debug, Clone)]
pub(crate) struct World {
    pub(crate) source_name: String,
    pub(crate) text: String,
    pub(crate) document: Document,
}

/// The names of the built-in worlds.
pub fn names() -> impl Iterator<Item = &'static str> {
    builtin::WORLDS.iter().map(|(name, _)| *name)
}

/// Reads a world by its built-in name or from a file.
///
/// # Errors
/// When there is no such world or it can't be read as one.
pub(crate) fn load(name_or_file: &str) -> Result<World, WorldError> {
    if let Some((name, text)) = builtin::WORLDS.iter().find(|(name, _)| *name == name_or_file) {
        return from_toml(name, (*text).to_owned());
    }
    let fault = |what: String| WorldError { source_name: name_or_file.to_owned(), line: None, what };
    if !name_or_file.contains(['/', '.']) {
        let known: Vec<_> = names().collect();
        return Err(fault(format!(
            "no such world; the built-in ones are {}, any other is given as a file",
            known.join(", ")
        )));
    }
    let text = std::fs::read_to_string(name_or_file).map_err(|error| fault(error.to_string()))?;
    if Path::new(name_or_file).extension().is_some_and(|end| end == "json") {
        recorded::read(name_or_file, &text)
    } else {
        from_toml(name_or_file, text)
    }
}

/// Reads a world from TOML text; `source_name` stands in messages, and names the world when it has no name itself.
///
/// # Errors
/// The first fault, with its line.
pub(crate) fn from_toml(source_name: &str, text: String) -> Result<World, WorldError> {
    let document = toml::from_str::<Document>(&text).map_err(|error| WorldError {
        source_name: source_name.to_owned(),
        line: error.span().map(|span| line_of(&text, span.start)),
        what: error.message().to_owned(),
    })?;
    Ok(World { source_name: source_name.to_owned(), text, document })
}

/// The catalogue of gadgets that can be plugged into any world by name.
pub(crate) fn gadget_catalogue() -> Vec<GadgetEntry> {
    toml::from_str::<Document>(builtin::GADGETS)
        .map(|document| document.gadget.into_iter().map(toml::Spanned::into_inner).collect())
        .unwrap_or_default()
}

/// The line, from 1, in which the byte `offset` stands.
pub(crate) fn line_of(text: &str, offset: usize) -> usize {
    1 + text.bytes().take(offset).filter(|byte| *byte == b'\n').count()
}

impl World {
    /// A fault of the entry that begins at `offset`; a world without text (JSON) has no lines to name.
    fn fault(&self, offset: usize, what: impl Into<String>) -> WorldError {
        WorldError {
            source_name: self.source_name.clone(),
            line: (!self.text.is_empty()).then(|| line_of(&self.text, offset)),
            what: what.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_built_in_world_loads() {
        for name in names() {
            let world = load(name).unwrap_or_else(|error| panic!("{error}"));
            if let Err(error) = state(&world) {
                panic!("{error}");
            }
        }
        assert!(!gadget_catalogue().is_empty());
    }

    #[test]
    fn a_fault_names_its_line() {
        for (text, line) in [
            ("[[qube]]\nname = \"work\"\ncolour = \"red\"\n", 3),
            ("\n[[qube]]\nname = \"no such\"\n", 2),
            ("[[qube]]\nname = \"a\"\n[[qube]]\nname = \"a\"\n", 3),
            ("[[usb]]\nbackend = \"nobody\"\nport = \"2-1\"\n", 1),
            ("[[qube]]\nname = 7\n", 2),
            ("[defaults]\nnetvm = \"nobody\"\n", 2),
            ("[[qube]]\nname = \"a\"\nproperties = { memory = \"much\" }\n", 1),
            ("[[qube]]\nname = \"a\"\nfeatures = { x = \"\u{e9}\" }\n", 1),
        ] {
            let error =
                from_toml("test", text.to_owned()).and_then(|world| state(&world).map(drop)).unwrap_err();
            assert_eq!(error.line, Some(line), "{text}: {error}");
        }
    }

    #[test]
    fn an_unknown_name_tells_the_known_ones() {
        assert!(load("nowhere").unwrap_err().to_string().contains("laptop"));
    }
}
