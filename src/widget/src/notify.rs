//! Notifications: what is worth saying, and how it is said.
//!
//! [`happening`] and [`Notifier`] decide and are pure: two machines and the time go in, [`Effect`]s come out.
//! `send` carries them to the notification daemon and brings clicks back.
//! Nothing here says the same thing twice, speaks of what was there before, or asks for anything.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use device_core::device::Device;
use device_core::machine::Machine;
use device_core::name::{DeviceClass, Port, QubeName};

use crate::menu::rows::section_of;
use crate::naming;
use crate::scene::{Command, Failure, Scene};

mod burst;
mod happening;
mod loss;
mod notice;
pub(crate) mod send;

use burst::Bursts;
use happening::{Happening, happening};
use loss::{Lately, Loss};
pub(crate) use notice::{Button, Notice};

/// How long a stick waits for its disk before it is told without: the disk comes a moment later and is what people
/// want.
const DISK_COMES_WITHIN: Duration = Duration::from_millis(800);

/// How long after the answer to a move the mirror may still hear of the way: a backend notes a second later who has what.
const MOVE_HEARD_WITHIN: Duration = Duration::from_secs(3);

/// Notifications under one tag replace each other on the screen; there is never more than one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Tag {
    /// One physical thing, by its outermost port.
    Thing(Port),
    /// What is summed up of one backend.
    Backend(QubeName),
    /// What a qube did not do.
    Qube(QubeName),
    /// What the person is asked.
    Asking,
}

/// What is to be done on the screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Effect {
    /// Show this in place of what stands under the tag.
    Show(Tag, Notice),
    /// Take away what stands under the tag.
    Close(Tag),
}

/// What was said last of a physical thing.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Said {
    /// The device that it was said of.
    subject: Port,
    what: Saying,
    notice: Notice,
}

/// The kinds of things said.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Saying {
    Available,
    Attached,
    Detached,
    Failed,
    Lost(Loss),
}

/// Remembers what was said, so that a change can replace it.
#[derive(Debug, Default)]
pub(crate) struct Notifier {
    /// The machine when it could be trusted last; `None` until it could for the first time.
    trusted: Option<Machine>,
    said: BTreeMap<Port, Said>,
    /// Sticks that wait for their disk, with the end of their patience.
    waiting: BTreeMap<Port, Instant>,
    /// Devices whose move has just ended, with the end of the time in which the mirror may still hear of the way, and
    /// whether they were put back.
    moved: BTreeMap<Port, (Instant, bool)>,
    /// What was lost of each backend a moment ago.
    lately: BTreeMap<QubeName, Lately>,
    bursts: Bursts,
}

impl Notifier {
    /// What to say now that the scene is this. Nothing is said while it can't be trusted, and nothing of what was
    /// there when it could be trusted for the first time.
    pub(crate) fn observe(&mut self, scene: &Scene, now: Instant) -> Vec<Effect> {
        if !scene.is_live() {
            return Vec::new();
        }
        let Some(before) = self.trusted.replace(scene.machine.clone()) else {
            return Vec::new();
        };
        self.bursts.watch_starts(&before, &scene.machine, now);
        let mut effects = Vec::new();
        let mut lost = Vec::new();
        for port in changed_ports(&before, &scene.machine) {
            let (old, new) = (before.devices.get(&port), scene.machine.devices.get(&port));
            let came = scene.plugged_in.contains_key(&port);
            match happening(old.map(AsRef::as_ref), new.map(AsRef::as_ref), came, &scene.machine) {
                Some(Happening::Lost(device, qubes)) => lost.push((device, qubes)),
                Some(what) => self.say(scene, what, now, &mut effects),
                None => {}
            }
        }
        self.say_lost(scene, &before, &lost, now, &mut effects);
        self.forget_losses(&scene.machine);
        effects
    }

    /// What to say of a command that failed.
    pub(crate) fn failed(&mut self, scene: &Scene, failure: &Failure) -> Vec<Effect> {
        let Some(port) = failure.command.port() else {
            let Command::StartQube(qube) = &failure.command else {
                return Vec::new();
            };
            return vec![Effect::Show(Tag::Qube(qube.clone()), notice::failed(scene, None, failure))];
        };
        let device = scene.machine.devices.get(port).map(AsRef::as_ref);
        let thing = scene.machine.physical_thing(port);
        let notice = notice::failed(scene, device, failure);
        self.show(thing, port.clone(), Saying::Failed, notice).into_iter().collect()
    }

