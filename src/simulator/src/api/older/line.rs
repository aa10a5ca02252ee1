//! Device lines of R4.0 to R4.2: `IDENT k=v … description=free text`, and `BACKEND+IDENT k=v … persistent=no`.
//!
//! # Source
//! Admin API facts 2.5.

use device_core::assignment::Options;

use crate::class::{Class, Exposed};
use crate::hwids;
use crate::state::State;

/// Whether an attachment outlives the qube's shutdown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Persistence {
    /// It ends with the qube.
    No,
    /// It is there again at the next start.
    Yes,
}

/// The line of a device that a backend exposes.
pub(super) fn available(state: &State, device: &Exposed) -> String {
    let attributes = match device.class {
        Class::Block => block(state, device),
        Class::Pci => pci(&device.port),
        Class::Mic | Class::Usb | Class::Webcam => String::new(),
    };
    format!("{}{attributes} description={}", device.port, description(state, device))
}

fn block(state: &State, device: &Exposed) -> String {
    let plug = state.hardware.block.get(&(device.backend.clone(), device.port.clone()));
    let (mode, size) = plug.map_or(("w", "0"), |plug| (plug.mode.as_str(), plug.size.as_str()));
    format!(" device_node=/dev/{} mode={mode} size={size}", device.port)
}

/// `00_1a.0` in its parts.
fn pci(port: &str) -> String {
    let (bus, rest) = port.split_once('_').unwrap_or((port, ""));
    let (slot, function) = rest.split_once('.').unwrap_or((rest, ""));
    format!(" bus={bus} device={slot} function={function} libvirt_name=pci_0000_{bus}_{slot}_{function}")
}

fn description(state: &State, device: &Exposed) -> String {
    let name =
        |key: &str| device.names.iter().find(|(known, _)| *known == key).map(|(_, text)| text.as_str());
    let key = (device.backend.clone(), device.port.clone());
    match device.class {
        Class::Mic => "Microphone".to_owned(),
        Class::Block => state.hardware.block.get(&key).map(|plug| printable(&plug.desc)).unwrap_or_default(),
        Class::Pci => {
            let kind = device.interfaces.first().and_then(|code| hwids::interface_label(code));
            format!(
                "{}: {} {}",
                kind.unwrap_or("Unclassified device"),
                name("vendor").unwrap_or("Unknown vendor"),
                name("product").unwrap_or("unknown device")
            )
        }
        Class::Usb | Class::Webcam => {
            let own = state.hardware.usb.get(&key).map(|plug| plug.desc.as_str()).unwrap_or_default();
            usb_words(own, &device.id)
        }
    }
}

/// `VVVV:PPPP MANUFACTURER PRODUCT SERIAL` as one word of the device's own words; without any, its numbers.
fn usb_words(desc: &str, id: &str) -> String {
    let mut fields = desc.split(' ').skip(1);
    let words: Vec<&str> =
        [fields.next(), fields.next()].into_iter().flatten().filter(|word| !word.is_empty()).collect();
    if words.is_empty() {
        return id.split(':').take(2).collect::<Vec<_>>().join("_");
    }
    printable(&words.join("_").replace("\\x20", "_"))
}

fn printable(text: &str) -> String {
    text.chars().map(|c| if matches!(c, ' '..='~') { c } else { '_' }).collect()
}

/// The line of a device that a qube has, or would have after its next start.
pub(super) fn attached(backend: &str, port: &str, options: &Options, persistence: Persistence) -> String {
    let word = if persistence == Persistence::Yes { "yes" } else { "no" };
    let mut line = format!("{backend}+{port}");
    for (key, value) in options.iter().chain([("persistent", word)]) {
        for part in [" ", key, "=", value] {
            line.push_str(part);
        }
    }
    line
}

/// Lines in the order of their heads.
pub(super) fn sorted(lines: impl Iterator<Item = String>) -> Vec<u8> {
    let mut lines: Vec<String> = lines.collect();
    lines.sort_unstable();
    lines.iter().flat_map(|line| [line.as_str(), "\n"]).collect::<String>().into_bytes()
}
