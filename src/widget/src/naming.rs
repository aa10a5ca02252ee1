//! What devices, sizes and places are called. Pure; shared by menu, tray and notifications.

use std::cmp::Ordering;

use device_core::device::{Device, DeviceInfo};
use device_core::machine::Machine;
use device_core::name::{DeviceClass, Port, QubeName};

use crate::preferences::Preferences;
use crate::strings;

/// What a person calls the device when it stands alone, as in a notification.
pub(crate) fn device_name(info: &DeviceInfo) -> String {
    let title = title(info);
    let port = info.port.id.as_str();
    match (&info.port.class, title) {
        (DeviceClass::Block, _) if is_partition(info) => {
            strings::lone_partition(partition_number(info), &disk_name(info))
        }
        (DeviceClass::Mic, _) => strings::built_in_microphone(),
        (_, Some(title)) => title.to_owned(),
        (DeviceClass::Block, None) => strings::unnamed_disk(port),
        (DeviceClass::Usb, None) => strings::unnamed_usb(port),
        (_, None) => strings::unnamed_device(port),
    }
}

/// Servers before R4.3 put the label of a disk in brackets, and nothing into them where it has none.
fn title(info: &DeviceInfo) -> Option<&str> {
    let words = info.title()?.as_str();
    Some(words.strip_suffix("()").unwrap_or(words).trim_end()).filter(|words| !words.is_empty())
}

/// What the disk of a partition is called, as far as the partition tells.
pub(crate) fn disk_name(partition: &DeviceInfo) -> String {
    title(partition).map_or_else(|| strings::unnamed_disk(parent_port(partition)), str::to_owned)
}

/// What it is called where there is one line for it: the person's own name first, the device's own words after it.
pub(crate) fn called(preferences: &Preferences, info: &DeviceInfo) -> String {
    let words = device_name(info);
    match preferences.name(&info.to_ref()) {
        Some(name) => strings::own_name(name.as_str(), &words),
        None => words,
    }
}

/// What it is called right below the row of its disk: the disk's name need not be said again.
pub(crate) fn part_name(info: &DeviceInfo) -> String {
    let label = info.names.name.as_ref().filter(|label| !label.is_blank());
    let number = partition_number(info);
    match label {
        Some(label) => strings::named_partition(number, label.as_str()),
        None => strings::partition(number),
    }
}

/// Whether it is a part of another disk.
pub(crate) fn is_partition(info: &DeviceInfo) -> bool {
    matches!(info.parent, Some((DeviceClass::Block, _))) && info.port.class == DeviceClass::Block
}

fn parent_port(info: &DeviceInfo) -> &str {
    info.parent.as_ref().map_or("", |(_, port)| port.as_str())
}

/// `1` of `sda1`, `2` of `nvme0n1p2`; the whole port id where it does not end in a number.
fn partition_number(info: &DeviceInfo) -> &str {
    let id = info.port.id.as_str();
    match id.trim_end_matches(|c: char| c.is_ascii_digit()).len() {
        start if start < id.len() => id.get(start..).unwrap_or(id),
        _ => id,
    }
}

/// Whether its backend says that it can't be written to.
pub(crate) fn is_read_only(info: &DeviceInfo) -> bool {
    info.data.get("mode").is_some_and(|mode| mode.as_str() == "r")
}

/// Its size for people, where its backend tells one: `14.9 GB`.
///
/// # Units
/// The fact `size` is in bytes; what is shown counts by thousands, as the print on a stick does.
pub(crate) fn size(info: &DeviceInfo) -> Option<String> {
    const STEPS: [(&str, u64); 4] =
        [("TB", 1_000_000_000_000), ("GB", 1_000_000_000), ("MB", 1_000_000), ("kB", 1_000)];
    let bytes: u64 = info.data.get("size")?.as_str().parse().ok()?;
    let (unit, step) = STEPS.into_iter().find(|(_, step)| bytes >= *step)?;
    // Whole tenths, so that no floating point has to be rounded: 14.9.
    let tenths = bytes / (step / 10);
    Some(strings::size(&(tenths / 10).to_string(), &(tenths % 10).to_string(), unit))
}

/// The text with at most so many characters, the last of which is `…` where some had to go.
pub(crate) fn cut(text: String, most: usize) -> String {
    if text.chars().nth(most).is_none() {
        return text;
    }
    text.chars().take(most.saturating_sub(1)).chain(['…']).collect()
}

/// "work", "work and personal", "a, b and c".
pub(crate) fn list<'a>(qubes: impl IntoIterator<Item = &'a QubeName>) -> String {
    let names: Vec<&str> = qubes.into_iter().map(QubeName::as_str).collect();
    match names.split_last() {
        None => String::new(),
        Some((only, [])) => (*only).to_owned(),
        Some((last, first)) => strings::and(&first.join(", "), last),
    }
}

