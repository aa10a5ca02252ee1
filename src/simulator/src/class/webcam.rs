//! Webcams of the video companion: the picture of a USB camera, given away while the camera stays where it is.
//!
//! A machine has this class when its world has webcams or says so. A webcam is told of while its USB camera is there
//! and with nobody.
//!
//! # Source
//! Admin API facts 5.6. Which exception class the extension uses is not stated there; ours is `QubesException`.

use device_core::assignment::Options;
use device_core::name::QubeName;

use super::{Class, Exposed, Held, usb};
use crate::hardware::{Viewer, WebcamPlug};
use crate::refusal::Refusal;
use crate::state::State;

/// What a qube advertises when the companion is installed in it, or in its template.
const SERVICE: &str = "supported-rpc.qvc.WebcamAttach";
const CODE: &str = "u0e0200";

pub(super) fn exposed(state: &State, backend: &QubeName) -> Vec<Exposed> {
    if !state.hardware.has_webcam_class {
        return Vec::new();
    }
    state
        .hardware
        .webcam
        .iter()
        .filter(|((owner, _), plug)| owner == backend && plug.is_known)
        .filter_map(|((_, port), plug)| read(state, backend, port, plug))
        .collect()
}

/// A webcam, when its camera is there for it.
fn read(state: &State, backend: &QubeName, port: &str, plug: &WebcamPlug) -> Option<Exposed> {
    let camera = usb::on_port(state, backend, &plug.parent)?;
    if camera.holder.is_some() {
        return None;
    }
    Some(Exposed {
        class: Class::Webcam,
        backend: backend.clone(),
        port: port.to_owned(),
        id: camera.id,
        names: camera.names,
        holder: plug.viewer.as_ref().map(|viewer| viewer.qube.clone()),
        interfaces: vec![CODE.to_owned()],
        parent: Some((Class::Usb, plug.parent.clone())),
        data: vec![("formats", plug.formats.join(" "))],
    })
}

pub(super) fn held(state: &State, frontend: &QubeName) -> Vec<Held> {
    let webcams = state.hardware.webcam.iter();
    webcams
        .filter_map(|((backend, port), plug)| {
            let viewer = plug.viewer.as_ref().filter(|viewer| viewer.qube == *frontend)?;
            let device = read(state, backend, port, plug).filter(|_| state.is_running(backend))?;
            let mut options = Options::new();
            if let Some(format) = &viewer.format {
                options.set("format", format);
            }
            Some(Held { backend: device.backend, port: device.port, id: device.id, options })
        })
        .collect()
}

pub(super) fn attach(
    state: &mut State,
    frontend: &QubeName,
    device: &Exposed,
    options: &Options,
) -> Result<(), Refusal> {
    let key = (device.backend.clone(), device.port.clone());
    let plug = state.hardware.webcam.get(&key).ok_or(Refusal::Crash)?;
    check_options(plug, options)?;
    device.check_free()?;
    let is_installed = state.inherited_feature(frontend, SERVICE).is_some_and(|value| !value.is_empty());
    if !is_installed {
        return Err(refused("qubes-video-companion not installed in the VM"));
    }
    let viewer = Viewer { qube: frontend.clone(), format: options.value("format").map(str::to_owned) };
    set_viewer(state, &device.backend, &device.port, Some(viewer));
    Ok(())
}

fn check_options(plug: &WebcamPlug, options: &Options) -> Result<(), Refusal> {
    for (key, value) in options.iter() {
        match key {
            "format" if plug.formats.iter().any(|format| format == value) => {}
            "format" => return Err(refused("Invalid format value")),
            _ => return Err(refused(&format!("Unsupported option: '{key}'"))),
        }
    }
    Ok(())
}

pub(super) fn detach(state: &mut State, held: &Held) {
    set_viewer(state, &held.backend, &held.port, None);
}

/// Writes the viewer down, in what was seen, too: the pass that follows must not take it for news.
fn set_viewer(state: &mut State, backend: &QubeName, port: &str, viewer: Option<Viewer>) {
    let seen = state.seen.entry((backend.clone(), Class::Webcam)).or_default();
    seen.insert(port.to_owned(), viewer.as_ref().map(|viewer| viewer.qube.clone()));
    if let Some(plug) = state.hardware.webcam.get_mut(&(backend.clone(), port.to_owned())) {
        plug.viewer = viewer;
    }
    state.notice(backend, Class::Webcam);
}

fn refused(message: &str) -> Refusal {
    Refusal::exception("QubesException", message)
}
