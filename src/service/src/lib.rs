//! The service: mirrors the devices of this machine on D-Bus and carries out commands.
//!
//! ```text
//! qubesd ── device_core::watcher ── changes ──▶ mirror ──▶ tree of device/ and qube/ objects ──▶ bus
//!    ▲                                            │ state
//!    └────── device_core::command ◀── manager/ ◀──┴─────────────── method calls ◀────────────── bus
//! ```
//!
//! [`Service`] is the whole of it over any connection and any hypervisor; [`program`] is what surrounds it as
//! `plugboardd`: command line, logs, session bus, exit code.
//! The service decides nothing about devices: what is true says the watcher, what is allowed say rules and server.

mod arguments;
mod device;
mod logging;
mod manager;
mod mirror;
mod obstacle;
pub mod program;
mod qube;
mod service;
#[cfg(feature = "simulate")]
mod simulate;
mod state;
#[cfg(test)]
mod testing;
mod tree;
mod underway;
mod upstream;

pub use service::Service;
pub use upstream::Upstream;
