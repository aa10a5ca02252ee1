//! A device: what its backend tells of it, and what the mirror knows besides.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::assignment::{Assignment, Options};
use crate::interface::{Category, Interface};
use crate::name::{DeviceClass, DeviceId, DeviceRef, Port, PortId, QubeName};
use crate::text::DisplayText;

/// The five texts a device may tell of itself; `None` = not told.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DeviceNames {
    /// Maker, from the id list of the server.
    pub vendor: Option<DisplayText>,
    /// Model, from the id list of the server.
    pub product: Option<DisplayText>,
    /// Maker in the device's own words; for disks `hosted by BACKEND` or `sub-device of PORT`.
    pub manufacturer: Option<DisplayText>,
    /// Name in the device's own words; for disks the file system label.
    pub name: Option<DisplayText>,
    /// Serial number; for disks the model.
    pub serial: Option<DisplayText>,
}

/// A device as its backend exposes it (one line of an `Available` reply).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceInfo {
    /// Where it is.
    pub port: Port,
    /// What it says it is.
    pub id: DeviceId,
    /// What it calls itself.
    pub names: DeviceNames,
    /// The qube that holds it, when the backend knows.
    pub holder: Option<QubeName>,
    /// Its interface codes; at least one.
    pub interfaces: Vec<Interface>,
    /// The device it is a part of: class and port at the same backend.
    pub parent: Option<(DeviceClass, PortId)>,
    /// What the parent is a part of, where the mirror remembers it: only while the backend does not list the parent,
    /// because one of its parts is in use. A list as it comes never has it.
    pub grandparent: Option<(DeviceClass, PortId)>,
    /// Further facts (`sbdf`, `size`, …).
    pub data: BTreeMap<String, DisplayText>,
}

impl DeviceInfo {
    /// A device of which only port and id are known.
    #[must_use]
    pub fn unknown(port: Port, id: DeviceId) -> Self {
        Self {
            port,
            id,
            names: DeviceNames::default(),
            holder: None,
            interfaces: vec![Interface::UNKNOWN],
            parent: None,
            grandparent: None,
            data: BTreeMap::new(),
        }
    }

    /// Port and id together.
    #[must_use]
    pub fn to_ref(&self) -> DeviceRef {
        DeviceRef { port: self.port.clone(), id: self.id.clone() }
    }

    /// The disk that it is a partition of, as kernels name them: `sda` of `sda1`.
    #[must_use]
    pub fn disk(&self) -> Option<&PortId> {
        let (class, above) = self.parent.as_ref()?;
        let is_named_after =
            self.port.id.as_str().strip_prefix(above.as_str()).is_some_and(|n| !n.is_empty());
        (*class == self.port.class && is_named_after).then_some(above)
    }

    /// The first category of its interfaces that says something.
    #[must_use]
    pub fn category(&self) -> Category {
        self.interfaces
            .iter()
            .map(Interface::category)
            .find(|c| *c != Category::Other)
            .unwrap_or(Category::Other)
    }

    /// Every category among its interfaces, without repetition.
    #[must_use]
    pub fn categories(&self) -> Vec<Category> {
        let mut found = Vec::new();
        for category in self.interfaces.iter().map(Interface::category) {
            if !found.contains(&category) {
                found.push(category);
            }
        }
        found
    }

    /// What a person would call it: a disk's label, else its model; another device's product, else its own name, else
    /// who made it.
    ///
    /// `None` when it told nothing: a face then says something of its port.
    ///
    /// # Source
    /// Admin API facts 5.2 and 5.3: the model of a disk comes as its serial number, and the serial number of a USB device comes
    /// as its name, too. "4C530001 is available" tells a person nothing.
    #[must_use]
    pub fn title(&self) -> Option<&DisplayText> {
        let DeviceNames { vendor, product, manufacturer, name, serial } = &self.names;
        let order = match self.port.class {
            DeviceClass::Block => [name, serial, product, vendor],
            _ => [product, if name == serial { &None } else { name }, vendor, manufacturer],
        };
        order.into_iter().flatten().find(|text| !text.is_blank())
    }

