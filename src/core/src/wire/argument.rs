//! Device arguments: `BACKEND+PORT+DEVICE_ID` with the colons of the id written as `+`.
//!
//! # Source
//! Admin API facts 3.5.

use crate::name::{DeviceId, PortId, QubeName};

/// How the unknown code `?******` travels.
const UNKNOWN_ON_WIRE: &str = "_______";
const UNKNOWN: &str = "?******";

/// A device argument; `None` stands for "any".
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceArgument {
    /// The backend; `None` is written `_` and means any.
    pub backend: Option<String>,
    /// The port; `None` = any.
    pub port: Option<String>,
    /// The device id; `None` = any.
    pub device: Option<String>,
}

impl DeviceArgument {
    /// The argument for a device or pattern of checked names.
    #[must_use]
    pub fn new(backend: &QubeName, port: Option<&PortId>, device: Option<&DeviceId>) -> Self {
        Self {
            backend: Some(backend.to_string()),
            port: port.map(ToString::to_string),
            device: device.map(ToString::to_string),
        }
    }

    /// Whether the text form says exactly this. Ids that hold `+`, a `*` of their own or seven `_` do not survive
    /// the journey; a command must refuse them rather than name another device.
    #[must_use]
    pub fn is_lossless(&self) -> bool {
        Self::parse(&self.to_string()).as_ref() == Some(self)
    }

    /// Reads an argument; `None` when there is no `+` in it.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (backend, rest) = text.split_once('+')?;
        let rest = rest.replace('+', ":");
        let (port, device) = match rest.split_once(':') {
            Some((port, device)) => (port, Some(device)),
            None => (rest.as_str(), None),
        };
        Some(Self {
            backend: (backend != "_").then(|| backend.to_owned()),
            port: (port != "_").then(|| port.to_owned()),
            device: device.filter(|id| *id != "_").map(|id| id.replace(UNKNOWN_ON_WIRE, UNKNOWN)),
        })
    }
}

impl std::fmt::Display for DeviceArgument {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let any = || "_".to_owned();
        let backend = self.backend.clone().unwrap_or_else(any);
        let port = self.port.clone().unwrap_or_else(any);
        let device = self
            .device
            .as_ref()
            .map_or_else(any, |id| id.replace(UNKNOWN, UNKNOWN_ON_WIRE).replace('*', "_").replace(':', "+"));
        write!(f, "{backend}+{port}+{device}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn argument(port: Option<&str>, device: Option<&str>) -> DeviceArgument {
        DeviceArgument {
            backend: Some("sys-usb".into()),
            port: port.map(Into::into),
            device: device.map(Into::into),
        }
    }

    #[test]
    fn written_as_the_official_client_does() {
        for (made, text) in [
            (argument(None, Some("0781:5567::u080650")), "sys-usb+_+0781+5567++u080650"),
            (argument(Some("2-1"), None), "sys-usb+2-1+_"),
            (argument(Some("2-9"), Some("0000:0000::?******")), "sys-usb+2-9+0000+0000++_______"),
        ] {
            assert_eq!(made.to_string(), text);
            assert!(made.is_lossless(), "{text}");
        }
    }

    #[test]
    fn an_id_that_would_name_another_device_is_found_out() {
        for id in ["a+b", "a*b", "a:_______", "_"] {
            assert!(!argument(Some("2-1"), Some(id)).is_lossless(), "{id}");
        }
    }
}
