//! Worlds to measure in, written as `docs/worlds.md` says: so many qubes, half of them running, and so many devices.

use std::fmt::Write as _;

/// Interface codes, in turn.
const KINDS: [(&str, &str); 5] = [
    ("080650", "Cruzer Blade"),
    ("030101", "USB Keyboard"),
    ("0e0100", "Webcam C270"),
    ("070102", "HL-L2300D series"),
    ("ff0000", "AX88179"),
];

const LABELS: [&str; 7] = ["red", "orange", "yellow", "green", "gray", "blue", "purple"];

/// Qubes that every world has beside dom0: a template, which is off, and two that run and expose the devices.
const FIXED: usize = 3;

/// The text of a world with a microphone, `qubes` qubes beside dom0, and these numbers of USB devices and disks.
///
/// Every fourth device is attached to one of the running qubes.
pub(crate) fn text(qubes: usize, usb: usize, block: usize) -> String {
    let mut text = String::from(
        "name = \"bench\"\n\n[defaults]\ntemplate = \"fedora-41\"\n\n[[qube]]\nname = \"fedora-41\"\n\
         class = \"TemplateVM\"\nlabel = \"black\"\n\n[[qube]]\nname = \"sys-usb\"\nlabel = \"red\"\n\
         template = \"fedora-41\"\nrunning = true\n\n[[qube]]\nname = \"sys-usb-2\"\nlabel = \"red\"\n\
         template = \"fedora-41\"\nrunning = true\n",
    );
    for number in 0..qubes.saturating_sub(FIXED) {
        let label = LABELS[number % LABELS.len()];
        let runs = number % 2 == 0;
        let _ = write!(
            text,
            "\n[[qube]]\nname = \"qube-{number:03}\"\nlabel = \"{label}\"\ntemplate = \"fedora-41\"\nrunning = {runs}\n"
        );
    }
    for number in 0..usb {
        let (interface, model) = KINDS[number % KINDS.len()];
        let port = format!("{}-{}", 1 + number % 4, 1 + number / 4);
        let _ = write!(
            text,
            "\n[[usb]]\nbackend = \"{}\"\nport = \"{port}\"\nid = \"1d6b:{number:04x}\"\nmanufacturer = \"Maker\"\n\
             model = \"{model}\"\nserial = \"{number:04}\"\ninterfaces = [\"{interface}\"]\n{}",
            backend(number),
            holder(number, qubes)
        );
    }
    for number in 0..block {
        let letters = [number / 26, number % 26].map(|n| char::from(b'a' + u8::try_from(n).unwrap_or(25)));
        let _ = write!(
            text,
            "\n[[block]]\nbackend = \"{}\"\nport = \"sd{}{}\"\nmodel = \"Disk_{number:02}\"\nsize = 8589934592\n{}",
            backend(number),
            letters[0],
            letters[1],
            holder(number, qubes)
        );
    }
    text
}

fn backend(number: usize) -> &'static str {
    ["sys-usb", "sys-usb-2"][number % 2]
}

fn holder(number: usize, qubes: usize) -> String {
    let running = qubes.saturating_sub(FIXED).div_ceil(2).max(1);
    match number % 4 {
        3 => format!("attached = \"qube-{:03}\"\n", 2 * (number / 4 % running)),
        _ => String::new(),
    }
}
