//! The commands, one file each: arguments in, calls out, words to the console.

pub mod attach;
pub mod classes;
pub mod detach;
pub mod list;
mod target;

use crate::failure::Failure;
use crate::grammar::Verb;
use crate::parse::Matches;
use crate::session::Session;

/// Carries out one command.
///
/// # Errors
/// Whatever kept it from being done.
pub async fn run(session: &mut Session<'_>, verb: Verb, matches: &Matches) -> Result<(), Failure> {
    match verb {
        Verb::List => list::run(session, matches).await,
        Verb::Attach => attach::run(session, matches).await,
        Verb::Detach => detach::run(session, matches).await,
    }
}
