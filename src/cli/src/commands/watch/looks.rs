//! The way to the server for `watch`, which keeps in mind whose stored assignments were read more than once, and when
//! the server last said anything.
//!
//! Stored assignments are read last, long after a person was told that everything is watched. What the first look at them
//! finds was there before.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use device_core::client::EventHints;
use device_core::error::{Error, ErrorKind};
use device_core::hypervisor::{Action, Hypervisor, Performed};
use device_core::name::{DeviceClass, QubeName};
use device_core::scope::{Scope, ScopeReply};

use tokio::time::Instant;

use crate::ledger::Ledger;

/// A client that remembers its looks. Its clones share one memory.
#[derive(Debug, Clone)]
pub(super) struct Looks {
    client: Ledger,
    /// By whose assignments: how often they were read. Those of qubes that are gone are forgotten.
    read: Arc<Mutex<Read>>,
    /// When the server last answered; at first, when it was first to be asked.
    heard: Arc<Mutex<Instant>>,
}

type Read = BTreeMap<(QubeName, DeviceClass), u32>;

impl Looks {
    /// Nothing was read yet.
    pub(super) fn new(client: Ledger) -> Self {
        Self { client, read: Arc::default(), heard: Arc::new(Mutex::new(Instant::now())) }
    }

    /// Whether what is stored for the qube was read only once so far.
    pub(super) fn is_first(&self, qube: &QubeName, class: &DeviceClass) -> bool {
        self.memory().get(&(qube.clone(), class.clone())).is_none_or(|times| *times <= 1)
    }

    /// When the server last said anything, a refusal included.
    pub(super) fn last_heard(&self) -> Instant {
        *self.heard.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn hear<T>(&self, outcome: &Result<T, Error>) {
        let is_answer = |error: &Error| !matches!(error.kind(), ErrorKind::Unreachable | ErrorKind::Timeout);
        if outcome.as_ref().map_or_else(is_answer, |_| true) {
            *self.heard.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
        }
    }

    fn note(&self, scope: &Scope, reply: &ScopeReply) {
        match (scope, reply) {
            (Scope::Assigned(qube, class), _) => {
                let mut memory = self.memory();
                let times = memory.entry((qube.clone(), class.clone())).or_default();
                *times = times.saturating_add(1);
            }
            (Scope::Qubes, ScopeReply::Qubes(qubes)) => {
                self.memory().retain(|(name, _), _| qubes.iter().any(|qube| qube.name == *name));
            }
            _ => {}
        }
    }

    fn memory(&self) -> MutexGuard<'_, Read> {
        self.read.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Hypervisor for Looks {
    type Hints = EventHints;

    async fn read(&self, scope: &Scope) -> Result<ScopeReply, Error> {
        let reply = self.client.read(scope).await;
        self.hear(&reply);
        let reply = reply?;
        self.note(scope, &reply);
        Ok(reply)
    }

    fn names_holder(&self, class: &DeviceClass) -> bool {
        self.client.names_holder(class)
    }

    async fn subscribe(&self) -> Result<EventHints, Error> {
        let hints = self.client.subscribe().await;
        self.hear(&hints);
        hints
    }

    async fn perform(&self, action: &Action) -> Result<Performed, Error> {
        self.client.perform(action).await
    }
}
