//! What the person prefers, as one value. Pure; [`keeper`] stores it.
//!
//! Names and hidden marks belong to one device at one port: what a device says of itself can be copied by another, and
//! a name that a person gave must not follow the copy. They are kept apart from what devices say and never replace it.
//! A device that can't be told from the next one on its port has neither: it would pass them on.

use std::collections::BTreeMap;

use device_core::mark::{from_key, to_key};
use device_core::name::DeviceRef;
use device_core::text::DisplayText;

pub(crate) mod keeper;

/// Names and hidden marks kept, each; further ones are not taken. Far more than anybody gives by hand.
const KEPT_MAX: usize = 200;
/// Characters of a name that a person gives; the rest is cut.
const NAME_MAX: usize = 40;

/// How the menu is divided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Sections {
    /// Disks, microphone, USB devices: as Qubes sorts them.
    #[default]
    ByClass,
    /// Disks, cameras, keyboards, printers: by what they are for.
    ByKind,
}

/// Which notifications are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Notices {
    #[default]
    All,
    /// What went wrong or was lost.
    Important,
    None,
}

/// Everything that the person can prefer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Preferences {
    pub(crate) sections: Sections,
    /// Ask before a risky command.
    pub(crate) confirms_risk: bool,
    pub(crate) notices: Notices,
    /// Offer qubes that are marked internal.
    pub(crate) shows_internal: bool,
    /// The person's own names.
    names: Marks,
    /// Devices that the menu leaves out, with what they were called then.
    hidden: Marks,
}

/// A few words for each of some devices.
pub(crate) type Marks = BTreeMap<DeviceRef, DisplayText>;

impl Default for Preferences {
    fn default() -> Self {
        Self {
            sections: Sections::default(),
            confirms_risk: true,
            notices: Notices::default(),
            shows_internal: false,
            names: Marks::new(),
            hidden: Marks::new(),
        }
    }
}

/// One thing preferred otherwise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Preference {
    Sections(Sections),
    ConfirmsRisk(bool),
    Notices(Notices),
    ShowsInternal(bool),
    /// The person's own name of this device; blank = none any more.
    Name(DeviceRef, String),
    /// Leave this device out; the words tell later which one it was.
    Hide(DeviceRef, String),
    /// Show it again.
    Unhide(DeviceRef),
}

impl Preferences {
    /// Takes over one preference.
    pub(crate) fn prefer(&mut self, preference: Preference) {
        match preference {
            Preference::Sections(sections) => self.sections = sections,
            Preference::ConfirmsRisk(confirms) => self.confirms_risk = confirms,
            Preference::Notices(notices) => self.notices = notices,
            Preference::ShowsInternal(shows) => self.shows_internal = shows,
            Preference::Name(device, _) | Preference::Hide(device, _) if !device.is_recognisable() => {
                tracing::debug!(%device, "nothing is kept of whatever is on a port");
            }
            Preference::Name(device, name) => {
                let name = own_name(&name);
                if name.is_blank() {
                    self.names.remove(&device);
                } else {
                    mark(&mut self.names, device, name);
                }
            }
            Preference::Hide(device, words) => mark(&mut self.hidden, device, words.as_str().into()),
            Preference::Unhide(device) => {
                self.hidden.remove(&device);
            }
        }
    }

    /// What the person calls the device.
    pub(crate) fn name(&self, device: &DeviceRef) -> Option<&DisplayText> {
        self.names.get(device)
    }

    /// Whether the person wants the device left out.
    pub(crate) fn hides(&self, device: &DeviceRef) -> bool {
        self.hidden.contains_key(device)
    }

    /// The person's own names, by device.
    pub(crate) fn names(&self) -> &Marks {
        &self.names
    }

    /// The devices that are left out, with what they were called then.
    pub(crate) fn hidden(&self) -> &Marks {
        &self.hidden
    }
}

fn mark(marks: &mut Marks, device: DeviceRef, words: DisplayText) {
    if marks.len() < KEPT_MAX || marks.contains_key(&device) {
        marks.insert(device, words);
    } else {
        tracing::warn!("there are {KEPT_MAX} marked devices; no further one is kept");
    }
}

