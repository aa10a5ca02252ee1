//! Nothing moves while a menu is open. Pure.
//!
//! What was shown keeps its place; what is new comes at the end of its group; what has gone stays, grey and inert.
//! Only a sentence goes at once, with what answers to it: where it would stay it would be untrue.
//! The menu starts afresh the next time it opens.

use device_core::device::{Presence, SharedDevice};
use device_core::machine::Machine;
use device_core::name::{DeviceClass, Port, QubeName};
use device_core::qube::PowerState;

use super::entry::{Item, ItemKey, Items, Mark};
use super::fold::Folding;
use super::model::Menu;
use super::rows::{Group, Look, Row, RowAction, RowKey, SectionKind};
use crate::naming;
use crate::strings;

/// Rows of one group that have gone and keep their place. A person unplugs a few while a menu is open; whoever renames their
/// devices without end gets no more than these.
const GONE_MAX: usize = 64;

/// Something with a place in an open menu.
pub(crate) trait Placed: Clone {
    /// What it is about.
    type Key: PartialEq;
    /// What it is about.
    fn key(&self) -> &Self::Key;
    /// How it looks once it has gone from this machine; `None` = it keeps no place.
    fn gone(&self, machine: &Machine) -> Option<Self>;
}

/// `fresh` in the places of `shown`.
pub(crate) fn settle<K: Copy + Ord, R: Placed>(
    shown: &[Group<K, R>],
    fresh: Vec<Group<K, R>>,
    machine: &Machine,
) -> Vec<Group<K, R>> {
    let mut settled: Vec<Group<K, R>> = shown.to_vec();
    let headings: Vec<(K, Option<String>)> =
        fresh.iter().map(|group| (group.kind, group.heading.clone())).collect();
    let mut arrivals: Vec<(K, Option<String>, R)> = Vec::new();
    let mut current: Vec<R> = Vec::new();
    for group in fresh {
        for row in group.rows {
            if place_of(&settled, row.key()) {
                current.push(row);
            } else {
                arrivals.push((group.kind, group.heading.clone(), row));
            }
        }
    }
    for group in &mut settled {
        let mut gone = 0;
        let now = |row: &R| {
            let fresh = current.iter().find(|fresh| fresh.key() == row.key());
            gone += usize::from(fresh.is_none());
            fresh.cloned().or_else(|| row.gone(machine).filter(|_| gone <= GONE_MAX))
        };
        group.rows = group.rows.iter().filter_map(now).collect();
    }
    settled.retain(|group| !group.rows.is_empty());
    for group in &mut settled {
        if let Some((_, heading)) = headings.iter().find(|(kind, _)| *kind == group.kind) {
            group.heading.clone_from(heading);
        }
    }
    for (kind, heading, row) in arrivals {
        append(&mut settled, kind, heading, row);
    }
    settled
}

fn place_of<K, R: Placed>(groups: &[Group<K, R>], key: &R::Key) -> bool {
    groups.iter().any(|group| group.rows.iter().any(|row| row.key() == key))
}

fn append<K: Copy + Ord, R>(groups: &mut Vec<Group<K, R>>, kind: K, heading: Option<String>, row: R) {
    if let Some(group) = groups.iter_mut().find(|group| group.kind == kind) {
        group.rows.push(row);
        return;
    }
    let place = groups.iter().position(|group| group.kind > kind).unwrap_or(groups.len());
    groups.insert(place, Group { kind, heading, rows: vec![row] });
}

/// The menu in the places of what is shown.
pub(crate) fn settle_menu(shown: &[Group<SectionKind, Row>], fresh: Menu, machine: &Machine) -> Menu {
    let sections = settle(&succeed(shown, &fresh.sections, machine), fresh.sections, machine);
    let empty = fresh.empty.filter(|_| sections.is_empty());
    Menu { sections, empty, ..fresh }
}

/// What is shown, with the row of a stick in place of its old one: it is the disk's, or that of a partition in use.
fn succeed(
    shown: &[Group<SectionKind, Row>],
    fresh: &[Group<SectionKind, Row>],
    machine: &Machine,
) -> Vec<Group<SectionKind, Row>> {
    let mut settled = shown.to_vec();
    let folding = Folding::of(machine);
    for section in fresh {
        for new in section.rows.iter().filter(|row| !place_of(shown, &row.key)) {
            let same = settled.iter_mut().filter(|group| group.kind == section.kind);
            let mut old = same.flat_map(|group| &mut group.rows).filter(|row| !place_of(fresh, &row.key));
            if let Some(old) = old.find(|old| is_heir(machine, &folding, &old.key, &new.key)) {
                *old = new.clone();
            }
        }
    }
    settled
}

/// Whether the stick that had the row of `old` has the row of `new` now.
fn is_heir(machine: &Machine, folding: &Folding<'_>, old: &RowKey, new: &RowKey) -> bool {
    let (RowKey::Device(old), RowKey::Device(new)) = (old, new) else {
        return false;
    };
    if machine.devices.contains_key(old) {
        return folding.row_of(old) == new;
    }
    // While a partition of it is in use a disk is not there. Without such a one it is about to go, piece by piece.
    let is_same_kind = old.backend == new.backend && old.class == new.class;
    let stands_for_it = |part: &SharedDevice| part.is_attached() && part.info.disk() == Some(&old.id);
    is_same_kind && machine.devices.get(new).is_some_and(stands_for_it)
}

