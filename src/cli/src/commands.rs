//! The commands, one file each: arguments in, calls out, words to the console.

mod aftermath;
mod assign;
mod attach;
pub mod classes;
mod detach;
mod info;
mod list;
mod pattern;
mod target;
mod unassign;

use device_core::name::DeviceClass;

use crate::errand::Errand;
use crate::failure::Failure;
use crate::grammar::Verb;
use crate::parse::Matches;
use crate::session::Session;

/// Carries out one command.
///
/// # Errors
/// Whatever kept it from being done.
pub async fn run(
    errand: Errand<'_>,
    class: Option<&str>,
    verb: Verb,
    matches: &Matches,
) -> Result<(), Failure> {
    let word = class.unwrap_or_default();
    let class = DeviceClass::new(word).map_err(|_| Failure::Refused(list::no_such_class(word)))?;
    let session = &mut Session { class, errand };
    match verb {
        Verb::List => list::run(session, matches).await,
        Verb::Attach => attach::run(session, matches).await,
        Verb::Detach => detach::run(session, matches).await,
        Verb::Assign => assign::run(session, matches).await,
        Verb::Unassign => unassign::run(session, matches).await,
        Verb::Info => info::run(session, matches).await,
        _ => Ok(()),
    }
}
