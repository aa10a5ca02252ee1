//! A made-up hypervisor that can be told to misbehave.

use std::sync::Mutex;

use super::*;
use crate::assignment::{Attachment, Mode};
use crate::device::DeviceInfo;
use crate::hypervisor::Hints;
use crate::name::{DeviceClass, DeviceId, Port, PortId};
use crate::scope::{Hint, Scope, ScopeReply};

pub(super) fn name(text: &str) -> QubeName {
    QubeName::new(text).unwrap()
}

pub(super) fn disk(port: &str, id: &str) -> DeviceRef {
    let port = Port::new(name("sys-usb"), DeviceClass::Block, PortId::new(port).unwrap());
    DeviceRef { port, id: DeviceId::new(id).unwrap() }
}

/// What the fake does with the next attach.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Attaching {
    Works,
    Fails,
    SaysYesAndDoesNothing,
    /// The device is swapped for another one right before.
    TakesAnother,
    /// The device is swapped for another one right before, and that one is refused.
    RefusesAnother,
    /// As [`Attaching::TakesAnother`], and that one can't be detached.
    TakesAnotherForGood,
    /// Nothing can be read any more either.
    BreaksTheLink,
    /// It works, and the reply is cut.
    WorksAndIsCut,
    /// It does not work, and the reply is cut.
    FailsAndIsCut,
    /// It may work; the server closes without one byte, and then nothing can be read any more.
    FallsSilent,
    /// It works, or a detach does, and then nothing can be read any more.
    BreaksTheLinkAfterwards,
    /// It works, and the server closes without one byte.
    WorksWithoutAWord,
    /// It does not work, and the server closes without one byte.
    FailsWithoutAWord,
}

/// Disks on one backend, each with its holder.
pub(super) struct Fake(pub(super) Mutex<State>);

pub(super) struct State {
    disks: Vec<(DeviceRef, Option<QubeName>)>,
    attaching: Vec<Attaching>,
    done: Vec<String>,
    pub(super) is_away: bool,
    pub(super) cannot_detach: bool,
    /// So many looks after a deed still find it as it was before.
    pub(super) lag: usize,
    before: Option<(usize, Vec<(DeviceRef, Option<QubeName>)>)>,
}

pub(super) struct NoHints;

impl Hints for NoHints {
    async fn next(&mut self) -> Result<Vec<Hint>, Error> {
        std::future::pending().await
    }
}

impl Fake {
    pub(super) fn with(disks: &[(DeviceRef, Option<&str>)], attaching: &[Attaching]) -> Self {
        Self(Mutex::new(State {
            disks: disks.iter().map(|(disk, holder)| (disk.clone(), holder.map(name))).collect(),
            attaching: attaching.iter().rev().copied().collect(),
            done: Vec::new(),
            is_away: false,
            cannot_detach: false,
            lag: 0,
            before: None,
        }))
    }

    pub(super) fn holder(&self, device: &DeviceRef) -> Option<QubeName> {
        let state = self.0.lock().unwrap();
        state.disks.iter().find(|(disk, _)| disk.port == device.port).and_then(|(_, holder)| holder.clone())
    }

    pub(super) fn done(&self) -> Vec<String> {
        self.0.lock().unwrap().done.clone()
    }
}

impl Hypervisor for Fake {
    type Hints = NoHints;

    async fn read(&self, scope: &Scope) -> Result<ScopeReply, Error> {
        let mut state = self.0.lock().unwrap();
        if state.is_away {
            return Err(Error::new(ErrorKind::Unreachable, "Gone."));
        }
        let disks = match state.before.take() {
            Some((left, disks)) if left > 0 => {
                state.before = Some((left - 1, disks.clone()));
                disks
            }
            _ => state.disks.clone(),
        };
        Ok(match scope {
            Scope::Exposed(..) => ScopeReply::Exposed(
                disks
                    .iter()
                    .map(|(disk, holder)| {
                        let mut info = DeviceInfo::unknown(disk.port.clone(), disk.id.clone());
                        info.holder.clone_from(holder);
                        info
                    })
                    .collect(),
            ),
            Scope::Attached(frontend, _) => ScopeReply::Attached(
                disks
                    .iter()
                    .filter(|(_, holder)| holder.as_ref() == Some(frontend))
                    .map(|(disk, _)| Attachment {
                        device: disk.clone(),
                        frontend: frontend.clone(),
                        mode: Mode::Manual,
                        options: Options::from_iter([("read-only", "yes")]),
                    })
                    .collect(),
            ),
            _ => return Err(Error::new(ErrorKind::Unsupported, "not asked in these tests")),
        })
    }

