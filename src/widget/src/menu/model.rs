//! The menu as a value: banners, sections, rows. A pure function of the scene; it remembers nothing.
//!
//! The GTK menu, the D-Bus menu and the tooltip are views of it.

use std::time::Instant;

use device_core::machine::Link;
use device_core::name::{DeviceClass, DeviceId, Port, QubeName};

use super::section;
use crate::scene::{Scene, Wish};
use crate::strings;

/// What the person typed, and when it is.
#[derive(Debug, Clone)]
pub(crate) struct View {
    /// Words that rows must hold; empty = all rows.
    pub(crate) filter: String,
    /// The moment the picture is for.
    pub(crate) now: Instant,
}

/// The whole menu.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Menu {
    /// Lines above everything, most urgent first.
    pub(crate) banners: Vec<Banner>,
    /// The sections that have rows.
    pub(crate) sections: Vec<Group<SectionKind, Row>>,
    /// Said in place of the sections when there are none.
    pub(crate) empty: Option<String>,
    /// When the menu looks different although nothing happened: a badge ages, waiting may be given up.
    pub(crate) changes_at: Option<Instant>,
}

/// One line above the rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Banner {
    /// What it is about.
    pub(crate) kind: BannerKind,
    /// The line.
    pub(crate) text: String,
}

/// How loud a banner is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BannerKind {
    /// What is shown may be untrue.
    Lost,
    /// What is shown is being read again.
    Resyncing,
    /// None of this is a real machine.
    Simulator,
}

/// Rows that belong together: a section of the menu or a group of the sub-menu.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Group<K, R> {
    /// Which group it is; groups are ordered by it.
    pub(crate) kind: K,
    /// The dim line above the rows.
    pub(crate) heading: Option<String>,
    /// What is in it, never empty.
    pub(crate) rows: Vec<R>,
}

/// The sections, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum SectionKind {
    Disks,
    Microphone,
    Cameras,
    Input,
    Sound,
    Network,
    Printers,
    SmartCards,
    Usb,
    Other,
}

/// What a row is about; it stays the same while the row changes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum RowKey {
    /// The device on this port.
    Device(Port),
    /// A USB qube that does not run.
    StoppedUsbQube(QubeName),
    /// A list that can't be read.
    Unreadable(QubeName, DeviceClass),
}

/// How a row's name is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Look {
    /// A free device.
    Plain,
    /// A device that is attached: bold.
    Attached,
    /// Something that can't be used now: grey.
    Dim,
}

/// What choosing a row does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum RowAction {
    /// Opens the sub-menu of this device.
    Open,
    /// Has this done at once.
    Do(Box<Wish>),
    /// Nothing: the row only tells.
    Nothing,
}

/// A holder of a device, with the colour of its label.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Chip {
    /// The qube.
    pub(crate) name: QubeName,
    /// `0xRRGGBB`; `None` while the label is not known.
    pub(crate) colour: Option<u32>,
}

/// What is going on at a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Status {
    /// A command is under way: a spinner and this text.
    Pending(String),
    /// The last command failed: this sentence, until it is hidden.
    Failed(String),
}

/// One row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) key: RowKey,
    /// The physical thing that it is or is a part of: tells where it went when the row has gone.
    pub(crate) thing: Option<Port>,
    /// What is on the port, so that another device there counts as another meaning of the row.
    pub(crate) id: Option<DeviceId>,
    /// Name of a symbolic icon.
    pub(crate) icon: &'static str,
    pub(crate) name: String,
    pub(crate) look: Look,
    /// Carries the badge.
    pub(crate) is_new: bool,
    /// The dim second line, before the holders; may be empty.
    pub(crate) detail: String,
    /// Who has it, after an arrow.
    pub(crate) holders: Vec<Chip>,
    pub(crate) status: Option<Status>,
    pub(crate) action: RowAction,
    /// The row as a screen reader says it: one sentence that begins with the name.
    pub(crate) spoken: String,
}

/// The menu for this scene.
pub(crate) fn menu(scene: &Scene, view: &View) -> Menu {
    let mut sections = section::sections(scene, view.now);
    let has_rows = !sections.is_empty();
    for section in &mut sections {
        section.rows.retain(|row| row.matches(&view.filter));
    }
    sections.retain(|section| !section.rows.is_empty());
    let empty = match (has_rows, sections.is_empty()) {
        (false, _) if scene.is_live() => Some(strings::no_devices()),
        (true, true) => Some(strings::nothing_found(&view.filter)),
        _ => None,
    };
    Menu { banners: banners(scene), sections, empty, changes_at: changes_at(scene, view.now) }
}

/// The section where devices of this class stand. PCI devices are assigned in the settings of a qube, not here.
pub(crate) fn section_of(class: &DeviceClass) -> Option<SectionKind> {
    match class {
        DeviceClass::Block => Some(SectionKind::Disks),
        DeviceClass::Mic => Some(SectionKind::Microphone),
        DeviceClass::Usb => Some(SectionKind::Usb),
        DeviceClass::Extension(_) => Some(SectionKind::Other),
        DeviceClass::Pci => None,
    }
}

fn banners(scene: &Scene) -> Vec<Banner> {
    let link = match &scene.machine.link {
        Link::Live => None,
        Link::Resyncing => Some((BannerKind::Resyncing, strings::resyncing())),
        Link::Lost(reason) => Some((BannerKind::Lost, strings::connection_lost(reason))),
    };
    let simulator = scene.simulated_world().map(|world| (BannerKind::Simulator, strings::simulator(world)));
    link.into_iter().chain(simulator).map(|(kind, text)| Banner { kind, text }).collect()
}

/// The first moment after `now` at which the menu looks different by itself.
fn changes_at(scene: &Scene, now: Instant) -> Option<Instant> {
    let badges = scene.plugged_in.keys().filter_map(|port| scene.new_until(port, now));
    let waits = scene.pending.iter().map(|pending| pending.since + crate::scene::GIVE_UP_AFTER);
    badges.chain(waits).filter(|moment| *moment > now).min()
}

impl Row {
    /// Whether it holds every word of `filter`, in any case and order.
    fn matches(&self, filter: &str) -> bool {
        let text = format!("{} {}", self.spoken, self.detail).to_lowercase();
        filter.to_lowercase().split_whitespace().all(|word| text.contains(word))
    }

    /// Whether it answers to pointer and keys.
    pub(crate) fn is_usable(&self) -> bool {
        self.action != RowAction::Nothing
    }
}

#[cfg(test)]
#[path = "model_tests.rs"]
mod tests;

#[cfg(test)]
#[path = "worlds_tests.rs"]
mod worlds_tests;
