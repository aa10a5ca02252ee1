//! What one object of the tree tells, checked: a device, a qube, or nothing of ours.

use device_core::device::Device;
use device_core::name::{Port, QubeName};
use device_core::qube::Qube;
use zbus::zvariant::ObjectPath;

use crate::device::{DeviceProperties, PluggedIn};
use crate::names::{DEVICE, QUBE};
use crate::path;
use crate::property::{Incoming, ShapeError};
use crate::qube::QubeProperties;

/// What an object tells.
pub(super) enum Told {
    /// It is this device.
    Device(Device, PluggedIn),
    /// It is this qube.
    Qube(Qube),
}

/// What an object is, by its path and one of its interfaces.
pub(super) enum Place {
    /// A device on this port.
    Device(Port),
    /// This qube.
    Qube(QubeName),
}

impl Place {
    /// What stands at `path` with `interface`; `None` when it is nothing of ours.
    pub(super) fn of(path: &ObjectPath<'_>, interface: &str) -> Option<Self> {
        match interface {
            DEVICE => path::to_port(path).map(Self::Device),
            QUBE => path::to_qube(path).map(Self::Qube),
            _ => None,
        }
    }
}

/// Reads an object from all its properties; `None` when the interface is none of ours.
pub(super) fn read(
    path: &ObjectPath<'_>,
    interface: &str,
    properties: Incoming,
) -> Result<Option<Told>, ShapeError> {
    match interface {
        DEVICE => device(path, &DeviceProperties::from_incoming(properties)?).map(Some),
        QUBE => qube(path, &QubeProperties::from_incoming(properties)?).map(Some),
        _ => Ok(None),
    }
}

/// A device from its shape, which has to be that of the object at `path`.
pub(super) fn device(path: &ObjectPath<'_>, shape: &DeviceProperties) -> Result<Told, ShapeError> {
    let (device, plugged_in) = shape.to_device()?;
    if path::of_device(device.port()).as_ref() == *path {
        Ok(Told::Device(device, plugged_in))
    } else {
        Err(ShapeError::Path)
    }
}

/// A qube from its shape, which has to be that of the object at `path`.
pub(super) fn qube(path: &ObjectPath<'_>, shape: &QubeProperties) -> Result<Told, ShapeError> {
    let qube = shape.to_qube()?;
    if path::of_qube(&qube.name).as_ref() == *path {
        Ok(Told::Qube(qube))
    } else {
        Err(ShapeError::Path)
    }
}
