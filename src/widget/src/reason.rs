//! Why a command failed, and why something can't be read, in the person's language. Pure.
//!
//! Over the bus comes a kind and a sentence in English. What the library could have said of this very device and qube is
//! recognised as a whole and said again here, and so is how it stands after the way back; of a command that is one call, the
//! kind is enough as well. A sentence that holds more is never cut down to its kind: it stays as the service says it.

use device_bus::error::absent_service;
use device_core::command::aftermath::Aftermath;
use device_core::device::Device;
use device_core::error::{Error, ErrorKind};
use device_core::machine::Trouble;
use device_core::name::DeviceRef;
use device_core::rules::{Refusal, Relative, may_attach};

use crate::scene::{Command, Scene};
use crate::strings;

/// Why `command` failed.
pub(crate) fn reason(scene: &Scene, command: &Command, error: &Error) -> String {
    if let Some((first, aftermath)) = Aftermath::split(error.sentence()) {
        let first = reason(scene, command, &Error::new(error.kind(), first));
        return match aftermath {
            Aftermath::BackIn(qube) => strings::reason_back_in(&first, qube.as_str()),
            Aftermath::DisposableRemoved(qube) => strings::reason_disposable_removed(&first, qube.as_str()),
        };
    }
    let said = exactly_said(scene, command).into_iter().find(|(known, _)| known == error);
    said.map(|(_, text)| text)
        .or_else(|| of_kind(scene, command, error.kind()))
        .unwrap_or_else(|| error.sentence().to_owned())
}

/// What the library says of such a command, and what that is in the person's language.
fn exactly_said(scene: &Scene, command: &Command) -> Vec<(Error, String)> {
    let mut said = vec![(Error::empty_reply(), strings::reason_none())];
    if let Some(seen) = about(command) {
        let port = seen.port.to_string();
        said.push((Error::changed(&seen.port), strings::reason_changed(&port)));
        said.push((Error::gone(&seen.port), strings::reason_gone(&port)));
        let holders = scene.machine.devices.get(&seen.port).into_iter().flat_map(|at| at.attachments.keys());
        said.extend(holders.map(|holder| {
            (Error::already_attached(&seen.port, holder), strings::reason_held(holder.as_str()))
        }));
    }
    if let Some((refusal, text)) = refusal(scene, command) {
        said.push((refusal.into(), text));
    }
    said
}

/// What a kind says where nothing else can be meant by it.
fn of_kind(scene: &Scene, command: &Command, kind: ErrorKind) -> Option<String> {
    match (command, kind) {
        // These are several calls: only the service knows how far they came.
        (Command::Move(..) | Command::AttachToNewDisposable(..) | Command::MoveToNewDisposable(..), _) => {
            None
        }
        (_, ErrorKind::Unreachable) => Some(strings::reason_unreachable()),
        (_, ErrorKind::Timeout) => Some(strings::reason_timeout()),
        (Command::Attach(seen, ..) | Command::Detach(seen, _), ErrorKind::Changed) => {
            Some(strings::reason_changed(&seen.port.to_string()))
        }
        (Command::Attach(..), _) => {
            refusal(scene, command).filter(|(refusal, _)| refusal.kind() == kind).map(|(_, text)| text)
        }
        (Command::Detach(_, qube), ErrorKind::NotFound) => Some(strings::reason_not_there(qube.as_str())),
        _ => None,
    }
}

/// Why the link is lost, or a list can't be read. What the server said in words of its own stays as it is.
pub(crate) fn trouble(trouble: &Trouble) -> String {
    for (known, said) in
        [(absent_service(), strings::no_service()), (Error::empty_reply(), strings::reason_none())]
    {
        if Trouble::from(&known) == *trouble {
            return said;
        }
    }
    match trouble.kind {
        ErrorKind::Unreachable => strings::trouble_unreachable(),
        ErrorKind::Timeout => strings::trouble_timeout(),
        ErrorKind::Malformed => strings::trouble_malformed(),
        ErrorKind::Denied => strings::trouble_denied(),
        _ => trouble.sentence.clone(),
    }
}