/// The disk that `device` belongs to as a port of class block: itself for a whole disk.
///
/// A hostile backend can claim a circle of parents; the walk ends where it began.
pub(crate) fn disk_of(machine: &Machine, device: &Device) -> Port {
    let mut seen = vec![device.port().clone()];
    let mut at = device;
    while let Some(parent) = machine.parent(at).filter(|parent| parent.port().class == DeviceClass::Block) {
        if seen.contains(parent.port()) {
            return seen.into_iter().min().unwrap_or_else(|| device.port().clone());
        }
        seen.push(parent.port().clone());
        at = parent;
    }
    at.port().clone()
}

/// Order of ids as people count: `2-2` before `2-10`.
pub(crate) fn natural_order(left: &str, right: &str) -> Ordering {
    let (mut left, mut right) = (left, right);
    loop {
        let (l, l_rest) = leading_part(left);
        let (r, r_rest) = leading_part(right);
        let both_numbers = starts_with_digit(l) && starts_with_digit(r);
        let order = if both_numbers {
            let (l, r) = (l.trim_start_matches('0'), r.trim_start_matches('0'));
            l.len().cmp(&r.len()).then_with(|| l.cmp(r))
        } else {
            l.cmp(r)
        };
        if order != Ordering::Equal || (l_rest.is_empty() && r_rest.is_empty()) {
            return order;
        }
        (left, right) = (l_rest, r_rest);
    }
}

/// The longest beginning that is all digits or holds none, and the rest.
fn leading_part(text: &str) -> (&str, &str) {
    let digits = starts_with_digit(text);
    let end = text.find(|c: char| c.is_ascii_digit() != digits).unwrap_or(text.len());
    text.split_at_checked(end).unwrap_or((text, ""))
}

fn starts_with_digit(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Make, device, laptop, name, port, put};

    #[test]
    fn every_device_has_a_name() {
        let named = |device: Device| device_name(&device.info);
        assert_eq!(named(device("block", "sys-usb", "sda")), "Disk sda");
        assert_eq!(named(device("usb", "sys-usb", "2-1").called(" ")), "USB device 2-1");
        assert_eq!(named(device("mic", "dom0", "mic").called("microphone")), "Built-in microphone");
        assert_eq!(named(device("webcam", "sys-usb", "2-4")), "Device 2-4");
        assert_eq!(named(device("block", "sys-usb", "sda").called("Cruzer_Blade ()")), "Cruzer_Blade");
        assert_eq!(named(device("block", "sys-usb", "sda").called(" ()")), "Disk sda");
        let part = device("block", "sys-usb", "nvme0n1p12").part_of("block", "nvme0n1");
        assert_eq!(part_name(&part.info), "Partition 12");
        assert_eq!(named(part.called("Cruzer Blade")), "Cruzer Blade, partition 12");
    }

    #[test]
    fn a_text_is_cut_by_characters_and_shows_it() {
        let cut = |text: &str| cut(text.to_owned(), 4);
        assert_eq!([cut(""), cut("键盘键盘"), cut("键盘键盘键")], ["", "键盘键盘", "键盘键…"]);
    }

    #[test]
    fn sizes_count_by_thousands() {
        let sized = |bytes: &str| size(&device("block", "sys-usb", "sda").with("size", bytes).info);
        assert_eq!(sized("14900000000").as_deref(), Some("14.9 GB"));
        assert_eq!(sized("999999999999").as_deref(), Some("999.9 GB"));
        assert_eq!(sized("18446744073709551615").as_deref(), Some("18446744.0 TB"));
        for nothing in ["", "-1", "12", "99999999999999999999", "a lot"] {
            assert_eq!(sized(nothing), None, "{nothing}");
        }
    }

    #[test]
    fn ports_are_ordered_as_people_count() {
        let mut ports = ["2-10", "2-2", "10-1", "2-2.1", "sdb", "sda10", "sda2"];
        ports.sort_by(|l, r| natural_order(l, r));
        assert_eq!(ports, ["2-2", "2-2.1", "2-10", "10-1", "sda2", "sda10", "sdb"]);
    }

    #[test]
    fn the_disk_of_a_circle_is_one_of_it() {
        let mut scene = laptop();
        put(&mut scene, device("block", "sys-usb", "sda").part_of("block", "sda1"));
        let disk = |id: &str| {
            let device = scene.machine.devices.get(&port("block", "sys-usb", id)).unwrap();
            disk_of(&scene.machine, device).id.to_string()
        };
        assert_eq!((disk("sda"), disk("sda1")), ("sda".into(), "sda".into()));
    }

    #[test]
    fn lists_read_as_sentences() {
        let qubes = ["a", "b", "c"].map(name);
        assert_eq!(list(&qubes), "a, b and c");
        assert_eq!(list(&qubes[..1]), "a");
    }
}
