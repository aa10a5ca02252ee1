//! What is exposed, held and stored, asked of a server of either generation.

use super::generation::Generation;
use super::{AdminClient, is_refusal_without_words};
use crate::assignment::{Assignment, Attachment};
use crate::device::DeviceInfo;
use crate::error::Error;
use crate::hypervisor::Hypervisor;
use crate::name::{DeviceClass, Port, QubeName};
use crate::qube::QubeState;
use crate::wire::listing::{self, Listing, older};
use crate::wire::request::Request;

impl AdminClient {
    /// Every qube that the server lets us see.
    pub(super) async fn qubes(&self) -> Result<Vec<QubeState>, Error> {
        let request = Request::new("admin.vm.List", "", "dom0");
        self.list(request, |data| {
            if let Some(is_older) = listing::is_older_of_qubes(data) {
                self.memory.presume(Generation::of(is_older));
            }
            listing::qubes(data)
        })
        .await
    }

    /// Which generation the server is of, if anything told it yet.
    #[must_use]
    pub fn known_generation(&self) -> Option<Generation> {
        self.memory.generation()
    }

    /// Which generation the server is of. Asks nothing once it is known, as after any list of devices or qubes.
    ///
    /// # Errors
    /// When the list of qubes can't be read.
    pub async fn generation(&self) -> Result<Generation, Error> {
        if let Some(known) = self.memory.generation() {
            return Ok(known);
        }
        self.qubes().await?;
        Ok(self.memory.generation().unwrap_or(Generation::Current))
    }

    /// Whether a call that ended so was refused because the server is an older one. Only a refusal without words is such
    /// a refusal: after any other outcome, even that of a server that was found out to be older meanwhile, the call may
    /// have been carried out. Asks only when the generation is not known.
    pub(super) async fn is_for_older<T>(&self, outcome: &Result<T, Error>) -> bool {
        match outcome {
            Err(error) if is_refusal_without_words(error) => self.generation().await == Ok(Generation::Older),
            _ => false,
        }
    }

    /// What `backend` exposes. An older server says nothing of holders, so those are sought, unless nobody wants them;
    /// none are sought where nothing is exposed.
    pub(super) async fn exposed(
        &self,
        backend: &QubeName,
        class: &DeviceClass,
    ) -> Result<Vec<DeviceInfo>, Error> {
        let mut devices = self.available(backend, class, "").await?;
        let is_kept_back = class.names_holder() && !self.names_holder(class);
        if is_kept_back && self.seeks_holders && !devices.is_empty() {
            self.seek_holders(backend, class, &mut devices).await?;
        }
        Ok(devices)
    }

    /// What is on one port now. An older server does not say who holds it.
    ///
    /// # Errors
    /// The server's refusal, or trouble on the way.
    pub async fn exposed_on(&self, port: &Port) -> Result<Option<DeviceInfo>, Error> {
        let devices = self.available(&port.backend, &port.class, port.id.as_str()).await?;
        Ok(devices.into_iter().find(|device| device.port == *port))
    }

    /// What `frontend` holds; of a qube that does not run an older server tells what it will hold after its start.
    ///
    /// # Errors
    /// The server's refusal, or trouble on the way.
    pub async fn attached(&self, frontend: &QubeName, class: &DeviceClass) -> Result<Vec<Attachment>, Error> {
        self.attached_at(frontend, class, "").await
    }

    /// What `frontend` holds of this port.
    ///
    /// # Errors
    /// The server's refusal, or trouble on the way.
    pub async fn attached_on(&self, port: &Port, frontend: &QubeName) -> Result<Option<Attachment>, Error> {
        let argument = format!("{}+{}", port.backend, port.id);
        let held = self.attached_at(frontend, &port.class, &argument).await?;
        Ok(held.into_iter().find(|held| held.device.port == *port))
    }

