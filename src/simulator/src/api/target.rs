//! Which device a call means: the device argument, with its backend looked up.
//!
//! # Source
//! Admin API facts 3.5.

use device_core::name::QubeName;
use device_core::wire::argument::DeviceArgument;

use super::Call;
use crate::refusal::Refusal;
use crate::state::State;

/// A device or a pattern of devices; `None` = any.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) backend: QubeName,
    pub(super) port: Option<String>,
    pub(super) device: Option<String>,
}

impl Target {
    /// `BACKEND:PORT:DEVICE` with `*` for any.
    pub(super) fn text(&self) -> String {
        format!("{}:{}:{}", self.backend, self.port_text(), self.device.as_deref().unwrap_or("*"))
    }

    /// The port, or `*`.
    pub(super) fn port_text(&self) -> &str {
        self.port.as_deref().unwrap_or("*")
    }
}

impl State {
    /// The device a call names.
    pub(super) fn target(&self, call: Call<'_>) -> Result<Target, Refusal> {
        let argument = DeviceArgument::parse(call.wanted_argument()?).ok_or(Refusal::Crash)?;
        let backend = argument
            .backend
            .and_then(|name| QubeName::new(&name).ok())
            .filter(|name| self.qube(name).is_some())
            .ok_or(Refusal::Crash)?;
        Ok(Target { backend, port: argument.port, device: argument.device })
    }

    /// The device that a list is narrowed to; `None` = the whole list.
    pub(super) fn filter(&self, call: Call<'_>) -> Result<Option<Target>, Refusal> {
        if call.argument.is_empty() { Ok(None) } else { self.target(call).map(Some) }
    }
}
