//! The rules of the house, as tests.
//!
//! ARCHITECTURE.md says in words which room may import which; these tests read the sources and hold them to it.
//! They read files, ask `cargo metadata`, and let `xgettext` read what translators get; they change nothing and need neither display nor bus.
//! Each rule is a function over text, with a bad sample beside it that it must catch.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a house that cannot be read must fail its test"
)]

mod catalogue;
mod dependencies;
mod papers;
mod releases;
mod sources;
mod translations;
mod walls;
