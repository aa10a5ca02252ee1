//! A client's copy of the machine, made of the object tree and its signals.
//!
//! The recipe of the manual: listen first, then [`Replica::replace`] with what `GetManagedObjects` and `GetAll` tell,
//! then [`Replica::signal`] for every signal since the listening began, in order. What comes in is checked; an object
//! that is none becomes a [`Fault`] and is left out, the others stay.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use device_core::error::Error;
use device_core::machine::{Change, Link, Machine};
use device_core::name::Port;
use zbus::fdo::ManagedObjects;
use zbus::message::{Message, Type};
use zbus::names::OwnedInterfaceName;
use zbus::zvariant::{ObjectPath, OwnedObjectPath};

use crate::device::{DeviceProperties, PluggedIn};
use crate::manager::{ManagerProperties, Source};
use crate::names::{MANAGER, ROOT};
use crate::property::{Incoming, ShapeError};
use crate::qube::QubeProperties;

mod objects;
#[cfg(test)]
mod tests;

use objects::{Place, Told};

/// What became of something that came over the bus. The changes are made already.
#[derive(Debug, Default, PartialEq, Eq)]
#[must_use]
pub struct Update {
    /// What now holds, in order; nothing that held before.
    pub changes: Vec<Change>,
    /// What could not be read.
    pub faults: Vec<Fault>,
}

/// An object, or a signal about it, that could not be read.
#[derive(Debug, PartialEq, Eq)]
pub struct Fault {
    /// Where it stands.
    pub path: String,
    /// What is wrong with it.
    pub error: ShapeError,
}

/// The copy: the machine, and what the bus tells besides.
#[derive(Debug, Default)]
pub struct Replica {
    machine: Machine,
    plugged_in: BTreeMap<Port, PluggedIn>,
    manager: ManagerProperties,
}

impl Replica {
    /// The machine as far as it was told.
    #[must_use]
    pub fn machine(&self) -> &Machine {
        &self.machine
    }

    /// When the device on `port` was plugged in, if that was seen.
    #[must_use]
    pub fn plugged_in(&self, port: &Port) -> PluggedIn {
        self.plugged_in.get(port).copied().unwrap_or_default()
    }

    /// Where all of it comes from.
    #[must_use]
    pub fn source(&self) -> Source {
        Source::new(&self.manager.source)
    }

    /// Takes over the whole tree: what `GetManagedObjects` told, and `GetAll` of the Manager.
    pub fn replace(&mut self, objects: ManagedObjects, manager: Incoming) -> Update {
        let mut update = Update::default();
        let told = read_all(objects, &mut update);
        self.drop_all_but(&told, &mut update);
        for told in told {
            self.take(told, &mut update);
        }
        match ManagerProperties::from_incoming(manager) {
            Ok(properties) => self.take_manager(properties, &mut update),
            Err(error) => update.fault(ROOT, error),
        }
        update
    }

    /// Takes over one signal of the tree. Other messages are passed over, and so is the change of an object that the
    /// copy does not have.
    pub fn signal(&mut self, message: &Message) -> Update {
        let mut update = Update::default();
        let header = message.header();
        if let (Some(member), Some(path), Type::Signal) =
            (header.member(), header.path(), message.message_type())
            && self.dispatch(member, path, message, &mut update).is_err()
        {
            update.fault(path, ShapeError::Signal);
        }
        update
    }

    /// The service is gone, or the bus: what was known last stays, marked as lost.
    pub fn lost(&mut self, why: &Error) -> Update {
        let mut update = Update::default();
        self.make(Change::Link(Link::Lost(why.into())), &mut update);
        update
    }

    fn dispatch(
        &mut self,
        member: &str,
        path: &ObjectPath<'_>,
        message: &Message,
        update: &mut Update,
    ) -> zbus::Result<()> {
        let body = message.body();
        match member {
            "InterfacesAdded" => {
                let (object, interfaces): (OwnedObjectPath, Interfaces) = body.deserialize()?;
                for told in read_all([(object, interfaces)], update) {
                    self.take(told, update);
                }
            }
            "InterfacesRemoved" => {
                let (object, interfaces): (OwnedObjectPath, Vec<String>) = body.deserialize()?;
                for place in interfaces.iter().filter_map(|name| Place::of(&object, name)) {
                    self.drop_at(place, update);
                }
            }
            "PropertiesChanged" => {
                let (interface, changed, _): (String, Incoming, Vec<String>) = body.deserialize()?;
                self.change(path, &interface, changed, update);
            }
            _ => {}
        }
        Ok(())
    }

