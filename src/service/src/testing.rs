//! For tests: a service over a socket pair, a client that keeps a copy, and a hypervisor that can misbehave.

use std::collections::HashMap;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::time::Duration;

use device_bus::names::ROOT;
use device_bus::path;
use device_bus::proxy::ManagerProxy;
use device_bus::replica::Replica;
use device_core::machine::{Link, Machine};
use device_core::name::DeviceRef;
use tokio::net::UnixStream;
use zbus::export::futures_core::Stream;
use zbus::fdo::{ObjectManagerProxy, PropertiesProxy};
use zbus::message::{Message, Type};
use zbus::names::InterfaceName;
use zbus::zvariant::{OwnedObjectPath, Value};
use zbus::{Connection, MessageStream};

use crate::service::Service;
use crate::upstream::Upstream;

mod fake;
mod manual;

pub(crate) use fake::{Cut, Fake, disk, name, stick};
pub(crate) use manual::assert_manual;

/// Longest wait for something that has to happen.
const DEADLINE: Duration = Duration::from_secs(20);

/// No options.
pub(crate) fn plain() -> HashMap<&'static str, Value<'static>> {
    HashMap::new()
}

/// Waits for something that has to happen.
pub(crate) async fn within<T>(something: impl Future<Output = T>) -> T {
    tokio::time::timeout(DEADLINE, something).await.expect("it should have happened long ago")
}

/// Two ends of a connection without a bus: the service's, the client's.
pub(crate) async fn socket_pair() -> (Connection, Connection) {
    let (left, right) = UnixStream::pair().unwrap();
    let guid = zbus::Guid::generate();
    let server = zbus::connection::Builder::unix_stream(left).server(guid).unwrap().p2p().build();
    let client = zbus::connection::Builder::unix_stream(right).p2p().build();
    let (server, client) = tokio::join!(server, client);
    (server.unwrap(), client.unwrap())
}

/// A client that keeps a copy of what the service tells.
pub(crate) struct Client {
    pub(crate) connection: Connection,
    pub(crate) replica: Replica,
    messages: MessageStream,
}

impl Client {
    /// A client of a service that serves `hypervisor`, with all of it read.
    pub(crate) async fn of(hypervisor: impl Upstream) -> Self {
        let mut client = Self::of_unread(hypervisor).await;
        client.until(|machine| machine.link == Link::Live).await;
        client
    }

    /// A client of a service that has only begun.
    pub(crate) async fn of_unread(hypervisor: impl Upstream) -> Self {
        let (server, client) = socket_pair().await;
        let service = Service::serve(server, hypervisor).await.unwrap();
        let client = Self::on(client).await;
        tokio::spawn(service.run());
        client
    }

    /// A client on a connection whose other end serves already.
    pub(crate) async fn on(connection: Connection) -> Self {
        let messages = MessageStream::from(&connection);
        let mut client = Self { connection, replica: Replica::default(), messages };
        client.list().await;
        client
    }

    /// Takes over the whole tree, as the manual tells.
    pub(crate) async fn list(&mut self) {
        let objects = ObjectManagerProxy::builder(&self.connection)
            .destination("org.plugboard.Devices1")
            .and_then(|builder| builder.path(ROOT))
            .unwrap()
            .build()
            .await
            .unwrap();
        let objects = within(objects.get_managed_objects()).await.unwrap();
        let manager = self.properties(ROOT, "org.plugboard.Devices1.Manager").await;
        let update = self.replica.replace(objects, manager);
        assert_eq!(update.faults, []);
    }

    /// All properties of one interface.
    pub(crate) async fn properties(
        &self,
        path: &str,
        interface: &'static str,
    ) -> device_bus::property::Incoming {
        let properties = PropertiesProxy::builder(&self.connection)
            .destination("org.plugboard.Devices1")
            .and_then(|builder| builder.path(path.to_owned()))
            .unwrap()
            .build()
            .await
            .unwrap();
        within(properties.get_all(InterfaceName::from_static_str(interface).unwrap())).await.unwrap()
    }

    /// The commands.
    pub(crate) async fn manager(&self) -> ManagerProxy<'static> {
        ManagerProxy::builder(&self.connection)
            .cache_properties(zbus::proxy::CacheProperties::No)
            .build()
            .await
            .unwrap()
    }

    /// The next signal, taken into the copy.
    pub(crate) async fn next_signal(&mut self) -> Message {
        loop {
            let message = within(poll_fn(|context| Pin::new(&mut self.messages).poll_next(context)));
            let message = message.await.expect("the service went away").unwrap();
            if message.message_type() == Type::Signal {
                let update = self.replica.signal(&message);
                assert_eq!(update.faults, []);
                return message;
            }
        }
    }

    /// Follows the signals until the copy is as wished.
    pub(crate) async fn until(&mut self, wished: impl Fn(&Machine) -> bool) {
        while !wished(self.replica.machine()) {
            self.next_signal().await;
        }
    }
}

/// Path and id of a device, as a command takes them.
pub(crate) fn words(device: &DeviceRef) -> (OwnedObjectPath, &str) {
    (path::of_device(&device.port), device.id.as_str())
}