/// A name as it is kept: printable, without blanks around it, short.
fn own_name(text: &str) -> DisplayText {
    let short: String = text.trim().chars().take(NAME_MAX).collect();
    short.trim_end().into()
}

/// Marks out of the store. Somebody else may have written there, so all of it is checked.
fn marks(stored: BTreeMap<String, String>, tidy: fn(&str) -> DisplayText) -> Marks {
    let checked = stored.into_iter().filter_map(|(key, words)| Some((from_key(&key)?, tidy(&words))));
    checked.filter(|(device, _)| device.is_recognisable()).take(KEPT_MAX).collect()
}

/// Marks as the store holds them.
fn to_stored(marks: &Marks) -> BTreeMap<String, String> {
    marks.iter().map(|(device, words)| (to_key(device), words.to_string())).collect()
}

#[cfg(test)]
mod tests {
    use device_core::name::DeviceId;

    use super::*;
    use crate::testing::{Make, device};

    fn stick() -> DeviceRef {
        device("block", "sys-usb", "sda").called("Cruzer Blade").info.to_ref()
    }

    #[test]
    fn a_name_is_short_printable_and_can_be_taken_away() {
        let mut preferences = Preferences::default();
        let mut name = |text: &str| {
            preferences.prefer(Preference::Name(stick(), text.to_owned()));
            preferences.name(&stick()).map(ToString::to_string)
        };
        assert_eq!(name("  my backup stick ").as_deref(), Some("my backup stick"));
        assert_eq!(name("a\u{202e}b\n").as_deref(), Some("a_b"));
        assert_eq!(name(&"x".repeat(50)).map(|name| name.len()), Some(NAME_MAX));
        assert_eq!(name(" \n"), None);
    }

    #[test]
    fn a_name_stays_with_port_and_identity() {
        let mut preferences = Preferences::default();
        preferences.prefer(Preference::Name(stick(), "mine".into()));
        let elsewhere = DeviceRef { port: device("block", "sys-usb", "sdb").info.port, ..stick() };
        let other = DeviceRef { id: "1:2:x:u080650".parse().unwrap(), ..stick() };
        assert_eq!((preferences.name(&elsewhere), preferences.name(&other)), (None, None));
    }

    #[test]
    fn the_next_device_on_a_port_without_ids_takes_nothing_over() {
        let untold =
            |class, id| DeviceRef { id: DeviceId::untold(), ..device(class, "dom0", id).info.to_ref() };
        let (stick, microphone) = (untold("block", "sda"), untold("mic", "mic"));
        let mut preferences = Preferences::default();
        let mut stored = BTreeMap::new();
        for device in [&stick, &microphone] {
            preferences.prefer(Preference::Name(device.clone(), "mine".into()));
            preferences.prefer(Preference::Hide(device.clone(), "Cruzer Blade".into()));
            stored.insert(to_key(device), "mine".to_owned());
        }
        assert_eq!((preferences.name(&stick), preferences.hides(&stick)), (None, false));
        assert!(preferences.name(&microphone).is_some() && preferences.hides(&microphone), "there is one");
        assert_eq!(marks(stored, own_name).into_keys().collect::<Vec<_>>(), [microphone]);
    }

    #[test]
    fn marks_come_back_as_they_were_and_what_is_none_is_left_out() {
        let mut preferences = Preferences::default();
        preferences.prefer(Preference::Hide(stick(), "Cruzer Blade".into()));
        let mut stored = to_stored(preferences.hidden());
        assert_eq!(marks(stored.clone(), own_name), *preferences.hidden());
        stored.insert("block:sys-usb".into(), "torn".into());
        stored.insert("block:sys usb:sda:1".into(), "no qube".into());
        assert_eq!(marks(stored, own_name).len(), 1);
    }

    #[test]
    fn only_so_many_are_kept() {
        let mut preferences = Preferences::default();
        for number in 0..2 * KEPT_MAX {
            let device = device("usb", "sys-usb", &format!("1-{number}")).info.to_ref();
            preferences.prefer(Preference::Hide(device, "one of many".into()));
        }
        assert_eq!(preferences.hidden().len(), KEPT_MAX);
    }
}
