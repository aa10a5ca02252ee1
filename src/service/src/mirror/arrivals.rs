//! When devices were plugged in, as far as that was seen.
//!
//! Not all that appears was plugged in: after an outage or a list that could not be read it was there before, and a disk
//! or a partition is listed again when what kept it hidden is no longer in use.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant, SystemTime};

use device_bus::device::PluggedIn;
use device_core::device::Device;
use device_core::machine::Machine;
use device_core::name::{DeviceClass, Port, QubeName};

/// How long after the end of a use what it hid may be listed again. The backend's own rules take a moment, and then a
/// list has to be read; somebody who pulls a card out and puts it back takes about as long.
const LISTED_AGAIN_WITHIN: Duration = Duration::from_secs(10);

/// Who came when.
#[derive(Debug, Default)]
pub(super) struct Arrivals {
    /// The devices that came while we watched; the others are not in here.
    plugged_in: BTreeMap<Port, PluggedIn>,
    /// When the last use of a device ended that is still there.
    used_until: BTreeMap<Port, Instant>,
    /// Whether the machine has been read as a whole since the connection (last) came up: from then on a device that
    /// appears was plugged in now.
    pub(super) is_whole: bool,
    /// Lists that can be read again since this batch: what is on them was there before.
    pub(super) readable_again: BTreeSet<(QubeName, DeviceClass)>,
}

impl Arrivals {
    /// When the device on this port was plugged in.
    pub(super) fn of(&self, port: &Port) -> PluggedIn {
        self.plugged_in.get(port).copied().unwrap_or(PluggedIn::BEFORE)
    }

    /// The device has appeared in `machine`.
    pub(super) fn appeared(&mut self, machine: &Machine, device: &Device) {
        let port = device.port();
        let list = (port.backend.clone(), port.class.clone());
        let moment = if !self.is_whole || self.readable_again.contains(&list) {
            PluggedIn::BEFORE
        } else if self.was_hidden(machine, device) {
            self.of(&machine.physical_thing(port))
        } else {
            PluggedIn::at(SystemTime::now())
        };
        if moment == PluggedIn::BEFORE {
            self.plugged_in.remove(port);
        } else {
            self.plugged_in.insert(port.clone(), moment);
        }
    }

    /// The device is another way than `before`.
    pub(super) fn changed(&mut self, before: &Device, device: &Device) {
        if before.is_attached() && !device.is_attached() {
            self.used_until.insert(device.port().clone(), Instant::now());
        }
    }

    /// Nothing is on this port any more.
    pub(super) fn gone(&mut self, port: &Port) {
        self.plugged_in.remove(port);
        self.used_until.remove(port);
    }

    /// Whether a part of it, or what it is a part of, is in use or was a moment ago.
    fn was_hidden(&self, machine: &Machine, device: &Device) -> bool {
        let is_used = |other: &Device| {
            let until = self.used_until.get(other.port());
            other.is_attached() || until.is_some_and(|until| until.elapsed() < LISTED_AGAIN_WITHIN)
        };
        machine
            .devices
            .values()
            .filter(|other| other.port() != device.port() && is_used(other))
            .any(|other| machine.is_part_of(other, device.port()) || machine.is_part_of(device, other.port()))
    }
}
