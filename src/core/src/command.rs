//! Commands: checked at commit, carried out, verified after.
//!
//! Each names the device that the person saw. Right before the call the device is read again; another id on the
//! port refuses. After the reply it is read once more; what is not as wished is undone and told.
//! The mirror is not touched here: it learns of the outcome as of any other change.

use std::sync::Arc;

use crate::assignment::{Assignment, Attachment, Options};
use crate::device::{Device, DeviceInfo, Presence};
use crate::error::{Error, ErrorKind};
use crate::hypervisor::{Action, Hypervisor, Performed};
use crate::machine::{Change, Machine};
use crate::name::{DeviceRef, QubeName};
use crate::qube::{PowerState, Qube, QubeClass};
use crate::rules::{self, Refusal};
use crate::scope::{Scope, ScopeReply};

/// Attaches `device` to `frontend`.
///
/// With a `machine` the [`rules`] are asked as well; a caller that mirrors nothing leaves them to the hypervisor.
///
/// # Errors
/// `Changed` when another device is on the port, `AlreadyAttached`, a [`Refusal`], or what the hypervisor answers.
pub async fn attach<H: Hypervisor>(
    hypervisor: &H,
    machine: Option<&Machine>,
    device: &DeviceRef,
    frontend: &QubeName,
    options: &Options,
) -> Result<(), Error> {
    let exposed = read_exposed(hypervisor, device).await?;
    let seen = same_device(&exposed, device)?;
    if let Some(holder) = seen.holder.as_ref().filter(|_| !device.port.class.is_shareable()) {
        return Err(already_attached(device, holder));
    }
    if let Some(machine) = machine {
        ask_rules(machine, exposed.clone(), device, frontend, None)?;
    }
    let action =
        Action::Attach { device: device.clone(), frontend: frontend.clone(), options: options.clone() };
    perform(hypervisor, &action).await?;
    verify_attached(hypervisor, device, frontend).await
}

/// Detaches `device` from `frontend`.
///
/// # Errors
/// `NotFound` when it is not attached there, `Changed` when another device is, `Busy` when two devices of one port
/// name are in that qube (the hypervisor might take the wrong one), or what the hypervisor answers.
pub async fn detach<H: Hypervisor>(
    hypervisor: &H,
    device: &DeviceRef,
    frontend: &QubeName,
) -> Result<(), Error> {
    attached_exactly(hypervisor, device, frontend).await?;
    let action = Action::Detach { device: device.clone(), frontend: frontend.clone() };
    perform(hypervisor, &action).await?;
    match find_attachment(hypervisor, device, frontend).await? {
        None => Ok(()),
        Some(_) => Err(Error::new(
            ErrorKind::Busy,
            format!("qubesd reported success, but {} is still attached to {frontend}.", device.port),
        )),
    }
}

/// Moves `device` from where it is to `frontend`: detach, then attach; if that fails, it is put back.
///
/// # Errors
/// As [`attach`] and [`detach`]; after a failed attach the sentence tells where the device is now.
pub async fn move_to<H: Hypervisor>(
    hypervisor: &H,
    machine: Option<&Machine>,
    device: &DeviceRef,
    frontend: &QubeName,
    options: &Options,
) -> Result<(), Error> {
    let exposed = read_exposed(hypervisor, device).await?;
    let Some(holder) = same_device(&exposed, device)?.holder.clone() else {
        return attach(hypervisor, machine, device, frontend, options).await;
    };
    if holder == *frontend {
        return Err(already_attached(device, &holder));
    }
    if let Some(machine) = machine {
        ask_rules(machine, exposed, device, frontend, Some(&holder))?;
    }
    let before = attached_exactly(hypervisor, device, &holder).await?;
    detach(hypervisor, device, &holder).await?;
    let Err(error) = attach(hypervisor, machine, device, frontend, options).await else {
        return Ok(());
    };
    let outcome = match attach(hypervisor, None, device, &holder, &before.options).await {
        Ok(()) => format!("It is back in {holder}."),
        Err(second) => format!("It could not be put back into {holder} either: {}", second.sentence()),
    };
    Err(Error::new(error.kind(), format!("{} {outcome}", error.sentence())))
}

