//! What a refusal in words leaves of an assignment.
//!
//! The real server stores before it checks, and what it refused stays in its list and is saved with the next change. So
//! behind a refusal the list is read, and before a call that may be refused so as well: then what came into it by that
//! call is taken out again.
//!
//! # Source
//! Measured facts 9.

use super::{is_unclear, stored_as};
use crate::assignment::Assignment;
use crate::error::{Error, ErrorKind};
use crate::hypervisor::{Action, Hypervisor};
use crate::name::DeviceClass;

/// How it is stored after the server did not say yes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Left {
    /// It is not, or not any more.
    Nothing,
    /// It was before; the call changed nothing.
    Earlier,
    /// It is, and could not be taken out again for this reason.
    Stays(Error),
    /// It is, and may have been before.
    Stored,
    /// The server refused, and what it has stored can't be read.
    Unread,
    /// The server gave no whole answer; only a look tells.
    Open,
}

/// Asks the server to store an assignment.
///
/// # Errors
/// What the hypervisor answers, and how it is stored now.
pub async fn store<H: Hypervisor>(hypervisor: &H, wanted: &Assignment) -> Result<(), (Error, Left)> {
    let before =
        if is_checked_late(wanted) { found(stored_as(hypervisor, wanted).await) } else { Place::Unread };
    let Err(error) = hypervisor.perform(&Action::Assign(wanted.clone())).await else { return Ok(()) };
    let left = match before {
        _ if is_unclear(&error) => Left::Open,
        Place::Taken(_) => Left::Earlier,
        _ if is_stored_already(&error) => Left::Earlier,
        _ if is_said_before_storing(&error) => Left::Nothing,
        before => match found(stored_as(hypervisor, wanted).await) {
            // Another one in its place is somebody else's.
            Place::Taken(now) if (now.mode, &now.options) != (wanted.mode, &wanted.options) => Left::Earlier,
            Place::Taken(now) if before == Place::Free => take_out(hypervisor, &now).await,
            Place::Taken(_) => Left::Stored,
            Place::Unread if is_checked_late(wanted) => Left::Unread,
            Place::Free | Place::Unread => Left::Nothing,
        },
    };
    Err((error, left))
}

/// Whether a server may refuse it when it is stored already: options are checked that late, and nobody knows what an extension
/// checks. Of disks and PCI devices none is checked.
///
/// # Source
/// Admin API facts 5.
fn is_checked_late(wanted: &Assignment) -> bool {
    match wanted.class {
        DeviceClass::Block | DeviceClass::Pci => false,
        DeviceClass::Usb | DeviceClass::Mic => !wanted.options.is_empty(),
        DeviceClass::Extension(_) => true,
    }
}

/// Takes out what was stored by the refused call.
async fn take_out<H: Hypervisor>(hypervisor: &H, stored: &Assignment) -> Left {
    let Err(error) = hypervisor.perform(&Action::Unassign(stored.clone())).await else {
        return Left::Nothing;
    };
    match found(stored_as(hypervisor, stored).await) {
        Place::Free => Left::Nothing,
        Place::Taken(_) | Place::Unread => Left::Stays(error),
    }
}

/// What is stored where an assignment would go.
#[derive(Debug, PartialEq, Eq)]
enum Place {
    Taken(Assignment),
    Free,
    /// It can't be read, or was not.
    Unread,
}

/// A qube that is not there has nothing.
fn found(read: Result<Option<Assignment>, Error>) -> Place {
    match read {
        Ok(Some(stored)) => Place::Taken(stored),
        Ok(None) => Place::Free,
        Err(error) if error.kind() == ErrorKind::NotFound => Place::Free,
        Err(_) => Place::Unread,
    }
}

/// Whether a policy kept it from the server, or the qube does not exist: that is said before anything is stored.
fn is_said_before_storing(error: &Error) -> bool {
    error.kind() == ErrorKind::Denied || is_of(error, "QubesVMNotFoundError")
}

fn is_stored_already(error: &Error) -> bool {
    is_of(error, "DeviceAlreadyAssigned")
}

fn is_of(error: &Error, class: &str) -> bool {
    error.server().is_some_and(|server| server.class == class)
}
