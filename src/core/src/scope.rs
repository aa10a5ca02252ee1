//! Scopes: the pieces of the mirror that are read as a whole and can be stale.
//!
//! [`stale_after`] is the one table that says which event makes which scope stale.
//! An event is never applied: it only says where to look.

use std::collections::BTreeSet;

use crate::assignment::{Assignment, Attachment};
use crate::device::DeviceInfo;
use crate::mark::Mark;
use crate::name::{DeviceClass, DeviceRef, Port, QubeName};
use crate::qube::{QubeDetails, QubeState};
use crate::wire::event::Event;

/// What can be stale and is read again as a whole.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// Which device classes there are.
    Classes,
    /// Which qubes there are, and who runs.
    Qubes,
    /// What a backend exposes of one class; names the holders too.
    Exposed(QubeName, DeviceClass),
    /// What a qube holds of one class, and with which options.
    Attached(QubeName, DeviceClass),
    /// Label, internal mark, deny list and such of one qube.
    Details(QubeName),
    /// The stored assignments of one qube and class.
    Assigned(QubeName, DeviceClass),
    /// The devices of a backend that carry this mark.
    Marked(QubeName, Mark),
}

impl Scope {
    /// The qube that is asked, `None` for scopes of the whole machine.
    #[must_use]
    pub fn qube(&self) -> Option<&QubeName> {
        match self {
            Self::Classes | Self::Qubes => None,
            Self::Exposed(qube, _)
            | Self::Attached(qube, _)
            | Self::Details(qube)
            | Self::Assigned(qube, _)
            | Self::Marked(qube, _) => Some(qube),
        }
    }

    /// The class that is asked for, if any.
    #[must_use]
    pub fn class(&self) -> Option<&DeviceClass> {
        match self {
            Self::Classes | Self::Qubes | Self::Details(_) | Self::Marked(..) => None,
            Self::Exposed(_, class) | Self::Attached(_, class) | Self::Assigned(_, class) => Some(class),
        }
    }
}

/// What is true of a scope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ScopeReply {
    /// Of [`Scope::Classes`].
    Classes(Vec<DeviceClass>),
    /// Of [`Scope::Qubes`].
    Qubes(Vec<QubeState>),
    /// Of [`Scope::Exposed`].
    Exposed(Vec<DeviceInfo>),
    /// Of [`Scope::Attached`].
    Attached(Vec<Attachment>),
    /// Of [`Scope::Details`].
    Details(QubeDetails),
    /// Of [`Scope::Assigned`].
    Assigned(Vec<Assignment>),
    /// Of [`Scope::Marked`].
    Marked(BTreeSet<DeviceRef>),
}

/// Where something may have changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Hint {
    /// Anywhere: events may have been lost.
    Everything,
    /// In this scope.
    Scope(Scope),
    /// In this scope, and what is told of it may lag behind: it is worth a second look in a moment.
    Lagging(Scope),
    /// In every scope of this class (an event that does not say of whom).
    Class(DeviceClass),
    /// In every scope of this qube.
    Qube(QubeName),
}

/// The scopes that `event` makes stale.
///
/// # Source
/// Admin API facts 4.1 and 4.3; measured facts 11 (required disks come and go without an event of their own).
#[must_use]
pub fn stale_after(event: &Event) -> Vec<Hint> {
    let (kind, detail) = event.name.split_once(':').unwrap_or((&event.name, ""));
    let subject = QubeName::new(&event.subject).ok();
    match kind {
        "connection-established" => vec![Hint::Everything],
        "domain-add" | "domain-delete" => vec![Hint::Scope(Scope::Qubes)],
        "device-list-change" | "device-added" | "device-removed" => exposed(subject, detail),
        "device-attach" | "device-detach" => moved(subject, detail, event),
        "device-assign" | "device-unassign" | "device-assignment-changed" => assigned(subject, detail),
        "domain-start"
        | "domain-spawn"
        | "domain-start-failed"
        | "domain-stopped"
        | "domain-shutdown"
        | "domain-paused"
        | "domain-unpaused"
        | "domain-resumed"
        | "domain-pre-start" => {
            let mut hints = vec![Hint::Scope(Scope::Qubes)];
            hints.extend(subject.map(Hint::Qube));
            hints
        }
        "property-set" | "property-reset" | "property-del" => property(subject, detail),
        "domain-feature-set" | "domain-feature-delete" => match (subject, detail) {
            (Some(qube), "internal") => vec![Hint::Scope(Scope::Details(qube))],
            (Some(qube), feature) => Mark::from_feature(feature)
                .map(|mark| Hint::Scope(Scope::Marked(qube, mark)))
                .into_iter()
                .collect(),
            _ => Vec::new(),
        },
        _ => Vec::new(),
    }
}

