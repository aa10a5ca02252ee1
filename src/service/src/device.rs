//! A device on the bus: `org.plugboard.Devices1.Device`.
//!
//! The manual in `data/dbus-1/interfaces` tells what each property means; [`DeviceProperties`] makes them.

use std::collections::HashMap;

use device_bus::device::{AssignmentShape, DeviceProperties};
use device_bus::property::{Outgoing, Words};
use zbus::interface;

use crate::tree::Mirrored;

/// The object of a device: its properties, ready to be read.
#[derive(Debug)]
pub(crate) struct DeviceObject(pub(crate) DeviceProperties);

impl Mirrored for DeviceObject {
    fn become_new(&mut self, new: Self) -> Outgoing {
        let differences = self.0.differences(&new.0);
        *self = new;
        differences
    }
}

#[interface(name = "org.plugboard.Devices1.Device", introspection_docs = false)]
impl DeviceObject {
    #[zbus(property(emits_changed_signal = "const"))]
    fn class(&self) -> &str {
        &self.0.class
    }

    #[zbus(property(emits_changed_signal = "const"))]
    fn backend(&self) -> &str {
        &self.0.backend
    }

    #[zbus(property(emits_changed_signal = "const"))]
    fn port(&self) -> &str {
        &self.0.port
    }

    #[zbus(property)]
    fn id(&self) -> &str {
        &self.0.id
    }

    #[zbus(property)]
    fn vendor(&self) -> &str {
        &self.0.vendor
    }

    #[zbus(property)]
    fn product(&self) -> &str {
        &self.0.product
    }

    #[zbus(property)]
    fn manufacturer(&self) -> &str {
        &self.0.manufacturer
    }

    #[zbus(property)]
    fn name(&self) -> &str {
        &self.0.name
    }

    #[zbus(property)]
    fn serial(&self) -> &str {
        &self.0.serial
    }

    #[zbus(property)]
    fn title(&self) -> &str {
        &self.0.title
    }

    #[zbus(property)]
    fn description(&self) -> &str {
        &self.0.description
    }

    #[zbus(property)]
    fn interfaces(&self) -> Vec<String> {
        self.0.interfaces.clone()
    }

    #[zbus(property)]
    fn categories(&self) -> Vec<String> {
        self.0.categories.clone()
    }

    #[zbus(property)]
    fn parent_class(&self) -> &str {
        &self.0.parent_class
    }

    #[zbus(property)]
    fn parent_port(&self) -> &str {
        &self.0.parent_port
    }

    #[zbus(property)]
    fn grandparent_class(&self) -> &str {
        &self.0.grandparent_class
    }

    #[zbus(property)]
    fn grandparent_port(&self) -> &str {
        &self.0.grandparent_port
    }

    #[zbus(property)]
    fn data(&self) -> Words {
        self.0.data.clone()
    }

    #[zbus(property)]
    fn present(&self) -> bool {
        self.0.present
    }

    #[zbus(property)]
    fn attachments(&self) -> HashMap<String, Words> {
        self.0.attachments.clone()
    }

    #[zbus(property)]
    fn assignments(&self) -> Vec<AssignmentShape> {
        self.0.assignments.clone()
    }

    #[zbus(property)]
    fn plugged_in(&self) -> u64 {
        self.0.plugged_in
    }
}

#[cfg(test)]
mod tests;
