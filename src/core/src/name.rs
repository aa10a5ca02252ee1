//! Checked names: what a qube, a class, a port, a device is called.
//!
//! Data comes from the wire, the command line or D-Bus and leaves as values that need no second check: every type
//! here can only be made by parsing. They are cheap to clone (a shared string).

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// Longest qube name the hypervisor accepts, in bytes.
const QUBE_NAME_MAX: usize = 31;
/// Longest port id taken, in bytes; a PCI path of eight hops needs 71. Longer ids are refused, the device is a fault.
const PORT_ID_MAX: usize = 128;
/// Longest device class name taken, in bytes.
const CLASS_MAX: usize = 32;

/// Why a text is no name of the wanted kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Nothing was given.
    #[error("{0} is empty")]
    Empty(&'static str),
    /// More bytes than the kind allows.
    #[error("{0} is longer than {1} characters")]
    TooLong(&'static str, usize),
    /// The first character is not one that may stand first.
    #[error("{0} cannot start with hyphen, underscore, dot or numbers")]
    BadStart(&'static str),
    /// A character outside the alphabet.
    #[error("{0} contains illegal characters")]
    BadCharacter(&'static str),
    /// A word the hypervisor keeps for itself.
    #[error("{0} is a reserved word")]
    Reserved(&'static str),
    /// Text without the separators of the wanted form.
    #[error("expected a backend vm, port id and [optional] device id combination like foo:bar[:baz]")]
    NotADevice,
}

macro_rules! text_name {
    ($(#[$doc:meta])* $name:ident, $check:path) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Arc<str>);

        impl $name {
            /// Checks `text` and makes the name of it.
            ///
            /// # Errors
            /// [`NameError`] tells what is wrong with the text.
            pub fn new(text: &str) -> Result<Self, NameError> {
                $check(text)?;
                Ok(Self(Arc::from(text)))
            }

            /// The name as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = NameError;
            fn from_str(text: &str) -> Result<Self, NameError> {
                Self::new(text)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:?}", &*self.0)
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }
    };
}

mod device_id;

pub use device_id::DeviceId;

text_name!(
    /// Name of a qube: a letter, then letters, digits, `_`, `.`, `-`; at most 31 characters.
    ///
    /// # Source
    /// Admin API facts 1.5 and 2.2 (core-admin 4.3).
    QubeName,
    check_qube_name
);

text_name!(
    /// Where at its backend a device is plugged in: `sda`, `2-1.4`, `mic`, `00_14.0`.
    ///
    /// # Source
    /// Admin API facts 3.1 (general rule `[A-Za-z0-9._-]+`).
    PortId,
    check_port_id
);

text_name!(
    /// A device class beyond the four built-in ones, such as `webcam`.
    ExtensionClass,
    check_class
);

impl QubeName {
    /// The administrative qube, `dom0`.
    #[must_use]
    pub fn dom0() -> Self {
        Self(Arc::from("dom0"))
    }

    /// Whether this is the administrative qube.
    #[must_use]
    pub fn is_dom0(&self) -> bool {
        &*self.0 == "dom0"
    }
}

/// Kind of device as the Admin API sorts them; ordered by name, as the server lists them.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum DeviceClass {
    /// Disks, partitions, loop files.
    Block,
    /// The microphone.
    Mic,
    /// PCI functions, exposed by dom0 only.
    Pci,
    /// USB devices behind a USB qube.
    Usb,
    /// A class that an extension brought, such as `webcam`.
    Extension(ExtensionClass),
}

impl DeviceClass {
    /// The class under its wire name.
    ///
    /// # Errors
    /// [`NameError`] when the text can't be a class.
    pub fn new(text: &str) -> Result<Self, NameError> {
        Ok(match text {
            "block" => Self::Block,
            "mic" => Self::Mic,
            "pci" => Self::Pci,
            "usb" => Self::Usb,
            other => Self::Extension(ExtensionClass::new(other)?),
        })
    }

    /// The wire name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Block => "block",
            Self::Mic => "mic",
            Self::Pci => "pci",
            Self::Usb => "usb",
            Self::Extension(name) => name.as_str(),
        }
    }

    /// Whether only dom0 exposes devices of this class.
    #[must_use]
    pub fn is_dom0_only(&self) -> bool {
        matches!(self, Self::Mic | Self::Pci)
    }

    /// Whether the backend's list names who holds a device. Of the others each qube has to be asked.
    ///
    /// # Source
    /// Recorded replies of core-admin 4.4: `mic` and `pci` never carry `attachment=`.
    #[must_use]
    pub fn names_holder(&self) -> bool {
        !matches!(self, Self::Mic | Self::Pci)
    }

    /// Whether one device may be attached to several qubes at the same time.
    #[must_use]
    pub fn is_shareable(&self) -> bool {
        matches!(self, Self::Mic)
    }
}

impl PartialOrd for DeviceClass {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for DeviceClass {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.as_str().cmp(other.as_str())
    }
}

impl fmt::Display for DeviceClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for DeviceClass {
    type Err = NameError;
    fn from_str(text: &str) -> Result<Self, NameError> {
        Self::new(text)
    }
}

/// One place where a device can be: backend qube, class, port id. Written `sys-usb:2-1` (the class goes beside it).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Port {
    /// The qube that exposes the port.
    pub backend: QubeName,
    /// The class of the devices on it.
    pub class: DeviceClass,
    /// The port at the backend.
    pub id: PortId,
}

impl Port {
    /// The port of these three.
    #[must_use]
    pub fn new(backend: QubeName, class: DeviceClass, id: PortId) -> Self {
        Self { backend, class, id }
    }
}

impl fmt::Display for Port {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.backend, self.id)
    }
}