    async fn subscribe(&self) -> Result<NoHints, Error> {
        Ok(NoHints)
    }

    async fn perform(&self, action: &Action) -> Result<Performed, Error> {
        let mut state = self.0.lock().unwrap();
        state.before = Some((state.lag, state.disks.clone()));
        match action {
            Action::Attach { device, frontend, options } => {
                let read_only = if options.is_read_only() { " read-only" } else { "" };
                state.done.push(format!("attach {} {frontend}{read_only}", device.port.id));
                let attaching = state.attaching.pop().unwrap_or(Attaching::Works);
                state.is_away = matches!(
                    attaching,
                    Attaching::BreaksTheLink | Attaching::BreaksTheLinkAfterwards | Attaching::FallsSilent
                );
                state.cannot_detach = attaching == Attaching::TakesAnotherForGood;
                let place = state.disks.iter_mut().find(|(disk, _)| disk.port == device.port).unwrap();
                match attaching {
                    Attaching::Works | Attaching::BreaksTheLinkAfterwards => {
                        place.1 = Some(frontend.clone());
                    }
                    Attaching::TakesAnother | Attaching::TakesAnotherForGood => {
                        *place = (disk("sda", "evil"), Some(frontend.clone()));
                    }
                    Attaching::SaysYesAndDoesNothing => {}
                    Attaching::RefusesAnother => {
                        *place = (disk("sda", "evil"), None);
                        return Err(Error::new(ErrorKind::Refused, "It is ambiguous"));
                    }
                    Attaching::WorksWithoutAWord => {
                        place.1 = Some(frontend.clone());
                        return Err(Error::empty_reply());
                    }
                    Attaching::WorksAndIsCut => {
                        place.1 = Some(frontend.clone());
                        return Err(Error::new(ErrorKind::Malformed, "Cut."));
                    }
                    Attaching::FailsAndIsCut => return Err(Error::new(ErrorKind::Malformed, "Cut.")),
                    Attaching::FailsWithoutAWord | Attaching::FallsSilent => return Err(Error::empty_reply()),
                    Attaching::Fails => return Err(Error::new(ErrorKind::Refused, "No free device node.")),
                    Attaching::BreaksTheLink => return Err(Error::new(ErrorKind::Unreachable, "Gone.")),
                }
            }
            Action::Detach { device, frontend } => {
                state.done.push(format!("detach {} {frontend}", device.port.id));
                if state.cannot_detach {
                    return Err(Error::new(ErrorKind::Refused, "It is stuck."));
                }
                state.is_away = state.attaching.last() == Some(&Attaching::BreaksTheLinkAfterwards);
                state
                    .disks
                    .iter_mut()
                    .filter(|(disk, _)| disk == device)
                    .for_each(|(_, holder)| *holder = None);
            }
            Action::CreateDisposable(template) if template.as_str() == "lost-dvm" => {
                return Err(Error::new(ErrorKind::Unreachable, "Gone."));
            }
            Action::CreateDisposable(_) => {
                state.done.push("create".into());
                return Ok(Performed::Created(name("disp1")));
            }
            Action::Start(qube) => state.done.push(format!("start {qube}")),
            Action::Discard(qube) => state.done.push(format!("discard {qube}")),
            other => state.done.push(format!("{other:?}")),
        }
        Ok(Performed::Done)
    }
}

pub(super) fn run<T>(test: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap()
        .block_on(test)
}
