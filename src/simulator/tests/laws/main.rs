//! What must hold of the simulator as a whole, over its sockets and its library door. One program, one file per subject.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that can't go on has failed"
)]

mod commands;
mod fuzz;
mod harness;
mod keeping;
mod mirror;
mod mishap;
mod older;
mod pending;
mod random;
mod replay;
mod serving;
mod spoil;
mod stories;
mod unrecorded;
mod webcam;
mod worlds;
