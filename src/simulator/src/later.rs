//! What a change leaves to be done: a qube that comes up, one that goes down, a USB device on its way, a person who has
//! to be asked.
//!
//! The machine never waits. Whoever changes it takes along what that change left, in the same step, and sees to it here:
//! so nobody's call waits for what another one began. A deed that waits goes on when its client is gone or the server
//! restarts, as a qube that starts does.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use device_core::assignment::Options;
use device_core::name::QubeName;
use device_core::qube::PowerState;

use crate::agent;
use crate::automatic::Question;
use crate::class::{Class, Exposed, release_usb};
use crate::refusal::Refusal;
use crate::simulator::Shared;
use crate::state::State;

/// What is to be done when its time has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Deed {
    /// A qube boots, now that its network is there.
    Boot(QubeName),
    /// The qube that the hypervisor knows by this number is up.
    Run(QubeName, u32),
    /// The qube that the hypervisor knows by this number has ended.
    Halt(QubeName, u32),
    /// A USB device arrives in a qube.
    Attach(QubeName, Box<Exposed>, Options),
    /// A backend notes that a USB device is no longer with that qube: backend, port, qube.
    Release(QubeName, String, QubeName),
}

/// What a change left to be done.
#[derive(Debug, Default)]
pub(crate) struct Left {
    /// The call that began these is answered after them.
    deeds: VecDeque<(Duration, Deed)>,
    questions: VecDeque<Question>,
    /// No call waits for these.
    unattended: VecDeque<(Duration, Deed)>,
    offers: VecDeque<Question>,
}

/// How long whoever made a change stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Waits {
    /// As a call does: for what it began itself.
    ForItsOwn,
    /// Until everything is settled that follows.
    ForAll,
}

impl Left {
    /// Has a deed done after that time, counted from the end of the one before.
    pub(crate) fn later(&mut self, after: Duration, deed: Deed) {
        self.deeds.push_back((after, deed));
    }

    /// Has a deed done after that time; no call waits for it.
    pub(crate) fn aside(&mut self, after: Duration, deed: Deed) {
        self.unattended.push_back((after, deed));
    }

    /// Has a person asked, and the call that raised the question wait.
    pub(crate) fn ask(&mut self, question: Question) {
        self.questions.push_back(question);
    }

    /// Has a person asked where a device goes that has appeared.
    pub(crate) fn offer(&mut self, question: Question) {
        self.offers.push_back(question);
    }

    /// What is to be done is done without the call that began it: that one is answered at once.
    pub(crate) fn leave_alone(&mut self) {
        self.unattended.append(&mut self.deeds);
    }

    /// Takes what was left.
    pub(crate) fn take(&mut self) -> Self {
        std::mem::take(self)
    }

    /// Drops all of it.
    pub(crate) fn forget(&mut self) {
        *self = Self::default();
    }

    /// Takes what no call waits for.
    fn take_aside(&mut self) -> Self {
        Self {
            unattended: std::mem::take(&mut self.unattended),
            offers: std::mem::take(&mut self.offers),
            ..Self::default()
        }
    }

    fn is_empty(&self) -> bool {
        self.deeds.is_empty()
            && self.questions.is_empty()
            && self.unattended.is_empty()
            && self.offers.is_empty()
    }

    fn add(&mut self, mut more: Self) {
        self.deeds.append(&mut more.deeds);
        self.questions.append(&mut more.questions);
        self.unattended.append(&mut more.unattended);
        self.offers.append(&mut more.offers);
    }

    fn next_deed(&mut self) -> Option<(Duration, Deed)> {
        self.deeds.pop_front().or_else(|| self.unattended.pop_front())
    }

    fn next_question(&mut self) -> Option<Question> {
        self.questions.pop_front().or_else(|| self.offers.pop_front())
    }
}

