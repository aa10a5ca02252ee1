//! May this device be attached to that qube, and if not, why: one function, one enum of reasons.
//!
//! Pure: a menu asks it for each row, a command asks it again right before the call. The hypervisor has the last
//! word; these rules are stricter where it would let data be lost.

use std::fmt;

use crate::device::{Device, Presence};
use crate::error::{Error, ErrorKind};
use crate::machine::Machine;
use crate::name::{DeviceClass, Port, QubeName};
use crate::qube::{Qube, QubeClass};

/// Why a device may not be attached to a qube.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// There is no such qube.
    UnknownQube(QubeName),
    /// It is on another machine and takes no devices.
    RemoteQube(QubeName),
    /// dom0 takes no devices: it would give the device control over everything.
    AdminQube,
    /// The qube exposes this very device.
    OwnBackend(QubeName),
    /// The qube does not run.
    NotRunning(QubeName),
    /// USB devices can't be attached to a paused qube.
    Paused(QubeName),
    /// Its deny list names this kind of device.
    DenyList(QubeName),
    /// The device was pulled out.
    Removed,
    /// It is attached to this qube already.
    AlreadyThere(QubeName),
    /// The disk that this is a part of, or a part of this disk, is in use there.
    RelatedInUse {
        /// The related device.
        port: Port,
        /// The qube that uses it.
        holder: QubeName,
    },
    /// PCI devices are assigned while the qube is off, not attached.
    PciNeedsAssignment,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownQube(qube) => write!(f, "There is no qube {qube}."),
            Self::RemoteQube(qube) => write!(f, "{qube} is on another machine and takes no devices."),
            Self::AdminQube => f.write_str("dom0 takes no devices."),
            Self::OwnBackend(qube) => write!(f, "{qube} is the qube that this device comes from."),
            Self::NotRunning(qube) => write!(f, "{qube} is not running. Start it first."),
            Self::Paused(qube) => write!(f, "{qube} is paused. Unpause it first."),
            Self::DenyList(qube) => {
                write!(f, "Blocked by policy: the deny list of {qube} names this kind of device.")
            }
            Self::Removed => f.write_str("The device was pulled out."),
            Self::AlreadyThere(qube) => write!(f, "The device is attached to {qube} already."),
            Self::RelatedInUse { port, holder } => {
                write!(
                    f,
                    "{port} is a part of the same disk and is in use in {holder}. Detach it there first."
                )
            }
            Self::PciNeedsAssignment => {
                f.write_str("PCI devices cannot be attached to a running qube. Assign them while it is off.")
            }
        }
    }
}

impl Refusal {
    /// The kind of error this refusal is.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::UnknownQube(_) => ErrorKind::NotFound,
            Self::NotRunning(_) | Self::Paused(_) => ErrorKind::NotRunning,
            Self::DenyList(_) => ErrorKind::Denied,
            Self::AlreadyThere(_) => ErrorKind::AlreadyAttached,
            Self::RelatedInUse { .. } => ErrorKind::Busy,
            Self::RemoteQube(_) | Self::PciNeedsAssignment => ErrorKind::Unsupported,
            Self::AdminQube | Self::OwnBackend(_) | Self::Removed => ErrorKind::Refused,
        }
    }
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        Self::new(refusal.kind(), refusal.to_string())
    }
}

/// Whether `device` may be attached to `frontend`. Being attached elsewhere is no refusal here: it can be moved.
///
/// # Errors
/// The first reason against it.
pub fn may_attach(machine: &Machine, device: &Device, frontend: &QubeName) -> Result<(), Refusal> {
    may_attach_unless_related(machine, device, frontend)?;
    match related_in_use(machine, device) {
        Some((port, holder)) => Err(Refusal::RelatedInUse { port, holder }),
        None => Ok(()),
    }
}

