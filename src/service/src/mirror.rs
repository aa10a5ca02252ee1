//! Makes each change of the machine true on the bus.
//!
//! Changes come from the watcher, in order; the objects of devices and qubes and the properties of the Manager follow
//! them one by one. The only writer of [`State`] and of the tree.

mod arrivals;

use std::sync::Arc;

use device_bus::device::DeviceProperties;
use device_bus::manager::Source;
use device_bus::names::{MANAGER, ROOT};
use device_bus::path;
use device_bus::qube::QubeProperties;
use device_core::device::{Device, Presence, SharedDevice};
use device_core::machine::{Change, Link, Machine, Trouble};
use device_core::name::Port;
use device_core::qube::Qube;
use zbus::Connection;
use zbus::names::InterfaceName;
use zbus::object_server::SignalEmitter;

use crate::device::DeviceObject;
use crate::qube::QubeObject;
use crate::state::{Known, State};
use crate::tree;
use arrivals::Arrivals;

/// The mirror on one connection.
pub(crate) struct Mirror {
    connection: Connection,
    state: Arc<State>,
    arrivals: Arrivals,
}

impl Mirror {
    /// An empty mirror.
    pub(crate) fn new(connection: Connection, state: Arc<State>) -> Self {
        Self { connection, state, arrivals: Arrivals::default() }
    }

    /// Makes a batch of changes true.
    ///
    /// # Errors
    /// When the bus does not take them: the connection is gone.
    pub(crate) async fn apply(&mut self, batch: Vec<Change>) -> zbus::Result<()> {
        self.arrivals.readable_again.clear();
        for change in batch {
            self.make(change).await?;
        }
        Ok(())
    }

    /// Tells where all of it comes from.
    ///
    /// # Errors
    /// When the bus does not take it.
    pub(crate) async fn set_source(&self, source: Source) -> zbus::Result<()> {
        self.change_known(|known| known.source = source).await
    }

    async fn make(&mut self, change: Change) -> zbus::Result<()> {
        match change {
            Change::Device(device) => self.put_device(device).await,
            Change::DeviceGone(port) => {
                if self.state.change(|known| known.machine_mut().devices.remove(&port)).is_some() {
                    self.remove_device(&port).await?;
                }
                Ok(())
            }
            Change::Qube(qube) => self.put_qube(qube).await,
            Change::QubeGone(name) => {
                if self.state.change(|known| known.machine_mut().qubes.remove(&name)).is_some() {
                    tree::remove::<QubeObject>(&self.connection, &path::of_qube(&name)).await?;
                }
                Ok(())
            }
            Change::Link(link) => self.put_link(link).await,
            Change::Unreadable(backend, class, reason) => {
                if reason.is_none() {
                    self.arrivals.readable_again.insert((backend.clone(), class.clone()));
                }
                let change = Change::Unreadable(backend, class, reason);
                self.change_known(|known| known.machine_mut().apply(change)).await
            }
        }
    }

    async fn put_device(&mut self, device: SharedDevice) -> zbus::Result<()> {
        let port = device.port();
        let path = path::of_device(port);
        let before =
            self.state.change(|known| known.machine_mut().devices.insert(port.clone(), Arc::clone(&device)));
        match before {
            Some(before) if before.info.id.becomes(&device.info.id) => {
                if (before.presence, device.presence) == (Presence::Removed, Presence::Present) {
                    self.arrivals.appeared(&self.state.snapshot().machine, &device);
                }
                self.arrivals.changed(&before, &device);
                return tree::change(&self.connection, &path, self.object(&device)).await;
            }
            // Another device on the port is another object, although it takes the same path.
            Some(_) => self.remove_device(port).await?,
            None => {}
        }
        self.arrivals.appeared(&self.state.snapshot().machine, &device);
        tree::add(&self.connection, &path, self.object(&device)).await
    }

    async fn remove_device(&mut self, port: &Port) -> zbus::Result<()> {
        self.arrivals.gone(port);
        tree::remove::<DeviceObject>(&self.connection, &path::of_device(port)).await
    }

    async fn put_qube(&self, qube: Arc<Qube>) -> zbus::Result<()> {
        let path = path::of_qube(&qube.name);
        let object = QubeObject(QubeProperties::new(&qube));
        match self.state.change(|known| known.machine_mut().qubes.insert(qube.name.clone(), qube)) {
            Some(_) => tree::change(&self.connection, &path, object).await,
            None => tree::add(&self.connection, &path, object).await,
        }
    }

    async fn put_link(&mut self, link: Link) -> zbus::Result<()> {
        log_link(&self.state.snapshot().machine, &link);
        match link {
            Link::Live => self.arrivals.is_whole = true,
            Link::Lost(_) => self.arrivals.is_whole = false,
            Link::Resyncing => {}
        }
        self.change_known(|known| {
            known.was_whole |= link == Link::Live;
            known.machine_mut().link = link;
        })
        .await
    }

    /// Changes what the Manager tells, and tells what differs.
    async fn change_known(&self, change: impl FnOnce(&mut Known)) -> zbus::Result<()> {
        let before = self.state.snapshot().to_properties();
        self.state.change(change);
        let differences = before.differences(&self.state.snapshot().to_properties());
        let emitter = SignalEmitter::new(&self.connection, ROOT)?;
        tree::tell(&emitter, InterfaceName::from_static_str_unchecked(MANAGER), differences).await
    }

    fn object(&self, device: &Device) -> DeviceObject {
        DeviceObject(DeviceProperties::new(device, self.arrivals.of(device.port())))
    }
}

/// One line per outage, and one when all is well again.
fn log_link(before: &Machine, link: &Link) {
    match (&before.link, link) {
        (Link::Lost(_), Link::Lost(_)) => {}
        (_, Link::Lost(Trouble { sentence, .. })) => {
            tracing::warn!("the link is lost, trying again and again: {sentence}");
        }
        (_, Link::Resyncing) => tracing::debug!("reading what there is"),
        (_, Link::Live) => tracing::info!(
            qubes = before.qubes.len(),
            devices = before.devices.len(),
            unreadable = before.unreadable.len(),
            "the mirror is whole"
        ),
    }
}

#[cfg(test)]
mod tests;
