//! Stored assignments of one device to one qube, read right before they are dropped.
//!
//! The mirror does not know those of every qube that is off, so it is not asked.

use device_core::command;
use device_core::error::{Error, ErrorKind};
use device_core::hypervisor::Hypervisor;
use device_core::name::{DeviceRef, QubeName};
use device_core::scope::{Scope, ScopeReply};

/// Drops every stored assignment to `qube` that means `device`.
///
/// # Errors
/// `NotFound` when there is none, or what the hypervisor answers; those before a failed one are dropped.
pub(super) async fn unassign<H: Hypervisor>(
    hypervisor: &H,
    device: &DeviceRef,
    qube: &QubeName,
) -> Result<(), Error> {
    let scope = Scope::Assigned(qube.clone(), device.port.class.clone());
    let ScopeReply::Assigned(stored) = hypervisor.read(&scope).await? else {
        return Err(Error::new(ErrorKind::Malformed, "The list of assignments came as another list."));
    };
    let mut dropped = 0;
    for assignment in stored.iter().filter(|stored| stored.covers(&device.port, &device.id)) {
        command::unassign(hypervisor, assignment).await?;
        dropped += 1;
    }
    if dropped == 0 {
        let text = format!("{} is not assigned to {qube}.", device.port);
        return Err(Error::new(ErrorKind::NotFound, text));
    }
    Ok(())
}
