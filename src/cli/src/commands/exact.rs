//! The attachment of exactly one device, for every command that makes one.

use device_core::assignment::Assignment;
use device_core::command;
use device_core::device::DeviceInfo;
use device_core::name::{DeviceRef, QubeName};
use device_core::patience::look_until;

use super::aftermath::{self, Wish};
use super::target;
use crate::failure::Failure;
use crate::session::Session;
use crate::shown::ended;

/// PCI devices come with the start of a qube.
pub(super) fn not_by_hand() -> Failure {
    let text = "PCI devices cannot be attached manually, did you mean `qvm-pci assign --required ...`";
    Failure::Refused(text.into())
}

/// Attaches as `assignment` says, and looks whether it is so.
pub(super) async fn attach(
    session: &mut Session<'_>,
    device: &DeviceRef,
    assignment: &Assignment,
) -> Result<(), Failure> {
    let frontend = &assignment.frontend;
    match session.errand.client.attach_as(assignment).await {
        Ok(()) => verify(session, device, frontend).await,
        Err(error) => Err(aftermath::failed(session, Wish::Attached(&device.port, frontend), error).await),
    }
}

/// Looks at the port again. Another device there than the one that was named is taken out again.
///
/// Two reads must agree before we contradict the server: the backend tells who holds the port, the holder tells what
/// it holds. A read that is refused contradicts nothing.
pub(super) async fn verify(
    session: &Session<'_>,
    device: &DeviceRef,
    frontend: &QubeName,
) -> Result<(), Failure> {
    let backend_tells = !device.port.class.is_dom0_only() && device.id.is_told();
    let is_there = |present: &DeviceInfo| present.holder.as_ref() == Some(frontend);
    if backend_tells
        && let Ok(Some(present)) = look_until(
            || session.errand.client.exposed_on(&device.port),
            |found| !matches!(found, Ok(Some(present)) if !is_there(present)),
        )
        .await
        && is_there(&present)
    {
        // Of a partition that was just attached the disk is not listed any more, and its id leaves that open.
        if present.id.agrees_with(&device.id) {
            return Ok(());
        }
        let text = target::changed(device);
        return Err(Failure::Refused(
            match command::detach(&session.errand.client, &present.to_ref(), frontend).await {
                Ok(()) => text,
                Err(error) => format!(
                    "{text} The wrong one is attached to {frontend} and could not be detached: {}",
                    ended(error.sentence())
                ),
            },
        ));
    }
    match session.errand.client.attached_on(&device.port, frontend).await {
        Ok(None) => Err(Failure::Refused(format!(
            "qubesd reported success, but {} is not attached to {frontend}.",
            device.port
        ))),
        Ok(Some(_)) | Err(_) => Ok(()),
    }
}
