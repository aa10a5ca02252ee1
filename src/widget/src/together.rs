//! A camera that goes together with the microphone. Pure.
//!
//! The mark lies with the camera's backend, where the field's other tools find it. The microphone follows once the
//! camera is where it should be; it may be in several qubes, so it leaves none.

use device_core::assignment::Options;
use device_core::device::Device;
use device_core::interface::Category;
use device_core::mark::Mark;
use device_core::name::{DeviceClass, QubeName};
use device_core::rules::may_attach;

use crate::scene::{Command, Scene};

/// What is to be done once `command` is done.
pub(crate) fn follow_up(scene: &Scene, command: &Command) -> Option<Command> {
    let (Command::Attach(device, qube, _) | Command::Move(device, qube, _)) = command else {
        return None;
    };
    let device = scene.device(device).filter(|device| takes_microphone(scene, device))?;
    let microphone = microphone(scene)?;
    let is_possible =
        device.port().class != DeviceClass::Mic && may_attach(&scene.machine, microphone, qube).is_ok();
    is_possible.then(|| Command::Attach(microphone.info.to_ref(), qube.clone(), Options::new()))
}

/// What is to be done once `command` made this disposable. The mirror may not know it yet: the service asks the rules.
pub(crate) fn follow_into(scene: &Scene, command: &Command, made: QubeName) -> Option<Command> {
    let (Command::AttachToNewDisposable(device, ..) | Command::MoveToNewDisposable(device, ..)) = command
    else {
        return None;
    };
    scene.device(device).filter(|device| takes_microphone(scene, device))?;
    Some(Command::Attach(microphone(scene)?.info.to_ref(), made, Options::new()))
}

/// Detaching both, where the microphone is in this qube too.
pub(crate) fn detach_both(scene: &Scene, device: &Device, qube: &QubeName) -> Option<(Command, Command)> {
    let microphone = microphone(scene).filter(|microphone| microphone.attachments.contains_key(qube))?;
    takes_microphone(scene, device).then(|| {
        let detach = |device: &Device| Command::Detach(device.info.to_ref(), qube.clone());
        (detach(device), detach(microphone))
    })
}

/// Whether it is a camera, and marked so.
pub(crate) fn takes_microphone(scene: &Scene, device: &Device) -> bool {
    is_camera(device) && scene.is_marked(device, Mark::WithMicrophone)
}

/// Whether it shows pictures of the room.
pub(crate) fn is_camera(device: &Device) -> bool {
    device.port().class != DeviceClass::Block && device.info.categories().contains(&Category::Camera)
}

/// The microphone of this machine.
pub(crate) fn microphone(scene: &Scene) -> Option<&Device> {
    let mut devices = scene.machine.devices.values().map(AsRef::as_ref);
    devices.find(|device: &&Device| device.port().class == DeviceClass::Mic)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{laptop, mark, name, port};

    #[test]
    fn a_marked_camera_takes_the_microphone_along_and_no_other_device_does() {
        let mut scene = laptop();
        let device =
            |scene: &Scene, id: &str| scene.machine.devices[&port("usb", "sys-usb", id)].info.to_ref();
        let (camera, keyboard) = (device(&scene, "2-4"), device(&scene, "2-2"));
        let attach = |device, qube| Command::Attach(device, name(qube), Options::new());
        assert_eq!(follow_up(&scene, &attach(camera.clone(), "vault")), None, "not marked");
        mark(&mut scene, Mark::WithMicrophone, &[camera.clone(), keyboard.clone()]);
        let microphone = microphone(&scene).unwrap().info.to_ref();
        assert_eq!(
            follow_up(&scene, &attach(camera.clone(), "vault")),
            Some(attach(microphone.clone(), "vault"))
        );
        assert_eq!(follow_up(&scene, &attach(camera.clone(), "work")), None, "it is there already");
        assert_eq!(follow_up(&scene, &attach(keyboard, "vault")), None, "a keyboard is no camera");
        assert_eq!(follow_up(&scene, &attach(microphone.clone(), "vault")), None);
        assert_eq!(follow_up(&scene, &Command::Detach(camera.clone(), name("vault"))), None);
        let to_new = |device| Command::AttachToNewDisposable(device, name("default-dvm"), Options::new());
        let into = |command| follow_into(&scene, &command, name("disp7"));
        assert_eq!(
            into(to_new(camera.clone())),
            Some(attach(microphone.clone(), "disp7")),
            "and not yet known"
        );
        assert_eq!(into(to_new(microphone)), None);
        assert_eq!(into(attach(camera, "vault")), None);
    }
}