/// Does what a change left, each in its time.
///
/// # Errors
/// The first refusal: it is the answer to the call that began it.
pub(crate) async fn settle(
    shared: &Shared,
    agent: Option<&Arc<Path>>,
    mut left: Left,
    waits: Waits,
) -> Result<(), Refusal> {
    let mut outcome = Ok(());
    loop {
        if waits == Waits::ForItsOwn {
            set_aside(shared, agent, left.take_aside());
        }
        if let Some((after, deed)) = left.next_deed() {
            let (done, more) = done_after(shared, after, deed).await;
            outcome = outcome.and(done);
            left.add(more);
        } else if let Some(question) = left.next_question() {
            left.add(agent::ask(shared, agent.map(AsRef::as_ref), &question).await);
        } else {
            return outcome;
        }
    }
}

/// Has that settled without anybody waiting for it.
fn set_aside(shared: &Shared, agent: Option<&Arc<Path>>, left: Left) {
    if left.is_empty() {
        return;
    }
    let (shared, agent) = (shared.clone(), agent.cloned());
    tokio::spawn(async move { settle(&shared, agent.as_ref(), left, Waits::ForAll).await });
}

/// Does a deed in a task of its own, so that it is done whatever becomes of the client.
async fn done_after(shared: &Shared, after: Duration, deed: Deed) -> (Result<(), Refusal>, Left) {
    let shared = shared.clone();
    let task = tokio::spawn(async move {
        tokio::time::sleep(after).await;
        shared.change(|state| (state.carry_out(deed), state.left.take()))
    });
    task.await.unwrap_or((Err(Refusal::Crash), Left::default()))
}

/// As [`settle`] where nobody can wait: everything takes no time, and what is not answered in advance is answered with
/// no.
///
/// # Errors
/// The first refusal.
pub(crate) fn settle_now(state: &mut State) -> Result<(), Refusal> {
    let mut outcome = Ok(());
    loop {
        let mut left = state.left.take();
        if let Some((_, deed)) = left.next_deed() {
            outcome = outcome.and(state.carry_out(deed));
        } else if let Some(question) = left.next_question() {
            agent::answer_unasked(state, &question);
        } else {
            return outcome;
        }
        left.add(state.left.take());
        state.left = left;
    }
}

impl State {
    /// Does what was left to be done.
    fn carry_out(&mut self, deed: Deed) -> Result<(), Refusal> {
        self.reads.forget();
        match deed {
            Deed::Boot(name) if self.is_running(&name) => Ok(()),
            Deed::Boot(name) => self.boot(&name),
            Deed::Run(name, xid) => self.come_up(&name, xid),
            Deed::Halt(name, xid) if self.is_same_run(&name, xid) => self.stop(&name),
            Deed::Halt(..) => Ok(()),
            Deed::Attach(frontend, device, options) => self.arrive(&frontend, &device, options),
            Deed::Release(backend, port, frontend) => {
                release_usb(self, &backend, &port, &frontend);
                Ok(())
            }
        }
    }

    /// Whether the qube still is in the run that has this number.
    pub(crate) fn is_same_run(&self, name: &QubeName, xid: u32) -> bool {
        self.qube(name).is_some_and(|qube| qube.xid == Some(xid) && qube.power != PowerState::Halted)
    }

