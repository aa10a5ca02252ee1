//! Which questions wait, what is on their places, and what each is answered. Pure; no clock of its own.
//!
//! Check at commit: a yes counts for exactly the devices that were to be seen when it was said, and only while the
//! mirror, which is live, shows these very devices on the place. Otherwise the answer is no, and the person is told.

use std::time::{Duration, Instant};

use device_core::device::{Device, Presence};
use device_core::machine::Machine;
use device_core::text::DisplayText;

use super::request::{Question, Reply};
use super::{Asked, Identity, QuestionId, Refused, Said, Waiting, Why};
use crate::scene::Scene;

/// Questions that wait at a time; more than a person answers. Further ones are answered with no.
pub(super) const WAITING_MAX: usize = 32;
/// Refusals shown at a time; the oldest goes first.
const REFUSED_MAX: usize = 8;
/// The mirror may show what was on the place *before* the device that is asked about, because the question comes before
/// its reading. So what is seen is not held against a question for so long; nothing can be answered that soon either.
const MIRROR_FOLLOWS_WITHIN: Duration = super::patience::READ_WITHIN;

/// What a question is answered.
pub(super) type Answer = (QuestionId, Reply);

/// A question and how far its devices are known.
#[derive(Debug)]
struct Entry {
    waiting: Waiting,
    since: Instant,
    /// The devices are those that the question is about: from here on any other is a swap.
    is_settled: bool,
}

/// The questions.
#[derive(Debug, Default)]
pub(super) struct Desk {
    entries: Vec<Entry>,
    refused: Vec<Refused>,
}

impl Desk {
    /// What there is to show.
    pub(super) fn asked(&self) -> Asked {
        let waiting = self.entries.iter().map(|entry| entry.waiting.clone()).collect();
        Asked { waiting, refused: self.refused.clone() }
    }

    /// Takes a question; gives the answer where it is no at once.
    pub(super) fn ask(
        &mut self,
        id: QuestionId,
        question: Question,
        scene: &Scene,
        now: Instant,
    ) -> Vec<Answer> {
        if self.entries.len() >= WAITING_MAX {
            return vec![(id, Reply::Deny)];
        }
        let waiting = Waiting { id, question, seen: Identity::new() };
        self.entries.push(Entry { waiting, since: now, is_settled: false });
        self.look(scene, now)
    }

    /// Who asked does not wait any more.
    pub(super) fn leave(&mut self, id: QuestionId) {
        self.entries.retain(|entry| entry.waiting.id != id);
    }

    /// Compares each place with what was seen there.
    pub(super) fn look(&mut self, scene: &Scene, now: Instant) -> Vec<Answer> {
        if !scene.is_live() {
            return Vec::new();
        }
        let mut answers = Vec::new();
        let mut refused = Vec::new();
        self.entries.retain_mut(|entry| {
            let Some(why) = entry.look(&scene.machine, now) else {
                return true;
            };
            let Waiting { id, question, .. } = &entry.waiting;
            answers.push((*id, Reply::Deny));
            refused.push(Refused {
                id: *id,
                backend: question.backend.clone(),
                port: question.port.clone(),
                why,
            });
            false
        });
        self.refused.extend(refused);
        self.refused.drain(..self.refused.len().saturating_sub(REFUSED_MAX));
        answers
    }

    /// When to look again although nothing happened.
    pub(super) fn wake_at(&self) -> Option<Instant> {
        let unsettled = |entry: &&Entry| !entry.is_settled && !entry.waiting.seen.is_empty();
        self.entries.iter().filter(unsettled).map(|entry| entry.since + MIRROR_FOLLOWS_WITHIN).min()
    }

