//! The border between the mirror and whoever runs the qubes.
//!
//! Left of it stands `client` (the Admin API); a second implementation (libvirt, say) fits in here too, because
//! nothing in this file names a byte or a call of the Admin API.

use std::future::Future;

use crate::assignment::{Assignment, Mode, Options};
use crate::error::Error;
use crate::mark::Mark;
use crate::name::{DeviceClass, DeviceRef, QubeName};
use crate::scope::{Hint, Scope, ScopeReply};

/// A service that manages qubes and their devices.
pub trait Hypervisor: Send + Sync + 'static {
    /// The stream that [`Hypervisor::subscribe`] opens.
    type Hints: Hints;

    /// Reads one scope: what is true of it now.
    ///
    /// # Errors
    /// `Unreachable` speaks of the link; every other kind speaks of this scope only.
    fn read(&self, scope: &Scope) -> impl Future<Output = Result<ScopeReply, Error>> + Send;

    /// Whether [`Scope::Exposed`] of this class names the holder of each device without a look at every qube. Where it
    /// does not, the qube itself is asked at less cost whether it holds one.
    fn names_holder(&self, class: &DeviceClass) -> bool {
        class.names_holder()
    }

    /// Opens the stream of hints. What happened before is not in it: read everything after subscribing.
    ///
    /// # Errors
    /// `Unreachable` or `Denied`.
    fn subscribe(&self) -> impl Future<Output = Result<Self::Hints, Error>> + Send;

    /// Carries out one change. It may take minutes.
    ///
    /// # Errors
    /// The hypervisor's refusal, or `Unreachable` when the link went away and the outcome is not known.
    fn perform(&self, action: &Action) -> impl Future<Output = Result<Performed, Error>> + Send;
}

/// Hints where something may have changed.
pub trait Hints: Send {
    /// Waits for the next hints. Must be cancel-safe: a call that is dropped loses nothing.
    ///
    /// # Errors
    /// The stream ended; hints may have been lost.
    fn next(&mut self) -> impl Future<Output = Result<Vec<Hint>, Error>> + Send;
}

/// One change, as the hypervisor carries it out. `command` is the only caller: it checks before and after.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Attach the device, live.
    Attach {
        /// Exactly this device.
        device: DeviceRef,
        /// Into this qube.
        frontend: QubeName,
        /// This way.
        options: Options,
    },
    /// Detach the device.
    Detach {
        /// Exactly this device.
        device: DeviceRef,
        /// From this qube.
        frontend: QubeName,
    },
    /// Store an assignment.
    Assign(Assignment),
    /// Drop a stored assignment.
    Unassign(Assignment),
    /// Change the mode of a stored assignment.
    SetMode(Assignment, Mode),
    /// Put a mark on a device, or take it away.
    Mark {
        /// This device; it need not be there.
        device: DeviceRef,
        /// This mark.
        mark: Mark,
        /// Whether it carries the mark from now on.
        is_set: bool,
    },
    /// Start a qube.
    Start(QubeName),
    /// Shut a qube down (does not wait for it).
    Shutdown(QubeName),
    /// End a disposable at once and forget it.
    Discard(QubeName),
    /// Create a disposable based on this template; it is not started.
    CreateDisposable(QubeName),
}

/// What came of an action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Performed {
    /// Done.
    Done,
    /// A disposable of this name exists now.
    Created(QubeName),
}
