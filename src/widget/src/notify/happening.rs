//! What happened to one device, between two moments at which the machine could be trusted. Pure.

use std::collections::BTreeSet;

use device_core::device::{Device, Presence};
use device_core::machine::Machine;
use device_core::name::QubeName;

/// Something that may be worth a word.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Happening<'a> {
    /// It was plugged in.
    Came(&'a Device),
    /// A qube has it that did not have it before.
    Attached(&'a Device),
    /// This qube does not have it any more, and goes on without it.
    Detached(&'a Device, QubeName),
    /// It went while these qubes had it.
    Lost(&'a Device, BTreeSet<QubeName>),
    /// It went, and nobody had it.
    Gone(&'a Device),
}

/// What happened; `was_plugged_in` = the service saw it come.
pub(super) fn happening<'a>(
    before: Option<&'a Device>,
    after: Option<&'a Device>,
    was_plugged_in: bool,
    machine: &Machine,
) -> Option<Happening<'a>> {
    match (before, after) {
        (None, Some(new)) if new.presence == Presence::Removed => None,
        (None, Some(_)) if !was_plugged_in => None,
        (None, Some(new)) if new.is_attached() => Some(Happening::Attached(new)),
        (None, Some(new)) => Some(Happening::Came(new)),
        (Some(old), Some(new)) if !old.info.id.becomes(&new.info.id) => {
            (was_plugged_in && new.presence == Presence::Present).then_some(Happening::Came(new))
        }
        (Some(old), Some(new)) => between(old, new, machine),
        (Some(old), None) => went(old),
        (None, None) => None,
    }
}

fn between<'a>(old: &'a Device, new: &'a Device, machine: &Machine) -> Option<Happening<'a>> {
    if new.presence == Presence::Removed {
        return (old.presence == Presence::Present).then(|| Happening::Lost(new, holders(new)));
    }
    let (had, has) = (holders(old), holders(new));
    if has.difference(&had).next().is_some() {
        return Some(Happening::Attached(new));
    }
    // A qube that was shut down is not told that it lost its devices: the person did that.
    let runs = |name: &&QubeName| machine.qubes.get(*name).is_some_and(|qube| qube.is_running());
    let qube = had.difference(&has).find(runs)?;
    Some(Happening::Detached(new, qube.clone()))
}

fn went(old: &Device) -> Option<Happening<'_>> {
    match (old.presence, old.is_attached()) {
        (Presence::Present, true) => Some(Happening::Lost(old, holders(old))),
        (Presence::Present, false) => Some(Happening::Gone(old)),
        // It was told when it was pulled out; now its rest was cleaned up.
        (Presence::Removed, _) => None,
    }
}

fn holders(device: &Device) -> BTreeSet<QubeName> {
    device.attachments.keys().cloned().collect()
}
