//! Hot-plug: `plug`, `unplug`, `swap`.

use device_core::name::{PortId, QubeName};

use super::{Outcome, Words, qube};
use crate::class::{Class, block::holder as disk_holder};
use crate::hardware::{BlockPlug, UsbPlug, WebcamPlug};
use crate::state::State;
use crate::world::{Parts, parts};

/// Where gadgets go that do not say.
const USB_QUBE: &str = "sys-usb";
const WEBCAM: &str = "A webcam comes and goes with its camera.";

/// `plug usb QUBE PORT [desc=] [interfaces=]`, `plug block QUBE PORT [desc=] [size=] [mode=] [parent=]`,
/// `plug GADGET [QUBE]`
pub(super) fn plug(state: &mut State, words: &mut Words) -> Outcome {
    let what = words.next("usb, block or the name of a gadget")?;
    match Class::new(&what) {
        Some(Class::Usb) => {
            let (backend, port) = place(state, words)?;
            let plug = usb(words)?;
            put_usb(state, &backend, port, plug);
        }
        Some(Class::Block) => {
            let (backend, port) = place(state, words)?;
            let plug = block(words)?;
            check_unused(state, &backend, &port)?;
            put_block(state, &backend, port, plug);
        }
        Some(Class::Mic) => {
            words.end()?;
            state.hardware.has_microphone = true;
        }
        Some(Class::Pci) => return Err("PCI devices can't be plugged while the machine runs.".to_owned()),
        Some(Class::Webcam) => return Err(WEBCAM.to_owned()),
        None => return plug_gadget(state, &what, words),
    }
    Ok(String::new())
}

fn plug_gadget(state: &mut State, name: &str, words: &mut Words) -> Outcome {
    let Parts { usb, block, webcam } = gadget(state, name, words)?;
    for (backend, port, _) in &usb {
        let backend = qube(state, backend)?;
        if state.hardware.usb.contains_key(&(backend.clone(), port.clone())) {
            return Err(format!("Something is plugged into {backend}:{port} already."));
        }
    }
    for (backend, port, _) in &block {
        check_unused(state, &qube(state, backend)?, port)?;
    }
    for (backend, port, plug) in &webcam {
        check_no_other(state, &qube(state, backend)?, port, plug)?;
    }
    for (backend, port, plug) in usb {
        let backend = qube(state, &backend)?;
        put_usb(state, &backend, port, plug);
    }
    for (backend, port, plug) in block {
        let backend = qube(state, &backend)?;
        put_block(state, &backend, port, plug);
    }
    for (backend, port, plug) in webcam {
        let backend = qube(state, &backend)?;
        put_webcam(state, &backend, port, plug);
    }
    Ok(String::new())
}

/// Refuses to put a webcam where one of another USB device is: no kernel gives its name to two.
fn check_no_other(state: &State, backend: &QubeName, port: &str, plug: &WebcamPlug) -> Result<(), String> {
    let there = state.hardware.webcam.get(&(backend.clone(), port.to_owned()));
    let is_other = there.is_some_and(|there| {
        there.parent != plug.parent
            && state.hardware.usb.contains_key(&(backend.clone(), there.parent.clone()))
    });
    if is_other { Err(format!("Another camera is at {backend}:{port} already.")) } else { Ok(()) }
}

/// Refuses to put a disk where one is that a qube has: no kernel gives its name to another.
fn check_unused(state: &State, backend: &QubeName, port: &str) -> Result<(), String> {
    match disk_holder(state, backend, port) {
        None => Ok(()),
        Some(holder) => Err(format!("{holder} has the disk on {backend}:{port}.")),
    }
}

