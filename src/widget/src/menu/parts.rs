//! What else stands in the row of a device: its partitions, the whole USB device, and what else can be done. Pure.

use device_core::device::{Device, Presence, SharedDevice};
use device_core::mark;
use device_core::rules::related_in_use;

use super::device_row::{member_name, use_of_relative};
use super::entry::{GroupKind, Item, ItemAction, ItemKey, Items, Mark, Page, entry, group, qube_item};
use crate::naming;
use crate::preferences::Preference;
use crate::scene::{Command, Scene, Wish};
use crate::strings;
use crate::together;

/// Parts in one sub-menu. A disk has a few; one with very many is hostile, and its rest can be reached by the command line.
const PARTS_MAX: usize = 24;

/// Who has a part of the device.
pub(super) fn holders(scene: &Scene, members: &[&SharedDevice]) -> Vec<Item> {
    let held = members.iter().flat_map(|member| member.attachments.keys().map(move |qube| (member, qube)));
    held.map(|(member, qube)| {
        let command = Command::Detach(member.info.to_ref(), qube.clone());
        let (name, action) = (member_name(member), ItemAction::Wish(Wish::Do(command)));
        let spoken = format!("{}, {name}", strings::say_detach(qube.as_str()));
        let note = match member.presence {
            Presence::Present => name,
            Presence::Removed => strings::clean_up(),
        };
        Item {
            key: ItemKey::PartHeld(member.port().clone(), qube.clone()),
            mark: Mark::Eject,
            is_bold: true,
            note,
            spoken,
            ..qube_item(scene, qube, action)
        }
    })
    .collect()
}

/// An entry for each part, which opens its own qubes; without them where they could not be chosen.
pub(super) fn entries(scene: &Scene, members: &[&SharedDevice]) -> Vec<Item> {
    let present = members.iter().filter(|member| member.presence == Presence::Present);
    present.take(PARTS_MAX).map(|member| part(scene, member)).collect()
}

fn part(scene: &Scene, member: &Device) -> Item {
    let port = member.port();
    let key = ItemKey::Part(port.clone(), scene.machine.physical_thing(port));
    let name = member_name(member);
    let open = entry(key, name.clone(), ItemAction::Part(Some(member.info.to_ref())));
    let relative = related_in_use(&scene.machine, member);
    if relative.is_some() && !member.is_attached() {
        let note = use_of_relative(&scene.machine, member, relative).unwrap_or_default();
        return Item { spoken: strings::say_refused(&name, &note), note, action: None, ..open };
    }
    let facts = [Some(port.id.to_string()), naming::size(&member.info)];
    let note = facts.into_iter().flatten().collect::<Vec<_>>().join(" · ");
    Item { spoken: format!("{name}, {note}"), note, ..open }
}

/// The way from a part back to the whole, with the part that the page is about.
pub(super) fn back(part: &Device) -> Item {
    let back = entry(ItemKey::Back, strings::back(), ItemAction::Part(None));
    Item { mark: Mark::Back, note: member_name(part), ..back }
}

/// The entry that opens [`further`].
pub(super) fn further_entry() -> Item {
    entry(ItemKey::Further, strings::more(), ItemAction::Turn(Page::Further))
}

/// What is seldom wanted: name it, hide it, and how it is shown and attached.
pub(super) fn further(scene: &Scene, device: &Device) -> Vec<Items> {
    let this = device.info.to_ref();
    let back = entry(ItemKey::Back, strings::back(), ItemAction::Turn(Page::Targets));
    let name = ItemAction::Wish(Wish::Settings(Some(this.clone())));
    let mut rows = vec![entry(ItemKey::Name, strings::give_name(), name)];
    if !device.is_attached() {
        let hide = Preference::Hide(this, naming::device_name(&device.info));
        rows.push(entry(ItemKey::Hide, strings::hide_device(), ItemAction::Wish(Wish::Prefer(hide))));
    }
    rows.extend(parts_shown(scene, device));
    if together::is_camera(device) {
        let text = strings::with_microphone();
        let is_set = together::takes_microphone(scene, device);
        rows.push(check(ItemKey::WithMicrophone, text, device, mark::Mark::WithMicrophone, is_set, is_set));
    }
    if scene.can_configure {
        let text = strings::automatic_attachment();
        rows.push(entry(ItemKey::Configure, text, ItemAction::Wish(Wish::Configure)));
    }
    vec![
        group(GroupKind::Message, None, vec![Item { mark: Mark::Back, ..back }]),
        group(GroupKind::Targets, None, rows),
    ]
}

/// Whether what is a part of the thing is listed. Said of the thing as a whole, as the field's other tools do.
fn parts_shown(scene: &Scene, device: &Device) -> Option<Item> {
    let machine = &scene.machine;
    let thing = machine.devices.get(&machine.physical_thing(device.port()))?;
    let has_parts = machine
        .devices
        .values()
        .any(|other| machine.parent(other).is_some_and(|it| it.port() == thing.port()));
    let hides = scene.is_marked(thing, mark::Mark::HideChildren);
    has_parts.then(|| {
        check(ItemKey::ShowParts, strings::show_parts(), thing, mark::Mark::HideChildren, !hides, hides)
    })
}

/// A check item that puts a mark on a device or takes it away.
fn check(
    key: ItemKey,
    text: String,
    device: &Device,
    mark: mark::Mark,
    is_checked: bool,
    is_set: bool,
) -> Item {
    let command = Command::SetMark(device.info.to_ref(), mark, !is_set);
    let item = entry(key, text, ItemAction::Wish(Wish::Do(command)));
    Item { mark: Mark::Check(is_checked), ..item }
}
