//! The last look before a yes to somebody else who attaches: the service reads the port afresh.
//!
//! It stands beside the loop of the link and not in it: who asks waits for one answer, and nothing of it is shown to
//! anybody else.

use std::collections::HashMap;
use std::time::Duration;

use device_bus::error::from_bus;
use device_bus::path;
use device_bus::proxy::ManagerProxy;
use device_core::error::{Error, ErrorKind};
use device_core::name::{DeviceRef, QubeName};
use tokio::time::timeout;
use zbus::Connection;
use zbus::proxy::CacheProperties;

/// Longest wait for all of it. A port is read in less than a second; a service that does not answer at all must not
/// hold up who asks for ever. Beyond, the look counts as one that could not be had.
const ANSWER_WITHIN: Duration = Duration::from_secs(20);

/// Has devices looked at. A clone asks the same service.
#[derive(Debug, Clone)]
pub(crate) struct Checker(Connection);

impl Checker {
    pub(crate) fn new(connection: Connection) -> Self {
        Self(connection)
    }

    /// Whether each of these devices is, now, the one that was seen, and may go to `qube`.
    ///
    /// # Errors
    /// The first reason against it, or why it can't be known.
    pub(crate) async fn check(self, devices: Vec<DeviceRef>, qube: QubeName) -> Result<(), Error> {
        let checked = async {
            let manager =
                ManagerProxy::builder(&self.0).cache_properties(CacheProperties::No).build().await?;
            for device in &devices {
                let object = path::of_device(&device.port);
                manager.check(&object, device.id.as_str(), qube.as_str(), HashMap::new()).await?;
            }
            zbus::Result::Ok(())
        };
        match timeout(ANSWER_WITHIN, checked).await {
            Ok(outcome) => outcome.map_err(|error| from_bus(&error)),
            Err(_) => Err(Error::new(ErrorKind::Timeout, "The device service did not answer.")),
        }
    }
}
