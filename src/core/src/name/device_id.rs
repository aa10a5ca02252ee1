//! What a device says it is, and when two such words can be of one device.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use super::{NameError, check_bounds};

/// Longest device id taken, in bytes; 100 USB interfaces are 700 bytes. Longer ids are refused, the device is a fault.
const DEVICE_ID_MAX: usize = 1024;
/// What the server says of a device that it does not find.
const UNKNOWN: &str = "0000:0000::?******";

text_name!(
    /// What a device says it is: `0781:5567:4C53:u080650`. Printable ASCII without blank.
    ///
    /// A blank or a control character in an id would tear the line it stands in, so such an id is refused.
    ///
    /// The id of a partition begins with that of its disk: `0781:5567:4C53:u080650:1.0:1`. While a partition is in use its
    /// backend does not list the disk, and the same partition is called `0000:0000::?******:1`; see
    /// [`DeviceId::agrees_with`].
    ///
    /// # Source
    /// Admin API facts 3.2 and 5.2.
    DeviceId,
    check_device_id
);

impl DeviceId {
    /// The id of a port whose device is not known.
    #[must_use]
    pub fn unknown() -> Self {
        Self(Arc::from(UNKNOWN))
    }

    /// The id of every device of a server older than R4.3: such a server tells ports only.
    ///
    /// # Source
    /// Admin API facts 2.5. Every id that a server tells has a colon, so none is taken for this one.
    #[must_use]
    pub fn untold() -> Self {
        Self(Arc::from("unidentified"))
    }

    /// Whether the server told it.
    #[must_use]
    pub fn is_told(&self) -> bool {
        *self != Self::untold()
    }

    /// Of an id that leaves open which whole it is a part of: which part, with its colon in front.
    #[must_use]
    pub fn part_of_unlisted(&self) -> Option<&str> {
        self.0.strip_prefix(UNKNOWN).filter(|part| part.len() > 1 && part.starts_with(':'))
    }

    /// This id with `whole` as what it is a part of, where it leaves that open.
    #[must_use]
    pub fn completed_by(&self, whole: &Self) -> Option<Self> {
        Self::new(&format!("{whole}{}", self.part_of_unlisted()?)).ok()
    }

    /// Whether `later` is this id, or the same part with its whole told now.
    #[must_use]
    pub fn becomes(&self, later: &Self) -> bool {
        self == later || self.part_of_unlisted().is_some_and(|part| later.0.ends_with(part))
    }

    /// Whether both can be told of one device at two moments: they are the same, or one of them leaves open which whole
    /// the part is of that the other names.
    #[must_use]
    pub fn agrees_with(&self, other: &Self) -> bool {
        self.becomes(other) || other.becomes(self)
    }

    /// Whether it names what it is a part of: the id of a disk that is on nothing, or on something unknown, does not.
    #[must_use]
    pub fn names_whole(&self) -> bool {
        !self.0.starts_with(':') && self.part_of_unlisted().is_none()
    }

    /// Whether it names `whole` as what it is a part of, at any depth.
    #[must_use]
    pub fn is_part_of(&self, whole: &Self) -> bool {
        self.0.strip_prefix(&*whole.0).is_some_and(|part| part.starts_with(':'))
    }
}

fn check_device_id(text: &str) -> Result<(), NameError> {
    const WHAT: &str = "device id";
    check_bounds(text, WHAT, DEVICE_ID_MAX)?;
    if text.bytes().all(|b| b.is_ascii_graphic()) { Ok(()) } else { Err(NameError::BadCharacter(WHAT)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(text: &str) -> DeviceId {
        DeviceId::new(text).unwrap()
    }

    #[test]
    fn ids_refuse_what_would_tear_their_line() {
        assert!(DeviceId::new("0781:5567:4C53:u080650").is_ok());
        for bad in ["", "a b", "a\0b", "é", &"9".repeat(1025)] {
            assert!(DeviceId::new(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_partition_is_the_same_while_its_disk_is_not_listed() {
        let (stick, disk) = (id("0781:5567:4C53:u080650"), id("0781:5567:4C53:u080650:1.0"));
        let (listed, unlisted) = (id("0781:5567:4C53:u080650:1.0:1"), id("0000:0000::?******:1"));
        assert!(listed.agrees_with(&unlisted) && unlisted.agrees_with(&listed));
        assert!(unlisted.becomes(&listed) && !listed.becomes(&unlisted));
        assert_eq!(unlisted.completed_by(&disk), Some(listed.clone()));
        assert!(listed.is_part_of(&disk) && listed.is_part_of(&stick) && !stick.is_part_of(&stick));
        for other in ["0781:5567:4C53:u080650:1.0:11", "0781:5567:4C53:u080650:1.0:2", "0000:0000::?******"] {
            assert!(!unlisted.agrees_with(&id(other)), "{other}");
            assert!(!listed.agrees_with(&id(other)), "{other}");
        }
        assert!(!listed.agrees_with(&id("1234:5678::u080650:1.0:1")), "another stick");
    }
}
