//! What the mirror knows, for those who only look: commands and the properties of the Manager.
//!
//! Written by [`crate::mirror`] alone. A reader takes a snapshot and keeps no lock while it waits for anything.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use device_bus::manager::{ManagerProperties, Source};
use device_core::machine::Machine;

/// Version of this service, as the bus tells it.
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The shared part of the mirror.
#[derive(Debug, Default)]
pub(crate) struct State(Mutex<Known>);

/// What is known at one moment.
#[derive(Debug, Clone, Default)]
pub(crate) struct Known {
    /// The machine; shared, so that a snapshot costs nothing.
    pub(crate) machine: Arc<Machine>,
    /// Where it comes from.
    pub(crate) source: Source,
    /// Whether the machine was read as a whole at least once.
    pub(crate) was_whole: bool,
}

impl State {
    /// What is known now.
    pub(crate) fn snapshot(&self) -> Known {
        self.lock().clone()
    }

    /// Changes what is known.
    pub(crate) fn change<T>(&self, change: impl FnOnce(&mut Known) -> T) -> T {
        change(&mut self.lock())
    }

    /// Nothing that holds the lock can panic half-way through a change, so a poisoned lock is a good one.
    fn lock(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    /// The machine, to be changed. It is copied only while somebody holds a snapshot.
    pub(crate) fn machine_mut(&mut self) -> &mut Machine {
        Arc::make_mut(&mut self.machine)
    }

    /// The properties of the Manager.
    pub(crate) fn to_properties(&self) -> ManagerProperties {
        ManagerProperties::new(VERSION, &self.source, &self.machine)
    }
}
