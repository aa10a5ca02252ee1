//! What the link knows and decides: inputs in, jobs out. Pure; no bus, no clock of its own.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use device_bus::error::absent_service;
use device_bus::property::Incoming;
use device_bus::replica::{Replica, Update};
use device_core::device::Presence;
use device_core::error::{Error, ErrorKind};
use device_core::machine::Change;
use device_core::name::{Port, QubeName};
use device_core::qube::PowerState;
use zbus::fdo::ManagedObjects;
use zbus::message::Message;

use super::call::Answer;
use super::revival::{Call, Revival};
use super::turn::{Input, Job};
use super::{Owner, new_owner};
use crate::naming;
use crate::notify::{Button, Effect, Notifier};
use crate::reason::reason;
use crate::recent::Recent;
use crate::scene::{Command, Failure, Pending, Scene, Ticket, Wish};
use crate::together;

/// Signals kept while the tree is being read; with more the reading starts again, because it no longer pays.
const KEPT_SIGNALS: usize = 10_000;
/// After how long a tree that could not be read is asked for again; doubled each time up to [`RETRY_MAX`].
const RETRY_MIN: Duration = Duration::from_millis(500);
/// Longest such pause.
const RETRY_MAX: Duration = Duration::from_secs(30);
/// Longest reason of a failure that is shown, in characters: a qube may have had its part in the words. The log has all
/// of them.
const REASON_MAX: usize = 300;
/// Failures kept; the oldest goes first. One for each device that a person could have tried.
const FAILURES_MAX: usize = 50;

/// How far the copy of the tree is.
#[derive(Debug)]
enum Copy {
    /// There is no service.
    None,
    /// The tree is being read; signals since the listening began wait for it.
    Reading(Vec<Message>),
    /// It could not be read; at that moment it is tried again.
    Retrying(Instant),
    /// Signals are applied as they come.
    Following,
}

pub(super) struct State {
    scene: Scene,
    replica: Replica,
    notifier: Notifier,
    /// Unique name of the service.
    owner: Option<String>,
    /// Whether the bus has told of an owner itself: then an older answer no longer counts.
    heard_of_owner: bool,
    copy: Copy,
    round: u64,
    pause: Duration,
    revival: Revival,
    tickets: u64,
    /// What is done next when a command under way has succeeded.
    followers: BTreeMap<Ticket, Command>,
}

impl State {
    pub(super) fn new(recent: Recent, can_configure: bool) -> Self {
        Self {
            scene: Scene { recent: recent.into(), can_configure, ..Scene::default() },
            replica: Replica::default(),
            notifier: Notifier::default(),
            owner: None,
            heard_of_owner: false,
            copy: Copy::None,
            round: 0,
            pause: RETRY_MIN,
            revival: Revival::default(),
            tickets: 0,
            followers: BTreeMap::new(),
        }
    }

    /// The picture as it is now.
    pub(super) fn scene(&self) -> &Scene {
        &self.scene
    }

    /// When to come back although nothing happened; `None` = never.
    pub(super) fn wake_at(&self) -> Option<Instant> {
        let retry = match self.copy {
            Copy::Retrying(moment) => Some(moment),
            _ => None,
        };
        [self.notifier.wake_at(), retry, self.revival.due()].into_iter().flatten().min()
    }

    /// Takes an input over.
    pub(super) fn take(&mut self, input: Input, now: Instant) -> Vec<Job> {
        match input {
            Input::Message(message) => self.message(message, now),
            Input::Answer(answer) => self.answer(answer, now),
            Input::Wish(wish) => self.wish(wish, now),
            Input::Pressed(Button::Do(_, command)) => self.wish(Wish::Do(command), now),
            Input::Pressed(Button::Choose(device)) => vec![Job::OpenMenu(device)],
            Input::Pressed(Button::Answer) => vec![Job::ShowQuestions],
            Input::Wake => self.wake(now),
        }
    }

    fn message(&mut self, message: Message, now: Instant) -> Vec<Job> {
        if let Some(owner) = new_owner(&message) {
            self.heard_of_owner = true;
            let owner = match owner {
                Owner::Nobody => None,
                Owner::Program(name) => Some(name),
            };
            return self.owned_by(owner, now);
        }
        let is_ours = message.header().sender().map(zbus::names::UniqueName::as_str) == self.owner.as_deref();
        match &mut self.copy {
            _ if self.owner.is_none() || !is_ours => Vec::new(),
            Copy::None | Copy::Retrying(_) => Vec::new(),
            Copy::Reading(kept) if kept.len() < KEPT_SIGNALS => {
                kept.push(message);
                Vec::new()
            }
            Copy::Reading(_) => vec![self.read()],
            Copy::Following => {
                let update = self.replica.signal(&message);
                self.updated(update, now)
            }
        }
    }