/// Attaches `device` to a new disposable based on `template`, and names it.
///
/// # Errors
/// As [`attach`]; on any failure the disposable is removed again.
pub async fn attach_to_new_disposable<H: Hypervisor>(
    hypervisor: &H,
    machine: Option<&Machine>,
    device: &DeviceRef,
    template: &QubeName,
    options: &Options,
) -> Result<QubeName, Error> {
    // Found out before anything is made: a device that can't go leaves no disposable behind.
    let exposed = read_exposed(hypervisor, device).await?;
    let seen = same_device(&exposed, device)?;
    if let Some(holder) = seen.holder.as_ref().filter(|_| !device.port.class.is_shareable()) {
        return Err(already_attached(device, holder));
    }
    let Performed::Created(disposable) =
        hypervisor.perform(&Action::CreateDisposable(template.clone())).await?
    else {
        return Err(Error::new(ErrorKind::Internal, "A disposable was created without a name."));
    };
    let placed = async {
        perform(hypervisor, &Action::Start(disposable.clone())).await?;
        let machine = machine.map(|machine| with_disposable(machine, &disposable));
        attach(hypervisor, machine.as_ref(), device, &disposable, options).await
    };
    match placed.await {
        Ok(()) => Ok(disposable),
        Err(error) => Err(match hypervisor.perform(&Action::Discard(disposable.clone())).await {
            Ok(_) => error,
            Err(second) => Error::new(
                error.kind(),
                format!(
                    "{} The new disposable {disposable} could not be removed: {}",
                    error.sentence(),
                    second.sentence()
                ),
            ),
        }),
    }
}

/// Stores an assignment.
///
/// # Errors
/// What the hypervisor answers.
pub async fn assign<H: Hypervisor>(hypervisor: &H, assignment: &Assignment) -> Result<(), Error> {
    perform(hypervisor, &Action::Assign(assignment.clone())).await
}

/// Drops a stored assignment.
///
/// # Errors
/// What the hypervisor answers.
pub async fn unassign<H: Hypervisor>(hypervisor: &H, assignment: &Assignment) -> Result<(), Error> {
    perform(hypervisor, &Action::Unassign(assignment.clone())).await
}

/// Starts a qube and waits until it runs.
///
/// # Errors
/// What the hypervisor answers.
pub async fn start<H: Hypervisor>(hypervisor: &H, qube: &QubeName) -> Result<(), Error> {
    perform(hypervisor, &Action::Start(qube.clone())).await
}

/// Asks a qube to shut down; does not wait until it did.
///
/// # Errors
/// What the hypervisor answers.
pub async fn shutdown<H: Hypervisor>(hypervisor: &H, qube: &QubeName) -> Result<(), Error> {
    perform(hypervisor, &Action::Shutdown(qube.clone())).await
}

/// Carries out an action. A link that breaks meanwhile leaves the outcome open, and the sentence says so.
async fn perform<H: Hypervisor>(hypervisor: &H, action: &Action) -> Result<(), Error> {
    hypervisor.perform(action).await.map(drop).map_err(|error| match error.kind() {
        ErrorKind::Unreachable | ErrorKind::Malformed => Error::new(
            error.kind(),
            format!("{} Whether the command was carried out is not known; look again.", error.sentence()),
        ),
        _ => error,
    })
}

/// All devices of the class at the device's backend: the device itself, and what it is related to.
async fn read_exposed<H: Hypervisor>(hypervisor: &H, device: &DeviceRef) -> Result<Vec<DeviceInfo>, Error> {
    let scope = Scope::Exposed(device.port.backend.clone(), device.port.class.clone());
    match hypervisor.read(&scope).await? {
        ScopeReply::Exposed(devices) => Ok(devices),
        _ => Err(foreign_reply()),
    }
}

fn same_device<'a>(exposed: &'a [DeviceInfo], device: &DeviceRef) -> Result<&'a DeviceInfo, Error> {
    let present = exposed
        .iter()
        .find(|info| info.port == device.port)
        .ok_or_else(|| Error::new(ErrorKind::NotFound, format!("{} is not there any more.", device.port)))?;
    if present.id == device.id { Ok(present) } else { Err(changed(device)) }
}

/// Asks the rules on the mirror with the backend's list as it was just read. `leaving` = the holder it will leave.
fn ask_rules(
    machine: &Machine,
    exposed: Vec<DeviceInfo>,
    device: &DeviceRef,
    frontend: &QubeName,
    leaving: Option<&QubeName>,
) -> Result<(), Refusal> {
    let mut machine = machine.clone();
    for info in exposed {
        let known = machine.devices.get(&info.port);
        let mut attachments = known.map(|known| known.attachments.clone()).unwrap_or_default();
        if !info.port.class.is_shareable() {
            attachments = info.holder.iter().map(|holder| (holder.clone(), Options::new())).collect();
        }
        let device = Device { info, presence: Presence::Present, attachments, assignments: Vec::new() };
        machine.apply(Change::Device(Arc::new(device)));
    }
    let Some(found) = machine.devices.get(&device.port) else {
        return Err(Refusal::Removed);
    };
    let mut found = Device::clone(found);
    if let Some(leaving) = leaving {
        found.attachments.remove(leaving);
    }
    rules::may_attach(&machine, &found, frontend)
}

