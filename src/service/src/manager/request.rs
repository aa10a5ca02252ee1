//! What a caller of a command wrote, checked: the one border between bus and command.

use device_bus::{options, path};
use device_core::assignment::Mode;
use device_core::error::{Error, ErrorKind};
use device_core::machine::Machine;
use device_core::mark::Mark;
use device_core::name::{DeviceId, DeviceRef, QubeName};
use zbus::zvariant::ObjectPath;

/// The id that means any device. A command means one.
const ANY: &str = "*";

/// The device at `path`, of which the person saw this id.
///
/// # Errors
/// `NotFound` for a path that can be no device's, `Refused` for an id that is none.
pub(super) fn device(path: &ObjectPath<'_>, id: &str) -> Result<DeviceRef, Error> {
    let port = path::to_port(path)
        .ok_or_else(|| Error::new(ErrorKind::NotFound, format!("There is no device at {path}.")))?;
    if id == ANY {
        return Err(Error::new(ErrorKind::Refused, "A command is for one device: its id cannot be *."));
    }
    let id = DeviceId::new(id).map_err(|why| refused(&why))?;
    Ok(DeviceRef { port, id })
}

/// The qube of this name.
///
/// # Errors
/// `Refused` for what can be no name.
pub(super) fn qube(name: &str) -> Result<QubeName, Error> {
    QubeName::new(name).map_err(|why| refused(&why))
}

/// The mark of this word.
///
/// # Errors
/// `Refused` for what is no mark.
pub(super) fn mark(word: &str) -> Result<Mark, Error> {
    options::mark(word)
        .ok_or_else(|| Error::new(ErrorKind::Refused, "The mark has to be hide-children or with-microphone."))
}

/// The mode of a new assignment.
///
/// # Errors
/// `Refused` for `manual`, which is no assignment, and for what is no mode.
pub(super) fn mode(word: &str) -> Result<Mode, Error> {
    Mode::new(word).filter(|mode| *mode != Mode::Manual).ok_or_else(|| {
        Error::new(ErrorKind::Refused, "The mode has to be auto-attach, ask-to-attach or required.")
    })
}

/// The device as the mirror calls it, if it is the one that the person saw: that may tell the disk of a partition, which was
/// left open when they saw it.
///
/// # Errors
/// `NotFound` when nothing is on that port, `Changed` when another device is.
pub(super) fn seen(machine: &Machine, device: DeviceRef) -> Result<DeviceRef, Error> {
    let port = &device.port;
    let known = machine
        .devices
        .get(port)
        .ok_or_else(|| Error::new(ErrorKind::NotFound, format!("There is no device on {port}.")))?;
    if device.id.becomes(&known.info.id) {
        Ok(known.info.to_ref())
    } else if known.info.id.agrees_with(&device.id) {
        Ok(device)
    } else {
        Err(another(&device))
    }
}

/// As [`seen`], for what is to be stored: whoever saw a partition without its disk does not know which disk they name.
///
/// # Errors
/// As [`seen`].
pub(super) fn seen_whole(machine: &Machine, device: &DeviceRef) -> Result<DeviceRef, Error> {
    let known = seen(machine, device.clone())?;
    if known == *device { Ok(known) } else { Err(another(device)) }
}

fn another(device: &DeviceRef) -> Error {
    let text = format!("Another device is on {} than the one that was seen; look again.", device.port);
    Error::new(ErrorKind::Changed, text)
}

fn refused(why: &device_core::name::NameError) -> Error {
    Error::new(ErrorKind::Refused, format!("Nothing was done: {why}."))
}
