//! What the service is connected to: a hypervisor that can also say whether it is real.

use std::future::Future;

use device_bus::manager::Source;
use device_core::client::AdminClient;
use device_core::error::Error;
use device_core::hypervisor::Hypervisor;
use device_core::text::DisplayText;

/// A hypervisor that tells what it is.
pub trait Upstream: Hypervisor {
    /// What it is, asked anew at each connection: a socket can be served by another one tomorrow.
    ///
    /// # Errors
    /// When it can't be reached.
    fn source(&self) -> impl Future<Output = Result<Source, Error>> + Send;
}

impl Upstream for AdminClient {
    async fn source(&self) -> Result<Source, Error> {
        let world = self.simulated_world().await?;
        Ok(world.map_or(Source::Qubesd, |name| Source::Simulator(DisplayText::from_untrusted(&name))))
    }
}
