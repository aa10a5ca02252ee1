//! Many qubes and devices by a rule, to measure with.
//!
//! Qube number N is `crowd-NNN`, an `AppVM`; every second one runs; labels go round. USB device N is on port
//! `B-P` of the backends in turn; disk N is `sdX` or a partition of the disk before it.
//! The rule has no chance in it: the same file gives the same world for ever.

use super::document::{BlockEntry, CrowdEntry, QubeEntry, UsbEntry};

const LABELS: [&str; 7] = ["red", "orange", "yellow", "green", "gray", "blue", "purple"];

/// Maker, model and interface code, in turn.
const KINDS: [(&str, &str, &str, &str); 6] = [
    ("0781:5567", "SanDisk", "Cruzer Blade", "080650"),
    ("046d:c31c", "Logitech", "USB Keyboard", "030101"),
    ("046d:c077", "Logitech", "USB Optical Mouse", "030102"),
    ("046d:0825", "Logitech", "Webcam C270", "0e0100"),
    ("1050:0407", "Yubico", "YubiKey OTP+FIDO+CCID", "0b0000"),
    ("0b95:1790", "ASIX", "AX88179", "ff0000"),
];

/// The qubes of a crowd.
pub(super) fn qubes(crowd: &CrowdEntry) -> Vec<QubeEntry> {
    (0..crowd.qubes)
        .map(|number| QubeEntry {
            name: format!("crowd-{number:03}"),
            label: LABELS.get(number % LABELS.len()).map(|label| (*label).to_owned()),
            template: Some(crowd.template.clone()),
            running: number % 2 == 0,
            ..QubeEntry::default()
        })
        .collect()
}

/// The USB devices of a crowd.
pub(super) fn usb(crowd: &CrowdEntry) -> Vec<UsbEntry> {
    (0..crowd.usb)
        .filter_map(|number| {
            let (id, manufacturer, model, interface) = KINDS.get(number % KINDS.len())?;
            Some(UsbEntry {
                backend: backend(crowd, number),
                port: format!("{}-{}", 1 + number % 4, 1 + number / 4),
                id: Some((*id).to_owned()),
                manufacturer: Some((*manufacturer).to_owned()),
                model: Some((*model).to_owned()),
                serial: Some(format!("{number:04}")),
                interfaces: vec![(*interface).to_owned()],
                ..UsbEntry::default()
            })
        })
        .collect()
}

/// The disks of a crowd: each whole disk has one partition.
pub(super) fn block(crowd: &CrowdEntry) -> Vec<BlockEntry> {
    (0..crowd.block)
        .map(|number| {
            let disk = disk_name(number / 2);
            let is_partition = number % 2 == 1;
            BlockEntry {
                backend: backend(crowd, number / 2),
                port: if is_partition { format!("{disk}1") } else { disk.clone() },
                model: Some(format!("Disk_{:02}", number / 2)),
                label: is_partition.then(|| format!("DATA {:02}", number / 2)),
                size: Some(1 << 33),
                parent: is_partition.then_some(disk),
                ..BlockEntry::default()
            }
        })
        .collect()
}

fn backend(crowd: &CrowdEntry, number: usize) -> Option<String> {
    crowd.backend.get(number % crowd.backend.len().max(1)).cloned()
}

/// `sda` … `sdz`, `sdaa` …
fn disk_name(number: usize) -> String {
    let letter = |n: usize| char::from(b'a' + u8::try_from(n % 26).unwrap_or(0));
    match number / 26 {
        0 => format!("sd{}", letter(number)),
        tens => format!("sd{}{}", letter(tens - 1), letter(number)),
    }
}
