//! What a person should be told before a command, because it can lock them out or carry harm upwards. Pure.
//!
//! Risk is named where it counts, not everywhere: most choices have none.

use device_core::device::Device;
use device_core::interface::Category;
use device_core::machine::Machine;
use device_core::name::QubeName;

use crate::strings;

/// Labels from the least to the most trusted, as the field sorts them.
const TRUST: [&str; 8] = ["red", "orange", "yellow", "green", "gray", "blue", "purple", "black"];

/// What is risky about giving one device away. Made once for all qubes that it could go to.
pub(crate) struct Risks<'a> {
    machine: &'a Machine,
    device: &'a Device,
    is_input: bool,
}

/// What is risky about one way.
enum Risk<'a> {
    /// A person may be typing or pointing with it.
    Input,
    /// It comes from this qube, which is trusted less.
    Upwards(&'a QubeName),
}

/// The only one of its kind on this machine.
enum OnlyInput {
    Keyboard,
    Mouse,
}

impl<'a> Risks<'a> {
    pub(crate) fn of(machine: &'a Machine, device: &'a Device) -> Self {
        Self { machine, device, is_input: is_input(device) }
    }

    /// Whether there is anything to ask about before it goes to `to`.
    pub(crate) fn has(&self, to: &QubeName) -> bool {
        self.kind(to).is_some()
    }

    /// The sentence to ask about before it goes to `to`; `None` when there is nothing to say.
    pub(crate) fn sentence(&self, to: &QubeName) -> Option<String> {
        let (port, qube) = (self.device.port().to_string(), to.as_str());
        Some(match self.kind(to)? {
            Risk::Input => match self.only_input() {
                Some(OnlyInput::Keyboard) => strings::risk_keyboard(&port, qube),
                Some(OnlyInput::Mouse) => strings::risk_mouse(&port, qube),
                None => strings::risk_input(qube),
            },
            Risk::Upwards(from) => strings::risk_trust(from.as_str(), qube),
        })
    }

    /// As [`Self::sentence`], before it goes to a new disposable based on `template`, which has the label of that.
    pub(crate) fn sentence_of_new(&self, template: &QubeName) -> Option<String> {
        let port = self.device.port().to_string();
        Some(match self.kind(template)? {
            Risk::Input => match self.only_input() {
                Some(OnlyInput::Keyboard) => strings::risk_keyboard_new(&port),
                Some(OnlyInput::Mouse) => strings::risk_mouse_new(&port),
                None => strings::risk_input_new(),
            },
            Risk::Upwards(from) => strings::risk_trust_new(from.as_str()),
        })
    }

    /// Of a keyboard or mouse; where there is one only, it may well be the one in use.
    fn only_input(&self) -> Option<OnlyInput> {
        let is_only = |category: Category| {
            let is =
                |it: &Device| it.info.interfaces.iter().any(|interface| interface.category() == category);
            let mut all = self.machine.devices.values().filter(|it| is(it));
            all.next().is_some_and(|it| it.port() == self.device.port()) && all.next().is_none()
        };
        if is_only(Category::Keyboard) {
            Some(OnlyInput::Keyboard)
        } else {
            is_only(Category::Mouse).then_some(OnlyInput::Mouse)
        }
    }

    fn kind(&self, to: &QubeName) -> Option<Risk<'a>> {
        let Self { machine, device, is_input } = *self;
        if is_input {
            return Some(Risk::Input);
        }
        if device.attachments.is_empty() || device.port().class.is_shareable() {
            return None;
        }
        let wanted = trust(machine, to)?;
        let from =
            device.attachments.keys().filter(|from| trust(machine, from).is_some_and(|had| had < wanted));
        from.min_by_key(|from| trust(machine, from)).map(Risk::Upwards)
    }
}

/// Whether a person may be typing or pointing with it.
pub(crate) fn is_input(device: &Device) -> bool {
    device.info.interfaces.iter().any(|interface| interface.category().is_input())
}

/// How far a qube is trusted by its label; `None` for labels of the person's own making.
pub(crate) fn trust(machine: &Machine, qube: &QubeName) -> Option<usize> {
    let label = machine.qubes.get(qube)?.details.as_ref()?.label.as_ref()?;
    TRUST.iter().position(|name| *name == label.name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Make, device, name, qubes};

    #[test]
    fn only_input_devices_and_the_way_up_are_risky() {
        let machine = qubes().machine;
        let risk = |device: &Device, to: &QubeName| {
            let risks = Risks::of(&machine, device);
            assert_eq!(risks.has(to), risks.sentence(to).is_some(), "{device:?} to {to}");
            let of_new = risks.sentence_of_new(to);
            assert_eq!(risks.has(to), of_new.is_some(), "{device:?} to a new one");
            assert!(
                !of_new.is_some_and(|text| text.contains(to.as_str())),
                "it goes to a new one, not to {to}"
            );
            risks.sentence(to)
        };
        let stick = || device("block", "sys-usb", "sda");
        let keyboard = device("usb", "sys-usb", "2-2").is(&["u080650", "u030101"]);
        assert!(risk(&keyboard, &name("untrusted")).is_some(), "also as a second interface");
        assert_eq!(risk(&stick(), &name("vault")), None, "a free stick was nowhere");
        assert!(risk(&stick().held_by(&["untrusted"]), &name("vault")).is_some());
        assert_eq!(risk(&stick().held_by(&["vault"]), &name("untrusted")), None);
        let microphone = device("mic", "dom0", "mic").held_by(&["untrusted"]);
        assert_eq!(risk(&microphone, &name("vault")), None, "a microphone keeps nothing");
    }
}