/// What is in doubt once a command for the device on this port and this qube found something else than the person saw.
/// Whatever told of it was lost, so all is looked at that either end may have told.
#[must_use]
pub fn stale_after_surprise(port: &Port, frontend: &QubeName) -> Vec<Hint> {
    let held = Scope::Attached(frontend.clone(), port.class.clone());
    let mut hints = exposed(Some(port.backend.clone()), port.class.as_str());
    hints.extend([Hint::Scope(held), Hint::Scope(Scope::Qubes)]);
    hints
}

/// A backend's list changed. A USB device brings and takes disks, and the disk notice can come late or be lost.
fn exposed(backend: Option<QubeName>, class: &str) -> Vec<Hint> {
    let (Some(backend), Ok(class)) = (backend, DeviceClass::new(class)) else {
        return vec![Hint::Everything];
    };
    let disks =
        (class == DeviceClass::Usb).then(|| Hint::Scope(Scope::Exposed(backend.clone(), DeviceClass::Block)));
    let mut hints = vec![Hint::Scope(Scope::Exposed(backend, class))];
    hints.extend(disks);
    hints
}

fn moved(frontend: Option<QubeName>, class: &str, event: &Event) -> Vec<Hint> {
    let (Some(frontend), Ok(class)) = (frontend, DeviceClass::new(class)) else {
        return vec![Hint::Everything];
    };
    let device = event.value("device").or_else(|| event.value("port"));
    let backend =
        device.and_then(|text| text.split_once(':')).and_then(|(backend, _)| QubeName::new(backend).ok());
    let at_backend = match backend {
        // Who has a USB device or a webcam its backend notes by itself, a second or so after the deed.
        Some(backend) if matches!(class, DeviceClass::Usb | DeviceClass::Extension(_)) => {
            Hint::Lagging(Scope::Exposed(backend, class.clone()))
        }
        Some(backend) => Hint::Scope(Scope::Exposed(backend, class.clone())),
        None => Hint::Class(class.clone()),
    };
    vec![at_backend, Hint::Scope(Scope::Attached(frontend, class))]
}

fn assigned(frontend: Option<QubeName>, class: &str) -> Vec<Hint> {
    match (frontend, DeviceClass::new(class)) {
        (Some(frontend), Ok(class)) => vec![Hint::Scope(Scope::Assigned(frontend, class))],
        _ => vec![Hint::Everything],
    }
}

fn property(subject: Option<QubeName>, name: &str) -> Vec<Hint> {
    match (subject, name) {
        (Some(qube), "label" | "icon" | "template_for_dispvms" | "auto_cleanup" | "devices_denied") => {
            vec![Hint::Scope(Scope::Details(qube))]
        }
        // The microphone follows the audio qube without any device event.
        (Some(qube), "audiovm") => vec![Hint::Scope(Scope::Attached(qube, DeviceClass::Mic))],
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(subject: &str, name: &str, pairs: &[(&str, &str)]) -> Event {
        Event {
            subject: subject.into(),
            name: name.into(),
            pairs: pairs.iter().map(|(k, v)| ((*k).into(), (*v).into())).collect(),
        }
    }

    fn qube(name: &str) -> QubeName {
        QubeName::new(name).unwrap()
    }

    #[test]
    fn a_usb_device_that_appears_brings_its_disks_into_question() {
        assert_eq!(
            stale_after(&event("sys-usb", "device-added:usb", &[("device", "sys-usb:2-1:x")])),
            [
                Hint::Scope(Scope::Exposed(qube("sys-usb"), DeviceClass::Usb)),
                Hint::Scope(Scope::Exposed(qube("sys-usb"), DeviceClass::Block))
            ]
        );
    }

    #[test]
    fn an_attach_concerns_both_ends() {
        for key in ["device", "port"] {
            assert_eq!(
                stale_after(&event("work", "device-detach:block", &[(key, "sys-usb:sda")])),
                [
                    Hint::Scope(Scope::Exposed(qube("sys-usb"), DeviceClass::Block)),
                    Hint::Scope(Scope::Attached(qube("work"), DeviceClass::Block))
                ]
            );
        }
    }

    #[test]
    fn an_event_that_names_nobody_widens_the_doubt() {
        assert_eq!(stale_after(&event("bad name", "device-added:usb", &[])), [Hint::Everything]);
        assert_eq!(
            stale_after(&event("work", "device-attach:usb", &[])).first(),
            Some(&Hint::Class(DeviceClass::Usb))
        );
    }
}
