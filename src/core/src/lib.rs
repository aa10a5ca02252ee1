//! The shared library of Plugboard.
//!
//! Data goes one way through these rooms:
//!
//! ```text
//! bytes ── transport ── wire ── client ──▶ watcher ──▶ inventory ──▶ changes (to the faces)
//!                                 ▲                        │
//!                              command ◀── intent          └── rules (may this be attached there?)
//! ```
//!
//! [`hypervisor`] is the trait between the two halves: everything left of it speaks the Admin API, everything
//! right of it speaks of scopes, hints and commands only.
//! This crate never imports a face: no D-Bus, no GTK, no argument parser, no translations.

pub mod assignment;
pub mod client;
pub mod command;
pub mod device;
pub mod error;
pub mod hypervisor;
pub mod interface;
pub mod inventory;
pub mod machine;

pub mod mark;
pub mod name;
pub mod patience;
pub mod qube;
pub mod rules;
pub mod scope;
pub mod text;
pub mod transport;
pub mod watcher;
pub mod wire;