    /// A move ended, or was taken back. Meanwhile the device was in no qube, and the mirror may hear of it after the answer.
    pub(crate) fn moved(&mut self, port: &Port, is_back: bool, now: Instant) {
        self.moved.retain(|_, (until, _)| *until > now);
        self.moved.insert(port.clone(), (now + MOVE_HEARD_WITHIN, is_back));
    }

    /// The person wants something else with the device: what the mirror hears from now on is of that.
    pub(crate) fn begins(&mut self, port: &Port) {
        self.moved.remove(port);
    }

    fn was_just_moved(&self, device: &Device, now: Instant) -> bool {
        self.moved.get(device.port()).is_some_and(|(until, _)| now < *until)
    }

    /// Whether it has just come back from a move that failed.
    fn is_just_back(&self, device: &Device, now: Instant) -> bool {
        self.moved.get(device.port()).is_some_and(|(until, is_back)| now < *until && *is_back)
    }

    /// When [`Notifier::wake`] has something to say although nothing happened.
    pub(crate) fn wake_at(&self) -> Option<Instant> {
        self.waiting.values().copied().chain(self.bursts.wake_at()).min()
    }

    /// What was held back until `now`.
    pub(crate) fn wake(&mut self, scene: &Scene, now: Instant) -> Vec<Effect> {
        let (ready, waiting) =
            std::mem::take(&mut self.waiting).into_iter().partition(|(_, until)| *until <= now);
        self.waiting = waiting;
        let ready: BTreeMap<Port, Instant> = ready;
        let mut effects: Vec<Effect> = Vec::new();
        for port in ready.into_keys() {
            if let Some(device) = scene.machine.devices.get(&port)
                && !self.bursts.holds_back(&thing(scene, device), now)
            {
                effects.extend(self.available(scene, device));
            }
        }
        effects.extend(self.bursts.summaries(&scene.machine, now));
        effects
    }

    fn say(&mut self, scene: &Scene, what: Happening, now: Instant, effects: &mut Vec<Effect>) {
        match what {
            Happening::Came(device) => effects.extend(self.came(scene, device, now)),
            // The failure says where it is.
            Happening::Attached(device) if self.is_just_back(device, now) => {}
            Happening::Attached(device) => {
                let notice = notice::attached(scene, device);
                effects.extend(self.show(
                    thing(scene, device),
                    device.port().clone(),
                    Saying::Attached,
                    notice,
                ));
            }
            // On its way to another qube it is said to have arrived there, not to have left.
            Happening::Detached(device, _)
                if is_moving(scene, device) || self.was_just_moved(device, now) => {}
            Happening::Detached(device, qube) => {
                let notice = notice::detached(scene, device, &qube);
                effects.extend(self.show(
                    thing(scene, device),
                    device.port().clone(),
                    Saying::Detached,
                    notice,
                ));
            }
            Happening::Gone(device) => effects.extend(self.gone(scene, device)),
            Happening::Lost(..) => {}
        }
    }

    fn came(&mut self, scene: &Scene, device: &Device, now: Instant) -> Option<Effect> {
        let thing = thing(scene, device);
        let subject = subject(&scene.machine, &thing)?.clone();
        self.waiting.retain(|port, _| scene.machine.physical_thing(port) != thing);
        let is_news = match self.said_of(scene, &thing).map(|said| &said.what) {
            None | Some(Saying::Lost(_)) => true,
            Some(Saying::Available) => false,
            // A part that comes back after a detach is no news, and must not hide that it can be pulled out.
            Some(Saying::Attached | Saying::Detached | Saying::Failed) => return None,
        };
        if scene.is_hidden(&subject) {
            return None;
        }
        if is_news && awaits_its_disk(&subject) {
            self.waiting.insert(subject.port().clone(), now + DISK_COMES_WITHIN);
            return None;
        }
        if is_news && self.bursts.holds_back(&thing, now) {
            return None;
        }
        self.available(scene, &subject)
    }

