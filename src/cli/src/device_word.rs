//! A device as it is typed: `BACKEND:PORT[:DEVICE_ID]`, with `*` for "any".

use device_core::name::{DeviceId, PortId, QubeName};

use crate::shown::shown;

/// The parts of the word, not yet looked up. What can't be a name is kept as typed: no device has it, and the
/// error sentence repeats it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceWord {
    /// Before the first colon.
    pub backend: String,
    /// Between the colons; `*` = any.
    pub port: String,
    /// Behind the second colon; `None` = left out, `*` = any.
    pub device: Option<String>,
}

impl DeviceWord {
    /// Splits the word; the error is the sentence for a word that names no device.
    pub fn new(word: &str) -> Result<Self, String> {
        let (backend, device) = word.split_once(':').ok_or_else(|| {
            format!(
                "expected a backend vm, port id and [optional] device id combination like foo:bar[:baz] got {}",
                shown(word)
            )
        })?;
        let (port, device) = match device.split_once(':') {
            Some((port, device)) => (port, Some(device)),
            None => (device, None),
        };
        Ok(Self { backend: backend.to_owned(), port: port.to_owned(), device: device.map(ToOwned::to_owned) })
    }

    /// Backend and port, as sentences repeat them.
    #[must_use]
    pub fn shown(&self) -> String {
        format!("{}:{}", shown(&self.backend), shown(&self.port))
    }

    /// The backend, if it can be one.
    #[must_use]
    pub fn backend(&self) -> Option<QubeName> {
        QubeName::new(&self.backend).ok()
    }

    /// Whether any port is meant.
    #[must_use]
    pub fn is_any_port(&self) -> bool {
        self.port == "*"
    }

    /// Whether port and id of a device are among those that are meant.
    #[must_use]
    pub fn covers(&self, port: &PortId, device: &DeviceId) -> bool {
        self.covers_port(port) && self.covers_id(device)
    }

    /// Whether the port is among those that are meant.
    #[must_use]
    pub fn covers_port(&self, port: &PortId) -> bool {
        self.is_any_port() || self.port == port.as_str()
    }

    /// Whether the id of a device is among those that are meant; all are when none was typed.
    #[must_use]
    pub fn covers_id(&self, device: &DeviceId) -> bool {
        match self.device.as_deref() {
            None | Some("*") => true,
            Some(id) => id == device.as_str(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_keeps_its_own_colons() {
        let word = DeviceWord::new("sys-usb:2-1:0781:5567::u080650").unwrap();
        assert_eq!(word.port, "2-1");
        assert_eq!(word.device.as_deref(), Some("0781:5567::u080650"));
        assert!(word.covers(&PortId::new("2-1").unwrap(), &DeviceId::new("0781:5567::u080650").unwrap()));
    }

    #[test]
    fn a_word_without_a_colon_names_no_device() {
        assert!(DeviceWord::new("sda").unwrap_err().ends_with("like foo:bar[:baz] got sda"));
    }
}
