//! Changes of what is stored, and of who runs, settled by a look where the reply does not tell what came of them.
//!
//! A refusal in words left everything as it was, but for an assignment: see [`refused`]. After silence, or a reply that
//! broke off, the state is read once more: what was done all the same is a success, and otherwise the sentence tells how it
//! is now.

pub mod refused;

use super::outcome::{foreign_reply, is_unclear, unknown, with_sentence, without_effect};
use crate::assignment::{Assignment, Mode};
use crate::error::{Error, ErrorKind};
use crate::hypervisor::{Action, Hypervisor};
use crate::name::{DeviceId, DeviceRef, QubeName};
use crate::qube::PowerState;
use crate::rules::storing;
use crate::scope::{Scope, ScopeReply};
use crate::text::ended;
use refused::{Left, store};

/// Stores an assignment.
///
/// # Errors
/// What speaks against storing it ([`storing::may_store`]), or what the hypervisor answers; where something of it may be
/// stored all the same, how it is now.
pub async fn assign<H: Hypervisor>(hypervisor: &H, assignment: &Assignment) -> Result<(), Error> {
    storing::may_store(assignment)?;
    let Err((error, left)) = store(hypervisor, assignment).await else { return Ok(()) };
    let frontend = &assignment.frontend;
    Err(match left {
        Left::Nothing | Left::Earlier => error,
        Left::Stays(why) => with_sentence(&error, &stays(assignment, &why)),
        Left::Stored => with_sentence(&error, &stored(assignment)),
        Left::Unread => with_sentence(&error, &not_read(assignment)),
        Left::Open => match stored_mode(hypervisor, assignment).await {
            Ok(Some(mode)) if mode == assignment.mode => return Ok(()),
            Ok(Some(mode)) => without_effect(error, &stored(&Assignment { mode, ..assignment.clone() })),
            Ok(None) => without_effect(error, &format!("It is not stored for {frontend} now.")),
            Err(_) => unknown(&error),
        },
    })
}

/// What to say of an assignment that was refused and is stored: [`Left::Stays`].
#[must_use]
pub fn stays(assignment: &Assignment, why: &Error) -> String {
    let Assignment { frontend, mode, .. } = assignment;
    let why = ended(why.sentence());
    format!("It is stored for {frontend} as {mode} all the same and could not be taken out again: {why}")
}

/// What to say of an assignment that was refused and is stored now: [`Left::Stored`].
#[must_use]
pub fn stored(assignment: &Assignment) -> String {
    format!("It is stored for {} as {} now.", assignment.frontend, assignment.mode)
}

/// What to say of a refused assignment of which it is not known whether it is stored: [`Left::Unread`].
#[must_use]
pub fn not_read(assignment: &Assignment) -> String {
    format!("Whether it is stored for {} could not be read; look again.", assignment.frontend)
}

/// Drops every stored assignment to `qube` that means `device`. They are read right before: no mirror knows those of every
/// qube that is off.
///
/// # Errors
/// `NotFound` when there is none, or what the hypervisor answers; the sentence tells how many were dropped before.
pub async fn unassign<H: Hypervisor>(
    hypervisor: &H,
    device: &DeviceRef,
    qube: &QubeName,
) -> Result<(), Error> {
    let scope = Scope::Assigned(qube.clone(), device.port.class.clone());
    let mut stored = read_assigned(hypervisor, &scope).await?;
    stored.retain(|stored| stored.covers(&device.port, &device.id));
    if stored.is_empty() {
        let text = format!("{} is not assigned to {qube}.", device.port);
        return Err(Error::new(ErrorKind::NotFound, text));
    }
    for (dropped, assignment) in stored.iter().enumerate() {
        drop_one(hypervisor, assignment).await.map_err(|error| match dropped {
            0 => error,
            _ => with_sentence(
                &error,
                &format!("{dropped} of {} assignments had been dropped before.", stored.len()),
            ),
        })?;
    }
    Ok(())
}

async fn drop_one<H: Hypervisor>(hypervisor: &H, assignment: &Assignment) -> Result<(), Error> {
    let Some(error) = attempt(hypervisor, &Action::Unassign(assignment.clone())).await? else {
        return Ok(());
    };
    Err(match stored_mode(hypervisor, assignment).await {
        Ok(None) => return Ok(()),
        Ok(Some(_)) => without_effect(error, &format!("It is still stored for {}.", assignment.frontend)),
        Err(_) => unknown(&error),
    })
}

