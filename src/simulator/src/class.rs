//! The device classes, one file each, and what they have in common.
//!
//! A class says what a backend exposes and what a qube holds, and carries out attach and detach. Events around that,
//! stored assignments and the order of checks are the same for all and live in `api::device`.
//!
//! # Source
//! Admin API facts 5.

pub(crate) mod block;
mod mic;
mod pci;
mod usb;
mod webcam;

use device_core::assignment::Options;
use device_core::name::QubeName;

use crate::refusal::Refusal;
use crate::state::State;

pub(crate) use pci::{plain_port as plain_pci_port, port_of as pci_port, reset_with as pci_reset_with};
pub(crate) use usb::{check as check_usb, release as release_usb};

/// A device class of the simulator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Class {
    /// Disks and partitions.
    Block,
    /// The microphone of dom0.
    Mic,
    /// PCI functions of dom0.
    Pci,
    /// USB devices.
    Usb,
    /// Pictures of USB cameras.
    Webcam,
}

impl Class {
    /// The class under its wire name.
    pub(crate) fn new(word: &str) -> Option<Self> {
        Some(match word {
            "block" => Self::Block,
            "mic" => Self::Mic,
            "pci" => Self::Pci,
            "usb" => Self::Usb,
            "webcam" => Self::Webcam,
            _ => return None,
        })
    }

    /// The wire name.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Block => "block",
            Self::Mic => "mic",
            Self::Pci => "pci",
            Self::Usb => "usb",
            Self::Webcam => "webcam",
        }
    }

    /// The name with a capital, as messages about a start write it.
    pub(crate) fn capitalised(self) -> &'static str {
        match self {
            Self::Block => "Block",
            Self::Mic => "Mic",
            Self::Pci => "Pci",
            Self::Usb => "Usb",
            Self::Webcam => "Webcam",
        }
    }
}

/// A device that a backend exposes now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Exposed {
    pub(crate) class: Class,
    pub(crate) backend: QubeName,
    pub(crate) port: String,
    pub(crate) id: String,
    /// The names it tells, in the order they are written.
    pub(crate) names: Vec<(&'static str, String)>,
    pub(crate) holder: Option<QubeName>,
    pub(crate) interfaces: Vec<String>,
    /// Class and port of the device it is a part of.
    pub(crate) parent: Option<(Class, String)>,
    pub(crate) data: Vec<(&'static str, String)>,
}

/// A device that a qube holds now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Held {
    pub(crate) backend: QubeName,
    pub(crate) port: String,
    pub(crate) id: String,
    pub(crate) options: Options,
}

impl Exposed {
    /// `BACKEND:PORT:DEVICE`
    pub(crate) fn text(&self) -> String {
        format!("{}:{}:{}", self.backend, self.port, self.id)
    }

    /// Refuses a device that somebody has.
    fn check_free(&self) -> Result<(), Refusal> {
        match &self.holder {
            None => Ok(()),
            Some(holder) => Err(Refusal::quoted(
                "DeviceAlreadyAttached",
                &format!("Device {} already attached to {holder}", self.text()),
            )),
        }
    }

    fn name(&self, key: &str) -> Option<&str> {
        self.names
            .iter()
            .find(|(known, text)| *known == key && !text.is_empty())
            .map(|(_, text)| text.as_str())
    }

    /// How a prompt calls it.
    ///
    /// # Source
    /// Admin API facts 3.7.
    pub(crate) fn description(&self) -> String {
        let noun = ["product", "name", "serial"].iter().find_map(|key| self.name(key));
        let maker = ["vendor", "manufacturer"].iter().find_map(|key| self.name(key));
        let kind = self
            .interfaces
            .iter()
            .filter_map(|code| device_core::interface::Interface::new(code))
            .map(|code| code.category())
            .find(|category| *category != device_core::interface::Category::Other)
            .map_or_else(
                || format!("{} device", self.class.as_str().to_ascii_uppercase()),
                |category| category.as_str().to_owned(),
            );
        match (noun, &self.parent) {
            (None, Some((_, port))) => format!("sub-device of {}:{port}", self.backend),
            (noun, _) => format!(
                "{kind}: {} {}",
                maker.unwrap_or("unknown vendor"),
                noun.map_or_else(|| format!("unknown {} device", self.class.as_str()), str::to_owned)
            ),
        }
    }
}

