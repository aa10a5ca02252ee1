//! A device on the bus: its properties as they travel, made of a [`Device`] and back.
//!
//! The way back checks everything. Two things do not come back as they were, because faces do not need them:
//! `DeviceInfo::holder` (the attachments say who holds it), and the order of options.

use std::collections::HashMap;
use std::time::{Duration, SystemTime};

use device_core::assignment::{Assignment, Mode};
use device_core::device::{Device, DeviceInfo, DeviceNames, Presence};
use device_core::interface::{Category, Interface};
use device_core::name::{DeviceClass, DeviceId, Port, PortId, QubeName};
use device_core::text::DisplayText;

use crate::options;
use crate::property::{ShapeError, Words, properties};

/// How "any port" and "any device" are written.
const ANY: &str = "*";

/// A stored assignment: port, device, frontend, mode, options.
pub type AssignmentShape = (String, String, String, String, Words);

/// When a device appeared, if that was while the service watched. In microseconds of the wall clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct PluggedIn(pub u64);

impl PluggedIn {
    /// It was there before.
    pub const BEFORE: Self = Self(0);

    /// It appeared at `time`.
    #[must_use]
    pub fn at(time: SystemTime) -> Self {
        let since_epoch = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Self(u64::try_from(since_epoch.as_micros()).unwrap_or(u64::MAX))
    }

    /// When it appeared; `None` when it was there before.
    #[must_use]
    pub fn time(self) -> Option<SystemTime> {
        (self != Self::BEFORE).then(|| SystemTime::UNIX_EPOCH + Duration::from_micros(self.0))
    }
}

properties! {
    /// The properties of `org.plugboard.Devices1.Device`; the manual tells what each means.
    #[expect(missing_docs, reason = "the manual, data/dbus-1/interfaces, describes each")]
    DeviceProperties {
        class: String = "Class",
        backend: String = "Backend",
        port: String = "Port",
        id: String = "Id",
        vendor: String = "Vendor",
        product: String = "Product",
        manufacturer: String = "Manufacturer",
        name: String = "Name",
        serial: String = "Serial",
        title: String = "Title",
        description: String = "Description",
        interfaces: Vec<String> = "Interfaces",
        categories: Vec<String> = "Categories",
        parent_class: String = "ParentClass",
        parent_port: String = "ParentPort",
        grandparent_class: String = "GrandparentClass",
        grandparent_port: String = "GrandparentPort",
        data: Words = "Data",
        present: bool = "Present",
        attachments: HashMap<String, Words> = "Attachments",
        assignments: Vec<AssignmentShape> = "Assignments",
        plugged_in: u64 = "PluggedIn",
    }
}

impl DeviceProperties {
    /// The properties of `device`.
    #[must_use]
    pub fn new(device: &Device, plugged_in: PluggedIn) -> Self {
        let DeviceInfo { port, id, names, interfaces, parent, grandparent, data, .. } = &device.info;
        let (parent_class, parent_port) = place(parent.as_ref());
        let (grandparent_class, grandparent_port) = place(grandparent.as_ref());
        Self {
            class: port.class.to_string(),
            backend: port.backend.to_string(),
            port: port.id.to_string(),
            id: id.to_string(),
            vendor: told(names.vendor.as_ref()),
            product: told(names.product.as_ref()),
            manufacturer: told(names.manufacturer.as_ref()),
            name: told(names.name.as_ref()),
            serial: told(names.serial.as_ref()),
            title: told(device.info.title()),
            description: device.info.description(&|_| None),
            interfaces: interfaces.iter().map(ToString::to_string).collect(),
            categories: device
                .info
                .categories()
                .into_iter()
                .map(Category::as_str)
                .map(str::to_owned)
                .collect(),
            parent_class,
            parent_port,
            grandparent_class,
            grandparent_port,
            data: data.iter().map(|(key, value)| (key.clone(), value.to_string())).collect(),
            present: device.presence == Presence::Present,
            attachments: device
                .attachments
                .iter()
                .map(|(qube, given)| (qube.to_string(), options::to_words(given)))
                .collect(),
            assignments: device.assignments.iter().map(assignment_shape).collect(),
            plugged_in: plugged_in.0,
        }
    }

