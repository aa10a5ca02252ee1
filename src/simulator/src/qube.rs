//! One simulated qube: what is stored of it and what it holds while it runs.
//!
//! Only values live here; what changes them, and which events say so, is in `power`, `property` and the device
//! classes.

use std::collections::{BTreeMap, BTreeSet};

use device_core::assignment::{Mode, Options};
use device_core::name::QubeName;
use device_core::qube::{PowerState, QubeClass};

use crate::class::Class;

/// A qube.
#[derive(Debug, Clone)]
pub(crate) struct Qube {
    pub(crate) name: QubeName,
    pub(crate) class: QubeClass,
    pub(crate) power: PowerState,
    pub(crate) uuid: String,
    pub(crate) qid: u32,
    /// The hypervisor's number while it runs.
    pub(crate) xid: Option<u32>,
    /// Properties that are not at their default, as the wire writes their values.
    pub(crate) properties: BTreeMap<String, String>,
    pub(crate) features: BTreeMap<String, String>,
    pub(crate) tags: BTreeSet<String>,
    pub(crate) assignments: Vec<Stored>,
    /// Block devices it has, in the order they came.
    pub(crate) disks: Vec<Disk>,
    /// Whether its audio qube lets it hear.
    pub(crate) has_microphone: bool,
    /// Addresses of the PCI functions it has.
    pub(crate) pci: Vec<String>,
}

/// A stored assignment; `None` for port or device is `*`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Stored {
    pub(crate) class: Class,
    pub(crate) backend: QubeName,
    pub(crate) port: Option<String>,
    pub(crate) device: Option<String>,
    pub(crate) mode: Mode,
    /// The frontend as the caller wrote it, if at all; the real server shows it only then.
    pub(crate) frontend: Option<QubeName>,
    pub(crate) options: Options,
}

/// A block device in a qube.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Disk {
    pub(crate) backend: QubeName,
    pub(crate) port: String,
    /// The name it has inside the qube.
    pub(crate) node: String,
    pub(crate) is_read_only: bool,
    pub(crate) is_cdrom: bool,
}

impl Qube {
    /// A halted qube of which nothing is set.
    pub(crate) fn new(name: QubeName, class: QubeClass, qid: u32, uuid: String) -> Self {
        Self {
            name,
            class,
            power: PowerState::Halted,
            uuid,
            qid,
            xid: None,
            properties: BTreeMap::new(),
            features: BTreeMap::new(),
            tags: BTreeSet::new(),
            assignments: Vec::new(),
            disks: Vec::new(),
            has_microphone: false,
            pci: Vec::new(),
        }
    }

    /// Whether it exists in the hypervisor, paused or not.
    pub(crate) fn is_running(&self) -> bool {
        self.power.is_running()
    }

    /// Whether this class of qubes has devices at all.
    pub(crate) fn has_devices(&self) -> bool {
        self.class != QubeClass::Remote
    }

    /// The text of a property that is set.
    pub(crate) fn property(&self, name: &str) -> Option<&str> {
        self.properties.get(name).map(String::as_str)
    }

    /// Whether a feature is set to something that means yes.
    pub(crate) fn has_feature(&self, name: &str) -> bool {
        self.features.get(name).is_some_and(|value| !value.is_empty())
    }

    /// Whether PCI devices are assigned to it: that changes several defaults.
    pub(crate) fn has_pci_assigned(&self) -> bool {
        self.assignments.iter().any(|stored| stored.class == Class::Pci)
    }
}

impl Stored {
    /// `BACKEND:PORT:DEVICE` with `*` for any, as events and messages write it.
    pub(crate) fn text(&self) -> String {
        format!(
            "{}:{}:{}",
            self.backend,
            self.port.as_deref().unwrap_or("*"),
            self.device.as_deref().unwrap_or("*")
        )
    }

    /// Whether it means the device `id` on `port` of `backend`.
    pub(crate) fn covers(&self, class: Class, backend: &QubeName, port: &str, id: &str) -> bool {
        self.class == class
            && self.backend == *backend
            && self.port.as_deref().is_none_or(|own| own == port)
            && self.device.as_deref().is_none_or(|own| own == id)
    }

    /// Sorts from most to least specific: port and device, port, device, anything; equal ones by text, larger first.
    pub(crate) fn specificity(&self) -> (u8, std::cmp::Reverse<String>) {
        let rank = match (&self.port, &self.device) {
            (Some(_), Some(_)) => 0,
            (Some(_), None) => 1,
            (None, Some(_)) => 2,
            (None, None) => 3,
        };
        (rank, std::cmp::Reverse(self.text()))
    }
}
