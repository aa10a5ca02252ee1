//! May this be stored: what no server checks, and what one checks only once it is stored.

use crate::assignment::{Assignment, Mode, Options};
use crate::error::{Error, ErrorKind};
use crate::name::{DeviceClass, DeviceId, PortId};

/// Whether a server since R4.3 should be asked to store this. One before it tells no ids, knows one mode, and takes that for
/// every class: there everything is left to it.
///
/// # Errors
/// `Unsupported` for a mode that is not for this class, `Refused` for options that it does not take, `Busy` for an id that
/// will mean no device any more.
pub fn may_store(assignment: &Assignment) -> Result<(), Error> {
    let Assignment { class, mode, options, .. } = assignment;
    if assignment.device.as_ref().is_some_and(|device| !DeviceId::is_told(device)) {
        return Ok(());
    }
    if let Some(text) = against_mode(class, *mode) {
        return Err(Error::new(ErrorKind::Unsupported, text));
    }
    if let Some(text) = against_options(class, options) {
        return Err(Error::new(ErrorKind::Refused, text));
    }
    match against_id(assignment) {
        Some(text) => Err(Error::new(ErrorKind::Busy, text)),
        None => Ok(()),
    }
}

/// Why this id must not be stored: a partition that is called so while a part of its disk is in use is called otherwise
/// when that is over, so the assignment would never mean it again, and a qube that requires it would not start.
///
/// # Source
/// Admin API facts 3.2 and 5.2.
#[must_use]
pub fn against_id(assignment: &Assignment) -> Option<String> {
    let part = assignment.device.as_ref()?.part_of_unlisted()?;
    let place = assignment.port.as_ref().map_or(part, PortId::as_str);
    let backend = &assignment.backend;
    Some(format!(
        "While a part of its disk is in use, nothing tells which disk {backend}:{place} is on. Detach that part first."
    ))
}

/// Why a device of this class must not be assigned in this mode: a qube would not start without its stick.
///
/// # Source
/// Admin API facts 6.3, client rules.
#[must_use]
pub fn against_mode(class: &DeviceClass, mode: Mode) -> Option<String> {
    match (class, mode) {
        (DeviceClass::Pci | DeviceClass::Block, Mode::Required) => None,
        (_, Mode::Required) => Some("Only pci and block devices can be assigned as required.".into()),
        (DeviceClass::Pci, _) => Some("PCI devices cannot be assigned as not required.".into()),
        (DeviceClass::Usb | DeviceClass::Block | DeviceClass::Mic, _) => None,
        (DeviceClass::Extension(class), _) => {
            Some(format!("{class} devices cannot be assigned to be automatically attached."))
        }
    }
}

/// Why an assignment of this class can't have these options, where the real server says so only when it is stored already.
///
/// # Source
/// Admin API facts 5.3 and 5.4; measured facts 9.
fn against_options(class: &DeviceClass, options: &Options) -> Option<String> {
    match class {
        DeviceClass::Usb | DeviceClass::Mic if !options.is_empty() => {
            Some(format!("An assignment of a {class} device takes no options."))
        }
        _ => None,
    }
}
