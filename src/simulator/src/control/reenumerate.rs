//! `re-enumerate`: a USB device goes and comes back at once, on another port or as something else if asked.
//!
//! Boards that are flashed do so, hubs after a hiccup, phones when their screen is unlocked. What hangs on the device
//! goes and comes with it.

use device_core::name::{PortId, QubeName};

use super::devices::{place, pull, put_block, put_usb, put_webcam};
use super::{Outcome, Words};
use crate::class::Class;
use crate::hardware::{BlockPlug, Hardware, UsbPlug, WebcamPlug};
use crate::state::State;

/// `re-enumerate QUBE PORT [port=] [desc=] [interfaces=]`
pub(super) fn run(state: &mut State, words: &mut Words) -> Outcome {
    let (backend, port) = place(state, words)?;
    let before = state.hardware.usb.get(&(backend.clone(), port.clone()));
    let mut plug = before.cloned().ok_or_else(|| format!("Nothing is plugged into {backend}:{port}."))?;
    plug.holder = None;
    let new_port = changes(words, &mut plug)?.unwrap_or_else(|| port.clone());
    let is_taken = new_port != port && state.hardware.usb.contains_key(&(backend.clone(), new_port.clone()));
    if is_taken {
        return Err(format!("Something is plugged into {backend}:{new_port} already."));
    }
    let Hanging { disks, webcams } = Hanging::on(&state.hardware, &backend, &port);
    for (name, _) in &webcams {
        pull(state, Class::Webcam, &backend, name)?;
    }
    for (name, _) in disks.iter().rev() {
        pull(state, Class::Block, &backend, name)?;
    }
    pull(state, Class::Usb, &backend, &port)?;
    put_usb(state, &backend, new_port.clone(), plug);
    for (name, mut disk) in disks {
        if let Some((_, interface)) = disk.parent.split_once(':') {
            disk.parent = format!("{new_port}:{interface}");
        }
        put_block(state, &backend, name, disk);
    }
    for (name, mut webcam) in webcams {
        webcam.parent.clone_from(&new_port);
        webcam.viewer = None;
        put_webcam(state, &backend, name, webcam);
    }
    Ok(String::new())
}

/// What is otherwise after it came back; gives its new port.
fn changes(words: &mut Words, plug: &mut UsbPlug) -> Result<Option<String>, String> {
    let mut port = None;
    for (key, value) in words.pairs()? {
        match key.as_str() {
            "port" => {
                PortId::new(&value).map_err(|error| format!("The {error}."))?;
                port = Some(value);
            }
            "desc" => {
                plug.desc = value;
                plug.listed = None;
            }
            "interfaces" => plug.interfaces = value,
            _ => return Err(format!("A USB device has no {key}.")),
        }
    }
    Ok(port)
}

/// What hangs on a USB device: whole disks before their partitions.
struct Hanging {
    disks: Vec<(String, BlockPlug)>,
    webcams: Vec<(String, WebcamPlug)>,
}

impl Hanging {
    fn on(hardware: &Hardware, backend: &QubeName, port: &str) -> Self {
        let here = |name: &str| {
            let own = hardware.block.iter().filter(|((owner, _), _)| owner == backend);
            let on_it = own.filter(|(_, plug)| plug.parent == name || plug.usb_parent() == Some(name));
            on_it.map(|((_, disk), plug)| (disk.clone(), plug.clone())).collect::<Vec<_>>()
        };
        let whole = here(port);
        let parts: Vec<_> = whole.iter().flat_map(|(disk, _)| here(disk)).collect();
        let is_new = |disk: &(String, BlockPlug)| !whole.contains(disk);
        let disks = whole.iter().cloned().chain(parts.into_iter().filter(is_new)).collect();
        let webcams = hardware
            .webcam
            .iter()
            .filter(|((owner, _), plug)| owner == backend && plug.parent == port)
            .map(|((_, name), plug)| (name.clone(), plug.clone()))
            .collect();
        Self { disks, webcams }
    }
}