/// Exactly one device at exactly one port: what a person saw and a command names.
///
/// The port alone is not enough: between seeing and clicking another device can have taken it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DeviceRef {
    /// Where it was seen.
    pub port: Port,
    /// What it said it is.
    pub id: DeviceId,
}

impl DeviceRef {
    /// Whether it can be told from whatever else is on its port at another time, so that what a person says of it can
    /// be kept. A server older than R4.3 tells ports only; the microphone is the one on its port all the same.
    #[must_use]
    pub fn is_recognisable(&self) -> bool {
        self.id.is_told() || self.port.class == DeviceClass::Mic
    }
}

impl fmt::Display for DeviceRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.port, self.id)
    }
}

fn check_qube_name(text: &str) -> Result<(), NameError> {
    const WHAT: &str = "VM name";
    let first = text.chars().next().ok_or(NameError::Empty(WHAT))?;
    if text.len() > QUBE_NAME_MAX {
        return Err(NameError::TooLong(WHAT, QUBE_NAME_MAX));
    }
    if matches!(first, '-' | '_' | '.' | '0'..='9') {
        return Err(NameError::BadStart(WHAT));
    }
    if !text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-')) {
        return Err(NameError::BadCharacter(WHAT));
    }
    if matches!(text, "Domain-0" | "none" | "default") || text.ends_with("-dm") {
        return Err(NameError::Reserved(WHAT));
    }
    Ok(())
}

fn check_port_id(text: &str) -> Result<(), NameError> {
    const WHAT: &str = "port id";
    check_bounds(text, WHAT, PORT_ID_MAX)?;
    if text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-')) {
        Ok(())
    } else {
        Err(NameError::BadCharacter(WHAT))
    }
}

fn check_class(text: &str) -> Result<(), NameError> {
    const WHAT: &str = "device class";
    check_bounds(text, WHAT, CLASS_MAX)?;
    if text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-')) {
        Ok(())
    } else {
        Err(NameError::BadCharacter(WHAT))
    }
}

fn check_bounds(text: &str, what: &'static str, max: usize) -> Result<(), NameError> {
    if text.is_empty() {
        Err(NameError::Empty(what))
    } else if text.len() > max {
        Err(NameError::TooLong(what, max))
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn qube_names_follow_the_servers_rules() {
        for good in ["work", "a", "sys-usb", "Disp1234", "a.b_c-d", &"x".repeat(31)] {
            assert!(QubeName::new(good).is_ok(), "{good}");
        }
        for bad in
            ["", "1a", "-a", "_a", ".a", "a b", "a/b", "wörk", "none", "default", "Domain-0", "win-dm", "a\n"]
        {
            assert!(QubeName::new(bad).is_err(), "{bad}");
        }
        assert!(QubeName::new(&"x".repeat(32)).is_err());
    }

    #[test]
    fn ids_refuse_what_would_tear_their_line() {
        assert!(PortId::new("2-1.4").is_ok());
        assert!(PortId::new("00_1c.0-00_00.0").is_ok());
        for bad in ["", "a b", "a:b", "a+b", "*", "a'b", &"9".repeat(129)] {
            assert!(PortId::new(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn classes_are_ordered_by_name() {
        let mut classes = ["usb", "webcam", "block", "pci", "mic"].map(|c| DeviceClass::new(c).unwrap());
        classes.sort();
        assert_eq!(classes.map(|c| c.to_string()), ["block", "mic", "pci", "usb", "webcam"]);
    }
}
