//! Small hand-made machines for the tests of the faces.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use device_bus::error::absent_service;
use device_core::assignment::{Assignment, Mode, Options};
use device_core::device::{Device, DeviceInfo, Presence};
use device_core::interface::Interface;
use device_core::machine::{Change, Link};
use device_core::mark::Mark;
use device_core::name::{DeviceClass, DeviceId, DeviceRef, Port, PortId, QubeName};
use device_core::qube::{Label, PowerState, Qube, QubeClass, QubeDetails};

use crate::scene::Scene;

pub(crate) fn name(text: &str) -> QubeName {
    QubeName::new(text).unwrap()
}

pub(crate) fn port(class: &str, backend: &str, id: &str) -> Port {
    Port::new(name(backend), DeviceClass::new(class).unwrap(), PortId::new(id).unwrap())
}

/// A free device without a name.
pub(crate) fn device(class: &str, backend: &str, id: &str) -> Device {
    let mut info =
        DeviceInfo::unknown(port(class, backend, id), DeviceId::new(&format!("1234:5678:{id}")).unwrap());
    info.interfaces = vec![
        Interface::new(match class {
            "block" => "b******",
            "mic" => "m000000",
            _ => "uff0000",
        })
        .unwrap(),
    ];
    Device { info, presence: Presence::Present, attachments: BTreeMap::new(), assignments: Vec::new() }
}

/// Builds on a device.
pub(crate) trait Make {
    fn called(self, name: &str) -> Self;
    fn held_by(self, qubes: &[&str]) -> Self;
    fn part_of(self, class: &str, id: &str) -> Self;
    fn beyond(self, class: &str, id: &str) -> Self;
    fn with(self, key: &str, value: &str) -> Self;
    fn is(self, codes: &[&str]) -> Self;
    fn assigned_to(self, qube: &str) -> Self;
    fn removed(self) -> Self;
}

impl Make for Device {
    fn called(mut self, name: &str) -> Self {
        let place = match self.port().class {
            DeviceClass::Block => &mut self.info.names.serial,
            _ => &mut self.info.names.product,
        };
        *place = Some(name.into());
        self
    }
    fn held_by(mut self, qubes: &[&str]) -> Self {
        self.attachments = qubes.iter().map(|qube| (name(qube), Options::new())).collect();
        self
    }
    fn part_of(mut self, class: &str, id: &str) -> Self {
        self.info.parent = Some((DeviceClass::new(class).unwrap(), PortId::new(id).unwrap()));
        self
    }
    fn beyond(mut self, class: &str, id: &str) -> Self {
        self.info.grandparent = Some((DeviceClass::new(class).unwrap(), PortId::new(id).unwrap()));
        self
    }
    fn with(mut self, key: &str, value: &str) -> Self {
        self.info.data.insert(key.into(), value.into());
        self
    }
    fn is(mut self, codes: &[&str]) -> Self {
        self.info.interfaces = codes.iter().map(|code| Interface::new(code).unwrap()).collect();
        self
    }
    fn assigned_to(mut self, qube: &str) -> Self {
        self.assignments.push(Assignment {
            backend: self.port().backend.clone(),
            class: self.port().class.clone(),
            port: Some(self.port().id.clone()),
            device: None,
            frontend: name(qube),
            mode: Mode::AutoAttach,
            options: Options::new(),
        });
        self
    }
    fn removed(mut self) -> Self {
        self.presence = Presence::Removed;
        self
    }
}

/// A qube with its label.
pub(crate) fn qube(text: &str, class: QubeClass, state: PowerState, label: &str) -> Qube {
    Qube {
        name: name(text),
        class,
        state,
        details: Some(QubeDetails {
            label: Some(Label { name: label.into(), colour: Label::standard_colour(label).unwrap_or(0) }),
            ..QubeDetails::default()
        }),
    }
}

