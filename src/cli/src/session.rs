//! A run that works on one device class: what backends expose of it and what qubes hold or are assigned.

use device_core::assignment::{Assignment, Attachment};
use device_core::device::DeviceInfo;
use device_core::error::Error;
use device_core::hypervisor::Hypervisor;
use device_core::name::{DeviceClass, Port, QubeName};
use device_core::scope::{Scope, ScopeReply};
use device_core::wire::listing;
use device_core::wire::request::Request;

use crate::errand::{Errand, foreign_kind};

/// A run on one class.
pub struct Session<'a> {
    /// The class that the command line names.
    pub class: DeviceClass,
    /// The run.
    pub errand: Errand<'a>,
}

impl Session<'_> {
    /// What `backend` exposes of the class.
    pub async fn exposed(&self, backend: &QubeName) -> Result<Vec<DeviceInfo>, Error> {
        let scope = Scope::Exposed(backend.clone(), self.class.clone());
        match self.errand.client.read(&scope).await? {
            ScopeReply::Exposed(devices) => Ok(devices),
            _ => Err(foreign_kind()),
        }
    }

    /// What is on one port now.
    pub async fn exposed_on(&self, port: &Port) -> Result<Option<DeviceInfo>, Error> {
        let method = format!("admin.vm.device.{}.Available", port.class);
        let request = Request::new(method, port.id.as_str(), port.backend.as_str());
        let data = self.errand.client.read_call(request).await?;
        let (devices, _) = listing::exposed(&data, &port.backend, &port.class);
        Ok(devices.into_iter().find(|device| device.port == *port))
    }

    /// What `frontend` holds of the class.
    pub async fn attached(&self, frontend: &QubeName) -> Result<Vec<Attachment>, Error> {
        let scope = Scope::Attached(frontend.clone(), self.class.clone());
        match self.errand.client.read(&scope).await? {
            ScopeReply::Attached(attachments) => Ok(attachments),
            _ => Err(foreign_kind()),
        }
    }

    /// Whether `frontend` holds what is on this port now.
    pub async fn attached_on(&self, port: &Port, frontend: &QubeName) -> Result<Option<Attachment>, Error> {
        let method = format!("admin.vm.device.{}.Attached", port.class);
        let argument = format!("{}+{}", port.backend, port.id);
        let data = self.errand.client.read_call(Request::new(method, argument, frontend.as_str())).await?;
        let (attachments, _) = listing::attached(&data, frontend, &port.class);
        Ok(attachments.into_iter().find(|found| found.device.port == *port))
    }

    /// Whether `frontend` holds what is on this port now, asked of whoever tells it at the least cost: for most
    /// classes the backend, for those of dom0 the holder.
    pub async fn is_attached(&self, port: &Port, frontend: &QubeName) -> Result<bool, Error> {
        if port.class.is_dom0_only() {
            return Ok(self.attached_on(port, frontend).await?.is_some());
        }
        let present = self.exposed_on(port).await?;
        Ok(present.and_then(|device| device.holder).as_ref() == Some(frontend))
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