    fn answer(&mut self, answer: Answer, now: Instant) -> Vec<Job> {
        match answer {
            Answer::Listening(_) if self.heard_of_owner => Vec::new(),
            Answer::Listening(owner) => self.owned_by(owner, now),
            Answer::Deaf(error) => self.not_reached(&error, Call::Listen, now),
            Answer::NotStarted(error) => self.not_reached(&error, Call::Start, now),
            Answer::Tree(round, _) if round != self.round => Vec::new(),
            Answer::Tree(_, tree) => match *tree {
                Ok((objects, manager)) => self.loaded(objects, manager, now),
                Err(error) => self.not_loaded(&error, now),
            },
            Answer::Done(ticket, outcome) => self.done(ticket, outcome, now),
        }
    }

    fn owned_by(&mut self, owner: Option<String>, now: Instant) -> Vec<Job> {
        self.owner = owner;
        if self.owner.is_some() {
            tracing::info!("the service is there");
            self.revival.came();
            return vec![self.read()];
        }
        self.round += 1;
        self.copy = Copy::None;
        let mut jobs = self.lost(&absent_service(), now);
        jobs.extend(self.revival.gone(now));
        jobs
    }

    fn not_reached(&mut self, error: &Error, next: Call, now: Instant) -> Vec<Job> {
        // What failed no longer counts where somebody else has brought the service back meanwhile.
        if self.owner.is_some() {
            return Vec::new();
        }
        tracing::warn!(%error, "the service can't be reached; trying again later");
        self.revival.failed(next, now);
        self.lost(&absent_service(), now)
    }

    fn read(&mut self) -> Job {
        self.round += 1;
        self.copy = Copy::Reading(Vec::new());
        Job::Load(self.round)
    }

    fn loaded(&mut self, objects: ManagedObjects, manager: Incoming, now: Instant) -> Vec<Job> {
        self.pause = RETRY_MIN;
        self.revival.works();
        let mut update = self.replica.replace(objects, manager);
        if let Copy::Reading(kept) = std::mem::replace(&mut self.copy, Copy::Following) {
            for message in kept {
                let more = self.replica.signal(&message);
                update.changes.extend(more.changes);
                update.faults.extend(more.faults);
            }
        }
        self.updated(update, now)
    }

    fn not_loaded(&mut self, error: &Error, now: Instant) -> Vec<Job> {
        tracing::warn!(%error, "the devices can't be read from the service");
        self.copy = Copy::Retrying(now + self.pause);
        self.pause = (self.pause * 2).min(RETRY_MAX);
        self.lost(error, now)
    }

    fn lost(&mut self, why: &Error, now: Instant) -> Vec<Job> {
        let update = self.replica.lost(why);
        self.updated(update, now)
    }

    fn wake(&mut self, now: Instant) -> Vec<Job> {
        let effects = self.notifier.wake(&self.scene, now);
        let mut jobs: Vec<Job> = self.wanted(effects).collect();
        if matches!(self.copy, Copy::Retrying(moment) if moment <= now) {
            jobs.push(self.read());
        }
        jobs.extend(self.revival.take_due(now));
        jobs
    }

    /// Takes over what the copy says is new.
    fn updated(&mut self, update: Update, now: Instant) -> Vec<Job> {
        for fault in &update.faults {
            tracing::warn!(path = fault.path, error = %fault.error, "an object of the service can't be read");
        }
        let source = self.replica.source();
        if update.changes.is_empty() && source == self.scene.source {
            return Vec::new();
        }
        self.scene.source = source;
        for change in update.changes {
            self.note_arrival(&change, now);
            self.forget_failed_start(&change);
            self.scene.machine.apply(change);
        }
        let effects = self.notifier.observe(&self.scene, now);
        [Job::Publish].into_iter().chain(self.wanted(effects)).collect()
    }

    /// Of what could be said, what the person wants to be told. What stands there and is no longer true goes in any case.
    fn wanted(&self, effects: Vec<Effect>) -> impl Iterator<Item = Job> + use<> {
        let notices = self.scene.preferences.notices;
        effects.into_iter().map(move |effect| {
            Job::Notify(match effect {
                Effect::Show(tag, notice) if !notice.is_wanted(notices) => Effect::Close(tag),
                other => other,
            })
        })
    }

    /// A qube that runs was started after all, whoever did it: once it stops again, nothing is to be said of an older try.
    fn forget_failed_start(&mut self, change: &Change) {
        if let Change::Qube(qube) = change
            && qube.state == PowerState::Running
        {
            let start = Command::StartQube(qube.name.clone());
            self.scene.failures.retain(|failure| failure.command != start);
        }
    }

    fn note_arrival(&mut self, change: &Change, now: Instant) {
        let (port, came) = match change {
            Change::Device(device) => (device.port(), self.arrival(device.port(), now)),
            Change::DeviceGone(port) => (port, None),
            _ => return,
        };
        // What is the same as before stays shared with the faces.
        if self.scene.plugged_in.get(port).copied() != came {
            match came {
                Some(moment) => self.scene.plugged_in.insert(port.clone(), moment),
                None => self.scene.plugged_in.remove(port),
            };
        }
    }

