//! Errors on the bus: one name per kind, spelled here and nowhere else, and the sentence as message.
//!
//! The service answers with a [`Failure`]; a client reads what came back with [`from_bus`].

use device_core::error::{Error, ErrorKind};
use zbus::DBusError;
use zbus::message::{Header, Message};
use zbus::names::ErrorName;

use crate::property::sentence;

/// The error name of a kind.
#[must_use]
pub fn name_of(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::NotFound => "org.plugboard.Devices1.Error.NotFound",
        ErrorKind::Denied => "org.plugboard.Devices1.Error.Denied",
        ErrorKind::Refused => "org.plugboard.Devices1.Error.Refused",
        ErrorKind::Busy => "org.plugboard.Devices1.Error.Busy",
        ErrorKind::NotRunning => "org.plugboard.Devices1.Error.NotRunning",
        ErrorKind::AlreadyAttached => "org.plugboard.Devices1.Error.AlreadyAttached",
        ErrorKind::Changed => "org.plugboard.Devices1.Error.Changed",
        ErrorKind::Unsupported => "org.plugboard.Devices1.Error.Unsupported",
        ErrorKind::Malformed => "org.plugboard.Devices1.Error.Malformed",
        ErrorKind::Unreachable => "org.plugboard.Devices1.Error.Unreachable",
        ErrorKind::Timeout => "org.plugboard.Devices1.Error.Timeout",
        ErrorKind::Internal => "org.plugboard.Devices1.Error.Internal",
    }
}

/// The kind of an error name; `None` when it is none of ours.
#[must_use]
pub fn kind_of(name: &str) -> Option<ErrorKind> {
    ErrorKind::ALL.into_iter().find(|kind| name_of(*kind) == name)
}

/// A failed command, as the service answers it.
#[derive(Debug)]
pub struct Failure {
    kind: ErrorKind,
    sentence: String,
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self { kind: error.kind(), sentence: sentence(error.sentence()) }
    }
}

impl DBusError for Failure {
    fn create_reply(&self, call: &Header<'_>) -> zbus::Result<Message> {
        Message::error(call, self.name())?.build(&self.sentence)
    }

    fn name(&self) -> ErrorName<'_> {
        ErrorName::from_static_str_unchecked(name_of(self.kind))
    }

    fn description(&self) -> Option<&str> {
        Some(&self.sentence)
    }
}

/// What a client makes of a call that failed, whoever failed it: the service, the bus, or the socket.
#[must_use]
pub fn from_bus(error: &zbus::Error) -> Error {
    match error {
        zbus::Error::MethodError(name, message, _) => from_reply(name.as_str(), message.as_deref()),
        zbus::Error::FDO(standard) => from_reply(standard.name().as_str(), standard.description()),
        zbus::Error::InputOutput(_) => {
            Error::new(ErrorKind::Unreachable, "The connection to the session bus is broken.")
        }
        other => Error::new(ErrorKind::Internal, sentence(&other.to_string())),
    }
}

/// The service is not there, or went away.
#[must_use]
pub fn absent_service() -> Error {
    Error::new(ErrorKind::Unreachable, "The device service (plugboardd) is not running or went away.")
}

fn from_reply(name: &str, message: Option<&str>) -> Error {
    if let Some(kind) = kind_of(name) {
        return Error::new(kind, sentence(message.unwrap_or("The service gave no reason.")));
    }
    let (kind, text) = match name.strip_prefix("org.freedesktop.DBus.Error.") {
        Some("ServiceUnknown" | "NameHasNoOwner" | "Disconnected" | "NoReply" | "NoServer") => {
            return absent_service();
        }
        Some("Timeout" | "TimedOut") => (ErrorKind::Timeout, "The device service did not answer."),
        Some("AccessDenied") => (ErrorKind::Denied, "The session bus does not let this program ask."),
        // Commands go to the one object that is always there. That a device is gone is said by an error of our own.
        Some("UnknownObject") => (
            ErrorKind::Unreachable,
            "The device service (plugboardd) is not ready yet. Try again in a moment.",
        ),
        Some("UnknownMethod" | "UnknownInterface" | "UnknownProperty" | "InvalidArgs") => {
            (ErrorKind::Unsupported, "The device service is of another version. Start it again.")
        }
        _ => return Error::new(ErrorKind::Internal, sentence(message.unwrap_or(name))),
    };
    Error::new(kind, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_and_names_are_one_to_one() {
        for kind in ErrorKind::ALL {
            let name = name_of(kind);
            assert!(ErrorName::try_from(name).is_ok());
            assert_eq!(kind_of(name), Some(kind));
            assert_eq!(name, format!("{}.Error.{kind:?}", crate::names::BUS));
        }
        assert_eq!(kind_of("org.freedesktop.DBus.Error.Failed"), None);
    }

    #[test]
    fn the_manual_lists_every_name() {
        let manual = include_str!("../../../data/dbus-1/interfaces/org.plugboard.Devices1.Manager.xml");
        for kind in ErrorKind::ALL {
            assert!(manual.contains(&format!("{} ", name_of(kind))), "{kind:?}");
        }
    }

    #[test]
    fn an_absent_service_is_unreachable_and_an_old_one_unsupported() {
        for (name, kind) in [
            ("org.freedesktop.DBus.Error.ServiceUnknown", ErrorKind::Unreachable),
            ("org.freedesktop.DBus.Error.UnknownObject", ErrorKind::Unreachable),
            ("org.freedesktop.DBus.Error.UnknownMethod", ErrorKind::Unsupported),
            ("org.example.Odd", ErrorKind::Internal),
        ] {
            assert_eq!(from_reply(name, None).kind(), kind);
        }
    }
}
