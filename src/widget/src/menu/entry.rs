//! What an entry of a sub-menu is, the groups and pages in which entries stand, and the command behind one. Pure.

use std::time::Instant;

use device_core::assignment::Options;
use device_core::device::Device;
use device_core::name::{DeviceClass, DeviceRef, Port, QubeName};

use super::device_row::chip;
use super::risk::Risks;
use super::rows::{Chip, Group};
use crate::scene::{Command, Scene, Wish};

/// What is open in the sub-menu.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Page {
    /// Holders and qubes.
    Targets,
    /// The templates of new disposables.
    Disposables,
    /// The question before a risky command.
    Confirm(Command),
    /// What else can be done with the device.
    Further,
}

/// What the person has chosen in the sub-menu so far.
#[derive(Debug, Clone)]
pub(crate) struct SubView {
    pub(crate) page: Page,
    /// The part of the row that is open; `None` = the device itself.
    pub(crate) part: Option<DeviceRef>,
    /// The next attachment is read-only.
    pub(crate) read_only: bool,
    /// Words that a qube's name must hold.
    pub(crate) filter: String,
    /// So many of the qubes that it can go to are wanted at most; a view that shows fewer need not have all made.
    pub(crate) most: usize,
    pub(crate) now: Instant,
}

impl SubView {
    /// The sub-menu as it opens.
    pub(crate) fn opening(now: Instant) -> Self {
        Self {
            page: Page::Targets,
            part: None,
            read_only: false,
            filter: String::new(),
            most: usize::MAX,
            now,
        }
    }
}

/// The groups of the sub-menu, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum GroupKind {
    Message,
    Holders,
    Targets,
    More,
    Parts,
    Further,
}

/// What an entry is about; it stays the same while the entry changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ItemKey {
    Message,
    /// What is under way; beside it there is nothing to choose but to stop waiting.
    Pending,
    /// What is asked before a risky command.
    Question,
    Reason,
    GiveUp,
    Dismiss,
    Qube(QubeName),
    ShutDown(QubeName),
    DetachBoth(QubeName),
    /// A part of the row that this qube holds.
    PartHeld(Port, QubeName),
    /// A part of the row, and the physical thing that it belongs to.
    Part(Port, Port),
    Further,
    Name,
    Hide,
    ShowParts,
    WithMicrophone,
    Configure,
    Template(QubeName),
    NewDisposable,
    ReadOnly,
    Back,
    GoOn,
}

/// The sign before an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mark {
    None,
    Eject,
    Plus,
    Back,
    Check(bool),
}

/// What choosing an entry does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ItemAction {
    /// Has this done.
    Wish(Wish),
    /// Shows another page in the same place.
    Turn(Page),
    /// Opens a part of the row, or goes back to the whole.
    Part(Option<DeviceRef>),
    /// Sets whether the next attachment is read-only.
    ReadOnly(bool),
}

/// One entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Item {
    pub(crate) key: ItemKey,
    pub(crate) mark: Mark,
    /// The qube whose label is shown as a dot.
    pub(crate) dot: Option<Chip>,
    pub(crate) text: String,
    pub(crate) is_bold: bool,
    /// The dim word at the end.
    pub(crate) note: String,
    /// `None` = can't be chosen.
    pub(crate) action: Option<ItemAction>,
    pub(crate) spoken: String,
}

pub(crate) type Items = Group<GroupKind, Item>;

/// The command that brings the device to `qube`.
pub(crate) fn send_to(device: &Device, qube: &QubeName, view: &SubView) -> Command {
    let this = device.info.to_ref();
    if leaves_its_qube(device) {
        Command::Move(this, qube.clone(), options(device, view))
    } else {
        Command::Attach(this, qube.clone(), options(device, view))
    }
}

/// The command that brings the device to a new disposable based on `template`.
pub(super) fn send_to_new(device: &Device, template: &QubeName, view: &SubView) -> Command {
    let this = device.info.to_ref();
    if leaves_its_qube(device) {
        Command::MoveToNewDisposable(this, template.clone(), options(device, view))
    } else {
        Command::AttachToNewDisposable(this, template.clone(), options(device, view))
    }
}

fn leaves_its_qube(device: &Device) -> bool {
    device.is_attached() && !device.port().class.is_shareable()
}

fn options(device: &Device, view: &SubView) -> Options {
    let mut options = Options::new();
    if view.read_only && device.port().class == DeviceClass::Block {
        options.set("read-only", "yes");
    }
    options
}

/// The command itself, or the page that asks about it first.
pub(super) fn guarded(scene: &Scene, risks: &Risks<'_>, command: Command) -> ItemAction {
    let asks = scene.preferences.confirms_risk && risks.has(command.qube());
    if asks { ItemAction::Turn(Page::Confirm(command)) } else { ItemAction::Wish(Wish::Do(command)) }
}

pub(super) fn group(kind: GroupKind, heading: Option<String>, rows: Vec<Item>) -> Items {
    Group { kind, heading, rows }
}

pub(super) fn entry(key: ItemKey, text: String, action: ItemAction) -> Item {
    Item {
        key,
        mark: Mark::None,
        dot: None,
        spoken: text.clone(),
        text,
        is_bold: false,
        note: String::new(),
        action: Some(action),
    }
}

pub(super) fn message(text: String) -> Item {
    Item { action: None, ..entry(ItemKey::Message, text, ItemAction::ReadOnly(false)) }
}

pub(super) fn qube_item(scene: &Scene, qube: &QubeName, action: ItemAction) -> Item {
    Item {
        dot: Some(chip(&scene.machine, qube)),
        ..entry(ItemKey::Qube(qube.clone()), qube.to_string(), action)
    }
}

pub(super) fn has_words(name: &str, filter: &str) -> bool {
    if filter.is_empty() {
        return true;
    }
    let name = name.to_lowercase();
    filter.to_lowercase().split_whitespace().all(|word| name.contains(word))
}