/// As [`may_attach`], but for [`related_in_use`]: that is the same for every qube and takes a look at every device, so
/// whoever asks of many qubes asks that once.
///
/// # Errors
/// The first reason against it.
pub fn may_attach_unless_related(
    machine: &Machine,
    device: &Device,
    frontend: &QubeName,
) -> Result<(), Refusal> {
    let qube = machine.qubes.get(frontend).ok_or_else(|| Refusal::UnknownQube(frontend.clone()))?;
    let port = device.port();
    if device.presence == Presence::Removed {
        return Err(Refusal::Removed);
    }
    if port.class == DeviceClass::Pci {
        return Err(Refusal::PciNeedsAssignment);
    }
    if port.backend == *frontend {
        return Err(Refusal::OwnBackend(frontend.clone()));
    }
    may_hold(qube, device)?;
    if device.attachments.contains_key(frontend) {
        return Err(Refusal::AlreadyThere(frontend.clone()));
    }
    Ok(())
}

/// What of the qube itself speaks against it.
fn may_hold(qube: &Qube, device: &Device) -> Result<(), Refusal> {
    let name = || qube.name.clone();
    match qube.class {
        QubeClass::Admin => return Err(Refusal::AdminQube),
        QubeClass::Remote => return Err(Refusal::RemoteQube(name())),
        _ => {}
    }
    if !qube.is_running() {
        return Err(Refusal::NotRunning(name()));
    }
    if qube.state == crate::qube::PowerState::Paused && device.port().class == DeviceClass::Usb {
        return Err(Refusal::Paused(name()));
    }
    if qube.denies(&device.info.interfaces) {
        return Err(Refusal::DenyList(name()));
    }
    Ok(())
}