/// The device that is named by what the person saw of it, if the command is about one.
fn about(command: &Command) -> Option<&DeviceRef> {
    match command {
        Command::Attach(seen, ..)
        | Command::AttachToNewDisposable(seen, ..)
        | Command::Detach(seen, _)
        | Command::Move(seen, ..)
        | Command::MoveToNewDisposable(seen, ..)
        | Command::SetMark(seen, ..) => Some(seen),
        Command::ShutDown(..) | Command::StartQube(_) => None,
    }
}

/// What the rules say on the mirror against that the qube gets the device.
fn refusal(scene: &Scene, command: &Command) -> Option<(Refusal, String)> {
    let (Command::Attach(seen, qube, _) | Command::Move(seen, qube, _)) = command else {
        return None;
    };
    let device: &Device = scene.machine.devices.get(&seen.port)?;
    let refusal = may_attach(&scene.machine, device, qube).err()?;
    let text = refused(&refusal);
    Some((refusal, text))
}

/// The rule in the person's language.
pub(crate) fn refused(refusal: &Refusal) -> String {
    match refusal {
        Refusal::UnknownQube(qube) => strings::reason_no_qube(qube.as_str()),
        Refusal::RemoteQube(qube) => strings::reason_remote(qube.as_str()),
        Refusal::AdminQube => strings::reason_admin(),
        Refusal::OwnBackend(qube) => strings::reason_backend(qube.as_str()),
        Refusal::NotRunning(qube) => strings::reason_not_running(qube.as_str()),
        Refusal::Paused(qube) => strings::reason_paused(qube.as_str()),
        Refusal::DenyList(qube) => strings::reason_denied(qube.as_str()),
        Refusal::Removed => strings::refused_removed(),
        Refusal::AlreadyThere(qube) => strings::reason_held(qube.as_str()),
        Refusal::RelatedInUse(relative) => in_use(relative, &relative.port.to_string()),
        Refusal::PciNeedsAssignment => strings::reason_pci(),
    }
}

