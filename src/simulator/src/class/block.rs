//! Disks and partitions: attached by the hypervisor, hidden by their backend while they are in use another way.
//!
//! # Source
//! Admin API facts 3.2, 3.8 and 5.2.

use device_core::assignment::Options;
use device_core::name::QubeName;

use super::{Class, Exposed, Held, usb};
use crate::hardware::BlockPlug;
use crate::qube::{Disk, Qube};
use crate::refusal::Refusal;
use crate::state::State;

const UNKNOWN_ID: &str = "0000:0000::?******";
/// How many parents of a disk are followed; real ones have two. Plugged nonsense can go round in a ring.
const PARENTS_MAX: usize = 8;

/// The disks a backend tells of now.
pub(super) fn exposed(state: &State, backend: &QubeName) -> Vec<Exposed> {
    state
        .hardware
        .block
        .iter()
        .filter(|((owner, port), plug)| {
            owner == backend && plug.is_known && is_told(state, backend, port, plug)
        })
        .map(|((_, port), plug)| read(state, backend, port, plug))
        .collect()
}

/// The ports a backend tells of, without reading what is on them.
pub(crate) fn told_ports<'a>(state: &'a State, backend: &'a QubeName) -> impl Iterator<Item = &'a String> {
    state
        .hardware
        .block
        .iter()
        .filter(move |((owner, port), plug)| {
            owner == backend && plug.is_known && is_told(state, backend, port, plug)
        })
        .map(|((_, port), _)| port)
}

/// Whether the backend tells of this disk. A whole disk hides its partitions while it is attached, a partition its
/// disk, and a USB device that is given away takes its disks along.
fn is_told(state: &State, backend: &QubeName, port: &str, plug: &BlockPlug) -> bool {
    let whole = Some(plug.parent.as_str()).filter(|parent| !parent.is_empty() && !parent.contains(':'));
    let is_used_whole = whole.is_some_and(|disk| holder(state, backend, disk).is_some());
    let is_used_in_part = state.hardware.block.iter().any(|((owner, part), other)| {
        owner == backend && other.parent == port && holder(state, backend, part).is_some()
    });
    !is_used_whole && !is_used_in_part && !is_given_away(state, backend, plug)
}

/// Whether the USB device below this disk, or below the disk it is a part of, is with another qube.
fn is_given_away(state: &State, backend: &QubeName, plug: &BlockPlug) -> bool {
    let on_usb = |port: &str| {
        state.hardware.usb.get(&(backend.clone(), port.to_owned())).is_some_and(|usb| usb.holder.is_some())
    };
    if let Some(port) = plug.usb_parent() {
        return on_usb(port);
    }
    state
        .hardware
        .block
        .get(&(backend.clone(), plug.parent.clone()))
        .and_then(BlockPlug::usb_parent)
        .is_some_and(on_usb)
}

/// Who has the disk on this port.
pub(crate) fn holder<'a>(state: &'a State, backend: &QubeName, port: &str) -> Option<&'a QubeName> {
    state
        .qubes
        .values()
        .find(|qube| qube.disks.iter().any(|disk| disk.backend == *backend && disk.port == port))
        .map(|qube| &qube.name)
}

fn read(state: &State, backend: &QubeName, port: &str, plug: &BlockPlug) -> Exposed {
    let desc: String = plug
        .desc
        .chars()
        .map(|c| {
            let is_kept = c.is_ascii_alphanumeric() || "()+,-.:=_/ ".contains(c);
            if is_kept { c } else { '_' }
        })
        .collect();
    let (model, label) = desc.split_once(' ').unwrap_or((&desc, ""));
    let label = label.strip_prefix('(').and_then(|label| label.strip_suffix(')')).unwrap_or_default();
    let parent = parent(plug);
    let manufacturer = match &parent {
        Some((_, port)) => format!("sub-device of {backend}:{port}"),
        None => format!("hosted by {backend}"),
    };
    let mut names = vec![("manufacturer", manufacturer)];
    names.extend(
        [("name", label), ("serial", model)]
            .into_iter()
            .filter(|(_, text)| !text.is_empty())
            .map(|(key, text)| (key, text.replace('_', " "))),
    );
    Exposed {
        class: Class::Block,
        backend: backend.clone(),
        port: port.to_owned(),
        id: id(state, backend, port, plug),
        names,
        holder: holder(state, backend, port).cloned(),
        interfaces: vec!["b******".to_owned()],
        parent,
        data: Vec::new(),
    }
}

fn parent(plug: &BlockPlug) -> Option<(Class, String)> {
    match plug.usb_parent() {
        Some(port) => Some((Class::Usb, port.to_owned())),
        None if plug.parent.is_empty() => None,
        None => Some((Class::Block, plug.parent.clone())),
    }
}

/// `PARENT_ID:SUFFIX`
fn id(state: &State, backend: &QubeName, port: &str, plug: &BlockPlug) -> String {
    nested_id(state, backend, port, plug, PARENTS_MAX)
}

fn nested_id(state: &State, backend: &QubeName, port: &str, plug: &BlockPlug, depth: usize) -> String {
    let parent_id = match parent(plug) {
        None => Some(String::new()),
        Some((Class::Usb, usb_port)) => usb::on_port(state, backend, &usb_port).map(|device| device.id),
        Some((_, disk)) => state
            .hardware
            .block
            .get(&(backend.clone(), disk.clone()))
            .filter(|parent| depth > 0 && is_told(state, backend, &disk, parent))
            .map(|parent| nested_id(state, backend, &disk, parent, depth - 1)),
    };
    let parent_id = parent_id.as_deref().unwrap_or(UNKNOWN_ID);
    let suffix = match plug.parent.split_once(':') {
        Some((_, interface)) => interface.to_owned(),
        None => trailing_number(port).map_or_else(|| "None".to_owned(), |number| number.to_string()),
    };
    format!("{parent_id}:{suffix}")
}

