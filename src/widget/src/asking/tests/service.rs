//! A service of which nothing works but the last look, over a socket pair and without a bus.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use device_bus::names::ROOT;
use device_core::name::DeviceRef;
use tokio::net::UnixStream;
use tokio::sync::watch;
use zbus::Connection;
use zbus::zvariant::{ObjectPath, OwnedValue};

use crate::link::Checker;

/// What a look finds.
#[derive(Debug, Clone)]
pub(super) enum Finding {
    /// Everything as it was seen.
    AsSeen,
    /// The end of the error's name, and its sentence.
    Against(&'static str, &'static str),
    /// Nothing yet: it takes its time.
    NothingYet,
}

/// The service, and the way to it.
pub(super) struct FakeService {
    finding: watch::Sender<Finding>,
    asked: Arc<Mutex<Vec<String>>>,
    server: Option<Connection>,
    client: Connection,
}

impl FakeService {
    /// One that finds everything as it was seen.
    pub(super) async fn serve() -> Self {
        let (left, right) = UnixStream::pair().unwrap();
        let (finding, asked) = (watch::Sender::new(Finding::AsSeen), Arc::default());
        let manager = Manager { finding: finding.subscribe(), asked: Arc::clone(&asked) };
        let server = zbus::connection::Builder::unix_stream(left)
            .server(zbus::Guid::generate())
            .and_then(|builder| builder.serve_at(ROOT, manager))
            .unwrap()
            .p2p()
            .build();
        let client = zbus::connection::Builder::unix_stream(right).p2p().build();
        let (server, client) = tokio::join!(server, client);
        Self { finding, asked, server: Some(server.unwrap()), client: client.unwrap() }
    }

    pub(super) fn checker(&self) -> Checker {
        Checker::new(self.client.clone())
    }

    /// Finds this from now on; who waits is answered so.
    pub(super) fn find(&self, finding: Finding) {
        self.finding.send_replace(finding);
    }

    /// Goes away, whoever waits.
    pub(super) async fn end(&mut self) {
        if let Some(server) = self.server.take() {
            server.close().await.unwrap();
        }
    }

    /// What it was asked so far: place, id and qube.
    pub(super) fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

struct Manager {
    finding: watch::Receiver<Finding>,
    asked: Arc<Mutex<Vec<String>>>,
}

#[zbus::interface(name = "org.plugboard.Devices1.Manager")]
impl Manager {
    async fn check(
        &self,
        device: ObjectPath<'_>,
        id: String,
        qube: String,
        options: HashMap<String, OwnedValue>,
    ) -> Result<(), Against> {
        assert!(options.is_empty());
        let port = device_bus::path::to_port(&device).unwrap();
        self.asked.lock().unwrap().push(format!("{port} {id} {qube}"));
        let mut finding = self.finding.clone();
        let found = finding.wait_for(|finding| !matches!(finding, Finding::NothingYet)).await;
        match found.map(|finding| finding.clone()) {
            Ok(Finding::Against(kind, sentence)) => Err(Against(kind, sentence)),
            _ => Ok(()),
        }
    }
}

/// An error as the contract has it.
#[derive(Debug)]
struct Against(&'static str, &'static str);

impl zbus::DBusError for Against {
    fn create_reply(&self, call: &zbus::message::Header<'_>) -> zbus::Result<zbus::Message> {
        zbus::Message::error(call, self.name())?.build(&self.1)
    }

    fn name(&self) -> zbus::names::ErrorName<'_> {
        format!("org.plugboard.Devices1.Error.{}", self.0).try_into().unwrap()
    }

    fn description(&self) -> Option<&str> {
        Some(self.1)
    }
}

/// What a look at this device for this qube is called in [`FakeService::asked`].
pub(super) fn look(device: &DeviceRef, qube: &str) -> String {
    format!("{} {} {qube}", device.port, device.id)
}