    /// A USB device that was on its way arrives, when it and the qube are still there.
    fn arrive(&mut self, frontend: &QubeName, device: &Exposed, options: Options) -> Result<(), Refusal> {
        let now = self.exposed(Class::Usb, &device.backend)?;
        let same = now.into_iter().find(|now| now.port == device.port && now.id == device.id);
        let Some(device) = same.filter(|_| self.is_running(frontend)) else {
            return Err(Refusal::exception(
                "QubesUSBException",
                "Device attach failed:  No device info received, connection failed, check backend side for details",
            ));
        };
        self.give(frontend, &device, options)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::control;
    use crate::world;
    use device_core::wire::request::Request;

    fn laptop() -> State {
        world::state(&world::load("laptop").unwrap()).unwrap()
    }

    fn name(text: &str) -> QubeName {
        QubeName::new(text).unwrap()
    }

    fn play(state: &mut State, line: &str) {
        control::run(state, line).unwrap();
    }

    /// The one deed that was left.
    fn left(state: &mut State) -> (Duration, Deed) {
        let mut left = state.left.take();
        let deed = left.next_deed().unwrap();
        assert!(left.is_empty(), "{left:?}");
        deed
    }

    fn power(state: &State, qube: &str) -> PowerState {
        state.qube(&name(qube)).unwrap().power
    }

    #[test]
    fn a_qube_that_starts_can_be_used_when_its_time_has_come() {
        let mut state = laptop();
        play(&mut state, "takes start 8000");
        play(&mut state, "start vault");
        assert_eq!(power(&state, "vault"), PowerState::Transient);
        let (after, deed) = left(&mut state);
        assert_eq!(after, Duration::from_secs(8));
        assert_eq!(state.carry_out(deed), Ok(()));
        assert_eq!(power(&state, "vault"), PowerState::Running);
    }

    #[test]
    fn a_start_that_is_cut_short_has_failed() {
        let mut state = laptop();
        play(&mut state, "takes start 8000");
        play(&mut state, "start vault");
        let (_, deed) = left(&mut state);
        play(&mut state, "kill vault");
        play(&mut state, "start vault");
        let refusal = state.carry_out(deed).unwrap_err();
        assert!(refusal.sentence().starts_with("Start failed: "), "{refusal:?}");
        assert_eq!(power(&state, "vault"), PowerState::Transient, "the second start goes on");
    }

    #[test]
    fn a_qube_boots_when_its_network_is_there() {
        let mut state = laptop();
        for line in ["stop work", "stop personal", "stop sys-firewall", "takes start 10", "start work"] {
            play(&mut state, line);
        }
        let mut order = Vec::new();
        let mut waiting = state.left.take().deeds;
        while let Some((_, deed)) = waiting.pop_front() {
            order.push(deed.clone());
            state.carry_out(deed).unwrap();
            waiting.append(&mut state.left.take().deeds);
        }
        assert!(
            matches!(order.as_slice(), [Deed::Run(network, _), Deed::Boot(booted), Deed::Run(up, _)]
                if network.as_str() == "sys-firewall" && booted == up && up.as_str() == "work"),
            "{order:?}"
        );
        assert_eq!(power(&state, "work"), PowerState::Running);
    }

    #[test]
    fn an_end_that_comes_late_is_not_that_of_the_next_run() {
        let mut state = laptop();
        play(&mut state, "takes shutdown 5000");
        play(&mut state, "shutdown work");
        assert_eq!(power(&state, "work"), PowerState::Running);
        let (_, deed) = left(&mut state);
        play(&mut state, "kill work");
        play(&mut state, "start work");
        assert_eq!(state.carry_out(deed), Ok(()));
        assert_eq!(power(&state, "work"), PowerState::Running);
        play(&mut state, "shutdown work");
        let (_, deed) = left(&mut state);
        assert_eq!(state.carry_out(deed), Ok(()));
        assert_eq!(power(&state, "work"), PowerState::Halted);
    }

    #[test]
    fn a_device_that_goes_on_its_way_never_arrives() {
        for (line, is_there) in
            [("status", true), ("unplug stick", false), ("swap usb sys-usb 2-1", false), ("kill work", false)]
        {
            let mut state = laptop();
            play(&mut state, "takes attach 3000");
            play(&mut state, "plug stick");
            let request = Request::new("admin.vm.device.usb.Attach", "sys-usb+2-1", "work");
            assert_eq!(state.call(&request), Ok(Vec::new()));
            assert_eq!(control::run(&mut state, "holders usb").as_deref(), Ok(""));
            let (_, deed) = left(&mut state);
            play(&mut state, line);
            assert_eq!(state.carry_out(deed).is_ok(), is_there, "{line}");
            let holders = control::run(&mut state, "holders usb").unwrap();
            assert_eq!(holders.contains("usb:sys-usb:2-1=work"), is_there, "{line}");
        }
    }
}
