//! The options of an attachment or assignment, as `-o` and `--ro` give them.

use device_core::assignment::Options;
use device_core::device::DeviceInfo;
use device_core::name::DeviceClass;

use crate::failure::Failure;
use crate::grammar::Key;
use crate::parse::Matches;
use crate::shown::shown;

/// The options of an attachment, as `-o` and `--ro` give them.
///
/// # Errors
/// When one of them is no option.
pub(super) fn options(class: &DeviceClass, matches: &Matches) -> Result<Options, Failure> {
    let mut options = Options::new();
    let mut old_word = None;
    for text in matches.values(Key::Option) {
        let (key, value) = text.split_once('=').filter(|(key, _)| !key.is_empty()).ok_or_else(|| {
            Failure::Argument(format!("an option must be KEY=VALUE, got '{}'", shown(text)))
        })?;
        match key {
            "ro" => old_word = Some(value),
            _ if *class == DeviceClass::Pci && is_mark(key) && is_no(value) => {}
            _ => options.set(key, value),
        }
    }
    if let Some(value) = old_word {
        options.set("read-only", read_only(value)?);
    }
    if matches.has(Key::ReadOnly) {
        options.set("read-only", "yes");
    }
    Ok(options)
}

/// Whether the server tells of this device that nobody can write to it. One of R4.3 does not tell it of any.
///
/// # Source
/// Admin API facts 2.5 and 5.2.
pub(super) fn is_only_readable(device: &DeviceInfo) -> bool {
    device.port.class == DeviceClass::Block
        && device.data.get("mode").is_some_and(|mode| mode.as_str() == "r")
}

/// Whether these options ask for a disk that can be written to.
pub(super) fn ask_for_writing(options: &Options) -> bool {
    options.value("read-only").is_some_and(is_no)
}

/// What a server will say against these options, as far as their names and values tell.
///
/// # Source
/// Admin API facts 5.2, 5.3, 5.4. What an extension brought knows its own.
pub(super) fn against(class: &DeviceClass, options: &Options) -> Vec<String> {
    match class {
        DeviceClass::Block => options.iter().filter_map(|(key, value)| against_of_disk(key, value)).collect(),
        DeviceClass::Usb | DeviceClass::Mic if !options.is_empty() => {
            vec![format!("An attachment of a {class} device takes no options.")]
        }
        _ => Vec::new(),
    }
}

fn against_of_disk(key: &str, value: &str) -> Option<String> {
    let shown_value = shown(value);
    match key {
        "frontend-dev" => (!value.starts_with("xvd") && !value.starts_with("sd")).then(|| {
            format!("frontend-dev={shown_value}: the name of a disk in a qube begins with xvd or sd.")
        }),
        "read-only" => {
            (!is_boolean(value)).then(|| format!("read-only={shown_value}: that is neither yes nor no."))
        }
        "devtype" => (!matches!(value, "disk" | "cdrom"))
            .then(|| format!("devtype={shown_value}: a disk is given as disk or as cdrom.")),
        _ => Some(format!("An attachment of a block device has no option {}.", shown(key))),
    }
}

fn is_boolean(value: &str) -> bool {
    is_no(value) || matches!(value.to_ascii_lowercase().as_str(), "yes" | "true" | "1" | "on")
}

fn read_only(value: &str) -> Result<&'static str, Failure> {
    match value.to_ascii_lowercase().as_str() {
        "yes" | "true" | "1" => Ok("yes"),
        "no" | "false" | "0" => Ok("no"),
        _ => Err(Failure::Refused(format!("Unknown `read-only` option value: {}", shown(value)))),
    }
}

/// Options that the server takes for set as soon as they are there, whatever their value.
///
/// # Source
/// Admin API facts 5.5.
fn is_mark(key: &str) -> bool {
    matches!(key, "no-strict-reset" | "permissive")
}

fn is_no(value: &str) -> bool {
    matches!(value.to_ascii_lowercase().as_str(), "no" | "false" | "0" | "off")
}