    /// An object that can no longer be read is dropped: nothing is shown rather than something untrue.
    fn change(&mut self, path: &ObjectPath<'_>, interface: &str, changed: Incoming, update: &mut Update) {
        if interface == MANAGER && path.as_str() == ROOT {
            let mut properties = self.manager.clone();
            if let Err(error) = properties.update(changed) {
                update.fault(path, error);
            }
            return self.take_manager(properties, update);
        }
        let Some(place) = Place::of(path, interface) else {
            return;
        };
        match self.changed(path, &place, changed) {
            Some(Ok(told)) => self.take(told, update),
            Some(Err(error)) => {
                update.fault(path, error);
                self.drop_at(place, update);
            }
            None => {}
        }
    }

    /// What the object at `place` is after a change; `None` when the copy does not have it.
    fn changed(
        &self,
        path: &ObjectPath<'_>,
        place: &Place,
        changed: Incoming,
    ) -> Option<Result<Told, ShapeError>> {
        Some(match place {
            Place::Device(port) => {
                let mut shape = DeviceProperties::new(self.machine.devices.get(port)?, self.plugged_in(port));
                shape.update(changed).and_then(|()| objects::device(path, &shape))
            }
            Place::Qube(name) => {
                let mut shape = QubeProperties::new(self.machine.qubes.get(name)?);
                shape.update(changed).and_then(|()| objects::qube(path, &shape))
            }
        })
    }

    fn take(&mut self, told: Told, update: &mut Update) {
        match told {
            Told::Device(device, plugged_in) => {
                let before = self.plugged_in.insert(device.port().clone(), plugged_in);
                let change = Change::Device(device);
                if before == Some(plugged_in) {
                    self.make(change, update);
                } else {
                    self.machine.apply(change.clone());
                    update.changes.push(change);
                }
            }
            Told::Qube(qube) => self.make(Change::Qube(qube), update),
        }
    }

    fn take_manager(&mut self, properties: ManagerProperties, update: &mut Update) {
        match properties.to_unreadable() {
            Ok(unreadable) => {
                let readable: Vec<_> = self
                    .machine
                    .unreadable
                    .keys()
                    .filter(|list| !unreadable.contains_key(*list))
                    .cloned()
                    .collect();
                for (backend, class) in readable {
                    self.make(Change::Unreadable(backend, class, None), update);
                }
                for ((backend, class), why) in unreadable {
                    self.make(Change::Unreadable(backend, class, Some(why)), update);
                }
            }
            Err(error) => update.fault(ROOT, error),
        }
        self.make(Change::Link(properties.to_link()), update);
        self.manager = properties;
    }

    fn drop_at(&mut self, place: Place, update: &mut Update) {
        match place {
            Place::Device(port) => {
                self.plugged_in.remove(&port);
                self.make(Change::DeviceGone(port), update);
            }
            Place::Qube(name) => self.make(Change::QubeGone(name), update),
        }
    }

    fn drop_all_but(&mut self, told: &[Told], update: &mut Update) {
        let (mut ports, mut names) = (BTreeSet::new(), BTreeSet::new());
        for told in told {
            match told {
                Told::Device(device, _) => ports.insert(device.port()).then_some(()),
                Told::Qube(qube) => names.insert(&qube.name).then_some(()),
            };
        }
        let gone_ports = self.machine.devices.keys().filter(|port| !ports.contains(port));
        let gone_names = self.machine.qubes.keys().filter(|name| !names.contains(name));
        let gone: Vec<_> =
            gone_ports.cloned().map(Place::Device).chain(gone_names.cloned().map(Place::Qube)).collect();
        for place in gone {
            self.drop_at(place, update);
        }
    }

    /// Makes `change` true, and tells it unless it held before.
    fn make(&mut self, change: Change, update: &mut Update) {
        if !holds(&self.machine, &change) {
            self.machine.apply(change.clone());
            update.changes.push(change);
        }
    }
}

impl Update {
    fn fault(&mut self, path: &str, error: ShapeError) {
        self.faults.push(Fault { path: path.to_owned(), error });
    }
}

/// Interfaces of one object, as `InterfacesAdded` and `GetManagedObjects` tell them.
type Interfaces = HashMap<OwnedInterfaceName, Incoming>;

fn read_all(
    objects: impl IntoIterator<Item = (OwnedObjectPath, Interfaces)>,
    update: &mut Update,
) -> Vec<Told> {
    let mut all = Vec::new();
    for (path, interfaces) in objects {
        for (interface, properties) in interfaces {
            match objects::read(&path, &interface, properties) {
                Ok(told) => all.extend(told),
                Err(error) => update.fault(&path, error),
            }
        }
    }
    all
}

fn holds(machine: &Machine, change: &Change) -> bool {
    match change {
        Change::Qube(qube) => machine.qubes.get(&qube.name) == Some(qube),
        Change::QubeGone(name) => !machine.qubes.contains_key(name),
        Change::Device(device) => machine.devices.get(device.port()) == Some(device),
        Change::DeviceGone(port) => !machine.devices.contains_key(port),
        Change::Unreadable(backend, class, why) => {
            machine.unreadable.get(&(backend.clone(), class.clone())) == why.as_ref()
        }
        Change::Link(link) => machine.link == *link,
    }
}