    fn available(&mut self, scene: &Scene, device: &Device) -> Option<Effect> {
        if device.is_attached() || scene.is_hidden(device) {
            return None;
        }
        let notice = notice::available(scene, device);
        self.show(thing(scene, device), device.port().clone(), Saying::Available, notice)
    }

    /// A thing that nobody held has gone: what was said of it is outdated. Its stick may have gone before it.
    fn gone(&mut self, scene: &Scene, device: &Device) -> Option<Effect> {
        self.waiting.remove(device.port());
        let (key, said) = self.said.iter().find(|(_, said)| said.subject == *device.port())?;
        let key = key.clone();
        let effect = match said.what {
            Saying::Detached => Effect::Show(Tag::Thing(key.clone()), notice::removed_safely(scene, device)),
            Saying::Available | Saying::Attached | Saying::Failed => Effect::Close(Tag::Thing(key.clone())),
            // What was lost stays told, although the rest of it goes in peace.
            Saying::Lost(_) => return None,
        };
        self.said.remove(&key);
        Some(effect)
    }

    /// Says it unless it is what stands there already.
    fn show(&mut self, thing: Port, subject: Port, what: Saying, notice: Notice) -> Option<Effect> {
        let said = Said { subject, what, notice: notice.clone() };
        // A disk that was told before its stick was known stands under its own port: it moves to the stick's.
        let key = if self.said.contains_key(&said.subject) { said.subject.clone() } else { thing };
        if self.said.get(&key) == Some(&said) {
            return None;
        }
        self.said.insert(key.clone(), said);
        Some(Effect::Show(Tag::Thing(key), notice))
    }

    fn said_of(&self, scene: &Scene, thing: &Port) -> Option<&Said> {
        self.said
            .get(thing)
            .or_else(|| self.said.values().find(|said| scene.machine.physical_thing(&said.subject) == *thing))
    }
}

fn thing(scene: &Scene, device: &Device) -> Port {
    scene.machine.physical_thing(device.port())
}

fn is_moving(scene: &Scene, device: &Device) -> bool {
    let pending = scene.pending_at(device.port());
    pending.is_some_and(|pending| {
        matches!(pending.command, Command::Move(..) | Command::MoveToNewDisposable(..))
    })
}

/// The ports on which something differs; what is gone comes last, so that a thing is spoken of by what is left of it.
///
/// Both machines are walked through side by side, once.
fn changed_ports(before: &Machine, after: &Machine) -> Vec<Port> {
    if before.devices.is_same(&after.devices) {
        return Vec::new();
    }
    let (mut old, mut new) = (before.devices.iter().peekable(), after.devices.iter().peekable());
    let next = || {
        let order = match (old.peek(), new.peek()) {
            (Some((left, _)), Some((right, _))) => left.cmp(right),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (None, None) => return None,
        };
        let was = if order.is_le() { old.next() } else { None };
        let is = if order.is_ge() { new.next() } else { None };
        let (port, _) = was.or(is)?;
        Some((port, was.map(|(_, device)| device), is.map(|(_, device)| device)))
    };
    let changed =
        std::iter::from_fn(next).filter(|(port, was, is)| was != is && section_of(&port.class).is_some());
    let (there, gone): (Vec<_>, Vec<_>) = changed.partition(|(_, _, is)| is.is_some());
    there.into_iter().chain(gone).map(|(port, ..)| port.clone()).collect()
}

/// Of all that makes up a thing, the device to speak of: a whole disk, else the thing itself.
fn subject<'a>(machine: &'a Machine, thing: &Port) -> Option<&'a Device> {
    let is_disk = |device: &&Device| {
        device.port().class == DeviceClass::Block
            && !naming::is_partition(&device.info)
            && machine.physical_thing(device.port()) == *thing
    };
    let disk = machine.devices.values().map(AsRef::as_ref).find(is_disk);
    disk.or_else(|| machine.devices.get(thing).map(AsRef::as_ref))
}

/// Whether it is a stick as such: giving that away whole is seldom wanted, and its disk comes a moment later.
fn awaits_its_disk(device: &Device) -> bool {
    use device_core::interface::Category;
    device.port().class == DeviceClass::Usb && device.info.categories() == [Category::UsbStorage]
}

#[cfg(test)]
mod tests;
