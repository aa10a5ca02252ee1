//! Attachments (live) and assignments (stored), and their options.

use std::fmt;

use crate::name::{DeviceClass, DeviceId, DeviceRef, Port, PortId, QubeName};

/// How a stored assignment acts; `manual` is the mode of a live attachment that nobody stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Mode {
    /// Attached by hand, not stored.
    Manual,
    /// Attached when the device appears or the qube starts.
    AutoAttach,
    /// As `AutoAttach`, after asking.
    AskToAttach,
    /// The qube does not start without it.
    Required,
}

impl Mode {
    /// The mode under its wire name.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        Some(match text {
            "manual" => Self::Manual,
            "auto-attach" => Self::AutoAttach,
            "ask-to-attach" => Self::AskToAttach,
            "required" => Self::Required,
            _ => return None,
        })
    }

    /// The wire name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Manual => "manual",
            Self::AutoAttach => "auto-attach",
            Self::AskToAttach => "ask-to-attach",
            Self::Required => "required",
        }
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Options of an attachment or assignment (`read-only`, `frontend-dev`, …) in the order the server tells them.
///
/// Keys and values hold printable ASCII only: the grammar of the wire lets nothing else through.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Options(Vec<(String, String)>);

impl Options {
    /// No options.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets `key`; a later value replaces an earlier one in its place.
    pub fn set(&mut self, key: impl Into<String>, value: impl Into<String>) {
        let (key, value) = (key.into(), value.into());
        match self.0.iter_mut().find(|(known, _)| *known == key) {
            Some(known) => known.1 = value,
            None => self.0.push((key, value)),
        }
    }

    /// Takes `key` out and returns its value.
    pub fn remove(&mut self, key: &str) -> Option<String> {
        let place = self.0.iter().position(|(known, _)| known == key)?;
        Some(self.0.remove(place).1)
    }

    /// The value of `key`.
    #[must_use]
    pub fn value(&self, key: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == key).map(|(_, value)| value.as_str())
    }

    /// All pairs, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(key, value)| (key.as_str(), value.as_str()))
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether `read-only` is set to a word that means yes.
    #[must_use]
    pub fn is_read_only(&self) -> bool {
        self.value("read-only")
            .is_some_and(|word| matches!(word.to_ascii_lowercase().as_str(), "yes" | "true" | "1" | "on"))
    }
}

impl<K: Into<String>, V: Into<String>> FromIterator<(K, V)> for Options {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(pairs: I) -> Self {
        let mut options = Self::new();
        for (key, value) in pairs {
            options.set(key, value);
        }
        options
    }
}

/// A device that is in a qube now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attachment {
    /// Which device.
    pub device: DeviceRef,
    /// The qube that uses it.
    pub frontend: QubeName,
    /// The mode of the stored assignment it came from, else `manual`.
    pub mode: Mode,
    /// How it is attached.
    pub options: Options,
}

/// A stored wish: this device (or any on this port, or this one on any port) belongs to that qube.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Assignment {
    /// The qube that exposes the device.
    pub backend: QubeName,
    /// Its class.
    pub class: DeviceClass,
    /// The port; `None` = any.
    pub port: Option<PortId>,
    /// The device; `None` = any.
    pub device: Option<DeviceId>,
    /// The qube that shall have it.
    pub frontend: QubeName,
    /// What happens when both are there.
    pub mode: Mode,
    /// How to attach it.
    pub options: Options,
}

impl Assignment {
    /// Exactly this device, on exactly this port, to this qube.
    #[must_use]
    pub fn exactly(device: &DeviceRef, frontend: &QubeName, mode: Mode, options: Options) -> Self {
        let Port { backend, class, id } = device.port.clone();
        let (port, device) = (Some(id), Some(device.id.clone()));
        Self { backend, class, port, device, frontend: frontend.clone(), mode, options }
    }

    /// Whether `device` on `port` is one that this assignment means.
    #[must_use]
    pub fn covers(&self, port: &Port, device: &DeviceId) -> bool {
        self.backend == port.backend
            && self.class == port.class
            && self.port.as_ref().is_none_or(|id| *id == port.id)
            && self.device.as_ref().is_none_or(|id| id == device)
    }
}