    /// The one-line description of the command line: `KIND: MAKER NOUN`, or the server's own line where it tells one
    /// text instead of names.
    ///
    /// `label_of` names an interface for which no category fits (the hardware id lists); `None` = no label.
    ///
    /// # Source
    /// Admin API facts 3.7 and 2.5.
    #[must_use]
    pub fn description(&self, label_of: &dyn Fn(&Interface) -> Option<String>) -> String {
        let DeviceNames { vendor, product, manufacturer, name, serial } = &self.names;
        if !self.id.is_told() {
            return name
                .as_ref()
                .map_or_else(|| format!("unknown {} device", self.port.class), ToString::to_string);
        }
        let class = &self.port.class;
        let maker = vendor.as_ref().or(manufacturer.as_ref()).map_or("unknown vendor", DisplayText::as_str);
        let noun = [product, name, serial].into_iter().flatten().next();
        let noun = match (noun, &self.parent) {
            (Some(noun), _) => noun.to_string(),
            (None, Some((_, parent))) => return format!("sub-device of {}:{parent}", self.port.backend),
            (None, None) => format!("unknown {class} device"),
        };
        format!("{}: {maker} {noun}", self.kind(label_of))
    }

    fn kind(&self, label_of: &dyn Fn(&Interface) -> Option<String>) -> String {
        match self.category() {
            Category::Other => {}
            category => return category.as_str().to_owned(),
        }
        self.interfaces.iter().find_map(label_of).unwrap_or_else(|| {
            if self.interfaces.first() == Some(&Interface::UNKNOWN) {
                Interface::UNKNOWN.to_string()
            } else {
                format!("{} device", self.port.class.as_str().to_ascii_uppercase())
            }
        })
    }
}

/// Whether a device is where its port says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    /// Its backend exposes it.
    Present,
    /// Its backend no longer does, but a qube still holds its rest: pulled out without detaching.
    Removed,
}

/// A device as the mirror shows it to the faces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Device {
    /// What its backend tells.
    pub info: DeviceInfo,
    /// Whether it is there.
    pub presence: Presence,
    /// Who holds it now, and how; options are empty until they were read.
    pub attachments: BTreeMap<QubeName, Options>,
    /// The stored assignments that mean it.
    pub assignments: Vec<Assignment>,
}

impl Device {
    /// Where it is.
    #[must_use]
    pub fn port(&self) -> &Port {
        &self.info.port
    }

    /// Whether any qube holds it.
    #[must_use]
    pub fn is_attached(&self) -> bool {
        !self.attachments.is_empty()
    }
}

/// A device shared between mirror, changes and faces.
pub type SharedDevice = Arc<Device>;

#[cfg(test)]
mod tests {
    use super::*;

    fn device(class: &str, interfaces: &[&str]) -> DeviceInfo {
        let port = Port::new(
            QubeName::new("sys-usb").unwrap(),
            DeviceClass::new(class).unwrap(),
            PortId::new("2-1").unwrap(),
        );
        let mut info = DeviceInfo::unknown(port, DeviceId::unknown());
        info.interfaces = interfaces.iter().map(|code| Interface::new(code).unwrap()).collect();
        info
    }

    #[test]
    fn a_serial_number_is_no_name_of_a_usb_device() {
        let mut unlisted = device("usb", &["uff0000"]);
        unlisted.names.serial = Some("4C530001".into());
        unlisted.names.name = unlisted.names.serial.clone();
        assert_eq!(unlisted.title(), None);
        unlisted.names.manufacturer = Some("Maker".into());
        assert_eq!(unlisted.title(), Some(&"Maker".into()));
        unlisted.names.name = Some("Blade".into());
        assert_eq!(unlisted.title(), Some(&"Blade".into()));
    }

    #[test]
    fn a_disk_is_called_by_its_label_or_model() {
        let mut disk = device("block", &["b******"]);
        disk.names.serial = Some("Ultra Fit".into());
        assert_eq!(disk.title(), Some(&"Ultra Fit".into()));
        disk.names.name = Some("BACKUP".into());
        assert_eq!(disk.title(), Some(&"BACKUP".into()));
    }

    #[test]
    fn descriptions_agree_with_the_observed_ones() {
        let none = |_: &Interface| None;
        assert_eq!(
            device("usb", &["?******"]).description(&none),
            "?******: unknown vendor unknown usb device"
        );
        let mut stick = device("usb", &["u080650"]);
        stick.names.vendor = Some("SanDisk Corp.".into());
        stick.names.product = Some("Cruzer Blade".into());
        assert_eq!(stick.description(&none), "USB_Storage: SanDisk Corp. Cruzer Blade");
        let mut part = device("block", &["b******"]);
        part.parent = Some((DeviceClass::Block, PortId::new("sda").unwrap()));
        assert_eq!(part.description(&none), "sub-device of sys-usb:sda");
        assert_eq!(
            device("usb", &["u090000"]).description(&none),
            "USB device: unknown vendor unknown usb device"
        );
    }
}
