//! The sub-menu of a device as a value: who has it, where it can go, and why not. Pure.

use device_core::device::{Device, Presence, SharedDevice};
use device_core::name::{DeviceClass, QubeName};
use device_core::qube::{Qube, QubeClass};
use device_core::rules::{Refusal, may_attach_unless_related, related_in_use};

use super::device_row::{failure_text, pending_text};
use super::entry::{
    GroupKind, Item, ItemAction, ItemKey, Items, Mark, Page, SubView, entry, group, guarded, has_words,
    message, qube_item, send_to,
};
use super::fold::Folding;
use super::risk::Risks;
use super::{pages, parts};
use crate::naming;
use crate::reason;
use crate::scene::{Command, GIVE_UP_AFTER, Scene, Wish};
use crate::strings;
use crate::together;

/// The sub-menu of `device` and of what stands in its row.
pub(crate) fn submenu(scene: &Scene, device: &Device, view: &SubView) -> Vec<Items> {
    submenu_in(scene, &Folding::of(&scene.machine), device, view)
}

/// The same, for who asks of many devices: the folding is that of the whole machine.
pub(crate) fn submenu_in(
    scene: &Scene,
    folding: &Folding<'_>,
    device: &Device,
    view: &SubView,
) -> Vec<Items> {
    if !scene.is_live() {
        return Vec::new();
    }
    let part = open_part(scene, view);
    let members = if part.is_none() { folding.members(device.port()) } else { &[] };
    let subject = Subject { scene, view, device: part.unwrap_or(device), members };
    if let Some(pending) = subject.everyone().find_map(|it| scene.pending_at(it.port())) {
        let give_up = (view.now >= pending.since + GIVE_UP_AFTER).then(|| {
            entry(ItemKey::GiveUp, strings::give_up(), ItemAction::Wish(Wish::GiveUp(pending.ticket)))
        });
        let text = Item { key: ItemKey::Pending, ..message(pending_text(pending)) };
        let rows = [text].into_iter().chain(give_up).collect();
        return vec![group(GroupKind::Message, None, rows)];
    }
    let groups = match &view.page {
        Page::Targets => subject.targets_page(),
        Page::Disposables => pages::disposables(scene, subject.device, view),
        Page::Confirm(command) => {
            pages::confirm(scene, subject.device, command).unwrap_or_else(|| subject.targets_page())
        }
        Page::Further => parts::further(scene, subject.device),
    };
    groups.into_iter().filter(|group| !group.rows.is_empty()).collect()
}

/// Whether the page that is open still has its reason: a question has none once there is no risk any more.
pub(super) fn has_reason(scene: &Scene, device: &Device, view: &SubView) -> bool {
    let device = open_part(scene, view).unwrap_or(device);
    match &view.page {
        Page::Confirm(command) => pages::confirm(scene, device, command).is_some(),
        Page::Targets | Page::Disposables | Page::Further => true,
    }
}

/// The part of the row that is open.
fn open_part<'a>(scene: &'a Scene, view: &SubView) -> Option<&'a Device> {
    view.part.as_ref().and_then(|part| scene.device(part)).map(AsRef::as_ref)
}

/// What a sub-menu is about.
struct Subject<'a> {
    scene: &'a Scene,
    view: &'a SubView,
    device: &'a Device,
    /// What stands in the same row, safest first.
    members: &'a [&'a SharedDevice],
}

impl<'a> Subject<'a> {
    /// The device and what stands in its row.
    fn everyone(&self) -> impl Iterator<Item = &'a Device> + use<'a> {
        [self.device].into_iter().chain(self.members.iter().map(|member| &***member))
    }

    fn targets_page(&self) -> Vec<Items> {
        let Self { scene, view, device, members } = self;
        let mut said = if view.part.is_some() { vec![parts::back(device)] } else { Vec::new() };
        if let Some(failure) = self.everyone().find_map(|it| scene.failure_at(it.port())) {
            let hide = ItemAction::Wish(Wish::Dismiss(failure.command.clone()));
            said.extend([message(failure_text(failure)), entry(ItemKey::Dismiss, strings::dismiss(), hide)]);
        }
        let mut holders = holders(scene, device);
        holders.extend(parts::holders(scene, members));
        let reason = whole_device_refusal(scene, device);
        let targets = if reason.is_none() { targets(scene, device, view) } else { Vec::new() };
        let can_go = reason.is_none();
        let nowhere = (can_go && targets.is_empty() && view.filter.is_empty()).then(strings::no_target);
        if let Some(reason) = reason.or(nowhere).filter(|_| holders.is_empty()) {
            said.push(Item { key: ItemKey::Reason, ..message(reason) });
        }
        let is_whole = view.filter.is_empty();
        let more = if can_go && is_whole { more(scene, device, view) } else { Vec::new() };
        let others = if is_whole { parts::entries(scene, members) } else { Vec::new() };
        let is_row = is_whole && view.part.is_none() && device.presence == Presence::Present;
        // All of it is said of this device, and not of whatever is on its port.
        let further = if is_row && device.info.to_ref().is_recognisable() {
            vec![parts::further_entry()]
        } else {
            Vec::new()
        };
        vec![
            group(GroupKind::Message, None, said),
            group(GroupKind::Holders, None, holders),
            group(GroupKind::Targets, Some(self.heading()), targets),
            group(GroupKind::More, None, more),
            group(GroupKind::Parts, Some(strings::other_ways()), others),
            group(GroupKind::Further, None, further),
        ]
    }

    fn heading(&self) -> String {
        match (self.device.is_attached(), self.device.port().class.is_shareable()) {
            (false, _) if together::takes_microphone(self.scene, self.device) => strings::attach_both_to(),
            (false, _) => strings::attach_to(),
            (true, true) => strings::add_to(),
            (true, false) => strings::move_to(),
        }
    }
}

