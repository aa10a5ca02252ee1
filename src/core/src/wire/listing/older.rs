//! The lines of a server before R4.3: devices are named by their port, and what is stored stands among what is attached.
//!
//! # Source
//! Admin API facts 2.5.

use std::collections::BTreeMap;

use super::{Listing, each_line, one_on_each_port};
use crate::assignment::{Assignment, Attachment, Mode, Options};
use crate::device::{DeviceInfo, DeviceNames};
use crate::interface::Interface;
use crate::name::{DeviceClass, DeviceId, DeviceRef, Port, PortId, QubeName};
use crate::text::DisplayText;

/// The option that says of a line that it is stored, and asks of an attach that it be.
const PERSISTENT: &str = "persistent";

/// A line of a `List` reply: a device that a qube has, or will have at its start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// The port it is on.
    pub port: Port,
    /// The qube that has it.
    pub frontend: QubeName,
    /// How it is attached.
    pub options: Options,
    /// Whether it is stored.
    pub is_persistent: bool,
}

impl Listed {
    /// As a live attachment; only a qube that runs has any.
    #[must_use]
    pub fn into_attachment(self) -> Attachment {
        Attachment {
            device: DeviceRef { port: self.port, id: DeviceId::untold() },
            frontend: self.frontend,
            mode: if self.is_persistent { Mode::Required } else { Mode::Manual },
            options: self.options,
        }
    }

    /// As a stored assignment, if it is stored: whatever is on the port, and the qube does not start without it.
    #[must_use]
    pub fn into_assignment(self) -> Option<Assignment> {
        self.is_persistent.then_some(Assignment {
            backend: self.port.backend,
            class: self.port.class,
            port: Some(self.port.id),
            device: None,
            frontend: self.frontend,
            mode: Mode::Required,
            options: self.options,
        })
    }
}

/// Reads an `Available` reply of `backend`: `IDENT k=v k=v description=free text to the end`.
#[must_use]
pub fn exposed(data: &[u8], backend: &QubeName, class: &DeviceClass) -> Listing<DeviceInfo> {
    let listing = each_line(data, |line| {
        let (head, rest) = line.split_once(' ').unwrap_or((line, ""));
        let port = PortId::new(head).map_err(|error| error.to_string())?;
        Ok(device(Port::new(backend.clone(), class.clone(), port), rest))
    });
    one_on_each_port(listing, backend)
}

/// Reads a `List` reply of `frontend`: `BACKEND+IDENT k=v k=v persistent=no`.
#[must_use]
pub fn listed(data: &[u8], frontend: &QubeName, class: &DeviceClass) -> Listing<Listed> {
    each_line(data, |line| {
        let mut words = line.split(' ');
        let (backend, port) = words.next().and_then(|head| head.split_once('+')).ok_or("no backend")?;
        let backend = QubeName::new(backend).map_err(|error| error.to_string())?;
        let port = PortId::new(port).map_err(|error| error.to_string())?;
        let mut options: Options = words.filter_map(pair).collect();
        let is_persistent =
            options.remove(PERSISTENT).is_some_and(|word| matches!(word.as_str(), "yes" | "True"));
        let port = Port::new(backend, class.clone(), port);
        Ok(Listed { port, frontend: frontend.clone(), options, is_persistent })
    })
}

/// The payload of an attach: options by name, in blanks, and among them the wish to store it.
///
/// # Errors
/// The option that holds what such a server does not take: it would refuse without a word.
pub fn write_options(options: &Options, is_persistent: bool) -> Result<String, String> {
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-');
    let mut pairs: BTreeMap<&str, &str> = BTreeMap::new();
    for (key, value) in options.iter() {
        let is_good = !key.is_empty()
            && key != PERSISTENT
            && key.bytes().all(is_plain)
            && value.bytes().all(|b| is_plain(b) || matches!(b, b',' | b'+' | b':'));
        if !is_good {
            return Err(DisplayText::from_untrusted(key).to_string());
        }
        pairs.insert(key, value);
    }
    if is_persistent {
        pairs.insert(PERSISTENT, "True");
    }
    let words: Vec<_> = pairs.into_iter().map(|(key, value)| format!("{key}={value}")).collect();
    Ok(words.join(" "))
}