/// The sub-menu in the places of what is shown. Without anything shown, or on another page, pass `&[]`.
///
/// What is under way and what is asked are pages that come and go by themselves: of them nothing keeps its place.
pub(crate) fn settle_submenu(shown: &[Items], fresh: Vec<Items>, machine: &Machine) -> Vec<Items> {
    let is_turned = alone(shown) != alone(&fresh);
    settle(if is_turned { &[] } else { shown }, fresh, machine)
}

/// The sentence that has a page for itself.
fn alone(groups: &[Items]) -> Option<&ItemKey> {
    let mut keys = groups.iter().flat_map(|group| &group.rows).map(|item| &item.key);
    keys.find(|key| matches!(key, ItemKey::Pending | ItemKey::Question))
}

impl Placed for Row {
    type Key = RowKey;

    fn key(&self) -> &RowKey {
        &self.key
    }

    fn gone(&self, machine: &Machine) -> Option<Self> {
        let (place, moved) = match &self.key {
            RowKey::Device(port) => (Some(port.to_string()), where_now(machine, port)),
            RowKey::StoppedUsbQube(name) => (None, started(machine, name)),
            RowKey::Unreadable(..) => (None, None),
            RowKey::HideFailure(_) => return None,
        };
        let why = moved
            .unwrap_or_else(|| self.thing.as_ref().map_or_else(strings::gone, |it| why_gone(machine, it)));
        let said: Vec<String> = place.into_iter().chain([why]).collect();
        Some(Self {
            look: Look::Dim,
            is_new: false,
            holders: Vec::new(),
            status: None,
            action: RowAction::Nothing,
            spoken: format!("{}, {}", self.name, said.join(", ")),
            detail: said.join(" · "),
            ..self.clone()
        })
    }
}

/// Where a device is listed now that has lost its own row although it is there; `None` when it is not there.
fn where_now(machine: &Machine, port: &Port) -> Option<String> {
    let device = machine.devices.get(port)?;
    let folding = Folding::of(machine);
    let head = folding.row_of(device.port());
    Some(if head == port { strings::hidden_now() } else { strings::listed_with(head.id.as_str()) })
}

/// Why something that belongs to this thing is not listed any more: the rest of the thing may be in use as a whole.
fn why_gone(machine: &Machine, thing: &Port) -> String {
    let rest = machine.devices.values().filter(|device| machine.physical_thing(device.port()) == *thing);
    let mut held = rest.filter_map(|device| Some((&device.info, device.attachments.keys().next()?)));
    match held.next() {
        Some((part, qube)) if naming::is_partition(part) => {
            strings::part_in_use(part.port.id.as_str(), qube.as_str())
        }
        Some((disk, qube)) if disk.port.class == DeviceClass::Block => strings::disk_in_use(qube.as_str()),
        Some((_, qube)) => strings::device_in_use(qube.as_str()),
        None => strings::gone(),
    }
}

impl Placed for Item {
    type Key = ItemKey;

    fn key(&self) -> &ItemKey {
        &self.key
    }

    fn gone(&self, machine: &Machine) -> Option<Self> {
        let note = match &self.key {
            ItemKey::Message
            | ItemKey::Pending
            | ItemKey::Question
            | ItemKey::Reason
            | ItemKey::GiveUp
            | ItemKey::Dismiss => return None,
            ItemKey::Part(port, thing) => why_no_part(machine, port, thing),
            ItemKey::Qube(name) if is_halted(machine, name) => strings::stopped(),
            ItemKey::Qube(name) | ItemKey::Template(name) if !machine.qubes.contains_key(name) => {
                strings::gone()
            }
            // Nothing is wrong with a qube that the device can't go to: what is wrong is told of the device.
            _ => String::new(),
        };
        Some(Self { mark: Mark::None, is_bold: false, note, action: None, ..self.clone() })
    }
}

/// Why a part is not offered any more; empty where nothing is wrong with it.
fn why_no_part(machine: &Machine, port: &Port, thing: &Port) -> String {
    match machine.devices.get(port).filter(|part| part.presence == Presence::Present) {
        Some(_) if Folding::of(machine).has_row(port) => String::new(),
        Some(_) => where_now(machine, port).unwrap_or_default(),
        None => why_gone(machine, thing),
    }
}

/// That a USB qube runs whose row only offered to start it.
fn started(machine: &Machine, qube: &QubeName) -> Option<String> {
    let state = machine.qubes.get(qube)?.state;
    (state == PowerState::Running).then(|| strings::backend_started(qube.as_str()))
}

fn is_halted(machine: &Machine, qube: &QubeName) -> bool {
    machine.qubes.get(qube).is_some_and(|qube| qube.state == PowerState::Halted)
}

#[cfg(test)]
#[path = "order_tests.rs"]
mod tests;