    /// What the person said.
    pub(super) fn take(&mut self, said: Said, scene: &Scene, now: Instant) -> Vec<Answer> {
        match said {
            Said::Attach(id, qube, seen) => {
                let mut answers = self.look(scene, now);
                let is_meant = |entry: &Entry| {
                    entry.waiting.id == id
                        && entry.waiting.question.targets.contains(&qube)
                        && !seen.is_empty()
                        && entry.waiting.seen == seen
                };
                if scene.is_live() && self.entries.iter().any(is_meant) {
                    self.leave(id);
                    answers.push((id, Reply::Allow(qube)));
                }
                answers
            }
            Said::Decline(id) => {
                let is_there = self.entries.iter().any(|entry| entry.waiting.id == id);
                self.leave(id);
                if is_there { vec![(id, Reply::Deny)] } else { Vec::new() }
            }
            Said::TakenNote(id) => {
                self.refused.retain(|refused| refused.id != id);
                Vec::new()
            }
            Said::DeclineAll => {
                self.refused.clear();
                self.entries.drain(..).map(|entry| (entry.waiting.id, Reply::Deny)).collect()
            }
        }
    }
}

impl Entry {
    /// Takes over what is on the place; tells why the question ends when that is not what it was.
    fn look(&mut self, machine: &Machine, now: Instant) -> Option<Why> {
        let question = &self.waiting.question;
        let here = |device: &&Device| device.presence == Presence::Present;
        let devices: Vec<&Device> = on_place(machine, question).filter(here).collect();
        let identity: Identity = devices.iter().map(|device| device.info.to_ref()).collect();
        if self.is_settled {
            return match identity {
                same if same == self.waiting.seen => None,
                none if none.is_empty() => Some(Why::Gone),
                _ => Some(Why::Changed),
            };
        }
        self.is_settled = !identity.is_empty()
            && (now >= self.since + MIRROR_FOLLOWS_WITHIN
                || devices.iter().any(|device| is_described(device, &question.own_words)));
        self.waiting.seen = identity;
        None
    }
}

/// The devices of any class on the place that is asked about.
pub(super) fn on_place<'a>(machine: &'a Machine, question: &Question) -> impl Iterator<Item = &'a Device> {
    let devices = machine.devices.values().map(AsRef::as_ref);
    devices.filter(move |device: &&Device| {
        let port = device.port();
        port.backend == question.backend && port.id == question.port
    })
}