/// The machine with a disposable in it that the mirror has not seen yet.
fn with_disposable(machine: &Machine, name: &QubeName) -> Machine {
    let mut machine = machine.clone();
    machine.apply(Change::Qube(Arc::new(Qube {
        name: name.clone(),
        class: QubeClass::Disposable,
        state: PowerState::Running,
        details: None,
    })));
    machine
}

/// Reads back whether the device is where it should be. Another one in its place is taken out again.
async fn verify_attached<H: Hypervisor>(
    hypervisor: &H,
    device: &DeviceRef,
    frontend: &QubeName,
) -> Result<(), Error> {
    let not_there = || {
        let text = format!("qubesd reported success, but {} is not attached to {frontend}.", device.port);
        Error::new(ErrorKind::Refused, text)
    };
    // `Attached` of USB makes the server look at every qube; what the backend tells is cheaper. The microphone's
    // backend tells nothing.
    if device.port.class.is_shareable() {
        let there = find_attachment(hypervisor, device, frontend).await?;
        return there.map(drop).ok_or_else(not_there);
    }
    let exposed = read_exposed(hypervisor, device).await?;
    let Some(present) = exposed.iter().find(|info| info.port == device.port) else {
        return Err(not_there());
    };
    match (&present.holder, present.id == device.id) {
        (Some(holder), true) if holder == frontend => Ok(()),
        (Some(holder), false) if holder == frontend => {
            let wrong = Action::Detach { device: present.to_ref(), frontend: frontend.clone() };
            hypervisor.perform(&wrong).await?;
            Err(changed(device))
        }
        _ => Err(not_there()),
    }
}

/// The attachment of exactly this device to this qube.
async fn attached_exactly<H: Hypervisor>(
    hypervisor: &H,
    device: &DeviceRef,
    frontend: &QubeName,
) -> Result<Attachment, Error> {
    let attachments = read_attached(hypervisor, device, frontend).await?;
    let namesakes =
        attachments.iter().filter(|attachment| attachment.device.port.id == device.port.id).count();
    let found = attachments.into_iter().find(|attachment| attachment.device.port == device.port);
    let found = found.ok_or_else(|| {
        Error::new(ErrorKind::NotFound, format!("{} is not attached to {frontend}.", device.port))
    })?;
    if found.device.id != device.id {
        return Err(changed(device));
    }
    // The server looks at the port id only (measured facts 8).
    if namesakes > 1 {
        return Err(Error::new(
            ErrorKind::Busy,
            format!(
                "Two devices called {} are attached to {frontend}, and qubesd could detach the wrong one. \
                 Detach the other one by shutting {frontend} down.",
                device.port.id
            ),
        ));
    }
    Ok(found)
}

async fn find_attachment<H: Hypervisor>(
    hypervisor: &H,
    device: &DeviceRef,
    frontend: &QubeName,
) -> Result<Option<Attachment>, Error> {
    let attachments = read_attached(hypervisor, device, frontend).await?;
    Ok(attachments.into_iter().find(|attachment| attachment.device == *device))
}

async fn read_attached<H: Hypervisor>(
    hypervisor: &H,
    device: &DeviceRef,
    frontend: &QubeName,
) -> Result<Vec<Attachment>, Error> {
    let scope = Scope::Attached(frontend.clone(), device.port.class.clone());
    match hypervisor.read(&scope).await? {
        ScopeReply::Attached(attachments) => Ok(attachments),
        _ => Err(foreign_reply()),
    }
}

fn already_attached(device: &DeviceRef, holder: &QubeName) -> Error {
    Error::new(ErrorKind::AlreadyAttached, format!("{} is attached to {holder} already.", device.port))
}

fn changed(device: &DeviceRef) -> Error {
    Error::new(
        ErrorKind::Changed,
        format!("The device on {} changed. Look again before you choose.", device.port),
    )
}

fn foreign_reply() -> Error {
    Error::new(ErrorKind::Internal, "A reply of another kind than its scope was given.")
}

#[cfg(test)]
mod tests;
