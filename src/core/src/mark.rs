//! Marks that a person puts on a device and that lie with its backend, so that every tool for devices finds them.
//!
//! # Source
//! Admin API facts 7.3: features of the backend qube, each a list of device keys between blanks.

use std::collections::BTreeSet;

use crate::name::{DeviceClass, DeviceRef, Port};

/// Devices that carry one mark; what is beyond is left out. Far more than anybody marks by hand.
const MARKED_MAX: usize = 1_000;

/// What a device can be marked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Mark {
    /// What is a part of it is not shown: only the whole is wanted.
    HideChildren,
    /// A camera that goes together with the microphone.
    WithMicrophone,
}

impl Mark {
    /// Every mark.
    pub const ALL: [Self; 2] = [Self::HideChildren, Self::WithMicrophone];

    /// The feature of the backend that lists the devices.
    #[must_use]
    pub fn feature(self) -> &'static str {
        match self {
            Self::HideChildren => "device-hide-children",
            Self::WithMicrophone => "device-attach-with-mic",
        }
    }

    /// The mark of this feature, if it is one.
    #[must_use]
    pub fn from_feature(feature: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|mark| mark.feature() == feature)
    }
}

/// The marked devices of one backend.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DeviceMarks {
    hide_children: BTreeSet<DeviceRef>,
    with_microphone: BTreeSet<DeviceRef>,
}

impl DeviceMarks {
    /// The devices that carry `mark`.
    #[must_use]
    pub fn of(&self, mark: Mark) -> &BTreeSet<DeviceRef> {
        match mark {
            Mark::HideChildren => &self.hide_children,
            Mark::WithMicrophone => &self.with_microphone,
        }
    }

    /// Whether `device` carries `mark`.
    #[must_use]
    pub fn has(&self, mark: Mark, device: &DeviceRef) -> bool {
        self.of(mark).contains(device)
    }

    /// Replaces the devices that carry `mark`.
    pub fn replace(&mut self, mark: Mark, devices: BTreeSet<DeviceRef>) {
        match mark {
            Mark::HideChildren => self.hide_children = devices,
            Mark::WithMicrophone => self.with_microphone = devices,
        }
    }
}

/// The key of a device: `usb:sys-usb:2-1:0781:5567::u080650`.
#[must_use]
pub fn to_key(device: &DeviceRef) -> String {
    format!("{}:{}:{}:{}", device.port.class, device.port.backend, device.port.id, device.id)
}

/// The device of a key; `None` when it is none.
#[must_use]
pub fn from_key(key: &str) -> Option<DeviceRef> {
    let mut words = key.splitn(4, ':');
    let class: DeviceClass = words.next()?.parse().ok()?;
    let port = Port::new(words.next()?.parse().ok()?, class, words.next()?.parse().ok()?);
    Some(DeviceRef { port, id: words.next()?.parse().ok()? })
}

/// The devices that a feature lists; a word that is no key is left out, and so is one that would mean whatever is on a
/// port.
#[must_use]
pub fn listed(feature: &str) -> BTreeSet<DeviceRef> {
    let devices = feature.split_whitespace().filter_map(from_key);
    devices.filter(DeviceRef::is_recognisable).take(MARKED_MAX).collect()
}

/// The feature with or without this device. All other words stay as they are: they may mean something to other tools.
#[must_use]
pub fn edited(feature: &str, device: &DeviceRef, is_set: bool) -> String {
    let key = to_key(device);
    let others = feature.split_whitespace().filter(|word| *word != key);
    others.chain(is_set.then_some(key.as_str())).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::name::DeviceId;

    #[test]
    fn a_key_comes_back_as_the_device() {
        let key = "usb:sys-usb:2-1:0781:5567::u080650";
        let device = from_key(key).unwrap();
        assert_eq!(
            (device.port.to_string(), device.id.to_string()),
            ("sys-usb:2-1".into(), "0781:5567::u080650".into())
        );
        assert_eq!(to_key(&device), key);
        for none in ["", "usb:sys-usb:2-1", "usb:sys usb:2-1:x", "usb::2-1:x"] {
            assert_eq!(from_key(none), None, "{none}");
        }
    }

    #[test]
    fn a_mark_on_whatever_is_on_a_port_is_none() {
        let told = from_key("usb:sys-usb:2-1:1:2").unwrap();
        let untold = DeviceRef { id: DeviceId::untold(), ..told.clone() };
        let both = edited(&edited("", &told, true), &untold, true);
        assert_eq!(listed(&both), BTreeSet::from([told]));
    }

    #[test]
    fn words_of_others_stay_in_the_feature() {
        let device = from_key("usb:sys-usb:2-1:1:2").unwrap();
        let with = edited(" some:word  usb:sys-usb:2-1:1:2 x", &device, true);
        assert_eq!(with, "some:word x usb:sys-usb:2-1:1:2");
        assert_eq!(listed(&with).first(), Some(&device));
        assert_eq!(edited(&with, &device, false), "some:word x");
    }
}
