//! Where each device was used last, so that the menu can offer that qube first.
//!
//! A convenience and no rule: it never attaches anything by itself, and the file can be thrown away at any time.
//! Keyed by what the device says it is *and* its backend; a device that copies another's identity can only make a
//! qube appear higher in a list. A server older than R4.3 tells no identity: then only the last qube of the class is
//! known, as what is on the same port today may be another device.

use std::path::{Path, PathBuf};

use device_core::device::DeviceInfo;
use device_core::name::{DeviceClass, DeviceId, DeviceRef, QubeName};

/// Devices remembered; beyond it the one that was used longest ago is forgotten.
const REMEMBERED: usize = 200;
/// Largest file that is read, in bytes: 200 lines of the longest names. A larger one is not ours and is left alone.
const FILE_MAX: u64 = 300_000;

/// One device and the qube it was in last.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Use {
    backend: QubeName,
    class: DeviceClass,
    device: DeviceId,
    qube: QubeName,
}

/// The last use of each device, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Recent(Vec<Use>);

impl Recent {
    /// The qube that had this device last. Nothing for a device without an identity: it can't be told from another.
    pub(crate) fn of(&self, device: &DeviceInfo) -> Option<&QubeName> {
        if !device.id.is_told() {
            return None;
        }
        self.0
            .iter()
            .find(|used| {
                used.backend == device.port.backend
                    && used.class == device.port.class
                    && used.device == device.id
            })
            .map(|used| &used.qube)
    }

    /// The qube that had any device of this class last.
    pub(crate) fn of_class(&self, class: &DeviceClass) -> Option<&QubeName> {
        self.0.iter().find(|used| used.class == *class).map(|used| &used.qube)
    }

    /// Remembers that the device is used in `qube`. Tells whether that is news.
    pub(crate) fn remember(&mut self, device: &DeviceRef, qube: &QubeName) -> bool {
        let used = Use {
            backend: device.port.backend.clone(),
            class: device.port.class.clone(),
            device: device.id.clone(),
            qube: qube.clone(),
        };
        if self.0.first() == Some(&used) {
            return false;
        }
        self.0.retain(|known| {
            (&known.backend, &known.class, &known.device) != (&used.backend, &used.class, &used.device)
        });
        self.0.insert(0, used);
        self.0.truncate(REMEMBERED);
        true
    }

    /// Reads what [`Recent::to_lines`] wrote; a line that is none is skipped.
    pub(crate) fn from_lines(text: &str) -> Self {
        let line = |line: &str| {
            let mut words = line.split(' ');
            Some(Use {
                backend: words.next()?.parse().ok()?,
                class: words.next()?.parse().ok()?,
                device: words.next()?.parse().ok()?,
                qube: words.next()?.parse().ok()?,
            })
        };
        Self(text.lines().filter_map(line).take(REMEMBERED).collect())
    }

    /// One line for each device: backend, class, device id, qube. None of them can hold a blank.
    pub(crate) fn to_lines(&self) -> String {
        let line = |used: &Use| format!("{} {} {} {}\n", used.backend, used.class, used.device, used.qube);
        self.0.iter().map(line).collect()
    }

    /// What was stored, or nothing.
    pub(crate) fn load(path: &Path) -> Self {
        match std::fs::metadata(path) {
            Ok(file) if file.len() <= FILE_MAX => {
                std::fs::read_to_string(path).map_or_else(|_| Self::default(), |text| Self::from_lines(&text))
            }
            _ => Self::default(),
        }
    }

    /// Stores it, whole or not at all.
    pub(crate) fn store(&self, path: &Path) -> std::io::Result<()> {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        let fresh = path.with_extension("new");
        std::fs::write(&fresh, self.to_lines())?;
        std::fs::rename(fresh, path)
    }

    /// Where it is stored: the folder for what a program may forget.
    pub(crate) fn path() -> Option<PathBuf> {
        let folder = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
        let state = folder("XDG_STATE_HOME").or_else(|| Some(folder("HOME")?.join(".local/state")))?;
        Some(state.join("plugboard/last-used"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{device, name};

    #[test]
    fn what_was_stored_is_remembered() {
        let (stick, camera) = (device("block", "sys-usb", "sda"), device("usb", "sys-usb", "2-4"));
        let mut recent = Recent::default();
        assert!(recent.remember(&stick.info.to_ref(), &name("work")));
        assert!(recent.remember(&camera.info.to_ref(), &name("personal")));
        assert!(recent.remember(&stick.info.to_ref(), &name("vault")));
        assert!(!recent.remember(&stick.info.to_ref(), &name("vault")), "no news");
        let again = Recent::from_lines(&recent.to_lines());
        assert_eq!(again, recent);
        assert_eq!(again.of(&stick.info), Some(&name("vault")));
        assert_eq!(again.of_class(&DeviceClass::Usb), Some(&name("personal")));
    }

    #[test]
    fn devices_without_an_identity_are_not_taken_for_one_another() {
        let untold = |id| {
            let mut info = device("block", "sys-usb", id).info;
            info.id = DeviceId::untold();
            info
        };
        let (one, other) = (untold("sda"), untold("sdb"));
        let mut recent = Recent::default();
        assert!(recent.remember(&one.to_ref(), &name("work")));
        let again = Recent::from_lines(&recent.to_lines());
        assert_eq!((again.of(&one), again.of(&other)), (None, None));
        assert_eq!(again.of_class(&DeviceClass::Block), Some(&name("work")), "the class is known");
    }

    #[test]
    fn torn_lines_are_skipped() {
        let text = "sys-usb block\n\0\nsys-usb block 1:2 work\n";
        assert_eq!(Recent::from_lines(text).0.len(), 1);
    }
}