/// The part of `device`, or what it is a part of, that is in use, and by whom.
///
/// Two qubes must never write one disk: a whole disk and its partitions exclude each other, and raw USB takes all.
#[must_use]
pub fn related_in_use(machine: &Machine, device: &Device) -> Option<(Port, QubeName)> {
    let port = device.port();
    let is_part = |part: &Device, whole: &Port| machine.ancestors(part).any(|above| above.port() == whole);
    let others = machine
        .devices
        .values()
        .filter(|other| other.is_attached() && other.port().backend == port.backend && other.port() != port);
    others
        .filter(|other| is_part(other, port) || is_part(device, other.port()))
        .find_map(|other| Some((other.port().clone(), other.attachments.keys().next()?.clone())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::assignment::Options;
    use crate::device::DeviceInfo;
    use crate::interface::Interface;
    use crate::name::{DeviceId, PortId};
    use crate::qube::{PowerState, QubeDetails};
    use std::sync::Arc;

    fn name(text: &str) -> QubeName {
        QubeName::new(text).unwrap()
    }

    fn port(class: DeviceClass, id: &str) -> Port {
        Port::new(name("sys-usb"), class, PortId::new(id).unwrap())
    }

    fn machine() -> Machine {
        let mut machine = Machine::default();
        for (qube, class, state) in [
            ("dom0", QubeClass::Admin, PowerState::Running),
            ("sys-usb", QubeClass::Disposable, PowerState::Running),
            ("work", QubeClass::App, PowerState::Running),
            ("vault", QubeClass::App, PowerState::Halted),
        ] {
            machine.apply(crate::machine::Change::Qube(Arc::new(Qube {
                name: name(qube),
                class,
                state,
                details: None,
            })));
        }
        for (class, id, parent) in [
            (DeviceClass::Usb, "2-1", None),
            (DeviceClass::Block, "sda", Some((DeviceClass::Usb, "2-1"))),
            (DeviceClass::Block, "sda1", Some((DeviceClass::Block, "sda"))),
            (DeviceClass::Block, "sda2", Some((DeviceClass::Block, "sda"))),
        ] {
            let mut info = DeviceInfo::unknown(port(class, id), DeviceId::unknown());
            info.parent = parent.map(|(class, id)| (class, PortId::new(id).unwrap()));
            add(&mut machine, info, &[]);
        }
        machine
    }

    fn add(machine: &mut Machine, info: DeviceInfo, holders: &[&str]) {
        machine.apply(crate::machine::Change::Device(Arc::new(Device {
            info,
            presence: Presence::Present,
            attachments: holders.iter().map(|holder| (name(holder), Options::new())).collect(),
            assignments: Vec::new(),
        })));
    }

    fn hold(machine: &mut Machine, port: &Port, holder: &str) {
        let info = machine.devices.get(port).unwrap().info.clone();
        add(machine, info, &[holder]);
    }

    fn verdict(machine: &Machine, port: &Port, qube: &str) -> Result<(), Refusal> {
        may_attach(machine, machine.devices.get(port).unwrap(), &name(qube))
    }

    #[test]
    fn a_disk_and_its_parts_exclude_each_other() {
        let (stick, disk) = (port(DeviceClass::Usb, "2-1"), port(DeviceClass::Block, "sda"));
        let (first, second) = (port(DeviceClass::Block, "sda1"), port(DeviceClass::Block, "sda2"));
        let mut machine = machine();
        assert_eq!(verdict(&machine, &disk, "work"), Ok(()));
        hold(&mut machine, &first, "work");
        for blocked in [&stick, &disk] {
            assert!(
                matches!(verdict(&machine, blocked, "work"), Err(Refusal::RelatedInUse { .. })),
                "{blocked}"
            );
        }
        assert_eq!(verdict(&machine, &second, "work"), Ok(()), "another partition stays free");
    }

    #[test]
    fn nobody_gets_what_is_not_for_them() {
        let machine = machine();
        let disk = port(DeviceClass::Block, "sda");
        assert_eq!(verdict(&machine, &disk, "dom0"), Err(Refusal::AdminQube));
        assert_eq!(verdict(&machine, &disk, "sys-usb"), Err(Refusal::OwnBackend(name("sys-usb"))));
        assert_eq!(verdict(&machine, &disk, "vault"), Err(Refusal::NotRunning(name("vault"))));
        assert_eq!(verdict(&machine, &disk, "nosuch"), Err(Refusal::UnknownQube(name("nosuch"))));
    }

    #[test]
    fn a_deny_list_counts_even_for_interfaces_it_names_by_pattern() {
        let mut machine = machine();
        let mut info = machine.devices.get(&port(DeviceClass::Usb, "2-1")).unwrap().info.clone();
        info.interfaces = vec![Interface::new("u080650").unwrap(), Interface::new("u030101").unwrap()];
        add(&mut machine, info, &[]);
        let mut qube = Qube::clone(machine.qubes.get(&name("work")).unwrap());
        qube.details =
            Some(QubeDetails { denied: vec![Interface::new("u03").unwrap()], ..QubeDetails::default() });
        machine.apply(crate::machine::Change::Qube(Arc::new(qube)));
        assert_eq!(
            verdict(&machine, &port(DeviceClass::Usb, "2-1"), "work"),
            Err(Refusal::DenyList(name("work")))
        );
        assert_eq!(verdict(&machine, &port(DeviceClass::Block, "sda"), "work"), Ok(()));
    }

    #[test]
    fn a_chain_of_parents_is_followed_only_so_far() {
        let mut machine = machine();
        let disk = |number: usize| port(DeviceClass::Block, &format!("chain{number}"));
        for number in 0..100 {
            let mut info = DeviceInfo::unknown(disk(number), DeviceId::unknown());
            info.parent = number.checked_sub(1).map(|above| (DeviceClass::Block, disk(above).id));
            add(&mut machine, info, &[]);
        }
        assert_eq!(machine.physical_thing(&disk(5)), disk(0), "deeper than any honest machine");
        assert_ne!(machine.physical_thing(&disk(99)), disk(0));
        hold(&mut machine, &disk(0), "work");
        assert!(matches!(verdict(&machine, &disk(5), "work"), Err(Refusal::RelatedInUse { .. })));
    }

    #[test]
    fn a_circle_of_parents_ends() {
        let mut machine = machine();
        let mut info = DeviceInfo::unknown(port(DeviceClass::Usb, "2-1"), DeviceId::unknown());
        info.parent = Some((DeviceClass::Block, PortId::new("sda1").unwrap()));
        add(&mut machine, info, &[]);
        assert_eq!(verdict(&machine, &port(DeviceClass::Block, "sda1"), "work"), Ok(()));
        let thing = machine.physical_thing(&port(DeviceClass::Block, "sda1"));
        assert_eq!(thing, machine.physical_thing(&port(DeviceClass::Usb, "2-1")));
    }
}
