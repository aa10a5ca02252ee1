//! The deny list of a qube: kinds of devices that must not be attached to it by hand.
//!
//! # Source
//! Admin API facts 2.4 and 5.8.

use super::generation::Generation;
use super::older::unsupported;
use super::{AdminClient, text};
use crate::error::Error;
use crate::interface::Interface;
use crate::name::QubeName;
use crate::wire::request::Request;

impl AdminClient {
    /// What `qube` must not be given.
    ///
    /// # Errors
    /// The server's refusal, or trouble on the way; `Unsupported` on a server older than R4.3, which has no such list.
    pub async fn denied(&self, qube: &QubeName) -> Result<Vec<Interface>, Error> {
        self.must_have_deny_lists()?;
        let request = Request::new("admin.vm.device.denied.List", "", qube.as_str());
        let reply = self.read_call(request).await;
        if self.is_for_older(&reply).await {
            return Err(unsupported("deny lists"));
        }
        let data = reply?;
        Ok(text(&data).lines().filter(|line| !line.is_empty()).flat_map(Interface::split).collect())
    }

    /// Adds to the deny list of `qube`; what is on it already stays.
    ///
    /// # Errors
    /// The server's refusal, or trouble on the way.
    pub async fn deny(&self, qube: &QubeName, codes: &[Interface]) -> Result<(), Error> {
        self.denied_call("Add", qube, codes).await
    }

    /// Takes from the deny list of `qube`; what is not on it is ignored.
    ///
    /// # Errors
    /// The server's refusal, or trouble on the way.
    pub async fn allow(&self, qube: &QubeName, codes: &[Interface]) -> Result<(), Error> {
        self.denied_call("Remove", qube, codes).await
    }

    fn must_have_deny_lists(&self) -> Result<(), Error> {
        match self.memory.generation() {
            Some(Generation::Older) => Err(unsupported("deny lists")),
            _ => Ok(()),
        }
    }

    async fn denied_call(&self, verb: &str, qube: &QubeName, codes: &[Interface]) -> Result<(), Error> {
        self.must_have_deny_lists()?;
        let payload: String = codes.iter().map(Interface::as_str).collect();
        let method = format!("admin.vm.device.denied.{verb}");
        self.call(&Request::new(method, "", qube.as_str()).with_payload(payload)).await.map(drop)
    }
}
