//! The deny list of a qube: kinds of devices that must not be attached to it by hand.
//!
//! # Source
//! Admin API facts 2.4 and 5.8.

use super::{AdminClient, text};
use crate::error::Error;
use crate::interface::Interface;
use crate::name::QubeName;
use crate::wire::request::Request;

impl AdminClient {
    /// What `qube` must not be given.
    ///
    /// # Errors
    /// The server's refusal, or trouble on the way. A server older than R4.3 has no such list and refuses.
    pub async fn denied(&self, qube: &QubeName) -> Result<Vec<Interface>, Error> {
        let request = Request::new("admin.vm.device.denied.List", "", qube.as_str());
        let data = self.read_call(request).await?;
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

    async fn denied_call(&self, verb: &str, qube: &QubeName, codes: &[Interface]) -> Result<(), Error> {
        let payload: String = codes.iter().map(Interface::as_str).collect();
        let method = format!("admin.vm.device.denied.{verb}");
        self.call(&Request::new(method, "", qube.as_str()).with_payload(payload)).await.map(drop)
    }
}