    /// When the device came, on our clock. A wall clock that was set back says "just now".
    fn arrival(&self, port: &Port, now: Instant) -> Option<Instant> {
        let came = self.replica.plugged_in(port).time()?;
        let known = self.scene.plugged_in.get(port).copied();
        Some(known.unwrap_or_else(|| now.checked_sub(came.elapsed().unwrap_or_default()).unwrap_or(now)))
    }

    fn wish(&mut self, wish: Wish, now: Instant) -> Vec<Job> {
        match wish {
            Wish::Do(command) => {
                let then = together::follow_up(&self.scene, &command);
                self.begin(command, then, now)
            }
            Wish::Both(first, then) => self.begin(first, Some(then), now),
            Wish::GiveUp(ticket) => {
                self.followers.remove(&ticket);
                self.scene.pending.retain(|pending| pending.ticket != ticket);
                vec![Job::Publish]
            }
            Wish::Dismiss(command) => {
                self.scene.failures.retain(|failure| failure.command != command);
                vec![Job::Publish]
            }
            Wish::Prefer(preference) => vec![Job::Keep(preference)],
            Wish::Preferred(preferences) => {
                self.scene.preferences = (*preferences).into();
                vec![Job::Publish]
            }
            Wish::Settings(device) => vec![Job::OpenSettings(device)],
            Wish::Configure => vec![Job::Configure],
        }
    }

    fn begin(&mut self, command: Command, then: Option<Command>, now: Instant) -> Vec<Job> {
        if self.is_under_way(&command) {
            return Vec::new();
        }
        self.scene.failures.retain(|failure| !is_about_the_same(&failure.command, &command));
        if let Some(port) = command.port() {
            self.notifier.begins(port);
        }
        self.tickets += 1;
        let ticket = Ticket(self.tickets);
        self.followers.extend(then.map(|then| (ticket, then)));
        self.scene.pending.push(Pending { ticket, command: command.clone(), since: now });
        vec![Job::Publish, Job::Carry(ticket, command)]
    }

    fn is_under_way(&self, command: &Command) -> bool {
        self.scene.pending.iter().any(|pending| is_about_the_same(&pending.command, command))
    }

    fn done(&mut self, ticket: Ticket, outcome: Result<Option<QubeName>, Error>, now: Instant) -> Vec<Job> {
        let then = self.followers.remove(&ticket);
        let Some(place) = self.scene.pending.iter().position(|pending| pending.ticket == ticket) else {
            tracing::info!(?outcome, "a command ended that nobody waits for any more");
            return Vec::new();
        };
        let Pending { command, .. } = self.scene.pending.remove(place);
        if let Command::Move(seen, ..) | Command::MoveToNewDisposable(seen, ..) = &command {
            self.notifier.moved(&seen.port, outcome.is_err(), now);
        }
        match outcome {
            Ok(made) => {
                let last = made.and_then(|made| together::follow_into(&self.scene, &command, made));
                self.succeeded(&command, then.or(last), now)
            }
            Err(error) if self.is_clean_already(&command, &error) => self.succeeded(&command, then, now),
            Err(error) => self.failed(command, &error),
        }
    }

    /// Whether nothing was left to clean up after a device that is gone: qubesd was quicker than the mirror.
    fn is_clean_already(&self, command: &Command, error: &Error) -> bool {
        let Command::Detach(seen, _) = command else {
            return false;
        };
        let device = self.scene.machine.devices.get(&seen.port);
        error.kind() == ErrorKind::NotFound && device.is_none_or(|it| it.presence == Presence::Removed)
    }

    fn succeeded(&mut self, command: &Command, then: Option<Command>, now: Instant) -> Vec<Job> {
        let mut jobs = vec![Job::Publish];
        if let Command::Attach(device, qube, _) | Command::Move(device, qube, _) = command
            && self.scene.recent.remember(device, qube)
        {
            jobs.push(Job::Store);
        }
        jobs.extend(then.into_iter().flat_map(|then| self.wish(Wish::Do(then), now)));
        jobs
    }

    fn failed(&mut self, command: Command, error: &Error) -> Vec<Job> {
        tracing::info!(?command, %error, "a command failed");
        let reason = naming::cut(reason(&self.scene, &command, error), REASON_MAX);
        let failure = Failure { command, reason };
        let effects = self.notifier.failed(&self.scene, &failure);
        self.scene.failures.retain(|other| !is_about_the_same(&other.command, &failure.command));
        self.scene.failures.insert(0, failure);
        self.scene.failures.truncate(FAILURES_MAX);
        [Job::Publish].into_iter().chain(self.wanted(effects)).collect()
    }
}

/// Whether two commands are about the same device, or start the same qube.
fn is_about_the_same(left: &Command, right: &Command) -> bool {
    match (left.port(), right.port()) {
        (Some(left), Some(right)) => left == right,
        (None, None) => left.qube() == right.qube(),
        _ => false,
    }
}
