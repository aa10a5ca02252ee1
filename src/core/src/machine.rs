//! The machine as a face sees it: a plain value of qubes and devices, and the changes that lead from one to the next.
//!
//! Comes from [`crate::inventory`] in the service and from the bus in the widget; every face is a function of it.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::device::{Device, DeviceInfo, SharedDevice};
use crate::error::{Error, ErrorKind};
use crate::name::{DeviceClass, Port, PortId, QubeName};
use crate::qube::Qube;
use crate::shared::Shared;

/// How far parents are followed. Partition, disk, stick and a few layers of volumes on top make six; what a backend
/// claims beyond this counts as another thing.
const NESTING_MAX: usize = 16;

/// How far the mirror can be trusted.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Link {
    /// Nothing has been stale for longer than the faces need to know.
    Live,
    /// Connected, but something is not yet read (again).
    #[default]
    Resyncing,
    /// No connection, or one over which not even the qubes can be listed.
    Lost(Trouble),
}

/// Why something can't be read: the kind for faces with words of their own, the sentence for all others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// What went wrong.
    pub kind: ErrorKind,
    /// The same for a person, in English.
    pub sentence: String,
}

impl Trouble {
    /// Trouble of a kind, with the sentence that tells it.
    pub fn new(kind: ErrorKind, sentence: impl Into<String>) -> Self {
        Self { kind, sentence: sentence.into() }
    }
}

impl From<&Error> for Trouble {
    fn from(error: &Error) -> Self {
        Self::new(error.kind(), error.sentence())
    }
}

/// Everything a face may show. A clone costs nothing: it is made for each face and after each change.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Machine {
    /// Who there is.
    pub qubes: Shared<BTreeMap<QubeName, Arc<Qube>>>,
    /// What there is, attached or not, ordered by backend, class and port.
    pub devices: Shared<BTreeMap<Port, SharedDevice>>,
    /// Lists that can't be read, with the reason: nothing of them is shown rather than something untrue.
    pub unreadable: BTreeMap<(QubeName, DeviceClass), Trouble>,
    /// How far all this can be trusted.
    pub link: Link,
}

/// What now holds. Applying the same change twice is the same as once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// The qube is as told.
    Qube(Arc<Qube>),
    /// There is no such qube any more.
    QubeGone(QubeName),
    /// The device is as told.
    Device(SharedDevice),
    /// Nothing is on this port any more, and nobody holds anything of it.
    DeviceGone(Port),
    /// The list of this backend and class can't be read; `None` = it can again.
    Unreadable(QubeName, DeviceClass, Option<Trouble>),
    /// The mirror can be trusted this far.
    Link(Link),
}

impl Machine {
    /// Makes `change` true.
    pub fn apply(&mut self, change: Change) {
        match change {
            Change::Qube(qube) => {
                self.qubes.insert(qube.name.clone(), qube);
            }
            Change::QubeGone(name) => {
                self.qubes.remove(&name);
            }
            Change::Device(device) => {
                self.devices.insert(device.port().clone(), device);
            }
            Change::DeviceGone(port) => {
                self.devices.remove(&port);
            }
            Change::Unreadable(backend, class, reason) => {
                match reason {
                    Some(reason) => self.unreadable.insert((backend, class), reason),
                    None => self.unreadable.remove(&(backend, class)),
                };
            }
            Change::Link(link) => self.link = link,
        }
    }

    /// The changes that make this value of an empty one: the full state first, then differences.
    pub fn replicate(&self) -> impl Iterator<Item = Change> + '_ {
        let qubes = self.qubes.values().cloned().map(Change::Qube);
        let devices = self.devices.values().cloned().map(Change::Device);
        let unreadable = self.unreadable.iter().map(|((backend, class), reason)| {
            Change::Unreadable(backend.clone(), class.clone(), Some(reason.clone()))
        });
        qubes.chain(devices).chain(unreadable).chain([Change::Link(self.link.clone())])
    }

    /// What `device` is a part of, if that is known and there: what lies above it, past a disk that its backend does not
    /// list while a part of it is in use.
    #[must_use]
    pub fn parent(&self, device: &Device) -> Option<&SharedDevice> {
        let DeviceInfo { parent, grandparent, .. } = &device.info;
        let at = |(class, id): &(DeviceClass, PortId)| {
            self.devices.get(&Port::new(device.port().backend.clone(), class.clone(), id.clone()))
        };
        parent.as_ref().and_then(at).or_else(|| grandparent.as_ref().and_then(at))
    }

    /// All that `device` is a part of, nearest first. A hostile backend can claim a circle; it ends after some rounds.
    pub fn ancestors<'a>(&'a self, device: &'a Device) -> impl Iterator<Item = &'a SharedDevice> {
        std::iter::successors(self.parent(device), |parent| self.parent(parent)).take(NESTING_MAX)
    }

    /// Whether `device` is a part of what is on `whole`, at any depth.
    #[must_use]
    pub fn is_part_of(&self, device: &Device, whole: &Port) -> bool {
        self.ancestors(device).any(|above| above.port() == whole)
    }

    /// The outermost device that `port` is a part of, itself if it is a part of nothing: one physical thing.
    ///
    /// Of a circle of parents, as a hostile backend can claim it, all are one thing.
    #[must_use]
    pub fn physical_thing(&self, port: &Port) -> Port {
        let mut seen = vec![port];
        for above in self.devices.get(port).into_iter().flat_map(|device| self.ancestors(device)) {
            if seen.contains(&above.port()) {
                return seen.into_iter().min().unwrap_or(port).clone();
            }
            seen.push(above.port());
        }
        seen.pop().unwrap_or(port).clone()
    }
}