    /// The device that these properties tell of, checked, and when it was plugged in.
    ///
    /// # Errors
    /// The first property that holds what it may not hold.
    pub fn to_device(&self) -> Result<(Device, PluggedIn), ShapeError> {
        let port = self.to_port()?;
        let attachments = self
            .attachments
            .iter()
            .map(|(qube, given)| {
                let qube = QubeName::new(qube).map_err(|why| ShapeError::value("Attachments", &why))?;
                Ok((qube, options::from_words(given, "Attachments")?))
            })
            .collect::<Result<_, ShapeError>>()?;
        let assignments =
            self.assignments.iter().map(|shape| assignment(shape, &port)).collect::<Result<_, _>>()?;
        let device = Device {
            info: self.to_info(port)?,
            presence: if self.present { Presence::Present } else { Presence::Removed },
            attachments,
            assignments,
        };
        Ok((device, PluggedIn(self.plugged_in)))
    }

    fn to_port(&self) -> Result<Port, ShapeError> {
        Ok(Port::new(
            QubeName::new(&self.backend).map_err(|why| ShapeError::value("Backend", &why))?,
            DeviceClass::new(&self.class).map_err(|why| ShapeError::value("Class", &why))?,
            PortId::new(&self.port).map_err(|why| ShapeError::value("Port", &why))?,
        ))
    }

    fn to_info(&self, port: Port) -> Result<DeviceInfo, ShapeError> {
        let mut interfaces: Vec<_> = self.interfaces.iter().map(|code| interface(code)).collect();
        if interfaces.is_empty() {
            interfaces.push(Interface::UNKNOWN);
        }
        Ok(DeviceInfo {
            port,
            id: DeviceId::new(&self.id).map_err(|why| ShapeError::value("Id", &why))?,
            names: DeviceNames {
                vendor: text(&self.vendor),
                product: text(&self.product),
                manufacturer: text(&self.manufacturer),
                name: text(&self.name),
                serial: text(&self.serial),
            },
            holder: None,
            interfaces,
            parent: to_place(["ParentClass", "ParentPort"], &self.parent_class, &self.parent_port)?,
            grandparent: to_place(
                ["GrandparentClass", "GrandparentPort"],
                &self.grandparent_class,
                &self.grandparent_port,
            )?,
            data: self
                .data
                .iter()
                .map(|(key, value)| Ok((options::key(key, "Data")?, DisplayText::from_untrusted(value))))
                .collect::<Result<_, ShapeError>>()?,
        })
    }
}

/// A device that others are parts of, as class and port; both empty when there is none.
fn place(device: Option<&(DeviceClass, PortId)>) -> (String, String) {
    device.map(|(class, port)| (class.to_string(), port.to_string())).unwrap_or_default()
}

fn to_place(
    [class_name, port_name]: [&'static str; 2],
    class: &str,
    port: &str,
) -> Result<Option<(DeviceClass, PortId)>, ShapeError> {
    if class.is_empty() && port.is_empty() {
        return Ok(None);
    }
    let class = DeviceClass::new(class).map_err(|why| ShapeError::value(class_name, &why))?;
    let port = PortId::new(port).map_err(|why| ShapeError::value(port_name, &why))?;
    Ok(Some((class, port)))
}

fn told(text: Option<&DisplayText>) -> String {
    text.map(ToString::to_string).unwrap_or_default()
}

fn text(told: &str) -> Option<DisplayText> {
    (!told.is_empty()).then(|| DisplayText::from_untrusted(told))
}

/// A code that is none reads as unknown, as on the wire: rules then treat it as "may be anything".
fn interface(code: &str) -> Interface {
    Interface::new(code).unwrap_or(Interface::UNKNOWN)
}

fn assignment_shape(assignment: &Assignment) -> AssignmentShape {
    (
        assignment.port.as_ref().map_or(ANY, PortId::as_str).to_owned(),
        assignment.device.as_ref().map_or(ANY, DeviceId::as_str).to_owned(),
        assignment.frontend.to_string(),
        assignment.mode.to_string(),
        options::to_words(&assignment.options),
    )
}

fn assignment(shape: &AssignmentShape, place: &Port) -> Result<Assignment, ShapeError> {
    const NAME: &str = "Assignments";
    let (port, device, frontend, mode, given) = shape;
    let named = |text: &str| (text != ANY).then(|| text.to_owned());
    Ok(Assignment {
        backend: place.backend.clone(),
        class: place.class.clone(),
        port: named(port)
            .map(|id| PortId::new(&id))
            .transpose()
            .map_err(|why| ShapeError::value(NAME, &why))?,
        device: named(device)
            .map(|id| DeviceId::new(&id))
            .transpose()
            .map_err(|why| ShapeError::value(NAME, &why))?,
        frontend: QubeName::new(frontend).map_err(|why| ShapeError::value(NAME, &why))?,
        mode: Mode::new(mode).ok_or_else(|| ShapeError::value(NAME, &"unknown mode"))?,
        options: options::from_words(given, NAME)?,
    })
}

#[cfg(test)]
mod tests;
