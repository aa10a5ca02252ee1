//! What is looked at before and after a command: the device itself, what it is related to, and where it ended up.

use std::sync::Arc;

use super::outcome::foreign_reply;
use crate::assignment::{Attachment, Options};
use crate::device::{Device, DeviceInfo, Presence};
use crate::error::{Error, ErrorKind};
use crate::hypervisor::Hypervisor;
use crate::machine::{Change, Machine};
use crate::name::{DeviceClass, DeviceRef, QubeName};
use crate::qube::{PowerState, Qube, QubeClass};
use crate::rules::{self, Refusal};
use crate::scope::{Scope, ScopeReply};
use crate::text::ended;

/// All devices of the class at the device's backend: the device itself, and what it is related to.
pub(super) async fn read_exposed<H: Hypervisor>(
    hypervisor: &H,
    device: &DeviceRef,
) -> Result<Vec<DeviceInfo>, Error> {
    let scope = Scope::Exposed(device.port.backend.clone(), device.port.class.clone());
    match hypervisor.read(&scope).await? {
        ScopeReply::Exposed(devices) => Ok(devices),
        _ => Err(foreign_reply()),
    }
}

/// How a device can have come by another name than the one that it is asked for under.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Since {
    /// A person saw it, whenever that was.
    Seen,
    /// This very command detached it a moment ago.
    Detached,
}

/// The device among those that were just read, as it is called now: another one on its port refuses.
///
/// While a partition is in use its backend does not list the disk, and the server calls all partitions of it by ids that
/// leave the disk open. Whether such a one is the one that was seen tells the stick: it has to be there still. The other
/// way round nothing tells: who saw it while the disk was left open does not know on which stick it was.
pub(super) async fn recognised<H: Hypervisor>(
    hypervisor: &H,
    exposed: &[DeviceInfo],
    device: &DeviceRef,
    since: Since,
) -> Result<DeviceInfo, Error> {
    let present =
        exposed.iter().find(|info| info.port == device.port).ok_or_else(|| Error::gone(&device.port))?;
    let is_same = device.id == present.id
        || since == Since::Detached && device.id.becomes(&present.id)
        || present.id.becomes(&device.id) && is_stick_there(hypervisor, device).await?;
    if is_same { Ok(present.clone()) } else { Err(Error::changed(&device.port)) }
}

/// Whether the stick that this partition's id names is plugged in; so is what names none, such as a disk of dom0.
async fn is_stick_there<H: Hypervisor>(hypervisor: &H, part: &DeviceRef) -> Result<bool, Error> {
    if !part.id.names_whole() {
        return Ok(true);
    }
    let scope = Scope::Exposed(part.port.backend.clone(), DeviceClass::Usb);
    match hypervisor.read(&scope).await? {
        ScopeReply::Exposed(sticks) => Ok(sticks.iter().any(|stick| part.id.is_part_of(&stick.id))),
        _ => Err(foreign_reply()),
    }
}

/// That the device is another one now, or gone: a server that was asked for the one that was seen refuses then, in words
/// that name another reason.
pub(super) async fn swapped<H: Hypervisor>(hypervisor: &H, device: &DeviceRef) -> Option<Error> {
    let exposed = read_exposed(hypervisor, device).await.ok()?;
    recognised(hypervisor, &exposed, device, Since::Seen).await.err()
}

/// As [`read_exposed`], with the device itself among them: the one that was seen, and held by nobody who excludes others.
/// Tells what it is called now as well.
pub(super) async fn read_free<H: Hypervisor>(
    hypervisor: &H,
    device: &DeviceRef,
    since: Since,
) -> Result<(Vec<DeviceInfo>, DeviceRef), Error> {
    let exposed = read_exposed(hypervisor, device).await?;
    let seen = recognised(hypervisor, &exposed, device, since).await?;
    match seen.holder.as_ref().filter(|_| !device.port.class.is_shareable()) {
        Some(holder) => Err(Error::already_attached(&device.port, holder)),
        None => Ok((exposed, seen.to_ref())),
    }
}

/// Asks the rules on the mirror with the backend's list as it was just read. `leaving` = the holder it will leave.
pub(super) fn ask_rules(
    machine: &Machine,
    exposed: Vec<DeviceInfo>,
    device: &DeviceRef,
    frontend: &QubeName,
    leaving: Option<&QubeName>,
) -> Result<(), Refusal> {
    let mut machine = machine.clone();
    for mut info in exposed {
        let known = machine.devices.get(&info.port);
        info.grandparent = known.and_then(|known| known.info.grandparent.clone());
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
pub(super) fn with_disposable(machine: &Machine, name: &QubeName) -> Machine {
    let mut machine = machine.clone();
    machine.apply(Change::Qube(Arc::new(Qube {
        name: name.clone(),
        class: QubeClass::Disposable,
        state: PowerState::Running,
        details: None,
    })));
    machine
}

/// How it is instead, where a device is not attached as it should be.
pub(super) enum Astray {
    /// It is not attached there.
    Absent,
    /// Another one had taken its place; what became of that.
    Taken(Error),
    /// It can't be read.
    Unread(Error),
}

/// Reads back whether the device is where it should be. Another one in its place is taken out again.
pub(super) async fn look_attached<H: Hypervisor>(
    hypervisor: &H,
    device: &DeviceRef,
    frontend: &QubeName,
) -> Result<(), Astray> {
    // `Attached` of USB makes the server look at every qube; what the backend tells is cheaper. Of the
    // microphone, and on an older server, no backend tells.
    if !hypervisor.names_holder(&device.port.class) {
        let there = find_attachment(hypervisor, device, frontend).await.map_err(Astray::Unread)?;
        return there.map(drop).ok_or(Astray::Absent);
    }
    let exposed = read_exposed(hypervisor, device).await.map_err(Astray::Unread)?;
    let present = exposed.iter().find(|info| info.port == device.port).ok_or(Astray::Absent)?;
    match (&present.holder, present.id.agrees_with(&device.id)) {
        (Some(holder), true) if holder == frontend => Ok(()),
        (Some(holder), false) if holder == frontend => {
            Err(Astray::Taken(match super::detach(hypervisor, &present.to_ref(), frontend).await {
                Ok(()) => Error::changed(&device.port),
                // Not `Changed`: of that the manual says that nothing has happened.
                Err(second) => Error::new(
                    ErrorKind::Refused,
                    format!(
                        "Another device is on {} now; it was attached to {frontend} and could not be taken out again: {}",
                        device.port,
                        ended(second.sentence())
                    ),
                ),
            }))
        }
        _ => Err(Astray::Absent),
    }
}

/// The attachment of exactly this device to this qube.
pub(super) async fn attached_exactly<H: Hypervisor>(
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
    if !found.device.id.agrees_with(&device.id) {
        return Err(Error::changed(&device.port));
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

pub(super) async fn find_attachment<H: Hypervisor>(
    hypervisor: &H,
    device: &DeviceRef,
    frontend: &QubeName,
) -> Result<Option<Attachment>, Error> {
    let attachments = read_attached(hypervisor, device, frontend).await?;
    let is_it = |held: &Attachment| held.device.port == device.port && held.device.id.agrees_with(&device.id);
    Ok(attachments.into_iter().find(is_it))
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
