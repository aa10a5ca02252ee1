//! `export`: stored assignments and deny lists as one TOML file.

use device_core::name::{DeviceClass, QubeName};

use crate::document::{self, Shelf, Stored};
use crate::errand::Errand;
use crate::failure::Failure;
use crate::parse::Matches;
use crate::shelves::{self, Denials};

/// Prints it: of the named qubes, or of all that have something stored.
///
/// # Errors
/// When any of it can't be read: a file with a part of it would undo the rest where it is applied.
pub(super) async fn run(
    errand: &mut Errand<'_>,
    only: Option<&DeviceClass>,
    matches: &Matches,
) -> Result<(), Failure> {
    let mut named: Vec<QubeName> = Vec::new();
    for word in matches.operands() {
        named.extend(errand.qubes_named(word).await?.into_iter().map(|qube| qube.name));
    }
    let is_everything = matches.operands().is_empty();
    if is_everything {
        named.extend(errand.qubes().await?.iter().map(|qube| qube.name.clone()));
    }
    named.sort();
    named.dedup();
    let classes = shelves::classes(errand, only).await?;
    let denials = if only.is_none() { Denials::Read } else { Denials::Left };
    let mut qubes = shelves::read(errand, &named, &classes, denials).await?;
    if is_everything {
        qubes.retain(|_, shelf| has_something(shelf));
    }
    let program = errand.program.beside("device");
    let text = document::write(&Stored { classes, qubes }, &program).map_err(Failure::Refused)?;
    Ok(errand.console.out.write_all(text.as_bytes())?)
}

fn has_something(shelf: &Shelf) -> bool {
    !shelf.assignments.is_empty() || shelf.denied.as_ref().is_some_and(|codes| !codes.is_empty())
}
