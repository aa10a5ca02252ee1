//! The whole service over one bus connection and one hypervisor.
//!
//! [`Service::serve`] puts the objects on the connection, so that nobody who calls finds nothing; then
//! [`Service::run`] watches and mirrors until the connection is gone.

use std::sync::Arc;

use device_bus::manager::Source;
use device_bus::names::ROOT;
use device_core::error::Error;
use device_core::machine::{Change, Link};
use device_core::watcher::Watcher;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use zbus::Connection;
use zbus::fdo::ObjectManager;

use crate::manager::Manager;
use crate::mirror::Mirror;
use crate::state::State;
use crate::underway::Underway;
use crate::upstream::Upstream;

/// Batches of changes that may wait for the bus; beyond this the watcher waits, and doubts are joined meanwhile.
const BATCHES_WAITING: usize = 8;

/// The service on a connection.
pub struct Service<H> {
    connection: Connection,
    hypervisor: Arc<H>,
    state: Arc<State>,
    mirror: Mirror,
    watcher: Watcher<H>,
    changes: mpsc::Receiver<Vec<Change>>,
    underway: Underway,
}

impl<H: Upstream> Service<H> {
    /// Puts the Manager and the tree on `connection`. Nothing is read yet.
    ///
    /// # Errors
    /// When the bus does not take the objects.
    pub async fn serve(connection: Connection, hypervisor: H) -> zbus::Result<Self> {
        let hypervisor = Arc::new(hypervisor);
        let state = Arc::new(State::default());
        let (sender, changes) = mpsc::channel(BATCHES_WAITING);
        let (watcher, handle) = Watcher::new(Arc::clone(&hypervisor), sender);
        let underway = Underway::default();
        let manager = Manager {
            hypervisor: Arc::clone(&hypervisor),
            state: Arc::clone(&state),
            watcher: handle,
            underway: underway.clone(),
        };
        connection.object_server().at(ROOT, manager).await?;
        connection.object_server().at(ROOT, ObjectManager).await?;
        let mirror = Mirror::new(connection.clone(), Arc::clone(&state));
        Ok(Self { connection, hypervisor, state, mirror, watcher, changes, underway })
    }

    /// The commands under way, for whoever ends the service.
    pub(crate) fn underway(&self) -> Underway {
        self.underway.clone()
    }

    /// Watches and mirrors until the connection is gone.
    pub async fn run(self) {
        let Self { connection, hypervisor, state, mut mirror, watcher, mut changes, underway: _ } = self;
        // Ends with `changes`, which it sends to.
        tokio::spawn(watcher.run());
        let mut sources = JoinSet::new();
        let mut is_source_known = false;
        loop {
            let told = tokio::select! {
                () = connection.closed() => return,
                Some(batch) = changes.recv() => {
                    let told = mirror.apply(batch).await;
                    match &state.snapshot().machine.link {
                        // Who answers next may be another one.
                        Link::Lost(_) => {
                            is_source_known = false;
                            sources = JoinSet::new();
                        }
                        // The devices come first: a menu without them is of no use, whoever they are from.
                        Link::Live if !is_source_known && sources.is_empty() => {
                            ask_source(&mut sources, &hypervisor);
                        }
                        Link::Live | Link::Resyncing => {}
                    }
                    told
                }
                Some(answer) = sources.join_next(), if !sources.is_empty() => match answer {
                    Ok(Ok(source)) => {
                        is_source_known = true;
                        tracing::info!(%source, "connected");
                        mirror.set_source(source).await
                    }
                    // Asked again with the next changes.
                    Ok(Err(_)) | Err(_) => Ok(()),
                }
            };
            if let Err(error) = told {
                if connection.is_closed() {
                    return;
                }
                tracing::error!(%error, "the bus did not take a change");
            }
        }
    }
}

fn ask_source<H: Upstream>(sources: &mut JoinSet<Result<Source, Error>>, hypervisor: &Arc<H>) {
    let hypervisor = Arc::clone(hypervisor);
    sources.spawn(async move { hypervisor.source().await });
}

#[cfg(test)]
mod tests;
