//! Which questions wait, what is on their places, and what each is answered. Pure; no clock of its own.
//!
//! Check at commit: a yes counts for exactly the devices that were to be seen when it was said, and only while the
//! mirror, which is live, shows these very devices on the place. And the mirror alone is not believed: before the yes
//! goes out the place is read afresh. Otherwise the answer is no, and the person is told.

use std::time::{Duration, Instant};

use device_core::assignment::Options;
use device_core::device::{Device, Presence};
use device_core::error::{Error, ErrorKind};
use device_core::machine::Machine;
use device_core::name::QubeName;
use device_core::text::DisplayText;

use super::request::{Question, Reply};
use super::{Asked, Identity, QuestionId, Refused, Said, Waiting, Why};
use crate::reason::reason;
use crate::scene::{Command, Scene};

/// Questions that wait at a time; more than a person answers. Further ones are answered with no.
pub(super) const WAITING_MAX: usize = 32;
/// Refusals shown at a time; the oldest goes first.
const REFUSED_MAX: usize = 8;
/// The mirror may show what was on the place *before* the device that is asked about, because the question comes before
/// its reading. So what is seen is not held against a question for so long; nothing can be answered that soon either.
const MIRROR_FOLLOWS_WITHIN: Duration = super::patience::READ_WITHIN;

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    /// The question is answered.
    Reply(QuestionId, Reply),
    /// These devices are to be looked at once more before they go to this qube; then [`Desk::checked`].
    Check(QuestionId, QubeName, Identity),
}

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
    ) -> Vec<Step> {
        if self.entries.len() >= WAITING_MAX {
            return vec![Step::Reply(id, Reply::Deny)];
        }
        let waiting = Waiting { id, question, seen: Identity::new(), chosen: None };
        self.entries.push(Entry { waiting, since: now, is_settled: false });
        self.look(scene, now)
    }

    /// Who asked does not wait any more.
    pub(super) fn leave(&mut self, id: QuestionId) {
        self.entries.retain(|entry| entry.waiting.id != id);
    }

    /// Compares each place with what was seen there.
    pub(super) fn look(&mut self, scene: &Scene, now: Instant) -> Vec<Step> {
        if !scene.is_live() {
            return Vec::new();
        }
        let mut steps = Vec::new();
        let mut refused = Vec::new();
        self.entries.retain_mut(|entry| {
            let Some(why) = entry.look(&scene.machine, now) else {
                return true;
            };
            steps.push(Step::Reply(entry.waiting.id, Reply::Deny));
            refused.push(entry.waiting.refused(why));
            false
        });
        self.refuse(refused);
        steps
    }

    /// What the last look at the devices of a question came to. Where that question was answered meanwhile, or was about
    /// other devices, nothing comes of it.
    pub(super) fn checked(
        &mut self,
        id: QuestionId,
        outcome: Result<(), Error>,
        scene: &Scene,
        now: Instant,
    ) -> Vec<Step> {
        let mut steps = self.look(scene, now);
        let chosen = |entry: &Entry| entry.waiting.id == id && entry.waiting.chosen.is_some();
        let Some(place) = self.entries.iter().position(chosen) else {
            return steps;
        };
        let waiting = self.entries.remove(place).waiting;
        let reply = match (outcome, waiting.chosen.clone()) {
            (Ok(()), Some(qube)) => Reply::Allow(qube),
            (Ok(()), None) => Reply::Deny,
            (Err(error), _) => {
                let why = waiting.why_not(&error, scene);
                self.refuse(vec![waiting.refused(why)]);
                Reply::Deny
            }
        };
        steps.push(Step::Reply(id, reply));
        steps
    }

    fn refuse(&mut self, refused: Vec<Refused>) {
        self.refused.extend(refused);
        self.refused.drain(..self.refused.len().saturating_sub(REFUSED_MAX));
    }

    /// When to look again although nothing happened.
    pub(super) fn wake_at(&self) -> Option<Instant> {
        let unsettled = |entry: &&Entry| !entry.is_settled && !entry.waiting.seen.is_empty();
        self.entries.iter().filter(unsettled).map(|entry| entry.since + MIRROR_FOLLOWS_WITHIN).min()
    }

    /// What the person said.
    pub(super) fn take(&mut self, said: Said, scene: &Scene, now: Instant) -> Vec<Step> {
        match said {
            Said::Attach(id, qube, seen) => {
                let mut steps = self.look(scene, now);
                let is_meant = |entry: &&mut Entry| {
                    let Waiting { id: asked, question, seen: shown, chosen } = &entry.waiting;
                    *asked == id
                        && question.targets.contains(&qube)
                        && !seen.is_empty()
                        && *shown == seen
                        && chosen.is_none()
                };
                if scene.is_live()
                    && let Some(entry) = self.entries.iter_mut().find(is_meant)
                {
                    entry.waiting.chosen = Some(qube.clone());
                    steps.push(Step::Check(id, qube, seen));
                }
                steps
            }
            Said::Decline(id) => {
                let is_there = self.entries.iter().any(|entry| entry.waiting.id == id);
                self.leave(id);
                if is_there { vec![Step::Reply(id, Reply::Deny)] } else { Vec::new() }
            }
            Said::TakenNote(id) => {
                self.refused.retain(|refused| refused.id != id);
                Vec::new()
            }
            Said::DeclineAll => {
                self.refused.clear();
                self.entries.drain(..).map(|entry| Step::Reply(entry.waiting.id, Reply::Deny)).collect()
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
        if self.waiting.seen != identity {
            // What was chosen was chosen for another device.
            self.waiting.chosen = None;
            self.waiting.seen = identity;
        }
        None
    }
}

impl Waiting {
    fn refused(&self, why: Why) -> Refused {
        let Question { backend, port, .. } = &self.question;
        Refused { id: self.id, backend: backend.clone(), port: port.clone(), why }
    }

    /// Why the last look speaks against the choice.
    fn why_not(&self, error: &Error, scene: &Scene) -> Why {
        let is_known = |qube: &QubeName| scene.machine.qubes.contains_key(qube);
        match (error.kind(), &self.chosen, self.seen.first()) {
            (ErrorKind::Changed, ..) => Why::Changed,
            (ErrorKind::NotFound, Some(qube), _) if is_known(qube) => Why::Gone,
            (
                ErrorKind::Unreachable | ErrorKind::Timeout | ErrorKind::Malformed | ErrorKind::Internal,
                ..,
            ) => Why::Unchecked,
            (_, Some(qube), Some(device)) => {
                let attach = Command::Attach(device.clone(), qube.clone(), Options::new());
                Why::NotTo(qube.clone(), reason(scene, &attach, error))
            }
            _ => Why::Unchecked,
        }
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
#[path = "desk_tests.rs"]
mod tests;
