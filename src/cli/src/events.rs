//! What two states of a device differ in, as events that a person or a script can follow: a pure function.

use std::fmt;

use device_core::assignment::{Assignment, Mode};
use device_core::device::{Device, Presence};
use device_core::name::QubeName;
use serde::Serialize;

use crate::hwdata;
use crate::json;

/// Something that happened to a device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// It is there.
    Appeared,
    /// Another one is on its port.
    Changed,
    /// A qube has it.
    Attached(QubeName),
    /// A qube has it no longer.
    Detached(QubeName),
    /// It is stored for a qube.
    Assigned(QubeName, Mode),
    /// It is stored for a qube no longer.
    Unassigned(QubeName),
    /// It was pulled out while a qube had it, and the qube still has its rest.
    PulledOut,
    /// It is gone.
    Gone,
}

/// Whether it happened before our eyes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum News {
    /// It did.
    Happened,
    /// It was so before anybody watched.
    WasThere,
}

/// What happened between two states, in the order in which it makes sense.
#[must_use]
pub fn between(before: Option<&Device>, now: Option<&Device>) -> Vec<Event> {
    let mut events = Vec::new();
    if let (None, Some(_)) = (before, now) {
        events.push(Event::Appeared);
    }
    if let (Some(before), Some(now)) = (before, now)
        && !before.info.id.becomes(&now.info.id)
    {
        events.push(Event::Changed);
    }
    events.extend(missing(&holders(before), &holders(now)).map(Event::Detached));
    events.extend(missing(&holders(now), &holders(before)).map(Event::Attached));
    // What goes with its device needs no line of its own: the stored assignment stays.
    if now.is_some() {
        let is_new = |(qube, mode): &(QubeName, Mode)| Event::Assigned(qube.clone(), *mode);
        let (old, new) = (assigned(before), assigned(now));
        events.extend(
            old.iter()
                .filter(|(qube, _)| !new.iter().any(|(other, _)| other == qube))
                .map(|(qube, _)| Event::Unassigned(qube.clone())),
        );
        events.extend(new.iter().filter(|pair| !old.contains(pair)).map(is_new));
    }
    if is_there(before) && now.is_some() && !is_there(now) {
        events.push(Event::PulledOut);
    }
    if let (Some(_), None) = (before, now) {
        events.push(Event::Gone);
    }
    events
}

fn is_there(device: Option<&Device>) -> bool {
    device.is_some_and(|device| device.presence == Presence::Present)
}

fn holders(device: Option<&Device>) -> Vec<QubeName> {
    device.into_iter().flat_map(|device| device.attachments.keys().cloned()).collect()
}

fn assigned(device: Option<&Device>) -> Vec<(QubeName, Mode)> {
    let all = device.into_iter().flat_map(|device| &device.assignments);
    all.map(|Assignment { frontend, mode, .. }| (frontend.clone(), *mode)).collect()
}

fn missing<'a>(from: &'a [QubeName], among: &'a [QubeName]) -> impl Iterator<Item = QubeName> + 'a {
    from.iter().filter(|name| !among.contains(name)).cloned()
}

impl Event {
    fn name(&self) -> &'static str {
        match self {
            Self::Appeared => "appeared",
            Self::Changed => "changed",
            Self::Attached(_) => "attached",
            Self::Detached(_) => "detached",
            Self::Assigned(..) => "assigned",
            Self::Unassigned(_) => "unassigned",
            Self::PulledOut => "pulled-out",
            Self::Gone => "gone",
        }
    }

    fn qube(&self) -> Option<&QubeName> {
        match self {
            Self::Attached(qube)
            | Self::Detached(qube)
            | Self::Assigned(qube, _)
            | Self::Unassigned(qube) => Some(qube),
            _ => None,
        }
    }

    /// The line for a person.
    #[must_use]
    pub fn in_words(&self, device: &Device) -> String {
        let port = device.port();
        let what = match self {
            Self::Appeared | Self::Changed => format!(": {}", device.info.description(&hwdata::label)),
            _ => String::new(),
        };
        format!("{} {port} {self}{what}\n", port.class)
    }

    /// The line for a script.
    #[must_use]
    pub fn in_json(&self, device: &Device, news: News) -> String {
        #[derive(Serialize)]
        struct Line<'a> {
            event: &'a str,
            news: bool,
            #[serde(skip_serializing_if = "Option::is_none")]
            qube: Option<&'a str>,
            #[serde(skip_serializing_if = "Option::is_none")]
            mode: Option<&'a str>,
            device: json::Device,
        }
        let mode = match self {
            Self::Assigned(_, mode) => Some(mode.as_str()),
            _ => None,
        };
        let users = device.attachments.iter().map(|(qube, options)| json::User::new(qube, options));
        let device = json::Device::new(&device.info, users.collect());
        let (event, qube) = (self.name(), self.qube().map(QubeName::as_str));
        json::line("event", Line { event, news: news == News::Happened, qube, mode, device })
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Attached(qube) => write!(f, "attached to {qube}"),
            Self::Detached(qube) => write!(f, "detached from {qube}"),
            Self::Assigned(qube, mode) => write!(f, "assigned to {qube} ({mode})"),
            Self::Unassigned(qube) => write!(f, "unassigned from {qube}"),
            Self::PulledOut => f.write_str("pulled out while attached"),
            other => f.write_str(other.name()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use device_core::assignment::Options;
    use device_core::device::DeviceInfo;
    use device_core::name::{DeviceClass, DeviceId, Port, PortId};

    fn device(id: &str, holders: &[&str]) -> Device {
        let port =
            Port::new(QubeName::new("sys-usb").unwrap(), DeviceClass::Usb, PortId::new("2-1").unwrap());
        let name = |name: &&str| (QubeName::new(name).unwrap(), Options::new());
        Device {
            info: DeviceInfo::unknown(port, DeviceId::new(id).unwrap()),
            presence: Presence::Present,
            attachments: holders.iter().map(name).collect(),
            assignments: Vec::new(),
        }
    }

    fn told(before: Option<&Device>, now: Option<&Device>) -> Vec<String> {
        between(before, now).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_move_is_a_detach_and_an_attach() {
        let (here, there) = (device("a", &["work"]), device("a", &["vault"]));
        assert_eq!(told(Some(&here), Some(&there)), ["detached from work", "attached to vault"]);
        assert_eq!(told(Some(&here), Some(&here)), [""; 0]);
    }

    #[test]
    fn what_comes_attached_appears_first_and_what_goes_is_detached_first() {
        let device = device("a", &["work"]);
        assert_eq!(told(None, Some(&device)), ["appeared", "attached to work"]);
        assert_eq!(told(Some(&device), None), ["detached from work", "gone"]);
    }

    #[test]
    fn a_swap_and_a_rest_are_told() {
        let (stick, other) = (device("a", &["work"]), device("b", &["work"]));
        assert_eq!(told(Some(&stick), Some(&other)), ["changed"]);
        let rest = Device { presence: Presence::Removed, ..stick.clone() };
        assert_eq!(told(Some(&stick), Some(&rest)), ["pulled out while attached"]);
    }
}
