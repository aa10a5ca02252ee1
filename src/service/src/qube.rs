//! A qube on the bus: `org.plugboard.Devices1.Qube`.
//!
//! The manual in `data/dbus-1/interfaces` tells what each property means; [`QubeProperties`] makes them.

use device_bus::property::Outgoing;
use device_bus::qube::QubeProperties;
use zbus::interface;

use crate::tree::Mirrored;

/// The object of a qube: its properties, ready to be read.
#[derive(Debug)]
pub(crate) struct QubeObject(pub(crate) QubeProperties);

impl Mirrored for QubeObject {
    fn become_new(&mut self, new: Self) -> Outgoing {
        let differences = self.0.differences(&new.0);
        *self = new;
        differences
    }
}

#[interface(name = "org.plugboard.Devices1.Qube", introspection_docs = false)]
impl QubeObject {
    #[zbus(property(emits_changed_signal = "const"))]
    fn name(&self) -> &str {
        &self.0.name
    }

    #[zbus(property)]
    fn class(&self) -> &str {
        &self.0.class
    }

    #[zbus(property)]
    fn state(&self) -> &str {
        &self.0.state
    }

    #[zbus(property)]
    fn running(&self) -> bool {
        self.0.running
    }

    #[zbus(property)]
    fn label(&self) -> &str {
        &self.0.label
    }

    #[zbus(property)]
    fn label_colour(&self) -> u32 {
        self.0.label_colour
    }

    #[zbus(property)]
    fn internal(&self) -> bool {
        self.0.internal
    }

    #[zbus(property)]
    fn disposable_template(&self) -> bool {
        self.0.disposable_template
    }

    #[zbus(property)]
    fn auto_cleanup(&self) -> bool {
        self.0.auto_cleanup
    }

    #[zbus(property)]
    fn denied(&self) -> Vec<String> {
        self.0.denied.clone()
    }

    #[zbus(property)]
    fn hides_children(&self) -> Vec<String> {
        self.0.hides_children.clone()
    }

    #[zbus(property)]
    fn with_microphone(&self) -> Vec<String> {
        self.0.with_microphone.clone()
    }

    #[zbus(property)]
    fn details_known(&self) -> bool {
        self.0.details_known
    }
}

#[cfg(test)]
mod tests;
