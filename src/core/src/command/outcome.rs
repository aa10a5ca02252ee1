//! What is said of a change whose end is not clear from the server's reply.
//!
//! The state is read once more, and the sentence tells how it is; only what can't be read is left open.

use std::collections::BTreeSet;

use crate::error::{Error, ErrorKind};
use crate::hypervisor::Hypervisor;
use crate::name::{DeviceRef, QubeName};
use crate::qube::QubeClass;
use crate::scope::{Scope, ScopeReply};
use crate::text::ended;

/// Whether only a look tells what came of a change: the reply broke off, or the server said nothing, as it does when it
/// refuses and when it died half-way.
pub(super) fn is_unclear(error: &Error) -> bool {
    error.leaves_open() || *error == Error::empty_reply()
}

/// Neither the reply nor a look told what came of it.
pub(super) fn unknown(error: &Error) -> Error {
    const UNKNOWN: &str = "Whether the command was carried out is not known; look again.";
    if *error == Error::empty_reply() {
        // It went away in the middle. Not `Refused`: that would say that nothing was done.
        return Error::new(ErrorKind::Unreachable, format!("qubesd gave no answer. {UNKNOWN}"));
    }
    with_sentence(error, UNKNOWN)
}

/// A look found nothing done. Silence was a refusal then; after a reply that broke off the sentence says how it is.
pub(super) fn without_effect(error: Error, now: &str) -> Error {
    if error == Error::empty_reply() { error } else { with_sentence(&error, now) }
}

/// What became of a command can't be read; that does not mean that it failed.
pub(super) fn unread(device: &DeviceRef, error: &Error) -> Error {
    with_sentence(error, &format!("Where {} is now could not be read back; look again.", device.port))
}

/// The same failure with one more sentence.
pub(super) fn with_sentence(error: &Error, more: &str) -> Error {
    Error::new(error.kind(), format!("{} {more}", ended(error.sentence())))
}

/// Every disposable there is; `None` = can't be read.
pub(super) async fn disposables<H: Hypervisor>(hypervisor: &H) -> Option<BTreeSet<QubeName>> {
    let Ok(ScopeReply::Qubes(qubes)) = hypervisor.read(&Scope::Qubes).await else { return None };
    let disposables = qubes.into_iter().filter(|qube| qube.class == QubeClass::Disposable);
    Some(disposables.map(|qube| qube.name).collect())
}

/// What to say of a new disposable whose name never came. None is removed by guess: somebody else may have made it.
pub(super) async fn perhaps_created<H: Hypervisor>(
    hypervisor: &H,
    before: Option<BTreeSet<QubeName>>,
    error: Error,
) -> Error {
    let (Some(before), Some(after)) = (before, disposables(hypervisor).await) else {
        return unknown(&error);
    };
    let new: Vec<_> = after.difference(&before).map(QubeName::as_str).collect();
    if new.is_empty() {
        return without_effect(error, "No disposable was created.");
    }
    let outcome = format!(
        "A new disposable may have been created all the same; new since then: {}. Look whether it is needed.",
        new.join(", ")
    );
    if error == Error::empty_reply() {
        return Error::new(ErrorKind::Unreachable, format!("qubesd gave no answer. {outcome}"));
    }
    with_sentence(&error, &outcome)
}

/// A hypervisor that answers one question with the reply to another is broken.
pub(super) fn foreign_reply() -> Error {
    Error::new(ErrorKind::Internal, "A reply of another kind than its scope was given.")
}