/// `key=value` of printable ASCII; nothing else is an attribute or option.
fn pair(word: &str) -> Option<(&str, &str)> {
    word.split_once('=').filter(|(key, _)| !key.is_empty() && word.bytes().all(|b| b.is_ascii_graphic()))
}

fn device(port: Port, rest: &str) -> DeviceInfo {
    // The description may hold anything, pairs among it: all behind its first mark is its own.
    let (words, description) = match rest.strip_prefix("description=") {
        Some(description) => ("", Some(description)),
        None => rest
            .split_once(" description=")
            .map_or((rest, None), |(words, description)| (words, Some(description))),
    };
    let mut data: BTreeMap<String, DisplayText> =
        words.split(' ').filter_map(pair).map(|(key, value)| (key.to_owned(), value.into())).collect();
    if port.class == DeviceClass::Pci {
        let address = port.id.as_str().replace('_', ":");
        // Only devices of segment 0 are known to such a server.
        data.insert("sbdf".to_owned(), DisplayText::from_untrusted(&format!("0000:{address}")));
    }
    let name = description.filter(|text| !text.is_empty()).map(DisplayText::from_untrusted);
    let interface = match port.class {
        DeviceClass::Block => Interface::new("b******"),
        DeviceClass::Mic => Interface::new("m000000"),
        _ => None,
    };
    DeviceInfo {
        names: DeviceNames { name, ..DeviceNames::default() },
        interfaces: vec![interface.unwrap_or(Interface::UNKNOWN)],
        data,
        ..DeviceInfo::unknown(port, DeviceId::untold())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> QubeName {
        QubeName::new(text).unwrap()
    }

    #[test]
    fn a_device_has_words_and_a_free_text() {
        let line = b"sda device_node=/dev/sda mode=w size=10 description=Disk a=b (x) description=y\n";
        let (devices, faults) = exposed(line, &name("sys-usb"), &DeviceClass::Block);
        assert_eq!(faults, []);
        let [disk] = devices.as_slice() else { unreachable!("one device") };
        assert_eq!(disk.description(&|_| None), "Disk a=b (x) description=y");
        assert_eq!(disk.data["size"].as_str(), "10");
        assert!(!disk.data.contains_key("a"));
        let (devices, _) =
            exposed(b"sda \x1b[2J=x =y k\xc3\xa9=z ok=1\n", &name("sys-usb"), &DeviceClass::Block);
        assert_eq!(devices[0].data.keys().collect::<Vec<_>>(), ["ok"]);
        assert!(!disk.id.is_told());
    }

    #[test]
    fn a_pci_device_has_its_address_in_its_port() {
        let line = b"00_1a.0 bus=00 description=USB controller: Intel\n";
        let (devices, _) = exposed(line, &name("dom0"), &DeviceClass::Pci);
        assert_eq!(devices[0].data["sbdf"].as_str(), "0000:00:1a.0");
    }

    #[test]
    fn what_is_stored_stands_among_what_is_attached() {
        let data =
            b"sys-usb+sda read-only=no frontend-dev=xvdi persistent=no\nsys-usb+sdb persistent=yes\nbad\n";
        let (listed, faults) = listed(data, &name("work"), &DeviceClass::Block);
        assert_eq!(faults.len(), 1);
        let stored: Vec<_> = listed.iter().cloned().filter_map(Listed::into_assignment).collect();
        assert_eq!(stored.len(), 1);
        assert_eq!(stored[0].port.as_ref().map(PortId::as_str), Some("sdb"));
        let options: Vec<_> = listed[0].options.iter().collect();
        assert_eq!(options, [("read-only", "no"), ("frontend-dev", "xvdi")]);
    }

    #[test]
    fn options_are_written_by_name_and_nothing_else_passes() {
        let options = Options::from_iter([("read-only", "yes"), ("frontend-dev", "xvdi")]);
        assert_eq!(write_options(&options, false).unwrap(), "frontend-dev=xvdi read-only=yes");
        assert_eq!(write_options(&options, true).unwrap(), "frontend-dev=xvdi persistent=True read-only=yes");
        for (key, value) in [("a b", "x"), ("a", "x y"), ("a", "x/y"), ("", "x"), ("persistent", "True")] {
            assert!(write_options(&Options::from_iter([(key, value)]), false).is_err(), "{key}={value}");
        }
    }
}
