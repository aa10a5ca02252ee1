//! What is true of the service as a whole: the properties of the Manager as they travel, and back.

use std::collections::BTreeMap;
use std::fmt;

use device_core::error::ErrorKind;
use device_core::machine::{Link, Machine, Trouble};
use device_core::name::{DeviceClass, QubeName};
use device_core::text::DisplayText;

use crate::error::{kind_of, name_of};
use crate::property::{ShapeError, properties, sentence};

/// The word of a link that can be trusted.
const LIVE: &str = "live";
/// The word of a link over which something is still to be read.
const RESYNCING: &str = "resyncing";
/// The word of a link that is down.
const LOST: &str = "lost";
/// What a simulated source begins with.
const SIMULATOR: &str = "simulator:";
/// The word of the real source.
const QUBESD: &str = "qubesd";

/// Where all of it comes from.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Source {
    /// The management service of this machine.
    #[default]
    Qubesd,
    /// A simulator playing this world: nothing is real.
    Simulator(DisplayText),
}

impl Source {
    /// The source under its word; a word newer than this program counts as real.
    #[must_use]
    pub fn new(word: &str) -> Self {
        match word.strip_prefix(SIMULATOR) {
            Some(name) => Self::Simulator(DisplayText::from_untrusted(name)),
            None => Self::Qubesd,
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Qubesd => f.write_str(QUBESD),
            Self::Simulator(world) => write!(f, "{SIMULATOR}{world}"),
        }
    }
}

/// A list that can't be read, as it travels: backend, device class, error name, reason.
pub type UnreadableList = (String, String, String, String);

/// Lists that can't be read, with the reason, as the machine keeps them.
pub type Unreadable = BTreeMap<(QubeName, DeviceClass), Trouble>;

properties! {
    /// The properties of `org.plugboard.Devices1.Manager`; the manual tells what each means.
    #[expect(missing_docs, reason = "the manual, data/dbus-1/interfaces, describes each")]
    ManagerProperties {
        version: String = "Version",
        source: String = "Source",
        link: String = "Link",
        link_error: String = "LinkError",
        link_error_name: String = "LinkErrorName",
        unreadable: Vec<UnreadableList> = "Unreadable",
    }
}

impl ManagerProperties {
    /// The properties of a service of this version that mirrors `machine`.
    #[must_use]
    pub fn new(version: &str, source: &Source, machine: &Machine) -> Self {
        let (link, (link_error_name, link_error)) = match &machine.link {
            Link::Live => (LIVE, Default::default()),
            Link::Resyncing => (RESYNCING, Default::default()),
            Link::Lost(trouble) => (LOST, told(trouble)),
        };
        Self {
            version: version.to_owned(),
            source: source.to_string(),
            link: link.to_owned(),
            link_error,
            link_error_name,
            unreadable: machine
                .unreadable
                .iter()
                .map(|((backend, class), trouble)| {
                    let (name, why) = told(trouble);
                    (backend.to_string(), class.to_string(), name, why)
                })
                .collect(),
        }
    }

    /// How far the tree can be trusted. A word newer than this program reads as "not yet".
    #[must_use]
    pub fn to_link(&self) -> Link {
        match self.link.as_str() {
            LIVE => Link::Live,
            LOST => Link::Lost(heard(&self.link_error_name, &self.link_error)),
            _ => Link::Resyncing,
        }
    }

    /// The lists that can't be read.
    ///
    /// # Errors
    /// When one names what can be no backend or class.
    pub fn to_unreadable(&self) -> Result<Unreadable, ShapeError> {
        let invalid = |why| ShapeError::value("Unreadable", &why);
        self.unreadable
            .iter()
            .map(|(backend, class, name, why)| {
                let list =
                    (QubeName::new(backend).map_err(invalid)?, DeviceClass::new(class).map_err(invalid)?);
                Ok((list, heard(name, why)))
            })
            .collect()
    }
}

/// Trouble as it travels: the name of its kind, and the sentence.
fn told(trouble: &Trouble) -> (String, String) {
    (name_of(trouble.kind).to_owned(), sentence(&trouble.sentence))
}

/// Trouble as it came. A name newer than this program is of no kind that it could act on.
fn heard(name: &str, why: &str) -> Trouble {
    Trouble::new(kind_of(name).unwrap_or(ErrorKind::Internal), sentence(why))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn link_and_unreadable_lists_come_back_as_they_were() {
        let away = Link::Lost(Trouble::new(ErrorKind::Unreachable, "qubesd is away."));
        for link in [Link::Live, Link::Resyncing, away] {
            let mut machine = Machine { link, ..Machine::default() };
            let list = (QubeName::new("sys-usb").unwrap(), DeviceClass::Usb);
            machine.unreadable.insert(list, Trouble::new(ErrorKind::Malformed, "The list is broken."));
            let properties = ManagerProperties::new("0.1.0", &Source::Qubesd, &machine);
            assert_eq!(properties.to_link(), machine.link);
            assert_eq!(properties.to_unreadable(), Ok(machine.unreadable));
        }
    }

    #[test]
    fn a_simulated_source_is_told_from_the_real_one() {
        for source in [Source::Qubesd, Source::Simulator("laptop".into())] {
            assert_eq!(Source::new(&source.to_string()), source);
        }
    }
}