impl State {
    /// What `backend` exposes of a class, in the order of ports. Halted and remote qubes expose nothing.
    ///
    /// # Errors
    /// When one device can't be told in the server's grammar: the whole list is then lost, as with the real one.
    pub(crate) fn exposed(&self, class: Class, backend: &QubeName) -> Result<Vec<Exposed>, Refusal> {
        if !self.qube(backend).is_some_and(|qube| qube.is_running() && qube.has_devices()) {
            return Ok(Vec::new());
        }
        match class {
            Class::Block => Ok(block::exposed(self, backend)),
            Class::Mic => Ok(mic::exposed(self, backend)),
            Class::Pci => Ok(pci::exposed(self, backend)),
            Class::Usb => usb::exposed(self, backend),
            Class::Webcam => Ok(webcam::exposed(self, backend)),
        }
    }

    /// What `frontend` holds of a class.
    pub(crate) fn held(&self, class: Class, frontend: &QubeName) -> Vec<Held> {
        if !self.is_running(frontend) {
            return Vec::new();
        }
        match class {
            Class::Block => block::held(self, frontend),
            Class::Mic => mic::held(self, frontend),
            Class::Pci => pci::held(self, frontend),
            Class::Usb => usb::held(self, frontend),
            Class::Webcam => webcam::held(self, frontend),
        }
    }

    /// Every present device of a class that `port` and `id` (`None` = any) name at `backend`.
    ///
    /// # Errors
    /// As [`State::exposed`]; and for PCI ports that are no address of this machine.
    pub(crate) fn resolve(
        &self,
        class: Class,
        backend: &QubeName,
        port: Option<&str>,
        id: Option<&str>,
    ) -> Result<Vec<Exposed>, Refusal> {
        let found = match (class, port) {
            (Class::Pci, Some(port)) if backend.is_dom0() => vec![pci::by_any_port(self, port)?],
            _ => self.exposed(class, backend)?,
        };
        Ok(found
            .into_iter()
            .filter(|device| {
                port.is_none_or(|port| port == device.port) && id.is_none_or(|id| id == device.id)
            })
            .collect())
    }

    /// Gives `device` to `frontend`: the class's checks, then the deed. Returns the options with what the class chose.
    pub(crate) fn attach(
        &mut self,
        frontend: &QubeName,
        device: &Exposed,
        options: Options,
    ) -> Result<Options, Refusal> {
        match device.class {
            Class::Block => block::attach(self, frontend, device, options),
            Class::Mic => mic::attach(self, frontend, &options).map(|()| options),
            Class::Pci => pci::attach(self, frontend, device).map(|()| options),
            Class::Usb => usb::attach(self, frontend, device, &options).map(|()| options),
            Class::Webcam => webcam::attach(self, frontend, device, &options).map(|()| options),
        }
    }

    /// Takes what `frontend` holds away from it.
    pub(crate) fn detach(&mut self, class: Class, frontend: &QubeName, held: &Held) -> Result<(), Refusal> {
        match class {
            Class::Block => block::detach(self, frontend, held),
            Class::Mic => mic::detach(self, frontend),
            Class::Pci => Err(Refusal::Crash),
            Class::Usb => usb::detach(self, frontend, held),
            Class::Webcam => {
                webcam::detach(self, held);
                Ok(())
            }
        }
    }

    /// Why an assignment with these options can't be stored, if so.
    pub(crate) fn check_assignment(class: Class, options: &Options) -> Result<(), Refusal> {
        match class {
            _ if options.is_empty() => Ok(()),
            Class::Usb => Err(Refusal::exception(
                "QubesException",
                "USB device assignment does not support user options",
            )),
            Class::Mic => Err(Refusal::exception("QubesException", mic::NO_OPTIONS)),
            Class::Block | Class::Pci | Class::Webcam => Ok(()),
        }
    }
}
