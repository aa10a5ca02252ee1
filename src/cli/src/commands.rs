//! The commands, one file each: arguments in, calls out, words to the console.

mod aftermath;
mod apply;
mod assign;
mod attach;
pub mod classes;
mod denied;
mod detach;
mod disposable;
mod exact;
mod explain;
mod export;
mod info;
mod list;
mod older;
mod options;
mod pattern;
mod persistent;
mod relocate;
mod surroundings;
mod target;
mod unassign;
mod wait;
mod watch;

use std::time::Duration;

use device_core::name::DeviceClass;

use crate::errand::Errand;
use crate::failure::Failure;
use crate::grammar::Verb;
use crate::parse::Matches;
use crate::session::Session;

/// Carries out one command; `patience` is how long one that goes on for ever may hear nothing before it says so.
///
/// # Errors
/// Whatever kept it from being done.
pub async fn run(
    mut errand: Errand<'_>,
    class: Option<&str>,
    verb: Verb,
    matches: &Matches,
    patience: Option<Duration>,
) -> Result<(), Failure> {
    let read = |word| DeviceClass::new(word).map_err(|_| Failure::Refused(list::no_such_class(word)));
    let class = class.map(read).transpose()?;
    match (verb, class) {
        (Verb::Watch, class) => watch::run(&mut errand, class.as_ref(), patience).await,
        (Verb::Denied, _) => denied::run(&mut errand, matches).await,
        (Verb::Export, class) => export::run(&mut errand, class.as_ref(), matches).await,
        (Verb::Apply, class) => apply::run(&mut errand, class.as_ref(), matches).await,
        (verb, Some(class)) => Box::pin(run_on_class(Session { class, errand }, verb, matches)).await,
        // The parser lets no other command through without a class.
        (_, None) => Err(Failure::Refused(list::no_such_class(""))),
    }
}

async fn run_on_class(mut session: Session<'_>, verb: Verb, matches: &Matches) -> Result<(), Failure> {
    let session = &mut session;
    match verb {
        Verb::List => list::run(session, matches).await,
        Verb::Attach => attach::run(session, matches).await,
        Verb::Detach => detach::run(session, matches).await,
        Verb::Assign => assign::run(session, matches).await,
        Verb::Unassign => unassign::run(session, matches).await,
        Verb::Info => info::run(session, matches).await,
        Verb::Move => relocate::run(session, matches).await,
        Verb::Explain => explain::run(session, matches).await,
        Verb::OldList => older::list(session, matches).await,
        Verb::OldDetach => older::detach(session, matches).await,
        Verb::Watch | Verb::Denied | Verb::Export | Verb::Apply => Ok(()),
    }
}
