//! `attach --persistent`: attached now, and required from the next start on.

use device_core::assignment::{Assignment, Mode, Options};
use device_core::command;
use device_core::error::ErrorKind;
use device_core::name::{DeviceClass, DeviceRef, QubeName};
use device_core::rules::storing;

use super::aftermath::{self, Wish};
use super::exact;
use crate::failure::Failure;
use crate::json;
use crate::session::Session;
use crate::shown::ended;

/// Attaches and assigns. That attaching fails is no failure: the qube
/// may be off. A server before R4.3 does both in one. Assigning is checked first as far as it can be, so that a sure refusal leaves nothing attached.
///
/// # Errors
/// When it could not be assigned: then it is not attached either, or the sentence says so.
pub(super) async fn attach(
    session: &mut Session<'_>,
    device: &DeviceRef,
    frontend: &QubeName,
    options: Options,
) -> Result<(), Failure> {
    if session.is_older().await {
        let assignment = Assignment::exactly(device, frontend, Mode::Required, options);
        exact::attach(session, device, &assignment).await?;
        return session.errand.report(|| json::change("attach", &assignment));
    }
    let assignment = Assignment::exactly(device, frontend, Mode::Required, options);
    let against = storing::against_mode(&session.class, assignment.mode);
    if let Some(text) = against.or_else(|| storing::against_id(&assignment)) {
        return Err(session.errand.explain(frontend, Failure::Refused(text)).await);
    }
    // The real server takes a PCI device only at the start of a qube.
    let is_attached = session.class != DeviceClass::Pci && attach_now(session, device, &assignment).await?;
    let Err((is_stored, failure)) = aftermath::assign(session, &assignment).await else {
        if is_attached {
            session.errand.report(|| json::change("attach", &assignment))?;
        }
        return session.errand.report(|| json::change("assign", &assignment));
    };
    match (is_attached, is_stored) {
        (false, _) => Err(failure),
        (true, Some(false)) => Err(take_back(session, device, frontend, failure).await),
        // It is stored, or may be: then the device is where it shall be.
        (true, _) => Err(aftermath::with(failure, &format!("{} is attached to {frontend}.", device.port))),
    }
}

/// Whether it is attached now. A refusal is no failure.
///
/// # Errors
/// When it is not known where the device is, or another one was taken for it: then nothing more is done.
async fn attach_now(
    session: &mut Session<'_>,
    device: &DeviceRef,
    assignment: &Assignment,
) -> Result<bool, Failure> {
    let frontend = &assignment.frontend;
    if let Err(error) = session.errand.client.attach_as(assignment).await {
        match aftermath::look(session, &Wish::Attached(&device.port, frontend), error).await {
            (Some(true), _) => {}
            (Some(false), _) => return Ok(false),
            (None, failure) => return Err(failure),
        }
    }
    exact::verify(session, device, frontend).await?;
    Ok(true)
}

/// Detaches what was attached for nothing, and says where that is not so.
async fn take_back(
    session: &mut Session<'_>,
    device: &DeviceRef,
    frontend: &QubeName,
    failure: Failure,
) -> Failure {
    let client = session.errand.client.clone();
    let error = match command::detach(&client, device, frontend).await {
        Ok(()) => return failure,
        // Somebody else did.
        Err(error) if error.kind() == ErrorKind::NotFound => return failure,
        Err(error) => error,
    };
    let why = ended(error.sentence());
    match aftermath::look(session, &Wish::Detached(&device.port, frontend), error).await.0 {
        Some(true) => failure,
        Some(false) => aftermath::with(failure, &format!("The device stays attached to {frontend}: {why}")),
        None => aftermath::with(
            failure,
            &format!("Whether the device is still attached to {frontend} is not known; look again."),
        ),
    }
}
