//! Objects on the bus: put one there, change it, take it away, and tell those who listen.
//!
//! `InterfacesAdded` and `InterfacesRemoved` are sent by the object server; `PropertiesChanged` is sent here, one
//! signal per change, with only what differs.

use std::borrow::Cow;

use device_bus::property::Outgoing;
use zbus::Connection;
use zbus::fdo::Properties;
use zbus::names::InterfaceName;
use zbus::object_server::{Interface, SignalEmitter};
use zbus::zvariant::ObjectPath;

/// An object that mirrors something.
pub(crate) trait Mirrored: Interface + Sized {
    /// Becomes `new` and returns the properties that differ.
    fn become_new(&mut self, new: Self) -> Outgoing;
}

/// Puts `object` at `path`.
pub(crate) async fn add<O: Mirrored>(
    connection: &Connection,
    path: &ObjectPath<'_>,
    object: O,
) -> zbus::Result<()> {
    if !connection.object_server().at(path, object).await? {
        tracing::error!(%path, "there is an object at this path already");
    }
    Ok(())
}

/// Makes the object at `path` become `new`.
pub(crate) async fn change<O: Mirrored>(
    connection: &Connection,
    path: &ObjectPath<'_>,
    new: O,
) -> zbus::Result<()> {
    let object = connection.object_server().interface::<_, O>(path).await?;
    let differences = object.get_mut().await.become_new(new);
    tell(object.signal_emitter(), O::name(), differences).await
}

/// Takes the object at `path` away.
pub(crate) async fn remove<O: Mirrored>(connection: &Connection, path: &ObjectPath<'_>) -> zbus::Result<()> {
    connection.object_server().remove::<O, _>(path).await.map(drop)
}

/// Tells that these properties of an object are now so. Nothing is sent when there is none.
pub(crate) async fn tell(
    emitter: &SignalEmitter<'_>,
    interface: InterfaceName<'_>,
    changed: Outgoing,
) -> zbus::Result<()> {
    if changed.is_empty() {
        return Ok(());
    }
    Properties::properties_changed(emitter, interface, changed, Cow::Borrowed(&[])).await
}
