//! What a change that failed left behind.
//!
//! A refusal in words left nothing, but for an assignment, of which the server may keep what it refused. After silence,
//! or a link that broke, the state is read once more: what was done all the same is never left unsaid. Nor is what was
//! done before it in the same run.

use device_core::assignment::Assignment;
use device_core::command::settled::refused::{Left, store};
use device_core::command::settled::{not_read, stays, stored, stored_mode};
use device_core::error::Error;
use device_core::name::{Port, QubeName};

use crate::failure::{Failure, is_no_such_qube, server_words};
use crate::ledger::is_open;
use crate::session::Session;
use crate::shown::ended;

/// What was asked for.
pub(super) enum Wish<'a> {
    /// That the qube holds what is on this port.
    Attached(&'a Port, &'a QubeName),
    /// That it no longer does.
    Detached(&'a Port, &'a QubeName),
    /// That this is stored.
    Assigned(&'a Assignment),
    /// That it no longer is.
    Unassigned(&'a Assignment),
}

/// Stores an assignment.
///
/// # Errors
/// Whether it is stored all the same (`None` = not known), and what to say.
pub(super) async fn assign(
    session: &mut Session<'_>,
    assignment: &Assignment,
) -> Result<(), (Option<bool>, Failure)> {
    let client = session.errand.client.clone();
    let Err((error, left)) = store(&client, assignment).await else { return Ok(()) };
    Err(match left {
        Left::Nothing | Left::Open => look(session, &Wish::Assigned(assignment), error).await,
        Left::Earlier => (Some(true), error.into()),
        Left::Stays(why) => (Some(true), with(error.into(), &stays(assignment, &why))),
        Left::Stored => (Some(true), with(error.into(), &stored(assignment))),
        Left::Unread => (None, with(error.into(), &not_read(assignment))),
    })
}

/// What to say of a change that failed.
pub(super) async fn failed(session: &mut Session<'_>, wish: Wish<'_>, error: Error) -> Failure {
    look(session, &wish, error).await.1
}

/// Whether it is as wished all the same (`None` = not known), and what to say.
pub(super) async fn look(
    session: &mut Session<'_>,
    wish: &Wish<'_>,
    error: Error,
) -> (Option<bool>, Failure) {
    let is_silent = error == Error::empty_reply();
    if is_no_such_qube(&error) {
        return (Some(false), session.errand.explain(wish.frontend(), error.into()).await);
    }
    if !is_silent && !is_open(&error) {
        return (Some(false), error.into());
    }
    let now = wish.holds(session).await;
    let sentence = ended(error.sentence());
    let text = match (is_silent, now) {
        (true, Some(true)) => format!("qubesd gave no answer, but {} now.", wish.told(Now::AsWished)),
        (true, Some(false)) => return (now, error.into()),
        (true, None) => format!("qubesd gave no answer. {UNKNOWN}"),
        (false, Some(true)) => format!("{sentence} But {} now.", wish.told(Now::AsWished)),
        (false, Some(false)) => format!("{sentence} Now {}.", wish.told(Now::Otherwise)),
        (false, None) => format!("{sentence} {UNKNOWN}"),
    };
    (now, Failure::Refused(text))
}

/// What to say first of a failure after which only a look tells how it is; `None` = the server refused in words.
pub(super) fn unclear(error: &Error) -> Option<String> {
    if *error == Error::empty_reply() {
        return Some("qubesd gave no answer.".into());
    }
    is_open(error).then(|| ended(error.sentence()))
}

/// Neither the reply nor a look told it.
const UNKNOWN: &str = "Whether it was carried out is not known; look again.";

/// The failure that ends a row of changes, with those behind it that were made before.
pub(super) fn after_others(session: &Session<'_>, failure: Failure) -> Failure {
    match session.errand.client.done() {
        Some(done) => with(failure, &done),
        None => failure,
    }
}

/// The same failure with more sentences behind it.
pub(super) fn with(failure: Failure, more: &str) -> Failure {
    let sentence = match &failure {
        Failure::Server(error) => server_words(error),
        Failure::Refused(sentence) => sentence.clone(),
        // The others tell what is known by themselves, or say nothing.
        _ => return failure,
    };
    Failure::Refused(format!("{} {more}", ended(&sentence)))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Now {
    AsWished,
    Otherwise,
}

impl Wish<'_> {
    fn frontend(&self) -> &QubeName {
        match self {
            Self::Attached(_, frontend) | Self::Detached(_, frontend) => frontend,
            Self::Assigned(assignment) | Self::Unassigned(assignment) => &assignment.frontend,
        }
    }

    /// Whether it is so now; `None` = can't be read.
    async fn holds(&self, session: &Session<'_>) -> Option<bool> {
        match self {
            Self::Attached(port, frontend) => {
                Some(session.errand.client.is_attached(port, frontend).await.ok()?)
            }
            Self::Detached(port, frontend) => {
                Some(!session.errand.client.is_attached(port, frontend).await.ok()?)
            }
            Self::Assigned(assignment) => {
                Some(stored_mode(&session.errand.client, assignment).await.ok()? == Some(assignment.mode))
            }
            Self::Unassigned(assignment) => {
                Some(stored_mode(&session.errand.client, assignment).await.ok()?.is_none())
            }
        }
    }

    fn told(&self, now: Now) -> String {
        let is = |is: bool| if is == (now == Now::AsWished) { "is" } else { "is not" };
        match self {
            Self::Attached(port, frontend) => format!("{port} {} attached to {frontend}", is(true)),
            Self::Detached(port, frontend) => format!("{port} {} attached to {frontend}", is(false)),
            Self::Assigned(Assignment { frontend, .. }) if now == Now::AsWished => {
                format!("the assignment is stored for {frontend}")
            }
            Self::Assigned(Assignment { frontend, mode, .. }) => {
                format!("the assignment is not stored as {mode} for {frontend}")
            }
            Self::Unassigned(assignment) => {
                format!("the assignment {} stored for {}", is(false), assignment.frontend)
            }
        }
    }
}
