//! May this device be attached to that qube, and if not, why: one function, one enum of reasons.
//!
//! Pure: a menu asks it for each row, a command asks it again right before the call. The hypervisor has the last
//! word; these rules are stricter where it would let data be lost.

mod related;
pub mod storing;

pub use related::{Related, Relative, related_in_use};

use std::fmt;

use crate::device::{Device, Presence};
use crate::error::{Error, ErrorKind};
use crate::machine::Machine;
use crate::name::{DeviceClass, QubeName};
use crate::qube::{Qube, QubeClass};

/// Why a device may not be attached to a qube.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// There is no such qube.
    UnknownQube(QubeName),
    /// It is on another machine and takes no devices.
    RemoteQube(QubeName),
    /// dom0 takes no devices: it would give the device control over everything.
    AdminQube,
    /// The qube exposes this very device.
    OwnBackend(QubeName),
    /// The qube does not run.
    NotRunning(QubeName),
    /// USB devices can't be attached to a paused qube.
    Paused(QubeName),
    /// Its deny list names this kind of device.
    DenyList(QubeName),
    /// The device was pulled out.
    Removed,
    /// It is attached to this qube already.
    AlreadyThere(QubeName),
    /// The disk that this is a part of, or a part of this disk, is in use.
    RelatedInUse(Relative),
    /// PCI devices are assigned while the qube is off, not attached.
    PciNeedsAssignment,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownQube(qube) => write!(f, "There is no qube {qube}."),
            Self::RemoteQube(qube) => write!(f, "{qube} is on another machine and takes no devices."),
            Self::AdminQube => f.write_str("dom0 takes no devices."),
            Self::OwnBackend(qube) => write!(f, "{qube} is the qube that this device comes from."),
            Self::NotRunning(qube) => write!(f, "{qube} is not running. Start it first."),
            Self::Paused(qube) => write!(f, "{qube} is paused. Unpause it first."),
            Self::DenyList(qube) => {
                write!(f, "Blocked by policy: the deny list of {qube} names this kind of device.")
            }
            Self::Removed => f.write_str("The device was pulled out."),
            Self::AlreadyThere(qube) => write!(f, "The device is attached to {qube} already."),
            Self::RelatedInUse(Relative { port, holder, is_certain }) => {
                let is = if *is_certain { "is" } else { "may be" };
                write!(
                    f,
                    "{port} {is} a part of the same disk and is in use in {holder}. Detach it there first."
                )
            }
            Self::PciNeedsAssignment => {
                f.write_str("PCI devices cannot be attached to a running qube. Assign them while it is off.")
            }
        }
    }
}

impl Refusal {
    /// The kind of error this refusal is.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::UnknownQube(_) => ErrorKind::NotFound,
            Self::NotRunning(_) | Self::Paused(_) => ErrorKind::NotRunning,
            Self::DenyList(_) => ErrorKind::Denied,
            Self::AlreadyThere(_) => ErrorKind::AlreadyAttached,
            Self::RelatedInUse(_) => ErrorKind::Busy,
            Self::RemoteQube(_) | Self::PciNeedsAssignment => ErrorKind::Unsupported,
            Self::AdminQube | Self::OwnBackend(_) | Self::Removed => ErrorKind::Refused,
        }
    }
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        Self::new(refusal.kind(), refusal.to_string())
    }
}

/// Whether `device` may be attached to `frontend`. Being attached elsewhere is no refusal here: it can be moved.
///
/// # Errors
/// The first reason against it.
pub fn may_attach(machine: &Machine, device: &Device, frontend: &QubeName) -> Result<(), Refusal> {
    may_attach_unless_related(machine, device, frontend)?;
    match related_in_use(machine, device) {
        Some(relative) => Err(Refusal::RelatedInUse(relative)),
        None => Ok(()),
    }
}

/// As [`may_attach`], but for [`related_in_use`]: that is the same for every qube and takes a look at every device, so
/// whoever asks of many qubes asks that once.
///
/// # Errors
/// The first reason against it.
pub fn may_attach_unless_related(
    machine: &Machine,
    device: &Device,
    frontend: &QubeName,
) -> Result<(), Refusal> {
    let qube = machine.qubes.get(frontend).ok_or_else(|| Refusal::UnknownQube(frontend.clone()))?;
    let port = device.port();
    if device.presence == Presence::Removed {
        return Err(Refusal::Removed);
    }
    if port.class == DeviceClass::Pci {
        return Err(Refusal::PciNeedsAssignment);
    }
    if port.backend == *frontend {
        return Err(Refusal::OwnBackend(frontend.clone()));
    }
    may_hold(qube, device)?;
    if device.attachments.contains_key(frontend) {
        return Err(Refusal::AlreadyThere(frontend.clone()));
    }
    Ok(())
}

/// What of the qube itself speaks against it.
fn may_hold(qube: &Qube, device: &Device) -> Result<(), Refusal> {
    let name = || qube.name.clone();
    match qube.class {
        QubeClass::Admin => return Err(Refusal::AdminQube),
        QubeClass::Remote => return Err(Refusal::RemoteQube(name())),
        _ => {}
    }
    if !qube.is_running() {
        return Err(Refusal::NotRunning(name()));
    }
    if qube.state == crate::qube::PowerState::Paused && device.port().class == DeviceClass::Usb {
        return Err(Refusal::Paused(name()));
    }
    if qube.denies(&device.info.interfaces) {
        return Err(Refusal::DenyList(name()));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
