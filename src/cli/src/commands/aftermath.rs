//! What a change that failed left behind.
//!
//! A refusal in words left nothing. After silence, or a link that broke, the state is read once more: what was done
//! all the same is never left unsaid.

use device_core::assignment::Assignment;
use device_core::error::Error;
use device_core::name::{Port, QubeName};

use crate::failure::{Failure, is_no_such_qube};
use crate::ledger::is_open;
use crate::session::Session;

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

/// What to say of a change that failed.
pub(super) async fn failed(session: &mut Session<'_>, wish: Wish<'_>, error: Error) -> Failure {
    let is_silent = error == Error::empty_reply();
    if is_no_such_qube(&error) {
        return session.errand.explain(wish.frontend(), error.into()).await;
    }
    if !is_silent && !is_open(&error) {
        return error.into();
    }
    match (is_silent, wish.holds(session).await) {
        (true, Some(true)) => {
            Failure::Refused(format!("qubesd gave no answer, but {} now.", wish.told(Now::AsWished)))
        }
        (true, _) => error.into(),
        (false, Some(true)) => {
            Failure::Refused(format!("{} But {} now.", error.sentence(), wish.told(Now::AsWished)))
        }
        (false, Some(false)) => {
            Failure::Refused(format!("{} Now {}.", error.sentence(), wish.told(Now::Otherwise)))
        }
        (false, None) => Failure::Refused(format!(
            "{} Whether it was carried out is not known; look again.",
            error.sentence()
        )),
    }
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
            Self::Assigned(assignment) => Some(is_stored(session, assignment).await?),
            Self::Unassigned(assignment) => Some(!is_stored(session, assignment).await?),
        }
    }

    fn told(&self, now: Now) -> String {
        let is = |is: bool| if is == (now == Now::AsWished) { "is" } else { "is not" };
        match self {
            Self::Attached(port, frontend) => format!("{port} {} attached to {frontend}", is(true)),
            Self::Detached(port, frontend) => format!("{port} {} attached to {frontend}", is(false)),
            Self::Assigned(assignment) => {
                format!("the assignment {} stored for {}", is(true), assignment.frontend)
            }
            Self::Unassigned(assignment) => {
                format!("the assignment {} stored for {}", is(false), assignment.frontend)
            }
        }
    }
}

async fn is_stored(session: &Session<'_>, wanted: &Assignment) -> Option<bool> {
    let stored = session.assigned(&wanted.frontend).await.ok()?;
    Some(stored.iter().any(|stored| {
        (&stored.backend, &stored.port, &stored.device) == (&wanted.backend, &wanted.port, &wanted.device)
    }))
}
