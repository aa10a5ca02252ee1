//! The D-Bus contract of Plugboard, in Rust: names, paths, shapes, proxies and error names.
//!
//! The contract itself is written in `data/dbus-1/interfaces/*.xml` and reads as the manual; this crate says the same
//! in types, once, for the service and for every client.
//!
//! ```text
//! device_core value ──▶ shape (DeviceProperties, …) ──▶ bus ──▶ shape ──▶ device_core value
//!      service                                                               widget
//! ```
//!
//! The bus is a border: what comes from it is checked as strictly as what comes from the wire, and a bad object never
//! hides the others. There is no policy in here, no socket, and no face.

pub mod device;
pub mod error;
pub mod manager;
pub mod names;
pub mod options;
pub mod path;
pub mod property;
pub mod proxy;
pub mod qube;
pub mod replica;

#[cfg(any(test, feature = "sample"))]
pub mod sample;