/// Why no qube at all can have it now.
fn whole_device_refusal(scene: &Scene, device: &Device) -> Option<String> {
    if device.presence == Presence::Removed {
        return Some(strings::refused_removed());
    }
    let relative = related_in_use(&scene.machine, device)?;
    Some(reason::in_use(&relative, relative.port.id.as_str()))
}

fn holders(scene: &Scene, device: &Device) -> Vec<Item> {
    let mut items = Vec::new();
    for qube in device.attachments.keys() {
        let command = Command::Detach(device.info.to_ref(), qube.clone());
        let removed = device.presence == Presence::Removed;
        items.push(Item {
            mark: Mark::Eject,
            is_bold: true,
            note: if removed { strings::clean_up() } else { strings::detach() },
            spoken: strings::say_detach(qube.as_str()),
            ..qube_item(scene, qube, ItemAction::Wish(Wish::Do(command)))
        });
        // What was pulled out is only cleaned up.
        if removed {
            continue;
        }
        let details = scene.machine.qubes.get(qube).and_then(|qube| qube.details.as_ref());
        if details.is_some_and(|details| details.is_auto_cleanup) {
            let detach = Command::Detach(device.info.to_ref(), qube.clone());
            let shut_down = Command::ShutDown(device.info.to_ref(), qube.clone());
            let text = strings::detach_and_shut_down(qube.as_str());
            let both = ItemAction::Wish(Wish::Both(detach, shut_down));
            items.push(entry(ItemKey::ShutDown(qube.clone()), text, both));
        }
        if let Some((first, then)) = together::detach_both(scene, device, qube) {
            let text = strings::detach_with_microphone(qube.as_str());
            let both = ItemAction::Wish(Wish::Both(first, then));
            items.push(entry(ItemKey::DetachBoth(qube.clone()), text, both));
        }
    }
    items
}

/// The qubes it can go to: those it is assigned to, the last used, the others by name, templates last.
///
/// Nothing that it is a part of, and no part of it, is in use: where anything is, it can go nowhere.
fn targets(scene: &Scene, device: &Device, view: &SubView) -> Vec<Item> {
    let last_used = scene.recent.of(&device.info);
    let mut found: Vec<(Rank, &Qube)> = scene
        .machine
        .qubes
        .values()
        .map(AsRef::as_ref)
        .filter(|qube| scene.offers(qube) && qube.name != device.port().backend)
        .filter(|qube| !device.attachments.contains_key(&qube.name))
        .filter(|qube| has_words(qube.name.as_str(), &view.filter))
        .map(|qube| (Rank::of(device, last_used, qube), qube))
        .collect();
    found.sort_by(|(left, l), (right, r)| {
        left.cmp(right).then_with(|| naming::natural_order(l.name.as_str(), r.name.as_str()))
    });
    let risks = Risks::of(&scene.machine, device);
    let wanted = found.into_iter().take(view.most);
    wanted.map(|(rank, qube)| target(scene, device, &risks, view, rank, qube)).collect()
}

/// How near at hand a qube is for a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    UsuallyHere,
    LastUsed,
    Other,
    Template,
}

impl Rank {
    fn of(device: &Device, last_used: Option<&QubeName>, qube: &Qube) -> Self {
        if device.assignments.iter().any(|assignment| assignment.frontend == qube.name) {
            Self::UsuallyHere
        } else if last_used == Some(&qube.name) {
            Self::LastUsed
        } else if qube.class == QubeClass::Template {
            Self::Template
        } else {
            Self::Other
        }
    }

    fn note(self) -> String {
        match self {
            Self::UsuallyHere => strings::usually_here(),
            Self::LastUsed => strings::last_used(),
            Self::Other | Self::Template => String::new(),
        }
    }
}

fn target(
    scene: &Scene,
    device: &Device,
    risks: &Risks<'_>,
    view: &SubView,
    rank: Rank,
    qube: &Qube,
) -> Item {
    let name = qube.name.as_str();
    let command = send_to(device, &qube.name, view);
    let spoken = match &command {
        Command::Move(..) => strings::say_move(name),
        _ if device.is_attached() => strings::say_add(name),
        _ => strings::say_attach(name),
    };
    let item = qube_item(scene, &qube.name, guarded(scene, risks, command));
    match may_attach_unless_related(&scene.machine, device, &qube.name) {
        Ok(()) => Item { note: rank.note(), spoken, ..item },
        Err(refusal) => {
            let note = short_reason(&refusal);
            Item { spoken: strings::say_refused(&spoken, &note), note, action: None, ..item }
        }
    }
}

fn short_reason(refusal: &Refusal) -> String {
    match refusal {
        Refusal::DenyList(_) => strings::blocked_by_policy(),
        Refusal::Paused(_) => strings::paused(),
        Refusal::NotRunning(_) => strings::stopped(),
        _ => strings::not_possible(),
    }
}

fn more(scene: &Scene, device: &Device, view: &SubView) -> Vec<Item> {
    let mut items = Vec::new();
    if pages::disposable_templates(scene).next().is_some() {
        let item =
            entry(ItemKey::NewDisposable, strings::new_disposable(), ItemAction::Turn(Page::Disposables));
        items.push(Item { mark: Mark::Plus, ..item });
    }
    if device.port().class == DeviceClass::Block {
        let fixed = naming::is_read_only(&device.info);
        let checked = fixed || view.read_only;
        let item = entry(ItemKey::ReadOnly, strings::attach_read_only(), ItemAction::ReadOnly(!checked));
        let action = item.action.clone().filter(|_| !fixed);
        items.push(Item { mark: Mark::Check(checked), action, ..item });
    }
    items
}

#[cfg(test)]
#[path = "targets_tests.rs"]
mod tests;
