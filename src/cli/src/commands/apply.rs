//! `apply`: makes what is stored as a file of `export` says. The difference is printed first; each qube is done as a
//! whole or put back as it was.

use std::io::Read;

use device_core::error::Error;
use device_core::hypervisor::{Action, Hypervisor};
use device_core::name::{DeviceClass, QubeName};

use crate::difference::{Step, steps};
use crate::document::{self, Shelf, Stored};
use crate::errand::{Errand, Manner};
use crate::failure::Failure;
use crate::grammar::Key;
use crate::json;
use crate::parse::Matches;
use crate::shelves::{self, Denials};
use crate::shown::{ended, shown};

/// Longest file read, in bytes: 200 qubes with 20 assignments each need 800 KB. A longer one is refused.
const FILE_MAX: u64 = 4 << 20;

/// Applies, or with `--dry-run` only looks.
///
/// # Errors
/// [`Failure::No`] when looking found a difference; otherwise whatever is wrong with the file or kept it from being
/// done, qube by qube.
pub(super) async fn run(
    errand: &mut Errand<'_>,
    only: Option<&DeviceClass>,
    matches: &Matches,
) -> Result<(), Failure> {
    let path = matches.operand(0).unwrap_or_default();
    let text = file(path).map_err(|what| failed(path, &what))?;
    let wanted = document::read(&text).map_err(|what| failed(path, &format!("{what}.")))?;
    if let Some(class) = only.filter(|class| wanted.classes != [(*class).clone()]) {
        return Err(failed(path, &format!("It does not speak of {class} devices only.")));
    }
    let now = current(errand, &wanted).await?;
    if let Some(rule) = document::against_the_rules(&wanted).filter(|_| !errand.is_known_as_older()) {
        return Err(failed(path, &rule));
    }
    let changes = difference(&now, &wanted);
    if let Some((qube, backend)) = without_backend(errand, &changes).await? {
        return Err(failed(path, &format!("{qube}: There is no backend {backend}. Nothing was changed.")));
    }
    say(errand, &changes)?;
    if matches.has(Key::DryRun) {
        return if changes.is_empty() { Ok(()) } else { Err(Failure::No) };
    }
    if let Some(error) = beyond(errand, &changes) {
        return Err(error.into());
    }
    let mut sentences = Vec::new();
    for (qube, steps) in &changes {
        if let Err(sentence) = change(errand, &wanted, &now, qube, steps).await {
            sentences.push(format!("{qube}: {sentence}"));
        }
    }
    if sentences.is_empty() { Ok(()) } else { Err(Failure::Refused(sentences.join(" "))) }
}

fn failed(path: &str, what: &str) -> Failure {
    Failure::Refused(format!("{}: {what}", shown(path)))
}

/// The text of the file; `-` is standard input.
fn file(path: &str) -> Result<String, String> {
    let mut bytes = Vec::new();
    let read = match path {
        "-" => std::io::stdin().take(FILE_MAX + 1).read_to_end(&mut bytes),
        path => std::fs::File::open(path).and_then(|file| file.take(FILE_MAX + 1).read_to_end(&mut bytes)),
    };
    let length = read.map_err(|error| format!("{error}."))?;
    if length as u64 > FILE_MAX {
        return Err(format!("It is longer than {} MiB.", FILE_MAX >> 20));
    }
    String::from_utf8(bytes).map_err(|_| "It is no UTF-8 text.".to_owned())
}

/// What is stored now for the qubes of the file, all of which must exist.
async fn current(errand: &mut Errand<'_>, wanted: &Stored) -> Result<Stored, Failure> {
    let names: Vec<QubeName> = wanted.qubes.keys().cloned().collect();
    for name in &names {
        if errand.find_qube(name.as_str()).await?.is_none() {
            return Err(Failure::Refused(format!("There is no qube {name}. Nothing was changed.")));
        }
    }
    let speaks_of_denials = wanted.qubes.values().any(|shelf| shelf.denied.is_some());
    let denials = if speaks_of_denials { Denials::Read } else { Denials::Left };
    let qubes = shelves::read(errand, &names, &wanted.classes, denials).await?;
    let is_hidden = |name: &&QubeName| {
        let denied = |stored: &Stored| stored.qubes.get(*name).is_some_and(|shelf| shelf.denied.is_some());
        denied(wanted) && qubes.get(*name).is_none_or(|shelf| shelf.denied.is_none())
    };
    if let Some(name) = names.iter().find(is_hidden) {
        return Err(Failure::Refused(format!("The deny list of {name} can't be read. Nothing was changed.")));
    }
    Ok(Stored { classes: wanted.classes.clone(), qubes })
}

