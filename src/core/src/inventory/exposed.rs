//! The list of one backend and class, and what it said before of disks that it leaves out now.
//!
//! A backend does not list a disk while one of its partitions is in use, and then the server calls the partitions by ids
//! that leave the disk open. What was told of the disk before still holds for as long as they are listed without a gap.

use std::collections::BTreeMap;

use crate::device::DeviceInfo;
use crate::name::PortId;

/// What a backend exposes of one class.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Exposed {
    /// As it was read.
    listed: BTreeMap<PortId, DeviceInfo>,
    /// Disks of which partitions are listed and they themselves are not, as they were read last.
    unlisted: BTreeMap<PortId, DeviceInfo>,
}

impl Exposed {
    /// A list as it was just read; `before` = the one that it replaces.
    pub(super) fn new(devices: Vec<DeviceInfo>, before: Option<&Self>) -> Self {
        let listed: BTreeMap<_, _> = devices.into_iter().map(|info| (info.port.id.clone(), info)).collect();
        let disks = listed.values().filter_map(DeviceInfo::disk).filter(|disk| !listed.contains_key(*disk));
        let known = |disk: &PortId| {
            let Self { listed, unlisted } = before?;
            listed.get(disk).or_else(|| unlisted.get(disk)).cloned()
        };
        let unlisted = disks.filter_map(|disk| Some((disk.clone(), known(disk)?))).collect();
        Self { listed, unlisted }
    }

    /// What is listed.
    pub(super) fn devices(&self) -> impl Iterator<Item = &DeviceInfo> {
        self.listed.values()
    }

    /// What is listed on this port.
    pub(super) fn get(&self, id: &PortId) -> Option<&DeviceInfo> {
        self.listed.get(id)
    }

    /// The disk of this partition, where it is known and not listed.
    pub(super) fn whole_of(&self, part: &DeviceInfo) -> Option<&DeviceInfo> {
        self.unlisted.get(part.disk()?)
    }
}

/// `part` with all that is known of the disk that it is a part of.
pub(super) fn part_of(part: &DeviceInfo, whole: &DeviceInfo) -> DeviceInfo {
    DeviceInfo {
        id: part.id.completed_by(&whole.id).unwrap_or_else(|| part.id.clone()),
        grandparent: whole.parent.clone(),
        ..part.clone()
    }
}