fn trailing_number(port: &str) -> Option<u64> {
    port.get(port.trim_end_matches(|c: char| c.is_ascii_digit()).len()..)?.parse().ok()
}

pub(super) fn held(state: &State, frontend: &QubeName) -> Vec<Held> {
    let disks = state.qube(frontend).map(|qube| qube.disks.as_slice()).unwrap_or_default();
    disks
        .iter()
        .map(|disk| {
            let key = (disk.backend.clone(), disk.port.clone());
            let id = state
                .hardware
                .block
                .get(&key)
                .map_or_else(|| UNKNOWN_ID.to_owned(), |plug| id(state, &disk.backend, &disk.port, plug));
            let mut options = Options::new();
            options.set("read-only", if disk.is_read_only { "yes" } else { "no" });
            options.set("frontend-dev", &disk.node);
            if disk.is_cdrom {
                options.set("devtype", "cdrom");
            }
            Held { backend: disk.backend.clone(), port: disk.port.clone(), id, options }
        })
        .collect()
}

pub(super) fn attach(
    state: &mut State,
    frontend: &QubeName,
    device: &Exposed,
    mut options: Options,
) -> Result<Options, Refusal> {
    check_options(&mut options)?;
    let key = (device.backend.clone(), device.port.clone());
    let is_fixed = state.hardware.block.get(&key).is_some_and(|plug| plug.mode == "r");
    match options.value("read-only") {
        None => options.set("read-only", if is_fixed { "yes" } else { "no" }),
        Some("no") if is_fixed => {
            return Err(Refusal::value("This device can be attached only read-only"));
        }
        Some(_) => {}
    }
    device.check_free()?;
    let is_cdrom = options.value("devtype") == Some("cdrom");
    if options.value("frontend-dev").is_none() {
        let node = free_node(state.known(frontend)?, is_cdrom).ok_or(Refusal::Crash)?;
        options.set("frontend-dev", node);
    }
    if std::mem::take(&mut state.faults.hypervisor) {
        return Err(Refusal::Crash);
    }
    let disk = Disk {
        backend: device.backend.clone(),
        port: device.port.clone(),
        node: options.value("frontend-dev").unwrap_or_default().to_owned(),
        is_read_only: options.is_read_only(),
        is_cdrom,
    };
    let is_recorded = state.is_recorded;
    let qube = state.known_mut(frontend)?;
    let is_taken = qube.disks.iter().any(|other| other.node == disk.node);
    if is_taken || (!is_recorded && is_reserved(qube, &disk.node)) {
        return Err(Refusal::Crash);
    }
    qube.disks.push(disk);
    state
        .seen
        .entry((device.backend.clone(), Class::Block))
        .or_default()
        .insert(device.port.clone(), Some(frontend.clone()));
    Ok(options)
}

/// Refuses what the class does not know and writes boolean words as the server stores them.
fn check_options(options: &mut Options) -> Result<(), Refusal> {
    let given: Vec<(String, String)> = options.iter().map(|(k, v)| (k.to_owned(), v.to_owned())).collect();
    for (key, value) in given {
        match key.as_str() {
            "frontend-dev" if value.starts_with("xvd") || value.starts_with("sd") => {}
            "frontend-dev" => {
                return Err(Refusal::value(format!("Invalid frontend-dev option value: {value}")));
            }
            "read-only" => {
                let word = if crate::property::boolean(&value)? { "yes" } else { "no" };
                options.set("read-only", word);
            }
            "devtype" if matches!(value.as_str(), "disk" | "cdrom") => {}
            "devtype" => {
                return Err(Refusal::value("devtype option can only have 'disk' or 'cdrom' value"));
            }
            _ => return Err(Refusal::value(format!("Unsupported option {key}"))),
        }
    }
    Ok(())
}

/// Whether a qube has a disk of its own under that name.
fn is_reserved(qube: &Qube, node: &str) -> bool {
    match node {
        "xvda" | "xvdb" | "xvdc" => true,
        "xvdd" => qube.property("kernel") != Some(""),
        _ => false,
    }
}

/// The name the next disk gets inside a qube. `None` when all are taken.
pub(crate) fn free_node(qube: &Qube, is_cdrom: bool) -> Option<String> {
    let is_free =
        |node: &String| !is_reserved(qube, node) && !qube.disks.iter().any(|disk| disk.node == *node);
    let one = |letters: std::ops::RangeInclusive<char>| letters.map(|a| format!("xvd{a}"));
    let two = ('a'..='z').flat_map(|a| ('a'..='z').map(move |b| format!("xvd{a}{b}")));
    let first = Some("xvdd".to_owned()).filter(|_| is_cdrom);
    first.into_iter().chain(one('i'..='z')).chain(two).chain(one('a'..='h')).find(is_free)
}

pub(super) fn detach(state: &mut State, frontend: &QubeName, held: &Held) -> Result<(), Refusal> {
    take_away(state, frontend, &held.backend, &held.port)?;
    if let Some(seen) = state.seen.get_mut(&(held.backend.clone(), Class::Block))
        && let Some(holder) = seen.get_mut(&held.port)
    {
        *holder = None;
    }
    Ok(())
}

/// Removes a disk from the qube that has it, without a word.
pub(crate) fn take_away(
    state: &mut State,
    frontend: &QubeName,
    backend: &QubeName,
    port: &str,
) -> Result<(), Refusal> {
    state.known_mut(frontend)?.disks.retain(|disk| disk.backend != *backend || disk.port != port);
    Ok(())
}