/// The second partition of the stick is in use: the disk is not listed then.
pub(crate) fn stick_in_use(mut scene: Scene, holder: &str) -> Scene {
    scene.machine.apply(Change::DeviceGone(port("block", "sys-usb", "sda")));
    for (id, holders) in [("sda1", &[][..]), ("sda2", &[holder][..])] {
        let part = device("block", "sys-usb", id).part_of("block", "sda").beyond("usb", "2-1");
        put(&mut scene, part.called("Cruzer Blade").held_by(holders));
    }
    scene
}

pub(crate) fn put(scene: &mut Scene, device: Device) {
    scene.machine.apply(Change::Device(Arc::new(device)));
}

pub(crate) fn put_qube(scene: &mut Scene, qube: Qube) {
    scene.machine.apply(Change::Qube(Arc::new(qube)));
}

/// Has sys-usb mark these devices, and only these.
pub(crate) fn mark(scene: &mut Scene, mark: Mark, devices: &[DeviceRef]) {
    let mut qube = Qube::clone(&scene.machine.qubes[&name("sys-usb")]);
    let details = qube.details.as_mut().unwrap();
    details.marks.replace(mark, devices.iter().cloned().collect());
    put_qube(scene, qube);
}

/// A live machine with a few qubes and no devices.
pub(crate) fn qubes() -> Scene {
    use PowerState::{Halted, Running};
    let mut scene = Scene::default();
    scene.machine.link = Link::Live;
    for (text, class, state, label) in [
        ("dom0", QubeClass::Admin, Running, "black"),
        ("sys-usb", QubeClass::Disposable, Running, "red"),
        ("sys-net", QubeClass::Disposable, Running, "red"),
        ("work", QubeClass::App, Running, "blue"),
        ("personal", QubeClass::App, Running, "yellow"),
        ("untrusted", QubeClass::App, Running, "red"),
        ("vault", QubeClass::App, Running, "black"),
        ("off", QubeClass::App, Halted, "green"),
    ] {
        put_qube(&mut scene, qube(text, class, state, label));
    }
    let mut internal = qube("gui-agent", QubeClass::App, Running, "gray");
    internal.details.as_mut().unwrap().is_internal = true;
    put_qube(&mut scene, internal);
    let mut denying = qube("banking", QubeClass::App, Running, "green");
    denying.details.as_mut().unwrap().denied = vec![Interface::new("b******").unwrap()];
    put_qube(&mut scene, denying);
    let mut template = qube("default-dvm", QubeClass::App, Halted, "red");
    template.details.as_mut().unwrap().is_disposable_template = true;
    put_qube(&mut scene, template);
    scene
}

/// A link that is lost because the service went away.
pub(crate) fn lost_link() -> Link {
    Link::Lost((&absent_service()).into())
}

/// A laptop in use: a stick with two partitions, a disc, the microphone, a camera and a keyboard.
pub(crate) fn laptop() -> Scene {
    let mut scene = qubes();
    for device in [
        device("usb", "sys-usb", "2-1").called("Cruzer Blade").is(&["u080650"]),
        device("block", "sys-usb", "sda")
            .called("Cruzer Blade")
            .part_of("usb", "2-1")
            .with("size", "14900000000"),
        device("block", "sys-usb", "sda1").called("Cruzer Blade").part_of("block", "sda"),
        device("block", "sys-usb", "sda2").called("Cruzer Blade").part_of("block", "sda"),
        device("block", "sys-usb", "sr0").called("INSTALL DISC").with("size", "1000000000").with("mode", "r"),
        device("mic", "dom0", "mic").held_by(&["personal", "work"]),
        device("usb", "sys-usb", "2-4").called("Integrated Camera").is(&["u0e0100"]),
        device("usb", "sys-usb", "2-2").called("Keyboard K120").is(&["u030101"]),
    ] {
        put(&mut scene, device);
    }
    scene
}

/// A moment far enough from the beginning of the clock to subtract minutes.
pub(crate) fn now() -> Instant {
    Instant::now() + std::time::Duration::from_hours(1)
}
