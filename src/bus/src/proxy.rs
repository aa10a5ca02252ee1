//! Proxies: the contract as a client calls it.
//!
//! For the tree use `zbus::fdo::ObjectManagerProxy` at [`crate::names::ROOT`]; what it tells goes into a
//! [`crate::replica::Replica`]. Errors are read with [`crate::error::from_bus`].
//! Build the proxy with `CacheProperties::No`: the replica is the copy, a second one would only cost signals.

use std::collections::HashMap;

use zbus::zvariant::{ObjectPath, Value};

use crate::manager::UnreadableList;

/// Commands, and what is true of the service as a whole. Every command may take minutes.
#[zbus::proxy(
    interface = "org.plugboard.Devices1.Manager",
    default_service = "org.plugboard.Devices1",
    default_path = "/org/plugboard/Devices1",
    gen_blocking = false
)]
pub trait Manager {
    /// Attaches the device to a running qube.
    fn attach(
        &self,
        device: &ObjectPath<'_>,
        id: &str,
        qube: &str,
        options: HashMap<&str, Value<'_>>,
    ) -> zbus::Result<()>;

    /// Looks afresh whether the device could be attached to the qube, and does nothing.
    fn check(
        &self,
        device: &ObjectPath<'_>,
        id: &str,
        qube: &str,
        options: HashMap<&str, Value<'_>>,
    ) -> zbus::Result<()>;

    /// Takes the device from the qube.
    fn detach(
        &self,
        device: &ObjectPath<'_>,
        id: &str,
        qube: &str,
        options: HashMap<&str, Value<'_>>,
    ) -> zbus::Result<()>;

    /// Detaches the device from where it is and attaches it to this qube.
    #[zbus(name = "Move")]
    fn move_to(
        &self,
        device: &ObjectPath<'_>,
        id: &str,
        qube: &str,
        options: HashMap<&str, Value<'_>>,
    ) -> zbus::Result<()>;

    /// Stores that the device belongs to the qube.
    fn assign(
        &self,
        device: &ObjectPath<'_>,
        id: &str,
        qube: &str,
        mode: &str,
        options: HashMap<&str, Value<'_>>,
    ) -> zbus::Result<()>;

    /// Drops every stored assignment of the device to the qube.
    fn unassign(
        &self,
        device: &ObjectPath<'_>,
        id: &str,
        qube: &str,
        options: HashMap<&str, Value<'_>>,
    ) -> zbus::Result<()>;

    /// Starts the qube.
    fn start_qube(&self, qube: &str, options: HashMap<&str, Value<'_>>) -> zbus::Result<()>;

    /// Asks the qube to shut down.
    fn shutdown_qube(&self, qube: &str, options: HashMap<&str, Value<'_>>) -> zbus::Result<()>;

    /// Puts a mark on the device, or takes it away; [`crate::options::mark_word`] names marks.
    fn set_mark(
        &self,
        device: &ObjectPath<'_>,
        id: &str,
        mark: &str,
        is_set: bool,
        options: HashMap<&str, Value<'_>>,
    ) -> zbus::Result<()>;

    /// Creates and starts a disposable and attaches the device to it; tells its name.
    fn attach_to_new_disposable(
        &self,
        device: &ObjectPath<'_>,
        id: &str,
        template: &str,
        options: HashMap<&str, Value<'_>>,
    ) -> zbus::Result<String>;

    /// Creates and starts a disposable and moves the device to it from where it is; tells its name.
    fn move_to_new_disposable(
        &self,
        device: &ObjectPath<'_>,
        id: &str,
        template: &str,
        options: HashMap<&str, Value<'_>>,
    ) -> zbus::Result<String>;

    /// Has the whole mirror read again.
    fn refresh(&self, options: HashMap<&str, Value<'_>>) -> zbus::Result<()>;

    /// Version of the running service.
    #[zbus(property)]
    fn version(&self) -> zbus::Result<String>;

    /// Where all of it comes from; [`crate::manager::Source::new`] reads it.
    #[zbus(property)]
    fn source(&self) -> zbus::Result<String>;

    /// How far the tree can be trusted.
    #[zbus(property)]
    fn link(&self) -> zbus::Result<String>;

    /// Why the link is lost.
    #[zbus(property)]
    fn link_error(&self) -> zbus::Result<String>;

    /// Which kind of error that is, by its name.
    #[zbus(property)]
    fn link_error_name(&self) -> zbus::Result<String>;

    /// Lists of devices that can't be read.
    #[zbus(property)]
    fn unreadable(&self) -> zbus::Result<Vec<UnreadableList>>;
}

#[cfg(test)]
mod tests {
    use zbus::proxy::Defaults;

    use super::*;
    use crate::names;

    #[test]
    fn the_proxy_goes_to_the_names_of_the_contract() {
        let expected = (names::MANAGER.try_into(), names::BUS.try_into(), names::ROOT.try_into());
        assert_eq!(ManagerProxy::INTERFACE.clone(), expected.0.ok());
        assert_eq!(ManagerProxy::DESTINATION.clone(), expected.1.ok());
        assert_eq!(ManagerProxy::PATH.clone(), expected.2.ok());
    }
}