fn gadget(state: &State, name: &str, words: &mut Words) -> Result<Parts, String> {
    let backend = if words.is_at_end() { USB_QUBE.to_owned() } else { words.next("a qube")? };
    words.end()?;
    let gadget = state.gadgets.iter().find(|gadget| gadget.name == name).ok_or_else(|| {
        let mut names: Vec<&str> = state.gadgets.iter().map(|gadget| gadget.name.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        format!("There is no gadget named {name}; there are {}.", names.join(", "))
    })?;
    Ok(parts(gadget, &backend))
}

/// `unplug usb|block QUBE PORT`, `unplug GADGET [QUBE]`
pub(super) fn unplug(state: &mut State, words: &mut Words) -> Outcome {
    let what = words.next("usb, block or the name of a gadget")?;
    match Class::new(&what) {
        Some(class @ (Class::Usb | Class::Block)) => {
            let (backend, port) = place(state, words)?;
            words.end()?;
            pull(state, class, &backend, &port)?;
        }
        Some(Class::Mic) => {
            words.end()?;
            state.hardware.has_microphone = false;
        }
        Some(Class::Pci) => return Err("PCI devices can't be unplugged while the machine runs.".to_owned()),
        Some(Class::Webcam) => return Err(WEBCAM.to_owned()),
        None => {
            let Parts { usb, block, webcam } = gadget(state, &what, words)?;
            let mut was_there = false;
            for (backend, port, _) in webcam {
                let backend = qube(state, &backend)?;
                was_there |= pull(state, Class::Webcam, &backend, &port).is_ok();
            }
            // A kernel takes the disks away first, partitions before the disk.
            for (backend, port, _) in block.into_iter().rev() {
                let backend = qube(state, &backend)?;
                was_there |= pull(state, Class::Block, &backend, &port).is_ok();
            }
            for (backend, port, _) in usb {
                let backend = qube(state, &backend)?;
                was_there |= pull(state, Class::Usb, &backend, &port).is_ok();
            }
            if !was_there {
                return Err(format!("{what} is not plugged in."));
            }
        }
    }
    Ok(String::new())
}

/// `swap usb|block QUBE PORT …`: the device on the port becomes another one, as when somebody is very quick.
pub(super) fn swap(state: &mut State, words: &mut Words) -> Outcome {
    let class = Class::new(&words.next("usb or block")?);
    let (backend, port) = place(state, words)?;
    match class {
        Some(Class::Usb) => {
            let plug = usb(words)?;
            pull(state, Class::Usb, &backend, &port)?;
            put_usb(state, &backend, port, plug);
        }
        Some(Class::Block) => {
            let plug = block(words)?;
            pull(state, Class::Block, &backend, &port)?;
            put_block(state, &backend, port, plug);
        }
        _ => return Err("Only usb and block devices can be swapped.".to_owned()),
    }
    Ok(String::new())
}

/// The qube and the port that are named.
pub(super) fn place(state: &State, words: &mut Words) -> Result<(QubeName, String), String> {
    let backend = qube(state, &words.next("a qube")?)?;
    let port = words.next("a port")?;
    PortId::new(&port).map_err(|error| format!("The {error}."))?;
    Ok((backend, port))
}

fn usb(words: &mut Words) -> Result<UsbPlug, String> {
    let mut plug = UsbPlug {
        desc: "dead:beef Nobody Thing ".to_owned(),
        interfaces: "ff0000:".to_owned(),
        listed: None,
        holder: None,
        is_known: false,
    };
    for (key, value) in words.pairs()? {
        match key.as_str() {
            "desc" => plug.desc = value,
            "interfaces" => plug.interfaces = value,
            _ => return Err(format!("A USB device has no {key}.")),
        }
    }
    Ok(plug)
}

fn block(words: &mut Words) -> Result<BlockPlug, String> {
    let mut plug = BlockPlug {
        desc: String::new(),
        size: "0".to_owned(),
        mode: "w".to_owned(),
        parent: String::new(),
        is_known: false,
    };
    for (key, value) in words.pairs()? {
        match key.as_str() {
            "desc" => plug.desc = value,
            "size" => plug.size = value,
            "mode" => plug.mode = value,
            "parent" => plug.parent = value,
            _ => return Err(format!("A disk has no {key}.")),
        }
    }
    Ok(plug)
}

/// Puts a USB device on a port.
pub(super) fn put_usb(state: &mut State, backend: &QubeName, port: String, mut plug: UsbPlug) {
    plug.is_known = state.is_running(backend);
    let is_known = plug.is_known;
    state.hardware.usb.insert((backend.clone(), port), plug);
    if is_known {
        state.notice(backend, Class::Usb);
        state.settle();
    }
}

/// Makes a disk appear.
pub(super) fn put_block(state: &mut State, backend: &QubeName, port: String, mut plug: BlockPlug) {
    plug.is_known = state.is_running(backend);
    let is_known = plug.is_known;
    state.hardware.block.insert((backend.clone(), port), plug);
    if is_known {
        state.notice(backend, Class::Block);
    }
}

/// Makes a webcam appear.
pub(super) fn put_webcam(state: &mut State, backend: &QubeName, port: String, mut plug: WebcamPlug) {
    plug.is_known = state.is_running(backend);
    state.hardware.webcam.insert((backend.clone(), port), plug);
    state.settle();
}

/// Takes what is on a port away.
pub(super) fn pull(state: &mut State, class: Class, backend: &QubeName, port: &str) -> Result<(), String> {
    let key = (backend.clone(), port.to_owned());
    let was_there = match class {
        Class::Usb => state.hardware.usb.remove(&key).is_some(),
        Class::Webcam => state.hardware.webcam.remove(&key).is_some(),
        _ => state.hardware.block.remove(&key).is_some(),
    };
    if !was_there {
        return Err(format!("Nothing is plugged into {backend}:{port}."));
    }
    if state.is_running(backend) {
        state.notice(backend, class);
        state.settle();
    }
    Ok(())
}
