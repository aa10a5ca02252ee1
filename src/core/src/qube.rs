//! What is known of a qube.

use std::fmt;

use crate::interface::Interface;
use crate::mark::DeviceMarks;
use crate::name::QubeName;

/// Class of a qube; unknown ones are kept as `Other`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum QubeClass {
    /// dom0.
    Admin,
    /// A template.
    Template,
    /// On its own root image.
    Standalone,
    /// Based on a template.
    App,
    /// A disposable.
    Disposable,
    /// On another machine; supports no devices.
    Remote,
    /// A class newer than this program.
    Other,
}

impl QubeClass {
    const WORDS: [(Self, &'static str); 6] = [
        (Self::Admin, "AdminVM"),
        (Self::Template, "TemplateVM"),
        (Self::Standalone, "StandaloneVM"),
        (Self::App, "AppVM"),
        (Self::Disposable, "DispVM"),
        (Self::Remote, "RemoteVM"),
    ];

    /// The class under its wire name.
    #[must_use]
    pub fn new(word: &str) -> Self {
        Self::WORDS.iter().find(|(_, known)| *known == word).map_or(Self::Other, |(class, _)| *class)
    }

    /// The wire name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        Self::WORDS.iter().find(|(class, _)| *class == self).map_or("Other", |(_, word)| word)
    }
}

/// Power state as the Admin API names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "the field's own words")]
pub enum PowerState {
    Halted,
    Transient,
    Running,
    Paused,
    Suspended,
    Halting,
    Dying,
    Crashed,
    /// Not known, or a word newer than this program.
    Unknown,
}

impl PowerState {
    const WORDS: [(Self, &'static str); 9] = [
        (Self::Halted, "Halted"),
        (Self::Transient, "Transient"),
        (Self::Running, "Running"),
        (Self::Paused, "Paused"),
        (Self::Suspended, "Suspended"),
        (Self::Halting, "Halting"),
        (Self::Dying, "Dying"),
        (Self::Crashed, "Crashed"),
        (Self::Unknown, "NA"),
    ];

    /// The state under its wire name.
    #[must_use]
    pub fn new(word: &str) -> Self {
        Self::WORDS.iter().find(|(_, known)| *known == word).map_or(Self::Unknown, |(state, _)| *state)
    }

    /// The wire name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        Self::WORDS.iter().find(|(state, _)| *state == self).map_or("NA", |(_, word)| word)
    }

    /// Whether the qube exists in the hypervisor: only then it can expose or hold devices.
    #[must_use]
    pub fn is_running(self) -> bool {
        !matches!(self, Self::Halted | Self::Unknown)
    }
}

/// Name and colour of a label.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    /// Its name, such as `red`.
    pub name: String,
    /// Its colour, `0xRRGGBB`.
    pub colour: u32,
}

impl Label {
    /// The colour of a label that every system has.
    ///
    /// # Source
    /// Admin API facts 2.2.
    #[must_use]
    pub fn standard_colour(name: &str) -> Option<u32> {
        Some(match name {
            "red" => 0x00cc_0000,
            "orange" => 0x00f5_7900,
            "yellow" => 0x00ed_d400,
            "green" => 0x0073_d216,
            "gray" => 0x0055_5555,
            "blue" => 0x0034_65a4,
            "purple" => 0x0075_507b,
            "black" => 0x0000_0000,
            _ => return None,
        })
    }
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.name)
    }
}

/// One line of the list of qubes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QubeState {
    /// Its name.
    pub name: QubeName,
    /// Its class.
    pub class: QubeClass,
    /// Whether and how it runs.
    pub state: PowerState,
}

/// What has to be asked for qube by qube.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct QubeDetails {
    /// Its label; `None` when it can't be read.
    pub label: Option<Label>,
    /// Marked internal: offered to a person only where they ask for it.
    pub is_internal: bool,
    /// New disposables can be based on it.
    pub is_disposable_template: bool,
    /// The server removes it when it shuts down.
    pub is_auto_cleanup: bool,
    /// Interface codes that must not be attached to it.
    pub denied: Vec<Interface>,
    /// Marks on the devices that it exposes.
    pub marks: DeviceMarks,
}

/// A qube as the mirror shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Qube {
    /// Name, class and state.
    pub name: QubeName,
    /// Its class.
    pub class: QubeClass,
    /// Whether and how it runs.
    pub state: PowerState,
    /// `None` until they were read.
    pub details: Option<QubeDetails>,
}

impl Qube {
    /// Whether it runs.
    #[must_use]
    pub fn is_running(&self) -> bool {
        self.state.is_running()
    }

    /// Whether a person may be offered this qube as a place for devices: it runs, is not dom0, not remote, and
    /// known not to be internal.
    #[must_use]
    pub fn is_target(&self) -> bool {
        self.is_running()
            && !matches!(self.class, QubeClass::Admin | QubeClass::Remote)
            && self.details.as_ref().is_some_and(|details| !details.is_internal)
    }

    /// Whether its deny list forbids a device with these interfaces.
    #[must_use]
    pub fn denies(&self, interfaces: &[Interface]) -> bool {
        self.details.as_ref().is_some_and(|details| {
            details.denied.iter().any(|pattern| interfaces.iter().any(|code| code.matches(pattern)))
        })
    }
}
