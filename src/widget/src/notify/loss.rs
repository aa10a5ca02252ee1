//! What was pulled out while qubes had it: one notification for each thing, whoever lost which part of it, and one for
//! all of them when their backend stopped. Pure.
//!
//! The lists of a backend are read one after the other, so the parts of a stick go one after the other, in any order,
//! and so may the backend itself.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use device_core::device::{Device, Presence};
use device_core::machine::Machine;
use device_core::name::{DeviceClass, Port, QubeName};

use super::{Effect, Notifier, Said, Saying, Tag, notice};
use crate::naming;
use crate::scene::Scene;

/// Devices that go may be the first to be heard of a backend that stops. So long before it they were pulled out.
const STOPS_WITHIN: Duration = Duration::from_secs(1);
/// So long the lists of a backend that has stopped are still read, one after the other.
const READ_WITHIN: Duration = Duration::from_secs(10);

/// What was lost of one physical thing so far.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Loss {
    /// The ports of what was lost, and of all that it was a part of.
    lineage: BTreeSet<Port>,
    /// What was lost.
    names: BTreeSet<String>,
    /// The disks that it was on.
    wholes: BTreeSet<String>,
    /// Who lost it.
    pub(super) qubes: BTreeSet<QubeName>,
}

impl Loss {
    fn of(scene: &Scene, before: &Machine, device: &Device, qubes: &BTreeSet<QubeName>) -> Self {
        Self {
            lineage: lineage(before, device),
            names: BTreeSet::from([scene.name_of(device)]),
            wholes: BTreeSet::from([whole(scene, before, device)]),
            qubes: qubes.clone(),
        }
    }

    fn add(&mut self, other: Self) {
        self.lineage.extend(other.lineage);
        self.names.extend(other.names);
        self.wholes.extend(other.wholes);
        self.qubes.extend(other.qubes);
    }

    /// Whether a device with this lineage belongs to the same thing.
    fn is_of(&self, lineage: &BTreeSet<Port>) -> bool {
        !self.lineage.is_disjoint(lineage)
    }

    /// What to call all of it: the device, or the disk whose parts they are.
    pub(super) fn name(&self) -> String {
        let names = if self.names.len() > 1 && self.wholes.len() == 1 { &self.wholes } else { &self.names };
        names.iter().map(String::as_str).collect::<Vec<_>>().join(", ")
    }
}

/// What was lost lately of all that one backend serves.
#[derive(Debug)]
pub(super) struct Lately {
    /// What the devices are called.
    names: BTreeMap<Port, String>,
    /// Who lost them.
    qubes: BTreeSet<QubeName>,
    /// The things under which that was told one by one.
    told: BTreeSet<Port>,
    has_stopped: bool,
    until: Instant,
}

impl Lately {
    fn new(now: Instant) -> Self {
        let (names, qubes, told) = Default::default();
        Self { names, qubes, told, has_stopped: false, until: now }
    }
}

impl Notifier {
    /// Says who lost what; also what is lost of a thing of which something was lost before.
    pub(super) fn say_lost(
        &mut self,
        scene: &Scene,
        before: &Machine,
        lost: &[(&Device, BTreeSet<QubeName>)],
        now: Instant,
        effects: &mut Vec<Effect>,
    ) {
        self.lately.retain(|backend, lately| {
            now < lately.until && !(lately.has_stopped && runs(&scene.machine, backend))
        });
        let has_stopped = |backend: &&QubeName| runs(before, backend) && !runs(&scene.machine, backend);
        let stopped = self.lately.keys().filter(has_stopped);
        let mut by_backend: BTreeMap<QubeName, Vec<&(&Device, BTreeSet<QubeName>)>> =
            stopped.map(|backend| (backend.clone(), Vec::new())).collect();
        for entry in lost {
            by_backend.entry(entry.0.port().backend.clone()).or_default().push(entry);
        }
        for (backend, entries) in by_backend {
            let mut lately = self.lately.remove(&backend).unwrap_or_else(|| Lately::new(now));
            for (device, qubes) in &entries {
                lately.names.insert(device.port().clone(), notice::name_of(scene, device));
                lately.qubes.extend(qubes.iter().cloned());
            }
            lately.has_stopped = !runs(&scene.machine, &backend);
            lately.until = now + if lately.has_stopped { READ_WITHIN } else { STOPS_WITHIN };
            if lately.has_stopped {
                self.say_stopped(before, &backend, &entries, &mut lately, effects);
            } else {
                self.say_pulled_out(scene, before, &entries, &mut lately, effects);
            }
            self.lately.insert(backend, lately);
        }
    }