    /// Whether `frontend` holds what is on this port now, asked of whoever tells it at the least cost: for most
    /// classes the backend, for those of dom0 and on an older server the holder.
    ///
    /// # Errors
    /// The server's refusal, or trouble on the way.
    pub async fn is_attached(&self, port: &Port, frontend: &QubeName) -> Result<bool, Error> {
        if !self.names_holder(&port.class) {
            return Ok(self.attached_on(port, frontend).await?.is_some());
        }
        let present = self.exposed_on(port).await?;
        Ok(present.and_then(|device| device.holder).as_ref() == Some(frontend))
    }

    /// What is stored for `frontend`.
    pub(super) async fn assigned(
        &self,
        frontend: &QubeName,
        class: &DeviceClass,
    ) -> Result<Vec<Assignment>, Error> {
        let parse = |data: &[u8]| listing::assigned(data, frontend, class);
        let listed = self.of_frontend(frontend, class, "Assigned", "", parse).await?;
        Ok(match listed {
            OfFrontend::Current(stored) => stored,
            OfFrontend::Older(listed) => {
                listed.into_iter().filter_map(older::Listed::into_assignment).collect()
            }
        })
    }

    async fn attached_at(
        &self,
        frontend: &QubeName,
        class: &DeviceClass,
        argument: &str,
    ) -> Result<Vec<Attachment>, Error> {
        let parse = |data: &[u8]| listing::attached(data, frontend, class);
        let listed = self.of_frontend(frontend, class, "Attached", argument, parse).await?;
        Ok(match listed {
            OfFrontend::Current(held) => held,
            OfFrontend::Older(listed) => listed.into_iter().map(older::Listed::into_attachment).collect(),
        })
    }

    async fn available(
        &self,
        backend: &QubeName,
        class: &DeviceClass,
        port: &str,
    ) -> Result<Vec<DeviceInfo>, Error> {
        let request = Request::new(format!("admin.vm.device.{class}.Available"), port, backend.as_str());
        self.list(request, |data| {
            let told = listing::is_older(data).map(Generation::of);
            if let Some(told) = told {
                self.memory.learn(told);
            }
            match told {
                Some(Generation::Older) => older::exposed(data, backend, class),
                _ => listing::exposed(data, backend, class),
            }
        })
        .await
    }

    /// One of the two lists that a frontend has, or the one that an older server has in place of both.
    async fn of_frontend<T>(
        &self,
        frontend: &QubeName,
        class: &DeviceClass,
        verb: &str,
        argument: &str,
        parse: impl FnOnce(&[u8]) -> Listing<T>,
    ) -> Result<OfFrontend<T>, Error> {
        let request =
            |verb: &str| Request::new(format!("admin.vm.device.{class}.{verb}"), argument, frontend.as_str());
        if self.memory.generation() != Some(Generation::Older) {
            let current = self.list(request(verb), parse).await;
            if !self.is_for_older(&current).await {
                if current.is_ok() {
                    self.memory.learn(Generation::Current);
                }
                return current.map(OfFrontend::Current);
            }
        }
        let listed = self.list(request("List"), |data| older::listed(data, frontend, class)).await?;
        Ok(OfFrontend::Older(listed))
    }

    /// Asks every qube that runs what it holds of `backend`. A qube that can't be asked holds nothing that we know of.
    async fn seek_holders(
        &self,
        backend: &QubeName,
        class: &DeviceClass,
        devices: &mut [DeviceInfo],
    ) -> Result<(), Error> {
        let qubes = self.qubes().await?;
        for qube in qubes.iter().filter(|qube| qube.state.is_running() && !qube.name.is_dom0()) {
            let held = match self.attached(&qube.name, class).await {
                Ok(held) => held,
                Err(error) if super::is_about_the_link(&error) => return Err(error),
                Err(_) => continue,
            };
            for held in held.iter().filter(|held| held.device.port.backend == *backend) {
                if let Some(device) = devices.iter_mut().find(|device| device.port == held.device.port) {
                    device.holder = Some(qube.name.clone());
                }
            }
        }
        Ok(())
    }
}

/// The reply of a frontend, as its generation gives it.
enum OfFrontend<T> {
    Current(Vec<T>),
    Older(Vec<older::Listed>),
}
