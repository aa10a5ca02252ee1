//! What a row is, and the groups in which rows stand. Pure.

use device_core::name::{DeviceClass, DeviceId, Port, QubeName};

use crate::scene::Wish;

/// Characters that the names of holders may take in a row, each with its dot.
const HOLDERS_WIDTH: usize = 36;
/// Characters as wide as a dot and the gap before it.
const DOT_WIDTH: usize = 3;

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
    /// Hides why this qube was not started.
    HideFailure(QubeName),
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

/// How many of the holders stand in the row by name, so that it does not get wider than a screen: the first in any case.
/// The others are counted.
pub(super) fn named(holders: &[Chip]) -> usize {
    let mut width = 0;
    let fits = |holder: &&Chip| {
        width += holder.name.as_str().len() + DOT_WIDTH;
        width <= HOLDERS_WIDTH
    };
    holders.iter().take_while(fits).count().max(holders.len().min(1))
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

impl Row {
    /// Whether it holds every word of `filter`, in any case and order.
    pub(super) fn matches(&self, filter: &str) -> bool {
        if filter.is_empty() {
            return true;
        }
        let text = format!("{} {}", self.spoken, self.detail).to_lowercase();
        filter.to_lowercase().split_whitespace().all(|word| text.contains(word))
    }

    /// Whether it answers to pointer and keys.
    pub(crate) fn is_usable(&self) -> bool {
        self.action != RowAction::Nothing
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::name;

    fn by_name(holders: &[&str]) -> usize {
        let chips: Vec<Chip> =
            holders.iter().map(|holder| Chip { name: name(holder), colour: None }).collect();
        named(&chips)
    }

    #[test]
    fn of_many_holders_the_last_are_counted() {
        assert_eq!(by_name(&[]), 0);
        assert_eq!(by_name(&["personal", "untrusted", "work"]), 3);
        assert_eq!(by_name(&["banking", "personal", "sys-firewall", "untrusted", "work"]), 3);
    }

    #[test]
    fn the_first_holder_stands_there_however_long_its_name() {
        let long = "x".repeat(31);
        assert_eq!(by_name(&[&long]), 1);
        assert_eq!(by_name(&[&long, &long]), 1);
    }
}
