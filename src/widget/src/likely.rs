//! The one qube a device most likely goes to, for the button of a notification. Pure.

use device_core::device::Device;
use device_core::machine::Machine;
use device_core::name::QubeName;
use device_core::qube::{Qube, QubeClass};
use device_core::rules::may_attach;

use crate::menu::risk::{Risks, trust};
use crate::naming::natural_order;
use crate::scene::Scene;

/// Where the device is assigned to, was used last, or its kind was used last; else the least trusted qube that a person
/// works in, because nobody knows yet what is on it.
///
/// `None` when none may have it, or when giving it away is risky: a button is pressed too quickly for that.
pub(crate) fn likely_target(scene: &Scene, device: &Device) -> Option<QubeName> {
    let machine = &scene.machine;
    let risks = Risks::of(machine, device);
    let fits = |name: &&QubeName| {
        machine.qubes.get(*name).is_some_and(|qube| qube.is_target())
            && may_attach(machine, device, name).is_ok()
            && !risks.has(name)
    };
    let known = device
        .assignments
        .iter()
        .map(|assignment| &assignment.frontend)
        .chain(scene.recent.of(&device.info))
        .chain(scene.recent.of_class(&device.port().class));
    known.into_iter().find(fits).cloned().or_else(|| {
        let mut places: Vec<&Qube> = machine
            .qubes
            .values()
            .map(AsRef::as_ref)
            .filter(|qube| is_workplace(machine, qube) && fits(&&qube.name))
            .collect();
        places.sort_by(|left, right| {
            trust(machine, &left.name)
                .cmp(&trust(machine, &right.name))
                .then_with(|| natural_order(left.name.as_str(), right.name.as_str()))
        });
        places.first().map(|qube| qube.name.clone())
    })
}

/// Whether a person works in it: no template, not one of the qubes that serve others.
///
/// The field names those `sys-…`; a qube that exposes devices serves as well.
fn is_workplace(machine: &Machine, qube: &Qube) -> bool {
    matches!(qube.class, QubeClass::App | QubeClass::Standalone | QubeClass::Disposable)
        && !qube.name.as_str().starts_with("sys-")
        && !machine.devices.keys().any(|port| port.backend == qube.name)
        && trust(machine, &qube.name).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Make, device, laptop, name, qubes};

    #[test]
    fn the_nearest_qube_that_may_have_it_is_offered() {
        let mut scene = laptop();
        let stick = || device("block", "sys-usb", "sdb");
        assert_eq!(likely_target(&scene, &stick()), Some(name("untrusted")), "nothing is known of it");
        scene.recent.remember(&device("block", "sys-usb", "other").info.to_ref(), &name("personal"));
        assert_eq!(likely_target(&scene, &stick()), Some(name("personal")), "as its kind");
        scene.recent.remember(&stick().info.to_ref(), &name("vault"));
        assert_eq!(likely_target(&scene, &stick()), Some(name("vault")), "as it was");
        assert_eq!(likely_target(&scene, &stick().assigned_to("work")), Some(name("work")), "as was decided");
        assert_eq!(
            likely_target(&scene, &stick().assigned_to("off")),
            Some(name("vault")),
            "but it has to run"
        );
        assert_eq!(likely_target(&scene, &stick().assigned_to("banking")), Some(name("vault")), "and may");
    }

    #[test]
    fn a_keyboard_is_offered_to_nobody() {
        let keyboard = device("usb", "sys-usb", "2-2").is(&["u030101"]).assigned_to("work");
        assert_eq!(likely_target(&qubes(), &keyboard), None);
    }
}
