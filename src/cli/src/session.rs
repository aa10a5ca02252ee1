//! A run that works on one device class: what backends expose of it and what qubes hold or are assigned.

use device_core::assignment::{Assignment, Attachment};
use device_core::device::DeviceInfo;
use device_core::error::Error;
use device_core::hypervisor::Hypervisor;
use device_core::name::{DeviceClass, Port, QubeName};
use device_core::scope::{Scope, ScopeReply};

use crate::errand::{Errand, foreign_kind};
use crate::ledger::Ledger;

/// A run on one class.
pub struct Session<'a> {
    /// The class that the command line names.
    pub class: DeviceClass,
    /// The run.
    pub errand: Errand<'a>,
}

impl Session<'_> {
    /// What `backend` exposes of the class; with the holders only if it names them.
    pub async fn exposed(&self, backend: &QubeName) -> Result<Vec<DeviceInfo>, Error> {
        self.exposed_to(&self.errand.client.as_told(), backend).await
    }

    /// Who holds this device, as far as a backend or, on an older server, the qubes that run tell.
    pub async fn holder_of(&self, device: &DeviceInfo) -> Result<Option<QubeName>, Error> {
        let Port { backend, class, .. } = &device.port;
        let client = &self.errand.client;
        if !class.names_holder() || client.names_holder(class) {
            return Ok(device.holder.clone());
        }
        let devices = self.exposed_to(client, backend).await?;
        Ok(devices.into_iter().find(|there| there.port == device.port).and_then(|there| there.holder))
    }

    async fn exposed_to(&self, client: &Ledger, backend: &QubeName) -> Result<Vec<DeviceInfo>, Error> {
        let scope = Scope::Exposed(backend.clone(), self.class.clone());
        match client.read(&scope).await? {
            ScopeReply::Exposed(devices) => Ok(devices),
            _ => Err(foreign_kind()),
        }
    }

    /// What `frontend` holds of the class.
    pub async fn attached(&self, frontend: &QubeName) -> Result<Vec<Attachment>, Error> {
        let scope = Scope::Attached(frontend.clone(), self.class.clone());
        match self.errand.client.read(&scope).await? {
            ScopeReply::Attached(attachments) => Ok(attachments),
            _ => Err(foreign_kind()),
        }
    }

    /// Whether the server is older than R4.3; the list of qubes tells it where nothing did yet.
    pub async fn is_older(&mut self) -> bool {
        if self.errand.client.known_generation().is_none() {
            // A server that does not even say who there is counts as one of today.
            let _ = self.errand.qubes().await;
        }
        self.errand.is_known_as_older()
    }

    /// What is stored for `frontend`.
    pub async fn assigned(&self, frontend: &QubeName) -> Result<Vec<Assignment>, Error> {
        let scope = Scope::Assigned(frontend.clone(), self.class.clone());
        match self.errand.client.read(&scope).await? {
            ScopeReply::Assigned(assignments) => Ok(assignments),
            _ => Err(foreign_kind()),
        }
    }
}
