//! A small qubesd: the same socket, bytes, events, rules and refusals over worlds written in TOML.
//!
//! ```text
//! world (TOML) ──▶ state ◀── api ◀── server ◀── socket        (one request, one reply)
//!                    │                  ▲
//!                    ├──▶ events ───────┘                      (to those who listen)
//!                    ▲
//!                 control ◀── PATH.ctl                         (hot-plug, power, faults)
//! ```
//!
//! [`Simulator`] is the whole of it as a library: a service can run it inside itself, a test can talk to it.
//! The crate shares names and wire grammar with the client and is held to recorded bytes of a real server, which keeps
//! both honest; it never uses the client itself.

mod agent;
mod api;
pub mod args;
mod automatic;
mod class;
mod control;
mod events;
mod fault;
mod hardware;
mod hotplug;
mod hwids;
mod later;
mod outbox;
mod pace;
mod power;
mod property;
mod property_write;
mod qube;
mod reads;
mod refusal;
mod server;
mod simulator;
mod state;
mod store;
mod story;
mod world;

pub use refusal::Protocol;
pub use server::Server;
pub use simulator::{Handle, Simulator};
pub use store::StateError;
pub use story::{Stage, Story, StoryError, names as story_names};
pub use world::{WorldError, names as world_names};