/// The mode in which this very assignment is stored now; `None` = it is not.
///
/// # Errors
/// Why it can't be read.
pub async fn stored_mode<H: Hypervisor>(hypervisor: &H, wanted: &Assignment) -> Result<Option<Mode>, Error> {
    Ok(stored_as(hypervisor, wanted).await?.map(|stored| stored.mode))
}

/// The same, as a whole.
async fn stored_as<H: Hypervisor>(hypervisor: &H, wanted: &Assignment) -> Result<Option<Assignment>, Error> {
    let scope = Scope::Assigned(wanted.frontend.clone(), wanted.class.clone());
    let stored = read_assigned(hypervisor, &scope).await?;
    // A server that tells no ids stores none: there any device on the port is the one that was meant.
    let place = |one: &Assignment| {
        (one.backend.clone(), one.port.clone(), one.device.clone().filter(DeviceId::is_told))
    };
    Ok(stored.into_iter().find(|stored| place(stored) == place(wanted)))
}

/// Starts a qube and waits until it runs.
///
/// # Errors
/// What the hypervisor answers; where only a look tells, how the qube is now.
pub async fn start<H: Hypervisor>(hypervisor: &H, qube: &QubeName) -> Result<(), Error> {
    let Some(error) = attempt(hypervisor, &Action::Start(qube.clone())).await? else { return Ok(()) };
    Err(match power(hypervisor, qube).await {
        Ok(Some(PowerState::Running)) => return Ok(()),
        Ok(Some(PowerState::Transient)) => but(&error, &format!("{qube} is starting now.")),
        Ok(Some(_)) => without_effect(error, &format!("{qube} is not running now.")),
        Ok(None) => without_effect(error, &format!("There is no qube {qube} now.")),
        Err(_) => unknown(&error),
    })
}

/// Asks a qube to shut down; does not wait until it did.
///
/// # Errors
/// What the hypervisor answers. Of a qube that still runs no look tells whether it was asked; the sentence says so.
pub async fn shutdown<H: Hypervisor>(hypervisor: &H, qube: &QubeName) -> Result<(), Error> {
    let Some(error) = attempt(hypervisor, &Action::Shutdown(qube.clone())).await? else { return Ok(()) };
    Err(match power(hypervisor, qube).await {
        Ok(Some(PowerState::Halted | PowerState::Halting | PowerState::Dying)) => return Ok(()),
        Ok(Some(_)) => but(
            &error,
            &format!("{qube} still runs; whether it was asked to shut down is not known. Look again."),
        ),
        // A disposable goes as it shuts down.
        Ok(None) => but(&error, &format!("There is no qube {qube} now.")),
        Err(_) => unknown(&error),
    })
}

/// Carries out an action. An error that is given back as a value leaves open what came of it.
async fn attempt<H: Hypervisor>(hypervisor: &H, action: &Action) -> Result<Option<Error>, Error> {
    match hypervisor.perform(action).await {
        Ok(_) => Ok(None),
        Err(error) if is_unclear(&error) => Ok(Some(error)),
        Err(error) => Err(error),
    }
}

/// What a look found beside a failure that is no refusal, silence included.
fn but(error: &Error, found: &str) -> Error {
    if *error == Error::empty_reply() {
        return Error::new(ErrorKind::Unreachable, format!("qubesd gave no answer. {found}"));
    }
    with_sentence(error, found)
}

/// How the qube runs; `None` = there is none of this name.
async fn power<H: Hypervisor>(hypervisor: &H, qube: &QubeName) -> Result<Option<PowerState>, Error> {
    let ScopeReply::Qubes(qubes) = hypervisor.read(&Scope::Qubes).await? else {
        return Err(foreign_reply());
    };
    Ok(qubes.into_iter().find(|there| there.name == *qube).map(|there| there.state))
}

async fn read_assigned<H: Hypervisor>(hypervisor: &H, scope: &Scope) -> Result<Vec<Assignment>, Error> {
    match hypervisor.read(scope).await? {
        ScopeReply::Assigned(stored) => Ok(stored),
        _ => Err(foreign_reply()),
    }
}

#[cfg(test)]
mod tests;