    /// One notification for each thing.
    fn say_pulled_out(
        &mut self,
        scene: &Scene,
        before: &Machine,
        lost: &[&(&Device, BTreeSet<QubeName>)],
        lately: &mut Lately,
        effects: &mut Vec<Effect>,
    ) {
        let things: BTreeSet<Port> =
            lost.iter().map(|(device, qubes)| self.note_loss(scene, before, device, qubes)).collect();
        effects.extend(things.iter().filter_map(|thing| {
            let notice = self.said.get(thing)?.notice.clone();
            Some(Effect::Show(Tag::Thing(thing.clone()), notice))
        }));
        lately.told.extend(things);
    }

    /// One notification says it of all of them; none may go on saying that it is attached.
    fn say_stopped(
        &mut self,
        before: &Machine,
        backend: &QubeName,
        lost: &[&(&Device, BTreeSet<QubeName>)],
        lately: &mut Lately,
        effects: &mut Vec<Effect>,
    ) {
        let keys = lost.iter().map(|(device, _)| self.key_of_lost(before, device, &lineage(before, device)));
        let mut outdated: BTreeSet<Port> = keys.filter(|key| self.said.contains_key(key)).collect();
        outdated.append(&mut lately.told);
        for key in outdated {
            self.said.remove(&key);
            effects.push(Effect::Close(Tag::Thing(key)));
        }
        let notice = notice::lost_with(backend, lately.names.values(), &lately.qubes);
        effects.push(Effect::Show(Tag::Backend(backend.clone()), notice));
    }

    /// Forgets the losses of things of which nothing is left that could be lost as well.
    pub(super) fn forget_losses(&mut self, machine: &Machine) {
        self.said.retain(|_, said| {
            let Saying::Lost(loss) = &said.what else { return true };
            let mut left = machine.devices.values().filter(|device| device.presence == Presence::Present);
            left.any(|device| loss.is_of(&lineage(machine, device)))
        });
    }

    /// Remembers that it was lost, and what to say of that; returns under which port.
    fn note_loss(
        &mut self,
        scene: &Scene,
        before: &Machine,
        device: &Device,
        qubes: &BTreeSet<QubeName>,
    ) -> Port {
        let mut loss = Loss::of(scene, before, device, qubes);
        let key = self.key_of_lost(before, device, &loss.lineage);
        if let Some(Said { what: Saying::Lost(earlier), .. }) = self.said.remove(&key) {
            loss.add(earlier);
        }
        let notice = notice::lost(device, &loss);
        let said = Said { subject: device.port().clone(), what: Saying::Lost(loss), notice };
        self.said.insert(key.clone(), said);
        key
    }

    /// Under which port something stands of the thing that is lost, or shall stand.
    fn key_of_lost(&self, before: &Machine, device: &Device, lineage: &BTreeSet<Port>) -> Port {
        let told = |is_same: &dyn Fn(&Port, &Said) -> bool| {
            self.said.iter().find(|(key, said)| is_same(key, said)).map(|(key, _)| key.clone())
        };
        let earlier = told(&|_, said| matches!(&said.what, Saying::Lost(loss) if loss.is_of(lineage)));
        earlier
            .or_else(|| told(&|key, said| lineage.contains(key) || said.subject == *device.port()))
            .unwrap_or_else(|| before.physical_thing(device.port()))
    }
}

fn runs(machine: &Machine, backend: &QubeName) -> bool {
    machine.qubes.get(backend).is_some_and(|qube| qube.is_running())
}

/// The ports of a device and of all that it is a part of; of a disk also what it says that it is on, which may have gone
/// before it.
fn lineage(machine: &Machine, device: &Device) -> BTreeSet<Port> {
    let mut ports = BTreeSet::new();
    for at in [device].into_iter().chain(machine.ancestors(device).map(|above| &**above)) {
        ports.insert(at.port().clone());
        if at.port().class == DeviceClass::Block {
            let claimed = at.info.parent.iter().chain(&at.info.grandparent);
            ports.extend(
                claimed.map(|(class, id)| Port::new(at.port().backend.clone(), class.clone(), id.clone())),
            );
        }
    }
    ports
}

/// What the whole is called of which the device is a part, or is all.
fn whole(scene: &Scene, before: &Machine, device: &Device) -> String {
    let disk = before.devices.get(&naming::disk_of(before, device)).map_or(device, |disk| &**disk);
    if naming::is_partition(&disk.info) { naming::disk_name(&disk.info) } else { scene.name_of(disk) }
}
