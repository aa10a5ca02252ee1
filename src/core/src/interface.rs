//! Interface codes (`u080650`) and the category a person knows them by.
//!
//! # Source
//! Admin API facts 3.6 (core-admin 4.3, `device_protocol`).

use std::fmt;

/// One seven-character interface code: class letter, then class, subclass and protocol in hexadecimal or `*`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Interface([u8; Interface::LENGTH]);

impl Interface {
    /// Characters of a code.
    pub const LENGTH: usize = 7;
    /// The code of a device of which nothing is known.
    pub const UNKNOWN: Self = Self(*b"?******");

    /// The code in `text`, right-padded with `*` when it is shorter; `None` when it can't be a code.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        if bytes.is_empty() || bytes.len() > Self::LENGTH {
            return None;
        }
        let mut code = [b'*'; Self::LENGTH];
        for (place, byte) in code.iter_mut().zip(bytes) {
            *place = *byte;
        }
        let [first, rest @ ..] = &code;
        let head_ok = matches!(first, b'u' | b'p' | b'b' | b'm' | b'?' | b'*');
        let rest_ok = rest.iter().all(|b| b.is_ascii_hexdigit() || *b == b'*');
        (head_ok && rest_ok).then_some(Self(code))
    }

    /// Splits concatenated codes; a piece that is no code is given back as [`Interface::UNKNOWN`].
    ///
    /// Unknown is the safe reading: rules treat it as "may be anything".
    pub fn split(text: &str) -> impl Iterator<Item = Self> + '_ {
        text.as_bytes().chunks(Self::LENGTH).map(|piece| {
            std::str::from_utf8(piece)
                .ok()
                .filter(|piece| piece.len() == Self::LENGTH)
                .and_then(Self::new)
                .unwrap_or(Self::UNKNOWN)
        })
    }

    /// The code as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or("?******")
    }

    /// Whether `pattern` covers this code: each of its characters is `*` or equal.
    #[must_use]
    pub fn matches(&self, pattern: &Self) -> bool {
        pattern.score(*self).is_some()
    }

    /// How many characters of this pattern name `code` exactly; `None` when one of them disagrees.
    fn score(self, code: Self) -> Option<usize> {
        let mut equal = 0;
        for (pattern, code) in self.0.iter().zip(code.0) {
            if *pattern == code {
                equal += 1;
            } else if *pattern != b'*' {
                return None;
            }
        }
        Some(equal)
    }

    /// The category of this code: the best scoring pattern of the table, the first one on ties.
    #[must_use]
    pub fn category(&self) -> Category {
        let mut best = (0, Category::Other);
        for (category, patterns) in TABLE {
            for pattern in *patterns {
                if let Some(score) = Self(**pattern).score(*self)
                    && score > best.0
                {
                    best = (score, *category);
                }
            }
        }
        best.1
    }
}

impl fmt::Display for Interface {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for Interface {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What an interface is for. The names with underscores are the field's own and appear in `qvm-device list`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "each name says itself")]
pub enum Category {
    Other,
    Network,
    Keyboard,
    Mouse,
    Input,
    Printer,
    Camera,
    Microphone,
    Audio,
    Multimedia,
    UsbStorage,
    BlockStorage,
    Storage,
    Bluetooth,
    SmartCardReaders,
    Display,
    Memory,
    PciBridge,
    DockingStation,
    Processor,
    PciSerialBus,
    PciUsb,
}

impl Category {
    /// The field's own name, as the command line prints it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Other => "Other",
            Self::Network => "Network",
            Self::Keyboard => "Keyboard",
            Self::Mouse => "Mouse",
            Self::Input => "Input",
            Self::Printer => "Printer",
            Self::Camera => "Camera",
            Self::Microphone => "Microphone",
            Self::Audio => "Audio",
            Self::Multimedia => "Multimedia",
            Self::UsbStorage => "USB_Storage",
            Self::BlockStorage => "Block_Storage",
            Self::Storage => "Storage",
            Self::Bluetooth => "Bluetooth",
            Self::SmartCardReaders => "Smart_Card_Readers",
            Self::Display => "Display",
            Self::Memory => "Memory",
            Self::PciBridge => "PCI_Bridge",
            Self::DockingStation => "Docking_Station",
            Self::Processor => "Processor",
            Self::PciSerialBus => "PCI_Serial_Bus",
            Self::PciUsb => "PCI_USB",
        }
    }