type Changes = Vec<(QubeName, Vec<Step>)>;

fn difference(now: &Stored, wanted: &Stored) -> Changes {
    let qubes = wanted.qubes.iter();
    qubes
        .filter_map(|(qube, wanted)| Some((qube.clone(), steps(now.qubes.get(qube)?, wanted))))
        .filter(|(_, steps)| !steps.is_empty())
        .collect()
}

/// The first qube that would be assigned something from a backend that does not exist. What is stored already may name
/// one that was removed since.
async fn without_backend(
    errand: &mut Errand<'_>,
    changes: &Changes,
) -> Result<Option<(QubeName, QubeName)>, Failure> {
    for (qube, steps) in changes {
        for step in steps {
            if let Step::Assign(new) = step
                && errand.find_qube(new.backend.as_str()).await?.is_none()
            {
                return Ok(Some((qube.clone(), new.backend.clone())));
            }
        }
    }
    Ok(None)
}

/// What a server before R4.3 could not do of it, known before anything is changed.
fn beyond(errand: &Errand<'_>, changes: &Changes) -> Option<Error> {
    changes.iter().flat_map(|(_, steps)| steps).find_map(|step| {
        let action = match step {
            Step::Unassign(old) => Action::Unassign(old.clone()),
            Step::Assign(new) => Action::Assign(new.clone()),
            Step::SetMode(old, mode) => Action::SetMode(old.clone(), *mode),
            // Without deny lists none could be read, and the file was refused for that.
            Step::Allow(_) | Step::Deny(_) => return None,
        };
        errand.client.beyond_its_generation(&action)
    })
}

fn say(errand: &mut Errand<'_>, changes: &Changes) -> Result<(), Failure> {
    for (qube, steps) in changes {
        match errand.manner {
            Manner::Quiet => {}
            Manner::Json => errand.console.out.write_all(json::difference(qube, steps).as_bytes())?,
            Manner::Words => {
                writeln!(errand.console.out, "{qube}")?;
                steps.iter().try_for_each(|step| write!(errand.console.out, "{step}"))?;
            }
        }
    }
    Ok(errand.console.out.flush()?)
}

/// Makes one qube as wanted, or puts it back; the error says how it is now.
async fn change(
    errand: &Errand<'_>,
    wanted: &Stored,
    before: &Stored,
    qube: &QubeName,
    steps_there: &[Step],
) -> Result<(), String> {
    let Err(error) = perform_all(errand, qube, steps_there).await else {
        let now = shelf(errand, &wanted.classes, qube).await;
        let is_so = now.is_ok_and(|now| steps(&now, shelf_of(wanted, qube)).is_empty());
        let sentence = "qubesd reported success, but what is stored is not as it should be.";
        return if is_so { Ok(()) } else { Err(sentence.to_owned()) };
    };
    // Read anew: what a refused or lost step left behind is not known otherwise.
    let back = match shelf(errand, &wanted.classes, qube).await {
        Ok(now) => perform_all(errand, qube, &steps(&now, shelf_of(before, qube))).await,
        Err(_) => Err(Error::empty_reply()),
    };
    Err(match back {
        Ok(()) => format!("{} It was put back as it was.", ended(error.sentence())),
        Err(second) => {
            format!("{} It could not be put back: {}", ended(error.sentence()), ended(second.sentence()))
        }
    })
}

fn shelf_of<'a>(stored: &'a Stored, qube: &QubeName) -> &'a Shelf {
    static EMPTY: Shelf = Shelf { denied: None, assignments: Vec::new() };
    stored.qubes.get(qube).unwrap_or(&EMPTY)
}

async fn shelf(errand: &Errand<'_>, classes: &[DeviceClass], qube: &QubeName) -> Result<Shelf, Failure> {
    let mut shelves = shelves::read(errand, std::slice::from_ref(qube), classes, Denials::Read).await?;
    Ok(shelves.remove(qube).unwrap_or_default())
}

async fn perform_all(errand: &Errand<'_>, qube: &QubeName, steps: &[Step]) -> Result<(), Error> {
    for step in steps {
        match step {
            Step::Allow(codes) => errand.client.allow(qube, codes).await?,
            Step::Deny(codes) => errand.client.deny(qube, codes).await?,
            Step::Unassign(old) => drop(errand.client.perform(&Action::Unassign(old.clone())).await?),
            Step::Assign(new) => drop(errand.client.perform(&Action::Assign(new.clone())).await?),
            Step::SetMode(old, mode) => {
                errand.client.perform(&Action::SetMode(old.clone(), *mode)).await?;
            }
        }
    }
    Ok(())
}
