//! Object paths: where a device or a qube stands in the tree, and back.
//!
//! `…/device/block__sys_2dusb__sda` is class, backend and port; `…/qube/sys_2dusb` is a qube.
//! In each part every byte that is no ASCII letter or digit is written `_xx`, two lower-case hexadecimal digits, `_`
//! too. After a single `_` there is always a digit, so `__` parts the parts and nothing else: the form is injective,
//! and it can be read back. Only the one form that [`of_device`] writes is read, so one device has one path.

use device_core::name::{DeviceClass, Port, PortId, QubeName};
use zbus::zvariant::{ObjectPath, OwnedObjectPath};

use crate::names::{DEVICES, QUBES};

/// What parts class, backend and port.
const SEPARATOR: &str = "__";

/// The path of the device on `port`.
#[must_use]
pub fn of_device(port: &Port) -> OwnedObjectPath {
    let parts = [port.class.as_str(), port.backend.as_str(), port.id.as_str()];
    below(DEVICES, &parts.map(escape).join(SEPARATOR))
}

/// The path of a qube.
#[must_use]
pub fn of_qube(name: &QubeName) -> OwnedObjectPath {
    below(QUBES, &escape(name.as_str()))
}

/// The port that `path` stands for; `None` when it is the path of no device.
#[must_use]
pub fn to_port(path: &ObjectPath<'_>) -> Option<Port> {
    let element = element_below(DEVICES, path)?;
    let mut parts = Parts(Some(element));
    let class = DeviceClass::new(&unescape(parts.next()?)?).ok()?;
    let backend = QubeName::new(&unescape(parts.next()?)?).ok()?;
    let id = PortId::new(&unescape(parts.next()?)?).ok()?;
    let port = Port::new(backend, class, id);
    (of_device(&port).as_ref() == *path).then_some(port)
}

/// The qube that `path` stands for; `None` when it is the path of no qube.
#[must_use]
pub fn to_qube(path: &ObjectPath<'_>) -> Option<QubeName> {
    let name = QubeName::new(&unescape(element_below(QUBES, path)?)?).ok()?;
    (of_qube(&name).as_ref() == *path).then_some(name)
}

/// The parts of an element, from the left: a separator counts where an escape could begin.
struct Parts<'a>(Option<&'a str>);

impl<'a> Iterator for Parts<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        let rest = self.0?;
        let (part, rest) = match rest.split_once(SEPARATOR) {
            Some((part, rest)) => (part, Some(rest)),
            None => (rest, None),
        };
        self.0 = rest;
        Some(part)
    }
}

fn below(parent: &str, element: &str) -> OwnedObjectPath {
    // Escaping leaves letters, digits and underscores only, so this is a valid path whatever the name was.
    ObjectPath::from_string_unchecked(format!("{parent}/{element}")).into()
}

fn element_below<'a>(parent: &str, path: &'a ObjectPath<'_>) -> Option<&'a str> {
    path.as_str().strip_prefix(parent)?.strip_prefix('/')
}

fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() {
            escaped.push(char::from(byte));
        } else {
            escaped.push('_');
            escaped.push(hex_digit(byte >> 4));
            escaped.push(hex_digit(byte & 0xf));
        }
    }
    escaped
}

fn hex_digit(value: u8) -> char {
    char::from_digit(u32::from(value), 16).unwrap_or('0')
}

fn unescape(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(if byte == b'_' {
            hex_value(rest.next()?)? << 4 | hex_value(rest.next()?)?
        } else {
            byte
        });
    }
    String::from_utf8(bytes).ok()
}

fn hex_value(digit: u8) -> Option<u8> {
    char::from(digit)
        .to_digit(16)
        .and_then(|value| u8::try_from(value).ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn port(class: &str, backend: &str, id: &str) -> Port {
        Port::new(
            QubeName::new(backend).unwrap(),
            DeviceClass::new(class).unwrap(),
            PortId::new(id).unwrap(),
        )
    }

    #[test]
    fn paths_read_as_the_manual_says() {
        for (port, path) in [
            (port("block", "sys-usb", "sda"), "block__sys_2dusb__sda"),
            (port("pci", "dom0", "00_14.0"), "pci__dom0__00_5f14_2e0"),
            (port("usb", "a", "-1"), "usb__a___2d1"),
        ] {
            assert_eq!(of_device(&port).as_str(), format!("{DEVICES}/{path}"));
        }
        assert_eq!(
            of_qube(&QubeName::new("sys-usb").unwrap()).as_str(),
            "/org/plugboard/Devices1/qube/sys_2dusb"
        );
    }

    #[test]
    fn a_path_of_another_form_is_nobodys() {
        for bad in [
            "/",
            "/org/plugboard/Devices1/device",
            "/org/plugboard/Devices1/device/usb",
            "/org/plugboard/Devices1/device/usb__sys_2dusb",
            "/org/plugboard/Devices1/device/usb__sys_2dusb__2_2d1__x",
            "/org/plugboard/Devices1/device/usb__sys_2Dusb__2",
            "/org/plugboard/Devices1/device/usb__sys_2dusb__2_2",
            "/org/plugboard/Devices1/device/usb__sys_75sb__2",
            "/org/plugboard/Devices1/device/usb__sys__2/x",
            "/org/plugboard/Devices1/qube/work",
            "/org/plugboard/Devices1/device/usb__1work__2",
        ] {
            assert_eq!(to_port(&ObjectPath::try_from(bad).unwrap()), None, "{bad}");
        }
        let port = of_device(&port("usb", "a", "1"));
        assert_eq!(to_qube(&port), None);
    }

    proptest! {
        #[test]
        fn every_port_has_its_own_path_and_is_read_back(
            class in "block|usb|[a-zA-Z0-9_-]{1,9}",
            backend in "[a-zA-Z][a-zA-Z0-9_.-]{0,9}",
            id in "[A-Za-z0-9._-]{1,12}",
        ) {
            prop_assume!(QubeName::new(&backend).is_ok());
            let port = port(&class, &backend, &id);
            let path = of_device(&port);
            prop_assert!(ObjectPath::try_from(path.as_str()).is_ok());
            prop_assert_eq!(to_port(&path), Some(port.clone()));
            let path = of_qube(&port.backend);
            prop_assert!(ObjectPath::try_from(path.as_str()).is_ok());
            prop_assert_eq!(to_qube(&path), Some(port.backend));
        }

        #[test]
        fn no_path_makes_the_reader_panic(element in "[A-Za-z0-9_]{1,40}") {
            let path = ObjectPath::try_from(format!("{DEVICES}/{element}")).unwrap();
            if let Some(port) = to_port(&path) {
                prop_assert_eq!(of_device(&port), path.into());
            }
        }
    }
}