    /// Every category, in the field's order.
    pub fn all() -> impl Iterator<Item = Self> {
        TABLE.iter().map(|(category, _)| *category)
    }

    /// The patterns of this category, as deny lists store them.
    pub fn patterns(self) -> impl Iterator<Item = Interface> {
        TABLE
            .iter()
            .filter(move |(category, _)| *category == self)
            .flat_map(|(_, patterns)| patterns.iter().map(|pattern| Interface(**pattern)))
    }

    /// Whether giving such a device away can lock a person out of their own machine.
    #[must_use]
    pub fn is_input(self) -> bool {
        matches!(self, Self::Keyboard | Self::Mouse | Self::Input)
    }
}

impl fmt::Display for Category {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

type Patterns = &'static [&'static [u8; Interface::LENGTH]];

/// The field's table; the order decides ties.
const TABLE: &[(Category, Patterns)] = &[
    (Category::Other, &[b"*******"]),
    (Category::Network, &[b"u02****", b"p0703**", b"p02****", b"ue0****"]),
    (Category::Keyboard, &[b"u03**01", b"p0900**"]),
    (Category::Mouse, &[b"u03**02", b"p0902**"]),
    (Category::Input, &[b"u03****", b"p09****"]),
    (Category::Printer, &[b"u07****"]),
    (Category::Camera, &[b"p0903**", b"u06****", b"u0e****"]),
    (Category::Microphone, &[b"m******"]),
    (Category::Audio, &[b"p0403**", b"p0401**", b"p0408**", b"u01****", b"m******"]),
    (Category::Multimedia, &[b"u10****", b"p03****", b"p04****"]),
    (Category::UsbStorage, &[b"u08****"]),
    (Category::BlockStorage, &[b"b******"]),
    (Category::Storage, &[b"b******", b"u08****", b"p01****"]),
    (Category::Bluetooth, &[b"ue00101", b"p0d11**"]),
    (Category::SmartCardReaders, &[b"u0b****"]),
    (Category::Display, &[b"p0300**", b"p0380**"]),
    (Category::Memory, &[b"p05****"]),
    (Category::PciBridge, &[b"p06****"]),
    (Category::DockingStation, &[b"p0a****"]),
    (Category::Processor, &[b"p0b****", b"p40****"]),
    (Category::PciSerialBus, &[b"p0c****"]),
    (Category::PciUsb, &[b"p0c03**"]),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn categories_agree_with_the_observed_ones() {
        for (code, category) in [
            ("u030101", "Keyboard"),
            ("u030000", "Input"),
            ("u080650", "USB_Storage"),
            ("b******", "Block_Storage"),
            ("m000000", "Microphone"),
            ("p010601", "Storage"),
            ("p0c0330", "PCI_USB"),
            ("p060400", "PCI_Bridge"),
            ("p040300", "Audio"),
            ("p030000", "Display"),
            ("u0e0100", "Camera"),
            ("ue00101", "Bluetooth"),
            ("ue00103", "Network"),
            ("u090000", "Other"),
            ("?******", "Other"),
        ] {
            assert_eq!(Interface::new(code).unwrap().category().as_str(), category, "{code}");
        }
    }

    #[test]
    fn a_piece_that_is_no_code_reads_as_unknown() {
        let codes: Vec<_> = Interface::split("u080650uzz0101u03").collect();
        assert_eq!(
            codes.iter().map(Interface::as_str).collect::<Vec<_>>(),
            ["u080650", "?******", "?******"]
        );
    }
}