/// Whether these words are those of this device. The kind before the colon depends on lists that only the server has.
fn is_described(device: &Device, words: &DisplayText) -> bool {
    let noun =
        |text: &str| text.split_once(": ").map_or_else(|| text.to_owned(), |(_, noun)| noun.to_owned());
    noun(&device.info.description(&|_| None)) == noun(words.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Make, device, name, port, put, qubes};
    use device_core::machine::{Change, Link};
    use device_core::name::{DeviceId, PortId};

    fn question(words: &str) -> Question {
        Question {
            backend: name("sys-usb"),
            port: PortId::new("2-1").unwrap(),
            own_words: words.into(),
            targets: vec![name("work"), name("personal")],
        }
    }

    fn stick(id: &str) -> Device {
        let mut stick = device("usb", "sys-usb", "2-1").called("Cruzer Blade");
        stick.info.id = DeviceId::new(id).unwrap();
        stick
    }

    /// A desk with one question about a stick that is there, and settled.
    fn asked() -> (Desk, Scene, Instant) {
        let (mut desk, mut scene, now) = (Desk::default(), qubes(), Instant::now());
        put(&mut scene, stick("0781:5567::u080650"));
        let words = "USB device: unknown vendor Cruzer Blade";
        assert_eq!(desk.ask(QuestionId(1), question(words), &scene, now), []);
        (desk, scene, now)
    }

    fn seen(desk: &Desk) -> Identity {
        desk.asked().waiting[0].seen.clone()
    }

    fn attach(desk: &Desk, qube: &str) -> Said {
        Said::Attach(QuestionId(1), name(qube), seen(desk))
    }

    #[test]
    fn a_yes_to_what_was_seen_is_a_yes() {
        let (mut desk, scene, now) = asked();
        let said = attach(&desk, "work");
        assert_eq!(desk.take(said.clone(), &scene, now), [(QuestionId(1), Reply::Allow(name("work")))]);
        assert_eq!(desk.asked(), Asked::default());
        assert_eq!(desk.take(said, &scene, now), [], "a second click finds nothing");
    }

    #[test]
    fn a_no_needs_no_look() {
        let (mut desk, mut scene, now) = asked();
        scene.machine.link = Link::Lost("gone".into());
        assert_eq!(desk.take(Said::Decline(QuestionId(1)), &scene, now), [(QuestionId(1), Reply::Deny)]);
    }

    #[test]
    fn a_device_that_was_swapped_is_refused_and_told() {
        let (mut desk, mut scene, now) = asked();
        let said = attach(&desk, "work");
        put(&mut scene, stick("0781:5567:OTHER:u080650"));
        assert_eq!(desk.take(said, &scene, now), [(QuestionId(1), Reply::Deny)]);
        let asked = desk.asked();
        assert_eq!((asked.count(), asked.refused[0].why), (0, Why::Changed));
        desk.take(Said::TakenNote(QuestionId(1)), &scene, now);
        assert!(desk.asked().is_empty());
    }

    #[test]
    fn a_device_that_went_is_refused_without_a_click() {
        let (mut desk, mut scene, now) = asked();
        scene.machine.apply(Change::DeviceGone(port("usb", "sys-usb", "2-1")));
        assert_eq!(desk.look(&scene, now), [(QuestionId(1), Reply::Deny)]);
        assert_eq!(desk.asked().refused[0].why, Why::Gone);
    }

    #[test]
    fn a_yes_counts_only_for_an_offered_qube_and_a_live_mirror() {
        let (mut desk, mut scene, now) = asked();
        assert_eq!(desk.take(attach(&desk, "vault"), &scene, now), []);
        scene.machine.link = Link::Resyncing;
        assert_eq!(desk.take(attach(&desk, "work"), &scene, now), []);
        assert_eq!(desk.asked().count(), 1, "the question still waits");
    }

    #[test]
    fn a_yes_to_a_device_that_is_not_known_does_not_count() {
        let (mut desk, scene, now) = (Desk::default(), qubes(), Instant::now());
        desk.ask(QuestionId(1), question("?"), &scene, now);
        assert_eq!(desk.take(attach(&desk, "work"), &scene, now), []);
        assert_eq!(desk.asked().count(), 1);
    }

    #[test]
    fn what_the_mirror_shows_late_is_no_swap() {
        let (mut desk, mut scene, now) = (Desk::default(), qubes(), Instant::now());
        put(&mut scene, stick("1111:2222::u080650"));
        desk.ask(QuestionId(1), question("USB_Storage: SanDisk Corp. Other"), &scene, now);
        let before = attach(&desk, "work");
        put(&mut scene, stick("0781:5567::u080650"));
        assert_eq!(desk.look(&scene, now), []);
        assert_eq!(desk.take(before, &scene, now), [], "the answer was about another device");
        let later = desk.wake_at().unwrap();
        assert_eq!(later, now + MIRROR_FOLLOWS_WITHIN);
        desk.look(&scene, later);
        assert_eq!(desk.wake_at(), None);
        put(&mut scene, stick("1111:2222::u080650"));
        assert_eq!(desk.look(&scene, later), [(QuestionId(1), Reply::Deny)]);
    }

    #[test]
    fn questions_and_refusals_are_bounded() {
        let (mut desk, mut scene, now) = asked();
        for number in 2..100 {
            let words = "USB device: unknown vendor Cruzer Blade";
            let at_once = desk.ask(QuestionId(number), question(words), &scene, now);
            let is_full = usize::try_from(number).unwrap() > WAITING_MAX;
            assert_eq!(at_once.first().is_some_and(|(_, reply)| *reply == Reply::Deny), is_full, "{number}");
        }
        put(&mut scene, stick("1111:2222::u080650"));
        assert_eq!(desk.look(&scene, now).len(), WAITING_MAX);
        assert_eq!(desk.asked().refused.len(), REFUSED_MAX);
        assert_eq!(desk.take(Said::DeclineAll, &scene, now), []);
        assert!(desk.asked().is_empty());
    }
}
