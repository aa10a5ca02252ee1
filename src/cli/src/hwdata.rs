//! What an interface is called when no category fits: the class section of the system's hardware id lists.
//!
//! Read line by line, only when such an interface is listed at all, and once for each code of a run; a system without
//! the lists has no labels.
//!
//! # Source
//! Admin API facts 3.6, interface label.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use device_core::interface::Interface;
use device_core::text::DisplayText;

/// Where the lists of the hwdata package are.
const LISTS: &str = "/usr/share/hwdata";
/// Longest line looked at, in bytes; real ones stay below 200. A longer one ends the reading.
const LINE_MAX: u64 = 4096;

/// What was looked up before: a list has 700 KB, and a hub more than one device of a kind.
static KNOWN: Mutex<BTreeMap<Interface, Option<String>>> = Mutex::new(BTreeMap::new());

/// The label of an interface, `None` when there is none worth showing.
#[must_use]
pub fn label(interface: &Interface) -> Option<String> {
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    known.entry(*interface).or_insert_with(|| looked_up(*interface)).clone()
}

fn looked_up(interface: Interface) -> Option<String> {
    let code = interface.as_str();
    let list = match code.chars().next() {
        Some('u') => "usb.ids",
        Some('p') => "pci.ids",
        // A code that says nothing is shown as it is.
        Some('?') => return Some(code.to_owned()),
        _ => return None,
    };
    let file = File::open(Path::new(LISTS).join(list)).ok()?;
    label_in(BufReader::new(file), code.get(1..)?)
}

/// Looks `ccsspp` up in a list: the subclass's name, else that of the programming interface, else the class's.
fn label_in(mut list: impl BufRead, code: &str) -> Option<String> {
    let (class, rest) = (code.get(..2)?, code.get(2..)?);
    let (subclass, interface) = (rest.get(..2)?, rest.get(2..)?);
    let (mut found_class, mut found_subclass, mut found_interface) = (None, None, None);
    let (mut in_class, mut in_subclass) = (false, false);
    let mut line = Vec::new();
    loop {
        line.clear();
        let mut limited = std::io::Read::take(&mut list, LINE_MAX);
        if limited.read_until(b'\n', &mut line).unwrap_or(0) == 0 {
            break;
        }
        let line = String::from_utf8_lossy(&line);
        let line = line.trim_end();
        if let Some(entry) = line.strip_prefix("\t\t") {
            if in_subclass {
                found_interface = found_interface.or_else(|| name_of(entry, interface));
            }
        } else if let Some(entry) = line.strip_prefix('\t') {
            in_subclass = in_class && entry.split("  ").next() == Some(subclass);
            if in_subclass {
                found_subclass = name_of(entry, subclass);
            }
        } else if !line.is_empty() && !line.starts_with('#') {
            if in_class {
                break;
            }
            if let Some(entry) = line.strip_prefix("C ") {
                found_class = name_of(entry, class);
                in_class = entry.split("  ").next() == Some(class);
            }
            in_subclass = false;
        }
    }
    found_subclass.or(found_interface).or(if in_class { found_class } else { None })
}

/// The name behind `ID  `, unless it says nothing.
fn name_of(entry: &str, id: &str) -> Option<String> {
    let name = entry.strip_prefix(id)?.strip_prefix("  ")?;
    let says_nothing = matches!(
        name.to_ascii_lowercase().as_str(),
        "none"
            | "unused"
            | "undefined"
            | "no subclass"
            | "vendor specific subclass"
            | "vendor specific class"
            | "vendor specific"
    );
    (!says_nothing).then(|| DisplayText::from_untrusted(name).as_str().replace('_', " "))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: &[u8] = b"# comment\n8086  Intel\n\t0001  Chip\nC 08  Mass Storage\n\t06  SCSI\n\t\t50  Bulk-Only\n\
        C 09  Hub\n\t00  Unused\n\t\t00  Full speed (or root) hub\n\t\t01  Single TT\nC 0a  CDC Data\n\t00  Unused\nAT 0100  USB\n";

    #[test]
    fn the_subclass_counts_before_the_interface_and_that_before_the_class() {
        for (code, label) in [
            ("080650", Some("SCSI")),
            ("090000", Some("Full speed (or root) hub")),
            ("090002", Some("Hub")),
            ("0a0000", Some("CDC Data")),
            ("ff0000", None),
            ("080000", Some("Mass Storage")),
        ] {
            assert_eq!(label_in(LIST, code).as_deref(), label, "{code}");
        }
    }

    #[test]
    fn an_unknown_code_is_its_own_label() {
        assert_eq!(label(&Interface::UNKNOWN).as_deref(), Some("?******"));
    }
}