/// That a relative of a device is in use. `name` = what the relative is called there.
pub(crate) fn in_use(relative: &Relative, name: &str) -> String {
    let holder = relative.holder.as_str();
    if relative.is_certain {
        strings::refused_in_use(name, holder)
    } else {
        strings::refused_perhaps_in_use(name, holder)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Make, device, name, port, put, put_qube, qube, qubes};
    use device_core::assignment::Options;
    use device_core::qube::{PowerState, QubeClass};

    /// A stick that `vault` has, where such a qube is named.
    fn with_stick(holders: &[&str]) -> (Scene, DeviceRef) {
        let mut scene = qubes();
        let stick = device("usb", "sys-usb", "2-1").held_by(holders);
        let seen = stick.info.to_ref();
        put(&mut scene, stick);
        (scene, seen)
    }

    fn attach(seen: &DeviceRef, qube: &str) -> Command {
        Command::Attach(seen.clone(), name(qube), Options::new())
    }

    /// The kind with a sentence that nobody knows.
    fn odd(kind: ErrorKind) -> Error {
        Error::new(kind, "In words of its own.")
    }

    #[test]
    fn what_the_library_says_is_said_in_the_persons_language() {
        let (scene, seen) = with_stick(&["personal"]);
        let to_work = [attach(&seen, "work"), Command::Move(seen.clone(), name("work"), Options::new())];
        for command in to_work {
            for (error, said) in [
                (
                    Error::changed(&seen.port),
                    "Another device is on sys-usb:2-1 now. Look again before you choose.",
                ),
                (Error::gone(&seen.port), "There is no device on sys-usb:2-1 any more."),
                (
                    Error::already_attached(&seen.port, &name("personal")),
                    "It is attached to personal already.",
                ),
                (
                    Error::empty_reply(),
                    "qubesd refused without giving a reason. The system log of dom0 (journalctl) says more.",
                ),
            ] {
                assert_eq!(reason(&scene, &command, &error), said);
            }
        }
    }

    #[test]
    fn a_rule_is_said_as_the_mirror_knows_it() {
        let (mut scene, seen) = with_stick(&[]);
        let work = |scene: &mut Scene, state| {
            put_qube(scene, qube("work", QubeClass::App, state, "blue"));
        };
        work(&mut scene, PowerState::Paused);
        let refusal = Refusal::Paused(name("work")).into();
        let said = "work is paused. Unpause it first.";
        assert_eq!(reason(&scene, &attach(&seen, "work"), &refusal), said);
        assert_eq!(reason(&scene, &attach(&seen, "work"), &odd(ErrorKind::NotRunning)), said);
        work(&mut scene, PowerState::Halted);
        let said = "work is not running. Start it first.";
        assert_eq!(reason(&scene, &attach(&seen, "work"), &odd(ErrorKind::NotRunning)), said);
        let denied = odd(ErrorKind::Denied);
        assert_eq!(reason(&scene, &attach(&seen, "work"), &denied), denied.sentence(), "not by a deny list");
    }

    #[test]
    fn of_a_command_that_is_one_call_the_kind_is_enough() {
        let (scene, seen) = with_stick(&[]);
        let detach = Command::Detach(seen.clone(), name("work"));
        let start = Command::StartQube(name("sys-usb"));
        for (command, kind, said) in [
            (&detach, ErrorKind::NotFound, "It is not attached to work."),
            (
                &detach,
                ErrorKind::Changed,
                "Another device is on sys-usb:2-1 now. Look again before you choose.",
            ),
            (
                &start,
                ErrorKind::Unreachable,
                "The connection broke. Whether it was done is not known; look again.",
            ),
            (
                &start,
                ErrorKind::Timeout,
                "There was no answer in time. Whether it was done is not known; look again.",
            ),
        ] {
            assert_eq!(reason(&scene, command, &odd(kind)), said);
        }
    }

    #[test]
    fn a_sentence_that_holds_more_is_not_cut_down() {
        let (scene, seen) = with_stick(&[]);
        for command in [
            Command::Move(seen.clone(), name("work"), Options::new()),
            Command::AttachToNewDisposable(seen.clone(), name("work"), Options::new()),
            Command::MoveToNewDisposable(seen.clone(), name("work"), Options::new()),
        ] {
            for kind in ErrorKind::ALL {
                let text = format!("{} Nobody knows more.", Error::changed(&seen.port));
                assert_eq!(reason(&scene, &command, &Error::new(kind, text.clone())), text);
            }
        }
        let unknown = odd(ErrorKind::Refused);
        assert_eq!(reason(&scene, &attach(&seen, "work"), &unknown), unknown.sentence());
    }

    #[test]
    fn what_cannot_be_read_is_told_by_its_kind_unless_the_server_has_words_of_its_own() {
        for (error, said) in [
            (absent_service(), "The Plugboard service is not running."),
            (
                Error::empty_reply(),
                "qubesd refused without giving a reason. The system log of dom0 (journalctl) says more.",
            ),
            (odd(ErrorKind::Unreachable), "qubesd can't be reached."),
            (odd(ErrorKind::Timeout), "There was no answer in time."),
            (odd(ErrorKind::Malformed), "The answer can't be read."),
            (odd(ErrorKind::Denied), "A policy does not permit it."),
            (odd(ErrorKind::Refused), "In words of its own."),
            (odd(ErrorKind::Internal), "In words of its own."),
        ] {
            assert_eq!(trouble(&Trouble::from(&error)), said);
        }
    }

    #[test]
    fn how_it_stands_after_the_way_back_is_said_in_the_persons_language_too() {
        let (scene, seen) = with_stick(&[]);
        let command = Command::MoveToNewDisposable(seen.clone(), name("default-dvm"), Options::new());
        let back = "It is back in vault. The new disposable disp1 was removed again.";
        for (first, said) in [
            (Error::gone(&seen.port), "There is no device on sys-usb:2-1 any more."),
            (odd(ErrorKind::Refused), "In words of its own."),
        ] {
            let error = Error::new(first.kind(), format!("{first} {back}"));
            assert_eq!(reason(&scene, &command, &error), format!("{said} {back}"));
        }
    }

    #[test]
    fn a_device_that_the_mirror_lost_is_no_obstacle() {
        let seen = DeviceRef { port: port("usb", "sys-usb", "9-9"), id: with_stick(&[]).1.id };
        let said = reason(&qubes(), &attach(&seen, "work"), &Error::gone(&seen.port));
        assert_eq!(said, "There is no device on sys-usb:9-9 any more.");
    }
}
